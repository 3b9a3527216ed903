//! What crosses a process boundary, where it is written, and whether it can.

pub(in crate::project) mod captured;
pub(in crate::project) mod carried_definitions;
pub(in crate::project) mod content;
pub mod contents;
pub mod crossing;
pub mod exceptions;
pub mod lazy_loading;
pub mod origins;
pub mod picklability;
mod reducers;
pub mod sent;
pub mod state;
