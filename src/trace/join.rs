//! Findings and events side by side: what the run confirmed, what it passed, what it did not see, and what only it saw.

use super::events::{Child, Dispatch, Events, Failure, Part, Place};
use super::evidence::Files;
use crate::findings::{
    Finding, Location, Reason, Refusal, Related, Remedy, Report, Severity, StartMethod,
};
use crate::text::source::MAX_BYTES;
use crate::text::{SourceFile, Span};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How many findings the run confirmed, and so on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// The run saw them fail.
    pub(crate) confirmed: usize,
    /// The run went by, and nothing failed.
    pub(crate) passed: usize,
    /// The run did not come there.
    pub(crate) unseen: usize,
    /// The run saw them, the analysis did not.
    pub(crate) run_only: usize,
}

/// Rules that are about the same kind of thing: a run may name another one of them than the analysis.
const FAMILIES: &[&[&str]] = &[
    &["SP101", "SP102", "SP103", "SP104", "SP105", "SP106", "SP107", "SP108", "SP109", "SP110"],
    &["SP106", "SP107", "SP201", "SP203", "SP205"],
    &["SP101", "SP102", "SP103", "SP201"],
    &["SP202", "SP204"],
];

fn are_kin(one: &str, other: &str) -> bool {
    one == other || FAMILIES.iter().any(|family| family.contains(&one) && family.contains(&other))
}

/// Adds to each finding what the run has to say about it, and the findings that only the run has.
pub(crate) fn join(report: &mut Report, events: &Events, files: &Files) -> Tally {
    let mut tally = Tally::default();
    let mut used: BTreeSet<usize> = BTreeSet::new();
    let mut used_children: BTreeSet<usize> = BTreeSet::new();
    for finding in report.findings.iter_mut().chain(&mut report.fixed) {
        let by_place = |place: &Place| is_at(finding, place, files);
        let near = |dispatch: &Dispatch| {
            dispatch.stack.iter().chain(&dispatch.at).chain(&dispatch.made).any(by_place)
                || dispatch.sent.iter().any(|part| is_about(finding, part, files))
        };
        let ids: Vec<&str> = events
            .dispatches
            .iter()
            .filter(|dispatch| near(dispatch))
            .map(|dispatch| dispatch.id.as_str())
            .collect();
        let fits = |failure: &Failure| {
            let belongs = failure.dispatch.as_deref().is_some_and(|id| ids.contains(&id))
                || failure.at.as_ref().is_some_and(by_place);
            let kin = |bad: &Part| {
                are_kin(finding.code, &bad.rule) && (belongs || is_about(finding, bad, files))
            };
            failure.bad.iter().any(kin)
        };
        let failed: Vec<usize> =
            (0..events.failures.len()).filter(|at| fits(&events.failures[*at])).collect();
        let children: Vec<usize> = (0..events.children.len())
            .filter(|at| meets(finding, &events.children[*at], files))
            .collect();
        let differs = events.differing.iter().find(|seen| {
            let name = seen.name.rsplit(':').next().unwrap_or_default();
            finding.code == "SP403" && finding.message.contains(&format!("'{name}'"))
        });
        let message = if let Some(first) = failed.first() {
            let failure = &events.failures[*first];
            let when = if failure.when == "trial" {
                "it would fail under spawn and forkserver"
            } else {
                "it failed"
            };
            Some(format!("confirmed by the run: {when}: {}", failure.error))
        } else if let Some(first) = children.first() {
            Some(format!("confirmed by the run: {}", events.children[*first].error))
        } else {
            differs.map(|seen| {
                format!(
                    "confirmed by the run: a worker saw {}, the parent {}",
                    seen.child, seen.parent
                )
            })
        };
        used.extend(failed);
        used_children.extend(children);
        let message = if let Some(message) = message {
            tally.confirmed += 1;
            message
        } else if !ids.is_empty() && FAMILIES.iter().any(|family| family.contains(&finding.code)) {
            tally.passed += 1;
            "the run went by here, and nothing failed".to_owned()
        } else {
            tally.unseen += 1;
            "not seen by the run".to_owned()
        };
        finding.related.push(Related { location: finding.location.clone(), message });
    }
    let mut fresh = Vec::new();
    for (_, failure) in events.failures.iter().enumerate().filter(|(at, _)| !used.contains(at)) {
        let dispatch = events
            .dispatches
            .iter()
            .find(|dispatch| Some(&dispatch.id) == failure.dispatch.as_ref());
        let places: Vec<&Place> = failure
            .at
            .iter()
            .chain(dispatch.into_iter().flat_map(|dispatch| &dispatch.stack))
            .collect();
        for bad in &failure.bad {
            fresh.extend(of_failure(report, failure, bad, &places, files));
        }
    }
    for (_, child) in
        events.children.iter().enumerate().filter(|(at, _)| !used_children.contains(at))
    {
        fresh.extend(of_child(report, child, files));
    }
    fresh.retain(|new: &Finding| {
        // One line may fail in many ways that are one to the reader.
        !report.findings.iter().chain(&report.fixed).any(|have| {
            are_kin(have.code, new.code)
                && have.location.path == new.location.path
                && have.location.start.line == new.location.start.line
        })
    });
    fresh.dedup_by(|one, other| one.code == other.code && one.location == other.location);
    tally.run_only = fresh.len();
    report.findings.extend(fresh);
    report.findings.sort_by_cached_key(Finding::sort_key);
    report.recount();
    tally
}

