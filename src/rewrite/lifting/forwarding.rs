//! A local function that the program looks at (its name, its signature, what prints it) stays what it was, and calls the function
//! at module level that its body became; only the processes get that one.

use crate::facts::FileFacts;
use crate::findings::{Reason, Refusal};
use crate::project::{Site, Value};
use crate::rewrite::Bind;
use crate::rewrite::lifting::binding::{self, Form, Plan};
use crate::rewrite::lifting::captures::Variable;
use crate::rewrite::lifting::hoist::{Group, Member, unsupported};
use crate::rewrite::lifting::read_kinds::{ReadKind, kind_of_read};
use crate::rewrite::lifting::uses::Use;
use crate::rewrite::lifting::{decorators, member, registered, shown, timing};
use crate::rewrite::place;
use crate::syntax::{Field, Kind, NodeId};
use crate::text::{Edit, Span, indent};

/// What a local function is that stays when its body moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::rewrite) enum Local {
    /// It has the decorators, if there are any, and the function at module level has none.
    Decorated,
    /// Both have them: it is looked at, and never called.
    Alike,
}

/// What stays of a member that can only move if its local function stays; `None` where it moves as a whole, or not at all.
pub(in crate::rewrite) fn local(group: &Group, at: usize) -> Option<Local> {
    let (facts, moved) = (group.facts(), &group.members[at]);
    let tree = facts.tree();
    let variable = moved.variable.as_ref()?;
    let is_lambda = tree.kind(moved.node) == Kind::Lambda;
    let is_plain = (is_lambda || tree.kind(moved.node) == Kind::FunctionDefinition)
        && variable.home != facts.scopes.module()
        && moved.defaults.is_empty()
        && member::is_only_binding(facts, variable, moved.node)
        && !facts.is_async(moved.node)
        && !facts.is_generator(moved.node)
        && !moved.statement.is_none_or(|statement| binding::place_is_odd(facts, statement));
    if !is_plain {
        return None;
    }
    let reads = binding::reads_that_stay(group, variable);
    // A lambda is known by itself, and sent by its name.
    let is_it = |node: NodeId| {
        node == moved.node && reads.iter().any(|read| binding::use_at(group, *read).is_some())
    };
    let is_named = |each: &Use| {
        each.leaf.file == group.file && (reads.contains(&each.leaf.node) || is_it(each.leaf.node))
    };
    if at == 0 && !group.dispatches.iter().all(is_named) {
        return None;
    }
    let is_idle_cache = decorators::is_idle_cache(group, moved);
    let is_other = |read: &NodeId| {
        let site = Site { file: group.file, node: *read };
        binding::use_at(group, *read).is_none()
            && kind_of_read(group, site, None) == ReadKind::Other
    };
    // In the parent it reads what it captures when it is called.
    let is_late = || reads.iter().any(is_other) && !binding::is_stable(group, at, &reads, true);
    let is_needed = is_idle_cache
        || is_late()
        || shown::judge(group, moved).is_err()
        || registered::judge(group, moved).is_err()
        || binding::attributes_stay(group, at, variable).is_err();
    let is_kept = facts.decorators(moved.node).is_empty()
        || registered::keeper(group.eval, group.file, moved.node).is_some()
        || is_idle_cache;
    let left = reads.iter().filter(|read| binding::use_at(group, **read).is_none());
    let is_never_called = || {
        left.clone().all(|read| is_only_looked_at(group, Site { file: group.file, node: *read }))
    };
    match (is_needed, is_kept) {
        (true, true) => Some(Local::Decorated),
        (true, false) if is_never_called() => Some(Local::Alike),
        _ => None,
    }
}

/// What only looks at what it is given.
const LOOKING: &[&str] =
    &["builtins.callable", "builtins.print", "builtins.repr", "builtins.str", "inspect.signature"];

/// Whether a place that names a function does not call it, nor hand it to anyone who does.
fn is_only_looked_at(group: &Group, read: Site) -> bool {
    let facts = group.facts();
    let tree = facts.tree();
    let Some(up) = tree.parent(read.node) else { return false };
    match tree.kind(up) {
        Kind::ComparisonOperator => true,
        Kind::Attribute => {
            tree.field(read.node) == Field::Object
                && tree.child(up, Field::Attribute).is_some_and(|name| {
                    matches!(
                        facts.text(name),
                        "__name__" | "__qualname__" | "__doc__" | "__module__"
                    )
                })
        }
        Kind::ArgumentList => {
            let callee = tree.parent(up).and_then(|call| tree.child(call, Field::Function));
            callee.is_some_and(|node| {
                let values = group.eval.values(Site { file: group.file, node });
                matches!(&*values, [Value::External { path, .. }] if LOOKING.contains(&&**path))
            })
        }
        _ => false,
    }
}

