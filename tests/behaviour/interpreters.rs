//! Which Pythons there are.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The oldest version whose pickler the oracle can steer.
const OLDEST: (u32, u32) = (3, 8);
/// Where forkserver became the default, so the version that matters most.
const FIRST: (u32, u32) = (3, 14);

/// One interpreter.
#[derive(Debug, Clone)]
pub(crate) struct Interpreter {
    /// Its executable.
    pub(crate) path: PathBuf,
    /// Major and minor version.
    pub(crate) minor: (u32, u32),
    full: String,
}

impl Interpreter {
    /// As `3.14.10`.
    pub(crate) fn version(&self) -> String {
        self.full.clone()
    }
}

/// One interpreter of each minor version: 3.14 first, where forkserver became the default, then the newest first.
///
/// Each is looked for when it is asked for, since a version manager's stand-in takes a while to answer.
/// `SPAWNSAFE_PYTHONS` (paths with colons between) replaces the search.
pub(crate) fn find() -> impl Iterator<Item = Interpreter> {
    let mut seen = BTreeSet::new();
    candidates().into_iter().filter_map(move |(named, path)| {
        if named.is_some_and(|minor| seen.contains(&minor)) {
            return None;
        }
        probe(&path).filter(|interpreter| seen.insert(interpreter.minor))
    })
}

/// Programs that may be interpreters, the best first, with the version that their name promises.
fn candidates() -> Vec<(Option<(u32, u32)>, PathBuf)> {
    if let Some(given) = std::env::var_os("SPAWNSAFE_PYTHONS") {
        return std::env::split_paths(&given).map(|path| (None, path)).collect();
    }
    let next = std::env::var_os("SPAWNSAFE_PYTHON_NEXT")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join(".python-next"), PathBuf::from);
    let mut folders = vec![next.join("bin")];
    folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    folders.extend(pyenv_folders());
    let minors = (OLDEST.1..30).rev().filter(|minor| *minor != FIRST.1);
    let names = [FIRST.1].into_iter().chain(minors).map(Some).chain([None]);
    let in_folders = |minor: Option<u32>| {
        let name = minor.map_or("python3".to_owned(), |minor| format!("python3.{minor}"));
        let paths: Vec<PathBuf> = folders.iter().map(|folder| folder.join(&name)).collect();
        paths.into_iter().map(move |path| (minor.map(|minor| (3, minor)), path))
    };
    let mut all: Vec<_> = names.flat_map(in_folders).collect();
    all.retain(|(_, path)| path.exists());
    all
}

/// Where pyenv keeps its versions, which need not be on the path.
fn pyenv_folders() -> Vec<PathBuf> {
    let home = std::env::var_os("HOME").unwrap_or_default();
    let entries = std::fs::read_dir(Path::new(&home).join(".pyenv/versions"));
    let mut folders: Vec<PathBuf> = entries
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .collect();
    folders.sort();
    folders
}

/// Asks the program at `path` what it is; a version manager's stand-in answers with the real path.
fn probe(path: &Path) -> Option<Interpreter> {
    let code =
        "import sys; print(sys.executable, '.'.join(map(str, sys.version_info[:3])), sep='\\n')";
    let output = Command::new(path)
        .args(["-I", "-c", code])
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?;
    let (executable, full) = text.trim_end().split_once('\n')?;
    let mut numbers = full.split('.').map(|number| number.parse().ok());
    let minor = (numbers.next()??, numbers.next()??);
    (minor >= OLDEST).then(|| Interpreter {
        path: PathBuf::from(executable),
        minor,
        full: full.to_owned(),
    })
}
