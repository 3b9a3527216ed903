//! `spawnsafe verify`: the same program under every start method.

use crate::cli::exit::Exit;
use crate::cli::settings::UsageError;
use crate::cli::terminal::Terminal;
use crate::cli::trace::command;
use crate::cli::trace_args::VerifyArgs;
use crate::findings::StartMethod;
use crate::git::child::{self, Ended, Finished};
use crate::output::plain;
use crate::trace::events::Events;
use crate::trace::hook::{Hook, Wishes};
use crate::trace::summary;
use similar::TextDiff;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

/// Lines of a program's last words that are shown.
const LAST_LINES: usize = 12;

/// One run.
struct Run {
    method: StartMethod,
    finished: Finished,
    /// What the hook saw failing.
    seen: Vec<String>,
}

/// Runs the program once for each method and compares.
pub(crate) fn run(args: &VerifyArgs, terminal: Terminal) -> Result<Exit, UsageError> {
    let folder = tempfile::tempdir()
        .map_err(|error| UsageError::Io(format!("no temporary folder can be made: {error}")))?;
    let hook = Hook::new()
        .map_err(|error| UsageError::Io(format!("the hook cannot be written: {error}")))?;
    let mut runs = Vec::new();
    for method in &args.methods {
        terminal.note(&format!("running under {}", method.name()));
        runs.push(one(args, *method, &hook, folder.path())?);
    }
    let Some((first, others)) = runs.split_first() else { return Ok(Exit::Done) };
    let mut report = format!("{:<10} {}\n", first.method.name(), ending(first.finished.ended));
    let mut same = first.finished.ended != Ended::TimedOut;
    for other in others {
        let differences = differences(first, other, args.ignore_order);
        let verdict = if differences.is_empty() { "the same" } else { "differs" };
        let _ = writeln!(
            report,
            "{:<10} {}: {verdict}",
            other.method.name(),
            ending(other.finished.ended)
        );
        if !differences.is_empty() {
            same = false;
            report += &indented(&differences);
            report += &indented(&other.seen.join("\n"));
        }
    }
    crate::cli::terminal::print(report.as_bytes())?;
    Ok(if same { Exit::Done } else { Exit::Found })
}

fn one(
    args: &VerifyArgs,
    method: StartMethod,
    hook: &Hook,
    folder: &Path,
) -> Result<Run, UsageError> {
    let events = folder.join(format!("{}.jsonl", method.name()));
    let mut command = command(&args.command);
    let wishes = Wishes { events: Some(&events), start_method: Some(method), as_fork: true };
    let finished = hook
        .attach(&mut command, &wishes)
        .and_then(|()| child::collect(&mut command, b"", Duration::from_secs(args.timeout)))
        .map_err(|error| {
            UsageError::Io(format!("{}: {error}", args.command[0].to_string_lossy()))
        })?;
    let mut found = Events::default();
    // A program that sends nothing leaves no file.
    let read = found.read(&events);
    let here = std::env::current_dir().unwrap_or_default();
    let seen = if read.is_ok() { summary::failures(&found, &here) } else { Vec::new() };
    Ok(Run { method, finished, seen })
}

fn ending(ended: Ended) -> String {
    match ended {
        Ended::Code(code) => format!("exit code {code}"),
        Ended::Signal => "ended by a signal".into(),
        Ended::TimedOut => "did not end in time".into(),
    }
}

/// How two runs differ; empty if they do not.
fn differences(first: &Run, other: &Run, ignore_order: bool) -> String {
    let (before, after) = (text(first, ignore_order), text(other, ignore_order));
    let mut out = String::new();
    if before != after {
        let diff = TextDiff::from_lines(&before, &after);
        let names = (first.method.name(), other.method.name());
        out += &diff.unified_diff().context_radius(2).header(names.0, names.1).to_string();
    }
    if first.finished.ended != other.finished.ended {
        let words = String::from_utf8_lossy(&other.finished.stderr);
        let lines: Vec<&str> = words.lines().collect();
        out += &lines[lines.len().saturating_sub(LAST_LINES)..].join("\n");
        if out.is_empty() {
            out += "(it printed nothing on standard error)";
        }
    }
    out
}

fn text(run: &Run, ignore_order: bool) -> String {
    let text = String::from_utf8_lossy(&run.finished.stdout).into_owned();
    if !ignore_order {
        return text;
    }
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines.join("\n")
}

fn indented(text: &str) -> String {
    plain::lines(text.lines().map(|line| format!("    {line}\n")).collect())
}
