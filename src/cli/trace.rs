//! `spawnsafe trace`: runs a program of the user's with the hook and tells what it saw.

use crate::cli::exit::Exit;
use crate::cli::settings::UsageError;
use crate::cli::terminal::Terminal;
use crate::cli::trace_args::{JudgedAs, TraceArgs};
use crate::disk;
use crate::trace::events::Events;
use crate::trace::hook::{Hook, Wishes};
use crate::trace::summary;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, ExitStatus};

/// The exit codes of shells for programs that are not there, and that cannot be run.
const NOT_FOUND: u8 = 127;
const NOT_RUNNABLE: u8 = 126;

/// Runs the program and ends as it ended.
pub(crate) fn run(args: &TraceArgs, terminal: Terminal) -> Result<Exit, UsageError> {
    if !args.append {
        begin(&args.output)?;
    }
    let hook = Hook::new().map_err(|error| unwritable(&std::env::temp_dir(), &error))?;
    let mut command = command(&args.command);
    let wishes = Wishes {
        events: Some(&args.output),
        start_method: args.start_method,
        as_fork: args.judged_as == JudgedAs::Fork,
    };
    hook.attach(&mut command, &wishes)
        .map_err(|error| UsageError::Io(format!("PYTHONPATH cannot be set: {error}")))?;
    let exit = match until_it_ends(&mut command) {
        Ok(status) => Exit::Program(code(status)),
        Err(error) => {
            terminal.error(&format!("{}: {error}", args.command[0].to_string_lossy()));
            let is_absent = error.kind() == io::ErrorKind::NotFound;
            return Ok(Exit::Program(if is_absent { NOT_FOUND } else { NOT_RUNNABLE }));
        }
    };
    // The hook says once a run that it failed; the file that remembers this is of no use afterwards.
    let _ = std::fs::remove_file(fault_marker(&args.output));
    tell(&args.output, terminal);
    Ok(exit)
}

/// The program that was typed.
pub(crate) fn command(words: &[std::ffi::OsString]) -> Command {
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]);
    command
}

/// Where the hook notes that it has told of a fault.
pub(crate) fn fault_marker(events: &Path) -> std::path::PathBuf {
    let mut name = events.as_os_str().to_owned();
    name.push(".fault");
    name.into()
}

/// Makes an empty file, so that a run which sends nothing leaves one, too.
fn begin(path: &Path) -> Result<(), UsageError> {
    // The hook would wait for whoever reads a pipe, in the middle of the program.
    if std::fs::metadata(path).is_ok_and(|there| disk::regular::is_special(&there)) {
        return Err(unwritable(path, &io::Error::other("not a regular file")));
    }
    std::fs::write(path, b"").map_err(|error| unwritable(path, &error))
}

fn unwritable(path: &Path, error: &io::Error) -> UsageError {
    UsageError::Io(format!("{}: cannot be written: {error}", path.display()))
}

/// Runs the program in the terminal of this one. Ctrl-C is the program's: it reaches both, and how
/// the program ends decides.
fn until_it_ends(command: &mut Command) -> io::Result<ExitStatus> {
    // A handler that is there already is as good.
    let _ = ctrlc::set_handler(|| {});
    command.status()
}

/// As shells tell it: a signal counts from 128.
fn code(status: ExitStatus) -> u8 {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return 128u8.saturating_add(u8::try_from(signal).unwrap_or(0));
    }
    status.code().map_or(1, |code| u8::try_from(code & 0xff).unwrap_or(1))
}

/// The report on standard error, which belongs to nobody else once the program has ended.
fn tell(path: &Path, terminal: Terminal) {
    if terminal.quiet {
        return;
    }
    let mut events = Events::default();
    if let Err(error) = events.read(path) {
        terminal.warning(&format!("{}: cannot be read: {error}", path.display()));
        return;
    }
    let folder = std::env::current_dir().unwrap_or_default();
    let mut err = io::stderr().lock();
    for line in summary::failures(&events, &folder) {
        // There is nowhere left to complain if standard error is closed.
        let _ = writeln!(err, "{line}");
    }
    drop(err);
    if events.unreadable > 0 {
        terminal.warning(&format!("{} lines of the trace are no events", events.unreadable));
    }
    terminal.note(&format!("{}; the events are in {}", summary::totals(&events), path.display()));
}
