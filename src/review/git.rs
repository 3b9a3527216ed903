//! The user's git, asked for diffs and for the files of other commits. It runs nothing of theirs:
//! no external diff, no text conversion, no file system monitor, no prompt.

use super::tree::Tree;
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Stdio};

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
    top: PathBuf,
    cwd: PathBuf,
}

impl Repository {
    /// The repository around `cwd`, which must be absolute.
    pub fn discover(cwd: &Path) -> Result<Self, GitError> {
        let mut command = git(cwd);
        command.args(["rev-parse", "--show-toplevel"]);
        let top = run(command, "rev-parse").map_err(|error| match error {
            GitError::Failed { message, .. } => GitError::NoRepository(message),
            other => other,
        })?;
        let top = String::from_utf8_lossy(&top);
        Ok(Self { top: PathBuf::from(top.trim_end_matches(['\n', '\r'])), cwd: cwd.to_path_buf() })
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
        Ok(Tree::new(self.git(), &listing))
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
        git(&self.top)
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

/// A git command in `folder` that neither asks nor writes nor runs a monitor.
fn git(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command
        .current_dir(folder)
        .env("LC_ALL", "C")
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("GIT_TERMINAL_PROMPT", "0");
    // These two would add to what `diff` prints or replace it.
    command.env_remove("GIT_EXTERNAL_DIFF").env_remove("GIT_DIFF_OPTS");
    command.args(["--no-pager", "-c", "core.fsmonitor=false", "-c", "core.quotePath=true"]);
    command.stdin(Stdio::null());
    command
}

fn run(mut command: Command, name: &str) -> Result<Vec<u8>, GitError> {
    let output = command.output().map_err(|error| GitError::Missing(error.to_string()))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let message = String::from_utf8_lossy(&output.stderr);
    let message = message.lines().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
    Err(GitError::Failed {
        command: name.to_owned(),
        message: message.trim_start_matches("fatal: ").to_owned(),
    })
}
