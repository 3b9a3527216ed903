//! Writes changed files: each at once or not at all, through links, with all that belongs to a file
//! kept. Files that one fix changes are written together. However many files there are, few are in
//! hand at a time.

use crate::disk::replace::{InPlace, Ready, ReplaceError, Replaced};
use crate::disk::staging::{self, Staging, Swept};
use crate::findings::{Change, FileError, Finding, Report};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Files that are prepared before the first of them is replaced. Room for so many new texts is all
/// that a run needs on the disk, and their folders are all that it keeps open.
const BATCH: usize = 32;

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

impl From<ReplaceError> for WriteError {
    fn from(error: ReplaceError) -> Self {
        match error {
            ReplaceError::Io(error) => Self::Io(error),
            ReplaceError::Changed => Self::ChangedMeanwhile,
        }
    }
}

/// What became of the changes of a report.
#[derive(Debug, Default)]
pub struct Written {
    /// Files that were not written, sorted by path.
    pub failed: Vec<FileError>,
    /// Files that were written themselves instead of being replaced, and why, sorted by path.
    pub in_place: Vec<(PathBuf, InPlace)>,
}

/// A new text that stands beside the file and only needs to take its place.
#[derive(Debug)]
pub struct Staged {
    ready: Ready,
    staging: Staging,
}

/// Writes one changed file.
pub fn write(change: &Change) -> Result<(), WriteError> {
    stage(change)?.commit()
}

/// Prepares the new text in the folder of the file (of the real file, if the path is a link).
pub fn stage(change: &Change) -> Result<Staged, WriteError> {
    let texts = Texts::of(change)?;
    let staging = Staging::new(texts.folder())?;
    Ok(Staged { ready: texts.ready(&staging)?, staging })
}

impl Staged {
    /// Puts the new text in the place of the file.
    pub fn commit(self) -> Result<(), WriteError> {
        Ok(self.ready.commit(&self.staging).map(drop)?)
    }
}

/// Removes what runs that were killed have left beside these files.
pub fn sweep<'p>(paths: impl Iterator<Item = &'p Path>) -> Swept {
    let mut folders = BTreeSet::new();
    for path in paths {
        let named = path.parent().unwrap_or(Path::new(""));
        folders
            .insert(if named.as_os_str().is_empty() { Path::new(".") } else { named }.to_owned());
        if path.is_symlink()
            && let Ok(real) = fs::canonicalize(path)
        {
            folders.extend(real.parent().map(Path::to_path_buf));
        }
    }
    staging::sweep(&folders)
}

/// Writes all changes of a report. A file that cannot be written keeps those as they were that its
/// fix changes, too, and no others.
pub fn write_all(report: &Report) -> Written {
    let mut written = Written::default();
    let mut batch: Vec<Vec<&Change>> = Vec::new();
    for group in groups(report) {
        batch.push(group);
        if batch.iter().map(Vec::len).sum::<usize>() >= BATCH {
            write_batch(&std::mem::take(&mut batch), &mut written);
        }
    }
    write_batch(&batch, &mut written);
    written.failed.sort();
    written.in_place.sort_by(|one, other| one.0.cmp(&other.0));
    written
}

/// The changes in groups that are written together: files of one fix, and of fixes that meet in a
/// file. Sorted by path.
fn groups(report: &Report) -> Vec<Vec<&Change>> {
    let mut group_of: BTreeMap<&Path, usize> = BTreeMap::new();
    for (number, change) in report.changes.iter().enumerate() {
        group_of.insert(&change.before.path, number);
    }
    for fix in report.fixed.iter().filter_map(Finding::fix) {
        let met: BTreeSet<usize> = fix
            .edits
            .iter()
            .filter_map(|edit| group_of.get(edit.path.as_path()).copied())
            .collect();
        if let Some(first) = met.first().filter(|_| met.len() > 1) {
            group_of.values_mut().filter(|group| met.contains(group)).for_each(|group| {
                *group = *first;
            });
        }
    }
    let mut groups: BTreeMap<usize, Vec<&Change>> = BTreeMap::new();
    for change in &report.changes {
        if let Some(group) = group_of.get(change.before.path.as_path()) {
            groups.entry(*group).or_default().push(change);
        }
    }
    groups.into_values().collect()
}

