//! The user's git, run so that it asks nothing, starts no hooks and changes nothing by itself.
//!
//! For what goes over a network git keeps the user's own configuration: credentials, proxies and
//! trust live there. In the clones that a run makes for itself it sees none, so that results do not
//! depend on whose machine it is. The configuration of a repository it never sees.

use crate::git::child::{self, Ended};
use crate::git::{Sealed, prepared};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Whose repository a command works on.
#[derive(Debug, Clone, Copy)]
pub(crate) enum On<'a> {
    /// None yet: `clone`, and questions about git itself. The user's configuration counts.
    Nothing,
    /// One of the user's.
    Users(&'a Sealed),
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
        let mut command = command(on);
        command.args(["-c", "core.quotePath=false"]).args(args).envs(env.iter().copied());
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

fn command(on: On) -> Command {
    match on {
        On::Nothing => {
            let mut command = prepared();
            // Whatever lies in the current folder has no say.
            command.current_dir(if cfg!(unix) { PathBuf::from("/") } else { std::env::temp_dir() });
            if std::env::var_os("GIT_SSH_COMMAND").is_none()
                && std::env::var_os("GIT_SSH").is_none()
            {
                command.env("GIT_SSH_COMMAND", "ssh -o BatchMode=yes");
            }
            command
        }
        On::Users(sealed) => sealed.command(),
        On::Own(folder) => {
            let mut command = prepared();
            command
                .env("GIT_CONFIG_GLOBAL", null_file())
                .env("GIT_CONFIG_NOSYSTEM", "1")
                .env("GIT_ATTR_NOSYSTEM", "1")
                .arg("-C")
                .arg(folder);
            command
        }
    }
}

fn null_file() -> PathBuf {
    PathBuf::from(if cfg!(windows) { "NUL" } else { "/dev/null" })
}
