//! Statements: which parts are visited in which order, and what they bind.

use super::build::{Builder, Task};
use super::model::{BindingKind, ScopeKind};
use super::raw::{Use, fact};
use super::targets::Write;
use super::version::PythonVersion;
use crate::syntax::{Field, Kind, NodeId};

impl Builder<'_> {
    /// Visits a statement, or hands an expression on.
    pub(super) fn visit(&mut self, node: NodeId) {
        let kind = self.tree.kind(node);
        let may_stop_midway = matches!(
            kind,
            Kind::ForStatement
                | Kind::WhileStatement
                | Kind::IfStatement
                | Kind::MatchStatement
                | Kind::TryStatement
                | Kind::WithStatement
        );
        if !may_stop_midway {
            return self.statement(node);
        }
        // Headers are not conditional, but no annotation can stand in them.
        let before = self.scope().in_conditional;
        self.scope().in_conditional = true;
        self.statement(node);
        self.then(Task::Conditional(before));
    }

    fn statement(&mut self, node: NodeId) {
        match self.tree.kind(node) {
            Kind::Assignment => self.assignment(node),
            Kind::AugmentedAssignment => self.augmented_assignment(node),
            Kind::DeleteStatement => self.delete(node),
            Kind::ForStatement => self.for_statement(node),
            Kind::TryStatement => self.try_statement(node),
            Kind::ExceptClause => self.except_clause(node),
            Kind::CaseClause => self.case_clause(node),
            Kind::ImportStatement => self.import(node),
            Kind::ImportFromStatement | Kind::FutureImportStatement => self.import_from(node),
            Kind::GlobalStatement => self.declare(node, fact::GLOBAL),
            Kind::NonlocalStatement => self.declare(node, fact::NONLOCAL),
            Kind::FunctionDefinition => self.function(node, &[]),
            Kind::ClassDefinition => self.class(node, &[]),
            Kind::DecoratedDefinition => self.decorated(node),
            Kind::TypeAliasStatement => self.type_alias(node),
            Kind::PrintStatement => self.print_expression(node),
            _ => self.expression(node),
        }
    }

    fn assignment(&mut self, node: NodeId) {
        let tree = self.tree;
        let mut targets = Vec::new();
        let mut at = node;
        let value = loop {
            targets.extend(tree.child(at, Field::Left).map(|left| (at, left)));
            match tree.child(at, Field::Right) {
                Some(right) if tree.kind(right) == Kind::Assignment => at = right,
                right => break right,
            }
        };
        for (assignment, target) in targets {
            let annotation = tree.child(assignment, Field::Type);
            match annotation {
                Some(annotation) => self.annotated_target(target, annotation, value),
                None => self.then(Task::Target(target, Write::Assignment { value })),
            }
        }
        if let Some(value) = value {
            self.then(Task::Visit(value));
        }
    }

    fn annotated_target(&mut self, target: NodeId, annotation: NodeId, value: Option<NodeId>) {
        if self.tree.kind(target) == Kind::Identifier {
            let kind =
                BindingKind::Assignment { value, path: Vec::new(), annotation: Some(annotation) };
            self.write(target, fact::ANNOTATED | fact::LOCAL, kind);
        } else if value.is_some() || self.lone_identifier(target).is_none() {
            // `(x): int` alone neither binds nor declares x.
            self.then(Task::Target(target, Write::Assignment { value }));
        }
        self.variable_annotation(annotation);
    }

    fn augmented_assignment(&mut self, node: NodeId) {
        let tree = self.tree;
        let (Some(target), Some(value)) =
            (tree.child(node, Field::Left), tree.child(node, Field::Right))
        else {
            return self.visit_children(node);
        };
        self.then(Task::Target(target, Write::Augmented { value }));
        self.then(Task::Visit(value));
    }

    fn delete(&mut self, node: NodeId) {
        let tree = self.tree;
        for target in tree.children(node) {
            self.then(Task::Target(target, Write::Delete));
        }
    }

    fn for_statement(&mut self, node: NodeId) {
        let tree = self.tree;
        let is_async = tree.child_of_kind(node, Kind::AsyncKeyword).is_some();
        let (Some(target), Some(iterable)) =
            (tree.child(node, Field::Left), tree.child(node, Field::Right))
        else {
            return self.visit_children(node);
        };
        self.then(Task::Target(target, Write::For { iterable, is_async }));
        for child in tree.children(node).filter(|child| *child != target) {
            self.then(Task::Visit(child));
        }
    }

    /// Handlers come after `else` in the compiler's walk before 3.13.
    fn try_statement(&mut self, node: NodeId) {
        let tree = self.tree;
        let handlers_last = self.version < PythonVersion(13);
        let rank = |kind: Kind| match kind {
            Kind::ExceptClause => 1 + 2 * u8::from(handlers_last),
            Kind::ElseClause => 2,
            Kind::FinallyClause => 4,
            _ => 0,
        };
        let mut parts: Vec<_> = tree.children(node).collect();
        parts.sort_by_key(|part| rank(tree.kind(*part)));
        for part in parts {
            self.then(Task::Visit(part));
        }
    }

    fn except_clause(&mut self, node: NodeId) {
        let tree = self.tree;
        let alias = tree.child(node, Field::Alias);
        let class = tree.child(node, Field::Value);
        for child in tree.children(node) {
            if Some(child) == alias {
                self.then(Task::Target(child, Write::Except { class }));
            } else if tree.kind(child) == Kind::AsPattern && tree.field(child) == Field::Value {
                let caught = tree.children(child).next();
                let target = tree.child(child, Field::Alias);
                self.pending_visit(caught);
                if let Some(target) = target {
                    self.then(Task::Target(target, Write::Except { class: caught }));
                }
            } else {
                self.then(Task::Visit(child));
            }
        }
    }

    fn pending_visit(&mut self, node: Option<NodeId>) {
        if let Some(node) = node {
            self.then(Task::Visit(node));
        }
    }

    fn case_clause(&mut self, node: NodeId) {
        let tree = self.tree;
        for child in tree.children(node) {
            let task = if tree.kind(child) == Kind::CasePattern {
                Task::Pattern(child)
            } else {
                Task::Visit(child)
            };
            self.then(task);
        }
    }

    fn import(&mut self, node: NodeId) {
        let tree = self.tree;
        for item in tree.children_in(node, Field::Name) {
            let (path, alias) = self.import_item(item);
            let Some(first) = tree.child_of_kind(path, Kind::Identifier) else { continue };
            match alias {
                Some(alias) => {
                    let module = self.dotted(path);
                    self.write(
                        alias,
                        fact::IMPORT,
                        BindingKind::Import { module, attribute: None },
                    );
                }
                None => {
                    let module = self.dotted(first);
                    self.write_as(
                        path,
                        first,
                        fact::IMPORT,
                        BindingKind::Import { module, attribute: None },
                    );
                }
            }
        }
    }

    fn import_from(&mut self, node: NodeId) {
        let tree = self.tree;
        let module = match tree.child(node, Field::ModuleName) {
            Some(path) => self.dotted(path),
            None => "__future__".to_owned(),
        };
        if let Some(star) = tree.child_of_kind(node, Kind::WildcardImport) {
            let name = self.raw.names.number("*");
            self.bind(star, name, BindingKind::StarImport { module });
            return;
        }
        for item in tree.children_in(node, Field::Name) {
            let (path, alias) = self.import_item(item);
            let Some(first) = tree.child_of_kind(path, Kind::Identifier) else { continue };
            let kind =
                BindingKind::Import { module: module.clone(), attribute: Some(self.dotted(path)) };
            match alias {
                Some(alias) => self.write(alias, fact::IMPORT, kind),
                None => self.write_as(path, first, fact::IMPORT, kind),
            }
        }
    }

    /// The dotted name and the alias of one item of an import.
    fn import_item(&self, item: NodeId) -> (NodeId, Option<NodeId>) {
        let tree = self.tree;
        if tree.kind(item) != Kind::AliasedImport {
            return (item, None);
        }
        (tree.child(item, Field::Name).unwrap_or(item), tree.child(item, Field::Alias))
    }

    /// A dotted name or relative import without the blanks that may stand in it.
    fn dotted(&self, node: NodeId) -> String {
        let tree = self.tree;
        let leaves = tree.subtree(node).filter(|leaf| {
            matches!(tree.kind(*leaf), Kind::Identifier | Kind::Dot | Kind::ImportPrefix)
        });
        // The dots of an import prefix are its children; the node itself is skipped if so.
        leaves
            .filter(|leaf| {
                tree.kind(*leaf) != Kind::ImportPrefix || tree.all_children(*leaf).next().is_none()
            })
            .map(|leaf| super::names::normalize(tree.text(leaf, self.text)))
            .collect::<String>()
            .split_whitespace()
            .collect()
    }

    fn declare(&mut self, node: NodeId, facts: u16) {
        let tree = self.tree;
        for identifier in tree.children(node).filter(|child| tree.kind(*child) == Kind::Identifier)
        {
            let name = self.name(identifier);
            self.scope().add(name, facts);
            if facts == fact::GLOBAL {
                // CPython marks the module's own entry too.
                self.raw.scopes[0].add(name, fact::GLOBAL);
            }
            self.raw.uses.push(Use { node: identifier, scope: self.current, name, reads: false });
        }
    }

    fn type_alias(&mut self, node: NodeId) {
        let tree = self.tree;
        let (Some(left), Some(value)) =
            (tree.child(node, Field::Left), tree.child(node, Field::Right))
        else {
            return self.visit_children(node);
        };
        let target = tree.children(left).next().unwrap_or(left);
        let (name, parameters) = match tree.kind(target) {
            Kind::Identifier => (target, None),
            Kind::GenericType => match (
                tree.child_of_kind(target, Kind::Identifier),
                tree.child_of_kind(target, Kind::TypeParameter),
            ) {
                (Some(name), parameters) => (name, parameters),
                _ => return self.visit_children(node),
            },
            _ => {
                // `type[x] = value` is an assignment to an item of `type`, which the grammar takes for an alias.
                if let Some(keyword) = tree.child_of_kind(node, Kind::TypeKeyword) {
                    self.read(keyword);
                }
                return self.visit_children(node);
            }
        };
        self.write(name, fact::LOCAL, BindingKind::TypeAlias { value });
        let in_class = self.kind_here() == ScopeKind::Class;
        let plain = self.plain_name(name);
        if let Some(parameters) = parameters {
            self.enter_type_parameters(node, plain, parameters, Vec::new(), None);
        }
        self.enter_alias_value(node, plain, value, in_class);
        if parameters.is_some() {
            self.then(Task::Exit);
        }
    }

    /// `print >> file, value` is an expression in Python 3: it reads `print`.
    fn print_expression(&mut self, node: NodeId) {
        if let Some(keyword) = self.tree.child_of_kind(node, Kind::PrintKeyword) {
            self.read(keyword);
        }
        self.visit_children(node);
    }
}
