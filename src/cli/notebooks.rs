//! Notebooks: their cells are not read, and that is said of each that speaks of processes.

use crate::disk;
use crate::findings::FileError;
use crate::text::source::MAX_BYTES;
use std::path::Path;

/// What notebooks say that start processes.
const WORDS: &[&str] = &["multiprocess", "ProcessPool", "concurrent.futures"];

/// Whether a path is called like a notebook.
pub(super) fn is_notebook(path: &Path) -> bool {
    path.extension().is_some_and(|suffix| suffix.eq_ignore_ascii_case("ipynb"))
}

/// Whether a notebook speaks of processes; one that cannot be read may.
pub(super) fn speaks_of_processes(path: &Path) -> bool {
    let Ok(bytes) = disk::read(path, MAX_BYTES as u64) else { return true };
    let text = String::from_utf8_lossy(&bytes);
    WORDS.iter().any(|word| text.contains(word))
}

/// The refusal of a notebook.
pub(super) fn refused(shown: &Path) -> FileError {
    FileError {
        path: shown.to_path_buf(),
        place: None,
        message: "is a notebook, whose cells are not read; \
            `jupyter nbconvert --to script` writes them as a file that is, and children cannot import what cells define"
            .to_owned(),
    }
}
