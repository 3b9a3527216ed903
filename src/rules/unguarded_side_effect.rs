//! SP302: work that every child of a script repeats, because it stands outside the guard.

use super::{Rule, RuleContext};
use crate::facts::guard;
use crate::findings::{Finding, Reason, Refusal, Remedy, Severity, StartMethod};
use crate::project::Site;
use crate::project::names::script::Role;
use crate::rewrite::guard::{Item, Script, reads_once};
use crate::syntax::{NodeId, QueryFile};
use std::collections::BTreeSet;

static QUERY: QueryFile = QueryFile::new(
    "unguarded_side_effect",
    include_str!("../../queries/unguarded_side_effect.scm"),
);

/// The effect that is how workers get what they read: that each of them has it is meant.
const WANTED: &str = "loads data";

pub(super) const RULE: Rule = Rule {
    code: "SP302",
    name: "unguarded-side-effect",
    summary: "a script that starts processes does work at import time that every child repeats",
    query: &QUERY,
    page: include_str!("unguarded_side_effect.md"),
    check,
};

fn check(ctx: &RuleContext) -> Vec<Finding> {
    if ctx.eval.role(ctx.file) != Role::Script {
        return Vec::new();
    }
    let seen_somewhere = ctx
        .matches()
        .iter()
        .filter_map(|hit| hit.get("effect"))
        .any(|call| runs_at_import(ctx, call));
    if !seen_somewhere || !ctx.eval.starts_processes(ctx.file) || ctx.eval.forces_fork(ctx.file) {
        return Vec::new();
    }
    let script = Script::new(ctx.eval, ctx.file, ctx.index.all());
    let effects = script.repeated();
    let starts = script.unguarded_starts();
    let kept: Vec<(usize, String)> =
        script.sorted(&BTreeSet::new()).map(|sorting| sorting.kept).unwrap_or_default();
    let is_kept = |at: usize| kept.iter().find(|(position, _)| *position == at);
    let movable: BTreeSet<usize> =
        effects.iter().map(|row| row.0).filter(|at| is_kept(*at).is_none()).collect();
    let mut found = Vec::new();
    for (at, site, what) in effects {
        if let Some((_, name)) = is_kept(at) {
            if what != WANTED && !starts.contains(&at) {
                found.push(finding(
                    ctx,
                    site,
                    what,
                    Remedy::Refused(needed(&script.items[at], name)),
                ));
            }
        } else if starts.is_empty() {
            // With an unguarded start the work moves along with it; that finding says enough.
            let fix = script.guarded(&movable, ctx.guard_style);
            found.push(finding(ctx, site, what, fix.map_or_else(Remedy::Refused, Remedy::Fix)));
        }
    }
    found
}

fn runs_at_import(ctx: &RuleContext, call: NodeId) -> bool {
    let facts = ctx.facts();
    facts.enclosing_function(call).is_none() && !guard::is_guarded(facts, call)
}

fn needed(item: &Item, name: &str) -> Refusal {
    if !item.effect.repeatable {
        return reads_once(name);
    }
    if name.is_empty() {
        return Refusal::new(
            Reason::WorkerReadsWork,
            "what it sets up may matter to the imports below it, so it has to be done in every process",
            "keep the set-up above the imports, and move the rest of it under the guard",
        );
    }
    Refusal::new(
        Reason::WorkerReadsWork,
        format!("workers read '{name}', so it must be there when they import the script"),
        format!(
            "make '{name}' under the guard and hand it to the workers by an initializer, or as an argument"
        ),
    )
}

fn finding(ctx: &RuleContext, site: Site, what: &str, remedy: Remedy) -> Finding {
    let severity =
        if what == "reads standard input" { Severity::Critical } else { Severity::Warning };
    let message = format!(
        "this {what} at import time, and every child process imports the script again and repeats it"
    );
    ctx.finding(site, message, &StartMethod::PICKLING, severity, remedy, Vec::new())
}
