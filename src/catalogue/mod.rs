//! The process APIs, as data.

/// One API that hands a callable to another process, or a look-alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {}
