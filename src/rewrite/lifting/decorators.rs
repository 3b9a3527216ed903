//! Whether the decorators of a definition that moves let the captured values through, which it then takes as further arguments.

use crate::facts::FileFacts;
use crate::facts::scopes::BindingKind;
use crate::findings::{Reason, Refusal};
use crate::project::{Eval, FileId, Site, Value};
use crate::rewrite::lifting::captures::Variable;
use crate::rewrite::lifting::hoist::{Group, Member};
use crate::rewrite::lifting::judge;
use crate::rewrite::lifting::registered;
use crate::syntax::{Field, Kind, NodeId, Tree};
use crate::text::{Edit, Span, indent};

/// How far decorators that make decorators are followed.
const MAX_DEPTH: u32 = 4;

/// Whether a decorator is `functools.wraps` over a function that has a name of its own: at module level the function would say
/// that it is that one, and be none that pickle finds. It only gives names, so it stays behind.
fn only_names(eval: &Eval, file: FileId, decorator: NodeId) -> bool {
    let facts = eval.file(file);
    let tree = facts.tree();
    let at = |node| Site { file, node };
    let Some(call) = tree.children(decorator).next().filter(|call| tree.kind(*call) == Kind::Call)
    else {
        return false;
    };
    let callee = tree.child(call, Field::Function).map(|callee| eval.values(at(callee)));
    let is_wraps = callee.is_some_and(|values| {
        values.iter().all(
            |value| matches!(value, Value::External { path, .. } if &**path == "functools.wraps"),
        )
    });
    let named = eval.positional_arguments(at(call)).first().map(|first| eval.values(*first));
    let is_known = named.is_some_and(|values| {
        !values.is_empty()
            && values
                .iter()
                .all(|value| matches!(value, Value::Function(_) | Value::External { .. }))
    });
    let has_comment =
        decorator_line(facts, decorator).is_none_or(|span| facts.slice(span).contains('#'));
    is_wraps && is_known && !has_comment
}

/// Whether a decorator of a definition does not move with it.
pub(in crate::rewrite) fn stays(
    eval: &Eval,
    file: FileId,
    definition: NodeId,
    decorator: NodeId,
) -> bool {
    only_names(eval, file, decorator)
        || registered::keeper(eval, file, definition) == Some(decorator)
}

/// The edits that leave such decorators behind.
pub(in crate::rewrite) fn left_behind(eval: &Eval, file: FileId, member: &Member) -> Vec<Edit> {
    let facts = eval.file(file);
    let staying = facts
        .decorators(member.node)
        .into_iter()
        .filter(|decorator| member.undecorated || stays(eval, file, member.node, *decorator));
    staying.filter_map(|decorator| decorator_line(facts, decorator)).map(Edit::delete).collect()
}

/// A decorator with all up to the line of the next one, or of the definition.
fn decorator_line(facts: &FileFacts, decorator: NodeId) -> Option<Span> {
    let tree = facts.tree();
    let next = tree
        .children(tree.parent(decorator)?)
        .find(|sibling| tree.start(*sibling) >= tree.end(decorator))?;
    Some(Span::new(tree.start(decorator), indent::line_start(facts.all(), tree.start(next))))
}

/// Refuses decorators that take no further arguments, and caches whose keys the captured values cannot be part of.
pub(in crate::rewrite) fn judge(group: &Group, member: &Member) -> Result<(), Refusal> {
    let facts = group.facts();
    let tree = facts.tree();
    if member.values.is_empty() && member.defaults.is_empty() {
        return Ok(());
    }
    for decorator in facts.decorators(member.node) {
        let Some(expression) = tree.children(decorator).next() else { continue };
        let callee = tree
            .child(expression, Field::Function)
            .filter(|_| tree.kind(expression) == Kind::Call)
            .unwrap_or(expression);
        for value in group.eval.values(Site { file: group.file, node: callee }).iter() {
            let text = facts.text(expression);
            match value {
                Value::External { path, .. }
                    if matches!(&**path, "functools.lru_cache" | "functools.cache") =>
                {
                    keys(group, member, text)?;
                }
                Value::Function(function) if !lets_through(group.eval, *function, MAX_DEPTH) => {
                    return Err(Refusal::new(
                        Reason::UnknownDecorator,
                        format!(
                            "what the decorator '{text}' gives takes no further arguments, and the captured values would be such"
                        ),
                        "move the function to module level by hand, with the values as parameters that the decorator passes on",
                    ));
                }
                _ => {}
            }
        }
    }
    Ok(())
}

