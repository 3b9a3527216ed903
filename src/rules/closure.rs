//! SP103: a nested function or lambda with captures reaches a slot; also one that a factory returns.

use super::{Rule, RuleContext};
use crate::findings::{Finding, Severity};
use crate::rewrite::lifting::lift;
use crate::syntax::QueryFile;

static QUERY: QueryFile = QueryFile::new("closure", include_str!("../../queries/closure.scm"));

pub(super) const RULE: Rule = Rule {
    code: "SP103",
    name: "closure",
    summary: "a nested function or lambda with captures reaches a callable slot of a process API",
    query: &QUERY,
    page: include_str!("closure.md"),
    check,
};

fn check(ctx: &RuleContext) -> Vec<Finding> {
    let mut found = Vec::new();
    if !ctx.index.concerns(ctx.file) {
        return found;
    }
    for hit in ctx.matches() {
        let Some(callable) = hit.get("callable").map(|node| ctx.at(node)) else { continue };
        let sent = ctx.index.of(callable);
        if sent.is_empty()
            || ctx.eval.is_in_class(callable)
            || crate::facts::names::holder(ctx.facts(), callable.node).is_some()
            || !lift::has_captures(ctx.eval, callable)
        {
            continue;
        }
        let name = ctx.facts().definition_name(callable.node);
        let is_lambda = name.is_empty();
        if !is_lambda && !ctx.eval.is_local(callable) {
            continue;
        }
        let who =
            if is_lambda { "a lambda".to_owned() } else { format!("the local function '{name}'") };
        let remedy = ctx.lifted(callable, &sent);
        for each in sent {
            let (place, line) = if is_lambda {
                ctx.place_of_lambda(each, callable)
            } else {
                (each.origin.handover, String::new())
            };
            let message = format!(
                "{who}{line} that captures variables is sent to a process by {} and cannot be pickled; it {}",
                ctx.api_name(each),
                ctx.transport_note(each)
            );
            let text = if is_lambda {
                "the lambda is here".to_owned()
            } else {
                format!("'{name}' is defined here, inside a function")
            };
            let definition = (place != callable).then_some((callable, text));
            found.push(ctx.finding(
                place,
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
