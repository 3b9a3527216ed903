//! Whether a captured variable has, at the place where a rewrite reads it, the value that the worker must see.

use crate::facts::FileFacts;
use crate::facts::scopes::ScopeId;
use crate::findings::{Reason, Refusal};
use crate::project::{Eval, FileId, Site};
use crate::rewrite::lifting::captures;
use crate::rewrite::lifting::captures::Variable;
use crate::rewrite::lifting::uses::Use;
use crate::syntax::{Field, Kind, NodeId};
use crate::text::Edit;

/// Refuses if the variable may be unbound where `place` is evaluated. Where the `callable` reads it on every way
/// through its body, an unbound variable raises NameError anyway: then the place is as good as any.
pub(in crate::rewrite) fn bound(
    eval: &Eval,
    file: FileId,
    variable: &Variable,
    callable: NodeId,
    place: NodeId,
) -> Result<(), Refusal> {
    let facts = eval.file(file);
    let at = in_home(facts, variable, place);
    if facts.flow().definitely_bound_before(variable.home, &variable.name, at)
        || (starts_bound(facts, variable, at) && is_always_read(facts, variable, callable))
    {
        return Ok(());
    }
    let line = facts.source.lines().line(facts.tree().start(place));
    Err(Refusal::new(
        Reason::UnboundCapture,
        format!(
            "the captured '{}' may not be bound yet on line {line}, where the rewrite would have to read it",
            variable.name
        ),
        "bind it before the dispatch on every path",
    ))
}

/// Whether some binding stands above `at` and none below: the variable is bound there if it ever is.
fn starts_bound(facts: &FileFacts, variable: &Variable, at: NodeId) -> bool {
    let tree = facts.tree();
    let bindings = facts.scopes.bindings(variable.home, &variable.name);
    let plain = |binding: &crate::facts::scopes::Binding| {
        !matches!(
            binding.kind,
            crate::facts::scopes::BindingKind::Delete
                | crate::facts::scopes::BindingKind::Except { .. }
        ) && tree.end(binding.node) <= tree.start(at)
    };
    !bindings.is_empty() && bindings.iter().all(plain)
}

/// Whether the callable's own body reads the variable unconditionally.
fn is_always_read(facts: &FileFacts, variable: &Variable, callable: NodeId) -> bool {
    let tree = facts.tree();
    let conditional = [
        Kind::IfStatement,
        Kind::ForStatement,
        Kind::WhileStatement,
        Kind::TryStatement,
        Kind::WithStatement,
        Kind::MatchStatement,
        Kind::ConditionalExpression,
        Kind::BooleanOperator,
        Kind::ListComprehension,
        Kind::SetComprehension,
        Kind::DictionaryComprehension,
        Kind::GeneratorExpression,
        Kind::Lambda,
        Kind::FunctionDefinition,
        Kind::ClassDefinition,
    ];
    let returns_early = |read: NodeId| {
        facts.own_nodes(callable).any(|node| {
            matches!(tree.kind(node), Kind::ReturnStatement | Kind::RaiseStatement)
                && tree.end(node) <= tree.start(read)
        })
    };
    facts.scopes.references(variable.home, &variable.name).iter().any(|read| {
        tree.contains(callable, *read)
            && !tree
                .ancestors(*read)
                .take_while(|up| *up != callable)
                .any(|up| conditional.contains(&tree.kind(up)))
            && !returns_early(*read)
    })
}

/// Whether the variable keeps its value from `statement` on until the last of `reads`, so that binding it there is
/// the same as binding it at each read.
///
/// `others` are the other definitions under the name of the callable: behind them the name means something else.
/// `kept` tells that the callable is stored or passed on, so that it may be sent at any later time.
pub(in crate::rewrite) fn stable_from(
    eval: &Eval,
    file: FileId,
    variable: &Variable,
    statement: NodeId,
    reads: &[NodeId],
    others: &[NodeId],
    kept: bool,
) -> bool {
    let facts = eval.file(file);
    let from = in_home(facts, variable, statement);
    if !facts.flow().definitely_bound_before(variable.home, &variable.name, from) {
        return false;
    }
    if facts.flow().may_rebind_after(variable.home, &variable.name, from) {
        return !kept
            && reads.iter().all(|read| {
                let to = in_home(facts, variable, *read);
                // A read in a nested function happens at an unknown time.
                facts.scopes.scope_of(*read) == facts.scopes.scope_of(statement)
                    && !facts.flow().may_rebind_between_without(
                        variable.home,
                        &variable.name,
                        from,
                        to,
                        others,
                    )
            });
    }
    true
}

