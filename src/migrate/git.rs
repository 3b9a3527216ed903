//! The user's git, run so that it asks nothing, starts no hooks and changes nothing by itself.
//!
//! In repositories of the user, and for everything that goes over a network, git keeps the user's
//! configuration: credentials, proxies and trust live there. In the clones that a run makes for
//! itself it sees none, so that results do not depend on whose machine it is.

use super::child::{self, Ended};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Variables that would point git at another repository than the one meant, or change its output.
const FOREIGN: &[&str] = &[
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
    "GIT_CEILING_DIRECTORIES",
    "GIT_LITERAL_PATHSPECS",
    "GIT_GLOB_PATHSPECS",
    "GIT_NOGLOB_PATHSPECS",
    "GIT_ICASE_PATHSPECS",
    "GIT_EXTERNAL_DIFF",
    "GIT_DIFF_OPTS",
    "GIT_TEMPLATE_DIR",
    "GIT_QUARANTINE_PATH",
    "GIT_SHALLOW_FILE",
    "GIT_GRAFT_FILE",
    "GIT_REPLACE_REF_BASE",
];

/// Settings that hold for every command: no hook or monitor of a repository runs, nothing is cleaned
/// up in the background.
const ALWAYS: &[&str] = &[
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.logAllRefUpdates=false",
    "core.quotePath=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "submodule.recurse=false",
    "fetch.recurseSubmodules=false",
    "advice.detachedHead=false",
    "diff.noprefix=false",
    "diff.mnemonicPrefix=false",
    "core.useReplaceRefs=false",
];

/// Whose repository a command works on.
#[derive(Debug, Clone, Copy)]
pub(crate) enum On<'a> {
    /// No repository yet (`clone`), or one of the user's: the user's configuration counts.
    Users(Option<&'a Path>),
    /// A clone that this run has made.
    Own(&'a Path),
}

/// How git is run.
#[derive(Debug, Clone)]
pub(crate) struct Git {
    /// The time limit of one command.
    pub(crate) limit: Duration,
    /// What must not appear in messages, and what stands for it: passwords, folders of this run.
    hidden: Vec<(String, &'static str)>,
}

impl Git {
    /// Commands may take `limit` each.
    pub(crate) fn new(limit: Duration) -> Self {
        Self { limit, hidden: Vec::new() }
    }

    /// The same, and messages show `shown` for `secret`.
    pub(crate) fn hiding(&self, secret: &str, shown: &'static str) -> Self {
        let mut git = self.clone();
        if !secret.is_empty() {
            git.hidden.push((secret.to_owned(), shown));
        }
        git
    }

    /// Runs git and returns its standard output; the error is git's own last words, in one line.
    pub(crate) fn run(&self, on: On, args: &[&str]) -> Result<Vec<u8>, String> {
        self.feed(on, args, &[], &[])
    }

    /// As [`run`](Self::run), as text without the last newline.
    pub(crate) fn text(&self, on: On, args: &[&str]) -> Result<String, String> {
        let bytes = self.run(on, args)?;
        Ok(String::from_utf8_lossy(&bytes).trim_end_matches('\n').to_owned())
    }

    /// As [`run`](Self::run), with a standard input and further variables.
    pub(crate) fn feed(
        &self,
        on: On,
        args: &[&str],
        input: &[u8],
        env: &[(&str, &str)],
    ) -> Result<Vec<u8>, String> {
        let mut command = prepared(on);
        command.args(args).envs(env.iter().copied());
        let verb = args.iter().find(|arg| !arg.starts_with('-')).copied().unwrap_or("git");
        let finished = child::collect(&mut command, input, self.limit).map_err(|error| {
            format!("git cannot be started: {error}; is it installed and on the PATH?")
        })?;
        match finished.ended {
            Ended::Code(0) => Ok(finished.stdout),
            Ended::TimedOut => Err(format!(
                "git {verb} took longer than {} s and was ended (--git-timeout)",
                self.limit.as_secs()
            )),
            Ended::Code(_) | Ended::Signal => {
                Err(format!("git {verb}: {}", self.words(&finished.stderr)))
            }
        }
    }

    /// Git's complaint in one line, without what is nobody's business.
    fn words(&self, stderr: &[u8]) -> String {
        let text = String::from_utf8_lossy(stderr);
        let lines: Vec<&str> = text
            .lines()
            .map(str::trim)
            .filter(|line| {
                !line.is_empty() && !line.starts_with("Cloning into") && !line.starts_with("hint:")
            })
            .collect();
        let told: Vec<&str> = lines
            .iter()
            .copied()
            .filter(|line| line.starts_with("fatal:") || line.starts_with("error:"))
            .collect();
        let mut words = if told.is_empty() {
            lines.last().copied().unwrap_or("failed without a word").to_owned()
        } else {
            told.join("; ")
        };
        for (secret, shown) in &self.hidden {
            words = words.replace(secret.as_str(), shown);
        }
        words.replace("fatal: ", "").replace("error: ", "").chars().take(500).collect()
    }
}

fn prepared(on: On) -> Command {
    let mut command = Command::new("git");
    for name in FOREIGN {
        command.env_remove(name);
    }
    command
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GCM_INTERACTIVE", "never")
        .env("SSH_ASKPASS_REQUIRE", "never");
    command
        .env("GIT_LFS_SKIP_SMUDGE", "1")
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("LC_ALL", "C")
        .env("LANGUAGE", "C");
    let folder = match on {
        On::Users(folder) => {
            if std::env::var_os("GIT_SSH_COMMAND").is_none()
                && std::env::var_os("GIT_SSH").is_none()
            {
                command.env("GIT_SSH_COMMAND", "ssh -o BatchMode=yes");
            }
            folder
        }
        On::Own(folder) => {
            command
                .env("GIT_CONFIG_GLOBAL", null_file())
                .env("GIT_CONFIG_NOSYSTEM", "1")
                .env("GIT_ATTR_NOSYSTEM", "1");
            Some(folder)
        }
    };
    if let Some(folder) = folder {
        command.arg("-C").arg(folder);
    }
    for setting in ALWAYS {
        command.args(["-c", setting]);
    }
    command
}

fn null_file() -> PathBuf {
    PathBuf::from(if cfg!(windows) { "NUL" } else { "/dev/null" })
}
