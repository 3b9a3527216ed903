//! The text for the pull request of one repository.

use super::markdown::{code, plain};
use super::outcome::{Entry, Left, Outcome, Verdict};
use super::repository::counted;
use super::settings::Settings;
use std::fmt::Write;

/// How many findings of a kind are listed; review platforms cut texts off at 64 KiB.
const LISTED: usize = 100;

/// The text, in Markdown.
pub(crate) fn render(outcome: &Outcome, settings: &Settings) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "## Make worker processes safe for `spawn` and `forkserver`\n");
    let _ = writeln!(
        text,
        "Python 3.14 starts worker processes with `forkserver` on Linux; macOS and Windows spawn them. What is sent to a worker must then be found by its name, and importing the main module must start nothing. This change mends {} in {}.\n",
        counted(outcome.fixed(), "place", "places"),
        counted(outcome.files.changed, "file", "files")
    );
    let _ = writeln!(text, "| rule | fixed |\n| --- | ---: |");
    for (rule, counts) in outcome.rules.iter().filter(|(_, counts)| counts.fixed > 0) {
        let _ = writeln!(text, "| {rule} {} | {} |", plain(&counts.name), counts.fixed);
    }
    text.push('\n');
    list(&mut text, outcome, "What was wrong", &|left| *left == Left::Fixed);
    let refused = |left: &Left| matches!(left, Left::Refused { .. });
    list(&mut text, outcome, "Needs a person: found, and not rewritten", &refused);
    list(
        &mut text,
        outcome,
        "Needs consent: `spawnsafe fix --unsafe-fixes` would rewrite these",
        &|left| *left == Left::NeedsConsent,
    );
    list(&mut text, outcome, "Left out: the project's check fails with these fixes", &|left| {
        *left == Left::Rejected
    });
    if !outcome.bad_files.is_empty() {
        let _ = writeln!(text, "### Files that could not be read\n");
        for file in outcome.bad_files.iter().take(LISTED) {
            let _ = writeln!(text, "- {} {}", code(&file.path), plain(&file.message));
        }
        text.push('\n');
    }
    if let (Some(verification), Some(check)) = (&outcome.verification, &settings.check) {
        let words = match verification.verdict {
            Verdict::Passed => "passes with all of these changes",
            Verdict::Reduced => "passes with these changes; others were left out, see above",
            Verdict::Rejected | Verdict::BrokenBefore => "does not pass",
        };
        let _ = writeln!(text, "Checked with {}, which {words}.\n", code(&check.command));
    }
    let _ = writeln!(
        text,
        "`spawnsafe explain CODE` says more about each rule. Written by spawnsafe {}.",
        env!("CARGO_PKG_VERSION")
    );
    text
}

fn list(text: &mut String, outcome: &Outcome, title: &str, wanted: &dyn Fn(&Left) -> bool) {
    let entries: Vec<&Entry> =
        outcome.findings.iter().filter(|entry| wanted(&entry.left)).collect();
    if entries.is_empty() {
        return;
    }
    let _ = writeln!(
        text,
        "<details><summary>{} ({})</summary>\n",
        title.replace('`', ""),
        entries.len()
    );
    for entry in entries.iter().take(LISTED) {
        let _ = write!(
            text,
            "- {} {}: {}",
            code(&format!("{}:{}", entry.path, entry.line)),
            entry.code,
            plain(&entry.message)
        );
        if let Left::Refused { detail, advice, .. } = &entry.left {
            let _ = write!(text, ". Not rewritten: {}", plain(detail));
            if !advice.is_empty() {
                let _ = write!(text, ". {}", plain(advice));
            }
        }
        text.push('\n');
    }
    if entries.len() > LISTED {
        let _ = writeln!(text, "- and {} more", entries.len() - LISTED);
    }
    let _ = writeln!(text, "\n</details>\n");
}
