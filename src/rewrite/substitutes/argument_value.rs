//! Argument values that have a picklable equal: `defaultdict(lambda: 0)`, generator expressions, `os.environ`.

use crate::facts::FileFacts;
use crate::facts::scopes::BindingKind;
use crate::findings::{Applicability, Fix};
use crate::project::{Callable, Carried, Eval, Site, Value};
use crate::rewrite::lifting::judge;
use crate::syntax::{Field, Kind, NodeId};
use crate::text::{Edit, Span};

/// `defaultdict(int)` for `defaultdict(lambda: 0)`, where a builtin type makes exactly the value of the lambda.
pub fn default_factory(eval: &Eval, lambda: Site) -> Option<Fix> {
    let facts = eval.file(lambda.file);
    let tree = facts.tree();
    let list = tree.parent(lambda.node).filter(|up| tree.kind(*up) == Kind::ArgumentList)?;
    let call = tree.parent(list)?;
    let callee = tree.child(call, Field::Function)?;
    let is_default_dict = eval
        .values(Site { file: lambda.file, node: callee })
        .iter()
        .any(|value| matches!(value, Value::External { path, .. } if &**path == "collections.defaultdict"));
    if !is_default_dict
        || tree.children(list).next() != Some(lambda.node)
        || tree.child(lambda.node, Field::Parameters).is_some()
    {
        return None;
    }
    let body = tree.unparenthesized(tree.child(lambda.node, Field::Body)?);
    let name = equal_type(facts, body)?;
    if !is_builtin(facts, lambda.node, name) {
        return None;
    }
    Some(fix(
        facts,
        format!("use '{name}' as the default factory"),
        Applicability::Safe,
        vec![Edit::replace(tree.span(lambda.node), name)],
    ))
}

/// The builtin type that, called without arguments, gives what the expression gives.
fn equal_type(facts: &FileFacts, body: NodeId) -> Option<&str> {
    let tree = facts.tree();
    let empty = tree.children(body).next().is_none();
    match (tree.kind(body), facts.text(body)) {
        (Kind::Integer, "0") => Some("int"),
        (Kind::Float, "0.0" | "0.") => Some("float"),
        (Kind::False, _) => Some("bool"),
        (Kind::String, "\"\"" | "''") => Some("str"),
        (Kind::List, _) if empty => Some("list"),
        (Kind::Dictionary, _) if empty => Some("dict"),
        (Kind::Tuple, _) if empty => Some("tuple"),
        (Kind::Call, _) => {
            let callee = tree.child(body, Field::Function)?;
            let plain = tree.child(body, Field::Arguments).is_some_and(|list| {
                tree.kind(list) == Kind::ArgumentList && tree.children(list).next().is_none()
            });
            let name = facts.text(callee);
            (plain
                && matches!(
                    name,
                    "int"
                        | "float"
                        | "bool"
                        | "str"
                        | "list"
                        | "dict"
                        | "tuple"
                        | "set"
                        | "frozenset"
                        | "bytes"
                        | "bytearray"
                ))
            .then_some(name)
        }
        _ => None,
    }
}

fn is_builtin(facts: &FileFacts, node: NodeId, name: &str) -> bool {
    let module = facts.scopes.module();
    judge::resolution(facts, node, name) == crate::facts::scopes::Resolution::Global
        && facts.scopes.bindings(module, name).is_empty()
        && facts.scopes.bindings(module, "*").is_empty()
}

