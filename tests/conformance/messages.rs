//! What spawnsafe says: lower case at the start, no stop at the end.

use crate::{ALL, all_cases, case::Files, none};
use spawnsafe::engine::{self, Options};
use spawnsafe::findings::{Remedy, Report};
use spawnsafe::text::ReadError;
use std::path::{Path, PathBuf};

/// Files in memory, as the engine reads them.
pub(crate) struct Memory<'f>(pub(crate) &'f Files);

impl engine::Files for Memory<'_> {
    fn read(&self, path: &Path) -> Result<Vec<u8>, ReadError> {
        self.0
            .get(path)
            .cloned()
            .ok_or_else(|| ReadError::Io(format!("no such file here: {}", path.display())))
    }
}

/// What the engine says about all Python files of `files`.
pub(crate) fn check(files: &Files) -> Report {
    let paths: Vec<PathBuf> = files
        .keys()
        .filter(|path| path.extension().is_none_or(|suffix| suffix == "py"))
        .cloned()
        .collect();
    engine::check(&paths, &Memory(files), &Options::default())
}

/// What is wrong with the form of a message, if anything.
pub(crate) fn convention(text: &str) -> Option<&'static str> {
    let first_word = text.split_whitespace().next().unwrap_or_default();
    // A name of Python or of a library keeps its capitals: Pool.map, ProcessPoolExecutor.
    let is_name =
        first_word.contains(['.', '_']) || first_word.chars().skip(1).any(char::is_uppercase);
    match text.chars().next() {
        None => Some("is empty"),
        Some(_) if text.trim() != text => Some("has blanks around it"),
        Some(_) if text.contains('\n') => Some("has several lines"),
        Some(first) if first.is_uppercase() && !is_name => Some("starts with a capital letter"),
        Some(_) if text.ends_with(['.', '!', ':']) => Some("ends with a stop"),
        Some(_) => None,
    }
}

#[test]
fn messages_keep_the_convention() {
    let mut wrong = Vec::new();
    for case in all_cases() {
        let report = check(&case.before());
        for finding in &report.findings {
            let mut said = vec![("message", finding.message.clone())];
            said.extend(
                finding.related.iter().map(|related| ("related message", related.message.clone())),
            );
            match &finding.remedy {
                Remedy::Fix(fix) => said.push(("title of the fix", fix.title.clone())),
                Remedy::Refused(refusal) => {
                    said.push(("detail of the refusal", refusal.detail.clone()));
                    said.extend(
                        (!refusal.advice.is_empty()).then(|| ("advice", refusal.advice.clone())),
                    );
                }
            }
            wrong.extend(said.iter().filter_map(|(what, text)| {
                Some(format!(
                    "{} {}: the {what} {}: {text}",
                    case.name,
                    finding.code,
                    convention(text)?
                ))
            }));
            let rule = ALL.iter().find(|rule| rule.code == finding.code);
            if rule.is_none_or(|rule| rule.name != finding.name) {
                wrong.push(format!(
                    "{}: {} is called {} here",
                    case.name, finding.code, finding.name
                ));
            }
        }
        for error in &report.errors {
            wrong.extend(
                convention(&error.message)
                    .map(|why| format!("{}: the error {why}: {}", case.name, error.message)),
            );
        }
    }
    wrong.sort();
    wrong.dedup();
    none(&wrong);
}
