//! The reports of an output folder, from one run or from several.

use super::artefacts::{self, place};
use super::html;
use super::journal;
use super::outcome::{Outcome, Status};
use super::overview;
use super::plan::Plan;
use super::source::digest;
use super::summary::Summary;
use crate::output::plain;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// How deep output folders are looked for below a named folder: shards and parts lie inside it.
const DEPTH: usize = 2;

/// The numbers, to be added up.
pub const SUMMARY: &str = "summary.json";
/// One JSON object a repository and line.
pub const REPOSITORIES: &str = "repositories.jsonl";
/// The report for people who read text.
pub const MARKDOWN: &str = "report.md";
/// The report for spreadsheets.
pub const CSV: &str = "report.csv";
/// The report for browsers.
pub const HTML: &str = "report.html";

/// Writes all reports into `folder`, which holds the diffs that the outcomes name. The outcomes are
/// sorted by id.
pub fn write(folder: &Path, summary: &Summary, outcomes: &[&Outcome]) -> Result<(), String> {
    let mut lines = String::new();
    for outcome in outcomes {
        let line = serde_json::to_string(outcome).map_err(|error| error.to_string())?;
        lines.push_str(&plain::json(line));
        lines.push('\n');
    }
    let diff = |outcome: &Outcome| -> Option<Vec<u8>> {
        artefacts::read(folder, outcome.diff.as_ref()?).ok()
    };
    let html = html::render(summary, outcomes, &diff);
    for (name, bytes) in [
        (SUMMARY, plain::json(summary.to_json()?).into_bytes()),
        (REPOSITORIES, lines.into_bytes()),
        (MARKDOWN, plain::lines(overview::markdown(summary, outcomes)).into_bytes()),
        (CSV, overview::csv(outcomes)?),
        (HTML, plain::lines(html).into_bytes()),
    ] {
        artefacts::write(folder, name, &bytes)?;
    }
    Ok(())
}

/// One output folder that is read.
struct Part {
    folder: PathBuf,
    plan: Option<Plan>,
    record: journal::Record,
    /// Of a folder without a journal, its summary: it knows what only a journal knows better.
    summary: Option<Summary>,
}

impl Part {
    /// A folder with the journal of a run.
    fn of_journal(folder: &Path) -> Result<Self, String> {
        let record =
            journal::read(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let plan = Plan::read(folder)?;
        Ok(Self { folder: folder.to_path_buf(), plan, record, summary: None })
    }

    /// A folder with reports alone, as jobs hand them on: plan and journal stay where they are made.
    fn of_reports(folder: &Path) -> Result<Self, String> {
        let failed = |name: &str, words: String| format!("{}/{name}: {words}", folder.display());
        let read = |name: &str| {
            artefacts::read(folder, name).map_err(|error| failed(name, error.to_string()))
        };
        let summary: Summary = serde_json::from_slice(&read(SUMMARY)?)
            .map_err(|error| failed(SUMMARY, error.to_string()))?;
        let mut record = journal::Record::default();
        let first = |counts: &BTreeMap<String, usize>| counts.keys().next().cloned();
        record.opened = first(&summary.configurations).zip(first(&summary.tools));
        let lines = read(REPOSITORIES)?;
        for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let outcome: Outcome = serde_json::from_slice(line)
                .map_err(|error| failed(REPOSITORIES, error.to_string()))?;
            if !outcome.stays_inside() {
                let words = "names files outside of its folder".to_owned();
                return Err(failed(REPOSITORIES, words));
            }
            record.done.insert(outcome.id.clone(), (outcome, 0.0));
        }
        Ok(Self { folder: folder.to_path_buf(), plan: None, record, summary: Some(summary) })
    }

    /// The seconds that these outcomes of the folder took.
    fn seconds(&self, mine: &[&(usize, Outcome, f64)]) -> f64 {
        match &self.summary {
            Some(summary) => summary.seconds,
            None => mine.iter().map(|(.., seconds)| seconds).sum(),
        }
    }
}

