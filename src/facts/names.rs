//! Module-level and class-level names of lambdas.

use super::FileFacts;
use crate::facts::scopes::ScopeKind;
use crate::syntax::{Field, Kind, NodeId};

/// The assignment `name = lambda …` at module or class level whose value `lambda` is, if it is one; in a class also
/// `name = staticmethod(lambda …)`.
pub fn holder(facts: &FileFacts, lambda: NodeId) -> Option<NodeId> {
    let tree = facts.tree();
    let decorated = decorating_call(facts, lambda);
    let value = decorated.map_or(lambda, |(call, _)| call);
    let mut up = tree.parent(value)?;
    while tree.kind(up) == Kind::ParenthesizedExpression {
        up = tree.parent(up)?;
    }
    let left = tree.child(up, Field::Left).filter(|left| tree.kind(up) == Kind::Assignment && tree.kind(*left) == Kind::Identifier)?;
    if tree.unparenthesized(tree.child(up, Field::Right)?) != value {
        return None;
    }
    let (home, _) = facts.scopes.resolve_name(left)?;
    match facts.scopes.get(home).kind {
        ScopeKind::Class => Some(up),
        ScopeKind::Module => decorated.is_none().then_some(up),
        _ => None,
    }
}

/// The call `staticmethod(lambda …)` or `classmethod(lambda …)` around a lambda, and the decorator's name.
pub fn decorating_call(facts: &FileFacts, lambda: NodeId) -> Option<(NodeId, &str)> {
    let tree = facts.tree();
    let list = tree.parent(lambda).filter(|up| tree.kind(*up) == Kind::ArgumentList && tree.children(*up).count() == 1)?;
    let call = tree.parent(list)?;
    let name = facts.text(tree.child(call, Field::Function)?);
    matches!(name, "staticmethod" | "classmethod").then_some((call, name))
}
