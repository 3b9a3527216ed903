//! Values that never meet: one is chosen in one branch of an `if`, the other in another.

use crate::facts::scopes::BindingKind;
use crate::project::values::reaching;
use crate::project::{Dispatch, Eval, Site, Type, Value};
use crate::syntax::{Field, Kind, NodeId, Tree};

impl Eval<'_> {
    /// Whether what is written at `leaf` is chosen in other branches than those that choose the process executor of a
    /// dispatch: `if cpu_bound: executor, loop = ProcessPoolExecutor, None`, `else: executor, loop = ThreadPoolExecutor,
    /// get_event_loop()`.
    pub(in crate::project) fn is_chosen_apart(&self, dispatch: &Dispatch, leaf: Site) -> bool {
        let facts = self.file(dispatch.call.file);
        let tree = facts.tree();
        let Some(callee) = tree
            .child(dispatch.call.node, Field::Function)
            .filter(|_| leaf.file == dispatch.call.file)
        else {
            return false;
        };
        let chosen = tree
            .child(callee, Field::Object)
            .filter(|_| tree.kind(callee) == Kind::Attribute)
            .unwrap_or(callee);
        let Some((scope, name)) =
            facts.scopes.resolve_name(chosen).filter(|_| tree.kind(chosen) == Kind::Identifier)
        else {
            return false;
        };
        let own = self.project.catalogue.get(dispatch.entry);
        let is_process = |value: NodeId| {
            self.values(Site { file: leaf.file, node: value }).iter().any(|value| match value {
                Value::External { path, .. } | Value::Instance(Type::External { path, .. }) => {
                    own.paths.iter().any(|own| own.starts_with(&**path))
                }
                _ => true,
            })
        };
        let choices: Vec<NodeId> = reaching::bindings(facts, scope, name, chosen)
            .into_iter()
            .filter_map(|binding| match binding.kind {
                BindingKind::Assignment { value: Some(value), .. } if is_process(value) => {
                    Some(value)
                }
                BindingKind::Assignment { .. } => None,
                _ => Some(binding.node),
            })
            .collect();
        !choices.is_empty() && choices.into_iter().all(|choice| exclude(tree, choice, leaf.node))
    }
}

impl Eval<'_> {
    /// Whether an object that is made or written at `leaf` never comes to a dispatch of the same function, which stands in
    /// another branch; or goes with threads, where both what runs (`Thread` or `Process`) and the object (a thread's event or
    /// a process's) are chosen.
    pub(in crate::project) fn goes_elsewhere(
        &self,
        dispatch: &Dispatch,
        leaf: Site,
        handover: Site,
    ) -> bool {
        if self.is_in_other_branch(leaf, dispatch.call) {
            return true;
        }
        let tree = self.file(dispatch.call.file).tree();
        let is_thread = |value: &Value| matches!(value, Value::External { path, .. } if matches!(&**path, "threading.Thread" | "multiprocessing.dummy.Process"));
        let Some(callee) = tree.child(dispatch.call.node, Field::Function) else { return false };
        let callees = self.values(Site { file: dispatch.call.file, node: callee });
        let inheritance = dispatch.carries_primitives(self.project);
        let has_other = || {
            self.values(handover).iter().any(|value| {
                matches!(value, Value::Instance(_))
                    && self.obstacle_in(value, inheritance).is_none()
            })
        };
        callees.iter().any(is_thread) && has_other()
    }
}

impl Eval<'_> {
    /// Whether one run of the function that holds both comes to only one of two places.
    pub(in crate::project) fn is_in_other_branch(&self, place: Site, call: Site) -> bool {
        let facts = self.file(call.file);
        let tree = facts.tree();
        if place.file != call.file {
            return false;
        }
        let function = facts.enclosing_function(place.node);
        let loops = || {
            tree.ancestors(place.node).any(|up| {
                matches!(tree.kind(up), Kind::ForStatement | Kind::WhileStatement)
                    && tree.contains(up, call.node)
            })
        };
        function.is_some()
            && function == facts.enclosing_function(call.node)
            && !loops()
            && exclude(tree, place.node, call.node)
    }
}

/// Whether two places are in different branches of one `if` statement.
fn exclude(tree: &Tree, one: NodeId, other: NodeId) -> bool {
    let mut at = one;
    while let Some(up) = tree.parent(at) {
        if tree.contains(up, other) {
            let branch = tree.children(up).find(|child| tree.contains(*child, other));
            return tree.kind(up) == Kind::IfStatement
                && branch.is_some_and(|branch| {
                    branch != at
                        && [branch, at].iter().all(|side| {
                            matches!(tree.field(*side), Field::Consequence | Field::Alternative)
                        })
                });
        }
        at = up;
    }
    false
}
