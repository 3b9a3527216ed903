//! The table of objects says what every Python on this machine does: `probe.py` makes and pickles them.

#[path = "../behaviour/interpreters.rs"]
#[allow(dead_code)] // the behaviour test uses the rest
mod interpreters;

use interpreters::Interpreter;
use serde::Deserialize;
use spawnsafe::catalogue::objects::{self, ObjectKind, Travels};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What came of one object.
#[derive(Deserialize)]
struct Row {
    item: String,
    argument: String,
}

#[derive(Deserialize)]
struct Probe {
    rows: BTreeMap<String, Row>,
}

impl Row {
    fn travels(&self) -> Travels {
        match (self.item == "ok", self.argument == "ok") {
            (true, _) => Travels::Yes,
            (false, true) => Travels::Inheritance,
            (false, false) => Travels::Never,
        }
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/objects")
}

fn probed(python: &Interpreter) -> Probe {
    // Into a file: servers that the probe started may keep a pipe open when it has ended.
    let printed = tempfile::NamedTempFile::new().expect("a temporary file");
    let status = Command::new(&python.path)
        .arg(folder().join("probe.py"))
        .stdin(Stdio::null())
        .stdout(printed.reopen().expect("the file is there"))
        .stderr(Stdio::null())
        .status()
        .expect("the interpreter runs");
    assert!(status.success(), "{}: the probe fails", python.version());
    let text = std::fs::read_to_string(printed.path()).expect("what was printed");
    serde_json::from_str(&text).expect("the probe prints JSON")
}

/// The paths that are left out of the table, each with its reason.
fn left_out() -> BTreeSet<String> {
    let text = std::fs::read_to_string(folder().join("left_out.toml")).expect("the list");
    let rows: BTreeMap<String, String> = toml::from_str(&text).expect("a table of reasons");
    rows.into_keys().collect()
}

/// What the table says of an object under one Python.
fn expected(kind: &ObjectKind, minor: (u32, u32)) -> Travels {
    let number = |text: &str| {
        text.split_once('.').and_then(|(one, two)| Some((one.parse().ok()?, two.parse().ok()?)))
    };
    let is_before = |version: &Option<String>| {
        version.as_deref().and_then(number).map(|number: (u32, u32)| minor < number)
    };
    if is_before(&kind.since) == Some(true) || is_before(&kind.until) == Some(false) {
        return Travels::Yes;
    }
    kind.travels
}

#[test]
fn the_table_says_what_pythons_do() {
    let left_out = left_out();
    let mut wrong: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut asked = 0;
    for python in interpreters::find() {
        asked += 1;
        for (path, row) in probed(&python).rows {
            let seen = row.travels();
            let told = objects::made_by(&path).map(|kind| expected(kind, python.minor));
            let problem = match told {
                Some(told) if told != seen => {
                    format!("{path}: the table says {told:?}, it is {seen:?} ({})", row.item)
                }
                None if seen == Travels::Never && !left_out.contains(&path) => {
                    format!("{path}: not in the table ({})", row.item)
                }
                _ => continue,
            };
            wrong.entry(problem).or_default().insert(python.version());
        }
    }
    if asked == 0 {
        assert!(std::env::var_os("CI").is_none(), "no Python is there");
        eprintln!("objects: SKIPPED, no Python is there");
    }
    let lines: Vec<String> =
        wrong.iter().map(|(what, versions)| format!("{what} {versions:?}")).collect();
    assert!(lines.is_empty(), "{}", lines.join("\n"));
}

#[test]
fn no_path_is_named_twice() {
    let mut seen = BTreeSet::new();
    let doubled: Vec<&String> = objects::all()
        .iter()
        .flat_map(|kind| &kind.paths)
        .filter(|path| !seen.insert(*path))
        .collect();
    assert!(doubled.is_empty(), "{doubled:?}");
    assert!(!spawnsafe::catalogue::configurations::all().is_empty());
}
