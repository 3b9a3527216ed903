//! SP106: a bound method or callable instance whose object holds what cannot be pickled.

use super::{Rule, RuleContext};
use crate::facts::names;
use crate::findings::{Finding, Fix, Reason, Refusal, Remedy, Severity};
use crate::project::travel::picklability::Obstacle;
use crate::project::travel::state::Moment;
use crate::project::{Argument, Callable, Content, Origin, Sent, Site, Type, Value, What};
use crate::rewrite::lifting::uses::Use;
use crate::rewrite::{
    callables::bound_method, lifting::lift, state::worker_state, substitutes::argument_value,
};
use crate::syntax::QueryFile;

static QUERY: QueryFile =
    QueryFile::new("unpicklable_instance", include_str!("../../queries/unpicklable_instance.scm"));

pub(super) const RULE: Rule = Rule {
    code: "SP106",
    name: "unpicklable-instance",
    summary: "a bound method or callable instance is sent whose object holds a lock, file, connection, pool or the like",
    query: &QUERY,
    page: include_str!("unpicklable_instance.md"),
    check,
};

/// How deep the attributes of attributes are looked into.
const DEPTH: u32 = 4;

fn check(ctx: &RuleContext) -> Vec<Finding> {
    let mut found = Vec::new();
    for sent in ctx.sent_calls() {
        let Some((who, obstacles)) = held(ctx, sent) else { continue };
        let Some(first) = obstacles.first() else { continue };
        let told = |what: &str| {
            format!(
                "{who} is sent to a process by {}, and its object, which is pickled with it, {what}; it {}",
                ctx.api_name(sent),
                ctx.transport_note(sent)
            )
        };
        let unnamed = unnamed(ctx, &obstacles);
        for (path, origin) in &unnamed {
            let (Callable::Lambda(definition) | Callable::Function(definition)) = origin.callable
            else {
                continue;
            };
            let what = if matches!(origin.callable, Callable::Lambda(_)) {
                "a lambda"
            } else {
                "a local function"
            };
            let message = told(&format!(
                "holds {what} ({path}, {})",
                ctx.location(definition).line_seen_from(&ctx.facts().source.path)
            ));
            let uses = vec![Use {
                leaf: origin.leaf,
                dispatch: sent.dispatch.clone(),
                slot: sent.slot.clone(),
                kept: true,
                changed: Vec::new(),
            }];
            let mut related = vec![ctx.related(definition, format!("{what}, kept in the object"))];
            related.extend(ctx.path_of(sent, None));
            let factory = argument_value::default_factory(ctx.eval, definition).map(Remedy::Fix);
            let remedy =
                factory.unwrap_or_else(|| lift::callable(ctx.eval, definition, uses, ctx.bind));
            let places = [(&sent.dispatch, sent.origin.handover)];
            let remedy = ctx.unless_outdated(definition, places.into_iter(), remedy, &[]);
            found.push(ctx.finding(
                sent.origin.handover,
                message,
                &sent.methods,
                Severity::Error,
                remedy,
                related,
            ));
        }
        if !unnamed.is_empty() {
            continue;
        }
        let message = told(&if first.path.is_empty() {
            format!("is {}", first.what)
        } else {
            format!("holds {} ({})", first.what, first.path)
        });
        let is_own =
            |obstacle: &Obstacle| obstacle.path.is_empty() || obstacle.path.starts_with("self.");
        let of_class = obstacles.iter().all(is_own).then_some(&obstacles);
        let remedy = of_class
            .and_then(|obstacles| {
                bound_method::remedy(ctx.eval, sent, obstacles)
                    .or_else(|| unused_state(ctx, sent, obstacles).map(Remedy::Fix))
            })
            .unwrap_or_else(|| Remedy::Refused(refusal(ctx, &obstacles)));
        let mut related: Vec<_> = obstacles
            .iter()
            .filter_map(|each| Some(ctx.related(each.site?, format!("{} is kept here", each.what))))
            .collect();
        related.extend(ctx.path_of(sent, None));
        found.push(ctx.finding(
            sent.origin.handover,
            message,
            &sent.methods,
            Severity::Error,
            remedy,
            related,
        ));
    }
    found
}

