//! Whether the decorators of a definition that moves let the captured values through, which it then takes as further arguments.

use super::hoist::{Group, Member};
use crate::facts::FileFacts;
use crate::findings::{Reason, Refusal};
use crate::project::{Eval, Site, Value};
use crate::syntax::{Field, Kind, NodeId};

/// How far decorators that make decorators are followed.
const MAX_DEPTH: u32 = 4;

/// Refuses decorators that take no further arguments, and caches whose keys the captured values cannot be part of.
pub(super) fn judge(group: &Group, member: &Member) -> Result<(), Refusal> {
    let facts = group.facts();
    let tree = facts.tree();
    if member.values.is_empty() && member.defaults.is_empty() {
        return Ok(());
    }
    for decorator in facts.decorators(member.node) {
        let Some(expression) = tree.children(decorator).next() else { continue };
        let callee = tree.child(expression, Field::Function).filter(|_| tree.kind(expression) == Kind::Call).unwrap_or(expression);
        for value in group.eval.values(Site { file: group.file, node: callee }).iter() {
            let text = facts.text(expression);
            match value {
                Value::External { path, .. } if matches!(&**path, "functools.lru_cache" | "functools.cache") => keys(group, member, text)?,
                Value::Function(function) if !lets_through(group.eval, *function, MAX_DEPTH) => {
                    return Err(Refusal::new(
                        Reason::UnknownDecorator,
                        format!("what the decorator '{text}' gives takes no further arguments, and the captured values would be such"),
                        "move the function to module level by hand, with the values as parameters that the decorator passes on",
                    ));
                }
                _ => {}
            }
        }
    }
    Ok(())
}

/// The captured values become part of the cache's keys: they have to be known to be hashable.
fn keys(group: &Group, member: &Member, decorator: &str) -> Result<(), Refusal> {
    let facts = group.facts();
    let is_hashable = |value: &Value| match value {
        Value::Literal(site) => is_constant(group.eval.file(site.file), site.node),
        Value::Function(_) | Value::Lambda(_) | Value::Class(_) | Value::Module(_) | Value::External { .. } => true,
        _ => false,
    };
    for variable in member.values.keys() {
        let reads = facts.scopes.references(variable.home, &variable.name).iter().copied();
        let read = reads
            .into_iter()
            .find(|read| facts.tree().contains(member.node, *read))
            .or_else(|| facts.scopes.references(variable.home, &variable.name).first().copied());
        let values = read.map(|node| group.eval.values(Site { file: group.file, node }));
        let known = variable.attribute.is_none() && values.is_some_and(|values| !values.is_empty() && values.iter().all(is_hashable));
        if !known {
            return Err(Refusal::new(
                Reason::UnknownDecorator,
                format!("the captured '{}' would become part of the keys of the cache '{decorator}', and may not be hashable", variable.expression()),
                "move the function to module level by hand, and cache what does not depend on the value",
            ));
        }
    }
    Ok(())
}

fn is_constant(facts: &FileFacts, node: NodeId) -> bool {
    let tree = facts.tree();
    match tree.kind(node) {
        Kind::Integer | Kind::Float | Kind::String | Kind::ConcatenatedString | Kind::True | Kind::False | Kind::None => true,
        Kind::Tuple => tree.children(node).all(|item| is_constant(facts, item)),
        _ => false,
    }
}

/// Whether every function that a decorator returns takes any arguments and passes them all on; or it returns what it is given.
fn lets_through(eval: &Eval, decorator: Site, depth: u32) -> bool {
    let facts = eval.file(decorator.file);
    let tree = facts.tree();
    depth > 0
        && eval.returns(decorator).into_iter().flat_map(|returned| eval.values(returned).to_vec()).all(|value| match value {
            Value::Function(inner) if tree.contains(decorator.node, inner.node) => {
                passes_all_on(facts, inner.node) || (!super::judge::is_wrapped(eval, inner) && lets_through(eval, inner, depth - 1))
            }
            Value::Parameter(_) => true,
            _ => false,
        })
}

/// Whether a function is `def wrapper(*args, **kwargs)` and some call in it passes both on.
fn passes_all_on(facts: &FileFacts, function: NodeId) -> bool {
    let tree = facts.tree();
    let parameters: Vec<&str> =
        tree.child(function, Field::Parameters).map(|list| tree.children(list).map(|node| facts.text(node)).collect()).unwrap_or_default();
    let named = |stars: &str| {
        let found = parameters.iter().find(|text| text.starts_with(stars) && (stars == "**" || !text.starts_with("**")));
        found.map(|text| text.split(':').next().unwrap_or(text).trim().to_owned())
    };
    let (Some(rest), Some(keywords)) = (named("*"), named("**")) else { return false };
    let passes = |call: NodeId| {
        let given: Vec<&str> = tree.child(call, Field::Arguments).map(|list| tree.children(list).map(|node| facts.text(node)).collect()).unwrap_or_default();
        given.contains(&rest.as_str()) && given.contains(&keywords.as_str())
    };
    tree.subtree(function).any(|node| tree.kind(node) == Kind::Call && passes(node))
}
