//! What is put into a container after it was made: from where it is made forwards to what changes it, and back again to be
//! sure that it is the one.

use super::source::{Allocation, CallString, Source};
use super::{Solver, beside};
use crate::catalogue::flows::{self, Place, Root};
use crate::facts::dataflow::{Given, Part, Steps};
use crate::project::Site;
use crate::syntax::{Field, Kind};

/// Places that a container is followed to.
const FARTHEST: usize = 120;

/// One change of a container.
#[derive(Debug, Clone)]
pub(super) enum Change {
    /// An assignment to an item, or `+=`.
    Store {
        /// The part that is written; `None` for all of the value's parts.
        part: Option<Part>,
        /// What is written.
        value: Site,
        /// What happens to it first.
        steps: Steps,
        /// The frame's callers, where they are the container's own.
        context: CallString,
    },
    /// A call that puts something in.
    Call {
        /// The call.
        call: Site,
        /// The place behind the arrow.
        to: &'static Place,
        /// What is put there.
        from: &'static Place,
        /// The frame's callers, where they are the container's own.
        context: CallString,
    },
}

/// An expression whose value, or whose elements, a statement puts into a container.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Addition {
    /// The expression.
    pub value: Site,
    /// Whether its elements are put there, not itself.
    pub is_spread: bool,
    /// The callers of its frame, where they are known.
    pub callers: CallString,
}

impl Change {
    /// Where it happens.
    pub(super) fn place(&self) -> Site {
        match self {
            Self::Store { value, .. } => *value,
            Self::Call { call, .. } => *call,
        }
    }

    /// Whether it overwrites that part, and no other.
    pub(super) fn writes(&self, wanted: Part) -> bool {
        let is_one = matches!(wanted, Part::Key(_) | Part::Item(_) | Part::Attribute(_));
        is_one && matches!(self, Self::Store { part: Some(part), .. } if *part == wanted)
    }
}

