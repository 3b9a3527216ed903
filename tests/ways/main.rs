//! In how many ways may a value flow and still be seen? Each way of `ways.toml` in each role: the value is the callable that is
//! sent, an argument, the executor, or what an argument holds. That the value really gets there is asked of an interpreter.

use spawnsafe::engine::{self, Options};
use spawnsafe::text::ReadError;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// One way.
#[derive(serde::Deserialize, serde::Serialize)]
struct Way {
    name: String,
    setup: String,
    gives: String,
}

#[derive(serde::Deserialize)]
struct Ways {
    way: Vec<Way>,
}

/// What V is, and how the expression is used.
const ROLES: &[(&str, &str, &str)] = &[
    ("callable", "lambda x: x + 1", "ex.submit({}, 1)"),
    ("argument", "lambda x: x + 1", "ex.submit(work, {})"),
    ("executor", "ex", "({}).submit(lambda: 1)"),
    ("held", "lambda x: x + 1", "ex.submit(work, Holder({}))"),
];

struct One(String);

impl engine::Files for One {
    fn read(&self, _: &Path) -> Result<Vec<u8>, ReadError> {
        Ok(self.0.clone().into_bytes())
    }
}

fn ways() -> Vec<Way> {
    toml::from_str::<Ways>(include_str!("ways.toml")).expect("the ways are valid").way
}

fn program(way: &Way, made: &str, used: &str) -> String {
    let used = used.replace("{}", &way.gives);
    let body =
        format!("ex = ProcessPoolExecutor(1)\nV = {made}\n{}\nprint({used}.result())\n", way.setup);
    let body: String = body.lines().map(|line| format!("    {line}\n")).collect();
    format!(
        "from concurrent.futures import ProcessPoolExecutor\n\n\ndef work(x):\n    return 1\n\n\nclass Holder:\n    def __init__(self, held):\n        self.held = held\n\n\ndef main():\n{body}\n\nif __name__ == \"__main__\":\n    main()\n"
    )
}

#[test]
fn values_are_seen_on_all_ways_in_all_roles() {
    let mut unseen = Vec::new();
    for (role, made, used) in ROLES {
        for way in ways() {
            let text = program(&way, made, used);
            let paths = [PathBuf::from("main.py")];
            let report = engine::check(&paths, &One(text), &Options::default());
            assert!(report.errors.is_empty(), "{}: {:?}", way.name, report.errors);
            if report.findings.is_empty() {
                unseen.push(format!("{role}: {}", way.name));
            }
        }
    }
    assert!(
        unseen.is_empty(),
        "{} of the cells are not seen:\n{}",
        unseen.len(),
        unseen.join("\n")
    );
}

#[test]
fn the_value_really_gets_there() {
    const RUN: &str = "\
import json, sys
for way in json.load(sys.stdin):
    space = {'V': (value := object())}
    exec(way['setup'], space)
    if eval(way['gives'], space) is not value:
        print(way['name'])
";
    let wants_patterns = "import sys; sys.exit(sys.version_info < (3, 10))";
    let found = ["python3.14", "python3.13", "python3.12", "python3.11", "python3.10", "python3"]
        .into_iter()
        .find(|python| {
            let run = Command::new(python).args(["-c", wants_patterns]).output();
            run.is_ok_and(|done| done.status.success())
        });
    let Some(python) = found else {
        eprintln!("SKIPPED: no Python from 3.10 on");
        return;
    };
    let mut child = Command::new(python)
        .args(["-c", RUN])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the interpreter starts");
    let input = child.stdin.take().expect("it reads");
    serde_json::to_writer(input, &ways()).expect("it takes the ways");
    let done = child.wait_with_output().expect("it ends");
    let lost = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success() && lost.is_empty(), "the value gets lost: {lost}");
}
