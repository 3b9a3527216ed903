//! What a run is asked to do, after arguments and configuration were joined.

pub use crate::rewrite::{Bind, GuardStyle};

use super::evidence::Observation;
use crate::findings::Fingerprint;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Options of one run.
#[derive(Debug, Clone)]
pub struct Options {
    /// Codes of the enabled rules.
    pub codes: BTreeSet<&'static str>,
    /// Whether fixes that need consent are applied.
    pub unsafe_fixes: bool,
    /// The oldest Python that rewritten code must run on, as (major, minor).
    pub target_version: (u8, u8),
    /// The form of inserted guards.
    pub guard_style: GuardStyle,
    /// The form of bound captures.
    pub bind: Bind,
    /// Columns that a line of rewritten code may take; by default as many as the file's own.
    pub line_length: Option<usize>,
    /// Worker threads; 0 means one per core.
    pub threads: usize,
    /// Findings whose fixes are not applied, although they could be: they are reported as if `fix`
    /// had been asked for the others only. `migrate --verify` searches with it.
    pub skip: BTreeSet<Fingerprint>,
    /// What a run of the program saw being sent, as facts for the analysis.
    pub observed: Vec<Observation>,
    /// Further catalogue entries, as TOML text of `[[entry]]` tables checked by the configuration.
    pub executors: Vec<crate::catalogue::Entry>,
    /// Files around the ones that were asked for: they tell who imports what, but nothing is reported in them and
    /// nothing changed.
    pub context: BTreeSet<PathBuf>,
    /// Files that a person named: they are parsed whatever they mention, so that one that cannot be
    /// read or parsed is told.
    pub named: BTreeSet<PathBuf>,
    /// Options of files for which a nearer configuration or per-file ignores say something else.
    /// `codes` of the run then holds every code that is enabled in some file.
    pub files: BTreeMap<PathBuf, Arc<Options>>,
}

impl Options {
    /// The same run with other observations.
    pub fn seeing(&self, observed: Vec<Observation>) -> Cow<'_, Self> {
        if self.observed == observed {
            Cow::Borrowed(self)
        } else {
            Cow::Owned(Self { observed, ..self.clone() })
        }
    }

    /// The same run for some of its files, with others around them.
    pub(super) fn among(&self, paths: &[PathBuf], context: BTreeSet<PathBuf>) -> Self {
        let all = || paths.iter().chain(&context);
        let own = |path: &PathBuf| Some((path.clone(), self.files.get(path)?.clone()));
        Self {
            files: all().filter_map(own).collect(),
            named: all().filter(|path| self.named.contains(*path)).cloned().collect(),
            codes: self.codes.clone(),
            skip: self.skip.clone(),
            observed: self.observed.clone(),
            executors: self.executors.clone(),
            context,
            ..*self
        }
    }

    /// The options in force for one file.
    pub fn of(&self, path: &Path) -> &Self {
        self.files.get(path).map_or(self, Arc::as_ref)
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            codes: crate::rules::ALL.iter().map(|rule| rule.code).collect(),
            unsafe_fixes: false,
            target_version: (3, 8),
            guard_style: GuardStyle::If,
            bind: Bind::Auto,
            line_length: None,
            threads: 0,
            skip: BTreeSet::new(),
            observed: Vec::new(),
            executors: Vec::new(),
            context: BTreeSet::new(),
            named: BTreeSet::new(),
            files: BTreeMap::new(),
        }
    }
}
