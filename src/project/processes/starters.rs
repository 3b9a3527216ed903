//! Names of functions and classes that may start processes when they are called: a cheap table over all parsed files, so
//! that calls of other names need no closer look.

use crate::catalogue::{Starts, Verdict, last_part};
use crate::facts::FileFacts;
use crate::project::Project;
use crate::syntax::{Field, Kind, NodeId, Tree};
use std::collections::{BTreeSet, HashMap};

impl Project {
    /// Whether a call of a function or class of the project called `name` may start a process.
    pub fn may_start(&self, name: &str) -> bool {
        self.starters.get_or_init(|| self.starter_names()).contains(name)
    }

    fn starter_names(&self) -> BTreeSet<String> {
        let starting = |entry: &&crate::catalogue::Entry| {
            entry.guard && entry.starts != Starts::Never && entry.verdict != Verdict::Never
        };
        let apis: BTreeSet<String> = self
            .catalogue
            .entries()
            .map(|row| row.1)
            .filter(starting)
            .flat_map(|entry| entry.paths.iter().map(|path| last_part(path).to_owned()))
            .collect();
        let mut callers: HashMap<&str, Vec<&str>> = HashMap::new();
        let mut found: BTreeSet<String> = BTreeSet::new();
        let mut waiting: Vec<String> = Vec::new();
        for (_, facts) in self.files() {
            let tree = facts.tree();
            let speaks = self.catalogue.search().is_match(facts.all());
            let names: Vec<&str> = facts.calls.iter().map(|call| called(facts, *call)).collect();
            let definitions = tree.subtree(Tree::ROOT).filter(|node| {
                matches!(tree.kind(*node), Kind::FunctionDefinition | Kind::ClassDefinition)
            });
            for definition in definitions {
                let caller = facts.definition_name(definition);
                let from = facts.calls.partition_point(|call| *call < definition);
                let to = facts.calls.partition_point(|call| *call < tree.subtree_end(definition));
                for name in &names[from..to] {
                    callers.entry(*name).or_default().push(caller);
                }
                let is_api = |name: &&str| apis.contains(*name) || *name == "run_in_executor";
                // A function that is called like an API may be one that hands on to it, whatever its file speaks of.
                if (speaks && names[from..to].iter().any(is_api))
                    || (apis.contains(caller) && !caller.starts_with("__"))
                {
                    waiting.push(caller.to_owned());
                }
            }
            if speaks {
                waiting.extend(by_loops(facts));
            }
        }
        while let Some(name) = waiting.pop() {
            if found.insert(name.clone()) {
                let more = callers.remove(name.as_str()).unwrap_or_default();
                waiting.extend(more.into_iter().map(str::to_owned));
            }
        }
        found
    }
}

/// The last part of what a call calls; for an imported name the name that it has in its module.
pub fn called(facts: &FileFacts, call: NodeId) -> &str {
    use crate::facts::scopes::BindingKind;
    let tree = facts.tree();
    let Some(callee) = tree.child(call, Field::Function).map(|callee| tree.unparenthesized(callee))
    else {
        return "";
    };
    if let Some(attribute) = tree.child(callee, Field::Attribute) {
        return facts.text(attribute);
    }
    if tree.kind(callee) != Kind::Identifier {
        return "";
    }
    let imported = facts.scopes.resolve_name(callee).and_then(|(home, name)| {
        facts.scopes.bindings(home, name).iter().find_map(|binding| match &binding.kind {
            BindingKind::Import { attribute: Some(name), .. } => Some(name.as_str()),
            _ => None,
        })
    });
    imported.unwrap_or_else(|| facts.text(callee))
}

/// The functions (and the classes, for their methods) in which a node lies, by name.
fn callers_of(facts: &FileFacts, node: NodeId) -> Vec<&str> {
    let tree = facts.tree();
    tree.ancestors(node)
        .filter(|up| matches!(tree.kind(*up), Kind::FunctionDefinition | Kind::ClassDefinition))
        .map(|up| facts.definition_name(up))
        .filter(|name| !name.is_empty())
        .collect()
}

/// Functions with loops and `with` in files that may hold an object which starts its workers there.
fn by_loops(facts: &FileFacts) -> Vec<String> {
    let implicit =
        ["oader", "num_workers", "Manager"].iter().any(|word| facts.all().contains(word));
    let tree = facts.tree();
    let nodes = tree.subtree(Tree::ROOT).filter(|node| {
        implicit
            && matches!(
                tree.kind(*node),
                Kind::ForStatement | Kind::ForInClause | Kind::WithStatement
            )
    });
    nodes.flat_map(|node| callers_of(facts, node)).map(str::to_owned).collect()
}
