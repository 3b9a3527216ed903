//! SP108: a worker whose decorator lacks `functools.wraps`, or is a class.

use super::{Rule, RuleContext};
use crate::findings::{Finding, Reason, Refusal, Remedy, Severity};
use crate::project::{Callable, Site};
use crate::rewrite::wraps::{self, UnwrappedKind};
use crate::syntax::QueryFile;

static QUERY: QueryFile = QueryFile::new("unwrapped_decorator", include_str!("../../queries/unwrapped_decorator.scm"));

pub(super) const RULE: Rule = Rule {
    code: "SP108",
    name: "unwrapped-decorator",
    summary: "a worker whose decorator lacks functools.wraps, or is a class",
    query: &QUERY,
    page: include_str!("unwrapped_decorator.md"),
    check,
};

fn check(ctx: &RuleContext) -> Vec<Finding> {
    let mut found = Vec::new();
    if ctx.index.all().is_empty() {
        return found;
    }
    for hit in ctx.matches() {
        let Some(function) = hit.get("callable").map(|node| ctx.at(node)) else { continue };
        found.extend(replaced(ctx, function));
        let methods =
            ctx.index.all().iter().filter(|sent| matches!(&sent.origin.callable, Callable::Method { function: Some(method), .. } if *method == function));
        let sent: Vec<_> = ctx.index.of(function).into_iter().chain(methods).collect();
        if sent.is_empty() || ctx.eval.is_local(function) {
            continue;
        }
        let Some(unwrapped) = wraps::first_unwrapped(ctx.eval, function) else { continue };
        let name = ctx.facts().definition_name(function.node);
        let remedy = wraps::remedy(ctx.eval, &unwrapped);
        for each in sent {
            let (what, site) = match &unwrapped.kind {
                UnwrappedKind::Functions(functions) => ("lacks functools.wraps", functions.first().map(|row| row.0)),
                UnwrappedKind::Class(class) => ("is a class", Some(*class)),
            };
            let message = format!("'{name}' is sent to a process by {}, but its decorator {what}, so it cannot be pickled by its name", ctx.api_name(each));
            let mut related = ctx.path_of(each, Some((unwrapped.decorator, "decorated here".to_owned())));
            related.extend(site.map(|site| ctx.related(site, "this takes the function's place")));
            found.push(ctx.finding(each.origin.handover, message, &each.methods, Severity::Error, remedy.clone(), related));
        }
    }
    found
}

/// A function whose decorator sends it under a name that finds the decorator's result.
fn replaced(ctx: &RuleContext, function: Site) -> Option<Finding> {
    let sent = ctx.index.of(function);
    let each = sent.into_iter().find(|sent| sent.dispatch.api(ctx.eval.project).id == "timeout_decorator").filter(|_| !ctx.eval.is_local(function))?;
    let name = ctx.facts().definition_name(function.node);
    let refusal = Refusal::new(
        Reason::UnknownDecorator,
        format!("'{name}' names what the decorator gives, not the function that it sends"),
        "time it out by signals (use_signals=True) in the main thread, or start a Process and join it with a timeout",
    );
    let message = format!("'{name}' is sent to a process by its decorator, but its name finds what the decorator put in its place");
    Some(ctx.finding(each.origin.handover, message, &each.methods, Severity::Error, Remedy::Refused(refusal), Vec::new()))
}
