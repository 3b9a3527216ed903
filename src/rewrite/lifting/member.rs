//! Facts about one definition that is about to move: what holds it, what moves with it, which names it knows.

use crate::facts::FileFacts;
use crate::facts::scopes::{BindingKind, ScopeId, SymbolFlags};
use crate::project::{Eval, Site};
use crate::rewrite::lifting::binding;
use crate::rewrite::lifting::captures::{self, Variable};
use crate::syntax::{Field, Kind, NodeId, Tree};
use crate::text::Edit;
use std::collections::BTreeSet;

/// Whether a function has a `**kwargs` parameter.
pub(in crate::rewrite) fn takes_any_keyword(facts: &FileFacts, function: NodeId) -> bool {
    let tree = facts.tree();
    tree.child(function, Field::Parameters).is_some_and(|parameters| {
        tree.children(parameters).any(|node| facts.text(node).starts_with("**"))
    })
}

/// Whether a definition is a class: a `class` statement, or a call that makes one.
pub(in crate::rewrite) fn is_class(facts: &FileFacts, node: NodeId) -> bool {
    matches!(facts.tree().kind(node), Kind::ClassDefinition | Kind::Call)
}

/// The name of a class, also of one that a call makes.
pub fn class_name(facts: &FileFacts, node: NodeId) -> &str {
    let tree = facts.tree();
    let target = tree
        .parent(node)
        .filter(|_| tree.kind(node) == Kind::Call)
        .and_then(|up| tree.child(up, Field::Left));
    target.map_or_else(|| facts.definition_name(node), |left| facts.text(left))
}

/// Whether objects of a class, or the class, show its name in what they print, so that it has to stay.
pub(in crate::rewrite) fn shows_its_name(eval: &Eval, class: Site) -> bool {
    let facts = eval.file(class.file);
    let tree = facts.tree();
    let shown = |path: &str| {
        let last = crate::catalogue::last_part(path);
        path.starts_with("enum.")
            || last == "NamedTuple"
            || last.ends_with("Error")
            || last.ends_with("Exception")
    };
    tree.kind(class.node) == Kind::Call
        || eval.has_decorator(class, &["dataclass", "define", "frozen", "attrs", "mutable"])
        || eval.external_bases(class).iter().any(|(path, _)| shown(path))
        || tree.subtree(Tree::ROOT).any(|node| {
            tree.kind(node) == Kind::Identifier
                && matches!(facts.text(node), "__name__" | "__qualname__")
                && tree.field(node) == Field::Attribute
        })
}

/// Whether a name of a function can be one of the module as well: nothing has it there or looks for it.
pub(in crate::rewrite) fn is_free_at_module_level(facts: &FileFacts, name: &str) -> bool {
    let module = facts.scopes.module();
    facts.scopes.bindings(module, name).is_empty()
        && facts.scopes.references(module, name).is_empty()
}

/// The local variable that a definition is bound to, and the statement that binds it.
pub(in crate::rewrite) fn holder(
    facts: &FileFacts,
    node: NodeId,
) -> (Option<Variable>, Option<NodeId>) {
    let tree = facts.tree();
    if !matches!(tree.kind(node), Kind::Lambda | Kind::Call) {
        let name = tree.child(node, Field::Name);
        let variable = name
            .and_then(|name| facts.scopes.resolve_name(name))
            .map(|(home, name)| Variable::new(home, name));
        return (variable, Some(facts.with_decorators(node)));
    }
    let mut up = tree.parent(node);
    while let Some(parent) = up.filter(|parent| tree.kind(*parent) == Kind::ParenthesizedExpression)
    {
        up = tree.parent(parent);
    }
    let Some(assignment) = up.filter(|parent| {
        tree.kind(*parent) == Kind::Assignment && captures::is_plain_assignment(facts, *parent)
    }) else {
        return (None, None);
    };
    let Some(left) = tree.child(assignment, Field::Left) else { return (None, None) };
    let Some((home, name)) = facts.scopes.resolve_name(left) else { return (None, None) };
    let importable =
        home == facts.scopes.module() && captures::guard_around(facts, assignment).is_none();
    if importable
        || facts.scopes.bindings(home, name).len() != 1
        || facts.scopes.get(home).kind == crate::facts::scopes::ScopeKind::Class
    {
        return (None, None);
    }
    (Some(Variable::new(home, name)), Some(facts.statement(assignment)))
}

/// The `Class.register(…)` statements of a local class, in the order of the text.
pub(in crate::rewrite) fn companions(
    facts: &FileFacts,
    node: NodeId,
    variable: Option<&Variable>,
) -> Vec<NodeId> {
    let tree = facts.tree();
    let Some(variable) = variable.filter(|_| tree.kind(node) == Kind::ClassDefinition) else {
        return Vec::new();
    };
    let reads = facts.scopes.references(variable.home, &variable.name).iter().copied();
    reads
        .filter_map(|read| {
            let attribute = tree.parent(read).filter(|up| tree.kind(*up) == Kind::Attribute)?;
            tree.child(attribute, Field::Attribute)
                .filter(|name| facts.text(*name) == "register")?;
            let call = tree.parent(attribute).filter(|up| tree.kind(*up) == Kind::Call)?;
            tree.parent(call).filter(|up| {
                tree.kind(*up) == Kind::ExpressionStatement && is_free_of_values(facts, *up)
            })
        })
        .collect()
}

