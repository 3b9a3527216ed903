//! The syntax tree, flattened in preorder: parents cost nothing, and no walk needs recursion.
//!
//! tree-sitter's own `parent()` starts at the root (facts about its cost are in ARCHITECTURE.md), and
//! its trees take a hundred times the size of the source. Here the descendants of a node are the
//! nodes that follow it, up to its `subtree_end`.

use super::{Field, Kind};
use crate::text::Span;

/// A node of one [`Tree`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    pub(super) kind: Kind,
    pub(super) field: Field,
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) parent: u32,
    pub(super) subtree_end: u32,
}

/// All nodes of one file, tokens included, in preorder.
#[derive(Debug, Default)]
pub struct Tree {
    pub(super) nodes: Vec<Node>,
}

impl Tree {
    /// The root, of kind `Module`.
    pub const ROOT: NodeId = NodeId(0);

    /// The number of nodes.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there is no node at all; never so for a parsed file.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }

    /// What the node is.
    pub fn kind(&self, id: NodeId) -> Kind {
        self.node(id).kind
    }

    /// The role the node has in its parent.
    pub fn field(&self, id: NodeId) -> Field {
        self.node(id).field
    }

    /// The bytes of the node.
    pub fn span(&self, id: NodeId) -> Span {
        let node = self.node(id);
        Span::new(node.start, node.end)
    }

    /// The first byte of the node.
    pub fn start(&self, id: NodeId) -> u32 {
        self.node(id).start
    }

    /// One past the last byte of the node.
    pub fn end(&self, id: NodeId) -> u32 {
        self.node(id).end
    }

    /// The text of the node in the `source` it was parsed from.
    pub fn text<'s>(&self, id: NodeId, source: &'s str) -> &'s str {
        &source[self.span(id).range()]
    }

    /// The parent; `None` for the root.
    pub fn parent(&self, id: NodeId) -> Option<NodeId> {
        (id != Self::ROOT).then(|| NodeId(self.node(id).parent))
    }

    /// Parents from the nearest to the root.
    pub fn ancestors(&self, id: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        std::iter::successors(self.parent(id), |up| self.parent(*up))
    }

    /// Whether `outer` is `inner` or one of its ancestors.
    pub fn contains(&self, outer: NodeId, inner: NodeId) -> bool {
        outer <= inner && inner.0 < self.node(outer).subtree_end
    }

    /// The node after the last descendant of `id`, in preorder.
    pub fn subtree_end(&self, id: NodeId) -> NodeId {
        NodeId(self.node(id).subtree_end)
    }

    /// `id` and all its descendants in the order of the text.
    pub fn subtree(&self, id: NodeId) -> impl DoubleEndedIterator<Item = NodeId> + use<> {
        (id.0..self.node(id).subtree_end).map(NodeId)
    }

    /// All children, tokens and comments included.
    pub fn all_children(&self, id: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        let end = self.node(id).subtree_end;
        let first = id.0 + 1;
        std::iter::successors((first < end).then_some(NodeId(first)), move |child| {
            let next = self.node(*child).subtree_end;
            (next < end).then_some(NodeId(next))
        })
    }

    /// The children without tokens, comments and line continuations.
    pub fn children(&self, id: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        self.all_children(id).filter(|child| {
            !self.kind(*child).is_token()
                && !matches!(self.kind(*child), Kind::Comment | Kind::LineContinuation)
        })
    }

    /// The parts of an `and`, `or` or conditional expression that may be its value. The left part of an `and` is none of
    /// them: it is the value only where it is false, and then it is no object that matters.
    pub fn outcomes(&self, id: NodeId) -> Vec<NodeId> {
        let parts: Vec<NodeId> = self.children(id).collect();
        match (self.kind(id), parts.as_slice()) {
            (Kind::ConditionalExpression, [then, _, otherwise]) => vec![*then, *otherwise],
            (Kind::BooleanOperator, [.., right])
                if self.child_of_kind(id, Kind::AndKeyword).is_some() =>
            {
                vec![*right]
            }
            _ => parts,
        }
    }

    /// The first child with that role.
    pub fn child(&self, id: NodeId, field: Field) -> Option<NodeId> {
        self.all_children(id).find(|child| self.field(*child) == field)
    }

    /// All children with that role, tokens left out.
    pub fn children_in(&self, id: NodeId, field: Field) -> impl Iterator<Item = NodeId> + '_ {
        self.children(id).filter(move |child| self.field(*child) == field)
    }

    /// The first child of that kind, token or not.
    pub fn child_of_kind(&self, id: NodeId, kind: Kind) -> Option<NodeId> {
        self.all_children(id).find(|child| self.kind(*child) == kind)
    }

    /// The nearest ancestor (not `id` itself) of one of `kinds`.
    pub fn enclosing(&self, id: NodeId, kinds: &[Kind]) -> Option<NodeId> {
        self.ancestors(id).find(|up| kinds.contains(&self.kind(*up)))
    }

    /// The expression inside any number of parentheses.
    pub fn unparenthesized(&self, id: NodeId) -> NodeId {
        let mut inner = id;
        while self.kind(inner) == Kind::ParenthesizedExpression {
            let Some(child) = self.children(inner).next() else { break };
            inner = child;
        }
        inner
    }

    /// The smallest node with exactly this span and kind.
    pub fn find(&self, span: Span, kind: Kind) -> Option<NodeId> {
        let from = self.nodes.partition_point(|node| node.start < span.start);
        let found = self.nodes[from..]
            .iter()
            .take_while(|node| node.start == span.start)
            .enumerate()
            .filter(|(_, node)| node.end == span.end && node.kind == kind)
            .last()?;
        Some(NodeId((from + found.0) as u32))
    }

    /// The smallest node that holds `span`.
    pub fn covering(&self, span: Span) -> NodeId {
        let mut at = Self::ROOT;
        while let Some(child) = self.all_children(at).find(|child| self.span(*child).contains(span))
        {
            at = child;
        }
        at
    }
}
