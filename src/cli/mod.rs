//! From the command line to the engine and back: arguments, configuration, files, exit codes.

mod add_ignore;
mod args;
mod base;
mod baseline;
mod check;
mod config;
mod debug;
mod evidence;
mod exit;
mod explain;
mod fix;
mod formatting;
mod interactive;
mod map;
mod migrate;
mod migrate_args;
mod notebooks;
mod read;
mod report;
mod review;
mod review_args;
mod selector;
mod server;
mod settings;
mod show_config;
mod terminal;
mod trace;
mod trace_args;
mod verify;
mod walk;
mod watch;

use crate::cli::args::{Arguments, Command, ManArgs};
use crate::cli::exit::Exit;
use crate::cli::settings::{Typed, UsageError};
use crate::cli::terminal::Terminal;
use crate::output;
use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory, FromArgMatches};
use std::process::ExitCode;

/// Runs the command that was typed.
pub fn main() -> ExitCode {
    let matches = match Arguments::command().try_get_matches() {
        Ok(matches) => matches,
        Err(error) => return usage(&error),
    };
    let arguments = match Arguments::from_arg_matches(&matches) {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error),
    };
    let terminal = Terminal::new(&arguments.global);
    let order = order(&matches);
    let done = match &arguments.command {
        Command::Check(args) => check::run(args, &arguments.global, &order),
        Command::Fix(args) => fix::run(args, &arguments.global, &order),
        Command::Review(args) => review::run(args, &arguments.global, &order),
        Command::Migrate(args) => migrate::run(args, &arguments.global),
        Command::Trace(args) => trace::run(args, terminal),
        Command::Verify(args) => verify::run(args, terminal),
        Command::Map(args) => map::run(args, &arguments.global),
        Command::Explain(args) => explain::run(args),
        Command::Config(args) => show_config::run(args, &arguments.global),
        Command::Completions(args) => completions(args.shell),
        Command::Man(args) => manual(args),
        Command::Server(_) => server::run(&arguments.global),
        Command::Debug(args) => debug::run(args),
    };
    let exit = done.unwrap_or_else(|error: UsageError| {
        terminal.error(&error.to_string());
        Exit::Usage
    });
    exit.into()
}

fn usage(error: &clap::Error) -> ExitCode {
    // Help and version come as errors, too; clap knows their stream. A closed stream is no matter.
    let text = error.render().to_string();
    let harmless = output::plain::lines(text.clone());
    if harmless == text {
        let _ = error.print();
    } else {
        // A file's name that a shell put in an argument's place.
        let _ = std::io::Write::write_all(&mut std::io::stderr(), harmless.as_bytes());
    }
    if error.use_stderr() { Exit::Usage.into() } else { Exit::Done.into() }
}

fn completions(shell: clap_complete::Shell) -> Result<Exit, UsageError> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "spawnsafe", &mut script);
    terminal::print(&script)?;
    Ok(Exit::Done)
}

/// The page of spawnsafe or of one of its commands, for `man`.
fn manual(args: &ManArgs) -> Result<Exit, UsageError> {
    let mut all = Arguments::command();
    all.build();
    let command = match &args.command {
        None => &all,
        Some(name) => all.find_subcommand(name).ok_or_else(|| UsageError::Option {
            option: "man",
            message: format!("there is no command '{name}'; `spawnsafe --help` lists them"),
        })?,
    };
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone())
        .render(&mut page)
        .map_err(|error| UsageError::Io(error.to_string()))?;
    terminal::print(&page)?;
    Ok(Exit::Done)
}

/// The order in which `--output-format` and `--output-file` were typed.
fn order(matches: &ArgMatches) -> Vec<Typed> {
    let Some((command, matches)) = matches.subcommand() else { return Vec::new() };
    let indices = |id: &str| match matches.try_contains_id(id) {
        // A format in the environment is one of findings; what `fix` prints is a patch.
        Ok(true)
            if matches.value_source(id) != Some(ValueSource::CommandLine) && command == "fix" =>
        {
            Vec::new()
        }
        Ok(true) => matches.indices_of(id).map(Iterator::collect).unwrap_or_default(),
        _ => Vec::new(),
    };
    let formats = indices("output_format")
        .into_iter()
        .enumerate()
        .map(|(number, at): (usize, usize)| (at, Typed::Format(number)));
    let files = indices("output_file")
        .into_iter()
        .enumerate()
        .map(|(number, at): (usize, usize)| (at, Typed::File(number)));
    let mut typed: Vec<(usize, Typed)> = formats.chain(files).collect();
    typed.sort_by_key(|(at, _)| *at);
    typed.into_iter().map(|(_, typed)| typed).collect()
}