/// Whether the only decorator of a function is a cache, whose keys the captured values cannot be known to fit. Where the
/// function does not call itself, each task begins with an empty one anyway, and the worker can do without.
pub(in crate::rewrite) fn is_idle_cache(group: &Group, member: &Member) -> bool {
    let facts = group.facts();
    let [decorator] = facts.decorators(member.node)[..] else { return false };
    let Some(variable) = &member.variable else { return false };
    let calls_itself = facts
        .scopes
        .references(variable.home, &variable.name)
        .iter()
        .any(|read| facts.tree().contains(member.node, *read));
    let tree = facts.tree();
    let expression = tree.children(decorator).next();
    let callee = expression.map(|expression| {
        tree.child(expression, Field::Function)
            .filter(|_| tree.kind(expression) == Kind::Call)
            .unwrap_or(expression)
    });
    let values = callee.map(|node| group.eval.values(Site { file: group.file, node }));
    let is_cache = values.is_some_and(|values| {
        matches!(&*values, [Value::External { path, .. }] if matches!(&**path, "functools.lru_cache" | "functools.cache"))
    });
    is_cache && !calls_itself && keys(group, member, facts.text(decorator)).is_err()
}

/// The captured values become part of the cache's keys: they have to be known to be hashable.
fn keys(group: &Group, member: &Member, decorator: &str) -> Result<(), Refusal> {
    let facts = group.facts();
    let is_hashable = |value: &Value| match value {
        Value::Literal(site) => is_constant(group.eval.file(site.file), site.node),
        Value::Function(_)
        | Value::Lambda(_)
        | Value::Class(_)
        | Value::Module(_)
        | Value::External { .. } => true,
        _ => false,
    };
    for variable in member.values.keys() {
        let reads = facts.scopes.references(variable.home, &variable.name).iter().copied();
        let read = reads
            .into_iter()
            .find(|read| facts.tree().contains(member.node, *read))
            .or_else(|| facts.scopes.references(variable.home, &variable.name).first().copied());
        let values = read.map(|node| group.eval.values(Site { file: group.file, node }));
        let known = variable.attribute.is_none()
            && values.is_some_and(|values| !values.is_empty() && values.iter().all(is_hashable));
        if !known {
            return Err(Refusal::new(
                Reason::UnknownDecorator,
                format!(
                    "the captured '{}' would become part of the keys of the cache '{decorator}', and may not be hashable",
                    variable.expression()
                ),
                "move the function to module level by hand, and cache what does not depend on the value",
            ));
        }
    }
    Ok(())
}

fn is_constant(facts: &FileFacts, node: NodeId) -> bool {
    let tree = facts.tree();
    match tree.kind(node) {
        Kind::Integer
        | Kind::Float
        | Kind::String
        | Kind::ConcatenatedString
        | Kind::True
        | Kind::False
        | Kind::None => true,
        Kind::Tuple => tree.children(node).all(|item| is_constant(facts, item)),
        _ => false,
    }
}

/// Whether every function that a decorator returns takes any arguments and passes them all on; or it returns what it is given.
fn lets_through(eval: &Eval, decorator: Site, depth: u32) -> bool {
    let facts = eval.file(decorator.file);
    let tree = facts.tree();
    let own = facts.scopes.inner(decorator.node);
    // A parameter that is given back as it came.
    let is_parameter = |returned: Site| {
        let variable = facts.scopes.resolve_name(returned.node);
        variable.is_some_and(|(home, name)| {
            let bindings = facts.scopes.bindings(home, name);
            own == Some(home)
                && bindings.iter().all(|each| matches!(each.kind, BindingKind::Parameter { .. }))
        })
    };
    let takes_more = |value: &Value| match value {
        Value::Function(inner) if tree.contains(decorator.node, inner.node) => {
            passes_all_on(facts, inner.node)
                || (!judge::is_wrapped(eval, *inner) && lets_through(eval, *inner, depth - 1))
        }
        Value::Parameter(_) => true,
        _ => false,
    };
    depth > 0
        && eval
            .returns(decorator)
            .into_iter()
            .all(|returned| is_parameter(returned) || eval.values(returned).iter().all(takes_more))
}

