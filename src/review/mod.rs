//! Reviews a change: what it introduced, as comments beside its lines.
//!
//! Nothing here runs code of the change or writes files. The only network traffic is that of
//! [`github::post`] and [`gitlab::post`], to one API, when the caller asks for it.

pub mod base;
pub mod changes;
pub mod comment;
pub mod environment;
pub mod git;
pub mod github;
pub mod gitlab;
pub mod http;
pub mod introduced;
pub mod markdown;
mod names;
pub mod patch;
pub mod place;
pub mod secret;
pub mod suggestion;
pub mod tree;

pub use changes::Changes;
pub use comment::{Limits, Review, Subject, compose};
pub use introduced::{fingerprints, introduced};
