//! State that workers need: handed over by an initializer, an argument or the process object.

pub mod class_attributes;
pub mod globals;
pub mod initializer;
pub mod kept_alive;
pub mod process_arguments;
pub mod process_state;
pub mod run_state;
pub mod same_setup;
pub mod task_places;
pub mod task_primitive;
pub(in crate::rewrite) mod worker_start;
pub mod worker_state;
