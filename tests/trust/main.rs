//! What the command does with repositories, folders and files of strangers.

#![cfg(unix)]

mod configured;
mod escapes;
mod foreign;
mod ground;
mod secrets;
mod special;
mod web;
mod written;
