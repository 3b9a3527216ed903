//! Positions of the protocol (lines from 0, columns in units that both sides agreed on) to bytes of a
//! text and back.

use crate::text::{LineIndex, Span};
use lsp_types::{Position, PositionEncodingKind, Range};

/// What columns are counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    /// Bytes.
    Utf8,
    /// What JavaScript and Java count: two for a character beyond the first plane.
    Utf16,
    /// Characters.
    Utf32,
}

impl Encoding {
    /// The best of those that the client offers; UTF-16 is what every client knows.
    pub(super) fn agreed(offered: &[PositionEncodingKind]) -> Self {
        if offered.contains(&PositionEncodingKind::UTF8) {
            Self::Utf8
        } else if offered.contains(&PositionEncodingKind::UTF32)
            && !offered.contains(&PositionEncodingKind::UTF16)
        {
            Self::Utf32
        } else {
            Self::Utf16
        }
    }

    /// The name in the protocol.
    pub(super) fn kind(self) -> PositionEncodingKind {
        match self {
            Self::Utf8 => PositionEncodingKind::UTF8,
            Self::Utf16 => PositionEncodingKind::UTF16,
            Self::Utf32 => PositionEncodingKind::UTF32,
        }
    }

    /// The columns that a character takes.
    pub(super) fn width(self, c: char) -> u32 {
        match self {
            Self::Utf8 => c.len_utf8() as u32,
            Self::Utf16 => c.len_utf16() as u32,
            Self::Utf32 => 1,
        }
    }

    /// The position of the byte at `offset`.
    pub(super) fn position(self, text: &str, lines: &LineIndex, offset: u32) -> Position {
        let line = lines.line(offset);
        let head = text.get(lines.line_start(line) as usize..offset as usize).unwrap_or_default();
        Position::new(line - 1, head.chars().map(|c| self.width(c)).sum())
    }

    /// The range of a span.
    pub(super) fn range(self, text: &str, lines: &LineIndex, span: Span) -> Range {
        Range::new(self.position(text, lines, span.start), self.position(text, lines, span.end))
    }

    /// The byte at a position; the end of the line for a column beyond it, the end of the text for a
    /// line beyond it.
    pub(super) fn offset(self, text: &str, lines: &LineIndex, position: Position) -> u32 {
        if position.line >= lines.count() {
            return text.len() as u32;
        }
        let start = lines.line_start(position.line + 1);
        let end = if position.line + 1 < lines.count() {
            lines.line_start(position.line + 2)
        } else {
            text.len() as u32
        };
        let line = text[start as usize..end as usize].trim_end_matches(['\r', '\n']);
        let mut column = 0;
        for (at, c) in line.char_indices() {
            if column >= position.character {
                return start + at as u32;
            }
            column += self.width(c);
        }
        start + line.len() as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_counted_in_the_units_agreed_on() {
        let text = "a\n😀é = 1\r\nend";
        let lines = LineIndex::new(text);
        let equals = text.find('=').expect("it is there") as u32;
        for (encoding, column) in [(Encoding::Utf8, 7), (Encoding::Utf16, 4), (Encoding::Utf32, 3)]
        {
            let position = encoding.position(text, &lines, equals);
            assert_eq!(position, Position::new(1, column), "{encoding:?}");
            assert_eq!(encoding.offset(text, &lines, position), equals, "{encoding:?}");
        }
        let within_the_pair = Encoding::Utf16.offset(text, &lines, Position::new(1, 1));
        assert_eq!(within_the_pair, 6, "no half character");
        let beyond =
            |line, column| Encoding::Utf16.offset(text, &lines, Position::new(line, column));
        assert_eq!(beyond(1, 99) as usize, text.find('\r').expect("it is there"));
        assert_eq!(beyond(99, 0) as usize, text.len());
        assert_eq!(beyond(2, 3) as usize, text.len());
    }

    #[test]
    fn a_client_that_offers_nothing_counts_in_utf_16() {
        let all = [PositionEncodingKind::UTF32, PositionEncodingKind::UTF16];
        assert_eq!(Encoding::agreed(&[]), Encoding::Utf16);
        assert_eq!(Encoding::agreed(&all), Encoding::Utf16);
        assert_eq!(Encoding::agreed(&[PositionEncodingKind::UTF8]), Encoding::Utf8);
        assert_eq!(Encoding::agreed(&all[..1]), Encoding::Utf32);
    }
}
