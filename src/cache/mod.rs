//! Reports of earlier runs. A report is a function of what was asked and of what was read; whoever asks the same again, and
//! would read the same, gets it without a look.
//!
//! One file for each question, in a folder that git and backups leave alone. A run that cannot write there works without;
//! what cannot be read, or is damaged, is as if it was not there.

mod recorder;
mod stored;

use crate::engine::Files;
use crate::findings::Report;
use recorder::Recorder;
use sha2::{Digest, Sha256};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use stored::Stored;

/// The folder's name, where nobody chose another one.
pub const FOLDER: &str = ".spawnsafe_cache";
/// What each entry is called behind its key.
const SUFFIX: &str = "report";
/// Older ones go when there are more.
const MOST_ENTRIES: usize = 64;
/// Older ones go when they are larger together.
const MOST_BYTES: u64 = 64 << 20;
/// An entry that is larger would push all others out.
const LARGEST: u64 = MOST_BYTES / 4;
/// Tells tools that make backups what the folder is (<https://bford.info/cachedir/>).
const TAG: &str = "Signature: 8a477f597d28d172789f06886806bc55\n\
    # Reports of earlier runs of spawnsafe; the folder may be removed at any time.\n";
const DIGEST: usize = 32;

/// The reports that are kept in one folder.
#[derive(Debug, Clone)]
pub struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// The one in `folder`, which need not be there.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The report of an earlier run that was `asked` the same and would read the same, and `true`; else the one that `work`
    /// makes, which is kept if any file had to be parsed for it. `asked` must hold everything but the contents of files that
    /// the report depends on; `files` are those on the disk.
    pub fn report(
        &self,
        asked: &str,
        files: &dyn Files,
        work: impl FnOnce(&dyn Files) -> Report,
    ) -> (Report, bool) {
        let Some(entry) = this_program().map(|program| self.entry(&program, asked)) else {
            return (work(files), false);
        };
        if let Some(report) = read(&entry).and_then(|stored| stored.report(files)) {
            // Those that are of use stay longest; where that cannot be noted, they do not.
            let _ = fs::File::open(&entry).and_then(|file| file.set_modified(SystemTime::now()));
            return (report, true);
        }
        let recorder = Recorder::new(files);
        let report = work(&recorder);
        if report.summary.parsed > 0
            && let Some(read) = recorder.read()
        {
            // A report that cannot be kept is made again.
            let _ = self.keep(&entry, &Stored::new(&report, read));
        }
        (report, false)
    }

    fn entry(&self, program: &str, asked: &str) -> PathBuf {
        let mut hash = Sha256::new();
        for part in [program, asked] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        let key: String =
            hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        self.folder.join(key).with_extension(SUFFIX)
    }

    fn keep(&self, entry: &Path, stored: &Stored) -> io::Result<()> {
        let bytes = postcard::to_stdvec(stored).map_err(io::Error::other)?;
        if bytes.len() as u64 > LARGEST {
            return Ok(());
        }
        self.make_folder()?;
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        file.write_all(&Sha256::digest(&bytes))?;
        file.write_all(&bytes)?;
        file.persist(entry)?;
        self.shrink()
    }

    /// Makes the folder, or takes one that is empty or was made so: whoever names another one (a link in a repository, its
    /// configuration) gets nothing written there.
    fn make_folder(&self) -> io::Result<()> {
        let tag = self.folder.join("CACHEDIR.TAG");
        if !crate::disk::read(&tag, LARGEST).is_ok_and(|text| text == TAG.as_bytes()) {
            fs::create_dir_all(&self.folder)?;
            if fs::read_dir(&self.folder)?.next().is_some() {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            fs::write(tag, TAG)?;
        }
        match fs::File::create_new(self.folder.join(".gitignore")) {
            Ok(mut hiding) => hiding.write_all(b"*\n"),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Removes those that were not of use for longest, until few and small ones are left.
    fn shrink(&self) -> io::Result<()> {
        let mut entries = Vec::new();
        for each in fs::read_dir(&self.folder)? {
            let path = each?.path();
            if path.extension().is_some_and(|suffix| suffix == SUFFIX) {
                let meta = fs::metadata(&path)?;
                entries.push((meta.modified()?, meta.len(), path));
            }
        }
        entries.sort_by(|one, other| other.cmp(one));
        let mut bytes = 0;
        for (number, (_, len, path)) in entries.into_iter().enumerate() {
            bytes += len;
            if number >= MOST_ENTRIES || bytes > MOST_BYTES {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }
}

/// What an entry holds, if it is whole.
fn read(entry: &Path) -> Option<Stored> {
    let bytes = crate::disk::read(entry, LARGEST + DIGEST as u64).ok()?;
    let (digest, rest) = bytes.split_at_checked(DIGEST)?;
    (Sha256::digest(rest).as_slice() == digest).then(|| postcard::from_bytes(rest).ok())?
}

/// What this program is: reports of another version, or of another build of this one, say nothing.
fn this_program() -> Option<String> {
    let meta = fs::metadata(std::env::current_exe().ok()?).ok()?;
    let modified = meta.modified().ok()?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    Some(format!("{} {} {}", env!("CARGO_PKG_VERSION"), meta.len(), modified.as_nanos()))
}
