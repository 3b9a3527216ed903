//! SP403: a worker reads a global, or an attribute of a class, that the parent changes after import.

use super::parent_changes::{self, Change, Outdated, Workers, changes, first_change};
use super::{Rule, RuleContext};
use crate::facts::scopes::BindingKind;
use crate::findings::{Finding, Reason, Refusal, Remedy, Severity, StartMethod};
use crate::project::{Argument, FileId, Sent, Site, Value, What};
use crate::rewrite::state::globals::GlobalRead;
use crate::syntax::{Field, Kind, NodeId, QueryFile};
use std::collections::{BTreeMap, BTreeSet};

static QUERY: QueryFile =
    QueryFile::new("fork_inherited_state", include_str!("../../queries/fork_inherited_state.scm"));

pub(super) const RULE: Rule = Rule {
    code: "SP403",
    name: "fork-inherited-state",
    summary: "a worker reads a global or class attribute that the parent changes after import",
    query: &QUERY,
    page: include_str!("fork_inherited_state.md"),
    check,
};

fn check(ctx: &RuleContext) -> Vec<Finding> {
    let mut found = Vec::new();
    for (sent, worker, methods) in ctx.importing_workers() {
        let own = ctx.eval.reached(worker);
        let carried = carried_functions(ctx, sent);
        let also = carried.iter().flat_map(|function| ctx.eval.reached(*function));
        let reached: Vec<Site> = own.iter().copied().chain(also).collect();
        let workers = Workers::new(ctx, &sent.dispatch, sent.origin.handover, &reached);
        let reads: Vec<GlobalRead> = std::iter::once(&worker)
            .chain(&carried)
            .flat_map(|function| ctx.reads_from_outside(&sent.dispatch, *function))
            .collect();
        found.extend(replaced(ctx, sent, &workers, &reads, &methods));
        let changed: Vec<(GlobalRead, Site)> = reads
            .into_iter()
            .filter_map(|read| first_change(ctx, &read, &workers).map(|change| (read, change)))
            .collect();
        if changed.is_empty() {
            continue;
        }
        let of_pool = ctx
            .workers_beside(sent)
            .into_iter()
            .flat_map(|worker| ctx.reads_from_outside(&sent.dispatch, worker));
        let alike: Vec<GlobalRead> =
            of_pool.filter(|read| first_change(ctx, read, &workers).is_some()).collect();
        for (read, change) in &changed {
            let name = &read.name;
            let worker_name = ctx.eval.file(read.function.file).definition_name(read.function.node);
            let message = format!(
                "'{worker_name}' runs in a worker of {} and reads the global '{name}', which the parent changes after import ({}); under spawn and forkserver it sees the value of the import",
                ctx.api_name(sent),
                ctx.location(*change).line_seen_from(&ctx.facts().source.path)
            );
            let refused = |file: FileId| {
                alike
                    .iter()
                    .filter(|other| other.file == file)
                    .find_map(|other| unsettled(ctx, sent, other, &workers))
            };
            let remedy = match refused(read.file) {
                Some(refusal) => Remedy::Refused(refusal),
                None if !own.contains(&read.function) => Remedy::Refused(Refusal::new(
                    Reason::NoHandOver,
                    format!(
                        "'{worker_name}' travels as an argument, and nothing hands '{name}' to it"
                    ),
                    "pass the value to the function as an argument",
                )),
                None => {
                    let mut names: BTreeMap<FileId, BTreeSet<String>> = BTreeMap::new();
                    for other in alike
                        .iter()
                        .filter(|other| other.file == read.file || refused(other.file).is_none())
                    {
                        names.entry(other.file).or_default().insert(other.name.clone());
                    }
                    ctx.handed_over(sent, read.file, &names)
                }
            };
            let mut related = vec![
                ctx.related(read.read, "read here"),
                ctx.related(*change, format!("'{name}' is changed here")),
            ];
            related.extend(ctx.path_of(sent, None));
            found.push(ctx.finding(
                sent.origin.handover,
                message,
                &methods,
                Severity::Error,
                remedy,
                related,
            ));
        }
    }
    found
}

/// The findings about what no initializer can hand over: attributes of classes, and functions and classes that the parent
/// replaces.
fn replaced(
    ctx: &RuleContext,
    sent: &Sent,
    workers: &Workers,
    reads: &[GlobalRead],
    methods: &[StartMethod],
) -> Vec<Finding> {
    let mut found = Vec::new();
    for outdated in parent_changes::of_no_value(ctx, workers, reads) {
        let Outdated { what, read, function, change } = &outdated;
        let worker_name = ctx.eval.file(function.file).definition_name(function.node);
        let line = ctx.location(*change).line_seen_from(&ctx.facts().source.path);
        let message = format!(
            "'{worker_name}' runs in a worker of {} and reads {what}, which the parent changes after import ({line}); under spawn and forkserver it sees the value of the import",
            ctx.api_name(sent),
        );
        let mut related =
            vec![ctx.related(*read, "read here"), ctx.related(*change, "it is changed here")];
        related.extend(ctx.path_of(sent, None));
        found.push(ctx.finding(
            sent.origin.handover,
            message,
            methods,
            Severity::Error,
            Remedy::Refused(outdated.refusal(ctx)),
            related,
        ));
    }
    found
}

