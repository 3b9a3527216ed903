//! spawnsafe makes Python code safe for the `spawn` and `forkserver` start methods.

pub mod cache;
pub mod catalogue;
pub mod cli;
pub mod disk;
pub mod engine;
pub mod facts;
pub mod findings;
pub mod git;
pub mod map;
pub mod migrate;
pub mod output;
pub mod project;
pub mod review;
pub mod rewrite;
pub mod rules;
pub mod server;
pub mod syntax;
pub mod text;
mod trace;
