//! SP110: `X = namedtuple("Y", …)` and the like, whose name is not the binding.

use super::{Rule, RuleContext};
use crate::findings::{
    Applicability, Finding, Fix, Reason, Refusal, Remedy, Severity, StartMethod,
};
use crate::project::{Callable, Site};
use crate::syntax::{Kind, NodeId, QueryFile};
use crate::text::Edit;
use std::collections::BTreeSet;

static QUERY: QueryFile =
    QueryFile::new("misnamed_class", include_str!("../../queries/misnamed_class.scm"));

pub(super) const RULE: Rule = Rule {
    code: "SP110",
    name: "misnamed-class",
    summary: "a class made by a call (`namedtuple`, functional `Enum`, `type`, …) under another name than its binding crosses",
    query: &QUERY,
    page: include_str!("misnamed_class.md"),
    check,
};

fn check(ctx: &RuleContext) -> Vec<Finding> {
    let mut found = Vec::new();
    if !ctx.index.concerns(ctx.file) && ctx.eval.dispatches(ctx.file).is_empty() {
        return found;
    }
    let facts = ctx.facts();
    for hit in ctx.matches() {
        let (Some(name), Some(maker), Some(given)) =
            (hit.get("name"), hit.get("maker"), hit.get("given"))
        else {
            continue;
        };
        if hit
            .get("keyword")
            .is_some_and(|keyword| !matches!(facts.text(keyword), "typename" | "value"))
        {
            continue;
        }
        let Some(written) = ctx.eval.string_literal(ctx.at(given)) else { continue };
        let binding = facts.text(name);
        if written == binding || !ctx.eval.makes_a_class(ctx.at(maker)) {
            continue;
        }
        let Some((crossing, methods)) = first_crossing(ctx, binding) else { continue };
        let remedy = remedy(ctx, given, binding);
        let message = format!(
            "the class bound to '{binding}' calls itself '{written}', so pickle cannot find it by its name"
        );
        let related =
            vec![ctx.related(crossing, format!("'{binding}' crosses to another process here"))];
        found.push(ctx.finding(ctx.at(given), message, &methods, Severity::Error, remedy, related));
    }
    found
}

fn remedy(ctx: &RuleContext, given: NodeId, binding: &str) -> Remedy {
    let facts = ctx.facts();
    let tree = facts.tree();
    let module = facts.scopes.module();
    let Some(content) = tree
        .child_of_kind(given, Kind::StringContent)
        .filter(|_| facts.scopes.bindings(module, binding).len() == 1)
    else {
        return Remedy::Refused(Refusal::new(
            Reason::OtherUse,
            format!(
                "'{binding}' is bound in several places, and only one of them is found by pickle"
            ),
            "give each class a name of its own",
        ));
    };
    let edits = facts.file_edits([Edit::replace(tree.span(content), binding)]);
    Remedy::Fix(Fix {
        title: format!("name the class '{binding}'"),
        applicability: Applicability::Safe,
        edits,
        new_names: Vec::new(),
    })
}

/// The first place where objects of the class travel: its name is read in a worker, or in a function (or at module
/// level) among what is sent.
fn first_crossing(ctx: &RuleContext, binding: &str) -> Option<(Site, Vec<StartMethod>)> {
    let facts = ctx.facts();
    let tree = facts.tree();
    let module = facts.scopes.module();
    let reads: BTreeSet<NodeId> =
        facts.scopes.references(module, binding).iter().copied().collect();
    for sent in ctx.index.all() {
        if let Callable::Function(worker) | Callable::Lambda(worker) = sent.origin.callable
            && worker.file == ctx.file
            && let Some(read) = reads.iter().find(|read| tree.contains(worker.node, **read))
        {
            return Some((ctx.at(*read), sent.methods.clone()));
        }
    }
    for dispatch in ctx.eval.dispatches(ctx.file) {
        let methods = dispatch.pickled_under(ctx.eval.project);
        if methods.is_empty() {
            continue;
        }
        let around = facts
            .enclosing_function(dispatch.call.node)
            .unwrap_or_else(|| facts.top_level_statement(dispatch.call.node));
        if let Some(read) = reads.iter().find(|read| tree.contains(around, **read)) {
            return Some((ctx.at(*read), methods));
        }
    }
    None
}
