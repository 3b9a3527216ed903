//! Which bindings of a variable may be in force where it is read.

use crate::facts::FileFacts;
use crate::facts::scopes::{Binding, BindingKind, ScopeId, ScopeKind};
use crate::syntax::{Kind, NodeId, Tree};

/// More bindings of one name than this are not looked at.
const MAX_BINDINGS: usize = 200;

/// The bindings of `name` in `scope` that may be in force at `reader`.
///
/// In the scope of the variable itself the last binding that lies in a suite around the reader hides
/// those before it; a loop around both brings back those after it. A comprehension runs where it stands. Readers in
/// other nested scopes run at any time: they see all bindings, except in a `with` statement that binds the name.
pub fn bindings<'f>(
    facts: &'f FileFacts,
    scope: ScopeId,
    name: &str,
    reader: NodeId,
) -> Vec<&'f Binding> {
    let all = facts.scopes.bindings(scope, name);
    // Generated tables bind one name thousands of times; the first ones tell as much as all.
    let all = &all[..all.len().min(MAX_BINDINGS)];
    // A comprehension binds its variables behind the expression that reads them.
    let is_comprehension = facts.scopes.get(scope).kind == ScopeKind::Comprehension;
    let reader = run_in_place(facts, scope, reader);
    if let Some(binding) =
        entered_around(facts, all, reader).filter(|_| facts.scopes.scope_of(reader) != scope)
    {
        return vec![binding];
    }
    if is_comprehension
        || facts.scopes.scope_of(reader) != scope
        || all.iter().any(|binding| binding.scope != scope)
    {
        return all.iter().filter(|binding| !matches!(binding.kind, BindingKind::Delete)).collect();
    }
    let tree = facts.tree();
    let hiding = all
        .iter()
        .rposition(|binding| precedes(tree, binding, reader) && dominates(tree, binding, reader));
    let first = hiding.unwrap_or(0);
    let loops: Vec<NodeId> = tree
        .ancestors(reader)
        .filter(|up| matches!(tree.kind(*up), Kind::ForStatement | Kind::WhileStatement))
        .collect();
    all.iter()
        .enumerate()
        .filter(|(index, binding)| {
            let before = precedes(tree, binding, reader);
            let around = loops.iter().any(|each| tree.contains(*each, binding.node));
            let hidden_in_loop = hiding.is_some_and(|hiding| {
                loops.iter().any(|each| tree.contains(*each, all[hiding].node))
            });
            (before && *index >= first) || (around && !hidden_in_loop)
        })
        .map(|(_, binding)| binding)
        .filter(|binding| !matches!(binding.kind, BindingKind::Delete))
        .collect()
}

/// The comprehension directly in `scope` that holds the reader, which runs where it stands; else the reader.
fn run_in_place(facts: &FileFacts, scope: ScopeId, reader: NodeId) -> NodeId {
    let tree = facts.tree();
    let mut place = reader;
    loop {
        let around = facts.scopes.scope_of(place);
        if around == scope {
            return place;
        }
        let inner = facts.scopes.get(around);
        let is_kept = tree.kind(inner.node) == Kind::GeneratorExpression
            && tree.parent(inner.node).is_none_or(|up| {
                !matches!(tree.kind(up), Kind::ArgumentList | Kind::Call | Kind::ForStatement)
            });
        if inner.kind != ScopeKind::Comprehension || is_kept || inner.node == place {
            return reader;
        }
        place = inner.node;
    }
}

/// The binding of the innermost `with` statement around the reader, if nothing else in that statement binds the name:
/// what its body defines is used while it is open.
fn entered_around<'f>(
    facts: &FileFacts,
    all: &'f [Binding],
    reader: NodeId,
) -> Option<&'f Binding> {
    let tree = facts.tree();
    let withs = all.iter().filter(|binding| {
        matches!(binding.kind, BindingKind::With { .. }) && tree.contains(binding.statement, reader)
    });
    let innermost = withs.max_by_key(|binding| binding.statement)?;
    let alone =
        all.iter().filter(|binding| tree.contains(innermost.statement, binding.node)).count() == 1;
    alone.then_some(innermost)
}

/// Whether a binding runs before the reader: the condition of `use(name) if (name := …) else …` does, behind it in the text.
fn precedes(tree: &Tree, binding: &Binding, reader: NodeId) -> bool {
    let in_condition_around = || {
        let conditionals =
            tree.ancestors(binding.node).filter(|up| tree.kind(*up) == Kind::ConditionalExpression);
        conditionals.into_iter().any(|conditional| {
            let mut parts = tree.children(conditional);
            let (chosen, condition) = (parts.next(), parts.next());
            condition.is_some_and(|part| tree.contains(part, binding.node))
                && chosen.is_some_and(|part| tree.contains(part, reader))
        })
    };
    takes_effect(tree, binding) <= tree.start(reader)
        || matches!(binding.kind, BindingKind::Walrus { .. }) && in_condition_around()
}

/// The offset from which on a binding is in force: an assignment evaluates its right side first.
fn takes_effect(tree: &Tree, binding: &Binding) -> u32 {
    match &binding.kind {
        BindingKind::Assignment { value: Some(value), .. } => tree.end(*value),
        BindingKind::AugmentedAssignment { .. } => tree.end(binding.statement),
        _ => tree.end(binding.node),
    }
}

fn dominates(tree: &Tree, binding: &Binding, reader: NodeId) -> bool {
    if matches!(binding.kind, BindingKind::Parameter { .. }) {
        return true;
    }
    if matches!(tree.kind(binding.statement), Kind::WithStatement | Kind::ForStatement)
        && tree.contains(binding.statement, reader)
    {
        return true;
    }
    // `x += more` adds to what was there before.
    if matches!(binding.kind, BindingKind::AugmentedAssignment { .. }) {
        return false;
    }
    if matches!(
        binding.kind,
        BindingKind::For { .. }
            | BindingKind::MatchCapture
            | BindingKind::Except { .. }
            | BindingKind::Walrus { .. }
    ) {
        return false;
    }
    tree.ancestors(binding.node)
        .find(|up| matches!(tree.kind(*up), Kind::Block | Kind::Module))
        .is_some_and(|suite| tree.contains(suite, reader))
}

/// The modules of `from … import *` at module level.
pub fn star_imports(facts: &FileFacts) -> Vec<String> {
    facts
        .scopes
        .bindings(facts.scopes.module(), "*")
        .iter()
        .filter_map(|binding| match &binding.kind {
            BindingKind::StarImport { module } => Some(module.clone()),
            _ => None,
        })
        .collect()
}
