//! Classes: their bases, the order in which these are asked, what their bodies bind.

use super::engine::Question;
use super::source::{CallString, Found, Source};
use super::{Solver, beside};
use crate::facts::scopes::{Binding, BindingKind};
use crate::project::Site;
use crate::syntax::{Field, Kind, NodeId};

/// More classes below one are not looked at.
const MANY_CLASSES: usize = 60;

impl Solver<'_> {
    /// The base class expressions of a class.
    pub fn bases(&self, class: Site) -> Vec<Site> {
        let tree = self.tree(class.file);
        let Some(list) = tree.child(class.node, Field::Superclasses) else { return Vec::new() };
        let plain = |node: &NodeId| {
            !matches!(
                tree.kind(*node),
                Kind::KeywordArgument | Kind::ListSplat | Kind::DictionarySplat
            )
        };
        tree.children(list)
            .filter(plain)
            .map(|node| match tree.kind(node) {
                // `class P(Base[T])`: the base is the subscripted class.
                Kind::Subscript => tree.child(node, Field::Value).unwrap_or(node),
                _ => node,
            })
            .map(|node| beside(class, node))
            .collect()
    }

    /// A class and its bases in the order in which they are asked for attributes (C3), those of libraries included.
    pub fn linearisation(&self, class: Site) -> Vec<Source> {
        self.with_budget(|| self.lineage(class)).0
    }

    /// As [`linearisation`](Self::linearisation), from within a question.
    pub(super) fn lineage(&self, class: Site) -> Vec<Source> {
        let found = self.answer(Question::Linearisation(class));
        found.iter().map(|each| each.source.clone()).collect()
    }

    pub(super) fn linearise(&self, class: Site) -> Vec<Found> {
        let mut lists: Vec<Vec<Source>> = Vec::new();
        let mut direct = Vec::new();
        for base in self.bases(class) {
            let found = self.find(base, &CallString::UNKNOWN);
            let named = found.iter().find_map(|each| match &each.source {
                Source::Class(_) | Source::External { .. } => Some(each.source.clone()),
                _ => None,
            });
            let Some(named) = named else { continue };
            if let Source::Class(base) = named
                && base != class
            {
                lists.push(self.lineage(base));
            }
            direct.push(named);
        }
        lists.push(direct);
        let mut out = vec![Source::Class(class)];
        loop {
            lists.retain(|list| !list.is_empty());
            let heads = lists.iter().map(|list| list[0].clone());
            let is_free = |head: &Source| !lists.iter().any(|list| list[1..].contains(head));
            // Bases without a consistent order are taken as they come.
            let next =
                heads.clone().find(is_free).or_else(|| lists.first().map(|list| list[0].clone()));
            let Some(next) = next else { break };
            for list in &mut lists {
                list.retain(|each| *each != next);
            }
            if !out.contains(&next) {
                out.push(next);
            }
            if out.len() > 64 {
                break;
            }
        }
        out.into_iter().map(Found::new).collect()
    }

    /// The classes of the project that derive from a class.
    pub(super) fn subclasses(&self, class: Site) -> Vec<Site> {
        let mut found: Vec<Site> = Vec::new();
        let mut pending = vec![class];
        while let Some(base) = pending.pop() {
            for name in self.project.names_of(self.file(base.file).definition_name(base.node)) {
                for candidate in self.project.classes_deriving_from(&name) {
                    if *candidate != class
                        && !found.contains(candidate)
                        && found.len() < MANY_CLASSES
                        && self.lineage(*candidate).contains(&Source::Class(base))
                    {
                        found.push(*candidate);
                        pending.push(*candidate);
                    }
                }
            }
        }
        found
    }

    /// The bindings of a name in the body of a class.
    pub(super) fn own_bindings(&self, class: Site, name: &str) -> Vec<Binding> {
        let facts = self.file(class.file);
        let Some(scope) = facts.scopes.inner(class.node) else { return Vec::new() };
        // A generic class has a scope of type parameters around its own.
        let scope = facts
            .scopes
            .get(scope)
            .children
            .iter()
            .copied()
            .find(|inner| {
                let inner = facts.scopes.get(*inner);
                inner.node == class.node && inner.kind == crate::facts::scopes::ScopeKind::Class
            })
            .unwrap_or(scope);
        facts.scopes.bindings(scope, name).to_vec()
    }

    /// The `def`s of that name in the class and its bases, with the class that has each.
    pub(super) fn methods_named(&self, class: Site, name: &str) -> Vec<(Site, Site)> {
        let mut out = Vec::new();
        for each in self.lineage(class) {
            let Source::Class(home) = each else { continue };
            let function =
                self.own_bindings(home, name).iter().rev().find_map(|binding| match binding.kind {
                    BindingKind::FunctionDef(node) => Some(beside(home, node)),
                    _ => None,
                });
            out.extend(function.map(|function| (home, function)));
        }
        out
    }
}
