//! Whether the program looks at a function from outside: at its name, at what only the function itself has, at which object
//! it is; or uses it as what a partial is not.

use crate::facts::FileFacts;
use crate::findings::{Reason, Refusal};
use crate::project::{Callable, Eval, Site, Value};
use crate::rewrite::lifting::binding;
use crate::rewrite::lifting::hoist::{Group, Member};
use crate::rewrite::lifting::uses::Use;
use crate::syntax::{Field, Kind, NodeId};

/// More reads of one attribute than these are not looked at.
const MAX_READS: usize = 400;

/// What changes when a function gets another name.
const NAMES: &[&str] = &["__name__", "__qualname__"];

/// What a `partial` does not have, or has of its own.
const INSIDES: &[&str] = &[
    "__doc__",
    "__module__",
    "__code__",
    "__defaults__",
    "__kwdefaults__",
    "__annotations__",
    "__globals__",
    "__closure__",
];

/// Refuses where the name of a function is read that gets another one, or what a `partial` in its place does not have.
pub(in crate::rewrite) fn judge(group: &Group, member: &Member) -> Result<(), Refusal> {
    let definition = Site { file: group.file, node: member.node };
    let is_bound = !member.values.is_empty() || !member.defaults.is_empty();
    let is_renamed = member.variable.as_ref().is_none_or(|variable| variable.name != member.name);
    // What is not sent is the local function as it was, where that stays.
    let is_sent = |leaf: Site| group.dispatches.iter().any(|each| each.leaf == leaf);
    let concerns = |leaf: Site| !member.forwards || is_sent(leaf);
    let names = place(group.eval, definition, NAMES, &concerns).filter(|_| is_bound || is_renamed);
    let inside =
        names.or_else(|| place(group.eval, definition, INSIDES, &concerns).filter(|_| is_bound));
    let by_worker = || of_parameter(group, member).filter(|_| is_bound || is_renamed);
    if let Some(read) = inside.or_else(by_worker) {
        let facts = group.eval.file(read.file);
        let what = facts.text(read.node).split_whitespace().collect::<String>();
        return Err(refused(group, member, read, &format!("'{what}' is read of it")));
    }
    if let Some((read, what)) = elsewhere(group, definition, is_bound, is_renamed) {
        return Err(refused(group, member, read, what));
    }
    let Some(variable) = &member.variable else { return Ok(()) };
    for read in binding::reads_that_stay(group, variable) {
        let site = Site { file: group.file, node: read };
        let differs = concerns(site);
        if let Some(what) = looked_at(group.eval, site, is_bound && differs, is_renamed && differs)
        {
            return Err(refused(group, member, site, what));
        }
    }
    Ok(())
}

fn refused(group: &Group, member: &Member, read: Site, what: &str) -> Refusal {
    let facts = group.eval.file(read.file);
    let who = member
        .variable
        .as_ref()
        .map_or_else(|| "the lambda".to_owned(), |variable| format!("'{}'", variable.name));
    Refusal::new(
        Reason::OtherUse,
        format!(
            "{who} is looked at from outside: {what} (line {}), which another function or a partial does not keep",
            facts.source.lines().line(facts.tree().start(read.node))
        ),
        "define the function at module level by hand, and hand over the values apart from it",
    )
}

/// Calls that may look at a function that another one returned.
const LOOKING: &[&str] = &[
    "hash",
    "id",
    "isfunction",
    "isinstance",
    "print",
    "repr",
    "setattr",
    "signature",
    "str",
    "type",
    "get_annotations",
    "get_type_hints",
    "getattr",
    "getsource",
    "hasattr",
    "help",
    "vars",
    "dir",
    "format",
    "lru_cache",
    "wraps",
    "update_wrapper",
    "Thread",
];

