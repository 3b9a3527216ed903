//! What a file is when it runs: a script, a `__main__.py`, or a module that others import.

use crate::facts::{FileFacts, guard};
use crate::project::names::modules;
use crate::project::{Eval, FileId, Project, Site};
use crate::syntax::{Field, Kind, NodeId, Tree};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Folders in which scripts lie.
const SCRIPT_FOLDERS: &[&str] = &[
    "bin",
    "scripts",
    "script",
    "examples",
    "example",
    "tools",
    "benchmarks",
    "bench",
    "demo",
    "demos",
];

/// What a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// Run as the main module; nobody imports it.
    Script,
    /// Run as the main module, and imported by the files of these sites as well.
    Both(Vec<Site>),
    /// `__main__.py`, which children never import.
    Main,
    /// Imported, by the files of these sites as far as they are seen.
    Library(Vec<Site>),
}

impl Eval<'_> {
    /// What a file is.
    pub fn role(&self, file: FileId) -> Role {
        let facts = self.file(file);
        let path = &facts.source.path;
        let name =
            path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        match name.as_str() {
            "__main__.py" => return Role::Main,
            "__init__.py" | "conftest.py" => return Role::Library(Vec::new()),
            _ => {}
        }
        let importers: Vec<Site> =
            self.project.importers(path).into_iter().filter(|site| site.file != file).collect();
        let is_named_test = name.starts_with("test_") || name.ends_with("_test.py");
        if self.project.is_entry_point(path) || (is_named_test && has_tests(facts)) {
            return Role::Library(importers);
        }
        if importers.is_empty() {
            return Role::Script;
        }
        let lies_with_scripts = path
            .parent()
            .and_then(Path::file_name)
            .is_some_and(|folder| SCRIPT_FOLDERS.contains(&&*folder.to_string_lossy()));
        if facts.all().starts_with("#!") || has_guard(facts) || lies_with_scripts {
            Role::Both(importers)
        } else {
            Role::Library(importers)
        }
    }

    /// Whether code of `other` may run in a process that `script` started: it is that file, or a part of something that
    /// other files import. Of two scripts that nobody imports, none knows of the other.
    pub fn may_take_part(&self, script: FileId, other: FileId) -> bool {
        let imported = |file: FileId| {
            let path = &self.file(file).source.path;
            path.ends_with("__init__.py")
                || self.project.importers(path).iter().any(|site| site.file != file)
        };
        script == other || imported(other) || imported(script)
    }

    /// The names of a module that the import statements at `importers` take; `None` if that cannot be told (a star import).
    pub fn names_taken(&self, file: FileId, importers: &[Site]) -> Option<BTreeSet<String>> {
        let path = &self.file(file).source.path;
        let mut taken = BTreeSet::new();
        for importer in importers {
            let facts = self.file(importer.file);
            let tree = facts.tree();
            let is_from = tree.kind(importer.node) == Kind::ImportFromStatement;
            if is_from && tree.child_of_kind(importer.node, Kind::WildcardImport).is_some() {
                return None;
            }
            let names: Vec<String> =
                if is_from { imported_names(facts, importer.node) } else { Vec::new() };
            let of_module = is_from
                && self
                    .project
                    .module_path(importer.file, &module_text(facts, importer.node))
                    .as_ref()
                    == Some(path);
            if of_module {
                taken.extend(names);
                continue;
            }
            // The module itself is bound: every attribute of anything in that file may be one of its names.
            taken.extend(
                tree.subtree(Tree::ROOT)
                    .filter(|node| tree.kind(*node) == Kind::Attribute)
                    .filter_map(|node| {
                        Some(facts.text(tree.child(node, Field::Attribute)?).to_owned())
                    }),
            );
        }
        Some(taken)
    }
}

fn has_tests(facts: &FileFacts) -> bool {
    let tree = facts.tree();
    tree.subtree(Tree::ROOT)
        .filter(|node| matches!(tree.kind(*node), Kind::FunctionDefinition | Kind::ClassDefinition))
        .any(|node| {
            let name = facts.definition_name(node);
            name.starts_with("test_") || name.starts_with("Test")
        })
}

/// Whether a right guard stands at module level.
fn has_guard(facts: &FileFacts) -> bool {
    let tree = facts.tree();
    tree.children(Tree::ROOT).any(|statement| {
        tree.kind(statement) == Kind::IfStatement && guard::is_guard(facts, statement)
    })
}

impl Project {
    /// The import statements of parsed files that import the module at `path`.
    pub fn importers(&self, path: &Path) -> Vec<Site> {
        let index = self.importers.get_or_init(|| {
            let mut index: BTreeMap<PathBuf, Vec<Site>> = BTreeMap::new();
            for (id, facts) in self.files() {
                let tree = facts.tree();
                let imports = tree.subtree(Tree::ROOT).filter(|node| {
                    matches!(tree.kind(*node), Kind::ImportStatement | Kind::ImportFromStatement)
                });
                for node in imports {
                    for path in self.imported_paths(id, facts, node) {
                        index.entry(path).or_default().push(Site { file: id, node });
                    }
                }
            }
            index
        });
        index.get(path).cloned().unwrap_or_default()
    }

    /// The files of the project that an import statement imports.
    pub(in crate::project) fn imported_paths(
        &self,
        file: FileId,
        facts: &FileFacts,
        statement: NodeId,
    ) -> Vec<PathBuf> {
        if facts.tree().kind(statement) == Kind::ImportStatement {
            return imported_names(facts, statement)
                .iter()
                .filter_map(|module| self.module_path(file, module))
                .collect();
        }
        let module = module_text(facts, statement);
        let mut found: Vec<PathBuf> = self.module_path(file, &module).into_iter().collect();
        for name in imported_names(facts, statement) {
            found.extend(self.module_path(file, &modules::member_of(&module, &name)));
        }
        found
    }

    /// Whether a console script of the project calls a function of the module at `path`.
    fn is_entry_point(&self, path: &Path) -> bool {
        let stem = path.with_extension("");
        let parts: Vec<String> =
            stem.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
        self.entry_points.iter().any(|module| {
            let wanted: Vec<&str> = module.split('.').collect();
            parts.len() >= wanted.len()
                && parts[parts.len() - wanted.len()..]
                    .iter()
                    .zip(&wanted)
                    .all(|(have, want)| have == want)
        })
    }
}

fn module_text(facts: &FileFacts, statement: NodeId) -> String {
    facts
        .tree()
        .child(statement, Field::ModuleName)
        .map_or(String::new(), |node| facts.text(node).split_whitespace().collect())
}

/// The dotted names behind `import`, without their aliases.
fn imported_names(facts: &FileFacts, statement: NodeId) -> Vec<String> {
    let tree = facts.tree();
    tree.children_in(statement, Field::Name)
        .map(|node| {
            if tree.kind(node) == Kind::AliasedImport {
                tree.child(node, Field::Name).unwrap_or(node)
            } else {
                node
            }
        })
        .map(|node| facts.text(node).split_whitespace().collect())
        .collect()
}
