//! Exit codes, decided here and nowhere else.
//!
//! 0: nothing found, or done. 1: `check` has findings, or met files while walking that it could not
//! read or parse; `fix --exit-code` has a change, or `fix --write` left fixes to be made. 2: something that the caller must mend: options,
//! configuration, a path named on the command line, a file that cannot be written. 130: Ctrl-C ended
//! `migrate`, which the same command takes up again. `trace` ends as the program that it ran.

use std::process::ExitCode;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exit {
    /// Nothing found, or done.
    Done,
    /// Findings, or files met while walking that could not be done.
    Found,
    /// The caller must mend something.
    Usage,
    /// Ctrl-C ended `migrate` before its end.
    Interrupted,
    /// As the program that `trace` ran.
    Program(u8),
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Found => 1,
            Exit::Usage => 2,
            Exit::Interrupted => 130,
            Exit::Program(code) => code,
        })
    }
}

/// What happened in a run, as far as the exit code is concerned.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Outcome {
    /// Findings are left.
    pub(crate) findings: bool,
    /// Files met while walking could not be done.
    pub(crate) walked_errors: bool,
    /// Paths named on the command line could not be done, or a file could not be written.
    pub(crate) named_errors: bool,
    /// The fixes change something.
    pub(crate) changes: bool,
    /// Fixes that could be made are not in what was written.
    pub(crate) unfinished: bool,
}

impl Outcome {
    /// The end of `check`; `exit_zero` is `--exit-zero`.
    pub(crate) fn of_check(self, exit_zero: bool) -> Exit {
        if self.named_errors {
            Exit::Usage
        } else if !exit_zero && (self.findings || self.walked_errors) {
            Exit::Found
        } else {
            Exit::Done
        }
    }

    /// The end of `fix`; `exit_code` is `--exit-code`.
    pub(crate) fn of_fix(self, exit_code: bool) -> Exit {
        if self.named_errors {
            Exit::Usage
        } else if self.unfinished || (exit_code && self.changes) {
            Exit::Found
        } else {
            Exit::Done
        }
    }
}