/// Where what a factory returned is looked at, under another name than that of the definition.
fn elsewhere(
    group: &Group,
    definition: Site,
    is_bound: bool,
    is_renamed: bool,
) -> Option<(Site, &'static str)> {
    let eval = group.eval;
    let is_elsewhere = |each: &Use| {
        each.slot.expression != each.leaf || is_made(eval, each.slot.expression, definition)
    };
    if !group.dispatches.iter().any(is_elsewhere) {
        return None;
    }
    let is_sent = |leaf: Site| group.dispatches.iter().any(|each| each.leaf == leaf);
    let facts = eval.file(definition.file);
    let tree = facts.tree();
    let is_it = |node: &NodeId| {
        let site = Site { file: definition.file, node: *node };
        is_variable(eval, site)
            && eval.origins(site).iter().any(|origin| {
                (origin.made_by.is_some() || is_sent(origin.leaf))
                    && is_of(&origin.callable, definition)
            })
    };
    let given = LOOKING.iter().flat_map(|name| eval.project.calls_named(name)).filter(|call| {
        call.file == definition.file
            && eval.all_arguments(**call).iter().any(|one| is_it(&one.node))
    });
    for call in given {
        if let Some(what) = given_to(eval, *call, is_bound, is_renamed) {
            return Some((*call, what));
        }
    }
    let compared = tree
        .subtree(crate::syntax::Tree::ROOT)
        .filter(|node| tree.kind(*node) == Kind::ComparisonOperator)
        .find(|node| {
            !is_with_constants(facts, *node) && tree.children(*node).any(|operand| is_it(&operand))
        })?;
    Some((Site { file: definition.file, node: compared }, "it is compared with other objects"))
}

/// Whether an expression may be the function as a call gave it.
fn is_made(eval: &Eval, site: Site, definition: Site) -> bool {
    eval.origins(site)
        .iter()
        .any(|origin| origin.made_by.is_some() && is_of(&origin.callable, definition))
}

fn is_of(callable: &Callable, definition: Site) -> bool {
    matches!(callable, Callable::Function(site) | Callable::Lambda(site) if *site == definition)
}

/// Whether all but one of what is compared are constants: no function, nor a partial, is any of them.
fn is_with_constants(facts: &FileFacts, comparison: NodeId) -> bool {
    let tree = facts.tree();
    let is_constant = |node: NodeId| {
        matches!(
            tree.kind(node),
            Kind::None
                | Kind::True
                | Kind::False
                | Kind::Integer
                | Kind::Float
                | Kind::String
                | Kind::Ellipsis
        )
    };
    tree.children(comparison).filter(|operand| !is_constant(*operand)).count() <= 1
}

/// What a use looks at, or needs, that a function under another name (`is_renamed`) or a partial (`is_bound`) has not.
fn looked_at(eval: &Eval, read: Site, is_bound: bool, is_renamed: bool) -> Option<&'static str> {
    let facts = eval.file(read.file);
    let tree = facts.tree();
    let mut at = read.node;
    while let Some(up) = tree.parent(at).filter(|up| {
        matches!(tree.kind(*up), Kind::ParenthesizedExpression | Kind::KeywordArgument)
    }) {
        at = up;
    }
    let up = tree.parent(at)?;
    match tree.kind(up) {
        Kind::ComparisonOperator => {
            (!is_with_constants(facts, up)).then_some("it is compared with other objects")
        }
        Kind::Interpolation if is_bound || is_renamed => Some("it is printed"),
        Kind::Set => Some("it is an element of a set"),
        Kind::Pair if tree.field(at) == Field::Key => Some("it is a key"),
        Kind::Subscript if tree.field(at) == Field::Subscript => Some("it is a key"),
        Kind::Assignment if is_bound && tree.field(at) == Field::Right => {
            is_class_attribute(eval, read, up).then_some("it becomes a method of a class")
        }
        Kind::ArgumentList => {
            let call = Site { file: read.file, node: tree.parent(up)? };
            given_to(eval, call, is_bound, is_renamed).or_else(|| {
                // A partial around it shows what it holds.
                let callee = tree.child(call.node, Field::Function)?;
                let is_partial = eval.values(Site { file: read.file, node: callee }).iter().any(
                    |value| matches!(value, Value::External { path, .. } if &**path == "functools.partial"),
                );
                if is_partial { looked_at(eval, call, is_bound, is_renamed) } else { None }
            })
        }
        _ => None,
    }
}

