//! SP101: a lambda without captures reaches a callable slot.

use super::{Rule, RuleContext};
use crate::findings::{Finding, Severity};
use crate::rewrite::lifting::lift;
use crate::syntax::QueryFile;

static QUERY: QueryFile =
    QueryFile::new("lambda_callable", include_str!("../../queries/lambda_callable.scm"));

pub(super) const RULE: Rule = Rule {
    code: "SP101",
    name: "lambda-callable",
    summary: "a lambda without captures reaches a callable slot of a process API",
    query: &QUERY,
    page: include_str!("lambda_callable.md"),
    check,
};

fn check(ctx: &RuleContext) -> Vec<Finding> {
    let mut found = Vec::new();
    if !ctx.index.concerns(ctx.file) {
        return found;
    }
    for hit in ctx.matches() {
        let Some(lambda) = hit.get("callable").map(|node| ctx.at(node)) else { continue };
        let sent = ctx.index.of(lambda);
        if sent.is_empty()
            || crate::facts::names::holder(ctx.facts(), lambda.node).is_some()
            || lift::has_captures(ctx.eval, lambda)
        {
            continue;
        }
        let remedy = ctx.lifted(lambda, &sent);
        for each in sent {
            let (place, line) = ctx.place_of_lambda(each, lambda);
            let message = format!(
                "a lambda{line} is sent to a process by {} and has no name to pickle it by; it {}",
                ctx.api_name(each),
                ctx.transport_note(each)
            );
            let definition = (place != lambda).then(|| (lambda, "the lambda is here".to_owned()));
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
