//! Bytes in, the same bytes out; lines, indentation and edits by hand.

use super::indent::{indentation, line_end, line_start, reindent};
use super::{Edit, EditSet, LineIndex, ReadError, SourceFile, Span};
use std::path::Path;

fn decode(bytes: &[u8]) -> Result<SourceFile, ReadError> {
    SourceFile::decode(Path::new("x.py"), bytes.to_vec())
}

#[test]
fn edits_are_applied_in_the_order_of_the_text() {
    let edits = EditSet::new([
        Edit::replace(Span::new(4, 7), "two"),
        Edit::insert(0, "> "),
        Edit::delete(Span::new(7, 8)),
        Edit::insert(0, "! "),
    ])
    .expect("they are apart");
    assert_eq!(edits.apply("one 222 three"), "> ! one twothree");
}

#[test]
fn an_edit_that_meets_another_changes_nothing() {
    let mut edits = EditSet::new([Edit::delete(Span::new(2, 6))]).expect("one edit");
    let before = edits.clone();
    for clash in
        [Edit::insert(4, "x"), Edit::delete(Span::new(0, 3)), Edit::delete(Span::new(5, 9))]
    {
        assert!(edits.add(clash.clone()).is_err(), "{clash:?}");
    }
    let both = EditSet::new([Edit::insert(0, "x"), Edit::insert(3, "y")]).expect("apart");
    assert!(edits.merge(&both).is_err());
    assert_eq!(edits, before);
    edits.add(Edit::delete(Span::new(2, 6))).expect("the same edit twice counts once");
    edits.add(Edit::insert(6, "x")).expect("they only touch");
    assert_eq!(edits.apply("abcdefgh"), "abxgh");
}

#[test]
fn lines_end_as_in_python() {
    let text = "a\r\nbé\rc\n";
    let lines = LineIndex::new(text);
    assert_eq!(lines.count(), 4);
    let place = |offset| (lines.place(text, offset).line, lines.place(text, offset).column);
    assert_eq!((place(0), place(3), place(6), place(7)), ((1, 1), (2, 1), (2, 3), (3, 1)));
    assert_eq!((lines.line_start(3), lines.line_start(99)), (7, 9));
}

#[test]
fn strings_keep_their_insides_when_code_moves() {
    let text = "if x:\n    def f():\n        s = \"\"\"a\n        b\"\"\"\n\n        return s\n";
    let (start, end) = (text.find("def").expect("there") as u32, text.len() as u32);
    let string = Span::new(
        text.find("\"\"\"").expect("there") as u32,
        text.rfind('"').expect("there") as u32 + 1,
    );
    assert_eq!(
        reindent(text, Span::new(start, end), "    ", "", &[string]),
        "def f():\n    s = \"\"\"a\n        b\"\"\"\n\n    return s\n"
    );
    assert_eq!(indentation(text, start), "    ");
    assert_eq!((line_start(text, start), line_end(text, start)), (6, 19));
    assert_eq!(line_end("no newline", 3), 10);
    // The last byte of a character.
    assert_eq!((line_start("a\né\nb", 3), line_end("a\né\nb", 3)), (2, 5));
}

#[test]
fn every_encoding_comes_back_byte_for_byte() {
    for bytes in [
        &b"\xef\xbb\xbfx = '\xc3\xa9'\r\n"[..],
        b"# -*- coding: latin-1 -*-\nx = '\xe9'\n",
        b"#!/usr/bin/python\n# vim: set fileencoding=cp1252 :\nx = '\x80'\n",
        b"# coding: euc-jp\nx = '\xb4\xc1'\n",
        b"",
    ] {
        let file = decode(bytes).unwrap_or_else(|error| panic!("{bytes:?}: {error}"));
        assert_eq!(file.encode(&file.text).as_deref(), Some(bytes));
    }
    let latin = decode(b"# coding: latin-1\n").expect("ASCII");
    assert_eq!(latin.encode("\u{4e00}"), None, "a character without a place");
}

#[test]
fn what_python_cannot_read_is_refused() {
    assert_eq!(
        decode(b"x = '\xe9'").expect_err("no UTF-8"),
        ReadError::Undecodable { encoding: "UTF-8".into(), offset: 5 }
    );
    assert_eq!(
        decode(b"# coding: klingon\n").expect_err("no codec"),
        ReadError::UnknownEncoding("klingon".into())
    );
    assert!(matches!(decode(b"# coding: ascii\n\xe9"), Err(ReadError::Undecodable { .. })));
    assert!(decode(b"x = 1\n# coding: klingon\n").is_ok(), "a cookie stands above all code");
    assert_eq!(decode(b"x = 1\ry = 2\r").expect_err("old"), ReadError::LoneCarriageReturns);
}

#[test]
fn the_first_newline_decides() {
    let newline = |text: &str| SourceFile::from_text("x.py", text).newline();
    assert_eq!((newline("a\r\nb\n"), newline("a\nb\r\n"), newline("a")), ("\r\n", "\n", "\n"));
}
