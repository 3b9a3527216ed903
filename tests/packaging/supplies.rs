//! What is linked in: each dependency has its reason, and a licence and a source that `deny.toml` takes. The release
//! workflow asks `cargo deny`; this is the part that needs nothing but cargo.

use super::{read, root, said};
use serde_json::Value;
use std::collections::BTreeSet;
use std::process::Command;

fn list(table: &toml::Table, part: &str, key: &str) -> BTreeSet<String> {
    let items = table[part][key].as_array().expect("a list");
    items.iter().map(|item| item.as_str().expect("a word").to_owned()).collect()
}

/// Whether what may be linked satisfies a licence expression: `AND` binds tighter than `OR`, brackets stand around either.
fn is_taken(expression: &str, taken: &BTreeSet<String>) -> bool {
    let spaced = [("/", " OR "), ("(", " ( "), (")", " ) "), (" WITH ", "_WITH_")]
        .iter()
        .fold(expression.to_owned(), |text, (old, new)| text.replace(old, new));
    let mut words = spaced.split_whitespace().peekable();
    any_of(&mut words, taken) && words.next().is_none()
}

type Words<'t> = std::iter::Peekable<std::str::SplitWhitespace<'t>>;

fn any_of(words: &mut Words, taken: &BTreeSet<String>) -> bool {
    let mut holds = all_of(words, taken);
    while words.next_if_eq(&"OR").is_some() {
        holds |= all_of(words, taken);
    }
    holds
}

fn all_of(words: &mut Words, taken: &BTreeSet<String>) -> bool {
    let mut holds = one_of(words, taken);
    while words.next_if_eq(&"AND").is_some() {
        holds &= one_of(words, taken);
    }
    holds
}

fn one_of(words: &mut Words, taken: &BTreeSet<String>) -> bool {
    if words.next_if_eq(&"(").is_some() {
        let holds = any_of(words, taken);
        return words.next() == Some(")") && holds;
    }
    words.next().is_some_and(|word| taken.contains(&word.replace("_WITH_", " WITH ")))
}

#[test]
fn licences_and_sources_are_those_that_are_accepted() {
    let table: toml::Table = toml::from_str(&read("deny.toml")).expect("TOML");
    let (licences, registries) =
        (list(&table, "licenses", "allow"), list(&table, "sources", "allow-registry"));
    let host = Command::new("rustc").args(["--print", "host-tuple"]).output().expect("rustc runs");
    let host = String::from_utf8_lossy(&host.stdout).trim().to_owned();
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--locked",
            "--offline",
            "--filter-platform",
            &host,
        ])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", said(&output));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let mut wrong = Vec::new();
    for package in metadata["packages"].as_array().expect("a list") {
        let word = |key: &str| package[key].as_str().unwrap_or_default();
        if !is_taken(word("license"), &licences) {
            wrong.push(format!("{}: licence {}", word("name"), word("license")));
        }
        let source = word("source").trim_start_matches("registry+");
        if word("name") != "spawnsafe" && !registries.contains(source) {
            wrong.push(format!("{}: source {source}", word("name")));
        }
    }
    assert!(wrong.is_empty(), "deny.toml takes none of:\n{}", wrong.join("\n"));
}

/// A reason for several stands above the first, and their names begin alike.
#[test]
fn each_dependency_says_why_it_is_there() {
    let text = read("Cargo.toml");
    let (mut in_dependencies, mut before) = (false, "");
    let mut wrong = Vec::new();
    for line in text.lines() {
        if line.starts_with('[') {
            in_dependencies = line.contains("dependencies]");
        } else if in_dependencies && line.contains('=') && !line.starts_with('#') {
            let family = line.split(['_', '-', ' ']).next().unwrap_or_default();
            if !before.starts_with('#') && !before.starts_with(family) {
                wrong.push(line);
            }
        }
        before = line;
    }
    assert!(wrong.is_empty(), "no reason above:\n{}", wrong.join("\n"));
}
