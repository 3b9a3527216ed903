//! Putting the code of a script under `if __name__ == "__main__":`.

mod islands;
pub mod items;
mod layout;
mod main_function;
mod print;
pub mod sorting;
mod text;

pub use items::{Class, Item};
pub use sorting::{Needs, Sorting, reads_once};

use super::GuardStyle;
use crate::facts::guard;
use crate::findings::{Applicability, Fix, Reason, Refusal};
use crate::project::names::script::Role;
use crate::project::{Eval, FileId, Sent, Site};
use crate::syntax::{Kind, NodeId, Tree};
use crate::text::Edit;
use std::collections::BTreeSet;

/// A file as a script: its top-level statements and who needs its names.
#[derive(Debug)]
pub struct Script<'e, 'p> {
    /// Answers questions.
    pub eval: &'e Eval<'p>,
    /// The file.
    pub file: FileId,
    /// What the file is when it runs.
    pub role: Role,
    /// Its top-level statements.
    pub items: Vec<Item>,
    needs: Result<Needs, Refusal>,
}

impl<'e, 'p> Script<'e, 'p> {
    /// Looks at a file; `sent` is everything that is sent to processes.
    pub fn new(eval: &'e Eval<'p>, file: FileId, sent: &[Sent]) -> Self {
        let role = eval.role(file);
        let workers = || {
            let sent: Vec<Sent> = sent
                .iter()
                .filter(|each| eval.may_take_part(file, each.dispatch.call.file))
                .cloned()
                .collect();
            eval.worker_names(file, &sent)
        };
        let mut items = items::collect(eval, file);
        let sets_state = items
            .iter()
            .any(|item| item.binds.iter().chain(&item.changes).any(|name| name.contains('.')));
        let any_state = sets_state && eval.others_send_unseen(file, sent);
        let with = |importers| Needs { workers: workers(), importers, any_state };
        let needs = match &role {
            Role::Script | Role::Main => Ok(with(BTreeSet::new())),
            Role::Both(sites) => match eval.names_taken(file, sites) {
                Some(importers) => Ok(with(importers)),
                None => {
                    Err(imported("another module takes all names of this one by a star import"))
                }
            },
            Role::Library(_) => Err(imported(
                "the module is imported, so a guard would keep its names from the importers",
            )),
        };
        if let Ok(needs) = &needs {
            sorting::follow_results(&mut items, needs);
            sorting::follow_guards(eval.file(file), &mut items, needs);
        }
        Self { eval, file, role, items, needs }
    }

    /// Whether it is run as the main module and imported by children.
    pub fn is_script(&self) -> bool {
        matches!(self.role, Role::Script | Role::Both(_))
    }

    /// What moves if everything from the first work on does, `must` included.
    pub fn sorted(&self, must: &BTreeSet<usize>) -> Result<Sorting, Refusal> {
        if self.shows_results() {
            return Err(Refusal::new(
                Reason::UnsupportedShape,
                "the file is a notebook, and what its cells show would not be shown under a guard",
                "move the functions that workers run to a module, and start the processes with a fork context or by joblib",
            ));
        }
        let needs = self.needs.as_ref().map_err(Clone::clone)?;
        sorting::from_first_work(self.eval.file(self.file), &self.items, needs, must)
    }

    /// Whether the file is a notebook in percent format with cells that end in an expression, which is their output.
    fn shows_results(&self) -> bool {
        let facts = self.eval.file(self.file);
        let tree = facts.tree();
        let has_cells = facts.all().lines().any(|line| line.starts_with("# %%"));
        let is_shown = |statement: NodeId| {
            let value = tree.children(statement).next();
            tree.kind(statement) == Kind::ExpressionStatement
                && value.is_some_and(|value| {
                    matches!(
                        tree.kind(value),
                        Kind::Identifier | Kind::Attribute | Kind::Subscript | Kind::BinaryOperator
                    )
                })
        };
        has_cells && tree.children(Tree::ROOT).any(is_shown)
    }

