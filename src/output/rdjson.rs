//! reviewdog's diagnostic format, whole or line by line. Columns count bytes.

use super::{Style, plain};
use crate::findings::{Finding, Location, Report, Severity};
use crate::text::{EditSet, SourceFile, Span};
use serde_json::{Value, json};

/// All diagnostics in one object.
pub fn render(report: &Report, style: &Style) -> String {
    let value = json!({ "source": { "name": "spawnsafe" }, "severity": "WARNING", "diagnostics": diagnostics(report, style) });
    serde_json::to_string_pretty(&value).unwrap_or_default() + "\n"
}

/// One diagnostic a line.
pub fn render_lines(report: &Report, style: &Style) -> String {
    diagnostics(report, style).into_iter().map(|diagnostic| diagnostic.to_string() + "\n").collect()
}

fn diagnostics(report: &Report, style: &Style) -> Vec<Value> {
    let errors = report.errors.iter().map(|failed| {
        let mut location = json!({ "path": plain::path(&failed.path) });
        if let Some(place) = failed.place {
            location["range"] = json!({ "start": { "line": place.line } });
        }
        json!({ "message": format!("file not checked: {}", plain::line(&failed.message)), "location": location, "severity": "ERROR" })
    });
    errors.chain(report.findings.iter().map(|finding| diagnostic(finding, report, style))).collect()
}

fn diagnostic(finding: &Finding, report: &Report, _style: &Style) -> Value {
    let mut value = json!({
        "message": plain::line(&finding.message),
        "location": location(&finding.location, report),
        "severity": if finding.severity > Severity::Warning { "ERROR" } else { "WARNING" },
        "code": { "value": finding.code, "url": crate::rules::address(finding.code) },
    });
    if let Some((range, text)) = suggestion(finding, report) {
        value["suggestions"] = json!([{ "range": range, "text": text }]);
    }
    if !finding.related.is_empty() {
        let related =
            finding.related.iter().map(|related| json!({ "message": plain::line(&related.message), "location": location(&related.location, report) }));
        value["related_locations"] = related.collect();
    }
    value
}

/// Paths start from the current folder: reviewdog finds the root of the repository itself.
fn location(location: &Location, report: &Report) -> Value {
    let range = match report.sources.get(location.path.as_ref()) {
        Some(source) => {
            json!({ "start": byte_place(source, location.span.start), "end": byte_place(source, location.span.end) })
        }
        // Without the text only lines are certain.
        None => {
            json!({ "start": { "line": location.start.line }, "end": { "line": location.end.line } })
        }
    };
    json!({ "path": plain::path(&location.path), "range": range })
}

fn byte_place(source: &SourceFile, offset: u32) -> Value {
    let line = source.lines().line(offset);
    json!({ "line": line, "column": offset - source.lines().line_start(line) + 1 })
}

/// The whole lines that a fix of one file touches, as they become: one suggestion, since a second
/// one, or one that differs from the comment's lines, is refused by the platforms.
fn suggestion(finding: &Finding, report: &Report) -> Option<(Value, String)> {
    let fix = finding.fix()?;
    if fix.edits.iter().any(|edit| edit.path != finding.location.path) {
        return None;
    }
    let source = report.sources.get(finding.location.path.as_ref())?;
    let edits = EditSet::new(fix.edits.iter().map(|edit| edit.edit.clone())).ok()?;
    let touched = edits.iter().map(|edit| edit.span).reduce(Span::cover)?;
    let (first, last) = block(source, touched);
    let lines = source.lines();
    let start = lines.line_start(first) as usize;
    let tail = if last < lines.count() {
        source.text.len() - lines.line_start(last + 1) as usize
    } else {
        0
    };
    let after = edits.apply(&source.text);
    let text =
        after[start..after.len() - tail].trim_end_matches(['\r', '\n']).replace("\r\n", "\n");
    Some((json!({ "start": { "line": first }, "end": { "line": last } }), text))
}

/// The first and the last line of a block of edits. Nothing of a line that an edit only ends before
/// belongs to it, but an insertion at its start does.
fn block(source: &SourceFile, touched: Span) -> (u32, u32) {
    let lines = source.lines();
    let (first, last) = (lines.line(touched.start), lines.line(touched.end));
    let at_start = lines.line_start(last) == touched.end && last > first;
    let past_end =
        touched.end as usize == source.text.len() && lines.line_start(last) == touched.end;
    let last = if at_start || past_end { last - 1 } else { last };
    (first.min(last).max(1), last.max(1))
}
