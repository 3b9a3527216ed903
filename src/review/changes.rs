//! Which lines of the new side a diff changes, and which of them a review can comment on.

use super::patch::{FilePatch, Hunk};
use std::collections::BTreeMap;

/// Lines `first..=last` of the new side, 1-based.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lines {
    /// The first line.
    pub first: u32,
    /// The last line, not before the first.
    pub last: u32,
}

impl Lines {
    /// The lines from `first` to `last`, whichever comes first.
    pub fn new(first: u32, last: u32) -> Self {
        Self { first: first.min(last), last: first.max(last) }
    }

    /// Whether `other` lies within these lines.
    pub fn contain(self, other: Self) -> bool {
        self.first <= other.first && other.last <= self.last
    }

    /// The lines that both have.
    pub fn shared(self, other: Self) -> Option<Self> {
        let (first, last) = (self.first.max(other.first), self.last.min(other.last));
        (first <= last).then_some(Self { first, last })
    }
}

/// What a diff does to the new side of one file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileChanges {
    /// The path on the old side; `None` if the file is new.
    pub old: Option<String>,
    /// The hunks.
    pub hunks: Vec<Hunk>,
}

impl FileChanges {
    /// Whether one of `lines` was added, or lines were removed between two of them.
    pub fn touch(&self, lines: Lines) -> bool {
        self.hunks.iter().any(|hunk| {
            let mut next = hunk.first_new();
            hunk.rows.iter().any(|row| match (row.old, row.new) {
                (None, Some(line)) => {
                    next = line + 1;
                    lines.first <= line && line <= lines.last
                }
                (_, Some(line)) => {
                    next = line + 1;
                    false
                }
                (_, None) => lines.first < next && next <= lines.last,
            })
        })
    }

    /// The lines of the hunk that shows all of `lines`.
    pub fn hunk_with(&self, lines: Lines) -> Option<Lines> {
        self.hunks.iter().filter_map(Hunk::new_lines).find(|shown| shown.contain(lines))
    }

    /// The part of `lines` that one hunk shows: the part with the first of them that is shown.
    pub fn shown(&self, lines: Lines) -> Option<Lines> {
        self.hunks.iter().filter_map(Hunk::new_lines).find_map(|shown| shown.shared(lines))
    }

    /// The old line of an unchanged line that a hunk shows.
    pub fn old_line(&self, new: u32) -> Option<u32> {
        self.hunks
            .iter()
            .flat_map(|hunk| &hunk.rows)
            .find(|row| row.new == Some(new))
            .and_then(|row| row.old)
    }

    /// The first line of the new side that `text` does not have as the diff shows it. Newline
    /// characters do not count; nor do lines that are not UTF-8, since `text` was decoded.
    pub fn mismatch(&self, text: &str) -> Option<u32> {
        let lines: Vec<&str> = text.split('\n').collect();
        self.hunks.iter().flat_map(|hunk| &hunk.rows).find_map(|row| {
            let number = row.new?;
            let shown = std::str::from_utf8(&row.text).ok()?;
            let shown = if number == 1 { shown.trim_start_matches('\u{feff}') } else { shown };
            let have = lines.get(number as usize - 1).copied().unwrap_or_default();
            (have.trim_end_matches('\r') != shown.trim_end_matches('\r')).then_some(number)
        })
    }
}

impl Hunk {
    /// The first new line of the hunk, or the one that would follow an empty new side.
    fn first_new(&self) -> u32 {
        self.rows.iter().find_map(|row| row.new).unwrap_or(self.new_start + 1)
    }

    /// The lines of the new side that the hunk shows.
    pub fn new_lines(&self) -> Option<Lines> {
        let first = self.rows.iter().find_map(|row| row.new)?;
        let last = self.rows.iter().rev().find_map(|row| row.new)?;
        Some(Lines { first, last })
    }
}

/// A whole diff, by path of the new side.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    files: BTreeMap<String, FileChanges>,
    /// Old paths of deleted files.
    deleted: Vec<String>,
}

impl Changes {
    /// Orders the files of a diff. A file that the diff names twice (a series of patches) has the hunks of the last.
    pub fn new(files: Vec<FilePatch>) -> Self {
        let mut changes = Self::default();
        for FilePatch { old, new, hunks } in files {
            match (old, new) {
                (old, Some(new)) => {
                    changes.files.insert(new, FileChanges { old, hunks });
                }
                (Some(old), None) => changes.deleted.push(old),
                (None, None) => {}
            }
        }
        changes
    }

    /// What happens to the file with that path on the new side.
    pub fn file(&self, path: &str) -> Option<&FileChanges> {
        self.files.get(path)
    }

    /// All changed files of the new side, by path.
    pub fn files(&self) -> impl Iterator<Item = (&str, &FileChanges)> {
        self.files.iter().map(|(path, file)| (path.as_str(), file))
    }

    /// Old paths of the files that are gone.
    pub fn deleted(&self) -> &[String] {
        &self.deleted
    }
}
