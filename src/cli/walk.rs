//! From the paths on the command line to a sorted list of Python files.

use crate::cli::config::Resolver;
use crate::cli::notebooks;
use crate::cli::read::plain;
use crate::disk;
use crate::findings::FileError;
pub(crate) use crate::output::plain::absolute;
use crate::text::source::MAX_BYTES;
use globset::{Glob, GlobSet, GlobSetBuilder};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex};

/// Folders that hold no source of the project: those of ruff.
pub(crate) const DEFAULT_EXCLUDE: &[&str] = &[
    ".bzr",
    ".direnv",
    ".eggs",
    ".git",
    ".git-rewrite",
    ".hg",
    ".ipynb_checkpoints",
    ".mypy_cache",
    ".nox",
    ".pants.d",
    ".pyenv",
    ".pytest_cache",
    ".pytype",
    ".ruff_cache",
    ".svn",
    ".tox",
    ".venv",
    ".vscode",
    "__pypackages__",
    "_build",
    "buck-out",
    "dist",
    "node_modules",
    "site-packages",
    "venv",
];

/// Patterns of excluded paths. A pattern without a slash is compared with each name, one with a
/// slash with the whole path and with the path from the pattern's folder.
#[derive(Debug, Clone, Default)]
pub(crate) struct Excluder {
    set: GlobSet,
}

impl Excluder {
    /// Compiles pairs of a pattern and the folder that a pattern with a slash starts from. Patterns
    /// were checked when they were read; one that does not compile with its folder names nothing.
    pub(crate) fn new<'p>(patterns: impl Iterator<Item = (&'p str, &'p Path)>) -> Self {
        let mut builder = GlobSetBuilder::new();
        for (pattern, base) in patterns {
            let pattern = pattern.trim_end_matches('/');
            let rooted = format!(
                "{}/{}",
                globset::escape(&base.to_string_lossy()),
                pattern.trim_start_matches("./")
            );
            let globs = [Glob::new(pattern), Glob::new(&rooted)];
            globs.into_iter().flatten().for_each(|glob| {
                builder.add(glob);
            });
        }
        Self { set: builder.build().unwrap_or_default() }
    }

    /// Whether `path` itself is named by a pattern; `absolute` is the same path from the root.
    pub(crate) fn excludes(&self, path: &Path, absolute: &Path) -> bool {
        path.file_name().is_some_and(|name| self.set.is_match(name))
            || self.set.is_match(path)
            || self.set.is_match(absolute)
    }
}

/// Whether the configuration around `path` leaves it out.
fn excludes(path: &Path, options: &WalkOptions) -> bool {
    let absolute = absolute(path, &options.cwd);
    let folder = absolute.parent().unwrap_or(&options.cwd);
    options.resolver.scope(folder).exclude.excludes(path, &absolute)
}

/// Whether `path` or a folder around it is left out.
pub(crate) fn excludes_any(path: &Path, options: &WalkOptions) -> bool {
    path.ancestors().any(|path| !path.as_os_str().is_empty() && excludes(path, options))
}

/// How to walk.
#[derive(Debug, Clone)]
pub(crate) struct WalkOptions {
    /// The current folder, absolute.
    pub(crate) cwd: PathBuf,
    /// Says what is left out in which folder.
    pub(crate) resolver: Arc<Resolver>,
    /// Whether named paths are left out, too.
    pub(crate) force_exclude: bool,
    /// Whether `.gitignore` and the like are ignored.
    pub(crate) no_respect_gitignore: bool,
    /// Threads for walking; 0 means one per core.
    pub(crate) threads: usize,
}

/// What a walk brought.
#[derive(Debug, Default)]
pub(crate) struct Walked {
    /// Python files, sorted, each once.
    pub(crate) files: Vec<PathBuf>,
    /// Paths named on the command line, as they appear in the report.
    pub(crate) named: BTreeSet<PathBuf>,
    /// Files around those that were named one by one: they are read for facts only.
    pub(crate) context: BTreeSet<PathBuf>,
    /// What could not be listed or found, sorted.
    pub(crate) errors: Vec<FileError>,
}

