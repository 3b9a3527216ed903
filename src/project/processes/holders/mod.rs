//! What may be a process API, one of its objects, or hold one: an answer that costs one walk over all parsed files and
//! errs on the side of "may", so that calls on anything else need no closer look.
//!
//! Local variables are told apart; attributes, functions, classes and globals by their names alone, across all files.
//! Whatever gives the value of one to another (an assignment, a loop, an argument, a `return`) is an edge. What can be
//! reached from the names of the catalogue may hold. A function that gives something out is told apart from what it gives, and
//! a pool from the results that it gives.

mod expressions;
mod flow;
mod kinds;
mod signatures;

use crate::facts::FileFacts;
use crate::project::{FileId, Project};
use crate::syntax::{Field, Kind, NodeId};
use kinds::Kinds;
use rustc_hash::FxHashMap;

/// A variable of a function, or (without a scope) everything that has that name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key<'t> {
    scope: Option<(FileId, u32)>,
    name: &'t str,
}

/// What may hold something.
#[derive(Debug, Default)]
pub(in crate::project) struct Holders {
    names: FxHashMap<String, Kinds>,
    /// By file and scope.
    locals: FxHashMap<(FileId, u32), FxHashMap<String, Kinds>>,
}

/// One file with its number.
#[derive(Debug, Clone, Copy)]
struct Page<'t> {
    id: FileId,
    facts: &'t FileFacts,
}

impl Project {
    fn holders(&self) -> &Holders {
        self.holders.get_or_init(|| self.find_holders())
    }

    /// Whether a global, an attribute, a function or a class called `name` may be, or hold, an API or one of its objects.
    pub(in crate::project) fn may_hold(&self, name: &str) -> bool {
        self.holders().kinds(Key::named(name)).meets(Kinds::HELD)
    }

    /// Whether the expression at `node` speaks of anything that may hold one, or of an object of a class that may be one.
    pub(in crate::project) fn speaks_of_holders(&self, file: FileId, node: NodeId) -> bool {
        let page = Page { id: file, facts: self.file(file) };
        let tree = page.facts.tree();
        let holders = self.holders();
        let own = page.last_name(node);
        let is_name = |inner: &NodeId| tree.kind(*inner) == Kind::Identifier;
        // What is called within may give one.
        let speaks = |name: NodeId| {
            let wanted = if own == Some(name) { Kinds::HELD } else { Kinds::ANY };
            holders.kinds(page.key(name)).meets(wanted)
        };
        tree.subtree(node).filter(is_name).any(speaks)
            || tree
                .subtree(node)
                .find(is_name)
                .and_then(|first| page.class_of_self(first))
                .is_some_and(|class| holders.kinds(class).meets(Kinds::ANY))
    }

    fn find_holders(&self) -> Holders {
        let pages: Vec<Page> = self.files().map(|(id, facts)| Page { id, facts }).collect();
        let mut flow = flow::Flow::of(&self.catalogue);
        for page in &pages {
            flow.add_definitions(*page, self);
        }
        for page in &pages {
            flow.add_edges(*page);
        }
        flow.reached()
    }
}

impl Holders {
    /// What a variable or name may stand for.
    fn kinds(&self, key: Key) -> Kinds {
        let names = match key.scope {
            None => Some(&self.names),
            Some(scope) => self.locals.get(&scope),
        };
        names.and_then(|names| names.get(key.name)).copied().unwrap_or_default()
    }

    /// It may be these, too; gives those that were not known.
    fn add(&mut self, key: Key, more: Kinds) -> Kinds {
        let fresh = more.without(self.kinds(key));
        if fresh != Kinds::NONE {
            let names = match key.scope {
                None => &mut self.names,
                Some(scope) => self.locals.entry(scope).or_default(),
            };
            let known = names.entry(key.name.to_owned()).or_default();
            *known = known.with(fresh);
        }
        fresh
    }
}

impl<'t> Key<'t> {
    fn named(name: &'t str) -> Self {
        Self { scope: None, name }
    }
}

impl<'t> Page<'t> {
    /// What an identifier stands for.
    fn key(self, identifier: NodeId) -> Key<'t> {
        let scopes = &self.facts.scopes;
        match scopes.resolve_name(identifier) {
            Some((home, name)) if scopes.get(home).kind.is_function_like() => {
                Key { scope: Some((self.id, home.0)), name }
            }
            Some((_, name)) => Key::named(name),
            None => Key::named(self.facts.text(identifier)),
        }
    }

    /// The class in which an identifier is `super` or the first parameter of a method, whatever that is called.
    fn class_of_self(self, identifier: NodeId) -> Option<Key<'t>> {
        let tree = self.facts.tree();
        let is_first = |function: NodeId| {
            let list = tree.child(function, Field::Parameters)?;
            self.parameter(tree.children(list).next()?)
                .filter(|first| *first == self.key(identifier))
        };
        let is_self = self.facts.text(identifier) == "super"
            || tree
                .ancestors(identifier)
                .filter(|up| tree.kind(*up) == Kind::FunctionDefinition)
                .any(|function| is_first(function).is_some());
        self.definition(tree.enclosing(identifier, &[Kind::ClassDefinition]).filter(|_| is_self)?)
    }

    /// What a `def` or `class` binds.
    fn definition(self, definition: NodeId) -> Option<Key<'t>> {
        self.facts.tree().child(definition, Field::Name).map(|name| self.key(name))
    }
}
