//! Standard output and standard error: colours, and pipes that close early.

use crate::cli::args::{Color, GlobalArgs};
use crate::cli::settings::UsageError;
use crate::output::plain;
use indicatif::ProgressBar;
use std::io::{self, IsTerminal, Write};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

/// What may be written where.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Terminal {
    /// Whether standard output takes colours.
    pub(crate) stdout_color: bool,
    /// Whether standard error takes colours.
    pub(crate) stderr_color: bool,
    /// Whether notes and summaries are left out.
    pub(crate) quiet: bool,
    /// Whether what a run rests on is told.
    pub(crate) verbose: bool,
    /// Columns, if standard output is a terminal.
    pub(crate) width: Option<usize>,
}

/// After so long a person wants to see that something happens.
const PATIENCE: Duration = Duration::from_secs(1);

impl Terminal {
    /// Joins the options with `NO_COLOR`, `FORCE_COLOR`, `CLICOLOR`, `CLICOLOR_FORCE` and `TERM`.
    pub(crate) fn new(args: &GlobalArgs) -> Self {
        let choice = match args.color {
            _ if args.no_color => Some(Color::Never),
            Some(Color::Auto) | None => None,
            fixed => fixed,
        };
        let forced =
            std::env::var_os("FORCE_COLOR").is_some_and(|value| !value.is_empty() && value != "0");
        let allowed = |auto: bool| match choice {
            Some(Color::Always) => true,
            Some(_) => false,
            None => forced || auto,
        };
        let stdout = anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never;
        let stderr = anstream::AutoStream::choice(&io::stderr()) != anstream::ColorChoice::Never;
        let width = terminal_size::terminal_size_of(io::stdout())
            .map(|(columns, _)| usize::from(columns.0));
        Self {
            stdout_color: allowed(stdout),
            stderr_color: allowed(stderr),
            quiet: args.quiet,
            verbose: args.verbose,
            width,
        }
    }

    /// A line on standard error about something that went wrong.
    pub(crate) fn error(self, message: &str) {
        self.log("error", anstyle::AnsiColor::Red, message);
    }

    /// A line on standard error that was asked for.
    pub(crate) fn warning(self, message: &str) {
        self.log("warning", anstyle::AnsiColor::Yellow, message);
    }

    /// A line on standard error that `--quiet` leaves out.
    pub(crate) fn note(self, message: &str) {
        if !self.quiet {
            self.log("note", anstyle::AnsiColor::Cyan, message);
        }
    }

    /// A line on standard error that `--verbose` adds.
    pub(crate) fn detail(self, message: &str) {
        if self.verbose {
            self.log("detail", anstyle::AnsiColor::Blue, message);
        }
    }

    /// Does `work`; if it takes long and a person looks at a terminal, `what` is shown meanwhile.
    pub(crate) fn waiting<T>(self, what: &str, work: impl FnOnce() -> T) -> T {
        if self.quiet || !io::stderr().is_terminal() {
            return work();
        }
        let (done, wait) = mpsc::channel::<()>();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                if wait.recv_timeout(PATIENCE) != Err(RecvTimeoutError::Timeout) {
                    return;
                }
                let spinner = ProgressBar::new_spinner().with_message(what.to_owned());
                spinner.enable_steady_tick(Duration::from_millis(100));
                // It ends when the other side is gone.
                let _ = wait.recv();
                spinner.finish_and_clear();
            });
            let result = work();
            drop(done);
            result
        })
    }

    fn log(self, word: &str, color: anstyle::AnsiColor, message: &str) {
        // Paths, configuration and sources are somebody else's words.
        let message = plain::lines(message.to_owned());
        let line = if self.stderr_color {
            let style = color.on_default().bold();
            format!("{style}{word}{style:#}: {message}\n")
        } else {
            format!("{word}: {message}\n")
        };
        // There is nowhere left to complain if standard error is closed.
        let _ = io::stderr().write_all(line.as_bytes());
    }
}

/// Writes a patch. On a terminal nothing in it does more than appear; elsewhere it is what it must be
/// to apply.
pub(crate) fn print_patch(bytes: Vec<u8>) -> Result<(), UsageError> {
    if io::stdout().is_terminal() {
        print(plain::lines(String::from_utf8_lossy(&bytes).into_owned()).as_bytes())
    } else {
        print(&bytes)
    }
}

/// Writes a whole report. A reader that has gone (`| head`) is no error.
pub(crate) fn print(bytes: &[u8]) -> Result<(), UsageError> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other.map_err(|error| UsageError::Io(format!("standard output: {error}"))),
    }
}