/// Refuses where the body itself uses attributes of the function: they would be those of another one.
pub(in crate::rewrite) fn judge(group: &Group, moved: &Member) -> Result<(), Refusal> {
    let (facts, Some(variable)) = (group.facts(), &moved.variable) else { return Ok(()) };
    let tree = facts.tree();
    let of_itself = facts.scopes.references(variable.home, &variable.name).iter().find(|read| {
        member::in_moved_part(facts, moved.node, **read)
            && tree.field(**read) == Field::Object
            && tree.parent(**read).is_some_and(|up| tree.kind(up) == Kind::Attribute)
    });
    let Some(read) = of_itself else { return Ok(()) };
    Err(Refusal::new(
        Reason::OtherUse,
        format!(
            "'{}' uses an attribute of itself (line {}), and the program looks at it from outside as well",
            variable.name,
            facts.source.lines().line(tree.start(*read))
        ),
        "define the function at module level by hand, with the attributes it needs",
    ))
}

/// What is sent is the function at module level; the local one becomes a call of it.
pub(in crate::rewrite) fn plan(
    group: &Group,
    at: usize,
    variable: &Variable,
    bind: Bind,
    partial: &str,
    plan: &mut Plan,
) -> Result<(), Refusal> {
    let facts = group.facts();
    let form = binding::form(group, at);
    let reads = binding::reads_that_stay(group, variable);
    let is_sent = |read: &NodeId| binding::use_at(group, *read).is_some();
    let sent: Vec<NodeId> = reads.iter().copied().filter(is_sent).collect();
    for read in &sent {
        let site = Site { file: group.file, node: *read };
        if kind_of_read(group, site, binding::use_at(group, *read)) == ReadKind::Other {
            for (captured, _) in group.parameters(at) {
                if group.changed_by_definition(&captured).is_none() {
                    timing::settled(facts, &captured, *read)?;
                }
            }
        }
    }
    binding::at_reads(group, at, &sent, &form, bind, partial, plan)?;
    let moved = &group.members[at];
    // A decorator that keeps the function has to run.
    let is_used = sent.len() < reads.len()
        || registered::keeper(group.eval, group.file, moved.node).is_some();
    if !is_used {
        plan.removed.extend(moved.statement);
        return Ok(());
    }
    let edit = local_function(facts, moved, &form)
        .ok_or_else(|| unsupported("its header cannot be told from its body"))?;
    plan.outside.push(edit);
    Ok(())
}

/// The body of the local function: its docstring, and the call.
fn local_function(facts: &FileFacts, moved: &Member, form: &Form) -> Option<Edit> {
    let tree = facts.tree();
    let statement = moved.statement?;
    let body = tree.child(moved.node, Field::Body)?;
    let parameters = tree.child(moved.node, Field::Parameters);
    let call = call_of(facts, parameters, form);
    if tree.kind(moved.node) == Kind::Lambda {
        return Some(Edit::replace(tree.span(body), call));
    }
    let colon = tree.end(place::colon_before(tree, moved.node, body)?);
    let lines = place::statement_lines(facts, statement);
    let end = lines.start + facts.slice(lines).trim_end_matches(['\n', '\r']).len() as u32;
    let first = tree.children(body).find(|node| tree.kind(*node) != Kind::Comment)?;
    let newline = facts.source.newline();
    let is_below = facts.slice(Span::new(colon, tree.start(first))).contains('\n');
    let inner = if is_below {
        indent::indentation(facts.all(), tree.start(first)).to_owned()
    } else {
        let outer = indent::indentation(facts.all(), tree.start(statement));
        format!("{outer}{}", place::indent_unit(facts))
    };
    let docstring = tree.children(first).next().filter(|text| {
        is_below
            && tree.kind(first) == Kind::ExpressionStatement
            && matches!(tree.kind(*text), Kind::String | Kind::ConcatenatedString)
    });
    let docstring = docstring.map(|text| format!("{newline}{inner}{}", facts.text(text)));
    Some(Edit::replace(
        Span::new(colon, end.max(tree.end(body))),
        format!("{}{newline}{inner}return {call}", docstring.unwrap_or_default()),
    ))
}

/// The call of the function at module level with all that the local one takes, and the captured values.
fn call_of(facts: &FileFacts, parameters: Option<NodeId>, form: &Form) -> String {
    let own = parameters.map(|parameters| passed_on(facts, parameters)).unwrap_or_default();
    let values = form.arguments();
    let parts = if form.leading { [values, own] } else { [own, values] };
    let given: Vec<&str> =
        parts.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
    format!("{}({})", form.name, given.join(", "))
}

/// The parameters of a function as the arguments of a call that passes them all on.
fn passed_on(facts: &FileFacts, parameters: NodeId) -> String {
    let mut by_name = false;
    let mut given = Vec::new();
    for parameter in facts.tree().children(parameters) {
        if facts.tree().kind(parameter) == Kind::Comment {
            continue;
        }
        let text = facts.text(parameter);
        let name = text.split([':', '=']).next().unwrap_or(text).trim();
        match name {
            "/" => {}
            "*" => by_name = true,
            _ if name.starts_with('*') => {
                by_name = true;
                given.push(name.to_owned());
            }
            _ if by_name => given.push(format!("{name}={name}")),
            _ => given.push(name.to_owned()),
        }
    }
    given.join(", ")
}
