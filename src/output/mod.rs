//! Renders one [`Report`] in every format, prints unified diffs and writes files.
//!
//! Formats are pure functions from a report to bytes; only [`write`] touches the disk.

pub mod concise;
pub mod diff;
pub mod github;
pub mod gitlab;
pub mod json;
pub mod junit;
pub mod plain;
pub mod rdjson;
pub mod sarif;
pub mod statistics;
pub mod text;
pub mod write;

use crate::findings::{Applicability, Finding, Report};
use std::path::PathBuf;

/// A form of the report.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// For people, with the source.
    Text,
    /// One line a finding.
    Concise,
    /// One object (see the documentation of its fields in `json`).
    Json,
    /// One finding a line.
    Jsonl,
    /// Workflow commands of GitHub Actions.
    Github,
    /// GitLab's code quality report.
    Gitlab,
    /// SARIF 2.1.0.
    Sarif,
    /// reviewdog's format, one object.
    Rdjson,
    /// reviewdog's format, one diagnostic a line.
    Rdjsonl,
    /// JUnit XML.
    Junit,
    /// The patch of all fixes (`fix` only).
    Diff,
}

impl Format {
    /// All formats in the order of the documentation.
    pub const ALL: &[Self] = &[
        Self::Text,
        Self::Concise,
        Self::Json,
        Self::Jsonl,
        Self::Github,
        Self::Gitlab,
        Self::Sarif,
        Self::Rdjson,
        Self::Rdjsonl,
        Self::Junit,
        Self::Diff,
    ];

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Concise => "concise",
            Self::Json => "json",
            Self::Jsonl => "jsonl",
            Self::Github => "github",
            Self::Gitlab => "gitlab",
            Self::Sarif => "sarif",
            Self::Rdjson => "rdjson",
            Self::Rdjsonl => "rdjsonl",
            Self::Junit => "junit",
            Self::Diff => "diff",
        }
    }

    /// The format of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|format| format.name() == name)
    }
}

/// How a report is shown.
#[derive(Debug, Clone, Default)]
pub struct Style {
    /// Whether escape sequences for colours are allowed.
    pub color: bool,
    /// Whether summaries are left out.
    pub quiet: bool,
    /// Columns of the terminal, if it is one.
    pub width: Option<usize>,
    /// Whether fixes that need consent are applied, so that no hint at the option is due.
    pub unsafe_fixes: bool,
    /// The folder that relative paths start from, absolute.
    pub cwd: PathBuf,
    /// The root of the repository (the current folder if there is none), absolute: platforms name
    /// files from there.
    pub root: PathBuf,
}

impl Style {
    /// Whether `fix`, called with the same options, mends the finding.
    pub fn would_fix(&self, finding: &Finding) -> bool {
        finding
            .fix()
            .is_some_and(|fix| self.unsafe_fixes || fix.applicability == Applicability::Safe)
    }
}

/// The report in one format.
pub fn render(format: Format, report: &Report, style: &Style) -> Vec<u8> {
    match format {
        Format::Text => text::render(report, style).into_bytes(),
        Format::Concise => concise::render(report, style).into_bytes(),
        Format::Json => json::render(report, style).into_bytes(),
        Format::Jsonl => json::render_lines(report, style).into_bytes(),
        Format::Github => github::render(report, style).into_bytes(),
        Format::Gitlab => gitlab::render(report, style).into_bytes(),
        Format::Sarif => sarif::render(report, style).into_bytes(),
        Format::Rdjson => rdjson::render(report, style).into_bytes(),
        Format::Rdjsonl => rdjson::render_lines(report, style).into_bytes(),
        Format::Junit => junit::render(report).into_bytes(),
        Format::Diff if style.color => diff::colored(&diff::render(report, style)),
        Format::Diff => diff::render(report, style),
    }
}
