//! One line a finding: `path:line:column: CODE message`.

use super::{Style, plain, text};
use crate::findings::Report;

/// All findings and a summary.
pub fn render(report: &Report, style: &Style) -> String {
    let mut out = String::new();
    for finding in &report.findings {
        let place = finding.location.start;
        let mark = if style.would_fix(finding) { "[*] " } else { "" };
        let path = plain::path(&finding.location.path);
        out.push_str(&format!(
            "{}:{}:{}: {} {mark}{}\n",
            plain::line(&path),
            place.line,
            place.column,
            finding.code,
            plain::line(&finding.message)
        ));
    }
    if !style.quiet {
        out.push_str(&text::summary(report, style));
    }
    out
}
