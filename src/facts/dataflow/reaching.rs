//! Which definitions of a variable reach each of its uses, and under which tests each statement runs.
//!
//! One walk over each frame (module, function, lambda; class bodies and comprehensions run in the frame around them) in the
//! order in which Python runs it. Branches split the state and join it again, loops are walked twice, a handler may be
//! entered from anywhere in its `try`. Only variables with several definitions need this: the one definition of the others
//! reaches every use.

use super::guard::{GuardId, Guards, Test};
use crate::facts::scopes::{Binding, BindingKind, ScopeId, ScopeKind, Scopes};
use crate::syntax::{Field, Kind, NodeId, Tree};
use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;
use std::rc::Rc;

/// A definition: the index of a binding in [`Definitions::all`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DefinitionId(pub u32);

/// A variable of the file.
pub(super) type Variable = u32;

pub(super) type Reached = SmallVec<[DefinitionId; 2]>;

/// The definitions in force, by variable; `None` where no code runs.
pub(super) type State = Option<Rc<FxHashMap<Variable, Reached>>>;

/// All definitions of a file, and the uses that they reach.
#[derive(Debug, Default)]
pub struct Definitions {
    /// In the order of the text.
    pub all: Vec<Binding>,
    /// The definitions that reach an identifier.
    pub(super) reaching: FxHashMap<NodeId, Reached>,
}

impl Definitions {
    /// The definitions that may be in force where `identifier` is read, in the order of the text; none for builtins, star
    /// imports and what is no variable.
    pub fn reaching(&self, identifier: NodeId) -> impl Iterator<Item = &Binding> {
        let ids = self.reaching.get(&identifier).map_or(&[][..], SmallVec::as_slice);
        ids.iter().map(|id| &self.all[id.0 as usize])
    }
}

/// Finds what reaches what in a file.
pub(super) fn find(tree: &Tree, text: &str, scopes: &Scopes, guards: &mut Guards) -> Definitions {
    let mut walk = Walk::new(tree, text, scopes, guards);
    while let Some(frame) = walk.frames.pop() {
        walk.frame(frame);
    }
    let Walk { all, mut reaching, .. } = walk;
    reaching.values_mut().for_each(|reached| {
        reached.sort_unstable();
        reached.dedup();
    });
    Definitions { all, reaching }
}

/// A frame that is still to be walked.
pub(super) struct Frame {
    pub(super) node: NodeId,
    /// What was in force where a nested function was made.
    pub(super) outside: State,
}

/// A loop around the place that is walked.
#[derive(Default)]
pub(super) struct Loop {
    pub(super) again: Vec<State>,
    pub(super) after: Vec<State>,
}

