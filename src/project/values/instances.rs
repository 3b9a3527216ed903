//! Objects of the project's classes: their constructors, the methods that run on them, and where.

use crate::project::values::stores::{Stores, stored_by};
use crate::project::{Eval, Site, Type, Value};
use crate::syntax::{Field, Kind, NodeId};
use std::collections::BTreeSet;

impl Eval<'_> {
    /// Whether a class derives from one of multiprocessing's own, whose objects say themselves what of them travels.
    pub fn is_primitive(&self, class: Site) -> bool {
        use crate::catalogue::objects::{Travels, made_by};
        self.external_bases(class).iter().any(|(path, _)| {
            made_by(path).is_some_and(|object| object.travels == Travels::Inheritance)
        })
    }

    /// Whether an expression is `defaultdict(lambda: …)` or another such call that keeps a lambda.
    pub fn makes_from_lambda(&self, value: Site) -> bool {
        let tree = self.file(value.file).tree();
        let given =
            || self.all_arguments(value).into_iter().any(|given| self.is_made_of_lambda(given));
        let callee = tree
            .child(value.node, Field::Function)
            .filter(|_| tree.kind(value.node) == Kind::Call && given());
        callee.is_some_and(|callee| {
            let keeps = |callee: &Value| matches!(callee, Value::External { path, .. } if matches!(stored_by(path), Stores::Arguments) && &**path != "functools.partial");
            self.values(Site { file: value.file, node: callee }).iter().any(keeps)
        })
    }

    /// Whether an expression is a lambda, or a display or a new object that holds one.
    fn is_made_of_lambda(&self, value: Site) -> bool {
        let tree = self.file(value.file).tree();
        let at = |node| Site { file: value.file, node };
        match tree.kind(value.node) {
            Kind::Lambda => true,
            Kind::Call => self.makes_from_lambda(value),
            Kind::Pair => tree
                .child(value.node, Field::Value)
                .is_some_and(|inner| self.is_made_of_lambda(at(inner))),
            Kind::List | Kind::Tuple | Kind::Dictionary => {
                tree.children(value.node).any(|item| self.is_made_of_lambda(at(item)))
            }
            _ => false,
        }
    }

    /// The class and the `__init__` that a `super().__init__(…)` runs.
    pub fn base_init(&self, call: Site) -> Option<(Site, Site)> {
        let facts = self.file(call.file);
        let callee = facts
            .tree()
            .child(call.node, Field::Function)
            .filter(|callee| facts.text(*callee) == "super().__init__")?;
        let init = self.values(Site { file: call.file, node: callee }).iter().find_map(
            |value| match value {
                Value::Method { function, .. } => *function,
                _ => None,
            },
        )?;
        let class = self.file(init.file).tree().enclosing(init.node, &[Kind::ClassDefinition])?;
        Some((Site { file: init.file, node: class }, init))
    }

    /// Whether objects of a class keep all positional arguments of their constructor, whatever that does: exceptions do.
    pub(in crate::project) fn is_exception(&self, class: Site) -> bool {
        self.external_bases(class).iter().any(|(path, _)| {
            let last = crate::catalogue::last_part(path);
            last.ends_with("Error") || last.ends_with("Exception")
        })
    }

    /// The methods that run in the worker only: `worker`, and those that nothing but they call.
    pub fn worker_methods(&self, lineage: &[Site], worker: Site) -> BTreeSet<Site> {
        self.worker_methods_beside(lineage, worker, None)
    }

    /// As [`worker_methods`](Self::worker_methods), where `sender` sends the object: what another branch beside it calls itself,
    /// for there is one worker only, has not run by then.
    pub(in crate::project) fn worker_methods_beside(
        &self,
        lineage: &[Site],
        worker: Site,
        sender: Option<Site>,
    ) -> BTreeSet<Site> {
        let is_instead =
            |call: Site| sender.is_some_and(|sender| self.is_in_other_branch(call, sender));
        let mut inside = BTreeSet::new();
        let called_outside = |method: Site, inside: &BTreeSet<Site>| {
            let name = self.file(method.file).definition_name(method.node);
            self.project.calls_named(name).iter().any(|call| {
                let within = inside.iter().chain([&method]).any(|each| {
                    each.file == call.file
                        && self.file(call.file).tree().contains(each.node, call.node)
                });
                !within && !is_instead(*call) && self.may_run(*call, method)
            })
        };
        if called_outside(worker, &inside) {
            return inside;
        }
        inside.insert(worker);
        loop {
            let before = inside.len();
            for class in lineage {
                let facts = self.file(class.file);
                let Some(body) = facts.tree().child(class.node, Field::Body) else { continue };
                let methods: Vec<NodeId> = facts
                    .tree()
                    .children(body)
                    .filter_map(|node| definition(facts.tree(), node))
                    .collect();
                for node in methods {
                    let method = Site { file: class.file, node };
                    let name = facts.definition_name(node);
                    let special = name.starts_with("__") && name.ends_with("__");
                    let used = !self.project.calls_named(name).is_empty();
                    if !special
                        && used
                        && !inside.contains(&method)
                        && !called_outside(method, &inside)
                    {
                        inside.insert(method);
                    }
                }
            }
            if inside.len() == before {
                return inside;
            }
        }
    }

    /// Whether a call of a method's name may run it: `subprocess.run(…)` does not.
    pub fn may_run(&self, call: Site, method: Site) -> bool {
        let callee = self.file(call.file).tree().child(call.node, Field::Function);
        let values = callee.map(|node| self.values(Site { file: call.file, node }));
        let may = |value: &Value| match value {
            Value::Function(function) => *function == method,
            // An object of a base class may be one of the class that overrides the method.
            Value::Method { receiver: Type::Class(other), .. } => {
                self.class_around(method).is_none_or(|class| {
                    self.lineage(class).contains(other) || self.lineage(*other).contains(&class)
                })
            }
            Value::External { .. }
            | Value::Class(_)
            | Value::Lambda(_)
            | Value::Method { receiver: Type::External { .. }, .. } => false,
            _ => true,
        };
        values.is_none_or(|values| values.is_empty() || values.iter().any(may))
    }

    /// The method that holds `place`: of `class`, or of a base of it, which may stand in another file.
    pub fn method_around(&self, class: Site, place: Site) -> Option<Site> {
        let tree = self.file(place.file).tree();
        let is_class = |up: NodeId| {
            if class.file == place.file {
                up == class.node
            } else {
                tree.kind(up) == Kind::ClassDefinition
            }
        };
        let functions = tree
            .ancestors(place.node)
            .take_while(|up| !is_class(*up))
            .filter(|up| tree.kind(*up) == Kind::FunctionDefinition);
        functions.last().map(|node| Site { file: place.file, node })
    }

    /// Whether `place` is reached only after `call` in one run of the function that holds both.
    pub(in crate::project) fn is_behind(&self, place: Site, call: Site) -> bool {
        let facts = self.file(place.file);
        let tree = facts.tree();
        if place.file != call.file
            || facts.enclosing_function(place.node) != facts.enclosing_function(call.node)
        {
            return false;
        }
        let statement = facts.statement(place.node);
        tree.start(statement) >= tree.end(call.node)
            && !tree.ancestors(place.node).any(|up| {
                matches!(tree.kind(up), Kind::ForStatement | Kind::WhileStatement)
                    && tree.contains(up, call.node)
            })
    }
}

/// The `def` that a statement of a class body is, decorated or not.
pub fn definition(tree: &crate::syntax::Tree, statement: NodeId) -> Option<NodeId> {
    match tree.kind(statement) {
        Kind::FunctionDefinition => Some(statement),
        Kind::DecoratedDefinition => tree
            .child(statement, Field::Definition)
            .filter(|inner| tree.kind(*inner) == Kind::FunctionDefinition),
        _ => None,
    }
}