/// Whether an assignment stores on a class: there a function is a method, and a partial is none.
fn is_class_attribute(eval: &Eval, read: Site, assignment: NodeId) -> bool {
    let facts = eval.file(read.file);
    let tree = facts.tree();
    let object = tree
        .child(assignment, Field::Left)
        .filter(|left| tree.kind(*left) == Kind::Attribute)
        .and_then(|left| tree.child(left, Field::Object));
    object.is_some_and(|node| {
        eval.values(Site { file: read.file, node })
            .iter()
            .any(|value| matches!(value, Value::Class(_)))
    })
}

/// What a call that is given the function looks at.
fn given_to(eval: &Eval, call: Site, is_bound: bool, is_renamed: bool) -> Option<&'static str> {
    let facts = eval.file(call.file);
    let callee = facts.tree().child(call.node, Field::Function)?;
    if facts.text(callee).ends_with(".format") && (is_bound || is_renamed) {
        return Some("it is printed");
    }
    let values = eval.values(Site { file: call.file, node: callee });
    let paths = values.iter().filter_map(|value| match value {
        Value::External { path, .. } => Some(&**path),
        _ => None,
    });
    for path in paths {
        let what = match path {
            "builtins.id" | "builtins.hash" => "its identity is asked for",
            "builtins.type" | "builtins.isinstance" if is_bound => "its type is asked for",
            "builtins.repr" | "builtins.str" | "builtins.print" if is_bound || is_renamed => {
                "it is printed"
            }
            "builtins.setattr" => "it is given attributes or becomes one",
            "functools.lru_cache"
            | "functools.cache"
            | "functools.wraps"
            | "functools.update_wrapper"
            | "functools.singledispatch"
            | "functools.cached_property"
            | "builtins.property"
            | "builtins.classmethod"
            | "types.MethodType"
                if is_bound =>
            {
                "it is wrapped"
            }
            "threading.Thread" | "multiprocessing.Process" | "multiprocessing.context.Process"
                if names_its_thread(eval, call, is_bound || is_renamed) =>
            {
                "it names a thread"
            }
            "typing.get_type_hints" | "builtins.hasattr" if is_bound => "it is inspected",
            "builtins.getattr" | "builtins.vars" | "builtins.dir" | "builtins.help"
                if is_bound || is_renamed =>
            {
                "it is inspected"
            }
            // A signature speaks of parameters only.
            "inspect.signature" if !is_bound => continue,
            _ if path.starts_with("inspect.") && (is_bound || is_renamed) => "it is inspected",
            _ => continue,
        };
        return Some(what);
    }
    None
}

/// Whether a thread gets its name from its target (`Thread-1 (poll)`), and the file asks for names of threads.
fn names_its_thread(eval: &Eval, call: Site, differs: bool) -> bool {
    let facts = eval.file(call.file);
    let asks = || {
        facts.all().contains("current_thread")
            || facts.all().contains("threadName")
            || facts.all().contains("getName")
            || !eval.project.attributes_named("name").iter().all(|read| read.file != call.file)
    };
    let is_thread = crate::catalogue::last_part(
        facts.tree().child(call.node, Field::Function).map_or("", |callee| facts.text(callee)),
    ) == "Thread";
    differs && is_thread && eval.keyword_argument(call, "name").is_none() && asks()
}

