//! How far a run is: a bar on a terminal, plain lines elsewhere.

use super::outcome::{Outcome, Status};
use super::repository::counted;
use crate::output::plain;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::collections::BTreeSet;
use std::io::{IsTerminal, Write};
use std::sync::{Mutex, PoisonError};

/// Where progress goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Show {
    /// A bar if standard error is a terminal, else lines.
    Auto,
    /// One line a repository.
    Lines,
    /// Nothing.
    Nothing,
}

/// The progress of one run.
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    lines: bool,
    total: usize,
    state: Mutex<State>,
}

struct State {
    done: usize,
    failed: usize,
    running: BTreeSet<String>,
}

impl Progress {
    /// A run of `total` repositories, `done` of them by earlier runs.
    pub(crate) fn new(show: Show, total: usize, done: usize) -> Self {
        let terminal = show == Show::Auto && std::io::stderr().is_terminal();
        let bar = terminal.then(|| {
            let bar = ProgressBar::with_draw_target(
                Some(total as u64),
                ProgressDrawTarget::stderr_with_hz(8),
            );
            let form = "{spinner} [{bar:30}] {pos}/{len}  {per_sec:.1}  {eta} left  {wide_msg}";
            // Without a position of its own the rate would count what earlier runs did.
            if let Ok(style) = ProgressStyle::with_template(form) {
                bar.set_style(style.progress_chars("=> "));
            }
            bar.set_position(done as u64);
            bar.reset_eta();
            bar.enable_steady_tick(std::time::Duration::from_millis(200));
            bar
        });
        Self {
            lines: !terminal && show != Show::Nothing,
            bar,
            total,
            state: Mutex::new(State { done, failed: 0, running: BTreeSet::new() }),
        }
    }

    /// A repository is begun.
    pub(crate) fn begin(&self, id: &str) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.running.insert(plain::line(id).into_owned());
        self.redraw(&state);
    }

    /// A repository is done.
    pub(crate) fn end(&self, outcome: &Outcome, seconds: f64) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.running.remove(plain::line(&outcome.id).as_ref());
        state.done += 1;
        state.failed += usize::from(outcome.status == Status::Failed);
        let line = format!("{} ({seconds:.1} s)", plain::line(&describe(outcome)));
        match &self.bar {
            Some(bar) => {
                // Failures stay on the screen above the bar; the rest is in the report.
                if outcome.status == Status::Failed {
                    bar.println(line);
                }
                bar.set_position(state.done as u64);
            }
            None if self.lines => say(&format!("[{}/{}] {line}", state.done, self.total)),
            None => {}
        }
        self.redraw(&state);
    }

    /// Says something in between.
    pub(crate) fn note(&self, text: &str) {
        let text = &plain::line(text);
        match &self.bar {
            Some(bar) => bar.println(text),
            None if self.lines => say(text),
            None => {}
        }
    }

    /// The run is over.
    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn redraw(&self, state: &State) {
        if let Some(bar) = &self.bar {
            let running: Vec<&str> = state.running.iter().map(String::as_str).collect();
            let failed =
                if state.failed > 0 { format!("{} failed  ", state.failed) } else { String::new() };
            bar.set_message(format!("{failed}{}", running.join(", ")));
        }
    }
}

/// An outcome in a few words.
fn describe(outcome: &Outcome) -> String {
    let left = outcome.found() - outcome.fixed();
    let words = match (outcome.status, outcome.problem.as_deref()) {
        (Status::Changed, _) if left > 0 => format!(
            "{} fixed in {}, {left} left",
            outcome.fixed(),
            counted(outcome.files.changed, "file", "files")
        ),
        (Status::Changed, _) => format!(
            "{} fixed in {}",
            outcome.fixed(),
            counted(outcome.files.changed, "file", "files")
        ),
        (Status::Unchanged, _) if left > 0 => {
            format!("unchanged, {}", counted(left, "finding", "findings"))
        }
        (status, Some(problem)) => format!("{}: {problem}", status.word()),
        (status, None) => status.word().to_owned(),
    };
    format!("{}: {words}", outcome.name)
}

fn say(line: &str) {
    // Nobody may be listening, and that stops no run.
    let _ = writeln!(std::io::stderr(), "{line}");
}
