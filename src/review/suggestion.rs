//! A fix as a block of whole lines that one click on the platform puts in place of others.

use super::changes::{FileChanges, Lines};
use super::markdown::is_deceptive;
use crate::findings::Fix;
use crate::text::{Edit, EditSet, SourceFile};

/// Blocks longer than this are no longer read in a comment; GitLab takes no more either.
const MAX_LINES: u32 = 100;

/// As are blocks of more bytes.
const MAX_BYTES: usize = 12_000;

/// A replacement of whole lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The lines that go.
    pub lines: Lines,
    /// What comes, with newlines between lines, the last included; empty to delete the lines.
    pub text: String,
}

/// The 1-based line of the byte at `offset`, counted as git counts: only `\n` ends a line.
pub fn line_of(text: &str, offset: u32) -> u32 {
    text.get(..offset as usize).unwrap_or(text).matches('\n').count() as u32 + 1
}

/// The block that does what `fix` does, if every edit lies in one hunk of `changes` and the platform
/// would put exactly these characters into the file.
pub fn block(fix: &Fix, source: &SourceFile, changes: &FileChanges) -> Option<Block> {
    if fix.edits.iter().any(|edit| edit.path.as_path() != source.path) {
        return None;
    }
    let edits = EditSet::new(fix.edits.iter().map(|edit| edit.edit.clone())).ok()?;
    let (start, end) = whole_lines(&source.text, &edits)?;
    let before = &source.text[start..end];
    let after = replaced(&source.text, &edits, start, end);
    let lines = Lines {
        first: line_of(&source.text, start as u32),
        last: line_of(&source.text, (end as u32).saturating_sub(1).max(start as u32)),
    };
    let short = after.len() <= MAX_BYTES
        && lines.last - lines.first < MAX_LINES
        && after.lines().count() <= MAX_LINES as usize;
    // A carriage return does not survive Markdown, and what becomes of other controls is not known.
    let plain =
        !before.contains('\r') && !after.chars().any(|c| c != '\n' && c != '\t' && is_deceptive(c));
    // A comment cannot say whether the last line has a newline.
    let ends_alike = before.ends_with('\n') == after.ends_with('\n') || after.is_empty();
    let useful = before != after && !before.is_empty();
    (short
        && plain
        && ends_alike
        && useful
        && is_utf8(source, lines)
        && changes.hunk_with(lines).is_some())
    .then_some(Block { lines, text: after })
}

/// Whether the platform, which writes UTF-8, leaves the rest of the file as it is: the file is UTF-8,
/// and a byte order mark is not in a replaced line.
fn is_utf8(source: &SourceFile, lines: Lines) -> bool {
    let bytes = source.encode(&source.text).unwrap_or_default();
    let body = bytes.strip_prefix(b"\xef\xbb\xbf").filter(|_| source.has_bom()).unwrap_or(&bytes);
    body == source.text.as_bytes() && !(source.has_bom() && lines.first == 1)
}

/// The smallest range of whole lines that holds every edit. Lines end at `\n` only.
fn whole_lines(text: &str, edits: &EditSet) -> Option<(usize, usize)> {
    let first = edits.iter().next()?;
    let start = text[..first.span.start as usize].rfind('\n').map_or(0, |newline| newline + 1);
    let mut end = start;
    for edit in edits.iter() {
        end = end.max(line_end(text, edit));
    }
    // What was put before the end of a line without a newline of its own runs into the next line.
    while end < text.len()
        && end > start
        && !replaced(text, edits, start, end).ends_with('\n')
        && !replaced(text, edits, start, end).is_empty()
    {
        end = next_line_end(text, end);
    }
    if start == end {
        // Text is added behind the last newline: the block must replace a line, so it takes the one before.
        let start = text[..start.saturating_sub(1)].rfind('\n').map_or(0, |newline| newline + 1);
        return Some((start, end));
    }
    Some((start, end))
}

/// Where the last line that `edit` touches ends, its newline included.
fn line_end(text: &str, edit: &Edit) -> usize {
    let (start, end) = (edit.span.start as usize, edit.span.end as usize);
    // A replacement that ends right behind a newline does not touch the line after it.
    if end > start && text[..end].ends_with('\n') { end } else { next_line_end(text, end) }
}

fn next_line_end(text: &str, from: usize) -> usize {
    text[from..].find('\n').map_or(text.len(), |newline| from + newline + 1)
}

/// What `text[start..end]` becomes by `edits`, all of which lie in it.
fn replaced(text: &str, edits: &EditSet, start: usize, end: usize) -> String {
    let mut out = String::new();
    let mut done = start;
    for edit in edits.iter() {
        out.push_str(&text[done..edit.span.start as usize]);
        out.push_str(&edit.text);
        done = edit.span.end as usize;
    }
    out.push_str(&text[done..end.max(done)]);
    out
}
