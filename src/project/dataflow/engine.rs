//! The one recursion: answers are asked for by place and call string, cycles run until nothing changes, and only what is
//! complete is remembered.

use super::Solver;
use super::source::{Allocation, CallString, Found, Source, View};
use crate::facts::dataflow::{Name, Part};
use crate::project::Site;
use rustc_hash::FxHashMap;
use std::cell::{Cell, RefCell};
use std::sync::Arc;

/// One question takes at most that many steps; then it is answered with "unknown" and said to be cut.
const BUDGET: u32 = 60_000;
/// Cycles that change for longer than this are cut as well.
const ROUNDS: u32 = 12;

/// A question.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Question {
    /// What an expression or definition may be in a frame entered like that.
    Value(Site, CallString),
    /// What a part of a container is, where it is taken.
    Part {
        /// Where the container is made.
        made: Allocation,
        /// The parts that were taken before.
        view: View,
        /// The part.
        part: Part,
        /// Where it is taken.
        at: Site,
    },
    /// What an object of a class has under a name, where it is read.
    Member(Arc<Source>, Name, Site),
    /// Which calls run a function.
    Callers(Site),
    /// The base classes of a class, itself first, in the order in which they are asked.
    Linearisation(Site),
}

/// The answer to a question.
pub(super) type Answer = Arc<[Found]>;

/// A question whose answer is not complete yet.
#[derive(Debug)]
struct Pending {
    answer: Answer,
    depth: usize,
    /// The least depth of a question that this one waits for.
    low: usize,
    round: u32,
    is_open: bool,
}

/// What is known, and what is being asked.
#[derive(Debug, Default)]
pub(super) struct Memory {
    done: RefCell<FxHashMap<Question, Answer>>,
    pending: RefCell<FxHashMap<Question, Pending>>,
    /// Members of cycles that are not closed yet.
    members: RefCell<Vec<Question>>,
    depth: Cell<usize>,
    low: Cell<usize>,
    round: Cell<u32>,
    changed: Cell<bool>,
    steps: Cell<u32>,
    is_cut: Cell<bool>,
}

const NOTHING: usize = usize::MAX;

