//! Which fixes go together: all of a fix or nothing, the earlier first, the rest in the next pass.

use super::Options;
use super::run::Look;
use crate::findings::{Applicability, Finding, Fix};
use crate::project::Project;
use crate::text::{Edit, EditSet};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

/// Edits of one step.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Edits by file.
    pub(super) edits: BTreeMap<Arc<PathBuf>, EditSet>,
    /// The findings whose fixes are in.
    pub(super) applied: Vec<usize>,
    /// The names that are new in a file, with the insertions that bind them.
    new_names: BTreeMap<(Arc<PathBuf>, String), BTreeSet<Edit>>,
    /// What new names are bound to, without the name.
    meanings: BTreeSet<(Arc<PathBuf>, String)>,
    /// Where the numbers of new names go on in a file.
    numbers: BTreeMap<(Arc<PathBuf>, String), u32>,
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
    /// All `units`: lists of findings of a look that share one fix.
    pub(super) fn new(look: &Look, units: &[Vec<usize>]) -> Self {
        let mut plan = Self::default();
        for unit in units {
            if look.findings[unit[0]].fix().is_some_and(|fix| plan.add(fix, &look.project)) {
                plan.applied.extend(unit);
            }
        }
        plan
    }

    /// The units whose fixes go together, the earlier first.
    pub(super) fn fitting(look: &Look, units: &[Vec<usize>]) -> Vec<Vec<usize>> {
        let mut plan = Self::default();
        let fits = |unit: &&Vec<usize>| {
            look.findings[unit[0]].fix().is_some_and(|fix| plan.add(fix, &look.project))
        };
        units.iter().filter(fits).cloned().collect()
    }

    /// Takes in a fix as a whole, or nothing of it.
    fn add(&mut self, fix: &Fix, project: &Project) -> bool {
        let renamed = if self.binds_again(fix) { self.renamed(fix, project) } else { None };
        let fix = renamed.as_ref().unwrap_or(fix);
        let meets = fix
            .edits
            .iter()
            .any(|each| self.edits.get(&each.path).is_some_and(|edits| !edits.accepts(&each.edit)));
        if meets || self.binds_again(fix) {
            return false;
        }
        for each in &fix.edits {
            let edits = self.edits.entry(each.path.clone()).or_default();
            // A fix whose own edits meet would be a bug of its rule: it gives no text that parses.
            if edits.add(each.edit.clone()).is_err() {
                return false;
            }
        }
        for name in &fix.new_names {
            for each in &fix.edits {
                let binders = self.new_names.entry((each.path.clone(), name.clone())).or_default();
                if binds(&each.edit, name) {
                    binders.insert(each.edit.clone());
                    self.meanings.insert((each.path.clone(), meaning(&each.edit, name)));
                }
            }
        }
        true
    }

    /// The fix with other new names, where those it has are taken by other fixes for something else. Where that has the same
    /// text, the next pass finds one definition for both.
    fn renamed(&mut self, fix: &Fix, project: &Project) -> Option<Fix> {
        let mut fix = fix.clone();
        for at in 0..fix.new_names.len() {
            let name = fix.new_names[at].clone();
            let taken = |path: &Arc<PathBuf>, name: &str| {
                self.new_names.contains_key(&(path.clone(), name.to_owned()))
            };
            if !fix.edits.iter().any(|each| taken(&each.path, &name)) {
                continue;
            }
            let alike = fix.edits.iter().any(|each| {
                binds(&each.edit, &name)
                    && self.meanings.contains(&(each.path.clone(), meaning(&each.edit, &name)))
            });
            let texts: Vec<&str> = fix
                .edits
                .iter()
                .map(|each| project.at(&each.path).map(|id| project.file(id).all()))
                .collect::<Option<_>>()?;
            // Only what stands nowhere in the file is surely the new name wherever it stands in the edits.
            if alike || texts.iter().any(|text| text.contains(name.as_str())) {
                return None;
            }
            let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
            let stem = stem.strip_suffix('_').filter(|_| stem != name).unwrap_or(&name);
            let binder = fix.edits.iter().find(|each| binds(&each.edit, &name))?;
            let counted = (binder.path.clone(), stem.to_owned());
            let first = self.numbers.get(&counted).copied().unwrap_or(2);
            let (number, fresh) = (first..=u32::from(u16::MAX))
                .map(|number| (number, format!("{stem}_{number}")))
                .find(|(_, fresh)| {
                    !fix.edits.iter().any(|each| taken(&each.path, fresh))
                        && !texts.iter().any(|text| text.contains(fresh.as_str()))
                })?;
            self.numbers.insert(counted, number + 1);
            for each in &mut fix.edits {
                each.edit.text = with_word(&each.edit.text, &name, &fresh);
            }
            fix.new_names[at] = fresh;
        }
        Some(fix)
    }

    /// Whether a fix binds a new name that another one binds, and not by the very same insertion.
    fn binds_again(&self, fix: &Fix) -> bool {
        fix.new_names.iter().any(|name| {
            fix.edits.iter().any(|each| {
                let Some(binders) = self.new_names.get(&(each.path.clone(), name.clone())) else {
                    return false;
                };
                binds(&each.edit, name) && !binders.contains(&each.edit)
            })
        })
    }
}

/// Whether an edit binds a new name: it inserts text that holds it.
fn binds(edit: &Edit, name: &str) -> bool {
    edit.span.is_empty() && edit.text.contains(name)
}

/// What an insertion binds a name to.
fn meaning(edit: &Edit, name: &str) -> String {
    with_word(edit.text.trim(), name, "")
}

/// `text` with one word in the place of another.
fn with_word(text: &str, word: &str, other: &str) -> String {
    let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(word) {
        let (before, behind) = (&rest[..at], &rest[at + word.len()..]);
        let inside = is_part(before.chars().next_back().or_else(|| out.chars().next_back()))
            || is_part(behind.chars().next());
        out.push_str(before);
        out.push_str(if inside { word } else { other });
        rest = behind;
    }
    out.push_str(rest);
    out
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
