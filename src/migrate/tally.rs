//! A report of the engine as entries and counts of an outcome.

use super::outcome::{BadFile, Entry, FileCounts, Left, Outcome};
use crate::findings::{Applicability, Finding, Fingerprint, Remedy, Report};
use std::collections::BTreeSet;
use std::path::Path;

/// Writes what `report` says into `outcome`; `skip` names the findings whose fixes were left out.
pub(crate) fn tally(outcome: &mut Outcome, report: &Report, skip: &BTreeSet<Fingerprint>) {
    outcome.files = FileCounts {
        seen: report.summary.files,
        parsed: report.summary.parsed,
        changed: report.changes.iter().filter(|change| change.before.text != change.after).count(),
        failed: report.errors.len(),
    };
    outcome.bad_files = report
        .errors
        .iter()
        .map(|error| BadFile { path: slashes(&error.path), message: error.message.clone() })
        .collect();
    outcome.rules.clear();
    outcome.findings.clear();
    for finding in &report.fixed {
        add(outcome, finding, Left::Fixed);
    }
    for finding in &report.findings {
        add(outcome, finding, left(finding, skip));
    }
    outcome.findings.sort_by(|one, other| {
        (&one.path, one.line, &one.code, &one.message).cmp(&(
            &other.path,
            other.line,
            &other.code,
            &other.message,
        ))
    });
}

fn left(finding: &Finding, skip: &BTreeSet<Fingerprint>) -> Left {
    match &finding.remedy {
        Remedy::Fix(_) if skip.contains(&finding.fingerprint()) => Left::Rejected,
        Remedy::Fix(fix) if fix.applicability == Applicability::Unsafe => Left::NeedsConsent,
        Remedy::Fix(_) => Left::Refused {
            reason: "not-settled".into(),
            detail: "its fix met another one at the same place".into(),
            advice: "run spawnsafe again on the result".into(),
        },
        Remedy::Refused(refusal) => Left::Refused {
            reason: refusal.reason.id().to_owned(),
            detail: refusal.detail.clone(),
            advice: refusal.advice.clone(),
        },
    }
}

fn add(outcome: &mut Outcome, finding: &Finding, left: Left) {
    let rule = outcome.rules.entry(finding.code.to_owned()).or_default();
    finding.name.clone_into(&mut rule.name);
    rule.found += 1;
    match &left {
        Left::Fixed => rule.fixed += 1,
        Left::NeedsConsent => rule.needs_consent += 1,
        Left::Rejected => rule.rejected += 1,
        Left::Refused { reason, .. } => *rule.refused.entry(reason.clone()).or_default() += 1,
    }
    outcome.findings.push(Entry {
        code: finding.code.to_owned(),
        path: slashes(&finding.location.path),
        line: finding.location.start.line,
        message: finding.message.clone(),
        left,
    });
}

pub(crate) fn slashes(path: &Path) -> String {
    let text = path.to_string_lossy();
    if cfg!(windows) { text.replace('\\', "/") } else { text.into_owned() }
}
