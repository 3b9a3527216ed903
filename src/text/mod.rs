//! Bytes, lines and edits. This layer knows no Python.

pub mod edit;
pub mod indent;
pub mod line_index;
pub mod source;
pub mod span;
#[cfg(test)]
mod tests;

pub use edit::{Edit, EditSet, Overlap};
pub use line_index::{LineIndex, Place};
pub use source::{ReadError, SourceFile};
pub use span::Span;