/// Refuses if the variable may get another value once it was read at `place`.
pub(in crate::rewrite) fn settled(
    facts: &FileFacts,
    variable: &Variable,
    place: NodeId,
) -> Result<(), Refusal> {
    let from = in_home(facts, variable, place);
    if facts.flow().may_rebind_after(variable.home, &variable.name, from) {
        Err(bound_anew(variable))
    } else {
        Ok(())
    }
}

/// Where a rewrite reads a captured variable.
#[derive(Debug, Clone, Copy)]
pub(in crate::rewrite) struct Moment {
    /// The expression or statement.
    place: NodeId,
    /// The offset among the arguments of the dispatch, where the values are further ones of them.
    among: Option<u32>,
}

/// The moment at which a rewrite at `place` reads what is captured; with `arguments`, edits of the dispatch, where those stand.
pub(in crate::rewrite) fn read_at(place: NodeId, arguments: Option<&[Edit]>) -> Moment {
    let among = arguments.and_then(|edits| edits.iter().map(|edit| edit.span.start).min());
    Moment { place, among }
}

/// Refuses if the variable may be bound anew after the rewrite reads it at `place` and before the callable is pickled:
/// what travels with a Process is pickled at `start()`, an initializer when the workers start.
pub(in crate::rewrite) fn kept_until_sent(
    eval: &Eval,
    file: FileId,
    variable: &Variable,
    moment: Moment,
    each: &Use,
) -> Result<(), Refusal> {
    let facts = eval.file(file);
    let tree = facts.tree();
    let place = moment.place;
    let from = in_home(facts, variable, place);
    // Sent from outside the scope that holds the variable.
    let outside = variable.home != facts.scopes.module()
        && (each.dispatch.call.file != file
            || !tree.contains(facts.scopes.get(variable.home).node, each.dispatch.call.node));
    if each.dispatch.call.file != file || outside && is_given_to_call(facts, place) {
        let later = is_sent_later(eval, each)
            && facts.flow().may_rebind_after(variable.home, &variable.name, from);
        return if later { Err(bound_anew(variable)) } else { Ok(()) };
    }
    if variable.home == facts.scopes.module() && is_changed_under_workers(facts, variable, each) {
        return Err(bound_anew(variable));
    }
    let call = in_home(facts, variable, each.dispatch.call.node);
    if changed_by_arguments(facts, variable, moment, each.dispatch.call.node) {
        return Err(bound_anew(variable));
    }
    let others = other_definitions(facts, place, each.slot.expression);
    let rebound = |to: NodeId| {
        facts.flow().may_rebind_between_without(variable.home, &variable.name, from, to, &others)
    };
    // Any later binding in that scope comes first.
    let mut changed = if outside || is_collected(facts, place, each.dispatch.call.node) {
        facts.flow().may_rebind_after(variable.home, &variable.name, from)
    } else {
        from != call && !tree.contains(call, from) && rebound(call)
    };
    if each.dispatch.carries_primitives(eval.project) && !changed {
        changed = match start_of(facts, each.dispatch.call.node) {
            Some(start) => rebound(in_home(facts, variable, start)),
            None => {
                facts.flow().may_rebind_after(variable.home, &variable.name, from)
                    && !sent_at_once(facts, each, eval)
            }
        };
    }
    if changed { Err(bound_anew(variable)) } else { Ok(()) }
}

/// Whether what stands behind `place` in the call, and is evaluated before the callable is sent, may bind the variable anew: a
/// walrus, or a call where another function writes the variable.
fn changed_by_arguments(
    facts: &FileFacts,
    variable: &Variable,
    moment: Moment,
    call: NodeId,
) -> bool {
    let tree = facts.tree();
    let place = moment.place;
    let Some(list) = tree.child(call, Field::Arguments) else { return false };
    // A definition further up is read anew where the call takes it.
    let own = if tree.contains(list, place) { tree.end(place) } else { tree.start(list) };
    let from = moment.among.unwrap_or(own);
    // Defaults of a lambda are evaluated with it, and bound behind what it captures.
    let defaults =
        tree.child(place, Field::Parameters).filter(|_| tree.kind(place) == Kind::Lambda);
    let is_later = |node: NodeId| {
        tree.start(node) >= from || defaults.is_some_and(|defaults| tree.contains(defaults, node))
    };
    let behind: Vec<NodeId> =
        tree.subtree(list).filter(|node| is_later(*node) && *node != place).collect();
    let bindings = facts.scopes.bindings(variable.home, &variable.name);
    let by_walrus = bindings.iter().any(|binding| behind.contains(&binding.node));
    let from_elsewhere = bindings.iter().any(|binding| {
        binding.scope != variable.home
            && !matches!(binding.kind, crate::facts::scopes::BindingKind::Parameter { .. })
    });
    by_walrus || from_elsewhere && behind.iter().any(|node| tree.kind(*node) == Kind::Call)
}