/// The repair where the worker does not use what keeps its object from crossing.
fn unused_state(ctx: &RuleContext, sent: &Sent, obstacles: &[Obstacle]) -> Option<Fix> {
    let (class, method) = match &sent.origin.callable {
        Callable::Method { receiver: Type::Class(class), function: Some(method), .. } => {
            (*class, *method)
        }
        Callable::Instance(class) => (*class, ctx.eval.worker(&sent.origin)?),
        _ => return None,
    };
    let is_method = matches!(sent.origin.callable, Callable::Method { .. });
    if is_method && let Some(fix) = worker_state::detached(ctx.eval, method) {
        return Some(fix);
    }
    let workers = ctx.index.workers_of(class, ctx.eval);
    let is_argument = obstacles.iter().any(|each| ctx.index.carries(each));
    if is_argument { None } else { worker_state::left_behind(ctx.eval, class, obstacles, &workers) }
}

/// What the object of a sent method or callable instance holds, and how messages name the callable.
fn held(ctx: &RuleContext, sent: &Sent) -> Option<(String, Vec<Obstacle>)> {
    let inheritance = sent.dispatch.carries_primitives(ctx.eval.project);
    let own = |obstacles: Vec<Obstacle>| {
        obstacles
            .into_iter()
            .filter(|obstacle| !crosses_by_itself(ctx, sent, obstacle))
            .collect::<Vec<_>>()
    };
    let moment = |worker| Moment { worker, call: Some(sent.dispatch.call) };
    match &sent.origin.callable {
        Callable::Method { receiver: Type::Class(class), name, function, .. } => {
            let detached = function.is_some_and(|function| {
                ctx.eval.has_decorator(function, &["staticmethod", "classmethod"])
            });
            // Instances of local classes are the business of another rule.
            if detached || function.is_none() || ctx.eval.is_local(*class) {
                return None;
            }
            let mut obstacles = state(ctx, sent, *class, &moment(*function));
            obstacles.extend(ctx.eval.started_before(*class, sent.dispatch.call));
            Some((format!("the bound method '{name}'"), own(obstacles)))
        }
        Callable::Method {
            receiver: Type::External { path, start, made }, object, name, ..
        } => {
            // `pool.score`, where `pool` may be a pool, too: only the class of the project has such an attribute.
            let has_it = |value: &Value| matches!(value, Value::Instance(Type::Class(class)) if !ctx.eval.attribute_writes(*class, name).is_empty());
            if ctx.eval.values(*object).iter().any(has_it) {
                return None;
            }
            let object =
                Value::Instance(Type::External { path: path.clone(), start: *start, made: *made });
            Some((
                format!("the bound method '{name}'"),
                ctx.eval.value_obstacle(&object, inheritance).into_iter().collect(),
            ))
        }
        Callable::Instance(class) if !ctx.eval.is_local(*class) => {
            let worker = ctx.eval.method(*class, "__call__").map(|(_, function)| function);
            let name = ctx.eval.file(class.file).definition_name(class.node);
            Some((
                format!("an instance of '{name}'"),
                own(state(ctx, sent, *class, &moment(worker))),
            ))
        }
        _ => None,
    }
}

/// Whether an obstacle is an object of a local class that another rule sees cross, and moves.
fn crosses_by_itself(ctx: &RuleContext, sent: &Sent, obstacle: &Obstacle) -> bool {
    let Some(name) = obstacle.what.strip_prefix("an instance of the local class ") else {
        return false;
    };
    let is_it = |class: Site| {
        ctx.eval.is_local(class)
            && ctx.eval.file(class.file).definition_name(class.node) == name.trim_matches('\'')
    };
    ctx.eval
        .crossings(ctx.file)
        .into_iter()
        .any(|crossing| crossing.handover == sent.origin.handover && is_it(crossing.class))
}

