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
const BUDGET: u32 = 400;
/// The budget of questions that are asked of every call of a file, most of which have nothing to do with processes.
const BUDGET_NEARBY: u32 = 60;
/// Cycles that change for longer than this are cut as well.
const ROUNDS: u32 = 6;

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
    /// What a loop takes of what is not a plain container, where it is taken.
    Elements(Arc<Source>, Site),
    /// What a call gives that calls other things on its way.
    Called(Arc<Source>, Site, CallString),
    /// Which calls run a function.
    Callers(Site),
    /// The base classes of a class, itself first, in the order in which they are asked.
    Linearisation(Site),
}

impl Question {
    /// Whether it counts against the budget. Those that do not are there to end cycles, and ask one that does.
    fn is_step(&self) -> bool {
        !matches!(self, Self::Elements(..) | Self::Called(..))
    }
}

/// The answer to a question.
pub(super) type Answer = Arc<[Found]>;

/// An answer that is remembered.
#[derive(Debug, Clone)]
struct Known {
    answer: Answer,
    /// The budget that did not suffice for it; 0 where it is complete.
    cut_at: u32,
    /// The numbers of the modules that it would have needed: whoever asks again needs them, too.
    needs: Option<Arc<[u32]>>,
}

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
    /// Complete answers, and what was found of those that took too long.
    done: RefCell<FxHashMap<Question, Known>>,
    /// The numbers of the modules that were needed and are not parsed.
    needs: RefCell<Vec<u32>>,
    used_cut: Cell<bool>,
    pending: RefCell<FxHashMap<Question, Pending>>,
    /// Members of cycles that are not closed yet.
    members: RefCell<Vec<Question>>,
    depth: Cell<usize>,
    low: Cell<usize>,
    round: Cell<u32>,
    changed: Cell<bool>,
    steps: Cell<u32>,
    /// Whether the small budget holds.
    is_nearby: Cell<bool>,
    is_cut: Cell<bool>,
}

const NOTHING: usize = usize::MAX;

impl Memory {
    /// How many steps a question may take.
    fn budget(&self) -> u32 {
        if self.is_nearby.get() { BUDGET_NEARBY } else { BUDGET }
    }

    /// An answer would need the module with that number.
    pub(super) fn need(&self, number: u32) {
        self.needs.borrow_mut().push(number);
    }

    /// What was needed since this was asked last.
    pub(super) fn take_needs(&self) -> Vec<u32> {
        self.needs.take()
    }

    /// What is needed beyond the first `start`, each once.
    fn needs_since(&self, start: usize) -> Option<Arc<[u32]>> {
        let mut needs = self.needs.borrow_mut();
        if needs.len() == start {
            return None;
        }
        needs[start..].sort_unstable();
        let mut fresh = needs.split_off(start);
        fresh.dedup();
        needs.extend_from_slice(&fresh);
        Some(fresh.into())
    }

