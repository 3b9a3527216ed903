//! Dumps of small graphs.
