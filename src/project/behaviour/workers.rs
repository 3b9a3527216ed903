//! The functions that run in a worker: the one that is sent, and the project's functions that it calls.

use crate::facts::scopes::ScopeId;
use crate::project::{Callable, Eval, Origin, Site, Value};
use crate::syntax::Field;
use std::collections::BTreeSet;

/// Calls are followed this deep, and no further once that many functions are found.
const MAX_DEPTH: u32 = 4;
const MAX_FUNCTIONS: usize = 60;

impl Eval<'_> {
    /// The function, lambda or method that runs in the worker for a sent callable.
    pub fn worker(&self, origin: &Origin) -> Option<Site> {
        match &origin.callable {
            Callable::Lambda(site) | Callable::Function(site) => Some(*site),
            Callable::Method { function, .. } => *function,
            Callable::Instance(class) => {
                self.method(*class, "__call__").map(|(_, function)| function)
            }
            _ => None,
        }
    }

    /// Whether a function needs nothing but its arguments and the builtins: no captures, no globals, no defaults.
    pub(in crate::project) fn is_stateless(&self, callable: &Callable) -> bool {
        let (Callable::Lambda(site) | Callable::Function(site)) = callable else { return false };
        let facts = self.file(site.file);
        let tree = facts.tree();
        let module = facts.scopes.module();
        let has_default = tree.child(site.node, Field::Parameters).is_some_and(|list| {
            tree.children(list).any(|each| tree.child(each, Field::Value).is_some())
        });
        let scopes = tree
            .subtree(site.node)
            .filter_map(|node| facts.scopes.inner(node))
            .map(|scope| facts.scopes.get(scope));
        let outside = |home: ScopeId, name: &str| {
            let bound_in_module = home == module
                && !(facts.scopes.bindings(module, name).is_empty()
                    && facts.scopes.bindings(module, "*").is_empty());
            bound_in_module
                || home != module && !tree.contains(site.node, facts.scopes.get(home).node)
        };
        let reads = scopes
            .flat_map(|scope| &scope.symbols)
            .any(|(name, symbol)| outside(symbol.home, name));
        !has_default && !reads && facts.decorators(site.node).is_empty()
    }

    /// `function` and the project's functions that it calls, the function itself first.
    pub fn reached(&self, function: Site) -> Vec<Site> {
        self.reached_over(function, &|_| true)
    }

    /// As [`reached`](Self::reached), by those calls only that `counts` says.
    pub(in crate::project) fn reached_over(
        &self,
        function: Site,
        counts: &dyn Fn(Site) -> bool,
    ) -> Vec<Site> {
        let mut found = vec![function];
        let mut seen = BTreeSet::from([function]);
        let mut level = vec![function];
        for _ in 0..MAX_DEPTH {
            let mut next = Vec::new();
            for caller in level {
                for called in self.called_in(caller, counts) {
                    if found.len() < MAX_FUNCTIONS && seen.insert(called) {
                        found.push(called);
                        next.push(called);
                    }
                }
            }
            level = next;
        }
        found
    }

    fn called_in(&self, function: Site, counts: &dyn Fn(Site) -> bool) -> Vec<Site> {
        let facts = self.file(function.file);
        let tree = facts.tree();
        let first = facts.calls.partition_point(|call| *call < function.node);
        let calls =
            facts.calls[first..].iter().take_while(|call| tree.contains(function.node, **call));
        let mut found = Vec::new();
        for call in calls.filter(|call| counts(Site { file: function.file, node: **call })) {
            let Some(callee) = tree.child(*call, crate::syntax::Field::Function) else { continue };
            for value in self.values_nearby(Site { file: function.file, node: callee }).iter() {
                match value {
                    Value::Function(called) | Value::Method { function: Some(called), .. } => {
                        found.push(*called);
                    }
                    Value::Class(class) => {
                        found.extend(self.method(*class, "__init__").map(|(_, init)| init));
                    }
                    _ => {}
                }
            }
        }
        found
    }
}
