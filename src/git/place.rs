//! Where a repository's parts are: its git directory, what linked work trees share, its files. Found
//! without git, because git believes what a repository's configuration says about that.

use crate::disk;
use std::io;
use std::path::{Path, PathBuf};

/// `.git` files and the like are one line.
const LINE_BYTES: u64 = 64 << 10;

/// The parts of a repository, absolute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The git directory of this work tree: `HEAD` and `index` are here.
    pub git_dir: PathBuf,
    /// What all work trees of the repository share: objects, refs, configuration.
    pub common_dir: PathBuf,
    /// The top of the files; none if the folder itself is the git directory.
    pub work_tree: Option<PathBuf>,
}

impl Place {
    /// The repository around `folder` (absolute), as git would search it.
    pub fn around(folder: &Path) -> io::Result<Option<Self>> {
        for up in folder.ancestors() {
            // A bare repository among the files is data of the one around it.
            if let Some(place) = Self::at(up)?.filter(|place| place.work_tree.is_some()) {
                return Ok(Some(place));
            }
        }
        Ok(None)
    }

    /// The repository whose top, or whose git directory, is `folder` (absolute).
    pub fn at(folder: &Path) -> io::Result<Option<Self>> {
        let dot = folder.join(".git");
        if let Ok(metadata) = std::fs::metadata(&dot) {
            let git_dir = if metadata.is_dir() { dot } else { linked(folder, &dot)? };
            if is_git_directory(&git_dir) {
                return Self::of(git_dir, Some(folder.to_path_buf())).map(Some);
            }
        }
        if is_git_directory(folder) {
            return Self::of(folder.to_path_buf(), None).map(Some);
        }
        Ok(None)
    }

    fn of(git_dir: PathBuf, work_tree: Option<PathBuf>) -> io::Result<Self> {
        let shared = git_dir.join("commondir");
        let common_dir =
            if shared.exists() { git_dir.join(first_line(&shared, "")?) } else { git_dir.clone() };
        Ok(Self { git_dir, common_dir, work_tree })
    }
}

/// What a `.git` file of a linked work tree or a submodule points at.
fn linked(folder: &Path, dot: &Path) -> io::Result<PathBuf> {
    Ok(folder.join(first_line(dot, "gitdir: ")?))
}

/// The path on the first line of a file, behind `before`.
fn first_line(path: &Path, before: &str) -> io::Result<PathBuf> {
    let bytes = disk::read(path, LINE_BYTES)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?;
    let line = bytes.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default();
    let named = line
        .strip_prefix(before.as_bytes())
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "not a file of git"))?;
    Ok(disk::path_of(named))
}

fn is_git_directory(folder: &Path) -> bool {
    let head = folder.join("HEAD");
    let shared = folder.join("commondir").is_file();
    (head.is_file() || head.is_symlink())
        && (shared || (folder.join("objects").is_dir() && folder.join("refs").is_dir()))
}
