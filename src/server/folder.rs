//! One folder that is looked at as a whole: what was found in it last, and whether that still holds.

use crate::findings::{Location, Report};
use crate::server::document::Document;
use crate::server::position::Encoding;
use lsp_types::Url;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

/// A folder with open documents.
#[derive(Debug, Default)]
pub(super) struct Folder {
    /// Counts the changes of its documents and of what else matters.
    pub(super) state: u64,
    /// When it is to be looked at again.
    pub(super) due: Option<Instant>,
    /// What was found, in which state.
    pub(super) look: Option<(u64, Report)>,
}

impl Folder {
    /// Something changed; what was found does not hold any more.
    pub(super) fn touch(&mut self) {
        self.state += 1;
    }

    /// Looks again at `at`, or before if that was planned.
    pub(super) fn plan(&mut self, at: Instant) {
        self.due = Some(self.due.map_or(at, |due| due.min(at)));
    }

    /// What was found, if it holds for the documents as they are.
    pub(super) fn fresh(&self) -> Option<&Report> {
        self.look.as_ref().filter(|(state, _)| *state == self.state).map(|(_, report)| report)
    }
}

/// The address of a file; none for a path that no address can name.
pub(super) fn address(path: &Path, documents: &BTreeMap<Url, Document>) -> Option<Url> {
    let open = documents.values().find(|document| document.path == path);
    open.map(|document| document.uri.clone()).or_else(|| Url::from_file_path(path).ok())
}

/// A place of a report as the protocol has it.
pub(super) fn place(
    location: &Location,
    report: &Report,
    documents: &BTreeMap<Url, Document>,
    encoding: Encoding,
) -> Option<lsp_types::Location> {
    let uri = address(&location.path, documents)?;
    let range = match documents.get(&uri).filter(|document| document.broken.is_none()) {
        Some(document) => document.range(location.span, encoding),
        None => {
            let source = report.sources.get(location.path.as_path())?;
            encoding.range(&source.text, source.lines(), location.span)
        }
    };
    Some(lsp_types::Location { uri, range })
}
