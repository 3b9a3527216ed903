//! How the engine gets bytes: from the disk, or from standard input for one named file.

use crate::disk;
use crate::engine::Files;
use crate::text::ReadError;
use crate::text::source::MAX_BYTES;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The files of one run.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    /// The name and the bytes of what came by standard input.
    pub(crate) stdin: Option<(PathBuf, Vec<u8>)>,
}

impl Files for Disk {
    fn read(&self, path: &Path) -> Result<Vec<u8>, ReadError> {
        if let Some((name, bytes)) = &self.stdin
            && name == path
        {
            return Ok(bytes.clone());
        }
        disk::read(path, MAX_BYTES as u64).map_err(|error| match std::fs::metadata(path) {
            Ok(meta) if error.kind() == ErrorKind::FileTooLarge => {
                ReadError::TooLarge(usize::try_from(meta.len()).unwrap_or(usize::MAX))
            }
            _ => ReadError::Io(plain(&error)),
        })
    }
}

/// The operating system's words without the error number, lower case.
pub(crate) fn plain(error: &std::io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    let mut chars = text.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}
