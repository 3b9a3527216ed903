//! What parameters hold: arguments of the call that entered the frame, or of all calls that may.

use super::expressions::{assuming, beneath};
use super::runs::Runs;
use super::source::{Allocation, CallString, Found, Frame, Source};
use super::{Solver, beside};
use crate::catalogue::flows::{Hop, Place, Root};
use crate::facts::dataflow::{Argument, Given, Parameter, Part};
use crate::facts::scopes::{Binding, BindingKind};
use crate::project::Site;
use crate::syntax::{Field, Kind, NodeId};
use std::sync::Arc;

/// The objects of a class are told apart up to that many.
const MANY_OBJECTS: usize = 12;

impl Solver<'_> {
    pub(super) fn parameter_value(
        &self,
        site: Site,
        binding: &Binding,
        context: &CallString,
    ) -> Vec<Found> {
        let Some((function, parameter)) = self.function_of(site, binding) else {
            return vec![Found::unknown()];
        };
        if parameter.star > 0 {
            let made = Allocation { site, context: context.for_heap() };
            return vec![Found::new(Source::Container { made, view: Arc::from([]) })];
        }
        let mut found = match context.split() {
            Some((Frame::Call(call), outer)) => self.argument(*call, function, &parameter, &outer),
            Some((Frame::This(object), _)) if self.is_receiver(function, &parameter) => {
                vec![Found::new((**object).clone())]
            }
            Some((Frame::This(object), _)) => match &**object {
                // The constructor of an object ran once: where the object was made.
                Source::Instance { made: Some(made), .. }
                    if self.file(function.file).definition_name(function.node) == "__init__" =>
                {
                    self.argument(made.site, function, &parameter, &made.context)
                }
                _ => self.given_by_all(function, &parameter),
            },
            _ => self.given_by_all(function, &parameter),
        };
        if found.iter().all(|each| each.source.is_unknown())
            && let BindingKind::Parameter { annotation: Some(annotation), .. } = &binding.kind
        {
            found.extend(self.annotated(beside(site, *annotation)));
        }
        if found.is_empty() {
            found.push(Found::new(Source::Parameter(site)));
        }
        found
    }

    /// The function of a parameter's definition.
    pub(super) fn function_of(&self, site: Site, binding: &Binding) -> Option<(Site, Parameter)> {
        let BindingKind::Parameter { .. } = binding.kind else { return None };
        let function = beside(site, binding.statement);
        let signature = self.graph(site.file).signature(function.node)?;
        Some((function, *signature.parameter(site.node)?))
    }

    /// The class in whose body a function stands directly.
    pub(super) fn class_around(&self, function: Site) -> Option<Site> {
        let tree = self.tree(function.file);
        let kinds = [Kind::ClassDefinition, Kind::FunctionDefinition, Kind::Lambda];
        let around = tree.enclosing(function.node, &kinds)?;
        (tree.kind(around) == Kind::ClassDefinition).then_some(beside(function, around))
    }

    /// Whether a parameter is the object (or class) that a method is called on.
    pub(super) fn is_receiver(&self, function: Site, parameter: &Parameter) -> bool {
        parameter.position == Some(0)
            && self.class_around(function).is_some()
            && !self.file(function.file).has_decorator(function.node, &["staticmethod"])
    }

    pub(super) fn is_of_class(&self, function: Site) -> bool {
        self.file(function.file).has_decorator(function.node, &["classmethod"])
            || matches!(
                self.file(function.file).definition_name(function.node),
                "__new__" | "__init_subclass__" | "__class_getitem__"
            )
    }

    /// What all callers that are seen give, each with the assumption that it is the caller.
    pub(super) fn given_by_all(&self, function: Site, parameter: &Parameter) -> Vec<Found> {
        if self.is_receiver(function, parameter) {
            return self.receivers(function);
        }
        let callers = self.find_callers(function);
        let mut out: Vec<Found> = Vec::new();
        for call in callers.iter().copied() {
            let given = self.argument(call, function, parameter, &CallString::UNKNOWN);
            out.extend(given.iter().map(|each| each.entered(Frame::Call(call))));
        }
        if callers.is_empty()
            && let Some(default) = parameter.default
        {
            out.extend(self.find(beside(function, default), &CallString::UNKNOWN).iter().cloned());
            out.push(Found::new(Source::Parameter(beside(function, parameter.node))));
        }
        out
    }

    /// The objects that a method may be called on: all that are made of its class, and those of classes below it.
    pub(super) fn receivers(&self, function: Site) -> Vec<Found> {
        let Some(class) = self.class_around(function) else { return Vec::new() };
        if self.is_of_class(function) {
            return vec![Found::new(Source::Class(class))];
        }
        let made = self.allocations(class);
        let any = Source::Instance { class, made: None };
        if made.is_empty() || made.len() > MANY_OBJECTS {
            return vec![Found::new(any)];
        }
        let assumed =
            |object: Source| Found::new(object.clone()).entered(Frame::This(Arc::new(object)));
        made.into_iter().map(assumed).collect()
    }

    /// The objects of a class, and of those below it that are made somewhere.
    pub(super) fn allocations(&self, class: Site) -> Vec<Source> {
        let mut out = Vec::new();
        for each in std::iter::once(class).chain(self.subclasses(class)) {
            for call in self.constructor_calls(each) {
                let made = Allocation { site: call, context: CallString::UNKNOWN };
                out.push(Source::Instance { class: each, made: Some(made) });
            }
        }
        out.sort();
        out.dedup();
        out
    }

    /// What a call (or decorator, or a library function that calls) gives for a parameter of a function that it runs.
    pub(super) fn argument(
        &self,
        call: Site,
        function: Site,
        parameter: &Parameter,
        context: &CallString,
    ) -> Vec<Found> {
        let mut out = Vec::new();
        for run in self.runs(call, function, context) {
            let found = match &run {
                Runs::Directly { receiver, bound } => {
                    self.given_directly(call, parameter, receiver.as_ref(), bound, context)
                }
                Runs::ByLibrary { arguments, receiver } => {
                    let offset = u32::from(receiver.is_some());
                    match (receiver, parameter.position) {
                        (Some(receiver), Some(0)) => vec![Found::new((**receiver).clone())],
                        (_, Some(position)) => {
                            let place = arguments.get((position - offset.min(position)) as usize);
                            let given = place
                                .map_or_else(Vec::new, |place| self.at_place(call, place, context));
                            let argument = place.and_then(|place| self.whole_argument(call, place));
                            match argument {
                                Some(argument) => {
                                    given.iter().map(|each| each.handed_over_as(argument)).collect()
                                }
                                None => given,
                            }
                        }
                        _ => Vec::new(),
                    }
                }
            };
            if found.is_empty()
                && let Some(default) = parameter.default
            {
                let outside = CallString::UNKNOWN;
                let default = self.find(beside(function, default), &outside);
                out.extend(default.iter().map(Found::apart));
            }
            out.extend(found);
        }
        // A call that a caller's arguments leave out gives nothing for that caller.
        out.retain(|each| self.leads_to(call, &each.callers.beneath(context)));
        out
    }

    /// Whether the tests around a call, and around the calls that lead to it, let it be reached.
    pub(super) fn leads_to(&self, call: Site, callers: &CallString) -> bool {
        let mut outer = CallString::UNKNOWN;
        for frame in callers.frames() {
            if let Frame::Call(call) = frame
                && !self.may_run(*call, &outer)
            {
                return false;
            }
            outer = outer.entered(frame.clone());
        }
        self.may_run(call, callers)
    }

    pub(super) fn given_directly(
        &self,
        call: Site,
        parameter: &Parameter,
        receiver: Option<&Arc<Source>>,
        bound: &[Allocation],
        context: &CallString,
    ) -> Vec<Found> {
        let mut next: u32 = 0;
        if let Some(receiver) = receiver {
            if parameter.position == Some(0) {
                return vec![Found::new((**receiver).clone())];
            }
            next = 1;
        }
        for partial in bound {
            let arguments = self.arguments(partial.site);
            let mut arguments = arguments.as_slice();
            // The callable itself stands before what is bound.
            arguments = arguments.get(1..).unwrap_or_default();
            let plain = |each: &&Argument| matches!(each.given, Given::Position(_));
            let count = arguments.iter().filter(plain).count() as u32;
            let found = self.matching(
                partial.site,
                arguments,
                parameter,
                next.wrapping_sub(1),
                &partial.context,
            );
            if !found.is_empty() {
                return found.into_iter().map(|each| each.apart()).collect();
            }
            next += count;
        }
        self.matching(call, &self.arguments(call), parameter, next, context)
    }

    /// The arguments among `arguments` that a parameter gets; the first positional one is for the parameter at `first`.
    pub(super) fn matching(
        &self,
        call: Site,
        arguments: &[Argument],
        parameter: &Parameter,
        first: u32,
        context: &CallString,
    ) -> Vec<Found> {
        let at = |node: NodeId| beside(call, node);
        let plain = |argument: &&Argument| match argument.given {
            Given::Position(Some(number)) => parameter.position == Some(number.wrapping_add(first)),
            Given::Keyword(name) => name == parameter.name,
            _ => false,
        };
        if let Some(argument) = arguments.iter().find(plain) {
            let found = self.find(at(argument.node), context);
            return found.iter().map(|each| self.handed_over(each, call, argument.node)).collect();
        }
        let mut out = Vec::new();
        for argument in arguments {
            let part = match argument.given {
                Given::Splat(from) => {
                    let wanted = parameter
                        .position
                        .and_then(|position| position.checked_sub(from.wrapping_add(first)));
                    let Some(wanted) = wanted else { continue };
                    Part::Item(wanted)
                }
                Given::Mapping => Part::Key(parameter.name),
                Given::Position(None) if parameter.position.is_some() => {
                    let found = self.find(at(argument.node), context);
                    out.extend(found.iter().map(|each| each.handed_over_as(at(argument.node))));
                    continue;
                }
                _ => continue,
            };
            for whole in self.find(at(argument.node), context).iter() {
                let taken = self.load(&whole.source, part, at(argument.node));
                let known = taken.into_iter().filter(|each| each.source != Source::Unknown);
                let taken = self.taken(whole, known.collect(), at(argument.node), context);
                out.extend(taken.iter().map(|each| each.handed_over_as(at(argument.node))));
            }
        }
        out
    }

    /// What is given to a call goes on as an argument; what is decorated, by the decorator.
    pub(super) fn handed_over(&self, found: &Found, call: Site, argument: NodeId) -> Found {
        let tree = self.tree(call.file);
        if tree.kind(call.node) != Kind::Decorator {
            return found.handed_over_as(beside(call, argument));
        }
        let name = tree.child(argument, Field::Name);
        let named = name.map_or_else(|| found.clone(), |name| found.named(beside(call, name)));
        named.kept().handed_over_as(self.callee(call).unwrap_or(call))
    }

    /// The arguments of a call; of a decorator: what it decorates.
    pub(super) fn arguments(&self, call: Site) -> Vec<Argument> {
        let facts = self.file(call.file);
        let tree = facts.tree();
        if tree.kind(call.node) != Kind::Decorator {
            return Argument::of(tree, facts.all(), call.node);
        }
        let decorated = tree.parent(call.node);
        let below = decorated.and_then(|up| {
            let behind = tree.children(up).skip_while(|each| *each != call.node).nth(1);
            behind.filter(|each| tree.kind(*each) == Kind::Decorator)
        });
        let definition = decorated.and_then(|up| tree.child(up, Field::Definition));
        let inner = below.or(definition);
        inner.map(|node| Argument { given: Given::Position(Some(0)), node }).into_iter().collect()
    }

    /// What stands at a place that `flows.toml` names, for one call.
    pub(super) fn at_place(&self, call: Site, place: &Place, context: &CallString) -> Vec<Found> {
        let roots = self.at_root(call, &place.root, context);
        let mut out = Vec::new();
        for (found, own, name) in roots {
            let mut level = vec![found];
            for hop in &place.hops {
                level = level
                    .iter()
                    .flat_map(|each| {
                        let taken = self.hopped(call, &each.source, *hop, (own, name), context);
                        self.taken(each, taken, call, context)
                    })
                    .collect();
            }
            out.extend(level);
        }
        out
    }

    /// The argument that a place is, if it is none of its parts.
    pub(super) fn whole_argument(&self, call: Site, place: &Place) -> Option<Site> {
        let Root::Argument { position, .. } = &place.root else { return None };
        let arguments = self.arguments(call);
        let given = arguments.iter().find(|each| each.given == Given::Position(*position));
        given.filter(|_| place.hops.is_empty()).map(|given| beside(call, given.node))
    }

    /// What the root of a place may be, with the number or the name of the argument that it is.
    pub(super) fn at_root(
        &self,
        call: Site,
        root: &Root,
        context: &CallString,
    ) -> Vec<(Found, u32, Option<crate::facts::dataflow::Name>)> {
        let arguments = self.arguments(call);
        let all = |node: NodeId, own: u32, name| {
            let found = self.find(beside(call, node), context);
            found.iter().map(|each| (each.clone(), own, name)).collect::<Vec<_>>()
        };
        match root {
            Root::Argument { position, keyword } => {
                let wanted = |argument: &&Argument| match argument.given {
                    Given::Position(number) => number.is_some() && number == *position,
                    Given::Keyword(name) => keyword.as_deref() == Some(name.as_str()),
                    _ => false,
                };
                let found = arguments.iter().find(wanted);
                if let Some(argument) = found {
                    return all(argument.node, 0, None);
                }
                // `f(*items)`.
                let splat = arguments.iter().find_map(|argument| match argument.given {
                    Given::Splat(from) => {
                        position.and_then(|at| at.checked_sub(from)).map(|at| (argument.node, at))
                    }
                    _ => None,
                });
                let Some((node, item)) = splat else { return Vec::new() };
                let whole = self.find(beside(call, node), context);
                whole
                    .iter()
                    .flat_map(|each| {
                        let taken = self.load(&each.source, Part::Item(item), beside(call, node));
                        self.taken(each, taken, call, context)
                    })
                    .map(|each| (each, 0, None))
                    .collect()
            }
            Root::Several if !are_several(&arguments) => Vec::new(),
            Root::Positional | Root::Several => arguments
                .iter()
                .flat_map(|argument| match argument.given {
                    Given::Position(number) => all(argument.node, number.unwrap_or(0), None),
                    Given::Splat(_) => {
                        let node = beside(call, argument.node);
                        let whole = self.find(node, context);
                        let items = whole
                            .iter()
                            .flat_map(|each| beneath(each, self.elements(&each.source, node)));
                        items.map(|each| (each, 0, None)).collect()
                    }
                    _ => Vec::new(),
                })
                .collect(),
            Root::Keywords => arguments
                .iter()
                .flat_map(|argument| match argument.given {
                    Given::Keyword(name) => all(argument.node, 0, Some(name)),
                    _ => Vec::new(),
                })
                .collect(),
            Root::Receiver => {
                let callee = self.callee(call);
                let object = callee
                    .and_then(|callee| self.tree(call.file).child(callee.node, Field::Object));
                object.map(|node| all(node, 0, None)).unwrap_or_default()
            }
            Root::Call { callee, .. } => self
                .called_by_library(call, callee, context)
                .into_iter()
                .map(|found| (found, 0, None))
                .collect(),
            Root::Result => Vec::new(),
        }
    }

    /// What a call of an argument gives that a library function makes.
    pub(super) fn called_by_library(
        &self,
        call: Site,
        callee: &Place,
        context: &CallString,
    ) -> Vec<Found> {
        let callees = self.at_place(call, callee, context);
        callees
            .iter()
            .flat_map(|each| assuming(each, self.called(&each.source, call, context)))
            .collect()
    }

    /// One part of a value, as `flows.toml` names it.
    pub(super) fn hopped(
        &self,
        call: Site,
        source: &Source,
        hop: Hop,
        (own, name): (u32, Option<crate::facts::dataflow::Name>),
        context: &CallString,
    ) -> Vec<Found> {
        let part = match hop {
            Hop::Element => return self.elements(source, call),
            Hop::All => return vec![Found::new(source.clone())],
            Hop::Item(number) => Part::Item(number),
            Hop::OwnItem => Part::Item(own),
            Hop::At(argument) => self.part_said(call, argument, context),
            Hop::OwnKey => name.map_or(Part::Any, Part::Key),
            Hop::Values => Part::Values,
            Hop::Keys => Part::Keys,
            Hop::Member(name) => Part::Attribute(name.into()),
            Hop::Entered => Part::Entered,
            Hop::Attribute(argument) => match self.part_said(call, argument, context) {
                Part::Key(name) => Part::Attribute(name),
                _ => return vec![Found::unknown()],
            },
            Hop::OwnAttribute => name.map_or(Part::Any, Part::Attribute),
        };
        self.load(source, part, call)
    }

    /// The part that an argument says, if it is one literal.
    pub(super) fn part_said(&self, call: Site, argument: u32, context: &CallString) -> Part {
        let arguments = self.arguments(call);
        let said = arguments.iter().find(|each| each.given == Given::Position(Some(argument)));
        let Some(said) = said else { return Part::Any };
        let found = self.find(beside(call, said.node), context);
        match &*found {
            [Found { source: Source::Literal(literal), callers, .. }] if callers.is_unknown() => {
                self.part_of_literal(*literal)
            }
            _ => Part::Any,
        }
    }

    /// The part under a literal.
    pub(super) fn part_of_literal(&self, literal: Site) -> Part {
        let text = self.text(literal);
        if let Ok(number) = text.parse() {
            return Part::Item(number);
        }
        self.string(literal).map_or(Part::Any, |text| Part::Key(text.into()))
    }

    /// The text of a plain string literal.
    pub(super) fn string(&self, literal: Site) -> Option<&str> {
        let tree = self.tree(literal.file);
        if tree.kind(literal.node) != Kind::String {
            return None;
        }
        let content = tree.child_of_kind(literal.node, Kind::StringContent);
        Some(content.map_or("", |content| self.text(beside(literal, content))))
    }
}

/// Whether a call has more than one positional argument, or may have.
fn are_several(arguments: &[Argument]) -> bool {
    let positions = arguments.iter().filter(|each| matches!(each.given, Given::Position(_)));
    positions.count() > 1 || arguments.iter().any(|each| matches!(each.given, Given::Splat(_)))
}
