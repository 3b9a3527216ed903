//! Which files ask: those whose code speaks of processes. A word in a comment, a docstring or a longer name says nothing of
//! the code, and whoever imports threads from `concurrent.futures` starts no processes.

use crate::catalogue::{Catalogue, Verdict};
use crate::facts::FileFacts;
use crate::syntax::{Field, Kind, NodeId};
use crate::text::Span;
use aho_corasick::AhoCorasick;
use rustc_hash::FxHashSet;

/// The module that holds executors of threads as well as of processes.
const FUTURES: &str = "concurrent.futures";

/// The search for words that are meant.
pub(super) struct Asking {
    words: AhoCorasick,
    /// The names of modules, functions and parameters that words in small letters may be parts of.
    names: FxHashSet<String>,
    /// What `concurrent.futures` holds that may send to processes.
    senders: FxHashSet<String>,
}

impl Asking {
    pub(super) fn new(catalogue: &Catalogue) -> Self {
        let paths = || {
            let entries = catalogue.entries();
            entries.flat_map(|(_, entry)| entry.paths.iter().map(move |path| (entry, path)))
        };
        let parts = paths().flat_map(|(_, path)| path.split('.').map(str::to_owned));
        let sent = paths().filter(|(entry, _)| entry.verdict != Verdict::Never);
        let senders = sent.filter_map(|(_, path)| {
            let member = path.strip_prefix(FUTURES)?.strip_prefix('.')?;
            member.split('.').next().map(str::to_owned)
        });
        Self {
            words: catalogue.search().clone(),
            names: parts.chain(catalogue.words()).collect(),
            // Whoever is given "an executor" may be given one of processes.
            senders: senders.chain(["Executor".to_owned()]).collect(),
        }
    }

    /// Whether the code of a file speaks of processes.
    pub(super) fn asks(&self, facts: &FileFacts) -> bool {
        let text = facts.all();
        let mut found = self.words.find_iter(text.as_bytes());
        found.any(|found| self.is_meant(facts, found.start(), found.end()))
    }

    fn is_meant(&self, facts: &FileFacts, start: usize, end: usize) -> bool {
        let (text, tree) = (facts.all(), facts.tree());
        let node = tree.covering(Span { start: start as u32, end: end as u32 });
        if is_prose(facts, node) {
            return false;
        }
        let word = &text[start..end];
        if word == FUTURES {
            return self.names_sender(facts, node, &text[end..]);
        }
        // Classes derive from others and are called after them.
        if word.contains(|c: char| c.is_ascii_uppercase()) {
            return true;
        }
        let is_name = |c: char| c.is_alphanumeric() || c == '_';
        let before = text[..start].trim_end_matches(is_name).len();
        let behind = text[end..].trim_start_matches(is_name);
        self.names.contains(&text[before..text.len() - behind.len()])
    }

    /// Whether the use or import of `concurrent.futures` at `node`, before `rest`, is of more than threads.
    fn names_sender(&self, facts: &FileFacts, node: NodeId, rest: &str) -> bool {
        let tree = facts.tree();
        if let Some(member) = rest.strip_prefix('.') {
            let name = member.split(|c: char| !(c.is_alphanumeric() || c == '_')).next();
            return name.is_none_or(|name| self.senders.contains(name));
        }
        if let Some(import) = tree.enclosing(node, &[Kind::ImportFromStatement]) {
            let name = |node: NodeId| tree.child(node, Field::Name).unwrap_or(node);
            let mut names = tree.children_in(import, Field::Name).map(name).peekable();
            return names.peek().is_none()
                || names.any(|name| self.senders.contains(facts.text(name)));
        }
        // What is taken of the plain module is said where it is taken.
        tree.enclosing(node, &[Kind::ImportStatement]).is_none()
            || tree.enclosing(node, &[Kind::AliasedImport]).is_some()
    }
}

/// Whether a node is a comment, or a string that stands for itself.
fn is_prose(facts: &FileFacts, node: NodeId) -> bool {
    let tree = facts.tree();
    if tree.kind(node) == Kind::Comment {
        return true;
    }
    let string = std::iter::once(node)
        .chain(tree.ancestors(node))
        .take_while(|up| tree.kind(*up) != Kind::ExpressionStatement)
        .last();
    string.is_some_and(|string| {
        matches!(tree.kind(string), Kind::String | Kind::ConcatenatedString)
            && tree.parent(string).is_some_and(|up| tree.kind(up) == Kind::ExpressionStatement)
    })
}

#[cfg(test)]
mod tests {
    use super::Asking;
    use crate::catalogue::Catalogue;
    use crate::facts::FileFacts;
    use crate::text::SourceFile;
    use std::sync::Arc;

    fn asks(text: &str) -> bool {
        let catalogue = Catalogue::new(&[]);
        let source = SourceFile::decode("a.py".as_ref(), text.into()).expect("the text is UTF-8");
        let test = Asking::new(&catalogue);
        test.asks(&FileFacts::new(Arc::new(source)))
    }

    #[test]
    fn prose_longer_names_and_threads_say_nothing() {
        assert!(!asks("\"\"\"About multiprocessing.\"\"\"\n# multiprocessing\nx = 1\n"));
        assert!(!asks("def f():\n    'multiprocessing'\n    return auto_processor\n"));
        assert!(!asks("safe_multiprocessing = auto_process_maps(x.to_processor)\n"));
        assert!(!asks("from concurrent.futures import (ThreadPoolExecutor as T,\n    wait)\n"));
        assert!(!asks(
            "import concurrent.futures\npool = concurrent.futures.ThreadPoolExecutor()\n"
        ));
    }

    #[test]
    fn code_that_speaks_of_processes_asks() {
        assert!(asks("import multiprocessing\n"));
        assert!(asks("patch('torch.multiprocessing.spawn')\n"));
        assert!(asks("from concurrent.futures import ThreadPoolExecutor, ProcessPoolExecutor\n"));
        assert!(asks("from concurrent.futures import Executor\n"));
        assert!(asks("from concurrent.futures import *\n"));
        assert!(asks("import concurrent.futures as cf\n"));
        assert!(asks(
            "import concurrent.futures\npool = concurrent.futures.ProcessPoolExecutor()\n"
        ));
        assert!(asks("load(data, num_workers=2)\n"));
        assert!(asks("class MyProcessPool(Base): pass\n"));
    }
}
