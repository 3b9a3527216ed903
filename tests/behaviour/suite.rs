//! The programs as tests: which are run, which are remembered, and when one is given a second chance.

use crate::interpreters::Interpreter;
use crate::judge;
use crate::plan::Run;
use crate::program::{self, Outcome};
use crate::remembered::Remembered;
use crate::say;
use libtest_mimic::{Failed, Trial};
use std::collections::BTreeMap;
use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, RwLock};

/// More wrong programs than this are no accident.
const MAX_RETRIES: usize = 8;
/// How often a program that hung in silence is run again.
const SILENT_RETRIES: usize = 2;
/// Seconds, for the order: of a program that was never run, and of one that is known to take its time.
const UNKNOWN: f64 = 1.0;
const UNKNOWN_HANG: f64 = 6.0;

/// How many programs one interpreter ran, and how many of them were remembered.
#[derive(Debug, Default)]
struct Count {
    run: usize,
    remembered: usize,
}

/// What all tests share.
#[derive(Debug)]
pub(crate) struct Suite {
    remembered: Remembered,
    counts: Mutex<BTreeMap<String, Count>>,
    retries: AtomicUsize,
    // Programs run beside each other; one that gets a second chance runs alone.
    quiet: RwLock<()>,
}

impl Suite {
    /// The suite; `is_fresh`: nothing is remembered.
    pub(crate) fn new(is_fresh: bool) -> Self {
        let folder = program::kept();
        fs::create_dir_all(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        Self {
            remembered: Remembered::open(&folder, is_fresh),
            counts: Mutex::default(),
            retries: AtomicUsize::new(0),
            quiet: RwLock::new(()),
        }
    }

    /// A test for each of `cases`, the slowest first; one of the sweep names its interpreter.
    pub(crate) fn trials(
        self: &Arc<Self>,
        cases: Vec<Vec<Run>>,
        other: Option<&Interpreter>,
    ) -> Vec<Trial> {
        let mut timed: Vec<(f64, Vec<Run>)> = cases
            .into_iter()
            .map(|runs| (runs.iter().map(|run| self.seconds(run)).sum(), runs))
            .collect();
        timed.sort_by(|one, other| other.0.total_cmp(&one.0));
        let trial = |runs: Vec<Run>| {
            let mut name = runs[0].case.name.clone();
            if let Some(Interpreter { minor: (major, minor), .. }) = other {
                name += &format!("@{major}.{minor}");
            }
            let suite = Arc::clone(self);
            Trial::test(name, move || suite.check(&runs))
        };
        timed.into_iter().map(|(_, runs)| trial(runs)).collect()
    }

    fn seconds(&self, run: &Run) -> f64 {
        let unknown = if run.fails() == Some("hang") { UNKNOWN_HANG } else { UNKNOWN };
        self.remembered.seconds(&run.name()).unwrap_or(unknown)
    }

    fn check(&self, runs: &[Run]) -> Result<(), Failed> {
        let wrong: Vec<String> = runs.iter().filter_map(|run| self.problem(run)).collect();
        if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n\n").into()) }
    }

    /// What is wrong with one run.
    fn problem(&self, run: &Run) -> Option<String> {
        let program = run.program();
        let name = run.name();
        // What was remembered and is judged wrong by now is run again.
        let known = self.remembered.recall(&name, &program);
        let is_right = known.is_some_and(|outcome| judge::judge(run, &outcome).is_none());
        self.count(run, is_right);
        if is_right {
            return None;
        }
        let beside = || {
            let _others = self.quiet.read().expect("nobody panics while programs run");
            program.run()
        };
        let mut outcome = beside();
        for _ in 0..SILENT_RETRIES {
            if run.is_worth_a_retry(&outcome) {
                outcome = beside();
            }
        }
        let mut problem = judge::judge(run, &outcome);
        if problem.is_some() && self.retries.fetch_add(1, Ordering::Relaxed) < MAX_RETRIES {
            let first = judge::ended(&outcome);
            outcome = self.alone(run);
            problem = judge::judge(run, &outcome);
            if problem.is_none() {
                say(&format!("UNSTEADY: {} is right when it runs alone; it {first}", run.name()));
            }
        }
        if problem.is_none() {
            self.remembered.keep(&name, &program, &outcome);
        }
        problem
    }

    /// Runs a wrong program again, and nothing beside it: a machine that is out of breath makes programs of several
    /// processes fail that are right. What is right then is named, since it may race all the same.
    fn alone(&self, run: &Run) -> Outcome {
        let _nobody = self.quiet.write().expect("nobody panics while programs run");
        run.program().run()
    }

    fn count(&self, run: &Run, is_remembered: bool) {
        let mut counts = self.counts.lock().expect("nobody panics while counting");
        let count = counts.entry(run.interpreter.version()).or_default();
        *if is_remembered { &mut count.remembered } else { &mut count.run } += 1;
    }

    /// Says how many programs ran, and where.
    pub(crate) fn tell(&self) {
        for (version, count) in &*self.counts.lock().expect("nobody panics while counting") {
            let Count { run, remembered } = count;
            say(&format!("{run} programs run with Python {version}, {remembered} remembered"));
        }
    }
}
