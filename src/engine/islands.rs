//! Which files around those that were asked for can have to do with them: those that a chain of imports, in either direction,
//! connects with one of them. Nothing flows between others.

use super::{Files, Options, imports};
use crate::catalogue::Catalogue;
use crate::project::Project;
use memchr::memmem;
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// What imports by the text of a name: then every string may be one.
const BY_TEXT: &[&str] = &["import_module", "__import__", "lazy", "Lazy", "importlib", "runpy"];

/// The options with those files around `paths` only that are connected with them.
pub(super) fn narrowed<'o>(
    paths: &[PathBuf],
    files: &dyn Files,
    options: &'o Options,
) -> Cow<'o, Options> {
    if options.context.is_empty() {
        return Cow::Borrowed(options);
    }
    let all: Vec<&PathBuf> = paths.iter().chain(&options.context).collect();
    let map = Map::new(&all, &options.executors);
    let edges: Vec<Vec<usize>> = all
        .par_iter()
        .map(|path| files.read(path).map_or_else(|_| Vec::new(), |bytes| map.imports(path, &bytes)))
        .collect();
    let reached = connected(&edges, paths.len());
    let context = all[paths.len()..].iter().zip(&reached[paths.len()..]);
    let context = context.filter(|row| *row.1).map(|row| (*row.0).clone()).collect();
    Cow::Owned(Options { context, ..options.clone() })
}

/// The files of a project by their names.
struct Map<'p> {
    project: Project,
    numbers: FxHashMap<&'p Path, usize>,
    /// The names of all modules and folders.
    names: FxHashSet<String>,
}

impl<'p> Map<'p> {
    fn new(all: &[&'p PathBuf], executors: &[crate::catalogue::Entry]) -> Self {
        let mut names = FxHashSet::default();
        for path in all {
            names.extend(path.file_stem().map(text));
            names.extend(path.ancestors().skip(1).filter_map(Path::file_name).map(text));
        }
        let numbers = all.iter().enumerate().map(|(number, path)| (path.as_path(), number));
        let paths = all.iter().map(|path| (*path).clone());
        Self {
            project: Project::new(Catalogue::new(executors), Vec::new(), paths),
            numbers: numbers.collect(),
            names,
        }
    }

    /// The files that the one at `path` may import, the packages around it among them.
    fn imports(&self, path: &Path, bytes: &[u8]) -> Vec<usize> {
        let folder = path.parent().unwrap_or(Path::new(""));
        let packages = path.ancestors().skip(1).map(|folder| folder.join("__init__.py"));
        let mut found: FxHashSet<usize> =
            packages.filter_map(|init| self.numbers.get(init.as_path()).copied()).collect();
        for module in imports::modules(bytes) {
            let first = module.split('.').next().unwrap_or_default();
            if first.is_empty() || self.names.contains(first) {
                let target = self.project.module_from(folder, &module);
                found.extend(target.and_then(|target| self.numbers.get(target.as_path()).copied()));
            }
        }
        if BY_TEXT.iter().any(|way| memmem::find(bytes, way.as_bytes()).is_some()) {
            let text = String::from_utf8_lossy(bytes);
            let is_name = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
            // What stands between quotes, and what stands between strings, which names nothing by chance only.
            let said: BTreeSet<&str> = text
                .split(['"', '\''])
                .filter(|part| !part.is_empty() && part.chars().all(is_name))
                .collect();
            for name in said {
                let first = name.trim_start_matches('.').split('.').next().unwrap_or_default();
                if self.names.contains(first) {
                    let ways = [name.to_owned(), format!(".{name}")];
                    let targets =
                        ways.iter().filter_map(|way| self.project.module_from(folder, way));
                    found.extend(
                        targets.filter_map(|target| self.numbers.get(target.as_path()).copied()),
                    );
                }
            }
        }
        found.into_iter().collect()
    }
}

fn text(name: &OsStr) -> String {
    name.to_string_lossy().into_owned()
}

/// Which of the nodes are connected with one of the first `count`.
fn connected(edges: &[Vec<usize>], count: usize) -> Vec<bool> {
    let mut both: Vec<Vec<usize>> = edges.to_vec();
    for (from, all) in edges.iter().enumerate() {
        all.iter().for_each(|to| both[*to].push(from));
    }
    let mut reached = vec![false; edges.len()];
    let mut waiting: Vec<usize> = (0..count).collect();
    while let Some(node) = waiting.pop() {
        if !std::mem::replace(&mut reached[node], true) {
            waiting.extend(both[node].iter().filter(|next| !reached[**next]));
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::narrowed;
    use crate::engine::{Files, Options};
    use crate::text::ReadError;
    use std::path::{Path, PathBuf};

    struct Texts(Vec<(PathBuf, &'static str)>);

    impl Files for Texts {
        fn read(&self, path: &Path) -> Result<Vec<u8>, ReadError> {
            let found = self.0.iter().find(|(own, _)| own == path);
            found.map(|row| row.1.into()).ok_or_else(|| ReadError::Io("not there".into()))
        }
    }

    #[test]
    fn only_what_imports_connect_is_kept() {
        let texts = Texts(
            [
                ("p/__init__.py", "from .lists import names\n"),
                ("p/a.py", "import json\n"),
                ("p/lists.py", ""),
                ("user.py", "from p import a\n"),
                ("users_user.py", "import os, \\\n    user\n"),
                ("loader.py", "import importlib\nload(\"p.lists\")\n"),
                ("other/b.py", "import c, importlib\nuser = lists\n"),
                ("other/c.py", "import os\n"),
            ]
            .map(|(path, text)| (PathBuf::from(path), text))
            .into(),
        );
        let context = texts.0.iter().map(|row| row.0.clone()).collect();
        let mut options = Options { context, ..Options::default() };
        let asked = PathBuf::from("p/a.py");
        options.context.remove(&asked);
        let kept = narrowed(&[asked], &texts, &options);
        let kept: Vec<&str> = kept.context.iter().filter_map(|path| path.to_str()).collect();
        assert_eq!(kept, ["loader.py", "p/__init__.py", "p/lists.py", "user.py", "users_user.py"]);
    }
}
