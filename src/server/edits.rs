//! What fixes make of files, as edits that leave every other line and the cursor where they are.

use crate::findings::{Change, Report};
use crate::server::client::Client;
use crate::server::document::Document;
use crate::server::folder::address;
use crate::text::{Edit, Span};
use lsp_types::{
    DocumentChanges, OneOf, OptionalVersionedTextDocumentIdentifier, TextDocumentEdit, TextEdit,
    Url, WorkspaceEdit,
};
use similar::{Algorithm, DiffOp, capture_diff_slices};
use std::collections::{BTreeMap, HashMap};

/// The edits of one document each.
type Edits = Vec<(Url, Option<i32>, Vec<TextEdit>)>;

/// All changes of `report`; `None` if an open document is not what was changed.
pub(super) fn of_report(
    report: &Report,
    documents: &BTreeMap<Url, Document>,
    client: Client,
) -> Option<WorkspaceEdit> {
    let mut all = Edits::new();
    for change in &report.changes {
        let uri = address(&change.before.path, documents)?;
        let document = documents.get(&uri);
        if document.is_some_and(|document| document.source_text() != change.before.text) {
            return None;
        }
        let encoding = client.encoding;
        let edits = differences(change).into_iter().map(|edit| TextEdit {
            range: match document {
                Some(document) => document.range(edit.span, encoding),
                None => encoding.range(&change.before.text, change.before.lines(), edit.span),
            },
            new_text: edit.text,
        });
        all.push((uri, document.map(|document| document.version), edits.collect()));
    }
    Some(workspace_edit(all, client))
}

/// Edits of one document.
pub(super) fn of_document<'e>(
    document: &Document,
    edits: impl Iterator<Item = &'e Edit>,
    client: Client,
) -> WorkspaceEdit {
    let edits = edits.map(|edit| TextEdit {
        range: document.range(edit.span, client.encoding),
        new_text: edit.text.clone(),
    });
    workspace_edit(vec![(document.uri.clone(), Some(document.version), edits.collect())], client)
}

fn workspace_edit(all: Edits, client: Client) -> WorkspaceEdit {
    if client.document_changes {
        let edits = all.into_iter().map(|(uri, version, edits)| TextDocumentEdit {
            text_document: OptionalVersionedTextDocumentIdentifier { uri, version },
            edits: edits.into_iter().map(OneOf::Left).collect(),
        });
        let changes = Some(DocumentChanges::Edits(edits.collect()));
        return WorkspaceEdit { document_changes: changes, ..WorkspaceEdit::default() };
    }
    let changes: HashMap<Url, Vec<TextEdit>> =
        all.into_iter().map(|(uri, _, edits)| (uri, edits)).collect();
    WorkspaceEdit { changes: Some(changes), ..WorkspaceEdit::default() }
}

/// The lines that differ, each run of them as one edit.
fn differences(change: &Change) -> Vec<Edit> {
    let old: Vec<&str> = change.before.text.split_inclusive('\n').collect();
    let new: Vec<&str> = change.after.split_inclusive('\n').collect();
    let mut starts = vec![0];
    for line in &old {
        starts.push(starts.last().copied().unwrap_or(0) + line.len() as u32);
    }
    let ops = capture_diff_slices(Algorithm::Myers, &old, &new);
    let changed = ops.iter().filter(|op| !matches!(op, DiffOp::Equal { .. }));
    changed
        .map(|op| {
            let range = op.old_range();
            let span = Span::new(starts[range.start], starts[range.end]);
            Edit::replace(span, new[op.new_range()].concat())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{EditSet, SourceFile};
    use std::sync::Arc;

    #[test]
    fn only_lines_that_differ_are_replaced() {
        for (before, after, runs) in [
            ("a\nb\nc\n", "a\nB\nc\n", 1),
            ("a\nb\nc\nd\ne", "x\na\nb\nc\nd\nE", 2),
            ("a", "", 1),
            ("a\n", "a\n", 0),
        ] {
            let source = Arc::new(SourceFile::from_text("a.py", before));
            let edits = differences(&Change { before: source, after: after.into() });
            assert_eq!(edits.len(), runs, "{before:?}");
            let edits = EditSet::new(edits).expect("disjoint");
            assert_eq!(edits.apply(before), after);
        }
    }
}
