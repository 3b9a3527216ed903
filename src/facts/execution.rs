//! What runs when a piece of code runs: not the bodies of the functions that it defines, not what only the main
//! process runs.

use super::{FileFacts, guard};
use crate::syntax::{Field, Kind, NodeId};

/// The nodes that are evaluated when `root` is, in the order of the text. Of generator expressions it is assumed that
/// somebody iterates over them.
pub fn executed(facts: &FileFacts, root: NodeId) -> Vec<NodeId> {
    let tree = facts.tree();
    let end = tree.subtree_end(root);
    let mut at = root;
    let mut out = Vec::new();
    while at < end {
        let skipped = at != root && (is_deferred(facts, at) || guard::opens_guarded(facts, at));
        if skipped {
            at = tree.subtree_end(at);
        } else {
            out.push(at);
            at = NodeId(at.0 + 1);
        }
    }
    out
}

/// The nodes that run when a function or lambda is called, up to a `return` for names other than `__main__`.
pub fn body_of(facts: &FileFacts, function: NodeId) -> Vec<NodeId> {
    let tree = facts.tree();
    let Some(body) = tree.child(function, Field::Body) else { return Vec::new() };
    let mut nodes = executed(facts, body);
    if tree.kind(body) == Kind::Block
        && let Some(exit) =
            tree.children(body).find(|statement| returns_elsewhere(facts, *statement))
    {
        nodes.retain(|node| *node < exit);
    }
    nodes
}

/// `if __name__ != "__main__": return`.
fn returns_elsewhere(facts: &FileFacts, statement: NodeId) -> bool {
    let tree = facts.tree();
    if tree.kind(statement) != Kind::IfStatement {
        return false;
    }
    let is_elsewhere = tree
        .child(statement, Field::Condition)
        .is_some_and(|condition| guard::shape(facts, condition) == guard::Shape::Elsewhere);
    let last =
        tree.child(statement, Field::Consequence).and_then(|body| tree.children(body).last());
    is_elsewhere
        && last.is_some_and(|last| {
            matches!(tree.kind(last), Kind::ReturnStatement | Kind::RaiseStatement)
        })
}

/// Whether `node` is the body of a function or lambda.
fn is_deferred(facts: &FileFacts, node: NodeId) -> bool {
    let tree = facts.tree();
    tree.field(node) == Field::Body
        && tree
            .parent(node)
            .is_some_and(|up| matches!(tree.kind(up), Kind::FunctionDefinition | Kind::Lambda))
}
