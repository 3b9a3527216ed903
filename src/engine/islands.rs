//! Which files can have to do with one another: those that a chain of imports, in either direction, connects. Nothing flows
//! between others, so each such island is a project of its own; of the files around those that were asked for, only their
//! islands count.

use super::gather::Known;
use super::{Files, Options, imports};
use crate::catalogue::Catalogue;
use crate::project::names::modules::Modules;
use memchr::memmem;
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use std::borrow::Cow;
use std::cell::LazyCell;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What imports by the text of a name: then every string may be one.
const BY_TEXT: &[&str] = &["import_module", "__import__", "lazy", "Lazy", "importlib", "runpy"];
/// Looking for islands means to look at the imports of all files. Not where so few speak of processes …
const FEW: usize = 48;
/// … and no more lie around them than in one project.
const ONE_PROJECT: usize = 2000;

/// Files that are looked at together.
pub(super) struct Island<'o> {
    /// Those that were asked for.
    pub(super) paths: Vec<PathBuf>,
    /// What is asked of them.
    pub(super) options: Cow<'o, Options>,
    /// Which files hold no word that matters.
    pub(super) known: Known,
}

/// The islands of the files that were asked for, but for those without a word that matters.
pub(super) fn find<'o>(
    paths: &[PathBuf],
    files: &dyn Files,
    options: &'o Options,
) -> Vec<Island<'o>> {
    // What a run saw may connect any two files.
    let is_one = !options.observed.is_empty();
    let whole =
        |known: Known| Island { paths: paths.to_vec(), options: Cow::Borrowed(options), known };
    if is_one && options.context.is_empty() {
        return vec![whole(Known::default())];
    }
    let all: Vec<&PathBuf> = paths.iter().chain(&options.context).collect();
    let catalogue = Catalogue::new(&options.executors);
    let words = catalogue.search();
    let matters =
        |path: &PathBuf, bytes: &[u8]| words.is_match(bytes) || options.named.contains(path);
    let folders: Vec<&[&PathBuf]> =
        all.chunk_by(|one, other| one.parent() == other.parent()).collect();
    // What each file holds: whether a word that matters, and what it imports, if that is asked for.
    let look = |map: Option<&Map>| -> (Vec<bool>, Vec<Vec<usize>>) {
        let seen = folders.par_iter().flat_map_iter(|paths| {
            let mut resolved = FxHashMap::default();
            paths.iter().map(move |path| match files.read(path) {
                Ok(bytes) => {
                    let imports = map.map(|map| map.imports(path, &bytes, &mut resolved));
                    (matters(path, &bytes), imports.unwrap_or_default())
                }
                // What cannot be read is told by whoever looks at it.
                Err(_) => (true, Vec::new()),
            })
        });
        seen.unzip()
    };
    let map = LazyCell::new(|| Map::new(&all, files));
    let are_one_project = options.context.is_empty() && all.len() <= ONE_PROJECT;
    let (loud, mut edges) = look((!are_one_project).then(|| &*map));
    let silent = all.iter().zip(&loud).filter(|row| !row.1).map(|row| (*row.0).clone());
    let known = Known { facts: Vec::new(), silent: Arc::new(silent.collect()) };
    if are_one_project {
        if loud.iter().filter(|loud| **loud).count() <= FEW {
            return vec![whole(known)];
        }
        edges = look(Some(&map)).1;
    }
    let mut islands: Vec<Island> = Vec::new();
    for members in connected(&edges, paths.len(), is_one) {
        if members.iter().any(|member| loud[*member]) {
            let (asked, around): (Vec<usize>, Vec<usize>) =
                members.into_iter().partition(|member| *member < paths.len());
            let own = |members: Vec<usize>| members.into_iter().map(|member| all[member].clone());
            let context = own(around).collect();
            let paths: Vec<PathBuf> = own(asked).collect();
            let options = Cow::Owned(options.among(&paths, context));
            islands.push(Island { paths, options, known: known.clone() });
        }
    }
    islands
}

/// The files of a project by their names.
struct Map<'p> {
    modules: Modules,
    numbers: FxHashMap<&'p Path, usize>,
    /// The names of all modules and folders.
    names: FxHashSet<String>,
    /// What pytest reads for all tests of a folder, where it says how processes start.
    settings: FxHashMap<&'p Path, usize>,
}

