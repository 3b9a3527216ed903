//! SP402: a worker writes a global or an attribute of its object, and the parent reads it back: it never changes there.

use super::{Rule, RuleContext};
use crate::facts::FileFacts;
use crate::facts::scopes::BindingKind;
use crate::findings::{Finding, Reason, Refusal, Remedy, Severity};
use crate::project::{Callable, FileId, Sent, Site, Type, Value};
use crate::rewrite::lifting::captures::{is_change, is_shared_value, is_written};
use crate::rewrite::state::globals::{self, Placement, placement};
use crate::syntax::{Field, Kind, NodeId, QueryFile};
use std::collections::BTreeMap;

static QUERY: QueryFile =
    QueryFile::new("lost_write", include_str!("../../queries/lost_write.scm"));

pub(super) const RULE: Rule = Rule {
    code: "SP402",
    name: "lost-write",
    summary: "a worker writes what the parent reads back",
    query: &QUERY,
    page: include_str!("lost_write.md"),
    check,
};

fn check(ctx: &RuleContext) -> Vec<Finding> {
    let mut found = Vec::new();
    for sent in ctx.worker_calls() {
        // What a manager's server keeps is its own, and is asked for through proxies.
        let is_of_server = sent.dispatch.api(ctx.eval.project).id == "mp.BaseManager.register";
        if sent.slot.name == "initializer" || is_of_server {
            continue;
        }
        for (what, write, read) in lost(ctx, sent) {
            let message = format!(
                "a worker of {} writes {what} ({}), and the parent reads it afterwards ({}); the parent's copy never changes",
                ctx.api_name(sent),
                ctx.location(write).line_seen_from(&ctx.facts().source.path),
                ctx.location(read).line_seen_from(&ctx.facts().source.path)
            );
            let refusal = Refusal::new(
                Reason::LostWrite,
                format!("the worker has a copy of {what}"),
                "return the value from the worker and combine the results in the parent, or share it by a manager, a Value or a queue",
            );
            let mut related = vec![
                ctx.related(write, "written here, in the worker"),
                ctx.related(read, "read here, in the parent"),
            ];
            related.extend(ctx.path_of(sent, None));
            let methods = sent.dispatch.start.methods();
            found.push(ctx.finding(
                sent.origin.handover,
                message,
                methods,
                Severity::Error,
                Remedy::Refused(refusal),
                related,
            ));
        }
    }
    found
}

/// What the worker writes, where, and where the parent reads it after the dispatch.
fn lost(ctx: &RuleContext, sent: &Sent) -> Vec<(String, Site, Site)> {
    match &sent.origin.callable {
        Callable::Function(worker) if !ctx.eval.is_local(*worker) => {
            lost_globals(ctx, sent, *worker)
        }
        Callable::Method { receiver: Type::Class(class), function: Some(worker), .. }
            if sent.slot.name == "run" =>
        {
            lost_by_process(ctx, sent, *class, *worker)
        }
        Callable::Method { receiver: Type::Class(_), object, function: Some(worker), .. }
            if object.file == ctx.file =>
        {
            lost_attributes(ctx, sent, *object, *worker)
        }
        _ => Vec::new(),
    }
}

/// Where this file sends the worker: the dispatch, or the call that hands it to a forwarder which comes to it.
fn sent_at(ctx: &RuleContext, sent: &Sent) -> NodeId {
    let handover = sent.origin.handover.node;
    if sent.dispatch.call.file == ctx.file {
        return sent.dispatch.call.node;
    }
    let tree = ctx.facts().tree();
    tree.enclosing(handover, &[Kind::ArgumentList])
        .and_then(|list| tree.parent(list))
        .unwrap_or(handover)
}

