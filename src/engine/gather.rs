//! Round one: which files matter, and their facts.
//!
//! Every file is read and scanned for the words that matter; only files that hold one are parsed. Then the
//! project grows by what those need: modules they import definitions from, and files that name a function which
//! hands its argument on to a process.

use super::asking::Asking;
use super::mentions::Mentions;
use super::{Files, Options, imports};
use crate::catalogue::Catalogue;
use crate::facts::FileFacts;
use crate::findings::FileError;
use crate::project::{
    Carried, Crossing, Eval, FileId, Project, Sent, Trigger, names::entry_points,
};
use crate::text::{ReadError, SourceFile};
use aho_corasick::{AhoCorasick, MatchKind};
use rayon::prelude::*;
use rustc_hash::FxHashSet;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How often the project may grow: chains of helpers are short, and cycles must end.
const MAX_ROUNDS: usize = 12;

/// So many files share what one evaluator remembers.
pub(super) const FILES_PER_EVAL: usize = 32;

/// What round one found.
#[derive(Debug)]
pub struct Gathered {
    /// The parsed files that could be read whole.
    pub project: Project,
    /// What is sent to processes.
    pub sent: Vec<Sent>,
    /// What travels beside it and cannot cross.
    pub carried: Vec<Carried>,
    /// The `run` methods of processes that are made.
    pub runs: Vec<Sent>,
    /// The classes whose objects cross.
    pub crossings: Vec<Crossing>,
    /// Files that could not be done.
    pub errors: Vec<FileError>,
    /// The texts of files with errors, for the frames of reports.
    pub broken: Vec<Arc<SourceFile>>,
}

/// What is known of files that have not changed since.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// The facts of those that were parsed.
    pub facts: Vec<Arc<FileFacts>>,
    /// Those that hold no word that matters.
    pub silent: Arc<FxHashSet<PathBuf>>,
}

impl Known {
    /// What facts tell.
    pub fn of(facts: Vec<Arc<FileFacts>>) -> Self {
        Self { facts, silent: Arc::default() }
    }
}

/// One file after reading.
enum Read {
    /// Holds no word that matters.
    Silent,
    /// Parsed whole.
    Facts(Arc<FileFacts>),
    /// Could not be done.
    Error(FileError, Option<Arc<SourceFile>>),
}

/// Reads and parses what matters of `paths`.
pub fn gather(paths: &[PathBuf], files: &dyn Files, options: &Options, known: Known) -> Gathered {
    let catalogue = Catalogue::new(&options.executors);
    let words = matcher(catalogue.words());
    let mut all: BTreeSet<PathBuf> = paths.iter().cloned().collect();
    let mut read = read_first(
        paths,
        files,
        &|path, bytes| words.is_match(bytes) || options.named.contains(path),
        known,
    );
    let mut errors = Vec::new();
    let mut broken = Vec::new();
    let mut parsed: Vec<Arc<FileFacts>> = Vec::new();
    let mut known: BTreeSet<PathBuf> = BTreeSet::new();
    let mut growth = Growth::default();
    // Files whose code does not speak of processes matter for what others ask of them, not for what they ask.
    let mut asking: BTreeSet<PathBuf> = BTreeSet::new();
    let mut round = 0;
    loop {
        let mut fresh = BTreeSet::new();
        for (path, one) in std::mem::take(&mut read) {
            match one {
                Read::Silent => {}
                Read::Facts(facts) => {
                    fresh.insert(path.clone());
                    known.insert(path);
                    parsed.push(facts);
                }
                Read::Error(error, source) => {
                    known.insert(path.clone());
                    all.remove(&path);
                    errors.push(error);
                    broken.extend(source);
                }
            }
        }
        parsed.sort_by(|left, right| left.source.path.cmp(&right.source.path));
        let project =
            Project::new(catalogue.clone(), std::mem::take(&mut parsed), all.iter().cloned());
        if round == 0 {
            let test = Asking::new(&catalogue, words.clone());
            let asks =
                |facts: &FileFacts| options.named.contains(&facts.source.path) || test.asks(facts);
            asking = project
                .files()
                .filter(|(_, facts)| asks(facts))
                .map(|(_, facts)| facts.source.path.clone())
                .collect();
        } else if round < MAX_ROUNDS {
            // What is new, and those that it answers, tell most of what is wanted next; whether that was all, only all files tell.
            let some = look(&project, &asking, &|path| growth.concerns(path, &fresh));
            read = growth.next(&some, files, &project, paths, &known);
        }
        if read.is_empty() {
            let seen = look(&project, &asking, &|_| true);
            if round < MAX_ROUNDS {
                read = growth.next(&seen, files, &project, paths, &known);
            }
            if read.is_empty() {
                errors.sort();
                return gathered(project, seen, files, errors, broken);
            }
        }
        parsed = project.into_files();
        round += 1;
    }
}

