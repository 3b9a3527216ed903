//! Values that never meet: one is chosen in one branch of an `if`, the other in another.

use crate::project::dataflow::Source;
use crate::project::travel::state::Moment;
use crate::project::{Dispatch, Eval, Site, Value};
use crate::syntax::{Field, Kind, NodeId, Tree};

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
            self.found(handover).iter().any(|found| {
                let is_object =
                    matches!(found.source, Source::Instance { .. } | Source::Made { .. });
                is_object && self.obstacle_of(found, inheritance, 3, &Moment::default()).is_none()
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
