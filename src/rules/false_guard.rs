//! SP304: a guard that lets children through, or ends them.

use super::{Rule, RuleContext};
use crate::facts::guard::{self, Pretence};
use crate::findings::{Finding, Remedy, Severity, StartMethod};
use crate::project::names::script::Role;
use crate::rewrite::guard::{Class, Script};
use crate::syntax::{Field, Kind, NodeId, QueryFile, Tree};
use std::collections::BTreeSet;

static QUERY: QueryFile =
    QueryFile::new("false_guard", include_str!("../../queries/false_guard.scm"));

pub(super) const RULE: Rule = Rule {
    code: "SP304",
    name: "false-guard",
    summary: "a guard that does not keep child processes from running what it guards",
    query: &QUERY,
    page: include_str!("false_guard.md"),
    check,
};

/// Without one of these there is nothing by which a guard could tell children apart, rightly or wrongly.
const WORDS: &[&str] = &["__name__", "parent_process", "current_process"];

fn check(ctx: &RuleContext) -> Vec<Finding> {
    let facts = ctx.facts();
    if !WORDS.iter().any(|word| facts.all().contains(word)) {
        return Vec::new();
    }
    let tree = facts.tree();
    let mut found = Vec::new();
    let mut script: Option<Script> = None;
    for hit in ctx.matches() {
        let (Some(statement), Some(condition)) = (hit.get("guard"), hit.get("condition")) else {
            continue;
        };
        let exits =
            tree.parent(statement) == Some(Tree::ROOT) && guard::leaves_elsewhere(facts, statement);
        let pretence = match guard::shape(facts, condition) {
            guard::Shape::False(why) => Some(why),
            _ => None,
        };
        if (!exits && pretence.is_none())
            || facts.enclosing_function(statement).is_some()
            || guard::is_guarded(facts, statement)
        {
            continue;
        }
        if !starts_behind(ctx, statement, exits) || ctx.eval.forces_fork(ctx.file) {
            continue;
        }
        let script = script.get_or_insert_with(|| Script::new(ctx.eval, ctx.file, ctx.index.all()));
        if script.role == Role::Main {
            return found;
        }
        let remedy = match pretence {
            Some(_) => script.repaired(statement, guard::false_part(facts, condition)),
            None => script.guarded(&started_after(script, statement), ctx.guard_style),
        };
        let remedy = remedy.map_or_else(Remedy::Refused, Remedy::Fix);
        found.push(ctx.finding(
            ctx.at(condition),
            message(pretence),
            &StartMethod::PICKLING,
            Severity::Critical,
            remedy,
            Vec::new(),
        ));
    }
    found
}

/// Whether processes are started under the false guard, or, for an exit, below it.
fn starts_behind(ctx: &RuleContext, statement: NodeId, exits: bool) -> bool {
    let tree = ctx.facts().tree();
    if exits {
        let below = tree
            .children(Tree::ROOT)
            .filter(|other| *other > statement && tree.kind(*other) != Kind::FunctionDefinition);
        return below.into_iter().any(|other| !ctx.eval.starts_in(ctx.file, other).is_empty());
    }
    let body = tree.child(statement, Field::Consequence);
    body.is_some_and(|body| !ctx.eval.starts_in(ctx.file, body).is_empty())
}

/// The positions of the statements below an exit that start processes.
fn started_after(script: &Script, statement: NodeId) -> BTreeSet<usize> {
    let Some(exit) = script.position(statement) else { return BTreeSet::new() };
    let starts = |at: &usize| {
        !script.items[*at].starts.is_empty() && script.items[*at].class != Class::Guard
    };
    (exit + 1..script.items.len()).filter(starts).collect()
}

fn message(pretence: Option<Pretence>) -> &'static str {
    match pretence {
        Some(Pretence::NamesChild) => {
            "this guard names __mp_main__, the name of the script in its children: every child runs what it guards"
        }
        Some(Pretence::ParentProcess) => {
            "this guard asks for the parent process, which is not known yet while a child imports the script: every child runs what it guards"
        }
        Some(Pretence::ProcessName) => {
            "this guard asks for the name of the process, which is MainProcess in the fork server, too: there it does not guard"
        }
        None => {
            "this exit ends every child while it imports the script: no worker ever starts, and a pool replaces them for ever"
        }
    }
}
