//! Which files, of those without any word that matters, speak of what other files hand on to processes.

use super::{Files, imports};
use crate::catalogue::search_for;
use crate::project::Trigger;
use crate::project::names::modules::{Modules, member_of};
use memchr::memmem;
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What was looked for so far, and the files that spoke of it. A file is looked at once for each trigger: its text stays the same.
#[derive(Debug, Default)]
pub(super) struct Mentions {
    found: BTreeMap<Trigger, Vec<PathBuf>>,
    /// What files import, of those that were asked.
    imported: FxHashMap<PathBuf, Imported>,
}

/// What one file imports.
#[derive(Debug)]
struct Imported {
    /// As [`imports::modules`] writes it.
    modules: BTreeSet<String>,
    /// Those that are files of the project, with their files.
    sources: Vec<(String, PathBuf)>,
}

/// The names that matter of each module or package, with the triggers by number; `None` if its import alone matters.
type Names = FxHashMap<PathBuf, BTreeMap<Option<String>, Vec<usize>>>;

impl Mentions {
    /// Looks for those of `triggers` that were not looked for yet in the files at `unread`.
    pub(super) fn look_for<'t>(
        &mut self,
        triggers: impl IntoIterator<Item = &'t Trigger>,
        modules: &Modules,
        files: &dyn Files,
        unread: &[&PathBuf],
    ) {
        let fresh: BTreeSet<&Trigger> =
            triggers.into_iter().filter(|trigger| !self.found.contains_key(*trigger)).collect();
        if fresh.is_empty() {
            return;
        }
        let fresh: Vec<&Trigger> = fresh.into_iter().collect();
        let names = names(&fresh, files);
        let search = search_for(names.keys().map(|source| word_of(source)));
        let any_package = names.keys().any(|source| is_package(source));
        // Most files end here: to list what a file imports takes far longer than to look for words.
        let may_import =
            |bytes: &[u8]| search.is_match(bytes) || (any_package && imports_relatively(bytes));
        let words = fresh.iter().filter_map(|trigger| trigger.name.as_deref());
        let words: FxHashSet<&[u8]> = words.map(str::as_bytes).collect();
        let seen = unread.par_iter().filter_map(|path| {
            let known = self.imported.get(*path);
            let mut bytes = None;
            let listed = match known {
                Some(_) => None,
                None => {
                    let text = files.read(path).ok().filter(|bytes| may_import(bytes))?;
                    let listed = Imported::of(path, &text, modules);
                    bytes = Some(text);
                    Some(listed)
                }
            };
            let imported = known.or(listed.as_ref())?;
            let numbers = if imported.sources.iter().any(|row| names.contains_key(&row.1)) {
                let bytes = bytes.or_else(|| files.read(path).ok()).unwrap_or_default();
                imported.mentions(&bytes, &words, &names)
            } else {
                BTreeSet::new()
            };
            Some((*path, listed, numbers))
        });
        let seen: Vec<(&PathBuf, Option<Imported>, BTreeSet<usize>)> = seen.collect();
        let mut found = vec![Vec::new(); fresh.len()];
        for (path, listed, numbers) in seen {
            numbers.into_iter().for_each(|number| found[number].push(path.clone()));
            self.imported.extend(listed.map(|listed| (path.clone(), listed)));
        }
        self.found.extend(fresh.into_iter().cloned().zip(found));
    }

    /// The files that spoke of a trigger when it was looked for.
    pub(super) fn of(&self, trigger: &Trigger) -> &[PathBuf] {
        self.found.get(trigger).map_or(&[], Vec::as_slice)
    }
}

/// A package counts as a source of a trigger only if its `__init__.py`, read from `files`, speaks of it.
fn names(triggers: &[&Trigger], files: &dyn Files) -> Names {
    let mut texts: FxHashMap<&Path, Option<Vec<u8>>> = FxHashMap::default();
    let mut names = Names::default();
    for (number, trigger) in triggers.iter().enumerate() {
        let packages = trigger.packages.iter().filter(|init| {
            let text = texts.entry(init).or_insert_with(|| files.read(init).ok());
            text.as_ref().is_some_and(|bytes| hands_out(bytes, trigger))
        });
        for source in std::iter::once(&trigger.module).chain(packages) {
            let names = names.entry(source.clone()).or_default();
            names.entry(trigger.name.clone()).or_default().push(number);
        }
    }
    names
}

impl Imported {
    /// What the file at `path`, with these bytes, imports.
    fn of(path: &Path, bytes: &[u8], known: &Modules) -> Self {
        let folder = path.parent().unwrap_or(Path::new(""));
        let modules = imports::modules(bytes, |_| true);
        let sources = modules
            .iter()
            .filter_map(|module| Some((module.clone(), known.meant(folder, module)?)))
            .collect();
        Self { modules, sources }
    }

    /// The triggers that the file, with these bytes, imports, or whose module it imports and whose name it says.
    fn mentions(&self, bytes: &[u8], words: &FxHashSet<&[u8]>, names: &Names) -> BTreeSet<usize> {
        let said = imports::words(bytes, |word| words.contains(word));
        let mut found = BTreeSet::new();
        for (module, source) in &self.sources {
            let names = names.get(source).into_iter().flatten();
            let meant = names.filter(|(name, _)| match name {
                Some(name) => {
                    said.contains(name.as_bytes())
                        && (self.modules.contains(&member_of(module, name))
                            || self.modules.contains(&member_of(module, "*"))
                            || imports::has_attribute(bytes, name))
                }
                None => true,
            });
            found.extend(meant.flat_map(|(_, numbers)| numbers));
        }
        found
    }
}

fn imports_relatively(bytes: &[u8]) -> bool {
    memmem::find_iter(bytes, b"from ")
        .any(|at| bytes[at + 5..].trim_ascii_start().starts_with(b"."))
}

/// The last part of the name of the module at `path`: imports say it, but for `from . import` of a package.
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
