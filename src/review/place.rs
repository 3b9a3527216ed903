//! How the paths of findings become the paths of a diff.

use super::git::{Repository, relative_key};
use std::path::{Path, PathBuf};

/// What a diff's paths start from.
#[derive(Debug, Clone)]
pub enum Places {
    /// The top of a repository.
    Repository(Repository),
    /// The current folder (absolute), for a diff without git.
    Folder(PathBuf),
}

impl Places {
    /// The path as the diff has it. A file outside of the repository keeps its own path, which no diff has.
    pub fn key(&self, path: &Path) -> String {
        match self {
            Self::Repository(repository) => {
                repository.key(path).unwrap_or_else(|| path.to_string_lossy().into_owned())
            }
            Self::Folder(cwd) => relative_key(cwd, path),
        }
    }
}
