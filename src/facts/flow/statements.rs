//! Statements: the ways through them.

use super::graph::{Around, Builder, Jump, MAX_FINALLY_COPIES, Point, Role};
use crate::facts::scopes::BindingKind;
use crate::syntax::{Field, Kind, NodeId};
use std::collections::BTreeSet;

impl Builder<'_> {
    /// The statements of a block or module.
    pub(super) fn suite(&mut self, block: NodeId) {
        let tree = self.tree;
        for statement in tree.children(block) {
            self.mark_if_wanted(statement, Role::Ahead);
            self.statement(statement);
            self.mark_if_wanted(statement, Role::Behind);
        }
    }

    fn statement(&mut self, node: NodeId) {
        match self.tree.kind(node) {
            Kind::FunctionDefinition | Kind::ClassDefinition | Kind::DecoratedDefinition => {
                self.definition(node);
            }
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
        let parts =
            tree.children(node).chain(tree.children(definition).filter(|_| definition != node));
        let header: Vec<_> = parts
            .filter(|part| Some(*part) != body && Some(*part) != name && *part != definition)
            .collect();
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
            if let Some(suite) =
                tree.child(clause, Field::Consequence).or_else(|| tree.child(clause, Field::Body))
            {
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
        let finally = tree
            .child_of_kind(node, Kind::FinallyClause)
            .and_then(|clause| tree.child_of_kind(clause, Kind::Block));
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
        let handlers: Vec<_> =
            tree.children(node).filter(|child| tree.kind(*child) == Kind::ExceptClause).collect();
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
            let head: Vec<_> =
                tree.children(handler).filter(|part| tree.kind(*part) != Kind::Block).collect();
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
        let clauses: Vec<_> =
            tree.children(node).filter(|part| tree.kind(*part) == Kind::WithClause).collect();
        let after = self.new_point();
        let swallows = !clauses
            .iter()
            .flat_map(|clause| tree.children(*clause))
            .all(|item| self.is_known_to_raise(item));
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
            let head: Vec<_> =
                tree.children(case).filter(|part| tree.kind(*part) != Kind::Block).collect();
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
