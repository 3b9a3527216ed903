//! One step of fixes, proved: what a rewritten project must hold before anything of it is shown.

use super::gather::Known;
use super::plan::{self, Plan};
use super::run::{self, Depth, Look};
use super::{Files, Options, check, evidence};
use crate::facts::FileFacts;
use crate::findings::{Finding, Reason, Refusal, Remedy};
use crate::rewrite::wrapping::laid_out;
use crate::syntax::strict;
use crate::text::{ReadError, SourceFile};
use rustc_hash::FxHashSet;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Changed files.
pub(super) type Texts = BTreeMap<PathBuf, Arc<SourceFile>>;

/// How much two findings of different looks have to share to be the same trouble. A closure that loses what it captured is
/// a local function from then on, and one of two lambdas of a conditional is told by the whole of it.
const SAME: [fn(&Finding, &Finding) -> bool; 3] = [
    |one, other| one.code == other.code && one.subject == other.subject,
    |one, other| family(one) == family(other) && one.subject == other.subject,
    |one, other| family(one) == family(other),
];

/// The rules that speak of the same kind of thing: callables, objects, the script, state.
fn family(finding: &Finding) -> &'static str {
    finding.code.get(..3).unwrap_or(finding.code)
}

/// For every finding of `earlier`, which of `later` it is, if it is still there. Of findings that are alike, the last are
/// those that are left.
pub(super) fn still_there(earlier: &[&Finding], later: &[Finding]) -> Vec<Option<usize>> {
    let mut left = vec![None; earlier.len()];
    let mut by_path: BTreeMap<&Path, (Vec<usize>, Vec<usize>)> = BTreeMap::new();
    for (at, finding) in earlier.iter().enumerate() {
        by_path.entry(finding.location.path.as_path()).or_default().0.push(at);
    }
    for (at, finding) in later.iter().enumerate() {
        by_path.entry(finding.location.path.as_path()).or_default().1.push(at);
    }
    for (olds, news) in by_path.values_mut() {
        for same in SAME {
            olds.retain(|old| left[*old].is_none());
            for old in olds.iter().rev() {
                let found = news.iter().rposition(|new| same(earlier[*old], &later[*new]));
                if let Some(position) = found {
                    left[*old] = Some(news.remove(position));
                }
            }
        }
    }
    left
}

/// The files as they are after some fixes.
pub(super) struct Overlay<'f> {
    below: &'f dyn Files,
    /// Files that no look needed: they are not read again.
    silent: &'f FxHashSet<PathBuf>,
    texts: Texts,
}

impl Files for Overlay<'_> {
    fn read(&self, path: &Path) -> Result<Vec<u8>, ReadError> {
        match self.texts.get(path) {
            // The text was checked to be encodable when it was taken in.
            Some(source) => Ok(source.encode(&source.text).unwrap_or_default()),
            None if self.silent.contains(path) => Ok(Vec::new()),
            None => self.below.read(path),
        }
    }
}

/// What all steps of one run share.
pub(super) struct Proof<'r> {
    /// The files that were asked for.
    pub(super) paths: &'r [PathBuf],
    /// The files as they were read.
    pub(super) files: &'r dyn Files,
    /// What was asked.
    pub(super) options: &'r Options,
    /// Files that no look needed.
    pub(super) silent: Arc<FxHashSet<PathBuf>>,
}

impl<'r> Proof<'r> {
    /// The proof for a run whose first look was `first`.
    pub(super) fn new(
        paths: &'r [PathBuf],
        files: &'r dyn Files,
        options: &'r Options,
        first: &Look,
    ) -> Self {
        let mut silent: FxHashSet<PathBuf> =
            paths.iter().chain(&options.context).cloned().collect();
        for (_, facts) in first.project.files() {
            silent.remove(&facts.source.path);
        }
        for error in &first.errors {
            silent.remove(&error.path);
        }
        Self { paths, files, options, silent: Arc::new(silent) }
    }

