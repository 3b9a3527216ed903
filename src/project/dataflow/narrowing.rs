//! What the tests around a name say of it: `isinstance`, `is None`, `callable`, its truth.

use super::source::{CallString, Found};
use super::{Solver, beside};
use crate::facts::dataflow::{GuardId, Test};
use crate::project::Site;
use crate::syntax::{Field, Kind, NodeId};

impl Solver<'_> {
    /// What an attribute gives, without what the tests around it say that it is not. Where its function writes such an
    /// attribute, a test may speak of an older value.
    pub(super) fn attribute_value(&self, site: Site, context: &CallString) -> Vec<Found> {
        let found = self.along_edges_or_unknown(site, context);
        let facts = self.file(site.file);
        let graph = self.graph(site.file);
        if found.len() < 2 || graph.guards.at(facts.tree(), site.node) == GuardId::ALWAYS {
            return found;
        }
        let Some(name) = facts.tree().child(site.node, Field::Attribute) else { return found };
        let function = facts.enclosing_function(site.node);
        let mut stores = self.project.stores_named(facts.text(name)).iter();
        let is_written = stores.any(|(store, _)| {
            store.file == site.file && facts.enclosing_function(store.node) == function
        });
        if is_written { found } else { self.narrowed(found, site, context) }
    }

    /// Leaves out what the tests around a name say that it is not.
    pub(super) fn narrowed(
        &self,
        found: Vec<Found>,
        name: Site,
        context: &CallString,
    ) -> Vec<Found> {
        let graph = self.graph(name.file);
        let guard = graph.guards.at(self.tree(name.file), name.node);
        if guard == GuardId::ALWAYS {
            return found;
        }
        let mut found = found;
        for test in graph.guards.tests(guard) {
            let (test, holds) = match test {
                Test::Holds(node) => (beside(name, node), true),
                Test::Fails(node) => (beside(name, node), false),
                _ => continue,
            };
            self.narrow(&mut found, name, test, holds, context);
        }
        found
    }

    pub(super) fn narrow(
        &self,
        found: &mut Vec<Found>,
        name: Site,
        test: Site,
        holds: bool,
        context: &CallString,
    ) {
        let tree = self.tree(test.file);
        let (test, holds) = self.without_not(test, holds);
        let mentions = |node: NodeId| {
            let node = tree.unparenthesized(node);
            let node = if tree.kind(node) == Kind::NamedExpression {
                tree.child(node, Field::Name).unwrap_or(node)
            } else {
                node
            };
            self.text(beside(test, node)) == self.text(name)
        };
        match tree.kind(test.node) {
            Kind::BooleanOperator => {
                let is_and = tree.child_of_kind(test.node, Kind::AndKeyword).is_some();
                if is_and == holds {
                    for part in tree.children(test.node).collect::<Vec<_>>() {
                        self.narrow(found, name, beside(test, part), holds, context);
                    }
                }
            }
            Kind::Call => {
                let callee = self.callee(test).map_or("", |callee| self.text(callee));
                let arguments = self.arguments(test);
                match (callee, arguments.as_slice()) {
                    ("isinstance", [value, classes]) if mentions(value.node) => {
                        let classes = self.classes(beside(test, classes.node), context);
                        found.retain(|each| {
                            self.is_instance(&each.source, &classes) != Some(!holds)
                        });
                    }
                    ("callable", [value]) if mentions(value.node) => {
                        found.retain(|each| self.is_callable(&each.source) != Some(!holds));
                    }
                    _ => {}
                }
            }
            Kind::ComparisonOperator => {
                let parts: Vec<NodeId> = tree.children(test.node).collect();
                let [left, right] = parts[..] else { return };
                if !mentions(left) || tree.kind(right) != Kind::None {
                    return;
                }
                let has = |kind: Kind| tree.child_of_kind(test.node, kind).is_some();
                let says_none = if has(Kind::IsKeyword) || has(Kind::EqualEqual) {
                    holds
                } else if has(Kind::IsNot) || has(Kind::NotEqual) {
                    !holds
                } else {
                    return;
                };
                found.retain(|each| self.says_none(&each.source) != Some(!says_none));
            }
            Kind::Identifier if mentions(test.node) && holds => {
                found.retain(|each| self.truth_of(&each.source) != Some(false));
            }
            Kind::Identifier if mentions(test.node) => {
                found.retain(|each| self.truth_of(&each.source) != Some(true));
            }
            _ => {}
        }
    }
}
