//! Other modules and names under which what hands something to a process can be reached: re-exports, aliases, subclasses.

use crate::facts::scopes::BindingKind;
use crate::project::names::index;
use crate::project::{FileId, Project, Trigger};
use crate::syntax::{Field, Kind, Tree};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Names, and the files in which each may be found.
type Sources<'t> = BTreeMap<&'t str, BTreeSet<&'t Path>>;

impl Project {
    /// The triggers that follow from `triggers`, each with the names that it follows from: modules that import a name at module
    /// level hand it out themselves, and subclasses take what their bases take.
    pub fn renamed<'t>(
        &self,
        triggers: impl IntoIterator<Item = &'t Trigger>,
    ) -> BTreeMap<Trigger, BTreeSet<String>> {
        let mut modules: Sources = BTreeMap::new();
        for trigger in triggers {
            let Some(name) = &trigger.name else { continue };
            modules.entry(name).or_default().extend(
                std::iter::once(&trigger.module).chain(&trigger.packages).map(PathBuf::as_path),
            );
        }
        let mut out: BTreeMap<Trigger, BTreeSet<String>> = BTreeMap::new();
        for (id, _) in self.files() {
            for (name, origin) in self.handed_out(id, &modules) {
                let trigger = self.trigger(id, Some(name.to_owned()));
                out.entry(trigger).or_default().insert(origin.to_owned());
            }
        }
        out
    }

    /// The names at module level of a file that stand for one of the names in `modules`, each with that one.
    fn handed_out<'p>(&'p self, id: FileId, modules: &Sources<'_>) -> BTreeSet<(&'p str, &'p str)> {
        let file = self.file(id);
        let mut found = BTreeSet::new();
        let top = file.scopes.module();
        for name in file.scopes.get(top).symbols.keys() {
            for binding in file.scopes.bindings(top, name) {
                if let BindingKind::Import { module, attribute: Some(attribute) } = &binding.kind
                    && let Some(from) = modules.get(attribute.as_str())
                    && self
                        .module_path(id, module)
                        .is_some_and(|path| from.contains(path.as_path()))
                {
                    found.insert((name.as_str(), attribute.as_str()));
                }
            }
        }
        let tree = file.tree();
        for node in
            tree.children(Tree::ROOT).filter(|node| tree.kind(*node) == Kind::ClassDefinition)
        {
            let bases = tree
                .child(node, Field::Superclasses)
                .into_iter()
                .flat_map(|list| tree.children(list));
            let bases = bases.map(|base| crate::catalogue::last_part(file.text(base)));
            let taken = bases.filter(|base| modules.contains_key(base));
            found.extend(taken.map(|base| (file.definition_name(node), base)));
        }
        for statement in
            tree.children(Tree::ROOT).filter(|node| tree.kind(*node) == Kind::ExpressionStatement)
        {
            let Some(assignment) =
                tree.children(statement).next().filter(|node| tree.kind(*node) == Kind::Assignment)
            else {
                continue;
            };
            let value = tree
                .child(assignment, Field::Right)
                .and_then(|value| index::renamed(file, tree.unparenthesized(value)));
            let target = tree
                .child(assignment, Field::Left)
                .filter(|target| tree.kind(*target) == Kind::Identifier);
            if let (Some(value), Some(target)) = (value, target)
                && modules.contains_key(file.text(value))
            {
                found.insert((file.text(target), file.text(value)));
            }
        }
        found
    }
}
