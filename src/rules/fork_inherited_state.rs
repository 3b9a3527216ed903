//! SP403: a worker reads a global, or an attribute of a class, that the parent changes after import.

use super::{Rule, RuleContext};
use crate::catalogue::Transport;
use crate::facts::scopes::{Binding, BindingKind};
use crate::findings::{Finding, Reason, Refusal, Remedy, Severity, StartMethod};
use crate::project::{Argument, FileId, Sent, Site, Value, What};
use crate::rewrite::lifting::captures::guard_around;
use crate::rewrite::state::class_attributes;
use crate::rewrite::state::globals::{self, GlobalRead, Placement, placement};
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
        let reached = own.iter().copied().chain(also).collect();
        let workers = Workers { sent, reached, moments: moments(ctx, sent) };
        let reads: Vec<GlobalRead> = std::iter::once(&worker)
            .chain(&carried)
            .flat_map(|function| ctx.reads_from_outside(sent, *function))
            .collect();
        found.extend(replaced(ctx, &workers, &reads, &methods));
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
            .flat_map(|worker| ctx.reads_from_outside(sent, worker));
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
                    .find_map(|other| unsettled(ctx, other, &workers))
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

/// The first change of the global in the main process that comes before its workers get it.
fn first_change(ctx: &RuleContext, read: &GlobalRead, workers: &Workers) -> Option<Site> {
    changes(ctx, read, workers).into_iter().map(|change| change.site).next()
}

/// The workers of one dispatch.
struct Workers<'a> {
    sent: &'a Sent,
    /// The functions that run in them.
    reached: Vec<Site>,
    /// When what they are given is pickled at the latest.
    moments: Vec<Site>,
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
fn changes(ctx: &RuleContext, read: &GlobalRead, workers: &Workers) -> Vec<Change> {
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
    let by_string = class_attributes::bound_by_string(ctx.eval, file, &name)
        .into_iter()
        .map(|site| Change { site, binds: true })
        .filter(|_| file == read.file);
    rebound
        .chain(in_place)
        .chain(outside)
        .chain(by_string)
        .filter(|change| is_by_parent(ctx, change.site, workers))
        .collect()
}

/// Whether a change happens in the main process, before the workers of a dispatch get what they read.
fn is_by_parent(ctx: &RuleContext, site: Site, workers: &Workers) -> bool {
    let sent = workers.sent;
    let function = ctx
        .eval
        .file(site.file)
        .enclosing_function(site.node)
        .map(|node| Site { file: site.file, node });
    let in_worker = function.is_some_and(|function| workers.reached.contains(&function));
    let by_sender = globals::is_done_by_sender(ctx.eval, site, sent);
    let at_import =
        function.is_some_and(|function| !by_sender && !globals::is_main_only(ctx.eval, function));
    let is_before = || {
        workers
            .moments
            .iter()
            .chain(by_sender.then_some(&sent.origin.handover))
            .any(|moment| ctx.eval.is_before(site, *moment))
    };
    !in_worker && !at_import && is_before()
}

