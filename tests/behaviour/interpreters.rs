//! Which Pythons there are.

use std::collections::BTreeMap;
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
/// `SPAWNSAFE_PYTHONS` (paths with colons between) replaces the search.
pub(crate) fn find() -> Vec<Interpreter> {
    let mut found: BTreeMap<(u32, u32), Interpreter> = BTreeMap::new();
    for path in candidates() {
        if let Some(interpreter) = probe(&path) {
            found.entry(interpreter.minor).or_insert(interpreter);
        }
    }
    let mut all: Vec<Interpreter> = found.into_values().rev().collect();
    all.sort_by_key(|interpreter| interpreter.minor != FIRST);
    all
}

fn candidates() -> Vec<PathBuf> {
    if let Some(given) = std::env::var_os("SPAWNSAFE_PYTHONS") {
        return std::env::split_paths(&given).collect();
    }
    let next = std::env::var_os("SPAWNSAFE_PYTHON_NEXT")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join(".python-next"), PathBuf::from);
    let names: Vec<String> = (OLDEST.1..30)
        .rev()
        .map(|minor| format!("python3.{minor}"))
        .chain(["python3".to_owned()])
        .collect();
    let mut folders = vec![next.join("bin")];
    folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    let mut paths: Vec<PathBuf> =
        folders.iter().flat_map(|folder| names.iter().map(move |name| folder.join(name))).collect();
    if let Some(home) = std::env::var_os("HOME")
        && let Ok(versions) = std::fs::read_dir(Path::new(&home).join(".pyenv/versions"))
    {
        let mut versions: Vec<PathBuf> =
            versions.filter_map(|entry| Some(entry.ok()?.path().join("bin/python3"))).collect();
        versions.sort();
        paths.extend(versions);
    }
    paths.retain(|path| path.exists());
    paths
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
