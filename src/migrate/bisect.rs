//! Which of several changes may stay, when a check fails with all of them.
//!
//! The set grows from nothing by halves: a part that passes together with what is kept is kept whole,
//! a part that does not is split. What is kept has always passed together, so changes that fail only
//! in company are found too. With `k` bad ones among `n` it takes about `k log n` runs.

use std::collections::BTreeSet;

/// What the search ended with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// The changes that may stay, by number.
    pub(crate) kept: BTreeSet<usize>,
    /// Whether the check passes with none of them; without that it says nothing about any.
    pub(crate) sound: bool,
    /// How often the check ran.
    pub(crate) runs: usize,
    /// Whether the search stopped at its bound, and changes were left out untried.
    pub(crate) exhausted: bool,
}

struct Search<'a> {
    check: &'a mut dyn FnMut(&BTreeSet<usize>) -> Result<bool, String>,
    kept: BTreeSet<usize>,
    runs: usize,
    bound: usize,
    exhausted: bool,
}

/// Searches among `count` changes. `check` runs with exactly the changes of a set, and at most
/// `bound` times (at least twice: with all and with none).
pub(crate) fn search(
    count: usize,
    bound: usize,
    check: &mut dyn FnMut(&BTreeSet<usize>) -> Result<bool, String>,
) -> Result<Found, String> {
    let all: BTreeSet<usize> = (0..count).collect();
    if check(&all)? {
        return Ok(Found { kept: all, sound: true, runs: 1, exhausted: false });
    }
    if !check(&BTreeSet::new())? {
        return Ok(Found { kept: BTreeSet::new(), sound: false, runs: 2, exhausted: false });
    }
    let mut search = Search { check, kept: BTreeSet::new(), runs: 2, bound, exhausted: false };
    let numbers: Vec<usize> = all.into_iter().collect();
    search.grow(&numbers, true)?;
    Ok(Found { kept: search.kept, sound: true, runs: search.runs, exhausted: search.exhausted })
}

impl Search<'_> {
    /// Keeps as much of `part` as passes; `known_bad` says that all of it is known not to.
    fn grow(&mut self, part: &[usize], known_bad: bool) -> Result<(), String> {
        if !known_bad {
            if self.runs >= self.bound {
                self.exhausted = true;
                return Ok(());
            }
            self.runs += 1;
            let tried: BTreeSet<usize> = self.kept.iter().chain(part).copied().collect();
            if (self.check)(&tried)? {
                self.kept = tried;
                return Ok(());
            }
        }
        if part.len() < 2 {
            return Ok(());
        }
        let (left, right) = part.split_at(part.len() / 2);
        self.grow(left, false)?;
        let whole_left = left.iter().all(|number| self.kept.contains(number));
        self.grow(right, whole_left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(count: usize, bound: usize, bad: &dyn Fn(&BTreeSet<usize>) -> bool) -> Found {
        search(count, bound, &mut |set| Ok(!bad(set))).expect("the check cannot fail")
    }

    #[test]
    fn everything_passes_in_one_run() {
        assert_eq!(
            run(9, 50, &|_| false),
            Found { kept: (0..9).collect(), sound: true, runs: 1, exhausted: false }
        );
    }

    #[test]
    fn a_check_that_fails_without_changes_says_nothing() {
        let found = run(9, 50, &|_| true);
        assert!(!found.sound && found.kept.is_empty() && found.runs == 2);
    }

    #[test]
    fn exactly_the_bad_ones_go() {
        for bad in [vec![0], vec![7], vec![15], vec![2, 3], vec![0, 5, 15], (0..16).collect()] {
            let found = run(16, 100, &|set| bad.iter().any(|number| set.contains(number)));
            assert_eq!(
                found.kept,
                (0..16).filter(|number| !bad.contains(number)).collect(),
                "bad: {bad:?}"
            );
            assert!(!found.exhausted);
        }
    }

    #[test]
    fn of_two_that_fail_together_one_stays() {
        let found = run(8, 100, &|set| set.contains(&1) && set.contains(&6));
        assert_eq!(found.kept.len(), 7);
    }

    #[test]
    fn one_bad_among_many_costs_few_runs() {
        let found = run(256, 100, &|set| set.contains(&77));
        assert_eq!(found.kept.len(), 255);
        assert!(found.runs <= 2 + 2 * 8, "{} runs", found.runs);
    }

    #[test]
    fn the_bound_holds_and_what_is_kept_has_passed() {
        let bad = |set: &BTreeSet<usize>| set.iter().any(|number| number % 3 == 0);
        let found = run(64, 12, &bad);
        assert!(found.runs <= 12 && found.exhausted && !bad(&found.kept));
    }
}
