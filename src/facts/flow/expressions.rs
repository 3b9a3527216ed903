//! Marks inside expressions and simple statements: in which order they are evaluated, and whether at all.

use super::graph::{Builder, Role};
use crate::facts::scopes::BindingKind;
use crate::syntax::{Field, Kind, NodeId, Tree};
use std::cmp::Reverse;

impl Builder<'_> {
    /// The marks among `root` and its descendants.
    pub(super) fn marks_in(&self, root: NodeId) -> Vec<(NodeId, Role)> {
        let end = self.tree.subtree_end(root);
        self.wanted.range((root, Role::Ahead)..(end, Role::Ahead)).copied().collect()
    }

    /// Expressions that are evaluated one after the other.
    pub(super) fn expressions(&mut self, roots: &[NodeId]) {
        for root in roots {
            let mut marks = self.marks_in(*root);
            let is_statement = self.tree.kind(*root) == Kind::AssertStatement;
            marks.retain(|(node, _)| node != root || !is_statement);
            if marks.is_empty() {
                continue;
            }
            marks.sort_by_key(|mark| self.moment(*mark));
            let start = self.step();
            for (node, role) in &marks {
                self.mark_maybe(*root, *node, *role);
            }
            // Where a walrus stands among the other parts is not looked into: it comes before and after all of them.
            let is_walrus =
                |node: &NodeId| matches!(self.writes.get(node), Some(BindingKind::Walrus { .. }));
            if marks.iter().any(|(node, role)| *role == Role::Write && is_walrus(node)) {
                self.link(self.current, start);
            }
        }
    }

    fn mark_maybe(&mut self, root: NodeId, node: NodeId, role: Role) {
        let before = self.current;
        self.mark(node, role);
        if is_conditional(self.tree, root, node) {
            let after = self.new_point();
            self.link(self.current, after);
            self.link(before, after);
            self.go_to(after);
        }
    }

    /// When the evaluation of a mark is complete, as a sort key: operands before operators, values before targets.
    fn moment(&self, (node, role): (NodeId, Role)) -> (u32, u8, Reverse<u32>, Role) {
        let tree = self.tree;
        let is_assignment =
            |kind: Kind| matches!(kind, Kind::Assignment | Kind::AugmentedAssignment);
        let written = if role == Role::Write { self.writes.get(&node).copied() } else { None };
        match written {
            Some(BindingKind::Assignment { .. } | BindingKind::AugmentedAssignment { .. }) => {
                // All targets of a chain come after the value.
                let whole = tree
                    .ancestors(node)
                    .filter(|up| is_assignment(tree.kind(*up)))
                    .last()
                    .unwrap_or(node);
                (tree.end(whole), 1, Reverse(u32::MAX - node.0), role)
            }
            Some(BindingKind::Walrus { .. }) => {
                let whole = tree.parent(node).unwrap_or(node);
                (tree.end(whole), 0, Reverse(tree.start(whole)), role)
            }
            _ if is_assignment(tree.kind(node)) && role == Role::Ahead => {
                (tree.start(node), 0, Reverse(u32::MAX), role)
            }
            _ if is_assignment(tree.kind(node)) => {
                (tree.end(node), 2, Reverse(tree.start(node)), role)
            }
            _ => (tree.end(node), 0, Reverse(tree.start(node)), role),
        }
    }
}

/// Whether `node` may stay unevaluated although `root` is evaluated.
fn is_conditional(tree: &Tree, root: NodeId, node: NodeId) -> bool {
    let mut at = node;
    while at != root {
        let Some(parent) = tree.parent(at) else { break };
        let position = tree.children(parent).position(|child| child == at);
        let may_be_skipped = match tree.kind(parent) {
            Kind::BooleanOperator => tree.field(at) == Field::Right,
            Kind::ConditionalExpression => position != Some(1),
            // A comparison chain stops at the first part that fails.
            Kind::ComparisonOperator => position > Some(1),
            // `python -O` leaves assertions out.
            Kind::AssertStatement => true,
            Kind::ListComprehension
            | Kind::SetComprehension
            | Kind::DictionaryComprehension
            | Kind::GeneratorExpression
            | Kind::Lambda => true,
            Kind::CaseClause => true,
            _ => false,
        };
        if may_be_skipped {
            return true;
        }
        at = parent;
    }
    false
}
