//! What library functions make of what they are given, as `catalogue/flows.toml` says it.

use super::contents::hop_matches;
use super::source::{Allocation, Found, Source, View, ViewHop};
use super::{Solver, beside};
use crate::catalogue::flows::{self, Hop, Place, Root};
use crate::facts::dataflow::{Given, Part};

impl Solver<'_> {
    /// What a library function's result holds.
    pub(super) fn contents_of_call(
        &self,
        made: &Allocation,
        view: &View,
        part: Part,
    ) -> Vec<Found> {
        let Some(callee) = self.callee(made.site) else { return Vec::new() };
        let mut out = Vec::new();
        for each in self.find(callee, &made.context).iter() {
            if let Source::Made { made: Some(maker), .. } = &each.source {
                out.extend(self.contents_of_record(made, maker, part));
                continue;
            }
            let found = match &each.source {
                Source::External { path, .. } => flows::function(path),
                Source::Method { object, name, function: None, .. } => {
                    self.container_kind(object).and_then(|kind| flows::method(kind, name))
                }
                _ => None,
            };
            for flow in found.into_iter().flat_map(|flows| &flows.flows) {
                if flow.to.root == Root::Result && !flow.to.hops.is_empty() {
                    out.extend(self.flowed(made, view, part, &flow.from, &flow.to));
                }
            }
        }
        out
    }

    /// A field of an object of `namedtuple("Name", "fields")`.
    pub(super) fn contents_of_record(
        &self,
        made: &Allocation,
        maker: &Allocation,
        part: Part,
    ) -> Vec<Found> {
        let names = self.field_names(maker);
        let arguments = self.arguments(made.site);
        let number = match part {
            Part::Item(number) => Some(number),
            Part::Attribute(name) => {
                names.iter().position(|each| each == name.as_str()).map(|at| at as u32)
            }
            _ => None,
        };
        if let (None, Part::Attribute(_)) = (number, part) {
            return Vec::new();
        }
        let wanted = arguments.iter().filter(|argument| match argument.given {
            Given::Position(at) => number.is_none() || at == number,
            Given::Keyword(name) => number
                .is_none_or(|at| names.get(at as usize).is_some_and(|own| own == name.as_str())),
            _ => false,
        });
        wanted
            .flat_map(|argument| {
                self.find(beside(made.site, argument.node), &made.context).to_vec()
            })
            .collect()
    }

    /// The fields that a call of `namedtuple` names.
    pub(super) fn field_names(&self, maker: &Allocation) -> Vec<String> {
        let arguments = self.arguments(maker.site);
        let Some(fields) = arguments.iter().find(|each| each.given == Given::Position(Some(1)))
        else {
            return Vec::new();
        };
        let node = beside(maker.site, fields.node);
        let split = |text: &str| -> Vec<String> {
            text.split([',', ' ']).filter(|name| !name.is_empty()).map(str::to_owned).collect()
        };
        if let Some(text) = self.string(node) {
            return split(text);
        }
        let items = self.tree(node.file).children(node.node);
        items
            .filter_map(|item| {
                let item = beside(node, item);
                let inner = self.tree(item.file).children(item.node).next();
                self.string(item)
                    .or_else(|| inner.and_then(|inner| self.string(beside(item, inner))))
                    .map(str::to_owned)
            })
            .collect()
    }

    /// What one flow brings into a part of a result.
    pub(super) fn flowed(
        &self,
        made: &Allocation,
        view: &View,
        part: Part,
        from: &Place,
        to: &Place,
    ) -> Vec<Found> {
        let hops = &to.hops;
        if hops.len() <= view.len() && hops.as_slice() != [Hop::All] {
            return Vec::new();
        }
        // `zip`: the number of the argument is that of the item.
        let own = match part {
            Part::Item(number) => number,
            _ => u32::MAX,
        };
        if !view.iter().zip(hops).all(|(taken, hop)| taken.is(*hop, u32::MAX)) {
            return Vec::new();
        }
        let hop = hops.get(view.len()).copied().unwrap_or(Hop::All);
        let is_last = hops.len() == view.len() + 1;
        if hop == Hop::All {
            return self
                .at_place(made.site, from, &made.context)
                .iter()
                .flat_map(|each| {
                    let taken = self.load(&each.source, part, made.site);
                    self.taken(each, taken, made.site, &made.context)
                })
                .filter(|each| each.source != Source::Unknown)
                .collect();
        }
        if !is_last {
            let taken = match part {
                Part::Item(number) => ViewHop::Item(number),
                _ => ViewHop::Each,
            };
            if !hop_matches(hop, part, own) {
                return Vec::new();
            }
            let view: View = view.iter().copied().chain([taken]).collect();
            let inner = Source::Container { made: made.clone(), view };
            return vec![Found::new(inner)];
        }
        if hop == Hop::OwnItem {
            return self.own_argument(made, from, part);
        }
        if let (Hop::OwnKey | Hop::OwnAttribute, Part::Key(name) | Part::Attribute(name)) =
            (hop, part)
        {
            let arguments = self.arguments(made.site);
            let given = arguments.iter().find(|each| each.given == Given::Keyword(name));
            return given.map_or_else(Vec::new, |given| {
                self.find(beside(made.site, given.node), &made.context).to_vec()
            });
        }
        if !hop_matches(hop, part, own) {
            return Vec::new();
        }
        self.at_place(made.site, from, &made.context)
    }

    /// `args.* -> result.*.[#]`: the argument with the number that is taken.
    pub(super) fn own_argument(&self, made: &Allocation, from: &Place, part: Part) -> Vec<Found> {
        let arguments = self.arguments(made.site);
        let wanted = arguments.iter().filter(|each| match (each.given, part) {
            (Given::Position(Some(number)), Part::Item(item)) => number == item,
            (Given::Position(_), _) => true,
            _ => false,
        });
        let mut out = Vec::new();
        for argument in wanted {
            let node = beside(made.site, argument.node);
            for each in self.find(node, &made.context).iter() {
                let mut level = vec![each.clone()];
                for hop in &from.hops {
                    level = level
                        .iter()
                        .flat_map(|each| {
                            let taken = match hop {
                                Hop::Element => self.elements(&each.source, node),
                                _ => vec![each.clone()],
                            };
                            self.taken(each, taken, node, &made.context)
                        })
                        .collect();
                }
                out.extend(level);
            }
        }
        out
    }
}
