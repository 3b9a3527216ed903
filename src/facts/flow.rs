//! Conservative questions about the order of things inside a file: is a variable bound when a place is reached, and may
//! it be written between two places.
//!
//! A *frame* is code that runs in one go: the module, or one call of a function, lambda or generator; class
//! bodies and comprehensions belong to the frame around them. Within a frame a control-flow graph answers. What
//! runs in another frame (a nested function that writes a `nonlocal`) is taken to run at any moment from
//! the creation of its function on. Not seen: `exec`, writes through `globals()` or another module, other threads.

mod expressions;
mod graph;
mod statements;

#[cfg(test)]
mod tests;

use crate::facts::scopes::{Binding, BindingKind, Resolution, ScopeId, ScopeKind, Scopes};
use crate::syntax::{Kind, NodeId, Tree};
use graph::{Graph, Role, build};
use std::collections::BTreeSet;

/// The file that is asked about.
#[derive(Debug, Clone, Copy)]
pub struct Flow<'a> {
    /// Its scopes.
    pub scopes: &'a Scopes,
    /// Its tree.
    pub tree: &'a Tree,
    /// Its text.
    pub text: &'a str,
}

/// The writes of one variable.
struct Writes<'a> {
    /// The scope that holds the variable.
    home: ScopeId,
    all: Vec<&'a Binding>,
}

impl<'a> Flow<'a> {
    /// Whether the variable that `name` means in `scope` is bound whenever `at` is evaluated: on every way from the start
    /// of the scope that holds it, and not deleted since. A place in a nested function is judged as of the
    /// function's creation. `false` when unsure.
    pub fn definitely_bound_before(&self, scope: ScopeId, name: &str, at: NodeId) -> bool {
        let writes = self.writes(scope, name);
        let holder = self.scopes.get(writes.home);
        match holder.kind {
            ScopeKind::Comprehension => return self.bound_in_comprehension(&writes, at),
            ScopeKind::TypeParameters => return true,
            _ => {}
        }
        // A global that one function alone binds (`global x`) is bound there as a variable of its own would be.
        let frame = self
            .only_writer(&writes)
            .filter(|frame| self.place_in(at, *frame).is_some())
            .unwrap_or_else(|| self.frame_around(writes.home));
        let own_frame = self.frame_of(at);
        let unbinds = |binding: &&Binding| {
            matches!(binding.kind, BindingKind::Delete | BindingKind::Except { .. })
        };
        let (place, role) = if own_frame == frame {
            (at, Role::Ahead)
        } else {
            let Some(creation) = self.place_in(at, frame) else { return false };
            if writes.all.iter().any(unbinds) {
                return false;
            }
            (creation, self.role_of_creation(creation))
        };
        if writes.all.iter().any(|binding| unbinds(binding) && self.frame_of(binding.node) != frame)
        {
            return false;
        }
        let here: Vec<_> = writes
            .all
            .iter()
            .copied()
            .filter(|binding| self.frame_of(binding.node) == frame)
            .collect();
        let graph = self.graph(frame, &here, &[(place, role)]);
        let is_inside = |binding: &Binding| self.tree.contains(binding.statement, place);
        let (mut bound, mut unbound) = (Vec::new(), vec![Graph::ENTRY]);
        for binding in here {
            let points = graph.points(binding.node, Role::Write);
            match binding.kind {
                BindingKind::StarImport { .. } => {}
                BindingKind::Delete => unbound.extend(points),
                // The name is deleted when the handler ends, and by every way out of it.
                BindingKind::Except { .. } if !is_inside(binding) => unbound.extend(points),
                _ => bound.extend(points),
            }
        }
        let places = graph.points(place, role);
        let exposed = graph.reachable(&unbound, &bound);
        !places.is_empty() && !places.iter().any(|point| exposed.contains(point))
    }

    /// Whether the variable that `name` means in `scope` may be written after the latest evaluation of `from` and before
    /// `to` is evaluated. `from` counts from its end; `to`, if it is a statement, from its start. For an object
    /// that outlives the next evaluation of `from` (a lambda put into a list by a loop) ask
    /// [`may_rebind_after`](Self::may_rebind_after). `true` when unsure.
    pub fn may_rebind_between(&self, scope: ScopeId, name: &str, from: NodeId, to: NodeId) -> bool {
        self.may_rebind_between_without(scope, name, from, to, &[])
    }

