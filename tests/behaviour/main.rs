//! What programs do before and after the fix, under real interpreters.
//!
//! For each fixture that is fixed: before fails for the stated reason under spawn and forkserver,
//! after prints `stdout.txt`, and so does the original under fork with callables that travel by value:
//! the oracle. Each fixture is a test of its own, with the main interpreter; `SPAWNSAFE_SWEEP` takes the
//! others. `SPAWNSAFE_BLESS=1` records what the oracle prints. Without a Python the tests say
//! that they were skipped; with `CI=true` that is a failure.

#[path = "../fixtures/case.rs"]
#[allow(dead_code)] // the golden test uses the rest
mod case;
mod compiling;
mod harness;
mod interpreters;
mod judge;
mod plan;
mod program;
mod remembered;
mod suite;
mod waiting;

use libtest_mimic::{Arguments, Trial};
use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;
use suite::Suite;

/// What a program and its children need while they run; there are seldom more than six of them.
const BYTES_EACH: u64 = 200 << 20;

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    let sweep = plan::Sweep::from_environment();
    let mut interpreters = interpreters::find();
    let Some(main) = interpreters.next() else { return without_python(&arguments) };
    let suite = Arc::new(Suite::new(is_fresh()));
    let mut trials = Vec::new();
    if sweep == plan::Sweep::None {
        trials.extend(suite.trials(plan::all(&main), None));
        trials.push(compiling::trial(&main));
        trials.extend(harness::trials(&main));
    } else {
        for (rank, other) in interpreters.enumerate() {
            trials.extend(suite.trials(plan::of_sweep(&other, rank, sweep), Some(&other)));
            trials.push(compiling::trial(&other));
        }
    }
    // Programs wait for each other most of the time, so a core has time for more than one.
    arguments.test_threads = arguments.test_threads.or_else(|| Some(at_once()));
    let conclusion = libtest_mimic::run(&arguments, trials);
    if !arguments.list {
        suite.tell();
    }
    conclusion.exit_code()
}

/// Whether nothing is remembered.
fn is_fresh() -> bool {
    let is_on = |name: &str, value: &str| std::env::var(name).is_ok_and(|text| text == value);
    is_on("CI", "true")
        || is_on("SPAWNSAFE_FRESH", "1")
        || std::env::var_os("SPAWNSAFE_BLESS").is_some()
}

fn without_python(arguments: &Arguments) -> ExitCode {
    let reason = "no Python 3.8 or newer was found (PATH, .python-next/bin, ~/.pyenv, \
                  SPAWNSAFE_PYTHONS); `apt-get install python3` brings one";
    let is_ci = std::env::var_os("CI").is_some_and(|value| value == "true");
    if !is_ci {
        say(&format!("SKIPPED: running the fixtures: {reason}"));
    }
    let trial = Trial::test("there_is_a_python", move || {
        if is_ci { Err(format!("{reason}: it must run in CI").into()) } else { Ok(()) }
    });
    libtest_mimic::run(arguments, vec![trial.with_ignored_flag(!is_ci)]).exit_code()
}

/// How many programs run at once: as cores and memory allow.
fn at_once() -> usize {
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let memory = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
        line.trim().strip_suffix(" kB")?.parse::<u64>().ok()
    });
    let fit = memory.map_or(cores, |kilobytes| (kilobytes * 1024 / BYTES_EACH) as usize);
    (cores * 2).min(fit).max(1)
}

/// Prints past the test harness.
fn say(text: &str) {
    // A closed standard error is no reason to fail.
    let _ = writeln!(std::io::stderr(), "behaviour: {text}");
}
