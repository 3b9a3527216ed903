//! Shapes of definitions that cannot move, each with its reason.

use crate::catalogue::EntryKind;
use crate::facts::FileFacts;
use crate::facts::scopes::{BindingKind, Resolution};
use crate::findings::{Reason, Refusal};
use crate::project::{Eval, FileId, Site, Value};
use crate::rewrite::lifting::call_state;
use crate::rewrite::lifting::captures::Variable;
use crate::rewrite::lifting::decorators;
use crate::rewrite::lifting::defaults;
use crate::rewrite::lifting::evaluated;
use crate::rewrite::lifting::hoist::{Group, Member};
use crate::syntax::{Field, Kind, NodeId};

/// Calls that look at the frame they are made in.
const FRAME_CALLS: &[&str] = &["locals", "vars", "dir", "eval", "exec", "super"];

/// Refuses bodies, and enclosing functions, that look at their own frame.
pub(in crate::rewrite) fn introspection(
    facts: &FileFacts,
    callable: NodeId,
) -> Result<(), Refusal> {
    let tree = facts.tree();
    let outer: Vec<NodeId> = tree
        .ancestors(callable)
        .filter(|up| matches!(tree.kind(*up), Kind::FunctionDefinition | Kind::Lambda))
        .collect();
    if let Some(call) = tree.subtree(callable).find(|node| frame_call(facts, *node).is_some()) {
        // Methods of a class that moves as a whole keep their own `super()`.
        let in_moved_class =
            tree.kind(callable) == Kind::ClassDefinition && facts.text(call).starts_with("super");
        if !in_moved_class {
            return Err(refusal(facts, call, "the body"));
        }
    }
    for function in outer {
        if let Some(call) = source_taken(facts, function) {
            let line = facts.source.lines().line(tree.start(call));
            return Err(Refusal::new(
                Reason::FrameIntrospection,
                format!(
                    "the source of '{}' is taken on line {line} and run apart from this module, where a function at module level is missing",
                    name_of(facts, function)
                ),
                "import what the function needs inside it, from a module that is importable",
            ));
        }
        let own = facts
            .own_nodes(function)
            .find(|node| frame_call(facts, *node).is_some_and(|name| name != "super"));
        if let Some(call) = own {
            return Err(refusal(facts, call, &format!("'{}'", name_of(facts, function))));
        }
    }
    Ok(())
}

/// The call that takes the source of a function: `inspect.getsource(f)`, nipype's `Function(function=f)`.
fn source_taken(facts: &FileFacts, function: NodeId) -> Option<NodeId> {
    let tree = facts.tree();
    let name = facts.definition_name(function);
    let (reads, by_nipype) = (facts.all().contains("getsource"), facts.all().contains("nipype"));
    let takes = |call: &NodeId| {
        let callee = tree
            .child(*call, Field::Function)
            .map_or("", |callee| crate::catalogue::last_part(facts.text(callee)));
        let list = tree.child(*call, Field::Arguments);
        let mut given = list.into_iter().flat_map(|list| tree.children(list));
        match callee {
            "getsource" => reads && given.any(|argument| facts.text(argument) == name),
            "Function" if by_nipype => given.any(|argument| {
                tree.kind(argument) == Kind::KeywordArgument
                    && tree
                        .child(argument, Field::Name)
                        .is_some_and(|own| facts.text(own) == "function")
                    && tree
                        .child(argument, Field::Value)
                        .is_some_and(|value| facts.text(value) == name)
            }),
            _ => false,
        }
    };
    if name.is_empty() || !(reads || by_nipype) {
        None
    } else {
        facts.calls.iter().copied().find(takes)
    }
}

fn refusal(facts: &FileFacts, call: NodeId, who: &str) -> Refusal {
    let name = frame_call(facts, call).unwrap_or("locals");
    let line = facts.source.lines().line(facts.tree().start(call));
    Refusal::new(
        Reason::FrameIntrospection,
        format!(
            "{who} calls {name}() on line {line}, which sees the names of the function it stands in"
        ),
        "write out the names that are meant, then move the function to module level",
    )
}

fn name_of(facts: &FileFacts, function: NodeId) -> String {
    match facts.definition_name(function) {
        "" => "the enclosing lambda".to_owned(),
        name => name.to_owned(),
    }
}

