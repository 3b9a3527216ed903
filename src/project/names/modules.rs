//! Import paths to files, without knowing `sys.path`: packages, src layouts and scripts beside each other.

use crate::project::{FileId, Project};
use rustc_hash::{FxHashMap, FxHashSet};
use std::path::{Path, PathBuf};
use std::sync::{OnceLock, RwLock};

/// Folders beside scripts in which packages lie.
const SOURCES: &[&str] = &["src", "py", "python", "lib"];

/// What imports of each module in one folder mean.
type Meanings = FxHashMap<String, Option<PathBuf>>;

/// All Python files, parsed or not, and what imports mean among them. It stays the same while a project grows.
#[derive(Debug, Default)]
pub struct Modules {
    paths: FxHashSet<PathBuf>,
    /// What was asked so far, by the folder of the file that imports.
    known: RwLock<FxHashMap<PathBuf, Meanings>>,
    namespaces: OnceLock<FxHashSet<String>>,
}

/// The dotted name of `name` in `module`, which may be all dots (`from . import name`).
pub fn member_of(module: &str, name: &str) -> String {
    if module.ends_with('.') { format!("{module}{name}") } else { format!("{module}.{name}") }
}

impl Modules {
    /// The modules of these files.
    pub fn new(paths: impl IntoIterator<Item = PathBuf>) -> Self {
        Self { paths: paths.into_iter().collect(), ..Self::default() }
    }

    /// The file that `import module` (dotted, absolute, or with leading dots) means in a file in `folder`.
    pub fn meant(&self, folder: &Path, module: &str) -> Option<PathBuf> {
        if let Ok(known) = self.known.read()
            && let Some(found) = known.get(folder).and_then(|meanings| meanings.get(module))
        {
            return found.clone();
        }
        let found = self.search(folder, module);
        if let Ok(mut known) = self.known.write() {
            let meanings = known.entry(folder.to_path_buf()).or_default();
            meanings.insert(module.to_owned(), found.clone());
        }
        found
    }

    /// As [`meant`](Self::meant), for those who remember it themselves.
    pub fn search(&self, folder: &Path, module: &str) -> Option<PathBuf> {
        let dots = module.bytes().take_while(|byte| *byte == b'.').count();
        let parts: Vec<&str> = module[dots..].split('.').filter(|part| !part.is_empty()).collect();
        if dots > 0 {
            let mut base = folder.to_path_buf();
            for _ in 1..dots {
                base = base.parent()?.to_path_buf();
            }
            return self.below(&base, &parts);
        }
        let mut base = Some(folder);
        while let Some(folder) = base {
            // Inside a package an absolute import starts at the package's parent or above.
            if !self.paths.contains(&folder.join("__init__.py")) {
                let found = self.below(folder, &parts).or_else(|| {
                    SOURCES.iter().find_map(|sources| self.below(&folder.join(sources), &parts))
                });
                if found.is_some() {
                    return found;
                }
            }
            base = folder.parent();
        }
        None
    }

    fn below(&self, base: &Path, parts: &[&str]) -> Option<PathBuf> {
        let mut folder = base.to_path_buf();
        folder.extend(parts);
        let package = folder.join("__init__.py");
        if self.paths.contains(&package) {
            return Some(package);
        }
        if parts.is_empty() {
            return None;
        }
        let mut file = folder.into_os_string();
        file.push(".py");
        let file = PathBuf::from(file);
        self.paths.contains(&file).then_some(file)
    }

    /// The names of folders without an `__init__.py`.
    fn namespaces(&self) -> &FxHashSet<String> {
        self.namespaces.get_or_init(|| {
            let folders: FxHashSet<&Path> =
                self.paths.iter().filter_map(|path| path.parent()).collect();
            let all = folders.into_iter().flat_map(|folder| {
                folder
                    .ancestors()
                    .take_while(|folder| !self.paths.contains(&folder.join("__init__.py")))
            });
            all.filter_map(|folder| folder.file_name())
                .map(|name| name.to_string_lossy().into_owned())
                .collect()
        })
    }
}

impl Project {
    /// The file that `import module` (dotted, absolute, or with leading dots) in `from` means, if it
    /// is one of the project's. It may not be parsed: then it is listed as wanted by the caller.
    pub fn module_path(&self, from: FileId, module: &str) -> Option<PathBuf> {
        let folder = self.file(from).source.path.parent().unwrap_or(Path::new(""));
        self.modules.meant(folder, module)
    }

    /// The module that a dotted name means where its first part is a folder without an `__init__.py`: what `import tools.maps`
    /// binds to `tools` is no file.
    pub fn below_namespace(&self, from: FileId, dotted: &str) -> Option<PathBuf> {
        let (first, _) = dotted.split_once('.')?;
        let is_namespace = self.modules.namespaces().contains(first);
        is_namespace.then(|| self.module_path(from, dotted)).flatten()
    }

    /// The submodule `name` of the package whose `__init__.py` is `package`.
    pub fn submodule(&self, package: FileId, name: &str) -> Option<PathBuf> {
        let path = &self.file(package).source.path;
        (path.file_name()? == "__init__.py")
            .then(|| self.modules.below(path.parent()?, &[name]))
            .flatten()
    }

    /// The `__init__.py` files of the packages around a module, which may hand out what it defines; its own is not
    /// among them.
    pub fn packages_around(&self, file: FileId) -> Vec<PathBuf> {
        let path = &self.file(file).source.path;
        let inits = path.ancestors().skip(1).map(|folder| folder.join("__init__.py"));
        inits
            .take_while(|init| self.modules.paths.contains(init))
            .filter(|init| init != path)
            .collect()
    }
}
