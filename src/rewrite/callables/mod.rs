//! Callables that have a picklable equal without moving: unwrapped, named, wrapped.

pub mod bound_method;
pub mod call_by_name;
pub mod method_wrapper;
pub mod named_lambda;
mod recipe;
mod reopened;
pub mod unwrap;
pub mod wraps;
