//! The one result of a run, from which every output is rendered.

use super::{Applicability, Finding, Location};
use crate::text::{Place, SourceFile};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A file that could not be done.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileError {
    /// The file.
    pub path: PathBuf,
    /// Where in the file, if known.
    pub place: Option<Place>,
    /// What is wrong and what to do, lower case, without a final stop.
    pub message: String,
}

/// A file that the fixes change.
#[derive(Debug, Clone)]
pub struct Change {
    /// The file as it was read.
    pub before: Arc<SourceFile>,
    /// Its text after all fixes.
    pub after: String,
}

/// A comment that switches findings off, and met none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnusedIgnore {
    /// The comment.
    pub location: Location,
    /// The codes that it names in vain; empty if it names none.
    pub codes: Vec<String>,
}

/// The calls that start processes or send to them, by what is known of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Dispatches {
    /// Nothing was found.
    pub safe: usize,
    /// A finding belongs to them.
    pub faulty: usize,
    /// The receiver or what is sent is not known.
    pub unknown: usize,
}

impl Dispatches {
    /// All of them.
    pub fn all(self) -> usize {
        self.safe + self.faulty + self.unknown
    }
}

/// Totals of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Python files walked.
    pub files: usize,
    /// Files that were parsed.
    pub parsed: usize,
    /// Findings.
    pub findings: usize,
    /// Findings with a fix that needs no consent.
    pub fixable: usize,
    /// Findings with a fix that needs `--unsafe-fixes`.
    pub unsafe_fixable: usize,
    /// Findings that the applied fixes mend (`fix` only).
    pub fixed: usize,
    /// The calls that start processes or send to them (`check` and `map` only).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dispatches: Option<Dispatches>,
}

/// Everything a run has to say.
#[derive(Debug, Default)]
pub struct Report {
    /// Sorted by path, then place, then code. For `fix`, those that remain are in `findings` and
    /// those mended in `fixed`; the places of both are those of the files as they were read.
    pub findings: Vec<Finding>,
    /// Findings that the changes mend (`fix` only), sorted likewise.
    pub fixed: Vec<Finding>,
    /// Files that could not be done, sorted by path.
    pub errors: Vec<FileError>,
    /// Comments that switch off what is not there, sorted by path and place.
    pub unused_ignores: Vec<UnusedIgnore>,
    /// What the fixes change, sorted by path (`fix` only).
    pub changes: Vec<Change>,
    /// The texts that findings point into, by path.
    pub sources: BTreeMap<PathBuf, Arc<SourceFile>>,
    /// Totals.
    pub summary: Summary,
}

impl Report {
    /// Counts the findings again, after some were taken out.
    pub fn recount(&mut self) {
        let with = |wanted| {
            self.findings
                .iter()
                .filter(|finding| finding.fix().is_some_and(|fix| fix.applicability == wanted))
                .count()
        };
        let (fixable, unsafe_fixable) = (with(Applicability::Safe), with(Applicability::Unsafe));
        self.summary =
            Summary { findings: self.findings.len(), fixable, unsafe_fixable, ..self.summary };
    }

    /// The reports on parts of `files` files as one, and where the findings of each stand in it.
    pub fn joined(reports: Vec<Self>, files: usize) -> (Self, Vec<Vec<usize>>) {
        let mut all = Self::default();
        let mut order: Vec<(usize, usize)> = Vec::new();
        let mut dispatches: Option<Dispatches> = None;
        let mut positions = Vec::new();
        for (part, report) in reports.into_iter().enumerate() {
            order.extend((0..report.findings.len()).map(|at| (part, at)));
            positions.push(vec![0; report.findings.len()]);
            all.findings.extend(report.findings);
            all.fixed.extend(report.fixed);
            all.errors.extend(report.errors);
            all.unused_ignores.extend(report.unused_ignores);
            all.changes.extend(report.changes);
            all.sources.extend(report.sources);
            all.summary.parsed += report.summary.parsed;
            all.summary.fixed += report.summary.fixed;
            all.summary.fixable += report.summary.fixable;
            all.summary.unsafe_fixable += report.summary.unsafe_fixable;
            all.summary.findings += report.summary.findings;
            if let Some(own) = report.summary.dispatches {
                let sum = dispatches.get_or_insert_default();
                sum.safe += own.safe;
                sum.faulty += own.faulty;
                sum.unknown += own.unknown;
            }
        }
        let mut rows: Vec<(Finding, (usize, usize))> =
            all.findings.into_iter().zip(order).collect();
        rows.sort_by_cached_key(|(finding, _)| finding.sort_key());
        for (at, (_, (part, own))) in rows.iter().enumerate() {
            positions[*part][*own] = at;
        }
        all.findings = rows.into_iter().map(|(finding, _)| finding).collect();
        all.fixed.sort_by_cached_key(Finding::sort_key);
        all.errors.sort();
        all.unused_ignores.sort_by(|one, other| one.location.cmp(&other.location));
        all.changes.sort_by(|one, other| one.before.path.cmp(&other.before.path));
        all.summary = Summary { files, dispatches, ..all.summary };
        (all, positions)
    }

    /// Gives every path the name that `renamed` says, and puts all in order again.
    pub fn rename(&mut self, renamed: &dyn Fn(&Path) -> PathBuf) {
        for finding in self.findings.iter_mut().chain(&mut self.fixed) {
            finding.rename(renamed);
        }
        for error in &mut self.errors {
            error.path = renamed(&error.path);
        }
        for unused in &mut self.unused_ignores {
            unused.location.path = Arc::new(renamed(&unused.location.path));
        }
        for change in &mut self.changes {
            change.before = Arc::new(change.before.at_path(renamed(&change.before.path)));
        }
        let sources = std::mem::take(&mut self.sources).into_iter().map(|(path, source)| {
            let path = renamed(&path);
            let text = Arc::try_unwrap(source).map_or_else(
                |shared| shared.at_path(path.clone()),
                |mut own| {
                    own.path.clone_from(&path);
                    own
                },
            );
            (path, Arc::new(text))
        });
        self.sources = sources.collect();
        self.findings.sort_by_cached_key(Finding::sort_key);
        self.fixed.sort_by_cached_key(Finding::sort_key);
        self.errors.sort();
        self.unused_ignores.sort_by(|one, other| one.location.cmp(&other.location));
        self.changes.sort_by(|one, other| one.before.path.cmp(&other.before.path));
    }
}
