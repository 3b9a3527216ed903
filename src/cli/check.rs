//! `spawnsafe check`.

use crate::cli::args::{CheckArgs, GlobalArgs};
use crate::cli::evidence::Evidence;
use crate::cli::exit::Exit;
use crate::cli::settings::{FixWishes, Settings, Typed, UsageError, destinations};
use crate::cli::terminal::Terminal;
use crate::cli::{add_ignore, baseline, fix, report, watch};
use crate::findings::Report;
use crate::output::{Format, text};

/// Reports findings, once or after each change.
pub(crate) fn run(
    args: &CheckArgs,
    global: &GlobalArgs,
    order: &[Typed],
) -> Result<Exit, UsageError> {
    if !args.watch {
        return once(args, global, order);
    }
    watch::run(&args.selection.paths, Terminal::new(global), &|| {
        once(args, global, order).map(drop)
    })?;
    Ok(Exit::Done)
}

fn once(args: &CheckArgs, global: &GlobalArgs, order: &[Typed]) -> Result<Exit, UsageError> {
    let wishes = FixWishes {
        unsafe_fixes: args.unsafe_fixes,
        fixes: args.fix || args.diff,
        ..FixWishes::default()
    };
    let mut settings = Settings::new(&args.selection, global, wishes)?;
    if args.selection.show_files {
        return report::show_files(&settings);
    }
    settings.introduce();
    let evidence = Evidence::load(&args.evidence, &mut settings)?;
    if args.diff {
        return fix::patch(&settings, &evidence, vec![(Format::Diff, None)], false, true);
    }
    let default = settings.scope.config().output_format.unwrap_or(Format::Text);
    let destinations = destinations(&args.output, order, default)?;
    if destinations.iter().any(|(format, _)| *format == Format::Diff) {
        return Err(UsageError::Option {
            option: "--output-format",
            message: "a diff is printed by `spawnsafe fix --diff`".into(),
        });
    }
    if args.add_ignore.is_some() || args.fix {
        settings.sweep();
    }
    if args.fix
        && let Some(exit) = fix::in_place(&settings, &evidence)?
    {
        return Ok(exit);
    }
    let mut found = settings.check_unless_known(settings.cache(&args.cache).as_ref());
    evidence.join(&mut found, &settings);
    report::complete(&mut found, &settings);
    report::log_errors(&found, &settings);
    let config = settings.scope.config();
    if args.warn_unused_ignores || config.warn_unused_ignores == Some(true) {
        report::log_unused_ignores(&found, &settings);
    }
    if let Some(exit) = against_baseline(args, &mut found, &settings)? {
        return Ok(exit);
    }
    if let Some(reason) = &args.add_ignore {
        return add_ignore::run(&found, reason, &settings);
    }
    report::send(&found, &destinations, args.output.statistics, &settings)?;
    Ok(report::outcome(&found, &settings).of_check(args.exit_zero))
}

/// Takes known findings out, or writes all of them as known; then the run is over.
fn against_baseline(
    args: &CheckArgs,
    found: &mut Report,
    settings: &Settings,
) -> Result<Option<Exit>, UsageError> {
    let configured = || Some(settings.scope.beside(settings.scope.config().baseline.as_deref()?));
    let Some(path) = args.baseline.clone().or_else(configured) else {
        let message = "name the file with --baseline FILE, or in the configuration".into();
        return if args.write_baseline {
            Err(UsageError::Option { option: "--write-baseline", message })
        } else {
            Ok(None)
        };
    };
    if args.write_baseline {
        baseline::write(found, &path, &settings.style)?;
        settings.terminal.note(&format!(
            "{} written to {}",
            text::count(found.findings.len(), "finding"),
            path.display()
        ));
        return Ok(Some(Exit::Done));
    }
    let gone = baseline::subtract(found, &path, &settings.style)?;
    if gone > 0 {
        let what = text::count(gone, "known finding");
        settings.terminal.note(&format!(
            "{what} of {} did not show up; --write-baseline brings the file up to date",
            path.display()
        ));
    }
    Ok(None)
}
