//! `check --add-ignore`: comments that switch all present findings off.

use crate::cli::exit::Exit;
use crate::cli::settings::{Settings, UsageError};
use crate::engine::suppress;
use crate::findings::{Change, Report};
use crate::output::{text, write};
use crate::syntax;
use std::collections::BTreeMap;
use std::path::Path;

/// Writes the comments, with `reason` behind each.
pub(crate) fn run(report: &Report, reason: &str, settings: &Settings) -> Result<Exit, UsageError> {
    if reason.contains(['\n', '\r', '#']) {
        return Err(UsageError::Option {
            option: "--add-ignore",
            message: "the reason must be one line without '#'".into(),
        });
    }
    if settings.disk.stdin.is_some() {
        return Err(UsageError::Option {
            option: "--add-ignore",
            message: "standard input cannot be changed; name a file".into(),
        });
    }
    let mut by_path: BTreeMap<&Path, Vec<(u32, &'static str)>> = BTreeMap::new();
    for finding in &report.findings {
        by_path
            .entry(&finding.location.path)
            .or_default()
            .push((finding.location.span.start, finding.code));
    }
    let (mut done, mut failed) = (0, report.errors.len());
    for (path, found) in &by_path {
        let Some(source) = report.sources.get(*path) else { continue };
        let tree = syntax::parse(&source.text).tree;
        let after = suppress::ignore_edits(source, &tree, found, reason).apply(&source.text);
        match write::write(&Change { before: source.clone(), after }) {
            Ok(()) => done += 1,
            Err(error) => {
                failed += 1;
                settings.terminal.error(&format!("{}: {error}", path.display()));
            }
        }
    }
    settings.terminal.note(&format!(
        "{} switched off in {}",
        text::count(report.findings.len(), "finding"),
        text::count(done, "file")
    ));
    Ok(if failed > 0 { Exit::Usage } else { Exit::Done })
}
