//! A repository seen through a git directory of our own: its objects, refs, index and files are
//! there, its configuration, hooks, attributes and remotes are not.
//!
//! git runs programs that a repository's configuration names in many places (filters, monitors,
//! credential helpers, transports, hooks, pagers, …), and every release may add one. So the
//! configuration is not overridden key by key: git never sees it.

use super::child::{self, Ended, Finished};
use super::environment::prepared;
use super::place::Place;
use super::settings::Settings;
use super::stalling;
use crate::disk;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;

/// Configuration and lists of patterns that are larger are nobody's work.
const TEXT_BYTES: u64 = 4 << 20;
/// The time in which git reads a configuration file.
const LIMIT: Duration = Duration::from_secs(60);

/// The git directory of our own; it goes when this does.
#[derive(Debug)]
pub struct Sealed {
    folder: TempDir,
    place: Place,
    bare: bool,
}

impl Sealed {
    /// Seals the repository at `place`; the git directory of our own lies in the system's temporary
    /// folder.
    pub fn new(place: Place) -> io::Result<Self> {
        Self::inside(place, tempfile::Builder::new().prefix("spawnsafe-git-").tempdir()?)
    }

    /// Seals the repository at `place`; the git directory of our own is `folder`.
    pub fn inside(place: Place, folder: TempDir) -> io::Result<Self> {
        if let Some(path) = stalling::find(&place)? {
            let error = io::Error::new(io::ErrorKind::InvalidInput, "not a regular file");
            return Err(named(&path, &error));
        }
        let inside = folder.path();
        std::fs::create_dir(inside.join("info"))?;
        std::fs::write(inside.join("config"), "")?;
        let (own, common) = (&place.git_dir, &place.common_dir);
        for name in ["refs", "packed-refs", "logs", "reftable"] {
            mirror(&common.join(name), &inside.join(name))?;
        }
        // HEAD, FETCH_HEAD, ORIG_HEAD and whatever else a revision may be called.
        for entry in std::fs::read_dir(own)?.flatten() {
            let name = entry.file_name();
            let text = name.to_string_lossy();
            if text.ends_with("HEAD") && text.bytes().all(|b| b.is_ascii_uppercase() || b == b'_') {
                copy(&entry.path(), &inside.join(&name))?;
            } else if text.starts_with("sharedindex.") {
                mirror(&entry.path(), &inside.join(&name))?;
            }
        }
        copy(&common.join("shallow"), &inside.join("shallow"))?;
        copy(&common.join("info/exclude"), &inside.join("info/exclude"))?;
        copy(&own.join("info/sparse-checkout"), &inside.join("info/sparse-checkout"))?;
        let mut sealed = Self { folder, place, bare: false };
        let settings = sealed.settings()?;
        let text = settings.text(sealed.place.work_tree.as_deref());
        std::fs::write(sealed.directory().join("config"), text)?;
        sealed.bare = settings.bare || sealed.place.work_tree.is_none();
        Ok(sealed)
    }

    /// Where the repository's parts are.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Whether the repository has no work tree, or says so.
    pub fn is_bare(&self) -> bool {
        self.bare
    }

    /// The git directory of our own.
    pub fn directory(&self) -> &Path {
        self.folder.path()
    }

    /// The repository's objects.
    pub fn objects(&self) -> PathBuf {
        self.place.common_dir.join("objects")
    }

    /// A git command on the repository, still without a verb.
    pub fn command(&self) -> Command {
        let mut command = prepared();
        command.env("GIT_DIR", self.directory()).env("GIT_OBJECT_DIRECTORY", self.objects());
        match &self.place.work_tree {
            Some(top) if !self.bare => {
                command.env("GIT_WORK_TREE", top).current_dir(top);
                command.env("GIT_INDEX_FILE", self.place.git_dir.join("index"));
            }
            _ => {
                command.current_dir(self.directory());
            }
        }
        command
    }

    /// What the repository's configuration says about its data.
    fn settings(&self) -> io::Result<Settings> {
        let mut settings = Settings::default();
        for path in
            [self.place.common_dir.join("config"), self.place.git_dir.join("config.worktree")]
        {
            let bytes = match disk::read(&path, TEXT_BYTES) {
                Ok(bytes) => bytes,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(named(&path, &error)),
            };
            let mut command = prepared();
            command.current_dir(self.directory()).env("GIT_DIR", self.directory()).args([
                "config",
                "--file",
                "-",
                "--no-includes",
                "--null",
                "--list",
            ]);
            let Finished { ended, stdout, stderr } = child::collect(&mut command, &bytes, LIMIT)?;
            if ended != Ended::Code(0) && !bytes.is_empty() {
                let words = String::from_utf8_lossy(&stderr).trim().replace('\n', "; ");
                return Err(named(&path, &io::Error::other(words)));
            }
            settings.take(&stdout);
        }
        Ok(settings)
    }
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// Takes a small file along, if it is there.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    match disk::read(from, TEXT_BYTES) {
        Ok(bytes) => std::fs::write(to, bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(named(from, &error)),
    }
}

/// Makes `to` stand for `from`, if that is a folder or a regular file. What is written below `to` is
/// written below `from`.
#[cfg(unix)]
fn mirror(from: &Path, to: &Path) -> io::Result<()> {
    match std::fs::metadata(from) {
        Ok(metadata) if disk::regular::is_special(&metadata) => {
            Err(named(from, &io::Error::new(io::ErrorKind::InvalidInput, "not a regular file")))
        }
        Ok(_) => std::os::unix::fs::symlink(from, to),
        Err(_) => Ok(()),
    }
}

/// Makes `to` the same as `from`. Links need rights that users of Windows do not have.
#[cfg(not(unix))]
fn mirror(from: &Path, to: &Path) -> io::Result<()> {
    let Ok(metadata) = std::fs::metadata(from) else { return Ok(()) };
    if !metadata.is_dir() {
        return std::fs::copy(from, to).map(drop);
    }
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)?.flatten() {
        mirror(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}
