//! A change made by hand: files before and after, their diff, and findings at places in them.

use spawnsafe::findings::{
    Applicability, FileEdit, Finding, Fix, Location, Reason, Refusal, Related, Remedy, Report,
    Severity, StartMethod,
};
use spawnsafe::output::diff::unified_bytes;
use spawnsafe::review::place::Places;
use spawnsafe::review::{Changes, Limits, Review, Subject, compose, fingerprints, patch};
use spawnsafe::text::{Edit, SourceFile, Span};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A change of some files below the folder `/repo`.
#[derive(Default)]
pub(crate) struct Change {
    pub(crate) diff: Vec<u8>,
    pub(crate) report: Report,
    pub(crate) unsafe_fixes: bool,
    pub(crate) limits: Limits,
}

impl Change {
    /// A change of one file from `before` to `after`.
    pub(crate) fn of(path: &str, before: &str, after: &str) -> Self {
        let mut change = Self::default();
        change.file(path, before, after);
        change
    }

    pub(crate) fn file(&mut self, path: &str, before: &str, after: &str) {
        self.diff.extend(unified_bytes(path, before.as_bytes(), after.as_bytes()));
        self.report
            .sources
            .insert(PathBuf::from(path), Arc::new(SourceFile::from_text(path, after)));
    }

    pub(crate) fn source(&self, path: &str) -> Arc<SourceFile> {
        self.report.sources[Path::new(path)].clone()
    }

    /// The place of the first `needle` in the new side of `path`.
    pub(crate) fn at(&self, path: &str, needle: &str) -> Location {
        let source = self.source(path);
        let start =
            source.text.find(needle).unwrap_or_else(|| panic!("{path} has no {needle:?}")) as u32;
        Location::new(&source, Span::new(start, start + needle.len() as u32))
    }

    /// Adds a finding without a fix at `needle`.
    pub(crate) fn finding(&mut self, path: &str, needle: &str) -> &mut Finding {
        let refusal = Refusal::new(Reason::OtherUse, "it is used elsewhere", "move it by hand");
        let finding = Finding {
            code: "SP103",
            name: "closure",
            message: format!("'{needle}' reaches ProcessPoolExecutor.submit"),
            location: self.at(path, needle),
            start_methods: StartMethod::PICKLING.to_vec(),
            severity: Severity::Warning,
            remedy: Remedy::Refused(refusal),
            related: Vec::new(),
            context: "main".into(),
            subject: needle.into(),
        };
        self.report.findings.push(finding);
        self.report.findings.last_mut().expect("one was pushed")
    }

    /// Adds a finding at `needle` with a fix of `edits`: text to replace, and what comes.
    pub(crate) fn fixable(
        &mut self,
        path: &str,
        needle: &str,
        edits: &[(&str, &str)],
    ) -> &mut Finding {
        let edits = edits.iter().map(|(old, new)| FileEdit {
            path: Arc::new(PathBuf::from(path)),
            edit: Edit::replace(self.at(path, old).span, *new),
        });
        let fix = Fix {
            title: "hoist 'work' to module level".into(),
            applicability: Applicability::Safe,
            edits: edits.collect(),
            new_names: Vec::new(),
        };
        let finding = self.finding(path, needle);
        finding.remedy = Remedy::Fix(fix);
        finding
    }

    pub(crate) fn related(&self, path: &str, needle: &str, message: &str) -> Related {
        Related { location: self.at(path, needle), message: message.into() }
    }

    pub(crate) fn changes(&self) -> Changes {
        Changes::new(patch::parse(&self.diff).expect("the diff parses"))
    }

    pub(crate) fn fingerprints(&self) -> Vec<String> {
        fingerprints(&self.report, &places())
    }

    pub(crate) fn review(&self) -> Review {
        self.review_without(&BTreeSet::new())
    }

    pub(crate) fn review_without(&self, known: &BTreeSet<String>) -> Review {
        let (fingerprints, changes, places) = (self.fingerprints(), self.changes(), places());
        let subject = Subject {
            report: &self.report,
            fingerprints: &fingerprints,
            changes: &changes,
            places: &places,
            unsafe_fixes: self.unsafe_fixes,
        };
        compose(&subject, known, self.limits)
    }
}

pub(crate) fn places() -> Places {
    Places::Folder(PathBuf::from("/repo"))
}

/// Lines `1..=count`, each `name = <number>`.
pub(crate) fn numbered(count: usize) -> String {
    (1..=count).map(|number| format!("name{number} = {number}\n")).collect()
}
