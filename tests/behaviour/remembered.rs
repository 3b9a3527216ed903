//! What programs did in earlier runs: the target folder keeps it, so that only what changed is run again.
//!
//! An outcome is kept with the hash of all that it depends on: the program, the stand-ins for packages, the
//! interpreter, the start method and the harness itself. It is judged anew each time, so an expectation that changed
//! still fails; what was judged wrong is not kept. `CI=true`, `SPAWNSAFE_FRESH=1` and blessing run everything.

use crate::case;
use crate::program::{Outcome, Program};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// The sources that decide how a program is run and what is seen of it.
const HARNESS: &[&str] = &[include_str!("program.rs"), include_str!("waiting.rs")];

/// One line of the file.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Entry {
    /// Which run it is; a later line of the same name replaces it.
    name: String,
    key: String,
    outcome: Outcome,
}

/// The outcomes of earlier runs, and a place for new ones.
#[derive(Debug)]
pub(crate) struct Remembered {
    entries: BTreeMap<String, Entry>,
    file: Mutex<fs::File>,
    is_fresh: bool,
    base: Sha256,
}

impl Remembered {
    /// What the file in `folder` holds. It is written anew, without what later lines replaced.
    pub(crate) fn open(folder: &Path, is_fresh: bool) -> Self {
        let path = folder.join("outcomes.jsonl");
        let text = fs::read_to_string(&path).unwrap_or_default();
        // A line that a killed run left half written is none.
        let entries: BTreeMap<String, Entry> = text
            .lines()
            .filter_map(|line| serde_json::from_str::<Entry>(line).ok())
            .map(|entry| (entry.name.clone(), entry))
            .collect();
        let lines: String = entries.values().map(line).collect();
        fs::write(&path, lines).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let file = fs::OpenOptions::new().append(true).open(&path);
        let file = file.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self { entries, file: Mutex::new(file), is_fresh, base: base() }
    }

    /// What `program` did under `name`, if all that it depends on is what it was.
    pub(crate) fn recall(&self, name: &str, program: &Program) -> Option<Outcome> {
        let entry = self.entries.get(name).filter(|_| !self.is_fresh)?;
        (entry.key == self.key(program)).then(|| entry.outcome.clone())
    }

    /// How long the program took the last time, changed or not.
    pub(crate) fn seconds(&self, name: &str) -> Option<f64> {
        self.entries.get(name).map(|entry| entry.outcome.seconds)
    }

    /// Keeps what a program did that was judged right.
    pub(crate) fn keep(&self, name: &str, program: &Program, outcome: &Outcome) {
        let (key, outcome) = (self.key(program), outcome.clone());
        let line = line(&Entry { name: name.to_owned(), key, outcome });
        let mut file = self.file.lock().expect("nobody panics while writing");
        file.write_all(line.as_bytes()).expect("the target folder can be written");
    }

    fn key(&self, program: &Program) -> String {
        let mut hash = self.base.clone();
        add_tree(&mut hash, &program.source);
        let settings = (
            (&program.python, &program.version),
            (&program.arguments, program.limit),
            program.expect.as_ref().map(regex::Regex::as_str),
        );
        add(&mut hash, format!("{settings:?}").as_bytes());
        for (name, value) in &program.environment {
            add(&mut hash, format!("{name}={value}").as_bytes());
        }
        hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

fn line(entry: &Entry) -> String {
    serde_json::to_string(entry).expect("outcomes are plain data") + "\n"
}

/// The part of the hash that all programs share.
fn base() -> Sha256 {
    let mut hash = Sha256::new();
    for source in HARNESS {
        add(&mut hash, source.as_bytes());
    }
    add_tree(&mut hash, &case::root().join("stubs"));
    add_tree(&mut hash, &site());
    hash
}

/// The folder of what every interpreter of a program loads.
pub(crate) fn site() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/behaviour/site")
}

fn add_tree(hash: &mut Sha256, path: &Path) {
    if path.is_file() {
        let bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        return add(hash, &bytes);
    }
    for (name, bytes) in case::read_tree(path) {
        add(hash, name.to_string_lossy().as_bytes());
        add(hash, &bytes);
    }
}

/// Adds `bytes` so that no other parts give the same hash.
fn add(hash: &mut Sha256, bytes: &[u8]) {
    hash.update((bytes.len() as u64).to_le_bytes());
    hash.update(bytes);
}
