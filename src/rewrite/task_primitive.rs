//! A multiprocessing primitive that tasks carry, handed to the workers when they start instead: an initializer keeps it in
//! a global, and a new function takes it from there.

use super::{arguments, fresh_name, place};
use crate::facts::FileFacts;
use crate::findings::{Applicability, FileEdit, Fix};
use crate::project::{Callable, Carried, Eval, Sent, Site};
use crate::syntax::{Field, Kind, NodeId};
use crate::text::{Edit, Span};
use std::sync::Arc;

/// The rewrite of `submit(work, lock, n)` as `submit(_work, n)`, with an executor whose initializer puts the lock where `_work`
/// finds it; `None` where the executor, the arguments or the function do not show it.
pub fn by_initializer(eval: &Eval, carried: &Carried, sent: &Sent) -> Option<Fix> {
    let place = carried.content.place;
    let call = carried.dispatch.call;
    let facts = eval.file(call.file);
    let tree = facts.tree();
    let Callable::Function(worker) = sent.origin.callable else { return None };
    let made = carried.dispatch.made.filter(|made| made.file == call.file)?;
    let plain = tree.kind(place.node) == Kind::Identifier && place.file == call.file && carried.content.through.is_empty() && sent.origin.through.is_empty();
    let leaf = sent.origin.leaf;
    let importable = facts.scopes.resolve_name(leaf.node).is_some_and(|(home, _)| home == facts.scopes.module());
    if !plain || !importable || tree.kind(leaf.node) != Kind::Identifier || eval.has_splat(call) || !is_visible(facts, place.node, made.node) {
        return None;
    }
    let (position, removed) = taken_out(eval, sent, place)?;
    let parameters = plain_parameters(eval, worker)?;
    parameters.get(position)?;
    let starts = eval.dispatches_at(made).into_iter().find(|each| each.api(eval.project).callables.first().is_some_and(|slot| slot.name == "initializer"))?;
    if eval.has_splat(made) || !eval.slots(&starts).is_empty() || !eval.arguments(&starts).is_empty() {
        return None;
    }
    let own = facts.text(place.node);
    let name = facts.text(leaf.node);
    let (global, init, task) =
        (fresh_name::module_name(facts, own), fresh_name::module_name(facts, &format!("init_{own}")), fresh_name::module_name(facts, name));
    let left: Vec<&str> = parameters.iter().enumerate().filter(|(at, _)| *at != position).map(|row| row.1.as_str()).collect();
    let passed: Vec<&str> = parameters.iter().enumerate().map(|(at, name)| if at == position { global.as_str() } else { name.as_str() }).collect();
    let (newline, unit) = (facts.source.newline(), place::indent_unit(facts));
    let text = format!(
        "def {init}({own}):{newline}{unit}global {global}{newline}{unit}{global} = {own}{newline}{newline}{newline}def {task}({}):{newline}{unit}return {name}({})",
        left.join(", "),
        passed.join(", ")
    );
    let mut edits = vec![
        place::insert_above(facts, made.node, &text),
        arguments::append(facts, made.node, &format!("initializer={init}, initargs=({own},)")),
        Edit::replace(tree.span(leaf.node), task.clone()),
    ];
    edits.extend(removed);
    let path = Arc::new(facts.source.path.clone());
    Some(Fix {
        title: format!("hand '{own}' to the workers by an initializer"),
        applicability: Applicability::Unsafe,
        edits: edits.into_iter().map(|edit| FileEdit { path: path.clone(), edit }).collect(),
        new_names: vec![global, init, task],
    })
}

/// Whether the variable read at `read` is bound, once, before the workers start at `made`, in the function around both.
fn is_visible(facts: &FileFacts, read: NodeId, made: NodeId) -> bool {
    let tree = facts.tree();
    let Some((home, name)) = facts.scopes.resolve_name(read) else { return false };
    let [binding] = facts.scopes.bindings(home, name) else { return false };
    let same = facts.enclosing_function(binding.node) == facts.enclosing_function(made) || home == facts.scopes.module();
    same && facts.scopes.scope_of(made) == home && tree.end(binding.node) <= tree.start(made) && facts.flow().definitely_bound_before(home, name, made)
}

/// The position of the argument at `place` among those that the task's function gets, and the edits that take it out:
/// of `submit(work, lock, n)`, of `apply_async(work, (lock, n))`, of `partial(work, lock)`.
fn taken_out(eval: &Eval, sent: &Sent, place: Site) -> Option<(usize, Vec<Edit>)> {
    let call = sent.dispatch.call;
    let facts = eval.file(call.file);
    let tree = facts.tree();
    let list = tree.parent(place.node)?;
    let items: Vec<NodeId> = tree.children(list).collect();
    let at = items.iter().position(|item| *item == place.node)?;
    let without = |at: usize| match (at.checked_sub(1).map(|before| items[before]), items.get(at + 1)) {
        (Some(before), _) => Edit::replace(Span::new(tree.end(before), tree.end(items[at])), ""),
        (None, Some(next)) => Edit::replace(Span::new(tree.start(items[at]), tree.start(*next)), ""),
        (None, None) => Edit::replace(tree.span(items[at]), ""),
    };
    let ways = &sent.dispatch.api(eval.project).arguments;
    match tree.kind(list) {
        Kind::ArgumentList if tree.parent(list) == Some(call.node) => {
            let first = usize::try_from(ways.varargs? + sent.dispatch.shift).ok()?;
            (at >= first).then(|| (at - first, vec![without(at)]))
        }
        Kind::ArgumentList => {
            // `partial(work, lock)`: without other arguments the partial goes.
            let partial = tree.parent(list).filter(|up| *up == tree.unparenthesized(sent.slot.expression.node))?;
            let leaf = sent.origin.leaf.node;
            let is_first = items.first() == Some(&leaf) && at == 1;
            let whole = tree.span(partial);
            let around = [Span::new(whole.start, tree.start(leaf)), Span::new(tree.end(leaf), whole.end)];
            match (is_first, items.len()) {
                (true, 2) => Some((0, around.into_iter().map(|span| Edit::replace(span, "")).collect())),
                (true, _) => Some((0, vec![without(at)])),
                _ => None,
            }
        }
        Kind::Tuple => {
            let tuple = ways.tuple.as_ref()?;
            let position = if tuple.pos < 0 { -1 } else { tuple.pos + sent.dispatch.shift };
            let given = eval.argument(call, &tuple.name, position).filter(|given| given.node == list)?;
            let rest: Vec<&str> = items.iter().filter(|item| **item != place.node).map(|item| facts.text(*item)).collect();
            let text = if let [one] = rest.as_slice() { format!("({one},)") } else { format!("({})", rest.join(", ")) };
            Some((at, vec![Edit::replace(tree.span(given.node), text)]))
        }
        _ => None,
    }
}

fn plain_parameters(eval: &Eval, worker: Site) -> Option<Vec<String>> {
    let facts = eval.file(worker.file);
    let tree = facts.tree();
    let list = tree.child(worker.node, Field::Parameters)?;
    let plain = |node: NodeId| match tree.kind(node) {
        Kind::Identifier => Some(facts.text(node).to_owned()),
        Kind::TypedParameter => tree.children(node).next().filter(|name| tree.kind(*name) == Kind::Identifier).map(|name| facts.text(name).to_owned()),
        _ => None,
    };
    facts.decorators(worker.node).is_empty().then(|| tree.children(list).map(plain).collect()).flatten()
}
