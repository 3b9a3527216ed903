//! The control-flow graph of one function or module body, reduced to the places that a question is about.
//!
//! Each point stands for a *mark* (a node whose evaluation matters) or for nothing but a meeting of paths. Whatever
//! can raise is taken to raise anywhere. `finally` suites appear twice, for the normal and for the abrupt way
//! out, unless they are nested so deeply that this would explode.

use crate::facts::scopes::{Binding, BindingKind};
use crate::syntax::{Field, Kind, NodeId, Tree};
use std::collections::{BTreeMap, BTreeSet};

/// Number of a point in a [`Graph`].
pub(super) type Point = usize;

/// Deeper `finally` suites are entered by all ways at once.
const MAX_FINALLY_COPIES: usize = 4;

/// A way out of a suite other than its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Jump {
    Break,
    Continue,
    Return,
    Exception,
}

/// What a jump meets on its way out.
enum Around {
    Loop {
        after: Point,
        again: Point,
    },
    /// Exceptions go to the handlers.
    Handlers(Point),
    /// Every jump passes here first, and goes on afterwards.
    Finally {
        entry: Point,
        jumps: BTreeSet<Jump>,
    },
    /// A context manager may swallow exceptions.
    With {
        after: Point,
    },
}

/// Why a node matters. The same node can matter for several reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    /// It lies ahead: a statement counts from its start, an expression from its end.
    Ahead,
    /// It is over: everything counts from its end.
    Behind,
    /// It writes the variable in question.
    Write,
}

/// The graph: successors of every point, and the points of every mark.
pub(super) struct Graph {
    successors: Vec<Vec<Point>>,
    marks: BTreeMap<(NodeId, Role), Vec<Point>>,
}

impl Graph {
    /// The point at which the body starts.
    pub(super) const ENTRY: Point = 0;

    /// The points of a mark; none if it is never evaluated as part of the body.
    pub(super) fn points(&self, node: NodeId, role: Role) -> &[Point] {
        self.marks.get(&(node, role)).map_or(&[], Vec::as_slice)
    }

    /// All points that can come after one of `starts`, without passing through `avoided` on the way. A start is only
    /// included if a path leads back to it.
    pub(super) fn reachable(&self, starts: &[Point], avoided: &[Point]) -> BTreeSet<Point> {
        let mut seen = BTreeSet::new();
        let mut open: Vec<Point> = starts.to_vec();
        while let Some(point) = open.pop() {
            for next in &self.successors[point] {
                if seen.insert(*next) && !avoided.contains(next) {
                    open.push(*next);
                }
            }
        }
        seen
    }
}

/// Builds the graph of one frame.
pub(super) struct Builder<'a> {
    pub(super) tree: &'a Tree,
    text: &'a str,
    /// The marks.
    pub(super) wanted: BTreeSet<(NodeId, Role)>,
    /// How the variable in question is written.
    pub(super) writes: BTreeMap<NodeId, &'a BindingKind>,
    graph: Graph,
    pub(super) current: Point,
    around: Vec<Around>,
    finally_depth: usize,
}

/// The graph of the frame that `frame` (module, definition, lambda or comprehension) opens. `writes` are the writes of the
/// variable in question that run in this frame, `others` further nodes of interest.
pub(super) fn build<'a>(tree: &'a Tree, text: &'a str, frame: NodeId, writes: &[&'a Binding], others: &[(NodeId, Role)]) -> Graph {
    let writes: BTreeMap<_, _> = writes.iter().map(|binding| (binding.node, &binding.kind)).collect();
    let wanted = others.iter().copied().chain(writes.keys().map(|node| (*node, Role::Write))).collect();
    let graph = Graph { successors: vec![Vec::new()], marks: BTreeMap::new() };
    let mut builder = Builder { tree, text, wanted, writes, graph, current: Graph::ENTRY, around: Vec::new(), finally_depth: 0 };
    if let Some(parameters) = tree.child(frame, Field::Parameters) {
        builder.parameters(parameters);
    }
    match (tree.kind(frame), tree.child(frame, Field::Body)) {
        (Kind::Module, _) => builder.suite(frame),
        (Kind::FunctionDefinition, Some(body)) => builder.suite(body),
        (_, Some(body)) => builder.expressions(&[body]),
        _ => {}
    }
    builder.graph
}

