//! The process APIs, as data: `apis.toml` beside this file, and entries that a project adds.

pub mod configurations;
mod entry;
pub mod flows;
pub mod objects;

pub use entry::{
    Arguments, ByWhat, Condition, Entry, EntryKind, Parameter, Setting, Start, Starts, Transport,
    Verdict,
};

use aho_corasick::{AhoCorasick, MatchKind};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// The index of an entry in its [`Catalogue`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryId(pub usize);

/// All entries with the indexes that look-ups need.
#[derive(Debug, Clone)]
pub struct Catalogue {
    entries: Vec<Entry>,
    by_path: BTreeMap<String, EntryId>,
    by_id: BTreeMap<String, EntryId>,
    methods: BTreeMap<(EntryId, String), EntryId>,
    names: BTreeSet<String>,
    search: AhoCorasick,
}

/// A search for any of `words`.
pub fn search_for(words: impl IntoIterator<Item = String>) -> AhoCorasick {
    // LeftmostFirst uses vector instructions; the standard kind never does.
    AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostFirst)
        .build(words)
        .expect("a list of words is a valid pattern set")
}

/// The shape of the data file.
#[derive(serde::Deserialize)]
struct File {
    words: Vec<String>,
    entry: Vec<Entry>,
}

static BUILT_IN: LazyLock<File> = LazyLock::new(|| {
    toml::from_str::<File>(include_str!("apis.toml"))
        .expect("the shipped catalogue is valid; a test reads it")
});

impl Catalogue {
    /// The shipped entries followed by `further` ones; a later entry wins where paths are equal.
    pub fn new(further: &[Entry]) -> Self {
        let entries: Vec<Entry> = BUILT_IN.entry.iter().chain(further).cloned().collect();
        let mut catalogue = Self {
            search: search_for(words_of(&entries)),
            entries,
            by_path: BTreeMap::new(),
            by_id: BTreeMap::new(),
            methods: BTreeMap::new(),
            names: BTreeSet::new(),
        };
        for (index, entry) in catalogue.entries.iter().enumerate() {
            catalogue.by_id.insert(entry.id.clone(), EntryId(index));
            for path in &entry.paths {
                catalogue.names.insert(last_part(path).to_owned());
                if entry.receiver.is_empty()
                    && !is_shadowed(&catalogue.by_path, &catalogue.entries, path, entry)
                {
                    catalogue.by_path.insert(path.clone(), EntryId(index));
                }
            }
        }
        for (index, entry) in catalogue.entries.iter().enumerate() {
            for receiver in &entry.receiver {
                let Some(class) = catalogue.by_id.get(receiver) else { continue };
                for path in &entry.paths {
                    catalogue.methods.insert((*class, last_part(path).to_owned()), EntryId(index));
                }
            }
        }
        catalogue
    }

    /// The entry with that index.
    pub fn get(&self, id: EntryId) -> &Entry {
        &self.entries[id.0]
    }

    /// The class or function with that dotted path.
    pub fn by_path(&self, path: &str) -> Option<EntryId> {
        self.by_path.get(path).copied()
    }

    /// The entry with that stable key.
    pub fn by_id(&self, id: &str) -> Option<EntryId> {
        self.by_id.get(id).copied()
    }

    /// The method `name` of instances of the class entry.
    pub fn method(&self, class: EntryId, name: &str) -> Option<EntryId> {
        self.methods.get(&(class, name.to_owned())).copied()
    }

    /// Whether some entry's last part has that name: calls of other names are no dispatches by themselves.
    pub fn knows_name(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// The words of which a file must hold one to be parsed: those of the data file, and the first and last parts of
    /// added paths.
    pub fn words(&self) -> Vec<String> {
        words_of(&self.entries)
    }

    /// The search for [these words](Self::words).
    pub fn search(&self) -> &AhoCorasick {
        &self.search
    }

    /// The entries that the project adds.
    pub fn added(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().skip(BUILT_IN.entry.len())
    }

    /// All entries.
    pub fn entries(&self) -> impl Iterator<Item = (EntryId, &Entry)> {
        self.entries.iter().enumerate().map(|(index, entry)| (EntryId(index), entry))
    }
}

/// The words of the data file, and the last parts of what a project adds to its entries.
fn words_of(entries: &[Entry]) -> Vec<String> {
    let added = entries.iter().skip(BUILT_IN.entry.len()).flat_map(|entry| &entry.paths);
    let added = added.map(|path| last_part(path).to_owned());
    BUILT_IN.words.iter().cloned().chain(added).collect()
}

/// Two shipped entries may name one path (joblib's back ends): one that reports wins, its conditions decide.
fn is_shadowed(
    have: &BTreeMap<String, EntryId>,
    entries: &[Entry],
    path: &str,
    new: &Entry,
) -> bool {
    have.get(path).is_some_and(|old| {
        entries[old.0].verdict != Verdict::Never && new.verdict == Verdict::Never
    })
}

/// The part after the last dot.
pub fn last_part(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}
