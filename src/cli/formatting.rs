//! The formatter of the user's choice over files that fixes change.

use crate::findings::{Change, FileError, Report};
use crate::syntax;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

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

/// The new text after the command, which is given a copy beside the file: formatters look for their configuration from there.
fn formatted(words: &[String], change: &Change, cwd: &Path) -> Result<String, String> {
    let failed = |error: std::io::Error| format!("'{}': {error}", words[0]);
    let bytes = change.before.encode(&change.after).ok_or("the encoding cannot hold it")?;
    let place = cwd.join(&change.before.path);
    let mut builder = tempfile::Builder::new();
    builder.prefix("spawnsafe_").suffix(".py");
    let beside = builder.tempfile_in(place.parent().unwrap_or(cwd));
    let mut copy = beside.or_else(|_| builder.tempfile()).map_err(failed)?;
    copy.write_all(&bytes).and_then(|()| copy.flush()).map_err(failed)?;
    let done = Command::new(&words[0])
        .args(&words[1..])
        .arg(copy.path())
        .current_dir(cwd)
        .stdin(Stdio::null())
        .output()
        .map_err(failed)?;
    if !done.status.success() {
        let said = String::from_utf8_lossy(&done.stderr);
        let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
        return Err(format!("'{}' ended with {}: {last}", words[0], done.status));
    }
    let bytes = std::fs::read(copy.path()).map_err(failed)?;
    let source = crate::text::SourceFile::decode(&change.before.path, bytes);
    let text = source.map_err(|error| error.to_string())?.text;
    if syntax::parse(&text).broken.is_empty() {
        Ok(text)
    } else {
        Err(format!("what '{}' gives is no Python", words[0]))
    }
}
