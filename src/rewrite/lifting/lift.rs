//! The remedy for a callable without an importable name: send what it calls, or hoist it.

use crate::facts::scopes::ScopeKind;
use crate::findings::{Reason, Refusal, Remedy};
use crate::project::{Eval, Site};
use crate::rewrite::lifting::captures::{self, Variable};
use crate::rewrite::lifting::hoist::Group;
use crate::rewrite::lifting::member;
use crate::rewrite::lifting::started_processes;
use crate::rewrite::lifting::uses::Use;
use crate::rewrite::{Bind, callables::unwrap};
use crate::syntax::Kind;

/// The remedy for a local function or lambda that reaches `uses`.
pub fn callable(eval: &Eval, definition: Site, uses: Vec<Use>, bind: Bind) -> Remedy {
    match try_callable(eval, definition, uses, bind) {
        Ok(remedy) => remedy,
        Err(refusal) => Remedy::Refused(refusal),
    }
}

fn try_callable(
    eval: &Eval,
    definition: Site,
    uses: Vec<Use>,
    bind: Bind,
) -> Result<Remedy, Refusal> {
    let facts = eval.file(definition.file);
    let name = facts.definition_name(definition.node);
    let who = if name.is_empty() { "the lambda".to_owned() } else { format!("'{name}'") };
    if facts.is_generator(definition.node) {
        return Err(Refusal::new(
            Reason::GeneratorWorker,
            format!(
                "{who} is a generator function (it has a yield): its result, a generator, cannot come back from a worker"
            ),
            "collect the items in a list inside the worker and return that",
        ));
    }
    if facts.tree().kind(definition.node) == Kind::FunctionDefinition
        && facts.is_async(definition.node)
        && !uses.iter().all(|each| accepts_coroutines(eval, each))
    {
        return Err(Refusal::new(
            Reason::CoroutineWorker,
            format!(
                "{who} is a coroutine function: a worker would return a coroutine that nobody awaits"
            ),
            "send a plain function that calls asyncio.run",
        ));
    }
    let holder = facts.scopes.get(facts.scopes.scope_of(definition.node));
    if facts.tree().kind(definition.node) == Kind::FunctionDefinition
        && holder.kind == ScopeKind::Class
    {
        return Err(Refusal::new(
            Reason::UnsupportedShape,
            format!("{who} belongs to a class, which stands in a function"),
            "move the class to module level",
        ));
    }
    if facts.is_package_main() {
        return Err(unreachable_for_children("the worker"));
    }
    let started: Vec<Site> = uses
        .iter()
        .filter(|each| each.dispatch.carries_primitives(eval.project))
        .map(|each| each.dispatch.call)
        .collect();
    for capture in captures::of(eval, definition.file, definition.node).into_iter().flatten() {
        started_processes::judge(eval, definition.file, &capture, &started)?;
    }
    if facts.tree().kind(definition.node) == Kind::Lambda
        && bind != Bind::Partial
        && let Some(fix) = unwrap::unwrap(eval, definition.file, definition.node, &uses)
    {
        return Ok(Remedy::Fix(fix));
    }
    let title = if name.is_empty() {
        "turn the lambda into a module-level function".to_owned()
    } else {
        format!("hoist {who} to module level")
    };
    let group = Group::collect(eval, definition, uses, bind)?;
    group.judge()?;
    Ok(Remedy::Fix(group.print(title)?))
}

/// Why nothing in a `__main__.py` can be put where children find it.
pub fn unreachable_for_children(what: &str) -> Refusal {
    Refusal::new(
        Reason::MainModule,
        "the file is run as __main__.py, which child processes never import, so it cannot host workers".to_owned(),
        format!("move {what} into a module beside it and import it from there"),
    )
}

/// The remedy for a local class whose objects cross. `inherits` tells whether they only travel with processes, as these do
/// themselves; of `changed` they are given the values that the parent has.
pub fn class(eval: &Eval, class: Site, inherits: bool, bind: Bind, changed: &[Variable]) -> Remedy {
    let attempt = || {
        let facts = eval.file(class.file);
        let group = Group::of_class(eval, class, inherits, bind, changed)?;
        group.judge()?;
        group.print(format!(
            "move the class '{}' to module level",
            member::class_name(facts, class.node)
        ))
    };
    match attempt() {
        Ok(fix) => Remedy::Fix(fix),
        Err(refusal) => Remedy::Refused(refusal),
    }
}

fn accepts_coroutines(eval: &Eval, each: &Use) -> bool {
    each.dispatch.api(eval.project).id.starts_with("aiomultiprocess.")
}

/// Whether the callable takes anything from the functions around it, as far as its scopes tell.
pub fn has_captures(eval: &Eval, definition: Site) -> bool {
    let tree = eval.file(definition.file).tree();
    // What its decorators name is no capture.
    let own = |capture: &captures::Capture| {
        capture.reads.is_empty()
            || capture.reads.iter().any(|read| tree.contains(definition.node, *read))
    };
    captures::of(eval, definition.file, definition.node)
        .map_or(true, |captures| captures.iter().any(own))
}
