//! `spawnsafe fix`: the same report as a patch, or written to the files.

use crate::cli::args::{FixArgs, GlobalArgs};
use crate::cli::evidence::Evidence;
use crate::cli::exit::Exit;
use crate::cli::settings::{FixWishes, Settings, Typed, UsageError, destinations};
use crate::cli::terminal;
use crate::cli::{interactive, report, walk};
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
    };
    let mut settings = Settings::new(&args.selection, global, wishes)?;
    let write = args.write || args.interactive;
    let evidence = Evidence::load(&args.evidence, &mut settings)?;
    if write {
        settings.sweep();
    }
    let outside = walk::leading_out(&settings.walked, &settings.style.cwd);
    settings.walked.files.retain(|path| !outside.contains(path));
    for path in &outside {
        settings.terminal.warning(&format!(
            "{}: is a link out of the named folders, so it is not changed; name it itself to have it changed",
            path.display()
        ));
    }
    settings.options.context.extend(outside);
    if args.interactive {
        settings.options.skip = ask(&settings)?;
    }
    let mut fixed = settings.fix();
    evidence.join(&mut fixed, &settings);
    report::complete(&mut fixed, &settings);
    let outcome = report::outcome(&fixed, &settings);
    let mut failed = Vec::new();
    if !write {
        report::send(&fixed, &destinations, args.output.statistics, &settings)?;
    } else if let Some((name, bytes)) = &settings.disk.stdin {
        terminal::print(&result_for_stdin(&fixed, name, bytes))?;
    } else {
        let written = write::write_all(&fixed);
        failed = written.failed;
        for (path, why) in written.in_place {
            settings.terminal.note(&format!(
                "{}: was written itself instead of being replaced: {}",
                path.display(),
                why.words()
            ));
        }
    }
    if write && !order.is_empty() {
        report::send(&fixed, &destinations, args.output.statistics, &settings)?;
    }
    report::log_errors(&fixed, &settings);
    if destinations.iter().any(|(format, _)| *format == Format::Diff)
        && let Some(start) = diff::start(&fixed, &settings.style)
        && !write
    {
        let start = start.display();
        settings.terminal.note(&format!(
            "the paths of the patch start from {start}, since not all are in this folder: \
             `git -C {start} apply` takes it"
        ));
    }
    for error in &failed {
        settings.terminal.error(&text::error(error));
    }
    for line in fixed.findings.iter().filter_map(dropped) {
        settings.terminal.warning(&line);
    }
    settings.terminal.note(&closing(&fixed, write, failed.len()));
    let unfinished = unfinished(&fixed, &settings);
    if unfinished > 0 {
        settings.terminal.warning(&format!(
            "{} not made yet: run the same command again, and report it if that says so, too",
            if unfinished == 1 { "1 fix is".to_owned() } else { format!("{unfinished} fixes are") }
        ));
    }
    let outcome = crate::cli::exit::Outcome {
        named_errors: outcome.named_errors || !failed.is_empty(),
        unfinished: write && unfinished > 0,
        ..outcome
    };
    Ok(outcome.of_fix(args.exit_code))
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
    let found = settings.check();
    let allowed = |finding: &Finding| is_allowed(finding, settings);
    let asked = interactive::declined(
        &found,
        allowed,
        &settings.style,
        &mut std::io::stdin().lock(),
        &mut std::io::stdout().lock(),
    );
    asked.map_err(|error| UsageError::Io(format!("the terminal cannot be used: {error}")))
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
