//! The run's memory: one JSON object a line, appended and synced, never changed.
//!
//! A line counts when it is complete; a torn last line is what a kill leaves, and is cut off when the
//! journal is opened again. A repository is done when its `end` line is there: everything that the
//! line speaks of was written and synced before it.

use super::artefacts;
use super::outcome::Outcome;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The journal's name in an output folder.
pub const FILE: &str = "journal.jsonl";

const LOCK_ATTEMPTS: u32 = 20;
const LOCK_PAUSE: Duration = Duration::from_millis(50);

/// One line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "event")]
pub enum Event {
    /// A run begins, or goes on.
    Open {
        /// The version of spawnsafe.
        tool: String,
        /// The hash of the settings.
        configuration: String,
    },
    /// A repository is begun.
    Begin {
        /// Which.
        id: String,
    },
    /// A user's work tree is about to be written. If the run ends before the repository's `end`, the
    /// next one recognises its own half-done work by this line.
    Write {
        /// Which repository.
        id: String,
        /// The commit that the files were read from.
        base: String,
        /// The files, relative to the repository.
        paths: Vec<String>,
    },
    /// A repository is done.
    End {
        /// What became of it.
        outcome: Box<Outcome>,
        /// How long it took, in seconds.
        seconds: f64,
    },
}

/// What a journal says, after all of its lines.
#[derive(Debug, Default)]
pub struct Record {
    /// The settings' hash and the tool's version of the first run.
    pub opened: Option<(String, String)>,
    /// The repositories that are done, by id: outcome and seconds.
    pub done: BTreeMap<String, (Outcome, f64)>,
    /// Work trees that were being written when the run ended: the base commit and the files, by id.
    pub writing: BTreeMap<String, (String, Vec<String>)>,
    /// Complete lines that could not be read, 1-based.
    pub bad_lines: Vec<usize>,
}

impl Record {
    fn take(&mut self, event: Event) {
        match event {
            Event::Open { tool, configuration } => {
                self.opened.get_or_insert((configuration, tool));
            }
            Event::Begin { .. } => {}
            Event::Write { id, base, paths } => {
                self.writing.insert(id, (base, paths));
            }
            Event::End { outcome, seconds } => {
                self.writing.remove(&outcome.id);
                self.done.insert(outcome.id.clone(), (*outcome, seconds));
            }
        }
    }
}

/// Reads a journal; a missing one is an empty one. Also says where its last complete line ends.
fn parse(bytes: &[u8]) -> io::Result<(Record, usize)> {
    let mut record = Record::default();
    let end = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    for (number, line) in bytes[..end].split(|byte| *byte == b'\n').enumerate() {
        if line.is_empty() {
            continue;
        }
        match serde_json::from_slice(line) {
            Ok(Event::End { outcome, .. }) if !outcome.stays_inside() => {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("line {} names files outside of its folder", number + 1),
                ));
            }
            Ok(event) => record.take(event),
            // The repository that the line spoke of is done again.
            Err(_) => record.bad_lines.push(number + 1),
        }
    }
    Ok((record, end))
}

/// Reads the journal of an output folder without changing it.
pub fn read(folder: &Path) -> io::Result<Record> {
    match artefacts::read(folder, FILE) {
        Ok(bytes) => Ok(parse(&bytes)?.0),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Record::default()),
        Err(error) => Err(error),
    }
}

/// Whether another run keeps the lock, asked a few times: a program that is being started holds what its parent has open
/// until it runs, so the lock of a run that has just ended may live a moment longer.
fn is_locked_by_another(file: &File) -> bool {
    for _ in 0..LOCK_ATTEMPTS {
        match file.try_lock() {
            Err(std::fs::TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
            // Some network file systems have no locks; the user is then alone responsible.
            Ok(()) | Err(std::fs::TryLockError::Error(_)) => return false,
        }
    }
    true
}

/// What a run remembers is for its user alone.
#[cfg(unix)]
fn private(options: &mut OpenOptions) {
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
}

#[cfg(not(unix))]
fn private(_options: &mut OpenOptions) {}

/// An open journal. One process at a time has it.
#[derive(Debug)]
pub struct Journal {
    file: Mutex<File>,
}

impl Journal {
    /// Opens the journal of an output folder, which must exist, and says what it holds.
    pub fn open(folder: &Path) -> Result<(Self, Record), String> {
        let path = folder.join(FILE);
        let failed = |error: io::Error| format!("{}: {error}", path.display());
        if path.symlink_metadata().is_ok_and(|there| !there.is_file()) {
            return Err(format!("{}: not a regular file", path.display()));
        }
        let mut options = OpenOptions::new();
        private(options.read(true).append(true).create(true));
        let mut file = options.open(&path).map_err(failed)?;
        if is_locked_by_another(&file) {
            return Err(format!(
                "{} is in use by another run; give each run its own --out, or one shard each",
                folder.display()
            ));
        }
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(0)).and_then(|_| file.read_to_end(&mut bytes)).map_err(failed)?;
        let (record, end) = parse(&bytes).map_err(failed)?;
        if end < bytes.len() {
            file.set_len(end as u64).and_then(|()| file.sync_all()).map_err(failed)?;
        }
        Ok((Self { file: Mutex::new(file) }, record))
    }

    /// Appends one line and waits until it is on the disk.
    pub fn append(&self, event: &Event) -> io::Result<()> {
        let mut line = serde_json::to_vec(event)?;
        line.push(b'\n');
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(&line)?;
        file.sync_data()
    }
}
