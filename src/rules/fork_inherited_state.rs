//! SP403: a worker reads a global that the parent changes after import.

use super::{Rule, RuleContext};
use crate::findings::{Finding, Reason, Refusal, Remedy, Severity};
use crate::project::{Sent, Site, Value};
use crate::rewrite::globals::{self, GlobalRead, Placement, placement};
use crate::syntax::QueryFile;

static QUERY: QueryFile = QueryFile::new("fork_inherited_state", include_str!("../../queries/fork_inherited_state.scm"));

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
        let changed: Vec<(GlobalRead, Site, bool)> = ctx
            .reads_from_outside(worker)
            .into_iter()
            .filter_map(|read| first_change(ctx, &read, sent, &reached).map(|(change, rebound)| (read, change, rebound)))
            .collect();
        let rebound: Vec<String> = changed.iter().filter(|row| row.2).map(|row| row.0.name.clone()).collect();
        for (read, change, is_rebound) in &changed {
            let name = &read.name;
            let worker_name = ctx.eval.file(read.function.file).definition_name(read.function.node);
            let message = format!(
                "'{worker_name}' runs in a worker of {} and reads the global '{name}', which the parent changes after import (line {}); under spawn and forkserver it sees the value of the import",
                ctx.api_name(sent),
                ctx.location(*change).start.line
            );
            let remedy = if *is_rebound {
                ctx.handed_over(sent, read.file, &rebound)
            } else {
                Remedy::Refused(Refusal::new(
                    Reason::NoHandOver,
                    format!("the object in '{name}' is changed in place"),
                    "pass it to the worker as an argument, or by the pool's initializer and initargs",
                ))
            };
            let mut related = vec![ctx.related(read.read, "read here"), ctx.related(*change, format!("'{name}' is changed here"))];
            related.extend(ctx.path_of(sent, None));
            found.push(ctx.finding(sent.origin.handover, message, &methods, Severity::Error, remedy, related));
        }
    }
    found
}

/// The first change of the global in the main process that comes before the dispatch, and whether it binds the name anew.
fn first_change(ctx: &RuleContext, read: &GlobalRead, sent: &Sent, reached: &[Site]) -> Option<(Site, bool)> {
    let facts = ctx.eval.file(read.file);
    let module = facts.scopes.module();
    let bindings = facts.scopes.bindings(module, &read.name);
    let at = |node| Site { file: read.file, node };
    let imported = bindings.iter().find(|binding| placement(facts, binding) == Placement::Import && globals::is_value(binding))?;
    if !bindings.iter().all(globals::is_value) || is_shared(ctx, read, imported) {
        return None;
    }
    let by_parent = |site: Site| {
        let function = ctx.eval.file(site.file).enclosing_function(site.node).map(|node| Site { file: site.file, node });
        let in_worker = function.is_some_and(|function| reached.contains(&function));
        let at_import = function.is_some_and(|function| !globals::is_main_only(ctx.eval, function));
        !in_worker && !at_import && ctx.eval.is_before(site, sent.dispatch.call)
    };
    let rebound =
        bindings.iter().filter(|binding| placement(facts, binding) != Placement::Import).map(|binding| at(binding.node)).find(|site| by_parent(*site));
    let in_place = || globals::changes(ctx.eval, read.file, &read.name).into_iter().find(|site| by_parent(*site));
    let outside = || globals::changes_from_outside(ctx.eval, read.file, &read.name).into_iter().find(|(site, _)| by_parent(*site));
    rebound.map(|site| (site, true)).or_else(|| in_place().map(|site| (site, false))).or_else(outside)
}

/// Multiprocessing's own objects are the business of another rule.
fn is_shared(ctx: &RuleContext, read: &GlobalRead, binding: &crate::facts::scopes::Binding) -> bool {
    ctx.eval.binding_values(read.file, binding).iter().any(|value| {
        matches!(value, Value::Instance(crate::project::Type::External { path, .. }) if crate::catalogue::objects::made_by(path).is_some_and(|object| object.shared))
    })
}
