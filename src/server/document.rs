//! One open document: its text as the editor has it, change by change.

use crate::server::position::Encoding;
use crate::syntax;
use crate::text::{LineIndex, SourceFile, Span};
use lsp_types::{
    Diagnostic, Position, Range, TextDocumentContentChangeEvent, TextDocumentItem, Url,
};
use std::path::PathBuf;
use std::sync::Arc;

/// What editors leave at the start of some texts.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// An open document.
#[derive(Debug)]
pub(super) struct Document {
    /// Its address.
    pub(super) uri: Url,
    /// Its path, absolute.
    pub(super) path: PathBuf,
    /// The folder that it is looked at with.
    pub(super) folder: PathBuf,
    /// The version that the editor gave it last.
    pub(super) version: i32,
    /// Where it cannot be parsed, and what is wrong there.
    pub(super) broken: Option<(Span, String)>,
    /// What was published last, and for which version.
    pub(super) published: Option<(i32, Vec<Diagnostic>)>,
    text: String,
    lines: LineIndex,
    /// The bytes of the last text that could be parsed (of the first if none could), as they are on the disk.
    sound: Arc<Vec<u8>>,
}

impl Document {
    /// A document that was just opened.
    pub(super) fn new(item: TextDocumentItem, path: PathBuf, folder: PathBuf) -> Self {
        let mut document = Self {
            uri: item.uri,
            path,
            folder,
            version: item.version,
            broken: None,
            published: None,
            lines: LineIndex::new(&item.text),
            sound: Arc::new(Vec::new()),
            text: item.text,
        };
        document.sound = Arc::new(document.bytes());
        document.parse();
        document
    }

    /// Takes over what the editor changed.
    pub(super) fn change(
        &mut self,
        version: i32,
        changes: Vec<TextDocumentContentChangeEvent>,
        encoding: Encoding,
    ) {
        for change in changes {
            match change.range {
                Some(range) => {
                    let at = |position| encoding.offset(&self.text, &self.lines, position) as usize;
                    let (start, end) = (at(range.start), at(range.end));
                    self.text.replace_range(start..end.max(start), &change.text);
                }
                None => self.text = change.text,
            }
            self.lines = LineIndex::new(&self.text);
        }
        self.version = version;
        self.parse();
    }

    fn parse(&mut self) {
        let parsed = syntax::parse(self.source_text());
        self.broken = parsed.broken.first().map(|one| (one.span, one.message.clone()));
        if self.broken.is_none() {
            self.sound = Arc::new(self.bytes());
        }
    }

    /// What the rest of the project is to see of this document while it is typed in.
    pub(super) fn sound(&self) -> Arc<Vec<u8>> {
        self.sound.clone()
    }

    /// The text without a byte order mark: offsets of findings start from there.
    pub(super) fn source_text(&self) -> &str {
        self.text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&self.text)
    }

    /// The text in the encoding that it declares: that is what the file holds when it is saved.
    fn bytes(&self) -> Vec<u8> {
        let end = self.text.match_indices('\n').nth(1).map_or(self.text.len(), |(at, _)| at + 1);
        let head = self.text.as_bytes()[..end].to_vec();
        let encoded = SourceFile::decode(&self.path, head)
            .ok()
            .and_then(|head| head.encode(self.source_text()));
        encoded.unwrap_or_else(|| self.text.clone().into_bytes())
    }

    /// The range of a span of [`source_text`](Self::source_text).
    pub(super) fn range(&self, span: Span, encoding: Encoding) -> Range {
        let mark = (self.text.len() - self.source_text().len()) as u32;
        let span = Span::new(span.start + mark, span.end + mark);
        encoding.range(&self.text, &self.lines, span)
    }

    /// The byte of [`source_text`](Self::source_text) at a position.
    pub(super) fn offset(&self, position: Position, encoding: Encoding) -> u32 {
        let mark = (self.text.len() - self.source_text().len()) as u32;
        encoding.offset(&self.text, &self.lines, position).saturating_sub(mark)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(text: &str) -> Document {
        let uri = Url::parse("file:///a.py").expect("an address");
        let item = TextDocumentItem::new(uri, "python".into(), 1, text.into());
        Document::new(item, "/a.py".into(), "/".into())
    }

    fn typed(range: Option<(u32, u32, u32, u32)>, text: &str) -> TextDocumentContentChangeEvent {
        let range = range.map(|(line, column, end_line, end_column)| {
            Range::new(Position::new(line, column), Position::new(end_line, end_column))
        });
        TextDocumentContentChangeEvent { range, range_length: None, text: text.into() }
    }

    #[test]
    fn changes_come_one_after_the_other() {
        let mut document = open("x = '😀'\ny = 2\n");
        let changes = vec![
            typed(Some((0, 7, 0, 8)), ""),
            typed(Some((0, 7, 0, 7)), "', 'é'"),
            typed(Some((1, 4, 1, 5)), "3"),
        ];
        document.change(2, changes, Encoding::Utf16);
        assert_eq!(document.source_text(), "x = '😀', 'é'\ny = 3\n");
        document.change(3, vec![typed(None, "z = 1\n")], Encoding::Utf16);
        assert_eq!((document.source_text(), document.version), ("z = 1\n", 3));
    }

    #[test]
    fn others_see_the_last_text_that_is_whole() {
        let mut document = open("x = 1\n");
        document.change(2, vec![typed(Some((1, 0, 1, 0)), "y = (\n")], Encoding::Utf16);
        assert!(document.broken.is_some());
        assert_eq!(*document.sound(), b"x = 1\n");
        document.change(3, vec![typed(Some((1, 5, 1, 5)), ")")], Encoding::Utf16);
        assert!(document.broken.is_none());
        assert_eq!(*document.sound(), b"x = 1\ny = ()\n");
    }

    #[test]
    fn the_bytes_are_those_of_the_file() {
        let latin = open("# -*- coding: latin-1 -*-\nx = 'é'\n");
        assert_eq!(*latin.sound(), b"# -*- coding: latin-1 -*-\nx = '\xe9'\n");
        let marked = open("\u{feff}x = 1\n");
        assert_eq!(*marked.sound(), b"\xef\xbb\xbfx = 1\n");
        let one = marked.range(Span::new(4, 5), Encoding::Utf16);
        assert_eq!(one.start, Position::new(0, 5), "the mark is a column of the editor's text");
        assert_eq!(marked.offset(one.start, Encoding::Utf16), 4);
    }
}
