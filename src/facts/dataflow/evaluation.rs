//! Expressions in the order in which Python evaluates them: what they read and bind, and which parts may not run.

use super::guard::{GuardId, Test};
use super::reaching::{State, Walk, join};
use crate::syntax::{Field, Kind, NodeId};

/// One piece of the evaluation of an expression.
pub(super) enum Task {
    Visit(NodeId),
    Bind(NodeId),
    /// Behind a part that may not run: what was in force before it may still be.
    Join(State),
    Guard(GuardId),
}

impl Walk<'_> {
    pub(super) fn expression(&mut self, root: NodeId) {
        let mut tasks = vec![Task::Visit(root)];
        while let Some(task) = tasks.pop() {
            match task {
                Task::Bind(node) => self.bind(node),
                Task::Join(other) => self.state = join([&self.state, &other]),
                Task::Guard(guard) => self.guard = guard,
                Task::Visit(node) => self.visit(node, &mut tasks),
            }
        }
    }

    pub(super) fn visit(&mut self, node: NodeId, tasks: &mut Vec<Task>) {
        let tree = self.tree;
        let parts: Vec<NodeId> = tree.children(node).collect();
        match tree.kind(node) {
            Kind::Identifier => self.identifier(node),
            // `import a.b` binds under its dotted name.
            Kind::DottedName if self.by_node.contains_key(&node) => self.bind(node),
            Kind::WildcardImport => {}
            Kind::Lambda => {
                // Defaults are evaluated here, the body later.
                let defaults = tree.child(node, Field::Parameters);
                tasks.extend(defaults.map(Task::Visit));
                self.make(node);
            }
            Kind::DefaultParameter | Kind::TypedDefaultParameter => {
                tasks.extend(tree.child(node, Field::Value).map(Task::Visit));
            }
            Kind::Parameters | Kind::LambdaParameters => {
                tasks.extend(
                    parts
                        .into_iter()
                        .rev()
                        .filter(|part| tree.kind(*part) != Kind::Identifier)
                        .map(Task::Visit),
                );
            }
            Kind::Assignment | Kind::AugmentedAssignment => {
                let (left, right) = (tree.child(node, Field::Left), tree.child(node, Field::Right));
                if tree.kind(node) == Kind::AugmentedAssignment {
                    left.into_iter().for_each(|left| self.read(left));
                }
                tasks.extend(left.map(Task::Visit));
                tasks.extend(right.map(Task::Visit));
            }
            Kind::NamedExpression => {
                tasks.extend(tree.child(node, Field::Name).map(Task::Bind));
                tasks.extend(tree.child(node, Field::Value).map(Task::Visit));
            }
            Kind::ConditionalExpression if parts.len() == 3 => {
                self.conditional(&parts, tasks);
            }
            Kind::BooleanOperator if parts.len() == 2 => {
                self.short_circuit(node, parts[0], parts[1], tasks);
            }
            Kind::ListComprehension
            | Kind::SetComprehension
            | Kind::DictionaryComprehension
            | Kind::GeneratorExpression => {
                let body = tree.child(node, Field::Body);
                tasks.push(Task::Join(self.state.clone()));
                tasks.push(Task::Guard(self.guard));
                self.comprehension(&parts, body, tasks);
            }
            Kind::ForInClause => {
                tasks.extend(tree.child(node, Field::Left).map(Task::Visit));
                tasks.extend(tree.child(node, Field::Right).map(Task::Visit));
            }
            Kind::KeywordArgument => {
                tasks.extend(tree.child(node, Field::Value).map(Task::Visit));
            }
            Kind::Call => {
                self.may_raise();
                tasks.extend(parts.into_iter().rev().map(Task::Visit));
            }
            Kind::Attribute => tasks.extend(tree.child(node, Field::Object).map(Task::Visit)),
            _ => tasks.extend(parts.into_iter().rev().map(Task::Visit)),
        }
    }

    pub(super) fn conditional(&mut self, parts: &[NodeId], tasks: &mut Vec<Task>) {
        let [then, test, otherwise] = parts else { return };
        self.expression(*test);
        let (tested, guard) = (self.state.clone(), self.guard);
        self.guard = self.guards.and(guard, Test::Holds(*test));
        self.guards.note(*then, self.guard);
        self.expression(*then);
        let chosen = std::mem::replace(&mut self.state, tested);
        self.guard = self.guards.and(guard, Test::Fails(*test));
        self.guards.note(*otherwise, self.guard);
        tasks.push(Task::Guard(guard));
        tasks.push(Task::Join(chosen));
        tasks.push(Task::Visit(*otherwise));
    }

    pub(super) fn short_circuit(
        &mut self,
        node: NodeId,
        left: NodeId,
        right: NodeId,
        tasks: &mut Vec<Task>,
    ) {
        self.expression(left);
        let guard = self.guard;
        let is_and = self.tree.child_of_kind(node, Kind::AndKeyword).is_some();
        let test = if is_and { Test::Holds(left) } else { Test::Fails(left) };
        self.guard = self.guards.and(guard, test);
        self.guards.note(right, self.guard);
        tasks.push(Task::Guard(guard));
        tasks.push(Task::Join(self.state.clone()));
        tasks.push(Task::Visit(right));
    }

    /// The clauses run before the result.
    pub(super) fn comprehension(
        &mut self,
        parts: &[NodeId],
        body: Option<NodeId>,
        tasks: &mut Vec<Task>,
    ) {
        let mut guard = self.guard;
        let mut ordered = Vec::new();
        for part in parts.iter().filter(|part| Some(**part) != body) {
            ordered.push(Task::Visit(*part));
            let test = self.tree.children(*part).next();
            if let (Kind::IfClause, Some(test)) = (self.tree.kind(*part), test) {
                guard = self.guards.and(guard, Test::Holds(test));
                ordered.push(Task::Guard(guard));
            }
        }
        if let Some(body) = body {
            self.guards.note(body, guard);
            ordered.push(Task::Visit(body));
        }
        tasks.extend(ordered.into_iter().rev());
    }
}