/// What the objects hold that travel with a sent method or are called themselves; each attribute is told once.
fn state(ctx: &RuleContext, sent: &Sent, class: Site, moment: &Moment) -> Vec<Obstacle> {
    let inheritance = sent.dispatch.carries_primitives(ctx.eval.project);
    let objects = sent.origin.objects_of(class);
    let mut found: Vec<Obstacle> = Vec::new();
    for object in &objects {
        for obstacle in ctx.eval.state_obstacles(object, inheritance, DEPTH, moment) {
            if !found.iter().any(|have| have.path == obstacle.path) {
                found.push(obstacle);
            }
        }
    }
    found
}

/// The lambdas and local functions that the obstacles are, with the attributes that keep them, where
/// all of them are such: they can move.
fn unnamed(ctx: &RuleContext, obstacles: &[Obstacle]) -> Vec<(String, Origin)> {
    let mut found: Vec<(String, Origin)> = Vec::new();
    for obstacle in obstacles {
        let Some(target) = obstacle
            .site
            .filter(|_| matches!(obstacle.what.as_str(), "a lambda" | "a local function"))
        else {
            return Vec::new();
        };
        let value = ctx.eval.value_written_to(target);
        // `defaultdict(lambda: …)` keeps what it is given.
        let mut kept = value
            .map(|value| {
                if ctx.eval.makes_from_lambda(value) {
                    ctx.eval.all_arguments(value)
                } else {
                    vec![value]
                }
            })
            .unwrap_or_default();
        kept.extend(value.into_iter().flat_map(|value| ctx.eval.items_held(value)));
        kept.extend(ctx.eval.items_put(target));
        let origins: Vec<Origin> =
            kept.into_iter().flat_map(|kept| ctx.eval.origins(kept)).collect();
        let is_unnamed = |origin: &Origin| match origin.callable {
            Callable::Lambda(lambda) => {
                names::holder(ctx.eval.file(lambda.file), lambda.node).is_none()
            }
            Callable::Function(function) => ctx.eval.is_local(function),
            _ => false,
        };
        let mut kept: Vec<Origin> = origins.into_iter().filter(is_unnamed).collect();
        if kept.is_empty() {
            kept = value.map(|value| held_deeper(ctx, value)).unwrap_or_default();
            if kept.is_empty() || !kept.iter().all(is_unnamed) {
                return Vec::new();
            }
        }
        found.extend(kept.into_iter().map(|origin| (obstacle.path.clone(), origin)));
    }
    found.sort_by(|(_, one), (_, other)| one.cmp(other));
    found.dedup_by(|(_, one), (_, other)| one.callable == other.callable);
    found
}

/// The lambdas and functions inside what an attribute is given: `Chain([abs, lambda n: n + 1])`.
fn held_deeper(ctx: &RuleContext, value: Site) -> Vec<Origin> {
    let contents = ctx.eval.contents(Argument::object(value), false);
    let origin = |content: Content| match content.what {
        What::Callable(callable) => Some(Origin {
            callable,
            leaf: content.leaf,
            handover: content.handover,
            through: content.through,
            made_by: None,
            kept: true,
            objects: Vec::new(),
            callers: crate::project::dataflow::CallString::UNKNOWN,
        }),
        What::Object(_) => None,
    };
    contents.into_iter().map(origin).collect::<Option<Vec<_>>>().unwrap_or_default()
}

fn refusal(ctx: &RuleContext, obstacles: &[Obstacle]) -> Refusal {
    let parts: Vec<String> = obstacles
        .iter()
        .map(|each| {
            let line =
                each.site.map(|site| ctx.location(site).line_seen_from(&ctx.facts().source.path));
            let name = if each.path.is_empty() { "the object" } else { &each.path };
            line.map_or_else(
                || format!("{name} is {}", each.what),
                |line| format!("{name} ({line}) is {}", each.what),
            )
        })
        .collect();
    let by_inheritance = obstacles.iter().all(|each| each.by_inheritance);
    let (reason, advice) = if by_inheritance {
        (Reason::InheritanceOnly, "hand it to the workers by initializer and initargs")
    } else {
        (
            Reason::UnpicklableObject,
            "send a module-level function with the values that it needs, or drop the attribute in __getstate__ and make it anew in __setstate__",
        )
    };
    Refusal::new(reason, parts.join(", "), advice)
}
