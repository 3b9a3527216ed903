//! What can be done about a place: its fixes, all fixes of the file, a comment that switches a finding off.

use crate::engine::suppress;
use crate::findings::{Applicability, Finding, Fingerprint, Report};
use crate::server::Wanted;
use crate::server::client::Client;
use crate::server::diagnostics;
use crate::server::document::Document;
use crate::server::edits;
use crate::syntax;
use crate::text::Span;
use lsp_types::{CodeAction, CodeActionKind, CodeActionParams, Url};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The kind of "fix all", which an editor can be told to do on saving.
pub(super) const FIX_ALL: CodeActionKind = CodeActionKind::new("source.fixAll.spawnsafe");

/// What an action's edit is made from, when it is chosen.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Choice {
    /// The document that the action was offered in.
    pub(super) uri: Url,
    /// The state of its folder.
    pub(super) state: u64,
    /// What is fixed: the finding of that number; all of the document if there is none.
    finding: Option<usize>,
}

impl Choice {
    /// Reads what an action carries.
    pub(super) fn of(action: &CodeAction) -> Option<Self> {
        serde_json::from_value(action.data.clone()?).ok()
    }

    /// What the engine has to do; `report` is that of the same state.
    pub(super) fn wanted(&self, document: &Document, report: &Report) -> Option<Wanted> {
        let Some(number) = self.finding else { return Some(Wanted::File(document.path.clone())) };
        let chosen = report.findings.get(number)?.fingerprint();
        let mut others: BTreeSet<Fingerprint> =
            report.findings.iter().map(Finding::fingerprint).collect();
        others.remove(&chosen);
        Some(Wanted::AllBut(others))
    }
}

/// Where and in which state actions are asked for.
pub(super) struct Asked<'a> {
    /// The document.
    pub(super) document: &'a Document,
    /// All open documents.
    pub(super) documents: &'a BTreeMap<Url, Document>,
    /// What was found.
    pub(super) report: &'a Report,
    /// The state of the folder in which it was found.
    pub(super) state: u64,
    /// Whether "fix all" takes fixes that need consent.
    pub(super) unsafe_fixes: bool,
    /// The editor.
    pub(super) client: Client,
}

/// The actions for a range. Those with `data` have no edit yet.
pub(super) fn offered(asked: &Asked, params: &CodeActionParams) -> Vec<CodeAction> {
    let document = asked.document;
    if document.broken.is_some() {
        return Vec::new();
    }
    let at = |position| document.offset(position, asked.client.encoding);
    let range = Span::new(at(params.range.start), at(params.range.end));
    let own = asked.report.findings.iter().enumerate();
    let own: Vec<(usize, &Finding)> =
        own.filter(|(_, finding)| *finding.location.path == document.path).collect();
    let wants = |kind: &CodeActionKind| wants(params, kind);
    let mut actions = Vec::new();
    if wants(&CodeActionKind::QUICKFIX) {
        let there = own.iter().filter(|(_, finding)| {
            let span = finding.location.span;
            span.start <= range.end && range.start <= span.end
        });
        let there: Vec<_> = there.collect();
        actions.extend(there.iter().filter_map(|(number, one)| quick_fix(asked, *number, one)));
        actions.extend(there.iter().filter_map(|(_, one)| ignore(asked, one)));
    }
    let fixable = |(_, finding): &&(usize, &Finding)| {
        finding.fix().is_some_and(|fix| {
            asked.unsafe_fixes
                || params.context.only.is_some()
                || fix.applicability == Applicability::Safe
        })
    };
    if wants(&FIX_ALL) && own.iter().any(|one| fixable(&one)) {
        actions.push(CodeAction {
            title: "spawnsafe: fix all in this file".into(),
            kind: Some(FIX_ALL),
            data: data(asked, None),
            ..CodeAction::default()
        });
    }
    actions
}

/// Whether an editor that asks for some kinds only asks for this one, or one above it.
fn wants(params: &CodeActionParams, kind: &CodeActionKind) -> bool {
    let Some(only) = &params.context.only else { return true };
    only.iter().any(|wanted| {
        let rest = kind.as_str().strip_prefix(wanted.as_str());
        rest.is_some_and(|rest| {
            wanted.as_str().is_empty() || rest.is_empty() || rest.starts_with('.')
        })
    })
}

fn data(asked: &Asked, finding: Option<usize>) -> Option<serde_json::Value> {
    let uri = asked.document.uri.clone();
    serde_json::to_value(Choice { uri, state: asked.state, finding }).ok()
}

fn quick_fix(asked: &Asked, number: usize, finding: &Finding) -> Option<CodeAction> {
    let fix = finding.fix()?;
    let safe = fix.applicability == Applicability::Safe;
    let look = if safe { "" } else { " (not proven safe: look at the result)" };
    Some(CodeAction {
        title: format!("{}: {}{look}", finding.code, fix.title),
        kind: Some(CodeActionKind::QUICKFIX),
        diagnostics: Some(vec![diagnostic(asked, finding)]),
        is_preferred: Some(safe),
        data: data(asked, Some(number)),
        ..CodeAction::default()
    })
}

fn ignore(asked: &Asked, finding: &Finding) -> Option<CodeAction> {
    let source = asked.report.sources.get(&asked.document.path)?;
    let tree = syntax::parse(&source.text).tree;
    let found = [(finding.location.span.start, finding.code)];
    let edits = suppress::ignore_edits(source, &tree, &found, "");
    Some(CodeAction {
        title: format!("{}: ignore here", finding.code),
        kind: Some(CodeActionKind::QUICKFIX),
        diagnostics: Some(vec![diagnostic(asked, finding)]),
        is_preferred: Some(false),
        edit: Some(edits::of_document(asked.document, edits.iter(), asked.client)),
        ..CodeAction::default()
    })
}

fn diagnostic(asked: &Asked, finding: &Finding) -> lsp_types::Diagnostic {
    diagnostics::of_finding(finding, asked.document, asked.report, asked.documents, asked.client)
}
