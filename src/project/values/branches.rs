//! Places of which one run of a function comes to only one.

use crate::project::{Eval, Site};
use crate::syntax::{Field, Kind, NodeId, Tree};

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
