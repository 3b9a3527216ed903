//! Applying fixes until nothing more can be fixed. All that fit together are tried together; if that does not hold, halving
//! finds those that do not, so that one bad fix costs only itself.

use super::gather::Known;
use super::plan::{self, Plan};
use super::proof::{self, Proof, Texts};
use super::run::{self, Depth, Look};
use super::{Files, Options};
use crate::facts::FileFacts;
use crate::findings::{
    Applicability, Change, Finding, Fingerprint, Fix, Refusal, Remedy, Report, Summary,
};
use crate::map::{self, Map};
use crate::text::SourceFile;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

/// What became of a project.
struct Settled {
    texts: Texts,
    /// What the last look found.
    left: Vec<Finding>,
    /// Why fixes that were tried do not hold.
    failures: BTreeMap<Fingerprint, Refusal>,
}

impl Settled {
    /// For every finding of the first look, why it is left; `None` for those that are mended.
    fn reasons(&self, originals: &[Finding]) -> Vec<Option<Refusal>> {
        let all: Vec<&Finding> = originals.iter().collect();
        let why = |left: &Finding| match &left.remedy {
            Remedy::Refused(refusal) => refusal.clone(),
            Remedy::Fix(_) => {
                self.failures.get(&left.fingerprint()).cloned().unwrap_or_else(|| {
                    proof::failed("together with the other fixes it no longer holds")
                })
            }
        };
        let left = proof::still_there(&all, &self.left);
        left.into_iter().map(|at| at.map(|at| why(&self.left[at]))).collect()
    }
}

/// The report of `fix`.
pub(super) fn fix(paths: &[PathBuf], files: &dyn Files, options: &Options, known: Known) -> Report {
    let first = run::look(paths, files, options, known, Depth::Findings);
    let mut summary = run::summary(paths, &first);
    let sources = run::sources(&first);
    let originals = first.findings.clone();
    let errors = first.errors.clone();
    let unused_ignores = first.unused_ignores.clone();
    let settled = settle(paths, files, options, first);
    let (findings, fixed) = split(originals, &settled, options);
    let changes = changes(&sources, settled.texts, files);
    summary.fixed = fixed.len();
    Report { findings, fixed, errors, unused_ignores, changes, sources, summary }
}

/// The report of `check`, where a finding is called fixable only if `fix` does mend it; the map; and the facts of the files that
/// were parsed for it.
pub(super) fn check(
    paths: &[PathBuf],
    files: &dyn Files,
    options: &Options,
    known: Known,
) -> (Report, Map, Vec<Arc<FileFacts>>) {
    let silent = known.silent.clone();
    let mut first = run::look(paths, files, options, known, Depth::Places);
    let sources = run::sources(&first);
    let surveyed = std::mem::take(&mut first.surveyed);
    let facts: Vec<Arc<FileFacts>> =
        first.project.files().map(|(_, facts)| facts.clone()).collect();
    let (mut findings, errors) = (first.findings.clone(), first.errors.clone());
    let unused_ignores = first.unused_ignores.clone();
    let summary = run::summary(paths, &first);
    let mut unused = Some(first);
    for (wanted, consent) in [(Applicability::Safe, false), (Applicability::Unsafe, true)] {
        let is_wanted = |fix: &Fix| fix.applicability == wanted;
        if findings.iter().any(|finding| finding.fix().is_some_and(is_wanted)) {
            let look = unused.take().unwrap_or_else(|| {
                let known = Known { facts: facts.clone(), silent: silent.clone() };
                run::look(paths, files, options, known, Depth::Findings)
            });
            let options = asking(options, consent);
            keep_promises(&mut findings, wanted, settle(paths, files, &options, look), &options);
        }
    }
    let map = map::judge(surveyed, &findings);
    let summary = Summary { dispatches: Some(map.tally()), ..summary };
    let mut report =
        Report { findings, errors, unused_ignores, sources, summary, ..Report::default() };
    report.recount();
    (report, map, facts)
}

/// Turns fixes of the kind `wanted` that do not come to be into refusals.
fn keep_promises(
    findings: &mut [Finding],
    wanted: Applicability,
    settled: Settled,
    options: &Options,
) {
    let reasons = settled.reasons(findings);
    for (finding, reason) in findings.iter_mut().zip(reasons) {
        let is_wanted = |fix: &Fix| fix.applicability == wanted;
        if let Some(refusal) =
            reason.filter(|_| plan::allowed(finding, options).is_some_and(is_wanted))
        {
            finding.remedy = Remedy::Refused(refusal);
        }
    }
}

/// The options as `fix` has them that is asked for everything, with or without consent to unsafe fixes.
fn asking(options: &Options, consent: bool) -> Options {
    let with = |options: &Options| Options {
        unsafe_fixes: consent,
        skip: BTreeSet::new(),
        ..options.clone()
    };
    let files =
        options.files.iter().map(|(path, own)| (path.clone(), Arc::new(with(own)))).collect();
    Options { files, ..with(options) }
}