/// Whether a function is `def wrapper(*args, **kwargs)` and some call in it passes both on.
fn passes_all_on(facts: &FileFacts, function: NodeId) -> bool {
    let tree = facts.tree();
    let parameters: Vec<&str> = tree
        .child(function, Field::Parameters)
        .map(|list| tree.children(list).map(|node| facts.text(node)).collect())
        .unwrap_or_default();
    let named = |stars: &str| {
        let found = parameters
            .iter()
            .find(|text| text.starts_with(stars) && (stars == "**" || !text.starts_with("**")));
        found.map(|text| text.split(':').next().unwrap_or(text).trim().to_owned())
    };
    let (Some(rest), Some(keywords)) = (named("*"), named("**")) else { return false };
    let passes = |call: NodeId| {
        let given: Vec<&str> = tree
            .child(call, Field::Arguments)
            .map(|list| tree.children(list).map(|node| facts.text(node)).collect())
            .unwrap_or_default();
        given.contains(&rest.as_str()) && given.contains(&keywords.as_str())
    };
    tree.subtree(function).any(|node| tree.kind(node) == Kind::Call && passes(node))
}

/// Whether a captured variable is the parameter of a decorator for the function that it decorates, and `callable` stands in
/// what the decorator returns: by its name pickle finds that, and not the function.
pub(in crate::rewrite) fn replaces_parameter(
    eval: &Eval,
    file: FileId,
    callable: NodeId,
    variable: &Variable,
) -> bool {
    let facts = eval.file(file);
    let tree = facts.tree();
    let decorator = facts.scopes.get(variable.home).node;
    let [binding] = facts.scopes.bindings(variable.home, &variable.name) else { return false };
    if !matches!(binding.kind, BindingKind::Parameter { star: 0, .. })
        || tree.kind(decorator) != Kind::FunctionDefinition
    {
        return false;
    }
    let returned = eval
        .returns(Site { file, node: decorator })
        .into_iter()
        .flat_map(|returned| eval.values(returned).to_vec());
    let wrapper = returned.into_iter().find_map(|value| match value {
        Value::Function(inner)
            if inner.file == file
                && tree.contains(decorator, inner.node)
                && tree.contains(inner.node, callable) =>
        {
            Some(inner)
        }
        _ => None,
    });
    let Some(wrapper) = wrapper else { return false };
    let outermost = tree
        .ancestors(decorator)
        .filter(|up| tree.kind(*up) == Kind::FunctionDefinition)
        .last()
        .unwrap_or(decorator);
    let called = eval.callers(Site { file, node: outermost });
    decorates(eval, facts.definition_name(outermost))
        || called.iter().any(|call| takes_the_name(eval, *call))
        || (called.is_empty() && judge::is_wrapped(eval, wrapper))
}

/// Whether a call is `work = timed(work)`: the name of the function that it is given then stands for what it gives.
fn takes_the_name(eval: &Eval, call: Site) -> bool {
    let facts = eval.file(call.file);
    let tree = facts.tree();
    let assignment = tree.parent(call.node).filter(|up| tree.kind(*up) == Kind::Assignment);
    let name = assignment.and_then(|up| tree.child(up, Field::Left)).map(|left| facts.text(left));
    name.is_some_and(|name| {
        eval.all_arguments(call)
            .iter()
            .any(|given| given.file == call.file && facts.text(given.node) == name)
    })
}

/// Whether a function of that name, or what a call of it gives, stands behind an `@` anywhere.
fn decorates(eval: &Eval, name: &str) -> bool {
    eval.project.files().any(|(_, facts)| {
        let tree = facts.tree();
        facts.all().contains(name)
            && tree.subtree(Tree::ROOT).filter(|node| tree.kind(*node) == Kind::Decorator).any(
                |decorator| {
                    let expression = tree.children(decorator).next();
                    let callee = expression.map(|expression| {
                        tree.child(expression, Field::Function).unwrap_or(expression)
                    });
                    callee.is_some_and(|callee| {
                        crate::catalogue::last_part(facts.text(callee)) == name
                    })
                },
            )
    })
}
