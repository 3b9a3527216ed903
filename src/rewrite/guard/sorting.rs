//! What stays at module level and what moves under the guard.

use super::items::{Class, Item};
use crate::facts::FileFacts;
use crate::findings::{Reason, Refusal};
use crate::project::behaviour::effects::Level;
use crate::project::behaviour::worker_names::WorkerNames;
use crate::project::names::module_names::ModuleNames;
use std::collections::{BTreeMap, BTreeSet};

/// Who needs names of the module by importing it.
#[derive(Debug, Clone, Default)]
pub struct Needs {
    /// What runs in workers.
    pub workers: WorkerNames,
    /// What other files of the project import.
    pub importers: BTreeSet<String>,
    /// Whether workers may read anything that other modules keep: it cannot be told what those send.
    pub any_state: bool,
}

/// Which items move.
#[derive(Debug, Clone, Default)]
pub struct Sorting {
    /// Positions of the items that move.
    pub moved: BTreeSet<usize>,
    /// Positions of the items that stay although every child repeats their work, each with the name that is needed.
    pub kept: Vec<(usize, String)>,
}

/// Definitions that cannot be evaluated before processes have run (a decorator, a default, a base class reads what they
/// gave) are work like any other, if neither workers nor importers need them.
pub fn follow_results(items: &mut [Item], needs: &Needs) {
    let mut results: BTreeSet<String> = BTreeSet::new();
    let last_start = items.iter().rposition(|item| !item.starts.is_empty()).unwrap_or(0);
    for (at, item) in items.iter_mut().enumerate() {
        let depends =
            !item.starts.is_empty() || item.reads.iter().any(|name| results.contains(name));
        if !depends {
            continue;
        }
        let needed = item
            .binds
            .iter()
            .any(|name| needs.workers.reads.contains(name) || needs.importers.contains(name));
        // What is sent to a later process must be found there.
        if item.class == Class::Definition && item.starts.is_empty() && !needed && at > last_start {
            item.class = Class::Work;
        }
        if item.class != Class::Definition {
            results.extend(item.binds.iter().cloned());
        }
    }
}

/// A guard whose test children cannot evaluate without what moves (`if job.done and __name__ == "__main__":`) moves along.
pub fn follow_guards(facts: &FileFacts, items: &mut [Item], needs: &Needs) {
    loop {
        let mut sorter = Sorter::new(facts, items, needs);
        sorter.settle();
        let moves = |at: usize| {
            !sorter.stays[at]
                && matches!(items[at].class, Class::Constant | Class::Setup | Class::Work)
        };
        let lacks = |guard: usize| {
            (0..guard).any(|at| moves(at) && !items[at].binds.is_disjoint(&items[guard].reads))
        };
        let Some(guard) =
            (0..items.len()).find(|at| items[*at].class == Class::Guard && lacks(*at))
        else {
            return;
        };
        items[guard].class = Class::Work;
    }
}

/// Moves everything from the first work on, apart from what children and importers need. `must` are the positions of
/// the items that have to move.
pub fn from_first_work(
    facts: &FileFacts,
    items: &[Item],
    needs: &Needs,
    must: &BTreeSet<usize>,
) -> Result<Sorting, Refusal> {
    let mut sorter = Sorter::new(facts, items, needs);
    sorter.settle();
    let trailing = sorter.trailing_constants(needs);
    let mut sorting = Sorting::default();
    for (at, item) in items.iter().enumerate() {
        let movable = matches!(item.class, Class::Constant | Class::Setup | Class::Work);
        if movable && (!sorter.stays[at] || trailing.contains(&at)) {
            sorting.moved.insert(at);
        } else if movable
            && (item.effect.level >= Level::Work || !item.effect.repeatable || item.effect.differs)
        {
            sorting.kept.push((at, sorter.needed_name(at, needs)));
        }
    }
    judge(&sorter, needs, must, &sorting)?;
    super::islands::stay(facts, items, must, &mut sorting);
    Ok(sorting)
}

/// Moves these items alone.
pub fn alone(
    facts: &FileFacts,
    items: &[Item],
    needs: &Needs,
    wanted: &BTreeSet<usize>,
) -> Result<Sorting, Refusal> {
    let full = from_first_work(facts, items, needs, wanted);
    for at in wanted {
        let stays = |other: &usize| !wanted.contains(other) && items[*other].class != Class::Guard;
        let read_later = (0..items.len())
            .filter(stays)
            .any(|other| items[other].reads.intersection(&items[*at].binds).next().is_some());
        let needed = items[*at]
            .binds
            .iter()
            .any(|name| needs.workers.reads.contains(name) || needs.importers.contains(name));
        if read_later || needed {
            return Err(full.err().unwrap_or_else(|| {
                shape("the rest of the module reads what the statement binds")
            }));
        }
    }
    Ok(Sorting { moved: wanted.clone(), kept: Vec::new() })
}

struct Sorter<'a> {
    items: &'a [Item],
    stays: Vec<bool>,
    /// Names, each with the position up to which its bindings matter.
    needed: BTreeMap<String, usize>,
    first_start: usize,
    any_state: bool,
    names: ModuleNames,
}

