//! Programs with what the trace must have for their lines, in comments:
//!
//! `# trace: PATH RULE, …`  failures at this line (or of the function that is defined here)
//! `# child: KIND RULE`     what a child met at this line
//! `# load: RULE`           what is defined here could not be made again in the parent
//! `# lost: NAME`           a name that a child did not find in the main module
//! `# differs: NAME …`      globals of which the worker defined here saw another value
//! `# methods: …`           start methods to run under, if not fork

use crate::{each, folder, interpreters_or_skip, spawnsafe, texts};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// What the comments of a program say, a line each.
fn expected(text: &str) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    for (at, line) in text.lines().enumerate() {
        let number = at + 1;
        let said = |word: &str| line.split_once(&format!("# {word}: ")).map(|(_, rest)| rest);
        let list = |word: &str, split: &str| -> Vec<String> {
            said(word)
                .map(|rest| rest.split(split).map(str::to_owned).collect())
                .unwrap_or_default()
        };
        out.extend(list("trace", ", ").iter().map(|each| format!("{number}: {each}")));
        out.extend(list("child", ", ").iter().map(|each| format!("{number}: {each}")));
        out.extend(list("load", ", ").iter().map(|each| format!("{number}: load {each}")));
        out.extend(list("lost", " ").iter().map(|name| format!("lost {name}")));
        out.extend(list("differs", " ").iter().map(|name| format!("{number}: differs {name}")));
    }
    out
}

/// What a trace says, in the same words.
fn seen(trace: &str, program: &Path) -> BTreeSet<String> {
    let events: Vec<Value> =
        trace.lines().map(|line| serde_json::from_str(line).expect("a line is an event")).collect();
    let mut out = BTreeSet::new();
    let line = |event: &Value| {
        let file = event["at"]["file"].as_str().expect("an absolute file");
        assert_eq!(Path::new(file), program, "{event}");
        event["at"]["line"].as_u64().expect("a line")
    };
    for event in &events {
        match event["event"].as_str() {
            Some("failure") => {
                for bad in event["bad"].as_array().expect("bad parts") {
                    let (path, rule) = (&bad["path"], &bad["rule"]);
                    out.insert(format!("{}: {} {}", line(event), word(path), word(rule)));
                }
            }
            Some("child" | "load") if event["at"].is_null() => {
                if let Some(name) = event["name"].as_str() {
                    out.insert(format!("lost {name}"));
                } else if let Some(line) = event["sent"][0]["line"].as_u64() {
                    out.insert(format!("{line}: load {}", word(&event["rule"])));
                }
            }
            Some("child") => {
                let (kind, rule) = (&event["kind"], &event["rule"]);
                out.insert(format!("{}: {} {}", line(event), word(kind), word(rule)));
            }
            Some("globals") if event["where"] == "child" => differing(event, &events, &mut out),
            _ => {}
        }
    }
    out
}

fn differing(child: &Value, events: &[Value], out: &mut BTreeSet<String>) {
    let same = |event: &&Value| {
        event["event"] == "globals" && event["where"] == "parent" && event["sent"] == child["sent"]
    };
    let Some(parent) = events.iter().find(same) else { return };
    for (name, value) in child["values"].as_object().expect("values") {
        if parent["values"].get(name).is_some_and(|other| other != value) {
            let name = name.rsplit(':').next().unwrap_or_default();
            out.insert(format!("{}: differs {name}", child["sent"][0]["line"]));
        }
    }
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or("?")
}

/// Runs one program with and without the hook.
fn one(program: &Path, python: &Path, method: &str) -> Vec<String> {
    let scratch = tempfile::tempdir().expect("a temporary folder");
    let text = std::fs::read_to_string(program).expect("a program");
    let events = scratch.path().join("trace.jsonl");
    let traced = spawnsafe(&folder().join("programs"))
        .args(["trace", "--start-method", method, "--output"])
        .arg(&events)
        .arg("--")
        .arg(python)
        .arg("-B")
        .arg(program)
        .output()
        .expect("spawnsafe runs");
    let mut wrong = Vec::new();
    let (stdout, stderr) = texts(&traced);
    if method == "fork" && is_fork(python) {
        // Nothing asks for another method there, so the program can be run without the hook.
        let plain = Command::new(python)
            .arg("-B")
            .arg(program)
            .current_dir(folder().join("programs"))
            .env_remove("PYTHONPATH")
            .output()
            .expect("the interpreter runs");
        let (expected, _) = texts(&plain);
        if plain.status.code() != traced.status.code() || expected != stdout {
            wrong.push(format!("other output:\n{expected}\nwith the hook:\n{stdout}\n{stderr}"));
        }
    }
    if stderr.contains("the hook failed") {
        wrong.push(format!("the hook failed:\n{stderr}"));
    }
    let trace = std::fs::read_to_string(&events).expect("a trace");
    let (expected, seen) = (expected(&text), seen(&trace, program));
    wrong.extend(expected.difference(&seen).map(|line| format!("missing: {line}")));
    wrong.extend(seen.difference(&expected).map(|line| format!("too much: {line}")));
    wrong
}

/// Whether that Python's own default is fork.
fn is_fork(python: &Path) -> bool {
    let code = "import multiprocessing as m; print(m.get_start_method())";
    let output = Command::new(python).args(["-c", code]).output().expect("the interpreter runs");
    texts(&output).0.trim() == "fork"
}

#[test]
fn programs_are_seen_through() {
    each(&interpreters_or_skip("tracing programs"), |interpreter| {
        let mut wrong = Vec::new();
        for name in ["everything.py", "children.py", "unguarded.py"] {
            let program = folder().join("programs").join(name);
            let text = std::fs::read_to_string(&program).expect("a program");
            let methods = text
                .lines()
                .find_map(|line| line.strip_prefix("# methods: "))
                .unwrap_or("fork")
                .split(' ');
            for method in methods {
                let found = one(&program, &interpreter.path, method);
                let head = format!("Python {} {method} {name}", interpreter.version());
                wrong.extend(found.into_iter().map(|each| format!("{head}: {each}")));
            }
        }
        wrong
    });
}

/// Small scripts of every kind, under the oldest and the newest Python.
#[test]
fn twenty_scripts_are_seen_through() {
    let mut interpreters = interpreters_or_skip("tracing scripts");
    let (oldest, newest) = (interpreters.pop(), interpreters.drain(..).next());
    let chosen: Vec<_> = oldest.into_iter().chain(newest).collect();
    let scripts = folder().join("programs/scripts");
    let mut programs: Vec<_> = std::fs::read_dir(&scripts)
        .expect("the scripts")
        .map(|entry| entry.expect("a script").path())
        .filter(|path| path.extension().is_some_and(|suffix| suffix == "py"))
        .collect();
    programs.sort();
    assert!(programs.len() >= 20);
    each(&chosen, |interpreter| {
        let found = programs.iter().flat_map(|program| {
            let name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let head = format!("Python {} {name}", interpreter.version());
            let wrong = one(program, &interpreter.path, "fork");
            wrong.into_iter().map(move |each| format!("{head}: {each}"))
        });
        found.collect()
    });
}
