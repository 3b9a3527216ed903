//! What a run reads, noted so that the next one can tell whether it would read the same.

use crate::engine::Files;
use crate::text::ReadError;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// A file that was written within this time before the run may have been written again without a new time stamp.
const RACY: Duration = Duration::from_secs(2);

/// One file as it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum State {
    /// It was not there.
    Missing,
    /// It held something.
    Held {
        /// Its size in bytes.
        len: u64,
        /// When it was written, in nanoseconds since 1970; `None` if that may not tell a later change.
        written: Option<u128>,
        /// The hash of its bytes.
        hash: u128,
    },
}

/// Files that note what is read of them.
pub(super) struct Recorder<'f> {
    files: &'f dyn Files,
    started: SystemTime,
    /// `None` for what could be neither read nor found missing.
    seen: Mutex<BTreeMap<PathBuf, Option<State>>>,
}

impl<'f> Recorder<'f> {
    /// Nothing is read yet.
    pub(super) fn new(files: &'f dyn Files) -> Self {
        Self { files, started: SystemTime::now(), seen: Mutex::default() }
    }

    /// Everything that was read, by path; `None` if it cannot be told whether that would be read again.
    pub(super) fn read(self) -> Option<Vec<(PathBuf, State)>> {
        let seen = self.seen.into_inner().unwrap_or_else(PoisonError::into_inner);
        seen.into_iter().map(|(path, state)| Some((path, state?))).collect()
    }

    /// When a file was written, unless that is so recent that it may be written again at the same time.
    fn written(&self, meta: &fs::Metadata) -> Option<u128> {
        let written = meta.modified().ok()?;
        let is_old = written.checked_add(RACY).is_some_and(|later| later < self.started);
        is_old.then(|| since_1970(written)).flatten()
    }
}

impl Files for Recorder<'_> {
    fn read(&self, path: &Path) -> Result<Vec<u8>, ReadError> {
        // Asked before the file is read: what is written meanwhile is another file.
        let meta = fs::metadata(path);
        let bytes = self.files.read(path);
        let state = match (&bytes, &meta) {
            (Ok(bytes), Ok(meta)) if bytes.len() as u64 == meta.len() => Some(State::Held {
                len: meta.len(),
                written: self.written(meta),
                hash: hash(bytes),
            }),
            (Err(_), Err(error)) if error.kind() == io::ErrorKind::NotFound => Some(State::Missing),
            _ => None,
        };
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever reads a file twice and sees two things has seen neither.
        let known = seen.entry(path.to_path_buf()).or_insert_with(|| state.clone());
        if *known != state {
            *known = None;
        }
        bytes
    }
}

impl State {
    /// Whether the file at `path` would be read as it was.
    pub(super) fn holds(&self, path: &Path, files: &dyn Files) -> bool {
        let meta = fs::metadata(path);
        match (self, meta) {
            (Self::Missing, Err(error)) => error.kind() == io::ErrorKind::NotFound,
            (Self::Held { len, written, hash: known }, Ok(meta)) => {
                meta.len() == *len
                    && (written.is_some() && meta.modified().ok().and_then(since_1970) == *written
                        || files.read(path).is_ok_and(|bytes| hash(&bytes) == *known))
            }
            _ => false,
        }
    }
}

fn since_1970(time: SystemTime) -> Option<u128> {
    time.duration_since(SystemTime::UNIX_EPOCH).ok().map(|since| since.as_nanos())
}

fn hash(bytes: &[u8]) -> u128 {
    xxhash_rust::xxh3::xxh3_128(bytes)
}