impl<'a> Sorter<'a> {
    fn new(facts: &FileFacts, items: &'a [Item], needs: &Needs) -> Self {
        let first_start =
            items.iter().position(|item| !item.starts.is_empty()).unwrap_or(items.len());
        // What is bound after the last start cannot be meant by a worker.
        let last_start = items
            .iter()
            .rposition(|item| !item.starts.is_empty() || item.class == Class::Guard)
            .map_or(usize::MAX, |last| last + 1);
        let (stays, names) = (vec![false; items.len()], ModuleNames::of(facts));
        let mut sorter = Self {
            items,
            stays,
            needed: BTreeMap::new(),
            first_start,
            any_state: needs.any_state,
            names,
        };
        sorter.need(needs.workers.reads.difference(&needs.workers.binds), last_start);
        sorter.need(needs.importers.iter(), usize::MAX);
        sorter
    }

    /// Marks what stays until nothing more is needed by what stays.
    fn settle(&mut self) {
        loop {
            let before = (self.stays.clone(), self.needed.clone());
            let first_work = self.first_work();
            for at in 0..self.items.len() {
                if !self.stays[at] && self.must_stay(at, first_work) {
                    self.stays[at] = true;
                    // A statement reads what is bound above it.
                    self.need(self.items[at].reads.iter(), at);
                }
            }
            if before == (self.stays.clone(), self.needed.clone()) {
                return;
            }
        }
    }

    fn need<'n>(&mut self, names: impl Iterator<Item = &'n String>, below: usize) {
        for name in names {
            let bound = self.needed.entry(name.clone()).or_default();
            *bound = (*bound).max(below);
        }
    }

    fn needs_from(&self, name: &str, at: usize) -> bool {
        // The names of other modules' state are qualified.
        let of_another = self.any_state && name.contains('.') && at < self.first_start;
        of_another || self.needed.get(name).is_some_and(|below| at < *below)
    }

    fn first_work(&self) -> usize {
        let is_work = |at: &usize| {
            self.items[*at].class == Class::Work
                && !self.stays[*at]
                && !self.is_needed(*at)
                && !self.imports_follow(*at)
        };
        (0..self.items.len()).find(is_work).unwrap_or(self.items.len())
    }

    fn is_needed(&self, at: usize) -> bool {
        let item = &self.items[at];
        let bound = item.binds.iter().any(|name| self.needs_from(name, at));
        // What the parent changes after the first start is not seen by children that run already.
        bound
            || (at < self.first_start && item.changes.iter().any(|name| self.needs_from(name, at)))
    }

    fn must_stay(&self, at: usize, first_work: usize) -> bool {
        let item = &self.items[at];
        match item.class {
            Class::Definition => true,
            Class::Guard | Class::Exit => false,
            Class::Constant | Class::Setup if at < first_work => true,
            Class::Setup | Class::Work if self.imports_follow(at) => true,
            _ => self.is_needed(at) || self.may_stay(at),
        }
    }

    /// Whether what the statement sets up may matter to imports that follow.
    fn imports_follow(&self, at: usize) -> bool {
        let effect = &self.items[at].effect;
        effect.prepares
            && effect.repeatable
            && self.items[at].starts.is_empty()
            && self.items[at + 1..].iter().any(|item| item.imports)
    }

    /// Whether a constant may stay as well: functions read it, it is bound once, and all that it is made of stays.
    fn may_stay(&self, at: usize) -> bool {
        let item = &self.items[at];
        let binders = |name: &String| {
            self.items
                .iter()
                .enumerate()
                .filter(|(_, other)| other.binds.contains(name))
                .map(|row| row.0)
                .collect::<Vec<_>>()
        };
        let plain =
            item.class == Class::Constant && item.is_transparent() && item.changes.is_empty();
        plain
            && item.binds.iter().any(|name| self.names.is_read_by_definitions(name))
            && item.binds.iter().all(|name| binders(name) == [at])
            && item
                .reads
                .iter()
                .all(|name| binders(name).into_iter().all(|other| other < at && self.stays[other]))
    }

    /// Variables (in lower case) right above the first work, below all definitions, that no function reads: they belong
    /// to the work.
    fn trailing_constants(&self, needs: &Needs) -> BTreeSet<usize> {
        let mut out = BTreeSet::new();
        for at in (0..self.first_work()).rev() {
            let item = &self.items[at];
            let elsewhere = |name: &String| {
                let others = self.items.iter().enumerate().filter(|(other, _)| {
                    self.stays[*other] && *other != at && !out.contains(other)
                });
                needs.workers.reads.contains(name)
                    || needs.importers.contains(name)
                    || self.names.is_read_by_definitions(name)
                    || others
                        .into_iter()
                        .any(|(_, other)| other.reads.contains(name) || other.binds.contains(name))
            };
            let local = |name: &String| {
                name.chars().all(|c| !c.is_uppercase())
                    && !name.starts_with('_')
                    && !elsewhere(name)
            };
            if item.class != Class::Constant
                || item.binds.is_empty()
                || !item.changes.is_empty()
                || !item.binds.iter().all(local)
            {
                break;
            }
            out.insert(at);
        }
        out
    }

    /// The name for which an item stays: one that workers read, if there is one.
    fn needed_name(&self, at: usize, needs: &Needs) -> String {
        let item = &self.items[at];
        let names =
            || item.binds.iter().chain(&item.changes).filter(|name| self.needs_from(name, at));
        let by_workers = names().find(|name| needs.workers.reads.contains(*name));
        by_workers.or_else(|| names().next()).cloned().unwrap_or_default()
    }
}

