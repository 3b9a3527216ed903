//! Files of the output folder: whole or not there, on the disk before the journal speaks of them.
//! The folder may be somebody else's: what is read there is a regular file, what is written there
//! stays inside.

use crate::disk;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};

/// Where things are in an output folder, relative to it.
pub(crate) mod place {
    /// The diffs, one a repository.
    pub(crate) const DIFFS: &str = "diffs";
    /// The patches, one a repository.
    pub(crate) const PATCHES: &str = "patches";
    /// The texts for pull requests, one a repository.
    pub(crate) const REQUESTS: &str = "requests";
    /// The kept clones.
    pub(crate) const CLONES: &str = "clones";
    /// What the project's own checks wrote. Not part of the result: it holds times and paths.
    pub(crate) const LOGS: &str = "logs";
}

/// No file of an output folder is larger.
pub(crate) const MOST_BYTES: u64 = 4 << 30;

/// Reads a file of an output folder, below a folder of it or at its top.
pub(crate) fn read(out: &Path, relative: &str) -> io::Result<Vec<u8>> {
    let path = inside(out, relative)?;
    if path.is_symlink() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "is a symbolic link"));
    }
    disk::read(&path, MOST_BYTES)
}

/// The place of a file of an output folder. A folder in it that is a link leads elsewhere.
pub(crate) fn inside(out: &Path, relative: &str) -> io::Result<PathBuf> {
    let refused = |words: &str| Err(io::Error::new(io::ErrorKind::InvalidInput, words.to_owned()));
    let relative = Path::new(relative);
    if !relative.components().all(|part| matches!(part, Component::Normal(_))) {
        return refused("leads out of the output folder");
    }
    let mut at = out.to_path_buf();
    for part in relative.parent().into_iter().flat_map(Path::components) {
        at.push(part);
        if at.is_symlink() {
            return refused("a folder on the way is a symbolic link");
        }
    }
    Ok(out.join(relative))
}

/// Writes a file of an output folder under a temporary name, waits until it is on the disk and
/// renames it, so that nobody ever sees half of it. Missing folders are made. An equal file is left
/// as it is. Who may read it, the user's umask says.
pub(crate) fn write(out: &Path, relative: &str, bytes: &[u8]) -> Result<(), String> {
    write_for(out, relative, bytes, 0o666)
}

/// As [`write`], for nobody but the user: what the run remembers is not for others.
pub(crate) fn write_private(out: &Path, relative: &str, bytes: &[u8]) -> Result<(), String> {
    write_for(out, relative, bytes, 0o600)
}

fn write_for(out: &Path, relative: &str, bytes: &[u8], mode: u32) -> Result<(), String> {
    let path = &inside(out, relative).map_err(|error| format!("{relative}: {error}"))?;
    let failed = |error: io::Error| format!("{}: {error}", path.display());
    if read(out, relative).is_ok_and(|present| present == bytes) {
        return Ok(());
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(failed)?;
    let mut builder = tempfile::Builder::new();
    let mut file = open_to(builder.prefix(".part-"), mode).tempfile_in(folder).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    sync_folder(folder);
    Ok(())
}

/// Replaces the content of a file of a work tree and keeps its mode. The new content is written in
/// `staging` first, where a kill may leave it and nobody takes it for a file of the work tree.
pub(crate) fn replace(path: &Path, bytes: &[u8], staging: &Path) -> io::Result<()> {
    let mode = std::fs::symlink_metadata(path)?.permissions();
    let staged = |folder: &Path| -> io::Result<tempfile::NamedTempFile> {
        let mut file = tempfile::Builder::new().prefix("spawnsafe-part-").tempfile_in(folder)?;
        file.write_all(bytes)?;
        file.as_file().set_permissions(mode.clone())?;
        file.as_file().sync_all()?;
        Ok(file)
    };
    match staged(staging)?.persist(path) {
        Ok(_) => Ok(()),
        // A git directory may lie on another file system than its work tree.
        Err(error) if error.error.kind() == io::ErrorKind::CrossesDevices => {
            staged(path.parent().unwrap_or(Path::new(".")))?
                .persist(path)
                .map(drop)
                .map_err(|error| error.error)
        }
        Err(error) => Err(error.error),
    }
}

/// Removes what [`replace`] may have left in `staging` when it was killed.
pub(crate) fn sweep_staging(staging: &Path) {
    for path in list(staging) {
        if path
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with("spawnsafe-part-"))
        {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Removes what an earlier run left half written.
pub(crate) fn sweep(folder: &Path) {
    for place in ["", place::DIFFS, place::PATCHES, place::REQUESTS] {
        let Ok(entries) = std::fs::read_dir(folder.join(place)) else { continue };
        for entry in entries.flatten() {
            if entry.file_name().to_string_lossy().starts_with(".part-") {
                // One that cannot be removed takes some room and does no harm.
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }
}

/// The names of the files of one of the folders, sorted.
pub(crate) fn list(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    paths.sort();
    paths
}

/// A rename is on the disk when its folder is.
fn sync_folder(folder: &Path) {
    if cfg!(unix)
        && let Ok(folder) = File::open(folder)
    {
        // Not every file system can; the file itself is safe by then.
        let _ = folder.sync_all();
    }
}

/// Temporary files are private unless they are asked not to be.
#[cfg(unix)]
fn open_to<'b, 'p, 's>(
    builder: &'b mut tempfile::Builder<'p, 's>,
    mode: u32,
) -> &'b mut tempfile::Builder<'p, 's> {
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(mode))
}

#[cfg(not(unix))]
fn open_to<'b, 'p, 's>(
    builder: &'b mut tempfile::Builder<'p, 's>,
    _mode: u32,
) -> &'b mut tempfile::Builder<'p, 's> {
    builder
}
