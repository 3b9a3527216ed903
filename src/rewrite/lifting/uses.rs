//! The dispatches that a callable reaches: each is a use that has to be written anew when the callable moves.

use crate::project::{Dispatch, Site, Slot};
use crate::rewrite::lifting::changed_by_parent::Changed;

/// A dispatch that a callable reaches.
#[derive(Debug, Clone)]
pub struct Use {
    /// The expression that takes the callable.
    pub leaf: Site,
    /// The call.
    pub dispatch: Dispatch,
    /// The slot it reaches.
    pub slot: Slot,
    /// Whether an object or a container keeps it on the way, so that it may be sent at any later time.
    pub kept: bool,
    /// What the callable reads of the module, and the parent changes before this dispatch.
    pub changed: Vec<Changed>,
}

impl Use {
    /// A definition that stands at `leaf` among what travels beside the callable.
    pub fn among_arguments(dispatch: Dispatch, leaf: Site, kept: bool) -> Self {
        let slot = Slot { name: "args".to_owned(), expression: leaf, part: None };
        Self { leaf, dispatch, slot, kept, changed: Vec::new() }
    }
}
