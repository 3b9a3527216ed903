//! What is true across files: modules, values of expressions, dispatches. Read-only for rules.

pub mod annotations;
mod applications;
pub mod arguments;
pub mod attributes;
pub mod calls;
pub mod class_makers;
pub mod containers;
pub mod contents;
pub mod crossing;
pub mod delayed;
pub mod dispatch;
pub mod effect_tables;
pub mod effects;
pub mod entry_points;
pub mod eval;
pub mod exceptions;
pub mod instances;
pub mod loaders;
mod lookups;
pub mod modules;
pub mod origins;
pub mod picklability;
pub mod reaching;
pub mod script;
pub mod sent;
pub mod starters;
pub mod starts;
pub mod value;
pub mod worker_names;
pub mod workers;

pub use arguments::{Argument, Role};
pub use contents::{Content, What};
pub use crossing::Crossing;
pub use dispatch::{Dispatch, Slot};
pub use eval::Eval;
pub use origins::{Callable, Origin};
pub use sent::{Carried, Sent, Trigger};
pub use value::{FileId, Site, Type, Value};

use crate::catalogue::Catalogue;
use crate::facts::FileFacts;
use crate::syntax::{Field, Kind};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock};

/// All parsed files and the catalogue.
#[derive(Debug)]
pub struct Project {
    /// The known process APIs.
    pub catalogue: Catalogue,
    files: Vec<Arc<FileFacts>>,
    by_path: BTreeMap<PathBuf, FileId>,
    paths: BTreeSet<PathBuf>,
    calls_by_name: OnceLock<BTreeMap<String, Vec<Site>>>,
    class_names: OnceLock<BTreeSet<String>>,
    importers: OnceLock<BTreeMap<PathBuf, Vec<Site>>>,
    starters: OnceLock<BTreeSet<String>>,
    applications: OnceLock<HashMap<FileId, applications::Registrations>>,
    starting: Mutex<HashMap<Site, Option<Arc<starts::ProcessStart>>>>,
    /// The modules whose functions console scripts call, as dotted paths.
    pub entry_points: BTreeSet<String>,
}

impl Project {
    /// A project of the given parsed files; `paths` are all Python files, parsed or not.
    pub fn new(catalogue: Catalogue, files: Vec<Arc<FileFacts>>, paths: BTreeSet<PathBuf>) -> Self {
        let by_path = files.iter().enumerate().map(|(index, file)| (file.source.path.clone(), FileId(index as u32))).collect();
        Self {
            catalogue,
            files,
            by_path,
            paths,
            calls_by_name: OnceLock::new(),
            class_names: OnceLock::new(),
            importers: OnceLock::new(),
            starters: OnceLock::new(),
            applications: OnceLock::new(),
            starting: Mutex::default(),
            entry_points: BTreeSet::new(),
        }
    }

    /// The files, to build a larger project from.
    pub fn into_files(self) -> Vec<Arc<FileFacts>> {
        self.files
    }

    /// The facts of a file.
    pub fn file(&self, id: FileId) -> &FileFacts {
        &self.files[id.0 as usize]
    }

    /// All parsed files.
    pub fn files(&self) -> impl Iterator<Item = (FileId, &Arc<FileFacts>)> {
        self.files.iter().enumerate().map(|(index, file)| (FileId(index as u32), file))
    }

    /// The parsed file at `path`.
    pub fn at(&self, path: &std::path::Path) -> Option<FileId> {
        self.by_path.get(path).copied()
    }

    /// The calls whose callee is the name, or an attribute of the name, `name`.
    pub fn calls_named(&self, name: &str) -> &[Site] {
        let index = self.calls_by_name.get_or_init(|| {
            let mut index: BTreeMap<String, Vec<Site>> = BTreeMap::new();
            for (id, file) in self.files() {
                let tree = file.tree();
                for call in &file.calls {
                    let Some(callee) = tree.child(*call, Field::Function) else { continue };
                    let callee = tree.child(callee, Field::Attribute).unwrap_or(callee);
                    if tree.kind(callee) == Kind::Identifier {
                        index.entry(file.text(callee).to_owned()).or_default().push(Site { file: id, node: *call });
                    }
                }
            }
            index
        });
        index.get(name).map_or(&[], Vec::as_slice)
    }

    /// Whether some parsed file defines a class of that name.
    pub fn defines_class(&self, name: &str) -> bool {
        let index = self.class_names.get_or_init(|| {
            self.files()
                .flat_map(|(_, file)| {
                    let tree = file.tree();
                    tree.subtree(crate::syntax::Tree::ROOT)
                        .filter(|node| tree.kind(*node) == Kind::ClassDefinition)
                        .map(|node| file.definition_name(node).to_owned())
                        .collect::<Vec<_>>()
                })
                .collect()
        });
        index.contains(name)
    }
}
