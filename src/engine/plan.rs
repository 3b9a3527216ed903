//! Which fixes go together: all of a fix or nothing, the earlier first, the rest in the next pass.

use super::Options;
use crate::findings::{Applicability, Finding, Fix};
use crate::text::{Edit, EditSet};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

/// Edits of one pass.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Edits by file.
    pub(super) edits: BTreeMap<Arc<PathBuf>, EditSet>,
    /// The findings whose fixes are in.
    pub(super) applied: Vec<usize>,
    new_names: BTreeSet<(Arc<PathBuf>, String)>,
    fixes: Vec<Fix>,
}

/// Whether the options allow the finding's fix.
pub(super) fn allowed<'f>(finding: &'f Finding, options: &Options) -> Option<&'f Fix> {
    let run = options;
    let options = options.of(&finding.location.path);
    finding
        .fix()
        // Files that nobody asked for stay as they are.
        .filter(|fix| fix.edits.iter().all(|edit| !run.context.contains(&*edit.path)))
        .filter(|fix| fix.applicability == Applicability::Safe || options.unsafe_fixes)
}

impl Plan {
    /// The fixes of `findings` that go together, of those at the positions `wanted`.
    pub(super) fn new(
        findings: &[Finding],
        wanted: impl Iterator<Item = usize>,
        options: &Options,
    ) -> Self {
        let mut plan = Self::default();
        for position in wanted {
            if let Some(fix) = allowed(&findings[position], options)
                && plan.add(fix)
            {
                plan.applied.push(position);
            }
        }
        plan
    }

    fn add(&mut self, fix: &Fix) -> bool {
        if self.fixes.contains(fix) {
            return true;
        }
        let mut merged = self.edits.clone();
        for file_edit in &fix.edits {
            if merged
                .entry(file_edit.path.clone())
                .or_default()
                .add(file_edit.edit.clone())
                .is_err()
            {
                return false;
            }
        }
        // Two fixes may bind the same new name only by the very same insertion.
        for name in &fix.new_names {
            for file_edit in &fix.edits {
                let key = (file_edit.path.clone(), name.clone());
                let shared = self.fixes.iter().any(|other| {
                    other.edits.iter().any(|edit| {
                        edit == file_edit
                            && edit.edit.span.is_empty()
                            && edit.edit.text.contains(name.as_str())
                    })
                });
                if self.new_names.contains(&key)
                    && !shared
                    && file_edit.edit.text.contains(name.as_str())
                    && file_edit.edit.span.is_empty()
                {
                    return false;
                }
            }
        }
        self.new_names.extend(
            fix.new_names.iter().flat_map(|name| {
                fix.edits.iter().map(move |edit| (edit.path.clone(), name.clone()))
            }),
        );
        self.edits = merged;
        self.fixes.push(fix.clone());
        true
    }
}

/// The text after `edits`. Definitions that several fixes put at one place follow each other with two blank lines
/// between them, imports stand in front of them.
pub(super) fn applied(edits: &EditSet, text: &str) -> String {
    let mut rows: Vec<Edit> = edits.iter().cloned().collect();
    let is_import = |edit: &Edit| {
        edit.span.is_empty() && (edit.text.starts_with("from ") || edit.text.starts_with("import "))
    };
    rows.sort_by_key(|edit| (edit.span.start, edit.span.end, !is_import(edit)));
    for at in 1..rows.len() {
        let (before, after) = rows.split_at_mut(at);
        let (Some(have), Some(next)) = (before.last(), after.first_mut()) else { continue };
        let same_place = have.span.is_empty() && next.span == have.span;
        let blank = have.text.replace("\r\n", "\n").ends_with("\n\n\n");
        if same_place && blank {
            next.text = next.text.trim_start_matches(['\r', '\n']).to_owned();
        }
    }
    // They were disjoint before.
    EditSet::new(rows).map_or_else(|_| edits.apply(text), |rows| rows.apply(text))
}
