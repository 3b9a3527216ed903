//! `spawnsafe migrate` on real git repositories: made here, cloned from the disk and from a server on
//! the loopback interface.

mod browser;
#[path = "../browser/mod.rs"]
mod chromium;
mod command;
mod dask;
mod delivery;
mod examples;
mod killed;
mod marker;
mod obstacles;
mod reports;
mod shards;
mod verification;
mod world;
