//! What a run of the user's program shows: the hook that records it, and its events.

pub(crate) mod events;
pub(crate) mod evidence;
pub(crate) mod hook;
pub(crate) mod join;
pub(crate) mod summary;