/// A list comprehension for a generator expression, where the worker goes through its items once and does nothing else with it.
pub fn list_of(eval: &Eval, generator: Site, carried: &Carried) -> Option<Fix> {
    let facts = eval.file(generator.file);
    let tree = facts.tree();
    let handover = carried.content.handover;
    let is_here = handover.file == generator.file && tree.contains(handover.node, generator.node);
    if carried.content.through.is_empty() && !is_here {
        return list_of_named(eval, generator, carried);
    }
    if !carried.content.through.is_empty()
        || !is_here
        || !is_iterated_by_worker(eval, generator, carried)
        || eval.is_endless(generator)
    {
        return None;
    }
    let calls = tree.subtree(generator.node).any(|node| {
        matches!(
            tree.kind(node),
            Kind::Call | Kind::Await | Kind::NamedExpression | Kind::AsyncKeyword
        )
    });
    // Calls would now be made by the parent.
    let applicability = if calls { Applicability::Unsafe } else { Applicability::Safe };
    let span = tree.span(generator.node);
    let edits = if tree.field(generator.node) == Field::Arguments {
        vec![Edit::insert(span.start + 1, "["), Edit::insert(span.end - 1, "]")]
    } else {
        vec![
            Edit::replace(Span::new(span.start, span.start + 1), "["),
            Edit::replace(Span::new(span.end - 1, span.end), "]"),
        ]
    };
    Some(fix(facts, "send a list".into(), applicability, edits))
}

/// `list(values)` for a variable that holds a generator and is read nowhere else.
fn list_of_named(eval: &Eval, generator: Site, carried: &Carried) -> Option<Fix> {
    let handover = carried.content.handover;
    let facts = eval.file(handover.file);
    let (home, name) = facts
        .scopes
        .resolve_name(handover.node)
        .filter(|_| facts.tree().kind(handover.node) == Kind::Identifier)?;
    let [binding] = facts.scopes.bindings(home, name) else { return None };
    let holds_it = matches!(binding.kind, BindingKind::Assignment { value: Some(value), .. } if handover.file == generator.file && value == generator.node);
    let in_turn = facts.enclosing_function(binding.node) == facts.enclosing_function(handover.node);
    let once = facts.scopes.references(home, name) == [handover.node]
        && !is_repeated(facts, binding.node, handover.node);
    if !holds_it
        || !in_turn
        || !once
        || eval.is_endless(generator)
        || !is_iterated_by_worker(eval, handover, carried)
        || !is_builtin(facts, handover.node, "list")
    {
        return None;
    }
    Some(fix(
        facts,
        "send a list".into(),
        Applicability::Unsafe,
        vec![Edit::replace(facts.tree().span(handover.node), format!("list({name})"))],
    ))
}

/// Whether a loop runs `read` again and not `binding`: the generator would be empty.
fn is_repeated(facts: &FileFacts, binding: NodeId, read: NodeId) -> bool {
    let tree = facts.tree();
    let loops = [
        Kind::ForStatement,
        Kind::WhileStatement,
        Kind::ListComprehension,
        Kind::GeneratorExpression,
        Kind::SetComprehension,
        Kind::DictionaryComprehension,
    ];
    tree.ancestors(read).any(|up| loops.contains(&tree.kind(up)) && !tree.contains(up, binding))
}

/// `list(d.values())` for a view of a dictionary, where the worker goes through its items once and does nothing else with it.
pub fn list_of_view(eval: &Eval, view: Site, carried: &Carried) -> Option<Fix> {
    let facts = eval.file(view.file);
    let handover = carried.content.handover;
    let is_here = handover.file == view.file
        && facts.tree().contains(handover.node, view.node)
        && facts.tree().kind(view.node) == Kind::Call;
    if !carried.content.through.is_empty()
        || !is_here
        || !is_iterated_by_worker(eval, view, carried)
    {
        return None;
    }
    let span = facts.tree().span(view.node);
    Some(fix(
        facts,
        "send a list".into(),
        Applicability::Safe,
        vec![Edit::replace(span, format!("list({})", facts.slice(span)))],
    ))
}

