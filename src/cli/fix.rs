//! `spawnsafe fix`: the same report as a patch, or written to the files.

use crate::cli::args::{FixArgs, GlobalArgs};
use crate::cli::evidence::Evidence;
use crate::cli::exit::{Exit, Outcome};
use crate::cli::formatting::{self, Formatter};
use crate::cli::interactive::Questions;
use crate::cli::report::{self, Destinations};
use crate::cli::settings::{FixWishes, Settings, Typed, UsageError, destinations};
use crate::cli::{terminal, walk};
use crate::findings::{Applicability, Finding, Fingerprint, Reason, Remedy, Report};
use crate::output::{Format, diff, text, write};
use std::collections::BTreeSet;
use std::path::Path;

/// Prints the patch, or writes the files.
pub(crate) fn run(
    args: &FixArgs,
    global: &GlobalArgs,
    order: &[Typed],
) -> Result<Exit, UsageError> {
    let destinations = destinations(&args.output, order, Format::Diff)?;
    let wishes = FixWishes {
        unsafe_fixes: args.unsafe_fixes,
        bind: args.bind,
        guard_style: args.guard_style,
        fixes: true,
    };
    let mut settings = Settings::new(&args.selection, global, wishes)?;
    if let Some(command) = &args.format_command {
        settings.formatter = Some(Formatter::Typed(command.clone()));
    }
    if args.selection.show_files {
        return report::show_files(&settings);
    }
    settings.introduce();
    let evidence = Evidence::load(&args.evidence, &mut settings)?;
    let writes = args.write || args.interactive;
    if writes {
        settings.sweep();
    }
    stay_inside(&mut settings);
    if !writes {
        let (statistics, exit_code) = (args.output.statistics, args.exit_code);
        return patch(&settings, &evidence, destinations, statistics, exit_code);
    }
    if args.interactive {
        settings.options.skip = ask(&settings)?;
    }
    let (fixed, outcome) = write(&settings, &evidence)?;
    report::log_errors(&fixed, &settings);
    if !order.is_empty() {
        report::send(&fixed, &destinations, args.output.statistics, &settings)?;
    }
    Ok(outcome.of_fix(args.exit_code))
}

/// Leaves out what links that lead out of the named folders would change.
fn stay_inside(settings: &mut Settings) {
    let outside = walk::leading_out(&settings.walked, &settings.style.cwd);
    settings.walked.files.retain(|path| !outside.contains(path));
    for path in &outside {
        settings.terminal.warning(&format!(
            "{}: is a link out of the named folders, so it is not changed; name it itself to have it changed",
            path.display()
        ));
    }
    settings.options.context.extend(outside);
}

/// Prints the patch, or the report of it in another format.
pub(crate) fn patch(
    settings: &Settings,
    evidence: &Evidence,
    destinations: Destinations,
    statistics: bool,
    exit_code: bool,
) -> Result<Exit, UsageError> {
    let mut fixed = formatted(settings, evidence);
    report::complete(&mut fixed, settings);
    report::send(&fixed, &destinations, statistics, settings)?;
    report::log_errors(&fixed, settings);
    if destinations.iter().any(|(format, _)| *format == Format::Diff)
        && let Some(start) = diff::start(&fixed, &settings.style)
    {
        let start = start.display();
        settings.terminal.note(&format!(
            "the paths of the patch start from {start}, since not all are in this folder: \
             `git -C {start} apply` takes it"
        ));
    }
    close(&fixed, false, 0, settings);
    Ok(report::outcome(&fixed, settings).of_fix(exit_code))
}

/// Writes all repairs before `check --fix` looks at what is left; the end of the run if nothing can be looked at then.
pub(crate) fn in_place(
    settings: &Settings,
    evidence: &Evidence,
) -> Result<Option<Exit>, UsageError> {
    let (fixed, outcome) = write(settings, evidence)?;
    let left = if fixed.findings.is_empty() { Exit::Done } else { Exit::Found };
    let over = settings.disk.stdin.is_some() || outcome.named_errors;
    if over {
        report::log_errors(&fixed, settings);
    }
    Ok(over.then(|| left.max(outcome.of_fix(false))))
}

/// Writes the files, or the repaired text where it came by standard input.
fn write(settings: &Settings, evidence: &Evidence) -> Result<(Report, Outcome), UsageError> {
    let mut fixed = formatted(settings, evidence);
    report::complete(&mut fixed, settings);
    let failed = match &settings.disk.stdin {
        Some((name, bytes)) => {
            terminal::print(&result_for_stdin(&fixed, name, bytes))?;
            Vec::new()
        }
        None => {
            let written = write::write_all(&fixed);
            for (path, why) in written.in_place {
                settings.terminal.note(&format!(
                    "{}: was written itself instead of being replaced: {}",
                    path.display(),
                    why.words()
                ));
            }
            written.failed
        }
    };
    for error in &failed {
        settings.terminal.error(&text::error(error));
    }
    close(&fixed, true, failed.len(), settings);
    let outcome = report::outcome(&fixed, settings);
    let named_errors = outcome.named_errors || !failed.is_empty();
    let unfinished = unfinished(&fixed, settings) > 0;
    Ok((fixed, Outcome { named_errors, unfinished, ..outcome }))
}

