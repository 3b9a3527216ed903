//! SP102: a nested function without captures reaches a slot.

use super::{Rule, RuleContext};
use crate::findings::{Finding, Severity};
use crate::rewrite::lifting::lift;
use crate::syntax::QueryFile;

static QUERY: QueryFile =
    QueryFile::new("local_function", include_str!("../../queries/local_function.scm"));

pub(super) const RULE: Rule = Rule {
    code: "SP102",
    name: "local-function",
    summary: "a nested function without captures reaches a callable slot of a process API",
    query: &QUERY,
    page: include_str!("local_function.md"),
    check,
};

fn check(ctx: &RuleContext) -> Vec<Finding> {
    let mut found = Vec::new();
    if !ctx.index.concerns(ctx.file) {
        return found;
    }
    for hit in ctx.matches() {
        let Some(function) = hit.get("callable").map(|node| ctx.at(node)) else { continue };
        let sent = ctx.index.of(function);
        // Methods of a local class move with it.
        if sent.is_empty()
            || ctx.eval.is_in_class(function)
            || !ctx.eval.is_local(function)
            || lift::has_captures(ctx.eval, function)
        {
            continue;
        }
        let name = ctx.facts().definition_name(function.node);
        let remedy = ctx.lifted(function, &sent);
        for each in sent {
            let message = format!(
                "the local function '{name}' is sent to a process by {} and cannot be pickled by name; it {}",
                ctx.api_name(each),
                ctx.transport_note(each)
            );
            let definition =
                Some((function, format!("'{name}' is defined here, inside a function")));
            found.push(ctx.finding(
                each.origin.handover,
                message,
                &each.methods,
                Severity::Error,
                remedy.clone(),
                ctx.path_of(each, definition),
            ));
        }
    }
    found
}
