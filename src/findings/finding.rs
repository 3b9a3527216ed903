//! One finding: what is wrong, where, why, and what can be done.

use super::{Fix, Refusal};
use crate::text::{Place, SourceFile, Span};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How a child process comes into being (the names of `multiprocessing.get_all_start_methods`).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum StartMethod {
    /// The child is a copy of the parent.
    Fork,
    /// The child is a copy of a clean server process.
    Forkserver,
    /// The child is a new interpreter.
    Spawn,
}

impl StartMethod {
    /// All three, sorted.
    pub const ALL: [Self; 3] = [Self::Fork, Self::Forkserver, Self::Spawn];
    /// Those under which what travels with a `Process` is pickled.
    pub const PICKLING: [Self; 2] = [Self::Forkserver, Self::Spawn];

    /// The name that `multiprocessing` knows.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fork => "fork",
            Self::Forkserver => "forkserver",
            Self::Spawn => "spawn",
        }
    }
}

/// Ordered by damage: an exception names itself, a wrong result and a hang do not.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// An exception that says what is wrong.
    Warning,
    /// A silently wrong or lost result, or an exception in every run.
    Error,
    /// The program never ends.
    Critical,
}

/// A place in a file, resolved so that outputs need no source.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location {
    /// The file.
    pub path: Arc<PathBuf>,
    /// Bytes of the file's decoded text.
    pub span: Span,
    /// Where the span starts (1-based line and character column).
    pub start: Place,
    /// Where it ends (exclusive).
    pub end: Place,
}

impl Location {
    /// The place of `span` in `source`.
    pub fn new(source: &SourceFile, span: Span) -> Self {
        let lines = source.lines();
        Self {
            path: Arc::new(source.path.clone()),
            span,
            start: lines.place(&source.text, span.start),
            end: lines.place(&source.text, span.end),
        }
    }

    /// How messages about something in the file `reader` name the line: `line 5`, or `line 5 of core/stats.py` in another file,
    /// without the folders that both are in, so that it is the same on every machine.
    pub fn line_seen_from(&self, reader: &Path) -> String {
        let line = self.start.line;
        if self.path.as_path() == reader {
            return format!("line {line}");
        }
        let shared = self
            .path
            .components()
            .zip(reader.components())
            .take_while(|(own, other)| own == other)
            .count();
        let rest: Vec<_> = self
            .path
            .components()
            .skip(shared)
            .map(|part| part.as_os_str().to_string_lossy())
            .collect();
        format!("line {line} of {}", rest.join("/"))
    }
}

/// Another place that belongs to a finding: the definition, the executor, a step of the path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Related {
    /// Where.
    pub location: Location,
    /// What is there, lower case, without a final stop.
    pub message: String,
}

/// What can be done about a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remedy {
    /// A rewrite; its applicability says whether it needs consent.
    Fix(Fix),
    /// Found, but not rewritten, for a documented reason.
    Refused(Refusal),
}

/// One finding of one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// `SP101` and so on.
    pub code: &'static str,
    /// The rule's kebab-case name.
    pub name: &'static str,
    /// What is wrong, lower case, without a final stop.
    pub message: String,
    /// Where it belongs.
    pub location: Location,
    /// The start methods under which it fails, sorted.
    pub start_methods: Vec<StartMethod>,
    /// By damage.
    pub severity: Severity,
    /// What can be done.
    pub remedy: Remedy,
    /// Other places, in the order of reading.
    pub related: Vec<Related>,
    /// The qualified name of the enclosing function or class (`main.<locals>.work`), or `<module>`;
    /// part of the fingerprint.
    pub context: String,
    /// The source text of the callable or object in question, one line at most; part of the fingerprint.
    pub subject: String,
}

/// What names a finding across runs: the same before and after lines above it moved.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fingerprint {
    /// The rule.
    pub code: &'static str,
    /// The file.
    pub path: Arc<PathBuf>,
    /// The enclosing function or class.
    pub context: String,
    /// The callable or object in question.
    pub subject: String,
}

impl Finding {
    /// The finding's name across runs. Two findings of one rule about the same text in the same
    /// function share it.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint {
            code: self.code,
            path: self.location.path.clone(),
            context: self.context.clone(),
            subject: self.subject.clone(),
        }
    }

    /// The fix, if there is one.
    pub fn fix(&self) -> Option<&Fix> {
        match &self.remedy {
            Remedy::Fix(fix) => Some(fix),
            Remedy::Refused(_) => None,
        }
    }

    /// Gives every path the name that `renamed` says.
    pub(super) fn rename(&mut self, renamed: &dyn Fn(&Path) -> PathBuf) {
        let related = self.related.iter_mut().map(|related| &mut related.location.path);
        let edits = match &mut self.remedy {
            Remedy::Fix(fix) => fix.edits.as_mut_slice(),
            Remedy::Refused(_) => &mut [],
        };
        let paths = related.chain(edits.iter_mut().map(|edit| &mut edit.path));
        for path in std::iter::once(&mut self.location.path).chain(paths) {
            *path = Arc::new(renamed(path));
        }
    }

    /// The order of reports: path, place, code.
    pub fn sort_key(&self) -> (Arc<PathBuf>, u32, u32, &'static str, String) {
        (
            self.location.path.clone(),
            self.location.span.start,
            self.location.span.end,
            self.code,
            self.message.clone(),
        )
    }
}