/// The bytes of a change, and the real file that they are for.
struct Texts {
    target: PathBuf,
    before: Vec<u8>,
    after: Vec<u8>,
}

impl Texts {
    fn of(change: &Change) -> Result<Self, WriteError> {
        let source = &change.before;
        Ok(Self {
            before: source.encode(&source.text).ok_or(WriteError::Unencodable)?,
            after: source.encode(&change.after).ok_or(WriteError::Unencodable)?,
            target: fs::canonicalize(&source.path)?,
        })
    }

    fn folder(&self) -> &Path {
        self.target.parent().unwrap_or(Path::new("."))
    }

    fn ready(self, staging: &Staging) -> Result<Ready, WriteError> {
        Ok(Ready::new(&self.target, self.before, &self.after, staging)?)
    }
}

/// A file of a batch that is ready.
struct Waiting<'c> {
    path: &'c Path,
    ready: Ready,
    after: Vec<u8>,
    folder: PathBuf,
}

fn write_batch(groups: &[Vec<&Change>], written: &mut Written) {
    let mut stagings: BTreeMap<PathBuf, Staging> = BTreeMap::new();
    let mut waiting: Vec<Vec<Waiting>> = Vec::new();
    for group in groups {
        let mut ready = Vec::new();
        let mut failed: Option<&Path> = None;
        for change in group {
            match prepare(change, &mut stagings) {
                Ok(one) => ready.push(one),
                Err(error) => {
                    failed.get_or_insert(&change.before.path);
                    written.failed.push(failure(&change.before.path, error.to_string()));
                }
            }
        }
        match failed {
            None => waiting.push(ready),
            Some(bad) => leave(ready.iter().map(|one| one.path), bad, written),
        }
    }
    for group in waiting {
        write_group(group, &stagings, written);
    }
}

fn prepare<'c>(
    change: &'c Change,
    stagings: &mut BTreeMap<PathBuf, Staging>,
) -> Result<Waiting<'c>, WriteError> {
    let texts = Texts::of(change)?;
    let folder = texts.folder().to_path_buf();
    if !stagings.contains_key(&folder) {
        stagings.insert(folder.clone(), Staging::new(&folder)?);
    }
    let after = texts.after.clone();
    let ready = texts.ready(&stagings[&folder])?;
    Ok(Waiting { path: &change.before.path, ready, after, folder })
}

/// Writes the files of one group, all or none.
fn write_group(group: Vec<Waiting>, stagings: &BTreeMap<PathBuf, Staging>, written: &mut Written) {
    let paths: Vec<&Path> = group.iter().map(|one| one.path).collect();
    // Most of what can go wrong is seen before the first file is replaced.
    let spoiled = group.iter().find_map(|one| Some((one.path, one.ready.check().err()?)));
    let mut done: Vec<(Replaced, Vec<u8>, &Staging)> = Vec::new();
    let mut failed = spoiled;
    let mut in_place = Vec::new();
    if failed.is_none() {
        for one in group {
            let staging = &stagings[&one.folder];
            in_place.extend(one.ready.in_place().map(|why| (one.path.to_path_buf(), why)));
            match one.ready.commit(staging) {
                Ok(replaced) => done.push((replaced, one.after, staging)),
                Err(error) => {
                    failed = Some((one.path, error));
                    break;
                }
            }
        }
    }
    let Some((bad, error)) = failed else {
        written.in_place.extend(in_place);
        return;
    };
    for (replaced, after, staging) in done {
        // What cannot be brought back was changed by somebody else just now.
        let _ = replaced.take_back(after, staging);
    }
    written.failed.push(failure(bad, WriteError::from(error).to_string()));
    leave(paths.into_iter().filter(|path| *path != bad), bad, written);
}

fn leave<'p>(paths: impl Iterator<Item = &'p Path>, bad: &Path, written: &mut Written) {
    written.failed.extend(paths.map(|path| {
        let words = format!(
            "is left as it was: its fix also changes {}, which cannot be written",
            bad.display()
        );
        failure(path, words)
    }));
}

fn failure(path: &Path, message: String) -> FileError {
    FileError { path: path.to_path_buf(), place: None, message }
}
