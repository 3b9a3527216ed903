//! Round two: the rules over every file of the project.

use super::gather::{FILES_PER_EVAL, Gathered, Known, gather};
use super::{Files, Options, evidence, suppress};
use crate::findings::{FileError, Finding, Summary, UnusedIgnore};
use crate::map::{self, Sendings, Surveyed};
use crate::project::{Eval, FileId, Project};
use crate::rules::{self, Rule, RuleContext, SentIndex};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Paths of names, containers and calls are followed by recursion of bounded depth; the bound fits this stack.
const STACK_BYTES: usize = 64 << 20;

/// Runs `work` on a pool of `threads` threads (0: one per core) with stacks that fit the analysis.
pub(super) fn with_threads<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).stack_size(STACK_BYTES).build();
    match pool {
        Ok(pool) => pool.install(work),
        // Without threads of its own the work runs on the caller's.
        Err(_) => work(),
    }
}

/// One look at the project.
pub(super) struct Look {
    /// Sorted findings that are not suppressed.
    pub(super) findings: Vec<Finding>,
    /// Comments that switch off what is not there.
    pub(super) unused_ignores: Vec<UnusedIgnore>,
    /// Files that could not be done.
    pub(super) errors: Vec<FileError>,
    /// The project, to look again.
    pub(super) project: Project,
    /// What a run saw, as far as the texts of this look still hold it.
    pub(super) observed: Vec<evidence::Observation>,
    /// Sources of files with errors.
    pub(super) broken: Vec<Arc<crate::text::SourceFile>>,
    /// Every place where processes are started or fed, if it was asked for; not judged yet.
    pub(super) surveyed: Vec<Surveyed>,
}

/// What a look gives beside the findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// Findings only.
    Findings,
    /// The places where processes are started or fed, too.
    Places,
}

/// What is found in one file.
struct Seen {
    findings: Vec<Finding>,
    surveyed: Vec<Surveyed>,
}

/// Gathers facts and runs the rules. What rests on observations of a run only is marked, by a look
/// without them.
pub(super) fn look(
    paths: &[PathBuf],
    files: &dyn Files,
    options: &Options,
    known: Known,
    depth: Depth,
) -> Look {
    let mut look = look_once(paths, files, options, known, depth);
    if !options.observed.is_empty() {
        let bare = Options { observed: Vec::new(), ..options.clone() };
        let facts = look.project.files().map(|(_, facts)| facts.clone()).collect();
        let without = look_once(paths, files, &bare, Known::of(facts), Depth::Findings);
        evidence::mark(&mut look.findings, &without.findings);
    }
    look
}

fn look_once(
    paths: &[PathBuf],
    files: &dyn Files,
    options: &Options,
    known: Known,
    depth: Depth,
) -> Look {
    let everything: Vec<PathBuf> = paths
        .iter()
        .chain(&options.context)
        .cloned()
        .collect::<std::collections::BTreeSet<_>>()
        .into_iter()
        .collect();
    let is_asked = |path: &PathBuf| !options.context.contains(path);
    let Gathered { project, mut sent, carried, runs, crossings, mut errors, broken } =
        gather(&everything, files, options, known);
    sent.extend(evidence::sent(&project, &options.observed, &sent));
    let index = SentIndex::new(sent, carried, runs, crossings);
    let ids: Vec<FileId> = project.files().map(|(id, _)| id).collect();
    let sendings = (depth == Depth::Places).then(|| Sendings::new(&index));
    let parts: Vec<Result<Seen, FileError>> = ids
        .par_chunks(FILES_PER_EVAL)
        .flat_map_iter(|share| some_files(&project, share, &index, sendings.as_ref(), options))
        .collect();
    let mut findings = Vec::new();
    let mut surveyed = Vec::new();
    for part in parts {
        match part {
            Ok(seen) => {
                findings.extend(seen.findings);
                surveyed.extend(seen.surveyed);
            }
            Err(error) => errors.push(error),
        }
    }
    surveyed.retain(|one| is_asked(&one.place.location.path));
    findings.retain(|finding| is_asked(&finding.location.path));
    errors.retain(|error| is_asked(&error.path));
    findings.sort_by_cached_key(Finding::sort_key);
    // One callable can reach one slot in several ways (through an override that calls super); that is one finding.
    findings.dedup_by(|later, first| {
        later.code == first.code
            && later.location == first.location
            && later.message == first.message
            && later.remedy == first.remedy
    });
    errors.sort();
    let unused_ignores = suppress::apply(&mut findings, &project, options);
    let observed = options.observed.clone();
    Look { findings, unused_ignores, errors, project, observed, broken, surveyed }
}

