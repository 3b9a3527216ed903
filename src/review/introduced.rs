//! What a change introduced: findings that the base had not, or, without a base, those whose places it touches.

use super::changes::{Changes, Lines};
use super::place::Places;
use super::suggestion::line_of;
use crate::findings::{Applicability, Finding, Location, Report, Summary};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Files that say what is left out of their folder.
const IGNORING: &[&str] = &[".gitignore", ".ignore", ".git/info/exclude"];

/// What makes two findings the same across commits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Identity {
    code: &'static str,
    /// The path on the new side.
    path: String,
    context: String,
    subject: String,
}

/// Keeps of `report` what the change introduced. `base` gives the findings before the change, with
/// the paths of the old side; it is asked only if there are findings. What it had is old; what it had
/// not is new, also if no line of the finding changed (a changed import can make a pool of threads
/// one of processes), unless its file could not be read then. Without `base` every finding with a
/// place on a changed line counts.
pub fn introduced(
    mut report: Report,
    changes: &Changes,
    places: &Places,
    base: Option<&dyn Fn() -> Report>,
) -> Report {
    let touched: Vec<bool> =
        report.findings.iter().map(|finding| touches(finding, &report, changes, places)).collect();
    let new: Vec<Identity> = report
        .findings
        .iter()
        .map(|finding| identity(finding, places.key(&finding.location.path)))
        .collect();
    let keep = match base.filter(|_| !new.is_empty()) {
        Some(base) => {
            let base = base();
            let renamed = renamed(changes);
            let new_path = |path: &Path| {
                let key = places.key(path);
                renamed.get(key.as_str()).map_or(key, |new| (*new).to_owned())
            };
            let old = base
                .findings
                .iter()
                .map(|finding| identity(finding, new_path(&finding.location.path)))
                .collect();
            let unread: BTreeSet<String> =
                base.errors.iter().map(|failed| new_path(&failed.path)).collect();
            let known = known(&new, old, &touched);
            (0..new.len())
                .map(|index| {
                    !known[index] && (touched[index] || !unread.contains(&new[index].path))
                })
                .collect()
        }
        None => touched,
    };
    let mut kept = keep.into_iter();
    report.findings.retain(|_| kept.next().unwrap_or_default());
    report.errors.retain(|error| {
        let key = places.key(&error.path);
        changes.files().any(|(changed, _)| concerns(&key, changed))
    });
    report.summary = summary(&report);
    report
}

/// Whether what is wrong with the file `failed` keeps the changed file from being looked at: it is the same, or lies in the folder
/// for which `failed` says what is ignored.
fn concerns(failed: &str, changed: &str) -> bool {
    let folder = IGNORING.iter().find_map(|name| failed.strip_suffix(name));
    folder.map_or(failed == changed, |folder| changed.starts_with(folder))
}

/// Which of the `new` findings stand for one of the `old` ones. First those that are the same; then
/// those whose function got another name, and those that moved to another file with their function:
/// of such, the old finding is gone. Where fewer are old than alike, the untouched ones are old, then
/// the first ones.
fn known(new: &[Identity], old: Vec<Identity>, touched: &[bool]) -> Vec<bool> {
    let mut known = vec![false; new.len()];
    let mut left = old;
    let mut order: Vec<usize> = (0..new.len()).collect();
    order.sort_by_key(|index| touched[*index]);
    let same = |one: &Identity, other: &Identity| one == other;
    let renamed = |one: &Identity, other: &Identity| {
        (one.code, &one.path, &one.subject) == (other.code, &other.path, &other.subject)
    };
    let moved = |one: &Identity, other: &Identity| {
        (one.code, &one.context, &one.subject) == (other.code, &other.context, &other.subject)
    };
    for alike in [&same as &dyn Fn(&Identity, &Identity) -> bool, &renamed, &moved] {
        for &index in &order {
            if !known[index]
                && let Some(at) = left.iter().position(|old| alike(old, &new[index]))
            {
                left.remove(at);
                known[index] = true;
            }
        }
    }
    known
}

/// A short name for each finding of the report, the same in every run: 32 hexadecimal digits.
pub fn fingerprints(report: &Report, places: &Places) -> Vec<String> {
    let mut seen: BTreeMap<Identity, usize> = BTreeMap::new();
    let name = |finding: &Finding| {
        let identity = identity(finding, places.key(&finding.location.path));
        let number = seen.entry(identity.clone()).or_default();
        *number += 1;
        let text = [
            identity.code,
            &identity.path,
            &identity.context,
            &identity.subject,
            &number.to_string(),
        ]
        .join("\0");
        Sha256::digest(text.as_bytes()).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    };
    report.findings.iter().map(name).collect()
}

/// The lines of a location as git counts them, where `\n` alone ends a line.
pub(super) fn lines_of(report: &Report, location: &Location) -> Lines {
    match report.sources.get(location.path.as_ref()) {
        Some(source) => {
            let last = location.span.end.saturating_sub(1).max(location.span.start);
            Lines::new(line_of(&source.text, location.span.start), line_of(&source.text, last))
        }
        None => Lines::new(location.start.line, location.end.line),
    }
}

fn touches(finding: &Finding, report: &Report, changes: &Changes, places: &Places) -> bool {
    let locations = std::iter::once(&finding.location)
        .chain(finding.related.iter().map(|related| &related.location));
    locations.into_iter().any(|location| {
        let key = places.key(&location.path);
        changes.file(&key).is_some_and(|file| file.touch(lines_of(report, location)))
    })
}

fn identity(finding: &Finding, path: String) -> Identity {
    Identity {
        code: finding.code,
        path,
        context: finding.context.clone(),
        subject: finding.subject.clone(),
    }
}

/// New paths by old ones, of the files that moved.
fn renamed(changes: &Changes) -> BTreeMap<&str, &str> {
    changes
        .files()
        .filter_map(|(new, file)| Some((file.old.as_deref()?, new)))
        .filter(|(old, new)| old != new)
        .collect()
}

fn summary(report: &Report) -> Summary {
    let with = |wanted| {
        report
            .findings
            .iter()
            .filter(|finding| finding.fix().is_some_and(|fix| fix.applicability == wanted))
            .count()
    };
    Summary {
        findings: report.findings.len(),
        fixable: with(Applicability::Safe),
        unsafe_fixable: with(Applicability::Unsafe),
        ..report.summary
    }
}

/// Files that the diff does not show as they are: the path and the first line that differs.
pub fn stale(report: &Report, changes: &Changes, places: &Places) -> Vec<(String, u32)> {
    let differs =
        |(path, source): (&std::path::PathBuf, &std::sync::Arc<crate::text::SourceFile>)| {
            let key = places.key(Path::new(path));
            let line = changes.file(&key)?.mismatch(&source.text)?;
            Some((key, line))
        };
    report.sources.iter().filter_map(differs).collect()
}