/// Where a function that runs in a worker reads such an attribute of what it is given, if the member is among the arguments.
fn of_parameter(group: &Group, member: &Member) -> Option<Site> {
    let eval = group.eval;
    let definition = Site { file: group.file, node: member.node };
    let leaves =
        |read: &Site| eval.origins(*read).iter().any(|origin| is_of(&origin.callable, definition));
    for each in &group.dispatches {
        let entry = each.dispatch.api(eval.project);
        let is_callable = |name: &str| entry.callables.iter().any(|slot| slot.name == name);
        if is_callable(&each.slot.name) && each.slot.expression.node == each.leaf.node {
            continue;
        }
        let slots = eval.slots(&each.dispatch);
        let workers = slots
            .iter()
            .filter(|slot| is_callable(&slot.name))
            .flat_map(|slot| eval.slot_origins(slot))
            .filter_map(|origin| eval.worker(&origin))
            .filter(|worker| *worker != definition);
        let reached: Vec<Site> = workers.flat_map(|worker| eval.reached(worker)).collect();
        let read = NAMES.iter().chain(INSIDES).find_map(|name| {
            eval.project.attributes_named(name).iter().take(MAX_READS).copied().find(|read| {
                let facts = eval.file(read.file);
                let object = facts.tree().child(read.node, Field::Object);
                let in_worker = facts.enclosing_function(read.node).is_some_and(|function| {
                    reached.contains(&Site { file: read.file, node: function })
                });
                in_worker
                    && object.is_some_and(|object| {
                        is_parameter(eval, Site { file: read.file, node: object })
                    })
            })
        });
        if let Some(read) = read.filter(|_| leaves(&each.leaf)) {
            return Some(read);
        }
    }
    None
}

fn is_parameter(eval: &Eval, object: Site) -> bool {
    use crate::facts::scopes::BindingKind;
    let facts = eval.file(object.file);
    facts.scopes.resolve_name(object.node).is_some_and(|(home, name)| {
        let bindings = facts.scopes.bindings(home, name);
        bindings.iter().any(|binding| matches!(binding.kind, BindingKind::Parameter { .. }))
    })
}

/// Whether a function can keep its name only by being called so at module level: the program reads it.
pub(in crate::rewrite) fn reads_name(eval: &Eval, definition: Site) -> bool {
    place(eval, definition, NAMES, &|_| true).is_some()
}

/// Where one of the attributes is read of an expression that may be the function, as it was taken where `concerns` says.
fn place(
    eval: &Eval,
    definition: Site,
    attributes: &[&str],
    concerns: &dyn Fn(Site) -> bool,
) -> Option<Site> {
    let is_it = |object: Site| {
        is_variable(eval, object)
            && eval
                .origins(object)
                .iter()
                .any(|origin| is_of(&origin.callable, definition) && concerns(origin.leaf))
    };
    let inside = |read: Site| {
        read.file == definition.file
            && eval.file(read.file).tree().contains(definition.node, read.node)
    };
    let plain = attributes
        .iter()
        .flat_map(|name| eval.project.attributes_named(name).iter().take(MAX_READS));
    let asked = ["getattr", "hasattr"]
        .into_iter()
        .flat_map(|name| eval.project.calls_named(name).iter().take(MAX_READS));
    let named = asked.filter(|call| {
        eval.positional_arguments(**call)
            .get(1)
            .and_then(|name| eval.string_literal(*name))
            .is_some_and(|name| attributes.contains(&name))
    });
    let object_of = |read: &Site| {
        let tree = eval.file(read.file).tree();
        match tree.kind(read.node) {
            Kind::Attribute => {
                tree.child(read.node, Field::Object).map(|node| Site { file: read.file, node })
            }
            _ => eval.positional_arguments(*read).first().copied(),
        }
    };
    plain.chain(named).copied().find(|read| !inside(*read) && object_of(read).is_some_and(is_it))
}

/// Whether an object is read by a variable that is bound to neither a definition nor an import alone.
fn is_variable(eval: &Eval, object: Site) -> bool {
    use crate::facts::scopes::BindingKind;
    let facts = eval.file(object.file);
    let tree = facts.tree();
    let node: NodeId = tree.unparenthesized(object.node);
    match tree.kind(node) {
        Kind::Identifier => facts.scopes.resolve_name(node).is_some_and(|(home, name)| {
            let bindings = facts.scopes.bindings(home, name);
            bindings.iter().any(|binding| {
                !matches!(
                    binding.kind,
                    BindingKind::FunctionDef(_)
                        | BindingKind::ClassDef(_)
                        | BindingKind::Import { .. }
                )
            })
        }),
        Kind::Attribute | Kind::Subscript => true,
        _ => false,
    }
}