impl Builder<'_> {
    pub(super) fn new_point(&mut self) -> Point {
        self.graph.successors.push(Vec::new());
        self.graph.successors.len() - 1
    }

    pub(super) fn link(&mut self, from: Point, to: Point) {
        self.graph.successors[from].push(to);
    }

    /// Goes on at a new point.
    pub(super) fn step(&mut self) -> Point {
        let next = self.new_point();
        self.link(self.current, next);
        self.go_to(next);
        next
    }

    /// Goes on at `point`; from there an exception may lead away.
    pub(super) fn go_to(&mut self, point: Point) {
        self.current = point;
        self.jump(Jump::Exception);
    }

    /// Goes on where no path leads.
    fn stop(&mut self) {
        self.current = self.new_point();
    }

    pub(super) fn mark(&mut self, node: NodeId, role: Role) {
        let point = self.step();
        self.graph.marks.entry((node, role)).or_default().push(point);
    }

    fn mark_if_wanted(&mut self, node: NodeId, role: Role) {
        if self.wanted.contains(&(node, role)) {
            self.mark(node, role);
        }
    }

    /// Links the current point to wherever `jump` leads.
    fn jump(&mut self, jump: Jump) {
        for index in (0..self.around.len()).rev() {
            let target = match &mut self.around[index] {
                Around::Loop { after, .. } if jump == Jump::Break => (*after, true),
                Around::Loop { again, .. } if jump == Jump::Continue => (*again, true),
                Around::Handlers(point) if jump == Jump::Exception => (*point, true),
                Around::With { after } if jump == Jump::Exception => (*after, false),
                Around::Finally { entry, jumps } => {
                    jumps.insert(jump);
                    (*entry, true)
                }
                _ => continue,
            };
            self.link(self.current, target.0);
            if target.1 {
                return;
            }
        }
    }

    fn parameters(&mut self, list: NodeId) {
        for (node, role) in self.marks_in(list) {
            if role == Role::Write {
                self.mark(node, role);
            }
        }
    }

    /// The statements of a block or module.
    fn suite(&mut self, block: NodeId) {
        let tree = self.tree;
        for statement in tree.children(block) {
            self.mark_if_wanted(statement, Role::Ahead);
            self.statement(statement);
            self.mark_if_wanted(statement, Role::Behind);
        }
    }

    fn statement(&mut self, node: NodeId) {
        match self.tree.kind(node) {
            Kind::FunctionDefinition | Kind::ClassDefinition | Kind::DecoratedDefinition => self.definition(node),
            Kind::IfStatement => self.if_statement(node),
            Kind::WhileStatement => self.while_statement(node),
            Kind::ForStatement => self.for_statement(node),
            Kind::TryStatement => self.try_statement(node),
            Kind::WithStatement => self.with_statement(node),
            Kind::MatchStatement => self.match_statement(node),
            Kind::ReturnStatement => self.leave(node, Jump::Return),
            Kind::RaiseStatement => self.leave(node, Jump::Exception),
            Kind::BreakStatement => self.leave(node, Jump::Break),
            Kind::ContinueStatement => self.leave(node, Jump::Continue),
            Kind::AssertStatement => self.expressions(&[node]),
            _ => self.parts(node),
        }
    }

    /// The expressions of a simple statement.
    fn parts(&mut self, node: NodeId) {
        let parts: Vec<_> = self.tree.children(node).collect();
        self.expressions(&parts);
    }

    /// The expression with that role in a compound statement.
    fn part(&mut self, node: NodeId, field: Field) {
        let part: Vec<_> = self.tree.child(node, field).into_iter().collect();
        self.expressions(&part);
    }

    fn leave(&mut self, node: NodeId, jump: Jump) {
        self.parts(node);
        self.jump(jump);
        self.stop();
    }

    fn definition(&mut self, node: NodeId) {
        let tree = self.tree;
        let definition = tree.child(node, Field::Definition).unwrap_or(node);
        let body = tree.child(definition, Field::Body);
        let name = tree.child(definition, Field::Name);
        if definition != node {
            self.mark_if_wanted(definition, Role::Ahead);
        }
        let parts = tree.children(node).chain(tree.children(definition).filter(|_| definition != node));
        let header: Vec<_> = parts.filter(|part| Some(*part) != body && Some(*part) != name && *part != definition).collect();
        self.expressions(&header);
        if let (Kind::ClassDefinition, Some(body)) = (tree.kind(definition), body) {
            self.suite(body);
        }
        self.expressions(&name.into_iter().collect::<Vec<_>>());
        if definition != node {
            self.mark_if_wanted(definition, Role::Behind);
        }
    }

    fn if_statement(&mut self, node: NodeId) {
        let tree = self.tree;
        let after = self.new_point();
        let mut clause = node;
        let mut rest = tree.children_in(node, Field::Alternative).collect::<Vec<_>>().into_iter();
        loop {
            self.part(clause, Field::Condition);
            let tested = self.current;
            if let Some(suite) = tree.child(clause, Field::Consequence).or_else(|| tree.child(clause, Field::Body)) {
                self.suite(suite);
            }
            self.link(self.current, after);
            let is_else = tree.kind(clause) == Kind::ElseClause;
            if is_else {
                break;
            }
            self.current = tested;
            match rest.next() {
                Some(next) => clause = next,
                None => {
                    self.link(tested, after);
                    break;
                }
            }
        }
        self.go_to(after);
    }

    fn while_statement(&mut self, node: NodeId) {
        let tree = self.tree;
        let again = self.step();
        let condition = tree.child(node, Field::Condition);
        self.part(node, Field::Condition);
        let tested = self.current;
        let endless = condition.is_some_and(|condition| {
            let condition = tree.unparenthesized(condition);
            tree.kind(condition) == Kind::True || tree.text(condition, self.text) == "1"
        });
        self.rest_of_loop(node, again, tested, endless);
    }

    fn for_statement(&mut self, node: NodeId) {
        self.part(node, Field::Right);
        let again = self.step();
        self.part(node, Field::Left);
        self.rest_of_loop(node, again, again, false);
    }

    /// Body and `else` of a loop. `exit` is the point from which the loop ends by itself.
    fn rest_of_loop(&mut self, node: NodeId, again: Point, exit: Point, endless: bool) {
        let tree = self.tree;
        let after = self.new_point();
        self.around.push(Around::Loop { after, again });
        if let Some(body) = tree.child(node, Field::Body) {
            self.suite(body);
        }
        self.link(self.current, again);
        self.around.pop();
        if !endless {
            self.current = exit;
            self.alternative(node);
            self.link(self.current, after);
        }
        self.go_to(after);
    }

    fn alternative(&mut self, node: NodeId) {
        let tree = self.tree;
        let clause = tree.children(node).find(|child| tree.kind(*child) == Kind::ElseClause);
        if let Some(suite) = clause.and_then(|clause| tree.child(clause, Field::Body)) {
            self.suite(suite);
        }
    }

    fn try_statement(&mut self, node: NodeId) {
        let tree = self.tree;
        let finally = tree.child_of_kind(node, Kind::FinallyClause).and_then(|clause| tree.child_of_kind(clause, Kind::Block));
        let entry = self.new_point();
        let copies = self.finally_depth < MAX_FINALLY_COPIES;
        if finally.is_some() {
            self.around.push(Around::Finally { entry, jumps: BTreeSet::new() });
        }
        self.try_and_handlers(node);
        let Some(finally) = finally else { return };
        let Some(Around::Finally { jumps, .. }) = self.around.pop() else { return };
        self.finally_depth += 1;
        let mut after = None;
        if copies {
            self.step();
            self.suite(finally);
            after = Some(self.current);
        } else {
            self.link(self.current, entry);
        }
        self.go_to(entry);
        self.suite(finally);
        self.finally_depth -= 1;
        for jump in jumps {
            self.jump(jump);
        }
        if let Some(after) = after {
            self.current = after;
        }
    }

    fn try_and_handlers(&mut self, node: NodeId) {
        let tree = self.tree;
        let handlers: Vec<_> = tree.children(node).filter(|child| tree.kind(*child) == Kind::ExceptClause).collect();
        let after = self.new_point();
        let raised = self.new_point();
        if !handlers.is_empty() {
            self.around.push(Around::Handlers(raised));
        }
        self.step();
        if let Some(body) = tree.child(node, Field::Body) {
            self.suite(body);
        }
        if !handlers.is_empty() {
            self.around.pop();
        }
        self.alternative(node);
        self.link(self.current, after);
        self.go_to(raised);
        for handler in handlers {
            let before = self.current;
            let head: Vec<_> = tree.children(handler).filter(|part| tree.kind(*part) != Kind::Block).collect();
            self.expressions(&head);
            if let Some(suite) = tree.child_of_kind(handler, Kind::Block) {
                self.suite(suite);
            }
            // The name behind `as` is deleted at the end.
            for (node, role) in self.marks_in(handler) {
                if matches!(self.writes.get(&node), Some(BindingKind::Except { .. }))
                    && role == Role::Write
                    && head.iter().any(|part| tree.contains(*part, node))
                {
                    self.mark(node, role);
                }
            }
            self.link(self.current, after);
            self.go_to(before);
        }
        // What no handler takes goes on outwards, which `go_to` has seen to.
        self.go_to(after);
    }

    fn with_statement(&mut self, node: NodeId) {
        let tree = self.tree;
        let clauses: Vec<_> = tree.children(node).filter(|part| tree.kind(*part) == Kind::WithClause).collect();
        let after = self.new_point();
        let swallows = !clauses.iter().flat_map(|clause| tree.children(*clause)).all(|item| self.is_known_to_raise(item));
        if swallows {
            self.around.push(Around::With { after });
        }
        self.expressions(&clauses);
        self.step();
        if let Some(body) = tree.child(node, Field::Body) {
            self.suite(body);
        }
        if swallows {
            self.around.pop();
        }
        self.link(self.current, after);
        self.go_to(after);
    }

    /// Whether the context manager of a `with` item lets exceptions pass: well-known ones, by their last name.
    fn is_known_to_raise(&self, item: NodeId) -> bool {
        const PASSING: [&str; 14] = [
            "open",
            "Pool",
            "ThreadPool",
            "ProcessPoolExecutor",
            "ThreadPoolExecutor",
            "Manager",
            "SharedMemoryManager",
            "Lock",
            "RLock",
            "closing",
            "urlopen",
            "TemporaryDirectory",
            "NamedTemporaryFile",
            "TemporaryFile",
        ];
        let tree = self.tree;
        let mut at = item;
        loop {
            let next = match tree.kind(at) {
                Kind::WithItem => tree.child(at, Field::Value),
                Kind::ParenthesizedExpression | Kind::AsPattern => tree.children(at).next(),
                Kind::Call => tree.child(at, Field::Function),
                Kind::Attribute => tree.child(at, Field::Attribute),
                Kind::Identifier => return PASSING.contains(&tree.text(at, self.text)),
                _ => None,
            };
            let Some(next) = next else { return false };
            at = next;
        }
    }

    fn match_statement(&mut self, node: NodeId) {
        let tree = self.tree;
        let subjects: Vec<_> = tree.children_in(node, Field::Subject).collect();
        self.expressions(&subjects);
        let after = self.new_point();
        let Some(block) = tree.child(node, Field::Body) else { return };
        for case in tree.children(block).filter(|child| tree.kind(*child) == Kind::CaseClause) {
            let next = self.new_point();
            let start = self.step();
            let head: Vec<_> = tree.children(case).filter(|part| tree.kind(*part) != Kind::Block).collect();
            self.expressions(&head);
            if !self.always_matches(&head) {
                self.link(start, next);
                self.link(self.current, next);
            }
            if let Some(suite) = tree.child(case, Field::Consequence) {
                self.suite(suite);
            }
            self.link(self.current, after);
            self.go_to(next);
        }
        self.link(self.current, after);
        self.go_to(after);
    }

    /// `case _:` and `case name:` without a guard.
    fn always_matches(&self, head: &[NodeId]) -> bool {
        let tree = self.tree;
        let &[pattern] = head else { return false };
        let mut parts = tree.all_children(pattern);
        let first = parts.next().map(|part| (part, tree.kind(part)));
        let is_irrefutable = match first {
            Some((_, Kind::Underscore)) => true,
            Some((name, Kind::DottedName)) => tree.child_of_kind(name, Kind::Dot).is_none(),
            _ => false,
        };
        is_irrefutable && parts.next().is_none()
    }
}
