//! Which parameters the arguments of a call may be for.

use super::{Key, Page};
use crate::facts::FileFacts;
use crate::syntax::{Field, Kind, NodeId};

/// The parameters of a function, or what a class takes when it is called.
#[derive(Debug, Clone, Default)]
pub(super) struct Signature<'t> {
    /// Those that may be given by position, in their order.
    positional: Vec<Key<'t>>,
    /// All others, and all where positions are not known.
    others: Vec<Key<'t>>,
    /// Whether other keywords become attributes of their own names.
    keeps_keywords: bool,
}

/// A class, as far as its constructor is concerned.
#[derive(Debug)]
pub(super) struct Class<'t> {
    /// Its own constructor.
    pub(super) init: Option<Signature<'t>>,
    /// The annotated names of its body, for classes whose constructor is made for them.
    pub(super) fields: Signature<'t>,
    /// The last names of its bases.
    pub(super) bases: Vec<&'t str>,
}

impl<'t> Signature<'t> {
    /// The parameters of a `def` or lambda.
    pub(super) fn of(page: Page<'t>, function: NodeId) -> Self {
        let tree = page.facts.tree();
        let mut found = Self::default();
        let Some(list) = tree.child(function, Field::Parameters) else { return found };
        let splat = [Kind::ListSplatPattern, Kind::DictionarySplatPattern, Kind::KeywordSeparator];
        let mut by_position = true;
        for parameter in tree.children(list) {
            let is_splat = |node: NodeId| splat.contains(&tree.kind(node));
            by_position &=
                !is_splat(parameter) && !tree.children(parameter).next().is_some_and(is_splat);
            let part = if by_position { &mut found.positional } else { &mut found.others };
            part.extend(page.parameter(parameter));
        }
        let is_init = page.facts.definition_name(function) == "__init__";
        // As a base's constructor may keep what this one passes on.
        found.keeps_keywords = is_init
            && tree.children(list).any(|node| {
                tree.subtree(node).any(|inner| tree.kind(inner) == Kind::DictionarySplatPattern)
            });
        found
    }

    /// The same for a function that has another name, a `partial` perhaps, which has bound some of them already.
    pub(super) fn without_order(&self) -> Self {
        Self {
            positional: Vec::new(),
            others: self.positional.iter().chain(&self.others).copied().collect(),
            ..*self
        }
    }

    /// The parameters that the argument number `at` of a call may be for; the object may have been given before.
    pub(super) fn taking(&self, facts: &'t FileFacts, argument: NodeId, at: usize) -> Vec<Key<'t>> {
        let tree = facts.tree();
        let everything = || self.positional.iter().chain(&self.others).copied();
        match tree.kind(argument) {
            Kind::KeywordArgument => {
                let keyword = tree.child(argument, Field::Name).map(|name| facts.text(name));
                let attribute = keyword.filter(|_| self.keeps_keywords).map(Key::named);
                everything().find(|key| Some(key.name) == keyword).map_or_else(
                    || self.others.iter().copied().chain(attribute).collect(),
                    |named| vec![named],
                )
            }
            Kind::ListSplat | Kind::DictionarySplat => everything().collect(),
            _ => self.positional.iter().skip(at).take(2).chain(&self.others).copied().collect(),
        }
    }
}

impl<'t> Class<'t> {
    /// The constructor of a `class` statement.
    pub(super) fn of(page: Page<'t>, class: NodeId) -> Self {
        let tree = page.facts.tree();
        let body: Vec<NodeId> = tree
            .child(class, Field::Body)
            .into_iter()
            .flat_map(|body| tree.children(body))
            .collect();
        let definitions =
            body.iter().map(|node| tree.child(*node, Field::Definition).unwrap_or(*node));
        let init = definitions
            .filter(|node| tree.kind(*node) == Kind::FunctionDefinition)
            .find(|node| page.facts.definition_name(*node) == "__init__");
        let assignments = body.iter().filter_map(|node| {
            tree.children(*node).next().filter(|inner| tree.kind(*inner) == Kind::Assignment)
        });
        let annotated = assignments.filter(|node| tree.child(*node, Field::Type).is_some());
        let fields = annotated
            .filter_map(|node| Some(Key::named(page.last_text(tree.child(node, Field::Left)?)?)))
            .collect();
        let bases =
            tree.child(class, Field::Superclasses).into_iter().flat_map(|list| tree.children(list));
        let bases = bases.filter_map(|base| {
            page.last_text(
                tree.child(base, Field::Value)
                    .filter(|_| tree.kind(base) == Kind::Subscript)
                    .unwrap_or(base),
            )
        });
        Self {
            init: init.map(|init| Signature::of(page, init)),
            fields: Signature { positional: fields, ..Signature::default() },
            bases: bases.collect(),
        }
    }
}

impl<'t> Page<'t> {
    /// The variable of a parameter, whatever stands around its name.
    pub(super) fn parameter(self, parameter: NodeId) -> Option<Key<'t>> {
        let tree = self.facts.tree();
        tree.subtree(parameter)
            .find(|node| tree.kind(*node) == Kind::Identifier)
            .map(|name| self.key(name))
    }
}