fn lost_globals(ctx: &RuleContext, sent: &Sent, worker: Site) -> Vec<(String, Site, Site)> {
    let reached = ctx.eval.reached(worker);
    let mut writes: BTreeMap<(FileId, String), Site> = BTreeMap::new();
    for function in &reached {
        for (file, name, write) in globals::written_by(ctx.eval, *function) {
            if !is_handed_in(ctx, sent, worker, (file, &name), write) {
                writes.entry((file, name)).or_insert(write);
            }
        }
    }
    let call = sent_at(ctx, sent);
    let mut found = Vec::new();
    for ((file, name), write) in writes {
        let reads = reads_of(ctx, file, &name);
        let by_worker = ctx.eval.file(write.file).enclosing_function(write.node)
            == Some(worker.node)
            && write.file == worker.file;
        let beside = reads.iter().find(|read| is_read_back(ctx.facts(), **read, call));
        let read = beside.filter(|_| by_worker).or_else(|| {
            let elsewhere =
                || reads.iter().find(|read| is_read_later(ctx, **read, ctx.at(call), &reached));
            beside
                .or_else(elsewhere)
                .filter(|_| is_written_by_workers_only(ctx, file, &name, &reached))
        });
        if let Some(read) = read.map(|node| ctx.at(*node)).filter(|read| !may_be_shared(ctx, *read))
        {
            found.push((format!("the global '{name}'"), write, read));
        }
    }
    found
}

/// Whether a worker only binds a global to what the parent hands it of the same: `table = given`, sent with `args=(table,)`.
fn is_handed_in(
    ctx: &RuleContext,
    sent: &Sent,
    worker: Site,
    global: (FileId, &str),
    write: Site,
) -> bool {
    let (file, name) = global;
    if file != ctx.file || write.file != worker.file {
        return false;
    }
    let home = ctx.eval.file(worker.file);
    let tree = home.tree();
    let bound = tree
        .parent(write.node)
        .filter(|up| tree.kind(*up) == Kind::Assignment && tree.field(write.node) == Field::Left);
    let given = bound
        .and_then(|up| tree.child(up, Field::Right))
        .filter(|given| tree.kind(*given) == Kind::Identifier)
        .and_then(|given| home.scopes.resolve_name(given));
    let is_parameter = given.is_some_and(|(scope, own)| {
        Some(scope) == home.scopes.inner(worker.node)
            && matches!(home.scopes.bindings(scope, own), [one] if matches!(one.kind, BindingKind::Parameter { .. }))
    });
    let (facts, call) = (ctx.facts(), sent_at(ctx, sent));
    is_parameter
        && facts
            .scopes
            .references(facts.scopes.module(), name)
            .iter()
            .any(|read| facts.tree().contains(call, *read))
}

/// Whether a read stands in another function than the dispatch (or outside of all) that the parent runs after it, and never
/// before.
fn is_read_later(ctx: &RuleContext, read: NodeId, call: Site, reached: &[Site]) -> bool {
    let facts = ctx.facts();
    let (function, site) = (facts.enclosing_function(read), ctx.at(read));
    function != facts.enclosing_function(call.node)
        && function.is_none_or(|function| !reached.contains(&ctx.at(function)))
        && facts.scopes.is_read(read)
        && !is_change(facts, read)
        && ctx.eval.is_before(call, site)
        && !ctx.eval.is_before(site, call)
}

/// Whether nothing but what workers run (and the import) writes a global, and the parent itself runs none of that.
fn is_written_by_workers_only(
    ctx: &RuleContext,
    file: FileId,
    name: &str,
    reached: &[Site],
) -> bool {
    let facts = ctx.eval.file(file);
    let around = |site: Site| {
        ctx.eval
            .file(site.file)
            .enclosing_function(site.node)
            .map(|node| Site { file: site.file, node })
    };
    let bindings = facts.scopes.bindings(facts.scopes.module(), name).iter();
    let bound = bindings
        .filter(|binding| placement(facts, binding) != Placement::Import)
        .map(|binding| Site { file, node: binding.node });
    let changed = globals::changes(ctx.eval, file, name).into_iter();
    let outside = globals::changes_from_outside(ctx.eval, file, name).into_iter().map(|row| row.0);
    let runs_in_workers = |function: Site| reached.contains(&function);
    bound.chain(changed).chain(outside).all(|write| {
        around(write).is_some_and(|function| {
            runs_in_workers(function)
                && ctx
                    .eval
                    .callers(function)
                    .into_iter()
                    .all(|call| around(call).is_some_and(runs_in_workers))
        })
    })
}

