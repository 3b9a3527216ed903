//! What the bytes of a file that is not parsed say: its imports, and whether a word stands in it.

use crate::project::names::modules::member_of;
use memchr::memmem;
use rustc_hash::FxHashSet;
use std::borrow::Cow;
use std::collections::BTreeSet;

/// The dotted names (with leading dots where they are relative) of all modules that a file may import: for
/// `from a.b import c` those of `a`, `a.b` and `a.b.c` (`a.b.*` for a star). Imports inside of strings count as well. Only those
/// whose first part (empty where they are relative) `is_wanted`.
pub(super) fn modules(bytes: &[u8], is_wanted: impl Fn(&str) -> bool) -> BTreeSet<String> {
    // Checking for good UTF-8 is much quicker than mending bad.
    let text = str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed);
    let is_wanted = |module: &str| is_wanted(module.split('.').next().unwrap_or_default());
    let mut found = BTreeSet::new();
    // A byte order mark is no part of the first word.
    let mut rest = text.trim_start_matches('\u{feff}');
    // Most lines import nothing.
    while let Some(at) = memmem::find(rest.as_bytes(), b"import")
        && let Some((line, after)) = next_line(&rest[line_start(rest, at)..])
    {
        rest = after;
        for statement in line.split([';', ':']).map(str::trim_start) {
            if let Some(names) = statement.strip_prefix("import ") {
                let names = names.split(',').map(first_word).filter(|name| is_wanted(name));
                names.for_each(|name| add_with_parents(name, &mut found));
            } else if let Some((module, names)) =
                statement.strip_prefix("from ").and_then(|tail| tail.split_once("import"))
            {
                let module = module.trim();
                let (names, after) = if names.trim_start().starts_with('(') {
                    until_closed(names, rest)
                } else {
                    (names.to_owned(), rest)
                };
                rest = after;
                if !is_wanted(module) {
                    continue;
                }
                add_with_parents(module, &mut found);
                let names = names
                    .split([',', '(', ')', '\n', '\\'])
                    .map(|name| if name.trim() == "*" { "*" } else { first_word(name) });
                found.extend(
                    names.filter(|name| !name.is_empty()).map(|name| member_of(module, name)),
                );
            }
        }
    }
    found
}

/// Where the line begins that holds the byte at `at`, with the lines that a backslash joins to it.
fn line_start(text: &str, at: usize) -> usize {
    let start = |at: usize| text[..at].rfind('\n').map_or(0, |end| end + 1);
    let mut begin = start(at);
    while begin > 0 && text[start(begin - 1)..begin - 1].trim_end().ends_with('\\') {
        begin = start(begin - 1);
    }
    begin
}

/// The first line of `text`, together with those that a backslash joins to it, and what follows.
fn next_line(text: &str) -> Option<(String, &str)> {
    if text.is_empty() {
        return None;
    }
    let mut line = String::new();
    let mut rest = text;
    loop {
        let (first, after) = rest.split_once('\n').unwrap_or((rest, ""));
        rest = after;
        match first.trim_end().strip_suffix('\\') {
            Some(joined) if !rest.is_empty() => line.push_str(joined),
            _ => {
                line.push_str(first);
                return Some((line, rest));
            }
        }
    }
}

/// The names up to the closing bracket, without comments, and what follows.
fn until_closed<'t>(line: &str, after: &'t str) -> (String, &'t str) {
    let mut names = without_comment(line).to_owned();
    let mut rest = after;
    while !names.contains(')') && !rest.is_empty() {
        let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
        names.push('\n');
        names.push_str(without_comment(line));
        rest = after;
    }
    (names, rest)
}

fn without_comment(line: &str) -> &str {
    line.split('#').next().unwrap_or(line)
}

fn first_word(text: &str) -> &str {
    let text = text.trim_start();
    let end =
        text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.')).unwrap_or(text.len());
    &text[..end]
}