/// Walks `paths` (the current folder if there are none).
pub(crate) fn walk(paths: &[PathBuf], options: &WalkOptions) -> Walked {
    let mut walked = Walked::default();
    let mut files = BTreeSet::new();
    let here = [PathBuf::from(".")];
    for path in if paths.is_empty() { &here[..] } else { paths } {
        let shown = shown(path, &options.cwd);
        walked.named.insert(shown.clone());
        match std::fs::metadata(path) {
            Err(error) => walked.errors.push(FileError {
                path: shown,
                place: None,
                message: missing(path, &error),
            }),
            Ok(meta)
                if meta.is_dir() && !(options.force_exclude && excludes_any(&shown, options)) =>
            {
                walk_folder(path, options, None, &mut files, &mut walked.errors);
            }
            Ok(_) if is_left_out(&shown, options) => {}
            Ok(_) if notebooks::is_notebook(path) => {
                walked.errors.push(notebooks::refused(&shown));
            }
            Ok(_) => {
                files.insert(shown);
            }
        }
    }
    walked.files = without_duplicate_links(files);
    walked.errors.sort();
    walked.errors.dedup();
    walked
}

/// What marks the top folder of a project.
const ROOT_MARKS: &[&str] = &["pyproject.toml", "setup.py", "setup.cfg", ".git", "spawnsafe.toml"];

/// The folder around the packages that `folder` (absolute) is in: imports start from it.
fn above_packages(folder: &Path) -> &Path {
    folder.ancestors().find(|up| !up.join("__init__.py").exists()).unwrap_or(folder)
}

/// The top folder of the project that `folder` (absolute) belongs to; none if nothing marks one.
pub(crate) fn project_root(folder: &Path) -> Option<PathBuf> {
    let mut above = above_packages(folder).ancestors();
    above.find(|up| ROOT_MARKS.iter().any(|mark| up.join(mark).exists())).map(Path::to_path_buf)
}

/// The Python files around what is named: for a file that is named by itself (by an editor, by a hook), those of its
/// project, or of its folder where no project is to be seen; for a folder inside a package, the rest of the package.
/// They tell who imports what; nothing is reported in them.
pub(crate) fn context(walked: &Walked, options: &WalkOptions) -> BTreeSet<PathBuf> {
    let asked: BTreeSet<PathBuf> =
        walked.files.iter().map(|file| absolute(file, &options.cwd)).collect();
    let mut folders: BTreeMap<PathBuf, Option<usize>> = BTreeMap::new();
    for named in &walked.named {
        let path = absolute(named, &options.cwd);
        if path.is_dir() {
            let top = above_packages(&path);
            let package = path.ancestors().take_while(|up| *up != top).last();
            folders.extend(package.filter(|up| *up != path).map(|up| (up.to_path_buf(), None)));
        } else if asked.contains(&path) {
            let folder = path.parent().unwrap_or(&options.cwd);
            match project_root(folder) {
                Some(root) => folders.insert(root, None),
                None => folders.insert(folder.to_path_buf(), Some(1)),
            };
        }
    }
    let mut files = BTreeSet::new();
    for (folder, depth) in folders {
        // What cannot be listed here was not asked for: it is no error of this run.
        walk_folder(&folder, options, depth, &mut files, &mut Vec::new());
    }
    files.into_iter().filter(|file| !asked.contains(&absolute(file, &options.cwd))).collect()
}

/// Whether a file that is named is left out all the same: a stub, or excluded by force.
pub(crate) fn is_left_out(path: &Path, options: &WalkOptions) -> bool {
    is_stub(path) || (options.force_exclude && excludes_any(path, options))
}

fn missing(path: &Path, error: &std::io::Error) -> String {
    if path.is_symlink() {
        format!("is a symbolic link that leads nowhere ({})", plain(error))
    } else {
        format!("cannot be read: {}", plain(error))
    }
}

/// The path as it is shown: from the current folder where it lies below it, without `.` parts.
pub(crate) fn shown(path: &Path, cwd: &Path) -> PathBuf {
    let path = path.strip_prefix(cwd).unwrap_or(path);
    let clean: PathBuf =
        path.components().filter(|part| !matches!(part, Component::CurDir)).collect();
    if clean.as_os_str().is_empty() { PathBuf::from(".") } else { clean }
}