pub(super) struct Walk<'a> {
    pub(super) tree: &'a Tree,
    pub(super) text: &'a str,
    pub(super) scopes: &'a Scopes,
    pub(super) guards: &'a mut Guards,
    pub(super) all: Vec<Binding>,
    pub(super) by_node: FxHashMap<NodeId, SmallVec<[DefinitionId; 1]>>,
    pub(super) of_variable: Vec<Reached>,
    pub(super) variable: FxHashMap<(ScopeId, &'a str), Variable>,
    pub(super) reaching: FxHashMap<NodeId, Reached>,
    pub(super) frames: Vec<Frame>,
    pub(super) state: State,
    pub(super) guard: GuardId,
    pub(super) outside: State,
    pub(super) around: ScopeId,
    pub(super) made_at: NodeId,
    pub(super) loops: Vec<Loop>,
    /// The states from which a handler of each `try` around may be entered.
    pub(super) raising: Vec<Vec<State>>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        tree: &'a Tree,
        text: &'a str,
        scopes: &'a Scopes,
        guards: &'a mut Guards,
    ) -> Self {
        let mut rows: Vec<(ScopeId, &'a str, &'a Binding)> = scopes
            .variables()
            .flat_map(|(home, name, bindings)| bindings.iter().map(move |each| (home, name, each)))
            .collect();
        rows.sort_by_key(|row| (row.2.node, row.0));
        let mut walk = Walk {
            tree,
            text,
            scopes,
            guards,
            all: Vec::with_capacity(rows.len()),
            by_node: FxHashMap::default(),
            of_variable: Vec::new(),
            variable: FxHashMap::default(),
            reaching: FxHashMap::default(),
            frames: vec![Frame { node: Tree::ROOT, outside: None }],
            state: None,
            guard: GuardId::ALWAYS,
            outside: None,
            around: scopes.module(),
            made_at: Tree::ROOT,
            loops: Vec::new(),
            raising: Vec::new(),
        };
        for (home, name, binding) in rows {
            // A mere annotation binds nothing.
            if matches!(binding.kind, BindingKind::Assignment { value: None, annotation: None, .. })
            {
                continue;
            }
            let id = DefinitionId(walk.all.len() as u32);
            let next = walk.of_variable.len() as u32;
            let variable = *walk.variable.entry((home, name)).or_insert(next);
            if variable == next {
                walk.of_variable.push(Reached::new());
            }
            walk.of_variable[variable as usize].push(id);
            walk.by_node.entry(binding.node).or_default().push(id);
            walk.all.push(binding.clone());
        }
        walk
    }

    pub(super) fn frame(&mut self, frame: Frame) {
        let tree = self.tree;
        self.state = Some(Rc::default());
        self.guard = GuardId::ALWAYS;
        self.loops.clear();
        self.raising.clear();
        self.outside = frame.outside;
        self.made_at = frame.node;
        self.around = self.scopes.inner(frame.node).unwrap_or(self.scopes.module());
        match tree.kind(frame.node) {
            Kind::Module => self.suite(frame.node),
            Kind::Lambda => {
                self.parameters(frame.node);
                let body = tree.child(frame.node, Field::Body);
                body.into_iter().for_each(|body| self.expression(body));
            }
            _ => {
                self.parameters(frame.node);
                let body = tree.child(frame.node, Field::Body);
                body.into_iter().for_each(|body| self.suite(body));
            }
        }
    }

    pub(super) fn parameters(&mut self, function: NodeId) {
        let Some(list) = self.tree.child(function, Field::Parameters) else { return };
        let nodes: Vec<NodeId> =
            self.tree.subtree(list).filter(|node| self.is_parameter(*node)).collect();
        nodes.into_iter().for_each(|node| self.bind(node));
    }

    pub(super) fn is_parameter(&self, node: NodeId) -> bool {
        self.by_node.get(&node).is_some_and(|ids| {
            ids.iter()
                .any(|id| matches!(self.all[id.0 as usize].kind, BindingKind::Parameter { .. }))
        })
    }

    // Statements.

    pub(super) fn suite(&mut self, block: NodeId) {
        let before = self.guard;
        for statement in self.tree.children(block) {
            self.guards.note(statement, self.guard);
            self.statement(statement);
        }
        self.guard = before;
    }

    pub(super) fn statement(&mut self, node: NodeId) {
        match self.tree.kind(node) {
            Kind::FunctionDefinition | Kind::ClassDefinition | Kind::DecoratedDefinition => {
                self.definition(node);
            }
            Kind::IfStatement => self.if_statement(node),
            Kind::WhileStatement | Kind::ForStatement => self.loop_statement(node),
            Kind::TryStatement => self.try_statement(node),
            Kind::WithStatement => self.with_statement(node),
            Kind::MatchStatement => self.match_statement(node),
            Kind::ReturnStatement | Kind::RaiseStatement => {
                self.parts(node);
                self.may_raise();
                self.state = None;
            }
            Kind::BreakStatement | Kind::ContinueStatement => {
                let state = self.state.take();
                let is_break = self.tree.kind(node) == Kind::BreakStatement;
                if let Some(around) = self.loops.last_mut() {
                    if is_break { around.after.push(state) } else { around.again.push(state) }
                }
            }
            Kind::AssertStatement => {
                self.parts(node);
                if let Some(test) = self.tree.children(node).next() {
                    self.guard = self.guards.and(self.guard, Test::Holds(test));
                }
            }
            _ => self.parts(node),
        }
    }

    pub(super) fn parts(&mut self, node: NodeId) {
        let parts: Vec<NodeId> = self.tree.children(node).collect();
        parts.into_iter().for_each(|part| self.expression(part));
    }

    pub(super) fn part(&mut self, node: NodeId, field: Field) {
        let part = self.tree.child(node, field);
        part.into_iter().for_each(|part| self.expression(part));
    }

    pub(super) fn definition(&mut self, node: NodeId) {
        let tree = self.tree;
        let definition = tree.child(node, Field::Definition).unwrap_or(node);
        let body = tree.child(definition, Field::Body);
        let name = tree.child(definition, Field::Name);
        let decorators: Vec<NodeId> =
            tree.children(node).filter(|part| tree.kind(*part) == Kind::Decorator).collect();
        decorators.into_iter().for_each(|part| self.expression(part));
        let header: Vec<NodeId> = tree
            .children(definition)
            .filter(|part| Some(*part) != body && Some(*part) != name)
            .collect();
        header.into_iter().for_each(|part| self.expression(part));
        if let Some(body) = body {
            if tree.kind(definition) == Kind::ClassDefinition {
                self.suite(body);
            } else {
                self.make(definition);
            }
        }
        name.into_iter().for_each(|name| self.bind(name));
    }

    /// A function or lambda is made: its body is walked later, with what is in force here.
    pub(super) fn make(&mut self, function: NodeId) {
        self.frames.push(Frame { node: function, outside: self.state.clone() });
    }

    pub(super) fn if_statement(&mut self, node: NodeId) {
        let tree = self.tree;
        let start = self.guard;
        let mut after: Vec<(State, GuardId)> = Vec::new();
        let mut clauses = vec![node];
        clauses.extend(tree.children_in(node, Field::Alternative));
        let mut has_else = false;
        for clause in clauses {
            has_else = tree.kind(clause) == Kind::ElseClause;
            self.guards.note(clause, self.guard);
            self.part(clause, Field::Condition);
            let (tested, guard) = (self.state.clone(), self.guard);
            let condition = tree.child(clause, Field::Condition);
            if let Some(condition) = condition {
                self.guard = self.guards.and(guard, Test::Holds(condition));
            }
            let suite =
                tree.child(clause, Field::Consequence).or_else(|| tree.child(clause, Field::Body));
            suite.into_iter().for_each(|suite| self.suite(suite));
            after.push((self.state.take(), self.guard));
            self.state = tested;
            self.guard = guard;
            if let Some(condition) = condition {
                self.guard = self.guards.and(guard, Test::Fails(condition));
            }
        }
        if !has_else {
            after.push((self.state.take(), self.guard));
        }
        self.merge(after, start);
    }

    /// Goes on where several ways meet: with the tests of the only one that gets there, else with those before.
    pub(super) fn merge(&mut self, ways: Vec<(State, GuardId)>, start: GuardId) {
        let open: Vec<&(State, GuardId)> = ways.iter().filter(|way| way.0.is_some()).collect();
        self.guard = if let [one] = open.as_slice() { one.1 } else { start };
        self.state = join(ways.iter().map(|way| &way.0));
    }

    pub(super) fn loop_statement(&mut self, node: NodeId) {
        let tree = self.tree;
        let is_for = tree.kind(node) == Kind::ForStatement;
        let condition = tree.child(node, Field::Condition);
        let start = self.guard;
        if is_for {
            self.part(node, Field::Right);
        }
        let mut exit = None;
        let mut broken = Vec::new();
        for _ in 0..2 {
            self.loops.push(Loop::default());
            if is_for {
                exit.clone_from(&self.state);
                self.part(node, Field::Left);
            } else {
                self.part(node, Field::Condition);
                exit.clone_from(&self.state);
            }
            if let Some(condition) = condition {
                self.guard = self.guards.and(start, Test::Holds(condition));
            }
            let body = tree.child(node, Field::Body);
            body.into_iter().for_each(|body| self.suite(body));
            self.guard = start;
            let around = self.loops.pop().unwrap_or_default();
            broken.extend(around.after);
            self.state = join([&self.state, &exit].into_iter().chain(&around.again));
        }
        let endless = condition.is_some_and(|condition| {
            let condition = tree.unparenthesized(condition);
            tree.kind(condition) == Kind::True || tree.text(condition, self.text) == "1"
        });
        self.state = if endless { None } else { join([&self.state, &exit]) };
        self.alternative(node);
        self.state = join(std::iter::once(&self.state).chain(&broken));
    }

    pub(super) fn alternative(&mut self, node: NodeId) {
        let tree = self.tree;
        let clause = tree.children(node).find(|child| tree.kind(*child) == Kind::ElseClause);
        let suite = clause.and_then(|clause| tree.child(clause, Field::Body));
        suite.into_iter().for_each(|suite| self.suite(suite));
    }

    pub(super) fn try_statement(&mut self, node: NodeId) {
        let tree = self.tree;
        let start = self.guard;
        self.raising.push(vec![self.state.clone()]);
        let body = tree.child(node, Field::Body);
        body.into_iter().for_each(|body| self.suite(body));
        let raised = self.raising.pop().unwrap_or_default();
        let entry = join(raised.iter().chain([&self.state]));
        self.alternative(node);
        let mut after = vec![(self.state.take(), self.guard)];
        let handlers: Vec<NodeId> =
            tree.children(node).filter(|child| tree.kind(*child) == Kind::ExceptClause).collect();
        for handler in handlers {
            self.state.clone_from(&entry);
            self.guard = start;
            let head: Vec<NodeId> =
                tree.children(handler).filter(|part| tree.kind(*part) != Kind::Block).collect();
            head.into_iter().for_each(|part| self.expression(part));
            let suite = tree.child_of_kind(handler, Kind::Block);
            suite.into_iter().for_each(|suite| self.suite(suite));
            after.push((self.state.take(), self.guard));
        }
        let finally = tree
            .child_of_kind(node, Kind::FinallyClause)
            .and_then(|clause| tree.child_of_kind(clause, Kind::Block));
        self.merge(after, start);
        if let Some(finally) = finally {
            let ended = self.state.clone();
            self.state = join([&ended, &entry]);
            self.suite(finally);
            if ended.is_none() {
                self.state = None;
            }
        }
    }

    /// An exception may leave from here.
    pub(super) fn may_raise(&mut self) {
        if let Some(around) = self.raising.last_mut() {
            around.push(self.state.clone());
        }
    }

    pub(super) fn with_statement(&mut self, node: NodeId) {
        let tree = self.tree;
        let clauses: Vec<NodeId> =
            tree.children(node).filter(|part| tree.kind(*part) == Kind::WithClause).collect();
        clauses.into_iter().for_each(|clause| self.expression(clause));
        let body = tree.child(node, Field::Body);
        body.into_iter().for_each(|body| self.suite(body));
    }

    pub(super) fn match_statement(&mut self, node: NodeId) {
        let tree = self.tree;
        let start = self.guard;
        let subjects: Vec<NodeId> = tree.children_in(node, Field::Subject).collect();
        subjects.into_iter().for_each(|subject| self.expression(subject));
        let Some(block) = tree.child(node, Field::Body) else { return };
        let mut after: Vec<(State, GuardId)> = Vec::new();
        let cases: Vec<NodeId> =
            tree.children(block).filter(|child| tree.kind(*child) == Kind::CaseClause).collect();
        for case in cases {
            let (before, guard) = (self.state.clone(), self.guard);
            let body = tree.child(case, Field::Consequence);
            let head: Vec<NodeId> =
                tree.children(case).filter(|part| Some(*part) != body).collect();
            head.into_iter().for_each(|part| self.expression(part));
            self.guard = self.guards.and(guard, Test::Matches(case));
            body.into_iter().for_each(|body| self.suite(body));
            after.push((self.state.take(), self.guard));
            self.state = before;
            self.guard = self.guards.and(guard, Test::Misses(case));
        }
        after.push((self.state.take(), self.guard));
        self.merge(after, start);
    }

    pub(super) fn identifier(&mut self, node: NodeId) {
        if self.by_node.contains_key(&node) {
            self.bind(node);
        } else {
            self.read(node);
        }
    }

    pub(super) fn bind(&mut self, node: NodeId) {
        let Some(ids) = self.by_node.get(&node).cloned() else { return };
        for id in ids {
            let Some((home, name)) = self.home_of(id) else { continue };
            let Some(variable) = self.variable.get(&(home, name)).copied() else { continue };
            if self.of_variable[variable as usize].len() < 2 {
                continue;
            }
            let Some(state) = &mut self.state else { return };
            let keeps = matches!(
                self.all[id.0 as usize].kind,
                BindingKind::AugmentedAssignment { .. }
                    | BindingKind::Assignment { value: None, .. }
            );
            let state = Rc::make_mut(state);
            let is_delete = matches!(self.all[id.0 as usize].kind, BindingKind::Delete);
            let reached = state.entry(variable).or_default();
            if !keeps {
                reached.clear();
            }
            if !is_delete {
                reached.push(id);
            }
        }
    }

    pub(super) fn home_of(&self, id: DefinitionId) -> Option<(ScopeId, &'a str)> {
        let binding = &self.all[id.0 as usize];
        let node = match self.tree.kind(binding.node) {
            Kind::DottedName => self.tree.children(binding.node).next()?,
            _ => binding.node,
        };
        self.scopes.resolve_name(node)
    }

    /// Notes what reaches a use.
    pub(super) fn read(&mut self, node: NodeId) {
        let Some((home, name)) = self.scopes.resolve_name(node) else { return };
        let Some(variable) = self.variable.get(&(home, name)).copied() else { return };
        let all = &self.of_variable[variable as usize];
        let reached: Reached = if all.len() < 2 {
            all.clone()
        } else if self.is_own(home) {
            match &self.state {
                Some(state) => state.get(&variable).cloned().unwrap_or_default(),
                None => Reached::new(),
            }
        } else {
            self.outer_definitions(home, variable)
        };
        let reached = reached
            .into_iter()
            .filter(|id| !matches!(self.all[id.0 as usize].kind, BindingKind::Delete));
        self.reaching.entry(node).or_default().extend(reached);
    }

    /// Whether the variables of a scope are written by the frame that is walked, and by no other.
    pub(super) fn is_own(&self, home: ScopeId) -> bool {
        let mut at = home;
        loop {
            if at == self.around {
                return true;
            }
            let scope = self.scopes.get(at);
            let runs_in_place = matches!(
                scope.kind,
                ScopeKind::Class | ScopeKind::Comprehension | ScopeKind::TypeParameters
            );
            match scope.parent {
                Some(parent) if runs_in_place => at = parent,
                _ => return false,
            }
        }
    }

    /// What a nested function may see of a variable of the outside: what was in force when it was made, and what is written
    /// later. A `with` around the function that binds the name, and that alone, is used while it is open.
    pub(super) fn outer_definitions(&self, home: ScopeId, variable: Variable) -> Reached {
        let all = &self.of_variable[variable as usize];
        if let Some(entered) = self.entered_around(all) {
            return [entered].into_iter().collect();
        }
        let Some(made) = self.outside.as_ref().filter(|_| home != self.scopes.module()) else {
            return all.clone();
        };
        let loops: FxHashSet<NodeId> = self
            .tree
            .ancestors(self.made_at)
            .filter(|up| matches!(self.tree.kind(*up), Kind::ForStatement | Kind::WhileStatement))
            .collect();
        let later = |id: &DefinitionId| {
            let binding = &self.all[id.0 as usize];
            binding.node > self.made_at
                || binding.scope != home
                || loops.iter().any(|around| self.tree.contains(*around, binding.node))
        };
        let mut found: Reached = made.get(&variable).cloned().unwrap_or_default();
        found.extend(all.iter().filter(|id| later(id)).copied());
        found
    }

    pub(super) fn entered_around(&self, all: &[DefinitionId]) -> Option<DefinitionId> {
        let statement = |id: &DefinitionId| self.all[id.0 as usize].statement;
        let withs = all.iter().filter(|id| {
            matches!(self.all[id.0 as usize].kind, BindingKind::With { .. })
                && self.tree.contains(statement(id), self.made_at)
        });
        let innermost = *withs.max_by_key(|id| statement(id))?;
        let inside = |id: &&DefinitionId| {
            self.tree.contains(statement(&innermost), self.all[id.0 as usize].node)
        };
        (all.iter().filter(inside).count() == 1).then_some(innermost)
    }
}

/// What is in force where several ways meet.
pub(super) fn join<'s>(states: impl IntoIterator<Item = &'s State>) -> State {
    let mut open = states.into_iter().flatten();
    let mut joined = open.next()?.clone();
    for other in open.filter(|other| !Rc::ptr_eq(other, &joined)).cloned().collect::<Vec<_>>() {
        let into = Rc::make_mut(&mut joined);
        other.iter().for_each(|(variable, reached)| {
            let here = into.entry(*variable).or_default();
            for id in reached {
                if !here.contains(id) {
                    here.push(*id);
                }
            }
        });
    }
    Some(joined)
}
