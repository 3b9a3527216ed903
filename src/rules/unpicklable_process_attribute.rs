//! SP203: a `Process` subclass stores what cannot be pickled before `start()`.

use super::{Rule, RuleContext};
use crate::catalogue::Start;
use crate::findings::{Finding, Fix, Reason, Refusal, Remedy, Severity, StartMethod};
use crate::project::Sent;
use crate::project::dataflow::Source;
use crate::project::travel::picklability::Obstacle;
use crate::project::travel::state::Moment;
use crate::project::{Callable, Dispatch, Origin, Site, Type};
use crate::rewrite::lifting::uses::Use;
use crate::rewrite::{
    lifting::lift,
    state::{process_state, worker_state},
};
use crate::syntax::{Field, Kind, QueryFile, Tree};

static QUERY: QueryFile = QueryFile::new(
    "unpicklable_process_attribute",
    include_str!("../../queries/unpicklable_process_attribute.scm"),
);

pub(super) const RULE: Rule = Rule {
    code: "SP203",
    name: "unpicklable-process-attribute",
    summary: "a subclass of Process keeps a lock, file, connection or the like when start() pickles it",
    query: &QUERY,
    page: include_str!("unpicklable_process_attribute.md"),
    check,
};

const DEPTH: u32 = 4;

fn check(ctx: &RuleContext) -> Vec<Finding> {
    let mut found = Vec::new();
    for hit in ctx.matches() {
        let Some(class) = hit.get("class").map(|node| ctx.at(node)) else { continue };
        let Some(start) = ctx.eval.process_class(class) else { continue };
        if ctx.eval.controls_its_pickling(class) {
            continue;
        }
        let methods: Vec<StartMethod> =
            start.methods().iter().copied().filter(|method| *method != StartMethod::Fork).collect();
        if methods.is_empty() || start == Start::Other {
            continue;
        }
        let name = ctx.facts().definition_name(class.node);
        let run = ctx.eval.method(class, "run").map(|(_, run)| run);
        let any = Source::any_instance(class);
        let moment = Moment { worker: run, call: None };
        let mut obstacles = ctx.eval.attribute_obstacles(&any, true, DEPTH, &moment);
        let started = ctx.eval.started_by_constructor(class).into_iter();
        let is_new = |each: &Obstacle| obstacles.iter().all(|have| have.path != each.path);
        obstacles.extend(started.filter(is_new).collect::<Vec<_>>());
        let left = left_behind(ctx, class, &obstacles);
        for obstacle in obstacles {
            let Some(write) = obstacle
                .site
                .filter(|site| site.file == ctx.file && is_before_start(ctx, class, *site))
            else {
                continue;
            };
            let attribute = &obstacle.path;
            // What a constructor call gives is reported there, where it is written.
            let is_definition =
                matches!(obstacle.what.as_str(), "a lambda" | "a local function" | "a local class");
            // What another file (a test) hands over is not the class's doing.
            let of_local_class = obstacle.what.strip_prefix("an instance of the local class ");
            if of_local_class.is_some_and(|class| !defines_class(ctx, class.trim_matches('\''))) {
                continue;
            }
            let is_own = obstacle.made.is_some_and(|made| {
                made.file == class.file && ctx.facts().tree().contains(class.node, made.node)
            });
            if is_definition && !is_own && ctx.index.is_given_to(class, ctx.eval) {
                continue;
            }
            let message = format!(
                "the process class '{name}' keeps {} ({attribute}), and start() pickles the whole object under spawn and forkserver",
                obstacle.what
            );
            let refused = || {
                Remedy::Refused(Refusal::new(
                    Reason::UnpicklableObject,
                    format!("{attribute} is {} when start() pickles the object", obstacle.what),
                    "make it in run(), or use its multiprocessing counterpart, which travels with a Process",
                ))
            };
            let remedy = match process_state::made_in_run(ctx.eval, class, write)
                .or_else(|| left.clone())
            {
                Some(fix) => Remedy::Fix(fix),
                // The class of the attribute moves to module level with that of the process, which is no less local.
                None if of_local_class.is_some() && ctx.eval.is_local(class) => {
                    let moved = lift::class(ctx.eval, class, true, ctx.bind, &[]);
                    let dispatch = keeping(ctx, class, write);
                    let uses = dispatch.iter().map(|dispatch| (dispatch, write));
                    ctx.unless_outdated(class, uses, moved, &[])
                }
                None if of_local_class.is_some() => {
                    moved_class(ctx, class, write).unwrap_or_else(refused)
                }
                None if is_definition => made_importable(ctx, class, write).unwrap_or_else(refused),
                None => refused(),
            };
            let related = vec![ctx.related(class, format!("'{name}' is a subclass of Process"))];
            found.push(ctx.finding(write, message, &methods, Severity::Error, remedy, related));
        }
    }
    found.extend(given_from_outside(ctx));
    found
}

