//! Applying fixes until nothing more can be fixed, and proving each step before it is shown.

use super::plan::{self, Plan};
use super::run::{self, Depth, Look};
use super::{Files, Options, evidence};
use crate::facts::FileFacts;
use crate::findings::{Change, Finding, Fingerprint, Reason, Refusal, Remedy, Report};
use crate::rewrite::wrapping::laid_out;
use crate::text::{ReadError, SourceFile};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Deferred fixes take a pass each in the worst case; a file that has not settled after this many is left alone.
const MAX_PASSES: usize = 40;

/// The files as they are after the passes so far.
struct Overlay<'f> {
    below: &'f dyn Files,
    texts: BTreeMap<PathBuf, Arc<SourceFile>>,
}

impl Files for Overlay<'_> {
    fn read(&self, path: &Path) -> Result<Vec<u8>, ReadError> {
        match self.texts.get(path) {
            // The text was checked to be encodable when it was taken in.
            Some(source) => Ok(source.encode(&source.text).unwrap_or_default()),
            None => self.below.read(path),
        }
    }
}

/// What a finding is, whatever line it stands on.
type Key = (&'static str, PathBuf, String);

fn key(finding: &Finding) -> Key {
    (finding.code, (*finding.location.path).clone(), finding.subject.clone())
}

fn counts(findings: &[Finding]) -> BTreeMap<Key, usize> {
    let mut counts = BTreeMap::new();
    for finding in findings {
        *counts.entry(key(finding)).or_default() += 1;
    }
    counts
}

/// The report of `fix`.
pub(super) fn fix(paths: &[PathBuf], files: &dyn Files, options: &Options) -> Report {
    let first = run::look(paths, files, options, Vec::new(), Depth::Findings);
    let mut summary = run::summary(paths, &first);
    let sources = run::sources(&first);
    let originals = first.findings.clone();
    let errors = first.errors.clone();
    let unused_ignores = first.unused_ignores.clone();
    let mut overlay = Overlay { below: files, texts: BTreeMap::new() };
    let mut dropped: BTreeSet<Fingerprint> = options.skip.clone();
    let mut now = first;
    for _ in 0..MAX_PASSES {
        let prints: Vec<Fingerprint> = now.findings.iter().map(Finding::fingerprint).collect();
        let wanted: Vec<usize> = (0..now.findings.len())
            .filter(|at| {
                !dropped.contains(&prints[*at])
                    && plan::allowed(&now.findings[*at], options).is_some()
            })
            .collect();
        if wanted.is_empty() {
            break;
        }
        let together = Plan::new(&now.findings, wanted.iter().copied(), options);
        match step(paths, &overlay, options, &now, &together) {
            Some((texts, look)) => {
                overlay.texts.extend(texts);
                now = look;
            }
            None => {
                // One of them does not hold: find out which, one at a time.
                let mut moved = false;
                for at in wanted {
                    let alone = Plan::new(&now.findings, std::iter::once(at), options);
                    if let Some((texts, look)) = step(paths, &overlay, options, &now, &alone) {
                        overlay.texts.extend(texts);
                        now = look;
                        moved = true;
                        break;
                    }
                    dropped.insert(prints[at].clone());
                }
                if !moved {
                    break;
                }
            }
        }
    }
    let remaining = counts(&now.findings);
    let (findings, fixed) = split(originals, remaining, &dropped, options);
    let changes = changes(&sources, overlay.texts, files);
    summary.fixed = fixed.len();
    Report { findings, fixed, errors, unused_ignores, changes, sources, summary }
}

/// Applies a plan and looks again; `None` if the result does not hold what a fix promises.
fn step(
    paths: &[PathBuf],
    overlay: &Overlay,
    options: &Options,
    before: &Look,
    plan: &Plan,
) -> Option<(BTreeMap<PathBuf, Arc<SourceFile>>, Look)> {
    let mut texts = BTreeMap::new();
    for (path, edits) in &plan.edits {
        let id = before.project.at(path)?;
        let facts = before.project.file(id);
        let length = options.of(path).line_length;
        let text = &facts.source.text;
        let after = laid_out(text, &plan::applied(edits, text), length);
        let source = Arc::new(facts.source.with_text(after));
        // A character without a place in the file's encoding cannot be written.
        source.encode(&source.text)?;
        let parsed = crate::syntax::parse(&source.text);
        if !parsed.broken.is_empty()
            || !super::check::names_resolve(facts, &FileFacts::of(source.clone(), parsed))
        {
            return None;
        }
        texts.insert((**path).clone(), source);
    }
    let mut merged = overlay.texts.clone();
    merged.extend(texts.clone());
    let next = Overlay { below: overlay.below, texts: merged };
    let unchanged = before
        .project
        .files()
        .filter(|(_, facts)| !plan.edits.contains_key(&facts.source.path))
        .map(|(_, facts)| facts.clone())
        .collect();
    let seen = evidence::moved(&before.observed, &plan.edits, &before.project, &texts);
    let look = run::look(paths, &next, &options.seeing(seen), unchanged, Depth::Findings);
    let (old, new) = (counts(&before.findings), counts(&look.findings));
    let mut allowed = old.clone();
    for at in &plan.applied {
        if let Some(count) = allowed.get_mut(&key(&before.findings[*at])) {
            *count = count.saturating_sub(1);
        }
    }
    let grew = new.iter().any(|(key, count)| *count > allowed.get(key).copied().unwrap_or(0));
    let more_errors = look.errors.len() > before.errors.len();
    (!grew && !more_errors).then_some((texts, look))
}

/// Findings of the first look that remain, and those that are mended.
fn split(
    originals: Vec<Finding>,
    mut remaining: BTreeMap<Key, usize>,
    dropped: &BTreeSet<Fingerprint>,
    options: &Options,
) -> (Vec<Finding>, Vec<Finding>) {
    let prints: Vec<Fingerprint> = originals.iter().map(Finding::fingerprint).collect();
    let (mut findings, mut fixed) = (Vec::new(), Vec::new());
    for (finding, print) in originals.into_iter().zip(prints).rev() {
        match remaining.get_mut(&key(&finding)) {
            Some(count) if *count > 0 => {
                *count -= 1;
                let failed = dropped.contains(&print) && !options.skip.contains(&print);
                findings.push(if failed { refused(finding) } else { finding });
            }
            _ => fixed.push(finding),
        }
    }
    findings.reverse();
    fixed.reverse();
    (findings, fixed)
}

fn refused(finding: Finding) -> Finding {
    let refusal = Refusal::new(
        Reason::FailedCheck,
        "the rewritten file did not pass spawnsafe's own check, so the fix was dropped",
        "change it by hand, and please report the file",
    );
    Finding { remedy: Remedy::Refused(refusal), ..finding }
}

fn changes(
    sources: &BTreeMap<PathBuf, Arc<SourceFile>>,
    texts: BTreeMap<PathBuf, Arc<SourceFile>>,
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
