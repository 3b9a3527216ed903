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
    let left = tree
        .child(up, Field::Left)
        .filter(|left| tree.kind(up) == Kind::Assignment && tree.kind(*left) == Kind::Identifier)?;
    if tree.unparenthesized(tree.child(up, Field::Right)?) != value {
        return None;
    }
    let (home, _) = facts.scopes.resolve_name(left)?;
    match facts.scopes.get(home).kind {
        ScopeKind::Class => (!is_field(facts, up)).then_some(up),
        ScopeKind::Module => decorated.is_none().then_some(up),
        _ => None,
    }
}

/// Whether an assignment in a class body is the field of a dataclass: its value is a default, and no method.
fn is_field(facts: &FileFacts, assignment: NodeId) -> bool {
    let tree = facts.tree();
    let annotation = tree
        .child(assignment, Field::Type)
        .filter(|annotation| !facts.text(*annotation).contains("ClassVar"));
    let class =
        tree.enclosing(assignment, &[Kind::ClassDefinition]).filter(|_| annotation.is_some());
    class.is_some_and(|class| {
        let decorated =
            facts.has_decorator(class, &["dataclass", "define", "frozen", "mutable", "attrs", "s"]);
        let bases =
            tree.child(class, Field::Superclasses).into_iter().flat_map(|list| tree.children(list));
        decorated || bases.into_iter().any(|base| facts.text(base).ends_with("NamedTuple"))
    })
}

/// The call `staticmethod(lambda …)` or `classmethod(lambda …)` around a lambda, and the decorator's name.
pub fn decorating_call(facts: &FileFacts, lambda: NodeId) -> Option<(NodeId, &str)> {
    let tree = facts.tree();
    let list = tree
        .parent(lambda)
        .filter(|up| tree.kind(*up) == Kind::ArgumentList && tree.children(*up).count() == 1)?;
    let call = tree.parent(list)?;
    let name = facts.text(tree.child(call, Field::Function)?);
    matches!(name, "staticmethod" | "classmethod").then_some((call, name))
}
