//! What is evaluated when a definition is made, at module level instead of in a function: annotations, where local names for
//! types are written out and later names quoted, and bodies of classes.

use crate::facts::FileFacts;
use crate::facts::scopes::{BindingKind, ScopeId, ScopeKind};
use crate::rewrite::lifting::body;
use crate::rewrite::lifting::captures::{self, Variable};
use crate::syntax::{Field, Kind, NodeId};
use crate::text::Edit;

/// Longer chains of names for types are given up.
const MAX_STEPS: u32 = 4;

/// The type that the variable of an enclosing function stands for, written with names that the module has as well; `None` if
/// it is bound several times, or to anything that is not plainly a type.
pub(in crate::rewrite) fn written_out(
    facts: &FileFacts,
    home: ScopeId,
    name: &str,
) -> Option<String> {
    write(facts, home, name, MAX_STEPS)
}

fn write(facts: &FileFacts, home: ScopeId, name: &str, steps: u32) -> Option<String> {
    let tree = facts.tree();
    let [binding] = facts.scopes.bindings(home, name) else { return None };
    let BindingKind::Assignment { value: Some(value), path, .. } = &binding.kind else {
        return None;
    };
    if steps == 0 || !path.is_empty() || !captures::is_plain_assignment(facts, binding.statement) {
        return None;
    }
    let value = tree.unparenthesized(*value);
    let mut edits = Vec::new();
    collect(facts, value, steps, &mut edits)?;
    let text = body::apply_inside(facts, tree.span(value), edits)?;
    (!text.contains('#')).then(|| body::on_one_line(&text))
}

/// Looks through a type expression and replaces the local names in it; `None` if anything else is found.
fn collect(facts: &FileFacts, node: NodeId, steps: u32, edits: &mut Vec<Edit>) -> Option<()> {
    let tree = facts.tree();
    match tree.kind(node) {
        Kind::Identifier => {
            let (home, name) = facts.scopes.resolve_name(node)?;
            if home == facts.scopes.module() {
                return Some(());
            }
            edits.push(Edit::replace(tree.span(node), write(facts, home, name, steps - 1)?));
            Some(())
        }
        // A module of types: `typing.List`. A name of the function has no attributes that are types.
        Kind::Attribute => {
            let object = tree.child(node, Field::Object)?;
            let is_global = facts
                .scopes
                .resolve_name(object)
                .is_some_and(|(home, _)| home == facts.scopes.module());
            (tree.kind(object) == Kind::Attribute && collect(facts, object, steps, edits).is_some()
                || tree.kind(object) == Kind::Identifier && is_global)
                .then_some(())
        }
        Kind::BinaryOperator if !facts.text(node).contains(|c| "+-*/%@&^<>".contains(c)) => {
            tree.children(node).try_for_each(|part| collect(facts, part, steps, edits))
        }
        Kind::Subscript
        | Kind::Tuple
        | Kind::List
        | Kind::ExpressionList
        | Kind::ParenthesizedExpression => {
            tree.children(node).try_for_each(|part| collect(facts, part, steps, edits))
        }
        Kind::None | Kind::Integer | Kind::True | Kind::False | Kind::Ellipsis => Some(()),
        Kind::String => {
            (!tree.subtree(node).any(|part| tree.kind(part) == Kind::Interpolation)).then_some(())
        }
        _ => None,
    }
}

/// Where an annotation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Annotates {
    /// A parameter or a result.
    Header,
    /// A variable in a function's body: such annotations are never evaluated.
    Variable,
}

/// The annotation that a name stands in, of what `callable` holds.
fn annotation_around(facts: &FileFacts, callable: NodeId, name: NodeId) -> Option<Annotates> {
    let tree = facts.tree();
    let mut at = name;
    while at != callable {
        let up = tree.parent(at)?;
        if matches!(tree.field(at), Field::Type | Field::ReturnType) {
            return match tree.kind(up) {
                Kind::Assignment => facts
                    .scopes
                    .get(facts.scopes.scope_of(up))
                    .kind
                    .is_function_like()
                    .then_some(Annotates::Variable),
                _ => Some(Annotates::Header),
            };
        }
        at = up;
    }
    None
}

/// Whether the only thing that a callable does with a variable of the functions around it is to annotate variables of its own,
/// and what the variable stands for can be written out.
pub(in crate::rewrite) fn only_annotates(
    facts: &FileFacts,
    callable: NodeId,
    home: ScopeId,
    name: &str,
    reads: &[NodeId],
) -> bool {
    let annotates = |read: &NodeId| annotation_around(facts, callable, *read).is_some();
    !reads.is_empty() && reads.iter().all(annotates) && written_out(facts, home, name).is_some()
}

