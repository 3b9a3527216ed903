//! The names that a definition takes from the scopes around it.

use crate::facts::FileFacts;
use crate::facts::scopes::{ScopeId, Symbol, SymbolFlags};
use crate::syntax::{Field, Kind, NodeId};

/// The free names of a definition that opens the scope `own`. Methods look past what the body of their class binds, so those
/// of a class are asked themselves.
pub(in crate::rewrite) fn of(
    facts: &FileFacts,
    definition: NodeId,
    own: ScopeId,
) -> Vec<(&String, Symbol)> {
    let tree = facts.tree();
    let of_class = tree.kind(definition) == Kind::ClassDefinition;
    let inner = tree
        .subtree(definition)
        .filter_map(|node| facts.scopes.inner(node))
        .filter(|scope| of_class && *scope != own);
    let mut found: Vec<(&String, Symbol)> = Vec::new();
    for scope in std::iter::once(own).chain(inner) {
        for (name, symbol) in &facts.scopes.get(scope).symbols {
            let outside =
                scope == own || !tree.contains(definition, facts.scopes.get(symbol.home).node);
            let known =
                found.iter().any(|(have, other)| *have == name && other.home == symbol.home);
            if symbol.flags.contains(SymbolFlags::FREE) && outside && !known {
                found.push((name, *symbol));
            }
        }
    }
    found
}

/// Whether a body reads `__class__`, by its name or by `super()` without arguments.
pub(in crate::rewrite) fn reads_its_class(facts: &FileFacts, callable: NodeId) -> bool {
    let tree = facts.tree();
    tree.subtree(callable).filter(|node| tree.kind(*node) == Kind::Identifier).any(|name| {
        match facts.text(name) {
            "__class__" => true,
            "super" => {
                let call = tree.parent(name).filter(|up| {
                    tree.kind(*up) == Kind::Call && tree.field(name) == Field::Function
                });
                call.and_then(|call| tree.child(call, Field::Arguments))
                    .is_none_or(|list| tree.children(list).next().is_none())
            }
            _ => false,
        }
    })
}
