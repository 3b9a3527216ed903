//! The house rules that the compiler does not enforce: layers, sizes, who may touch the disk.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A module imports only from those to its left. Modules of one entry do not import each other.
const LAYERS: &[&[&str]] = &[
    &["text"],
    &["syntax"],
    &["findings"],
    &["catalogue"],
    &["facts"],
    &["project"],
    &["rewrite"],
    &["rules"],
    &["map"],
    &["engine"],
    &["disk"],
    &["cache"],
    &["git"],
    &["output"],
    &["review", "migrate", "trace", "server"],
    &["cli"],
];

/// Places that may read and write files and start programs; all others are given texts.
const MAY_TOUCH_THE_DISK: &[&str] = &[
    "src/cache/",
    "src/cli/",
    "src/disk/",
    "src/git/",
    "src/output/write.rs",
    "src/review/",
    "src/migrate/",
    "src/trace/",
    "src/main.rs",
];

const LONGEST_FILE: usize = 600;
const LONGEST_FUNCTION: usize = 100;

/// Names that say nothing about what is inside.
const DRAWERS: &[&str] = &["utils", "util", "helpers", "helper", "common", "misc", "shared"];

/// One Rust file below `src`.
struct Source {
    /// From the root of the repository, with slashes.
    path: String,
    text: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut waiting = vec![folder.to_path_buf()];
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(&folder).expect("a readable folder") {
            let path = entry.expect("a readable folder").path();
            if path.is_dir() { waiting.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    files
}

fn sources(folder: &str) -> Vec<Source> {
    let rust = files_below(&root().join(folder))
        .into_iter()
        .filter(|path| path.extension().is_some_and(|suffix| suffix == "rs"));
    rust.map(|path| {
        let text = fs::read_to_string(&path).expect("a Rust file in UTF-8");
        let path = path
            .strip_prefix(root())
            .expect("a path below the root")
            .to_string_lossy()
            .replace('\\', "/");
        Source { path, text }
    })
    .collect()
}

/// The position of a module in [`LAYERS`].
fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|entry| entry.contains(&module))
}

/// The modules of this crate that a line names after `crate::`, whether one or `crate::{a, b::c}`.
fn named_modules(line: &str) -> BTreeSet<String> {
    let code = line.split("//").next().unwrap_or_default();
    let mut found = BTreeSet::new();
    for tail in code.split("crate::").skip(1) {
        match tail.strip_prefix('{') {
            None => found.extend(first_word(tail)),
            Some(list) => found.extend(
                list.split(['}', '\n'])
                    .next()
                    .unwrap_or_default()
                    .split(',')
                    .filter_map(|item| first_word(item.trim())),
            ),
        }
    }
    found
}

fn first_word(text: &str) -> Option<String> {
    let word: String = text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    (!word.is_empty()).then_some(word)
}