/// Whether a statement names nothing of the functions around it but what is defined there once, without taking values from
/// them itself. What a manager has registered travels with its server: other statements can stay where they are.
fn is_free_of_values(facts: &FileFacts, statement: NodeId) -> bool {
    let tree = facts.tree();
    tree.subtree(statement).filter(|node| tree.kind(*node) == Kind::Identifier).all(|node| {
        let Some((home, name)) = facts.scopes.resolve_name(node) else { return true };
        if home == facts.scopes.module() || tree.contains(statement, facts.scopes.get(home).node) {
            return true;
        }
        match facts.scopes.bindings(home, name) {
            [one] => match one.kind {
                BindingKind::FunctionDef(definition) | BindingKind::ClassDef(definition) => {
                    let own = facts.scopes.inner(definition).map(|scope| facts.scopes.get(scope));
                    own.is_none_or(|own| {
                        !own.symbols.values().any(|symbol| symbol.flags.contains(SymbolFlags::FREE))
                    })
                }
                _ => false,
            },
            _ => false,
        }
    })
}

/// Every name that the scopes inside a definition know.
pub(in crate::rewrite) fn inner_names(facts: &FileFacts, node: NodeId) -> BTreeSet<String> {
    let tree = facts.tree();
    let mut names = BTreeSet::new();
    let inner: Vec<ScopeId> =
        tree.subtree(node).filter_map(|inside| facts.scopes.inner(inside)).collect();
    for scope in inner {
        names.extend(facts.scopes.get(scope).symbols.keys().cloned());
    }
    names
}

/// The type parameters of functions and classes around a definition that it names, as a list of its own would have them.
pub(in crate::rewrite) fn type_parameters(facts: &FileFacts, node: NodeId) -> Vec<String> {
    let tree = facts.tree();
    let whole = facts.with_decorators(node);
    let mut found: Vec<String> = Vec::new();
    for name in tree.subtree(whole).filter(|inside| tree.kind(*inside) == Kind::Identifier) {
        let Some((home, text)) = facts.scopes.resolve_name(name) else { continue };
        let [binding] = facts.scopes.bindings(home, text) else { continue };
        if !matches!(binding.kind, BindingKind::TypeParameter) || tree.contains(whole, binding.node)
        {
            continue;
        }
        let before = facts.all()[..tree.start(binding.node) as usize]
            .trim_end_matches(|c: char| c != '*' && c != ',' && c != '[');
        let stars = before.len() - before.trim_end_matches('*').len();
        let text = format!("{}{text}", "*".repeat(stars));
        if !found.contains(&text) {
            found.push(text);
        }
    }
    found
}

/// Whether a read inside a definition's node moves with it: all of it does.
pub(in crate::rewrite) fn in_moved_part(facts: &FileFacts, member: NodeId, read: NodeId) -> bool {
    facts.tree().contains(facts.with_decorators(member), read)
}

/// Private names written out: `self.__x` means `self._Class__x` only inside the class.
pub(in crate::rewrite) fn unmangled(facts: &FileFacts, node: NodeId) -> Vec<Edit> {
    let tree = facts.tree();
    let Some(class) = tree.enclosing(node, &[Kind::ClassDefinition]) else { return Vec::new() };
    let class_name = facts.definition_name(class);
    tree.subtree(node)
        .filter(|inside| {
            tree.kind(*inside) == Kind::Identifier
                && tree.enclosing(*inside, &[Kind::ClassDefinition]) == Some(class)
        })
        .filter(|inside| facts.text(*inside).starts_with("__"))
        .filter_map(|inside| {
            let plain = facts.text(inside);
            let mangled = crate::facts::scopes::mangle(class_name, plain);
            (mangled != plain).then(|| Edit::replace(tree.span(inside), mangled.to_string()))
        })
        .collect()
}

/// Whether the variable has this one binding only, the definition itself.
pub(in crate::rewrite) fn is_only_binding(
    facts: &FileFacts,
    variable: &Variable,
    node: NodeId,
) -> bool {
    match facts.scopes.bindings(variable.home, &variable.name) {
        [one] => match &one.kind {
            BindingKind::FunctionDef(definition) | BindingKind::ClassDef(definition) => {
                *definition == node
            }
            BindingKind::Assignment { value: Some(value), .. } => {
                facts.tree().unparenthesized(*value) == node
            }
            _ => false,
        },
        _ => false,
    }
}

/// Whether a function inside a function has a name that starts with one underscore, as a new module-level name does, and
/// that means nothing else at module level.
pub(in crate::rewrite) fn keeps_private_name(
    facts: &FileFacts,
    variable: &Variable,
    node: NodeId,
) -> bool {
    let private = variable.name.starts_with('_')
        && !variable.name.starts_with("__")
        && variable.name.trim_matches('_').len() > 1;
    let statement = facts.with_decorators(node);
    private
        && facts.tree().kind(node) == Kind::FunctionDefinition
        && !binding::place_is_odd(facts, statement)
        && is_only_binding(facts, variable, node)
        && is_free_at_module_level(facts, &variable.name)
}
