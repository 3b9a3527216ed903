//! Which configuration file holds for which folder: the nearest one above it.

use crate::cli::config::file::{self, ConfigError};
use crate::cli::config::formatter;
use crate::cli::config::scope::{Overrides, Scope};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Names of configuration files, the stronger first.
const NAMES: [&str; 2] = ["spawnsafe.toml", "pyproject.toml"];

/// Finds and joins configuration, once for each folder.
#[derive(Debug)]
pub(crate) struct Resolver {
    typed: Overrides,
    /// Without configuration files, or with the one that was named.
    fixed: Option<Arc<Scope>>,
    none: Arc<Scope>,
    /// The folder above which nothing is looked for.
    top: Option<PathBuf>,
    found: Mutex<Found>,
    lengths: Mutex<BTreeMap<PathBuf, Option<usize>>>,
}

#[derive(Debug, Default)]
struct Found {
    by_folder: BTreeMap<PathBuf, Arc<Scope>>,
    errors: BTreeSet<ConfigError>,
}

impl Resolver {
    /// Searches beside the sources, unless a file is named (`--config`) or none is wanted (`--isolated`).
    pub(crate) fn new(
        typed: Overrides,
        named: Option<&Path>,
        isolated: bool,
    ) -> Result<Self, ConfigError> {
        let none = Arc::new(Scope::new(None, &typed));
        let fixed = match named {
            Some(path) => {
                let missing = "has no [tool.spawnsafe] table".to_owned();
                let loaded = file::load(path)?.ok_or(ConfigError {
                    path: path.to_path_buf(),
                    place: String::new(),
                    message: missing,
                })?;
                let absolute = typed.cwd.join(path);
                Some(Arc::new(Scope::new(Some(file::Loaded { path: absolute, ..loaded }), &typed)))
            }
            None if isolated => Some(none.clone()),
            None => None,
        };
        Ok(Self {
            typed,
            fixed,
            none,
            top: None,
            found: Mutex::default(),
            lengths: Mutex::default(),
        })
    }

    /// The same, and files above `top` (absolute) do not count: they belong to somebody else.
    pub(crate) fn below(self, top: &Path) -> Self {
        Self { top: Some(top.to_path_buf()), ..self }
    }

    /// What holds for the files in `folder` (absolute).
    pub(crate) fn scope(&self, folder: &Path) -> Arc<Scope> {
        if let Some(fixed) = &self.fixed {
            return fixed.clone();
        }
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        let mut unknown = Vec::new();
        let mut scope = self.none.clone();
        for up in folder.ancestors() {
            if let Some(known) = found.by_folder.get(up) {
                scope = known.clone();
                break;
            }
            unknown.push(up.to_path_buf());
            if let Some(own) = self.load_in(up, &mut found.errors) {
                scope = own;
                break;
            }
            if self.top.as_deref() == Some(up) {
                break;
            }
        }
        found.by_folder.extend(unknown.into_iter().map(|folder| (folder, scope.clone())));
        scope
    }

    fn load_in(&self, folder: &Path, errors: &mut BTreeSet<ConfigError>) -> Option<Arc<Scope>> {
        NAMES.iter().map(|name| folder.join(name)).filter(|path| is_there(path)).find_map(|path| {
            match file::load(&path) {
                Ok(loaded) => Some(Arc::new(Scope::new(Some(loaded?), &self.typed))),
                Err(error) => {
                    errors.insert(error);
                    None
                }
            }
        })
    }

    /// The line length that ruff or black are told for the files in `folder` (absolute).
    pub(crate) fn formatter_length(&self, folder: &Path) -> Option<usize> {
        let mut known = self.lengths.lock().unwrap_or_else(PoisonError::into_inner);
        let mut unknown = Vec::new();
        let mut length = None;
        for up in folder.ancestors() {
            if let Some(found) = known.get(up) {
                length = *found;
                break;
            }
            unknown.push(up.to_path_buf());
            length = formatter::line_length(up);
            if length.is_some() || self.top.as_deref() == Some(up) {
                break;
            }
        }
        known.extend(unknown.into_iter().map(|folder| (folder, length)));
        length
    }

    /// What was wrong in the configuration files that were met.
    pub(crate) fn errors(&self) -> Vec<ConfigError> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner).errors.iter().cloned().collect()
    }

    /// All scopes that were met.
    pub(crate) fn scopes(&self) -> Vec<Arc<Scope>> {
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        let mut scopes: Vec<Arc<Scope>> = Vec::new();
        for scope in found.by_folder.values().chain(&self.fixed) {
            if !scopes.iter().any(|have| Arc::ptr_eq(have, scope)) {
                scopes.push(scope.clone());
            }
        }
        scopes
    }
}

/// Whether a file is there, or something in its place that is none: a pipe, a link in a circle.
/// Reading says what is wrong with it.
fn is_there(path: &Path) -> bool {
    match std::fs::metadata(path) {
        Ok(metadata) => !metadata.is_dir(),
        Err(error) => {
            !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
                && path.is_symlink()
        }
    }
}
