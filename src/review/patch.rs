//! Unified diffs as git, diff and mail write them. Knows lines, not Python.
//!
//! Hunks are read by the counts of their headers, so a line of the text that looks like a header of
//! the diff (`--- a/x`, `@@ -1 +1 @@`, `diff --git`) stays text.

use super::names::{NamePair, header_name};

/// One row of a hunk. A row of the new side has a `new` line number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// 1-based line of the old file; `None` for an added line.
    pub old: Option<u32>,
    /// 1-based line of the new file; `None` for a removed line.
    pub new: Option<u32>,
    /// The line as the diff has it, without its mark and newline.
    pub text: Vec<u8>,
}

/// One hunk.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hunk {
    /// Its rows, in order.
    pub rows: Vec<Row>,
    /// The 1-based new line that the header names; for an empty new side the line before it.
    pub new_start: u32,
}

/// What a diff does to one file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FilePatch {
    /// The file's path before; `None` if it is new.
    pub old: Option<String>,
    /// The file's path after; `None` if it is deleted.
    pub new: Option<String>,
    /// Its hunks, in order; none for renames, mode changes and binary files.
    pub hunks: Vec<Hunk>,
}

/// Why a text is no unified diff.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the diff: {problem}")]
pub struct PatchError {
    /// 1-based line of the diff.
    pub line: usize,
    /// What is wrong.
    pub problem: &'static str,
}

/// Reads a unified diff. Text around it (a mail's head, a commit message) is passed over.
pub fn parse(diff: &[u8]) -> Result<Vec<FilePatch>, PatchError> {
    let mut reader = Reader {
        lines: diff.split(|byte| *byte == b'\n').collect(),
        at: 0,
        files: Vec::new(),
        names: NamePair::default(),
        open: false,
    };
    if diff.ends_with(b"\n") {
        reader.lines.pop();
    }
    while reader.at < reader.lines.len() {
        reader.step()?;
    }
    reader.close();
    Ok(reader.files)
}

struct Reader<'a> {
    lines: Vec<&'a [u8]>,
    at: usize,
    files: Vec<FilePatch>,
    names: NamePair,
    /// Whether `names` belong to a file that was not added to `files` yet.
    open: bool,
}