fn is_stub(path: &Path) -> bool {
    path.extension().is_some_and(|suffix| suffix.eq_ignore_ascii_case("pyi"))
}

fn walk_folder(
    folder: &Path,
    options: &WalkOptions,
    depth: Option<usize>,
    files: &mut BTreeSet<PathBuf>,
    errors: &mut Vec<FileError>,
) {
    let judges = !options.no_respect_gitignore;
    if judges && let Some(bad) = unreadable_rules(folder) {
        errors.push(refused_rules(&bad, &options.cwd));
        return;
    }
    // The rules of the folders above count, too.
    let absolute = absolute(folder, &options.cwd);
    let above = absolute.ancestors().skip(1).filter(|_| judges).find_map(unreadable_rules);
    errors.extend(above.iter().map(|bad| refused_rules(bad, &options.cwd)));
    let refused = Arc::new(Mutex::new(Vec::new()));
    let found = Mutex::new((Vec::new(), Vec::new()));
    // Reading the rules of the folders above would wait for ever.
    let obeys = judges && above.is_none();
    let mut builder = ignore::WalkBuilder::new(folder);
    builder
        .max_depth(depth)
        .standard_filters(!options.no_respect_gitignore)
        .hidden(false)
        .parents(obeys)
        .git_ignore(obeys)
        .git_exclude(obeys)
        .git_global(obeys)
        .require_git(false)
        .threads(options.threads);
    let filter = options.clone();
    // The folder named on the command line is walked whatever it is called.
    let told = refused.clone();
    builder.filter_entry(move |entry| {
        if entry.depth() > 0 && excludes(&shown(entry.path(), &filter.cwd), &filter) {
            return false;
        }
        let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
        let bad = if judges && is_folder { unreadable_rules(entry.path()) } else { None };
        if let (Some(bad), Ok(mut told)) = (&bad, told.lock()) {
            told.push(refused_rules(bad, &filter.cwd));
        }
        bad.is_none()
    });
    builder.build_parallel().run(|| {
        Box::new(|entry| {
            let (file, error) = match entry {
                Ok(entry) => judge(&entry, &options.cwd),
                Err(error) => (None, Some(unlisted(&error, folder, &options.cwd))),
            };
            // The lock is only poisoned if a thread panicked, and then the walk is over anyway.
            if let Ok(mut found) = found.lock() {
                found.0.extend(file);
                found.1.extend(error);
            }
            ignore::WalkState::Continue
        })
    });
    if let Ok((more, failed)) = found.into_inner() {
        files.extend(more);
        errors.extend(failed);
    }
    if let Ok(mut refused) = refused.lock() {
        errors.append(&mut refused);
    }
}

/// What says which files git ignores, in one folder.
const RULES: &[&str] = &[".gitignore", ".ignore", ".git/info/exclude"];

/// A file with such rules that cannot be read to its end: a pipe, a device, a link in a circle. The
/// walker would wait for it for ever.
fn unreadable_rules(folder: &Path) -> Option<PathBuf> {
    RULES.iter().map(|name| folder.join(name)).find(|path| match std::fs::metadata(path) {
        Ok(metadata) => {
            !metadata.is_dir() && disk::regular::judge(&metadata, MAX_BYTES as u64).is_err()
        }
        Err(error) => {
            path.is_symlink()
                && !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
        }
    })
}

fn refused_rules(path: &Path, cwd: &Path) -> FileError {
    let message = "is not a regular file; what it is about is left out".to_owned();
    FileError { path: shown(path, cwd), place: None, message }
}

/// The files that are links to others outside of all that was named. They are read, but they are not
/// the caller's to change.
pub(crate) fn leading_out(walked: &Walked, cwd: &Path) -> BTreeSet<PathBuf> {
    let real = |path: &Path| std::fs::canonicalize(cwd.join(path));
    let roots: Vec<PathBuf> = walked.named.iter().filter_map(|named| real(named).ok()).collect();
    let leads_out = |path: &&PathBuf| {
        path.is_symlink()
            && !walked.named.contains(*path)
            && real(path).is_ok_and(|real| !roots.iter().any(|root| real.starts_with(root)))
    };
    walked.files.iter().filter(leads_out).cloned().collect()
}

