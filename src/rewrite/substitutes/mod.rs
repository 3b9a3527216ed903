//! Values that have a picklable equal.

pub mod argument_value;
pub mod exception_arguments;
pub mod result_value;
