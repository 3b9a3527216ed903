//! SP303: `set_start_method`, `freeze_support` at import time.

use super::{Rule, RuleContext};
use crate::facts::execution;
use crate::findings::{Finding, Remedy, Severity, StartMethod};
use crate::project::names::script::Role;
use crate::project::{Site, Value};
use crate::rewrite::guard::Script;
use crate::syntax::{Field, Kind, NodeId, QueryFile, Tree};
use std::collections::BTreeSet;

static QUERY: QueryFile = QueryFile::new(
    "start_method_at_import",
    include_str!("../../queries/start_method_at_import.scm"),
);

pub(super) const RULE: Rule = Rule {
    code: "SP303",
    name: "start-method-at-import",
    summary: "the start method is set, or freeze_support called, while the script is imported",
    query: &QUERY,
    page: include_str!("start_method_at_import.md"),
    check,
};

fn check(ctx: &RuleContext) -> Vec<Finding> {
    let facts = ctx.facts();
    if !["set_start_method", "freeze_support"].iter().any(|name| facts.all().contains(name)) {
        return Vec::new();
    }
    let wanted = |call: &NodeId, is_freeze: bool| {
        runs_at_import(ctx, *call)
            && is_strict(ctx, *call)
            && (!is_freeze || ctx.eval.starts_processes(ctx.file))
    };
    let calls: Vec<(NodeId, bool)> = ctx
        .matches()
        .iter()
        .filter_map(|hit| Some((hit.get("call")?, hit.get("name")?)))
        .map(|(call, name)| (call, facts.text(name) == "freeze_support"))
        .filter(|(call, is_freeze)| wanted(call, *is_freeze))
        .collect();
    if calls.is_empty() {
        return Vec::new();
    }
    let script = Script::new(ctx.eval, ctx.file, ctx.index.all());
    if script.role == Role::Main {
        return Vec::new();
    }
    let calls: Vec<(usize, NodeId, bool)> = calls
        .into_iter()
        .filter(|(_, is_freeze)| !is_freeze || script.is_script())
        .filter_map(|(call, is_freeze)| Some((script.position(call)?, call, is_freeze)))
        .collect();
    let remedy = remedy(ctx, &script, &calls.iter().map(|row| row.0).collect());
    calls
        .into_iter()
        .map(|(_, call, is_freeze)| finding(ctx, call, is_freeze, remedy.clone()))
        .collect()
}

/// Where a process start or repeated work has to move, the calls move with them, in their order; else they move alone.
fn remedy(ctx: &RuleContext, script: &Script, calls: &BTreeSet<usize>) -> Remedy {
    let mut others = script.unguarded_starts();
    if others.is_empty() && script.role == Role::Script && ctx.eval.starts_processes(ctx.file) {
        others.extend(script.repeated().into_iter().map(|row| row.0));
    }
    let together = script
        .sorted(&others)
        .ok()
        .filter(|sorting| !others.is_empty() && calls.is_subset(&sorting.moved));
    let fix = if together.is_some() || !script.unguarded_starts().is_empty() {
        script.guarded(&others, ctx.guard_style)
    } else {
        script.guarded_alone(calls)
    };
    fix.map_or_else(Remedy::Refused, Remedy::Fix)
}

fn finding(ctx: &RuleContext, call: NodeId, is_freeze: bool, remedy: Remedy) -> Finding {
    let (message, severity) = if is_freeze {
        (
            "freeze_support() is called while the script is imported: in a frozen program every child calls it again, too late",
            Severity::Warning,
        )
    } else {
        (
            "the start method is set while the script is imported: every child sets it again, fails because it is set, and a pool replaces it for ever",
            Severity::Critical,
        )
    };
    ctx.finding(ctx.at(call), message, &StartMethod::PICKLING, severity, remedy, Vec::new())
}

/// Whether the call is evaluated when the module is imported.
fn runs_at_import(ctx: &RuleContext, call: NodeId) -> bool {
    let facts = ctx.facts();
    let statement = facts.top_level_statement(call);
    facts.enclosing_function(call).is_none()
        && execution::executed(facts, statement).contains(&call)
}

/// Whether it is multiprocessing's, and fails when it is repeated: not forced, not tried, not under a condition that asks
/// for the method, and not fork, whose children import nothing.
fn is_strict(ctx: &RuleContext, call: NodeId) -> bool {
    let facts = ctx.facts();
    let tree = facts.tree();
    let site = ctx.at(call);
    let Some(callee) = tree.child(call, Field::Function) else { return false };
    let of_library =
        ctx.eval.values(Site { file: ctx.file, node: callee }).iter().any(|value| match value {
            Value::External { path, .. } => {
                ["multiprocessing.", "torch.multiprocessing.", "billiard.", "multiprocess."]
                    .iter()
                    .any(|module| path.starts_with(module))
            }
            _ => false,
        });
    let forced =
        ctx.eval.argument(site, "force", 1).is_some_and(|force| facts.text(force.node) != "False");
    let fork = ctx
        .eval
        .argument(site, "method", 0)
        .is_some_and(|method| ctx.eval.string_literal(method) == Some("fork"));
    let excused =
        tree.ancestors(call).take_while(|up| *up != Tree::ROOT).any(|up| match tree.kind(up) {
            Kind::TryStatement => true,
            Kind::WithStatement => facts.text(up).contains("suppress"),
            Kind::IfStatement => tree
                .child(up, Field::Condition)
                .is_some_and(|condition| facts.text(condition).contains("get_start_method")),
            _ => false,
        });
    of_library && !forced && !fork && !excused
}
