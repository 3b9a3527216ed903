//! SP201: something that cannot be pickled among the arguments of a dispatch, also inside containers and new objects.

use super::{Rule, RuleContext};
use crate::facts::names;
use crate::findings::{Finding, Reason, Refusal, Remedy, Severity};
use crate::project::{Callable, Carried, Origin, Site, What};
use crate::rewrite::lifting::captures::Variable;
use crate::rewrite::lifting::{judge, lift};
use crate::rewrite::{callables::named_lambda, substitutes::argument_value};
use crate::syntax::{Kind, QueryFile};
use std::collections::{BTreeMap, BTreeSet};

static QUERY: QueryFile =
    QueryFile::new("unpicklable_argument", include_str!("../../queries/unpicklable_argument.scm"));

pub(super) const RULE: Rule = Rule {
    code: "SP201",
    name: "unpicklable-argument",
    summary: "a lambda, generator, open file, lock or other unpicklable object is among the arguments of a dispatch",
    query: &QUERY,
    page: include_str!("unpicklable_argument.md"),
    check,
};

fn check(ctx: &RuleContext) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut judged = Judged::new();
    for (carried, _) in ctx.carried_calls() {
        let place = carried.content.place;
        let alike = of_one_cause(ctx, carried);
        if alike.iter().any(|other| other < &carried.content.handover) {
            continue;
        }
        let described = match &carried.content.what {
            What::Callable(_) if is_sent_itself(ctx, carried) => None,
            What::Callable(Callable::Lambda(lambda)) => {
                let found = lambda_found(ctx, *lambda, &told_apart(ctx, carried, *lambda));
                Some(unless_outdated(ctx, *lambda, found, &mut judged))
            }
            What::Callable(Callable::Function(function)) if has_own_name(ctx, place, *function) => {
                None
            }
            What::Callable(Callable::Function(function)) => {
                let found = function_found(ctx, *function);
                Some(unless_outdated(ctx, *function, found, &mut judged))
            }
            What::Callable(_) => None,
            // Local classes and multiprocessing's own objects are the business of other rules.
            What::Object(obstacle)
                if obstacle.by_inheritance
                    || obstacle.what.starts_with("an instance of the local class") =>
            {
                None
            }
            What::Object(_) => Some(object_found(ctx, carried, place)),
        };
        let Some((who, remedy, made)) = described else { continue };
        let message = if carried.dispatch.api(ctx.eval.project).id == "mp.BaseProxy" {
            format!(
                "{who} is handed to a manager's process and cannot be pickled, under any start method"
            )
        } else {
            let api = ctx.entry_name(&carried.dispatch);
            let role = if carried.content.captured {
                format!("captured by what {api} sends")
            } else {
                format!("among the arguments of {api}")
            };
            format!(
                "{who} is {role} and cannot be pickled; it {}",
                ctx.transport_of(&carried.dispatch)
            )
        };
        let made = made.filter(|(site, _)| *site != place);
        let mut related = ctx.way_of(carried, made);
        let others = alike.iter().take(MOST_PLACES);
        related.extend(others.map(|other| ctx.related(*other, "the same is handed over here")));
        found.push(ctx.finding(place, message, &carried.methods, Severity::Error, remedy, related));
    }
    found
}

/// Why definitions cannot be such that children import, once they were asked for: one may be sent at many places.
type Judged = BTreeMap<Site, Option<Refusal>>;

/// So many places are told of one cause.
const MOST_PLACES: usize = 8;

/// Where else objects of the same class, which keep the same thing, are handed on to the same call by way of others: what is
/// wrong is wrong in the class, for all of them.
fn of_one_cause(ctx: &RuleContext, carried: &Carried) -> BTreeSet<Site> {
    let cause = |each: &Carried| match &each.content.what {
        What::Object(obstacle) if !obstacle.path.is_empty() && !each.content.through.is_empty() => {
            obstacle.site.map(|site| (site, each.dispatch.call, each.dispatch.entry))
        }
        _ => None,
    };
    let Some(own) = cause(carried) else { return BTreeSet::new() };
    let alike = ctx.index.carried().iter().filter(|other| cause(other) == Some(own));
    alike
        .map(|other| other.content.handover)
        .filter(|place| *place != carried.content.handover)
        .collect()
}

type Described = (String, Remedy, Option<(Site, String)>);

/// Whether the same argument sends the definition as what is to be called, too: that finding says enough.
fn is_sent_itself(ctx: &RuleContext, carried: &Carried) -> bool {
    let is_it = |callable: &Callable| match callable {
        Callable::Lambda(site) | Callable::Function(site) => {
            Some(*site) == carried.content.callable()
        }
        _ => false,
    };
    ctx.index.all().iter().any(|sent| {
        sent.origin.handover == carried.content.handover
            && sent.dispatch.call != carried.dispatch.call
            && is_it(&sent.origin.callable)
    })
}

/// Whether an argument is the result of a decorator that stands under the name that `functools.wraps` gave it: pickle finds it.
fn has_own_name(ctx: &RuleContext, argument: Site, function: Site) -> bool {
    let is_it = |origin: &Origin| origin.callable == Callable::Function(function);
    let origins = ctx.eval.origins(argument);
    origins.iter().filter(|origin| is_it(origin)).any(|origin| {
        let alias = ctx.eval.decorated_alias(origin);
        alias.is_some_and(|alias| {
            alias.is_own_name && (alias.keeps_name || judge::is_wrapped(ctx.eval, function))
        })
    })
}

