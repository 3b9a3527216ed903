//! From where the engine sees the files: what a module is called is told by the folders around the
//! file, so the engine is given paths from the root of its project, whatever the current folder is.

use crate::cli::walk::{absolute, project_root};
use crate::engine::evidence::{Observation, Spot};
use crate::engine::{self, Files, Options};
use crate::facts::FileFacts;
use crate::findings::{Fingerprint, Report};
use crate::text::ReadError;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The folder that the engine's paths start from, and how they are shown to people.
#[derive(Debug, Clone)]
pub(crate) struct Base {
    /// Absolute.
    folder: PathBuf,
    /// The current folder, absolute.
    cwd: PathBuf,
    /// The paths that were typed, absolute and as they are shown.
    typed: Vec<(PathBuf, PathBuf)>,
}

impl Base {
    /// The nearest folder that holds the projects of all `typed` paths (as they are shown). Without a
    /// mark of a project any folder above may be the one that imports start from: then it is the root.
    pub(crate) fn new<'p>(typed: impl Iterator<Item = &'p PathBuf>, cwd: &Path) -> Self {
        let typed: Vec<(PathBuf, PathBuf)> =
            typed.map(|shown| (absolute(shown, cwd), shown.clone())).collect();
        let roots = typed.iter().map(|(path, _)| {
            let folder = if path.is_dir() { path } else { path.parent().unwrap_or(path) };
            project_root(folder)
                .unwrap_or_else(|| folder.ancestors().last().unwrap_or(folder).to_path_buf())
        });
        let folder = roots.reduce(|one, other| shared_folder(&one, &other));
        Self { folder: folder.unwrap_or_else(|| cwd.to_path_buf()), cwd: cwd.to_path_buf(), typed }
    }

    /// What `check` finds in `paths`, which are read through `files`; all paths are shown ones.
    pub(crate) fn check(&self, paths: &[PathBuf], files: &dyn Files, options: &Options) -> Report {
        self.check_again(paths, files, options, Vec::new()).0
    }

    /// As [`check`](Self::check), with the facts of files that are as they were, and those for the next time; the paths
    /// of facts are the engine's.
    pub(crate) fn check_again(
        &self,
        paths: &[PathBuf],
        files: &dyn Files,
        options: &Options,
        known: Vec<Arc<FileFacts>>,
    ) -> (Report, Vec<Arc<FileFacts>>) {
        let files = Shown { base: self, files };
        let (mut report, facts) =
            engine::check_again(&self.inside(paths), &files, &self.options(options), known);
        report.rename(&|path| self.shown(path));
        (report, facts)
    }

    /// As [`check`](Self::check), with all fixes that the options allow.
    pub(crate) fn fix(&self, paths: &[PathBuf], files: &dyn Files, options: &Options) -> Report {
        let files = Shown { base: self, files };
        let mut report = engine::fix(&self.inside(paths), &files, &self.options(options));
        report.rename(&|path| self.shown(path));
        report
    }

    fn inside(&self, paths: &[PathBuf]) -> Vec<PathBuf> {
        let unique: BTreeSet<PathBuf> = paths.iter().map(|path| self.inner(path)).collect();
        unique.into_iter().collect()
    }

    /// The path from the engine's folder.
    pub(crate) fn inner(&self, shown: &Path) -> PathBuf {
        let absolute = absolute(shown, &self.cwd);
        match absolute.strip_prefix(&self.folder) {
            Ok(inside) => inside.to_path_buf(),
            Err(_) => absolute,
        }
    }

    /// The path as it was typed or walked, from a path of the engine.
    pub(crate) fn shown(&self, inner: &Path) -> PathBuf {
        let path = self.folder.join(inner);
        let below = |folder: &PathBuf| path.strip_prefix(folder).ok().map(Path::to_path_buf);
        let typed = self.typed.iter().filter_map(|(folder, shown)| Some((shown, below(folder)?)));
        match typed.min_by_key(|(_, rest)| rest.components().count()) {
            Some((shown, rest)) if rest.as_os_str().is_empty() => shown.clone(),
            Some((shown, rest)) if shown != Path::new(".") => shown.join(rest),
            Some((_, rest)) => rest,
            None => below(&self.cwd).unwrap_or(path),
        }
    }

    fn options(&self, options: &Options) -> Options {
        let inner = |paths: &BTreeSet<PathBuf>| paths.iter().map(|path| self.inner(path)).collect();
        let skip = options
            .skip
            .iter()
            .map(|one| Fingerprint { path: Arc::new(self.inner(&one.path)), ..one.clone() });
        let spot = |spot: &Spot| Spot { path: self.inner(&spot.path), line: spot.line };
        let observed = options.observed.iter().map(|seen| Observation {
            definition: spot(&seen.definition),
            call: spot(&seen.call),
            ..seen.clone()
        });
        Options {
            observed: observed.collect(),
            context: inner(&options.context),
            named: inner(&options.named),
            files: options
                .files
                .iter()
                .map(|(path, own)| (self.inner(path), own.clone()))
                .collect(),
            skip: skip.collect(),
            ..options.clone()
        }
    }
}

/// The deepest folder that both are in.
pub(crate) fn shared_folder(one: &Path, other: &Path) -> PathBuf {
    one.ancestors().find(|folder| other.starts_with(folder)).unwrap_or(Path::new("")).to_path_buf()
}

/// Files by the engine's paths.
struct Shown<'f> {
    base: &'f Base,
    files: &'f dyn Files,
}

impl Files for Shown<'_> {
    fn read(&self, path: &Path) -> Result<Vec<u8>, ReadError> {
        self.files.read(&self.base.shown(path))
    }
}
