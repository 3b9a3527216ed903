//! SP108: a worker whose decorator lacks `functools.wraps`, or is a class.

use super::{Rule, RuleContext};
use crate::catalogue::EntryKind;
use crate::facts::scopes::{Binding, BindingKind};
use crate::findings::{Finding, Reason, Refusal, Remedy, Severity};
use crate::project::values::decorated::Alias;
use crate::project::{Callable, Role, Sent, Site, Value};
use crate::rewrite::callables::wraps::{self, UnwrappedKind};
use crate::rewrite::{callables::call_by_name, lifting::judge};
use crate::syntax::{Field, Kind, QueryFile};

static QUERY: QueryFile =
    QueryFile::new("unwrapped_decorator", include_str!("../../queries/unwrapped_decorator.scm"));

pub(super) const RULE: Rule = Rule {
    code: "SP108",
    name: "unwrapped-decorator",
    summary: "a worker whose decorator lacks functools.wraps, or is a class",
    query: &QUERY,
    page: include_str!("unwrapped_decorator.md"),
    check,
};

fn check(ctx: &RuleContext) -> Vec<Finding> {
    let mut found = Vec::new();
    if ctx.index.all().is_empty() {
        return found;
    }
    found.extend(among_arguments(ctx));
    for hit in ctx.matches() {
        if let Some(function) = hit.get("callable").map(|node| ctx.at(node)) {
            found.extend(replaced(ctx, function));
            found.extend(decorated(ctx, function));
        }
        if let Some(call) = hit.get("made").map(|node| ctx.at(node)) {
            found.extend(renamed(ctx, call));
        }
        if let Some(read) = hit.get("replaced").map(|node| ctx.at(node)) {
            found.extend(kept_under_another_name(ctx, read));
        }
    }
    found
}

/// The findings for a function, or a method, with a decorator in front of it.
fn decorated(ctx: &RuleContext, function: Site) -> Vec<Finding> {
    let methods = ctx.index.all().iter().filter(|sent| matches!(&sent.origin.callable, Callable::Method { function: Some(method), .. } if *method == function));
    let sent: Vec<&Sent> = ctx.index.of(function).into_iter().chain(methods).collect();
    if sent.is_empty() || ctx.eval.is_local(function) {
        return Vec::new();
    }
    let (own, sent): (Vec<&Sent>, Vec<&Sent>) =
        sent.into_iter().partition(|each| is_sent_by_decorator(ctx, each, function));
    let mut found: Vec<Finding> =
        own.into_iter().filter_map(|each| sent_by_decorator(ctx, each, function)).collect();
    let unwrapped = wraps::first_unwrapped(ctx.eval, function).filter(|_| !sent.is_empty());
    let Some(unwrapped) = unwrapped else { return found };
    let name = ctx.facts().definition_name(function.node);
    let (what, site) = match &unwrapped.kind {
        UnwrappedKind::Functions(functions) => {
            ("lacks functools.wraps", functions.first().map(|row| row.0))
        }
        UnwrappedKind::Class(class) => ("is a class", Some(*class)),
        UnwrappedKind::Lambda(lambda) => ("returns a lambda", Some(*lambda)),
        UnwrappedKind::Object(what) => (&*format!("makes it {what}"), None),
    };
    let judged = match &unwrapped.kind {
        UnwrappedKind::Functions(_) => Ok(()),
        UnwrappedKind::Object(what) => Err(Refusal::new(
            Reason::UnknownDecorator,
            format!("'{name}' finds {what}, not the function"),
            "keep the work in a plain function, send that, and let the decorated function call it",
        )),
        UnwrappedKind::Class(class) => call_by_name::judge_object(ctx.eval, *class),
        UnwrappedKind::Lambda(lambda) => call_by_name::judge(ctx.eval, *lambda),
    };
    let remedies = match (&unwrapped.kind, judged) {
        (UnwrappedKind::Functions(functions), _) => {
            vec![wraps::remedy(ctx.eval, functions); sent.len()]
        }
        (_, Err(refusal)) => vec![Remedy::Refused(refusal); sent.len()],
        (_, Ok(())) => call_by_name::remedies(ctx.eval, &sent, name),
    };
    let finding = |(each, remedy): (&&Sent, Remedy)| {
        let message = format!(
            "'{name}' is sent to a process by {}, but its decorator {what}, so it cannot be pickled by its name",
            ctx.api_name(each)
        );
        let mut related =
            ctx.path_of(each, Some((unwrapped.decorator, "decorated here".to_owned())));
        related.extend(site.map(|site| ctx.related(site, "this takes the function's place")));
        ctx.finding(each.origin.handover, message, &each.methods, Severity::Error, remedy, related)
    };
    found.extend(sent.iter().zip(remedies).map(finding));
    found
}

