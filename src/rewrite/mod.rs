//! Reusable changes. Each returns edits or a refusal; none decides what is worth changing.

pub mod argument_value;
pub mod arguments;
mod attribute_captures;
pub mod binding;
pub mod body;
pub mod bound_method;
pub mod call_by_name;
pub mod captures;
mod class_constructor;
mod class_values;
mod decorators;
pub mod defaults;
pub mod describe;
mod evaluated;
pub mod exception_arguments;
mod free_names;
pub mod fresh_name;
pub mod globals;
pub mod guard;
pub mod hoist;
pub mod import_move;
pub mod imports;
pub mod initializer;
pub mod judge;
pub mod lift;
pub mod member;
pub mod method_wrapper;
pub mod named_lambda;
pub mod place;
mod print;
pub mod process_arguments;
pub mod process_state;
pub mod result_value;
pub mod run_state;
mod started_processes;
pub mod task_places;
pub mod task_primitive;
pub mod timing;

pub mod unwrap;
mod worker_start;
pub mod worker_state;
pub mod wraps;

/// How a script's code is put under the entry-point guard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum GuardStyle {
    /// `if __name__ == "__main__":` around the code.
    #[default]
    If,
    /// The code moves into `def main()`, called under the guard, where that changes nothing else.
    Main,
}

/// How captured values travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Bind {
    /// What an engineer would write at that call.
    #[default]
    Auto,
    /// As further arguments of the dispatch wherever it takes any.
    Arguments,
    /// By `functools.partial`.
    Partial,
}
