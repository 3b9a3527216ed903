//! What would make git wait for ever or read without an end: pipes, devices and endless links in place of
//! the files that it opens by itself. git has no option against them, so such a repository is refused.

use super::place::Place;
use crate::disk;
use std::collections::BTreeSet;
use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};

/// Lists of other object folders that are larger are nobody's work.
const LIST_BYTES: u64 = 1 << 20;
/// As many object folders may borrow from each other.
const MANY_FOLDERS: usize = 64;

/// The first file of the repository that git would open and could not read to its end.
pub(super) fn find(place: &Place) -> io::Result<Option<PathBuf>> {
    let index = place.git_dir.join("index");
    if stalls(&index) {
        return Ok(Some(index));
    }
    let folders: BTreeSet<&Path> = [&*place.git_dir, &*place.common_dir].into();
    for folder in folders {
        if let Some(found) = below(&folder.join("refs"), &|_| true)
            .or_else(|| below(&folder.join("logs"), &|_| true))
        {
            return Ok(Some(found));
        }
    }
    if let Some(found) = objects(&place.common_dir.join("objects"))? {
        return Ok(Some(found));
    }
    // In every folder of the work tree git reads what is ignored there, and what files are called.
    Ok(place.work_tree.as_deref().and_then(|top| {
        below(top, &|path| {
            path.file_name().is_some_and(|name| name == ".gitignore" || name == ".gitattributes")
        })
    }))
}

/// The same in the folder of objects, and in those that it borrows from.
fn objects(own: &Path) -> io::Result<Option<PathBuf>> {
    let mut seen = BTreeSet::new();
    let mut waiting = vec![own.to_path_buf()];
    while let Some(folder) = waiting.pop() {
        if seen.len() == MANY_FOLDERS || !seen.insert(folder.clone()) {
            continue;
        }
        if let Some(found) = below(&folder, &|_| true) {
            return Ok(Some(found));
        }
        let list = folder.join("info/alternates");
        let bytes = match disk::read(&list, LIST_BYTES) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        // git also takes paths in quotes, with escapes; nobody writes them but who has something to hide.
        if lines.clone().any(|line| line.starts_with(b"\"")) {
            return Ok(Some(list));
        }
        waiting.extend(lines.map(|line| folder.join(disk::path_of(line))));
    }
    Ok(None)
}

/// The first such file below a folder among those that `is_read`. Links to folders are not followed, and
/// repositories inside are others.
fn below(folder: &Path, is_read: &dyn Fn(&Path) -> bool) -> Option<PathBuf> {
    let mut waiting = vec![folder.to_path_buf()];
    while let Some(folder) = waiting.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for entry in entries.flatten() {
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() {
                if entry.file_name() != ".git" {
                    waiting.push(entry.path());
                }
            } else if !kind.is_file() && is_read(&entry.path()) && stalls(&entry.path()) {
                return Some(entry.path());
            }
        }
    }
    None
}

/// Whether opening and reading it may take for ever; links are followed.
fn stalls(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata: Metadata| disk::regular::is_special(&metadata))
}
