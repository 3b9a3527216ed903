//! Expressions: which parts are visited in which order, and where they are no variables.

use super::build::{Builder, Opening, Task};
use super::model::{BindingKind, ScopeKind};
use super::raw::fact;
use super::targets::Write;
use crate::syntax::{Field, Kind, NodeId};

impl Builder<'_> {
    pub(super) fn expression(&mut self, node: NodeId) {
        match self.tree.kind(node) {
            Kind::Identifier => self.read(node),
            Kind::Attribute => self.first_child(node),
            // `a.b` inside an annotation: only the first part is a variable.
            Kind::MemberType => self.first_child(node),
            Kind::KeywordArgument => self.field(node, Field::Value),
            Kind::Call => self.call(node),
            Kind::ArgumentList => self.arguments(node),
            Kind::ConditionalExpression => self.conditional(node),
            Kind::Dictionary => self.dictionary(node),
            Kind::NamedExpression => self.walrus(node),
            Kind::AsPattern => self.with_item(node),
            Kind::Lambda => self.lambda(node),
            Kind::ListComprehension => self.comprehension(node, "listcomp"),
            Kind::SetComprehension => self.comprehension(node, "setcomp"),
            Kind::DictionaryComprehension => self.comprehension(node, "dictcomp"),
            Kind::GeneratorExpression => self.comprehension(node, "genexpr"),
            _ => self.visit_children(node),
        }
    }

    fn first_child(&mut self, node: NodeId) {
        let first = self.tree.children(node).next();
        if let Some(first) = first {
            self.then(Task::Visit(first));
        }
    }

    fn field(&mut self, node: NodeId, field: Field) {
        let child = self.tree.child(node, field);
        if let Some(child) = child {
            self.then(Task::Visit(child));
        }
    }

    fn call(&mut self, node: NodeId) {
        self.field(node, Field::Function);
        self.field(node, Field::Arguments);
    }

    /// Positional arguments come before keywords, wherever they stand.
    pub(super) fn arguments(&mut self, node: NodeId) {
        let tree = self.tree;
        let is_keyword = |child: &NodeId| {
            matches!(tree.kind(*child), Kind::KeywordArgument | Kind::DictionarySplat)
        };
        let (keywords, positional): (Vec<_>, Vec<_>) = tree.children(node).partition(is_keyword);
        for argument in positional.into_iter().chain(keywords) {
            self.then(Task::Visit(argument));
        }
    }

    fn conditional(&mut self, node: NodeId) {
        let parts: Vec<_> = self.tree.children(node).collect();
        let &[body, test, alternative] = parts.as_slice() else { return self.visit_children(node) };
        for part in [test, body, alternative] {
            self.then(Task::Visit(part));
        }
    }

    /// All keys come before all values.
    fn dictionary(&mut self, node: NodeId) {
        let tree = self.tree;
        for pair in tree.children(node).filter(|item| tree.kind(*item) == Kind::Pair) {
            self.field(pair, Field::Key);
        }
        for item in tree.children(node) {
            if tree.kind(item) == Kind::Pair {
                self.field(item, Field::Value);
            } else {
                self.then(Task::Visit(item));
            }
        }
    }

    /// Inside comprehensions a walrus writes a variable of the function or module around them.
    fn walrus(&mut self, node: NodeId) {
        let tree = self.tree;
        let (Some(target), Some(value)) =
            (tree.child(node, Field::Name), tree.child(node, Field::Value))
        else {
            return self.visit_children(node);
        };
        if self.kind_here() == ScopeKind::Comprehension {
            self.extend_to_function(target);
        }
        self.write(target, fact::LOCAL, BindingKind::Walrus { value });
        self.then(Task::Visit(value));
    }

    fn extend_to_function(&mut self, target: NodeId) {
        let name = self.name(target);
        let mut at = self.current;
        while self.raw.scopes[at as usize].kind == ScopeKind::Comprehension {
            at = self.raw.scopes[at as usize].parent.unwrap_or(0);
        }
        let around = &mut self.raw.scopes[at as usize];
        let facts = match around.kind {
            ScopeKind::Function | ScopeKind::Lambda => {
                let is_global = around.facts(name) & fact::GLOBAL != 0;
                around.add(name, fact::LOCAL);
                if is_global { fact::GLOBAL } else { fact::NONLOCAL }
            }
            ScopeKind::Module => fact::GLOBAL,
            // Python refuses this; the variable stays inside.
            _ => return,
        };
        if facts == fact::GLOBAL {
            self.raw.scopes[0].add(name, fact::GLOBAL);
        }
        self.scope().add(name, facts);
    }

    /// `value as target` in a `with` statement, however it is parenthesised.
    fn with_item(&mut self, node: NodeId) {
        let tree = self.tree;
        let Some(value) = tree.children(node).next() else { return };
        self.then(Task::Visit(value));
        let statement = tree.enclosing(node, &[Kind::WithStatement]);
        let is_async = statement
            .is_some_and(|statement| tree.child_of_kind(statement, Kind::AsyncKeyword).is_some());
        if let Some(target) = tree.child(node, Field::Alias) {
            self.then(Task::Target(target, Write::With { value, is_async }));
        }
    }

    /// The first iterable is evaluated outside; the result comes after all clauses.
    fn comprehension(&mut self, node: NodeId, name: &str) {
        let tree = self.tree;
        let is_clause =
            |child: &NodeId| matches!(tree.kind(*child), Kind::ForInClause | Kind::IfClause);
        let clauses: Vec<_> = tree.children(node).filter(is_clause).collect();
        if let Some(first) = clauses.first() {
            for iterable in tree.children_in(*first, Field::Right) {
                self.then(Task::Visit(iterable));
            }
        }
        let name = self.raw.names.number(name);
        let implicit = vec![(".0", fact::PARAMETER)];
        let opening = Opening {
            kind: ScopeKind::Comprehension,
            name,
            node,
            line_of: node,
            sees_class: false,
            implicit,
            private: None,
        };
        self.then(Task::Enter(opening));
        for (index, clause) in clauses.into_iter().enumerate() {
            if tree.kind(clause) == Kind::IfClause {
                self.then(Task::Visit(clause));
                continue;
            }
            let iterable = tree.child(clause, Field::Right).unwrap_or(clause);
            if let Some(target) = tree.child(clause, Field::Left) {
                self.then(Task::Target(target, Write::ComprehensionFor { iterable }));
            }
            if index > 0 {
                for part in tree.children_in(clause, Field::Right) {
                    self.then(Task::Visit(part));
                }
            }
        }
        if let Some(body) = tree.child(node, Field::Body) {
            if tree.kind(body) == Kind::Pair {
                self.field(body, Field::Value);
                self.field(body, Field::Key);
            } else {
                self.then(Task::Visit(body));
            }
        }
        self.then(Task::Exit);
    }
}
