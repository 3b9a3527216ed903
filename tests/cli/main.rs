//! The command from end to end, in folders made for each test.

mod adoption;
mod bad_input;
mod cache;
mod commands;
mod configuration;
mod habits;
mod tree;
mod walking;