/// The name of the frame-reading builtin that `node` calls, if it is such a call.
fn frame_call(facts: &FileFacts, node: NodeId) -> Option<&'static str> {
    let tree = facts.tree();
    if tree.kind(node) != Kind::Call {
        return None;
    }
    let callee = tree
        .child(node, Field::Function)
        .filter(|callee| tree.kind(*callee) == Kind::Identifier)?;
    let name = FRAME_CALLS.iter().copied().find(|name| *name == facts.text(callee))?;
    let list = tree.child(node, Field::Arguments)?;
    let count = tree.children(list).count();
    let reads_frame = match name {
        "vars" | "dir" | "super" | "locals" => count == 0,
        _ => count == 1,
    };
    let is_builtin = facts.scopes.resolve_name(callee).is_some_and(|(home, name)| {
        home == facts.scopes.module() && facts.scopes.bindings(home, name).is_empty()
    });
    (reads_frame && is_builtin).then_some(name)
}

/// Refuses headers that mean something else at module level: decorators and defaults that read what is not there, or
/// that would be evaluated at another time.
///
/// `along` are the variables whose definitions move with it, and take nothing from around them.
pub(in crate::rewrite) fn header(
    group: &Group,
    member: &Member,
    along: &[&Variable],
) -> Result<(), Refusal> {
    let (eval, file, callable) = (group.eval, group.file, member.node);
    let facts = eval.file(file);
    let tree = facts.tree();
    let limit = group.limit();
    for decorator in facts.decorators(callable).into_iter().filter(|decorator| {
        !member.undecorated && !decorators::stays(eval, file, callable, *decorator)
    }) {
        available(facts, decorator, limit, "a decorator", along)?;
        known_decorator(eval, file, decorator)?;
    }
    let bound: Vec<NodeId> =
        defaults::reading_outside(facts, callable).into_iter().map(|row| row.value).collect();
    for default in defaults(facts, callable) {
        immutable(facts, default)?;
        if !bound.contains(&default) {
            available(facts, default, limit, "a default value", &[])?;
        }
    }
    for annotation in annotations(facts, callable) {
        if !facts.scopes.get(facts.scopes.scope_of(annotation)).kind.is_function_like() {
            continue;
        }
        available(facts, annotation, u32::MAX, ANNOTATION, &[])?;
    }
    if tree.kind(callable) == Kind::Call {
        available(facts, callable, limit, "the class", &[])?;
    }
    for name in crate::rewrite::lifting::evaluated::read_by_class_body(facts, callable) {
        available(facts, name, limit, "the body of the class", &[])?;
    }
    if tree.kind(callable) == Kind::ClassDefinition
        && let Some(bases) = tree.child(callable, Field::Superclasses)
    {
        available(facts, bases, limit, "a base class", along)?;
    }
    Ok(())
}

/// The default values of a callable's parameters.
pub(in crate::rewrite) fn defaults(facts: &FileFacts, callable: NodeId) -> Vec<NodeId> {
    let tree = facts.tree();
    let Some(parameters) = tree.child(callable, Field::Parameters) else { return Vec::new() };
    tree.children(parameters).filter_map(|parameter| tree.child(parameter, Field::Value)).collect()
}

const ANNOTATION: &str = "an annotation";

fn annotations(facts: &FileFacts, callable: NodeId) -> Vec<NodeId> {
    let tree = facts.tree();
    let mut found: Vec<NodeId> = tree.child(callable, Field::ReturnType).into_iter().collect();
    if let Some(parameters) = tree.child(callable, Field::Parameters) {
        found.extend(
            tree.children(parameters).filter_map(|parameter| tree.child(parameter, Field::Type)),
        );
    }
    found
}

/// Calls that make a new container.
const CONTAINERS: &[&str] = &[
    "list",
    "dict",
    "set",
    "bytearray",
    "defaultdict",
    "deque",
    "Counter",
    "OrderedDict",
    "array",
];

