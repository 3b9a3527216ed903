//! What a change introduced: findings whose place or cause it touches, and which the base had not.

use super::changes::{Changes, Lines};
use super::place::Places;
use super::suggestion::line_of;
use crate::findings::{Applicability, Finding, Location, Report, Summary};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::Path;

/// What makes two findings the same across commits. The path is that of the new side.
type Identity = (&'static str, String, String, String);

/// Keeps of `report` what the change introduced. `base` gives the findings before the change, with
/// the paths of the old side; it is asked only if a finding touches the change. Without it every
/// finding that touches the change counts.
pub fn introduced(mut report: Report, changes: &Changes, places: &Places, base: Option<&dyn Fn() -> Report>) -> Report {
    let touched: Vec<bool> = report.findings.iter().map(|finding| touches(finding, &report, changes, places)).collect();
    let mut budget: BTreeMap<Identity, usize> = BTreeMap::new();
    for finding in &report.findings {
        *budget.entry(identity(finding, places.key(&finding.location.path))).or_default() += 1;
    }
    if let Some(base) = base.filter(|_| touched.contains(&true)) {
        let renamed = renamed(changes);
        for finding in base().findings {
            let key = places.key(&finding.location.path);
            let key = renamed.get(key.as_str()).map_or(key, |new| (*new).to_owned());
            if let Some(left) = budget.get_mut(&identity(&finding, key)) {
                *left = left.saturating_sub(1);
            }
        }
    }
    // Of several findings with one identity, the change brought the last ones that it touches.
    let mut keep = vec![false; touched.len()];
    for index in (0..touched.len()).rev().filter(|index| touched[*index]) {
        let finding = &report.findings[index];
        if let Some(left) = budget.get_mut(&identity(finding, places.key(&finding.location.path))).filter(|left| **left > 0) {
            *left -= 1;
            keep[index] = true;
        }
    }
    let mut kept = keep.into_iter();
    report.findings.retain(|_| kept.next().unwrap_or_default());
    report.errors.retain(|error| changes.file(&places.key(&error.path)).is_some());
    report.summary = summary(&report);
    report
}

/// A short name for each finding of the report, the same in every run: 32 hexadecimal digits.
pub fn fingerprints(report: &Report, places: &Places) -> Vec<String> {
    let mut seen: BTreeMap<Identity, usize> = BTreeMap::new();
    let name = |finding: &Finding| {
        let identity = identity(finding, places.key(&finding.location.path));
        let number = seen.entry(identity.clone()).or_default();
        *number += 1;
        let (code, path, context, subject) = identity;
        let text = [code, &path, &context, &subject, &number.to_string()].join("\0");
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
    let locations = std::iter::once(&finding.location).chain(finding.related.iter().map(|related| &related.location));
    locations.into_iter().any(|location| {
        let key = places.key(&location.path);
        changes.file(&key).is_some_and(|file| file.touch(lines_of(report, location)))
    })
}

fn identity(finding: &Finding, key: String) -> Identity {
    let print = finding.fingerprint();
    (print.code, key, print.context, print.subject)
}

/// New paths by old ones, of the files that moved.
fn renamed(changes: &Changes) -> BTreeMap<&str, &str> {
    changes.files().filter_map(|(new, file)| Some((file.old.as_deref()?, new))).filter(|(old, new)| old != new).collect()
}

fn summary(report: &Report) -> Summary {
    let with = |wanted| report.findings.iter().filter(|finding| finding.fix().is_some_and(|fix| fix.applicability == wanted)).count();
    Summary { findings: report.findings.len(), fixable: with(Applicability::Safe), unsafe_fixable: with(Applicability::Unsafe), ..report.summary }
}

/// Files that the diff does not show as they are: the path and the first line that differs.
pub fn stale(report: &Report, changes: &Changes, places: &Places) -> Vec<(String, u32)> {
    let differs = |(path, source): (&std::path::PathBuf, &std::sync::Arc<crate::text::SourceFile>)| {
        let key = places.key(Path::new(path));
        let line = changes.file(&key)?.mismatch(&source.text)?;
        Some((key, line))
    };
    report.sources.iter().filter_map(differs).collect()
}
