//! `spawnsafe debug`: what the analysis sees, for developers. Not shown in the help.

use crate::catalogue::Catalogue;
use crate::cli::exit::Exit;
use crate::cli::read::Disk;
use crate::cli::settings::UsageError;
use crate::cli::terminal;
use crate::engine::Files;
use crate::facts::FileFacts;
use crate::facts::scopes::{PythonVersion, dump};
use crate::output::plain;
use crate::project::Project;
use crate::project::dataflow::Solver;
use crate::project::names::modules::Modules;
use crate::syntax::parse;
use crate::text::SourceFile;
use clap::{Args, Subcommand};
use std::path::{Path, PathBuf};
use std::sync::Arc;

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
    /// Print the data-flow graph of a file: a line for each edge and store.
    Flow {
        /// A Python file.
        file: PathBuf,
    },
    /// Print where the value of an expression may come from, with call strings.
    Values {
        /// `FILE:LINE:COLUMN` of the expression, counted from 1.
        place: String,
        /// The folder whose files take part, if not the file's own.
        #[arg(long)]
        root: Option<PathBuf>,
    },
    /// Print the call graph of a folder as JSON: function to the functions that its calls may run.
    Calls {
        /// A folder.
        folder: PathBuf,
    },
}

/// Prints what was asked for.
pub(crate) fn run(args: &DebugArgs) -> Result<Exit, UsageError> {
    let (about, printed) = match &args.what {
        DebugCommand::Scopes { file, python } => (file.clone(), scopes(file, *python)),
        DebugCommand::Flow { file } => (file.clone(), flow(file)),
        DebugCommand::Values { place, root } => {
            (PathBuf::from(place), values(place, root.as_deref()))
        }
        DebugCommand::Calls { folder } => (folder.clone(), calls(folder)),
    };
    let printed =
        printed.map_err(|message| UsageError::Io(format!("{}: {message}", about.display())))?;
    terminal::print(plain::lines(printed).as_bytes())?;
    Ok(Exit::Done)
}

fn source(file: &Path) -> Result<Arc<SourceFile>, String> {
    let bytes = Disk::default().read(file).map_err(|error| error.to_string())?;
    SourceFile::decode(file, bytes).map(Arc::new).map_err(|error| error.to_string())
}

fn flow(file: &Path) -> Result<String, String> {
    let facts = FileFacts::new(source(file)?);
    Ok(facts.dataflow().describe(facts.tree(), &facts.source))
}

/// A project of all Python files below a folder.
fn project(folder: &Path) -> Result<Project, String> {
    let mut paths: Vec<PathBuf> = ignore::Walk::new(folder)
        .filter_map(Result::ok)
        .map(ignore::DirEntry::into_path)
        .filter(|path| path.extension().is_some_and(|suffix| suffix == "py"))
        .collect();
    paths.sort();
    let files: Vec<Arc<FileFacts>> = paths
        .iter()
        .map(|path| source(path).map(|source| Arc::new(FileFacts::new(source))))
        .collect::<Result<_, _>>()?;
    Ok(Project::new(Catalogue::new(&[]), files, Modules::new(paths)))
}

fn values(place: &str, root: Option<&Path>) -> Result<String, String> {
    let mut parts = place.rsplitn(3, ':');
    let mut number = || parts.next().and_then(|part| part.parse::<u32>().ok());
    let (column, line) = (number(), number());
    let (Some(file), Some(line), Some(column)) = (parts.next(), line, column) else {
        return Err("expected FILE:LINE:COLUMN".to_owned());
    };
    let file = Path::new(file);
    let folder = root.unwrap_or_else(|| file.parent().unwrap_or(Path::new("")));
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let project = project(folder)?;
    let id = project
        .at(file)
        .or_else(|| project.at(&Path::new(".").join(file)))
        .ok_or_else(|| "the file is not below the folder".to_owned())?;
    Solver::new(&project)
        .describe(id, line, column)
        .ok_or_else(|| "no expression begins there".to_owned())
}

fn calls(folder: &Path) -> Result<String, String> {
    let project = project(folder)?;
    let graph = Solver::new(&project).call_graph(folder);
    serde_json::to_string_pretty(&graph).map(|json| json + "\n").map_err(|error| error.to_string())
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
