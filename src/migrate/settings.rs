//! What a run does with each repository. Everything here changes results, so it is hashed; what
//! does not (jobs, folders, time limits of git) is kept apart in [`Running`].

use super::source::digest;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::time::Duration;

/// The form in which a repository's changes are left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Delivery {
    /// A branch with one commit: in the repository itself if it is a directory, else in a clone
    /// that is kept in the output folder.
    Branch,
    /// A file for `git am` in the output folder; no repository is touched.
    Patch,
    /// The changed files in the work tree, not committed.
    Worktree,
}

/// Which clones stay in the output folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeepClones {
    /// Those that hold the result: clones of URLs delivered as a branch or a work tree.
    Results,
    /// Those of all repositories with changes.
    Changed,
    /// All.
    All,
}

/// Who commits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Author {
    /// The full name.
    pub name: String,
    /// The mail address.
    pub email: String,
}

/// The project's own check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// A shell command, run in the root of a clone.
    pub command: String,
    /// The time limit of one run, in seconds.
    pub seconds: u64,
    /// How often it may run for one repository.
    pub runs: usize,
}

/// What a run does with each repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// How changes are left.
    pub delivery: Delivery,
    /// The branch's name.
    pub branch: String,
    /// The commit message, with placeholders (see [`super::message`]).
    pub message: String,
    /// Who commits.
    pub author: Author,
    /// The commits' date in a form that git reads; `None` takes that of the commit they build on,
    /// so that the same input gives the same commit.
    pub date: Option<String>,
    /// The project's own check.
    pub check: Option<Check>,
    /// Which clones stay.
    pub keep_clones: KeepClones,
    /// Whether a work tree with files that git does not know counts as clean.
    pub allow_untracked: bool,
    /// What the rules are asked to do, as the command line understands it.
    pub rules: serde_json::Value,
}

impl Settings {
    /// The hash of settings and tool version: results with the same one come from the same run.
    pub fn configuration(&self) -> String {
        let text = serde_json::to_string(self).unwrap_or_default();
        digest(&format!("{}\n{text}", env!("CARGO_PKG_VERSION")), 16)
    }
}

/// How a run is carried out; no result depends on it.
#[derive(Debug, Clone)]
pub struct Running {
    /// The output folder.
    pub out: PathBuf,
    /// Where clones are made; `None` for a folder inside `out`.
    pub work: Option<PathBuf>,
    /// How many repositories at a time, at least 1.
    pub jobs: usize,
    /// The time limit of one git command.
    pub git_limit: Duration,
    /// How often a fetch is tried again after it failed.
    pub retries: usize,
    /// Whether repositories that failed in an earlier run of this folder are tried again.
    pub retry_failed: bool,
    /// Why repositories are to be recorded as failed, without a look at them. For engines that run
    /// spawnsafe and know that they cannot.
    pub give_up: Option<String>,
    /// Whether the summary says how long the run took.
    pub timings: bool,
}

impl Running {
    /// The folder of the clones of this run.
    pub fn work_folder(&self) -> PathBuf {
        self.work.clone().unwrap_or_else(|| self.out.join("work"))
    }
}
