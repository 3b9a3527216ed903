//! Functions and classes that a module puts into its containers: `STEPS.append(triple)`, `TASKS["a"] = triple`, `@task`.

use crate::facts::{FileFacts, execution};
use crate::project::{Eval, FileId, Site, Value, behaviour::effect_tables};
use crate::syntax::{Field, Kind, NodeId, Tree};
use std::collections::BTreeSet;

/// What one statement puts into which of the module's containers.
#[derive(Debug)]
pub(in crate::project) struct Registration {
    /// Names of the module, one of which is the container.
    pub(in crate::project) containers: BTreeSet<String>,
    /// What is put there.
    pub(in crate::project) definitions: BTreeSet<Site>,
}

/// The registrations that importing a file makes.
pub(in crate::project) fn of(eval: &Eval, file: FileId) -> Vec<Registration> {
    let facts = eval.file(file);
    execution::executed(facts, Tree::ROOT)
        .into_iter()
        .filter_map(|node| registration(eval, facts, Site { file, node }))
        .collect()
}

fn registration(eval: &Eval, facts: &FileFacts, site: Site) -> Option<Registration> {
    let tree = facts.tree();
    let at = |node| Site { file: site.file, node };
    match tree.kind(site.node) {
        Kind::Assignment => {
            let left = tree
                .child(site.node, Field::Left)
                .filter(|left| matches!(tree.kind(*left), Kind::Subscript | Kind::Attribute))?;
            let definitions = eval.definitions_in(vec![at(tree.child(site.node, Field::Right)?)]);
            (!definitions.is_empty())
                .then(|| Registration { containers: names_in(facts, left), definitions })
        }
        Kind::Call => {
            let callee = tree.child(site.node, Field::Function)?;
            let method = tree.child(callee, Field::Attribute)?;
            if !effect_tables::MUTATORS.contains(&facts.text(method)) {
                return None;
            }
            let definitions = eval.definitions_in(eval.all_arguments(site));
            (!definitions.is_empty())
                .then(|| Registration { containers: names_in(facts, callee), definitions })
        }
        Kind::Decorator => {
            let expression = tree.children(site.node).next()?;
            let callee = if tree.kind(expression) == Kind::Call {
                tree.child(expression, Field::Function)?
            } else {
                expression
            };
            let storing = eval.values(at(callee)).iter().find_map(|value| match value {
                Value::Function(function) | Value::Method { function: Some(function), .. } => {
                    stores(eval, *function).then_some(*function)
                }
                _ => None,
            })?;
            let mut containers = names_in(facts, expression);
            if storing.file == site.file {
                containers.extend(names_in(facts, storing.node));
            }
            let definition =
                tree.parent(site.node).and_then(|up| tree.child(up, Field::Definition))?;
            Some(Registration { containers, definitions: BTreeSet::from([at(definition)]) })
        }
        _ => None,
    }
}

/// The variables of the module that an expression or definition names; functions and classes are none.
fn names_in(facts: &FileFacts, node: NodeId) -> BTreeSet<String> {
    use crate::facts::scopes::BindingKind;
    let module = facts.scopes.module();
    let names = facts
        .tree()
        .subtree(node)
        .filter_map(|node| facts.scopes.resolve_name(node))
        .filter(|(home, _)| *home == module);
    let is_variable = |name: &&str| {
        facts.scopes.bindings(module, name).iter().any(|binding| {
            !matches!(binding.kind, BindingKind::FunctionDef(_) | BindingKind::ClassDef(_))
        })
    };
    names.map(|row| row.1).filter(is_variable).map(str::to_owned).collect()
}

/// Whether a function puts something into a container.
fn stores(eval: &Eval, function: Site) -> bool {
    let facts = eval.file(function.file);
    let tree = facts.tree();
    tree.subtree(function.node).any(|node| match tree.kind(node) {
        Kind::Assignment => {
            tree.child(node, Field::Left).is_some_and(|left| tree.kind(left) == Kind::Subscript)
        }
        Kind::Call => {
            let method = tree
                .child(node, Field::Function)
                .and_then(|callee| tree.child(callee, Field::Attribute));
            method.is_some_and(|method| effect_tables::MUTATORS.contains(&facts.text(method)))
        }
        _ => false,
    })
}
