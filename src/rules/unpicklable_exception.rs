//! SP204: a worker raises an exception that pickle cannot make again: a pool hangs for ever.

use super::{Rule, RuleContext};
use crate::findings::{Finding, Reason, Refusal, Remedy, Severity};
use crate::project::Site;
use crate::project::travel::exceptions::Gap;
use crate::rewrite::substitutes::exception_arguments;
use crate::syntax::QueryFile;
use std::collections::BTreeSet;

static QUERY: QueryFile = QueryFile::new(
    "unpicklable_exception",
    include_str!("../../queries/unpicklable_exception.scm"),
);

pub(super) const RULE: Rule = Rule {
    code: "SP204",
    name: "unpicklable-exception",
    summary: "a worker raises an exception that cannot be made again in the parent",
    query: &QUERY,
    page: include_str!("unpicklable_exception.md"),
    check,
};

fn check(ctx: &RuleContext) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut seen: BTreeSet<(Site, Site)> = BTreeSet::new();
    for sent in ctx.sent_calls() {
        let api = sent.dispatch.api(ctx.eval.project);
        if !api.returns || sent.slot.name == "initializer" {
            continue;
        }
        let Some(worker) = ctx.eval.worker(&sent.origin) else { continue };
        for (raise, class) in ctx.eval.raised_by(worker) {
            let Some(gap) = ctx
                .eval
                .exception_gap(class)
                .filter(|_| seen.insert((class, sent.origin.handover)))
            else {
                continue;
            };
            let name = ctx.eval.file(class.file).definition_name(class.node);
            let is_pool = api.id.starts_with("mp.Pool");
            let (harm, severity) = if is_pool {
                ("the pool hangs for ever", Severity::Critical)
            } else {
                ("the executor breaks", Severity::Error)
            };
            let message = format!(
                "a worker of {} raises '{name}', which cannot be unpickled: {}, so {harm}",
                ctx.api_name(sent),
                told(&gap)
            );
            let remedy = exception_arguments::reduced(ctx.eval, class, &gap).or_else(|| exception_arguments::made_without_init(ctx.eval, &gap)).map_or_else(
                || {
                    Remedy::Refused(Refusal::new(
                        Reason::UnsupportedShape,
                        format!("'{name}' does not keep every argument of its __init__ in an attribute of its own"),
                        "hand all arguments to super().__init__, or write a __reduce__ that returns the class and them",
                    ))
                },
                Remedy::Fix,
            );
            let mut related =
                ctx.path_of(sent, Some((gap.init, format!("the __init__ of '{name}'"))));
            related.push(ctx.related(raise, "it is raised here"));
            found.push(ctx.finding(
                sent.origin.handover,
                message,
                &sent.methods,
                severity,
                remedy,
                related,
            ));
        }
    }
    found
}

/// Why an exception cannot be made again.
fn told(gap: &Gap) -> String {
    if let Some(parameter) = &gap.other {
        return format!("its __init__ reads parts of '{parameter}', and args holds something else");
    }
    let required =
        if gap.keyword_only { "keyword-only arguments".to_owned() } else { count(gap.required) };
    format!("its __init__ requires {required} but args holds {}", gap.kept)
}

fn count(number: usize) -> String {
    if number == 1 { "1 argument".to_owned() } else { format!("{number} arguments") }
}
