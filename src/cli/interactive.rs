//! `fix --interactive`: shows each fix and asks.

use crate::findings::{Finding, Fingerprint, Report};
use crate::output::{Style, diff, text};
use crate::text::EditSet;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, Write};
use std::path::Path;

/// What a person said to one fix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Yes,
    No,
    All,
    Quit,
}

/// Asks about every fix of `report` that `allowed` lets pass; gives those that are not wanted.
/// An end of `input` declines the rest.
pub(crate) fn declined(
    report: &Report,
    allowed: impl Fn(&Finding) -> bool,
    style: &Style,
    input: &mut impl BufRead,
    screen: &mut impl Write,
) -> std::io::Result<BTreeSet<Fingerprint>> {
    let mut declined = BTreeSet::new();
    let mut asked = BTreeSet::new();
    let mut standing = None;
    for finding in report.findings.iter().filter(|finding| allowed(finding)) {
        // Findings with one name cannot be told apart when fixes are applied.
        if !asked.insert(finding.fingerprint()) {
            continue;
        }
        let answer = match standing {
            Some(answer) => answer,
            None => {
                writeln!(
                    screen,
                    "{}\n\n{}",
                    text::one(finding, report, style),
                    patch(finding, report)
                )?;
                ask(input, screen)?
            }
        };
        match answer {
            Answer::Yes => {}
            Answer::No => drop(declined.insert(finding.fingerprint())),
            Answer::All => standing = Some(Answer::All),
            Answer::Quit => {
                standing = Some(Answer::Quit);
                declined.insert(finding.fingerprint());
            }
        }
    }
    Ok(declined)
}

fn ask(input: &mut impl BufRead, screen: &mut impl Write) -> std::io::Result<Answer> {
    loop {
        write!(
            screen,
            "Apply this fix? [y]es, [n]o, [a]ll that follow, [q]uit (apply what was accepted): "
        )?;
        screen.flush()?;
        let mut line = String::new();
        if input.read_line(&mut line)? == 0 {
            writeln!(screen)?;
            return Ok(Answer::Quit);
        }
        match line.trim().to_ascii_lowercase().as_str() {
            "y" | "yes" => return Ok(Answer::Yes),
            "n" | "no" => return Ok(Answer::No),
            "a" | "all" => return Ok(Answer::All),
            "q" | "quit" => return Ok(Answer::Quit),
            _ => {}
        }
    }
}

/// The patch of one fix alone, with control characters made harmless.
fn patch(finding: &Finding, report: &Report) -> String {
    let mut by_path: BTreeMap<&Path, EditSet> = BTreeMap::new();
    for edit in finding.fix().into_iter().flat_map(|fix| &fix.edits) {
        // Edits of one fix are disjoint; one that is not would be dropped by the engine as well.
        let _ = by_path.entry(&edit.path).or_default().add(edit.edit.clone());
    }
    let mut out = String::new();
    for (path, edits) in by_path {
        let Some(source) = report.sources.get(path) else { continue };
        let bytes = diff::unified_bytes(
            diff::header_path(path),
            source.text.as_bytes(),
            edits.apply(&source.text).as_bytes(),
        );
        for line in String::from_utf8_lossy(&bytes).lines() {
            out.push_str(&crate::output::plain::line(line));
            out.push('\n');
        }
    }
    out
}
