//! Parts of objects: items, values, elements, what `with` binds.

use super::engine::Question;
use super::expressions::beneath;
use super::forward::Change;
use super::source::{Allocation, Found, Source, View};
use super::{Solver, beside};
use crate::catalogue::flows::{self, ContainerKind, Hop};
use crate::facts::dataflow::{Given, Part};
use crate::project::Site;
use crate::syntax::{Field, Kind};

impl Solver<'_> {
    /// A part of one thing; `at` is where it is taken.
    pub(super) fn load(&self, source: &Source, part: Part, at: Site) -> Vec<Found> {
        if let Part::Attribute(name) = part {
            return self.member(source, name.as_str(), at);
        }
        if part == Part::Entered {
            return self.entered(source, at);
        }
        match source {
            Source::Container { made, view } => self.contents(made, view, part, at),
            Source::Slice { of, before, after } => {
                let part = match part {
                    Part::Item(number) => Part::Item(number + before),
                    Part::Last(number) => Part::Last(number + after),
                    part => part,
                };
                self.load(of, part, at)
            }
            Source::Attributes(object) => match part {
                Part::Key(name) => self.member(object, name.as_str(), at),
                _ => vec![Found::unknown()],
            },
            Source::Instance { class, .. } => {
                if let Some(found) = self.field_at(source, *class, part, at) {
                    return found;
                }
                let getter = self.member(source, "__getitem__", at);
                let results = getter.iter().filter_map(|each| match &each.source {
                    Source::Method { function: Some(function), .. } => Some(*function),
                    _ => None,
                });
                let found: Vec<Found> =
                    results.flat_map(|function| self.given_back(function, source)).collect();
                if found.is_empty() { vec![Found::unknown()] } else { found }
            }
            // Both ends of a pipe are what the pipe is.
            Source::Made { path, .. } if crate::catalogue::last_part(path) == "Pipe" => {
                vec![Found::new(source.clone())]
            }
            // `Pool[T]`, `list[int]`.
            Source::Class(_) => vec![Found::new(source.clone())],
            Source::Generator { function, made } => self.yielded(*function, made),
            _ => vec![Found::unknown()],
        }
    }

    /// What a function gives back when it is called as a method of an object.
    pub(super) fn given_back(&self, function: Site, object: &Source) -> Vec<Found> {
        use super::source::{CallString, Frame};
        let Some(signature) = self.graph(function.file).signature(function.node) else {
            return Vec::new();
        };
        let context = CallString::UNKNOWN.entered(Frame::This(std::sync::Arc::new(object.clone())));
        let values = if signature.is_generator {
            signature.yields.clone()
        } else {
            signature.returns.iter().map(|value| (*value, false)).collect()
        };
        values
            .into_iter()
            .map(|(value, is_from)| (beside(function, value), is_from))
            .filter(|(value, _)| self.may_run(*value, &context))
            .flat_map(|(value, is_from)| {
                let found = self.find(value, &context).to_vec();
                if !is_from {
                    return found;
                }
                found.iter().flat_map(|each| self.elements(&each.source, value)).collect()
            })
            .map(|each| each.apart())
            .collect()
    }

    /// What `with` binds.
    pub(super) fn entered(&self, source: &Source, at: Site) -> Vec<Found> {
        match source {
            Source::Instance { .. } => {
                let methods = ["__enter__", "__aenter__"].into_iter();
                let found: Vec<Found> = methods
                    .flat_map(|name| self.member(source, name, at))
                    .filter_map(|each| match each.source {
                        Source::Method { function: Some(function), .. } => Some(function),
                        _ => None,
                    })
                    .flat_map(|function| self.given_back(function, source))
                    .collect();
                if found.is_empty() { vec![Found::new(source.clone())] } else { found }
            }
            Source::Generator { function, made } => self.yielded(*function, made),
            Source::Container { made, view } => {
                let entered = self.contents(made, view, Part::Entered, at);
                if entered.is_empty() { vec![Found::new(source.clone())] } else { entered }
            }
            other => vec![Found::new(other.clone())],
        }
    }

    /// What a loop takes.
    pub(super) fn elements(&self, source: &Source, at: Site) -> Vec<Found> {
        match source {
            // A generator may go on with itself, an object may give itself to be looped over.
            Source::Generator { .. } | Source::Instance { .. } => {
                self.answer(Question::Elements(source.clone().into(), at)).to_vec()
            }
            _ => self.elements_of(source, at),
        }
    }

    /// As [`elements`](Self::elements), from within that question.
    pub(super) fn elements_of(&self, source: &Source, at: Site) -> Vec<Found> {
        match source {
            Source::Container { made, view } => {
                let is_dict =
                    view.is_empty() && self.container_kind(source) == Some(ContainerKind::Dict);
                self.contents(made, view, if is_dict { Part::Keys } else { Part::Each }, at)
            }
            Source::Slice { of, before, after } => match self.item_count(of) {
                Some(count) => (*before..count.saturating_sub(*after))
                    .flat_map(|number| self.load(of, Part::Item(number), at))
                    .collect(),
                None => self.elements(of, at),
            },
            Source::Generator { function, made } => self.yielded(*function, made),
            Source::Instance { class, .. } => {
                if let Some(found) = self.field_at(source, *class, Part::Each, at) {
                    return found;
                }
                let getters = self.member(source, "__iter__", at);
                let mut out = Vec::new();
                for each in &getters {
                    let Source::Method { function: Some(function), .. } = &each.source else {
                        continue;
                    };
                    let is_generator = self
                        .graph(function.file)
                        .signature(function.node)
                        .is_some_and(|signature| signature.is_generator);
                    for given in self.given_back(*function, source) {
                        match &given.source {
                            _ if is_generator => out.push(given),
                            same if same == source => out.extend(self.next_of(source, at)),
                            other => out.extend(self.elements(other, at)),
                        }
                    }
                }
                if out.is_empty() { vec![Found::unknown()] } else { out }
            }
            Source::Class(class) => self.members_of_enum(*class),
            // `list(None)` raises.
            Source::Literal(_) if self.is_none(source) => Vec::new(),
            _ => vec![Found::unknown()],
        }
    }

    /// How many items a display has, if it has no others.
    pub(super) fn item_count(&self, source: &Source) -> Option<u32> {
        let Source::Container { made, view } = source else { return None };
        let tree = self.tree(made.site.file);
        let kind = tree.kind(made.site.node);
        if !view.is_empty() || !matches!(kind, Kind::List | Kind::Tuple | Kind::ExpressionList) {
            return None;
        }
        let stores = self.graph(made.site.file).stores_into(made.site.node);
        let is_plain = stores.into_iter().all(|store| matches!(store.part, Some(Part::Item(_))));
        let count = tree.children(made.site.node).count() as u32;
        (is_plain && self.changes(made).is_empty()).then_some(count)
    }

    pub(super) fn next_of(&self, source: &Source, at: Site) -> Vec<Found> {
        let getters = self.member(source, "__next__", at);
        let functions = getters.iter().filter_map(|each| match &each.source {
            Source::Method { function: Some(function), .. } => Some(*function),
            _ => None,
        });
        functions.flat_map(|function| self.given_back(function, source)).collect()
    }

    /// What kind of container something is.
    pub(super) fn container_kind(&self, source: &Source) -> Option<ContainerKind> {
        self.kind_beside(source, &mut Vec::new())
    }

    /// The kind of a container, told by others than those that were `asked` already: `d = d.copy()` in a loop.
    fn kind_beside(&self, source: &Source, asked: &mut Vec<Site>) -> Option<ContainerKind> {
        let Source::Container { made, view } = source else {
            return match source {
                Source::Slice { .. } => Some(ContainerKind::List),
                Source::Attributes(_) => Some(ContainerKind::Dict),
                _ => None,
            };
        };
        if !view.is_empty() {
            return Some(ContainerKind::List);
        }
        let tree = self.tree(made.site.file);
        match tree.kind(made.site.node) {
            Kind::Dictionary | Kind::DictionaryComprehension => Some(ContainerKind::Dict),
            Kind::Set | Kind::SetComprehension => Some(ContainerKind::Set),
            Kind::BinaryOperator => {
                let is_union = tree.child_of_kind(made.site.node, Kind::Pipe).is_some();
                Some(if is_union { ContainerKind::Dict } else { ContainerKind::List })
            }
            Kind::Call => Some(self.kind_called(made, asked)),
            Kind::Identifier => {
                let parameter = self.graph(made.site.file).definition(made.site.node);
                let is_mapping = parameter.is_some_and(|binding| {
                    matches!(
                        binding.kind,
                        crate::facts::scopes::BindingKind::Parameter { star: 2, .. }
                    )
                });
                Some(if is_mapping { ContainerKind::Dict } else { ContainerKind::List })
            }
            _ => Some(ContainerKind::List),
        }
    }

    /// What kind of container a call makes.
    fn kind_called(&self, made: &Allocation, asked: &mut Vec<Site>) -> ContainerKind {
        asked.push(made.site);
        let callee = self.callee(made.site);
        let found = callee.map(|callee| self.find(callee, &made.context));
        let kind =
            found.iter().flat_map(|found| found.iter()).find_map(|each| match &each.source {
                Source::External { path, .. } => flows::container_kind(path),
                Source::Method { object, name, .. } if &**name == "copy" => match &**object {
                    Source::Container { made, .. } if asked.contains(&made.site) => None,
                    object => self.kind_beside(object, asked),
                },
                _ => None,
            });
        kind.unwrap_or(ContainerKind::List)
    }

    /// The part of a container that is found at `at`: what it was made with, and what was put into it later.
    pub(super) fn contents(
        &self,
        made: &Allocation,
        view: &View,
        part: Part,
        at: Site,
    ) -> Vec<Found> {
        let (made, view) = (made.clone(), view.clone());
        self.answer(Question::Part { made, view, part, at }).to_vec()
    }

    pub(super) fn part_of(
        &self,
        made: &Allocation,
        view: &View,
        part: Part,
        at: Site,
    ) -> Vec<Found> {
        let mut changes =
            if view.is_empty() && part != Part::Entered { self.changes(made) } else { Vec::new() };
        changes.retain(|change| !self.comes_later(change.place(), at));
        // What is written last, whatever happens, is what is there.
        let last = changes
            .iter()
            .filter(|change| change.writes(part) && self.surely_before(change.place(), at, made))
            .map(Change::place)
            .max();
        if let Some(last) = last {
            changes.retain(|change| change.place().file != last.file || change.place() >= last);
            let found = changes.iter().flat_map(|each| self.changed(each, part, made.site));
            return found.map(|each| each.kept()).collect();
        }
        let mut out = self.made_with(made, view, part);
        for change in &changes {
            out.extend(self.changed(change, part, made.site).iter().map(Found::kept));
        }
        out
    }

    /// What a container was made with.
    pub(super) fn made_with(&self, made: &Allocation, view: &View, part: Part) -> Vec<Found> {
        let tree = self.tree(made.site.file);
        match tree.kind(made.site.node) {
            Kind::Call | Kind::Decorator => self.contents_of_call(made, view, part),
            Kind::BinaryOperator | Kind::AugmentedAssignment => {
                let mut out = Vec::new();
                for field in [Field::Left, Field::Right] {
                    let Some(operand) = tree.child(made.site.node, field) else { continue };
                    let operand = beside(made.site, operand);
                    for each in self.find(operand, &made.context).iter() {
                        // Where the other operand's items come first, numbers mean others.
                        let is_numbered = matches!(part, Part::Item(_) | Part::Last(_));
                        let part = if is_numbered { Part::Each } else { part };
                        let taken = self.load(&each.source, part, operand);
                        out.extend(self.taken(each, taken, operand, &made.context));
                    }
                }
                out
            }
            Kind::Identifier => self.contents_of_parameter(made, part),
            _ => self.contents_of_display(made, part),
        }
    }

    pub(super) fn contents_of_display(&self, made: &Allocation, part: Part) -> Vec<Found> {
        let graph = self.graph(made.site.file);
        let count = graph
            .stores_into(made.site.node)
            .filter(|store| matches!(store.part, Some(Part::Item(_))))
            .count() as u32;
        let mut out = Vec::new();
        let mut overwritten = false;
        // The last of equal keys counts.
        let stores: Vec<_> = graph.stores_into(made.site.node).collect();
        for store in stores.into_iter().rev() {
            let value = beside(made.site, store.value);
            if let Some(stored) = store.part
                && (!matches(stored, part, Some(count)) || overwritten)
            {
                continue;
            }
            if let (Some(Part::Key(_)), Part::Key(_)) = (store.part, part) {
                overwritten = true;
            }
            for each in self.find(value, &made.context).iter() {
                let is_keyed = matches!(store.part, Some(Part::Key(_) | Part::Values));
                let mut taken = vec![if is_keyed { each.kept() } else { each.clone() }];
                for step in &store.steps {
                    taken = taken
                        .iter()
                        .flat_map(|each| {
                            self.taken(
                                each,
                                self.stepped(&each.source, *step, value),
                                value,
                                &made.context,
                            )
                        })
                        .collect();
                }
                if store.part.is_none() {
                    taken = taken
                        .iter()
                        .flat_map(|each| {
                            self.taken(
                                each,
                                self.load(&each.source, part, value),
                                value,
                                &made.context,
                            )
                        })
                        .filter(|each| each.source != Source::Unknown)
                        .collect();
                }
                out.extend(taken);
            }
        }
        out
    }

    /// What one change brings into a part of a container.
    pub(super) fn changed(&self, change: &Change, part: Part, container: Site) -> Vec<Found> {
        match change {
            Change::Store { part: stored, value, steps, context } => {
                if stored.is_some_and(|stored| !matches(stored, part, None)) {
                    return Vec::new();
                }
                let mut out = Vec::new();
                for each in self.find(*value, context).iter() {
                    let mut taken = vec![each.clone()];
                    for step in steps {
                        taken = taken
                            .iter()
                            .flat_map(|each| {
                                beneath(each, self.stepped(&each.source, *step, *value))
                            })
                            .collect();
                    }
                    if stored.is_none() {
                        taken = taken
                            .iter()
                            .flat_map(|each| beneath(each, self.load(&each.source, part, *value)))
                            .filter(|each| each.source != Source::Unknown)
                            .collect();
                    }
                    out.extend(taken);
                }
                self.seen_there(out, *value, container)
            }
            Change::Call { call, to, from, context } => {
                let Some(hop) = to.hops.first().copied() else { return Vec::new() };
                let found = match hop {
                    Hop::All => self
                        .at_place(*call, from, context)
                        .iter()
                        .flat_map(|each| beneath(each, self.load(&each.source, part, *call)))
                        .filter(|each| each.source != Source::Unknown)
                        .collect(),
                    Hop::At(argument) => {
                        let stored = self.part_said(*call, argument, context);
                        let stored = if stored == Part::Any { Part::Values } else { stored };
                        if !matches(stored, part, None) {
                            return Vec::new();
                        }
                        self.at_place(*call, from, context)
                    }
                    Hop::OwnKey => {
                        let arguments = self.arguments(*call);
                        let given = arguments.iter().filter(|each| match (each.given, part) {
                            (Given::Keyword(name), Part::Key(wanted)) => name == wanted,
                            (Given::Keyword(_), Part::Values | Part::Any) => true,
                            _ => false,
                        });
                        given
                            .flat_map(|each| self.find(beside(*call, each.node), context).to_vec())
                            .collect()
                    }
                    _ if hop_matches(hop, part, u32::MAX) || is_item(part) => {
                        self.at_place(*call, from, context)
                    }
                    _ => Vec::new(),
                };
                self.seen_there(found, *call, container)
            }
        }
    }

    /// What was assumed of another frame's callers says nothing about this frame's.
    pub(super) fn seen_there(&self, found: Vec<Found>, there: Site, here: Site) -> Vec<Found> {
        if there.file == here.file && self.frame_of(there) == self.frame_of(here) {
            return found;
        }
        found.into_iter().map(|each| each.apart()).collect()
    }
}

