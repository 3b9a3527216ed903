//! One repository from its address to its delivered changes.

use super::apply::{self, Rewrite};
use super::artefacts::{self, place};
use super::clone::{self, Clone, Obstacle, Present};
use super::fixer::Fixer;
use super::folder;
use super::git::Git;
use super::journal::{Event, Journal};
use super::outcome::{Outcome, Status, Verdict, Verification};
use super::request;
use super::settings::{Delivery, KeepClones, Running, Settings};
use super::source::{Address, Source};
use super::tally::{slashes, tally};
use super::verify::{self, Trial};
use super::{message, patch};
use crate::findings::Report;
use crate::output::plain;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// What all repositories of a run share.
pub(crate) struct Shared<'a> {
    /// What to do with each.
    pub(crate) settings: &'a Settings,
    /// How.
    pub(crate) running: &'a Running,
    /// Runs git.
    pub(crate) git: &'a Git,
    /// Makes the fixes.
    pub(crate) fixer: &'a dyn Fixer,
    /// The run's memory.
    pub(crate) journal: &'a Journal,
    /// Work trees that an earlier run was writing when it was killed.
    pub(crate) writing: &'a BTreeMap<String, (String, Vec<String>)>,
    /// What the folders of this run's clones are called first.
    pub(crate) prefix: &'a str,
}

/// Does one repository. Whatever goes wrong becomes its outcome; a panic does too.
pub(crate) fn process(shared: &Shared, source: &Source) -> Outcome {
    let mut outcome = Outcome::new(source);
    let ended = catch_unwind(AssertUnwindSafe(|| attempt(shared, source, &mut outcome)));
    let obstacle = match ended {
        Ok(Ok(())) => return outcome,
        Ok(Err(obstacle)) => obstacle,
        Err(panic) => {
            let words = panic
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| panic.downcast_ref::<&str>().copied())
                .unwrap_or("no message");
            Obstacle::Failed(format!("spawnsafe itself failed ({words}); please report this"))
        }
    };
    let (status, problem) = match obstacle {
        Obstacle::Dirty(problem) => (Status::Dirty, problem),
        Obstacle::Empty(problem) => (Status::Empty, problem),
        Obstacle::Failed(problem) => (Status::Failed, problem),
    };
    // Nothing was delivered, so nothing is counted.
    Outcome { status, problem: Some(problem), base: outcome.base, ..Outcome::new(source) }
}

fn attempt(shared: &Shared, source: &Source, outcome: &mut Outcome) -> Result<(), Obstacle> {
    if let Some(reason) = &shared.running.give_up {
        return Err(Obstacle::Failed(reason.clone()));
    }
    let git = &without_folders(shared);
    let present = match &source.address {
        Address::Url(_) => None,
        Address::Directory(path) => {
            let present = inspect(shared, git, source, path)?;
            if present.sealed.is_bare() && shared.settings.delivery == Delivery::Worktree {
                return Err(Obstacle::Failed("it is a bare repository and has no work tree to change; use --result branch or patch".into()));
            }
            Some(present)
        }
    };
    outcome.base = present.as_ref().map(|present| present.head.clone());
    let folder = scratch(shared, source)
        .map_err(|error| format!("{}: {error}", shared.running.work_folder().display()))?;
    let root = folder.path().join("clone");
    let git = &git.hiding(&root.to_string_lossy(), "the clone");
    let clone = clone::make(git, source, present.as_ref(), &root, shared.running.retries)?;
    outcome.base = Some(clone.base.clone());
    if clone.submodules > 0 {
        outcome.notes.push(format!(
            "{} not entered",
            counted(clone.submodules, "submodule was", "submodules were")
        ));
    }
    let (report, skip) = fixed(shared, git, source, &clone, outcome)?;
    tally(outcome, &report, &skip);
    let rewrites = apply::rewrites(&report, &clone.tree)?;
    let delivered = if rewrites.is_empty() {
        false
    } else {
        deliver(shared, git, source, present.as_ref(), &clone, &rewrites, outcome)?
    };
    keep(shared, source, &clone, delivered, outcome)?;
    Ok(())
}