/// Whether a decorator of a function hands it to a process: it goes there from the decorator's own line.
fn is_sent_by_decorator(ctx: &RuleContext, sent: &Sent, function: Site) -> bool {
    let facts = ctx.eval.file(function.file);
    let mut way = sent.origin.through.iter().chain([&sent.origin.handover]);
    way.any(|site| {
        site.file == function.file
            && facts
                .decorators(function.node)
                .into_iter()
                .any(|decorator| facts.tree().contains(decorator, site.node))
    }) && sent.dispatch.api(ctx.eval.project).kind != EntryKind::Decorator
}

/// The finding for a function that its own decorator sends, if that binds the function's name to something else.
fn sent_by_decorator(ctx: &RuleContext, sent: &Sent, function: Site) -> Option<Finding> {
    let facts = ctx.eval.file(function.file);
    let replaced = facts.decorators(function.node).into_iter().find_map(|decorator| {
        let expression = facts.tree().children(decorator).next()?;
        let values = ctx.eval.values(Site { file: function.file, node: expression });
        values.iter().find_map(|value| match value {
            Value::Class(class) => Some(*class),
            Value::Function(decorator) | Value::Method { function: Some(decorator), .. } => {
                replacement(ctx, *decorator)
            }
            _ => None,
        })
    })?;
    let name = facts.definition_name(function.node);
    let message = format!(
        "'{name}' is sent to a process by {} inside its decorator, but its name finds what the decorator put in its place, so it cannot be pickled",
        ctx.api_name(sent)
    );
    let refusal = Refusal::new(
        Reason::UnknownDecorator,
        format!("'{name}' names what the decorator gives, not the function that it sends"),
        format!(
            "name the plain function otherwise (def _{name}) and bind {name} = decorator(_{name}) below it"
        ),
    );
    let mut related = vec![ctx.related(replaced, "this takes the function's place")];
    related.push(ctx.related(sent.dispatch.call, format!("sent by {} here", ctx.api_name(sent))));
    Some(ctx.finding(
        sent.origin.handover,
        message,
        &sent.methods,
        Severity::Error,
        Remedy::Refused(refusal),
        related,
    ))
}

/// The function inside a decorator that it returns instead of the one that it is given; `None` if it may give that back.
fn replacement(ctx: &RuleContext, decorator: Site) -> Option<Site> {
    let tree = ctx.eval.file(decorator.file).tree();
    let returned: Vec<Value> = ctx
        .eval
        .returns(decorator)
        .into_iter()
        .flat_map(|returned| ctx.eval.values(returned).to_vec())
        .collect();
    let inner = |value: &Value| match value {
        Value::Function(site) | Value::Lambda(site)
            if site.file == decorator.file && tree.contains(decorator.node, site.node) =>
        {
            Some(*site)
        }
        _ => None,
    };
    returned.iter().map(inner).collect::<Option<Vec<Site>>>()?.into_iter().next()
}

