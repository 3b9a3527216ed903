//! Places that are written: assignment targets, `del`, loop variables, `case` patterns.

use super::build::{Builder, Task};
use super::model::{BindingKind, PathStep};
use super::raw::fact;
use crate::syntax::{Field, Kind, NodeId, Tree};

/// Why a target is written.
#[derive(Debug, Clone, Copy)]
pub(super) enum Write {
    Assignment { value: Option<NodeId> },
    Augmented { value: NodeId },
    For { iterable: NodeId, is_async: bool },
    ComprehensionFor { iterable: NodeId },
    With { value: NodeId, is_async: bool },
    Except { class: Option<NodeId> },
    Delete,
}

impl Write {
    fn kind(self, path: Vec<PathStep>) -> BindingKind {
        match self {
            Self::Assignment { value } => BindingKind::Assignment { value, path, annotation: None },
            Self::Augmented { value } => BindingKind::AugmentedAssignment { value },
            Self::For { iterable, is_async } => BindingKind::For { iterable, path, is_async },
            Self::ComprehensionFor { iterable } => BindingKind::ComprehensionFor { iterable, path },
            Self::With { value, is_async } => BindingKind::With { value, path, is_async },
            Self::Except { class } => BindingKind::Except { class },
            Self::Delete => BindingKind::Delete,
        }
    }
}

impl Builder<'_> {
    /// Visits a target: names are written, the objects of attributes and items are read.
    pub(super) fn target(&mut self, root: NodeId, write: Write) {
        let tree = self.tree;
        let mut open = vec![(root, Vec::new())];
        while let Some((node, path)) = open.pop() {
            match tree.kind(node) {
                Kind::Identifier => self.write(node, fact::LOCAL, write.kind(path)),
                _ if is_wrapper(tree, node) => {
                    open.extend(tree.children(node).map(|child| (child, path.clone())));
                }
                Kind::Tuple
                | Kind::List
                | Kind::TuplePattern
                | Kind::ListPattern
                | Kind::PatternList
                | Kind::ExpressionList => {
                    let elements: Vec<_> = tree.children(node).collect();
                    for (element, step) in elements.iter().zip(steps(tree, &elements)).rev() {
                        let inner = path.iter().copied().chain([step]).collect();
                        open.push((*element, inner));
                    }
                }
                // Anything else is an attribute, an item, or no valid target.
                _ => self.then(Task::Visit(node)),
            }
        }
    }

    /// The identifier inside nothing but parentheses.
    pub(super) fn lone_identifier(&self, target: NodeId) -> Option<NodeId> {
        let tree = self.tree;
        let mut at = target;
        loop {
            match tree.kind(at) {
                Kind::Identifier => return Some(at),
                Kind::ParenthesizedExpression | Kind::TuplePattern if is_wrapper(tree, at) => {
                    at = tree.children(at).next()?;
                }
                _ => return None,
            }
        }
    }

    /// Visits a pattern of a `case`, or a part of one.
    pub(super) fn pattern(&mut self, node: NodeId) {
        let tree = self.tree;
        match tree.kind(node) {
            Kind::DottedName => self.name_pattern(node, tree.field(node) == Field::Key),
            Kind::AsPattern | Kind::SplatPattern => {
                for child in tree.children(node) {
                    if tree.kind(child) == Kind::Identifier {
                        self.capture(child);
                    } else {
                        self.then(Task::Pattern(child));
                    }
                }
            }
            // The class name and the names of keyword patterns are not captures.
            Kind::ClassPattern | Kind::KeywordPattern => {
                for (index, child) in tree.children(node).enumerate() {
                    match tree.kind(child) {
                        Kind::DottedName if index == 0 => self.name_pattern(child, true),
                        Kind::Identifier if index == 0 => {}
                        _ => self.then(Task::Pattern(child)),
                    }
                }
            }
            Kind::String | Kind::ConcatenatedString => self.then(Task::Visit(node)),
            _ => {
                for child in tree.children(node) {
                    self.then(Task::Pattern(child));
                }
            }
        }
    }

    /// A name without dots captures, a name with dots is a value.
    fn name_pattern(&mut self, dotted: NodeId, is_value: bool) {
        let tree = self.tree;
        let Some(first) = tree.child_of_kind(dotted, Kind::Identifier) else { return };
        if is_value || tree.child_of_kind(dotted, Kind::Dot).is_some() {
            self.read(first);
        } else {
            self.capture(first);
        }
    }

    fn capture(&mut self, identifier: NodeId) {
        if self.tree.text(identifier, self.text) != "_" {
            self.write(identifier, fact::LOCAL, BindingKind::MatchCapture);
        }
    }
}

/// Whether the target stands for its one child: `(a)` does (the grammar takes it for a tuple), `(a,)` does not.
fn is_wrapper(tree: &Tree, node: NodeId) -> bool {
    match tree.kind(node) {
        Kind::ParenthesizedExpression
        | Kind::AsPatternTarget
        | Kind::ListSplatPattern
        | Kind::ListSplat => true,
        Kind::TuplePattern => {
            tree.child_of_kind(node, Kind::Comma).is_none() && tree.children(node).next().is_some()
        }
        _ => false,
    }
}

/// How to get to each element of an unpacked sequence.
fn steps(tree: &Tree, elements: &[NodeId]) -> Vec<PathStep> {
    let is_star =
        |node: &NodeId| matches!(tree.kind(*node), Kind::ListSplat | Kind::ListSplatPattern);
    let star = elements.iter().position(is_star);
    let step = |index: usize| match star {
        Some(star) if index == star => {
            PathStep::Star { before: star, after: elements.len() - 1 - star }
        }
        Some(star) if index > star => PathStep::FromEnd(elements.len() - 1 - index),
        _ => PathStep::Index(index),
    };
    (0..elements.len()).map(step).collect()
}
