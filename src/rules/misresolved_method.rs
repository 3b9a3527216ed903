//! SP109: `self.__private` or `super().m` as the callable: pickled by a name that the child resolves to something else.

use super::{Rule, RuleContext};
use crate::findings::{Finding, Severity};
use crate::project::{Callable, Site};
use crate::rewrite::callables::method_wrapper;
use crate::syntax::{Field, Kind, NodeId, QueryFile};

static QUERY: QueryFile =
    QueryFile::new("misresolved_method", include_str!("../../queries/misresolved_method.scm"));

pub(super) const RULE: Rule = Rule {
    code: "SP109",
    name: "misresolved-method",
    summary: "a private method or `super().m` as the callable: the child looks its name up and finds nothing, or the override",
    query: &QUERY,
    page: include_str!("misresolved_method.md"),
    check,
};

fn check(ctx: &RuleContext) -> Vec<Finding> {
    let mut found = Vec::new();
    let sent: Vec<_> = ctx
        .index
        .all()
        .iter()
        .filter(|sent| {
            sent.origin.leaf.file == ctx.file
                && matches!(sent.origin.callable, Callable::Method { .. } | Callable::Function(_))
        })
        .collect();
    if sent.is_empty() {
        return found;
    }
    let facts = ctx.facts();
    for hit in ctx.matches() {
        let (Some(callable), Some(name)) = (hit.get("callable"), hit.get("name")) else { continue };
        let text = facts.text(name);
        let is_private = text.starts_with("__") && !text.ends_with("__");
        let is_super = is_super_call(ctx.at(callable), ctx);
        if !is_private && !is_super {
            continue;
        }
        for each in sent.iter().filter(|each| each.origin.leaf == ctx.at(callable)) {
            let what = if is_super {
                format!(
                    "'super().{text}' is sent by {}; the child looks up '{text}' on the object and silently runs the override",
                    ctx.api_name(each)
                )
            } else {
                format!(
                    "the private method '{text}' is sent by {}; the child looks up '{text}', but the class has it under a mangled name",
                    ctx.api_name(each)
                )
            };
            let severity = if is_super { Severity::Error } else { Severity::Critical };
            let remedy = method_wrapper::remedy(ctx.eval, each, is_super);
            found.push(ctx.finding(
                each.origin.handover,
                what,
                &each.methods,
                severity,
                remedy,
                ctx.path_of(each, None),
            ));
        }
    }
    found
}

fn is_super_call(attribute: Site, ctx: &RuleContext) -> bool {
    let facts = ctx.facts();
    let tree = facts.tree();
    let object: Option<NodeId> =
        tree.child(attribute.node, Field::Object).filter(|object| tree.kind(*object) == Kind::Call);
    object
        .and_then(|call| tree.child(call, Field::Function))
        .is_some_and(|callee| facts.text(callee) == "super")
}