    /// The rewrite that moves everything from the first work on under a guard.
    pub fn guarded(&self, must: &BTreeSet<usize>, style: GuardStyle) -> Result<Fix, Refusal> {
        Ok(self.fix(&self.sorted(must)?, style))
    }

    /// The rewrite that moves these statements under a guard, and nothing else.
    pub fn guarded_alone(&self, wanted: &BTreeSet<usize>) -> Result<Fix, Refusal> {
        let needs = self.needs.as_ref().map_err(Clone::clone)?;
        let sorting = sorting::alone(self.eval.file(self.file), &self.items, needs, wanted)?;
        Ok(self.fix(&sorting, GuardStyle::If))
    }

    /// The work that is seen when every child repeats it: the position of the statement, the call, what it does.
    pub fn repeated(&self) -> Vec<(usize, Site, &'static str)> {
        let facts = self.eval.file(self.file);
        self.items
            .iter()
            .enumerate()
            .filter_map(|(at, item)| {
                item.seen(facts, self.file).map(|(site, what)| (at, site, what))
            })
            .collect()
    }

    /// The positions of process starts that no guard of any kind keeps.
    pub fn unguarded_starts(&self) -> BTreeSet<usize> {
        let facts = self.eval.file(self.file);
        let is_start = |item: &Item| {
            item.starts
                .iter()
                .any(|start| guard::false_guard_around(facts, start.place().node).is_none())
        };
        self.items.iter().enumerate().filter(|(_, item)| is_start(item)).map(|row| row.0).collect()
    }

    /// What workers read and what stays at module level for that although it is work: the statement, and the name.
    pub fn kept_for_workers(&self, sorting: &Sorting) -> Vec<(NodeId, &str)> {
        let Ok(needs) = &self.needs else { return Vec::new() };
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        let mut out = Vec::new();
        for (at, _) in &sorting.kept {
            let item = &self.items[*at];
            let names = item.binds.iter().filter(|name| needs.workers.reads.contains(*name));
            out.extend(
                item.nodes
                    .first()
                    .into_iter()
                    .flat_map(|node| names.clone().map(|name| (*node, name.as_str())))
                    .filter(|(_, name)| seen.insert(name)),
            );
        }
        out
    }

    /// The position of the item that holds `node`.
    pub fn position(&self, node: NodeId) -> Option<usize> {
        let tree = self.eval.file(self.file).tree();
        self.items.iter().position(|item| item.nodes.iter().any(|own| tree.contains(*own, node)))
    }

    /// The rewrite of a false guard's test; `part` is what pretends.
    pub fn repaired(&self, statement: NodeId, part: NodeId) -> Result<Fix, Refusal> {
        let needs = self.needs.as_ref().map_err(Clone::clone)?;
        let item = self.position(statement).map(|at| &self.items[at]);
        let read = |name: &&String| {
            needs.workers.reads.contains(*name) && !needs.workers.binds.contains(*name)
        };
        if let Some(name) = item.and_then(|item| item.binds.iter().find(read)) {
            return Err(sorting::worker_reads(
                name,
                "under the false guard, which lets children through",
            ));
        }
        let facts = self.eval.file(self.file);
        let edit = Edit::replace(facts.tree().span(part), print::TEST);
        Ok(Fix {
            title: "test `__name__` for \"__main__\"".to_owned(),
            applicability: Applicability::Safe,
            edits: facts.file_edits([edit]),
            new_names: Vec::new(),
        })
    }

    fn fix(&self, sorting: &Sorting, style: GuardStyle) -> Fix {
        let facts = self.eval.file(self.file);
        let edits = print::edits(facts, &self.items, sorting, style);
        Fix {
            title: "put what only the script itself should do under `if __name__ == \"__main__\":`"
                .to_owned(),
            applicability: Applicability::Safe,
            edits: facts.file_edits(edits),
            new_names: Vec::new(),
        }
    }
}

fn imported(detail: &str) -> Refusal {
    Refusal::new(
        Reason::ImportedElsewhere,
        detail,
        "start the processes in a function that importers call, not while the module is imported",
    )
}
