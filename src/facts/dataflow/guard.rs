//! The tests under which code runs, inside the function that holds it.

use crate::syntax::{NodeId, Tree};
use rustc_hash::FxHashMap;

/// A conjunction of tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GuardId(u32);

impl GuardId {
    /// No test at all.
    pub const ALWAYS: Self = Self(0);
}

/// One test, by its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Test {
    /// The expression is true.
    Holds(NodeId),
    /// The expression is false.
    Fails(NodeId),
    /// The `case` clause is chosen.
    Matches(NodeId),
    /// The `case` clause is passed over.
    Misses(NodeId),
}

/// All guards of a file.
#[derive(Debug)]
pub struct Guards {
    /// A guard is another one and one more test.
    all: Vec<(GuardId, Option<Test>)>,
    numbers: FxHashMap<(GuardId, Test), GuardId>,
    at: FxHashMap<NodeId, GuardId>,
}

impl Default for Guards {
    fn default() -> Self {
        Self {
            all: vec![(GuardId::ALWAYS, None)],
            numbers: FxHashMap::default(),
            at: FxHashMap::default(),
        }
    }
}

impl Guards {
    /// `guard` and one more test.
    pub(super) fn and(&mut self, guard: GuardId, test: Test) -> GuardId {
        let next = GuardId(self.all.len() as u32);
        let id = *self.numbers.entry((guard, test)).or_insert(next);
        if id == next {
            self.all.push((guard, Some(test)));
        }
        id
    }

    /// Says under which tests a statement, or a part of an expression that may not run, runs.
    pub(super) fn note(&mut self, node: NodeId, guard: GuardId) {
        if guard == GuardId::ALWAYS {
            self.at.remove(&node);
        } else {
            self.at.insert(node, guard);
        }
    }

    /// The tests of a guard, the innermost first.
    pub fn tests(&self, guard: GuardId) -> impl Iterator<Item = Test> + '_ {
        let mut at = guard;
        std::iter::from_fn(move || {
            let (outer, test) = self.all[at.0 as usize];
            at = outer;
            test
        })
    }

    /// The guard of a node: the tests that have passed, in its function, where it is evaluated.
    pub fn at(&self, tree: &Tree, node: NodeId) -> GuardId {
        use crate::syntax::Kind;
        let mut at = node;
        loop {
            if let Some(guard) = self.at.get(&at) {
                return *guard;
            }
            let Some(up) = tree.parent(at) else { return GuardId::ALWAYS };
            // The body of a function runs when it is called.
            let is_body = matches!(tree.kind(up), Kind::FunctionDefinition | Kind::Lambda)
                && tree.child(up, crate::syntax::Field::Body) == Some(at);
            if is_body {
                return GuardId::ALWAYS;
            }
            at = up;
        }
    }
}
