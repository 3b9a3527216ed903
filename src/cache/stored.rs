//! A report as it is kept: paths and fixes once each, codes and reasons by number.

use super::recorder::State;
use crate::engine::Files;
use crate::findings::{
    Applicability, Dispatches, FileEdit, FileError, Finding, Fix, Location, Reason, Refusal,
    Related, Remedy, Report, Severity, StartMethod, Summary, UnusedIgnore,
};
use crate::rules;
use crate::text::{Edit, Place, SourceFile, Span};
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A report, and what was read for it. Numbers of paths, fixes, rules and reasons are those of their lists.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Stored {
    read: Vec<(PathBuf, State)>,
    paths: Vec<PathBuf>,
    fixes: Vec<StoredFix>,
    findings: Vec<StoredFinding>,
    errors: Vec<StoredError>,
    unused_ignores: Vec<(StoredLocation, Vec<String>)>,
    totals: [usize; 6],
    dispatches: Option<[usize; 3]>,
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredError {
    path: u32,
    place: Option<(u32, u32)>,
    message: String,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct StoredLocation {
    path: u32,
    span: (u32, u32),
    start: (u32, u32),
    end: (u32, u32),
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredFix {
    title: String,
    applicability: Applicability,
    edits: Vec<(u32, (u32, u32), String)>,
    new_names: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize)]
enum StoredRemedy {
    Fix(u32),
    Refused { reason: u32, detail: String, advice: String },
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredFinding {
    rule: u32,
    message: String,
    location: StoredLocation,
    start_methods: Vec<StartMethod>,
    severity: Severity,
    remedy: StoredRemedy,
    related: Vec<(StoredLocation, String)>,
    context: String,
    subject: String,
}

/// Title, number of edits and first edit of a fix.
type Alike<'r> = (&'r str, usize, Option<&'r FileEdit>);

/// The lists that grow while a report is stored.
#[derive(Default)]
struct Lists<'r> {
    paths: Vec<PathBuf>,
    by_path: FxHashMap<&'r Path, u32>,
    fixes: Vec<StoredFix>,
    /// By what is quick to compare.
    by_fix: FxHashMap<Alike<'r>, Vec<(&'r Fix, u32)>>,
}

impl Stored {
    /// The report of a `check`, made from what was `read`.
    pub(super) fn new(report: &Report, read: Vec<(PathBuf, State)>) -> Self {
        let mut lists = Lists::default();
        let findings = report.findings.iter().map(|finding| lists.finding(finding)).collect();
        let errors = report.errors.iter().map(|error| StoredError {
            path: lists.path(&error.path),
            place: error.place.map(|place| (place.line, place.column)),
            message: error.message.clone(),
        });
        let errors = errors.collect();
        let unused = report.unused_ignores.iter();
        let unused = unused.map(|one| (lists.location(&one.location), one.codes.clone()));
        let unused_ignores = unused.collect();
        let Summary { files, parsed, findings: found, fixable, unsafe_fixable, fixed, dispatches } =
            report.summary;
        Self {
            read,
            findings,
            errors,
            unused_ignores,
            paths: lists.paths,
            fixes: lists.fixes,
            totals: [files, parsed, found, fixable, unsafe_fixable, fixed],
            dispatches: dispatches.map(|counts| [counts.safe, counts.faulty, counts.unknown]),
        }
    }

    /// The report, if everything would be read as it was. The texts that it points into are read anew.
    pub(super) fn report(self, files: &dyn Files) -> Option<Report> {
        if !self.read.par_iter().all(|(path, state)| state.holds(path, files)) {
            return None;
        }
        let paths: Vec<Arc<PathBuf>> = self.paths.into_iter().map(Arc::new).collect();
        let path = |number: u32| paths.get(number as usize).cloned();
        let fixes: Option<Vec<Fix>> = self.fixes.into_iter().map(|fix| fix.fix(&path)).collect();
        let fixes = fixes?;
        let findings = self.findings.into_iter().map(|one| one.finding(&path, &fixes));
        let findings: Vec<Finding> = findings.collect::<Option<_>>()?;
        let errors = self.errors.into_iter().map(|error| {
            Some(FileError {
                path: path(error.path)?.to_path_buf(),
                place: error.place.map(|(line, column)| Place { line, column }),
                message: error.message,
            })
        });
        let errors: Vec<FileError> = errors.collect::<Option<_>>()?;
        let unused = self.unused_ignores.into_iter().map(|(location, codes)| {
            Some(UnusedIgnore { location: location.location(&path)?, codes })
        });
        let unused_ignores = unused.collect::<Option<_>>()?;
        let [files_walked, parsed, found, fixable, unsafe_fixable, fixed] = self.totals;
        // What could not be decoded then has no text to point into now.
        let sources = paths.iter().filter_map(|path| {
            let source = SourceFile::decode(path, files.read(path).ok()?).ok()?;
            Some((path.to_path_buf(), Arc::new(source)))
        });
        let sources = sources.collect();
        Some(Report {
            findings,
            fixed: Vec::new(),
            errors,
            unused_ignores,
            changes: Vec::new(),
            sources,
            summary: Summary {
                files: files_walked,
                parsed,
                findings: found,
                fixable,
                unsafe_fixable,
                fixed,
                dispatches: self.dispatches.map(|[safe, faulty, unknown]| Dispatches {
                    safe,
                    faulty,
                    unknown,
                }),
            },
        })
    }
}

impl<'r> Lists<'r> {
    fn path(&mut self, path: &'r Path) -> u32 {
        let fresh = self.paths.len() as u32;
        *self.by_path.entry(path).or_insert_with(|| {
            self.paths.push(path.to_path_buf());
            fresh
        })
    }

    fn location(&mut self, location: &'r Location) -> StoredLocation {
        StoredLocation {
            path: self.path(&location.path),
            span: (location.span.start, location.span.end),
            start: (location.start.line, location.start.column),
            end: (location.end.line, location.end.column),
        }
    }

    fn fix(&mut self, fix: &'r Fix) -> u32 {
        let alike = (fix.title.as_str(), fix.edits.len(), fix.edits.first());
        let known = self.by_fix.get(&alike).into_iter().flatten();
        if let Some((_, number)) = known.clone().find(|(other, _)| *other == fix) {
            return *number;
        }
        let edits = fix.edits.iter().map(|FileEdit { path, edit }| {
            (self.path(path), (edit.span.start, edit.span.end), edit.text.clone())
        });
        let stored = StoredFix {
            edits: edits.collect(),
            title: fix.title.clone(),
            applicability: fix.applicability,
            new_names: fix.new_names.clone(),
        };
        let number = self.fixes.len() as u32;
        self.fixes.push(stored);
        self.by_fix.entry(alike).or_default().push((fix, number));
        number
    }

    fn finding(&mut self, finding: &'r Finding) -> StoredFinding {
        let rule = rules::ALL.iter().position(|rule| rule.code == finding.code);
        let remedy = match &finding.remedy {
            Remedy::Fix(fix) => StoredRemedy::Fix(self.fix(fix)),
            Remedy::Refused(refusal) => {
                let reason = Reason::ALL.iter().position(|reason| *reason == refusal.reason);
                StoredRemedy::Refused {
                    reason: number(reason),
                    detail: refusal.detail.clone(),
                    advice: refusal.advice.clone(),
                }
            }
        };
        let related = finding.related.iter();
        StoredFinding {
            rule: number(rule),
            message: finding.message.clone(),
            location: self.location(&finding.location),
            start_methods: finding.start_methods.clone(),
            severity: finding.severity,
            remedy,
            related: related
                .map(|one| (self.location(&one.location), one.message.clone()))
                .collect(),
            context: finding.context.clone(),
            subject: finding.subject.clone(),
        }
    }
}

/// The number of something in its list; one that is in no list for what is not there.
fn number(position: Option<usize>) -> u32 {
    position.map_or(u32::MAX, |position| position as u32)
}

impl StoredLocation {
    fn location(self, path: &dyn Fn(u32) -> Option<Arc<PathBuf>>) -> Option<Location> {
        let place = |(line, column)| Place { line, column };
        Some(Location {
            path: path(self.path)?,
            span: Span { start: self.span.0, end: self.span.1 },
            start: place(self.start),
            end: place(self.end),
        })
    }
}

impl StoredFix {
    fn fix(self, path: &dyn Fn(u32) -> Option<Arc<PathBuf>>) -> Option<Fix> {
        let edits = self.edits.into_iter().map(|(number, (start, end), text)| {
            let edit = Edit { span: Span { start, end }, text };
            Some(FileEdit { path: path(number)?, edit })
        });
        Some(Fix {
            edits: edits.collect::<Option<_>>()?,
            title: self.title,
            applicability: self.applicability,
            new_names: self.new_names,
        })
    }
}

impl StoredFinding {
    fn finding(self, path: &dyn Fn(u32) -> Option<Arc<PathBuf>>, fixes: &[Fix]) -> Option<Finding> {
        let rule = rules::ALL.get(self.rule as usize)?;
        let remedy = match self.remedy {
            StoredRemedy::Fix(number) => Remedy::Fix(fixes.get(number as usize)?.clone()),
            StoredRemedy::Refused { reason, detail, advice } => {
                let reason = *Reason::ALL.get(reason as usize)?;
                Remedy::Refused(Refusal { reason, detail, advice })
            }
        };
        let related = self.related.into_iter().map(|(location, message)| {
            Some(Related { location: location.location(path)?, message })
        });
        Some(Finding {
            code: rule.code,
            name: rule.name,
            message: self.message,
            location: self.location.location(path)?,
            start_methods: self.start_methods,
            severity: self.severity,
            remedy,
            related: related.collect::<Option<_>>()?,
            context: self.context,
            subject: self.subject,
        })
    }
}