/// Whether the one worker function of a dispatch only iterates the parameter that gets `argument`.
fn is_iterated_by_worker(eval: &Eval, argument: Site, carried: &Carried) -> bool {
    if is_copied_by_manager(eval, argument, carried) {
        return true;
    }
    let slots = eval.slots(&carried.dispatch);
    let Some(slot) = slots.first() else { return false };
    let origins = eval.slot_origins(slot);
    let [origin] = origins.as_slice() else { return false };
    let (Callable::Function(worker), Some(position)) =
        (&origin.callable, position(eval, argument, carried))
    else {
        return false;
    };
    let facts = eval.file(worker.file);
    let tree = facts.tree();
    let Some(parameters) = tree.child(worker.node, Field::Parameters) else { return false };
    let Some(parameter) = tree.children(parameters).nth(position) else { return false };
    let Some(name) = tree.subtree(parameter).find(|node| tree.kind(*node) == Kind::Identifier)
    else {
        return false;
    };
    if matches!(tree.kind(parameter), Kind::ListSplatPattern | Kind::DictionarySplatPattern) {
        return false;
    }
    let Some((home, name)) = facts.scopes.resolve_name(name) else { return false };
    let [read] = facts.scopes.references(home, name) else { return false };
    facts.scopes.bindings(home, name).len() == 1 && is_one_pass(facts, *read)
}

/// Whether a manager takes the items out of `argument` and keeps only those: `manager.list(xs)`, `shared.extend(xs)`.
fn is_copied_by_manager(eval: &Eval, argument: Site, carried: &Carried) -> bool {
    let call = carried.dispatch.call;
    let facts = eval.file(call.file);
    let tree = facts.tree();
    let name = tree
        .child(call.node, Field::Function)
        .and_then(|callee| tree.child(callee, Field::Attribute))
        .map_or("", |name| facts.text(name));
    let through_proxy = carried.dispatch.api(eval.project).id == "mp.BaseProxy";
    through_proxy
        && matches!(name, "list" | "extend" | "dict" | "update")
        && eval.positional_arguments(call) == [argument]
}

/// The position of an argument among those that the worker gets.
fn position(eval: &Eval, argument: Site, carried: &Carried) -> Option<usize> {
    let ways = &carried.dispatch.api(eval.project).arguments;
    let call = carried.dispatch.call;
    let same = |site: &Site| *site == argument;
    if let Some(from) = ways.varargs {
        return eval
            .positional_arguments(call)
            .iter()
            .skip(usize::try_from(from + carried.dispatch.shift).ok()?)
            .position(same);
    }
    let tuple = ways.tuple.as_ref()?;
    let given = eval.argument(
        call,
        &tuple.name,
        if tuple.pos < 0 { -1 } else { tuple.pos + carried.dispatch.shift },
    )?;
    eval.items_of(given)?.iter().position(same)
}

/// `for x in read`, `sum(read)` and the like.
fn is_one_pass(facts: &FileFacts, read: NodeId) -> bool {
    let tree = facts.tree();
    let Some(parent) = tree.parent(read) else { return false };
    match tree.kind(parent) {
        Kind::ForStatement | Kind::ForInClause => tree.field(read) == Field::Right,
        Kind::ArgumentList => {
            let callee = tree.parent(parent).and_then(|call| tree.child(call, Field::Function));
            let one = tree.children(parent).next() == Some(read);
            one && callee.is_some_and(|callee| {
                let name = facts.text(callee);
                matches!(
                    name,
                    "sum"
                        | "list"
                        | "tuple"
                        | "set"
                        | "frozenset"
                        | "sorted"
                        | "min"
                        | "max"
                        | "any"
                        | "all"
                        | "dict"
                        | "enumerate"
                ) && is_builtin(facts, callee, name)
            })
        }
        _ => false,
    }
}

/// `dict(os.environ)` for `os.environ`.
pub fn copied_environment(eval: &Eval, environment: Site) -> Fix {
    let facts = eval.file(environment.file);
    let span = facts.tree().span(environment.node);
    let text = format!("dict({})", facts.slice(span));
    fix(
        facts,
        "send a copy of the environment".into(),
        Applicability::Unsafe,
        vec![Edit::replace(span, text)],
    )
}

fn fix(facts: &FileFacts, title: String, applicability: Applicability, edits: Vec<Edit>) -> Fix {
    Fix { title, applicability, edits: facts.file_edits(edits), new_names: Vec::new() }
}
