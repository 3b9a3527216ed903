//! SP202: what a worker gives back cannot be pickled.

use super::{Rule, RuleContext};
use crate::catalogue::EntryKind;
use crate::findings::{Finding, Reason, Refusal, Remedy, Severity};
use crate::project::{Argument, Callable, Content, Sent, Site, What};
use crate::rewrite::substitutes::result_value;
use crate::syntax::{Kind, QueryFile};
use std::collections::BTreeSet;

static QUERY: QueryFile =
    QueryFile::new("unpicklable_return", include_str!("../../queries/unpicklable_return.scm"));

pub(super) const RULE: Rule = Rule {
    code: "SP202",
    name: "unpicklable-return",
    summary: "the worker is a generator or coroutine function, or returns what cannot be pickled",
    query: &QUERY,
    page: include_str!("unpicklable_return.md"),
    check,
};

fn check(ctx: &RuleContext) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut seen: BTreeSet<(Site, Site)> = BTreeSet::new();
    for sent in ctx.sent_calls().into_iter().chain(decorated(ctx)) {
        if !sent.dispatch.api(ctx.eval.project).returns || sent.slot.name == "initializer" {
            continue;
        }
        let Some(worker) = ctx.eval.worker(&sent.origin).filter(|worker| is_named(ctx, *worker))
        else {
            continue;
        };
        if !seen.insert((worker, sent.origin.handover)) {
            continue;
        }
        match whole(ctx, sent, worker) {
            Some((reason, what, advice)) => {
                let name = ctx.eval.file(worker.file).definition_name(worker.node);
                let message = format!(
                    "'{name}' is {what} and runs in a worker of {}; what it returns cannot be pickled to come back",
                    ctx.api_name(sent)
                );
                let refusal = Refusal::new(reason, format!("'{name}' is {what}"), advice);
                let definition = Some((worker, format!("'{name}' is defined here")));
                let remedy = result_value::run_to_the_end(ctx.eval, sent)
                    .map_or(Remedy::Refused(refusal), Remedy::Fix);
                found.push(ctx.finding(
                    sent.origin.handover,
                    message,
                    &sent.methods,
                    Severity::Error,
                    remedy,
                    ctx.path_of(sent, definition),
                ));
            }
            None => found.extend(returned(ctx, sent, worker)),
        }
    }
    found
}

/// The functions of the file whose decorator runs them in a process.
fn decorated<'c>(ctx: &'c RuleContext) -> impl Iterator<Item = &'c Sent> {
    let is_decorator =
        |sent: &&Sent| sent.dispatch.api(ctx.eval.project).kind == EntryKind::Decorator;
    ctx.index.handed_over_in(ctx.file).filter(is_decorator)
}

/// Whether a decorator that is not known stands before a worker: it may run it and give back something else.
fn is_changed_by_decorators(ctx: &RuleContext, sent: &Sent, worker: Site) -> bool {
    let facts = ctx.eval.file(worker.file);
    let sends = sent.dispatch.api(ctx.eval.project).kind == EntryKind::Decorator;
    facts.decorators(worker.node).len() > usize::from(sends)
}

/// Local functions and lambdas have rules of their own, which say so when they refuse.
fn is_named(ctx: &RuleContext, worker: Site) -> bool {
    ctx.eval.file(worker.file).tree().kind(worker.node) == Kind::FunctionDefinition
        && !ctx.eval.is_local(worker)
}

/// Workers whose every result is of no use: generator functions, coroutine functions, context managers.
fn whole(
    ctx: &RuleContext,
    sent: &Sent,
    worker: Site,
) -> Option<(Reason, &'static str, &'static str)> {
    let facts = ctx.eval.file(worker.file);
    if ctx.eval.has_decorator(worker, &["contextmanager", "asynccontextmanager"]) {
        return Some((
            Reason::GeneratorWorker,
            "a context manager function",
            "enter the context in a plain function, and return what it computes",
        ));
    }
    if is_changed_by_decorators(ctx, sent, worker) {
        return None;
    }
    if facts.is_async(worker.node) {
        let awaits = sent.dispatch.api(ctx.eval.project).id.starts_with("aiomultiprocess.");
        return (!awaits).then_some((
            Reason::CoroutineWorker,
            "a coroutine function",
            "send a plain function that calls asyncio.run",
        ));
    }
    let advice = if ctx.eval.yields_without_end(worker) {
        "it never ends: give it an end, collect the items in a list and return that, or put them into a queue"
    } else {
        "collect the items in a list and return that"
    };
    facts.is_generator(worker.node).then_some((
        Reason::GeneratorWorker,
        "a generator function",
        advice,
    ))
}

fn returned(ctx: &RuleContext, sent: &Sent, worker: Site) -> Vec<Finding> {
    let facts = ctx.eval.file(worker.file);
    if is_changed_by_decorators(ctx, sent, worker) {
        return Vec::new();
    }
    let name = facts.definition_name(worker.node);
    let mut found = Vec::new();
    for value in ctx.eval.returns(worker) {
        let contents = ctx.eval.contents(Argument::object(value), false);
        // What callers in the parent pass is no business of the worker.
        let is_own = |content: &Content| {
            let from_guard = matches!(content.what, What::Callable(Callable::Instance(class)) if !ctx.eval.is_local(class));
            content.through.is_empty() && !from_guard
        };
        let Some(content) = contents.into_iter().find(is_own) else { continue };
        let what = described(ctx, &content);
        let message = format!(
            "'{name}' runs in a worker of {} and returns {what}, which cannot be pickled to come back",
            ctx.api_name(sent)
        );
        let fix = if content.leaf == value {
            result_value::picklable(ctx.eval, value, &what)
        } else {
            None
        };
        let moved = || match &content.what {
            What::Object(obstacle) => {
                ctx.moved_lambda(obstacle, &sent.dispatch, sent.origin.handover)
            }
            What::Callable(_) => None,
        };
        let remedy = fix.map(Remedy::Fix).or_else(moved).unwrap_or_else(|| {
            let advice =
                "return plain data: a list, a dict, the text or the numbers that the parent needs";
            Remedy::Refused(Refusal::new(
                Reason::UnpicklableObject,
                format!("'{name}' returns {what}"),
                advice,
            ))
        });
        let definition = Some((value, format!("{what} is returned here")));
        found.push(ctx.finding(
            sent.origin.handover,
            message,
            &sent.methods,
            Severity::Error,
            remedy,
            ctx.path_of(sent, definition),
        ));
    }
    found
}

fn described(ctx: &RuleContext, content: &Content) -> String {
    match &content.what {
        What::Object(obstacle) if obstacle.path.is_empty() => obstacle.what.clone(),
        What::Object(obstacle) => {
            format!("an object that holds {} ({})", obstacle.what, obstacle.path)
        }
        What::Callable(Callable::Lambda(_)) => "a lambda".to_owned(),
        What::Callable(Callable::Function(site)) => {
            format!("the local function '{}'", ctx.eval.file(site.file).definition_name(site.node))
        }
        What::Callable(Callable::Instance(site)) => format!(
            "an instance of the local class '{}'",
            ctx.eval.file(site.file).definition_name(site.node)
        ),
        What::Callable(Callable::Class(site)) => {
            format!("the local class '{}'", ctx.eval.file(site.file).definition_name(site.node))
        }
        What::Callable(_) => "a callable".to_owned(),
    }
}
