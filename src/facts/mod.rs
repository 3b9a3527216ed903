//! What is true inside one file. Pure functions of text and tree; nothing here touches the disk.

pub mod builtins;
pub mod dataflow;
pub mod execution;
pub mod file;
pub mod flow;
pub mod guard;
pub mod names;
pub mod narrowing;
pub mod scopes;
pub mod standard_library;

pub use file::FileFacts;
