//! Attributes: of modules, classes, objects, and of what libraries make.

use super::engine::Question;
use super::expressions::beneath;
use super::source::{Allocation, CallString, Found, Frame, Source};
use super::{Solver, beside};
use crate::catalogue::objects;
use crate::facts::dataflow::{ANY_NAME, Given, Part, Store};
use crate::facts::scopes::{Binding, BindingKind};
use crate::project::Site;
use crate::syntax::{Field, Kind};
use std::sync::Arc;

/// Stores to attributes of one name, from outside the class, that are looked at.
const MANY_STORES: usize = 60;

impl Solver<'_> {
    /// The member `name` of one thing; `at` is the expression that gave it.
    pub(super) fn member(&self, source: &Source, name: &str, at: Site) -> Vec<Found> {
        match source {
            Source::Module(file) => self.module_member(*file, name),
            Source::External { path, start } => {
                let dotted = format!("{path}.{name}");
                match self.project.below_namespace(at.file, &dotted) {
                    Some(module) => self.module_at(module, None),
                    None => {
                        vec![Found::new(Source::External { path: dotted.into(), start: *start })]
                    }
                }
            }
            Source::Class(class) => self.class_member(*class, name, at),
            Source::Instance { .. } => {
                let object = Arc::new(source.clone());
                self.answer(Question::Member(object, name.into(), at)).to_vec()
            }
            Source::Super { class, object } => self.super_member(*class, object, name, at),
            Source::Made { path, start, .. } => {
                if crate::catalogue::last_part(path) == "get_context" {
                    let module = path.trim_end_matches(".get_context");
                    let path = format!("{module}.{name}").into();
                    return vec![Found::new(Source::External { path, start: *start })];
                }
                let given = self.stored_outside(source, name);
                // What a library keeps to itself is data more often than a method.
                let private = name.starts_with('_') && !name.starts_with("__");
                if private || objects::is_plain_value(path, name) {
                    return if given.is_empty() { vec![Found::unknown()] } else { given };
                }
                let mut out = given;
                out.push(Found::new(method(source, name, None, at)));
                out
            }
            Source::Partial(partial) if name == "func" => {
                let inner = self.arguments(partial.site).first().copied();
                inner.map_or_else(Vec::new, |inner| {
                    self.find(beside(partial.site, inner.node), &partial.context).to_vec()
                })
            }
            Source::Method { object, function, .. } => match (name, function) {
                ("__self__", _) => vec![Found::new((**object).clone())],
                ("__func__", Some(function)) => vec![Found::new(Source::Function(*function))],
                _ => vec![Found::unknown()],
            },
            Source::Container { .. }
            | Source::Slice { .. }
            | Source::Generator { .. }
            | Source::Attributes(_) => self.container_member(source, name, at),
            Source::Function(function) => {
                let found = self.stored_outside(source, name);
                if !found.is_empty() {
                    return found;
                }
                match name {
                    "__wrapped__" | "__func__" => vec![Found::new(Source::Function(*function))],
                    _ if name.starts_with("__") => vec![Found::unknown()],
                    // A function has no attribute that nobody gives it.
                    _ => Vec::new(),
                }
            }
            Source::Lambda(_) if !name.starts_with("__") => self.stored_outside(source, name),
            _ => vec![Found::unknown()],
        }
    }

    /// A method of a container; an attribute of a namespace that a library made of its arguments.
    pub(super) fn container_member(&self, source: &Source, name: &str, at: Site) -> Vec<Found> {
        if let Source::Container { made, view } = source {
            let given = self.contents(made, view, Part::Attribute(name.into()), at);
            if !given.is_empty() {
                return given;
            }
        }
        vec![Found::new(method(source, name, None, at))]
    }

    // Classes.

    pub(super) fn class_member(&self, class: Site, name: &str, at: Site) -> Vec<Found> {
        let whole = Source::Class(class);
        self.found_in(&self.lineage(class), &whole, name, at).unwrap_or_else(|| {
            let given = self.stored_outside(&whole, name);
            if given.is_empty() { vec![Found::unknown()] } else { given }
        })
    }

    /// The member that the first of some classes has, bound to an object or a class.
    pub(super) fn found_in(
        &self,
        lineage: &[Source],
        object: &Source,
        name: &str,
        at: Site,
    ) -> Option<Vec<Found>> {
        for each in lineage {
            match each {
                Source::Class(home) => {
                    let bindings = self.own_bindings(*home, name);
                    if bindings.is_empty() {
                        continue;
                    }
                    let last = bindings.iter().rev().take(1);
                    let all = bindings
                        .iter()
                        .any(|binding| !matches!(binding.kind, BindingKind::FunctionDef(_)));
                    let chosen: Vec<&Binding> =
                        if all { bindings.iter().collect() } else { last.collect() };
                    let mut out = Vec::new();
                    for binding in chosen {
                        if let (Source::Class(class), BindingKind::Assignment { .. }) =
                            (object, &binding.kind)
                            && Self::is_enum(lineage)
                        {
                            let made = Allocation {
                                site: beside(*home, binding.node),
                                context: CallString::UNKNOWN,
                            };
                            let member = Source::Instance { class: *class, made: Some(made) };
                            out.push(Found::new(member));
                            continue;
                        }
                        let found = self.find(beside(*home, binding.node), &CallString::UNKNOWN);
                        for value in found.iter() {
                            out.extend(self.bound(value, object, *home, name, at));
                        }
                    }
                    if matches!(object, Source::Class(_)) {
                        out.extend(self.stored_outside(object, name));
                    }
                    return Some(out);
                }
                Source::External { path, start } => {
                    // Every class derives from what the interpreter brings.
                    if matches!(
                        &**path,
                        "builtins.object" | "typing.Generic" | "abc.ABC" | "typing.Protocol"
                    ) {
                        continue;
                    }
                    return Some(vec![Found::new(match object {
                        Source::Class(_) => Source::External {
                            path: format!("{path}.{name}").into(),
                            start: *start,
                        },
                        _ => method(object, name, None, at),
                    })]);
                }
                _ => {}
            }
        }
        None
    }

    /// What reading a class attribute gives: functions become methods, properties and descriptors run.
    pub(super) fn bound(
        &self,
        value: &Found,
        object: &Source,
        home: Site,
        name: &str,
        at: Site,
    ) -> Vec<Found> {
        let on_class = matches!(object, Source::Class(_));
        let with = |source: Source| vec![Found { source, ..value.apart() }];
        let value = &value.source;
        match value {
            Source::Function(function) => {
                let facts = self.file(function.file);
                let has = |names: &[&str]| facts.has_decorator(function.node, names);
                if has(&["property", "cached_property", "setter", "deleter", "getter"]) && !on_class
                {
                    let getter = self.getter(*function).unwrap_or(*function);
                    return self.given_back(getter, object);
                }
                if has(&["staticmethod"]) {
                    return with(Source::Function(*function));
                }
                if has(&["classmethod"])
                    || matches!(name, "__init_subclass__" | "__class_getitem__")
                {
                    let class = match object {
                        Source::Instance { class, .. } | Source::Class(class) => *class,
                        _ => home,
                    };
                    let class = Source::Class(class);
                    return with(method(&class, name, Some(*function), at));
                }
                if on_class {
                    return with(value.clone());
                }
                with(method(object, name, Some(*function), at))
            }
            Source::Lambda(_) if !on_class => with(value.clone()),
            Source::Instance { class, .. } => {
                let getters = self.methods_named(*class, "__get__");
                match getters.first() {
                    Some((_, getter)) => self.given_back(*getter, value),
                    None => with(value.clone()),
                }
            }
            Source::Made { path, made: Some(made), .. }
                if !on_class && &**path == "builtins.property" =>
            {
                self.gotten(made, object)
            }
            other => with(other.clone()),
        }
    }

    /// What reading a property gives that was made by a call: `name = property(get_name)`.
    fn gotten(&self, made: &Allocation, object: &Source) -> Vec<Found> {
        let getter = self.arguments(made.site).into_iter().find(|argument| match argument.given {
            Given::Position(at) => at == Some(0),
            Given::Keyword(name) => name.as_str() == "fget",
            _ => false,
        });
        let getters = getter.map_or_else(Vec::new, |getter| {
            self.find(beside(made.site, getter.node), &made.context).to_vec()
        });
        let results = getters.iter().flat_map(|each| match &each.source {
            Source::Function(function) | Source::Lambda(function) => {
                self.given_back(*function, object)
            }
            _ => vec![Found::unknown()],
        });
        let found: Vec<Found> = results.collect();
        if found.is_empty() { vec![Found::unknown()] } else { found }
    }

    /// The getter of a property of which a setter or deleter was found.
    pub(super) fn getter(&self, function: Site) -> Option<Site> {
        let facts = self.file(function.file);
        if facts.has_decorator(function.node, &["property", "cached_property"]) {
            return Some(function);
        }
        let name = facts.tree().child(function.node, Field::Name)?;
        let (scope, name) = facts.scopes.resolve_name(name)?;
        facts.scopes.bindings(scope, name).iter().find_map(|binding| match binding.kind {
            BindingKind::FunctionDef(node)
                if facts.has_decorator(node, &["property", "cached_property"]) =>
            {
                Some(beside(function, node))
            }
            _ => None,
        })
    }

    pub(super) fn super_member(
        &self,
        class: Site,
        object: &Arc<Source>,
        name: &str,
        at: Site,
    ) -> Vec<Found> {
        let whole = match &**object {
            Source::Instance { class, .. } | Source::Class(class) => *class,
            _ => class,
        };
        let mut lineage = self.lineage(whole);
        if !lineage.contains(&Source::Class(class)) {
            lineage = self.lineage(class);
        }
        let behind = lineage.iter().position(|each| *each == Source::Class(class));
        let rest = &lineage[behind.map_or(0, |at| at + 1)..];
        for each in rest {
            if let (Source::External { .. }, "__init__") = (each, name) {
                return vec![Found::new(match each {
                    Source::External { path, start } => {
                        Source::External { path: format!("{path}.__init__").into(), start: *start }
                    }
                    other => other.clone(),
                })];
            }
            if let Some(found) = self.found_in(std::slice::from_ref(each), object, name, at) {
                return found;
            }
        }
        vec![Found::unknown()]
    }

    // Objects.

    pub(super) fn member_of_object(&self, object: &Source, name: &str, at: Site) -> Vec<Found> {
        let Source::Instance { class, made } = object else { return Vec::new() };
        let (class, made) = (*class, made.as_ref());
        match name {
            "__class__" => return vec![Found::new(Source::Class(class))],
            "__dict__" => {
                return vec![Found::new(Source::Attributes(Arc::new(object.clone())))];
            }
            _ => {}
        }
        let lineage = self.lineage(class);
        let mut out = self.stored_inside(object, &lineage, made, name);
        out.extend(self.stored_outside(object, name));
        out.extend(self.field_value(object, class, made, name));
        out.extend(self.stored_by_keyword(object, &lineage, made, name));
        if out.iter().all(|each| self.is_none(&each.source) || each.source.is_unknown())
            && let Some(found) = self.found_in(&lineage, object, name, at)
        {
            out.extend(found);
        }
        if out.is_empty() {
            out.extend(self.made_up(object, class, name));
        }
        if out.is_empty() {
            out.push(Found::unknown());
        }
        out
    }

    /// `__getattr__`: what it gives.
    pub(super) fn made_up(&self, object: &Source, class: Site, name: &str) -> Vec<Found> {
        if name.starts_with("__") {
            return Vec::new();
        }
        let getter = self.methods_named(class, "__getattr__").into_iter().next();
        getter.map_or_else(Vec::new, |(_, function)| self.given_back(function, object))
    }

    /// What methods of the object's own class store in it.
    pub(super) fn stored_inside(
        &self,
        object: &Source,
        lineage: &[Source],
        made: Option<&Allocation>,
        name: &str,
    ) -> Vec<Found> {
        let wanted = Part::Attribute(name.into());
        let mut out = Vec::new();
        for home in lineage {
            let Source::Class(home) = home else { continue };
            let stores = self.project.stores_named(name).iter();
            for (site, index) in stores {
                let tree = self.tree(site.file);
                if site.file != home.file || !tree.contains(home.node, site.node) {
                    continue;
                }
                let store = &self.graph(site.file).stores()[*index];
                if store.part != Some(wanted) {
                    continue;
                }
                let Some(method) = self.method_of_receiver(beside(*site, store.container), *home)
                else {
                    continue;
                };
                let callers = self.ways_into(object, made, method, lineage);
                for context in callers {
                    out.extend(self.stored(store, *site, &context));
                }
            }
        }
        out
    }

    /// The method of one of some classes whose receiver an expression names.
    pub(super) fn method_storing(&self, container: Site, lineage: &[Source]) -> Option<Site> {
        let tree = self.tree(container.file);
        let home = lineage.iter().find_map(|each| match each {
            Source::Class(home)
                if home.file == container.file && tree.contains(home.node, container.node) =>
            {
                Some(*home)
            }
            _ => None,
        })?;
        self.method_of_receiver(container, home)
    }

    /// The method of a class whose receiver an expression names.
    pub(super) fn method_of_receiver(&self, container: Site, class: Site) -> Option<Site> {
        let facts = self.file(container.file);
        if facts.tree().kind(container.node) != Kind::Identifier {
            return None;
        }
        let mut bindings = self.graph(container.file).definitions.reaching(container.node);
        let (first, rest) = (bindings.next()?, bindings.next());
        if rest.is_some() {
            return None;
        }
        let (function, parameter) = self.function_of(beside(container, first.node), first)?;
        let is_own = self.class_around(function) == Some(class);
        (is_own && self.is_receiver(function, &parameter)).then_some(function)
    }

    /// The call strings with which a method of an object runs that stores something: that of the constructor call, if it is
    /// called by it.
    pub(super) fn ways_into(
        &self,
        object: &Source,
        made: Option<&Allocation>,
        method: Site,
        lineage: &[Source],
    ) -> Vec<CallString> {
        let this = CallString::UNKNOWN.entered(Frame::This(Arc::new(object.clone())));
        let Some(made) = made else { return vec![this] };
        let init = lineage.iter().find_map(|each| match each {
            Source::Class(home) => {
                self.own_bindings(*home, "__init__").iter().rev().find_map(|binding| match binding
                    .kind
                {
                    BindingKind::FunctionDef(node) => Some(beside(*home, node)),
                    _ => None,
                })
            }
            _ => None,
        });
        let Some(init) = init else { return vec![this] };
        let start = made.context.entered(Frame::Call(made.site));
        let mut waiting = vec![(init, start, 0)];
        let mut out = Vec::new();
        while let Some((function, context, depth)) = waiting.pop() {
            if function == method {
                out.push(context);
                continue;
            }
            if depth >= 3 {
                continue;
            }
            let facts = self.file(function.file);
            let tree = facts.tree();
            for call in facts.calls.iter().filter(|call| tree.contains(function.node, **call)) {
                let call = beside(function, *call);
                let Some(callee) = self.callee(call) else { continue };
                let named = tree.child(callee.node, Field::Attribute);
                let Some(named) = named.map(|node| facts.text(node)) else { continue };
                let may = |site: Site| self.file(site.file).definition_name(site.node) == named;
                if !may(method) && named != "__init__" {
                    continue;
                }
                for each in self.find(callee, &context).iter() {
                    if let Source::Method { function: Some(next), .. } | Source::Function(next) =
                        &each.source
                        && *next != function
                    {
                        waiting.push((*next, context.entered(Frame::Call(call)), depth + 1));
                    }
                }
            }
        }
        if out.is_empty() { vec![this] } else { out }
    }

    /// The value of a store, seen from the object.
    pub(super) fn stored(&self, store: &Store, site: Site, context: &CallString) -> Vec<Found> {
        let value = beside(site, store.value);
        if !self.may_run(value, context) {
            return Vec::new();
        }
        let found = self.find(value, context);
        let mut taken: Vec<Found> = found.to_vec();
        for step in &store.steps {
            taken = taken
                .iter()
                .flat_map(|each| beneath(each, self.stepped(&each.source, *step, value)))
                .collect();
        }
        taken.into_iter().map(|each| each.apart().kept()).collect()
    }

    /// What a constructor keeps under the names of its keyword arguments: `setattr(self, name, value)` for each, or
    /// `self.__dict__.update(options)`.
    pub(super) fn stored_by_keyword(
        &self,
        object: &Source,
        lineage: &[Source],
        made: Option<&Allocation>,
        name: &str,
    ) -> Vec<Found> {
        let mut out = Vec::new();
        for (site, index) in self.project.stores_named(ANY_NAME) {
            let store = &self.graph(site.file).stores()[*index];
            let container = beside(*site, store.container);
            let Some(method) = self.method_storing(container, lineage) else { continue };
            let signature = self.graph(method.file).signature(method.node);
            let options = signature
                .and_then(|found| found.parameters.iter().find(|each| each.star == 2))
                .map(|options| beside(method, options.node));
            let Some(options) = options else { continue };
            for context in self.ways_into(object, made, method, lineage) {
                for whole in self.find(options, &context).iter() {
                    let given = self.load(&whole.source, Part::Key(name.into()), options);
                    out.extend(given.iter().map(|each| each.apart().kept()));
                }
            }
        }
        out
    }

    /// What is stored in an object from elsewhere: `worker.lock = Lock()`.
    pub(super) fn stored_outside(&self, object: &Source, name: &str) -> Vec<Found> {
        let wanted = Part::Attribute(name.into());
        let mut out = Vec::new();
        for (site, index) in self.project.stores_named(name).iter().take(MANY_STORES) {
            let store = &self.graph(site.file).stores()[*index];
            if store.part != Some(wanted) {
                continue;
            }
            let container = beside(*site, store.container);
            if let Some(call) = store.call
                && !self.is_builtin(beside(*site, call), "setattr")
            {
                continue;
            }
            if self.is_any_receiver(container) {
                continue;
            }
            let found = self.find(container, &CallString::UNKNOWN);
            if found.iter().any(|each| is_same(&each.source, object)) {
                out.extend(self.stored(store, *site, &CallString::UNKNOWN));
            }
        }
        out
    }

    pub(super) fn is_builtin(&self, call: Site, name: &str) -> bool {
        self.callee(call).is_some_and(|callee| {
            let found = self.find(callee, &CallString::UNKNOWN);
            let wanted = Source::external(&format!("builtins.{name}"));
            found.iter().any(|each| each.source == wanted)
        })
    }

    /// Whether an expression names the receiver of the method that it stands in.
    pub(super) fn is_any_receiver(&self, container: Site) -> bool {
        let mut bindings = self.graph(container.file).definitions.reaching(container.node);
        let Some(first) = bindings.next() else { return false };
        self.function_of(beside(container, first.node), first).is_some_and(
            |(function, parameter)| {
                self.is_receiver(function, &parameter) && !self.is_of_class(function)
            },
        )
    }
}

/// Whether two objects may be the same: of one allocation, or of one class where an allocation is not known.
pub(super) fn is_same(one: &Source, other: &Source) -> bool {
    match (one, other) {
        (
            Source::Instance { class, made },
            Source::Instance { class: other_class, made: other_made },
        ) => match (made, other_made) {
            (Some(made), Some(other)) => made.site == other.site,
            _ => class == other_class,
        },
        (Source::Made { path, made, .. }, Source::Made { path: other, made: other_made, .. }) => {
            match (made, other_made) {
                (Some(made), Some(other)) => made.site == other.site,
                _ => path == other,
            }
        }
        _ => one == other,
    }
}

fn method(object: &Source, name: &str, function: Option<Site>, at: Site) -> Source {
    Source::Method { object: Arc::new(object.clone()), name: name.into(), function, at }
}
