//! The review of a change: diffs, what was introduced, comments, and both platforms.

#[cfg(unix)]
mod action;
mod change;
mod comments;
mod diffs;
mod fake_github;
mod fake_gitlab;
mod github;
mod gitlab;
mod loopback;
mod markdown;
mod repository;
mod rules;
mod suggestions;