fn judge(
    sorter: &Sorter,
    needs: &Needs,
    must: &BTreeSet<usize>,
    sorting: &Sorting,
) -> Result<(), Refusal> {
    let items = sorter.items;
    // A guard that is there already made the program run: what children repeat, they repeat before and after.
    let adds_guard = must.iter().any(|at| !items[*at].starts.is_empty());
    for (at, name) in &sorting.kept {
        let is_start = !items[*at].starts.is_empty();
        let effect = &items[*at].effect;
        if adds_guard
            && !is_start
            && (!effect.repeatable || (effect.differs && needs.workers.surely.contains(name)))
        {
            return Err(reads_once(name));
        }
    }
    if let Some(at) = must.iter().find(|at| !sorting.moved.contains(at)) {
        let item = &items[*at];
        if item.class == Class::Definition {
            return Err(shape(
                "a process is started by a definition, by its decorator or a class body",
            ));
        }
        let name = sorter.needed_name(*at, needs);
        return Err(if needs.importers.contains(&name) {
            Refusal::new(
                Reason::ImportedElsewhere,
                format!(
                    "another module imports '{name}', which is made here: under a guard it would be missing there"
                ),
                "make it in a function that importers call",
            )
        } else {
            worker_reads(&name, "with the processes or after them")
        });
    }
    for (at, name) in &sorting.kept {
        if *at > sorter.first_start {
            return Err(worker_reads(name, "after the first process is started"));
        }
    }
    bound_again(sorter, sorting)?;
    // Children of a later start would see what the import made, not what the parent made of it.
    let last_start = items.iter().rposition(|item| !item.starts.is_empty()).unwrap_or(0);
    for item in (sorter.first_start..last_start)
        .filter(|at| sorting.moved.contains(at))
        .map(|at| &items[at])
    {
        if let Some(name) = item.writes.iter().find(|name| {
            needs.workers.surely.contains(*name) && !needs.workers.binds.contains(*name)
        }) {
            return Err(worker_reads(name, "or changed after the first process is started"));
        }
    }
    Ok(())
}

/// Refuses where a name is bound again below what moves: all that moves would run when the last binding has been made.
fn bound_again(sorter: &Sorter, sorting: &Sorting) -> Result<(), Refusal> {
    let items = sorter.items;
    let stays = |at: usize| {
        !sorting.moved.contains(&at) && items[at].class != Class::Guard && !items[at].imports
    };
    for later in (0..items.len()).filter(|at| stays(*at)) {
        for name in &items[later].binds {
            let first = (0..later).find(|at| stays(*at) && items[*at].binds.contains(name));
            let sees = |at: &usize| {
                let item = &items[*at];
                sorting.moved.contains(at)
                    && (item.reads.contains(name)
                        || item.class == Class::Work && sorter.names.is_read_by_definitions(name))
            };
            let between = |first: usize| (first..later).any(|at| sees(&at));
            if first.is_some_and(between) {
                return Err(Refusal::new(
                    Reason::WorkerReadsResult,
                    format!(
                        "'{name}' is bound again below what would move under a guard: that would see the last binding, and so would every child"
                    ),
                    format!("give the second '{name}' another name"),
                ));
            }
        }
    }
    Ok(())
}

/// The refusal for a name that is made where it must not be missing.
pub(super) fn worker_reads(name: &str, when: &str) -> Refusal {
    let what = if name.is_empty() { "a name".to_owned() } else { format!("'{name}'") };
    Refusal::new(
        Reason::WorkerReadsResult,
        format!(
            "code that runs in workers, or at import time, reads {what}, which is made {when}: under a guard it would be missing there"
        ),
        format!("pass {what} as an argument, or by an initializer"),
    )
}

/// The refusal for a name that must not be made in every child, and that workers read.
pub fn reads_once(name: &str) -> Refusal {
    Refusal::new(
        Reason::WorkerReadsOnce,
        format!(
            "workers read '{name}', whose making must not be repeated in every child (input, a file opened for writing, an object that processes share, the time, a random number)"
        ),
        format!(
            "make '{name}' under the guard and hand it to the workers: initializer and initargs of a pool, args of a Process"
        ),
    )
}

fn shape(what: &str) -> Refusal {
    Refusal::new(
        Reason::UnsupportedShape,
        what,
        "start the process in a function that is called under `if __name__ == \"__main__\":`",
    )
}
