//! Names to places over all parsed files: calls, classes, and the other names that imports and assignments give.

use crate::facts::FileFacts;
use crate::facts::dataflow::{Name, Part};
use crate::facts::scopes::BindingKind;
use crate::project::{FileId, Project, Site};
use crate::syntax::{Field, Kind, NodeId, Tree};
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet};

/// How many further names of one thing are looked at.
const MAX_NAMES: usize = 8;

/// What is found by name, built once for a project.
#[derive(Debug, Default)]
pub(in crate::project) struct NameIndex {
    calls: BTreeMap<String, Vec<Site>>,
    classes: BTreeSet<String>,
    deriving: BTreeMap<String, Vec<Site>>,
    aliases: BTreeMap<String, BTreeSet<String>>,
    attributes: BTreeMap<String, Vec<Site>>,
    decorators: BTreeMap<String, Vec<Site>>,
}

/// What the data-flow graphs of all parsed files hold by name, built once for a project.
#[derive(Debug, Default)]
pub(in crate::project) struct FlowIndex {
    /// The stores to attributes of a name: a place in the file, and the store's number in its graph.
    stores: FxHashMap<Name, Vec<(Site, usize)>>,
    /// The identifiers that imports bind, by the name that is imported.
    imports: FxHashMap<Name, Vec<Site>>,
}

impl FlowIndex {
    fn build(project: &Project) -> Self {
        let mut index = Self::default();
        for (file, facts) in project.files() {
            let graph = facts.dataflow();
            for (number, store) in graph.stores().iter().enumerate() {
                if let Some(Part::Attribute(name)) = store.part {
                    let site = Site { file, node: store.container };
                    index.stores.entry(name).or_default().push((site, number));
                }
            }
            for binding in &graph.definitions.all {
                if let BindingKind::Import { attribute: Some(name), .. } = &binding.kind {
                    let site = Site { file, node: binding.node };
                    index.imports.entry(name.as_str().into()).or_default().push(site);
                }
            }
        }
        index
    }
}

impl Project {
    fn flow_index(&self) -> &FlowIndex {
        self.flow_index.get_or_init(|| FlowIndex::build(self))
    }

    /// The stores to attributes of that name, each with its number in the graph of its file.
    pub(in crate::project) fn stores_named(&self, name: &str) -> &[(Site, usize)] {
        self.flow_index().stores.get(&Name::from(name)).map_or(&[], Vec::as_slice)
    }

    /// The identifiers that `from … import name` binds anywhere.
    pub(in crate::project) fn imports_of(&self, name: &str) -> &[Site] {
        self.flow_index().imports.get(&Name::from(name)).map_or(&[], Vec::as_slice)
    }

    fn names(&self) -> &NameIndex {
        self.name_index.get_or_init(|| {
            let mut index = NameIndex::default();
            for (id, file) in self.files() {
                index.add_calls(id, file);
                index.add_definitions(id, file);
            }
            index
        })
    }

    /// The calls whose callee is the name, or an attribute of the name, `name`.
    pub fn calls_named(&self, name: &str) -> &[Site] {
        self.names().calls.get(name).map_or(&[], Vec::as_slice)
    }

    /// Whether some parsed file defines a class of that name.
    pub fn defines_class(&self, name: &str) -> bool {
        self.names().classes.contains(name)
    }

    /// The classes that name `base`, or an attribute of that name, among their bases.
    pub fn classes_deriving_from(&self, base: &str) -> &[Site] {
        self.names().deriving.get(base).map_or(&[], Vec::as_slice)
    }

    /// The attribute expressions of that name.
    pub fn attributes_named(&self, name: &str) -> &[Site] {
        self.names().attributes.get(name).map_or(&[], Vec::as_slice)
    }

    /// The decorators that are a name, or a call of it: `@app.task`, `@app.task("a")` for `task`.
    pub fn decorators_named(&self, name: &str) -> &[Site] {
        self.names().decorators.get(name).map_or(&[], Vec::as_slice)
    }

    /// Whether the names of one thing were cut short: it may have others.
    pub fn are_too_many(&self, names: &BTreeSet<String>) -> bool {
        names.len() >= MAX_NAMES
    }

