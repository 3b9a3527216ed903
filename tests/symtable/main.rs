//! Scopes compared with Python's own `symtable` module, over the whole standard library of the interpreter found, its
//! test suites included, and over `cases/`: every scope, every symbol, every flag.
//!
//! The interpreter is 3.13 if there is one (its names of scope types are the model's), else the nearest other one.
//! `SPAWNSAFE_SYMTABLE_ALSO` names further folders of Python code. `SPAWNSAFE_SYMTABLE=all` compares with every interpreter that is found; each is held against its own release's rules:
//! comprehensions are scopes of their own before 3.12 and folded in from then on, annotations are functions from 3.14 on.

#[path = "../behaviour/interpreters.rs"]
mod interpreters;

use interpreters::Interpreter;
use rayon::prelude::*;
use serde_json::Value;
use spawnsafe::facts::scopes::{PythonVersion, dump};
use spawnsafe::syntax::parse;
use spawnsafe::text::SourceFile;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

/// In the order of the oracle's bits.
const FLAGS: [&str; 11] = [
    "parameter",
    "local",
    "free",
    "cell",
    "global",
    "declared_global",
    "nonlocal",
    "imported",
    "assigned",
    "annotated",
    "referenced",
];
/// What a scope has besides symbols and children, in the oracle's order.
const KEYS: [&str; 3] = ["type", "name", "line"];
/// More files than this that the grammar cannot read are a fault.
const MAX_UNREADABLE: usize = 6;
/// One wrong scope makes many differences; so many are shown of each file.
const MAX_SHOWN: usize = 6;

/// What one file contributed.
enum Outcome {
    Compared {
        scopes: usize,
        symbols: usize,
        differences: Vec<String>,
    },
    /// The interpreter refuses the file.
    Refused,
    /// Not read by spawnsafe, with the reason.
    Unreadable(String),
}

#[test]
fn scopes_are_those_of_symtable() {
    let chosen = choose();
    if chosen.is_empty() {
        assert!(
            std::env::var_os("CI").is_none(),
            "no Python 3.8 to 3.14 was found, and CI must compare"
        );
        say(
            "SKIPPED: scopes are not compared with symtable: no Python 3.8 to 3.14 was found (PATH, .python-next/bin, ~/.pyenv)",
        );
        return;
    }
    let mut wrong = Vec::new();
    for interpreter in chosen {
        wrong.extend(compare_with(&interpreter));
    }
    assert!(wrong.is_empty(), "differences from symtable:\n{}", wrong.join("\n"));
}

#[test]
fn the_command_prints_the_same() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/symtable/cases/classes.py");
    let output = Command::new(env!("CARGO_BIN_EXE_spawnsafe"))
        .args(["debug", "scopes"])
        .arg(&file)
        .output()
        .expect("the command runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let printed: Value = serde_json::from_slice(&output.stdout).expect("the command prints JSON");
    let text = std::fs::read_to_string(&file).expect("the case is there");
    assert_eq!(printed, dump::to_json(&parse(&text).tree, &text, PythonVersion::DEFAULT));
    let missing = Command::new(env!("CARGO_BIN_EXE_spawnsafe"))
        .args(["debug", "scopes", "no/such/file.py"])
        .output()
        .expect("the command runs");
    assert_eq!(missing.status.code(), Some(2));
}

fn choose() -> Vec<Interpreter> {
    let mut found: Vec<Interpreter> = interpreters::find().collect();
    found.retain(|interpreter| (8..=14).contains(&interpreter.minor.1));
    found.sort_by_key(|interpreter| interpreter.minor.1.abs_diff(13));
    if std::env::var_os("SPAWNSAFE_SYMTABLE").is_none_or(|wanted| wanted != "all") {
        found.truncate(1);
    }
    found
}

/// Test programs' own output is hidden; this is for people.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

fn compare_with(interpreter: &Interpreter) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/symtable");
    let mut oracle = Command::new(&interpreter.path)
        .arg("-I")
        .arg(folder.join("oracle.py"))
        .arg(folder.join("cases"))
        .args(std::env::split_paths(
            &std::env::var_os("SPAWNSAFE_SYMTABLE_ALSO").unwrap_or_default(),
        ))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("cannot start {}: {error}", interpreter.path.display()));
    let mut lines =
        BufReader::new(oracle.stdout.take().expect("standard output is a pipe")).lines();
    lines.next().expect("the oracle introduces itself").expect("the oracle speaks UTF-8");
    let version = PythonVersion(interpreter.minor.1 as u8);
    let outcomes: BTreeMap<String, Outcome> = lines
        .par_bridge()
        .map(|line| {
            let line: Value = serde_json::from_str(&line.expect("the oracle speaks UTF-8"))
                .expect("the oracle speaks JSON");
            let name = line["name"].as_str().expect("a name").to_owned();
            let outcome = compare_file(&name, &line, version);
            (name, outcome)
        })
        .collect();
    assert!(
        oracle.wait().expect("the oracle ends").success(),
        "the oracle failed under {}",
        interpreter.path.display()
    );
    summarize(interpreter, &outcomes)
}