/// Whether an entry is a Python file, or a link with a Python suffix that leads nowhere.
fn judge(entry: &ignore::DirEntry, cwd: &Path) -> (Option<PathBuf>, Option<FileError>) {
    let path = entry.path();
    let Some(kind) = entry.file_type() else { return (None, None) };
    if kind.is_file() && notebooks::is_notebook(path) {
        let matters = notebooks::speaks_of_processes(path);
        return (None, matters.then(|| notebooks::refused(&shown(path, cwd))));
    }
    let suffix = path.extension().map(std::ffi::OsStr::to_ascii_lowercase);
    if kind.is_dir() || suffix.as_ref().is_some_and(|suffix| suffix != "py" && suffix != "pyw") {
        return (None, None);
    }
    if kind.is_symlink() {
        match std::fs::metadata(path) {
            Err(error) if suffix.is_some() => {
                return (
                    None,
                    Some(FileError {
                        path: shown(path, cwd),
                        place: None,
                        message: missing(path, &error),
                    }),
                );
            }
            Ok(meta) if meta.is_file() => {}
            Ok(meta) if suffix.is_some() && disk::regular::is_special(&meta) => {
                return (None, Some(irregular(path, cwd)));
            }
            _ => return (None, None),
        }
    } else if !kind.is_file() {
        return (None, suffix.map(|_| irregular(path, cwd)));
    }
    if suffix.is_some() || has_python_shebang(path) {
        (Some(shown(path, cwd)), None)
    } else {
        (None, None)
    }
}

/// A pipe, a socket or a device that is called like a source.
fn irregular(path: &Path, cwd: &Path) -> FileError {
    FileError { path: shown(path, cwd), place: None, message: "not a regular file".to_owned() }
}

/// Whether the first line is `#!…python…`, as in `#!/usr/bin/env python3`.
fn has_python_shebang(path: &Path) -> bool {
    let mut head = [0; 128];
    let Ok(mut file) = std::fs::File::open(path) else { return false };
    let Ok(length) = file.read(&mut head) else { return false };
    let line = head[..length].split(|byte| *byte == b'\n').next().unwrap_or_default();
    let Some(command) = line.strip_prefix(b"#!") else { return false };
    let command = String::from_utf8_lossy(command);
    command.split([' ', '\t', '/']).any(|word| {
        let rest =
            word.trim_end().strip_prefix("python").or_else(|| word.trim_end().strip_prefix("pypy"));
        rest.is_some_and(|version| {
            version.chars().all(|c| c.is_ascii_digit() || c == '.' || c == 't')
        })
    })
}

fn unlisted(error: &ignore::Error, folder: &Path, cwd: &Path) -> FileError {
    let mut path = folder;
    let mut inner = error;
    loop {
        inner = match inner {
            ignore::Error::WithPath { path: at, err } => {
                path = at;
                err
            }
            ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => err,
            _ => break,
        };
    }
    let message = match inner.io_error() {
        Some(error) => format!("cannot be read: {}", plain(error)),
        None => inner.to_string(),
    };
    FileError { path: shown(path, cwd), place: None, message }
}

/// Drops links to files that are in the list themselves, so that nothing is told or changed twice.
fn without_duplicate_links(files: BTreeSet<PathBuf>) -> Vec<PathBuf> {
    if !files.iter().any(|path| path.is_symlink()) {
        return files.into_iter().collect();
    }
    let mut by_real: BTreeMap<PathBuf, PathBuf> = BTreeMap::new();
    for path in files {
        let real = std::fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
        let replace = by_real.get(&real).is_none_or(|have| have.is_symlink() && !path.is_symlink());
        if replace {
            by_real.insert(real, path);
        }
    }
    let unique: BTreeSet<PathBuf> = by_real.into_values().collect();
    unique.into_iter().collect()
}