/// The other definitions under the name that the callable at `place` gets, if that name is what fills the slot.
fn other_definitions(facts: &FileFacts, place: NodeId, slot: Site) -> Vec<NodeId> {
    let tree = facts.tree();
    let statement = facts.statement(place);
    let assigned = tree
        .children(statement)
        .next()
        .and_then(|inner| tree.child(inner, Field::Left))
        .filter(|_| captures::is_plain_assignment(facts, statement));
    let defined =
        || tree.child(tree.child(statement, Field::Definition).unwrap_or(statement), Field::Name);
    let Some((home, name)) =
        assigned.or_else(defined).and_then(|name| facts.scopes.resolve_name(name))
    else {
        return Vec::new();
    };
    let is_sent = tree.kind(slot.node) == Kind::Identifier
        && facts.scopes.resolve_name(slot.node) == Some((home, name));
    let bindings = facts.scopes.bindings(home, name).iter().filter(|_| is_sent);
    bindings.map(|binding| binding.node).filter(|node| !tree.contains(statement, *node)).collect()
}

/// Whether a global that a function binds may get another value after the workers were made and before the dispatch: workers
/// that are forked keep the one before.
fn is_changed_under_workers(facts: &FileFacts, variable: &Variable, each: &Use) -> bool {
    let call = each.dispatch.call;
    let Some(made) = each.dispatch.made.filter(|made| made.file == call.file) else { return false };
    let (from, to) = (in_home(facts, variable, made.node), in_home(facts, variable, call.node));
    from != to && facts.flow().may_rebind_between(variable.home, &variable.name, from, to)
}

fn bound_anew(variable: &Variable) -> Refusal {
    Refusal::new(
        Reason::ReboundCapture,
        format!(
            "the captured '{}' may be bound anew between the place where the rewrite would read it and the moment the callable is sent",
            variable.name
        ),
        "pass the value that is meant as an argument",
    )
}

/// Whether `place` is an argument of a call: what it gives is used while that call runs.
fn is_given_to_call(facts: &FileFacts, place: NodeId) -> bool {
    let tree = facts.tree();
    let mut at = place;
    while let Some(up) = tree.parent(at) {
        match tree.kind(up) {
            Kind::ParenthesizedExpression | Kind::ConditionalExpression | Kind::KeywordArgument => {
                at = up;
            }
            Kind::ArgumentList => return true,
            _ => return false,
        }
    }
    false
}

/// Whether what a forwarder is given may be sent after its call has ended: an object or container keeps it, the
/// forwarder is a generator or a function inside another, or it makes a Process that is started elsewhere.
fn is_sent_later(eval: &Eval, each: &Use) -> bool {
    let call = each.dispatch.call;
    let facts = eval.file(call.file);
    let lazy = facts.enclosing_function(call.node).is_some_and(|function| {
        facts.is_generator(function) || facts.enclosing_function(function).is_some()
    });
    let waits = each.dispatch.carries_primitives(eval.project)
        && start_of(facts, call.node).is_none()
        && !sent_at_once(facts, each, eval);
    each.kept || lazy || waits
}

/// Whether the callable at `place` goes into a container, an attribute or another call before the dispatch gets it:
/// then several may be made before one is sent.
fn is_collected(facts: &FileFacts, place: NodeId, call: NodeId) -> bool {
    let tree = facts.tree();
    if tree.contains(call, place) {
        return false;
    }
    let mut at = place;
    while let Some(up) = tree.parent(at) {
        match tree.kind(up) {
            Kind::ParenthesizedExpression | Kind::ConditionalExpression | Kind::BooleanOperator => {
                at = up;
            }
            Kind::Assignment => return !captures::is_plain_assignment(facts, up),
            Kind::NamedExpression => return false,
            // A definition, or the name of one, stands by itself.
            Kind::Block
            | Kind::Module
            | Kind::DecoratedDefinition
            | Kind::ExpressionStatement
            | Kind::ReturnStatement => return false,
            _ => return true,
        }
    }
    false
}

/// Whether what the call sends is sent within the call itself.
fn sent_at_once(facts: &FileFacts, each: &Use, eval: &Eval) -> bool {
    let entry = each.dispatch.api(eval.project);
    let tree = facts.tree();
    // `Pool(…)` starts its workers at once, `Process(…).start()` does, too.
    let started = tree
        .parent(each.dispatch.call.node)
        .filter(|up| tree.kind(*up) == Kind::Attribute)
        .and_then(|attribute| tree.child(attribute, Field::Attribute))
        .is_some_and(|name| facts.text(name) == "start");
    started || entry.starts == crate::catalogue::Starts::Construct
}