/// A folder of this run for one repository; it goes when it is dropped, or with the next run.
fn scratch(shared: &Shared, source: &Source) -> std::io::Result<tempfile::TempDir> {
    let prefix = format!("{}{:.40}-", shared.prefix, source.id);
    tempfile::Builder::new().prefix(&prefix).tempdir_in(shared.running.work_folder())
}

/// Looks at one of the user's directories.
fn inspect(shared: &Shared, git: &Git, source: &Source, path: &Path) -> Result<Present, Obstacle> {
    let (untracked, ours) = (shared.settings.allow_untracked, shared.writing.get(&source.id));
    clone::inspect(git, path, untracked, ours, scratch(shared, source))
}

/// Messages name folders of this run by what they are: their paths differ from run to run.
fn without_folders(shared: &Shared) -> Git {
    shared.git.hiding(&shared.running.out.to_string_lossy(), "the output folder")
}

fn fixed(
    shared: &Shared,
    git: &Git,
    source: &Source,
    clone: &Clone,
    outcome: &mut Outcome,
) -> Result<(Report, BTreeSet<crate::findings::Fingerprint>), Obstacle> {
    let report = shared.fixer.fix(&clone.tree, &BTreeSet::new())?;
    let Some(check) = shared.settings.check.as_ref().filter(|_| !report.changes.is_empty()) else {
        return Ok((report, BTreeSet::new()));
    };
    let log = format!("{}/{}.log", place::LOGS, source.id);
    let log =
        artefacts::inside(&shared.running.out, &log).map_err(|error| format!("{log}: {error}"))?;
    let trial =
        Trial { git, fixer: shared.fixer, clone, check, location: &source.location, log: &log };
    let verified = verify::verify(&trial, report)?;
    let verdict =
        match (verified.found.sound, verified.skip.is_empty(), verified.found.kept.is_empty()) {
            (false, ..) => Verdict::BrokenBefore,
            (true, true, _) => Verdict::Passed,
            (true, false, true) => Verdict::Rejected,
            (true, false, false) => Verdict::Reduced,
        };
    outcome.verification = Some(Verification { verdict, runs: verified.found.runs });
    match verdict {
        Verdict::Passed => {}
        Verdict::BrokenBefore => outcome.notes.push("the project's check fails without any fix, so it cannot judge them; nothing was changed".into()),
        Verdict::Rejected => outcome.notes.push("the project's check fails with each of the fixes; nothing was changed".into()),
        Verdict::Reduced => outcome.notes.push("fixes with which the project's check fails were left out".into()),
    }
    if verified.found.exhausted {
        outcome.notes.push(format!("the search for them ended after {} runs of the check (--verify-runs); what was not tried is left out", check.runs));
    }
    Ok((verified.report, verified.skip))
}

/// Leaves the changes as asked. True if there is something to deliver them in that is kept.
fn deliver(
    shared: &Shared,
    git: &Git,
    source: &Source,
    present: Option<&Present>,
    clone: &Clone,
    rewrites: &[Rewrite],
    outcome: &mut Outcome,
) -> Result<bool, Obstacle> {
    let settings = shared.settings;
    apply::reset(git, clone)?;
    apply::write(&clone.root, rewrites)?;
    let commit = apply::commit(
        git,
        clone,
        rewrites,
        &message::render(&settings.message, outcome),
        settings,
    )?;
    let diff = patch::diff(git, &clone.root)?;
    match (settings.delivery, present) {
        (Delivery::Patch, _) => {
            outcome.patch = Some(artefact(
                shared,
                place::PATCHES,
                source,
                "patch",
                &patch::format(git, &clone.root)?,
            )?);
            outcome.commit = Some(commit);
        }
        (Delivery::Branch, Some(present)) => {
            apply::deliver_branch(git, clone, &present.sealed, &settings.branch, &commit)?;
            outcome.branch = Some(settings.branch.clone());
            outcome.commit = Some(commit);
        }
        (Delivery::Branch, None) => {
            outcome.branch = Some(settings.branch.clone());
            outcome.commit = Some(commit);
        }
        (Delivery::Worktree, Some(before)) => {
            let path = before.sealed.place().work_tree.as_deref().unwrap_or(&clone.root);
            let paths = rewrites.iter().map(|rewrite| slashes(&rewrite.path)).collect();
            let event = Event::Write { id: source.id.clone(), base: clone.base.clone(), paths };
            shared
                .journal
                .append(&event)
                .map_err(|error| format!("the journal cannot be written: {error}"))?;
            // Once more: fixing and checking take time, and people go on working.
            let present = inspect(shared, git, source, path)?;
            if present.head != clone.base {
                return Err(Obstacle::Failed(
                    "another commit was checked out in the meantime".into(),
                ));
            }
            apply::deliver_worktree(path, &present.sealed.place().git_dir, rewrites)?;
        }
        (Delivery::Worktree, None) => uncommit(git, clone, rewrites, &settings.branch)?,
    }
    outcome.status = Status::Changed;
    (outcome.lines.added, outcome.lines.removed) = patch::count_lines(&diff);
    outcome.diff = Some(artefact(shared, place::DIFFS, source, "diff", &diff)?);
    outcome.request = Some(artefact(
        shared,
        place::REQUESTS,
        source,
        "md",
        plain::lines(request::render(outcome, settings)).as_bytes(),
    )?);
    Ok(true)
}

