//! SP105: a function defined under the entry-point guard, or in a `__main__.py`, reaches a slot.

use super::{Rule, RuleContext};
use crate::findings::{Finding, Fix, Remedy, Severity, StartMethod};
use crate::project::Site;
use crate::rewrite::{
    lifting::{captures, lift},
    place,
};
use crate::syntax::{Kind, QueryFile, Tree};
use std::collections::BTreeSet;

static QUERY: QueryFile =
    QueryFile::new("main_only_function", include_str!("../../queries/main_only_function.scm"));

pub(super) const RULE: Rule = Rule {
    code: "SP105",
    name: "main-only-function",
    summary: "a function that only the main process defines (under the guard, or in a `__main__.py`) reaches a slot",
    query: &QUERY,
    page: include_str!("main_only_function.md"),
    check,
};

fn check(ctx: &RuleContext) -> Vec<Finding> {
    let mut found = Vec::new();
    if !ctx.index.concerns(ctx.file) {
        return found;
    }
    let facts = ctx.facts();
    let is_main_module = facts.is_package_main();
    for hit in ctx.matches() {
        let Some(function) = hit.get("callable").map(|node| ctx.at(node)) else { continue };
        let sent = ctx.index.of(function);
        if sent.is_empty()
            || ctx.eval.is_local(function)
            || facts.tree().enclosing(function.node, &[Kind::ClassDefinition]).is_some()
        {
            continue;
        }
        let guarded = captures::guard_around(facts, function.node).is_some();
        let top_level =
            facts.tree().parent(facts.with_decorators(function.node)) == Some(Tree::ROOT);
        // `global work` in a function that children do not call: the name is there only where it has run.
        let maker = facts
            .enclosing_function(function.node)
            .map(|node| ctx.at(node))
            .filter(|maker| !guarded && is_called_by_main_only(ctx, *maker));
        if !(guarded || maker.is_some() || (is_main_module && top_level)) {
            continue;
        }
        let name = facts.definition_name(function.node);
        let mut remedy = lift::callable(ctx.eval, function, ctx.uses(function, &sent), ctx.bind);
        if let (Some(maker), Remedy::Fix(fix)) = (maker, &mut remedy) {
            forget_global(ctx, maker, name, fix);
        }
        for each in sent {
            // Under fork a child has everything that the guard defined.
            let methods: Vec<StartMethod> = each
                .methods
                .iter()
                .copied()
                .filter(|method| *method != StartMethod::Fork)
                .collect();
            if methods.is_empty() {
                continue;
            }
            let place = match maker {
                _ if guarded => {
                    "is defined under the entry-point guard, which child processes skip".to_owned()
                }
                Some(maker) => format!(
                    "is made global by '{}', which child processes do not call",
                    facts.definition_name(maker.node)
                ),
                None => "is defined in __main__.py, which child processes never import".to_owned(),
            };
            let message =
                format!("'{name}' {place}, so a worker of {} cannot find it", ctx.api_name(each));
            let definition = Some((function, format!("'{name}' is defined here")));
            found.push(ctx.finding(
                each.origin.handover,
                message,
                &methods,
                Severity::Critical,
                remedy.clone(),
                ctx.path_of(each, definition),
            ));
        }
    }
    found
}

/// Whether children, which only import, never come to call a function.
fn is_called_by_main_only(ctx: &RuleContext, function: Site) -> bool {
    let is_outermost = ctx.facts().enclosing_function(function.node).is_none();
    is_outermost && !is_run_by_import(ctx, function, &mut BTreeSet::new())
}

/// Whether importing files runs a function, or a worker does, as far as its callers can be seen.
fn is_run_by_import(ctx: &RuleContext, function: Site, seen: &mut BTreeSet<Site>) -> bool {
    seen.insert(function)
        && (!ctx.index.of(function).is_empty()
            || ctx.eval.callers(function).into_iter().any(|call| {
                let facts = ctx.eval.file(call.file);
                match facts.enclosing_function(call.node) {
                    Some(node) => is_run_by_import(ctx, Site { file: call.file, node }, seen),
                    None => captures::guard_around(facts, call.node).is_none(),
                }
            }))
}

/// Takes the `global` statement of a function along that was there for nothing but what has moved.
fn forget_global(ctx: &RuleContext, maker: Site, name: &str, fix: &mut Fix) {
    let facts = ctx.facts();
    let tree = facts.tree();
    let still_bound = fix.edits.iter().any(|each| each.edit.text.contains(&format!("{name} = ")));
    let alone = |node: &crate::syntax::NodeId| {
        let mut names = tree.children(*node).map(|each| facts.text(each));
        tree.kind(*node) == Kind::GlobalStatement
            && names.next() == Some(name)
            && names.next().is_none()
    };
    if let Some(statement) = facts.own_nodes(maker.node).find(alone).filter(|_| !still_bound) {
        fix.edits.extend(facts.file_edits([place::remove_statement(facts, statement)]));
    }
}
