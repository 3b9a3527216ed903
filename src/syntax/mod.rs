//! Python text to a flat tree. tree-sitter lives here and nowhere else, and so does the strict parser beside it.

pub mod kinds;
pub mod parse;
pub mod query;
pub mod strict;
#[cfg(test)]
mod tests;
pub mod tree;

pub use kinds::{Field, Kind};
pub use parse::{Broken, parse};
pub use query::{Match, QueryFile};
pub use tree::{NodeId, Tree};
