//! Import paths to files, without knowing `sys.path`: packages, src layouts and scripts beside each other.

use crate::project::{FileId, Project};
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// Folders beside scripts in which packages lie.
const SOURCES: &[&str] = &["src", "py", "python", "lib"];

/// The dotted name of `name` in `module`, which may be all dots (`from . import name`).
pub fn member_of(module: &str, name: &str) -> String {
    if module.ends_with('.') { format!("{module}{name}") } else { format!("{module}.{name}") }
}

impl Project {
    /// The file that `import module` (dotted, absolute, or with leading dots) in `from` means, if it
    /// is one of the project's. It may not be parsed: then it is listed as wanted by the caller.
    pub fn module_path(&self, from: FileId, module: &str) -> Option<PathBuf> {
        let key = (from, module.to_owned());
        if let Ok(known) = self.module_paths.lock()
            && let Some(found) = known.get(&key)
        {
            return found.clone();
        }
        let found =
            self.module_from(self.file(from).source.path.parent().unwrap_or(Path::new("")), module);
        if let Ok(mut known) = self.module_paths.lock() {
            known.insert(key, found.clone());
        }
        found
    }

    /// As [`module_path`](Self::module_path), for any file in `folder`, parsed or not.
    pub fn module_from(&self, folder: &Path, module: &str) -> Option<PathBuf> {
        let dots = module.bytes().take_while(|byte| *byte == b'.').count();
        let parts: Vec<&str> = module[dots..].split('.').filter(|part| !part.is_empty()).collect();
        if dots > 0 {
            let mut base = folder.to_path_buf();
            for _ in 1..dots {
                base = base.parent()?.to_path_buf();
            }
            return self.module_below(&base, &parts);
        }
        let mut base = Some(folder);
        while let Some(folder) = base {
            // Inside a package an absolute import starts at the package's parent or above.
            if !self.paths.contains(&folder.join("__init__.py")) {
                let found = self.module_below(folder, &parts).or_else(|| {
                    SOURCES
                        .iter()
                        .find_map(|sources| self.module_below(&folder.join(sources), &parts))
                });
                if found.is_some() {
                    return found;
                }
            }
            base = folder.parent();
        }
        None
    }

    /// The module that a dotted name means where its first part is a folder without an `__init__.py`: what `import tools.maps`
    /// binds to `tools` is no file.
    pub fn below_namespace(&self, from: FileId, dotted: &str) -> Option<PathBuf> {
        let namespaces = self.namespaces.get_or_init(|| {
            let folders: HashSet<&Path> =
                self.paths.iter().filter_map(|path| path.parent()).collect();
            let all = folders.into_iter().flat_map(|folder| {
                folder
                    .ancestors()
                    .take_while(|folder| !self.paths.contains(&folder.join("__init__.py")))
            });
            all.filter_map(|folder| folder.file_name())
                .map(|name| name.to_string_lossy().into_owned())
                .collect()
        });
        let (first, _) = dotted.split_once('.')?;
        namespaces.contains(first).then(|| self.module_path(from, dotted)).flatten()
    }

    fn module_below(&self, base: &Path, parts: &[&str]) -> Option<PathBuf> {
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

    /// The submodule `name` of the package whose `__init__.py` is `package`.
    pub fn submodule(&self, package: FileId, name: &str) -> Option<PathBuf> {
        let path = &self.file(package).source.path;
        (path.file_name()? == "__init__.py")
            .then(|| self.module_below(path.parent()?, &[name]))
            .flatten()
    }

    /// The `__init__.py` files of the packages around a module, which may hand out what it defines; its own is not
    /// among them.
    pub fn packages_around(&self, file: FileId) -> Vec<PathBuf> {
        let path = &self.file(file).source.path;
        let inits = path.ancestors().skip(1).map(|folder| folder.join("__init__.py"));
        inits.take_while(|init| self.paths.contains(init)).filter(|init| init != path).collect()
    }
}
