//! SP405: only the main process sets up what workers rely on: logging, seeds, the decimal context.

use super::{Rule, RuleContext};
use crate::catalogue::configurations::{self, Configuration};
use crate::facts::guard;
use crate::findings::{Finding, Remedy, Severity, StartMethod};
use crate::project::{Sent, Site};
use crate::rewrite::state::{globals, same_setup};
use crate::syntax::QueryFile;

static QUERY: QueryFile = QueryFile::new(
    "main_only_configuration",
    include_str!("../../queries/main_only_configuration.scm"),
);

pub(super) const RULE: Rule = Rule {
    code: "SP405",
    name: "main-only-configuration",
    summary: "only the main process sets up what workers rely on: logging, seeds, the decimal context",
    query: &QUERY,
    page: include_str!("main_only_configuration.md"),
    check,
};

/// A call whose worker relies on what only the main process has set up.
struct Relying<'c> {
    sent: &'c Sent,
    methods: Vec<StartMethod>,
    setup: Site,
    used: Site,
    worker: Site,
}

fn check(ctx: &RuleContext) -> Vec<Finding> {
    let workers = ctx.importing_workers();
    if workers.is_empty() || ctx.matches().is_empty() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for configuration in configurations::all() {
        let setups = ctx.eval.setups(configuration);
        if setups.is_empty() {
            continue;
        }
        let relying: Vec<Relying> = workers
            .iter()
            .filter_map(|(sent, worker, methods)| {
                relies(ctx, sent, *worker, methods, configuration, &setups)
            })
            .collect();
        found.extend(finding(ctx, configuration, &relying));
    }
    found
}

fn relies<'c>(
    ctx: &RuleContext,
    sent: &'c Sent,
    worker: Site,
    methods: &[StartMethod],
    configuration: &Configuration,
    setups: &[Site],
) -> Option<Relying<'c>> {
    if sent.slot.name == "initializer" {
        return None;
    }
    let used = ctx
        .eval
        .reached(worker)
        .into_iter()
        .find_map(|function| ctx.eval.relies_on(function, configuration))?;
    // What any process does while it imports, or what workers do themselves, is set up everywhere.
    let is_main_only = |setup: &Site| is_main_only(ctx, *setup, sent);
    let here = |setup: &&Site| is_done_from(ctx, **setup, sent.origin.handover);
    let setup = setups.iter().find(here).filter(|_| setups.iter().all(is_main_only))?;
    Some(Relying { sent, methods: methods.to_vec(), setup: *setup, used, worker })
}

/// Whether only the main process runs a set-up.
fn is_main_only(ctx: &RuleContext, setup: Site, sent: &Sent) -> bool {
    let facts = ctx.eval.file(setup.file);
    match facts.enclosing_function(setup.node) {
        None => guard::is_guarded(facts, setup.node),
        Some(node) => {
            let function = Site { file: setup.file, node };
            let is_main = globals::is_main_only(ctx.eval, function)
                || globals::is_done_by_sender(ctx.eval, setup, &sent.places());
            is_main && !runs_in_workers(ctx, function)
        }
    }
}

/// Whether an initializer, or what else is sent to workers, runs a function.
fn runs_in_workers(ctx: &RuleContext, function: Site) -> bool {
    let sent = ctx.index.all().iter().chain(ctx.index.runs());
    sent.filter_map(|each| ctx.eval.worker(&each.origin))
        .any(|worker| ctx.eval.reached(worker).contains(&function))
}

/// Whether the file that hands something over runs a set-up itself.
fn is_done_from(ctx: &RuleContext, setup: Site, handover: Site) -> bool {
    let facts = ctx.eval.file(setup.file);
    setup.file == handover.file
        || facts.enclosing_function(setup.node).is_some_and(|node| {
            let callers = ctx.eval.callers(Site { file: setup.file, node });
            callers.iter().any(|call| call.file == handover.file)
        })
}

fn finding(
    ctx: &RuleContext,
    configuration: &Configuration,
    relying: &[Relying],
) -> Option<Finding> {
    let first = relying.first()?;
    let worker = ctx.eval.file(first.worker.file).definition_name(first.worker.node);
    let message = format!(
        "'{worker}' runs in a worker of {} and {}, but only the main process sets {} up ({}); under spawn and forkserver {}",
        ctx.api_name(first.sent),
        configuration.verb,
        configuration.what,
        ctx.location(first.setup).line_seen_from(&ctx.facts().source.path),
        configuration.otherwise
    );
    let remedy = same_setup::by_initializer(ctx.eval, first.sent, first.setup)
        .map_or_else(Remedy::Refused, Remedy::Fix);
    let mut related = vec![
        ctx.related(first.setup, format!("{} is set up here", configuration.what)),
        ctx.related(first.used, "the worker relies on it here"),
    ];
    related.extend(relying[1..].iter().map(|each| {
        ctx.related(each.sent.origin.handover, "another worker that relies on it is sent here")
    }));
    Some(ctx.finding(
        first.sent.origin.handover,
        message,
        &first.methods,
        Severity::Error,
        remedy,
        related,
    ))
}
