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
pub(super) const MAX_FINALLY_COPIES: usize = 4;

/// A way out of a suite other than its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Jump {
    Break,
    Continue,
    Return,
    Exception,
}

/// What a jump meets on its way out.
pub(super) enum Around {
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
        let avoided: BTreeSet<_> = avoided.iter().collect();
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
    pub(super) text: &'a str,
    /// The marks.
    pub(super) wanted: BTreeSet<(NodeId, Role)>,
    /// How the variable in question is written.
    pub(super) writes: BTreeMap<NodeId, &'a BindingKind>,
    graph: Graph,
    pub(super) current: Point,
    pub(super) around: Vec<Around>,
    pub(super) finally_depth: usize,
}

/// The graph of the frame that `frame` (module, definition, lambda or comprehension) opens. `writes` are the writes of the
/// variable in question that run in this frame, `others` further nodes of interest.
pub(super) fn build<'a>(
    tree: &'a Tree,
    text: &'a str,
    frame: NodeId,
    writes: &[&'a Binding],
    others: &[(NodeId, Role)],
) -> Graph {
    let writes: BTreeMap<_, _> =
        writes.iter().map(|binding| (binding.node, &binding.kind)).collect();
    let wanted =
        others.iter().copied().chain(writes.keys().map(|node| (*node, Role::Write))).collect();
    let graph = Graph { successors: vec![Vec::new()], marks: BTreeMap::new() };
    let mut builder = Builder {
        tree,
        text,
        wanted,
        writes,
        graph,
        current: Graph::ENTRY,
        around: Vec::new(),
        finally_depth: 0,
    };
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
    pub(super) fn stop(&mut self) {
        self.current = self.new_point();
    }

    pub(super) fn mark(&mut self, node: NodeId, role: Role) {
        let point = self.step();
        self.graph.marks.entry((node, role)).or_default().push(point);
    }

    pub(super) fn mark_if_wanted(&mut self, node: NodeId, role: Role) {
        if self.wanted.contains(&(node, role)) {
            self.mark(node, role);
        }
    }

    /// Links the current point to wherever `jump` leads.
    pub(super) fn jump(&mut self, jump: Jump) {
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
}
