//! Renders one [`Report`] in every format, prints unified diffs and writes files.
//!
//! Formats are pure functions from a report to bytes; only [`write`] touches the disk.

pub mod concise;
pub mod diff;
pub mod github;
pub mod gitlab;
pub mod html;
pub mod json;
pub mod junit;
pub mod map;
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

/// The report in one format. Whatever sources and paths hold, no character of the result does more
/// than appear, but those of a patch: that must be what it is about, byte for byte.
pub fn render(format: Format, report: &Report, style: &Style) -> Vec<u8> {
    let text = match format {
        Format::Text if style.color => return text::render(report, style).into_bytes(),
        Format::Text => text::render(report, style),
        Format::Concise => concise::render(report, style),
        Format::Github => github::render(report, style),
        Format::Junit => junit::render(report),
        Format::Json => plain::json(json::render(report, style)),
        Format::Jsonl => plain::json(json::render_lines(report, style)),
        Format::Gitlab => plain::json(gitlab::render(report, style)),
        Format::Sarif => plain::json(sarif::render(report, style)),
        Format::Rdjson => plain::json(rdjson::render(report, style)),
        Format::Rdjsonl => plain::json(rdjson::render_lines(report, style)),
        Format::Diff if style.color => return diff::colored(&diff::render(report, style)),
        Format::Diff => return diff::render(report, style),
    };
    plain::lines(text).into_bytes()
}
