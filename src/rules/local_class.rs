//! SP107: a class made in a function: itself, its method or its instance crosses.

use super::{Rule, RuleContext};
use crate::findings::{Finding, Remedy, Severity, StartMethod};
use crate::rewrite::lifting::{captures, lift, member};
use crate::syntax::QueryFile;

static QUERY: QueryFile =
    QueryFile::new("local_class", include_str!("../../queries/local_class.scm"));

pub(super) const RULE: Rule = Rule {
    code: "SP107",
    name: "local-class",
    summary: "a class made in a function crosses: itself, its method, its instance, as a Process or Manager subclass",
    query: &QUERY,
    page: include_str!("local_class.md"),
    check,
};

fn check(ctx: &RuleContext) -> Vec<Finding> {
    let mut found = Vec::new();
    let crossings = ctx.index.crossings_of(ctx.file);
    if crossings.is_empty() {
        return found;
    }
    for hit in ctx.matches() {
        let Some(class) = hit.get("class").map(|node| ctx.at(node)) else { continue };
        let own: Vec<_> = crossings.iter().filter(|crossing| crossing.class == class).collect();
        let is_local = ctx.eval.is_local(class);
        let is_guarded = !is_local
            && captures::guard_around(ctx.facts(), class.node).is_some()
            && !ctx.eval.is_in_class(class);
        let is_of_main = !is_local
            && !is_guarded
            && ctx.facts().is_package_main()
            && !ctx.eval.is_in_class(class);
        if own.is_empty()
            || !(is_local || is_guarded || is_of_main)
            || ctx.eval.controls_its_pickling(class)
        {
            continue;
        }
        let name = member::class_name(ctx.facts(), class.node);
        let inherits =
            own.iter().all(|crossing| crossing.dispatch.carries_primitives(ctx.eval.project));
        let uses = own.iter().map(|crossing| (&crossing.dispatch, crossing.handover));
        let given = ctx.changed_above(class, uses.clone());
        let remedy = if is_of_main {
            Remedy::Refused(lift::unreachable_for_children("the class"))
        } else {
            let moved = lift::class(ctx.eval, class, inherits, ctx.bind, &given);
            ctx.unless_outdated(class, uses, moved, &given)
        };
        for crossing in own {
            let api = ctx.entry_name(&crossing.dispatch);
            let mut methods = crossing.dispatch.pickled_under(ctx.eval.project);
            let (message, place) = if is_of_main {
                methods.retain(|method| *method != StartMethod::Fork);
                (
                    format!(
                        "the class '{name}' crosses to another process by {api}, and children never import the __main__.py that defines it"
                    ),
                    "in __main__.py",
                )
            } else if is_guarded {
                // Under fork a child has everything that the guard defined.
                methods.retain(|method| *method != StartMethod::Fork);
                (
                    format!(
                        "the class '{name}' crosses to another process by {api}, and children skip the entry-point guard that defines it"
                    ),
                    "under the guard",
                )
            } else {
                (
                    format!(
                        "the local class '{name}' crosses to another process by {api}, and pickle cannot find a class made in a function"
                    ),
                    "inside a function",
                )
            };
            if methods.is_empty() {
                continue;
            }
            // In another file the hand-over speaks of no class.
            let (at, related) = if crossing.handover.file == ctx.file {
                (
                    crossing.handover,
                    ctx.related(class, format!("'{name}' is defined here, {place}")),
                )
            } else {
                (class, ctx.related(crossing.handover, "it is handed over here"))
            };
            found.push(ctx.finding(
                at,
                message,
                &methods,
                Severity::Error,
                remedy.clone(),
                vec![related],
            ));
        }
    }
    found
}
