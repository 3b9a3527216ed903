//! Scopes and names of one file as CPython's symbol table computes them.
//!
//! [`build`](Scopes::build) walks the tree once in the order in which CPython's compiler walks its own
//! (so that scopes come out in the same order), `analyze` then decides what each name of each scope
//! is, and `resolve` answers who writes and who reads a variable. `dump` prints the result in the shape of
//! the `symtable` module. The one thing the model does differently from `symtable` since Python 3.12:
//! a comprehension stays a scope of its own; only `dump` folds it into its surroundings.

mod analyze;
mod build;
mod definitions;
pub mod dump;
mod expressions;
pub mod model;
pub mod names;
mod raw;
mod resolve;
mod statements;
mod targets;
mod version;

#[cfg(test)]
mod tests;

pub use model::{
    Binding, BindingKind, PathStep, Resolution, Scope, ScopeId, ScopeKind, Symbol, SymbolFlags,
};
pub use names::{mangle, normalize};
pub use resolve::Scopes;
pub use version::PythonVersion;
