//! Which names of a module its functions and classes read and write.

use crate::facts::FileFacts;
use crate::facts::scopes::BindingKind;
use crate::syntax::{Field, Kind, NodeId};
use std::collections::{BTreeMap, BTreeSet};

/// Who reads and writes the module's names.
#[derive(Debug, Default)]
pub struct ModuleNames {
    /// What the bodies of functions and classes of that name read.
    bodies: BTreeMap<String, BTreeSet<String>>,
    /// The nodes of those definitions.
    definitions: BTreeMap<String, Vec<NodeId>>,
    /// What they write through `global`.
    pub written_by: BTreeMap<String, BTreeSet<String>>,
}

impl ModuleNames {
    /// The table of one file.
    pub fn of(facts: &FileFacts) -> Self {
        let module = facts.scopes.module();
        let mut table = Self::default();
        for name in facts.scopes.get(module).symbols.keys() {
            for binding in facts.scopes.bindings(module, name) {
                let node = match binding.kind {
                    BindingKind::FunctionDef(node) | BindingKind::ClassDef(node) => node,
                    BindingKind::Assignment { value: Some(value), .. }
                        if facts.tree().kind(value) == Kind::Lambda =>
                    {
                        value
                    }
                    _ => continue,
                };
                let nodes: Vec<NodeId> =
                    facts.tree().subtree(facts.with_decorators(node)).collect();
                let reads = table.read_by(facts, &nodes);
                table.bodies.entry(name.clone()).or_default().extend(reads);
                table.written_by.entry(name.clone()).or_default().extend(
                    global_writes(facts, node).into_iter().chain(written_by_text(facts, node)),
                );
                table.definitions.entry(name.clone()).or_default().push(node);
            }
        }
        table
    }

    /// The module's names that `nodes` read.
    pub fn read_by(&self, facts: &FileFacts, nodes: &[NodeId]) -> BTreeSet<String> {
        let module = facts.scopes.module();
        let names = nodes
            .iter()
            .filter(|node| facts.scopes.is_read(**node))
            .filter_map(|node| facts.scopes.resolve_name(*node));
        names
            .filter(|(home, name)| {
                *home == module && !facts.scopes.bindings(module, name).is_empty()
            })
            .map(|row| row.1.to_owned())
            .collect()
    }

    /// `names` and everything that functions and classes among them read, transitively.
    pub fn reached(&self, names: BTreeSet<String>) -> BTreeSet<String> {
        let mut waiting: Vec<String> = names.iter().cloned().collect();
        let mut out = names;
        while let Some(name) = waiting.pop() {
            for read in self.bodies.get(&name).into_iter().flatten() {
                if out.insert(read.clone()) {
                    waiting.push(read.clone());
                }
            }
        }
        out
    }

    /// All nodes of the functions and classes of the module among `names`.
    pub fn nodes_of(&self, facts: &FileFacts, names: &BTreeSet<String>) -> Vec<NodeId> {
        let definitions = names.iter().filter_map(|name| self.definitions.get(name)).flatten();
        definitions.flat_map(|node| facts.tree().subtree(facts.with_decorators(*node))).collect()
    }

    /// Whether any function or class of the module reads `name`.
    pub fn is_read_by_definitions(&self, name: &str) -> bool {
        self.bodies.values().any(|reads| reads.contains(name))
    }
}

fn global_writes(facts: &FileFacts, function: NodeId) -> BTreeSet<String> {
    let module = facts.scopes.module();
    let tree = facts.tree();
    let written = |name: &&String| {
        facts
            .scopes
            .bindings(module, name)
            .iter()
            .any(|binding| binding.scope != module && tree.contains(function, binding.node))
    };
    facts.scopes.get(module).symbols.keys().filter(written).cloned().collect()
}

/// `globals()["rate"] = 3` in a function.
fn written_by_text(facts: &FileFacts, function: NodeId) -> Vec<String> {
    let tree = facts.tree();
    let assigned = tree
        .subtree(function)
        .filter(|node| tree.kind(*node) == Kind::Subscript && tree.field(*node) == Field::Left);
    let of_module = assigned.filter(|node| {
        tree.child(*node, Field::Value).is_some_and(|value| facts.text(value) == "globals()")
    });
    let keys = of_module
        .filter_map(|node| tree.child(node, Field::Subscript))
        .filter(|key| tree.kind(*key) == Kind::String);
    keys.map(|key| facts.text(key).trim_matches(['"', '\'']).to_owned()).collect()
}
