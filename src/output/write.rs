//! Writes changed files: each at once or not at all, through links, with mode and encoding kept.

use crate::findings::{Change, FileError, Finding, Report};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// Why a file was not written. The file is then as it was.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The operating system refused.
    #[error("cannot be written: {0}")]
    Io(#[from] io::Error),
    /// Somebody changed it between reading and writing.
    #[error("was changed by another program while spawnsafe worked; run spawnsafe again")]
    ChangedMeanwhile,
    /// The new text has characters that the file's encoding lacks.
    #[error("cannot hold the new text in its encoding; convert it to UTF-8 first")]
    Unencodable,
}

/// A new text that stands beside the file and only needs to take its place.
#[derive(Debug)]
pub struct Staged {
    target: PathBuf,
    expected: Vec<u8>,
    file: NamedTempFile,
}

/// Writes one changed file.
pub fn write(change: &Change) -> Result<(), WriteError> {
    stage(change)?.commit()
}

/// Writes all changes of a report and gives the files that could not be written. All new texts are
/// staged before the first file is replaced, so that most failures leave everything as it was.
/// Files that one fix changes are written together or not at all.
pub fn write_all(report: &Report) -> Vec<FileError> {
    let mut staged = BTreeMap::new();
    let mut failed = BTreeMap::new();
    for change in &report.changes {
        match stage(change) {
            Ok(ready) => drop(staged.insert(change.before.path.as_path(), ready)),
            Err(error) => drop(failed.insert(change.before.path.as_path(), error.to_string())),
        }
    }
    let fixes = report.fixed.iter().filter_map(Finding::fix);
    let together: Vec<BTreeSet<&Path>> =
        fixes.map(|fix| fix.edits.iter().map(|edit| edit.path.as_path()).collect()).collect();
    while let Some((path, other)) = partner_of_failed(&together, &staged, &failed) {
        staged.remove(path);
        failed.insert(
            path,
            format!(
                "is left as it was: its fix also changes {}, which cannot be written",
                other.display()
            ),
        );
    }
    for (path, ready) in staged {
        if let Err(error) = ready.commit() {
            failed.insert(path, error.to_string());
        }
    }
    failed
        .into_iter()
        .map(|(path, message)| FileError { path: path.to_path_buf(), place: None, message })
        .collect()
}

/// A file that is ready, and one that a fix changes with it and that failed.
fn partner_of_failed<'p>(
    together: &[BTreeSet<&'p Path>],
    staged: &BTreeMap<&'p Path, Staged>,
    failed: &BTreeMap<&'p Path, String>,
) -> Option<(&'p Path, &'p Path)> {
    together.iter().find_map(|group| {
        let bad = group.iter().find(|path| failed.contains_key(*path))?;
        let ready = group.iter().find(|path| staged.contains_key(*path))?;
        Some((*ready, *bad))
    })
}

/// Prepares the new text in the folder of the file (of the real file, if the path is a link).
pub fn stage(change: &Change) -> Result<Staged, WriteError> {
    let before = &change.before;
    let expected = before.encode(&before.text).ok_or(WriteError::Unencodable)?;
    let bytes = before.encode(&change.after).ok_or(WriteError::Unencodable)?;
    let target = fs::canonicalize(&before.path)?;
    unchanged(&target, &expected)?;
    // A rename needs no right to the file itself, so a file that is closed to writing is asked first.
    fs::OpenOptions::new().append(true).open(&target)?;
    let folder = target.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".spawnsafe-").tempfile_in(folder)?;
    file.write_all(&bytes)?;
    file.as_file().set_permissions(fs::metadata(&target)?.permissions())?;
    file.as_file().sync_all()?;
    Ok(Staged { target, expected, file })
}

impl Staged {
    /// Puts the new text in the place of the file.
    pub fn commit(self) -> Result<(), WriteError> {
        unchanged(&self.target, &self.expected)?;
        self.file.persist(&self.target).map_err(|error| WriteError::Io(error.error))?;
        Ok(())
    }
}

fn unchanged(target: &Path, expected: &[u8]) -> Result<(), WriteError> {
    if fs::read(target)? == expected { Ok(()) } else { Err(WriteError::ChangedMeanwhile) }
}
