//! Every rule is complete, and everything that stands in a rule's places belongs to a rule.
//!
//! What these tests say when they fail is the list of what a new rule still needs.

#[path = "../fixtures/case.rs"]
#[allow(dead_code)] // the golden test uses the rest
mod case;
mod messages;
mod pages;
mod queries;
mod readme;

use case::Case;
use spawnsafe::findings::Reason;
use spawnsafe::rules::{ALL, Rule};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Folders of fixtures that belong to no rule.
const OTHER_KINDS: &[&str] = &["clean", "demo", "hostile"];
/// Files of `src/rules` that belong to no rule.
const OTHER_SOURCES: &[&str] = &["mod", "context", "kept_lambda", "parent_changes", "sent_index"];

/// Reasons that no program can be written for: a failed check is a bug of ours, and no rule meets a dynamic callable yet.
const NEVER_SHOWN: &[Reason] = &[Reason::FailedCheck, Reason::DynamicCallable];

/// A file of the repository.
fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap_or_default()
}

fn exists(path: &str) -> bool {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path).exists()
}

/// The one word under which all files of a rule are found.
fn stem(rule: &Rule) -> &'static str {
    rule.query.name()
}

fn stems_in(folder: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder))
        .expect("the folder is there");
    entries
        .map(|entry| {
            entry
                .expect("a readable folder")
                .path()
                .file_stem()
                .expect("a named file")
                .to_string_lossy()
                .into_owned()
        })
        .collect()
}

/// All fixtures of all kinds.
fn all_cases() -> Vec<Case> {
    case::kinds().iter().flat_map(|kind| case::cases(kind)).collect()
}

/// Fails with all of `wrong`, one a line.
#[track_caller]
fn none(wrong: &[String]) {
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_rule_is_one_stem() {
    let mut wrong = Vec::new();
    for rule in ALL {
        let stem = stem(rule);
        if rule.name.replace('-', "_") != stem {
            wrong.push(format!("{}: its name is {}, its query {stem}", rule.code, rule.name));
        }
        let sources = [format!("src/rules/{stem}.rs"), format!("src/rules/{stem}/mod.rs")];
        if !sources.iter().any(|path| exists(path)) {
            wrong.push(format!("{}: {} is missing", rule.code, sources[0]));
        }
        for path in [
            format!("src/rules/{stem}.md"),
            format!("queries/{stem}.scm"),
            format!("fixtures/{stem}"),
        ] {
            if !exists(&path) {
                wrong.push(format!("{}: {path} is missing", rule.code));
            }
        }
    }
    none(&wrong);
}

#[test]
fn nothing_lies_about_without_a_rule() {
    let stems: BTreeSet<String> = ALL.iter().map(|rule| stem(rule).to_owned()).collect();
    let mut wrong = Vec::new();
    let mut stray = |folder: &str, others: &[&str]| {
        let found = stems_in(folder);
        let unknown =
            found.iter().filter(|name| !stems.contains(*name) && !others.contains(&name.as_str()));
        wrong.extend(unknown.map(|name| format!("{folder}/{name} belongs to no rule of ALL")));
    };
    stray("src/rules", OTHER_SOURCES);
    stray("queries", &[]);
    let kinds: Vec<&str> = OTHER_KINDS.iter().copied().chain(["stubs", ".gitattributes"]).collect();
    stray("fixtures", &kinds);
    none(&wrong);
}

#[test]
fn codes_and_names_are_well_formed() {
    let mut wrong = Vec::new();
    for pair in ALL.windows(2).filter(|pair| pair[0].code >= pair[1].code) {
        wrong.push(format!(
            "{} stands before {}: ALL is sorted by code, and a code is used once",
            pair[0].code, pair[1].code
        ));
    }
    for rule in ALL {
        let digits = rule.code.strip_prefix("SP").unwrap_or_default();
        if digits.len() != 3 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            wrong.push(format!("{}: a code is SP and three digits", rule.code));
        }
        if !rule.name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-') {
            wrong.push(format!("{}: the name '{}' is not in kebab-case", rule.code, rule.name));
        }
        wrong.extend(
            messages::convention(rule.summary)
                .map(|why| format!("{}: the summary {why}: {}", rule.code, rule.summary)),
        );
    }
    none(&wrong);
}

/// At least one case that is changed (if the rule has a fix), one that is refused or only reported, one look-alike.
#[test]
fn fixtures_show_all_sides_of_a_rule() {
    let mut wrong = Vec::new();
    for rule in ALL {
        let cases = case::cases(stem(rule));
        let reports: Vec<String> =
            cases.iter().map(|case| case.text("report.txt").unwrap_or_default()).collect();
        let own: Vec<&str> = reports
            .iter()
            .flat_map(|report| report.lines())
            .filter(|line| line.contains(&format!(" {} ", rule.code)))
            .collect();
        if own.is_empty() {
            wrong.push(format!("{}: no report of fixtures/{} names it", rule.code, stem(rule)));
        }
        if pages::has_after(rule) && !cases.iter().any(|case| case.after().is_some()) {
            wrong.push(format!("{}: no case of fixtures/{} is changed", rule.code, stem(rule)));
        }
        if !own.iter().any(|line| line.contains("[refused: ")) {
            wrong.push(format!("{}: no case of fixtures/{} is refused", rule.code, stem(rule)));
        }
        if !reports.iter().any(String::is_empty) {
            wrong.push(format!(
                "{}: no look-alike in fixtures/{}, in which nothing is found",
                rule.code,
                stem(rule)
            ));
        }
    }
    none(&wrong);
}

/// A case that is rewritten is run, or says why not.
#[test]
fn rewritten_fixtures_are_run() {
    let mut wrong = Vec::new();
    for case in
        all_cases().iter().filter(|case| case.after().is_some() && case.settings.run != Some(false))
    {
        if case.settings.fails.is_none() {
            wrong.push(format!("{}: case.toml must say how it fails before the fix", case.name));
        }
        if case.text("stdout.txt").is_none_or(|text| text.trim().is_empty()) {
            wrong.push(format!("{}: stdout.txt must say what it prints", case.name));
        }
    }
    none(&wrong);
}

#[test]
fn every_reason_is_shown_by_a_fixture() {
    let reports: String = all_cases().iter().filter_map(|case| case.text("report.txt")).collect();
    let missing = Reason::ALL.iter().filter(|reason| {
        !NEVER_SHOWN.contains(*reason) && !reports.contains(&format!("[refused: {}]", reason.id()))
    });
    none(
        &missing
            .map(|reason| format!("no report.txt has [refused: {}]", reason.id()))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn the_readme_lists_every_rule() {
    let readme = read("README.md");
    let rows: Vec<&str> = readme.lines().filter(|line| line.starts_with("| SP")).collect();
    let wanted: Vec<String> = ALL
        .iter()
        .map(|rule| format!("| {} | {} | {} |", rule.code, rule.name, rule.summary))
        .collect();
    assert_eq!(
        rows, wanted,
        "README.md: the table of rules, one line each, as code, name and summary"
    );
}
