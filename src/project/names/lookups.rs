//! Names of modules: imports, members, re-exports, star imports, builtins.

use crate::facts::scopes::Binding;
use crate::project::names::modules;
use crate::project::values::eval::Answer;
use crate::project::{Eval, FileId, Value};
use std::path::PathBuf;

impl Eval<'_> {
    /// Whether the tables have something to say about a dotted path.
    pub fn is_known_path(&self, path: &str) -> bool {
        self.project.catalogue.by_path(path).is_some()
            || crate::catalogue::objects::made_by(path).is_some()
    }

    /// Where a name read in the module scope of `file` is looked up: all its bindings.
    pub fn module_member(&self, file: FileId, name: &str) -> Vec<Value> {
        let key = (file, name.to_owned());
        match self.members_known.borrow().get(&key) {
            Some(Some(done)) => return done.to_vec(),
            // Packages that star-import each other lead here again: the cycle adds nothing.
            Some(None) => {
                self.cut();
                return vec![Value::Unknown];
            }
            None => {}
        }
        self.members_known.borrow_mut().insert(key.clone(), None);
        let cuts = self.cuts.get();
        let found = self.deeper(|| self.find_module_member(file, name));
        if cuts != self.cuts.get() {
            self.unsure.borrow_mut().push(Answer::Member(key.clone()));
        }
        self.members_known.borrow_mut().insert(key, Some(found.clone().into()));
        found
    }

    /// A class or function of the project that its configuration names as a process API.
    pub(in crate::project) fn own_api(&self, file: FileId, name: &str) -> Option<Value> {
        let path = &self.file(file).source.path;
        let mut named = self
            .project
            .catalogue
            .added()
            .filter(|entry| entry.receiver.is_empty())
            .flat_map(|entry| &entry.paths);
        let found = named.find(|dotted| {
            let Some((module, last)) = dotted.rsplit_once('.') else { return false };
            let module = module.replace('.', "/");
            last == name
                && (path.ends_with(format!("{module}.py"))
                    || path.ends_with(format!("{module}/__init__.py")))
        });
        found.map(|dotted| Value::external(dotted))
    }

    fn find_module_member(&self, file: FileId, name: &str) -> Vec<Value> {
        if let Some(api) = self.own_api(file, name) {
            return vec![api];
        }
        let facts = self.file(file);
        let module = facts.scopes.module();
        let bindings: Vec<&Binding> = facts.scopes.bindings(module, name).iter().collect();
        if bindings.is_empty() {
            if let Some(path) = self.project.submodule(file, name) {
                return self.module_at(path, None);
            }
            for star in crate::project::values::reaching::star_imports(facts) {
                let found = self.imported(file, &star, Some(name));
                if !found.iter().all(|value| matches!(value, Value::Unknown)) {
                    return found;
                }
            }
            return vec![Value::Unknown];
        }
        bindings.into_iter().flat_map(|binding| self.binding_values(file, binding)).collect()
    }

    /// The module at `path`, of which `name` is asked (`None`: the module itself).
    pub(in crate::project) fn module_at(&self, path: PathBuf, name: Option<&str>) -> Vec<Value> {
        if let Some(id) = self.project.at(&path) {
            return vec![Value::Module(id)];
        }
        if self.is_quiet.get() {
            // Asked for otherwise, the file would be wanted.
            self.cut();
            return vec![Value::Unknown];
        }
        self.wanted.borrow_mut().insert((path, name.map(str::to_owned)));
        vec![Value::Unknown]
    }

    /// What an import binds.
    pub fn imported(&self, file: FileId, module: &str, attribute: Option<&str>) -> Vec<Value> {
        if let Some(name) = attribute
            && !module.starts_with('.')
        {
            let path = format!("{module}.{name}");
            if self.is_known_path(&path) {
                return vec![Value::external(&path)];
            }
        }
        // Known APIs are found by their path even inside the project that defines them.
        if attribute.is_none()
            && matches!(
                module,
                "multiprocessing" | "threading" | "concurrent" | "concurrent.futures" | "functools"
            )
        {
            return vec![Value::external(module)];
        }
        let Some(found) = self.project.module_path(file, module) else {
            return if module.starts_with('.') {
                match attribute {
                    Some(name) => self.relative_submodule(file, module, name),
                    None => vec![Value::Unknown],
                }
            } else {
                // A folder without an `__init__.py` may hold the module.
                let below = attribute.and_then(|name| {
                    self.project.module_path(file, &modules::member_of(module, name))
                });
                below.map_or_else(
                    || {
                        vec![Value::external(
                            &attribute.map_or_else(
                                || module.to_owned(),
                                |name| format!("{module}.{name}"),
                            ),
                        )]
                    },
                    |path| self.module_at(path, None),
                )
            };
        };
        let module_value = self.module_at(found, attribute);
        let Some(name) = attribute else { return module_value };
        match module_value.first() {
            Some(Value::Module(id)) => {
                let found = self.module_member(*id, name);
                if found.iter().all(|value| matches!(value, Value::Unknown)) {
                    self.relative_submodule(file, module, name)
                } else {
                    found
                }
            }
            // A package that is not parsed: its submodules are known by their paths.
            _ => self.relative_submodule(file, module, name),
        }
    }

    pub(in crate::project) fn relative_submodule(
        &self,
        file: FileId,
        module: &str,
        name: &str,
    ) -> Vec<Value> {
        self.project
            .module_path(file, &modules::member_of(module, name))
            .map_or_else(|| vec![Value::Unknown], |path| self.module_at(path, None))
    }
}
