//! SP403: a worker reads a global that the parent changes after import.

use super::{Rule, RuleContext};
use crate::catalogue::Transport;
use crate::findings::{Finding, Reason, Refusal, Remedy, Severity};
use crate::project::{Argument, FileId, Sent, Site, Value, What};
use crate::rewrite::state::globals::{self, GlobalRead, Placement, placement};
use crate::syntax::{Field, Kind, QueryFile};
use std::collections::{BTreeMap, BTreeSet};

static QUERY: QueryFile =
    QueryFile::new("fork_inherited_state", include_str!("../../queries/fork_inherited_state.scm"));

pub(super) const RULE: Rule = Rule {
    code: "SP403",
    name: "fork-inherited-state",
    summary: "a worker reads a global that the parent changes after import",
    query: &QUERY,
    page: include_str!("fork_inherited_state.md"),
    check,
};

fn check(ctx: &RuleContext) -> Vec<Finding> {
    let mut found = Vec::new();
    for (sent, worker, methods) in ctx.importing_workers() {
        let reached = ctx.eval.reached(worker);
        let changed: Vec<(GlobalRead, Site)> = ctx
            .reads_from_outside(sent, worker)
            .into_iter()
            .filter_map(|read| {
                first_change(ctx, &read, sent, &reached).map(|change| (read, change))
            })
            .collect();
        if changed.is_empty() {
            continue;
        }
        let of_pool = ctx
            .workers_beside(sent)
            .into_iter()
            .flat_map(|worker| ctx.reads_from_outside(sent, worker));
        let alike: Vec<GlobalRead> =
            of_pool.filter(|read| first_change(ctx, read, sent, &reached).is_some()).collect();
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
                    .find_map(|other| unsettled(ctx, other, sent, &reached))
            };
            let remedy = match refused(read.file) {
                Some(refusal) => Remedy::Refused(refusal),
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

/// The first change of the global in the main process that comes before its workers get it.
fn first_change(
    ctx: &RuleContext,
    read: &GlobalRead,
    sent: &Sent,
    reached: &[Site],
) -> Option<Site> {
    changes(ctx, read, sent, reached).into_iter().map(|change| change.site).next()
}

/// A place that changes a global.
struct Change {
    site: Site,
    /// Whether it binds the name anew, and leaves the object alone.
    binds: bool,
}

/// The moments when what a dispatch sends is pickled at the latest: a process takes its things along when it starts.
fn moments(ctx: &RuleContext, sent: &Sent) -> Vec<Site> {
    let entry = sent.dispatch.api(ctx.eval.project);
    let is_process = entry.transport == Transport::ProcessArgs
        && entry.callables.first().is_some_and(|slot| slot.name == "target");
    let starts =
        if is_process { ctx.eval.starts_of_process(sent.dispatch.call) } else { Vec::new() };
    starts.into_iter().chain([sent.dispatch.call]).collect()
}

/// The changes of the global in the main process that come before its workers get it: those that bind its name anew first.
fn changes(ctx: &RuleContext, read: &GlobalRead, sent: &Sent, reached: &[Site]) -> Vec<Change> {
    let (file, name) = globals::home_of(ctx.eval, read.file, &read.name);
    let facts = ctx.eval.file(file);
    let module = facts.scopes.module();
    let bindings = facts.scopes.bindings(module, &name);
    let imported = bindings.iter().find(|binding| {
        placement(facts, binding) == Placement::Import && globals::is_value(binding)
    });
    if !bindings.iter().all(globals::is_value)
        || imported.is_none_or(|imported| is_shared(ctx, file, imported))
    {
        return Vec::new();
    }
    let moments = moments(ctx, sent);
    let by_parent = |change: &Change| {
        let site = &change.site;
        let function = ctx
            .eval
            .file(site.file)
            .enclosing_function(site.node)
            .map(|node| Site { file: site.file, node });
        let in_worker = function.is_some_and(|function| reached.contains(&function));
        let by_sender = globals::is_done_by_sender(ctx.eval, *site, sent);
        let at_import = function
            .is_some_and(|function| !by_sender && !globals::is_main_only(ctx.eval, function));
        let is_before = || {
            moments
                .iter()
                .chain(by_sender.then_some(&sent.origin.handover))
                .any(|moment| ctx.eval.is_before(*site, *moment))
        };
        !in_worker && !at_import && is_before()
    };
    let late = bindings.iter().filter(|binding| placement(facts, binding) != Placement::Import);
    // A name that was imported stays with its object when the other module binds its own anew.
    let rebound = late
        .map(|binding| Change { site: Site { file, node: binding.node }, binds: true })
        .filter(|_| file == read.file);
    let in_place = globals::changes(ctx.eval, file, &name)
        .into_iter()
        .map(|site| Change { site, binds: false });
    let outside = globals::changes_from_outside(ctx.eval, file, &name)
        .into_iter()
        .filter(|(_, binds)| !binds || file == read.file);
    let outside = outside.map(|(site, binds)| Change { site, binds });
    rebound.chain(in_place).chain(outside).filter(by_parent).collect()
}

/// Why the workers cannot be given the global when they start: it changes again before the dispatch, or holds what cannot travel.
fn unsettled(
    ctx: &RuleContext,
    read: &GlobalRead,
    sent: &Sent,
    reached: &[Site],
) -> Option<Refusal> {
    let start = sent.dispatch.made.unwrap_or(sent.dispatch.call);
    let name = &read.name;
    let moments = moments(ctx, sent);
    for Change { site: change, binds } in changes(ctx, read, sent, reached) {
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

/// Multiprocessing's own objects are the business of another rule.
fn is_shared(ctx: &RuleContext, file: FileId, binding: &crate::facts::scopes::Binding) -> bool {
    ctx.eval.binding_values(file, binding).iter().any(|value| {
        matches!(value, Value::Instance(crate::project::Type::External { path, .. }) if crate::catalogue::objects::made_by(path).is_some_and(|object| object.shared))
    })
}