impl Reader<'_> {
    /// Reads one line outside of hunks, and with a hunk's header the whole hunk.
    fn step(&mut self) -> Result<(), PatchError> {
        let line = self.lines[self.at];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        self.at += 1;
        if let Some(rest) = line.strip_prefix(b"diff ") {
            self.close();
            self.open = true;
            self.names = NamePair::of_command(rest);
        } else if let Some(name) = line.strip_prefix(b"--- ").filter(|_| self.plus_follows()) {
            // Without a `diff` line (plain `diff -u`) the pair of `---` and `+++` opens a file.
            if !self.open || self.names.has_headers() {
                self.close();
                self.names = NamePair::default();
            }
            self.open = true;
            self.names.minus = Some(header_name(name));
        } else if let Some(name) =
            line.strip_prefix(b"+++ ").filter(|_| self.open && self.names.minus.is_some())
        {
            self.names.plus = Some(header_name(name));
        } else if let Some(name) =
            line.strip_prefix(b"rename from ").or_else(|| line.strip_prefix(b"copy from "))
        {
            self.names.moved_from = Some(header_name(name));
        } else if let Some(name) =
            line.strip_prefix(b"rename to ").or_else(|| line.strip_prefix(b"copy to "))
        {
            self.names.moved_to = Some(header_name(name));
        } else if line.starts_with(b"@@ -")
            || (line.starts_with(b"@@@") && self.names.has_headers())
        {
            self.hunk(line)?;
        }
        Ok(())
    }

    fn plus_follows(&self) -> bool {
        self.lines.get(self.at).is_some_and(|next| next.starts_with(b"+++ "))
    }

    fn close(&mut self) {
        if std::mem::take(&mut self.open) {
            let hunks = Vec::new();
            self.push_file(hunks);
        }
    }

    /// Adds a file under the present names, or the hunks to it if it is there already.
    fn push_file(&mut self, hunks: Vec<Hunk>) {
        let (old, new) = self.names.resolve();
        if old.is_some() || new.is_some() {
            self.files.push(FilePatch { old, new, hunks });
        }
    }

    fn hunk(&mut self, header: &[u8]) -> Result<(), PatchError> {
        let header_line = self.at;
        let fail = |problem| PatchError { line: header_line, problem };
        if !self.names.has_headers() {
            return Err(fail("a hunk without the '---' and '+++' lines that name its file"));
        }
        let ranges = Ranges::parse(header).ok_or(fail("a hunk header that cannot be read"))?;
        let hunk = self.rows(ranges).map_err(fail)?;
        if std::mem::take(&mut self.open) {
            self.push_file(Vec::new());
        }
        if let Some(file) = self.files.last_mut() {
            file.hunks.push(hunk);
        }
        Ok(())
    }

    fn rows(&mut self, ranges: Ranges) -> Result<Hunk, &'static str> {
        let parents = ranges.old.len();
        let mut hunk = Hunk { rows: Vec::new(), new_start: ranges.new.0 };
        let mut old: Vec<(u32, u32)> = ranges.old;
        let (mut new_line, mut new_left) = ranges.new;
        while new_left > 0 || old.iter().any(|(_, left)| *left > 0) {
            let line =
                *self.lines.get(self.at).ok_or("the diff ends in the middle of this hunk")?;
            self.at += 1;
            if line.starts_with(b"\\") {
                continue;
            }
            // Mailers cut the blank of an empty context line away.
            let marks = if line.is_empty() || line == b"\r" {
                vec![b' '; parents]
            } else {
                line[..parents.min(line.len())].to_vec()
            };
            if marks.len() < parents || marks.iter().any(|mark| !matches!(mark, b' ' | b'+' | b'-'))
            {
                return Err("a line of this hunk starts with none of blank, '+', '-' and '\\'");
            }
            let removed = marks.contains(&b'-');
            let added = marks.contains(&b'+');
            let text = line.get(parents..).unwrap_or_default().to_vec();
            let row =
                Row { old: (!added).then(|| old[0].0), new: (!removed).then_some(new_line), text };
            for (mark, (number, left)) in marks.iter().zip(&mut old) {
                // In a combined diff a blank beside a '-' means that this parent lacks the line.
                if *mark == b'-' || (*mark == b' ' && !removed) {
                    *left = left
                        .checked_sub(1)
                        .ok_or("this hunk has more old lines than its header says")?;
                    *number = number.saturating_add(1);
                }
            }
            if !removed {
                new_left = new_left
                    .checked_sub(1)
                    .ok_or("this hunk has more new lines than its header says")?;
                new_line = new_line.saturating_add(1);
            }
            hunk.rows.push(row);
        }
        Ok(hunk)
    }
}

/// The ranges of a hunk header: start and count of each old side, and of the new side.
struct Ranges {
    old: Vec<(u32, u32)>,
    new: (u32, u32),
}

impl Ranges {
    fn parse(header: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(header.get(..header.len().min(400))?)
            .ok()
            .or_else(|| ascii_head(header))?;
        let at_signs = text.bytes().take_while(|byte| *byte == b'@').count();
        let mut words = text[at_signs..].split(' ').filter(|word| !word.is_empty());
        let mut old = Vec::new();
        for _ in 1..at_signs {
            old.push(range(words.next()?.strip_prefix('-')?)?);
        }
        let new = range(words.next()?.strip_prefix('+')?)?;
        let closing = words.next()?;
        (closing.starts_with(&"@".repeat(at_signs)) && !old.is_empty()).then_some(Self { old, new })
    }
}

/// The part of a hunk header before its section heading, which may be in any encoding or cut.
fn ascii_head(header: &[u8]) -> Option<&str> {
    let end = header.iter().position(|byte| !byte.is_ascii())?;
    std::str::from_utf8(&header[..end]).ok()
}

fn range(word: &str) -> Option<(u32, u32)> {
    let (start, count) = word.split_once(',').unwrap_or((word, "1"));
    let (start, count) = (start.parse::<u32>().ok()?, count.parse::<u32>().ok()?);
    start.checked_add(count)?;
    Some((start, count))
}