/// The functions among the arguments of a dispatch: they run in the worker as well.
fn carried_functions(ctx: &RuleContext, sent: &Sent) -> Vec<Site> {
    let call = sent.dispatch.call;
    let facts = ctx.eval.file(call.file);
    let tree = facts.tree();
    let list = tree.child(call.node, Field::Arguments);
    // What fills a slot is looked at by itself, and need not be meant for every start method.
    let sent_itself: BTreeSet<Site> = ctx
        .index
        .all()
        .iter()
        .filter(|other| other.dispatch.call == call)
        .filter_map(|other| ctx.eval.worker(&other.origin))
        .collect();
    let mut found = Vec::new();
    let mut waiting: Vec<NodeId> = list.into_iter().flat_map(|list| tree.children(list)).collect();
    while let Some(node) = waiting.pop() {
        let site = Site { file: call.file, node };
        match tree.kind(node) {
            Kind::Identifier => {
                // Whatever decorates it, a definition runs under its name.
                let defined =
                    facts.scopes.resolve_name(node).into_iter().flat_map(|(home, name)| {
                        facts.scopes.bindings(home, name).iter().filter_map(|binding| match binding
                            .kind
                        {
                            BindingKind::FunctionDef(node) => Some(Site { file: call.file, node }),
                            _ => None,
                        })
                    });
                found.extend(defined);
                found.extend(functions_of(ctx, site));
            }
            Kind::Attribute => found.extend(functions_of(ctx, site)),
            // What the parent calls gives something else; a partial and an object keep what they are given.
            Kind::Call => {
                found.extend(functions_of(ctx, site));
                let callee = tree.child(node, Field::Function);
                let values = callee.map(|node| ctx.eval.values(Site { file: call.file, node }));
                let keeps =
                    values.iter().flat_map(|values| values.iter()).any(|value| match value {
                        Value::Class(_) => true,
                        Value::External { path, .. } => &**path == "functools.partial",
                        _ => false,
                    });
                let given = tree.child(node, Field::Arguments).filter(|_| keeps);
                waiting.extend(given.into_iter().flat_map(|given| tree.children(given)));
            }
            Kind::Lambda => {}
            Kind::KeywordArgument => waiting.extend(tree.child(node, Field::Value)),
            _ => waiting.extend(tree.children(node)),
        }
    }
    found.retain(|function| !sent_itself.contains(function));
    found.sort();
    found.dedup();
    found
}

/// The functions that an expression may be, and those that partials call which it may be.
fn functions_of(ctx: &RuleContext, site: Site) -> Vec<Site> {
    let function = |value: &Value| match value {
        Value::Function(function) | Value::Method { function: Some(function), .. } => {
            Some(*function)
        }
        _ => None,
    };
    let of_partial = |call: Site| {
        let first = ctx.eval.positional_arguments(call).first().copied();
        let values = first.map(|first| ctx.eval.values(first));
        values.iter().flat_map(|values| values.iter()).filter_map(function).collect::<Vec<_>>()
    };
    let values = ctx.eval.values(site);
    let each = values.iter().flat_map(|value| match value {
        Value::Partial(call) => of_partial(*call),
        _ => function(value).into_iter().collect(),
    });
    each.collect()
}

/// Why the workers cannot be given the global when they start: it changes again before the dispatch, or holds what cannot travel.
fn unsettled(
    ctx: &RuleContext,
    sent: &Sent,
    read: &GlobalRead,
    workers: &Workers,
) -> Option<Refusal> {
    let moments = &workers.moments;
    let start = sent.dispatch.made.unwrap_or(sent.dispatch.call);
    let name = &read.name;
    for Change { site: change, binds } in changes(ctx, read, workers) {
        // The object that a process is given is pickled when that starts.
        let comes_along = !binds
            && moments.len() > 1
            && moments.iter().any(|moment| ctx.eval.is_before(change, *moment));
        if !comes_along && !ctx.eval.is_before(change, start)
            || start != sent.dispatch.call && ctx.eval.is_before(start, change)
        {
            let advice =
                "change it before the workers start, or pass it to the worker as an argument";
            return Some(Refusal::new(
                Reason::NoHandOver,
                format!("'{name}' is changed when the workers may have started"),
                advice,
            ));
        }
        let facts = ctx.eval.file(change.file);
        let tree = facts.tree();
        let at = |node| Site { file: change.file, node };
        let stored: Vec<Site> = match tree.enclosing(change.node, &[Kind::Assignment, Kind::Call]) {
            Some(up) if tree.kind(up) == Kind::Call => ctx.eval.all_arguments(at(up)),
            up => up.and_then(|up| tree.child(up, Field::Right)).map(at).into_iter().collect(),
        };
        let contents =
            stored.into_iter().flat_map(|each| ctx.eval.contents(Argument::object(each), true));
        if let Some(content) = contents.into_iter().next() {
            let what = match &content.what {
                What::Object(obstacle) => obstacle.what.clone(),
                What::Callable(_) => "a callable without an importable name".to_owned(),
            };
            let advice = "make it in the worker, by an initializer";
            return Some(Refusal::new(
                Reason::UnpicklableObject,
                format!(
                    "'{name}' is given {what} ({})",
                    ctx.location(change).line_seen_from(&ctx.facts().source.path)
                ),
                advice,
            ));
        }
    }
    None
}
