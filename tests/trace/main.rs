//! What the hook of `spawnsafe trace` sees, under every Python that is found, and that programs do
//! with it what they do without. What is expected stands in comments of the programs.

mod evidence;
mod hook;
#[path = "../behaviour/interpreters.rs"]
#[allow(dead_code)] // the behaviour test uses the rest
mod interpreters;
mod observed;
mod plugin;
mod verify;

use interpreters::Interpreter;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The interpreters to use; says so loudly if there is none.
fn interpreters_or_skip(what: &str) -> Vec<Interpreter> {
    let found: Vec<Interpreter> = interpreters::find().collect();
    if found.is_empty() {
        assert!(
            std::env::var_os("CI").is_none_or(|value| value != "true"),
            "no Python 3.8 or newer: {what} must run in CI"
        );
        let _ = writeln!(std::io::stderr(), "SKIPPED: {what}: no Python 3.8 or newer was found");
    }
    found
}

/// The folder of this file.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/trace")
}

/// `spawnsafe` in `folder`, with nothing of the caller's environment that could matter.
fn spawnsafe(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_spawnsafe"));
    command.current_dir(folder).env_remove("PYTHONPATH").env("NO_COLOR", "1");
    command
}

/// Output as text, both streams.
fn texts(output: &Output) -> (String, String) {
    (
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

/// Does `work` for each interpreter, two at a time, and gathers what is wrong.
fn each(interpreters: &[Interpreter], work: impl Fn(&Interpreter) -> Vec<String> + Sync) {
    let (even, odd): (Vec<_>, Vec<_>) =
        interpreters.iter().enumerate().partition(|(at, _)| at % 2 == 0);
    let run = |some: &[(usize, &Interpreter)]| -> Vec<String> {
        some.iter().flat_map(|(_, interpreter)| work(interpreter)).collect()
    };
    let wrong = std::thread::scope(|scope| {
        let other = scope.spawn(|| run(&odd));
        let mut wrong = run(&even);
        wrong.extend(other.join().expect("the other thread ends"));
        wrong
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// The package's own functions for tests and the prompt.
#[test]
fn picklable_is_told_under_every_python() {
    each(&interpreters_or_skip("spawnsafe.find_unpicklable"), |interpreter| {
        let output = Command::new(&interpreter.path)
            .args(["-B", "test_picklable.py"])
            .current_dir(folder())
            .env("PYTHONPATH", Path::new(env!("CARGO_MANIFEST_DIR")).join("python"))
            .output()
            .expect("the interpreter runs");
        if output.status.success() {
            Vec::new()
        } else {
            vec![format!("Python {}: {}", interpreter.version(), texts(&output).1)]
        }
    });
}
