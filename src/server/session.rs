//! One conversation with an editor: what it tells, and when files are looked at.

use crate::server::client::{Client, ClientSettings, Run};
use crate::server::document::Document;
use crate::server::folder::Folder;
use crate::server::requests::{Fix, Waiting};
use crate::server::work::{Done, Job, work};
use crate::server::{Host, Stop, View, actions, diagnostics};
use crossbeam_channel::{Receiver, Sender, select};
use lsp_server::{Connection, ErrorCode, Message, Notification, RequestId, Response};
use lsp_types::notification::{self as told, Notification as _};
use lsp_types::request as asks;
use lsp_types::{
    CodeActionKind, CodeActionOptions, CodeActionProviderCapability, Diagnostic,
    ExecuteCommandOptions, HoverProviderCapability, InitializeParams, MessageType, OneOf,
    PublishDiagnosticsParams, SaveOptions, ServerCapabilities, ShowMessageParams,
    TextDocumentSyncCapability, TextDocumentSyncKind, TextDocumentSyncOptions,
    TextDocumentSyncSaveOptions, Url, WorkspaceFoldersServerCapabilities,
    WorkspaceServerCapabilities,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// So long after the last keystroke files are looked at.
const PAUSE: Duration = Duration::from_millis(120);
/// The command that fixes all in one document.
pub(super) const FIX_FILE: &str = "spawnsafe.fixFile";
/// The name of the settings' section.
const SECTION: &str = "spawnsafe";

/// A conversation that ended otherwise than the protocol says.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Broken(String);

/// What the second thread is busy with.
pub(super) struct Running {
    pub(super) folder: PathBuf,
    pub(super) state: u64,
    pub(super) stop: Stop,
    /// The request that waits for it, if it is a fix.
    pub(super) fix: Option<Fix>,
}

/// The state of the conversation.
pub(super) struct Session<'s> {
    connection: &'s Connection,
    host: &'s dyn Host,
    pub(super) jobs: Sender<Job>,
    pub(super) client: Client,
    /// The folders that the editor has open, absolute.
    folders: Vec<PathBuf>,
    /// What holds where nothing else was said.
    settings: Arc<ClientSettings>,
    /// What was said about some folders.
    settings_of: BTreeMap<PathBuf, Arc<ClientSettings>>,
    pub(super) documents: BTreeMap<Url, Document>,
    pub(super) looked: BTreeMap<PathBuf, Folder>,
    /// Requests that wait for a look.
    pub(super) waiting: Vec<Waiting>,
    /// Requests that wait for their fixes.
    pub(super) fixes: VecDeque<Fix>,
    pub(super) running: Option<Running>,
    /// Questions about settings that were not answered yet.
    asked: BTreeMap<RequestId, Vec<PathBuf>>,
    last_id: i32,
    /// Messages that the user saw already.
    shown: BTreeSet<String>,
}

/// Talks with an editor until it ends the conversation.
pub fn serve(connection: &Connection, host: &dyn Host) -> Result<(), Broken> {
    let broken = |error: lsp_server::ProtocolError| Broken(error.to_string());
    let (id, params) = connection.initialize_start().map_err(broken)?;
    let params: InitializeParams =
        serde_json::from_value(params).map_err(|error| Broken(error.to_string()))?;
    let client = Client::new(&params);
    let about = json!({
        "capabilities": capabilities(client),
        "serverInfo": { "name": "spawnsafe", "version": env!("CARGO_PKG_VERSION") },
    });
    connection.initialize_finish(id, about).map_err(broken)?;
    let (jobs, to_do) = crossbeam_channel::unbounded();
    let (done, results) = crossbeam_channel::unbounded();
    std::thread::scope(|scope| {
        scope.spawn(move || work(host, &to_do, &done));
        let mut session = Session {
            connection,
            host,
            jobs,
            client,
            folders: folders(&params),
            settings: Arc::default(),
            settings_of: BTreeMap::new(),
            documents: BTreeMap::new(),
            looked: BTreeMap::new(),
            waiting: Vec::new(),
            fixes: VecDeque::new(),
            running: None,
            asked: BTreeMap::new(),
            last_id: 0,
            shown: BTreeSet::new(),
        };
        session.start(params.initialization_options);
        let ended = session.run(&results);
        if let Some(running) = &session.running {
            running.stop.stop();
        }
        ended
    })
}

