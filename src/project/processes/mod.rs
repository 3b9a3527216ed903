//! What starts processes or sends to them: dispatches, their conditions, the calls that reach one.

pub(in crate::project) mod applications;
pub mod arguments;
pub(in crate::project) mod conditions;
pub mod delayed;
pub mod dispatch;
pub(in crate::project) mod expected_failures;
pub(in crate::project) mod holders;
pub(in crate::project) mod kept_processes;
pub(in crate::project) mod loaders;
pub(in crate::project) mod order;
pub(in crate::project) mod receivers;
pub(in crate::project) mod schedulers;
mod script_starts;
pub(in crate::project) mod settings;
pub(in crate::project) mod start_method;
pub mod starters;
pub mod starts;
pub mod triggers;
