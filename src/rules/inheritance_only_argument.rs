//! SP205: multiprocessing's own primitives as task arguments: they travel only in Process args and initargs.

use super::{Rule, RuleContext};
use crate::findings::{Finding, Reason, Refusal, Remedy, Severity};
use crate::project::{Carried, Sent, What};
use crate::rewrite::task_primitive;
use crate::syntax::QueryFile;

static QUERY: QueryFile = QueryFile::new("inheritance_only_argument", include_str!("../../queries/inheritance_only_argument.scm"));

pub(super) const RULE: Rule = Rule {
    code: "SP205",
    name: "inheritance-only-argument",
    summary: "a multiprocessing Queue, Lock, Value or Event is sent as a task argument",
    query: &QUERY,
    page: include_str!("inheritance_only_argument.md"),
    check,
};

fn check(ctx: &RuleContext) -> Vec<Finding> {
    let mut found = Vec::new();
    for (carried, _) in ctx.carried_calls() {
        let What::Object(obstacle) = &carried.content.what else { continue };
        if !obstacle.by_inheritance {
            continue;
        }
        let place = carried.content.place;
        let text = ctx.short_text(place);
        let told = obstacle.told_of(&format!("'{text}'"));
        let to = if carried.dispatch.api(ctx.eval.project).id == "mp.BaseProxy" {
            "handed to a manager's process".to_owned()
        } else {
            format!("sent as an argument of {}", ctx.entry_name(&carried.dispatch))
        };
        let message = format!("{told} and is {to}; it is shared between processes through inheritance only");
        let refused = || {
            Remedy::Refused(Refusal::new(
                Reason::InheritanceOnly,
                format!("{told}, which a task cannot carry"),
                "hand it to the workers by initializer and initargs and keep it in a module global there, or use a manager's proxy",
            ))
        };
        let remedy = only_task(ctx, carried).and_then(|sent| task_primitive::by_initializer(ctx.eval, carried, sent)).map_or_else(refused, Remedy::Fix);
        let made = obstacle.site.filter(|site| *site != place).map(|site| (site, format!("{} is made here", obstacle.what)));
        found.push(ctx.finding(place, message, &carried.methods, Severity::Error, remedy, ctx.way_of(carried, made)));
    }
    found
}

/// What the dispatch of a carried object sends, where its pool gets no other task: the initializer is for all of them.
fn only_task<'c>(ctx: &'c RuleContext, carried: &Carried) -> Option<&'c Sent> {
    let made = carried.dispatch.made?;
    // One pool takes one initializer: several primitives are for a person to put together.
    let alike = |other: &&Carried| other.dispatch.made == Some(made) && matches!(&other.content.what, What::Object(obstacle) if obstacle.by_inheritance);
    if ctx.index.carried_in(carried.content.handover.file).filter(alike).any(|other| other.content.place != carried.content.place) {
        return None;
    }
    let mut tasks = ctx.index.all().iter().filter(|sent| sent.dispatch.made == Some(made));
    let first = tasks.next().filter(|sent| sent.dispatch.call == carried.dispatch.call)?;
    tasks.next().is_none().then_some(first)
}
