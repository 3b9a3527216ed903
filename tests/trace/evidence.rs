//! `check --evidence` and `fix --evidence`: events joined with findings, and repairs that no analysis proves alone.

use crate::{folder, interpreters_or_skip, spawnsafe, texts};
use std::fs;
use std::path::Path;

/// Runs `program` traced, in `tree`.
fn trace(tree: &Path, python: &Path, program: &str) {
    let output = spawnsafe(tree)
        .args(["trace", "--quiet", "--start-method", "fork", "--"])
        .arg(python)
        .arg(program)
        .output()
        .expect("spawnsafe runs");
    assert!(output.status.success(), "{}", texts(&output).1);
}

fn run(tree: &Path, words: &[&str]) -> (Option<i32>, String, String) {
    let output = spawnsafe(tree)
        .args(words)
        .args(["--isolated", "--evidence", "spawnsafe-trace.jsonl"])
        .output()
        .expect("spawnsafe runs");
    let (stdout, stderr) = texts(&output);
    (output.status.code(), stdout, stderr)
}

#[test]
fn what_a_registry_hides_is_repaired() {
    let Some(interpreter) = interpreters_or_skip("repairs from evidence").into_iter().next() else {
        return;
    };
    let tree = tempfile::tempdir().expect("a temporary folder");
    let program = folder().join("programs/registry.py");
    fs::copy(program, tree.path().join("registry.py")).expect("a copy");
    let alone = spawnsafe(tree.path())
        .args(["check", "--isolated", "registry.py"])
        .output()
        .expect("spawnsafe runs");
    assert_eq!(alone.status.code(), Some(0), "{}", texts(&alone).0);
    trace(tree.path(), &interpreter.path, "registry.py");

    let (code, found, notes) =
        run(tree.path(), &["check", "--output-format", "concise", "registry.py"]);
    assert_eq!(code, Some(1), "{notes}");
    for part in [":32: SP102", ":33: SP103", ":34: SP101"] {
        let (line, rule) = part.split_once(": ").expect("two parts");
        let fits = |each: &str| {
            each.contains(line) && each.contains(rule) && each.contains("(seen by a run)")
        };
        assert!(found.lines().any(fits), "{part} is missing in\n{found}");
    }
    assert!(notes.contains("evidence: 3 confirmed by the run, 0 passed"), "{notes}");

    // It rests on one run, so a person has to agree.
    let (_, patch, notes) = run(tree.path(), &["fix", "registry.py"]);
    assert_eq!(patch, "", "{notes}");
    let (code, _, notes) = run(tree.path(), &["fix", "--write", "--unsafe-fixes", "registry.py"]);
    assert_eq!(code, Some(0), "{notes}");
    let fixed = std::process::Command::new(&interpreter.path)
        .arg("registry.py")
        .current_dir(tree.path())
        .output()
        .expect("the interpreter runs");
    assert_eq!(texts(&fixed).0, "4\n6\n8\n", "{}", texts(&fixed).1);

    // The file is another one now: the trace says nothing of it.
    let (code, _, notes) = run(tree.path(), &["check", "registry.py"]);
    assert_eq!(code, Some(0), "{notes}");
    assert!(notes.contains("registry.py has changed since the run"), "{notes}");
}

const MIXED: &str = "\
import multiprocessing as mp
import os, sys

def work(x):
    return x

def start(which):
    if which == 'never':
        mp.Process(target=lambda: work(1)).start()
    process = mp.Process(target=lambda: work(2))
    process.start()
    process.join()
    data = {'key': [None]}
    data['key'][0] = vars(sys.modules[__name__])['make']()
    process = mp.Process(target=print, args=(data,))
    process.start()
    process.join()

def make():
    return open('/dev/null')

if __name__ == '__main__':
    start(os.environ.get('WHICH', 'now'))
";

#[test]
fn findings_are_confirmed_not_seen_or_the_runs_own() {
    let Some(interpreter) = interpreters_or_skip("joining evidence").into_iter().next() else {
        return;
    };
    let tree = tempfile::tempdir().expect("a temporary folder");
    fs::write(tree.path().join("main.py"), MIXED).expect("a writable folder");
    trace(tree.path(), &interpreter.path, "main.py");
    let (_, found, notes) = run(tree.path(), &["check", "--output-format", "json", "main.py"]);
    let report: serde_json::Value = serde_json::from_str(&found).expect("JSON");
    let said = |line: u64| -> Vec<String> {
        let findings = report["findings"].as_array().expect("findings");
        let here = findings.iter().filter(|finding| finding["line"] == line);
        let code = |finding: &serde_json::Value| finding["code"].as_str().unwrap_or("").to_owned();
        here.flat_map(|finding| {
            let related = finding["related"].as_array().cloned().unwrap_or_default();
            let notes = related.iter().map(|one| one["message"].as_str().unwrap_or("").to_owned());
            notes
                .chain([code(finding), finding["message"].as_str().unwrap_or("").to_owned()])
                .collect::<Vec<_>>()
        })
        .collect()
    };
    let has = |line: u64, text: &str| said(line).iter().any(|said| said.contains(text));
    assert!(has(9, "not seen by the run"), "{found}");
    assert!(has(10, "confirmed by the run: it would fail under spawn and forkserver"), "{found}");
    assert!(has(16, "SP201") && has(16, "args[0]['key'][0] is sent: an open file"), "{found}");
    assert!(
        notes.contains(
            "1 confirmed by the run, 0 passed without failing, 1 not seen, 1 seen by the run only"
        ),
        "{notes}"
    );
}

#[test]
fn a_trace_that_cannot_be_read_is_the_callers_to_mend() {
    let tree = tempfile::tempdir().expect("a temporary folder");
    fs::write(tree.path().join("main.py"), "x = 1\n").expect("a writable folder");
    let (code, _, notes) = run(tree.path(), &["check", "main.py"]);
    assert_eq!(code, Some(2));
    assert!(notes.contains("--evidence: spawnsafe-trace.jsonl: cannot be read"), "{notes}");
    fs::write(tree.path().join("spawnsafe-trace.jsonl"), "{\"event\": \"dis\n{}\n")
        .expect("a file");
    let (code, _, notes) = run(tree.path(), &["check", "main.py"]);
    assert_eq!(code, Some(0));
    assert!(notes.contains("2 lines of the trace are no events"), "{notes}");
}
