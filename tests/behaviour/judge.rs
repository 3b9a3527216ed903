//! Whether a program did what its fixture says.

use crate::plan::{Role, Run};
use crate::program::{Ended, Outcome};

/// The kinds of failure that `fails` may name, with what they print: CPython's words, of all versions.
pub(crate) const FAILURES: &[(&str, Option<&str>)] = &[
    (
        "pickle",
        Some(
            "[Cc]an't pickle|[Cc]annot pickle|Can't get local object|PicklingError|not the same object as|cannot be passed between processes",
        ),
    ),
    (
        "lookup",
        Some("Can't get attribute|has no attribute|cannot find attribute|BrokenProcessPool"),
    ),
    ("bootstrap", Some("bootstrapping phase|BrokenProcessPool|EOFError|ConnectionResetError")),
    ("name", Some("NameError: name")),
    ("inherit", Some("through inheritance")),
    // Not a word on standard error, and it never ends.
    ("hang", None),
    // It ends well, with the wrong output.
    ("stdout", None),
];

/// What is wrong with the outcome of `run`, if anything.
pub(crate) fn judge(run: &Run, outcome: &Outcome) -> Option<String> {
    let expected = run.case.text("stdout.txt");
    let problem = match run.role {
        Role::Before => before(run, outcome, expected.as_deref()),
        Role::After => same_output(outcome, expected.as_deref()?),
        Role::Oracle if std::env::var_os("SPAWNSAFE_BLESS").is_some() => record(run, outcome),
        Role::Oracle => same_output(outcome, expected.as_deref()?),
    }?;
    Some(format!("== {}: {problem}", run.name()))
}

fn before(run: &Run, outcome: &Outcome, expected: Option<&str>) -> Option<String> {
    let stated = run.fails().unwrap_or_default();
    let ended_well = outcome.ended == Ended::Exit && outcome.code == 0;
    let right = ended_well && expected.is_none_or(|text| text == outcome.stdout);
    match (stated, run.failure()) {
        ("hang", _) if outcome.ended == Ended::Exit => {
            Some(format!("ends, but should hang\n{}", told(outcome)))
        }
        ("hang", _) => None,
        (_, _) if run.may_hang_in_silence() && hangs(outcome) => None,
        ("stdout", _) if !ended_well => {
            Some(format!("fails, but should only print something else\n{}", told(outcome)))
        }
        ("stdout", _) if expected == Some(&*outcome.stdout) => {
            Some("prints what it should, so there is nothing to fix".into())
        }
        ("stdout", _) => None,
        (_, Some(failure)) if !failure.is_match(&outcome.said()) => {
            Some(format!("does not fail with '{stated}'\n{}", told(outcome)))
        }
        (_, Some(_)) if right && expected.is_some() => {
            Some(format!("prints '{stated}', and yet the right output\n{}", told(outcome)))
        }
        (_, Some(_)) => None,
        (_, None) => Some(format!("no such failure: '{stated}'")),
    }
}

/// Whether it was ended for no other reason than that it did not end.
fn hangs(outcome: &Outcome) -> bool {
    matches!(outcome.ended, Ended::Limit | Ended::Waiting)
}

fn same_output(outcome: &Outcome, expected: &str) -> Option<String> {
    let well = outcome.ended == Ended::Exit && outcome.code == 0 && outcome.stdout == expected;
    (!well).then(|| format!("expected exit 0 and\n{expected}---- but it\n{}", told(outcome)))
}

fn record(run: &Run, outcome: &Outcome) -> Option<String> {
    if outcome.ended != Ended::Exit || outcome.code != 0 {
        return Some(format!("the oracle itself fails\n{}", told(outcome)));
    }
    let path = run.case.folder.join("stdout.txt");
    std::fs::write(&path, &outcome.stdout).err().map(|error| format!("{}: {error}", path.display()))
}

/// How a program ended, in a few words.
pub(crate) fn ended(outcome: &Outcome) -> String {
    match outcome.ended {
        Ended::Exit => format!("ended with exit code {}", outcome.code),
        Ended::Limit => "was ended at the time limit".to_owned(),
        Ended::Waiting => "waited for ever: all of its processes wait for each other".to_owned(),
        Ended::Stuck => "hung after the failure".to_owned(),
        Ended::Respawn => "respawned its workers over and over".to_owned(),
    }
}

/// The outcome for people: how it ended, all output, the end of the error output.
fn told(outcome: &Outcome) -> String {
    let lines: Vec<&str> = outcome.stderr.lines().collect();
    let tail = lines[lines.len().saturating_sub(12)..].join("\n");
    format!(
        "{} after {:.1} s\nstdout:\n{}stderr (end):\n{tail}",
        ended(outcome),
        outcome.seconds,
        outcome.stdout
    )
}