/// The places of this file that read the global `name` of a file: by its name, as it was imported, or by way of the module.
fn reads_of(ctx: &RuleContext, file: FileId, name: &str) -> Vec<NodeId> {
    let facts = ctx.facts();
    let module = facts.scopes.module();
    if file == ctx.file {
        return facts.scopes.references(module, name).to_vec();
    }
    let path = &ctx.eval.file(file).source.path;
    let from_there = |kind: &BindingKind| match kind {
        BindingKind::Import { module, attribute: Some(attribute) } => {
            attribute == name
                && ctx
                    .eval
                    .project
                    .module_path(ctx.file, module)
                    .is_some_and(|found| found == *path)
        }
        _ => false,
    };
    let imported = facts.scopes.get(module).symbols.keys().filter(|local| {
        facts.scopes.bindings(module, local).iter().any(|binding| from_there(&binding.kind))
    });
    let mut found: Vec<NodeId> =
        imported.flat_map(|local| facts.scopes.references(module, local).iter().copied()).collect();
    let attributes =
        ctx.eval.project.attributes_named(name).iter().filter(|site| site.file == ctx.file);
    found.extend(attributes.map(|site| site.node).filter(|node| {
        let object = facts.tree().child(*node, Field::Object).map(|object| ctx.at(object));
        object.is_some_and(|object| ctx.eval.values(object).contains(&Value::Module(file)))
    }));
    found
}

fn lost_attributes(
    ctx: &RuleContext,
    sent: &Sent,
    object: Site,
    worker: Site,
) -> Vec<(String, Site, Site)> {
    let home = ctx.eval.file(worker.file);
    let facts = ctx.facts();
    let tree = facts.tree();
    let mut found: Vec<(String, Site, Site)> = Vec::new();
    for node in
        home.own_nodes(worker.node).filter(|node| home.tree().kind(*node) == Kind::Attribute)
    {
        let (Some(own), Some(name)) =
            (home.tree().child(node, Field::Object), home.tree().child(node, Field::Attribute))
        else {
            continue;
        };
        let is_self = home.tree().kind(own) == Kind::Identifier
            && ctx.eval.self_class(Site { file: worker.file, node: own }).is_some();
        if !is_self
            || !(is_written(home.tree(), node) || is_change(home, node))
            || is_bound_to_a_logger(ctx, Site { file: worker.file, node })
        {
            continue;
        }
        let text = format!("{}.{}", facts.text(object.node), home.text(name));
        if found.iter().any(|row| row.0 == format!("'{text}'")) {
            continue;
        }
        let read = tree.subtree(crate::syntax::Tree::ROOT).find(|read| {
            tree.kind(*read) == Kind::Attribute
                && facts.text(*read) == text
                && !is_written(tree, *read)
                && is_read_back(facts, *read, sent_at(ctx, sent))
        });
        let Some(read) = read.map(|node| Site { file: ctx.file, node }) else { continue };
        if !may_be_shared(ctx, read)
            && !ctx
                .eval
                .values(read)
                .iter()
                .any(|value| matches!(value, crate::project::Value::Method { .. }))
        {
            found.push((format!("'{text}'"), Site { file: worker.file, node }, read));
        }
    }
    found
}

/// Whether `target` is bound to a logger: whoever reads it logs by its own, and nothing is lost.
fn is_bound_to_a_logger(ctx: &RuleContext, target: Site) -> bool {
    let tree = ctx.eval.file(target.file).tree();
    let assignment = tree.parent(target.node).filter(|up| tree.kind(*up) == Kind::Assignment);
    let value = assignment.and_then(|assignment| tree.child(assignment, Field::Right));
    value.is_some_and(|node| {
        let values = ctx.eval.values(Site { file: target.file, node });
        !values.is_empty()
            && values.iter().all(|value| match value {
                Value::Instance(Type::External { path, .. }) => {
                    matches!(
                        &**path,
                        "logging.getLogger"
                            | "logging.Logger"
                            | "logging.LoggerAdapter"
                            | "multiprocessing.get_logger"
                            | "multiprocessing.log_to_stderr"
                    )
                }
                _ => false,
            })
    })
}

