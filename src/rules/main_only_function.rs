//! SP105: a function defined under the entry-point guard, or in a `__main__.py`, reaches a slot.

use super::{Rule, RuleContext};
use crate::findings::{Finding, Severity, StartMethod};
use crate::rewrite::{captures, lift};
use crate::syntax::{QueryFile, Tree};

static QUERY: QueryFile = QueryFile::new("main_only_function", include_str!("../../queries/main_only_function.scm"));

pub(super) const RULE: Rule = Rule {
    code: "SP105",
    name: "main-only-function",
    summary: "a function that only the main process defines (under the guard, or in a `__main__.py`) reaches a slot",
    query: &QUERY,
    page: include_str!("main_only_function.md"),
    check,
};

fn check(ctx: &RuleContext) -> Vec<Finding> {
    let mut found = Vec::new();
    if !ctx.index.concerns(ctx.file) {
        return found;
    }
    let facts = ctx.facts();
    let is_main_module = facts.is_package_main();
    for hit in ctx.matches() {
        let Some(function) = hit.get("callable").map(|node| ctx.at(node)) else { continue };
        let sent = ctx.index.of(function);
        if sent.is_empty() || ctx.eval.is_local(function) || facts.tree().enclosing(function.node, &[crate::syntax::Kind::ClassDefinition]).is_some() {
            continue;
        }
        let guarded = captures::guard_around(facts, function.node).is_some();
        let top_level = facts.tree().parent(facts.with_decorators(function.node)) == Some(Tree::ROOT);
        if !(guarded || (is_main_module && top_level)) {
            continue;
        }
        let name = facts.definition_name(function.node);
        let remedy = lift::callable(ctx.eval, function, ctx.uses(&sent), ctx.bind);
        for each in sent {
            // Under fork a child has everything that the guard defined.
            let methods: Vec<StartMethod> = each.methods.iter().copied().filter(|method| *method != StartMethod::Fork).collect();
            if methods.is_empty() {
                continue;
            }
            let place = if guarded {
                "is defined under the entry-point guard, which child processes skip"
            } else {
                "is defined in __main__.py, which child processes never import"
            };
            let message = format!("'{name}' {place}, so a worker of {} cannot find it", ctx.api_name(each));
            let definition = Some((function, format!("'{name}' is defined here")));
            found.push(ctx.finding(each.origin.handover, message, &methods, Severity::Critical, remedy.clone(), ctx.path_of(each, definition)));
        }
    }
    found
}
