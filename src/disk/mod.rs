//! Files as they lie on the disk: read without being held up by what is none, replaced without
//! losing what belongs to them. Knows nothing of Python and reports.

pub mod regular;
pub mod replace;
pub mod staging;

pub use regular::{read, read_named};

use std::path::PathBuf;

/// A path from bytes, as Unix and git write it.
#[cfg(unix)]
pub fn path_of(bytes: &[u8]) -> PathBuf {
    PathBuf::from(<std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(bytes))
}

/// A path from bytes, as Unix and git write it.
#[cfg(not(unix))]
pub fn path_of(bytes: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
}
