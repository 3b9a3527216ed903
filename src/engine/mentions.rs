//! Which files, of those without any word that matters, speak of what other files hand on to processes.

use super::gather::matcher;
use super::{Files, imports};
use crate::project::names::modules::member_of;
use crate::project::{Project, Trigger};
use aho_corasick::AhoCorasick;
use memchr::memmem;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The triggers of one round, ready to be looked for.
pub(super) struct Mentions {
    /// Every word without which a file mentions none of them.
    words: AhoCorasick,
    /// The last parts of the modules' names: imports say them, but for `from . import` of a package.
    modules: AhoCorasick,
    /// Whether a package is among the modules.
    any_package: bool,
    /// The names that matter of each module or package; `None` if its import alone matters.
    names: BTreeMap<PathBuf, BTreeSet<Option<String>>>,
}

impl Mentions {
    /// A search for `triggers`. A package counts as a source of a trigger only if its `__init__.py`, read from
    /// `files`, speaks of it.
    pub(super) fn new(triggers: Vec<Trigger>, files: &dyn Files) -> Self {
        let mut words: BTreeSet<String> = BTreeSet::new();
        let mut names: BTreeMap<PathBuf, BTreeSet<Option<String>>> = BTreeMap::new();
        for trigger in triggers {
            let packages = trigger
                .packages
                .iter()
                .filter(|init| files.read(init).is_ok_and(|bytes| hands_out(&bytes, &trigger)));
            for source in std::iter::once(&trigger.module).chain(packages) {
                words.insert(trigger.name.clone().unwrap_or_else(|| word_of(source)));
                names.entry(source.clone()).or_default().insert(trigger.name.clone());
            }
        }
        words.retain(|word| !word.is_empty());
        let modules = matcher(names.keys().map(|source| word_of(source)));
        let any_package = names.keys().any(|source| is_package(source));
        Self { words: matcher(words), modules, any_package, names }
    }

    /// Whether the file at `path`, with these bytes, imports one of the triggers, or its module and names it.
    pub(super) fn one(&self, project: &Project, path: &Path, bytes: &[u8]) -> bool {
        // Most files end here: to list what a file imports takes far longer than to look for words.
        let may_import =
            || self.modules.is_match(bytes) || (self.any_package && imports_relatively(bytes));
        if !self.words.is_match(bytes) || !may_import() {
            return false;
        }
        let folder = path.parent().unwrap_or(Path::new(""));
        let modules = imports::modules(bytes, |_| true);
        modules.iter().any(|module| {
            let names =
                project.module_from(folder, module).and_then(|source| self.names.get(&source));
            names.into_iter().flatten().any(|name| match name {
                Some(name) => {
                    modules.contains(&member_of(module, name))
                        || (modules.contains(&member_of(module, "*"))
                            && imports::has_word(bytes, name))
                        || imports::has_attribute(bytes, name)
                }
                None => true,
            })
        })
    }
}

fn imports_relatively(bytes: &[u8]) -> bool {
    memmem::find_iter(bytes, b"from ")
        .any(|at| bytes[at + 5..].trim_ascii_start().starts_with(b"."))
}

/// The last part of the name of the module at `path`.
fn word_of(path: &Path) -> String {
    let named =
        if is_package(path) { path.parent().and_then(Path::file_name) } else { path.file_stem() };
    named.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn is_package(path: &Path) -> bool {
    path.file_stem().is_some_and(|stem| stem == "__init__")
}

/// Whether the `__init__.py` of a package speaks of what a module below it defines: by name, by a star import, or, for
/// the module as a whole, by its own name.
fn hands_out(init: &[u8], trigger: &Trigger) -> bool {
    let names_module = imports::has_word(init, &word_of(&trigger.module));
    match &trigger.name {
        Some(name) => {
            imports::has_word(init, name)
                || (names_module && memmem::find(init, b"import *").is_some())
        }
        None => names_module,
    }
}
