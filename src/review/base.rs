//! The files as they were before a change: what the diff names comes from the base commit, all
//! else, which the change leaves alone, from where the new side comes from.

use super::changes::Changes;
use super::git::Repository;
use super::tree::Tree;
use crate::engine::Files;
use crate::text::ReadError;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The old side of a change.
pub struct BaseFiles<'a> {
    tree: &'a Tree,
    head: &'a dyn Files,
    /// Keys of the base commit by shown path, for the files that the change touches.
    changed: BTreeMap<PathBuf, String>,
    paths: Vec<PathBuf>,
}

impl<'a> BaseFiles<'a> {
    /// `paths` are those of the new side, read through `head`; `tree` is the base commit.
    pub fn new(
        repository: &Repository,
        tree: &'a Tree,
        changes: &Changes,
        paths: &[PathBuf],
        head: &'a dyn Files,
    ) -> Self {
        let mut changed = BTreeMap::new();
        let mut all = BTreeSet::new();
        for path in paths {
            match repository.key(path).and_then(|key| changes.file(&key)) {
                None => {
                    all.insert(path.clone());
                }
                Some(file) => {
                    changed.extend(file.old.iter().map(|old| (repository.shown(old), old.clone())));
                }
            }
        }
        let gone = changes.deleted().iter().filter(|old| {
            Path::new(old).extension().is_some_and(|suffix| suffix == "py" || suffix == "pyw")
        });
        changed.extend(gone.map(|old| (repository.shown(old), old.clone())));
        changed.retain(|_, old| tree.contains(old));
        all.extend(changed.keys().cloned());
        Self { tree, head, changed, paths: all.into_iter().collect() }
    }

    /// The Python files of the old side, sorted.
    pub fn paths(&self) -> &[PathBuf] {
        &self.paths
    }
}

impl Files for BaseFiles<'_> {
    fn read(&self, path: &Path) -> Result<Vec<u8>, ReadError> {
        match self.changed.get(path) {
            Some(old) => self.tree.read(old),
            None => self.head.read(path),
        }
    }
}

/// All files of one commit, by the paths from the current folder.
#[derive(Debug)]
pub struct CommitFiles<'a> {
    /// The repository.
    pub repository: &'a Repository,
    /// The commit.
    pub tree: &'a Tree,
}

impl Files for CommitFiles<'_> {
    fn read(&self, path: &Path) -> Result<Vec<u8>, ReadError> {
        let key = self
            .repository
            .key(path)
            .ok_or_else(|| ReadError::Io("is not in the repository".into()))?;
        self.tree.read(&key)
    }
}
