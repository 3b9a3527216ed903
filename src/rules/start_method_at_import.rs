//! SP303: `set_start_method`, `freeze_support` at import time.

use super::{Rule, RuleContext};
use crate::facts::{execution, guard};
use crate::findings::{Finding, Remedy, Severity, StartMethod};
use crate::project::script::Role;
use crate::project::{Site, Value};
use crate::rewrite::guard::Script;
use crate::syntax::{Field, Kind, NodeId, QueryFile, Tree};
use std::collections::BTreeSet;

static QUERY: QueryFile = QueryFile::new("start_method_at_import", include_str!("../../queries/start_method_at_import.scm"));

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
    let tree = facts.tree();
    let mut found = Vec::new();
    let mut script: Option<Script> = None;
    for hit in ctx.matches() {
        let Some(call) = hit.get("call") else { continue };
        if !runs_at_import(ctx, call) || !is_strict(ctx, call) {
            continue;
        }
        let is_freeze = facts.text(hit.get("name").unwrap_or(call)) == "freeze_support";
        if is_freeze && !ctx.eval.starts_processes(ctx.file) {
            continue;
        }
        let script = script.get_or_insert_with(|| Script::new(ctx.eval, ctx.file, ctx.index.all()));
        if script.role == Role::Main || (is_freeze && !script.is_script()) {
            continue;
        }
        let Some(at) = script.position(call) else { continue };
        let starts: BTreeSet<usize> = (0..script.items.len()).filter(|other| !script.items[*other].starts.is_empty()).collect();
        // Where a process start has to move, this call moves with it, in its order.
        let unguarded =
            starts.iter().any(|other| script.items[*other].starts.iter().any(|start| guard::false_guard_around(facts, start.place().node).is_none()));
        let fix = if unguarded { script.guarded(&starts, ctx.guard_style) } else { script.guarded_alone(at) };
        let remedy = fix.map_or_else(Remedy::Refused, Remedy::Fix);
        let (message, severity) = if is_freeze {
            ("freeze_support() is called while the script is imported: in a frozen program every child calls it again, too late", Severity::Warning)
        } else {
            (
                "the start method is set while the script is imported: every child sets it again, fails because it is set, and a pool replaces it for ever",
                Severity::Critical,
            )
        };
        found.push(ctx.finding(
            ctx.at(tree.child(call, Field::Function).map_or(call, |_| call)),
            message,
            &StartMethod::PICKLING,
            severity,
            remedy,
            Vec::new(),
        ));
    }
    found
}

/// Whether the call is evaluated when the module is imported.
fn runs_at_import(ctx: &RuleContext, call: NodeId) -> bool {
    let facts = ctx.facts();
    let statement = facts.top_level_statement(call);
    facts.enclosing_function(call).is_none() && execution::executed(facts, statement).contains(&call)
}

/// Whether it is multiprocessing's, and fails when it is repeated: not forced, not tried, not under a condition that asks
/// for the method, and not fork, whose children import nothing.
fn is_strict(ctx: &RuleContext, call: NodeId) -> bool {
    let facts = ctx.facts();
    let tree = facts.tree();
    let site = ctx.at(call);
    let Some(callee) = tree.child(call, Field::Function) else { return false };
    let of_library = ctx.eval.values(Site { file: ctx.file, node: callee }).iter().any(|value| match value {
        Value::External { path, .. } => {
            ["multiprocessing.", "torch.multiprocessing.", "billiard.", "multiprocess."].iter().any(|module| path.starts_with(module))
        }
        _ => false,
    });
    let forced = ctx.eval.argument(site, "force", 1).is_some_and(|force| facts.text(force.node) != "False");
    let fork = ctx.eval.argument(site, "method", 0).is_some_and(|method| ctx.eval.string_literal(method) == Some("fork"));
    let excused = tree.ancestors(call).take_while(|up| *up != Tree::ROOT).any(|up| match tree.kind(up) {
        Kind::TryStatement => true,
        Kind::WithStatement => facts.text(up).contains("suppress"),
        Kind::IfStatement => tree.child(up, Field::Condition).is_some_and(|condition| facts.text(condition).contains("get_start_method")),
        _ => false,
    });
    of_library && !forced && !fork && !excused
}