/// Refuses defaults that hold what the function can change: each definition makes it anew.
fn immutable(facts: &FileFacts, default: NodeId) -> Result<(), Refusal> {
    let tree = facts.tree();
    let makes_container = |node: NodeId| {
        let callee = tree.child(node, Field::Function).map_or("", |callee| facts.text(callee));
        CONTAINERS.contains(&crate::catalogue::last_part(callee))
    };
    // What is given to a call is not what it gives.
    let in_call = |node: NodeId| {
        tree.ancestors(node)
            .take_while(|up| tree.contains(default, *up))
            .any(|up| tree.kind(up) == Kind::Call && !makes_container(up))
    };
    let odd = tree.subtree(default).find(|node| match tree.kind(*node) {
        Kind::Call => makes_container(*node) && !in_call(*node),
        Kind::List
        | Kind::Dictionary
        | Kind::Set
        | Kind::ListComprehension
        | Kind::SetComprehension
        | Kind::DictionaryComprehension => !in_call(*node),
        Kind::GeneratorExpression => !in_call(*node),
        Kind::Await | Kind::NamedExpression => true,
        _ => false,
    });
    match odd {
        None => Ok(()),
        Some(_) => Err(Refusal::new(
            Reason::MutableDefault,
            format!(
                "the default value '{}' is made anew by each definition; at module level it would be made once",
                facts.text(default)
            ),
            "use None as the default and make the value in the body",
        )),
    }
}

/// Refuses names that are not bound at module level before `limit`.
fn available(
    facts: &FileFacts,
    expression: NodeId,
    limit: u32,
    what: &str,
    along: &[&Variable],
) -> Result<(), Refusal> {
    let tree = facts.tree();
    for node in tree.subtree(expression).filter(|node| tree.kind(*node) == Kind::Identifier) {
        let Some((home, name)) = facts.scopes.resolve_name(node) else { continue };
        let home_scope = facts.scopes.get(home);
        if along.iter().any(|variable| variable.home == home && variable.name == name) {
            continue;
        }
        // Names of lambdas and comprehensions inside the expression travel with it.
        if home != facts.scopes.module() && tree.contains(expression, home_scope.node) {
            continue;
        }
        if matches!(facts.scopes.bindings(home, name), [one] if matches!(one.kind, BindingKind::TypeParameter))
        {
            continue;
        }
        if home != facts.scopes.module() {
            if what == ANNOTATION && evaluated::written_out(facts, home, name).is_some() {
                continue;
            }
            return Err(Refusal::new(
                Reason::UnsupportedShape,
                format!("{what} reads '{name}' of the enclosing function"),
                "move the function to module level and pass the value as an argument",
            ));
        }
        let bindings = facts.scopes.bindings(home, name);
        let early = |binding: &crate::facts::scopes::Binding| {
            tree.end(binding.node) <= limit && binding.scope == facts.scopes.module()
        };
        if !bindings.iter().all(early) {
            return Err(Refusal::new(
                Reason::UnsupportedShape,
                format!(
                    "{what} reads the global '{name}', which is not only bound above the place where the function would go"
                ),
                "bind it above, then move the function to module level",
            ));
        }
    }
    Ok(())
}

/// Decorators known to leave a module-level function importable by its name.
fn known_decorator(eval: &Eval, file: FileId, decorator: NodeId) -> Result<(), Refusal> {
    let facts = eval.file(file);
    let tree = facts.tree();
    let Some(expression) = tree.children(decorator).next() else { return Ok(()) };
    let callee = if tree.kind(expression) == Kind::Call {
        tree.child(expression, Field::Function).unwrap_or(expression)
    } else {
        expression
    };
    let values = eval.values(Site { file, node: callee });
    let known = !values.is_empty()
        && values.iter().all(|value| match value {
            Value::External { path, .. } => {
                path.starts_with("functools.") && &**path != "functools.wraps"
                    || path.starts_with("dataclasses.")
                    || path.starts_with("numba.")
                    || matches!(&**path, "builtins.staticmethod" | "enum.unique")
                    || runs_by_name(eval, path)
            }
            Value::Function(function) => keeps_the_name(eval, *function),
            _ => false,
        });
    let loud = values.iter().any(
        |value| matches!(value, Value::Function(function) if call_state::does_more(eval, *function)),
    );
    if loud {
        return Err(call_state::at_import(&format!(
            "the decorator '{}' does more than giving back what it decorates",
            facts.text(expression)
        )));
    }
    if known {
        return Ok(());
    }
    Err(Refusal::new(
        Reason::UnknownDecorator,
        format!(
            "what the decorator '{}' gives is not known to be importable by the function's name",
            facts.text(expression)
        ),
        "decorate with functools.wraps inside the decorator, or send the undecorated function",
    ))
}

