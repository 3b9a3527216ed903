//! Many repositories at once: a branch or patch for each, and one report over all.
//!
//! A run reads its [`plan`], gives each repository its own [`clone`](mod@clone), runs the rules through a
//! [`Fixer`], lets the project's own check judge the fixes ([`verify`], [`bisect`]), delivers what
//! stays ([`apply`], [`patch`]) and remembers it in the [`journal`]. Everything that the reports say
//! comes from the journal, so a run that was killed goes on where it was and ends with the same
//! bytes.

mod address;
mod apply;
mod artefacts;
mod bisect;
mod clone;
pub mod fixer;
mod folder;
mod git;
mod html;
pub mod identity;
pub mod interrupt;
pub mod journal;
mod login;
mod markdown;
pub mod message;
pub mod outcome;
mod overview;
mod patch;
pub mod plan;
pub mod progress;
pub mod report;
mod repository;
mod request;
pub mod run;
pub mod settings;
pub mod shard;
pub mod source;
pub mod summary;
mod tally;
mod verify;

pub use fixer::{Fixer, Tree};
