//! What containers hold: as they are displayed, and what statements put into them.

use crate::facts::dataflow::Part;
use crate::project::dataflow::{Allocation, CallString, Source};
use crate::project::{Eval, Site};
use crate::syntax::{Field, Kind, NodeId};
use std::collections::BTreeSet;

/// Containers within containers are looked into that deep.
const MAX_DEPTH: u32 = 4;

impl Eval<'_> {
    /// The items of a list, tuple or set display without splats.
    pub fn items_of(&self, display: Site) -> Option<Vec<Site>> {
        let tree = self.file(display.file).tree();
        let plain = matches!(
            tree.kind(display.node),
            Kind::List | Kind::Tuple | Kind::Set | Kind::ExpressionList
        );
        let items: Vec<Site> =
            tree.children(display.node).map(|node| Site { file: display.file, node }).collect();
        (plain && !items.iter().any(|item| tree.kind(item.node) == Kind::ListSplat))
            .then_some(items)
    }

    /// The element expressions of a display or comprehension; for a dictionary, its keys are left out.
    pub fn elements_of(&self, display: Site) -> Vec<Site> {
        let tree = self.file(display.file).tree();
        let at = |node| Site { file: display.file, node };
        match tree.kind(display.node) {
            Kind::List | Kind::Tuple | Kind::Set | Kind::ExpressionList => tree
                .children(display.node)
                .filter(|node| tree.kind(*node) != Kind::ListSplat)
                .map(at)
                .collect(),
            Kind::ListComprehension | Kind::SetComprehension | Kind::GeneratorExpression => {
                tree.child(display.node, Field::Body).map(at).into_iter().collect()
            }
            // `list(… for …)`.
            Kind::Call => {
                let inner = self
                    .positional_arguments(display)
                    .first()
                    .map(|first| tree.unparenthesized(first.node));
                inner
                    .filter(|inner| tree.kind(*inner) == Kind::GeneratorExpression)
                    .map(|inner| self.elements_of(at(inner)))
                    .unwrap_or_default()
            }
            _ => Vec::new(),
        }
    }

    /// The value under a literal key of a dictionary display.
    pub fn entry_of(&self, display: Site, key: &str) -> Option<Site> {
        let tree = self.file(display.file).tree();
        let at = |node| Site { file: display.file, node };
        let pairs = tree.children(display.node).filter(|pair| tree.kind(*pair) == Kind::Pair);
        let same = |pair: &NodeId| {
            tree.child(*pair, Field::Key).and_then(|found| self.string_literal(at(found)))
                == Some(key)
        };
        pairs.filter(same).last().and_then(|pair| tree.child(pair, Field::Value)).map(at)
    }

    /// The expressions whose values the containers that `expression` may be hold: what they are made of, and what
    /// statements put into them. Keys are left out.
    pub fn items_held(&self, expression: Site) -> Vec<Site> {
        let mut found = BTreeSet::new();
        for made in self.containers(expression) {
            self.items_made_with(&made, MAX_DEPTH, &mut found);
            self.items_added(&made, MAX_DEPTH, &mut found);
        }
        found.into_iter().collect()
    }

    /// The expressions whose values statements put into the containers that `expression` may be.
    pub fn items_put(&self, expression: Site) -> Vec<Site> {
        let mut found = BTreeSet::new();
        for made in self.containers(expression) {
            self.items_added(&made, MAX_DEPTH, &mut found);
        }
        found.into_iter().collect()
    }

    /// Where the containers are made that an expression may be.
    fn containers(&self, expression: Site) -> Vec<Allocation> {
        let sources = self.solver.sources(expression, &CallString::UNKNOWN).found;
        let made = sources.iter().filter_map(|each| match &each.source {
            Source::Container { made, view } if view.is_empty() => Some(made.clone()),
            _ => None,
        });
        made.collect()
    }

    fn items_made_with(&self, made: &Allocation, depth: u32, found: &mut BTreeSet<Site>) {
        let facts = self.file(made.site.file);
        let at = |node| Site { file: made.site.file, node };
        if facts.tree().kind(made.site.node) == Kind::Call {
            for argument in self.positional_arguments(made.site) {
                self.take(argument, true, depth, found);
            }
            found.extend(self.keyword_values(made.site));
            return;
        }
        let stores = facts.dataflow().stores_into(made.site.node);
        for store in stores.filter(|store| store.part != Some(Part::Keys)) {
            let is_spread = store.part.is_none() || !store.steps.is_empty();
            self.take(at(store.value), is_spread, depth, found);
        }
    }

    fn items_added(&self, made: &Allocation, depth: u32, found: &mut BTreeSet<Site>) {
        for addition in self.solver.additions(made) {
            self.take(addition.value, addition.is_spread, depth, found);
        }
    }

    /// Takes an expression, or the items of what it is.
    fn take(&self, value: Site, is_spread: bool, depth: u32, found: &mut BTreeSet<Site>) {
        if !is_spread {
            found.insert(value);
        } else if depth > 0 {
            for made in self.containers(value) {
                self.items_made_with(&made, depth - 1, found);
                self.items_added(&made, depth - 1, found);
            }
        }
    }
}