/// All that was found, in the order of the files.
fn gathered(
    mut project: Project,
    seen: Vec<Seen>,
    files: &dyn Files,
    errors: Vec<FileError>,
    broken: Vec<Arc<SourceFile>>,
) -> Gathered {
    project.entry_points = entry_points(&project, files);
    let mut all = Gathered {
        project,
        sent: Vec::new(),
        carried: Vec::new(),
        runs: Vec::new(),
        crossings: Vec::new(),
        errors,
        broken,
    };
    for one in seen {
        all.sent.extend(one.sent);
        all.carried.extend(one.carried);
        all.runs.extend(one.runs);
        all.crossings.extend(one.crossings);
    }
    all
}

/// Reads those of `paths` that are not known and parses what matters.
fn read_first(
    paths: &[PathBuf],
    files: &dyn Files,
    matters: &(dyn Fn(&Path, &[u8]) -> bool + Sync),
    known: Known,
) -> BTreeMap<PathBuf, Read> {
    let facts = known.facts.into_iter();
    let mut read: BTreeMap<PathBuf, Read> =
        facts.map(|facts| (facts.source.path.clone(), Read::Facts(facts))).collect();
    let others = paths.par_iter();
    let others = others.filter(|path| !read.contains_key(*path) && !known.silent.contains(*path));
    let fresh: Vec<_> = others
        .map(|path| (path.clone(), read_one(path, files, &|bytes| matters(path, bytes))))
        .collect();
    read.extend(fresh);
    read
}

/// What has been asked for so far, round by round.
#[derive(Default)]
struct Growth {
    /// Modules and the names that were looked for in them.
    asked: BTreeSet<(PathBuf, Option<String>)>,
    /// The files that asked for a module.
    askers: BTreeMap<PathBuf, BTreeSet<PathBuf>>,
    /// What was looked for in all files.
    searched: BTreeSet<Trigger>,
    /// The files whose triggers were searched for last.
    triggering: BTreeSet<PathBuf>,
}

impl Growth {
    /// The files that `seen` brings, of those that are not `known`.
    fn next(
        &mut self,
        seen: &[Seen],
        files: &dyn Files,
        project: &Project,
        paths: &[PathBuf],
        known: &BTreeSet<PathBuf>,
    ) -> BTreeMap<PathBuf, Read> {
        let mut unread: BTreeMap<&Path, Vec<&Option<String>>> = BTreeMap::new();
        for one in seen {
            for wanted in one.wanted.iter().filter(|(path, _)| !known.contains(path)) {
                self.askers
                    .entry(wanted.0.clone())
                    .or_default()
                    .insert(project.file(one.file).source.path.clone());
                if self.asked.insert(wanted.clone()) {
                    unread.entry(&wanted.0).or_default().push(&wanted.1);
                }
            }
        }
        let may_hold = |path: &Path, bytes: &[u8], name: &Option<String>| {
            name.as_ref().is_none_or(|name| may_define(project, files, path, bytes, name))
        };
        let answers = unread.par_iter().map(|(path, names)| {
            (
                path.to_path_buf(),
                read_one(path, files, &|bytes| {
                    names.iter().any(|name| may_hold(path, bytes, name))
                }),
            )
        });
        let mut read: BTreeMap<PathBuf, Read> =
            answers.filter(|(_, one)| !matches!(one, Read::Silent)).collect();
        let fresh = self.fresh_triggers(seen, project);
        if !fresh.is_empty() {
            let silent: Vec<&PathBuf> = paths
                .iter()
                .filter(|path| !known.contains(*path) && !read.contains_key(*path))
                .collect();
            let mentions = Mentions::new(fresh, files);
            let named: Vec<_> = silent
                .par_iter()
                .map(|path| {
                    (
                        (*path).clone(),
                        read_one(path, files, &|bytes| mentions.one(project, path, bytes)),
                    )
                })
                .collect();
            read.extend(named.into_iter().filter(|(_, one)| matches!(one, Read::Facts(_))));
        }
        read
    }

