//! What the editor asks for, and the answers that take their time.

use crate::findings::Report;
use crate::server::actions::{self, Asked, Choice};
use crate::server::session::{FIX_FILE, Running, Session, read};
use crate::server::work::Job;
use crate::server::{Wanted, edits, hover};
use lsp_server::{ErrorCode, Request, RequestId};
use lsp_types::request::{self as asks, Request as _};
use lsp_types::{
    ApplyWorkspaceEditParams, CancelParams, CodeAction, CodeActionOrCommand, CodeActionParams,
    ExecuteCommandParams, HoverParams, NumberOrString, Url, WorkspaceEdit,
};
use serde_json::Value;
use std::path::PathBuf;
use std::time::Instant;

/// A request that needs to know what is found in a document as it is now.
pub(super) struct Waiting {
    id: RequestId,
    uri: Url,
    wants: Wants,
}

enum Wants {
    Actions(Box<CodeActionParams>),
    /// Fix all in the document and apply it.
    FixFile,
}

/// A request that needs the engine to fix something.
pub(super) struct Fix {
    /// None once it is answered.
    id: Option<RequestId>,
    folder: PathBuf,
    state: u64,
    wanted: Vec<Wanted>,
    then: Then,
}

/// What becomes of the edits.
enum Then {
    /// They belong to those of these actions that carry a choice.
    Actions(Vec<CodeAction>),
    /// The one edit belongs to this action.
    Resolve(Box<CodeAction>),
    /// The editor is asked to apply the one edit.
    Apply,
}

const STALE: &str = "the document was changed meanwhile";
const DROPPED: &str =
    "the fix does not hold what it promises for the file as it is, so it was dropped";

