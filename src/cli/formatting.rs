//! The formatter of the user's choice over files that fixes change.

use crate::disk::staging::Staging;
use crate::findings::{Change, FileError, Report};
use crate::syntax;
use std::path::Path;
use std::process::{Command, Stdio};

/// What a configuration file may name. It may be a stranger's, like the repository that it lies in, so it can choose a
/// formatter and name no program: these are looked for on the user's path, and get no arguments of its own.
const KNOWN: [&str; 6] = ["ruff format", "black", "yapf -i", "autopep8 -i", "pyink", "blue"];

/// The formatter's command, by who says it.
#[derive(Debug, Clone)]
pub(crate) enum Formatter {
    /// The user, on the command line or in the environment.
    Typed(String),
    /// A configuration file.
    Configured(String),
}

impl Formatter {
    /// The command, or why it is not run.
    pub(crate) fn command(&self) -> Result<&str, String> {
        match self {
            Self::Typed(command) => Ok(command),
            Self::Configured(command) if KNOWN.contains(&command.as_str()) => Ok(command),
            Self::Configured(command) => Err(format!(
                "the configuration's format-command '{command}' is not run: a file may name one of {}; \
                 --format-command or SPAWNSAFE_FORMAT_COMMAND any program",
                KNOWN.map(|known| format!("'{known}'")).join(", ")
            )),
        }
    }
}

/// Puts every changed text through `command`; gives what could not be done, and leaves those texts as they are.
pub(crate) fn apply(command: &str, report: &mut Report, cwd: &Path) -> Vec<FileError> {
    let words = shlex::split(command).filter(|words| !words.is_empty());
    let words = words.unwrap_or_else(|| vec![command.to_owned()]);
    let mut failed = Vec::new();
    for change in &mut report.changes {
        match formatted(&words, change, cwd) {
            Ok(text) => change.after = text,
            Err(why) => failed.push(FileError {
                path: change.before.path.clone(),
                place: None,
                message: format!("is not formatted: {why}"),
            }),
        }
    }
    failed
}

/// The new text after the command, which is given a copy below the file's folder: formatters look for their configuration from there.
fn formatted(words: &[String], change: &Change, cwd: &Path) -> Result<String, String> {
    let failed = |error: std::io::Error| format!("'{}': {error}", words[0]);
    let bytes = change.before.encode(&change.after).ok_or("the encoding cannot hold it")?;
    let place = cwd.join(&change.before.path);
    // Where git does not see it, and the next run finds it after a kill.
    let staging = Staging::new(place.parent().unwrap_or(cwd))
        .or_else(|_| Staging::new(&std::env::temp_dir()))
        .map_err(failed)?;
    let copy = staging.path().join(place.file_name().unwrap_or_default());
    std::fs::write(&copy, &bytes).map_err(failed)?;
    let done = Command::new(&words[0])
        .args(&words[1..])
        .arg(&copy)
        .current_dir(cwd)
        .stdin(Stdio::null())
        .output()
        .map_err(failed)?;
    if !done.status.success() {
        let said = String::from_utf8_lossy(&done.stderr);
        let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
        return Err(format!("'{}' ended with {}: {last}", words[0], done.status));
    }
    let bytes = std::fs::read(&copy).map_err(failed)?;
    let source = crate::text::SourceFile::decode(&change.before.path, bytes);
    let text = source.map_err(|error| error.to_string())?.text;
    if syntax::parse(&text).broken.is_empty() {
        Ok(text)
    } else {
        Err(format!("what '{}' gives is no Python", words[0]))
    }
}
