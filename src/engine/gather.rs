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
    Awaited, Carried, Crossing, Eval, FileId, Project, Sent, Site, Trigger, names::entry_points,
    names::modules::Modules,
};
use crate::syntax::NodeId;
use crate::text::{ReadError, SourceFile};
use rayon::prelude::*;
use rustc_hash::FxHashSet;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How often the project may grow: chains of helpers are short, and cycles must end.
const MAX_ROUNDS: usize = 12;

/// So many files share what one evaluator remembers: what costs most is asked of many files, and is looked for once by each evaluator.
pub(super) const FILES_PER_EVAL: usize = 128;

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
    let mut modules = Arc::new(Modules::new(paths.iter().cloned()));
    let mut read = read_first(
        paths,
        files,
        &|path, bytes| catalogue.search().is_match(bytes) || options.named.contains(path),
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
        let known_errors = errors.len();
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
                    errors.push(error);
                    broken.extend(source);
                }
            }
        }
        if errors.len() > known_errors {
            let failed: FxHashSet<&Path> =
                errors.iter().map(|error| error.path.as_path()).collect();
            let is_whole = |path: &&PathBuf| !failed.contains(path.as_path());
            modules = Arc::new(Modules::new(paths.iter().filter(is_whole).cloned()));
        }
        parsed.sort_by(|left, right| left.source.path.cmp(&right.source.path));
        let project = Project::new(catalogue.clone(), std::mem::take(&mut parsed), modules.clone());
        let here = Here { project: &project, modules: &modules, files, paths, known: &known };
        if round == 0 {
            let test = Asking::new(&catalogue);
            let asks =
                |facts: &FileFacts| options.named.contains(&facts.source.path) || test.asks(facts);
            asking = project
                .files()
                .filter(|(_, facts)| asks(facts))
                .map(|(_, facts)| facts.source.path.clone())
                .collect();
        } else if round < MAX_ROUNDS {
            // What is new, and those that it answers, tell most of what is wanted next; whether that was all, only all files tell.
            let concerned = |path: &Path| growth.concerns(path, &fresh);
            let wanted: Vec<FileId> = here.files_that(&concerned);
            let awaited = growth.awaited(&here, &wanted);
            let some = look(&project, &asking, &wanted, &awaited);
            read = growth.next(&here, &some);
        }
        if read.is_empty() {
            let all = here.files_that(&|_| true);
            let grows = round < MAX_ROUNDS;
            let awaited = if grows { growth.awaited(&here, &all) } else { BTreeMap::new() };
            let seen = look(&project, &asking, &all, &awaited);
            if grows {
                read = growth.next(&here, &seen);
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

/// What one round has before it.
#[derive(Clone, Copy)]
struct Here<'r> {
    project: &'r Project,
    modules: &'r Modules,
    files: &'r dyn Files,
    /// All files that may be read.
    paths: &'r [PathBuf],
    /// Those that are parsed or cannot be.
    known: &'r BTreeSet<PathBuf>,
}

impl<'r> Here<'r> {
    /// The parsed files that `matter`.
    fn files_that(self, matter: &dyn Fn(&Path) -> bool) -> Vec<FileId> {
        let files = self.project.files().filter(|(_, facts)| matter(&facts.source.path));
        files.map(|row| row.0).collect()
    }

    /// The files that are not parsed.
    fn unread(self) -> Vec<&'r PathBuf> {
        self.paths.iter().filter(|path| !self.known.contains(*path)).collect()
    }
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
    /// What was, or may have to be.
    mentions: Mentions,
    /// The files whose triggers were searched for last.
    triggering: BTreeSet<PathBuf>,
}

impl Growth {
    /// The files that `seen` brings, of those that are not parsed.
    fn next(&mut self, here: &Here, seen: &[Seen]) -> BTreeMap<PathBuf, Read> {
        let Here { project, files, known, .. } = *here;
        let mut unread: BTreeMap<&Path, Vec<&Option<String>>> = BTreeMap::new();
        for one in seen {
            let asker = &project.file(one.file).source.path;
            for wanted in one.wanted.iter().filter(|(path, _)| !known.contains(path)) {
                self.askers.entry(wanted.0.clone()).or_default().insert(asker.clone());
                if self.asked.insert(wanted.clone()) {
                    unread.entry(&wanted.0).or_default().push(&wanted.1);
                }
            }
        }
        let may_hold = |path: &Path, bytes: &[u8], name: &Option<String>| {
            name.as_ref().is_none_or(|name| may_define(here.modules, files, path, bytes, name))
        };
        let answers = unread.par_iter().map(|(path, names)| {
            let matters = |bytes: &[u8]| names.iter().any(|name| may_hold(path, bytes, name));
            (path.to_path_buf(), read_one(path, files, &matters))
        });
        let mut read: BTreeMap<PathBuf, Read> =
            answers.filter(|(_, one)| !matches!(one, Read::Silent)).collect();
        let fresh = self.fresh_triggers(seen, project);
        self.mentions.look_for(&fresh, here.modules, files, &here.unread());
        let named = fresh.iter().flat_map(|trigger| self.mentions.of(trigger));
        let named: BTreeSet<&PathBuf> =
            named.filter(|path| !known.contains(*path) && !read.contains_key(*path)).collect();
        let named: Vec<(PathBuf, Read)> = named
            .into_par_iter()
            .map(|path| (path.clone(), read_one(path, files, &|_| true)))
            .collect();
        read.extend(named.into_iter().filter(|(_, one)| matches!(one, Read::Facts(_))));
        read
    }

