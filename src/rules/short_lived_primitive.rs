//! SP206: a lock, queue or the like whose last reference in the parent goes before the child has taken it.

use super::{Rule, RuleContext};
use crate::findings::{Finding, Reason, Refusal, Remedy, Severity};
use crate::project::Dispatch;
use crate::project::behaviour::lifetimes::{End, ShortLived};
use crate::rewrite::state::kept_alive;
use crate::syntax::{NodeId, QueryFile};
use std::collections::BTreeSet;

static QUERY: QueryFile = QueryFile::new(
    "short_lived_primitive",
    include_str!("../../queries/short_lived_primitive.scm"),
);

pub(super) const RULE: Rule = Rule {
    code: "SP206",
    name: "short-lived-primitive",
    summary: "a multiprocessing Lock, Queue or Value goes in the parent before the child has taken it",
    query: &QUERY,
    page: include_str!("short_lived_primitive.md"),
    check,
};

fn check(ctx: &RuleContext) -> Vec<Finding> {
    let is_process = |dispatch: &Dispatch| {
        matches!(dispatch.api(ctx.eval.project).id.as_str(), "mp.Process" | "torch.mp.Process")
            && !dispatch.pickled_under(ctx.eval.project).is_empty()
    };
    let dispatches: Vec<Dispatch> =
        ctx.eval.dispatches(ctx.file).into_iter().filter(is_process).collect();
    if dispatches.is_empty() || ctx.eval.forces_fork(ctx.file) {
        return Vec::new();
    }
    let calls: BTreeSet<NodeId> = ctx.matches().iter().filter_map(|hit| hit.get("call")).collect();
    let mut found = Vec::new();
    for dispatch in dispatches.iter().filter(|dispatch| calls.contains(&dispatch.call.node)) {
        for each in ctx.eval.short_lived(dispatch) {
            found.push(finding(ctx, dispatch, &each));
        }
    }
    found
}

fn finding(ctx: &RuleContext, dispatch: &Dispatch, each: &ShortLived) -> Finding {
    let text = ctx.short_text(each.given);
    let api = ctx.entry_name(dispatch);
    let why = match each.end {
        End::Forgotten => "is kept by nothing else, and start() forgets it".to_owned(),
        End::Returns => {
            let facts = ctx.facts();
            let function = facts.enclosing_function(dispatch.call.node);
            let name = function.map_or("", |function| facts.definition_name(function));
            format!("goes when '{name}' returns")
        }
        End::Rebound => "is bound anew by the next round of the loop".to_owned(),
        End::Exits => "goes when the script ends without waiting for the child".to_owned(),
    };
    let message = format!(
        "'{text}' is given to {api} and {why}, before the child has taken it; under spawn and forkserver the child does not find it (FileNotFoundError)"
    );
    let refusal = || {
        Refusal::new(
            Reason::OwnerEnds,
            format!("'{text}' {why}"),
            match each.end {
                End::Exits => "join the process at the end of the script",
                End::Rebound => "keep it in a list that lives until all processes are joined",
                _ => {
                    "keep it where it lives until the process ends (return it with the process, or store it beside it), or join the process first"
                }
            },
        )
    };
    let remedy = Some(each.made)
        .filter(|_| each.end == End::Forgotten && each.is_awaited)
        .and_then(|made| kept_alive::bound_above(ctx.eval, made))
        .map_or_else(|| Remedy::Refused(refusal()), Remedy::Fix);
    let related = if each.made == each.given {
        Vec::new()
    } else {
        vec![ctx.related(each.made, format!("'{text}' is made here"))]
    };
    ctx.finding(
        each.given,
        message,
        &dispatch.pickled_under(ctx.eval.project),
        Severity::Error,
        remedy,
        related,
    )
}