/// The attributes that `run` writes and that the code which made the process reads from it afterwards.
fn lost_by_process(
    ctx: &RuleContext,
    sent: &Sent,
    class: Site,
    run: Site,
) -> Vec<(String, Site, Site)> {
    let facts = ctx.facts();
    let tree = facts.tree();
    let inside = ctx.eval.worker_methods(&ctx.eval.lineage(class), run);
    let mut found: Vec<(String, Site, Site)> = Vec::new();
    let writes = inside.iter().flat_map(|method| self_writes(ctx, *method));
    for write in writes.filter(|write| !is_bound_to_a_logger(ctx, *write)) {
        let name = ctx.eval.file(write.file).text(write.node).rsplit('.').next().unwrap_or("");
        let told = format!("'{name}' of the process");
        // An attribute that other methods write, too, may have its value from them.
        let by_others = ctx.eval.attribute_writes(class, name).iter().any(|other| {
            let method = ctx.eval.method_around(class, other.target);
            method.is_some_and(|method| {
                !inside.contains(&method)
                    && ctx.eval.file(method.file).definition_name(method.node) != "__init__"
            })
        });
        if by_others || found.iter().any(|row| row.0 == told) {
            continue;
        }
        let reads_it = |node: NodeId| {
            tree.kind(node) == Kind::Attribute
                && tree
                    .child(node, Field::Attribute)
                    .is_some_and(|attribute| facts.text(attribute) == name)
                && !is_written(tree, node)
                && is_read_back(facts, node, sent_at(ctx, sent))
        };
        let of_process = |node: NodeId| {
            let object = tree.child(node, Field::Object).map(|node| ctx.at(node));
            let process = crate::project::Value::Instance(Type::Class(class));
            object.is_some_and(|object| ctx.eval.values(object).contains(&process))
                && !may_be_shared(ctx, ctx.at(node))
        };
        let read = tree
            .subtree(crate::syntax::Tree::ROOT)
            .find(|node| reads_it(*node) && of_process(*node));
        found.extend(read.map(|node| (told, write, ctx.at(node))));
    }
    found
}

/// The places of a method that write an attribute of its object, or change what is in it.
fn self_writes(ctx: &RuleContext, method: Site) -> Vec<Site> {
    let facts = ctx.eval.file(method.file);
    let tree = facts.tree();
    let at = |node| Site { file: method.file, node };
    let attributes =
        facts.own_nodes(method.node).filter(|node| tree.kind(*node) == Kind::Attribute);
    let of_self = |node: &NodeId| {
        let own =
            tree.child(*node, Field::Object).filter(|own| tree.kind(*own) == Kind::Identifier);
        own.is_some_and(|own| ctx.eval.self_class(at(own)).is_some())
            && (is_written(tree, *node) || is_change(facts, *node))
    };
    attributes.filter(of_self).map(at).collect()
}

/// Whether an object may be one whose changes in a worker reach the parent.
fn may_be_shared(ctx: &RuleContext, read: Site) -> bool {
    ctx.eval.values(read).iter().any(|value| is_shared_value(ctx.eval, value))
}

/// Whether a read stands after the dispatch in the function that dispatches, and not within a write.
fn is_read_back(facts: &FileFacts, read: NodeId, call: NodeId) -> bool {
    let tree = facts.tree();
    facts.enclosing_function(read) == facts.enclosing_function(call)
        && tree.start(read) > tree.end(call)
        && !is_change(facts, read)
        // Bound anew in between: the parent reads what it wrote itself.
        && tree.enclosing(read, &[Kind::GlobalStatement]).is_none()
}