/// The repair for objects of a local class that the class keeps, where it is the only one: that moves to module level.
fn moved_class(ctx: &RuleContext, process: Site, write: Site) -> Option<Remedy> {
    let value = assigned(ctx, write)?;
    let mut classes = ctx.eval.local_classes_held(value).into_iter();
    let class = classes.next().filter(|_| classes.next().is_none())?;
    if ctx.eval.controls_its_pickling(class) {
        return None;
    }
    let dispatch = keeping(ctx, process, value)?;
    let remedy = lift::class(ctx.eval, class, true, ctx.bind, &[]);
    Some(ctx.unless_outdated(class, std::iter::once((&dispatch, value)), remedy, &[]))
}

/// The repair for a lambda or local function that the class keeps itself: it moves to module level.
fn made_importable(ctx: &RuleContext, class: Site, write: Site) -> Option<Remedy> {
    let value = assigned(ctx, write)?;
    let origins = ctx.eval.origins(value);
    let [
        Origin {
            callable: Callable::Lambda(definition) | Callable::Function(definition),
            leaf,
            ..
        },
    ] = origins.as_slice()
    else {
        return None;
    };
    let dispatch = keeping(ctx, class, value)?;
    let each = Use::among_arguments(dispatch.clone(), *leaf, true);
    let remedy = lift::callable(ctx.eval, *definition, vec![each], ctx.bind);
    Some(ctx.unless_outdated(*definition, std::iter::once((&dispatch, value)), remedy, &[]))
}

/// The value that an assignment stores at `write`.
fn assigned(ctx: &RuleContext, write: Site) -> Option<Site> {
    let tree = ctx.facts().tree();
    let assignment = tree
        .parent(write.node)
        .filter(|up| tree.kind(*up) == Kind::Assignment && tree.field(write.node) == Field::Left)?;
    tree.child(assignment, Field::Right).map(|value| ctx.at(value))
}

/// What sends a value that a process keeps. The object may be made and started anywhere: what is bound is bound where it is
/// stored, for ever.
fn keeping(ctx: &RuleContext, process: Site, value: Site) -> Option<Dispatch> {
    let (entry, start) = ctx.eval.entry_of_class(process)?;
    Some(Dispatch { call: value, entry, start, receiver: None, made: None, shift: 0 })
}

/// Whether a class of that name is defined anywhere in the file.
fn defines_class(ctx: &RuleContext, name: &str) -> bool {
    let tree = ctx.facts().tree();
    tree.subtree(Tree::ROOT).any(|node| {
        tree.kind(node) == Kind::ClassDefinition && ctx.facts().definition_name(node) == name
    })
}

/// The repair for attributes that only the parent uses, where all the others can be made in `run`.
fn left_behind(ctx: &RuleContext, class: Site, obstacles: &[Obstacle]) -> Option<Fix> {
    let made_in_run = |obstacle: &Obstacle| {
        obstacle
            .site
            .is_some_and(|write| process_state::made_in_run(ctx.eval, class, write).is_some())
    };
    let rest: Vec<Obstacle> =
        obstacles.iter().filter(|obstacle| !made_in_run(obstacle)).cloned().collect();
    worker_state::left_behind(ctx.eval, class, &rest, &ctx.index.workers_of(class, ctx.eval))
}