#[test]
fn layers_import_only_to_their_left() {
    let mut wrong = Vec::new();
    for source in sources("src") {
        let Some((module, _)) = source.path.trim_start_matches("src/").split_once('/') else {
            continue;
        };
        let Some(own) = layer(module) else {
            wrong.push(format!("{}: src/{module} stands in no layer", source.path));
            continue;
        };
        for (number, line) in source.text.lines().enumerate() {
            for named in named_modules(line).iter().filter(|named| *named != module) {
                if layer(named).is_some_and(|theirs| theirs >= own) {
                    wrong.push(format!(
                        "{}:{}: {module} must not know {named}",
                        source.path,
                        number + 1
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn rules_do_not_import_rules() {
    let stems: Vec<&str> = spawnsafe::rules::ALL.iter().map(|rule| rule.query.name()).collect();
    let mut wrong = Vec::new();
    for source in sources("src/rules").iter().filter(|source| !source.path.ends_with("/mod.rs")) {
        for (number, line) in source
            .text
            .lines()
            .enumerate()
            .filter(|(_, line)| line.trim_start().starts_with("use "))
        {
            let own = Path::new(&source.path)
                .file_stem()
                .expect("a named file")
                .to_string_lossy()
                .into_owned();
            // A rewriter may be called as the rule that uses it.
            let from_rules = line.contains("rules::") || line.contains("super::");
            let words: BTreeSet<&str> =
                line.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
            let names = |stem: &&str| {
                from_rules
                    && words.contains(*stem)
                    && **stem != own
                    && !source.path.contains(&format!("/{stem}/"))
            };
            wrong.extend(stems.iter().filter(|stem| names(stem)).map(|stem| {
                format!("{}:{}: a rule imports the rule {stem}", source.path, number + 1)
            }));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn only_the_edge_touches_the_disk() {
    let mut wrong = Vec::new();
    for source in sources("src")
        .iter()
        .filter(|source| !MAY_TOUCH_THE_DISK.iter().any(|place| source.path.starts_with(place)))
    {
        for (number, line) in source.text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            for banned in ["std::fs", "std::process", "std::env", "std::net"]
                .iter()
                .filter(|banned| code.contains(**banned))
            {
                wrong.push(format!(
                    "{}:{}: {banned} belongs to {}",
                    source.path,
                    number + 1,
                    MAY_TOUCH_THE_DISK.join(", ")
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_are_short_and_say_what_they_know() {
    let mut wrong = Vec::new();
    for source in sources("src").into_iter().chain(sources("tests")) {
        let lines = source.text.lines().count();
        if lines > LONGEST_FILE {
            wrong.push(format!(
                "{}: {lines} lines, more than {LONGEST_FILE}: split it by noun",
                source.path
            ));
        }
        if !source.text.starts_with("//!") {
            wrong.push(format!("{}: starts without //! and what it knows", source.path));
        }
        let stem = Path::new(&source.path)
            .file_stem()
            .expect("a named file")
            .to_string_lossy()
            .into_owned();
        if source.path.split('/').any(|part| DRAWERS.contains(&part)) || DRAWERS.contains(&&*stem) {
            wrong.push(format!("{}: a drawer; name what is in it", source.path));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn functions_are_short() {
    let mut wrong = Vec::new();
    for source in sources("src").into_iter().chain(sources("tests")) {
        let lines: Vec<&str> = source.text.lines().collect();
        for (start, line) in lines.iter().enumerate().filter(|(_, line)| starts_function(line)) {
            // The formatter puts the closing brace under the first letter of the function.
            let closing = format!("{}}}", &line[..line.len() - line.trim_start().len()]);
            let length =
                lines[start..].iter().position(|line| *line == closing).map_or(1, |end| end + 1);
            if !line.trim_end().ends_with('}') && length > LONGEST_FUNCTION {
                wrong.push(format!(
                    "{}:{}: {length} lines, more than {LONGEST_FUNCTION}: {}",
                    source.path,
                    start + 1,
                    line.trim()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn starts_function(line: &str) -> bool {
    let words: Vec<&str> = line
        .split_whitespace()
        .take_while(|word| !word.contains('(') || word.starts_with("pub("))
        .collect();
    let before_name = ["pub", "const", "async", "pub(crate)", "pub(super)", "extern"];
    let at = words.iter().position(|word| !before_name.contains(word) && !word.starts_with("pub("));
    at.is_some_and(|at| words[at] == "fn")
        || (words.len() < 2 && line.trim_start().starts_with("fn "))
}

/// Every path of the repository that the documents name in code marks is there.
#[test]
fn documents_name_no_file_that_is_gone() {
    let mut wrong = Vec::new();
    for document in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"] {
        let text = fs::read_to_string(root().join(document)).expect("the document is there");
        for quoted in text.split('`').skip(1).step_by(2) {
            let is_path = ["src/", "tests/", "queries/", "fixtures/", "benches/", ".ci/"]
                .iter()
                .any(|folder| quoted.starts_with(folder));
            let is_example =
                quoted.contains(['<', ' ', '*', '\n']) || quoted.contains("bound_lock");
            if is_path && !is_example && !root().join(quoted).exists() {
                wrong.push(format!("{document} names {quoted}, which is not there"));
            }
        }
        for target in text.split("](").skip(1).filter_map(|tail| tail.split(')').next()) {
            if !target.contains("://") && !target.starts_with('#') && !root().join(target).exists()
            {
                wrong.push(format!("{document} links to {target}, which is not there"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The test's own eyes: what it must see in a line.
#[test]
fn the_readers_of_lines_work() {
    let names = |line: &str| named_modules(line).into_iter().collect::<Vec<_>>().join(" ");
    assert_eq!(names("use crate::text::Span;"), "text");
    assert_eq!(names("use crate::{findings::Fix, rules};"), "findings rules");
    assert_eq!(names("let x = crate::engine::check(); // crate::cli"), "engine");
    assert!(starts_function("    pub(crate) const fn at(offset: u32) -> Self {"));
    assert!(starts_function("fn main() {"));
    assert!(!starts_function("    let fn_name = f(1);"));
}
