//! The user's git on repositories of strangers: a repository's own configuration, hooks and
//! attributes never reach it, so that nothing it configures is run.

pub mod child;
mod environment;
pub mod place;
pub mod sealed;
mod settings;
mod stalling;

pub use environment::prepared;
pub use place::Place;
pub use sealed::Sealed;
