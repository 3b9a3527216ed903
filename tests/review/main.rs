//! The review of a change: diffs, what was introduced, comments, and both platforms.

#[cfg(unix)]
mod action;
mod change;
// Names that only Unix allows are among the hostile ones.
#[cfg(unix)]
mod command;
mod comments;
mod diffs;
mod fake_github;
mod fake_gitlab;
mod github;
mod gitlab;
mod loopback;
mod markdown;
#[cfg(unix)]
mod repository;
mod rules;
mod suggestions;
