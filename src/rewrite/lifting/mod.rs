//! Lambda lifting: a local function, lambda or class moves to module level, its captures become parameters.

pub mod arguments;
pub(in crate::rewrite) mod attribute_captures;
pub mod binding;
pub mod body;
pub(in crate::rewrite) mod call_state;
pub mod captures;
pub mod changed_by_parent;
pub(in crate::rewrite) mod class_constructor;
pub(in crate::rewrite) mod class_values;
pub(in crate::rewrite) mod decorators;
pub mod defaults;
pub(in crate::rewrite) mod defaults_by_hand;
pub(in crate::rewrite) mod evaluated;
pub(in crate::rewrite) mod forwarding;
pub(in crate::rewrite) mod free_names;
pub mod hoist;
pub mod judge;
pub mod lift;
pub mod member;
pub(in crate::rewrite) mod print;
pub(in crate::rewrite) mod read_kinds;
pub(in crate::rewrite) mod registered;
pub(in crate::rewrite) mod shown;
pub(in crate::rewrite) mod started_processes;
pub mod timing;
pub mod uses;