    /// A name and those that imports (`as`), assignments and partials give to what it stands for.
    pub fn names_of(&self, name: &str) -> BTreeSet<String> {
        let mut found = BTreeSet::from([name.to_owned()]);
        let mut pending = vec![name.to_owned()];
        while let Some(next) = pending.pop() {
            for alias in self.names().aliases.get(&next).into_iter().flatten() {
                if found.len() < MAX_NAMES && found.insert(alias.clone()) {
                    pending.push(alias.clone());
                }
            }
        }
        found
    }
}

impl NameIndex {
    fn add_calls(&mut self, id: FileId, file: &FileFacts) {
        let tree = file.tree();
        let at = |node| Site { file: id, node };
        for call in &file.calls {
            let Some(callee) = tree.child(*call, Field::Function) else { continue };
            let Some(name) = last_name(tree, callee) else { continue };
            let name = file.text(name);
            self.calls.entry(name.to_owned()).or_default().push(at(*call));
        }
    }

    fn add_definitions(&mut self, id: FileId, file: &FileFacts) {
        let tree = file.tree();
        for node in tree.subtree(Tree::ROOT) {
            match tree.kind(node) {
                Kind::ClassDefinition => {
                    self.classes.insert(file.definition_name(node).to_owned());
                    let bases = tree.child(node, Field::Superclasses);
                    for base in bases.into_iter().flat_map(|list| tree.children(list)) {
                        let named = tree
                            .child(base, Field::Value)
                            .filter(|_| tree.kind(base) == Kind::Subscript)
                            .unwrap_or(base);
                        if let Some(name) = last_name(tree, named) {
                            self.deriving
                                .entry(file.text(name).to_owned())
                                .or_default()
                                .push(Site { file: id, node });
                        }
                    }
                }
                Kind::Attribute => {
                    let name =
                        tree.child(node, Field::Attribute).map_or("", |name| file.text(name));
                    self.attributes
                        .entry(name.to_owned())
                        .or_default()
                        .push(Site { file: id, node });
                }
                Kind::Decorator => {
                    let expression = tree.children(node).next();
                    let callee = expression.map(|inner| {
                        if tree.kind(inner) == Kind::Call {
                            tree.child(inner, Field::Function).unwrap_or(inner)
                        } else {
                            inner
                        }
                    });
                    if let Some(name) = callee.and_then(|callee| last_name(tree, callee)) {
                        self.decorators
                            .entry(file.text(name).to_owned())
                            .or_default()
                            .push(Site { file: id, node });
                    }
                }
                Kind::AliasedImport => {
                    let parts = tree.child(node, Field::Name).zip(tree.child(node, Field::Alias));
                    self.add_alias(parts.map(|(name, alias)| {
                        (crate::catalogue::last_part(file.text(name)), file.text(alias))
                    }));
                }
                Kind::Assignment => {
                    let value =
                        tree.child(node, Field::Right).map(|value| tree.unparenthesized(value));
                    let value = value.and_then(|value| renamed(file, value));
                    let target =
                        tree.child(node, Field::Left).and_then(|target| last_name(tree, target));
                    self.add_alias(
                        value
                            .zip(target)
                            .map(|(value, target)| (file.text(value), file.text(target))),
                    );
                }
                _ => {}
            }
        }
    }

    fn add_alias(&mut self, names: Option<(&str, &str)>) {
        if let Some((name, alias)) = names.filter(|(name, alias)| name != alias) {
            self.aliases.entry(name.to_owned()).or_default().insert(alias.to_owned());
        }
    }
}

/// The name that an assigned value is known by: `f`, `module.f`, the `f` of `partial(f, …)`.
pub(in crate::project) fn renamed(file: &FileFacts, value: NodeId) -> Option<NodeId> {
    let tree = file.tree();
    if tree.kind(value) != Kind::Call {
        return last_name(tree, value);
    }
    let callee = tree.child(value, Field::Function).and_then(|callee| last_name(tree, callee))?;
    let first = tree.child(value, Field::Arguments).and_then(|list| tree.children(list).next())?;
    (file.text(callee) == "partial").then(|| last_name(tree, first)).flatten()
}

/// The identifier of a name, or of the last part of a dotted one.
fn last_name(tree: &Tree, node: NodeId) -> Option<NodeId> {
    let name = tree
        .child(node, Field::Attribute)
        .filter(|_| tree.kind(node) == Kind::Attribute)
        .unwrap_or(node);
    (tree.kind(name) == Kind::Identifier).then_some(name)
}
