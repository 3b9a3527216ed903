//! What code does when it runs, and which code workers run.

pub mod changes;
pub mod effect_tables;
pub mod effects;
pub mod lifetimes;
pub mod setup;
pub(in crate::project) mod state;
pub(in crate::project) mod uses;
pub mod worker_names;
pub mod workers;
