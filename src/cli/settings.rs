//! What a run is to do: arguments and configuration joined.

use crate::cli::args::{GlobalArgs, OutputArgs, SelectionArgs};
use crate::cli::read::Disk;
use crate::cli::selector::{self, Selection, Selector};
use crate::cli::terminal::Terminal;
use crate::cli::walk::{self, DEFAULT_EXCLUDE, Excluder, WalkOptions, Walked};
use crate::engine::{Bind, GuardStyle, Options};
use crate::output::{Format, Style};
use std::collections::BTreeSet;
use std::io::Read;
use std::path::PathBuf;

/// Something that the caller must mend before anything can run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UsageError {
    /// An option's value means nothing.
    #[error("{option}: {message}")]
    Option {
        /// The option as it is typed.
        option: &'static str,
        /// What is wrong and what is known.
        message: String,
    },
    /// The current folder is gone, or standard input or output fail.
    #[error("{0}")]
    Io(String),
}

/// What only `fix` knows.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct FixWishes {
    /// `--unsafe-fixes`.
    pub(crate) unsafe_fixes: bool,
    /// `--bind`.
    pub(crate) bind: Option<Bind>,
    /// `--guard-style`.
    pub(crate) guard_style: Option<GuardStyle>,
}

/// Everything that a run needs.
#[derive(Debug)]
pub(crate) struct Settings {
    /// For the engine.
    pub(crate) options: Options,
    /// What to look at.
    pub(crate) walked: Walked,
    /// Where bytes come from.
    pub(crate) disk: Disk,
    /// How reports look.
    pub(crate) style: Style,
    /// Standard output and error.
    pub(crate) terminal: Terminal,
}

impl Settings {
    /// Joins everything and walks the paths.
    pub(crate) fn new(selection: &SelectionArgs, global: &GlobalArgs, wishes: FixWishes) -> Result<Self, UsageError> {
        let terminal = Terminal::new(global);
        let cwd = std::env::current_dir().map_err(|error| UsageError::Io(format!("the current folder cannot be found: {error}")))?;
        let options = Options {
            codes: codes(selection)?,
            unsafe_fixes: wishes.unsafe_fixes,
            target_version: target_version(selection.target_version.as_deref())?,
            guard_style: wishes.guard_style.unwrap_or_default(),
            bind: wishes.bind.unwrap_or_default(),
            threads: global.threads.unwrap_or(0),
            skip: BTreeSet::new(),
            executors: Vec::new(),
        };
        let (walked, disk) = sources(selection, &cwd, options.threads)?;
        let style = Style { color: terminal.stdout_color, quiet: terminal.quiet, width: terminal.width, unsafe_fixes: wishes.unsafe_fixes, cwd };
        Ok(Self { options, walked, disk, style, terminal })
    }
}

fn codes(selection: &SelectionArgs) -> Result<BTreeSet<&'static str>, UsageError> {
    let parse = |option: &'static str, texts: &[String]| Selector::parse_all(texts).map_err(|message| UsageError::Option { option, message });
    let layer = Selection {
        select: selection.select.as_deref().map(|texts| parse("--select", texts)).transpose()?,
        extend_select: parse("--extend-select", &selection.extend_select)?,
        ignore: parse("--ignore", &selection.ignore)?,
    };
    Ok(selector::enabled(&[layer]))
}

fn target_version(text: Option<&str>) -> Result<(u8, u8), UsageError> {
    let Some(text) = text else { return Ok(Options::default().target_version) };
    parse_version(text).ok_or_else(|| UsageError::Option { option: "--target-version", message: format!("'{text}' is no Python version; write 3.9 or py39") })
}

/// Reads `3.9` or `py39`.
pub(crate) fn parse_version(text: &str) -> Option<(u8, u8)> {
    let digits = text.strip_prefix("py").unwrap_or(text);
    let (major, minor) = digits.split_once('.').or_else(|| digits.split_at_checked(1))?;
    let version = (major.parse().ok()?, minor.parse().ok()?);
    (version.0 == 3).then_some(version)
}

fn sources(selection: &SelectionArgs, cwd: &std::path::Path, threads: usize) -> Result<(Walked, Disk), UsageError> {
    let dash = selection.paths.as_slice() == [PathBuf::from("-")];
    if selection.stdin_filename.is_some() || dash {
        let name = walk::shown(selection.stdin_filename.as_deref().unwrap_or("-".as_ref()), cwd);
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes).map_err(|error| UsageError::Io(format!("standard input cannot be read: {error}")))?;
        let walked = Walked { files: vec![name.clone()], named: BTreeSet::from([name.clone()]), errors: Vec::new() };
        return Ok((walked, Disk { stdin: Some((name, bytes)) }));
    }
    let compile =
        |option: &'static str, patterns: &[String]| Excluder::new(patterns, cwd).map_err(|error| UsageError::Option { option, message: error.to_string() });
    let mut patterns = selection.exclude.clone().unwrap_or_else(|| DEFAULT_EXCLUDE.iter().map(|&name| name.to_owned()).collect());
    patterns.extend(selection.extend_exclude.iter().cloned());
    let options = WalkOptions {
        cwd: cwd.to_path_buf(),
        exclude: compile("--exclude", &patterns)?,
        force_exclude: selection.force_exclude,
        no_respect_gitignore: selection.no_respect_gitignore,
        threads,
    };
    Ok((walk::walk(&selection.paths, &options), Disk::default()))
}

/// Which report goes where: each `--output-file` belongs to the `--output-format` before it.
pub(crate) fn destinations(output: &OutputArgs, order: &[Typed], default: Format) -> Result<Vec<(Format, Option<PathBuf>)>, UsageError> {
    let mut pairs: Vec<(Option<Format>, Option<PathBuf>)> = Vec::new();
    for typed in order {
        match *typed {
            Typed::Format(index) => match pairs.last_mut() {
                Some((format @ None, _)) => *format = output.output_format.get(index).copied(),
                _ => pairs.push((output.output_format.get(index).copied(), None)),
            },
            Typed::File(index) => match pairs.last_mut() {
                Some((_, file @ None)) => *file = output.output_file.get(index).cloned(),
                _ => pairs.push((None, output.output_file.get(index).cloned())),
            },
        }
    }
    if pairs.is_empty() {
        pairs.push((None, None));
    }
    if pairs.iter().filter(|(_, file)| file.is_none()).count() > 1 {
        let message = "only one report can go to standard output; give the others an --output-file each".into();
        return Err(UsageError::Option { option: "--output-format", message });
    }
    Ok(pairs.into_iter().map(|(format, file)| (format.unwrap_or(default), file)).collect())
}

/// One of the options that belong together in pairs, by its number among its like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Typed {
    /// An `--output-format`.
    Format(usize),
    /// An `--output-file`.
    File(usize),
}
