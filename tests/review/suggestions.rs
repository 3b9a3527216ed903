//! Suggestions: what a click puts into the file is what the fix does, or there is no suggestion.

use crate::change::{Change, numbered};
use spawnsafe::findings::{FileEdit, Fix};
use spawnsafe::review::suggestion::{Block, block};
use spawnsafe::text::{Edit, EditSet, SourceFile, Span};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What the platform does with a click: the lines of the block go, its text comes.
pub(crate) fn click(text: &str, block: &Block) -> String {
    let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    let (first, last) = (block.lines.first as usize - 1, block.lines.last as usize);
    let had_newline = lines[last - 1].ends_with('\n');
    let mut new = block.text.trim_end_matches('\n').to_owned();
    // The fence's own newline ends the last line; an empty block is a deletion.
    let trailing = block.text.len() - new.len();
    new.push_str(&"\n".repeat(trailing.saturating_sub(1)));
    if trailing > 0 && had_newline || (trailing == 0 && had_newline && !block.text.is_empty()) {
        new.push('\n');
    }
    lines.splice(first..last, [new]);
    lines.concat()
}

fn fix(edits: &[(u32, u32, &str)]) -> Fix {
    let edits = edits.iter().map(|(start, end, text)| FileEdit {
        path: Arc::new("x.py".into()),
        edit: Edit::replace(Span::new(*start, *end), *text),
    });
    Fix {
        title: "x".into(),
        applicability: spawnsafe::findings::Applicability::Safe,
        edits: edits.collect(),
        new_names: Vec::new(),
    }
}

/// The block for a file that is new, so that one hunk shows all of it.
fn block_in(text: &str, fix: &Fix) -> Option<Block> {
    let change = Change::of("x.py", "", text);
    block(fix, &SourceFile::from_text("x.py", text), change.changes().file("x.py")?)
}

#[test]
fn column_edits_become_whole_lines() {
    let text = "one\ntwo three\nfour\n";
    let found = block_in(text, &fix(&[(8, 13, "drei")])).expect("a block");
    assert_eq!((found.lines.first, found.lines.last, found.text.as_str()), (2, 2, "two drei\n"));
}

#[test]
fn random_edits_click_as_they_apply() {
    let mut state = 42_u64;
    let mut next = |below: usize| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below.max(1)
    };
    let pieces = ["\n", "a", "bc\n", "", "\n\n", "def f():\n    pass\n", "é", "    x"];
    let (mut tried, mut given) = (0, 0);
    for _ in 0..30_000 {
        let text: String = (0..=next(8)).map(|_| pieces[next(pieces.len())]).collect();
        let mut edits = EditSet::default();
        let mut raw = Vec::new();
        for _ in 0..=next(3) {
            let bounds: Vec<usize> =
                (0..=text.len()).filter(|at| text.is_char_boundary(*at)).collect();
            let (a, b) = (bounds[next(bounds.len())], bounds[next(bounds.len())]);
            let edit = Edit::replace(
                Span::new(a.min(b) as u32, a.max(b) as u32),
                pieces[next(pieces.len())],
            );
            if edits.add(edit.clone()).is_ok() {
                raw.push(FileEdit { path: Arc::new(PathBuf::from("x.py")), edit });
            }
        }
        let fix = Fix { edits: raw, ..fix(&[]) };
        tried += 1;
        if let Some(found) = block_in(&text, &fix) {
            given += 1;
            assert_eq!(
                click(&text, &found),
                edits.apply(&text),
                "{text:?} with {edits:?} gave {found:?}"
            );
        }
    }
    assert!(given * 3 > tried, "only {given} of {tried} random fixes gave a suggestion");
}

#[test]
fn two_hunks_get_no_suggestion() {
    let before = numbered(40);
    let after = before
        .replace("name5 = 5\n", "name5 = five\n")
        .replace("name30 = 30\n", "name30 = thirty\n");
    let mut change = Change::of("x.py", &before, &after);
    change.fixable("x.py", "thirty", &[("five", "5"), ("thirty", "30")]);
    let review = change.review();
    let comment = &review.comments[0];
    assert_eq!(comment.suggestion, None);
    assert_eq!((comment.lines.first, comment.lines.last), (30, 30));
    let body = comment.body("suggestion");
    assert!(
        body.contains(
            "<details><summary>Patch</summary>\n\n```diff\n--- a/x.py\n+++ b/x.py\n@@ -2,7 +2,7 @@"
        ),
        "{body}"
    );
    assert!(body.contains("spawnsafe fix --write --select SP103 x.py"), "{body}");
}

#[test]
fn lines_outside_of_the_diff_get_no_suggestion() {
    let before = numbered(20);
    let mut change =
        Change::of("x.py", &before, &before.replace("name10 = 10\n", "name10 = ten\n"));
    change.fixable("x.py", "ten", &[("name3 ", "other ")]);
    assert_eq!(change.review().comments[0].suggestion, None);
}

#[test]
fn what_a_click_could_spoil_gets_no_suggestion() {
    for (why, text) in [
        ("CRLF", "a\r\nb\r\n"),
        ("a lone carriage return", "a\rb\n"),
        ("an escape", "a\u{1b}[31m\n"),
        ("a mark of direction", "a\u{202e}\n"),
    ] {
        assert_eq!(block_in(text, &fix(&[(0, 1, "x")])), None, "{why}");
    }
    let change = Change::of("x.py", "", "a\nb\n");
    let changes = change.changes();
    let file = changes.file("x.py").expect("it is changed");
    let latin = SourceFile::decode(Path::new("x.py"), b"# coding: latin-1\n# \xe4\n".to_vec())
        .expect("latin-1");
    assert_eq!(block(&fix(&[(0, 1, "#!")]), &latin, file), None, "the platform writes UTF-8");
    let marked = SourceFile::decode(Path::new("x.py"), b"\xef\xbb\xbfa\nb\n".to_vec())
        .expect("a byte order mark");
    assert_eq!(block(&fix(&[(0, 1, "x")]), &marked, file), None, "the mark would be lost");
    assert!(block(&fix(&[(2, 3, "x")]), &marked, file).is_some());
    assert_eq!(block_in("a\nb\n", &fix(&[(0, 1, "a")])), None, "equal to the current text");
}

#[test]
fn the_last_line_keeps_its_lack_of_a_newline() {
    let found = block_in("a\nb", &fix(&[(2, 3, "c")])).expect("a block");
    assert_eq!(found.text, "c");
    assert_eq!(block_in("a\nb", &fix(&[(2, 3, "c\n")])), None, "a comment cannot add the newline");
}

#[test]
fn an_edit_of_another_file_gets_no_suggestion() {
    let mut change = Change::of("x.py", "", "a\n");
    change.file("y.py", "", "b\n");
    let other = FileEdit { path: Arc::new("y.py".into()), edit: Edit::insert(0, "c") };
    let finding = change.fixable("x.py", "a", &[("a", "x")]);
    if let spawnsafe::findings::Remedy::Fix(fix) = &mut finding.remedy {
        fix.edits.push(other);
    }
    let body = change.review().comments[0].body("suggestion");
    assert!(
        body.contains("+++ b/x.py")
            && body.contains("+++ b/y.py")
            && !body.contains("```suggestion"),
        "{body}"
    );
}
