//! Sends a report to where it was asked for, and its errors to standard error.

use crate::cli::exit::{Exit, Outcome};
use crate::cli::settings::{Settings, UsageError};
use crate::cli::terminal;
use crate::findings::{FileError, Report};
use crate::output::{self, Format, Style, github, plain, statistics, text};
use std::io::Write;
use std::path::PathBuf;

/// Prints the files of a run.
pub(crate) fn show_files(settings: &Settings) -> Result<Exit, UsageError> {
    let lines =
        settings.walked.files.iter().map(|path| format!("{}\n", plain::line(&plain::path(path))));
    terminal::print(lines.collect::<String>().as_bytes())?;
    for failed in &settings.walked.errors {
        settings.terminal.error(&text::error(failed));
    }
    let named = |failed: &FileError| settings.walked.named.contains(&failed.path);
    Ok(if settings.walked.errors.iter().any(named) { Exit::Usage } else { Exit::Done })
}

/// Where reports go.
pub(crate) type Destinations = Vec<(Format, Option<PathBuf>)>;

/// Adds what the walk could not do, in order.
pub(crate) fn complete(report: &mut Report, settings: &Settings) {
    report.errors.extend(settings.walked.errors.iter().cloned());
    report.errors.sort();
    report.errors.dedup();
}

/// Prints the files that could not be done.
pub(crate) fn log_errors(report: &Report, settings: &Settings) {
    for failed in &report.errors {
        settings.terminal.error(&text::error(failed));
    }
}

/// Prints the comments that switch off what is not there.
pub(crate) fn log_unused_ignores(report: &Report, settings: &Settings) {
    for unused in &report.unused_ignores {
        let place = unused.location.start;
        let codes = if unused.codes.is_empty() {
            String::new()
        } else {
            format!(" of {}", unused.codes.join(", "))
        };
        let path = plain::path(&unused.location.path);
        settings.terminal.warning(&plain::line(&format!(
            "{path}:{}:{}: unused suppression{codes}",
            place.line, place.column
        )));
    }
}

/// Writes every report to its place.
pub(crate) fn send(
    report: &Report,
    destinations: &Destinations,
    statistics: bool,
    settings: &Settings,
) -> Result<(), UsageError> {
    for (format, file) in destinations {
        let mut style = settings.style.clone();
        style.color &= file.is_none();
        let bytes = if statistics {
            statistics::render(*format, report, &style).into_bytes()
        } else {
            output::render(*format, report, &style)
        };
        if *format == Format::Github {
            add_step_summary(report, &style)?;
        }
        match file {
            None if *format == Format::Diff => terminal::print_patch(bytes)?,
            None => terminal::print(&bytes)?,
            Some(path) => std::fs::write(path, bytes).map_err(|error| {
                UsageError::Io(format!("{}: cannot be written: {error}", path.display()))
            })?,
        }
    }
    Ok(())
}

/// Adds the table to the summary of the step, where GitHub Actions names a file for it.
fn add_step_summary(report: &Report, style: &Style) -> Result<(), UsageError> {
    let Some(path) =
        std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()).map(PathBuf::from)
    else {
        return Ok(());
    };
    let opened = std::fs::OpenOptions::new().append(true).create(true).open(&path);
    opened
        .and_then(|mut file| file.write_all(github::summary(report, style).as_bytes()))
        .map_err(|error| UsageError::Io(format!("{}: cannot be written: {error}", path.display())))
}

/// What the exit code depends on.
pub(crate) fn outcome(report: &Report, settings: &Settings) -> Outcome {
    let named = |path: &PathBuf| settings.walked.named.contains(path);
    Outcome {
        findings: !report.findings.is_empty(),
        walked_errors: report.errors.iter().any(|failed| !named(&failed.path)),
        named_errors: report.errors.iter().any(|failed| named(&failed.path)),
        changes: !report.changes.is_empty(),
        unfinished: false,
    }
}
