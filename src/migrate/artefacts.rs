//! Files of the output folder: whole or not there, on the disk before the journal speaks of them.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

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

/// Writes a file under a temporary name, waits until it is on the disk and renames it, so that nobody
/// ever sees half of it. Missing folders are made. An equal file is left as it is.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
    let failed = |error: io::Error| format!("{}: {error}", path.display());
    if std::fs::read(path).is_ok_and(|present| present == bytes) {
        return Ok(());
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(failed)?;
    let mut file = tempfile::Builder::new().prefix(".part-").tempfile_in(folder).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    open_to_all(file.as_file()).map_err(failed)?;
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

/// Temporary files are private; reports are for everyone whom the folder lets in.
#[cfg(unix)]
fn open_to_all(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn open_to_all(_file: &File) -> io::Result<()> {
    Ok(())
}