/// The changes as changes of the work tree, on the branch that was cloned.
fn uncommit(git: &Git, clone: &Clone, rewrites: &[Rewrite], branch: &str) -> Result<(), String> {
    let own = super::git::On::Own(&clone.root);
    let head =
        git.text(own, &["symbolic-ref", "--quiet", "refs/remotes/origin/HEAD"]).unwrap_or_default();
    match head.strip_prefix("refs/remotes/origin/") {
        Some(name) => git.run(own, &["symbolic-ref", "HEAD", &format!("refs/heads/{name}")])?,
        None => git.run(own, &["update-ref", "--no-deref", "HEAD", &clone.base])?,
    };
    git.run(own, &["reset", "--hard", "--quiet", &clone.base])?;
    git.run(own, &["update-ref", "-d", &format!("refs/heads/{branch}")])?;
    apply::write(&clone.root, rewrites)
}

/// Moves the clone into the output folder if it stays; else it goes with its temporary folder.
fn keep(
    shared: &Shared,
    source: &Source,
    clone: &Clone,
    delivered: bool,
    outcome: &mut Outcome,
) -> Result<(), String> {
    let holds_result = delivered
        && shared.settings.delivery != Delivery::Patch
        && matches!(source.address, Address::Url(_));
    let stays = holds_result
        || match shared.settings.keep_clones {
            KeepClones::Results => false,
            KeepClones::Changed => delivered,
            KeepClones::All => true,
        };
    if !stays {
        return Ok(());
    }
    // The user's attributes count again from here on.
    let _ = std::fs::remove_file(clone.root.join(".git/info/attributes"));
    let relative = format!("{}/{}", place::CLONES, source.id);
    let target = artefacts::inside(&shared.running.out, &relative)
        .map_err(|error| format!("{relative}: {error}"))?;
    replace_folder(&clone.root, &target)
        .map_err(|error| format!("the clone cannot be moved to {relative}: {error}"))?;
    outcome.clone = Some(relative);
    Ok(())
}

fn replace_folder(from: &Path, to: &PathBuf) -> std::io::Result<()> {
    if let Some(parent) = to.parent() {
        std::fs::create_dir_all(parent)?;
    }
    if to.exists() {
        // Left by a run that was killed between this step and the journal's line.
        std::fs::remove_dir_all(to)?;
    }
    match std::fs::rename(from, to) {
        // `--work` may lie on another file system. The copy gets its name when it is whole.
        Err(error) if error.kind() == std::io::ErrorKind::CrossesDevices => {
            let part = to.with_file_name(format!(
                ".part-{}",
                to.file_name().unwrap_or_default().to_string_lossy()
            ));
            let _ = std::fs::remove_dir_all(&part);
            folder::copy(from, &part)?;
            std::fs::rename(&part, to)
        }
        moved => moved,
    }
}

fn artefact(
    shared: &Shared,
    folder: &str,
    source: &Source,
    extension: &str,
    bytes: &[u8],
) -> Result<String, String> {
    let relative = format!("{folder}/{}.{extension}", source.id);
    artefacts::write(&shared.running.out, &relative, bytes)?;
    Ok(relative)
}

/// A number with its noun.
pub(crate) fn counted(number: usize, one: &str, many: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {many}") }
}
