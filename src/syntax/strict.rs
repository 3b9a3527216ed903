//! What CPython compiles: a second parser, as strict as CPython's, for files that are to be rewritten.
//!
//! tree-sitter reads what CPython refuses (wrong indentation, a positional argument behind a keyword, `return` outside a
//! function) and knows no versions. This parser says no like CPython, and tells what older versions lack.

mod nesting;
#[cfg(test)]
mod tests;

use self::nesting::Nesting;
use super::Broken;
use crate::text::Span;
use ruff_python_ast::visitor::Visitor;
use ruff_python_ast::{ModModule, PythonVersion};
use ruff_python_parser::{Mode, ParseOptions, Parsed, parse_unchecked};
use std::mem::{Discriminant, discriminant};

/// The newest Python whose syntax is known: what it refuses, all refuse.
const NEWEST: PythonVersion = PythonVersion::PY315;

/// Syntax that some Python versions lack.
type Feature = Discriminant<ruff_python_parser::UnsupportedSyntaxErrorKind>;

/// What a file's text asks of Python.
#[derive(Debug)]
pub struct Compiled {
    /// What Python `version` lacks of the syntax that is used.
    missing: Vec<(Feature, Broken)>,
}

/// Whether CPython compiles `text`: what Python `version` would miss, or the first place that every version refuses.
pub fn compile(text: &str, version: (u8, u8)) -> Result<Compiled, Broken> {
    if let Some(at) = text.find('\0') {
        let span = Span::new(at as u32, at as u32 + 1);
        return Err(Broken {
            span,
            message: "invalid syntax: source code holds a null byte".into(),
        });
    }
    let parsed = parsed(text, NEWEST);
    if let Some(error) = parsed.as_ref().and_then(|parsed| parsed.errors().first()) {
        return Err(broken(error.location, &error.error));
    }
    let Some(parsed) = parsed else { return Ok(Compiled { missing: Vec::new() }) };
    let mut nesting = Nesting::new(text, parsed.suite(), NEWEST);
    nesting.visit_body(parsed.suite());
    if let Some(error) = nesting.first_error() {
        return Err(broken(error.range, &error));
    }
    let (major, minor) = version;
    let missing = self::parsed(text, PythonVersion { major, minor })
        .map(|parsed| {
            parsed
                .unsupported_syntax_errors()
                .iter()
                .map(|error| (discriminant(&error.kind), broken(error.range, error)))
                .collect()
        })
        .unwrap_or_default();
    Ok(Compiled { missing })
}

impl Compiled {
    /// Syntax of this text that the version lacks, and that `before` did not ask for either.
    pub fn lacking_beside(&self, before: &Self) -> Option<&Broken> {
        let known = |feature: &Feature| before.missing.iter().any(|(have, _)| have == feature);
        self.missing.iter().find(|(feature, _)| !known(feature)).map(|(_, place)| place)
    }
}

fn parsed(text: &str, version: PythonVersion) -> Option<Parsed<ModModule>> {
    parse_unchecked(text, ParseOptions::from(Mode::Module).with_target_version(version))
        .try_into_module()
}

fn broken(range: ruff_text_size::TextRange, message: &dyn std::fmt::Display) -> Broken {
    Broken {
        span: Span::new(range.start().into(), range.end().into()),
        message: format!("CPython does not compile it: {message}"),
    }
}
