//! `spawnsafe map`: what is on it, what is said of it, and its page in a browser.

#[path = "../browser/mod.rs"]
mod chromium;
mod page;
mod places;
mod project;
