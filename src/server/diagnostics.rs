//! Findings as diagnostics.

use crate::findings::{Finding, Remedy, Report, Severity};
use crate::rules;
use crate::server::client::Client;
use crate::server::document::Document;
use crate::server::folder::place;
use lsp_types::{
    Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, NumberOrString, Url,
};
use std::collections::BTreeMap;

/// Who says it.
const SOURCE: &str = "spawnsafe";

/// What `report` says about one document.
pub(super) fn of_document(
    document: &Document,
    report: &Report,
    documents: &BTreeMap<Url, Document>,
    client: Client,
) -> Vec<Diagnostic> {
    if document.broken.is_some() {
        return Vec::new();
    }
    let own = report.findings.iter().filter(|finding| *finding.location.path == document.path);
    own.map(|finding| of_finding(finding, document, report, documents, client)).collect()
}

/// Where a document cannot be parsed: nothing is looked for in it.
pub(super) fn of_broken(document: &Document, client: Client) -> Option<Diagnostic> {
    let (span, message) = document.broken.as_ref()?;
    Some(Diagnostic {
        range: document.range(*span, client.encoding),
        severity: Some(DiagnosticSeverity::WARNING),
        code: Some(NumberOrString::String("syntax-error".into())),
        source: Some(SOURCE.into()),
        message: format!("{message}; spawnsafe does not look at the file until it can be parsed"),
        ..Diagnostic::default()
    })
}

/// One finding as a diagnostic.
pub(super) fn of_finding(
    finding: &Finding,
    document: &Document,
    report: &Report,
    documents: &BTreeMap<Url, Document>,
    client: Client,
) -> Diagnostic {
    let mut message = finding.message.clone();
    if let Remedy::Refused(refusal) = &finding.remedy {
        message.push_str(&format!("\nnot rewritten: {}", refusal.detail));
        if !refusal.advice.is_empty() {
            message.push_str(&format!("\n{}", refusal.advice));
        }
    }
    let related = finding.related.iter().filter_map(|related| {
        Some(DiagnosticRelatedInformation {
            location: place(&related.location, report, documents, client.encoding)?,
            message: related.message.clone(),
        })
    });
    let related: Vec<_> = related.collect();
    let shown = client.related_information && !related.is_empty();
    Diagnostic {
        range: document.range(finding.location.span, client.encoding),
        severity: Some(match finding.severity {
            Severity::Warning => DiagnosticSeverity::WARNING,
            Severity::Error | Severity::Critical => DiagnosticSeverity::ERROR,
        }),
        code: Some(NumberOrString::String(finding.code.into())),
        source: Some(SOURCE.into()),
        message,
        related_information: shown.then_some(related),
        ..Diagnostic::default()
    }
}

/// The rule of a diagnostic's code.
pub(super) fn page(code: &str) -> Option<&'static str> {
    rules::find(code).map(|rule| rule.page)
}
