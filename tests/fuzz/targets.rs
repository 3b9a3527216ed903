//! What is done with the bytes, and what must hold of it.

use spawnsafe::engine::{self, Options};
use spawnsafe::findings::{Finding, Report};
use spawnsafe::review::{changes::Changes, patch};
use spawnsafe::syntax;
use spawnsafe::text::{Edit, EditSet, ReadError, SourceFile, Span};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, Once};

/// The engine survives a panic of its own and reports it; here it shall not pass unseen.
static PANICS: Mutex<Vec<String>> = Mutex::new(Vec::new());
static WATCH: Once = Once::new();

pub(crate) fn watch_panics() {
    WATCH.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let ours = info.location().is_some_and(|place| place.file().starts_with("src/"));
            if ours && let Ok(mut panics) = PANICS.lock() {
                panics.push(info.to_string());
            }
            before(info);
        }));
    });
}

/// An error if anything panicked since the last call.
pub(crate) fn no_panic() -> Result<(), String> {
    let panics = std::mem::take(&mut *PANICS.lock().expect("nobody panics while holding the list"));
    if panics.is_empty() { Ok(()) } else { Err(panics.join("\n")) }
}

struct OneFile<'d>(&'d [u8]);

impl engine::Files for OneFile<'_> {
    fn read(&self, path: &Path) -> Result<Vec<u8>, ReadError> {
        let there = path == Path::new("main.py");
        there.then(|| self.0.to_vec()).ok_or_else(|| ReadError::Io("no such file".into()))
    }
}

fn options() -> Options {
    Options { unsafe_fixes: true, threads: 1, ..Options::default() }
}

fn run(data: &[u8], what: fn(&[PathBuf], &dyn engine::Files, &Options) -> Report) -> Report {
    what(&[PathBuf::from("main.py")], &OneFile(data), &options())
}

/// An error if the engine says that it is at fault.
fn internal(report: &Report) -> Result<(), String> {
    match report.errors.iter().find(|error| error.message.contains("please report it")) {
        Some(error) => Err(error.message.clone()),
        None => Ok(()),
    }
}

pub(crate) fn bytes_to_report(data: &[u8]) -> Result<(), String> {
    let report = run(data, engine::check);
    internal(&report)?;
    let Ok(source) = SourceFile::decode(Path::new("main.py"), data.to_vec()) else { return Ok(()) };
    let whole = source.text.len();
    let outside = |finding: &&Finding| {
        let span = finding.location.span;
        span.start > span.end || source.text.get(span.start as usize..span.end as usize).is_none()
    };
    match report.findings.iter().find(outside) {
        Some(finding) => Err(format!("a finding outside of {whole} bytes: {finding:?}")),
        None => Ok(()),
    }
}

pub(crate) fn fix_round_trip(data: &[u8]) -> Result<(), String> {
    let report = run(data, engine::fix);
    internal(&report)?;
    for change in &report.changes {
        if !syntax::parse(&change.after).broken.is_empty() {
            return Err(format!("does not parse:\n{}", change.after));
        }
        let source = SourceFile::decode(Path::new("main.py"), data.to_vec());
        let bytes = source.ok().and_then(|source| source.encode(&change.after));
        let Some(bytes) = bytes else {
            return Err(format!("cannot be encoded:\n{}", change.after));
        };
        let again = run(&bytes, engine::fix);
        if !again.changes.is_empty() {
            return Err(format!("a second run changes it again:\n{}", change.after));
        }
    }
    Ok(())
}

/// The bytes say the text and the edits: a place, a length and a text for each line of the first half.
pub(crate) fn edits(data: &[u8]) -> Result<(), String> {
    let text = String::from_utf8_lossy(data).into_owned();
    let boundary = |wanted: usize| {
        (wanted..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len())
    };
    let mut set = EditSet::default();
    let mut taken: Vec<(usize, usize, String)> = Vec::new();
    for (number, line) in text.lines().take(12).enumerate() {
        let seed =
            line.bytes().fold(number, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
        let start = boundary(seed % (text.len() + 1));
        let end = boundary((start + seed % 7).min(text.len()));
        let edit = Edit::replace(Span::new(start as u32, end as u32), line);
        if set.accepts(&edit) != set.add(edit).is_ok() {
            return Err("accepts and add do not agree".into());
        }
    }
    for edit in set.iter() {
        taken.push((edit.span.start as usize, edit.span.end as usize, edit.text.clone()));
    }
    if taken.windows(2).any(|pair| pair[0].1 > pair[1].0) {
        return Err(format!("edits meet: {taken:?}"));
    }
    let mut by_hand = text.clone();
    for (start, end, new) in taken.iter().rev() {
        by_hand.replace_range(start..end, new);
    }
    if set.apply(&text) == by_hand { Ok(()) } else { Err(format!("applied otherwise: {taken:?}")) }
}

pub(crate) fn encodings(data: &[u8]) -> Result<(), String> {
    let Ok(source) = SourceFile::decode(Path::new("main.py"), data.to_vec()) else { return Ok(()) };
    match source.encode(&source.text) {
        Some(bytes) if bytes == data => Ok(()),
        Some(bytes) => Err(format!("comes back as {}", bytes.escape_ascii())),
        None => Err("cannot be encoded again".into()),
    }
}

pub(crate) fn diff_parser(data: &[u8]) -> Result<(), String> {
    let Ok(files) = patch::parse(data) else { return Ok(()) };
    let rows: usize = files.iter().flat_map(|file| &file.hunks).map(|hunk| hunk.rows.len()).sum();
    if rows > data.len() {
        return Err(format!("{rows} rows of {} bytes", data.len()));
    }
    let changes = Changes::new(files);
    for (path, file) in changes.files() {
        let _ = (changes.file(path), file.mismatch("a\nb\n"));
        let _ = [0, 1, u32::MAX].map(|line| file.old_line(line));
    }
    Ok(())
}

pub(crate) fn journal(data: &[u8]) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    std::fs::write(folder.path().join("journal.jsonl"), data).map_err(|error| error.to_string())?;
    // What is wrong with it is an error or a line to be told; both are fine.
    let _ = spawnsafe::migrate::journal::read(folder.path());
    Ok(())
}
