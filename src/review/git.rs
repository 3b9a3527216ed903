//! The user's git, asked for diffs and for the files of other commits. It runs nothing of theirs:
//! the repository's configuration stays out of its sight.

use super::tree::Tree;
use crate::git::child::{self, Ended};
use crate::git::{Place, Sealed};
use std::path::{Component, Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

/// One question to git takes no longer, even of the largest repositories.
const LIMIT: Duration = Duration::from_secs(600);

/// Why git could not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GitError {
    /// There is no git to run.
    #[error("git cannot be run ({0}); install it, or give the change as a file with --diff")]
    Missing(String),
    /// The current folder is in no repository.
    #[error("git finds no repository here: {0}")]
    NoRepository(String),
    /// A revision does not exist.
    #[error(
        "git knows no commit '{0}'; fetch it first (in CI, check out with the whole history: fetch-depth 0)"
    )]
    UnknownRevision(String),
    /// Two commits have no common ancestor in what was fetched.
    #[error(
        "'{0}' and '{1}' have no common ancestor in this clone; fetch more history (in CI: fetch-depth 0)"
    )]
    NoMergeBase(String, String),
    /// Anything else.
    #[error("git {command} failed: {message}")]
    Failed {
        /// The git command.
        command: String,
        /// What git said.
        message: String,
    },
}

/// A repository with its working tree.
#[derive(Debug, Clone)]
pub struct Repository {
    sealed: Arc<Sealed>,
    top: PathBuf,
    cwd: PathBuf,
}

impl Repository {
    /// The repository around `cwd`, which must be absolute.
    pub fn discover(cwd: &Path) -> Result<Self, GitError> {
        let none = |message: String| GitError::NoRepository(message);
        let place = Place::around(cwd).map_err(|error| none(error.to_string()))?;
        // Through a link the repository may be around the folder that is meant.
        let real = || Place::around(&std::fs::canonicalize(cwd).ok()?).ok().flatten();
        let place =
            place.or_else(real).ok_or_else(|| none("no folder above has a .git".to_owned()))?;
        let sealed = Sealed::new(place).map_err(|error| none(error.to_string()))?;
        let top = match &sealed.place().work_tree {
            // git names files from the real top.
            Some(top) if !sealed.is_bare() => {
                std::fs::canonicalize(top).map_err(|error| none(error.to_string()))?
            }
            _ => return Err(none("it has no work tree".to_owned())),
        };
        Ok(Self { sealed: Arc::new(sealed), top, cwd: cwd.to_path_buf() })
    }

    /// The full name of a commit.
    pub fn commit(&self, revision: &str) -> Result<String, GitError> {
        let mut command = self.git();
        command.args([
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            &format!("{revision}^{{commit}}"),
        ]);
        let name = run(command, "rev-parse").map_err(|error| match error {
            GitError::Failed { .. } => GitError::UnknownRevision(revision.to_owned()),
            other => other,
        })?;
        Ok(String::from_utf8_lossy(&name).trim().to_owned())
    }

    /// The commit from which `base` and `head` (names of commits) part.
    pub fn merge_base(&self, base: &str, head: &str) -> Result<String, GitError> {
        let (base_name, head_name) = (self.commit(base)?, self.commit(head)?);
        let mut command = self.git();
        command.args(["merge-base", &base_name, &head_name]);
        let name = run(command, "merge-base").map_err(|error| match error {
            GitError::Failed { .. } => GitError::NoMergeBase(base.to_owned(), head.to_owned()),
            other => other,
        })?;
        Ok(String::from_utf8_lossy(&name).trim().to_owned())
    }

    /// The unified diff from one commit to another, or to the working tree. Both are full names.
    pub fn diff(&self, from: &str, to: Option<&str>) -> Result<Vec<u8>, GitError> {
        let mut command = self.git();
        // Every setting that the user's configuration could change, so that hunks are those that
        // the platforms show.
        command.args([
            "diff",
            "--no-color",
            "--no-ext-diff",
            "--no-textconv",
            "--no-relative",
            "--find-renames",
            "--ignore-submodules",
        ]);
        command.args([
            "--unified=3",
            "--inter-hunk-context=0",
            "--diff-algorithm=myers",
            "--src-prefix=a/",
            "--dst-prefix=b/",
            "--end-of-options",
            from,
        ]);
        command.args(to).arg("--");
        run(command, "diff")
    }

    /// The files of a commit, given by its full name.
    pub fn tree(&self, commit: &str) -> Result<Tree, GitError> {
        let mut command = self.git();
        command.args(["ls-tree", "-r", "-z", "--full-tree", "--end-of-options", commit]);
        let listing = run(command, "ls-tree")?;
        Ok(Tree::new(self.git(), self.sealed.clone(), &listing))
    }

    /// The path of a file as git writes it (from the top of the repository, with slashes), if the
    /// file is in the repository. `path` is taken from the current folder.
    pub fn key(&self, path: &Path) -> Option<String> {
        let absolute = plain(&self.cwd.join(path));
        let inside = match absolute.strip_prefix(&self.top) {
            Ok(inside) => inside.to_path_buf(),
            // The current folder may be named through a symbolic link; git names the real one.
            Err(_) => std::fs::canonicalize(&self.cwd)
                .ok()
                .map(|cwd| plain(&cwd.join(path)))?
                .strip_prefix(&self.top)
                .ok()?
                .to_path_buf(),
        };
        Some(slashed(&inside))
    }

    /// The path from the current folder of a file that git calls `key`, as findings show it.
    pub fn shown(&self, key: &str) -> PathBuf {
        let absolute = self.top.join(key);
        let cwd = std::fs::canonicalize(&self.cwd).unwrap_or_else(|_| self.cwd.clone());
        absolute.strip_prefix(&cwd).map(Path::to_path_buf).unwrap_or(absolute)
    }

    fn git(&self) -> Command {
        let mut command = self.sealed.command();
        command.args(["-c", "core.quotePath=true"]);
        command
    }
}

/// The path of a file below the current folder as a diff writes it, with slashes and without `.`.
pub fn relative_key(cwd: &Path, path: &Path) -> String {
    let absolute = plain(&cwd.join(path));
    slashed(absolute.strip_prefix(cwd).unwrap_or(&absolute))
}

/// The path without `.` and `..`, as far as that can be told from its text.
fn plain(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}

fn slashed(path: &Path) -> String {
    let parts: Vec<String> =
        path.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
    parts.join("/")
}

fn run(mut command: Command, name: &str) -> Result<Vec<u8>, GitError> {
    let finished = child::collect(&mut command, &[], LIMIT)
        .map_err(|error| GitError::Missing(error.to_string()))?;
    let failed = |message: &str| GitError::Failed {
        command: name.to_owned(),
        message: message.trim_start_matches("fatal: ").to_owned(),
    };
    match finished.ended {
        Ended::Code(0) => Ok(finished.stdout),
        Ended::TimedOut => Err(failed(&format!("it took longer than {} s", LIMIT.as_secs()))),
        Ended::Code(_) | Ended::Signal => {
            let message = String::from_utf8_lossy(&finished.stderr);
            let line = message.lines().find(|line| !line.trim().is_empty());
            Err(failed(line.unwrap_or("it said nothing")))
        }
    }
}