/// The findings for decorated functions that travel as arguments, for what is sent to call.
fn among_arguments(ctx: &RuleContext) -> Vec<Finding> {
    let mut found = Vec::new();
    for (dispatch, methods) in ctx.eval.sending(ctx.file) {
        for argument in ctx.eval.arguments(&dispatch) {
            let given = match argument.role {
                Role::Object => vec![argument.expression],
                Role::Items => ctx.eval.elements_of(argument.expression),
            };
            for place in given.into_iter().filter(|place| place.file == ctx.file) {
                for value in ctx.eval.values(place).iter() {
                    let Value::Function(function) = value else { continue };
                    let facts = ctx.eval.file(function.file);
                    if facts.decorators(function.node).is_empty() || ctx.eval.is_local(*function) {
                        continue;
                    }
                    let Some(unwrapped) = wraps::first_unwrapped(ctx.eval, *function) else {
                        continue;
                    };
                    let remedy = match &unwrapped.kind {
                        UnwrappedKind::Functions(functions) => wraps::remedy(ctx.eval, functions),
                        UnwrappedKind::Class(_)
                        | UnwrappedKind::Lambda(_)
                        | UnwrappedKind::Object(_) => Remedy::Refused(Refusal::new(
                            Reason::UnknownDecorator,
                            "the decorator gives an object that is not found by the function's name",
                            "decorate with functools.wraps inside the decorator, or pass the undecorated function",
                        )),
                    };
                    let message = format!(
                        "'{}' is among the arguments of {}, but its decorator lacks functools.wraps, so it cannot be pickled by its name",
                        facts.definition_name(function.node),
                        ctx.entry_name(&dispatch)
                    );
                    let related =
                        vec![ctx.related(unwrapped.decorator, "decorated here".to_owned())];
                    found.push(ctx.finding(
                        place,
                        message,
                        &methods,
                        Severity::Error,
                        remedy,
                        related,
                    ));
                }
            }
        }
    }
    found
}

/// The findings for what a decorator that is called by hand gave to a name of the module: `fast = timed(work)`.
fn renamed(ctx: &RuleContext, call: Site) -> Vec<Finding> {
    let rows =
        ctx.index.all().iter().filter_map(|sent| {
            Some((sent, sent.alias.as_ref().filter(|alias| alias.call == call)?))
        });
    let rows: Vec<(&Sent, &Alias)> = rows.collect();
    let Some((first, alias)) = rows.first().copied() else { return Vec::new() };
    let (Callable::Function(callable) | Callable::Lambda(callable)) = first.origin.callable else {
        return Vec::new();
    };
    let is_lambda = matches!(first.origin.callable, Callable::Lambda(_));
    let says_name = alias.keeps_name || !is_lambda && judge::is_wrapped(ctx.eval, callable);
    if alias.is_own_name && says_name {
        return Vec::new();
    }
    let sent: Vec<&Sent> = rows.iter().map(|row| row.0).collect();
    let judged = if alias.keeps_name { Ok(()) } else { call_by_name::judge(ctx.eval, callable) };
    let remedies = match judged {
        _ if alias.is_own_name && !is_lambda => {
            vec![wraps::remedy(ctx.eval, &[(callable, parameter_of(ctx, callable))]); sent.len()]
        }
        Ok(()) => call_by_name::remedies(ctx.eval, &sent, &alias.name),
        Err(refusal) => vec![Remedy::Refused(refusal); sent.len()],
    };
    let wrapped = ctx.eval.file(alias.wrapped.file).definition_name(alias.wrapped.node);
    let why = match (says_name, is_lambda) {
        (true, _) => format!(
            "it calls itself '{wrapped}', a name that finds another function, so it cannot be pickled"
        ),
        (false, true) => {
            "its decorator returned a lambda, so it cannot be pickled by its name".to_owned()
        }
        (false, false) => {
            "its decorator lacks functools.wraps, so it cannot be pickled by its name".to_owned()
        }
    };
    let finding = |(each, remedy): (&&Sent, Remedy)| {
        let message =
            format!("'{}' is sent to a process by {}, but {why}", alias.name, ctx.api_name(each));
        let mut related =
            ctx.path_of(each, Some((alias.call, format!("'{wrapped}' is decorated here"))));
        related.extend(
            (callable != alias.wrapped)
                .then(|| ctx.related(callable, "this takes the function's place")),
        );
        ctx.finding(each.origin.handover, message, &each.methods, Severity::Error, remedy, related)
    };
    sent.iter().zip(remedies).map(finding).collect()
}