/// Runs the rules over a few files with one evaluator, one after the other.
fn some_files(
    project: &Project,
    files: &[FileId],
    index: &SentIndex,
    sendings: Option<&Sendings>,
    options: &Options,
) -> Vec<Result<Seen, FileError>> {
    let mut eval = Eval::new(project);
    let mut found = Vec::new();
    for file in files {
        let path = &project.file(*file).source.path;
        let mut seen = Seen { findings: Vec::new(), surveyed: Vec::new() };
        for rule in rules::ALL.iter().filter(|rule| options.codes.contains(rule.code)) {
            match unless_panic(path, rule.code, || one_rule(&eval, *file, rule, index, options)) {
                Ok(findings) => seen.findings.extend(findings),
                Err(error) => {
                    // What the evaluator knew may be half of something.
                    eval = Eval::new(project);
                    found.push(Err(error));
                }
            }
        }
        if let Some(sendings) = sendings {
            match unless_panic(path, "the map", || map::survey(&eval, *file, sendings)) {
                Ok(surveyed) => seen.surveyed = surveyed,
                Err(error) => {
                    eval = Eval::new(project);
                    found.push(Err(error));
                }
            }
        }
        found.push(Ok(seen));
    }
    found
}

/// One rule on one file.
fn one_rule(
    eval: &Eval,
    file: FileId,
    rule: &'static Rule,
    index: &SentIndex,
    options: &Options,
) -> Vec<Finding> {
    let own = options.of(&eval.project.file(file).source.path);
    let mut found = (rule.check)(&RuleContext {
        rule,
        eval,
        file,
        index,
        bind: own.bind,
        guard_style: own.guard_style,
        target_version: own.target_version,
    });
    found.retain(|finding: &Finding| {
        options.of(&finding.location.path).codes.contains(finding.code)
    });
    found
}

/// What `work` gives. A panic costs only that, and is told.
fn unless_panic<T>(path: &Path, what: &str, work: impl FnOnce() -> T) -> Result<T, FileError> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).map_err(|_| FileError {
        path: path.to_owned(),
        place: None,
        message: format!(
            "made {what} of spawnsafe {} panic; please report it with the file (nothing else was hindered)",
            env!("CARGO_PKG_VERSION")
        ),
    })
}

/// The texts that findings and errors of a look point into.
pub(super) fn sources(look: &Look) -> BTreeMap<PathBuf, Arc<crate::text::SourceFile>> {
    let project = look.project.files().map(|(_, facts)| facts.source.clone());
    project.chain(look.broken.iter().cloned()).map(|source| (source.path.clone(), source)).collect()
}

/// The totals of a look.
pub(super) fn summary(paths: &[PathBuf], look: &Look) -> Summary {
    use crate::findings::Applicability::{Safe, Unsafe};
    let with = |wanted| {
        look.findings
            .iter()
            .filter(|finding| finding.fix().is_some_and(|fix| fix.applicability == wanted))
            .count()
    };
    Summary {
        files: paths.len(),
        parsed: look.project.files().count() + look.broken.len(),
        findings: look.findings.len(),
        fixable: with(Safe),
        unsafe_fixable: with(Unsafe),
        fixed: 0,
        dispatches: None,
    }
}