fn capabilities(client: Client) -> ServerCapabilities {
    ServerCapabilities {
        position_encoding: Some(client.encoding.kind()),
        text_document_sync: Some(TextDocumentSyncCapability::Options(TextDocumentSyncOptions {
            open_close: Some(true),
            change: Some(TextDocumentSyncKind::INCREMENTAL),
            save: Some(TextDocumentSyncSaveOptions::SaveOptions(SaveOptions::default())),
            ..TextDocumentSyncOptions::default()
        })),
        code_action_provider: Some(CodeActionProviderCapability::Options(CodeActionOptions {
            code_action_kinds: Some(vec![CodeActionKind::QUICKFIX, actions::FIX_ALL]),
            resolve_provider: Some(true),
            ..CodeActionOptions::default()
        })),
        hover_provider: Some(HoverProviderCapability::Simple(true)),
        execute_command_provider: Some(ExecuteCommandOptions {
            commands: vec![FIX_FILE.into()],
            ..ExecuteCommandOptions::default()
        }),
        workspace: Some(WorkspaceServerCapabilities {
            workspace_folders: Some(WorkspaceFoldersServerCapabilities {
                supported: Some(true),
                change_notifications: Some(OneOf::Left(true)),
            }),
            file_operations: None,
        }),
        ..ServerCapabilities::default()
    }
}

/// The folders that the editor has open.
fn folders(params: &InitializeParams) -> Vec<PathBuf> {
    let named = params.workspace_folders.iter().flatten().map(|folder| folder.uri.clone());
    let mut uris: Vec<Url> = named.collect();
    if uris.is_empty() {
        // Clients from before there were several folders.
        #[allow(deprecated)]
        uris.extend(params.root_uri.clone());
    }
    uris.iter().filter_map(|uri| uri.to_file_path().ok()).collect()
}

