//! The report over all repositories as Markdown and as CSV.

use super::markdown::{code, plain};
use super::outcome::{Outcome, Status};
use super::repository::counted;
use super::summary::Summary;
use std::fmt::Write;

/// The Markdown report.
pub(crate) fn markdown(summary: &Summary, outcomes: &[&Outcome]) -> String {
    let mut text = String::new();
    let (repositories, findings) = (&summary.repositories, &summary.findings);
    let _ = writeln!(
        text,
        "# spawnsafe migrate: {}\n",
        counted(repositories.total, "repository", "repositories")
    );
    if repositories.open > 0 {
        let _ = writeln!(
            text,
            "**{} still to be done.** The same command goes on.\n",
            counted(repositories.open, "repository is", "repositories are")
        );
    }
    let _ = writeln!(
        text,
        "| repositories | changed | unchanged | dirty | empty | failed |\n| ---: | ---: | ---: | ---: | ---: | ---: |"
    );
    let numbers: Vec<String> =
        Status::ALL.iter().map(|status| repositories.of(*status).to_string()).collect();
    let _ = writeln!(text, "| {} | {} |\n", repositories.total, numbers.join(" | "));
    let _ = writeln!(
        text,
        "| findings | fixed | need consent | left out by checks | refused |\n| ---: | ---: | ---: | ---: | ---: |"
    );
    let _ = writeln!(
        text,
        "| {} | {} | {} | {} | {} |\n",
        findings.found, findings.fixed, findings.needs_consent, findings.rejected, findings.refused
    );
    let (files, lines) = (&summary.files, &summary.lines);
    let _ = writeln!(
        text,
        "{} Python files seen, {} changed (+{} −{} lines), {} that could not be done.\n",
        files.seen, files.changed, lines.added, lines.removed, files.failed
    );
    rules(&mut text, summary);
    repositories_of(&mut text, outcomes, "Failed and left alone", &|outcome| {
        outcome.problem.is_some()
    });
    repositories_of(&mut text, outcomes, "Changed", &|outcome| outcome.status == Status::Changed);
    text
}

fn rules(text: &mut String, summary: &Summary) {
    if !summary.rules.is_empty() {
        let _ = writeln!(
            text,
            "## Rules\n\n| rule | found | fixed | need consent | left out | refused |\n| --- | ---: | ---: | ---: | ---: | ---: |"
        );
        for (rule, counts) in &summary.rules {
            let (name, refused) = (plain(&counts.name), counts.refused_total());
            let _ = writeln!(
                text,
                "| {rule} {name} | {} | {} | {} | {} | {refused} |",
                counts.found, counts.fixed, counts.needs_consent, counts.rejected
            );
        }
        text.push('\n');
    }
    if !summary.refused.is_empty() {
        let _ = writeln!(
            text,
            "## Why findings were not rewritten\n\n| reason | findings |\n| --- | ---: |"
        );
        for (reason, count) in &summary.refused {
            let _ = writeln!(text, "| {} | {count} |", plain(reason));
        }
        text.push('\n');
    }
}

fn repositories_of(
    text: &mut String,
    outcomes: &[&Outcome],
    title: &str,
    wanted: &dyn Fn(&Outcome) -> bool,
) {
    let rows: Vec<&&Outcome> = outcomes.iter().filter(|outcome| wanted(outcome)).collect();
    if rows.is_empty() {
        return;
    }
    let _ = writeln!(
        text,
        "## {title}\n\n| repository | status | fixed | left | what to know |\n| --- | --- | ---: | ---: | --- |"
    );
    for outcome in rows {
        let mut know: Vec<String> = outcome.problem.iter().map(|problem| plain(problem)).collect();
        know.extend(outcome.patch.iter().chain(&outcome.branch).map(|name| code(name)));
        know.extend(outcome.notes.iter().map(|note| plain(note)));
        let (fixed, left) = (outcome.fixed(), outcome.found() - outcome.fixed());
        let _ = writeln!(
            text,
            "| {} | {} | {fixed} | {left} | {} |",
            plain(&outcome.name),
            outcome.status.word(),
            know.join("; ")
        );
    }
    text.push('\n');
}

/// The CSV report, one line a repository.
pub(crate) fn csv(outcomes: &[&Outcome]) -> Result<Vec<u8>, String> {
    let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
    let failed = |error: csv::Error| error.to_string();
    writer.write_record(COLUMNS).map_err(failed)?;
    for outcome in outcomes {
        let sum = |pick: &dyn Fn(&super::outcome::RuleCounts) -> usize| {
            outcome.rules.values().map(pick).sum::<usize>().to_string()
        };
        let word = |text: &Option<String>| inert(text.as_deref().unwrap_or_default());
        let verdict = outcome
            .verification
            .as_ref()
            .and_then(|verification| serde_json::to_value(verification.verdict).ok());
        let record = [
            inert(&outcome.id),
            inert(&outcome.name),
            inert(&outcome.location),
            outcome.status.word().to_owned(),
            outcome.found().to_string(),
            outcome.fixed().to_string(),
            sum(&|rule| rule.needs_consent),
            sum(&|rule| rule.rejected),
            sum(&super::outcome::RuleCounts::refused_total),
            outcome.files.seen.to_string(),
            outcome.files.changed.to_string(),
            outcome.files.failed.to_string(),
            outcome.lines.added.to_string(),
            outcome.lines.removed.to_string(),
            verdict.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default().to_owned(),
            word(&outcome.base),
            word(&outcome.commit),
            word(&outcome.branch),
            word(&outcome.patch),
            word(&outcome.problem),
            inert(&outcome.notes.join("; ")),
        ];
        writer.write_record(&record).map_err(failed)?;
    }
    writer.into_inner().map_err(|error| error.to_string())
}

const COLUMNS: [&str; 21] = [
    "id",
    "repository",
    "location",
    "status",
    "found",
    "fixed",
    "needs_consent",
    "rejected",
    "refused",
    "files_seen",
    "files_changed",
    "files_failed",
    "lines_added",
    "lines_removed",
    "verification",
    "base",
    "commit",
    "branch",
    "patch",
    "problem",
    "notes",
];

/// Spreadsheets take a cell that starts with one of these for a formula.
fn inert(text: &str) -> String {
    let text = crate::output::plain::line(text).into_owned();
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text }
}