/// Whether a finding stands on the lines of a place.
fn is_at(finding: &Finding, place: &Place, files: &Files) -> bool {
    let lines = place.line..=place.end_line.unwrap_or(place.line).max(place.line);
    files.of(&place.file) == Some(&*finding.location.path)
        && (lines.contains(&finding.location.start.line)
            || (finding.location.start.line..=finding.location.end.line).contains(&place.line))
}

/// Whether a finding, or a place that belongs to it, is the definition of what was sent.
fn is_about(finding: &Finding, part: &Part, files: &Files) -> bool {
    let (Some(file), Some(line)) = (&part.file, part.line) else { return false };
    let places = std::iter::once(&finding.location)
        .chain(finding.related.iter().map(|related| &related.location));
    let here = |location: &Location| {
        files.of(file) == Some(&*location.path) && location.start.line == line
    };
    let mut places = places;
    places.any(here)
}

/// Whether what a child met is what a finding says.
fn meets(finding: &Finding, child: &Child, files: &Files) -> bool {
    let named =
        || child.name.as_ref().is_some_and(|name| finding.message.contains(&format!("'{name}'")));
    match child.kind.as_str() {
        "bootstrap" => {
            matches!(finding.code, "SP301" | "SP304")
                && child.at.as_ref().is_some_and(|place| is_at(finding, place, files))
        }
        "name" => matches!(finding.code, "SP105" | "SP401") && named(),
        "load" => {
            finding.code == "SP204"
                && child.sent.iter().any(|part| {
                    is_about(finding, part, files) || finding.message.contains(&part.qualname)
                })
        }
        _ => false,
    }
}

/// A failure of which the analysis has nothing.
fn of_failure(
    report: &mut Report,
    failure: &Failure,
    bad: &Part,
    places: &[&Place],
    files: &Files,
) -> Option<Finding> {
    let place = places.iter().find(|place| files.of(&place.file).is_some())?;
    let methods = if failure.when == "trial" {
        StartMethod::PICKLING.to_vec()
    } else {
        StartMethod::ALL.to_vec()
    };
    let message = format!("{} is sent: {} (seen by a run)", bad.path, bad.reason);
    let mut finding = finding(report, &bad.rule, place, message, methods, files)?;
    finding.subject.clone_from(&bad.path);
    finding.remedy = Remedy::Refused(Refusal::new(
        Reason::DynamicCallable,
        format!("a run saw it fail ({}); how it gets here is decided at run time", failure.error),
        bad.advice.clone(),
    ));
    Some(finding)
}

fn of_child(report: &mut Report, child: &Child, files: &Files) -> Option<Finding> {
    let rule = child.rule.as_deref()?;
    let class = child.sent.first().and_then(|part| {
        Some(Place {
            file: part.file.clone()?,
            line: part.line?,
            end_line: None,
            function: part.qualname.clone(),
        })
    });
    let place = child.at.clone().or(class)?;
    let message = format!("a worker failed here: {} (seen by a run)", child.error);
    finding(report, rule, &place, message, StartMethod::PICKLING.to_vec(), files)
}

fn finding(
    report: &mut Report,
    rule: &str,
    place: &Place,
    message: String,
    start_methods: Vec<StartMethod>,
    files: &Files,
) -> Option<Finding> {
    let rule = crate::rules::find(rule)?;
    let source = source(report, files.of(&place.file)?)?;
    let location = Location::new(&source, line_span(&source, place.line)?);
    let refusal = Refusal::new(
        Reason::DynamicCallable,
        "a run saw it fail; the analysis does not see why",
        "see the rule's page",
    );
    Some(Finding {
        code: rule.code,
        name: rule.name,
        message,
        location,
        start_methods,
        severity: Severity::Error,
        remedy: Remedy::Refused(refusal),
        related: Vec::new(),
        context: place.function.clone(),
        subject: String::new(),
    })
}

/// The text of a file; the engine has no use for files that hold no word that matters.
fn source(report: &mut Report, path: &PathBuf) -> Option<Arc<SourceFile>> {
    if let Some(source) = report.sources.get(path) {
        return Some(source.clone());
    }
    let source = Arc::new(read(path)?);
    report.sources.insert(path.clone(), source.clone());
    Some(source)
}

fn read(path: &Path) -> Option<SourceFile> {
    SourceFile::decode(path, crate::disk::read(path, MAX_BYTES as u64).ok()?).ok()
}

/// A line without the space around it.
fn line_span(source: &SourceFile, line: u32) -> Option<Span> {
    if line == 0 || line > source.lines().count() {
        return None;
    }
    let start = source.lines().line_start(line);
    let text = source.text[start as usize..].lines().next().unwrap_or_default();
    let indent = (text.len() - text.trim_start().len()) as u32;
    Some(Span { start: start + indent, end: start + text.trim_end().len() as u32 })
}
