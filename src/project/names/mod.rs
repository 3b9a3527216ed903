//! Names across files: modules, imports, what a file is when it runs.

pub mod entry_points;
pub(in crate::project) mod index;
pub mod module_names;
pub mod modules;
pub(in crate::project) mod renamed;
pub mod script;