impl Session<'_> {
    pub(super) fn request(&mut self, request: Request) {
        let Request { id, method, params } = request;
        let known = match method.as_str() {
            asks::CodeActionRequest::METHOD => read(params).map(|params: CodeActionParams| {
                let uri = params.text_document.uri.clone();
                self.wait(Waiting { id: id.clone(), uri, wants: Wants::Actions(Box::new(params)) });
            }),
            asks::CodeActionResolveRequest::METHOD => {
                read(params).map(|action| self.resolve(id.clone(), action))
            }
            asks::HoverRequest::METHOD => {
                read(params).map(|params| self.hover(id.clone(), &params))
            }
            asks::ExecuteCommand::METHOD => {
                read(params).map(|params| self.command(id.clone(), params))
            }
            _ => {
                self.refuse(id, ErrorCode::MethodNotFound, &format!("'{method}' is not known"));
                return;
            }
        };
        if known.is_none() {
            let message = format!("the parameters of '{method}' do not fit");
            self.refuse(id, ErrorCode::InvalidParams, &message);
        }
    }

    fn hover(&self, id: RequestId, params: &HoverParams) {
        let place = &params.text_document_position_params;
        let document = self.documents.get(&place.text_document.uri);
        let shown = document.and_then(|document| {
            let report = self.looked.get(&document.folder).and_then(|folder| folder.fresh());
            hover::at(document, report, place.position, self.client)
        });
        self.respond(id, shown);
    }

    fn command(&mut self, id: RequestId, params: ExecuteCommandParams) {
        let uri = params.arguments.first().and_then(Value::as_str).and_then(|uri| uri.parse().ok());
        match (params.command.as_str(), uri) {
            (FIX_FILE, Some(uri)) => self.wait(Waiting { id, uri, wants: Wants::FixFile }),
            (FIX_FILE, None) => {
                let message = "name the document by its address";
                self.refuse(id, ErrorCode::InvalidParams, message);
            }
            (other, _) => {
                let message = format!("there is no command '{other}'");
                self.refuse(id, ErrorCode::InvalidParams, &message);
            }
        }
    }

    /// Answers at once if what was found still holds, or after the next look, which is then due.
    fn wait(&mut self, waiting: Waiting) {
        let Some(document) = self.documents.get(&waiting.uri) else {
            self.respond(waiting.id, Value::Null);
            return;
        };
        let path = document.folder.clone();
        let folder = self.looked.entry(path.clone()).or_default();
        if folder.fresh().is_some() {
            self.answer(waiting);
            return;
        }
        let running = self.running.as_ref();
        if running.is_none_or(|one| one.folder != path || one.state != folder.state) {
            folder.due = Some(Instant::now());
        }
        self.waiting.push(waiting);
    }

    /// Answers those who waited for the look at `path`.
    pub(super) fn answer_waiting(&mut self, path: &PathBuf) {
        let (ready, rest) = std::mem::take(&mut self.waiting).into_iter().partition(|one| {
            self.documents.get(&one.uri).is_none_or(|document| document.folder == *path)
        });
        self.waiting = rest;
        for one in ready {
            self.answer(one);
        }
    }

    fn answer(&mut self, waiting: Waiting) {
        let Waiting { id, uri, wants } = waiting;
        let Some((asked, folder)) = self.asked(&uri) else {
            self.respond(id, Value::Null);
            return;
        };
        let (wanted, then) = match wants {
            Wants::FixFile => (vec![Wanted::File(asked.document.path.clone())], Then::Apply),
            Wants::Actions(params) => {
                let actions = actions::offered(&asked, &params);
                if self.client.resolves_edits {
                    let actions = actions.into_iter().map(CodeActionOrCommand::CodeAction);
                    self.respond(id, actions.collect::<Vec<_>>());
                    return;
                }
                let choices = actions.iter().filter_map(Choice::of);
                let wanted = choices.filter_map(|one| one.wanted(asked.document, asked.report));
                (wanted.collect(), Then::Actions(actions))
            }
        };
        let state = asked.state;
        self.fixes.push_back(Fix { id: Some(id), folder, state, wanted, then });
    }

    /// What is known about a document, if it holds for it as it is.
    fn asked(&self, uri: &Url) -> Option<(Asked<'_>, PathBuf)> {
        let document = self.documents.get(uri)?;
        let folder = self.looked.get(&document.folder)?;
        let asked = Asked {
            document,
            documents: &self.documents,
            report: folder.fresh()?,
            state: folder.state,
            unsafe_fixes: self.settings(&document.folder).unsafe_fixes,
            client: self.client,
        };
        Some((asked, document.folder.clone()))
    }

    /// Makes the edit of an action that was chosen.
    fn resolve(&mut self, id: RequestId, action: CodeAction) {
        let Some(choice) = Choice::of(&action) else {
            self.respond(id, action);
            return;
        };
        let fix = self.asked(&choice.uri).filter(|(asked, _)| asked.state == choice.state);
        let fix = fix.and_then(|(asked, folder)| {
            let wanted = vec![choice.wanted(asked.document, asked.report)?];
            let then = Then::Resolve(Box::new(action));
            Some(Fix { id: Some(id.clone()), folder, state: asked.state, wanted, then })
        });
        match fix {
            Some(fix) => self.fixes.push_back(fix),
            None => self.refuse(id, ErrorCode::ContentModified, STALE),
        }
    }

    /// Starts the next fix; whether there was one.
    pub(super) fn start_fix(&mut self) -> bool {
        while let Some(mut fix) = self.fixes.pop_front() {
            let state = self.looked.get(&fix.folder).map(|folder| folder.state);
            if state != Some(fix.state) {
                if let Some(id) = fix.id.take() {
                    self.refuse(id, ErrorCode::ContentModified, STALE);
                }
                continue;
            }
            let view = self.view(&fix.folder);
            let wanted = std::mem::take(&mut fix.wanted);
            self.running = Some(Running {
                folder: fix.folder.clone(),
                state: fix.state,
                stop: view.stop.clone(),
                fix: Some(fix),
            });
            // The other thread lives as long as this one.
            let _ = self.jobs.send(Job::Fix(view, wanted));
            return true;
        }
        false
    }

    pub(super) fn fixed(&mut self, fix: Fix, reports: Vec<Result<Report, String>>) {
        let Some(id) = fix.id else { return };
        let state = self.looked.get(&fix.folder).map(|folder| folder.state);
        if state != Some(fix.state) {
            self.refuse(id, ErrorCode::ContentModified, STALE);
            return;
        }
        let edit_of = |report: &Report| {
            let edit = edits::of_report(report, &self.documents, self.client)?;
            (!report.changes.is_empty()).then_some(edit)
        };
        let edits: Vec<Option<WorkspaceEdit>> =
            reports.iter().map(|report| report.as_ref().ok().and_then(edit_of)).collect();
        match fix.then {
            Then::Actions(actions) => self.respond(id, with_edits(actions, edits)),
            Then::Resolve(action) => match edits.into_iter().next().flatten() {
                Some(edit) => self.respond(id, CodeAction { edit: Some(edit), ..*action }),
                None => self.refuse(id, ErrorCode::RequestFailed, DROPPED),
            },
            Then::Apply => {
                if let Some(edit) = edits.into_iter().next().flatten() {
                    let label = Some("spawnsafe: fix all".to_owned());
                    let params = ApplyWorkspaceEditParams { label, edit };
                    if let Ok(params) = serde_json::to_value(params) {
                        self.ask::<asks::ApplyWorkspaceEdit>(params);
                    }
                }
                self.respond(id, Value::Null);
            }
        }
    }

    /// Nobody waits for the answer to a request any more.
    pub(super) fn cancel(&mut self, params: Value) {
        let Some(params) = read::<CancelParams>(params) else { return };
        let id = match params.id {
            NumberOrString::Number(number) => RequestId::from(number),
            NumberOrString::String(text) => RequestId::from(text),
        };
        let before = self.waiting.len() + self.fixes.len();
        self.waiting.retain(|one| one.id != id);
        self.fixes.retain(|one| one.id.as_ref() != Some(&id));
        let mut found = self.waiting.len() + self.fixes.len() < before;
        if let Some(running) = &mut self.running
            && let Some(fix) = &mut running.fix
            && fix.id.as_ref() == Some(&id)
        {
            running.stop.stop();
            fix.id = None;
            found = true;
        }
        if found {
            self.refuse(id, ErrorCode::RequestCanceled, "cancelled");
        }
    }
}

/// The actions with their edits; those whose fix was dropped go.
fn with_edits(
    actions: Vec<CodeAction>,
    edits: Vec<Option<WorkspaceEdit>>,
) -> Vec<CodeActionOrCommand> {
    let mut edits = edits.into_iter();
    let complete = actions.into_iter().filter_map(|action| {
        if action.data.is_none() {
            return Some(action);
        }
        Some(CodeAction { edit: Some(edits.next().flatten()?), data: None, ..action })
    });
    complete.map(CodeActionOrCommand::CodeAction).collect()
}
