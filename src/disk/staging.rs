//! The folder in which new contents wait, beside the files that they are for. git ignores it, and
//! the next run finds and removes what a killed one has left.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs::{File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use tempfile::{NamedTempFile, TempDir, TempPath};

/// What the folders are called first.
pub const PREFIX: &str = ".spawnsafe-";
/// What they are called once they are done with: only the lock and the `.gitignore` may be left in them.
const DONE: &str = ".spawnsafe-done-";
/// Hides the folder from git: the first file that is made in it, and the last to go.
const HIDING: &str = ".gitignore";
/// What stands in it.
const HIDES_ALL: &str = "*\n";
/// Held by the run that works in the folder.
const LOCK: &str = "lock";
/// What brings back files that were being written themselves.
const UNDO: &str = "undo-";
/// A folder without a lock is one that is being made, unless it is older.
const MAKING: Duration = Duration::from_secs(60);
/// Two contents of the largest file, and their frame.
const MOST_BYTES: u64 = 1 << 30;

/// One folder, for the files of one folder.
#[derive(Debug)]
pub struct Staging {
    folder: TempDir,
    /// Open as long as the folder is in use.
    _lock: File,
}

impl Staging {
    /// Makes one in `parent`.
    pub fn new(parent: &Path) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(parent)?;
        match prepare(folder.path()) {
            Ok(lock) => Ok(Self { folder, _lock: lock }),
            Err(error) => {
                // Where no more files may be open, a folder cannot be listed to be removed: what is in it is known.
                let _ = remove_done(&folder.keep());
                Err(error)
            }
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A new file in it.
    pub(super) fn file(&self) -> io::Result<NamedTempFile> {
        tempfile::Builder::new().tempfile_in(self.folder.path())
    }

    /// Keeps what brings a file back; it goes when the result does.
    pub(super) fn undo(&self, undo: &Undo) -> io::Result<TempPath> {
        let mut part = self.file()?;
        part.write_all(&serde_json::to_vec(undo)?)?;
        part.as_file().sync_all()?;
        let (_, path) = part.into_parts();
        // A half-written one has another name, so it brings nothing back.
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let kept = self.folder.path().join(format!("{UNDO}{name}"));
        path.persist_noclobber(&kept).map_err(|error| error.error)?;
        TempPath::try_from_path(kept)
    }
}

/// Hides a new folder and locks it.
fn prepare(folder: &Path) -> io::Result<File> {
    std::fs::write(folder.join(HIDING), HIDES_ALL)?;
    let lock = File::create_new(folder.join(LOCK))?;
    match lock.try_lock() {
        // Some network file systems have no locks.
        Ok(()) | Err(TryLockError::Error(_)) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(io::ErrorKind::ResourceBusy.into()),
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // Where a folder with an open file cannot be renamed, it goes as it is.
        let _ = clear(self.folder.path());
    }
}

/// Removes a folder so that a kill leaves what the next run knows, and git does not see: what says whose it is goes last.
fn clear(staging: &Path) -> io::Result<()> {
    let rest = std::fs::read_dir(staging).into_iter().flatten().flatten();
    for entry in rest.filter(|entry| entry.file_name() != HIDING && entry.file_name() != LOCK) {
        // What cannot be removed here goes with the folder.
        let _ = std::fs::remove_file(entry.path());
    }
    let name = staging.file_name().unwrap_or_default().to_string_lossy();
    let done = staging.with_file_name(name.replacen(PREFIX, DONE, 1));
    std::fs::rename(staging, &done)?;
    remove_done(&done)
}

/// Removes a folder that is done with, so that git sees nothing of it and the next run knows what a kill has left.
fn remove_done(folder: &Path) -> io::Result<()> {
    for name in [LOCK, HIDING] {
        // A kill may have come between the two.
        let _ = std::fs::remove_file(folder.join(name));
    }
    std::fs::remove_dir(folder)
}

/// A file that is being written itself: what it held and what it is to hold.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Undo {
    /// The bytes of the file's name in the folder around the staging folder.
    name: Vec<u8>,
    before: Vec<u8>,
    after: Vec<u8>,
}

impl Undo {
    pub(super) fn new(target: &Path, before: &[u8], after: &[u8]) -> Self {
        let name = target.file_name().unwrap_or_default().as_encoded_bytes().to_vec();
        Self { name, before: before.to_vec(), after: after.to_vec() }
    }

    /// Whether a kill can have left this content: a beginning of the new, an end of the old one.
    fn is_torn(&self, present: &[u8]) -> bool {
        if present == self.before || present == self.after {
            return false;
        }
        let same = present.iter().zip(&self.after).take_while(|(one, other)| one == other).count();
        (0..=same).any(|at| {
            let end = self.before.get(at..).unwrap_or_default();
            present[at..] == *end
        })
    }
}

/// What a sweep did.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Folders that were removed.
    pub removed: usize,
    /// Files whose old content was brought back.
    pub restored: Vec<PathBuf>,
}

/// Removes what killed runs have left in `folders`, and brings half-written files back.
pub fn sweep(folders: &BTreeSet<PathBuf>) -> Swept {
    let mut swept = Swept::default();
    for folder in folders {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let ours = entry.file_name().to_string_lossy().starts_with(PREFIX);
            if ours && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                sweep_one(folder, &entry.path(), &mut swept);
            }
        }
    }
    swept
}

fn sweep_one(parent: &Path, staging: &Path, swept: &mut Swept) {
    if staging.file_name().is_some_and(|name| name.to_string_lossy().starts_with(DONE)) {
        swept.removed += usize::from(remove_done(staging).is_ok());
        return;
    }
    let lock = File::options().read(true).write(true).open(staging.join(LOCK));
    match &lock {
        Ok(lock) if lock.try_lock().is_ok() => {}
        // In use.
        Ok(_) => return,
        Err(_) => {
            let made = std::fs::metadata(staging).and_then(|metadata| metadata.modified());
            let age = made.ok().and_then(|made| SystemTime::now().duration_since(made).ok());
            // Without a lock it can only be one that was never used: what else is in it is not ours.
            if age.is_some_and(|age| age >= MAKING) {
                let hiding = staging.join(HIDING);
                if super::read(&hiding, MOST_BYTES)
                    .is_ok_and(|text| HIDES_ALL.as_bytes().starts_with(&text))
                {
                    let _ = std::fs::remove_file(hiding);
                }
                swept.removed += usize::from(std::fs::remove_dir(staging).is_ok());
            }
            return;
        }
    }
    for entry in std::fs::read_dir(staging).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(UNDO) {
            swept.restored.extend(restore(parent, &entry.path()));
        }
    }
    if clear(staging).is_ok() || std::fs::remove_dir_all(staging).is_ok() {
        swept.removed += 1;
    }
}

/// Brings one file back, if it is as a kill can have left it.
fn restore(parent: &Path, undo: &Path) -> Option<PathBuf> {
    let undo: Undo = serde_json::from_slice(&super::read(undo, MOST_BYTES).ok()?).ok()?;
    // The name may be somebody else's work: it names a file of this folder and follows no link.
    let name = super::path_of(&undo.name);
    let target = parent.join(name.file_name().filter(|file| name.as_os_str() == *file)?);
    if target.is_symlink() {
        return None;
    }
    let present = super::read(&target, MOST_BYTES).ok()?;
    if !undo.is_torn(&present) {
        return None;
    }
    super::replace::overwrite(&target, &undo.before).ok()?;
    Some(target)
}
