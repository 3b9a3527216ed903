//! The map for programs.
//!
//! One object: `version` (of the format), `places`, `findings` that belong to no place (`apart`), `errors`, `summary`. Lines and
//! columns are 1-based, columns count Unicode characters, ends are exclusive, as in the report of `check`.

use crate::findings::{FileError, Finding, Location, Report, StartMethod, Summary};
use crate::map::{Chosen, Map, Place, Verdict, Worker};
use crate::output::{Style, json, plain};
use serde::Serialize;

/// The version of the format; it grows when a field changes its meaning or goes.
const VERSION: u32 = 1;

#[derive(Serialize)]
pub(super) struct Document<'m> {
    version: u32,
    places: Vec<PlaceRecord<'m>>,
    apart: Vec<FindingRecord<'m>>,
    errors: Vec<ErrorRecord<'m>>,
    summary: Summary,
}

#[derive(Serialize)]
struct PlaceRecord<'m> {
    #[serde(flatten)]
    location: LocationRecord,
    context: &'m str,
    api: &'m str,
    api_path: Option<&'m str>,
    start: Chosen,
    pickled_under: &'m [StartMethod],
    executor: Option<LocationRecord>,
    workers: Vec<WorkerRecord<'m>>,
    arguments: &'m [String],
    verdict: Verdict,
    reason: &'m str,
    findings: Vec<FindingRecord<'m>>,
}

#[derive(Serialize)]
struct WorkerRecord<'m> {
    slot: &'m str,
    name: &'m str,
    definition: Option<LocationRecord>,
    handover: LocationRecord,
    sender: &'m str,
}

#[derive(Serialize)]
struct LocationRecord {
    path: String,
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
}

#[derive(Serialize)]
struct FindingRecord<'m> {
    code: &'m str,
    name: &'m str,
    message: &'m str,
    #[serde(flatten)]
    location: LocationRecord,
    fix: &'static str,
}

#[derive(Serialize)]
struct ErrorRecord<'m> {
    path: String,
    message: &'m str,
    line: Option<u32>,
    column: Option<u32>,
}

/// The whole map as one object.
pub(super) fn render(map: &Map, report: &Report, _style: &Style) -> String {
    // Records hold nothing that JSON cannot: map keys are strings, numbers are integers.
    plain::json(serde_json::to_string_pretty(&document(map, report)).unwrap_or_default() + "\n")
}

/// What every program reads, the page's script among them.
pub(super) fn document<'m>(map: &'m Map, report: &'m Report) -> Document<'m> {
    Document {
        version: VERSION,
        places: map.places.iter().map(|place| record(place, report)).collect(),
        apart: map.apart.iter().map(|at| finding(&report.findings[*at])).collect(),
        errors: report.errors.iter().map(error).collect(),
        summary: report.summary,
    }
}

fn record<'m>(place: &'m Place, report: &'m Report) -> PlaceRecord<'m> {
    PlaceRecord {
        location: location(&place.location),
        context: &place.context,
        api: &place.api,
        api_path: place.path.as_deref(),
        start: place.start,
        pickled_under: &place.pickled_under,
        executor: place.executor.as_ref().map(location),
        workers: place.workers.iter().map(worker).collect(),
        arguments: &place.arguments,
        verdict: place.verdict,
        reason: &place.reason,
        findings: place.findings.iter().map(|at| finding(&report.findings[*at])).collect(),
    }
}

fn worker(worker: &Worker) -> WorkerRecord<'_> {
    WorkerRecord {
        slot: &worker.slot,
        name: &worker.name,
        definition: worker.definition.as_ref().map(location),
        handover: location(&worker.handover),
        sender: &worker.sender,
    }
}

fn finding(finding: &Finding) -> FindingRecord<'_> {
    FindingRecord {
        code: finding.code,
        name: finding.name,
        message: &finding.message,
        location: location(&finding.location),
        fix: json::applicability(&finding.remedy),
    }
}

fn location(location: &Location) -> LocationRecord {
    LocationRecord {
        path: plain::path(&location.path),
        line: location.start.line,
        column: location.start.column,
        end_line: location.end.line,
        end_column: location.end.column,
    }
}

fn error(failed: &FileError) -> ErrorRecord<'_> {
    ErrorRecord {
        path: plain::path(&failed.path),
        message: &failed.message,
        line: failed.place.map(|place| place.line),
        column: failed.place.map(|place| place.column),
    }
}
