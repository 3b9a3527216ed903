//! Unified diffs that `git apply` and `patch -p1` take, byte for byte in the file's own encoding.

use super::{Style, plain};
use crate::findings::{Change, Report};
use similar::{Algorithm, DiffOp, capture_diff_slices, group_diff_ops};
use std::path::{Component, Path, PathBuf};

/// Unchanged lines around a change.
const CONTEXT: usize = 3;
const NO_NEWLINE: &[u8] = b"\\ No newline at end of file\n";

/// The patch of all changes of a report. Its paths start from the current folder; from the folder that
/// [`start`] tells if there are changes outside of it, which no patch can name from there.
pub fn render(report: &Report, style: &Style) -> Vec<u8> {
    let start = start(report, style);
    let mut out = Vec::new();
    for change in &report.changes {
        let path = &change.before.path;
        match &start {
            None => out.extend(unified(change)),
            Some(start) => {
                let absolute = plain::absolute(path, &style.cwd);
                let inside = absolute.strip_prefix(start).unwrap_or(&absolute);
                out.extend(unified_at(&header_path(inside), change));
            }
        }
    }
    out
}

/// A patch with the colours that git gives it.
pub fn colored(patch: &[u8]) -> Vec<u8> {
    use anstyle::{AnsiColor, Style};
    let bold = Style::new().bold();
    let mut out = Vec::with_capacity(patch.len() * 2);
    for line in patch.split_inclusive(|byte| *byte == b'\n') {
        let (text, end) = match line.strip_suffix(b"\n") {
            Some(text) => (text, &b"\n"[..]),
            None => (line, &b""[..]),
        };
        let style = match text {
            [b'+', b'+', b'+', b' ', ..] | [b'-', b'-', b'-', b' ', ..] => bold,
            [b'+', ..] => AnsiColor::Green.on_default(),
            [b'-', ..] => AnsiColor::Red.on_default(),
            [b'@', ..] => AnsiColor::Cyan.on_default(),
            _ => Style::new(),
        };
        out.extend_from_slice(style.render().to_string().as_bytes());
        out.extend_from_slice(text);
        out.extend_from_slice(style.render_reset().to_string().as_bytes());
        out.extend_from_slice(end);
    }
    out
}

/// The folder that the paths of the patch start from, if it is not the current folder: the top of the
/// repository, or if not all changes are in it, the deepest folder that holds them.
pub fn start(report: &Report, style: &Style) -> Option<PathBuf> {
    let folders = report.changes.iter().filter_map(|change| {
        plain::absolute(&change.before.path, &style.cwd).parent().map(Path::to_path_buf)
    });
    let shared = |one: PathBuf, other: PathBuf| {
        let both = one.ancestors().find(|folder| other.starts_with(folder));
        both.unwrap_or(Path::new("/")).to_path_buf()
    };
    let deepest = folders.reduce(shared)?;
    let home = [&style.cwd, &style.root].into_iter().find(|folder| deepest.starts_with(folder));
    let start = home.map_or(deepest.as_path(), PathBuf::as_path);
    (start != style.cwd).then(|| start.to_path_buf())
}

/// The patch of one file with `a/` and `b/` before its path; empty if nothing changes, or if the
/// new text has no form in the file's encoding (the writer says so, too).
pub fn unified(change: &Change) -> Vec<u8> {
    unified_at(&header_path(&change.before.path), change)
}

fn unified_at(path: &[u8], change: &Change) -> Vec<u8> {
    let (Some(before), Some(after)) =
        (change.before.encode(&change.before.text), change.before.encode(&change.after))
    else {
        return Vec::new();
    };
    unified_bytes(path, &before, &after)
}

/// The patch from `before` to `after` for the file at `path` (with `/` between its parts).
pub fn unified_bytes(path: impl AsRef<[u8]>, before: &[u8], after: &[u8]) -> Vec<u8> {
    let path = path.as_ref();
    let old: Vec<&[u8]> = before.split_inclusive(|byte| *byte == b'\n').collect();
    let new: Vec<&[u8]> = after.split_inclusive(|byte| *byte == b'\n').collect();
    let groups = group_diff_ops(capture_diff_slices(Algorithm::Myers, &old, &new), CONTEXT);
    let mut out = Vec::new();
    for group in &groups {
        let (Some(first), Some(last)) = (group.first(), group.last()) else { continue };
        if out.is_empty() {
            out.extend_from_slice(
                format!("--- {}\n+++ {}\n", quoted("a/", path), quoted("b/", path)).as_bytes(),
            );
        }
        let old_range = range(first.old_range().start, last.old_range().end);
        let new_range = range(first.new_range().start, last.new_range().end);
        out.extend_from_slice(format!("@@ -{old_range} +{new_range} @@\n").as_bytes());
        for op in group {
            hunk_lines(&mut out, op, &old, &new);
        }
    }
    out
}

fn hunk_lines(out: &mut Vec<u8>, op: &DiffOp, old: &[&[u8]], new: &[&[u8]]) {
    let mut push = |mark: u8, lines: &[&[u8]]| {
        for line in lines {
            out.push(mark);
            out.extend_from_slice(line);
            if !line.ends_with(b"\n") {
                out.push(b'\n');
                out.extend_from_slice(NO_NEWLINE);
            }
        }
    };
    if matches!(op, DiffOp::Equal { .. }) {
        push(b' ', &old[op.old_range()]);
    } else {
        push(b'-', &old[op.old_range()]);
        push(b'+', &new[op.new_range()]);
    }
}

/// The `start,count` of a hunk. The count 1 is left out; with count 0 the line before is named.
fn range(start: usize, end: usize) -> String {
    match end - start {
        0 => format!("{start},0"),
        1 => format!("{}", start + 1),
        count => format!("{},{count}", start + 1),
    }
}

/// The bytes of the path as it stands after `a/`: parts joined by `/`, without a root, so that a path
/// from the root applies with `patch -p1 -d /`.
pub fn header_path(path: &Path) -> Vec<u8> {
    let parts = path.components().filter_map(|part| match part {
        Component::Normal(name) => Some(name.as_encoded_bytes()),
        Component::ParentDir => Some(b"..".as_slice()),
        _ => None,
    });
    parts.collect::<Vec<_>>().join(&b'/')
}

/// A name in a diff header as git writes it: C-quoted if it holds quotes, backslashes, bytes that are
/// no text or characters that do more than appear; a tab after it if it holds blanks, so that `patch`
/// sees where it ends.
fn quoted(prefix: &str, path: &[u8]) -> String {
    let special = |c: char| plain::is_hostile(c) || matches!(c, '"' | '\\');
    if let Ok(text) = std::str::from_utf8(path)
        && !text.chars().any(special)
    {
        let end = if text.contains(' ') { "\t" } else { "" };
        return format!("{prefix}{text}{end}");
    }
    let mut out = format!("\"{prefix}");
    let octal = |out: &mut String, bytes: &[u8]| {
        bytes.iter().for_each(|byte| out.push_str(&format!("\\{byte:03o}")));
    };
    for chunk in path.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\t' => out.push_str("\\t"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                c if special(c) => octal(&mut out, c.encode_utf8(&mut [0; 4]).as_bytes()),
                c => out.push(c),
            }
        }
        octal(&mut out, chunk.invalid());
    }
    out.push('"');
    out
}
