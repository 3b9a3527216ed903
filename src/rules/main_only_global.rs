//! SP401: a worker reads a global, or uses an import, that only the guard (or what it calls) binds.

use super::{Rule, RuleContext};
use crate::facts::scopes::{Binding, BindingKind};
use crate::findings::{Finding, Remedy, Severity};
use crate::project::{FileId, Sent, Site};
use crate::rewrite::import_move;
use crate::rewrite::state::globals::{self, GlobalRead, Placement, placement};
use crate::syntax::{Field, Kind, NodeId, QueryFile};
use std::collections::{BTreeMap, BTreeSet};

static QUERY: QueryFile =
    QueryFile::new("main_only_global", include_str!("../../queries/main_only_global.scm"));

pub(super) const RULE: Rule = Rule {
    code: "SP401",
    name: "main-only-global",
    summary: "a worker reads a global that only the entry-point guard, or what it calls, binds",
    query: &QUERY,
    page: include_str!("main_only_global.md"),
    check,
};

fn check(ctx: &RuleContext) -> Vec<Finding> {
    let mut found = Vec::new();
    for (sent, worker, methods) in ctx.importing_workers() {
        let missing: Vec<GlobalRead> = ctx
            .reads_from_outside(&sent.dispatch, worker)
            .into_iter()
            .filter(|read| is_main_only(ctx, read, sent))
            .collect();
        if missing.is_empty() {
            continue;
        }
        let of_pool = ctx
            .workers_beside(sent)
            .into_iter()
            .flat_map(|worker| ctx.reads_from_outside(&sent.dispatch, worker));
        let mut values: BTreeMap<FileId, BTreeSet<String>> = BTreeMap::new();
        for read in of_pool.filter(|read| is_main_only(ctx, read, sent) && !is_import(ctx, read)) {
            values.entry(read.file).or_default().insert(read.name);
        }
        for read in &missing {
            let facts = ctx.eval.file(read.file);
            let name = &read.name;
            let bindings = facts.scopes.bindings(facts.scopes.module(), name);
            let Some(binding) = bindings
                .iter()
                .find(|binding| {
                    !is_for_workers(ctx, read, binding, sent)
                        && !is_never_run(ctx, read, binding, sent)
                })
                .or(bindings.first())
            else {
                continue;
            };
            let binder = Site { file: read.file, node: binding.node };
            let worker_name = ctx.eval.file(read.function.file).definition_name(read.function.node);
            let message = format!(
                "'{worker_name}' runs in a worker of {} and reads '{name}', which only the main process binds ({}); {}",
                ctx.api_name(sent),
                ctx.location(binder).line_seen_from(&ctx.facts().source.path),
                if globals::is_done_by_sender(ctx.eval, binder, &sent.places()) {
                    "children do not run that function"
                } else {
                    "children skip the entry-point guard"
                }
            );
            let remedy = if is_import(ctx, read) {
                import_move::to_top(ctx.eval, read).map_or_else(Remedy::Refused, Remedy::Fix)
            } else {
                ctx.handed_over(sent, read.file, &values)
            };
            let mut related = vec![
                ctx.related(read.read, "read here"),
                ctx.related(binder, format!("'{name}' is bound here")),
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

fn is_import(ctx: &RuleContext, read: &GlobalRead) -> bool {
    let facts = ctx.eval.file(read.file);
    facts
        .scopes
        .bindings(facts.scopes.module(), &read.name)
        .iter()
        .all(|binding| matches!(binding.kind, BindingKind::Import { .. }))
}

/// Whether a read stands in a `try` that asks for the name to be missing: its handler names NameError, or, as one for
/// everything, uses or binds the name itself.
fn is_prepared_for_absence(ctx: &RuleContext, read: &GlobalRead) -> bool {
    let facts = ctx.eval.file(read.read.file);
    let tree = facts.tree();
    let speaks_of = |node: NodeId| {
        tree.subtree(node).any(|inner| {
            tree.kind(inner) == Kind::Identifier && facts.text(inner) == read.name
                || tree.kind(inner) == Kind::PassStatement
        })
    };
    let prepares = |handler: NodeId| {
        let text = facts.text(handler);
        let head = text.split_once(':').map_or(text, |(head, _)| head);
        head.contains("NameError")
            || head.trim() == "except" && speaks_of(handler)
            || head.contains("Exception") && speaks_of(handler)
    };
    tree.ancestors(read.read.node).any(|up| {
        tree.kind(up) == Kind::TryStatement
            && tree.child(up, Field::Body).is_some_and(|body| tree.contains(body, read.read.node))
            && tree.children(up).filter(|node| tree.kind(*node) == Kind::ExceptClause).any(prepares)
    })
}

/// Whether every binding of the global happens in the main process only.
fn is_main_only(ctx: &RuleContext, read: &GlobalRead, sent: &Sent) -> bool {
    let facts = ctx.eval.file(read.file);
    let module = facts.scopes.module();
    let bindings = facts.scopes.bindings(module, &read.name);
    let forgiven = is_prepared_for_absence(ctx, read);
    let callable =
        |kind: &BindingKind| matches!(kind, BindingKind::FunctionDef(_) | BindingKind::ClassDef(_));
    !bindings.is_empty()
        && !forgiven
        && facts.scopes.bindings(module, "*").is_empty()
        && !bindings.iter().any(|binding| callable(&binding.kind))
        && bindings.iter().all(|binding| match placement(facts, binding) {
            Placement::Import => false,
            Placement::Guard => true,
            Placement::Function(node) => {
                let (function, place) =
                    (Site { file: read.file, node }, Site { file: read.file, node: binding.node });
                globals::is_main_only(ctx.eval, function)
                    || globals::is_done_by_sender(ctx.eval, place, &sent.places())
                    || is_for_workers(ctx, read, binding, sent)
                    || is_never_run(ctx, read, binding, sent)
            }
        })
        && !bindings.iter().all(|binding| is_never_run(ctx, read, binding, sent))
        && !bindings.iter().all(|binding| is_for_workers(ctx, read, binding, sent))
}

/// Whether a binding of a global stands in a function that nothing runs, and that sends nothing.
fn is_never_run(ctx: &RuleContext, read: &GlobalRead, binding: &Binding, sent: &Sent) -> bool {
    match placement(ctx.eval.file(read.file), binding) {
        Placement::Function(node) => {
            let place = Site { file: read.file, node: binding.node };
            globals::is_never_run(ctx.eval, Site { file: read.file, node })
                && !globals::is_done_by_sender(ctx.eval, place, &sent.places())
        }
        _ => false,
    }
}

/// Whether a global is bound by an initializer, that of another executor, since what the worker's own one binds is known; or
/// by what the worker runs, which then takes it from the old value.
fn is_for_workers(ctx: &RuleContext, read: &GlobalRead, binding: &Binding, sent: &Sent) -> bool {
    match placement(ctx.eval.file(read.file), binding) {
        Placement::Function(node) => {
            let function = Site { file: read.file, node };
            ctx.is_initializer(function)
                || ctx
                    .eval
                    .worker(&sent.origin)
                    .is_some_and(|worker| ctx.eval.reached(worker).contains(&function))
        }
        _ => false,
    }
}