/// Whether a decorator of the catalogue finds the function by its name in the child.
fn runs_by_name(eval: &Eval, path: &str) -> bool {
    let entry = eval.project.catalogue.by_path(path).map(|entry| eval.project.catalogue.get(entry));
    entry.is_some_and(|entry| entry.kind == EntryKind::Decorator && entry.id != "timeout_decorator")
}

/// Whether a decorator of the project returns the function itself, or a wrapper that `functools.wraps` gave its name.
pub fn keeps_the_name(eval: &Eval, decorator: Site) -> bool {
    keeps_the_name_within(eval, decorator, 4)
}

/// Decorators that make decorators nest; `depth` bounds how far they are followed.
fn keeps_the_name_within(eval: &Eval, decorator: Site, depth: u32) -> bool {
    if depth == 0 {
        return false;
    }
    let facts = eval.file(decorator.file);
    let returns = eval.returns(decorator);
    !returns.is_empty()
        && returns.iter().all(|returned| {
            eval.values(*returned).iter().all(|value| match value {
                Value::Function(inner) if facts.tree().contains(decorator.node, inner.node) => {
                    is_wrapped(eval, *inner) || keeps_the_name_within(eval, *inner, depth - 1)
                }
                Value::Parameter(_) => is_first_parameter(facts, decorator.node, returned.node),
                _ => false,
            })
        })
}

/// Whether `functools.wraps` gives a function the name of what it wraps. Its origin counts, not its spelling
/// (`from functools import wraps as keep`).
pub fn is_wrapped(eval: &Eval, function: Site) -> bool {
    if eval.has_decorator(function, &["wraps", "wrapt.decorator", "decorator"]) {
        return true;
    }
    let facts = eval.file(function.file);
    let tree = facts.tree();
    facts.decorators(function.node).into_iter().any(|decorator| {
        let Some(expression) = tree.children(decorator).next() else { return false };
        let callee = tree.child(expression, Field::Function).unwrap_or(expression);
        eval.values(Site { file: function.file, node: callee }).iter().any(
            |value| matches!(value, Value::External { path, .. } if &**path == "functools.wraps"),
        )
    }) || is_named_by_hand(eval, function)
}

/// Whether statements give a function another name: `update_wrapper(inner, function)`, `wraps(function)(inner)`,
/// `inner.__qualname__ = …`.
fn is_named_by_hand(eval: &Eval, function: Site) -> bool {
    let facts = eval.file(function.file);
    let tree = facts.tree();
    let Some((home, name)) =
        tree.child(function.node, Field::Name).and_then(|name| facts.scopes.resolve_name(name))
    else {
        return false;
    };
    let calls = |callee: NodeId, wanted: &str| {
        eval.values(Site { file: function.file, node: callee })
            .iter()
            .any(|value| matches!(value, Value::External { path, .. } if &**path == wanted))
    };
    facts.scopes.references(home, name).iter().any(|read| {
        let Some(up) = tree.parent(*read) else { return false };
        match tree.kind(up) {
            Kind::ArgumentList => {
                let callee = tree.parent(up).and_then(|call| tree.child(call, Field::Function));
                let is_first = tree.children(up).next() == Some(*read);
                callee.filter(|_| is_first).is_some_and(|callee| {
                    let inner = tree
                        .child(callee, Field::Function)
                        .filter(|_| tree.kind(callee) == Kind::Call);
                    calls(callee, "functools.update_wrapper")
                        || inner.is_some_and(|inner| calls(inner, "functools.wraps"))
                })
            }
            Kind::Attribute => {
                let named = tree
                    .child(up, Field::Attribute)
                    .is_some_and(|attribute| facts.text(attribute) == "__qualname__");
                named && tree.field(up) == Field::Left
            }
            _ => false,
        }
    })
}

fn is_first_parameter(facts: &FileFacts, function: NodeId, read: NodeId) -> bool {
    let tree = facts.tree();
    let Some((home, name)) = facts.scopes.resolve_name(read) else { return false };
    let Some(parameters) = tree.child(function, Field::Parameters) else { return false };
    let first = tree.children(parameters).next();
    facts.scopes.bindings(home, name).iter().any(|binding| {
        matches!(binding.kind, BindingKind::Parameter { .. })
            && first.is_some_and(|first| tree.contains(first, binding.node))
    })
}

/// Where a name lives, for callers that have no scope at hand.
pub fn resolution(facts: &FileFacts, node: NodeId, name: &str) -> Resolution {
    facts.scopes.resolve(facts.scopes.scope_of(node), name)
}