/// The report of `fix` after the formatter, if one was named.
fn formatted(settings: &Settings, evidence: &Evidence) -> Report {
    let mut fixed = settings.fix();
    evidence.join(&mut fixed, settings);
    match settings.formatter.as_ref().map(Formatter::command) {
        None => {}
        Some(Ok(command)) => {
            for failed in formatting::apply(command, &mut fixed, &settings.style.cwd) {
                settings.terminal.warning(&text::error(&failed));
            }
        }
        Some(Err(_)) if fixed.changes.is_empty() => {}
        Some(Err(why)) => settings.terminal.warning(&why),
    }
    fixed
}

/// Says what was dropped, and how much was done.
fn close(fixed: &Report, wrote: bool, failed: usize, settings: &Settings) {
    for line in fixed.findings.iter().filter_map(dropped) {
        settings.terminal.warning(&line);
    }
    settings.terminal.note(&closing(fixed, wrote, failed));
    let unfinished = unfinished(fixed, settings);
    if unfinished > 0 {
        settings.terminal.warning(&format!(
            "{} not made yet: run the same command again, and report it if that says so, too",
            if unfinished == 1 { "1 fix is".to_owned() } else { format!("{unfinished} fixes are") }
        ));
    }
}

/// What `fix --write` prints for standard input: the text after all fixes, in its encoding.
fn result_for_stdin(report: &Report, name: &Path, bytes: &[u8]) -> Vec<u8> {
    let change = report.changes.iter().find(|change| change.before.path == name);
    change.and_then(|change| change.before.encode(&change.after)).unwrap_or_else(|| bytes.to_vec())
}

/// Shows every fix that the options allow and asks; gives those that are not wanted.
fn ask(settings: &Settings) -> Result<BTreeSet<Fingerprint>, UsageError> {
    if settings.disk.stdin.is_some() {
        return Err(UsageError::Option {
            option: "--interactive",
            message: "answers and source cannot both come by standard input; name a file".into(),
        });
    }
    let allowed = |finding: &Finding| is_allowed(finding, settings);
    let mut questions = Questions::default();
    // What a person edits meanwhile is looked at anew.
    loop {
        let found = settings.check();
        match questions.ask(&found, allowed, &settings.style) {
            Ok(true) => return Ok(questions.declined),
            Ok(false) => {}
            Err(error) => {
                return Err(UsageError::Io(format!("the terminal cannot be used: {error}")));
            }
        }
    }
}

/// Whether the options let a finding's fix be made.
fn is_allowed(finding: &Finding, settings: &Settings) -> bool {
    let consent = settings.options.of(&finding.location.path).unsafe_fixes;
    finding.fix().is_some_and(|fix| consent || fix.applicability == Applicability::Safe)
}

/// Fixes that could be made and that nobody declined, and that are not in the result.
fn unfinished(report: &Report, settings: &Settings) -> usize {
    let wanted = |finding: &&Finding| {
        is_allowed(finding, settings) && !settings.options.skip.contains(&finding.fingerprint())
    };
    report.findings.iter().filter(wanted).count()
}

/// A fix that `check` promised: only when all are in place it turns out that one does not hold.
fn dropped(finding: &Finding) -> Option<String> {
    let Remedy::Refused(refusal) = &finding.remedy else { return None };
    let (place, start) = (finding.location.path.display(), finding.location.start);
    let line = || {
        format!(
            "{place}:{}:{}: {} stays: {}; {}",
            start.line, start.column, finding.code, refusal.detail, refusal.advice
        )
    };
    (refusal.reason == Reason::FailedCheck).then(line)
}

fn closing(report: &Report, wrote: bool, failed: usize) -> String {
    let files = report.changes.len() - failed;
    let mended = if wrote { "repaired" } else { "can be repaired" };
    let mut line = match report.fixed.len() {
        0 => "nothing to repair".to_owned(),
        fixed => {
            format!("{} {mended} in {}", text::count(fixed, "finding"), text::count(files, "file"))
        }
    };
    if !report.findings.is_empty() {
        line.push_str(&format!(
            "; {} left (`spawnsafe check` shows them)",
            text::count(report.findings.len(), "finding")
        ));
    }
    line
}
