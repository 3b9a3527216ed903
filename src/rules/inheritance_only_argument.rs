//! SP205: multiprocessing's own primitives as task arguments: they travel only in Process args and initargs.

use super::{Rule, RuleContext};
use crate::findings::{Finding, Fix, Reason, Refusal, Remedy, Severity};
use crate::project::{Carried, Sent, Site, What};
use crate::rewrite::state::{task_places, task_primitive};
use crate::syntax::QueryFile;

static QUERY: QueryFile = QueryFile::new(
    "inheritance_only_argument",
    include_str!("../../queries/inheritance_only_argument.scm"),
);

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
        let is_itself = !obstacle.path.is_empty() || task_places::names_primitive(ctx.eval, place);
        let told = if is_itself {
            obstacle.told_of(&format!("'{text}'"))
        } else {
            format!("'{text}' holds {}", obstacle.what)
        };
        let to = if carried.dispatch.api(ctx.eval.project).id == "mp.BaseProxy" {
            "handed to a manager's process".to_owned()
        } else {
            format!("sent as an argument of {}", ctx.entry_name(&carried.dispatch))
        };
        let message =
            format!("{told} and is {to}; it is shared between processes through inheritance only");
        let refused = || {
            Remedy::Refused(Refusal::new(
                Reason::InheritanceOnly,
                format!("{told}, which a task cannot carry"),
                "hand it to the workers by initializer and initargs and keep it in a module global there, or use a manager's proxy",
            ))
        };
        let remedy = carried
            .dispatch
            .made
            .and_then(|made| of_one_executor(ctx, made))
            .map_or_else(refused, Remedy::Fix);
        let made = obstacle
            .site
            .filter(|site| *site != place)
            .map(|site| (site, format!("{} is made here", obstacle.what)));
        found.push(ctx.finding(
            place,
            message,
            &carried.methods,
            Severity::Error,
            remedy,
            ctx.way_of(carried, made),
        ));
    }
    found
}

/// The repair for all primitives that the tasks of one executor carry: it takes one initializer.
fn of_one_executor(ctx: &RuleContext, made: Site) -> Option<Fix> {
    let is_primitive = |carried: &&Carried| matches!(&carried.content.what, What::Object(obstacle) if obstacle.by_inheritance);
    let carried: Vec<&Carried> = ctx
        .index
        .carried()
        .iter()
        .filter(|carried| carried.dispatch.made == Some(made))
        .filter(is_primitive)
        .collect();
    let tasks: Vec<&Sent> =
        ctx.index.all().iter().filter(|sent| sent.dispatch.made == Some(made)).collect();
    task_primitive::by_initializer(ctx.eval, made, &carried, &tasks)
}