/// Applies what can be applied, pass by pass. Each pass mends at least one finding or is the last.
fn settle(paths: &[PathBuf], files: &dyn Files, options: &Options, first: Look) -> Settled {
    let proof = Proof::new(paths, files, options, &first);
    let mut texts = Texts::new();
    let mut failures: BTreeMap<Fingerprint, Refusal> = BTreeMap::new();
    let mut now = first;
    loop {
        let units = units(&now.findings, options, &failures);
        if units.is_empty() {
            break;
        }
        let mut pass = Pass {
            proof: &proof,
            done: &texts,
            now: &now,
            good: Vec::new(),
            best: None,
            bad: Vec::new(),
        };
        let fitting = Plan::fitting(&now, &units);
        if fitting.is_empty() {
            // A rule's own edits meet: nothing would ever come of them.
            pass.bad.extend(
                units
                    .iter()
                    .flatten()
                    .map(|position| (*position, proof::failed("parts of it want the same place"))),
            );
        }
        pass.extend(&fitting);
        let (best, bad) = (pass.best, pass.bad);
        let moved = best.is_some();
        for (position, refusal) in bad {
            let print = now.findings[position].fingerprint();
            // What did not hold beside others has another try in the next pass.
            if !moved || failures.contains_key(&print) {
                failures.insert(print, refusal);
            }
        }
        let Some((changed, look)) = best else { continue };
        texts.extend(changed);
        now = look;
    }
    Settled { texts, left: now.findings, failures }
}

/// The fixes that are allowed and did not fail, each with the findings that share it.
fn units(
    findings: &[Finding],
    options: &Options,
    failures: &BTreeMap<Fingerprint, Refusal>,
) -> Vec<Vec<usize>> {
    let mut units: Vec<Vec<usize>> = Vec::new();
    let mut seen: BTreeMap<&[crate::findings::FileEdit], Vec<usize>> = BTreeMap::new();
    for (position, finding) in findings.iter().enumerate() {
        let Some(fix) = plan::allowed(finding, options) else { continue };
        let print = finding.fingerprint();
        if options.skip.contains(&print) || failures.contains_key(&print) {
            continue;
        }
        let alike = seen.entry(&fix.edits).or_default();
        let shared =
            alike.iter().copied().find(|unit| findings[units[*unit][0]].fix() == Some(fix));
        match shared {
            Some(unit) => units[unit].push(position),
            None => {
                alike.push(units.len());
                units.push(vec![position]);
            }
        }
    }
    units
}

/// One pass over fixes that fit together.
struct Pass<'a, 'r> {
    proof: &'a Proof<'r>,
    done: &'a Texts,
    now: &'a Look,
    /// The fixes that hold together.
    good: Vec<Vec<usize>>,
    /// What they give.
    best: Option<(Texts, Look)>,
    /// Findings whose fix does not hold beside the good ones, and why.
    bad: Vec<(usize, Refusal)>,
}

impl Pass<'_, '_> {
    /// Takes in as many of `units` as hold together with those that are in.
    fn extend(&mut self, units: &[Vec<usize>]) {
        if units.is_empty() {
            return;
        }
        let together: Vec<Vec<usize>> = self.good.iter().chain(units).cloned().collect();
        let plan = Plan::new(self.now, &together);
        match self.proof.step(self.done, self.now, &plan) {
            Ok(result) => {
                self.good = together;
                self.best = Some(result);
            }
            Err(refusal) if units.len() == 1 => {
                self.bad.extend(units[0].iter().map(|position| (*position, refusal.clone())));
            }
            Err(_) => {
                let (first, second) = units.split_at(units.len() / 2);
                self.extend(first);
                self.extend(second);
            }
        }
    }
}

/// Findings of the first look that remain, and those that are mended.
fn split(
    originals: Vec<Finding>,
    settled: &Settled,
    options: &Options,
) -> (Vec<Finding>, Vec<Finding>) {
    let (mut findings, mut fixed) = (Vec::new(), Vec::new());
    let reasons = settled.reasons(&originals);
    for (finding, reason) in originals.into_iter().zip(reasons) {
        let Some(refusal) = reason else {
            fixed.push(finding);
            continue;
        };
        let tried = plan::allowed(&finding, options).is_some()
            && !options.skip.contains(&finding.fingerprint());
        findings.push(if tried {
            Finding { remedy: Remedy::Refused(refusal), ..finding }
        } else {
            finding
        });
    }
    (findings, fixed)
}

fn changes(
    sources: &BTreeMap<PathBuf, Arc<SourceFile>>,
    texts: Texts,
    files: &dyn Files,
) -> Vec<Change> {
    texts
        .into_iter()
        .filter_map(|(path, after)| {
            let before = sources.get(&path).cloned().or_else(|| {
                SourceFile::decode(&path, files.read(&path).ok()?).ok().map(Arc::new)
            })?;
            (before.text != after.text).then(|| Change { before, after: after.text.clone() })
        })
        .collect()
}
