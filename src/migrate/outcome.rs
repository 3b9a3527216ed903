//! What became of one repository: everything the reports say about it, and no times, so that the
//! same input gives the same bytes.

use super::artefacts::place;
use super::source::is_id;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Component, Path};

/// How a repository ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Fixes were made and delivered.
    Changed,
    /// There was nothing to fix, or nothing that may be fixed.
    Unchanged,
    /// The work tree has changes of its own; it was not touched.
    Dirty,
    /// There is no commit.
    Empty,
    /// It could not be done; `problem` says why.
    Failed,
}

impl Status {
    /// All, in the order of reports.
    pub const ALL: [Self; 5] =
        [Self::Changed, Self::Unchanged, Self::Dirty, Self::Empty, Self::Failed];

    /// The word that reports use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Unchanged => "unchanged",
            Self::Dirty => "dirty",
            Self::Empty => "empty",
            Self::Failed => "failed",
        }
    }
}

/// What the project's own check said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It passes with all fixes.
    Passed,
    /// It passes without some of them, which were left out.
    Reduced,
    /// It passes with none of them; nothing was delivered.
    Rejected,
    /// It fails without any fix, so it says nothing about them; nothing was delivered.
    BrokenBefore,
}

/// The check's part in a repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    /// What it said.
    pub verdict: Verdict,
    /// How often it ran.
    pub runs: usize,
}

/// Files of a repository, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileCounts {
    /// Python files looked at.
    pub seen: usize,
    /// Of them, those that had to be parsed.
    pub parsed: usize,
    /// Files that the fixes change.
    pub changed: usize,
    /// Files that could not be done.
    pub failed: usize,
}

/// Changed lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineCounts {
    /// Lines of the new files that the old ones have not.
    pub added: usize,
    /// Lines of the old files that the new ones have not.
    pub removed: usize,
}

/// One rule's findings: `found` is the sum of the others.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleCounts {
    /// The rule's kebab-case name.
    pub name: String,
    /// All findings.
    pub found: usize,
    /// Those that the delivered changes mend.
    pub fixed: usize,
    /// Those with a fix that needs `--unsafe-fixes`.
    pub needs_consent: usize,
    /// Those whose fix the project's own check did not pass with.
    pub rejected: usize,
    /// Those that are not rewritten, by the reason's id.
    pub refused: BTreeMap<String, usize>,
}

/// Why a finding is still there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Left {
    /// It is mended.
    Fixed,
    /// Its fix needs `--unsafe-fixes`.
    NeedsConsent,
    /// The project's own check fails with its fix.
    Rejected,
    /// It is not rewritten.
    Refused {
        /// The reason's id.
        reason: String,
        /// The reason with this case's names.
        detail: String,
        /// What to do by hand; may be empty.
        advice: String,
    },
}

/// One finding as reports show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The rule.
    pub code: String,
    /// The file, relative to the repository, with slashes.
    pub path: String,
    /// 1-based.
    pub line: u32,
    /// What is wrong.
    pub message: String,
    /// What became of it.
    pub left: Left,
}

/// A file that could not be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BadFile {
    /// The file, relative to the repository, with slashes.
    pub path: String,
    /// What is wrong.
    pub message: String,
}

/// What became of one repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The repository's id in the plan.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// The address as it was given, without a password.
    pub location: String,
    /// How it ended.
    pub status: Status,
    /// Why it failed or was left alone, in one line.
    pub problem: Option<String>,
    /// The commit that the fixes build on.
    pub base: Option<String>,
    /// The commit with the fixes (branches and patches).
    pub commit: Option<String>,
    /// The branch that holds it.
    pub branch: Option<String>,
    /// The patch file, relative to the output folder.
    pub patch: Option<String>,
    /// The unified diff, relative to the output folder.
    pub diff: Option<String>,
    /// The text for a pull request, relative to the output folder.
    pub request: Option<String>,
    /// The kept clone, relative to the output folder.
    pub clone: Option<String>,
    /// Files.
    pub files: FileCounts,
    /// Lines.
    pub lines: LineCounts,
    /// Findings by rule.
    pub rules: BTreeMap<String, RuleCounts>,
    /// Findings one by one, sorted by path, line and code.
    pub findings: Vec<Entry>,
    /// Files that could not be done, sorted by path.
    pub bad_files: Vec<BadFile>,
    /// The project's own check.
    pub verification: Option<Verification>,
    /// What else should be known, in sentences.
    pub notes: Vec<String>,
}

impl Outcome {
    /// A repository of which nothing is known yet but its name.
    pub fn new(source: &super::source::Source) -> Self {
        Self {
            id: source.id.clone(),
            name: source.name.clone(),
            location: source.location.clone(),
            status: Status::Unchanged,
            problem: None,
            base: None,
            commit: None,
            branch: None,
            patch: None,
            diff: None,
            request: None,
            clone: None,
            files: FileCounts::default(),
            lines: LineCounts::default(),
            rules: BTreeMap::new(),
            findings: Vec::new(),
            bad_files: Vec::new(),
            verification: None,
            notes: Vec::new(),
        }
    }

    /// Whether it names files only where they belong. A journal may be somebody else's.
    pub(crate) fn stays_inside(&self) -> bool {
        let named = |name: &Option<String>, folder: &str, extension: &str| {
            name.as_ref().is_none_or(|name| *name == format!("{folder}/{}.{extension}", self.id))
        };
        let clone = |name: &String| {
            let mut parts = Path::new(name).components();
            parts.all(|part| matches!(part, Component::Normal(_)))
        };
        is_id(&self.id)
            && named(&self.diff, place::DIFFS, "diff")
            && named(&self.patch, place::PATCHES, "patch")
            && named(&self.request, place::REQUESTS, "md")
            && self.clone.as_ref().is_none_or(clone)
    }

    /// Findings that the delivered changes mend.
    pub fn fixed(&self) -> usize {
        self.rules.values().map(|rule| rule.fixed).sum()
    }

    /// All findings.
    pub fn found(&self) -> usize {
        self.rules.values().map(|rule| rule.found).sum()
    }
}