    /// What of the files `wanted` would bring others if it started processes: to find that out takes long.
    fn awaited(&mut self, here: &Here, wanted: &[FileId]) -> BTreeMap<FileId, Awaited> {
        /// To find out what one function starts takes as long as to look for names in so many files.
        const FILES_PER_FUNCTION: usize = 4;
        let project = here.project;
        let candidates = wanted.par_iter().flat_map_iter(|file| {
            let import = (None, project.trigger(*file, None));
            let functions = project.may_be_triggers(*file).into_iter();
            let functions = functions.map(|(function, trigger)| (Some(function.node), trigger));
            functions.chain([import]).map(|(function, trigger)| (*file, function, trigger))
        });
        let candidates: Vec<(FileId, Option<NodeId>, Trigger)> =
            candidates.filter(|row| !self.searched.contains(&row.2)).collect();
        let unread = here.unread();
        let mut awaited: BTreeMap<FileId, Awaited> = BTreeMap::new();
        let mut add = |file: FileId, function: Option<NodeId>| {
            let awaited = awaited.entry(file).or_default();
            match function {
                Some(node) => awaited.functions.push(Site { file, node }),
                None => awaited.is_imported = true,
            }
        };
        if candidates.len() * FILES_PER_FUNCTION < unread.len() {
            candidates.into_iter().for_each(|(file, function, _)| add(file, function));
            return awaited;
        }
        let renamed = project.renamed(candidates.iter().map(|row| &row.2));
        let all = candidates.iter().map(|row| &row.2).chain(renamed.keys());
        self.mentions.look_for(all, here.modules, here.files, &unread);
        let is_mentioned = |trigger: &Trigger| {
            self.mentions.of(trigger).iter().any(|path| !here.known.contains(path))
        };
        let renamed = renamed.iter().filter(|(trigger, _)| is_mentioned(trigger));
        let by_other_names: FxHashSet<&String> = renamed.flat_map(|(_, names)| names).collect();
        for (file, function, trigger) in &candidates {
            let by_other_name = || trigger.name.iter().any(|name| by_other_names.contains(name));
            if is_mentioned(trigger) || by_other_name() {
                add(*file, *function);
            }
        }
        awaited
    }

    /// The triggers of `seen`, and those that follow from them, that were never searched for.
    fn fresh_triggers(&mut self, seen: &[Seen], project: &Project) -> Vec<Trigger> {
        self.triggering.clear();
        let mut all = self.searched.clone();
        for one in seen {
            if one.triggers.iter().any(|trigger| !self.searched.contains(trigger)) {
                self.triggering.insert(project.file(one.file).source.path.clone());
            }
            all.extend(one.triggers.iter().cloned());
        }
        let renamed = project.renamed(&all);
        all.extend(renamed.into_keys());
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
fn may_define(modules: &Modules, files: &dyn Files, path: &Path, bytes: &[u8], name: &str) -> bool {
    let mut seen = BTreeSet::from([path.to_path_buf()]);
    let mut waiting = Vec::new();
    let starred = |path: &Path, bytes: &[u8]| -> Vec<PathBuf> {
        let folder = path.parent().unwrap_or(Path::new(""));
        imports::star_imports(bytes)
            .iter()
            .filter_map(|module| modules.meant(folder, module))
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

/// Looks at `wanted` files of the project.
fn look(
    project: &Project,
    asking: &BTreeSet<PathBuf>,
    wanted: &[FileId],
    awaited: &BTreeMap<FileId, Awaited>,
) -> Vec<Seen> {
    let path = |id: &FileId| project.file(*id).source.path.as_path();
    // An answer that one file got is not asked for again by the next, so files that ask have evaluators of their own.
    let (those_that_ask, others): (Vec<_>, Vec<_>) =
        wanted.iter().partition(|id| asking.contains(path(id)));
    let shares: Vec<(&[FileId], bool)> = those_that_ask
        .chunks(FILES_PER_EVAL)
        .map(|share| (share, true))
        .chain(others.chunks(FILES_PER_EVAL).map(|share| (share, false)))
        .collect();
    shares
        .par_iter()
        .flat_map_iter(|(share, asks)| look_at(project, share, *asks, awaited))
        .collect()
}

/// Looks at a few files with one evaluator, one after the other.
fn look_at(
    project: &Project,
    files: &[FileId],
    asks: bool,
    awaited: &BTreeMap<FileId, Awaited>,
) -> Vec<Seen> {
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
        let nothing = Awaited::default();
        let triggers = eval.triggers(*file, awaited.get(file).unwrap_or(&nothing));
        eval.take_wanted();
        Seen { file: *file, sent, carried, runs, crossings, wanted, triggers }
    };
    files.iter().map(one).collect()
}
