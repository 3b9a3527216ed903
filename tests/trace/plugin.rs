//! The pytest plugin: `--spawnsafe`, the marker, the fixture.

use crate::texts;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

const TESTS: &str = "\
import multiprocessing as mp
import threading
import unittest
import pytest

def work():
    pass

def start(target):
    process = mp.Process(target=target)
    process.start()
    process.join()

def test_fine():
    start(work)

def test_lambda():
    start(lambda: 1)

def test_expected():
    with pytest.raises(Exception):
        start(lambda: 1)

class Case(unittest.TestCase):
    def test_method(self):
        self.assertNotEqual(mp.get_start_method(), 'fork')

@pytest.mark.spawnsafe('spawn')
def test_marked(tmp_path):
    assert mp.get_start_method() == 'spawn'

def test_fixture(spawnsafe):
    spawnsafe.assert_picklable([1, threading.Lock()], 'job')
";

/// A Python that has pytest: that of `get-pytest.sh`, or any on the path.
fn python_with_pytest() -> Option<PathBuf> {
    let fetched = std::env::var_os("SPAWNSAFE_PYTEST_PYTHON").map(PathBuf::from);
    let has_pytest = |python: &PathBuf| {
        Command::new(python)
            .args(["-c", "import pytest"])
            .output()
            .is_ok_and(|output| output.status.success())
    };
    let found = fetched.into_iter().chain([PathBuf::from("python3")]).find(has_pytest);
    if found.is_none() {
        let _ = writeln!(
            std::io::stderr(),
            "SKIPPED: the pytest plugin: no Python has pytest (tests/trace/get-pytest.sh brings it)"
        );
    }
    found
}

fn pytest(python: &Path, tree: &Path, words: &[&str]) -> String {
    let output = Command::new(python)
        .args(["-m", "pytest", "-p", "no:cacheprovider", "-p", "spawnsafe.pytest_plugin", "-q"])
        .args(words)
        .current_dir(tree)
        .env("PYTHONPATH", Path::new(env!("CARGO_MANIFEST_DIR")).join("python"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .expect("pytest runs");
    let (stdout, stderr) = texts(&output);
    stdout + &stderr
}

#[test]
fn suites_run_under_every_start_method() {
    let Some(python) = python_with_pytest() else { return };
    let tree = tempfile::tempdir().expect("a temporary folder");
    fs::write(tree.path().join("test_it.py"), TESTS).expect("a writable folder");
    let report = pytest(&python, tree.path(), &["--spawnsafe"]);
    for part in [
        "FAILED test_it.py::test_lambda <spawn>",
        "FAILED test_it.py::test_lambda <forkserver>",
        "FAILED test_it.py::test_fixture <spawn>",
        "what did not cross under spawn",
        "test_it.py:11: multiprocessing.Process.start: target: a lambda has no name",
        "(spawnsafe explain SP101)",
        "what did not cross in tests that passed",
        "test_it.py::test_expected <spawn>",
        "job[1]: a lock cannot be pickled",
        "4 failed, 7 passed",
    ] {
        assert!(report.contains(part), "{part} is missing in\n{report}");
    }
    // Without the option only what is marked runs under other methods.
    let report = pytest(&python, tree.path(), &["-k", "marked or fine", "-rA"]);
    for part in
        ["PASSED test_it.py::test_marked <spawn>", "PASSED test_it.py::test_fine\n", "2 passed"]
    {
        assert!(report.contains(part), "{part} is missing in\n{report}");
    }
    let report = pytest(&python, tree.path(), &["--spawnsafe-methods", "spwan"]);
    assert!(report.contains("no start method is called spwan"), "{report}");
}