fn summarize(interpreter: &Interpreter, outcomes: &BTreeMap<String, Outcome>) -> Vec<String> {
    let (mut files, mut all_scopes, mut all_symbols, mut refused, mut different) = (0, 0, 0, 0, 0);
    let (mut unreadable, mut wrong) = (Vec::new(), Vec::new());
    for (name, outcome) in outcomes {
        match outcome {
            Outcome::Compared { scopes, symbols, differences } => {
                files += 1;
                all_scopes += scopes;
                all_symbols += symbols;
                different += differences.len();
                wrong.extend(differences.iter().take(MAX_SHOWN).cloned());
            }
            Outcome::Refused => refused += 1,
            Outcome::Unreadable(reason) => unreadable.push(format!("{name}: {reason}")),
        }
    }
    say(&format!(
        "symtable of Python {}: {files} files, {all_scopes} scopes, {all_symbols} symbols compared, {} differences; {refused} files are refused by Python itself, {} not read by spawnsafe",
        interpreter.version(),
        different,
        unreadable.len()
    ));
    for line in &unreadable {
        say(&format!("  not read: {line}"));
    }
    assert!(files > 100, "the standard library of {} was not found", interpreter.path.display());
    // Code of any other place may be for Python 2 or hold what the grammar does not know.
    assert!(
        unreadable.len() <= MAX_UNREADABLE || std::env::var_os("SPAWNSAFE_SYMTABLE_ALSO").is_some(),
        "too many files are not read"
    );
    wrong
}

fn compare_file(name: &str, line: &Value, version: PythonVersion) -> Outcome {
    let Some(expected) = line.get("scope") else { return Outcome::Refused };
    let path = Path::new(line["path"].as_str().expect("a path"));
    let source = match std::fs::read(path)
        .map_err(|error| error.to_string())
        .and_then(|bytes| SourceFile::decode(path, bytes).map_err(|error| error.to_string()))
    {
        Ok(source) => source,
        Err(reason) => return Outcome::Unreadable(reason),
    };
    let parsed = parse(&source.text);
    if let Some(broken) = parsed.broken.first() {
        return Outcome::Unreadable(format!(
            "line {}: {}",
            source.lines().line(broken.span.start),
            broken.message
        ));
    }
    let found = dump::to_json(&parsed.tree, &source.text, version);
    // Python 3.8 places what stands in an f-string of several lines on the wrong line.
    let keys = if version > PythonVersion(8) { &KEYS[..] } else { &KEYS[..2] };
    let mut comparison =
        Comparison { file: name, keys, scopes: 0, symbols: 0, differences: Vec::new() };
    comparison.scope("", expected, &found);
    Outcome::Compared {
        scopes: comparison.scopes,
        symbols: comparison.symbols,
        differences: comparison.differences,
    }
}

struct Comparison<'f> {
    file: &'f str,
    keys: &'f [&'static str],
    scopes: usize,
    symbols: usize,
    differences: Vec<String>,
}

impl Comparison<'_> {
    fn differ(
        &mut self,
        place: &str,
        what: &str,
        expected: &dyn std::fmt::Debug,
        found: &dyn std::fmt::Debug,
    ) {
        self.differences.push(format!(
            "{}{place}: {what}: Python says {expected:?}, spawnsafe {found:?}",
            self.file
        ));
    }

    fn scope(&mut self, outer: &str, expected: &Value, found: &Value) {
        self.scopes += 1;
        let place = format!(
            "{outer} > {} {}:{}",
            expected[0].as_str().unwrap_or_default(),
            expected[1].as_str().unwrap_or_default(),
            expected[2]
        );
        for (index, key) in self.keys.iter().enumerate() {
            if expected[index] != found[*key] {
                self.differ(&place, key, &expected[index], &found[key]);
            }
        }
        let empty = serde_json::Map::new();
        let wanted = expected[3].as_object().unwrap_or(&empty);
        let symbols = found["symbols"].as_object().unwrap_or(&empty);
        self.symbols += wanted.len();
        for (name, bits) in wanted {
            let bits = bits.as_u64().unwrap_or_default();
            let flags: Vec<&str> = FLAGS
                .iter()
                .enumerate()
                .filter(|(index, _)| bits >> index & 1 == 1)
                .map(|row| *row.1)
                .collect();
            let own: Option<Vec<&str>> = symbols
                .get(name)
                .and_then(Value::as_array)
                .map(|flags| flags.iter().filter_map(Value::as_str).collect());
            if own.as_ref() != Some(&flags) {
                self.differ(&place, name, &flags, &own);
            }
        }
        for name in symbols.keys().filter(|name| !wanted.contains_key(*name)) {
            self.differ(&place, name, &None::<()>, &symbols[name]);
        }
        let (inner, own) = (
            expected[4].as_array().map_or(&[][..], Vec::as_slice),
            found["children"].as_array().map_or(&[][..], Vec::as_slice),
        );
        if inner.len() != own.len() {
            let names = |scopes: &[Value], key: &dyn Fn(&Value) -> Value| {
                scopes.iter().map(key).collect::<Vec<_>>()
            };
            let expected_names = names(inner, &|scope| scope[1].clone());
            let found_names = names(own, &|scope| scope["name"].clone());
            self.differ(&place, "children", &expected_names, &found_names);
            return;
        }
        for (expected, found) in inner.iter().zip(own) {
            self.scope(&place, expected, found);
        }
    }
}
