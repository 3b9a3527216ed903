//! Replacements of byte ranges, kept sorted and disjoint by construction.

use super::Span;

/// One replaced byte range of the original text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Edit {
    /// What goes; empty for an insertion.
    pub span: Span,
    /// What comes.
    pub text: String,
}

impl Edit {
    /// Replaces `span` by `text`.
    pub fn replace(span: Span, text: impl Into<String>) -> Self {
        Self { span, text: text.into() }
    }

    /// Inserts `text` before the byte at `offset`.
    pub fn insert(offset: u32, text: impl Into<String>) -> Self {
        Self::replace(Span::at(offset), text)
    }

    /// Deletes `span`.
    pub fn delete(span: Span) -> Self {
        Self::replace(span, "")
    }
}

/// Two edits want the same bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("two edits overlap at byte {at}")]
pub struct Overlap {
    /// Where the later edit starts.
    pub at: u32,
}

/// Edits of one text, sorted and disjoint.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EditSet {
    edits: Vec<Edit>,
}

impl EditSet {
    /// Sorts `edits`. Insertions at one place keep the order in which they came; an edit given
    /// twice counts once.
    pub fn new(edits: impl IntoIterator<Item = Edit>) -> Result<Self, Overlap> {
        let mut set = Self::default();
        for edit in edits {
            set.add(edit)?;
        }
        Ok(set)
    }

    /// Adds one edit, or says where it meets another; the set is then unchanged.
    pub fn add(&mut self, edit: Edit) -> Result<(), Overlap> {
        if let Some(at) = self.place_for(&edit)? {
            self.edits.insert(at, edit);
        }
        Ok(())
    }

    /// Whether an edit meets none of those in the set.
    pub fn accepts(&self, edit: &Edit) -> bool {
        self.place_for(edit).is_ok()
    }

    /// Where an edit goes; `None` if the set has the very same.
    fn place_for(&self, edit: &Edit) -> Result<Option<usize>, Overlap> {
        let ends = (edit.span.start, edit.span.end);
        let at = self.edits.partition_point(|have| (have.span.start, have.span.end) <= ends);
        let mut alike = self.edits[..at].iter().rev().take_while(|have| have.span == edit.span);
        if alike.any(|have| have == edit) {
            return Ok(None);
        }
        let before = at.checked_sub(1).map(|index| &self.edits[index]);
        let clash_before = before.is_some_and(|have| have.span.end > edit.span.start);
        let clash_after = self.edits.get(at).is_some_and(|have| have.span.start < edit.span.end);
        if clash_before || clash_after {
            return Err(Overlap { at: edit.span.start });
        }
        Ok(Some(at))
    }

    /// Adds all edits of `other`, or none.
    pub fn merge(&mut self, other: &Self) -> Result<(), Overlap> {
        let mut merged = self.clone();
        for edit in &other.edits {
            merged.add(edit.clone())?;
        }
        *self = merged;
        Ok(())
    }

    /// The edits in the order of the text.
    pub fn iter(&self) -> impl Iterator<Item = &Edit> {
        self.edits.iter()
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.edits.is_empty()
    }

    /// The text after all edits.
    pub fn apply(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len() + 64);
        let mut done = 0;
        for edit in &self.edits {
            out.push_str(&text[done..edit.span.start as usize]);
            out.push_str(&edit.text);
            done = edit.span.end as usize;
        }
        out.push_str(&text[done..]);
        out
    }
}