impl Solver<'_> {
    /// Answers a question of its own: with a full budget. Tells whether the answer is complete.
    pub(super) fn ask(&self, question: Question) -> (Answer, bool) {
        self.with_budget(|| self.answer(question))
    }

    /// Does work that answers one question from outside, and tells whether the budget sufficed.
    pub(super) fn with_budget<T>(&self, work: impl FnOnce() -> T) -> (T, bool) {
        if self.memory.depth.get() > 0 {
            return (work(), true);
        }
        self.memory.steps.set(0);
        self.memory.is_cut.set(false);
        let done = work();
        let is_complete = !self.memory.is_cut.replace(false);
        if !is_complete {
            self.memory.pending.borrow_mut().clear();
            self.memory.members.borrow_mut().clear();
        }
        self.memory.low.set(NOTHING);
        (done, is_complete)
    }

    pub(super) fn answer(&self, question: Question) -> Answer {
        if let Some(done) = self.memory.done.borrow().get(&question) {
            return done.clone();
        }
        if self.memory.is_cut.get() || self.memory.steps.get() >= BUDGET {
            self.memory.is_cut.set(true);
            return Arc::from([Found::unknown()]);
        }
        let memory = &self.memory;
        if let Some(pending) = memory.pending.borrow().get(&question)
            && (pending.is_open || pending.round == memory.round.get())
        {
            memory.low.set(memory.low.get().min(pending.low.min(pending.depth)));
            return pending.answer.clone();
        }
        stacker::maybe_grow(128 * 1024, 4 * 1024 * 1024, || self.solve(question))
    }

    fn solve(&self, question: Question) -> Answer {
        let memory = &self.memory;
        let depth = memory.depth.get();
        memory.depth.set(depth + 1);
        let first_member = memory.members.borrow().len();
        let outer_low = memory.low.replace(NOTHING);
        let outer_changed = memory.changed.replace(false);
        {
            let mut pending = memory.pending.borrow_mut();
            let entry = pending.entry(question.clone()).or_insert_with(|| Pending {
                answer: Arc::from([]),
                depth,
                low: depth,
                round: 0,
                is_open: true,
            });
            (entry.depth, entry.low, entry.is_open) = (depth, depth, true);
        }
        let mut rounds = 0;
        loop {
            memory.steps.set(memory.steps.get() + 1);
            memory.low.set(NOTHING);
            if let Some(entry) = memory.pending.borrow_mut().get_mut(&question) {
                entry.round = memory.round.get();
            }
            let answer: Answer = self.compute(&question).into();
            let low = memory.low.get();
            if memory.is_cut.get() {
                memory.pending.borrow_mut().remove(&question);
                return self.close(depth, outer_low, outer_changed, answer);
            }
            let changed = {
                let mut pending = memory.pending.borrow_mut();
                let Some(entry) = pending.get_mut(&question) else { break };
                let changed = entry.answer != answer;
                entry.answer = answer.clone();
                entry.low = low.min(depth);
                changed
            };
            if low < depth {
                // Part of a cycle that begins further out.
                if let Some(entry) = memory.pending.borrow_mut().get_mut(&question) {
                    entry.is_open = false;
                }
                memory.members.borrow_mut().push(question);
                let low = outer_low.min(low);
                return self.close(
                    depth,
                    low,
                    outer_changed || memory.changed.get() || changed,
                    answer,
                );
            }
            if low == NOTHING {
                break;
            }
            if !changed && !memory.changed.get() {
                break;
            }
            rounds += 1;
            if rounds > ROUNDS {
                memory.is_cut.set(true);
                break;
            }
            memory.changed.set(false);
            memory.round.set(memory.round.get() + 1);
            memory.members.borrow_mut().truncate(first_member);
        }
        let answer = self.remember(question, first_member);
        self.close(depth, outer_low, outer_changed, answer)
    }

    fn close(&self, depth: usize, low: usize, changed: bool, answer: Answer) -> Answer {
        self.memory.depth.set(depth);
        self.memory.low.set(low);
        self.memory.changed.set(changed);
        answer
    }

    /// A cycle is complete: its head and its members are remembered.
    fn remember(&self, question: Question, first_member: usize) -> Answer {
        let memory = &self.memory;
        let mut pending = memory.pending.borrow_mut();
        let mut done = memory.done.borrow_mut();
        let members: Vec<Question> = memory.members.borrow_mut().drain(first_member..).collect();
        let round = memory.round.get();
        for member in members {
            if let Some(entry) = pending.remove(&member).filter(|entry| entry.round == round) {
                done.insert(member, entry.answer);
            }
        }
        let answer = pending.remove(&question).map_or_else(|| Arc::from([]), |entry| entry.answer);
        if !memory.is_cut.get() {
            done.insert(question, answer.clone());
        }
        answer
    }

    fn compute(&self, question: &Question) -> Vec<Found> {
        let mut found = match question {
            Question::Value(site, context) => self.value(*site, context),
            Question::Part { made, view, part, at } => self.part_of(made, view, *part, *at),
            Question::Member(object, name, at) => self.member_of_object(object, name.as_str(), *at),
            Question::Callers(function) => self.search_callers(*function),
            Question::Linearisation(class) => return self.linearise(*class),
        };
        tidy(&mut found);
        found
    }
}

/// Sorts, drops doubles, and forgets the callers of a source that holds for too many of them.
pub(super) fn tidy(found: &mut Vec<Found>) {
    /// More different assumptions about the callers are not told apart.
    const MANY: usize = 24;
    found.sort();
    found.dedup();
    if found.len() <= MANY {
        return;
    }
    let mut counts: FxHashMap<Source, usize> = FxHashMap::default();
    for each in found.iter() {
        *counts.entry(each.source.clone()).or_default() += 1;
    }
    for each in found.iter_mut() {
        if counts.get(&each.source).is_some_and(|count| *count > MANY) {
            each.callers = CallString::UNKNOWN;
        }
    }
    found.sort();
    found.dedup();
}