    /// As [`may_rebind_between`](Self::may_rebind_between), on ways that pass none of `ends`: places behind which what was
    /// made at `from` is not what is used at `to`.
    pub fn may_rebind_between_without(
        &self,
        scope: ScopeId,
        name: &str,
        from: NodeId,
        to: NodeId,
        ends: &[NodeId],
    ) -> bool {
        let writes = self.writes(scope, name);
        let frame = self.frame_of(to);
        if self.frame_of(from) != frame {
            // One of the places runs later than it is written, at an unknown time.
            return self.may_rebind_after(scope, name, from);
        }
        if self.scopes.get(writes.home).kind == ScopeKind::Comprehension {
            return self.rebinds_in_comprehension(&writes, from, to);
        }
        let here = self.writes_in(&writes, frame);
        let creations: Vec<_> = self
            .writes_elsewhere(&writes, frame)
            .map(|binding| self.place_in(binding.node, frame))
            .collect();
        let suspends = self.suspends(frame);
        let mut others = vec![(from, Role::Behind), (to, Role::Ahead)];
        others.extend(creations.iter().flatten().map(|creation| (*creation, Role::Behind)));
        let avoided: Vec<NodeId> =
            ends.iter().copied().filter(|end| self.frame_of(*end) == frame).collect();
        others.extend(avoided.iter().map(|end| (*end, Role::Behind)));
        let graph = self.graph(frame, &here, &others);
        let (starts, ends) = (graph.points(from, Role::Behind), graph.points(to, Role::Ahead));
        let avoided: Vec<usize> = avoided
            .iter()
            .flat_map(|end| graph.points(*end, Role::Behind))
            .chain(starts)
            .copied()
            .collect();
        if starts.is_empty() || ends.is_empty() || self.left_handler(&here, from, to) {
            return !here.is_empty() || !creations.is_empty();
        }
        let leads_to_end = |points: &[usize], avoided: &[usize]| {
            let after = graph.reachable(points, avoided);
            ends.iter().any(|end| after.contains(end))
        };
        let after_start = graph.reachable(starts, &avoided);
        let written =
            here.iter().flat_map(|binding| graph.points(binding.node, Role::Write)).copied();
        let met: Vec<_> = written.filter(|point| after_start.contains(point)).collect();
        if leads_to_end(&met, &avoided) {
            return true;
        }
        let made: Vec<_> = creations
            .iter()
            .flatten()
            .flat_map(|creation| graph.points(*creation, Role::Behind))
            .copied()
            .collect();
        if leads_to_end(&made, &[]) {
            return true;
        }
        self.writes_elsewhere(&writes, frame).zip(creations).any(|(binding, creation)| {
            match creation {
                Some(creation) => graph.points(creation, Role::Behind).is_empty(),
                // Code around the frame goes on only while the frame is suspended; unrelated functions may be called.
                None => suspends || !self.is_around(self.frame_of(binding.node), frame),
            }
        })
    }

    /// Whether the variable that `name` means in `scope` may be written at any time after an evaluation of `from`.
    /// `true` when unsure.
    pub fn may_rebind_after(&self, scope: ScopeId, name: &str, from: NodeId) -> bool {
        let writes = self.writes(scope, name);
        if self.scopes.get(writes.home).kind == ScopeKind::Comprehension {
            return true;
        }
        let frames: BTreeSet<_> =
            writes.all.iter().map(|binding| self.frame_of(binding.node)).collect();
        frames.into_iter().any(|frame| {
            let Some(start) = self.place_in(from, frame) else { return true };
            let here = self.writes_in(&writes, frame);
            let graph = self.graph(frame, &here, &[(start, Role::Behind)]);
            let starts = graph.points(start, Role::Behind);
            if starts.is_empty() || self.left_handler(&here, start, Tree::ROOT) {
                return true;
            }
            let after = graph.reachable(starts, &[]);
            // A function that ran once may be called again, and then writes a variable of the outside once more.
            let runs_again = frame != self.frame_around(writes.home);
            runs_again
                || here.iter().any(|binding| {
                    graph
                        .points(binding.node, Role::Write)
                        .iter()
                        .any(|point| after.contains(point))
                })
        })
    }

    fn graph(&self, frame: ScopeId, writes: &[&Binding], others: &[(NodeId, Role)]) -> Graph {
        build(self.tree, self.text, self.scopes.get(frame).node, writes, others)
    }

