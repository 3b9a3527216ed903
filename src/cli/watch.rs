//! `check --watch`: looks again whenever a Python file or a configuration changes.

use crate::cli::settings::UsageError;
use crate::cli::terminal::Terminal;
use notify::{EventKind, RecursiveMode, Watcher};
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

/// Editors write a file in several steps.
const PAUSE: Duration = Duration::from_millis(100);

/// Calls `look` now and after each change below `paths`, until Ctrl-C or an error of the watching.
pub(crate) fn run(
    paths: &[PathBuf],
    terminal: Terminal,
    look: &dyn Fn() -> Result<(), UsageError>,
) -> Result<(), UsageError> {
    let failed = |error: notify::Error| UsageError::Io(format!("files cannot be watched: {error}"));
    let (changed, changes) = mpsc::channel();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let matters = |event: &notify::Event| {
            !matches!(event.kind, EventKind::Access(_))
                && event.paths.iter().any(|path| is_ours(path))
        };
        if event.as_ref().is_ok_and(matters) {
            // The other side ends with the process.
            let _ = changed.send(());
        }
    })
    .map_err(failed)?;
    let here = [PathBuf::from(".")];
    for path in if paths.is_empty() { &here[..] } else { paths } {
        watcher.watch(path, RecursiveMode::Recursive).map_err(failed)?;
    }
    loop {
        if std::io::stdout().is_terminal() {
            print!("\x1b[2J\x1b[H");
        }
        if let Err(error) = look() {
            // A configuration that is being edited may be broken for a while.
            terminal.error(&error.to_string());
        }
        terminal.note("watching for changes; Ctrl-C ends it");
        let _ = std::io::stdout().flush();
        if !next(&changes) {
            return Ok(());
        }
    }
}

/// Waits for a change and for the end of it.
fn next(changes: &Receiver<()>) -> bool {
    if changes.recv().is_err() {
        return false;
    }
    while changes.recv_timeout(PAUSE).is_ok() {}
    true
}

fn is_ours(path: &Path) -> bool {
    let suffix = path.extension().and_then(|suffix| suffix.to_str());
    matches!(suffix, Some("py" | "pyw" | "toml" | "cfg")) || path.ends_with(".gitignore")
}
