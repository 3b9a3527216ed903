//! One thing that an argument holds and that cannot cross.

use crate::project::dataflow::CallString;
use crate::project::travel::picklability::Obstacle;
use crate::project::{Callable, Site};

/// What cannot cross.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// A lambda, function or class without an importable name.
    Callable(Callable),
    /// Another object.
    Object(Obstacle),
}

/// One thing that an argument holds and that cannot cross.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Content {
    /// What it is.
    pub what: What,
    /// The expression that gives it.
    pub leaf: Site,
    /// The argument that holds it, in the function that wrote it.
    pub handover: Site,
    /// Where the hand-over names it: the part of the argument that leads to it.
    pub place: Site,
    /// Calls on the way from the hand-over to the dispatch, outermost first.
    pub through: Vec<Site>,
    /// Whether an attribute or a container that is filled later keeps it on the way.
    pub kept: bool,
    /// Whether a callable that is sent captures it; else it is an argument.
    pub captured: bool,
    /// The callers of the dispatch's function for which this holds, as far as any were chosen.
    pub callers: CallString,
}

impl Content {
    /// The lambda, function or class, if it is one.
    pub fn callable(&self) -> Option<Site> {
        match &self.what {
            What::Callable(
                Callable::Lambda(site) | Callable::Function(site) | Callable::Class(site),
            ) => Some(*site),
            _ => None,
        }
    }
}
