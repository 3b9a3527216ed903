//! Which files, of those without any word that matters, speak of what other files hand on to processes.

use super::Files;
use crate::project::Trigger;
use aho_corasick::{AhoCorasick, MatchKind};
use memchr::memmem;
use std::collections::BTreeSet;

/// The triggers of one round, ready to be looked for.
pub(super) struct Mentions {
    /// Every word without which a file mentions none of them.
    words: AhoCorasick,
    triggers: Vec<Names>,
}

/// What to look for of one trigger.
struct Names {
    /// Its name, if it is not the module as a whole.
    name: Option<String>,
    /// The words by which an import may name where it comes from.
    modules: Vec<String>,
}

impl Mentions {
    /// A search for `triggers`. A package counts as a source of a trigger only if its `__init__.py`, read from
    /// `files`, speaks of it.
    pub(super) fn new(triggers: Vec<Trigger>, files: &dyn Files) -> Self {
        let names = |trigger: Trigger| {
            let mut modules = vec![trigger.module.clone()];
            let packages = trigger.packages.iter().filter(|(_, init)| files.read(init).is_ok_and(|bytes| hands_out(&bytes, &trigger)));
            modules.extend(packages.map(|(word, _)| word.clone()));
            Names { modules, name: trigger.name }
        };
        let triggers: Vec<Names> = triggers.into_iter().map(names).collect();
        let words: BTreeSet<&str> = triggers.iter().flat_map(Names::rarest).collect();
        // LeftmostFirst uses vector instructions; the standard kind never does.
        let words = AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(&words).expect("a list of words is a valid pattern set");
        Self { words, triggers }
    }

    /// Whether a file's bytes import one of the triggers, or its module and name it.
    pub(super) fn one(&self, bytes: &[u8]) -> bool {
        self.words.is_match(bytes) && self.triggers.iter().any(|trigger| trigger.are_in(bytes))
    }
}

impl Names {
    /// The words of which every file that mentions the trigger holds one.
    fn rarest(&self) -> Vec<&str> {
        match &self.name {
            Some(name) => vec![name],
            None => self.modules.iter().map(String::as_str).collect(),
        }
    }

    fn are_in(&self, bytes: &[u8]) -> bool {
        self.name.as_ref().is_none_or(|name| has_word(bytes, name)) && self.modules.iter().any(|module| imports(bytes, module))
    }
}

/// Whether the `__init__.py` of a package speaks of what a module below it defines: by name, by a star import, or, for
/// the module as a whole, by an import.
fn hands_out(init: &[u8], trigger: &Trigger) -> bool {
    match &trigger.name {
        Some(name) => has_word(init, name) || (has_word(init, &trigger.module) && memmem::find(init, b"import *").is_some()),
        None => imports(init, &trigger.module),
    }
}

/// Whether a module with these bytes may have a member `name`: it speaks of it, or takes over all of another module.
pub(super) fn may_define(bytes: &[u8], name: &str) -> bool {
    has_word(bytes, name) || [&b"import *"[..], b"\ndef __getattr__", b"\nglobals()"].iter().any(|way| memmem::find(bytes, way).is_some())
}

fn is_word(byte: Option<&u8>) -> bool {
    byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_' || !byte.is_ascii())
}

/// The offsets at which `word` stands alone.
fn words<'b>(bytes: &'b [u8], word: &'b str) -> impl Iterator<Item = usize> + 'b {
    let is_whole = move |at: &usize| !is_word(at.checked_sub(1).and_then(|before| bytes.get(before))) && !is_word(bytes.get(at + word.len()));
    memmem::find_iter(bytes, word.as_bytes()).filter(is_whole)
}

fn has_word(bytes: &[u8], word: &str) -> bool {
    words(bytes, word).next().is_some()
}

/// Whether some line that starts like an import, or with the name itself (imports in parentheses), names `module`.
fn imports(bytes: &[u8], module: &str) -> bool {
    words(bytes, module).any(|at| {
        let line = bytes[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
        let head = bytes[line..at].trim_ascii_start();
        head.is_empty() || head.starts_with(b"import ") || head.starts_with(b"from ")
    })
}
