//! Module-level and class-level names of lambdas.

use super::FileFacts;
use crate::facts::scopes::ScopeKind;
use crate::syntax::{Field, Kind, NodeId};

/// The assignment `name = lambda …` at module or class level whose value `lambda` is, if it is one.
pub fn holder(facts: &FileFacts, lambda: NodeId) -> Option<NodeId> {
    let tree = facts.tree();
    let mut up = tree.parent(lambda)?;
    while tree.kind(up) == Kind::ParenthesizedExpression {
        up = tree.parent(up)?;
    }
    let left = tree.child(up, Field::Left).filter(|left| tree.kind(up) == Kind::Assignment && tree.kind(*left) == Kind::Identifier)?;
    if tree.unparenthesized(tree.child(up, Field::Right)?) != lambda {
        return None;
    }
    let (home, _) = facts.scopes.resolve_name(left)?;
    matches!(facts.scopes.get(home).kind, ScopeKind::Module | ScopeKind::Class).then_some(up)
}