/// Whether a write happens in this class, in `__init__` or in what only `__init__` calls: other methods may run after `start()`.
fn is_before_start(ctx: &RuleContext, class: Site, write: Site) -> bool {
    let facts = ctx.eval.file(write.file);
    if !facts.tree().contains(class.node, write.node) {
        return false;
    }
    // Where the object gets a `start` of its own, the one that pickles it is not called.
    let is_around = |start: Site| {
        start.file == write.file
            && facts
                .tree()
                .enclosing(start.node, &[Kind::Block])
                .is_some_and(|block| facts.tree().contains(block, write.node))
    };
    if ctx.eval.attribute_writes(class, "start").iter().any(|start| is_around(start.target)) {
        return false;
    }
    let Some(method) = ctx.eval.method_around(class, write) else { return false };
    let name = facts.definition_name(method.node);
    if name == "__init__" {
        return true;
    }
    let calls = ctx.eval.project.calls_named(name);
    let by_init = |init: Site| {
        !calls.is_empty()
            && calls
                .iter()
                .all(|call| call.file == init.file && facts.tree().contains(init.node, call.node))
    };
    ctx.eval.own_method(class, "__init__").is_some_and(by_init)
        || ctx.eval.is_before_every_start(class, write)
}

/// What code outside the class keeps in its processes before it starts them: `scanner.log = open(path)`.
fn given_from_outside(ctx: &RuleContext) -> Vec<Finding> {
    let mut found = Vec::new();
    for run in ctx.worker_calls().into_iter().filter(|sent| sent.slot.name == "run") {
        let Callable::Method { receiver: Type::Class(class), .. } = &run.origin.callable else {
            continue;
        };
        if ctx.eval.controls_its_pickling(*class) || ctx.eval.is_local(*class) {
            continue;
        }
        for (target, obstacle) in held_from_outside(ctx, run) {
            if !ctx.eval.is_before_every_start(*class, target) {
                continue;
            }
            let attribute = &obstacle.path;
            let name = ctx.eval.file(class.file).definition_name(class.node);
            let message = format!(
                "{attribute} is {}, kept in a process of the class '{name}', and start() pickles the whole object under spawn and forkserver",
                obstacle.what
            );
            let is_definition = matches!(obstacle.what.as_str(), "a lambda" | "a local function")
                && target.file == ctx.file;
            let moved = is_definition.then(|| made_importable(ctx, *class, target)).flatten();
            let remedy = moved.unwrap_or_else(|| {
                Remedy::Refused(Refusal::new(
                    Reason::UnpicklableObject,
                    format!("{attribute} is {} when start() pickles the object", obstacle.what),
                    "make it in run(), or use its multiprocessing counterpart, which travels with a Process",
                ))
            });
            let methods: Vec<StartMethod> =
                run.methods.iter().copied().filter(|method| *method != StartMethod::Fork).collect();
            let related = vec![ctx.related(*class, format!("'{name}' is a subclass of Process"))];
            found.push(ctx.finding(target, message, &methods, Severity::Error, remedy, related));
        }
    }
    found
}

/// What statements outside its class store in a process, and cannot cross: where, and what.
fn held_from_outside(ctx: &RuleContext, run: &Sent) -> Vec<(Site, Obstacle)> {
    let moment = Moment::default();
    let mut found = Vec::new();
    for object in &run.origin.objects {
        for held in ctx.eval.attributes_held(object, &moment) {
            if held.path.starts_with("self.") {
                continue;
            }
            let obstacle = ctx.eval.obstacle_held(object, &held, true, DEPTH, &moment);
            found.extend(obstacle.map(|obstacle| (held.target, obstacle)));
        }
    }
    found
}