    /// A remembered answer, with what it needs.
    fn known(&self, known: &Known) -> Answer {
        if let Some(needs) = &known.needs {
            self.needs.borrow_mut().extend_from_slice(needs);
        }
        known.answer.clone()
    }
}

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
        self.memory.used_cut.set(false);
        let done = work();
        let is_complete = !self.memory.is_cut.replace(false);
        if !is_complete {
            self.memory.pending.borrow_mut().clear();
            self.memory.members.borrow_mut().clear();
        }
        self.memory.low.set(NOTHING);
        (done, is_complete && !self.memory.used_cut.get())
    }

    /// As [`with_budget`](Self::with_budget), with the small one.
    pub(super) fn with_small_budget<T>(&self, work: impl FnOnce() -> T) -> (T, bool) {
        self.memory.is_nearby.set(true);
        let done = self.with_budget(work);
        self.memory.is_nearby.set(false);
        done
    }

    pub(super) fn answer(&self, question: Question) -> Answer {
        let memory = &self.memory;
        if let Some(known) = memory.done.borrow().get(&question)
            && (known.cut_at == 0 || known.cut_at >= memory.budget())
        {
            memory.used_cut.set(memory.used_cut.get() || known.cut_at > 0);
            return memory.known(known);
        }
        if memory.is_cut.get() || memory.steps.get() >= memory.budget() {
            memory.is_cut.set(true);
            return Arc::from([Found::unknown()]);
        }
        if let Some(pending) = memory.pending.borrow().get(&question)
            && (pending.is_open || pending.round == memory.round.get())
        {
            memory.low.set(memory.low.get().min(pending.low.min(pending.depth)));
            return pending.answer.clone();
        }
        with_stack(|| self.solve(question))
    }

    fn solve(&self, question: Question) -> Answer {
        let memory = &self.memory;
        let depth = memory.depth.get();
        memory.depth.set(depth + 1);
        let first_member = memory.members.borrow().len();
        let first_need = memory.needs.borrow().len();
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
            memory.steps.set(memory.steps.get() + u32::from(question.is_step()));
            memory.low.set(NOTHING);
            if let Some(entry) = memory.pending.borrow_mut().get_mut(&question) {
                entry.round = memory.round.get();
            }
            let answer: Answer = self.compute(&question).into();
            let low = memory.low.get();
            if memory.is_cut.get() {
                // What was found so far stands in for the answer, lest every question pays for it again.
                memory.pending.borrow_mut().remove(&question);
                let needs = memory.needs_since(first_need);
                let known = Known { answer: answer.clone(), cut_at: memory.budget(), needs };
                memory.done.borrow_mut().insert(question, known);
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
        let answer = self.remember(question, first_member, memory.needs_since(first_need));
        self.close(depth, outer_low, outer_changed, answer)
    }

    fn close(&self, depth: usize, low: usize, changed: bool, answer: Answer) -> Answer {
        self.memory.depth.set(depth);
        self.memory.low.set(low);
        self.memory.changed.set(changed);
        answer
    }

    /// A cycle is complete: its head and its members are remembered.
    fn remember(
        &self,
        question: Question,
        first_member: usize,
        needs: Option<Arc<[u32]>>,
    ) -> Answer {
        let memory = &self.memory;
        let mut pending = memory.pending.borrow_mut();
        let mut done = memory.done.borrow_mut();
        let members: Vec<Question> = memory.members.borrow_mut().drain(first_member..).collect();
        let round = memory.round.get();
        for member in members {
            if let Some(entry) = pending.remove(&member).filter(|entry| entry.round == round) {
                let known = Known { answer: entry.answer, cut_at: 0, needs: needs.clone() };
                done.insert(member, known);
            }
        }
        let answer = pending.remove(&question).map_or_else(|| Arc::from([]), |entry| entry.answer);
        if !memory.is_cut.get() {
            done.insert(question, Known { answer: answer.clone(), cut_at: 0, needs });
        }
        answer
    }

    fn compute(&self, question: &Question) -> Vec<Found> {
        let mut found = match question {
            Question::Value(site, context) => self.value(*site, context),
            Question::Part { made, view, part, at } => self.part_of(made, view, *part, *at),
            Question::Member(object, name, at) => self.member_of_object(object, name.as_str(), *at),
            Question::Elements(source, at) => self.elements_of(source, *at),
            Question::Called(callee, call, context) => self.result_of(callee, *call, context),
            Question::Callers(function) => self.search_callers(*function),
            Question::Linearisation(class) => return self.linearise(*class),
        };
        tidy(&mut found);
        found
    }
}

/// Runs `work` with enough stack for what it does until it comes here again.
pub(super) fn with_stack<T>(work: impl FnOnce() -> T) -> T {
    stacker::maybe_grow(128 * 1024, 4 * 1024 * 1024, work)
}

/// Sorts and drops doubles. Of a source that holds for too many callers these are forgotten; of very many sources, their ways
/// are forgotten, too.
pub(super) fn tidy(found: &mut Vec<Found>) {
    /// More different assumptions about the callers of one source are not told apart.
    const MANY: usize = 12;
    /// Above that, one way of each source is kept.
    const VERY_MANY: usize = 48;
    found.sort();
    found.dedup();
    if found.len() <= MANY {
        return;
    }
    let is_crowded = found.len() > VERY_MANY;
    let mut start = 0;
    while start < found.len() {
        let same = found[start..].iter().take_while(|each| each.source == found[start].source);
        let end = start + same.count();
        if end - start > MANY || is_crowded {
            for each in &mut found[start..end] {
                each.callers = CallString::UNKNOWN;
            }
        }
        start = end;
    }
    found.sort();
    if is_crowded {
        found.dedup_by(|one, other| one.source == other.source);
    } else {
        found.dedup();
    }
}