/// The findings about what no initializer can hand over: attributes of classes, and functions and classes that the parent
/// replaces.
fn replaced(
    ctx: &RuleContext,
    workers: &Workers,
    reads: &[GlobalRead],
    methods: &[StartMethod],
) -> Vec<Finding> {
    let sent = workers.sent;
    let mut found = Vec::new();
    let mut tell = |what: String, read: Site, function: Site, change: Site| {
        let worker_name = ctx.eval.file(function.file).definition_name(function.node);
        let line = ctx.location(change).line_seen_from(&ctx.facts().source.path);
        let message = format!(
            "'{worker_name}' runs in a worker of {} and reads {what}, which the parent changes after import ({line}); under spawn and forkserver it sees the value of the import",
            ctx.api_name(sent),
        );
        let refusal = Refusal::new(
            Reason::NoHandOver,
            format!(
                "{what} belongs to the module that every child imports for itself; {line} changes that of the parent only"
            ),
            "pass what is meant to the worker as an argument",
        );
        let mut related =
            vec![ctx.related(read, "read here"), ctx.related(change, "it is changed here")];
        related.extend(ctx.path_of(sent, None));
        found.push(ctx.finding(
            sent.origin.handover,
            message,
            methods,
            Severity::Error,
            Remedy::Refused(refusal),
            related,
        ));
    };
    let first =
        |changes: Vec<Site>| changes.into_iter().find(|change| is_by_parent(ctx, *change, workers));
    for read in class_attributes::reads(ctx.eval, &workers.reached) {
        if let Some(change) = first(class_attributes::changes(ctx.eval, read.class, &read.name)) {
            let class = ctx.eval.file(read.class.file).definition_name(read.class.node);
            let what = format!("the attribute '{}' of the class '{class}'", read.name);
            tell(what, read.read, read.function, change);
        }
    }
    for read in reads {
        if let Some(change) = first(replacements(ctx, read)) {
            tell(format!("the global '{}'", read.name), read.read, read.function, change);
        }
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
    let names = list
        .into_iter()
        .flat_map(|list| tree.subtree(list))
        .filter(|node| tree.kind(*node) == Kind::Identifier && facts.scopes.is_read(*node));
    let mut found = Vec::new();
    for node in names {
        // Whatever decorates it, a definition runs under its name.
        let defined = facts.scopes.resolve_name(node).into_iter().flat_map(|(home, name)| {
            facts.scopes.bindings(home, name).iter().filter_map(|binding| match binding.kind {
                BindingKind::FunctionDef(node) => Some(Site { file: call.file, node }),
                _ => None,
            })
        });
        found.extend(defined.filter(|function| !sent_itself.contains(function)));
        for value in ctx.eval.values(Site { file: call.file, node }).iter() {
            let functions = match value {
                Value::Function(function) => vec![*function],
                Value::Partial(partial) => ctx
                    .eval
                    .positional_arguments(*partial)
                    .first()
                    .map(|first| ctx.eval.values(*first))
                    .iter()
                    .flat_map(|values| values.iter())
                    .filter_map(|value| match value {
                        Value::Function(function) => Some(*function),
                        _ => None,
                    })
                    .collect(),
                _ => Vec::new(),
            };
            found.extend(functions.into_iter().filter(|function| !sent_itself.contains(function)));
        }
    }
    found.sort();
    found.dedup();
    found
}

/// The places that bind a global anew, in functions or under the guard, that is a function or a class when it is imported.
fn replacements(ctx: &RuleContext, read: &GlobalRead) -> Vec<Site> {
    let facts = ctx.eval.file(read.file);
    let bindings = facts.scopes.bindings(facts.scopes.module(), &read.name);
    // The name of a definition stands inside it.
    let at_import = |definition: NodeId| {
        facts.enclosing_function(definition).is_none() && guard_around(facts, definition).is_none()
    };
    let is_first = |binding: &Binding| match binding.kind {
        BindingKind::FunctionDef(node) | BindingKind::ClassDef(node) => at_import(node),
        _ => placement(facts, binding) == Placement::Import,
    };
    let is_definition = bindings.iter().any(|binding| {
        is_first(binding)
            && matches!(binding.kind, BindingKind::FunctionDef(_) | BindingKind::ClassDef(_))
    });
    if !is_definition {
        return Vec::new();
    }
    let late = bindings
        .iter()
        .filter(|binding| !is_first(binding))
        .map(|binding| Site { file: read.file, node: binding.node });
    let outside = globals::changes_from_outside(ctx.eval, read.file, &read.name)
        .into_iter()
        .filter(|(_, binds)| *binds)
        .map(|row| row.0);
    let by_string = class_attributes::bound_by_string(ctx.eval, read.file, &read.name);
    late.chain(outside).chain(by_string).collect()
}

/// Why the workers cannot be given the global when they start: it changes again before the dispatch, or holds what cannot travel.
fn unsettled(ctx: &RuleContext, read: &GlobalRead, workers: &Workers) -> Option<Refusal> {
    let (sent, moments) = (workers.sent, &workers.moments);
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

/// Multiprocessing's own objects are the business of another rule.
fn is_shared(ctx: &RuleContext, file: FileId, binding: &crate::facts::scopes::Binding) -> bool {
    ctx.eval.binding_values(file, binding).iter().any(|value| {
        matches!(value, Value::Instance(crate::project::Type::External { path, .. }) if crate::catalogue::objects::made_by(path).is_some_and(|object| object.shared))
    })
}
