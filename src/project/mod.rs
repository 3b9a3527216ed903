//! What is true across files: modules, values of expressions, dispatches. Read-only for rules.

pub mod behaviour;
pub mod dataflow;
pub mod names;
pub mod processes;
pub mod travel;
pub mod values;

pub use processes::arguments::{Argument, Role};
pub use processes::dispatch::{Dispatch, Slot};
pub use processes::triggers::{Awaited, Trigger};
pub use travel::content::{Content, What};
pub use travel::crossing::Crossing;
pub use travel::origins::{Callable, Origin};
pub use travel::sent::{Carried, Sent};
pub use values::callers::{Given, Part};
pub use values::eval::Eval;
pub use values::value::{FileId, Site, Type, Value};

use crate::catalogue::Catalogue;
use crate::facts::FileFacts;
use names::modules::Modules;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

/// All parsed files and the catalogue.
#[derive(Debug)]
pub struct Project {
    /// The known process APIs.
    pub catalogue: Catalogue,
    files: Vec<Arc<FileFacts>>,
    by_path: BTreeMap<PathBuf, FileId>,
    name_index: OnceLock<names::index::NameIndex>,
    flow_index: OnceLock<names::index::FlowIndex>,
    modules: Arc<Modules>,
    importers: OnceLock<BTreeMap<PathBuf, Vec<Site>>>,
    sets_start_method: OnceLock<bool>,
    starters: OnceLock<BTreeSet<String>>,
    holders: OnceLock<processes::holders::Holders>,
    applications: OnceLock<HashMap<FileId, processes::applications::Registrations>>,
    /// The modules whose functions console scripts call, as dotted paths.
    pub entry_points: BTreeSet<String>,
}

impl Project {
    /// A project of the given parsed files, which are among `modules`.
    pub fn new(
        catalogue: Catalogue,
        files: Vec<Arc<FileFacts>>,
        modules: impl Into<Arc<Modules>>,
    ) -> Self {
        let by_path = files
            .iter()
            .enumerate()
            .map(|(index, file)| (file.source.path.clone(), FileId(index as u32)))
            .collect();
        Self {
            catalogue,
            files,
            by_path,
            name_index: OnceLock::new(),
            flow_index: OnceLock::new(),
            modules: modules.into(),
            importers: OnceLock::new(),
            sets_start_method: OnceLock::new(),
            starters: OnceLock::new(),
            holders: OnceLock::new(),
            applications: OnceLock::new(),
            entry_points: BTreeSet::new(),
        }
    }

    /// Whether any file may set the start method.
    fn sets_start_method(&self) -> bool {
        *self
            .sets_start_method
            .get_or_init(|| self.files.iter().any(|file| file.all().contains("set_start_method")))
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
}
