//! SP301: running or importing the module starts a process at import time.

use super::{Rule, RuleContext};
use crate::facts::guard;
use crate::findings::{Finding, Related, Remedy, Severity, StartMethod};
use crate::project::Site;
use crate::project::names::script::Role;
use crate::project::processes::starts::ProcessStart;
use crate::rewrite::guard::{Class, Script, Sorting};
use crate::syntax::{Kind, QueryFile, Tree};
use std::collections::BTreeSet;

static QUERY: QueryFile = QueryFile::new(
    "unguarded_process_start",
    include_str!("../../queries/unguarded_process_start.scm"),
);

pub(super) const RULE: Rule = Rule {
    code: "SP301",
    name: "unguarded-process-start",
    summary: "running or importing the module starts a process at import time",
    query: &QUERY,
    page: include_str!("unguarded_process_start.md"),
    check,
};

fn check(ctx: &RuleContext) -> Vec<Finding> {
    let starts = unguarded(ctx);
    if starts.is_empty() || ctx.eval.forces_fork(ctx.file) {
        return Vec::new();
    }
    let script = Script::new(ctx.eval, ctx.file, ctx.index.all());
    if script.role == Role::Main {
        // Children never import a `__main__.py`.
        return Vec::new();
    }
    let exit = script.items.iter().position(|item| item.class == Class::Exit);
    let mut must: BTreeSet<usize> = BTreeSet::new();
    let mut reported: Vec<(usize, ProcessStart)> = Vec::new();
    for (at, item) in script.items.iter().enumerate() {
        let Some(start) = item.starts.iter().find(|start| starts.contains(&start.place())) else {
            continue;
        };
        must.insert(at);
        let same_object = start.made.is_some()
            && reported
                .iter()
                .any(|(_, other)| other.made == start.made || Some(other.call) == start.made);
        // What follows an exit for other names is the false guard's own finding.
        if !same_object && exit.is_none_or(|exit| at < exit) {
            reported.push((at, start.clone()));
        }
    }
    if reported.is_empty() {
        return Vec::new();
    }
    let remedy = script.guarded(&must, ctx.guard_style).map_or_else(Remedy::Refused, Remedy::Fix);
    let notes =
        script.sorted(&must).map(|sorting| kept_notes(ctx, &script, &sorting)).unwrap_or_default();
    reported
        .into_iter()
        .map(|(_, start)| finding(ctx, &script, &start, remedy.clone(), &notes))
        .collect()
}

/// The places in the file at which importing it starts a process, those under false guards left out.
fn unguarded(ctx: &RuleContext) -> BTreeSet<Site> {
    let facts = ctx.facts();
    let tree = facts.tree();
    let statements = tree.children(Tree::ROOT).filter(|node| {
        !matches!(tree.kind(*node), Kind::FunctionDefinition | Kind::ImportStatement)
    });
    statements
        .flat_map(|node| ctx.eval.starts_in(ctx.file, node))
        .map(|start| start.place())
        .filter(|place| guard::false_guard_around(facts, place.node).is_none())
        .collect()
}

/// What stays at module level although every child repeats it.
fn kept_notes(ctx: &RuleContext, script: &Script, sorting: &Sorting) -> Vec<Related> {
    let note = |name: &str| {
        format!(
            "'{name}' stays at module level, since workers read it: every child makes it again; an initializer could hand it over"
        )
    };
    script
        .kept_for_workers(sorting)
        .into_iter()
        .map(|(node, name)| ctx.related(ctx.at(node), note(name)))
        .collect()
}

fn finding(
    ctx: &RuleContext,
    script: &Script,
    start: &ProcessStart,
    remedy: Remedy,
    notes: &[Related],
) -> Finding {
    let api = ctx.eval.api_label(start);
    let direct = start.through.is_empty();
    let article = match api.split(' ').next() {
        Some("loop") => "a ",
        Some("entry") => "the ",
        _ => "",
    };
    let what = if direct {
        format!("this {api} starts a process")
    } else {
        format!("this call reaches {article}{api}, which starts a process,")
    };
    if let Role::Library(_) = script.role {
        let message = format!(
            "{what} while the module is imported; that can wait for the import lock for ever under every start method"
        );
        return ctx.finding(
            start.place(),
            message,
            &StartMethod::ALL,
            Severity::Critical,
            remedy,
            related(ctx, start).collect(),
        );
    }
    let message = format!(
        "{what} at import time, without `if __name__ == \"__main__\":`; {}",
        damage(&ctx.eval.project.catalogue.get(start.entry).id)
    );
    let severity = if is_respawning(&ctx.eval.project.catalogue.get(start.entry).id) {
        Severity::Critical
    } else {
        Severity::Error
    };
    ctx.finding(
        start.place(),
        message,
        &StartMethod::PICKLING,
        severity,
        remedy,
        related(ctx, start).chain(notes.iter().cloned()).collect(),
    )
}

/// Whether the API replaces workers that die, for ever.
fn is_respawning(id: &str) -> bool {
    id.starts_with("mp.Pool") || id.starts_with("torch.mp.Pool") || id.starts_with("billiard.Pool")
}

/// What children do that import the script again.
fn damage(id: &str) -> &'static str {
    if is_respawning(id) {
        "every worker imports the script again, fails to start its own workers and is replaced for ever"
    } else if id == "mp.Process.start" {
        "the child imports the script again and dies, and the parent goes on without it"
    } else {
        "every child imports the script again and dies while it tries to start processes"
    }
}

/// The calls on the way to the start.
fn related<'c>(
    ctx: &'c RuleContext,
    start: &'c ProcessStart,
) -> impl Iterator<Item = Related> + 'c {
    let steps =
        start.through.iter().skip(1).map(|step| ctx.related(*step, "reached through this call"));
    let last =
        (!start.through.is_empty()).then(|| ctx.related(start.call, "the process is started here"));
    steps.chain(last)
}
