//! Workflow commands of GitHub Actions, and the table for the step's summary.

use super::{Style, plain, text};
use crate::findings::{FileError, Finding, Remedy, Report, Severity};

/// Annotations of one level that a step shows; the platform drops the rest without a word.
const PER_LEVEL: usize = 10;
/// Bytes of the summary; the platform refuses more than 1 MiB a step.
const SUMMARY_BYTES: usize = 900_000;

/// Commands for the worst findings, one plain line for each of the others.
pub fn render(report: &Report, style: &Style) -> String {
    let mut out = String::new();
    for failed in report.errors.iter().take(PER_LEVEL) {
        out.push_str(&error_command(failed, style));
    }
    let mut shown = [0, report.errors.len().min(PER_LEVEL)];
    let mut rest = 0;
    for finding in worst_first(report) {
        let count = &mut shown[usize::from(finding.severity > Severity::Warning)];
        if *count < PER_LEVEL {
            *count += 1;
            out.push_str(&command(finding, style));
        } else {
            rest += 1;
            out.push_str(&log_line(finding, style));
        }
    }
    if rest > 0 {
        out.push_str(&format!("::notice title=spawnsafe::{rest} more findings are in the log and in the summary of this step\n"));
    }
    out
}

/// A table of all findings in Markdown, for `$GITHUB_STEP_SUMMARY`.
pub fn summary(report: &Report, style: &Style) -> String {
    let mut out = String::from("### spawnsafe\n\n");
    out.push_str(&format!(
        "{}, {}.\n\n",
        text::count(report.findings.len(), "finding"),
        text::count(report.errors.len(), "file") + " not done"
    ));
    if report.findings.is_empty() && report.errors.is_empty() {
        return out;
    }
    out.push_str("| place | rule | what | repair |\n| --- | --- | --- | --- |\n");
    let findings = worst_first(report).into_iter().map(|finding| {
        let place = format!(
            "{}:{}",
            plain::from_root(&finding.location.path, style),
            finding.location.start.line
        );
        let repair = match &finding.remedy {
            Remedy::Fix(fix) => &fix.title,
            Remedy::Refused(refusal) => &refusal.detail,
        };
        let [place, what, repair] =
            [&place, &finding.message, repair].map(|text| plain::markdown(text));
        format!("| {place} | {} {} | {what} | {repair} |\n", finding.code, finding.name)
    });
    let errors = report.errors.iter().map(|failed| {
        let place = plain::markdown(&plain::from_root(&failed.path, style));
        format!("| {place} | | {} | |\n", plain::markdown(&failed.message))
    });
    let rows: Vec<String> = errors.chain(findings).collect();
    for (index, row) in rows.iter().enumerate() {
        if out.len() + row.len() > SUMMARY_BYTES {
            out.push_str(&format!("\n{} more rows left out.\n", rows.len() - index));
            break;
        }
        out.push_str(row);
    }
    out
}

/// The findings by damage, then by place.
pub fn worst_first(report: &Report) -> Vec<&Finding> {
    let mut findings: Vec<&Finding> = report.findings.iter().collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    findings
}

fn command(finding: &Finding, style: &Style) -> String {
    let (start, end) = (finding.location.start, finding.location.end);
    let level = if finding.severity > Severity::Warning { "error" } else { "warning" };
    let mut properties = format!(
        "file={},line={},endLine={}",
        property(&plain::from_root(&finding.location.path, style)),
        start.line,
        end.line
    );
    // Columns of a range of several lines are refused.
    if start.line == end.line {
        properties.push_str(&format!(",col={},endColumn={}", start.column, end.column));
    }
    properties.push_str(&format!(",title={}", property(&format!("spawnsafe ({})", finding.code))));
    let remedy = match &finding.remedy {
        Remedy::Fix(fix) => format!("repair: {}", fix.title),
        Remedy::Refused(refusal) if refusal.advice.is_empty() => {
            format!("not rewritten: {}", refusal.detail)
        }
        Remedy::Refused(refusal) => {
            format!("not rewritten: {}\n{}", refusal.detail, refusal.advice)
        }
    };
    format!(
        "::{level} {properties}::{}\n",
        data(&format!("{} {}\n{remedy}", finding.code, finding.message))
    )
}

fn error_command(failed: &FileError, style: &Style) -> String {
    let line = failed
        .place
        .map_or(String::new(), |place| format!(",line={},col={}", place.line, place.column));
    format!(
        "::error file={}{line},title=spawnsafe::{}\n",
        property(&plain::from_root(&failed.path, style)),
        data(&failed.message)
    )
}

/// A line of the log that the runner cannot take for a command.
fn log_line(finding: &Finding, style: &Style) -> String {
    let path = plain::from_root(&finding.location.path, style);
    let line = format!(
        "{} {}:{}:{} {}",
        finding.code,
        path,
        finding.location.start.line,
        finding.location.start.column,
        finding.message
    );
    // The old form of commands is recognised anywhere in a line.
    plain::line(&line).replace("##[", "## [") + "\n"
}

/// The message of a command.
fn data(text: &str) -> String {
    let lines: Vec<String> =
        text.lines().map(|line| plain::line(line).replace('%', "%25")).collect();
    lines.join("%0A")
}

/// The value of a command's property.
fn property(text: &str) -> String {
    // A break of a line is told; other controls have no form that the platform reads.
    let text: String = text
        .chars()
        .map(|c| if plain::is_hostile(c) && !matches!(c, '\r' | '\n') { '\u{fffd}' } else { c })
        .collect();
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
        .replace(':', "%3A")
        .replace(',', "%2C")
}
