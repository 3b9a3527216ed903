//! `spawnsafe debug`: what the analysis sees, for developers. Not shown in the help.

use crate::cli::exit::Exit;
use crate::cli::read::Disk;
use crate::cli::settings::UsageError;
use crate::cli::terminal;
use crate::engine::Files;
use crate::facts::scopes::{PythonVersion, dump};
use crate::syntax::parse;
use crate::text::SourceFile;
use clap::{Args, Subcommand};
use std::path::{Path, PathBuf};

/// `spawnsafe debug`.
#[derive(Debug, Args)]
pub(crate) struct DebugArgs {
    #[command(subcommand)]
    what: DebugCommand,
}

/// What can be shown.
#[derive(Debug, Subcommand)]
enum DebugCommand {
    /// Print the scopes of a file as JSON, as Python's symtable module has them.
    Scopes {
        /// A Python file.
        file: PathBuf,
        /// The Python whose symbol table is imitated; scope types have the names of 3.13 in any case.
        #[arg(long, value_name = "VERSION", default_value = "3.13")]
        python: PythonVersion,
    },
}

/// Prints what was asked for.
pub(crate) fn run(args: &DebugArgs) -> Result<Exit, UsageError> {
    let DebugCommand::Scopes { file, python } = &args.what;
    let json = scopes(file, *python)
        .map_err(|message| UsageError::Io(format!("{}: {message}", file.display())))?;
    terminal::print(json.as_bytes())?;
    Ok(Exit::Done)
}

fn scopes(file: &Path, python: PythonVersion) -> Result<String, String> {
    let bytes = Disk::default().read(file).map_err(|error| error.to_string())?;
    let source = SourceFile::decode(file, bytes).map_err(|error| error.to_string())?;
    let parsed = parse(&source.text);
    if let Some(broken) = parsed.broken.first() {
        return Err(format!("line {}: {}", source.lines().line(broken.span.start), broken.message));
    }
    let scopes = dump::to_json(&parsed.tree, &source.text, python);
    serde_json::to_string_pretty(&scopes).map(|json| json + "\n").map_err(|error| error.to_string())
}
