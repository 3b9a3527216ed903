//! What programs do before and after the fix, under real interpreters.
//!
//! For each fixture that is fixed: before fails for the stated reason under spawn and forkserver,
//! after prints `stdout.txt`, and so does the original under fork with callables that travel by value:
//! the oracle. `SPAWNSAFE_BLESS=1` records what the oracle prints. Without a Python the tests say
//! that they were skipped; with `CI=true` that is a failure.

#[path = "../fixtures/case.rs"]
#[allow(dead_code)] // the golden test uses the rest
mod case;
mod interpreters;
mod judge;
mod plan;
mod runner;

use interpreters::Interpreter;
use runner::{Ended, Job};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::time::{Duration, Instant};

/// More wrong programs than this are no accident.
const MAX_RETRIES: usize = 8;

/// The interpreters to use, newest first; says so loudly if there is none.
fn interpreters_or_skip(what: &str) -> Option<Vec<Interpreter>> {
    let found = interpreters::find();
    if !found.is_empty() {
        return Some(found);
    }
    assert!(
        std::env::var_os("CI").is_none_or(|value| value != "true"),
        "no Python 3.8 or newer: {what} must run in CI"
    );
    say(&format!(
        "SKIPPED: {what}: no Python 3.8 or newer was found (PATH, .python-next/bin, ~/.pyenv, SPAWNSAFE_PYTHONS)"
    ));
    None
}

/// Prints past the test harness, which would swallow the output of a test that passes.
fn say(text: &str) {
    // A closed standard error is no reason to fail.
    let _ = writeln!(std::io::stderr(), "behaviour: {text}");
}

#[test]
fn programs_behave() {
    let Some(interpreters) = interpreters_or_skip("running the fixtures") else { return };
    let planned = plan::runs(&interpreters);
    let jobs: Vec<Job> = planned.iter().enumerate().map(|(id, run)| run.job(id)).collect();
    let mut outcomes = runner::run(&interpreters[0], &jobs);
    // Now and then an executor hangs without a word where it should raise: a race of CPython's own.
    for attempt in 0..2 {
        let again: Vec<Job> = jobs
            .iter()
            .filter(|job| planned[job.id].is_worth_a_retry(&outcomes[&job.id], attempt))
            .cloned()
            .collect();
        outcomes.extend(runner::run(&interpreters[0], &again));
    }
    retry_alone(&interpreters[0], &planned, &jobs, &mut outcomes);
    let wrong: Vec<String> = planned
        .iter()
        .enumerate()
        .filter_map(|(id, run)| judge::judge(run, &outcomes[&id]))
        .collect();
    let versions: Vec<String> = interpreters.iter().map(Interpreter::version).collect();
    say(&format!(
        "{} programs run with Python {}; {} wrong",
        jobs.len(),
        versions.join(", "),
        wrong.len()
    ));
    assert!(
        wrong.is_empty(),
        "{}\n\n{} of {} runs are wrong",
        wrong.join("\n\n"),
        wrong.len(),
        jobs.len()
    );
}

/// Runs the few wrong programs again, one at a time: a machine that is out of breath makes programs of
/// several processes fail that are right. What is right then is named, since it may race all the same.
fn retry_alone(
    python: &Interpreter,
    planned: &[plan::Run],
    jobs: &[Job],
    outcomes: &mut BTreeMap<usize, runner::Outcome>,
) {
    let wrong: Vec<&Job> = jobs
        .iter()
        .filter(|job| judge::judge(&planned[job.id], &outcomes[&job.id]).is_some())
        .collect();
    if wrong.len() > MAX_RETRIES {
        return;
    }
    for job in wrong {
        let again = runner::run(python, std::slice::from_ref(job));
        let run = &planned[job.id];
        if judge::judge(run, &again[&job.id]).is_none() {
            say(&format!(
                "UNSTEADY: {} ({:?}, Python {}, {}) is right when it runs alone",
                run.case.name,
                run.role,
                run.interpreter.version(),
                run.method
            ));
        }
        outcomes.extend(again);
    }
}

#[test]
fn fixed_files_compile() {
    let Some(interpreters) = interpreters_or_skip("compiling fixed files") else { return };
    let mut bad = Vec::new();
    for interpreter in &interpreters {
        let files: Vec<_> = plan::fixed_files()
            .into_iter()
            .filter(|(case, _)| plan::can_run(case, interpreter))
            .map(|(_, path)| path)
            .collect();
        bad.extend(
            runner::compile(interpreter, &files)
                .into_iter()
                .map(|line| format!("Python {}: {line}", interpreter.version())),
        );
    }
    assert!(bad.is_empty(), "{}", bad.join("\n"));
}

/// The runner itself: what it must do with programs that do not end.
#[test]
fn hanging_programs_are_ended() {
    let Some(interpreters) = interpreters_or_skip("the runner's own test") else { return };
    let tree = tempfile::tempdir().expect("a temporary folder");
    let program = |text: &str, limit: f64, expect: Option<&str>| {
        let name = format!("p{}.py", text.len());
        std::fs::write(tree.path().join(&name), text).expect("a writable temporary folder");
        Job {
            id: text.len(),
            python: interpreters[0].path.clone(),
            tree: tree.path().to_path_buf(),
            argv: vec![name],
            env: BTreeMap::default(),
            limit,
            expect: expect.map(str::to_owned),
        }
    };
    // One write a line: `print` to an unbuffered stream writes the text and the newline apart, and two processes mix theirs.
    let with_child = program(
        "import os, time\npid = os.fork() or os.getpid()\nos.write(1, b'%d\\n' % pid)\ntime.sleep(60)\n",
        6.0,
        None,
    );
    let respawning = program(
        "import sys, time\nwhile True:\n    sys.stderr.write('Traceback (most recent call last):\\n')\n    time.sleep(0.01)\n",
        30.0,
        None,
    );
    let stuck = program(
        "import sys, time\nsys.stderr.write('KeyError: 1\\n')\ntime.sleep(60)\n",
        30.0,
        Some("KeyError"),
    );
    let plain = program("import sys\nprint('done')\nsys.exit(3)\n", 30.0, Some("never"));
    let outcomes = runner::run(
        &interpreters[0],
        &[with_child.clone(), respawning.clone(), stuck.clone(), plain.clone()],
    );
    assert_eq!(outcomes[&with_child.id].ended, Ended::Limit);
    assert_eq!(outcomes[&respawning.id].ended, Ended::Respawn);
    assert_eq!(outcomes[&stuck.id].ended, Ended::Stuck);
    assert_eq!(
        (outcomes[&plain.id].ended, outcomes[&plain.id].code, outcomes[&plain.id].stdout.as_str()),
        (Ended::Exit, 3, "done\n")
    );
    let pids: Vec<&str> = outcomes[&with_child.id].stdout.lines().collect();
    assert_eq!(pids.len(), 2, "parent and child print a process id each");
    for pid in pids {
        assert!(pid.parse::<u32>().is_ok(), "a line that is no process id: {pid:?}");
        assert!(ends_soon(pid), "process {pid} outlived its program");
    }
}

/// Whether the process `pid` is gone within ten seconds. A killed child of nobody may stay as a zombie, whose state is Z; on a
/// busy machine it takes a moment until the signal reaches it.
fn ends_soon(pid: &str) -> bool {
    let end = Instant::now() + Duration::from_secs(10);
    loop {
        let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        if state.is_empty() || state.contains(") Z ") {
            return true;
        }
        if Instant::now() > end {
            return false;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}
