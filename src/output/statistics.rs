//! How often each rule was met.

use super::{Format, Style};
use crate::findings::{Finding, Report};
use serde::Serialize;
use std::collections::BTreeMap;

/// One rule's numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// `SP101` and so on.
    pub code: &'static str,
    /// The kebab-case name.
    pub name: &'static str,
    /// Findings.
    pub count: usize,
    /// Those that `fix` mends if it is called in the same way.
    pub fixable: usize,
}

/// The rules met, the most frequent first.
pub fn rows(findings: &[Finding], style: &Style) -> Vec<Row> {
    let mut by_code: BTreeMap<&str, Row> = BTreeMap::new();
    for finding in findings {
        let row = by_code.entry(finding.code).or_insert(Row {
            code: finding.code,
            name: finding.name,
            count: 0,
            fixable: 0,
        });
        row.count += 1;
        row.fixable += usize::from(style.would_fix(finding));
    }
    let mut rows: Vec<Row> = by_code.into_values().collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.count));
    rows
}

/// The table as text, or as JSON where the format is one of the JSON formats.
pub fn render(format: Format, report: &Report, style: &Style) -> String {
    let rows = rows(&report.findings, style);
    if matches!(format, Format::Json | Format::Jsonl) {
        return super::plain::json(serde_json::to_string_pretty(&rows).unwrap_or_default() + "\n");
    }
    let width = rows.first().map_or(1, |row| row.count.to_string().len());
    rows.iter()
        .map(|row| {
            format!(
                "{:>width$}  {}  [{}] {}\n",
                row.count,
                row.code,
                if row.fixable > 0 { '*' } else { ' ' },
                row.name
            )
        })
        .collect()
}
