//! Who calls a function. Names and forward flow find candidates; only a call whose callee comes from the function counts.

use super::source::{CallString, Found, Source};
use super::{Solver, beside, engine::Question};
use crate::facts::dataflow::Step;
use crate::facts::scopes::{BindingKind, ScopeKind};
use crate::project::Site;
use crate::syntax::{Field, Kind, NodeId};
use rustc_hash::FxHashSet;
use std::collections::BTreeSet;

/// Calls of one name that are looked at; more of them are of methods that everything has.
const MANY_CALLS: usize = 300;
/// Attributes of a method's name that are followed.
const MANY_TAKEN: usize = 40;
/// Places that a function's way is followed to.
const FARTHEST: usize = 400;

impl Solver<'_> {
    pub(super) fn find_callers(&self, function: Site) -> Vec<Site> {
        let found = self.answer(Question::Callers(function));
        let callers = found.iter().filter_map(|each| match each.source {
            Source::Caller(site) => Some(site),
            _ => None,
        });
        callers.collect()
    }

    pub(super) fn search_callers(&self, function: Site) -> Vec<Found> {
        let candidates = self.candidates(function);
        let runs = |call: &Site| !self.runs(*call, function, &CallString::UNKNOWN).is_empty();
        let callers = candidates.into_iter().filter(runs);
        callers.map(|call| Found::new(Source::Caller(call))).collect()
    }

    /// The calls that make objects of a class.
    pub(super) fn constructor_calls(&self, class: Site) -> Vec<Site> {
        let name = self.file(class.file).definition_name(class.node);
        let mut candidates = self.calls_by_name(name);
        candidates.extend(self.calls_along(class));
        candidates.extend(self.inside(class, |callee| callee == "cls" || callee == "type(self)"));
        let makes = |call: &Site| {
            self.callee(*call).is_some_and(|callee| {
                let found = self.find(callee, &CallString::UNKNOWN);
                found.iter().any(|each| self.makes(&each.source, class, 0))
            })
        };
        candidates.into_iter().filter(makes).collect()
    }

    /// Whether calling something makes an object of the class.
    pub(super) fn makes(&self, callee: &Source, class: Site, depth: u32) -> bool {
        match callee {
            Source::Class(found) => *found == class,
            Source::Partial(partial) if depth < 4 => {
                let inner = self.arguments(partial.site).first().copied();
                inner.is_some_and(|inner| {
                    let found = self.find(beside(partial.site, inner.node), &partial.context);
                    found.iter().any(|each| self.makes(&each.source, class, depth + 1))
                })
            }
            _ => false,
        }
    }

    /// The calls in a class whose callee reads like that.
    pub(super) fn inside(&self, class: Site, reads: impl Fn(&str) -> bool) -> Vec<Site> {
        let facts = self.file(class.file);
        let tree = facts.tree();
        let calls = facts.calls.iter().filter(|call| tree.contains(class.node, **call));
        let wanted = calls.filter(|call| {
            tree.child(**call, Field::Function).is_some_and(|callee| reads(facts.text(callee)))
        });
        wanted.map(|call| beside(class, *call)).collect()
    }

    /// The calls that may run a function, by the names that it goes by and by the ways that it takes.
    pub(super) fn candidates(&self, function: Site) -> BTreeSet<Site> {
        let facts = self.file(function.file);
        if facts.tree().kind(function.node) == Kind::Lambda {
            return self.calls_along(function);
        }
        let name = facts.definition_name(function.node);
        let mut found = BTreeSet::new();
        match (name, self.class_around(function)) {
            ("__init__" | "__new__", Some(class)) => {
                for each in std::iter::once(class).chain(self.subclasses(class)) {
                    let name = self.file(each.file).definition_name(each.node);
                    found.extend(self.calls_by_name(name));
                    found.extend(self.calls_along(each));
                    let makes = |callee: &str| {
                        callee == "cls"
                            || callee.starts_with("type(self)")
                            || callee.starts_with("self.__class__")
                            || callee.ends_with("__init__")
                    };
                    found.extend(self.inside(each, makes));
                }
            }
            ("__call__", Some(class)) => {
                for object in self.constructor_calls(class) {
                    found.extend(self.calls_along(object));
                }
            }
            (_, class) => {
                found.extend(self.calls_by_name(name));
                found.extend(self.calls_along(function));
                if class.is_some() {
                    for library in crate::catalogue::flows::methods_calling(name) {
                        let calls = self.project.calls_named(library).iter();
                        found.extend(calls.take(MANY_CALLS));
                    }
                    // Where a method is taken without being called.
                    let taken = self.project.attributes_named(name).iter();
                    for taken in taken.take(MANY_TAKEN).filter(|site| !self.is_callee(**site)) {
                        found.extend(self.calls_along(*taken));
                    }
                }
            }
        }
        found
    }

    /// The calls of a name and of those that imports and assignments give to it; of methods that everything has, those of
    /// plain names and of what is imported.
    pub(super) fn calls_by_name(&self, name: &str) -> BTreeSet<Site> {
        let mut found = BTreeSet::new();
        for name in self.project.names_of(name) {
            let calls = self.project.calls_named(&name);
            let few = calls.len() <= MANY_CALLS;
            let wanted = calls.iter().filter(|call| {
                few || self.callee(**call).is_some_and(|callee| {
                    self.tree(callee.file).kind(callee.node) == Kind::Identifier
                })
            });
            found.extend(wanted.take(MANY_CALLS).copied());
        }
        found
    }

    /// The calls that what is made at a place may come to as the callee or as an argument of a library function that calls it.
    pub(super) fn calls_along(&self, made: Site) -> BTreeSet<Site> {
        let mut found = BTreeSet::new();
        for place in self.reached_from(made, FARTHEST) {
            let tree = self.tree(place.file);
            let Some(up) = tree.parent(place.node) else { continue };
            if self.is_callee(place) || tree.kind(up) == Kind::Decorator {
                found.insert(beside(place, up));
            } else if let Some(call) = self.call_of_argument(place) {
                found.insert(call);
            }
        }
        found
    }

    /// The call among whose arguments an expression stands.
    pub(super) fn call_of_argument(&self, argument: Site) -> Option<Site> {
        let tree = self.tree(argument.file);
        let mut up = tree.parent(argument.node)?;
        if matches!(tree.kind(up), Kind::KeywordArgument | Kind::ListSplat | Kind::DictionarySplat)
        {
            up = tree.parent(up)?;
        }
        if tree.kind(up) != Kind::ArgumentList {
            // `f(x for x in xs)`.
            let is_lone =
                tree.kind(up) == Kind::Call && tree.field(argument.node) == Field::Arguments;
            return is_lone.then(|| beside(argument, up));
        }
        tree.parent(up)
            .filter(|call| tree.kind(*call) == Kind::Call)
            .map(|call| beside(argument, call))
    }

    /// Where what is made (or bound) at a place may come to, by any way: more than it does.
    pub(super) fn reached_from(&self, made: Site, farthest: usize) -> Vec<Site> {
        let mut seen: FxHashSet<Site> = FxHashSet::default();
        let mut waiting = vec![made];
        let mut out = Vec::new();
        while let Some(place) = waiting.pop() {
            if out.len() >= farthest || !seen.insert(place) {
                continue;
            }
            out.push(place);
            self.onward(place, &mut waiting);
        }
        out
    }

    /// Whether an expression is what a call calls.
    fn is_callee(&self, place: Site) -> bool {
        let tree = self.tree(place.file);
        let is_call = tree.parent(place.node).is_some_and(|up| tree.kind(up) == Kind::Call);
        is_call && tree.field(place.node) == Field::Function
    }

    /// Where a value goes next.
    pub(super) fn onward(&self, place: Site, waiting: &mut Vec<Site>) {
        let graph = self.graph(place.file);
        let at = |node: NodeId| beside(place, node);
        let loads_attribute =
            |step: &Step| matches!(step, Step::Load(crate::facts::dataflow::Part::Attribute(_)));
        for edge in graph.edges_from(place.node) {
            if !edge.steps.iter().any(loads_attribute) {
                waiting.push(at(edge.to));
            }
        }
        for store in graph.stores_of(place.node) {
            match store.part {
                Some(crate::facts::dataflow::Part::Attribute(name)) => {
                    waiting.extend(self.project.attributes_named(name.as_str()).iter().take(60));
                }
                _ => waiting.push(at(store.container)),
            }
        }
        let tree = self.tree(place.file);
        let up = tree.parent(place.node);
        match up.map(|up| (up, tree.kind(up))) {
            Some((
                up,
                Kind::ParenthesizedExpression | Kind::Decorator | Kind::DecoratedDefinition,
            )) => {
                waiting.push(at(up));
            }
            Some((up, Kind::ReturnStatement | Kind::Lambda | Kind::Yield)) => {
                self.returned_onward(at(up), waiting);
            }
            _ => {}
        }
        waiting.extend(self.read_elsewhere(place));
        if let Some(call) = self.call_of_argument(place) {
            self.given_onward(place, call, waiting);
        }
    }

    /// The places that may read a name of a module or class from outside: imports that bind it, and, of what is assigned there,
    /// attributes of that name. Functions and classes are found by the names that they go by.
    fn read_elsewhere(&self, definition: Site) -> Vec<Site> {
        let facts = self.file(definition.file);
        let Some(binding) = self.graph(definition.file).definition(definition.node) else {
            return Vec::new();
        };
        let is_module = binding.scope == facts.scopes.module();
        let is_class = facts.scopes.get(binding.scope).kind == ScopeKind::Class;
        let is_assigned = matches!(binding.kind, BindingKind::Assignment { .. });
        let name = facts.text(definition.node);
        let imports: &[Site] = if is_module { self.project.imports_of(name) } else { &[] };
        let is_attribute = is_assigned && (is_module || is_class);
        let attributes: &[Site] =
            if is_attribute { self.project.attributes_named(name) } else { &[] };
        imports.iter().chain(attributes.iter().take(60)).copied().collect()
    }

    /// The calls of the function in which something is returned.
    pub(super) fn returned_onward(&self, statement: Site, waiting: &mut Vec<Site>) {
        let tree = self.tree(statement.file);
        let function = if tree.kind(statement.node) == Kind::Lambda {
            Some(statement.node)
        } else {
            tree.enclosing(statement.node, &[Kind::FunctionDefinition, Kind::Lambda])
        };
        let Some(function) = function else { return };
        if tree.kind(function) == Kind::Lambda {
            return;
        }
        let name = self.file(statement.file).definition_name(function);
        waiting.extend(self.calls_by_name(name).into_iter().take(60));
        // What a decorator returns stands under the decorated name.
        for decorator in self.project.decorators_named(name) {
            waiting.extend(
                self.tree(decorator.file).parent(decorator.node).map(|up| beside(*decorator, up)),
            );
        }
        if self.file(statement.file).has_decorator(function, &["property", "cached_property"]) {
            waiting.extend(self.project.attributes_named(name).iter().take(60));
        }
    }

    /// The parameters that an argument is given for, and the results of library calls that hand it on.
    pub(super) fn given_onward(&self, argument: Site, call: Site, waiting: &mut Vec<Site>) {
        let Some(callee) = self.callee(call) else { return };
        for each in self.find(callee, &CallString::UNKNOWN).iter() {
            let function = match &each.source {
                Source::Function(site)
                | Source::Lambda(site)
                | Source::Method { function: Some(site), .. } => Some(*site),
                Source::Class(class) => {
                    let init = self.methods_named(*class, "__init__").into_iter().next();
                    if init.is_none() {
                        // A dataclass keeps it under a name.
                        waiting.push(call);
                        waiting.extend(self.fields_onward(*class));
                    }
                    init.map(|row| row.1)
                }
                Source::Partial(_) | Source::External { .. } | Source::Method { .. } => {
                    waiting.push(call);
                    None
                }
                _ => None,
            };
            let Some(function) = function else { continue };
            let signature = self.graph(function.file).signature(function.node);
            let _ = argument;
            for parameter in signature.into_iter().flat_map(|signature| &signature.parameters) {
                waiting.push(beside(function, parameter.node));
            }
        }
    }

    pub(super) fn fields_onward(&self, class: Site) -> Vec<Site> {
        let fields = self.fields(class);
        let names = fields.iter().map(|field| field.name);
        names
            .flat_map(|name| self.project.attributes_named(name.as_str()).iter().take(20).copied())
            .collect()
    }
}