impl Solver<'_> {
    /// The expressions that a change puts into a container.
    pub(super) fn addition(&self, change: &Change) -> Vec<Addition> {
        match change {
            Change::Store { part: Some(Part::Keys), .. } => Vec::new(),
            Change::Store { part, value, steps, context } => vec![Addition {
                value: *value,
                is_spread: part.is_none() || !steps.is_empty(),
                callers: context.clone(),
            }],
            Change::Call { call, from, context, .. } => {
                let arguments = self.arguments(*call);
                let wanted =
                    arguments.iter().filter(|argument| match (&from.root, argument.given) {
                        (Root::Argument { position, .. }, Given::Position(number)) => {
                            number.is_some() && number == *position
                        }
                        (Root::Argument { keyword, .. }, Given::Keyword(name)) => {
                            keyword.as_deref() == Some(name.as_str())
                        }
                        (Root::Keywords, Given::Keyword(_)) => true,
                        _ => false,
                    });
                let is_spread = !from.hops.is_empty()
                    || from.root == Root::Argument { position: Some(0), keyword: None }
                        && Self::puts_all(change);
                wanted
                    .map(|argument| Addition {
                        value: beside(*call, argument.node),
                        is_spread,
                        callers: context.clone(),
                    })
                    .collect()
            }
        }
    }

    pub(super) fn puts_all(change: &Change) -> bool {
        matches!(change, Change::Call { to, .. } if to.hops.contains(&flows::Hop::All))
    }

    /// Whether one place of a frame is reached only after another one.
    pub(super) fn comes_later(&self, change: Site, place: Site) -> bool {
        if change.file != place.file || self.frame_of(change) != self.frame_of(place) {
            return false;
        }
        let tree = self.tree(change.file);
        let is_loop = |up: &crate::syntax::NodeId| {
            matches!(tree.kind(*up), Kind::ForStatement | Kind::WhileStatement)
        };
        let again =
            tree.ancestors(change.node).filter(is_loop).any(|up| tree.contains(up, place.node));
        !again
            && self.file(place.file).statement(change.node)
                > self.file(place.file).statement(place.node)
            && change.node > place.node
    }

    /// Whether a change has happened whenever a place of its frame is reached, after the container was made.
    pub(super) fn surely_before(&self, change: Site, place: Site, made: &Allocation) -> bool {
        if change.file != place.file || self.frame_of(change) != self.frame_of(place) {
            return false;
        }
        let same_frame =
            change.file == made.site.file && self.frame_of(change) == self.frame_of(made.site);
        let tree = self.tree(change.file);
        let suite = tree.enclosing(change.node, &[Kind::Block, Kind::Module]);
        let is_loop = |up: &crate::syntax::NodeId| {
            matches!(tree.kind(*up), Kind::ForStatement | Kind::WhileStatement)
        };
        let around = suite.is_some_and(|suite| tree.contains(suite, place.node));
        let looped =
            suite.into_iter().flat_map(|suite| tree.ancestors(suite)).any(|up| is_loop(&up));
        same_frame && around && !looped && change.node < place.node
    }

    /// What changes the container that was made there.
    pub(super) fn changes(&self, made: &Allocation) -> Vec<Change> {
        let mut out = Vec::new();
        let places = self.reached_from(made.site, FARTHEST);
        for place in places.into_iter().filter(|place| *place != made.site) {
            let candidates = self.changes_at(place, made);
            if !candidates.is_empty() && self.is_from(place, made) {
                out.extend(candidates);
            }
        }
        out
    }

    /// Whether an expression may be the container that was made there.
    pub(super) fn is_from(&self, place: Site, made: &Allocation) -> bool {
        let context = self.context_at(place, made);
        self.find(place, &context).iter().any(|each| match &each.source {
            Source::Container { made: other, view } => view.is_empty() && other.site == made.site,
            _ => false,
        })
    }

    /// The callers of a place that lies in the frame in which the container was made.
    pub(super) fn context_at(&self, place: Site, made: &Allocation) -> CallString {
        let same = place.file == made.site.file && self.frame_of(place) == self.frame_of(made.site);
        if same { made.context.clone() } else { CallString::UNKNOWN }
    }

    pub(super) fn changes_at(&self, place: Site, made: &Allocation) -> Vec<Change> {
        let graph = self.graph(place.file);
        let context = || self.context_at(place, made);
        let stores = graph.stores_into(place.node).map(|store| Change::Store {
            part: store.part,
            value: beside(place, store.value),
            steps: store.steps.clone(),
            context: context(),
        });
        let mut out: Vec<Change> = stores.collect();
        let tree = self.tree(place.file);
        let Some(up) = tree.parent(place.node) else { return out };
        if tree.kind(up) == Kind::Attribute && tree.field(place.node) == Field::Object {
            let name =
                tree.child(up, Field::Attribute).map_or("", |name| self.text(beside(place, name)));
            let call = tree.parent(up).filter(|call| {
                tree.kind(*call) == Kind::Call && tree.child(*call, Field::Function) == Some(up)
            });
            let Some(call) = call.filter(|_| flows::puts(name)) else { return out };
            let source = Source::Container { made: made.clone(), view: [].into() };
            let found = self.container_kind(&source).and_then(|kind| flows::method(kind, name));
            for flow in found.into_iter().flat_map(|flows| &flows.flows) {
                if flow.to.root == Root::Receiver {
                    let (to, from) = (&flow.to, &flow.from);
                    out.push(Change::Call {
                        call: beside(place, call),
                        to,
                        from,
                        context: context(),
                    });
                }
            }
        } else if let Some(call) = self.call_of_argument(place) {
            out.extend(self.changes_by_argument(place, call, &context()));
        }
        out
    }

    /// `heapq.heappush(items, x)`: a function puts something into what it is given.
    pub(super) fn changes_by_argument(
        &self,
        place: Site,
        call: Site,
        context: &CallString,
    ) -> Vec<Change> {
        let Some(callee) = self.callee(call) else { return Vec::new() };
        let tree = self.tree(call.file);
        let named = tree.child(callee.node, Field::Attribute).unwrap_or(callee.node);
        if !flows::puts(self.text(beside(callee, named))) {
            return Vec::new();
        }
        let position = self.arguments(call).iter().position(|each| each.node == place.node);
        let mut out = Vec::new();
        for each in self.find(callee, &CallString::UNKNOWN).iter() {
            let Source::External { path, .. } = &each.source else { continue };
            for flow in flows::function(path).into_iter().flat_map(|flows| &flows.flows) {
                let Root::Argument { position: Some(into), .. } = &flow.to.root else { continue };
                if position == Some(*into as usize) {
                    let (to, from) = (&flow.to, &flow.from);
                    out.push(Change::Call { call, to, from, context: context.clone() });
                }
            }
        }
        out
    }
}
