//! Facts about one definition that is about to move: what holds it, what moves with it, which names it knows.

use super::captures::{self, Variable};
use crate::facts::FileFacts;
use crate::facts::scopes::{BindingKind, ScopeId};
use crate::syntax::{Field, Kind, NodeId};
use crate::text::Edit;
use std::collections::BTreeSet;

/// Whether a function has a `**kwargs` parameter.
pub(super) fn takes_any_keyword(facts: &FileFacts, function: NodeId) -> bool {
    let tree = facts.tree();
    tree.child(function, Field::Parameters).is_some_and(|parameters| tree.children(parameters).any(|node| facts.text(node).starts_with("**")))
}

/// The local variable that a definition is bound to, and the statement that binds it.
pub(super) fn holder(facts: &FileFacts, node: NodeId) -> (Option<Variable>, Option<NodeId>) {
    let tree = facts.tree();
    if tree.kind(node) != Kind::Lambda {
        let name = tree.child(node, Field::Name);
        let variable = name.and_then(|name| facts.scopes.resolve_name(name)).map(|(home, name)| Variable { home, name: name.to_owned() });
        return (variable, Some(facts.with_decorators(node)));
    }
    let mut up = tree.parent(node);
    while let Some(parent) = up.filter(|parent| tree.kind(*parent) == Kind::ParenthesizedExpression) {
        up = tree.parent(parent);
    }
    let Some(assignment) = up.filter(|parent| tree.kind(*parent) == Kind::Assignment && captures::is_plain_assignment(facts, *parent)) else {
        return (None, None);
    };
    let Some(left) = tree.child(assignment, Field::Left) else { return (None, None) };
    let Some((home, name)) = facts.scopes.resolve_name(left) else { return (None, None) };
    let importable = home == facts.scopes.module() && captures::guard_around(facts, assignment).is_none();
    if importable || facts.scopes.bindings(home, name).len() != 1 || facts.scopes.get(home).kind == crate::facts::scopes::ScopeKind::Class {
        return (None, None);
    }
    (Some(Variable { home, name: name.to_owned() }), Some(facts.statement(assignment)))
}

/// The `Class.register(…)` statements of a local class, in the order of the text.
pub(super) fn companions(facts: &FileFacts, node: NodeId, variable: Option<&Variable>) -> Vec<NodeId> {
    let tree = facts.tree();
    let Some(variable) = variable.filter(|_| tree.kind(node) == Kind::ClassDefinition) else { return Vec::new() };
    let reads = facts.scopes.references(variable.home, &variable.name).iter().copied();
    reads
        .filter_map(|read| {
            let attribute = tree.parent(read).filter(|up| tree.kind(*up) == Kind::Attribute)?;
            tree.child(attribute, Field::Attribute).filter(|name| facts.text(*name) == "register")?;
            let call = tree.parent(attribute).filter(|up| tree.kind(*up) == Kind::Call)?;
            tree.parent(call).filter(|up| tree.kind(*up) == Kind::ExpressionStatement)
        })
        .collect()
}

/// Every name that the scopes inside a definition know.
pub(super) fn inner_names(facts: &FileFacts, node: NodeId) -> BTreeSet<String> {
    let tree = facts.tree();
    let mut names = BTreeSet::new();
    let inner: Vec<ScopeId> = tree.subtree(node).filter_map(|inside| facts.scopes.inner(inside)).collect();
    for scope in inner {
        names.extend(facts.scopes.get(scope).symbols.keys().cloned());
    }
    names
}

/// Whether a read inside a definition's node moves with it: all of it does.
pub(super) fn in_moved_part(facts: &FileFacts, member: NodeId, read: NodeId) -> bool {
    facts.tree().contains(facts.with_decorators(member), read)
}

/// Private names written out: `self.__x` means `self._Class__x` only inside the class.
pub(super) fn unmangled(facts: &FileFacts, node: NodeId) -> Vec<Edit> {
    let tree = facts.tree();
    let Some(class) = tree.enclosing(node, &[Kind::ClassDefinition]) else { return Vec::new() };
    let class_name = facts.definition_name(class);
    tree.subtree(node)
        .filter(|inside| tree.kind(*inside) == Kind::Identifier && tree.enclosing(*inside, &[Kind::ClassDefinition]) == Some(class))
        .filter(|inside| facts.text(*inside).starts_with("__"))
        .filter_map(|inside| {
            let plain = facts.text(inside);
            let mangled = crate::facts::scopes::mangle(class_name, plain);
            (mangled != plain).then(|| Edit::replace(tree.span(inside), mangled.to_string()))
        })
        .collect()
}

/// Whether the variable has this one binding only, the definition itself.
pub(super) fn is_only_binding(facts: &FileFacts, variable: &Variable, node: NodeId) -> bool {
    match facts.scopes.bindings(variable.home, &variable.name) {
        [one] => match &one.kind {
            BindingKind::FunctionDef(definition) | BindingKind::ClassDef(definition) => *definition == node,
            BindingKind::Assignment { value: Some(value), .. } => facts.tree().unparenthesized(*value) == node,
            _ => false,
        },
        _ => false,
    }
}