/// The edits for the annotations of a definition that goes to module level in front of `limit`: names for types that the
/// functions around it hold are written out, and what the module binds only later is quoted. `None` if that cannot be done.
pub(in crate::rewrite) fn edits(
    facts: &FileFacts,
    callable: NodeId,
    limit: u32,
) -> Option<Vec<Edit>> {
    let tree = facts.tree();
    let names = tree.subtree(callable).filter(|node| {
        tree.kind(*node) == Kind::Identifier && annotation_around(facts, callable, *node).is_some()
    });
    let written = |node: NodeId| {
        let (home, name) = facts.scopes.resolve_name(node)?;
        let is_outside =
            home != facts.scopes.module() && !tree.contains(callable, facts.scopes.get(home).node);
        let text = is_outside.then(|| written_out(facts, home, name)).flatten()?;
        Some(Edit::replace(tree.span(node), text))
    };
    let mut edits: Vec<Edit> = names.filter_map(written).collect();
    if is_postponed(facts) {
        return Some(edits);
    }
    for annotation in
        evaluated(facts, callable).into_iter().filter(|node| reads_later_name(facts, *node, limit))
    {
        let span = tree.span(annotation);
        let (inside, outside): (Vec<Edit>, Vec<Edit>) =
            edits.into_iter().partition(|edit| span.contains(edit.span));
        let text = body::apply_inside(facts, span, inside)?;
        let quote = ['"', '\'']
            .into_iter()
            .find(|quote| !text.contains(*quote))
            .filter(|_| !text.contains(['\n', '\\']))?;
        edits = outside;
        edits.push(Edit::replace(span, format!("{quote}{text}{quote}")));
    }
    Some(edits)
}

/// Whether the file asks for annotations that are never evaluated.
fn is_postponed(facts: &FileFacts) -> bool {
    facts
        .scopes
        .bindings(facts.scopes.module(), "annotations")
        .iter()
        .any(|binding| matches!(&binding.kind, BindingKind::Import { module, attribute: Some(name) } if module == "__future__" && name == "annotations"))
}

/// The annotations that are evaluated when a definition is made: of its parameters and its result, in a class those of its
/// methods and attributes.
fn evaluated(facts: &FileFacts, definition: NodeId) -> Vec<NodeId> {
    let tree = facts.tree();
    let annotations = tree
        .subtree(definition)
        .filter(|node| matches!(tree.field(*node), Field::Type | Field::ReturnType));
    annotations.filter(|node| runs_with(facts, definition, *node)).collect()
}

/// The globals that are read when a class is made, annotations aside: in its body, and in the headers of its methods.
pub(in crate::rewrite) fn read_by_class_body(facts: &FileFacts, class: NodeId) -> Vec<NodeId> {
    let tree = facts.tree();
    let body = tree.child(class, Field::Body);
    let names = body
        .into_iter()
        .flat_map(|body| tree.subtree(body))
        .filter(|node| tree.kind(*node) == Kind::Identifier && facts.scopes.is_read(*node));
    let is_global = |name: &NodeId| {
        facts.scopes.resolve_name(*name).is_some_and(|(home, _)| home == facts.scopes.module())
    };
    names
        .filter(is_global)
        .filter(|name| {
            runs_with(facts, class, *name) && annotation_around(facts, class, *name).is_none()
        })
        .collect()
}

/// Whether a node inside a definition is evaluated when the definition is made. The header of a function belongs to what holds
/// the function.
fn runs_with(facts: &FileFacts, definition: NodeId, node: NodeId) -> bool {
    let tree = facts.tree();
    let is_class = tree.kind(definition) == Kind::ClassDefinition;
    let Some(function) =
        facts.enclosing_function(node).filter(|function| tree.contains(definition, *function))
    else {
        return is_class;
    };
    let in_header =
        !tree.child(function, Field::Body).is_some_and(|body| tree.contains(body, node));
    let holder =
        facts.enclosing_function(function).filter(|outer| tree.contains(definition, *outer));
    in_header && (function == definition || is_class && holder.is_none())
}

/// Whether an annotation reads a global that is not bound yet where the definition goes.
fn reads_later_name(facts: &FileFacts, annotation: NodeId, limit: u32) -> bool {
    let tree = facts.tree();
    let is_late = |name: NodeId| {
        let module = facts.scopes.module();
        let Some((home, text)) =
            facts.scopes.resolve_name(name).filter(|(home, _)| *home == module)
        else {
            return false;
        };
        let bindings = facts.scopes.bindings(home, text);
        let is_early =
            |node: NodeId| tree.end(node) <= limit && captures::guard_around(facts, node).is_none();
        !bindings.is_empty()
            && !bindings.iter().any(|binding| binding.scope == module && is_early(binding.node))
    };
    tree.subtree(annotation).filter(|node| tree.kind(*node) == Kind::Identifier).any(is_late)
}

/// The variables that the bases of a class and the decorators of a definition name and that the module has not when it is
/// imported, with the place: those of functions around it, and what only the guard defines.
pub(in crate::rewrite) fn named_by_header(
    facts: &FileFacts,
    definition: NodeId,
) -> Vec<(Variable, NodeId)> {
    let tree = facts.tree();
    let mut parts = facts.decorators(definition);
    parts.extend(
        tree.child(definition, Field::Superclasses)
            .filter(|_| tree.kind(definition) == Kind::ClassDefinition),
    );
    let names = parts
        .into_iter()
        .flat_map(|part| tree.subtree(part))
        .filter(|node| tree.kind(*node) == Kind::Identifier);
    let outside = |node: NodeId| {
        let (home, name) = facts.scopes.resolve_name(node)?;
        let bindings = facts.scopes.bindings(home, name);
        let guarded = home == facts.scopes.module()
            && !bindings.is_empty()
            && bindings.iter().all(|each| captures::guard_around(facts, each.node).is_some());
        let local = facts.scopes.get(home).kind == ScopeKind::Function
            && tree.contains(facts.scopes.get(home).node, definition);
        (guarded || local).then(|| (Variable::new(home, name), node))
    };
    names.filter_map(outside).collect()
}
