//! What the editor can do and what its user wants.

use crate::server::position::Encoding;
use lsp_types::{ClientCapabilities, InitializeParams, MarkupKind};
use serde::Deserialize;
use std::path::PathBuf;

/// What the other side of the connection can do.
#[derive(Debug, Clone, Copy)]
pub(super) struct Client {
    /// What columns are counted in.
    pub(super) encoding: Encoding,
    /// Whether it asks for the edit of an action when the action is chosen.
    pub(super) resolves_edits: bool,
    /// Whether it takes edits with the versions that they are for.
    pub(super) document_changes: bool,
    /// Whether it answers questions about its settings.
    pub(super) configuration: bool,
    /// Whether it can be asked to watch files.
    pub(super) watches_files: bool,
    /// Whether it shows other places of a diagnostic.
    pub(super) related_information: bool,
    /// Whether hovers may be Markdown.
    pub(super) markdown: bool,
}

impl Client {
    /// Reads what the client said at the start.
    pub(super) fn new(params: &InitializeParams) -> Self {
        let ClientCapabilities { workspace, text_document, general, .. } = &params.capabilities;
        let workspace = workspace.clone().unwrap_or_default();
        let document = text_document.clone().unwrap_or_default();
        let encodings = general.as_ref().and_then(|general| general.position_encodings.clone());
        let resolves = document.code_action.and_then(|action| action.resolve_support);
        let edits = workspace.workspace_edit.and_then(|edit| edit.document_changes);
        let watching =
            workspace.did_change_watched_files.and_then(|watched| watched.dynamic_registration);
        let related = document.publish_diagnostics.and_then(|publish| publish.related_information);
        let formats = document.hover.and_then(|hover| hover.content_format);
        Self {
            encoding: Encoding::agreed(&encodings.unwrap_or_default()),
            resolves_edits: resolves
                .is_some_and(|support| support.properties.iter().any(|name| name == "edit")),
            document_changes: edits.unwrap_or(false),
            configuration: workspace.configuration.unwrap_or(false),
            watches_files: watching.unwrap_or(false),
            related_information: related.unwrap_or(false),
            markdown: formats.is_none_or(|formats| formats.contains(&MarkupKind::Markdown)),
        }
    }
}

/// When a document is looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Run {
    /// While it is typed in.
    #[default]
    OnType,
    /// When it is saved.
    OnSave,
}

/// The settings of the editor. What a configuration file may say, too, wins over the file, as the command line does.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ClientSettings {
    /// Whether anything is to be looked at.
    pub enable: Option<bool>,
    /// When.
    pub run: Run,
    /// Whether a text that cannot be parsed is a diagnostic of its own.
    pub show_syntax_errors: Option<bool>,
    /// A configuration file instead of those found beside the sources.
    pub configuration: Option<PathBuf>,
    /// Rules to enable.
    pub select: Option<Vec<String>>,
    /// Rules to enable besides.
    pub extend_select: Vec<String>,
    /// Rules to disable.
    pub ignore: Vec<String>,
    /// Patterns of paths to leave out.
    pub exclude: Option<Vec<String>>,
    /// Patterns of paths to leave out besides.
    pub extend_exclude: Vec<String>,
    /// Oldest Python that the code runs on.
    pub target_version: Option<String>,
    /// Whether "fix all" applies fixes that need a look.
    pub unsafe_fixes: bool,
    /// Form of the guard.
    pub guard_style: Option<crate::engine::GuardStyle>,
    /// How captured values travel.
    pub bind: Option<crate::engine::Bind>,
}
