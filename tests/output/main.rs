//! Every form of the report, held against its schema, with hostile names and sources in it.

mod diffs;
mod formats;
mod sample;
mod suppression;
mod writing;