    /// The triggers of `seen`, and those that follow from them, that were never searched for.
    fn fresh_triggers(&mut self, seen: &[Seen], project: &Project) -> Vec<Trigger> {
        self.triggering.clear();
        let mut all = BTreeSet::new();
        for one in seen {
            if one.triggers.iter().any(|trigger| !self.searched.contains(trigger)) {
                self.triggering.insert(project.file(one.file).source.path.clone());
            }
            all.extend(one.triggers.iter().cloned());
        }
        let renamed = project.renamed(&all);
        all.extend(renamed);
        all.into_iter().filter(|trigger| self.searched.insert(trigger.clone())).collect()
    }

    /// Whether `path` may tell something new now that `fresh` are parsed: it is one of them, or they are what it asked for.
    fn concerns(&self, path: &Path, fresh: &BTreeSet<PathBuf>) -> bool {
        fresh.contains(path)
            || self.triggering.contains(path)
            || fresh
                .iter()
                .any(|new| self.askers.get(new).is_some_and(|askers| askers.contains(path)))
    }
}

/// Whether the module at `path`, with these bytes, may have a member `name`, of its own or by star imports from modules that
/// may have it: packages with hundreds of them are common.
fn may_define(project: &Project, files: &dyn Files, path: &Path, bytes: &[u8], name: &str) -> bool {
    let mut seen = BTreeSet::from([path.to_path_buf()]);
    let mut waiting = Vec::new();
    let starred = |path: &Path, bytes: &[u8]| -> Vec<PathBuf> {
        let folder = path.parent().unwrap_or(Path::new(""));
        imports::star_imports(bytes)
            .iter()
            .filter_map(|module| project.module_from(folder, module))
            .collect()
    };
    if imports::may_define(bytes, name) {
        return true;
    }
    waiting.extend(starred(path, bytes));
    while let Some(next) = waiting.pop() {
        if !seen.insert(next.clone()) {
            continue;
        }
        let Ok(bytes) = files.read(&next) else { continue };
        if imports::may_define(&bytes, name) {
            return true;
        }
        waiting.extend(starred(&next, &bytes));
    }
    false
}

/// The modules that console scripts call, from the metadata files in the folders above the parsed files.
fn entry_points(project: &Project, files: &dyn Files) -> BTreeSet<String> {
    let folders: BTreeSet<&Path> =
        project.files().flat_map(|(_, facts)| facts.source.path.ancestors().skip(1)).collect();
    let metadata = folders.into_iter().flat_map(|folder| {
        ["pyproject.toml", "setup.cfg", "setup.py"].map(|name| folder.join(name))
    });
    metadata
        .filter_map(|path| files.read(&path).ok())
        .flat_map(|bytes| entry_points::modules(&String::from_utf8_lossy(&bytes)))
        .collect()
}

/// A search for any of `words`.
pub(super) fn matcher(words: impl IntoIterator<Item = String>) -> AhoCorasick {
    // LeftmostFirst uses vector instructions; the standard kind never does.
    AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostFirst)
        .build(words)
        .expect("a list of words is a valid pattern set")
}