    /// The writes of the variable; a mere annotation is none.
    fn writes(&self, scope: ScopeId, name: &str) -> Writes<'a> {
        let home = match self.scopes.resolve(scope, name) {
            Resolution::Local(home) | Resolution::Free(home) => home,
            Resolution::Global => self.scopes.module(),
        };
        let is_write = |binding: &&Binding| {
            !matches!(binding.kind, BindingKind::Assignment { value: None, .. })
        };
        let mut all: Vec<_> = self.scopes.bindings(home, name).iter().filter(is_write).collect();
        if home == self.scopes.module() {
            all.extend(self.scopes.bindings(home, "*"));
        }
        Writes { home, all }
    }

    /// The frame in which all writes are, if there is one.
    fn only_writer(&self, writes: &Writes<'a>) -> Option<ScopeId> {
        let first = self.frame_of(writes.all.first()?.node);
        writes.all.iter().all(|binding| self.frame_of(binding.node) == first).then_some(first)
    }

    fn writes_in(&self, writes: &Writes<'a>, frame: ScopeId) -> Vec<&'a Binding> {
        writes.all.iter().copied().filter(|binding| self.frame_of(binding.node) == frame).collect()
    }

    fn writes_elsewhere(
        &self,
        writes: &Writes<'a>,
        frame: ScopeId,
    ) -> impl Iterator<Item = &'a Binding> {
        writes.all.iter().copied().filter(move |binding| self.frame_of(binding.node) != frame)
    }

    /// The scope whose frame runs `node`.
    fn frame_of(&self, node: NodeId) -> ScopeId {
        self.frame_around(self.scopes.scope_of(node))
    }

    fn frame_around(&self, scope: ScopeId) -> ScopeId {
        let mut at = scope;
        loop {
            let here = self.scopes.get(at);
            let is_frame = match here.kind {
                ScopeKind::Module
                | ScopeKind::Function
                | ScopeKind::Lambda
                | ScopeKind::TypeAlias
                | ScopeKind::TypeVariable
                | ScopeKind::Annotation => true,
                ScopeKind::Comprehension => self.tree.kind(here.node) == Kind::GeneratorExpression,
                ScopeKind::Class | ScopeKind::TypeParameters => false,
            };
            match here.parent {
                Some(parent) if !is_frame => at = parent,
                _ => return at,
            }
        }
    }

    /// `node`, or the definition, lambda or generator expression of `frame` inside which it lies. `None` if it is outside.
    fn place_in(&self, node: NodeId, frame: ScopeId) -> Option<NodeId> {
        let mut place = node;
        loop {
            let own = self.frame_of(place);
            if own == frame {
                return Some(place);
            }
            let opener = self.scopes.get(own);
            opener.parent?;
            place = opener.node;
        }
    }

    fn is_around(&self, outer: ScopeId, inner: ScopeId) -> bool {
        std::iter::successors(Some(inner), |scope| self.scopes.get(*scope).parent)
            .any(|scope| scope == outer)
    }

    /// A function is called under its own name at the earliest when the name is bound; a decorator may call it before.
    fn role_of_creation(&self, creation: NodeId) -> Role {
        let is_decorated = self
            .tree
            .parent(creation)
            .is_some_and(|parent| self.tree.kind(parent) == Kind::DecoratedDefinition);
        if is_decorated { Role::Ahead } else { Role::Behind }
    }

    /// Whether other code may run in the middle of the frame: generators and coroutines.
    fn suspends(&self, frame: ScopeId) -> bool {
        let node = self.scopes.get(frame).node;
        self.tree.kind(node) == Kind::GeneratorExpression
            || self.tree.subtree(node).any(|inner| {
                matches!(self.tree.kind(inner), Kind::Yield | Kind::Await | Kind::AsyncKeyword)
                    && self.frame_of(inner) == frame
            })
    }

    /// Whether `from` lies in an `except … as` clause that writes the variable, and `to` does not: every way out deletes it.
    fn left_handler(&self, writes: &[&Binding], from: NodeId, to: NodeId) -> bool {
        let is_left =
            |clause: NodeId| self.tree.contains(clause, from) && !self.tree.contains(clause, to);
        writes.iter().any(|binding| {
            matches!(binding.kind, BindingKind::Except { .. }) && is_left(binding.statement)
        })
    }

    /// The loop variables of a comprehension are bound in what comes after their `for`, and in the result.
    fn bound_in_comprehension(&self, writes: &Writes<'_>, at: NodeId) -> bool {
        let comprehension = self.scopes.get(writes.home).node;
        let in_result = |clause: NodeId| {
            self.tree.start(at) < self.tree.start(clause) && self.tree.contains(comprehension, at)
        };
        writes.all.iter().any(|binding| match binding.kind {
            BindingKind::ComprehensionFor { .. } => {
                in_result(binding.statement)
                    || self.tree.start(at) >= self.tree.end(binding.statement)
            }
            _ => false,
        })
    }

    /// Within the result of one round nothing is bound anew.
    fn rebinds_in_comprehension(&self, writes: &Writes<'_>, from: NodeId, to: NodeId) -> bool {
        let comprehension = self.scopes.get(writes.home).node;
        let body = self.tree.child(comprehension, crate::syntax::Field::Body);
        let in_body = |node: NodeId| body.is_some_and(|body| self.tree.contains(body, node));
        !(in_body(from) && in_body(to) && self.tree.end(from) <= self.tree.end(to))
    }
}