impl Session<'_> {
    fn start(&mut self, options: Option<Value>) {
        let options = options.unwrap_or_default();
        let settings = options.get("settings").or(options.get(SECTION)).unwrap_or(&options);
        if let Some(settings) = self.read_settings(settings) {
            self.settings = settings;
        }
        if self.client.watches_files {
            let globs = ["**/*.{py,pyw}", "**/{pyproject,spawnsafe}.toml", "**/.gitignore"];
            let watchers = globs.map(|glob| json!({ "globPattern": glob }));
            self.ask::<asks::RegisterCapability>(json!({ "registrations": [{
                "id": "spawnsafe-files",
                "method": told::DidChangeWatchedFiles::METHOD,
                "registerOptions": { "watchers": watchers },
            }] }));
        }
        self.ask_settings();
    }

    fn run(&mut self, results: &Receiver<Done>) -> Result<(), Broken> {
        let connection = self.connection;
        loop {
            let due = self.looked.values().filter_map(|folder| folder.due).min();
            let timer = due.filter(|_| self.running.is_none());
            let timer = timer.map_or_else(crossbeam_channel::never, crossbeam_channel::at);
            select! {
                recv(connection.receiver) -> message => {
                    let Ok(message) = message else {
                        return Err(Broken("the editor has gone without saying so".into()));
                    };
                    if self.message(message)? {
                        return Ok(());
                    }
                }
                recv(results) -> done => if let Ok(done) = done { self.done(done); },
                recv(timer) -> _ => {}
            }
            self.start_what_is_due();
        }
    }

    /// Whether the conversation is over.
    fn message(&mut self, message: Message) -> Result<bool, Broken> {
        match message {
            Message::Request(request) => {
                let ends = self.connection.handle_shutdown(&request);
                if ends.map_err(|error| Broken(error.to_string()))? {
                    return Ok(true);
                }
                self.request(request);
            }
            Message::Response(response) => self.answered(response),
            Message::Notification(one) if one.method == told::Exit::METHOD => {
                return Err(Broken("the editor left without a shutdown".into()));
            }
            Message::Notification(one) => self.notified(one),
        }
        Ok(false)
    }

    fn notified(&mut self, one: Notification) {
        match one.method.as_str() {
            told::DidOpenTextDocument::METHOD => self.opened(one.params),
            told::DidChangeTextDocument::METHOD => self.changed(one.params),
            told::DidSaveTextDocument::METHOD => self.saved(one.params),
            told::DidCloseTextDocument::METHOD => self.closed(one.params),
            told::DidChangeWatchedFiles::METHOD => self.touch_all(PAUSE),
            told::DidChangeWorkspaceFolders::METHOD => self.folders_changed(one.params),
            told::DidChangeConfiguration::METHOD => self.configured(&one.params),
            told::Cancel::METHOD => self.cancel(one.params),
            // The protocol lets a server pass over what it does not know.
            _ => {}
        }
    }

    fn opened(&mut self, params: Value) {
        let Some(params) = read::<lsp_types::DidOpenTextDocumentParams>(params) else { return };
        let item = params.text_document;
        let path = match item.uri.to_file_path() {
            Ok(path) => path,
            // A text that was never saved lies in the first folder, under a name that no module has.
            Err(()) => {
                let folder = self.folders.first().cloned().unwrap_or_default();
                folder.join(item.uri.path().trim_start_matches('/').replace('/', "-"))
            }
        };
        let is_python = path.extension().is_some_and(|suffix| suffix == "py" || suffix == "pyw");
        if item.language_id != "python" && !is_python {
            return;
        }
        let folder = self.folder_around(&path);
        self.documents.insert(item.uri.clone(), Document::new(item, path, folder.clone()));
        self.touch(&folder, Some(Duration::ZERO));
    }

    fn changed(&mut self, params: Value) {
        let Some(params) = read::<lsp_types::DidChangeTextDocumentParams>(params) else { return };
        let (uri, version) = (params.text_document.uri, params.text_document.version);
        let encoding = self.client.encoding;
        let Some(document) = self.documents.get_mut(&uri) else { return };
        document.change(version, params.content_changes, encoding);
        let folder = document.folder.clone();
        let on_type = self.settings(&folder).run == Run::OnType;
        self.touch(&folder, on_type.then_some(PAUSE));
    }

    fn saved(&mut self, params: Value) {
        let Some(params) = read::<lsp_types::DidSaveTextDocumentParams>(params) else { return };
        let Some(document) = self.documents.get(&params.text_document.uri) else { return };
        if let Some(folder) = self.looked.get_mut(&document.folder)
            && folder.fresh().is_none()
        {
            folder.plan(Instant::now());
        }
    }

    fn closed(&mut self, params: Value) {
        let Some(params) = read::<lsp_types::DidCloseTextDocumentParams>(params) else { return };
        let uri = params.text_document.uri;
        let Some(document) = self.documents.remove(&uri) else { return };
        self.tell::<told::PublishDiagnostics>(PublishDiagnosticsParams::new(uri, vec![], None));
        self.touch(&document.folder, Some(PAUSE));
    }

    fn folders_changed(&mut self, params: Value) {
        let Some(params) = read::<lsp_types::DidChangeWorkspaceFoldersParams>(params) else {
            return;
        };
        let paths = |folders: Vec<lsp_types::WorkspaceFolder>| {
            folders.into_iter().filter_map(|folder| folder.uri.to_file_path().ok())
        };
        let gone: Vec<PathBuf> = paths(params.event.removed).collect();
        self.folders.retain(|folder| !gone.contains(folder));
        self.folders.extend(paths(params.event.added));
        let places: Vec<(Url, PathBuf)> = self
            .documents
            .iter()
            .map(|(uri, document)| (uri.clone(), self.folder_around(&document.path)))
            .collect();
        for (uri, folder) in places {
            if let Some(document) = self.documents.get_mut(&uri) {
                document.folder = folder;
            }
        }
        let used: BTreeSet<&PathBuf> = self.documents.values().map(|one| &one.folder).collect();
        self.looked.retain(|folder, _| used.contains(folder));
        self.touch_all(Duration::ZERO);
        self.ask_settings();
    }

    fn configured(&mut self, params: &Value) {
        if self.client.configuration {
            self.ask_settings();
            return;
        }
        let settings = params.get("settings").unwrap_or(params);
        if let Some(settings) = self.read_settings(settings.get(SECTION).unwrap_or(settings)) {
            self.settings = settings;
            self.touch_all(Duration::ZERO);
        }
    }

    fn ask_settings(&mut self) {
        if !self.client.configuration {
            return;
        }
        let items: Vec<Value> = self
            .folders
            .iter()
            .map(|folder| json!({ "scopeUri": Url::from_file_path(folder).ok(), "section": SECTION }))
            .chain(std::iter::once(json!({ "section": SECTION })))
            .collect();
        let id = self.ask::<asks::WorkspaceConfiguration>(json!({ "items": items }));
        self.asked.insert(id, self.folders.clone());
    }

    /// What the editor says to a question of ours.
    fn answered(&mut self, response: Response) {
        let Some(folders) = self.asked.remove(&response.id) else { return };
        let Ok(Value::Array(values)) = response.response_result else { return };
        for (at, value) in values.iter().enumerate().filter(|(_, value)| value.is_object()) {
            let Some(settings) = self.read_settings(value) else { continue };
            match folders.get(at) {
                Some(folder) => drop(self.settings_of.insert(folder.clone(), settings)),
                None => self.settings = settings,
            }
        }
        self.touch_all(Duration::ZERO);
    }

    fn read_settings(&mut self, value: &Value) -> Option<Arc<ClientSettings>> {
        if !value.is_object() {
            return None;
        }
        match serde_json::from_value::<ClientSettings>(value.clone()) {
            Ok(settings) => Some(Arc::new(settings)),
            Err(error) => {
                self.show(&format!("the settings of spawnsafe are wrong: {error}"));
                None
            }
        }
    }

    pub(super) fn settings(&self, folder: &PathBuf) -> Arc<ClientSettings> {
        self.settings_of.get(folder).unwrap_or(&self.settings).clone()
    }

    /// The folder that a file is looked at with: the innermost of the editor's folders, or its project.
    fn folder_around(&self, path: &std::path::Path) -> PathBuf {
        let around = self.folders.iter().filter(|folder| path.starts_with(folder));
        let inmost = around.max_by_key(|folder| folder.components().count());
        inmost.cloned().unwrap_or_else(|| self.host.folder_of(path))
    }

    /// What was found in a folder holds no more; it is looked at again after `pause`, or when that is asked for.
    fn touch(&mut self, folder: &PathBuf, pause: Option<Duration>) {
        if let Some(running) = &self.running
            && running.folder == *folder
        {
            running.stop.stop();
        }
        let state = self.looked.entry(folder.clone()).or_default();
        state.touch();
        if let Some(pause) = pause {
            // While a person types, the look waits for the end of it.
            state.due = Some(Instant::now() + pause);
        }
    }

    fn touch_all(&mut self, pause: Duration) {
        let folders: BTreeSet<PathBuf> =
            self.documents.values().map(|document| document.folder.clone()).collect();
        for folder in &folders {
            self.touch(folder, Some(pause));
        }
    }

    /// A folder as it is now.
    pub(super) fn view(&self, folder: &PathBuf) -> View {
        let own = self.documents.values().filter(|document| document.folder == *folder);
        View {
            folder: folder.clone(),
            whole: self.folders.contains(folder),
            settings: self.settings(folder),
            open: own.map(|document| (document.path.clone(), document.sound())).collect(),
            stop: Stop::default(),
        }
    }

    /// Starts the next fix or look, if the second thread is free.
    fn start_what_is_due(&mut self) {
        if self.running.is_some() || self.start_fix() {
            return;
        }
        let now = Instant::now();
        let due = |folder: &Folder| folder.due.is_some_and(|due| due <= now);
        let next = self.looked.iter().find(|(_, folder)| due(folder)).map(|(path, _)| path.clone());
        let Some(path) = next else { return };
        let view = self.view(&path);
        let Some(folder) = self.looked.get_mut(&path) else { return };
        folder.due = None;
        let state = folder.state;
        if view.settings.enable == Some(false) || view.open.is_empty() {
            folder.look = Some((state, crate::findings::Report::default()));
            self.publish(&path);
            return;
        }
        self.running = Some(Running { folder: path, state, stop: view.stop.clone(), fix: None });
        // The other thread lives as long as this one.
        let _ = self.jobs.send(Job::Check(view));
    }

    fn done(&mut self, done: Done) {
        let Some(Running { folder, state, stop, fix }) = self.running.take() else { return };
        let checked = match (done, fix) {
            (Done::Fixed(reports), Some(fix)) => return self.fixed(fix, reports),
            (Done::Checked(checked), _) => checked,
            (Done::Fixed(_), None) => return,
        };
        if stop.is_stopped() {
            return;
        }
        let report = checked.unwrap_or_else(|message| {
            self.show(&message);
            crate::findings::Report::default()
        });
        let Some(looked) = self.looked.get_mut(&folder) else { return };
        looked.look = Some((state, report));
        if looked.fresh().is_some() {
            self.publish(&folder);
        }
    }

    /// Tells what was found in the open documents of a folder, where that is new, and answers who waited for it.
    fn publish(&mut self, folder: &PathBuf) {
        let Some(report) = self.looked.get(folder).and_then(Folder::fresh) else { return };
        let settings = self.settings(folder);
        let enabled = settings.enable != Some(false);
        let syntax = enabled && settings.show_syntax_errors != Some(false);
        let mut news: Vec<(Url, i32, Vec<Diagnostic>)> = Vec::new();
        for document in self.documents.values().filter(|document| document.folder == *folder) {
            let mut found =
                diagnostics::of_document(document, report, &self.documents, self.client);
            found.extend(syntax.then(|| diagnostics::of_broken(document, self.client)).flatten());
            let old = document.published.as_ref();
            if old.is_none_or(|(version, have)| *version != document.version || *have != found) {
                news.push((document.uri.clone(), document.version, found));
            }
        }
        for (uri, version, found) in news {
            if let Some(document) = self.documents.get_mut(&uri) {
                document.published = Some((version, found.clone()));
            }
            let params = PublishDiagnosticsParams::new(uri, found, Some(version));
            self.tell::<told::PublishDiagnostics>(params);
        }
        self.answer_waiting(folder);
    }

    /// Tells the user, once.
    fn show(&mut self, message: &str) {
        if self.shown.insert(message.to_owned()) {
            let message = format!("spawnsafe: {message}");
            self.tell::<told::ShowMessage>(ShowMessageParams { typ: MessageType::ERROR, message });
        }
    }

    pub(super) fn tell<N: lsp_types::notification::Notification>(&self, params: N::Params) {
        self.send(Message::Notification(Notification::new(N::METHOD.into(), params)));
    }

    /// Asks the editor something.
    pub(super) fn ask<R: lsp_types::request::Request>(&mut self, params: Value) -> RequestId {
        self.last_id += 1;
        let id = RequestId::from(self.last_id);
        let request = lsp_server::Request::new(id.clone(), R::METHOD.into(), params);
        self.send(Message::Request(request));
        id
    }

    pub(super) fn respond(&self, id: RequestId, result: impl Serialize) {
        self.send(Message::Response(Response::new_ok(id, result)));
    }

    pub(super) fn refuse(&self, id: RequestId, code: ErrorCode, message: &str) {
        self.send(Message::Response(Response::new_err(id, code as i32, message.into())));
    }

    fn send(&self, message: Message) {
        // If the editor has gone, the next message from it says so.
        let _ = self.connection.sender.send(message);
    }
}

/// Parameters of a notification; what does not fit is passed over, since no answer is due.
pub(super) fn read<T: DeserializeOwned>(params: Value) -> Option<T> {
    serde_json::from_value(params).ok()
}
