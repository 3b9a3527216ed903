//! Calls: which functions they run, and what they give.

use super::engine::Question;
use super::expressions::{assuming, beneath};
use super::source::{Allocation, CallString, Found, Frame, Source};
use super::{Solver, beside};
use crate::catalogue::Start;
use crate::catalogue::flows::{self, Flows, Root};
use crate::facts::dataflow::{Given, Name, Part};
use crate::project::Site;
use crate::syntax::{Field, Kind};
use std::sync::Arc;

/// Methods of managers that make no proxy.
const OF_MANAGERS: &[&str] =
    &["start", "shutdown", "connect", "join", "get_server", "register", "__enter__", "__exit__"];

/// Methods that enter the context manager that they are given, and give what that gives.
const ENTERING: &[&str] =
    &["enter_context", "enter_async_context", "enterContext", "enterAsyncContext"];

impl Solver<'_> {
    /// What is called: the callee of a call, the expression of a decorator.
    pub(super) fn callee(&self, call: Site) -> Option<Site> {
        let tree = self.tree(call.file);
        let callee = match tree.kind(call.node) {
            Kind::Decorator => tree.children(call.node).next(),
            _ => tree.child(call.node, Field::Function),
        };
        callee.map(|node| beside(call, node))
    }

    pub(super) fn call_value(&self, call: Site, context: &CallString) -> Vec<Found> {
        let Some(callee) = self.callee(call) else { return vec![Found::unknown()] };
        let callees = self.find(callee, context);
        let given = callees.iter();
        given.flat_map(|each| assuming(each, self.called(&each.source, call, context))).collect()
    }

    /// What a decorator makes of what stands below it. What is not known to give something else gives it back.
    pub(super) fn decorator_value(&self, decorator: Site, context: &CallString) -> Vec<Found> {
        let Some(inner) = self.arguments(decorator).first().copied() else { return Vec::new() };
        let plain = || self.find(beside(decorator, inner.node), context).to_vec();
        let Some(callee) = self.callee(decorator) else { return plain() };
        let callees = self.find(callee, context);
        let mut out = Vec::new();
        for each in callees.iter() {
            let given = match &each.source {
                Source::External { path, .. } if flows::function(path).is_none() => plain(),
                source => {
                    let found = assuming(each, self.called(source, decorator, context));
                    let known =
                        |each: &Found| !each.source.is_unknown() && !self.is_none(&each.source);
                    if found.iter().any(known) { found } else { plain() }
                }
            };
            out.extend(given);
        }
        if out.is_empty() { plain() } else { out }
    }

    /// Whether something is `None`.
    pub fn is_none(&self, source: &Source) -> bool {
        matches!(source, Source::Literal(site) if self.tree(site.file).kind(site.node) == Kind::None)
    }

    pub(super) fn decorated_value(&self, decorated: Site, context: &CallString) -> Vec<Found> {
        let tree = self.tree(decorated.file);
        let mut parts = tree.children(decorated.node);
        let first = parts.find(|part| tree.kind(*part) == Kind::Decorator);
        let first = first.or_else(|| tree.child(decorated.node, Field::Definition));
        first.map_or_else(Vec::new, |first| self.find(beside(decorated, first), context).to_vec())
    }

    /// What calling one thing gives, at `call`.
    pub(super) fn called(&self, callee: &Source, call: Site, context: &CallString) -> Vec<Found> {
        match callee {
            // What these call may be they themselves: `map(map, …)`, a partial of itself.
            Source::External { .. }
            | Source::Partial(_)
            | Source::Instance { .. }
            | Source::Made { .. } => {
                let question = Question::Called(callee.clone().into(), call, context.clone());
                self.answer(question).to_vec()
            }
            _ => self.result_of(callee, call, context),
        }
    }

    /// As [`called`](Self::called), from within that question.
    pub(super) fn result_of(
        &self,
        callee: &Source,
        call: Site,
        context: &CallString,
    ) -> Vec<Found> {
        match callee {
            Source::External { path, start } => self.external_call(path, *start, call, context),
            Source::Class(class) => self.instantiated(*class, call, context),
            Source::Function(function) | Source::Method { function: Some(function), .. } => {
                self.returned(*function, call, context)
            }
            Source::Lambda(lambda) => self.returned(*lambda, call, context),
            Source::Method { object, name, function: None, .. } => {
                self.method_of_library(object, name, call, context)
            }
            Source::Partial(partial) => {
                let Some(inner) = self.arguments(partial.site).first().copied() else {
                    return vec![Found::new(Source::Result(call))];
                };
                let callees = self.find(beside(partial.site, inner.node), &partial.context);
                let all = callees.iter().flat_map(|each| self.called(&each.source, call, context));
                all.collect()
            }
            Source::Instance { .. } => {
                let called = self.member(callee, "__call__", call);
                let methods = called
                    .iter()
                    .filter(|each| matches!(each.source, Source::Method { function: Some(_), .. }));
                let found: Vec<Found> =
                    methods.flat_map(|each| self.called(&each.source, call, context)).collect();
                if found.is_empty() { vec![Found::new(Source::Result(call))] } else { found }
            }
            Source::Made { path, .. } => self.made_callable(path, callee, call, context),
            _ => vec![Found::new(Source::Result(call))],
        }
    }

    /// An object of a project's class; what `__new__` gives, if it gives something else.
    pub(super) fn instantiated(&self, class: Site, call: Site, context: &CallString) -> Vec<Found> {
        let made = Allocation { site: call, context: context.for_heap() };
        let instance = Source::Instance { class, made: Some(made) };
        let mut out = vec![Found::made(instance, call)];
        for (_, maker) in self.methods_named(class, "__new__") {
            let known = self.returned(maker, call, context).into_iter().filter(|each| {
                matches!(&each.source, Source::Instance { class: other, .. } if *other != class)
                    || matches!(each.source, Source::Function(_) | Source::Lambda(_))
            });
            out.extend(known);
        }
        out
    }

    /// What a function gives to one call of it.
    pub(super) fn returned(&self, function: Site, call: Site, context: &CallString) -> Vec<Found> {
        let Some(signature) = self.graph(function.file).signature(function.node) else {
            return vec![Found::new(Source::Result(call))];
        };
        let made = Allocation { site: call, context: context.for_heap() };
        if signature.is_generator {
            return vec![Found::new(Source::Generator { function, made })];
        }
        if signature.is_async {
            return vec![Found::new(Source::Coroutine { function, made })];
        }
        self.results(function, call, context)
    }

    /// The values of the `return` statements that one call may reach.
    pub(super) fn results(&self, function: Site, call: Site, context: &CallString) -> Vec<Found> {
        let Some(signature) = self.graph(function.file).signature(function.node) else {
            return Vec::new();
        };
        let inner = context.entered(Frame::Call(call));
        let is_cut_short = context.is_full();
        let values = signature.returns.iter().map(|value| beside(function, *value));
        let reached: Vec<Site> = values.filter(|value| self.may_run(*value, &inner)).collect();
        if reached.is_empty() {
            return vec![Found::new(Source::Result(call))];
        }
        // Nothing so far, in a cycle, is not the same as nothing known.
        let found = reached.into_iter().flat_map(|value| self.find(value, &inner).to_vec());
        found
            .map(|each| if is_cut_short { each.apart() } else { each })
            .map(|each| each.given_back_by(call))
            .collect()
    }

    /// What `await` gives.
    pub(super) fn awaited(&self, source: &Source) -> Vec<Found> {
        match source {
            Source::Coroutine { function, made } => {
                self.results(*function, made.site, &made.context)
            }
            // A call that is awaited gives no coroutine, whatever else it gives.
            Source::Result(_) => vec![Found::unknown()],
            other => vec![Found::new(other.clone())],
        }
    }

    /// What a generator yields.
    pub(super) fn yielded(&self, function: Site, made: &Allocation) -> Vec<Found> {
        let Some(signature) = self.graph(function.file).signature(function.node) else {
            return Vec::new();
        };
        let inner = made.context.entered(Frame::Call(made.site));
        let mut out = Vec::new();
        for (value, is_from) in &signature.yields {
            let value = beside(function, *value);
            if !self.may_run(value, &inner) {
                continue;
            }
            let found = self.find(value, &inner);
            for each in found.iter() {
                if *is_from {
                    out.extend(beneath(each, self.elements(&each.source, value)));
                } else {
                    out.push(each.clone());
                }
            }
        }
        out
    }

    pub(super) fn external_call(
        &self,
        path: &Arc<str>,
        start: Start,
        call: Site,
        context: &CallString,
    ) -> Vec<Found> {
        let made = || Allocation { site: call, context: context.for_heap() };
        match &**path {
            "functools.partial" | "functools.partialmethod" => {
                return vec![Found::new(Source::Partial(made()))];
            }
            "builtins.super" => return self.super_value(call, context),
            "builtins.vars" => {
                let found = self.first_argument(call, context);
                let inner = found.into_iter().map(|each| Found {
                    source: Source::Attributes(Arc::new(each.source.clone())),
                    ..each
                });
                return inner.collect();
            }
            "builtins.type" if self.arguments(call).len() == 1 => {
                let found = self.first_argument(call, context);
                return found.iter().map(|each| Found::new(Self::class_of(&each.source))).collect();
            }
            _ => {}
        }
        if let Some(flows) = flows::function(path) {
            let is_decorator = flows.hands_on_first() && path.starts_with("functools.");
            let plain = |each: &crate::facts::dataflow::Argument| {
                matches!(each.given, Given::Position(_) | Given::Splat(_))
            };
            if is_decorator && !self.arguments(call).iter().any(plain) {
                // `lru_cache(maxsize=None)` gives the decorator.
                return vec![Found::new(Source::External { path: path.clone(), start })];
            }
            if is_decorator && self.tree(call.file).kind(call.node) == Kind::Call {
                let found = self.by_flows(flows, call, context, || Source::Result(call));
                return found.iter().map(|each| each.given_back_by(call)).collect();
            }
            return self.by_flows(flows, call, context, || Source::Made {
                path: path.clone(),
                start,
                made: Some(made()),
            });
        }
        let start = self.start_of(path, start, call, context);
        vec![Found::new(Source::Made { path: path.clone(), start, made: Some(made()) })]
    }

    pub(super) fn class_of(source: &Source) -> Source {
        match source {
            Source::Instance { class, .. } => Source::Class(*class),
            Source::Made { path, start, .. } => {
                Source::External { path: path.clone(), start: *start }
            }
            _ => Source::Unknown,
        }
    }

    pub(super) fn first_argument(&self, call: Site, context: &CallString) -> Vec<Found> {
        let arguments = self.arguments(call);
        let first = arguments.iter().find(|each| matches!(each.given, Given::Position(Some(0))));
        first.map_or_else(Vec::new, |first| self.find(beside(call, first.node), context).to_vec())
    }

    /// What a call gives whose flows are known: what flows into its result, a container of what goes into parts of it, or
    /// `otherwise`.
    pub(super) fn by_flows(
        &self,
        flows: &'static Flows,
        call: Site,
        context: &CallString,
        otherwise: impl Fn() -> Source,
    ) -> Vec<Found> {
        let mut out = Vec::new();
        let mut gives = false;
        for flow in flows.flows.iter().filter(|flow| flow.to.root == Root::Result) {
            if flow.to.hops.is_empty() {
                gives = true;
                out.extend(self.at_place(call, &flow.from, context));
            }
        }
        if flows.makes_container() {
            let made = Allocation { site: call, context: context.for_heap() };
            out.push(Found::new(Source::Container { made, view: Arc::from([]) }));
        } else if !gives {
            out.push(Found::new(otherwise()));
        } else if out.is_empty() {
            out.push(Found::new(Source::Result(call)));
        }
        out
    }

    /// A method of an object that is no project's: of a container, or of something that a library made.
    pub(super) fn method_of_library(
        &self,
        object: &Source,
        name: &str,
        call: Site,
        context: &CallString,
    ) -> Vec<Found> {
        if ENTERING.contains(&name) {
            let given = self.first_argument(call, context);
            let entered = given
                .iter()
                .flat_map(|each| beneath(each, self.load(&each.source, Part::Entered, call)));
            let found: Vec<Found> = entered.collect();
            if !found.is_empty() {
                return found;
            }
        }
        if let Some(kind) = self.container_kind(object)
            && let Some(flows) = flows::method(kind, name)
        {
            return self.by_flows(flows, call, context, || Source::Result(call));
        }
        if let Source::Generator { function, made } = object
            && matches!(name, "__next__" | "send" | "__anext__")
        {
            return self.yielded(*function, made);
        }
        if let Some(start) = self.manager_start(object).filter(|_| !OF_MANAGERS.contains(&name)) {
            let made = Some(Allocation { site: call, context: context.for_heap() });
            let path = crate::project::values::proxies::PROXY.into();
            return vec![Found::new(Source::Made { path, start, made })];
        }
        match name {
            "__enter__" | "__aenter__" => self.load(object, Part::Entered, call),
            "__next__" | "__anext__" => self.elements(object, call),
            _ => vec![Found::new(Source::Result(call))],
        }
    }

    /// The start method of a manager; `None` for other objects.
    pub(super) fn manager_start(&self, object: &Source) -> Option<Start> {
        let catalogue = &self.project.catalogue;
        let of_path = |path: &str, start: Start| {
            let entry = catalogue.by_path(path.strip_prefix("torch.").unwrap_or(path))?;
            let entry = catalogue.get(entry);
            let is_manager = matches!(entry.id.as_str(), "mp.Manager" | "mp.ManagerClass");
            is_manager.then_some(if start == Start::Platform { entry.start } else { start })
        };
        match object {
            Source::Made { path, start, .. } => of_path(path, *start),
            Source::Instance { class, .. } => {
                self.lineage(*class).iter().find_map(|each| match each {
                    Source::External { path, start } => of_path(path, *start),
                    _ => None,
                })
            }
            _ => None,
        }
    }

    /// What a call of a library function or of a container's method calls: the function's path.
    pub(super) fn path_of_library(&self, call: Site, context: &CallString) -> Option<Arc<str>> {
        let callee = self.callee(call)?;
        self.find(callee, context).iter().find_map(|each| match &each.source {
            Source::External { path, .. } => Some(path.clone()),
            _ => None,
        })
    }

    /// Objects of libraries that are called: getters of the `operator` module.
    pub(super) fn made_callable(
        &self,
        path: &str,
        getter: &Source,
        call: Site,
        context: &CallString,
    ) -> Vec<Found> {
        let Source::Made { made: Some(made), .. } = getter else {
            return vec![Found::new(Source::Result(call))];
        };
        if matches!(path, "collections.namedtuple" | "typing.NamedTuple") {
            let made = Allocation { site: call, context: context.for_heap() };
            return vec![Found::new(Source::Container { made, view: Arc::from([]) })];
        }
        let said = self.part_said(made.site, 0, &made.context);
        let part = match (path, said) {
            ("operator.attrgetter", Part::Key(name)) => Part::Attribute(name),
            ("operator.itemgetter", part) => part,
            ("operator.methodcaller", Part::Key(name)) => {
                let found = self.first_argument(call, context);
                let methods = found
                    .iter()
                    .flat_map(|each| beneath(each, self.member(&each.source, name.as_str(), call)));
                return methods
                    .flat_map(|each| assuming(&each, self.called(&each.source, call, context)))
                    .collect();
            }
            _ => return vec![Found::new(Source::Result(call))],
        };
        let found = self.first_argument(call, context);
        found.iter().flat_map(|each| beneath(each, self.load(&each.source, part, call))).collect()
    }

    /// The start method of what an external call makes.
    pub(super) fn start_of(
        &self,
        path: &str,
        start: Start,
        call: Site,
        context: &CallString,
    ) -> Start {
        match crate::catalogue::last_part(path) {
            "get_context" => self.start_said(call, "method", Some(0), context).unwrap_or(start),
            "SpawnProcess" => Start::Spawn,
            "ForkServerProcess" => Start::Forkserver,
            _ => {
                let entry = self.project.catalogue.by_path(path);
                let entry = entry.map(|entry| self.project.catalogue.get(entry));
                let parameter = entry.and_then(|entry| entry.context.as_ref());
                let said = parameter.and_then(|parameter| {
                    let position = u32::try_from(parameter.pos).ok();
                    self.start_said(call, &parameter.name, position, context)
                });
                said.unwrap_or(start)
            }
        }
    }

    /// The start method that an argument says: its name, or a context that was made for it.
    pub(super) fn start_said(
        &self,
        call: Site,
        keyword: &str,
        position: Option<u32>,
        context: &CallString,
    ) -> Option<Start> {
        let keyword: Name = keyword.into();
        let arguments = self.arguments(call);
        let said = arguments.iter().find(|each| match each.given {
            Given::Position(number) => number.is_some() && number == position,
            Given::Keyword(name) => name == keyword,
            _ => false,
        })?;
        let found = self.find(beside(call, said.node), context);
        let [one] = &*found else { return None };
        match &one.source {
            Source::Literal(literal) => match self.string(*literal)? {
                "fork" => Some(Start::Fork),
                "spawn" => Some(Start::Spawn),
                "forkserver" => Some(Start::Forkserver),
                _ => None,
            },
            Source::Made { path, start, .. }
                if crate::catalogue::last_part(path) == "get_context" =>
            {
                Some(*start)
            }
            _ => None,
        }
    }

    /// `super()` in a method, and `super(Class, self)`.
    pub(super) fn super_value(&self, call: Site, context: &CallString) -> Vec<Found> {
        let tree = self.tree(call.file);
        let Some(class) = tree.enclosing(call.node, &[Kind::ClassDefinition]) else {
            return vec![Found::unknown()];
        };
        let mut class = beside(call, class);
        let arguments = self.arguments(call);
        if let Some(first) = arguments.first()
            && let Some(Found { source: Source::Class(named), .. }) =
                self.find(beside(call, first.node), context).first()
        {
            class = *named;
        }
        let function = tree.ancestors(call.node).find(|up| {
            tree.kind(*up) == Kind::FunctionDefinition
                && self.class_around(beside(call, *up)).is_some()
        });
        let receiver = function
            .and_then(|node| self.graph(call.file).signature(node))
            .and_then(|signature| signature.at(0))
            .map(|parameter| self.find(beside(call, parameter.node), context));
        let objects = receiver.unwrap_or_else(|| Arc::from([]));
        let found: Vec<Found> = objects
            .iter()
            .filter(|each| matches!(each.source, Source::Instance { .. } | Source::Class(_)))
            .map(|each| Found {
                source: Source::Super { class, object: Arc::new(each.source.clone()) },
                ..each.clone()
            })
            .collect();
        if !found.is_empty() {
            return found;
        }
        let object = Arc::new(Source::Instance { class, made: None });
        vec![Found::new(Source::Super { class, object })]
    }
}
