//! GitLab's code quality report.

use super::{Style, plain};
use crate::findings::{Report, Severity, fingerprint};
use serde::Serialize;

#[derive(Serialize)]
struct Issue<'r> {
    description: String,
    check_name: &'r str,
    fingerprint: String,
    severity: &'static str,
    location: Place,
}

#[derive(Serialize)]
struct Place {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: u32,
    end: u32,
}

/// One array of issues. The platform shows no `check_name`, so that the description starts with it.
pub fn render(report: &Report, style: &Style) -> String {
    let names = fingerprint::names(&report.findings, |path| plain::identity(path, style));
    let findings = report.findings.iter().zip(names).map(|(finding, fingerprint)| Issue {
        description: format!("{}: {}", finding.code, plain::line(&finding.message)),
        check_name: finding.code,
        fingerprint,
        severity: match finding.severity {
            Severity::Warning => "major",
            Severity::Error => "critical",
            Severity::Critical => "blocker",
        },
        location: Place {
            path: plain::from_root(&finding.location.path, style),
            lines: Lines { begin: finding.location.start.line, end: finding.location.end.line },
        },
    });
    let errors = report.errors.iter().map(|failed| {
        let path = plain::from_root(&failed.path, style);
        let line = failed.place.map_or(1, |place| place.line);
        Issue {
            description: format!("file not checked: {}", plain::line(&failed.message)),
            check_name: "file-error",
            fingerprint: format!("file-error:{path}"),
            severity: "major",
            location: Place { path, lines: Lines { begin: line, end: line } },
        }
    });
    let issues: Vec<Issue<'_>> = findings.chain(errors).collect();
    serde_json::to_string_pretty(&issues).unwrap_or_default() + "\n"
}
