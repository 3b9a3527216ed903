//! Where moved items go: into a guard that is there, or under a new one where they stand.

use super::items::{Class, Item, is_false_guard};
use super::sorting::Sorting;
use crate::facts::FileFacts;
use crate::facts::guard::{self, Shape};
use crate::syntax::Field;
use crate::text::Span;
use std::collections::BTreeSet;

/// Where a block goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// To the front of the guard at that position.
    Front(usize),
    /// To the end of the guard at that position.
    End(usize),
    /// Under a guard of its own, where its last run stands.
    Own,
}

/// Items that move together: runs of neighbours, in order.
#[derive(Debug, Clone)]
pub(super) struct Block {
    /// First and last position of each run.
    pub(super) runs: Vec<(usize, usize)>,
    /// Where they go.
    pub(super) target: Target,
}

/// The blocks of a sorting, in the order of the text.
pub(super) fn blocks(facts: &FileFacts, items: &[Item], sorting: &Sorting) -> Vec<Block> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for at in &sorting.moved {
        match groups.last_mut() {
            Some(group) if may_join(facts, items, sorting, group, *at) => group.push(*at),
            _ => groups.push(vec![*at]),
        }
    }
    groups
        .into_iter()
        .map(|group| Block { runs: runs(&group), target: target(facts, items, &group) })
        .collect()
}

fn runs(group: &[usize]) -> Vec<(usize, usize)> {
    let mut out: Vec<(usize, usize)> = Vec::new();
    for at in group {
        match out.last_mut() {
            Some((_, last)) if *last + 1 == *at => *last = *at,
            _ => out.push((*at, *at)),
        }
    }
    out
}

/// Whether the group may be carried past what stays between it and the item at `at`.
fn may_join(
    facts: &FileFacts,
    items: &[Item],
    sorting: &Sorting,
    group: &[usize],
    at: usize,
) -> bool {
    let Some(last) = group.last() else { return true };
    let passes = (*last + 1..at).all(|between| {
        sorting.moved.contains(&between)
            || items[between].class == Class::Exit
            || passes(items, group, between)
    });
    let between = Span::new(items[*last].lines.end, items[at].lines.end);
    passes && !holds_cell_mark(facts, between)
}

/// Whether a cell of an editor begins in between: cells are run one by one, so each keeps its own code.
fn holds_cell_mark(facts: &FileFacts, between: Span) -> bool {
    facts.slice(between).lines().any(|line| line.starts_with("# %%"))
}

/// Whether the group may run after the item at `other` that stands below it.
fn passes(items: &[Item], group: &[usize], other: usize) -> bool {
    let between = &items[other];
    if !between.is_transparent() {
        return false;
    }
    // A name that is bound again in between means something else below.
    between.binds.iter().all(|name| {
        let used = group.iter().any(|at| {
            [&items[*at].reads, &items[*at].binds, &items[*at].changes]
                .iter()
                .any(|names| names.contains(name))
        });
        let bound = items.iter().filter(|item| item.binds.contains(name)).count();
        !used || bound <= 1
    })
}

fn target(facts: &FileFacts, items: &[Item], group: &[usize]) -> Target {
    let (Some(first), Some(last)) = (group.first(), group.last()) else { return Target::Own };
    let next = (*last + 1..items.len())
        .find(|at| items[*at].class == Class::Guard || !passes(items, group, *at));
    let same_cell = |above: usize, below: usize| {
        !holds_cell_mark(facts, Span::new(items[above].lines.end, items[below].lines.start))
    };
    if let Some(next) = next
        && takes_more(facts, &items[next])
        && same_cell(*last, next)
    {
        return Target::Front(next);
    }
    // What stands between the guard above and the block stays where it is, and comes to run before the block as now.
    let above = (0..*first)
        .rev()
        .find(|at| items[*at].class == Class::Guard || !items[*at].is_transparent());
    match above {
        Some(above)
            if takes_more(facts, &items[above])
                && same_cell(above, *first)
                && defined_above(items, above, group) =>
        {
            Target::End(above)
        }
        _ => Target::Own,
    }
}

/// Whether the item is a guard whose suite runs in every main process.
fn takes_more(facts: &FileFacts, item: &Item) -> bool {
    let [node] = item.nodes.as_slice() else { return false };
    let condition = facts.tree().child(*node, Field::Condition);
    let right = condition
        .is_some_and(|condition| guard::shape(facts, condition) == Shape::Entry { always: true });
    item.class == Class::Guard && (right || is_false_guard(facts, *node))
}

/// Whether nothing that the group uses is bound between the guard at `above` and the group.
fn defined_above(items: &[Item], above: usize, group: &[usize]) -> bool {
    let used: BTreeSet<&String> =
        group.iter().flat_map(|at| items[*at].reads.iter().chain(&items[*at].changes)).collect();
    let first = group.first().copied().unwrap_or(above);
    let last = group.last().copied().unwrap_or(above);
    let between = (above + 1..last).filter(|at| !group.contains(at));
    first > above
        && !between.into_iter().any(|at| items[at].binds.iter().any(|name| used.contains(name)))
}