/// Where a lambda stands, in words, if the same argument holds others.
fn told_apart(ctx: &RuleContext, carried: &Carried, lambda: Site) -> String {
    let same_argument = ctx.index.carried_in(ctx.file).filter(|other| {
        other.content.place == carried.content.place && other.dispatch.call == carried.dispatch.call
    });
    let alike = same_argument.filter(|other| matches!(other.content.what, What::Callable(Callable::Lambda(site)) if site != lambda)).count();
    let place = ctx.location(lambda).start;
    if alike == 0 || lambda == carried.content.place {
        String::new()
    } else {
        format!(" (line {}, column {})", place.line, place.column)
    }
}

/// What is found about a definition, unless it reads what the parent changes before it sends it, wherever that is.
fn unless_outdated(
    ctx: &RuleContext,
    definition: Site,
    found: Described,
    judged: &mut Judged,
) -> Described {
    let (who, remedy, made) = found;
    if !matches!(remedy, Remedy::Fix(_)) {
        return (who, remedy, made);
    }
    let refusal = judged.entry(definition).or_insert_with(|| {
        let own = ctx
            .index
            .carried()
            .iter()
            .filter(|carried| carried.content.callable() == Some(definition));
        let uses = own.map(|carried| (&carried.dispatch, carried.content.handover));
        ctx.outdated(definition, uses, &given(ctx, definition))
    });
    (who, refusal.clone().map_or(remedy, Remedy::Refused), made)
}

/// What the parent changes and a definition is given with it where it moves.
fn given(ctx: &RuleContext, definition: Site) -> Vec<Variable> {
    let facts = ctx.eval.file(definition.file);
    let moves = names::holder(facts, definition.node).is_none()
        && argument_value::default_factory(ctx.eval, definition).is_none();
    let uses = moves.then(|| ctx.carried_uses(definition));
    uses.into_iter()
        .flatten()
        .flat_map(|each| each.changed)
        .map(|changed| changed.variable)
        .collect()
}

fn lambda_found(ctx: &RuleContext, lambda: Site, which: &str) -> Described {
    let facts = ctx.eval.file(lambda.file);
    let made = Some((lambda, "the lambda is here".to_owned()));
    if let Some(assignment) = names::holder(facts, lambda.node) {
        return (
            format!("a lambda{which}"),
            named_lambda::to_def(ctx.eval, lambda, assignment, &BTreeSet::new()),
            made,
        );
    }
    if let Some(fix) = argument_value::default_factory(ctx.eval, lambda) {
        return ("the lambda of a defaultdict".into(), Remedy::Fix(fix), made);
    }
    (
        format!("a lambda{which}"),
        lift::callable(ctx.eval, lambda, ctx.carried_uses(lambda), ctx.bind),
        made,
    )
}

fn function_found(ctx: &RuleContext, function: Site) -> Described {
    let name = ctx.eval.file(function.file).definition_name(function.node).to_owned();
    let remedy = lift::callable(ctx.eval, function, ctx.carried_uses(function), ctx.bind);
    (
        format!("the local function '{name}'"),
        remedy,
        Some((function, format!("'{name}' is defined here, inside a function"))),
    )
}

fn object_found(ctx: &RuleContext, carried: &Carried, place: Site) -> Described {
    let What::Object(obstacle) = &carried.content.what else {
        unreachable!("the caller matched an object")
    };
    let facts = ctx.eval.file(place.file);
    let leaf = carried.content.leaf;
    let is_generator = ctx.eval.file(leaf.file).tree().kind(leaf.node) == Kind::GeneratorExpression;
    if is_generator && let Some(fix) = argument_value::list_of(ctx.eval, leaf, carried) {
        return (
            "a generator expression".into(),
            Remedy::Fix(fix),
            Some((leaf, "the generator is made here".to_owned())),
        );
    }
    if obstacle.what == "a dict view"
        && obstacle.path.is_empty()
        && let Some(fix) = argument_value::list_of_view(ctx.eval, leaf, carried)
    {
        return ("a dict view".into(), Remedy::Fix(fix), None);
    }
    if obstacle.what == ENVIRONMENT
        && obstacle.path.is_empty()
        && leaf == place
        && facts.text(leaf.node).ends_with("environ")
    {
        return (
            "'os.environ'".into(),
            Remedy::Fix(argument_value::copied_environment(ctx.eval, leaf)),
            None,
        );
    }
    let name = format!("'{}'", ctx.short_text(place));
    let tree = ctx.eval.file(leaf.file).tree();
    let is_named = tree.parent(leaf.node).is_some_and(|up| {
        matches!(tree.kind(up), Kind::Assignment | Kind::AsPattern | Kind::ArgumentList)
    });
    let who = match (obstacle.path.is_empty(), leaf == place || is_named) {
        (true, true) => format!("{name}, {},", obstacle.what),
        (true, false) => format!("{name}, which holds {},", obstacle.what),
        (false, _) => format!("{name}, which holds {} ({}),", obstacle.what, obstacle.path),
    };
    let moved = ctx.moved_lambda(obstacle, &carried.dispatch, carried.content.handover);
    let refusal = Refusal::new(
        Reason::UnpicklableObject,
        obstacle.told_of(&name),
        format!(
            "pass what it is made from (a path, a name, settings) and make it in the worker, or give this call a fork context: {FORK}"
        ),
    );
    let told = if obstacle.path.is_empty() {
        format!("{} is made here", obstacle.what)
    } else {
        format!("'{}' is {}", obstacle.path, obstacle.what)
    };
    let remedy = moved.unwrap_or(Remedy::Refused(refusal));
    (who, remedy, obstacle.site.map(|site| (site, told)))
}

/// How the table of objects calls `os.environ`.
const ENVIRONMENT: &str = "the process environment object";
const FORK: &str = "multiprocessing.get_context(\"fork\")";