    /// Applies a plan to what a look saw and looks again; says why where the result does not hold what fixes promise.
    pub(super) fn step(
        &self,
        done: &Texts,
        before: &Look,
        plan: &Plan,
    ) -> Result<(Texts, Look), Refusal> {
        let mut texts = BTreeMap::new();
        for (path, edits) in &plan.edits {
            let Some(id) = before.project.at(path) else {
                return Err(failed("a file that it changes was not analysed"));
            };
            let facts = before.project.file(id);
            let text = &facts.source.text;
            let length = self.options.of(path).line_length;
            let after = laid_out(text, &plan::applied(edits, text), length);
            let source = Arc::new(facts.source.with_text(after));
            self.text_holds(facts, &source)?;
            texts.insert((**path).clone(), source);
        }
        let mut merged = done.clone();
        merged.extend(texts.clone());
        let next = Overlay { below: self.files, silent: &self.silent, texts: merged };
        let unchanged = before
            .project
            .files()
            .filter(|(_, facts)| !plan.edits.contains_key(&facts.source.path))
            .map(|(_, facts)| facts.clone())
            .collect();
        let seen = evidence::moved(&before.observed, &plan.edits, &before.project, &texts);
        let options = self.options.seeing(seen);
        let known = Known { facts: unchanged, silent: self.silent.clone() };
        let look = run::look(self.paths, &next, &options, known, Depth::Findings);
        if look.errors.len() > before.errors.len() {
            return Err(failed("a changed file could not be analysed again"));
        }
        match grown(before, &look, plan) {
            Some(finding) => Err(still(finding)),
            None => Ok((texts, look)),
        }
    }

    /// What a changed file must hold by itself.
    fn text_holds(&self, old: &FileFacts, new: &Arc<SourceFile>) -> Result<(), Refusal> {
        if new.encode(&new.text).is_none() {
            return Err(failed("it needs a character that the file's encoding lacks"));
        }
        let version = self.options.of(&new.path).target_version;
        let place = |broken: &crate::syntax::Broken| {
            let line = new.lines().line(broken.span.start);
            failed(format!("line {line} of the result would be no Python: {}", broken.message))
        };
        let (before, after) =
            (strict::compile(old.all(), version), strict::compile(&new.text, version));
        let before = before.map_err(|broken| refused_source(old, &broken))?;
        let after = after.map_err(|broken| place(&broken))?;
        if let Some(lacking) = after.lacking_beside(&before) {
            return Err(place(lacking));
        }
        let parsed = crate::syntax::parse(&new.text);
        if let Some(broken) = parsed.broken.first() {
            return Err(place(broken));
        }
        match check::unbound_name(old, &FileFacts::of(new.clone(), parsed)) {
            Some(name) => Err(failed(format!("nothing would bind '{name}' any more"))),
            None => Ok(()),
        }
    }
}

/// A finding that the look after a step has and the one before had not, or that the step should have mended.
fn grown<'l>(before: &Look, after: &'l Look, plan: &Plan) -> Option<&'l Finding> {
    let applied: BTreeSet<usize> = plan.applied.iter().copied().collect();
    let others: Vec<&Finding> = before
        .findings
        .iter()
        .enumerate()
        .filter(|(at, _)| !applied.contains(at))
        .map(|(_, finding)| finding)
        .collect();
    let known: BTreeSet<usize> =
        still_there(&others, &after.findings).into_iter().flatten().collect();
    after.findings.iter().enumerate().find(|(at, _)| !known.contains(at)).map(|row| row.1)
}

/// Why a fix is dropped after which something is left to find: in the words of the rule that finds it.
fn still(finding: &Finding) -> Refusal {
    match &finding.remedy {
        Remedy::Refused(refusal) => refusal.clone(),
        Remedy::Fix(_) => failed(format!("after it there would still be {}", finding.message)),
    }
}

/// The refusal of a fix whose result does not hold.
pub(super) fn failed(why: impl std::fmt::Display) -> Refusal {
    Refusal::new(
        Reason::FailedCheck,
        format!("the rewrite was made, checked and dropped: {why}"),
        "change it by hand",
    )
}

/// The refusal to rewrite what CPython does not compile.
pub(super) fn refused_source(facts: &FileFacts, broken: &crate::syntax::Broken) -> Refusal {
    let line = facts.source.lines().line(broken.span.start);
    Refusal::new(
        Reason::DoesNotCompile,
        format!("the file cannot be run as it is (line {line}): {}", broken.message),
        "mend the syntax first",
    )
}
