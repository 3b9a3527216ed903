//! The door to the rules: a tree of files in, a report out.

use crate::engine::Files;
use crate::findings::{Fingerprint, Report};
use crate::text::ReadError;
use crate::text::source::MAX_BYTES;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What every pointer file of Git LFS starts with.
const LFS_POINTER: &[u8] = b"version https://git-lfs.github.com/spec/v1\n";

/// Finds and fixes in one tree. The command line's implementation walks the tree as `spawnsafe fix`
/// does and calls the engine.
pub trait Fixer: Sync {
    /// What the rules find in `tree` and what their fixes change, with paths relative to it; fixes
    /// of the findings in `skip` are left out. Nothing is written. The error is for what keeps the
    /// whole repository from being done, such as a broken configuration.
    fn fix(&self, tree: &Tree, skip: &BTreeSet<Fingerprint>) -> Result<Report, String>;
}

/// The files of a clone's work tree that git knows.
#[derive(Debug)]
pub struct Tree {
    /// The work tree, absolute.
    pub root: PathBuf,
    /// Regular files, relative to the root, sorted. What lies behind a symbolic link, in a
    /// submodule, or is unknown to git is not among them.
    pub files: BTreeSet<PathBuf>,
}

impl Files for Tree {
    fn read(&self, path: &Path) -> Result<Vec<u8>, ReadError> {
        let full = self.root.join(path);
        let failed = |error: std::io::Error| ReadError::Io(error.to_string());
        let meta = std::fs::symlink_metadata(&full).map_err(failed)?;
        if !meta.is_file() {
            return Err(ReadError::Io("not a regular file".into()));
        }
        if meta.len() > MAX_BYTES as u64 {
            return Err(ReadError::TooLarge(usize::try_from(meta.len()).unwrap_or(usize::MAX)));
        }
        let bytes = crate::disk::read(&full, MAX_BYTES as u64).map_err(failed)?;
        if bytes.starts_with(LFS_POINTER) {
            return Err(ReadError::Io(
                "it is a pointer of Git LFS, and its content was not fetched".into(),
            ));
        }
        Ok(bytes)
    }
}
