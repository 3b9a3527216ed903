//! Functions and classes that travel to workers in arguments: `pool.map(call, [triple])`, `pool.map(area, [Shape(2)])`.

use crate::facts::scopes::BindingKind;
use crate::project::{Eval, FileId, Site, Type, Value};
use crate::syntax::{Field, Kind};
use std::collections::BTreeSet;

/// More expressions than this are not followed.
const MAX_EXPRESSIONS: usize = 2000;

/// Parameters whose functions run in the parent.
const PARENT_SIDE: &[&str] = &["callback", "error_callback"];

struct Walk<'e, 'p> {
    eval: &'e Eval<'p>,
    seen: BTreeSet<Site>,
    waiting: Vec<Site>,
    found: BTreeSet<Site>,
}

impl Eval<'_> {
    /// The functions and classes that the arguments of a file's dispatches may hold, and those of calls of functions
    /// that start processes.
    pub(in crate::project) fn carried_definitions(&self, file: FileId) -> BTreeSet<Site> {
        let calls = self.file(file).calls.iter().map(|node| Site { file, node: *node });
        let arguments: Vec<Site> = calls
            .filter(|call| self.may_send(*call))
            .flat_map(|call| self.sent_arguments(call))
            .collect();
        self.definitions_in(arguments)
    }

    /// The functions and classes that these expressions may hold.
    pub(in crate::project) fn definitions_in(&self, expressions: Vec<Site>) -> BTreeSet<Site> {
        let mut walk = Walk {
            eval: self,
            seen: BTreeSet::new(),
            waiting: expressions,
            found: BTreeSet::new(),
        };
        while let Some(site) = walk.waiting.pop() {
            if walk.seen.len() < MAX_EXPRESSIONS && walk.seen.insert(site) {
                walk.expression(site);
            }
        }
        walk.found
    }

    fn may_send(&self, call: Site) -> bool {
        let Some(callee) = self.file(call.file).tree().child(call.node, Field::Function) else {
            return false;
        };
        let starts = |value: &Value| match value {
            Value::Function(site)
            | Value::Class(site)
            | Value::Method { function: Some(site), .. } => self.start_of(*site).is_some(),
            _ => false,
        };
        !self.dispatches_at(call).is_empty()
            || self.values(Site { file: call.file, node: callee }).iter().any(starts)
    }

    fn sent_arguments(&self, call: Site) -> Vec<Site> {
        let parent_side: Vec<Site> =
            PARENT_SIDE.iter().filter_map(|name| self.keyword_argument(call, name)).collect();
        self.all_arguments(call)
            .into_iter()
            .filter(|argument| !parent_side.contains(argument))
            .collect()
    }
}

impl Walk<'_, '_> {
    fn expression(&mut self, site: Site) {
        let tree = self.eval.file(site.file).tree();
        match tree.kind(site.node) {
            Kind::Identifier => self.name(site),
            Kind::Call => {
                self.waiting.extend(self.eval.all_arguments(site));
                let Some(callee) = tree.child(site.node, Field::Function) else { return };
                for value in self.eval.values(Site { file: site.file, node: callee }).iter() {
                    match value {
                        Value::Function(function)
                        | Value::Method { function: Some(function), .. } => {
                            self.waiting.extend(self.eval.returns(*function));
                        }
                        Value::Class(class) => {
                            self.found.insert(*class);
                        }
                        _ => {}
                    }
                }
            }
            Kind::Attribute => {
                for value in self.eval.values(site).iter() {
                    self.value(value);
                }
            }
            Kind::Lambda => {}
            _ => self
                .waiting
                .extend(tree.children(site.node).map(|node| Site { file: site.file, node })),
        }
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Function(site) | Value::Class(site) => {
                self.found.insert(*site);
            }
            Value::Method { receiver, function, .. } => {
                self.found.extend(*function);
                if let Type::Class(class) = receiver {
                    self.found.insert(*class);
                }
            }
            Value::Instance(Type::Class(class)) => {
                self.found.insert(*class);
            }
            _ => {}
        }
    }

    fn name(&mut self, site: Site) {
        let facts = self.eval.file(site.file);
        let Some((scope, name)) = facts.scopes.resolve_name(site.node) else { return };
        let at = |node| Site { file: site.file, node };
        for binding in crate::project::values::reaching::bindings(facts, scope, name, site.node) {
            match &binding.kind {
                BindingKind::FunctionDef(node) | BindingKind::ClassDef(node) => {
                    self.found.insert(at(*node));
                }
                BindingKind::Assignment { value: Some(value), .. }
                | BindingKind::Walrus { value } => self.waiting.push(at(*value)),
                BindingKind::For { iterable, .. }
                | BindingKind::ComprehensionFor { iterable, .. } => {
                    self.waiting.push(at(*iterable));
                }
                BindingKind::Parameter { .. } => {
                    self.waiting.extend(self.eval.arguments_for(site.file, binding));
                }
                BindingKind::Import { .. } => {
                    for value in self.eval.binding_values(site.file, binding) {
                        self.value(&value);
                    }
                }
                _ => {}
            }
        }
        self.waiting.extend(self.eval.items_put(site));
    }
}
