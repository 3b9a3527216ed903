//! Names of modules: imports, members, re-exports, star imports, builtins.

use super::source::{CallString, Found, Source};
use super::{Needed, Solver};
use crate::facts::builtins;
use crate::facts::scopes::BindingKind;
use crate::project::names::modules;
use crate::project::{FileId, Site};
use std::path::PathBuf;

/// Modules that are known by their path even in the project that defines them.
const ALWAYS_EXTERNAL: &[&str] =
    &["multiprocessing", "threading", "concurrent", "concurrent.futures", "functools"];

impl Solver<'_> {
    /// Whether the tables have something to say about a dotted path.
    pub(super) fn is_known(&self, path: &str) -> bool {
        self.project.catalogue.by_path(path).is_some()
            || crate::catalogue::objects::made_by(path).is_some()
    }

    /// A global without a binding in its module: from a star import, or a builtin.
    pub(super) fn unbound(&self, file: FileId, name: &str) -> Vec<Found> {
        for module in self.star_imports(file) {
            // Modules that are not parsed are not asked for to learn whether they hide a builtin.
            if builtins::is_builtin(name) && !self.is_parsed(file, &module) {
                continue;
            }
            let found = self.imported(file, &module, Some(name));
            let known = found.iter().any(|each| match &each.source {
                Source::External { path, .. } => self.is_known(path),
                Source::Unknown => false,
                _ => true,
            });
            if known {
                return found;
            }
        }
        vec![Found::new(Source::external(&format!("builtins.{name}")))]
    }

    pub(super) fn is_parsed(&self, file: FileId, module: &str) -> bool {
        let path = self.project.module_path(file, module);
        path.is_some_and(|path| self.project.at(&path).is_some())
    }

    pub(super) fn star_imports(&self, file: FileId) -> Vec<String> {
        let scopes = &self.file(file).scopes;
        let stars = scopes.bindings(scopes.module(), "*").iter();
        stars
            .filter_map(|binding| match &binding.kind {
                BindingKind::StarImport { module } => Some(module.clone()),
                _ => None,
            })
            .collect()
    }

    /// A class or function of the project that its configuration names as a process API.
    pub(super) fn own_api(&self, file: FileId, name: &str) -> Option<Source> {
        let path = &self.file(file).source.path;
        let entries = self.project.catalogue.added().filter(|entry| entry.receiver.is_empty());
        let mut named = entries.flat_map(|entry| &entry.paths);
        let found = named.find(|dotted| {
            let Some((module, last)) = dotted.rsplit_once('.') else { return false };
            let module = module.replace('.', "/");
            last == name
                && (path.ends_with(format!("{module}.py"))
                    || path.ends_with(format!("{module}/__init__.py")))
        });
        found.map(|dotted| Source::external(dotted))
    }

    /// What a module holds under a name.
    pub(super) fn module_member(&self, file: FileId, name: &str) -> Vec<Found> {
        if let Some(api) = self.own_api(file, name) {
            return vec![Found::new(api)];
        }
        let scopes = &self.file(file).scopes;
        let bindings = scopes.bindings(scopes.module(), name);
        if bindings.is_empty() {
            if let Some(path) = self.project.submodule(file, name) {
                return self.module_at(path, None);
            }
            return self
                .behind_stars(file, name)
                .unwrap_or_else(|| self.made_on_demand(file, name));
        }
        let last = bindings.last().filter(|last| {
            // Statements in the module itself follow one another; the last one stands, unless a test or a handler chooses.
            self.is_plain_statement(Site { file, node: last.statement })
                && bindings.iter().all(|binding| binding.scope == scopes.module())
        });
        let chosen = last.map_or(bindings, std::slice::from_ref);
        chosen
            .iter()
            .filter(|binding| !matches!(binding.kind, BindingKind::Delete))
            .flat_map(|binding| {
                let site = Site { file, node: binding.node };
                self.find(site, &CallString::UNKNOWN).iter().cloned().collect::<Vec<_>>()
            })
            .map(|each| each.apart())
            .collect()
    }

    /// What the modules whose names a module takes by `import *` hold under a name, if they are known to hold it.
    fn behind_stars(&self, file: FileId, name: &str) -> Option<Vec<Found>> {
        let asked = (file, name.to_owned());
        if self.behind_stars.borrow().contains(&asked) {
            return None;
        }
        self.behind_stars.borrow_mut().push(asked);
        let stars = self.star_imports(file).into_iter();
        let found = stars
            .map(|star| self.imported(file, &star, Some(name)))
            .find(|found| found.iter().any(|each| each.source != Source::Unknown));
        self.behind_stars.borrow_mut().pop();
        found
    }

    /// A `def`, `class` or import directly in the module.
    pub(super) fn is_plain_statement(&self, statement: Site) -> bool {
        use crate::syntax::Kind;
        let tree = self.tree(statement.file);
        let mut at = tree.parent(statement.node);
        while let Some(up) = at {
            match tree.kind(up) {
                Kind::DecoratedDefinition | Kind::ExpressionStatement => at = tree.parent(up),
                kind => return kind == Kind::Module,
            }
        }
        false
    }

    /// `def __getattr__(name)` of a module: what it gives.
    pub(super) fn made_on_demand(&self, file: FileId, name: &str) -> Vec<Found> {
        let scopes = &self.file(file).scopes;
        if name == "__getattr__" {
            return vec![Found::unknown()];
        }
        let getters = scopes.bindings(scopes.module(), "__getattr__");
        let Some(BindingKind::FunctionDef(function)) = getters.last().map(|each| &each.kind) else {
            return vec![Found::unknown()];
        };
        let signature = self.graph(file).signature(*function);
        let returned = signature.into_iter().flat_map(|signature| &signature.returns);
        let found: Vec<Found> = returned
            .flat_map(|value| self.find(Site { file, node: *value }, &CallString::UNKNOWN).to_vec())
            .map(|each| each.apart())
            .collect();
        if found.is_empty() { vec![Found::unknown()] } else { found }
    }

    pub(super) fn module_at(&self, path: PathBuf, name: Option<&str>) -> Vec<Found> {
        if let Some(id) = self.project.at(&path) {
            return vec![Found::new(Source::Module(id))];
        }
        self.note_need((path, name.map(str::to_owned)));
        vec![Found::unknown()]
    }

    fn note_need(&self, needed: Needed) {
        let mut unresolved = self.unresolved.borrow_mut();
        let unresolved = &mut *unresolved;
        let number = *unresolved.numbers.entry(needed).or_insert_with_key(|needed| {
            unresolved.met.push(needed.clone());
            unresolved.met.len() as u32 - 1
        });
        self.memory.need(number);
    }

    /// What an import binds.
    pub(super) fn imported(
        &self,
        file: FileId,
        module: &str,
        attribute: Option<&str>,
    ) -> Vec<Found> {
        let external = |path: &str| vec![Found::new(Source::external(path))];
        if let Some(name) = attribute
            && !module.starts_with('.')
        {
            let path = format!("{module}.{name}");
            if self.is_known(&path) {
                return external(&path);
            }
        }
        if attribute.is_none() && ALWAYS_EXTERNAL.contains(&module) {
            return external(module);
        }
        let Some(found) = self.project.module_path(file, module) else {
            if module.starts_with('.') {
                return attribute.map_or_else(
                    || vec![Found::unknown()],
                    |name| self.submodule_of(file, module, name),
                );
            }
            // A folder without an `__init__.py` may hold the module.
            let below = attribute
                .and_then(|name| self.project.module_path(file, &modules::member_of(module, name)));
            return below.map_or_else(
                || {
                    let dotted = attribute.map(|name| format!("{module}.{name}"));
                    external(dotted.as_deref().unwrap_or(module))
                },
                |path| self.module_at(path, None),
            );
        };
        let whole = self.module_at(found, attribute);
        let Some(name) = attribute else { return whole };
        let Some(Found { source: Source::Module(id), .. }) = whole.first() else {
            // A package that is not parsed: its submodules are known by their paths.
            return self.submodule_of(file, module, name);
        };
        let found = self.module_member(*id, name);
        if found.iter().all(|each| each.source == Source::Unknown) {
            return self.submodule_of(file, module, name);
        }
        found
    }

    pub(super) fn submodule_of(&self, file: FileId, module: &str, name: &str) -> Vec<Found> {
        self.project
            .module_path(file, &modules::member_of(module, name))
            .map_or_else(|| vec![Found::unknown()], |path| self.module_at(path, None))
    }
}