/// `x.start()` further down in the suite of `x = Process(…)`, before `x` is bound anew. A process starts once, so
/// that is where it starts at the latest, whoever else has it.
fn start_in_suite(facts: &FileFacts, assignment: NodeId) -> Option<NodeId> {
    let tree = facts.tree();
    let name = facts.text(tree.child(assignment, Field::Left)?);
    let statement = facts.statement(assignment);
    let later =
        tree.children(tree.parent(statement)?).skip_while(|sibling| *sibling != statement).skip(1);
    for sibling in later {
        let inner = tree
            .children(sibling)
            .next()
            .filter(|_| tree.kind(sibling) == Kind::ExpressionStatement);
        let callee = inner
            .filter(|inner| tree.kind(*inner) == Kind::Call)
            .and_then(|inner| tree.child(inner, Field::Function));
        if callee.is_some_and(|callee| facts.text(callee).strip_suffix(".start") == Some(name)) {
            return inner;
        }
        let rebinds = tree
            .subtree(sibling)
            .any(|node| tree.field(node) == Field::Left && facts.text(node) == name);
        let leaves = tree.subtree(sibling).any(|node| {
            matches!(
                tree.kind(node),
                Kind::ReturnStatement | Kind::BreakStatement | Kind::ContinueStatement
            )
        });
        if rebinds || leaves {
            return None;
        }
    }
    None
}

/// The `x.start()` call of a process that `call` makes, where `x` is a plain name bound once to it, in the same suite.
fn start_of(facts: &FileFacts, call: NodeId) -> Option<NodeId> {
    let tree = facts.tree();
    let assignment = tree.parent(call).filter(|up| tree.kind(*up) == Kind::Assignment)?;
    if let Some(start) = start_in_suite(facts, assignment) {
        return Some(start);
    }
    let left =
        tree.child(assignment, Field::Left).filter(|left| tree.kind(*left) == Kind::Identifier)?;
    let (home, name) = facts.scopes.resolve_name(left)?;
    let starts: Vec<NodeId> = facts
        .scopes
        .references(home, name)
        .iter()
        .copied()
        .filter(|read| tree.start(*read) > tree.end(call))
        .filter_map(|read| {
            let attribute = tree.parent(read).filter(|up| tree.kind(*up) == Kind::Attribute)?;
            let is_start = tree
                .child(attribute, Field::Attribute)
                .is_some_and(|name| facts.text(name) == "start");
            is_start.then(|| tree.parent(attribute)).flatten()
        })
        .collect();
    let escapes = facts.scopes.references(home, name).iter().any(|read| {
        let up = tree.parent(*read);
        up.is_none_or(|up| tree.kind(up) != Kind::Attribute)
    });
    match starts.as_slice() {
        [one] if !escapes || facts.enclosing_function(*one) == facts.enclosing_function(call) => {
            Some(*one)
        }
        _ => None,
    }
}

/// `place`, or the nested function or comprehension around it that stands directly in the variable's own scope.
fn in_home(facts: &FileFacts, variable: &Variable, place: NodeId) -> NodeId {
    let tree = facts.tree();
    let home = binding_scope(facts, variable, place);
    if facts.scopes.scope_of(place) == home {
        return place;
    }
    let mut found = place;
    for up in tree.ancestors(place) {
        found = up;
        let opens = matches!(
            tree.kind(up),
            Kind::FunctionDefinition | Kind::Lambda | Kind::ClassDefinition
        ) || matches!(
            tree.kind(up),
            Kind::ListComprehension
                | Kind::SetComprehension
                | Kind::DictionaryComprehension
                | Kind::GeneratorExpression
        );
        if opens && facts.scopes.scope_of(up) == home {
            return up;
        }
    }
    found
}

/// The scope that holds a variable; for a global that only one function around `place` binds, that function.
fn binding_scope(facts: &FileFacts, variable: &Variable, place: NodeId) -> ScopeId {
    let tree = facts.tree();
    let bindings = facts.scopes.bindings(variable.home, &variable.name);
    let Some(first) = bindings.first().map(|binding| binding.scope) else { return variable.home };
    let is_around = tree.contains(facts.scopes.get(first).node, place);
    if is_around && bindings.iter().all(|binding| binding.scope == first) {
        first
    } else {
        variable.home
    }
}