/// The findings for a function that a module kept under another name before it defined its own name anew: `plain = work`, then
/// another `def work`.
fn kept_under_another_name(ctx: &RuleContext, read: Site) -> Vec<Finding> {
    let of_read = |sent: &&Sent| {
        sent.origin.leaf == read
            && matches!(sent.origin.callable, Callable::Function(site) if site.file == ctx.file)
    };
    let sent: Vec<&Sent> = ctx.index.all().iter().filter(of_read).collect();
    let Some(Callable::Function(function)) = sent.first().map(|each| &each.origin.callable) else {
        return Vec::new();
    };
    let facts = ctx.facts();
    let (tree, module) = (facts.tree(), facts.scopes.module());
    let name = facts.definition_name(function.node);
    let is_at_top = |node| tree.parent(node).is_some_and(|up| tree.kind(up) == Kind::Module);
    let is_new = |binding: &Binding| match binding.kind {
        BindingKind::FunctionDef(node) | BindingKind::ClassDef(node) => {
            node > read.node && is_at_top(facts.with_decorators(node))
        }
        BindingKind::Delete => binding.node > read.node && is_at_top(binding.statement),
        _ => false,
    };
    let Some(last) = facts.scopes.bindings(module, name).last().filter(|last| is_new(last)) else {
        return Vec::new();
    };
    let target = tree.parent(read.node).and_then(|assignment| tree.child(assignment, Field::Left));
    let Some((home, other)) = target.and_then(|target| facts.scopes.resolve_name(target)) else {
        return Vec::new();
    };
    let own = tree.child(function.node, Field::Name).and_then(|own| facts.scopes.resolve_name(own));
    if own.is_none_or(|row| row.0 != module)
        || home != module
        || facts.scopes.bindings(home, other).len() != 1
    {
        return Vec::new();
    }
    let last = ctx.at(last.node);
    let finding = |(each, remedy): (&&Sent, Remedy)| {
        let message = format!(
            "'{other}' is sent to a process by {}, but it calls itself '{name}', a name that finds something else by then, so it cannot be pickled",
            ctx.api_name(each)
        );
        let mut related =
            ctx.path_of(each, Some((*function, format!("'{other}' is this function"))));
        related.push(ctx.related(last, format!("'{name}' is bound anew here")));
        ctx.finding(each.origin.handover, message, &each.methods, Severity::Error, remedy, related)
    };
    sent.iter().zip(call_by_name::remedies(ctx.eval, &sent, other)).map(finding).collect()
}

/// The parameter of the decorator around `inner` that holds the decorated function.
fn parameter_of(ctx: &RuleContext, inner: Site) -> String {
    let facts = ctx.eval.file(inner.file);
    let decorator =
        facts.enclosing_function(inner.node).map(|node| Site { file: inner.file, node });
    let found = decorator
        .map(|decorator| wraps::unwrapped_functions(ctx.eval, decorator))
        .unwrap_or_default();
    found.into_iter().find(|row| row.0 == inner).map(|row| row.1).unwrap_or_default()
}

/// A function whose decorator sends it under a name that finds the decorator's result.
fn replaced(ctx: &RuleContext, function: Site) -> Option<Finding> {
    let sent = ctx.index.of(function);
    let each = sent
        .into_iter()
        .find(|sent| sent.dispatch.api(ctx.eval.project).id == "timeout_decorator")
        .filter(|_| !ctx.eval.is_local(function))?;
    let name = ctx.facts().definition_name(function.node);
    let refusal = Refusal::new(
        Reason::UnknownDecorator,
        format!("'{name}' names what the decorator gives, not the function that it sends"),
        "time it out by signals (use_signals=True) in the main thread, or start a Process and join it with a timeout",
    );
    let message = format!(
        "'{name}' is sent to a process by its decorator, but its name finds what the decorator put in its place"
    );
    Some(ctx.finding(
        each.origin.handover,
        message,
        &each.methods,
        Severity::Error,
        Remedy::Refused(refusal),
        Vec::new(),
    ))
}