fn add_with_parents(module: &str, found: &mut BTreeSet<String>) {
    if module.is_empty() || module.contains(char::is_whitespace) {
        return;
    }
    let ends = module
        .char_indices()
        .filter(|(at, c)| *c == '.' && !module[..*at].bytes().all(|byte| byte == b'.'))
        .map(|(at, _)| at);
    found.extend(ends.map(|end| module[..end].to_owned()));
    found.insert(module.to_owned());
}

/// Whether a module with these bytes may have a member `name` of its own: it speaks of it, or makes names as it runs.
pub(super) fn may_define(bytes: &[u8], name: &str) -> bool {
    has_word(bytes, name)
        || [&b"\ndef __getattr__"[..], b"\nglobals()"]
            .iter()
            .any(|way| memmem::find(bytes, way).is_some())
}

/// The modules, as [`modules`] writes them, of which all members are imported.
pub(super) fn star_imports(bytes: &[u8]) -> Vec<String> {
    if memmem::find(bytes, b"import *").is_none() {
        return Vec::new();
    }
    let starred = modules(bytes, |_| true)
        .into_iter()
        .filter_map(|module| module.strip_suffix('*').map(str::to_owned));
    starred
        .map(|module| {
            if module.trim_start_matches('.').is_empty() {
                module
            } else {
                module.trim_end_matches('.').to_owned()
            }
        })
        .collect()
}

/// Whether `word` stands somewhere as a word of its own.
pub(super) fn has_word(bytes: &[u8], word: &str) -> bool {
    let is_word = |byte: Option<&u8>| {
        byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_' || !byte.is_ascii())
    };
    memmem::find_iter(bytes, word.as_bytes()).any(|at| {
        !is_word(at.checked_sub(1).and_then(|before| bytes.get(before)))
            && !is_word(bytes.get(at + word.len()))
    })
}

/// The words of a text that `is_wanted`.
pub(super) fn words(bytes: &[u8], is_wanted: impl Fn(&[u8]) -> bool) -> FxHashSet<&[u8]> {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || !byte.is_ascii();
    let words = bytes.split(|byte| !is_word(byte));
    words.filter(|word| !word.is_empty() && is_wanted(word)).collect()
}

/// Whether something has an attribute `name`.
pub(super) fn has_attribute(bytes: &[u8], name: &str) -> bool {
    has_word(bytes, name)
        && memmem::find_iter(bytes, name.as_bytes()).any(|at| at > 0 && bytes[at - 1] == b'.')
}

#[cfg(test)]
mod tests {
    use super::{has_word, modules, star_imports, words};

    #[test]
    fn imports_are_seen_in_every_form() {
        let text = b"import a.b as c, d\nfrom . import e\nif x: from ..f.g import (h,  # why\n    i as j)\nfrom k \\\n    import l\n    import m; import n\r\n";
        let found: Vec<String> = modules(text, |_| true).into_iter().collect();
        assert_eq!(
            found,
            [
                ".", "..f", "..f.g", "..f.g.h", "..f.g.i", ".e", "a", "a.b", "d", "k", "k.l", "m",
                "n"
            ]
            .map(String::from)
        );
        assert!(modules("\u{feff}import a\n".as_bytes(), |_| true).contains("a"));
        let ours: Vec<String> = modules(text, |first| first == "a").into_iter().collect();
        assert_eq!(ours, ["a", "a.b"]);
    }

    #[test]
    fn star_imports_name_their_modules() {
        assert_eq!(
            star_imports(b"from . import *\nfrom .a.b import *\nfrom c import d\n"),
            [".", ".a.b"]
        );
        assert!(star_imports(b"x = a * b\nfrom c import d\n").is_empty());
    }

    #[test]
    fn words_stand_alone() {
        let said = words("x = run(1).réel".as_bytes(), |word| word != b"x");
        assert_eq!(said.len(), 3);
        assert!(said.contains(&b"run"[..]) && said.contains("réel".as_bytes()));
        assert!(has_word(b"x = run(1)", "run") && !has_word(b"rerun, run_all", "run"));
    }
}
