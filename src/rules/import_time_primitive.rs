//! SP404: a module-level primitive of multiprocessing that workers use as a global: each process has its own.

use super::{Rule, RuleContext};
use crate::catalogue::objects::{self, Travels};
use crate::findings::{Finding, Severity};
use crate::project::{FileId, Site, Type, Value};
use crate::rewrite::state::globals::{GlobalRead, Placement, placement};
use crate::syntax::QueryFile;
use std::collections::{BTreeMap, BTreeSet};

static QUERY: QueryFile = QueryFile::new(
    "import_time_primitive",
    include_str!("../../queries/import_time_primitive.scm"),
);

pub(super) const RULE: Rule = Rule {
    code: "SP404",
    name: "import-time-primitive",
    summary: "workers use a module-level Lock, Queue or Value of multiprocessing as a global",
    query: &QUERY,
    page: include_str!("import_time_primitive.md"),
    check,
};

fn check(ctx: &RuleContext) -> Vec<Finding> {
    let mut found = Vec::new();
    for (sent, worker, methods) in ctx.importing_workers() {
        let own: Vec<(GlobalRead, Site, String)> = ctx
            .reads_from_outside(&sent.dispatch, worker)
            .into_iter()
            .filter_map(|read| primitive(ctx, &read).map(|(site, what)| (read, site, what)))
            .collect();
        for (read, made, what) in &own {
            let name = &read.name;
            let worker_name = ctx.eval.file(read.function.file).definition_name(read.function.node);
            let message = format!(
                "'{worker_name}' runs in a worker of {} and uses the module-level '{name}', {what}; under spawn and forkserver each process makes its own when it imports the module",
                ctx.api_name(sent)
            );
            let of_pool = ctx
                .workers_beside(sent)
                .into_iter()
                .flat_map(|worker| ctx.reads_from_outside(&sent.dispatch, worker));
            let mut alike: BTreeMap<FileId, BTreeSet<String>> = BTreeMap::new();
            for other in of_pool.filter(|other| primitive(ctx, other).is_some()) {
                alike.entry(other.file).or_default().insert(other.name);
            }
            let remedy = ctx.handed_over(sent, read.file, &alike);
            let mut related = vec![
                ctx.related(*made, format!("'{name}' is made here, in every process")),
                ctx.related(read.read, "used here"),
            ];
            related.extend(ctx.path_of(sent, None));
            found.push(ctx.finding(
                sent.origin.handover,
                message,
                &methods,
                Severity::Error,
                remedy,
                related,
            ));
        }
    }
    found
}

/// The one binding of a global that makes a primitive at import time, and what it is.
fn primitive(ctx: &RuleContext, read: &GlobalRead) -> Option<(Site, String)> {
    let facts = ctx.eval.file(read.file);
    let [binding] = facts.scopes.bindings(facts.scopes.module(), &read.name) else { return None };
    if placement(facts, binding) != Placement::Import {
        return None;
    }
    ctx.eval.binding_values(read.file, binding).into_iter().find_map(|value| {
        let Value::Instance(Type::External { path, .. }) = value else { return None };
        let object =
            objects::made_by(&path).filter(|object| object.travels == Travels::Inheritance)?;
        Some((Site { file: read.file, node: binding.node }, object.what.clone()))
    })
}
