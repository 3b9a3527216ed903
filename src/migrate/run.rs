//! A plan carried out: several repositories at a time, remembered in the journal.

use super::artefacts;
use super::clone::{self, Obstacle};
use super::fixer::Fixer;
use super::git::Git;
use super::journal::{Event, Journal};
use super::outcome::{Outcome, Status};
use super::plan::Plan;
use super::progress::{Progress, Show};
use super::report;
use super::repository::{self, Shared};
use super::settings::{Running, Settings};
use super::shard::Shard;
use super::source::{Address, Source, digest};
use super::summary::Summary;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How a run ended.
#[derive(Debug)]
pub struct Ended {
    /// The summary of everything that is done in the output folder.
    pub summary: Summary,
    /// Repositories that are still to be done, after an interruption.
    pub open: usize,
    /// Repositories that this run did, as against earlier ones.
    pub done_now: usize,
}

/// Carries out the shard's part of a plan and writes the reports. What the output folder's journal
/// holds already is not done again. When `stop` becomes true, the repositories in hand are finished
/// and no other is begun.
pub fn run(
    plan: &Plan,
    shard: Shard,
    running: &Running,
    fixer: &dyn Fixer,
    show: Show,
    stop: &AtomicBool,
) -> Result<Ended, String> {
    let out = &running.out;
    let (journal, mut record) = open(plan, running)?;
    let mine: Vec<&Source> = plan
        .repositories
        .iter()
        .enumerate()
        .filter(|(position, _)| shard.takes(*position))
        .map(|(_, source)| source)
        .collect();
    if running.retry_failed {
        record.done.retain(|_, (outcome, _)| outcome.status != Status::Failed);
    }
    let todo: Vec<&Source> =
        mine.iter().copied().filter(|source| !record.done.contains_key(&source.id)).collect();
    let progress = Progress::new(show, mine.len(), mine.len() - todo.len());
    if !record.bad_lines.is_empty() {
        progress.note(&format!(
            "the journal has unreadable lines ({:?}); what they spoke of is done again",
            record.bad_lines
        ));
    }
    if todo.len() < mine.len() {
        progress.note(&format!(
            "{} of {} repositories are done already",
            mine.len() - todo.len(),
            mine.len()
        ));
    }
    let prefix = prefix(out);
    let work = running.work_folder();
    std::fs::create_dir_all(&work).map_err(|error| format!("{}: {error}", work.display()))?;
    remove_leftovers(&work, &prefix);
    artefacts::sweep(out);
    let git = Git::new(running.git_limit);
    let shared = Shared {
        settings: &plan.settings,
        running,
        git: &git,
        fixer,
        journal: &journal,
        writing: &record.writing,
        prefix: &prefix,
    };
    let fresh = all(&shared, &todo, &progress, stop);
    progress.finish();
    let fresh = fresh?;
    remove_leftovers(&work, &prefix);
    if running.work.is_none() {
        // Empty unless something that was killed long ago still writes there.
        let _ = std::fs::remove_dir(&work);
    }
    let done_now = fresh.len();
    let mut done = record.done;
    done.extend(fresh);
    let outcomes: BTreeMap<&str, &(Outcome, f64)> = mine
        .iter()
        .filter_map(|source| Some((source.id.as_str(), done.get(&source.id)?)))
        .collect();
    let open = mine.len() - outcomes.len();
    let seconds =
        if running.timings { outcomes.values().map(|(_, seconds)| seconds).sum() } else { 0.0 };
    let outcomes: Vec<&Outcome> = outcomes.into_values().map(|(outcome, _)| outcome).collect();
    let mut summary = Summary::of(&outcomes, &plan.tool, &plan.configuration, seconds);
    summary.repositories.open = open;
    report::write(out, &summary, &outcomes)?;
    Ok(Ended { summary, open, done_now })
}

/// What can be said about a repository before anything is fetched.
pub fn outlook(source: &Source, settings: &Settings) -> String {
    let Address::Directory(path) = &source.address else { return "to be fetched".into() };
    let git = Git::new(Duration::from_secs(60));
    match clone::inspect(&git, path, settings.allow_untracked, None, tempfile::tempdir()) {
        Ok(present) => format!("ready at {:.10}", present.head),
        Err(Obstacle::Dirty(problem)) => format!("dirty: {problem}"),
        Err(Obstacle::Empty(problem)) => format!("empty: {problem}"),
        Err(Obstacle::Failed(problem)) => format!("fails: {problem}"),
    }
}

/// Opens the output folder: its plan and its journal must be of the same settings.
fn open(plan: &Plan, running: &Running) -> Result<(Journal, super::journal::Record), String> {
    let out = &running.out;
    std::fs::create_dir_all(out).map_err(|error| format!("{}: {error}", out.display()))?;
    let (journal, record) = Journal::open(out)?;
    if let Some(earlier) = Plan::read(out)? {
        plan.continues(&earlier)?;
    }
    if let Some((configuration, _)) = &record.opened
        && *configuration != plan.configuration
    {
        return Err("the output folder's journal is of a run with other settings; repeat them, or choose another --out".into());
    }
    plan.write(out)?;
    let event = Event::Open { tool: plan.tool.clone(), configuration: plan.configuration.clone() };
    journal.append(&event).map_err(|error| format!("the journal cannot be written: {error}"))?;
    Ok((journal, record))
}

/// Does the repositories, `jobs` at a time, in the plan's order.
fn all(
    shared: &Shared,
    todo: &[&Source],
    progress: &Progress,
    stop: &AtomicBool,
) -> Result<BTreeMap<String, (Outcome, f64)>, String> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(BTreeMap::new());
    let broken: Mutex<Option<String>> = Mutex::new(None);
    let worker = || {
        while !stop.load(Ordering::SeqCst) {
            let Some(source) = todo.get(next.fetch_add(1, Ordering::SeqCst)) else { return };
            progress.begin(&source.id);
            match one(shared, source) {
                Ok((outcome, seconds)) => {
                    progress.end(&outcome, seconds);
                    done.lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .insert(outcome.id.clone(), (outcome, seconds));
                }
                Err(error) => {
                    // Without a journal nothing may be done that could not be remembered.
                    broken.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                    stop.store(true, Ordering::SeqCst);
                }
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..shared.running.jobs.clamp(1, todo.len().max(1)) {
            scope.spawn(worker);
        }
    });
    match broken.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some(error) => Err(error),
        None => Ok(done.into_inner().unwrap_or_else(PoisonError::into_inner)),
    }
}

fn one(shared: &Shared, source: &Source) -> Result<(Outcome, f64), String> {
    let begun = Instant::now();
    let failed = |error: std::io::Error| format!("the journal cannot be written: {error}");
    shared.journal.append(&Event::Begin { id: source.id.clone() }).map_err(failed)?;
    let outcome = repository::process(shared, source);
    let seconds = begun.elapsed().as_secs_f64();
    shared
        .journal
        .append(&Event::End { outcome: Box::new(outcome.clone()), seconds })
        .map_err(failed)?;
    Ok((outcome, seconds))
}

/// Clones of this output folder are told from those of others in a shared work folder.
fn prefix(out: &Path) -> String {
    let absolute = std::path::absolute(out).unwrap_or_else(|_| out.to_path_buf());
    format!("spawnsafe-{}-", digest(&absolute.to_string_lossy(), 8))
}

/// Removes clones that a killed run has left.
fn remove_leftovers(work: &Path, prefix: &str) {
    for path in artefacts::list(work) {
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(prefix)) {
            // What cannot be removed now (a git that outlived its parent still writes) is next time.
            let _ = std::fs::remove_dir_all(path);
        }
    }
}
