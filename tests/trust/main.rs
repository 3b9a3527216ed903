//! What the command does with repositories, folders and files of strangers.

#![cfg(unix)]

mod configured;
mod foreign;
mod ground;
mod secrets;
mod web;
