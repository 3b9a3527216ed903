//! SARIF 2.1.0 with all that code scanning requires.

use super::{Style, plain};
use crate::findings::{
    FileEdit, FileError, Finding, Fix, Location, Related, Report, Severity, fingerprint,
};
use crate::rules;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// Results of one run that the platform takes.
const MAX_RESULTS: usize = 25_000;
/// Other places of one result that the platform takes.
const MAX_RELATED: usize = 100;
/// The name of the folder that paths start from.
const ROOT: &str = "%SRCROOT%";

/// One log with one run.
pub fn render(report: &Report, style: &Style) -> String {
    let names = fingerprint::names(&report.findings, |path| plain::identity(path, style));
    let mut results: Vec<(&Finding, String)> = report.findings.iter().zip(names).collect();
    if results.len() > MAX_RESULTS {
        results.sort_by_key(|(finding, _)| std::cmp::Reverse(finding.severity));
        results.truncate(MAX_RESULTS);
    }
    let results: Vec<Value> =
        results.into_iter().map(|(finding, name)| result(finding, &name, report, style)).collect();
    let run = json!({
        "tool": { "driver": {
            "name": "spawnsafe",
            "version": env!("CARGO_PKG_VERSION"),
            "semanticVersion": env!("CARGO_PKG_VERSION"),
            "informationUri": env!("CARGO_PKG_HOMEPAGE"),
            "rules": rules::ALL.iter().map(rule).collect::<Vec<_>>(),
        }},
        "automationDetails": { "id": "spawnsafe/" },
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": { ROOT: { "uri": folder_uri(&style.root) } },
        "invocations": [{
            "executionSuccessful": true,
            "toolExecutionNotifications": report.errors.iter().map(|failed| notification(failed, style)).collect::<Vec<_>>(),
        }],
        "results": results,
    });
    let log = json!({ "$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run] });
    serde_json::to_string_pretty(&log).unwrap_or_default() + "\n"
}

fn rule(rule: &rules::Rule) -> Value {
    json!({
        "id": rule.code,
        "name": rule.name,
        "shortDescription": { "text": rule.summary },
        "fullDescription": { "text": rule.summary },
        "helpUri": rule.address(),
        "help": { "text": rule.page, "markdown": rule.page },
        "defaultConfiguration": { "level": "warning" },
        "properties": { "tags": ["correctness", "multiprocessing"], "precision": "high", "problem.severity": "warning" },
    })
}

fn result(finding: &Finding, name: &str, report: &Report, style: &Style) -> Value {
    let index = rules::ALL.iter().position(|rule| rule.code == finding.code);
    let mut value = json!({
        "ruleId": finding.code,
        "level": if finding.severity > Severity::Warning { "error" } else { "warning" },
        "message": { "text": plain::line(&finding.message) },
        "locations": [{ "physicalLocation": physical(&finding.location, style) }],
        "partialFingerprints": { "primaryLocationLineHash": name },
    });
    if let Some(index) = index {
        value["ruleIndex"] = json!(index);
    }
    if !finding.related.is_empty() {
        value["relatedLocations"] = finding
            .related
            .iter()
            .take(MAX_RELATED)
            .enumerate()
            .map(|(id, related)| related_location(id, related, style))
            .collect();
    }
    if let Some(fix) = finding.fix().and_then(|fix| sarif_fix(fix, report, style)) {
        value["fixes"] = json!([fix]);
    }
    value
}

fn physical(location: &Location, style: &Style) -> Value {
    let (start, end) = (location.start, location.end);
    json!({
        "artifactLocation": artifact(&location.path, style),
        "region": { "startLine": start.line, "startColumn": start.column, "endLine": end.line, "endColumn": end.column },
    })
}

fn related_location(id: usize, related: &Related, style: &Style) -> Value {
    json!({ "id": id, "physicalLocation": physical(&related.location, style), "message": { "text": plain::line(&related.message) } })
}

/// `None` if a text is missing that the places of the edits are counted in.
fn sarif_fix(fix: &Fix, report: &Report, style: &Style) -> Option<Value> {
    let mut by_path: BTreeMap<&Path, Vec<Value>> = BTreeMap::new();
    for edit in &fix.edits {
        by_path.entry(&edit.path).or_default().push(replacement(edit, report)?);
    }
    let changes: Vec<Value> =
        by_path.into_iter().map(|(path, replacements)| json!({ "artifactLocation": artifact(path, style), "replacements": replacements })).collect();
    Some(json!({ "description": { "text": plain::line(&fix.title) }, "artifactChanges": changes }))
}

fn replacement(edit: &FileEdit, report: &Report) -> Option<Value> {
    let source = report.sources.get(edit.path.as_ref())?;
    let place = |offset| source.lines().place(&source.text, offset);
    let (start, end) = (place(edit.edit.span.start), place(edit.edit.span.end));
    Some(json!({
        "deletedRegion": { "startLine": start.line, "startColumn": start.column, "endLine": end.line, "endColumn": end.column },
        "insertedContent": { "text": edit.edit.text },
    }))
}

fn notification(failed: &FileError, style: &Style) -> Value {
    let mut location = json!({ "artifactLocation": artifact(&failed.path, style) });
    if let Some(place) = failed.place {
        location["region"] = json!({ "startLine": place.line, "startColumn": place.column });
    }
    json!({ "level": "error", "message": { "text": failed.message }, "locations": [{ "physicalLocation": location }] })
}

fn artifact(path: &Path, style: &Style) -> Value {
    let text = plain::uri_from_root(path, style);
    if text.starts_with('/') {
        json!({ "uri": format!("file://{text}") })
    } else {
        json!({ "uri": text, "uriBaseId": ROOT })
    }
}

fn folder_uri(folder: &Path) -> String {
    format!("file://{}/", plain::uri(folder).trim_end_matches('/'))
}
