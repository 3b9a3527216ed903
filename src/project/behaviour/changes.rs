//! What code changes of the objects that a module's names stand for.

use crate::project::{
    Eval, FileId, Site,
    behaviour::{effect_tables, effects, state},
};
use crate::syntax::{Field, Kind, NodeId, Tree};
use std::collections::BTreeSet;

/// Module-level names whose objects are changed.
#[derive(Debug, Default)]
pub struct Changes {
    /// Those that may be, among them what functions of other modules change there (`timer.started`).
    pub may: BTreeSet<String>,
    /// Those that are for certain: by assignments to items and attributes, by methods of containers.
    pub surely: BTreeSet<String>,
}

/// The module-level names whose objects are changed: by item and attribute assignments, by methods that are called for
/// their effect, by being handed to a function of the project.
pub fn made_by(eval: &Eval, file: FileId, run: &[NodeId]) -> Changes {
    let facts = eval.file(file);
    let tree = facts.tree();
    let module_name = |node: NodeId| {
        let (home, name) = facts.scopes.resolve_name(root_of(tree, node))?;
        (home == facts.scopes.module()).then(|| name.to_owned())
    };
    let mut out = Changes::default();
    for node in run {
        match tree.kind(*node) {
            Kind::Assignment | Kind::AugmentedAssignment => {
                let left = tree
                    .child(*node, Field::Left)
                    .filter(|left| matches!(tree.kind(*left), Kind::Attribute | Kind::Subscript));
                out.surely.extend(left.and_then(module_name));
                // `settings.rate = 3`, where `settings` is a module of the project.
                let of_module = left
                    .filter(|left| tree.kind(*left) == Kind::Attribute)
                    .map(|node| Site { file, node });
                out.may.extend(of_module.into_iter().flat_map(|left| eval.state_read(left)));
            }
            Kind::Call => {
                let Some(callee) = tree.child(*node, Field::Function) else { continue };
                let site = Site { file, node: *node };
                let for_effect =
                    tree.parent(*node).is_some_and(|up| tree.kind(up) == Kind::ExpressionStatement);
                let name = tree.child(callee, Field::Attribute).map_or("", |name| facts.text(name));
                if effect_tables::PROCESS_SETUP.contains(&name)
                    || effects::leaves_object_alone(eval, site)
                {
                    continue;
                }
                if for_effect && let Some(state) = state::changed_by(eval, site) {
                    out.may.extend(state);
                } else if effect_tables::MUTATORS.contains(&name) {
                    out.surely.extend(module_name(callee));
                } else if for_effect && state::seeds_numpy(eval, Site { file, node: callee }) {
                    // Those that read `numpy` need not draw from its generator.
                    out.may.insert(state::NUMPY_RANDOM.to_owned());
                } else if for_effect && tree.kind(callee) == Kind::Attribute {
                    out.may.extend(module_name(callee));
                }
                if for_effect && effects::changes_arguments(eval, site) {
                    let names = eval
                        .positional_arguments(site)
                        .into_iter()
                        .filter(|argument| tree.kind(argument.node) == Kind::Identifier);
                    out.may.extend(names.filter_map(|argument| module_name(argument.node)));
                }
            }
            _ => {}
        }
    }
    out.may.extend(out.surely.iter().cloned());
    out
}

/// The name that an attribute or item is taken from, through any number of steps.
fn root_of(tree: &Tree, node: NodeId) -> NodeId {
    let mut at = node;
    while let Some(inner) = tree
        .child(at, Field::Object)
        .or_else(|| tree.child(at, Field::Value))
        .or_else(|| tree.child(at, Field::Function))
    {
        at = inner;
    }
    at
}