/// Joins the runs that lie in `folders` (or below them) into one report in `target`. A repository
/// that several of them did counts once.
pub fn merge(folders: &[PathBuf], target: &Path, timings: bool) -> Result<Summary, String> {
    let mut parts = Vec::new();
    for folder in folders {
        let before = parts.len();
        collect(folder, DEPTH, &mut parts)?;
        if parts.len() == before {
            return Err(format!(
                "{} holds no run: there is no {} and no {REPOSITORIES} in it or below it",
                folder.display(),
                journal::FILE
            ));
        }
    }
    let mut chosen: BTreeMap<(String, String), (usize, Outcome, f64)> = BTreeMap::new();
    let mut planned = BTreeSet::new();
    for (number, part) in parts.iter().enumerate() {
        planned.extend(
            part.plan
                .iter()
                .flat_map(|plan| &plan.repositories)
                .map(|source| (source.id.clone(), source.location.clone())),
        );
        for (outcome, seconds) in part.record.done.values() {
            let key = (outcome.id.clone(), outcome.location.clone());
            let better = chosen.get(&key).is_none_or(|(_, present, _)| {
                present.status == Status::Failed && outcome.status != Status::Failed
            });
            if better {
                chosen.insert(key, (number, outcome.clone(), *seconds));
            }
        }
    }
    let untold = parts.iter().filter_map(|part| Some(part.summary.as_ref()?.repositories.open));
    let open =
        planned.iter().filter(|key| !chosen.contains_key(*key)).count() + untold.sum::<usize>();
    let outcomes = gather(&parts, &chosen, target)?;
    let mut summary = Summary { version: 1, ..Summary::default() };
    for (number, part) in parts.iter().enumerate() {
        let mine: Vec<&(usize, Outcome, f64)> =
            chosen.values().filter(|(of, ..)| *of == number).collect();
        let (configuration, tool) = part.record.opened.clone().unwrap_or_default();
        let seconds = if timings { part.seconds(&mine) } else { 0.0 };
        summary.add(&Summary::of(
            &mine.iter().map(|(_, outcome, _)| outcome).collect::<Vec<_>>(),
            &tool,
            &configuration,
            seconds,
        ));
    }
    summary.repositories.open = open;
    write(target, &summary, &outcomes.iter().collect::<Vec<_>>())?;
    Ok(summary)
}

fn collect(folder: &Path, depth: usize, parts: &mut Vec<Part>) -> Result<(), String> {
    let before = parts.len();
    if folder.join(journal::FILE).is_file() {
        parts.push(Part::of_journal(folder)?);
    }
    let own = [place::DIFFS, place::PATCHES, place::REQUESTS, place::CLONES, place::LOGS, "work"];
    for below in artefacts::list(folder).iter().filter(|path| path.is_dir() && depth > 0) {
        if !below.file_name().is_some_and(|name| own.iter().any(|own| name == *own)) {
            collect(below, depth - 1, parts)?;
        }
    }
    // Above parts it is the report that was joined from them.
    if parts.len() == before && folder.join(REPOSITORIES).is_file() {
        parts.push(Part::of_reports(folder)?);
    }
    Ok(())
}

/// Brings the files that the outcomes name into `target`, and returns the outcomes, sorted by id,
/// with names that hold there.
fn gather(
    parts: &[Part],
    chosen: &BTreeMap<(String, String), (usize, Outcome, f64)>,
    target: &Path,
) -> Result<Vec<Outcome>, String> {
    let mut taken = BTreeSet::new();
    let mut outcomes = Vec::new();
    for (number, outcome, _) in chosen.values() {
        let folder = &parts[*number].folder;
        let mut outcome = outcome.clone();
        if !taken.insert(outcome.id.clone()) {
            // Plans that were made apart may give one id to two repositories.
            outcome.id = format!("{}-{}", outcome.id, digest(&outcome.location, 8));
        }
        let id = outcome.id.clone();
        for name in
            [&mut outcome.diff, &mut outcome.patch, &mut outcome.request].into_iter().flatten()
        {
            let extension = Path::new(name.as_str())
                .extension()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let place = name.split('/').next().unwrap_or_default().to_owned();
            let moved = format!("{place}/{id}.{extension}");
            let bytes = artefacts::read(folder, name)
                .map_err(|error| format!("{}/{name}: {error}", folder.display()))?;
            artefacts::write(target, &moved, &bytes)?;
            *name = moved;
        }
        if let Some(clone) = &mut outcome.clone
            && folder != target
        {
            let at = folder.strip_prefix(target).unwrap_or(folder);
            *clone = format!("{}/{clone}", at.display());
        }
        outcomes.push(outcome);
    }
    outcomes.sort_by(|one, other| one.id.cmp(&other.id));
    Ok(outcomes)
}
