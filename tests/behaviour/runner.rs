//! Hands programs to `run_jobs.py`, which knows how to end a whole process group.

use crate::interpreters::Interpreter;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// One program to run.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Job {
    /// Comes back with the outcome.
    pub(crate) id: usize,
    /// The interpreter.
    pub(crate) python: PathBuf,
    /// The folder whose copy the program runs in.
    pub(crate) tree: PathBuf,
    /// What follows the interpreter.
    pub(crate) argv: Vec<String>,
    /// Added to the environment.
    pub(crate) env: BTreeMap<&'static str, String>,
    /// Seconds until it is ended.
    pub(crate) limit: f64,
    /// What its failure prints: a program that printed this is not waited for any longer.
    pub(crate) expect: Option<String>,
}

/// How a program ended; `run_jobs.py` has the meanings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Ended {
    Exit,
    Limit,
    Stuck,
    Respawn,
}

/// What a program did.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Outcome {
    id: usize,
    /// How it ended.
    pub(crate) ended: Ended,
    /// Its exit code; negative for a signal.
    pub(crate) code: i32,
    /// All of its output.
    pub(crate) stdout: String,
    /// All of its error output, its children's included.
    pub(crate) stderr: String,
    /// Whether its output fits what the job expected of a failure.
    pub(crate) fits: bool,
    /// How long it ran.
    pub(crate) seconds: f64,
}

/// Runs all jobs, two at a time, and returns their outcomes by id.
pub(crate) fn run(interpreter: &Interpreter, jobs: &[Job]) -> BTreeMap<usize, Outcome> {
    if jobs.is_empty() {
        return BTreeMap::new();
    }
    let order = serde_json::json!({ "parallel": 2, "jobs": jobs }).to_string();
    let printed = feed(interpreter, "run_jobs.py", &order);
    let outcomes = printed
        .lines()
        .map(|line| serde_json::from_str::<Outcome>(line).expect("run_jobs.py prints outcomes"));
    let outcomes: BTreeMap<usize, Outcome> =
        outcomes.map(|outcome| (outcome.id, outcome)).collect();
    assert_eq!(outcomes.len(), jobs.len(), "run_jobs.py lost a job");
    outcomes
}

/// The complaints of that Python's compiler about `files`.
pub(crate) fn compile(interpreter: &Interpreter, files: &[PathBuf]) -> Vec<String> {
    let names: Vec<String> = files.iter().map(|path| path.to_string_lossy().into_owned()).collect();
    feed(interpreter, "compile_all.py", &names.join("\n")).lines().map(str::to_owned).collect()
}

/// Runs one of the scripts beside this file with `input` on its standard input.
fn feed(interpreter: &Interpreter, script: &str, input: &str) -> String {
    let path = folder().join(script);
    let mut child = Command::new(&interpreter.path)
        .arg("-B")
        .arg(&path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}", interpreter.path.display()));
    child
        .stdin
        .take()
        .expect("a pipe")
        .write_all(input.as_bytes())
        .expect("the script reads all of its input");
    let output = child.wait_with_output().expect("the script can be waited for");
    assert!(output.status.success(), "{script} failed: {}", output.status);
    String::from_utf8(output.stdout).expect("the script prints UTF-8")
}

/// The folder of this file.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/behaviour")
}
