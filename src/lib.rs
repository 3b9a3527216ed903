//! spawnsafe makes Python code safe for the `spawn` and `forkserver` start methods.

pub mod findings;
pub mod syntax;
pub mod text;
