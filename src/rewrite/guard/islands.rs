//! Constants between things that stay: a guard around nothing else would only break the module's text up.

use super::items::{Class, Item};
use super::layout::{Target, blocks};
use super::sorting::Sorting;
use crate::facts::FileFacts;
use crate::project::behaviour::effects::Level;
use std::collections::BTreeSet;

/// Lets blocks stay at module level that would get a guard of their own and that every child may repeat.
pub(super) fn stay(
    facts: &FileFacts,
    items: &[Item],
    must: &BTreeSet<usize>,
    sorting: &mut Sorting,
) {
    let blocks = blocks(facts, items, sorting);
    for block in blocks.iter().rev().skip(1).filter(|block| block.target == Target::Own) {
        let positions: BTreeSet<usize> =
            block.runs.iter().flat_map(|(first, last)| *first..=*last).collect();
        let is_harmless = |at: &usize| {
            !must.contains(at)
                && is_idle(&items[*at])
                && needs_nothing_moved(items, sorting, &positions, *at)
        };
        if positions.iter().all(is_harmless) {
            sorting.moved.retain(|at| !positions.contains(at));
        }
    }
}

fn is_idle(item: &Item) -> bool {
    matches!(item.class, Class::Constant | Class::Setup)
        && item.effect.level <= Level::Setup
        && item.effect.repeatable
        && !item.effect.differs
}

/// Whether all that an item uses is bound by what stays, or beside it.
fn needs_nothing_moved(
    items: &[Item],
    sorting: &Sorting,
    beside: &BTreeSet<usize>,
    at: usize,
) -> bool {
    let moves = |other: usize| sorting.moved.contains(&other) && !beside.contains(&other);
    let used: BTreeSet<&String> =
        items[at].reads.iter().chain(&items[at].changes).chain(&items[at].binds).collect();
    !(0..items.len())
        .any(|other| moves(other) && items[other].binds.iter().any(|name| used.contains(name)))
}