impl<'p> Map<'p> {
    fn new(all: &[&'p PathBuf], files: &dyn Files) -> Self {
        let mut names = FxHashSet::default();
        let mut settings = FxHashMap::default();
        for (number, path) in all.iter().enumerate() {
            let sets = |bytes: Vec<u8>| memmem::find(&bytes, b"set_start_method").is_some();
            if path.ends_with("conftest.py") && files.read(path).is_ok_and(sets) {
                settings.extend(path.parent().map(|folder| (folder, number)));
            }
            names.extend(path.file_stem().map(text));
            names.extend(path.ancestors().skip(1).filter_map(Path::file_name).map(text));
        }
        let numbers = all.iter().enumerate().map(|(number, path)| (path.as_path(), number));
        let paths = all.iter().map(|path| (*path).clone());
        Self { modules: Modules::new(paths), numbers: numbers.collect(), names, settings }
    }

    /// The files that the one at `path` may import, the packages around it among them. `resolved` says what imports mean in
    /// its folder, as far as that was asked.
    fn imports(
        &self,
        path: &Path,
        bytes: &[u8],
        resolved: &mut FxHashMap<String, Option<usize>>,
    ) -> Vec<usize> {
        let folder = path.parent().unwrap_or(Path::new(""));
        let packages = path.ancestors().skip(1).map(|folder| folder.join("__init__.py"));
        let mut found: FxHashSet<usize> =
            packages.filter_map(|init| self.numbers.get(init.as_path()).copied()).collect();
        found.extend(path.ancestors().filter_map(|folder| self.settings.get(folder)));
        let mut target = |module: String| {
            let find = |module: &str| {
                let target = self.modules.search(folder, module)?;
                self.numbers.get(target.as_path()).copied()
            };
            let known = resolved.get(&module).copied();
            known.unwrap_or_else(|| {
                let target = find(&module);
                resolved.insert(module, target);
                target
            })
        };
        let is_ours = |first: &str| first.is_empty() || self.names.contains(first);
        found.extend(imports::modules(bytes, is_ours).into_iter().filter_map(&mut target));
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
                    found.extend(ways.into_iter().filter_map(&mut target));
                }
            }
        }
        found.into_iter().collect()
    }
}

fn text(name: &OsStr) -> String {
    name.to_string_lossy().into_owned()
}

/// The nodes that are connected with one of the first `count`, those of each component together or (`is_one`) all; in each as in
/// the order of their first nodes, numbers grow.
fn connected(edges: &[Vec<usize>], count: usize, is_one: bool) -> Vec<Vec<usize>> {
    let mut both: Vec<Vec<usize>> = edges.to_vec();
    for (from, all) in edges.iter().enumerate() {
        all.iter().for_each(|to| both[*to].push(from));
    }
    let mut reached = vec![false; edges.len()];
    let mut found: Vec<Vec<usize>> = Vec::new();
    for first in 0..count {
        let mut members = Vec::new();
        let mut waiting = vec![first];
        while let Some(node) = waiting.pop() {
            if !std::mem::replace(&mut reached[node], true) {
                members.push(node);
                waiting.extend(both[node].iter().filter(|next| !reached[**next]));
            }
        }
        match found.last_mut().filter(|_| is_one) {
            Some(all) => all.append(&mut members),
            None if members.is_empty() => {}
            None => found.push(members),
        }
    }
    found.iter_mut().for_each(|members| members.sort_unstable());
    found
}

#[cfg(test)]
mod tests {
    use super::find;
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
        options.named.insert(asked.clone());
        let islands = find(&[asked], &texts, &options);
        let [island] = islands.as_slice() else { panic!("one file is on one island") };
        let kept: Vec<&str> =
            island.options.context.iter().filter_map(|path| path.to_str()).collect();
        assert_eq!(kept, ["loader.py", "p/__init__.py", "p/lists.py", "user.py", "users_user.py"]);
    }

    #[test]
    fn islands_of_many_files() {
        let paths: Vec<PathBuf> = (0..60).map(|number| format!("a{number}/b.py").into()).collect();
        let mut texts: Vec<(PathBuf, &'static str)> =
            paths.iter().map(|path| (path.clone(), "import multiprocessing, c\n")).collect();
        texts.push(("a0/c.py".into(), ""));
        texts.push(("a1/d.py".into(), "import b\n"));
        texts.push(("a1/conftest.py".into(), "set_start_method('spawn')\n"));
        texts.push(("a2/silent.py".into(), ""));
        let paths: Vec<PathBuf> = texts.iter().map(|row| row.0.clone()).collect();
        let options = Options::default();
        let islands = find(&paths, &Texts(texts), &options);
        let sizes: Vec<usize> = islands.iter().map(|island| island.paths.len()).collect();
        assert_eq!(sizes.iter().sum::<usize>(), 63, "the silent one is on none");
        assert_eq!(sizes[..3], [2, 3, 1]);
    }
}