fn is_item(part: Part) -> bool {
    matches!(part, Part::Item(_) | Part::Last(_) | Part::Each | Part::Any)
}

/// Whether what stands in `stored` may be what is found in `wanted`; `count` is the number of items, where it is known.
fn matches(stored: Part, wanted: Part, count: Option<u32>) -> bool {
    match (stored, wanted) {
        (Part::Keys, _) | (_, Part::Keys) => stored == wanted,
        (Part::Attribute(_), _) | (_, Part::Attribute(_)) => stored == wanted,
        (Part::Entered, _) | (_, Part::Entered) => stored == wanted,
        (_, Part::Each | Part::Any | Part::Values) | (Part::Each | Part::Any | Part::Values, _) => {
            true
        }
        (Part::Item(at), Part::Last(back)) => count.is_none_or(|count| at + back + 1 == count),
        (Part::Last(back), Part::Item(at)) => count.is_none_or(|count| at + back + 1 == count),
        _ => stored == wanted,
    }
}

/// Whether a part of a library function's result, as the data names it, is the one that is taken.
pub(super) fn hop_matches(hop: Hop, part: Part, own: u32) -> bool {
    match hop {
        Hop::Element => is_item(part) || part == Part::Values,
        Hop::Item(number) => match part {
            Part::Item(wanted) => wanted == number,
            Part::Each | Part::Any => true,
            _ => false,
        },
        Hop::OwnItem => own != u32::MAX || matches!(part, Part::Each | Part::Any),
        Hop::Values => matches!(part, Part::Key(_) | Part::Values | Part::Any | Part::Item(_)),
        Hop::OwnKey => matches!(part, Part::Key(_) | Part::Values | Part::Any),
        Hop::Keys => part == Part::Keys,
        Hop::Entered => part == Part::Entered,
        Hop::OwnAttribute => matches!(part, Part::Attribute(_)),
        Hop::At(_) | Hop::All | Hop::Attribute(_) | Hop::Member(_) => true,
    }
}
