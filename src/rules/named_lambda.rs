//! SP104: a module-level or class-level `f = lambda …` reaches a slot; its qualified name is `<lambda>`.

use super::{Rule, RuleContext};
use crate::facts::FileFacts;
use crate::findings::{Finding, Severity};
use crate::rewrite::{callables::named_lambda, lifting::captures};
use crate::syntax::{Field, Kind, NodeId, QueryFile};
use std::collections::BTreeSet;

static QUERY: QueryFile =
    QueryFile::new("named_lambda", include_str!("../../queries/named_lambda.scm"));

pub(super) const RULE: Rule = Rule {
    code: "SP104",
    name: "named-lambda",
    summary: "a module-level or class-level `f = lambda` reaches a callable slot of a process API",
    query: &QUERY,
    page: include_str!("named_lambda.md"),
    check,
};

fn check(ctx: &RuleContext) -> Vec<Finding> {
    let mut found = Vec::new();
    if !ctx.index.concerns(ctx.file) {
        return found;
    }
    let held = |node: NodeId| {
        crate::facts::names::holder(ctx.facts(), node)
            .filter(|_| !ctx.index.of(ctx.at(node)).is_empty())
    };
    let matches = ctx.matches();
    let statements: BTreeSet<NodeId> = matches
        .iter()
        .filter_map(|hit| held(hit.get("callable")?))
        .map(|node| ctx.facts().statement(node))
        .collect();
    for hit in matches {
        let (Some(lambda), Some(name)) =
            (hit.get("callable").map(|node| ctx.at(node)), hit.get("name"))
        else {
            continue;
        };
        let Some(assignment) = held(lambda.node) else { continue };
        let sent = ctx.index.of(lambda);
        let hand = is_named_by_hand(ctx.facts(), name);
        let name = ctx.facts().text(name);
        if hand {
            continue;
        }
        let guarded = captures::guard_around(ctx.facts(), lambda.node).is_some();
        let remedy = if guarded {
            ctx.lifted(lambda, &sent)
        } else {
            named_lambda::to_def(ctx.eval, lambda, assignment, &statements)
        };
        for each in sent {
            let message = format!(
                "'{name}' is a lambda and is sent to a process by {}; pickle looks for a function called <lambda>",
                ctx.api_name(each)
            );
            let definition = Some((lambda, format!("'{name}' is bound to a lambda here")));
            found.push(ctx.finding(
                each.origin.handover,
                message,
                &each.methods,
                Severity::Error,
                remedy.clone(),
                ctx.path_of(each, definition),
            ));
        }
    }
    found
}

/// Whether the module gives what a name holds that name as its qualified name: `square.__qualname__ = "square"`.
fn is_named_by_hand(facts: &FileFacts, name: NodeId) -> bool {
    let tree = facts.tree();
    let Some((home, text)) = facts.scopes.resolve_name(name) else { return false };
    facts.scopes.references(home, text).iter().any(|read| {
        let attribute = tree.parent(*read).filter(|up| {
            tree.kind(*up) == Kind::Attribute
                && tree.field(*up) == Field::Left
                && tree
                    .child(*up, Field::Attribute)
                    .is_some_and(|attribute| facts.text(attribute) == "__qualname__")
        });
        // `f.__name__ = f.__qualname__ = "f"`: an assignment in an assignment.
        let mut value = attribute.and_then(|node| tree.parent(node));
        while let Some(inner) = value.filter(|node| tree.kind(*node) == Kind::Assignment) {
            value = tree.child(inner, Field::Right);
        }
        let content = value
            .filter(|value| tree.kind(*value) == Kind::String)
            .and_then(|value| tree.child_of_kind(value, Kind::StringContent));
        content.is_some_and(|content| facts.text(content) == text)
    })
}
