//! SP109: `self.__private` or `super().m` as the callable: pickled by a name that the child resolves to something else.

use super::{Rule, RuleContext};
use crate::findings::{Finding, Reason, Refusal, Remedy, Severity};
use crate::project::{Callable, Sent, Site, Value};
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
    among_arguments(ctx, &mut found);
    if sent.is_empty() {
        return found;
    }
    let facts = ctx.facts();
    for hit in ctx.matches() {
        let (Some(callable), Some(name)) = (hit.get("callable"), hit.get("name")) else { continue };
        let text = facts.text(name);
        let is_super = is_super_call(ctx.at(callable), ctx);
        if !text.starts_with('_') && !is_super {
            continue;
        }
        for each in sent.iter().filter(|each| each.origin.leaf == ctx.at(callable)) {
            // Pickle asks the method for its name, whatever it was looked up by.
            let text = own_name(ctx, &each.origin.callable).filter(|_| !is_super).unwrap_or(text);
            if !(is_private(text) || is_super) {
                continue;
            }
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

/// The private methods among the arguments of dispatches, each in its place.
fn among_arguments(ctx: &RuleContext, found: &mut Vec<Finding>) {
    let facts = ctx.facts();
    let tree = facts.tree();
    let is_callee = |node: NodeId| {
        tree.parent(node).is_some_and(|up| {
            tree.kind(up) == Kind::Call && tree.field(node) == Field::Function
                || tree.kind(up) == Kind::Attribute
        })
    };
    let hits: Vec<NodeId> = ctx
        .matches()
        .iter()
        .filter_map(|hit| Some((hit.get("callable")?, hit.get("name")?)))
        .filter(|(callable, name)| facts.text(*name).starts_with('_') && !is_callee(*callable))
        .map(|row| row.0)
        .collect();
    if hits.is_empty() {
        return;
    }
    for dispatch in &ctx.eval.dispatches(ctx.file) {
        let methods = dispatch.pickled_under(ctx.eval.project);
        let arguments: Vec<Site> =
            ctx.eval.arguments(dispatch).iter().map(|row| row.expression).collect();
        let inside = |node: &&NodeId| {
            arguments.iter().any(|each| each.file == ctx.file && tree.contains(each.node, **node))
        };
        for node in hits.iter().filter(inside).filter(|_| !methods.is_empty()) {
            let site = ctx.at(*node);
            let is_slot =
                |sent: &Sent| sent.dispatch.call == dispatch.call && sent.origin.leaf == site;
            let values = ctx.eval.values(site);
            let name = values.iter().find_map(|value| match value {
                Value::Method { function: Some(function), .. } => {
                    Some(defined_name(ctx, *function))
                }
                _ => None,
            });
            let Some(name) = name.filter(|name| is_private(name)) else { continue };
            if ctx.index.all().iter().any(is_slot) {
                continue;
            }
            found.push(ctx.finding(
                site,
                format!(
                    "the private method '{name}' is among the arguments of {}; the child looks up '{name}', but the class has it under a mangled name",
                    ctx.entry_name(dispatch)
                ),
                &methods,
                Severity::Critical,
                Remedy::Refused(Refusal::new(
                    Reason::UnsupportedShape,
                    "the method travels as an argument, by its private name",
                    "write a module-level function that calls the method, and send that with the object",
                )),
                Vec::new(),
            ));
        }
    }
}

fn is_private(name: &str) -> bool {
    name.starts_with("__") && !name.ends_with("__")
}

/// The name that the definition of a method has in its class.
fn own_name<'p>(ctx: &RuleContext<'_, 'p>, callable: &Callable) -> Option<&'p str> {
    let (Callable::Method { function: Some(function), .. } | Callable::Function(function)) =
        callable
    else {
        return None;
    };
    Some(defined_name(ctx, *function))
}

fn defined_name<'p>(ctx: &RuleContext<'_, 'p>, function: Site) -> &'p str {
    ctx.eval.file(function.file).definition_name(function.node)
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
