//! Constructors that keep what they are given by keyword under its own name: `setattr(self, name, value)` for each of
//! `**options`, or `self.__dict__.update(options)`.

use crate::facts::FileFacts;
use crate::project::{Eval, Site};
use crate::syntax::{Field, Kind, NodeId};

/// How far `super().__init__(**options)` is followed.
const MAX_DEPTH: u32 = 4;

impl Eval<'_> {
    /// The keyword arguments of a call of `init` that the object keeps under their own names.
    pub(in crate::project) fn keywords_kept_by(&self, init: Site, call: Site) -> Vec<Site> {
        if !self.keeps_keywords(init) {
            return Vec::new();
        }
        let facts = self.file(call.file);
        let tree = facts.tree();
        let list = tree
            .child(call.node, Field::Arguments)
            .into_iter()
            .flat_map(|list| tree.children(list));
        let keywords = list.filter(|node| tree.kind(*node) == Kind::KeywordArgument);
        let other = keywords.filter(|node| {
            tree.child(*node, Field::Name)
                .is_some_and(|name| !self.takes_by_name(init, facts.text(name)))
        });
        other
            .filter_map(|node| tree.child(node, Field::Value))
            .map(|node| Site { file: call.file, node })
            .collect()
    }

    /// Whether an `__init__` takes `**options` and keeps each under its own name, itself or by the `__init__` of a base.
    fn keeps_keywords(&self, init: Site) -> bool {
        if let Some(known) = self.keywords_known.borrow().get(&init) {
            return *known;
        }
        let cuts = self.cuts.get();
        let keeps = self.keeps_keywords_within(init, MAX_DEPTH);
        if cuts == self.cuts.get() {
            self.keywords_known.borrow_mut().insert(init, keeps);
        }
        keeps
    }

    fn keeps_keywords_within(&self, init: Site, depth: u32) -> bool {
        let facts = self.file(init.file);
        let Some(options) = options_of(facts, init.node).filter(|_| depth > 0) else {
            return false;
        };
        let first = facts.calls.partition_point(|call| *call < init.node);
        let mut calls = facts.calls[first..]
            .iter()
            .copied()
            .take_while(|call| facts.tree().contains(init.node, *call));
        calls.any(|call| {
            let passes_on = || passes_on(facts, call, options);
            keeps_each(facts, call)
                || passes_on()
                    && self
                        .base_init(Site { file: init.file, node: call })
                        .is_some_and(|(_, base)| self.keeps_keywords_within(base, depth - 1))
        })
    }

    fn takes_by_name(&self, init: Site, name: &str) -> bool {
        let facts = self.file(init.file);
        let tree = facts.tree();
        let parameters = tree
            .child(init.node, Field::Parameters)
            .into_iter()
            .flat_map(|list| tree.children(list));
        let mut names = parameters.filter_map(|parameter| {
            tree.subtree(parameter).find(|node| tree.kind(*node) == Kind::Identifier)
        });
        names.any(|own| facts.text(own) == name)
    }
}

/// The name of the `**options` of a function.
fn options_of(facts: &FileFacts, function: NodeId) -> Option<&str> {
    let tree = facts.tree();
    let splat = tree.children(tree.child(function, Field::Parameters)?).last()?;
    let splat =
        if tree.kind(splat) == Kind::TypedParameter { tree.children(splat).next()? } else { splat };
    let name =
        tree.children(splat).next().filter(|_| tree.kind(splat) == Kind::DictionarySplatPattern)?;
    Some(facts.text(name))
}

/// Whether a call is `setattr(self, …, value)` or `self.__dict__.update(…)`.
pub(in crate::project) fn keeps_each(facts: &FileFacts, call: NodeId) -> bool {
    let tree = facts.tree();
    let Some(callee) = tree.child(call, Field::Function) else { return false };
    let first = tree.child(call, Field::Arguments).and_then(|list| tree.children(list).next());
    match facts.text(callee) {
        "setattr" | "object.__setattr__" | "super().__setattr__" => {
            first.is_some_and(|first| facts.text(first) == "self")
        }
        "self.__dict__.update" | "vars(self).update" => true,
        _ => false,
    }
}

/// Whether a call passes `**options` on.
fn passes_on(facts: &FileFacts, call: NodeId, options: &str) -> bool {
    let tree = facts.tree();
    let mut arguments =
        tree.child(call, Field::Arguments).into_iter().flat_map(|list| tree.children(list));
    arguments.any(|node| {
        tree.kind(node) == Kind::DictionarySplat
            && tree.children(node).next().is_some_and(|inner| facts.text(inner) == options)
    })
}