fn read_one(path: &Path, files: &dyn Files, matters: &dyn Fn(&[u8]) -> bool) -> Read {
    let bytes = match files.read(path) {
        Ok(bytes) => bytes,
        Err(error) => {
            return Read::Error(
                FileError { path: path.to_path_buf(), place: None, message: error.to_string() },
                None,
            );
        }
    };
    if !matters(&bytes) {
        return Read::Silent;
    }
    let source = match SourceFile::decode(path, bytes) {
        Ok(source) => Arc::new(source),
        Err(error) => {
            return Read::Error(
                FileError {
                    path: path.to_path_buf(),
                    place: place_of(&error),
                    message: error.to_string(),
                },
                None,
            );
        }
    };
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| parse(&source))) {
        Ok(Ok(facts)) => Read::Facts(Arc::new(facts)),
        Ok(Err(error)) => Read::Error(error, Some(source)),
        Err(_) => Read::Error(
            FileError {
                path: path.to_path_buf(),
                place: None,
                message:
                    "made spawnsafe panic; please report it with the file (the file was left alone)"
                        .into(),
            },
            Some(source),
        ),
    }
}

fn parse(source: &Arc<SourceFile>) -> Result<FileFacts, FileError> {
    let parsed = crate::syntax::parse(&source.text);
    if let Some(first) = parsed.broken.first() {
        let place = source.lines().place(&source.text, first.span.start);
        return Err(FileError {
            path: source.path.clone(),
            place: Some(place),
            message: format!("{}; the file was left alone", first.message),
        });
    }
    Ok(FileFacts::of(source.clone(), parsed))
}

fn place_of(error: &ReadError) -> Option<crate::text::Place> {
    matches!(error, ReadError::UnknownEncoding(_))
        .then_some(crate::text::Place { line: 1, column: 1 })
}

/// What one look finds in one file.
struct Seen {
    file: FileId,
    sent: Vec<Sent>,
    carried: Vec<Carried>,
    runs: Vec<Sent>,
    crossings: Vec<Crossing>,
    /// Files that would need to be parsed, and the names that they are asked for.
    wanted: BTreeSet<(PathBuf, Option<String>)>,
    /// Names that hand callables on or start processes.
    triggers: BTreeSet<Trigger>,
}

/// Looks at those files of the project that `matters` says.
fn look(
    project: &Project,
    asking: &BTreeSet<PathBuf>,
    matters: &dyn Fn(&Path) -> bool,
) -> Vec<Seen> {
    let path = |id: &FileId| project.file(*id).source.path.as_path();
    let wanted = project.files().map(|(id, _)| id).filter(|id| matters(path(id)));
    // An answer that one file got is not asked for again by the next, so files that ask have evaluators of their own.
    let (those_that_ask, others): (Vec<_>, Vec<_>) =
        wanted.partition(|id| asking.contains(path(id)));
    let shares: Vec<(&[FileId], bool)> = those_that_ask
        .chunks(FILES_PER_EVAL)
        .map(|share| (share, true))
        .chain(others.chunks(FILES_PER_EVAL).map(|share| (share, false)))
        .collect();
    shares.par_iter().flat_map_iter(|(share, asks)| look_at(project, share, *asks)).collect()
}

/// Looks at a few files with one evaluator, one after the other.
fn look_at(project: &Project, files: &[FileId], asks: bool) -> Vec<Seen> {
    let eval = Eval::new(project);
    let one = |file: &FileId| {
        eval.ask_for_receivers(*file, !asks);
        let receivers = eval.take_wanted();
        let sent = eval.sent(*file);
        let carried = eval.carried(*file);
        let runs = eval.runs(*file);
        let crossings = eval.crossings(*file);
        // What triggers need of other files, triggers of those files bring.
        let mut wanted = eval.take_wanted();
        if asks {
            wanted.extend(eval.late_imports(*file).into_iter().map(|path| (path, None)));
        } else {
            wanted.clear();
        }
        wanted.extend(receivers);
        let triggers = eval.triggers(*file);
        eval.take_wanted();
        Seen { file: *file, sent, carried, runs, crossings, wanted, triggers }
    };
    files.iter().map(one).collect()
}
