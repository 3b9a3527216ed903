//! The project's own check, run in a clone of our own with a time limit.

use super::apply;
use super::bisect::{self, Found};
use super::clone::Clone;
use super::fixer::Fixer;
use super::git::Git;
use super::settings::Check;
use crate::findings::{Finding, Fingerprint, Report};
use crate::git::child::{self, Ended};
use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// What is needed to try a set of fixes.
pub(crate) struct Trial<'a> {
    /// Runs git.
    pub(crate) git: &'a Git,
    /// Makes the fixes.
    pub(crate) fixer: &'a dyn Fixer,
    /// Where.
    pub(crate) clone: &'a Clone,
    /// The check.
    pub(crate) check: &'a Check,
    /// The repository's address, which the check finds in its environment.
    pub(crate) location: &'a str,
    /// Where the check's output goes.
    pub(crate) log: &'a Path,
}

/// The fixes that the check passes with.
pub(crate) struct Verified {
    /// What the search found.
    pub(crate) found: Found,
    /// Findings whose fixes were left out.
    pub(crate) skip: BTreeSet<Fingerprint>,
    /// The report with the fixes that stay.
    pub(crate) report: Report,
}

/// Findings whose fixes go together: those of one name, and those that share one rewrite.
fn units(fixed: &[Finding]) -> Vec<BTreeSet<Fingerprint>> {
    let mut units: Vec<(BTreeSet<Fingerprint>, Vec<&Finding>)> = Vec::new();
    for finding in fixed {
        let print = finding.fingerprint();
        let joins = |members: &[&Finding]| {
            members.iter().any(|other| finding.fix().is_some() && other.fix() == finding.fix())
        };
        // A finding may tie two units together, by its name and by its rewrite.
        let (mut own, apart): (Vec<_>, Vec<_>) = units
            .into_iter()
            .partition(|(prints, members)| prints.contains(&print) || joins(members));
        let mut unit = own.drain(..).reduce(|mut left, right| {
            left.0.extend(right.0);
            left.1.extend(right.1);
            left
        });
        let joined = unit.get_or_insert_with(Default::default);
        joined.0.insert(print);
        joined.1.push(finding);
        units = apart;
        units.extend(unit);
    }
    let mut units: Vec<BTreeSet<Fingerprint>> =
        units.into_iter().map(|(prints, _)| prints).collect();
    units.sort();
    units
}

/// Finds the fixes of `report` that the check passes with. The clone's work tree ends up at its base.
pub(crate) fn verify(trial: &Trial, report: Report) -> Result<Verified, String> {
    let units = units(&report.fixed);
    let skipped = |kept: &BTreeSet<usize>| -> BTreeSet<Fingerprint> {
        units
            .iter()
            .enumerate()
            .filter(|(number, _)| !kept.contains(number))
            .flat_map(|(_, prints)| prints.iter().cloned())
            .collect()
    };
    std::fs::create_dir_all(trial.log.parent().unwrap_or(Path::new(".")))
        .map_err(|error| error.to_string())?;
    let named = |error: std::io::Error| format!("{}: {error}", trial.log.display());
    // Made anew, and not through a link that somebody left there.
    if trial.log.is_symlink() {
        std::fs::remove_file(trial.log).map_err(named)?;
    }
    File::create(trial.log).map_err(named)?;
    let found = bisect::search(units.len(), trial.check.runs, &mut |kept| {
        attempt(trial, &skipped(kept), kept.len(), units.len())
    })?;
    apply::reset(trial.git, trial.clone)?;
    let skip = skipped(&found.kept);
    let report =
        if skip.is_empty() { report } else { trial.fixer.fix(&trial.clone.tree, &skip)? };
    Ok(Verified { found, skip, report })
}

/// One run of the check with all fixes but those in `skip`.
fn attempt(
    trial: &Trial,
    skip: &BTreeSet<Fingerprint>,
    kept: usize,
    of: usize,
) -> Result<bool, String> {
    apply::reset(trial.git, trial.clone)?;
    if kept > 0 {
        let report = trial.fixer.fix(&trial.clone.tree, skip)?;
        apply::write(&trial.clone.root, &apply::rewrites(&report, &trial.clone.tree)?)?;
    }
    let mut log =
        OpenOptions::new().append(true).open(trial.log).map_err(|error| error.to_string())?;
    let _ = writeln!(log, "== with {kept} of {of} fixes: {}", trial.check.command);
    let mut command = shell(&trial.check.command);
    // Byte code is trusted by time and size: that of one attempt must not be taken for the next one's.
    command
        .current_dir(&trial.clone.root)
        .env("SPAWNSAFE_REPOSITORY", trial.location)
        .env("PYTHONDONTWRITEBYTECODE", "1");
    let limit = Duration::from_secs(trial.check.seconds);
    let ended = child::into_log(&mut command, &log, limit)
        .map_err(|error| format!("the check cannot be started: {error}"))?;
    let _ = writeln!(log, "== {}", described(ended, trial.check.seconds));
    Ok(ended == Ended::Code(0))
}

fn described(ended: Ended, seconds: u64) -> String {
    match ended {
        Ended::Code(0) => "passed".to_owned(),
        Ended::Code(code) => format!("failed with exit code {code}"),
        Ended::Signal => "was ended by a signal".to_owned(),
        Ended::TimedOut => format!("took longer than {seconds} s and was ended"),
    }
}

#[cfg(unix)]
fn shell(line: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", line]);
    command
}

#[cfg(not(unix))]
fn shell(line: &str) -> Command {
    let mut command = Command::new("cmd");
    command.args(["/C", line]);
    command
}
