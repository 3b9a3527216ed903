//! The machine-readable report, the model of all tools that read spawnsafe's findings.
//!
//! One object: `version` (of the format), `findings`, `errors`, `summary`, and after `fix` also
//! `fixed`. Lines and columns are 1-based, columns count Unicode characters, ends are exclusive.

use super::{Style, plain};
use crate::findings::{
    Applicability, FileEdit, FileError, Finding, Related, Remedy, Report, Severity, StartMethod,
    Summary, fingerprint,
};
use serde::Serialize;

/// The JSON Schema of the report.
pub const SCHEMA: &str = include_str!("report.schema.json");

/// The version of the format; it grows when a field changes its meaning or goes.
pub const VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'r> {
    version: u32,
    findings: Vec<FindingRecord<'r>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fixed: Vec<FindingRecord<'r>>,
    errors: Vec<ErrorRecord<'r>>,
    summary: Summary,
}

/// One finding.
#[derive(Debug, Serialize)]
pub struct FindingRecord<'r> {
    code: &'r str,
    name: &'r str,
    message: &'r str,
    path: String,
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
    severity: Severity,
    fingerprint: String,
    start_methods: &'r [StartMethod],
    fix: FixRecord<'r>,
    related: Vec<RelatedRecord<'r>>,
}

#[derive(Debug, Serialize)]
struct FixRecord<'r> {
    applicability: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'r str>,
    edits: Vec<EditRecord<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<&'r str>,
}

#[derive(Debug, Serialize)]
struct EditRecord<'r> {
    path: String,
    #[serde(flatten)]
    place: Option<PlaceRecord>,
    content: &'r str,
}

#[derive(Debug, Serialize)]
struct PlaceRecord {
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
}

#[derive(Debug, Serialize)]
struct RelatedRecord<'r> {
    message: &'r str,
    path: String,
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
}

#[derive(Debug, Serialize)]
struct ErrorRecord<'r> {
    path: String,
    message: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<u32>,
}

/// The whole report as one object.
pub fn render(report: &Report, style: &Style) -> String {
    let document = Document {
        version: VERSION,
        findings: records(&report.findings, report, style),
        fixed: records(&report.fixed, report, style),
        errors: report.errors.iter().map(error).collect(),
        summary: report.summary,
    };
    // Records hold nothing that JSON cannot: map keys are strings, numbers are integers.
    serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
}

/// One finding a line, then one line for each error.
pub fn render_lines(report: &Report, style: &Style) -> String {
    let findings = records(&report.findings, report, style)
        .into_iter()
        .map(|record| serde_json::to_string(&record));
    let errors = report
        .errors
        .iter()
        .map(|failed| serde_json::to_string(&serde_json::json!({ "error": error(failed) })));
    findings.chain(errors).flatten().map(|line| line + "\n").collect()
}

/// Findings as they appear in `findings`; `report` holds the texts that places are counted in.
pub fn records<'r>(
    findings: &'r [Finding],
    report: &Report,
    style: &Style,
) -> Vec<FindingRecord<'r>> {
    let names = fingerprint::names(findings, |path| plain::identity(path, style));
    findings.iter().zip(names).map(|(finding, name)| record(finding, name, report)).collect()
}

fn record<'r>(finding: &'r Finding, fingerprint: String, report: &Report) -> FindingRecord<'r> {
    let location = &finding.location;
    FindingRecord {
        code: finding.code,
        name: finding.name,
        message: &finding.message,
        path: plain::path(&location.path),
        line: location.start.line,
        column: location.start.column,
        end_line: location.end.line,
        end_column: location.end.column,
        severity: finding.severity,
        fingerprint,
        start_methods: &finding.start_methods,
        fix: fix(&finding.remedy, report),
        related: finding.related.iter().map(related).collect(),
    }
}

fn fix<'r>(remedy: &'r Remedy, report: &Report) -> FixRecord<'r> {
    match remedy {
        Remedy::Fix(fix) => FixRecord {
            applicability: applicability(remedy),
            title: Some(&fix.title),
            edits: fix.edits.iter().map(|edit| edit_record(edit, report)).collect(),
            reason: None,
            detail: None,
            advice: None,
        },
        Remedy::Refused(refusal) => FixRecord {
            applicability: applicability(remedy),
            title: None,
            edits: Vec::new(),
            reason: Some(refusal.reason.id()),
            detail: Some(&refusal.detail),
            advice: Some(refusal.advice.as_str()).filter(|advice| !advice.is_empty()),
        },
    }
}

/// `safe`, `unsafe` or `none`.
pub fn applicability(remedy: &Remedy) -> &'static str {
    match remedy {
        Remedy::Fix(fix) if fix.applicability == Applicability::Safe => "safe",
        Remedy::Fix(_) => "unsafe",
        Remedy::Refused(_) => "none",
    }
}

fn edit_record<'r>(edit: &'r FileEdit, report: &Report) -> EditRecord<'r> {
    let place = report.sources.get(edit.path.as_ref()).map(|source| {
        let (start, end) = (
            source.lines().place(&source.text, edit.edit.span.start),
            source.lines().place(&source.text, edit.edit.span.end),
        );
        PlaceRecord {
            line: start.line,
            column: start.column,
            end_line: end.line,
            end_column: end.column,
        }
    });
    EditRecord { path: plain::path(&edit.path), place, content: &edit.edit.text }
}

fn related(related: &Related) -> RelatedRecord<'_> {
    let (start, end) = (related.location.start, related.location.end);
    RelatedRecord {
        message: &related.message,
        path: plain::path(&related.location.path),
        line: start.line,
        column: start.column,
        end_line: end.line,
        end_column: end.column,
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
