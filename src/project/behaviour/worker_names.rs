//! What worker processes run: the functions they are sent, and what those reach.

use crate::facts::FileFacts;
use crate::facts::scopes::{BindingKind, ScopeId};
use crate::project::behaviour::state;
use crate::project::{
    Callable, Eval, FileId, Part, Sent, Site, Slot, Type, Value, values::registrations,
};
use crate::syntax::{Field, Kind, NodeId, Tree};
use std::collections::BTreeSet;

/// The part of one module that worker processes need.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WorkerNames {
    /// Names of the module that code reachable from a worker reads.
    pub reads: BTreeSet<String>,
    /// Those among them that are read by code which is known to be sent; the rest may be.
    pub surely: BTreeSet<String>,
    /// Names of the module that such code binds itself (`global` in an initializer).
    pub binds: BTreeSet<String>,
}

impl Eval<'_> {
    /// The names of `file` that code reachable from what `sent` lists may use in a worker.
    pub fn worker_names(&self, file: FileId, sent: &[Sent]) -> WorkerNames {
        let mut reach = Reach {
            eval: self,
            file,
            seen: BTreeSet::new(),
            waiting: Vec::new(),
            methods: BTreeSet::new(),
            by_name: false,
            names: WorkerNames::default(),
        };
        for each in sent {
            reach.callable(&each.origin.callable);
        }
        reach.process_classes();
        reach.run();
        reach.names.surely.clone_from(&reach.names.reads);
        reach.what_travels_along();
        if self.sends_unseen(file, sent) {
            reach.everything();
            reach.run();
        }
        reach.names
    }

    /// Whether modules that a script may use send what cannot be told, with all that is `sent` besides.
    pub fn others_send_unseen(&self, script: FileId, sent: &[Sent]) -> bool {
        let mut others = self
            .project
            .files()
            .map(|row| row.0)
            .filter(|other| *other != script && self.may_take_part(script, *other));
        others.any(|other| self.sends_unseen(other, sent))
    }

    /// Whether the file starts processes whose work cannot be told: then any of its functions may be it.
    fn sends_unseen(&self, file: FileId, sent: &[Sent]) -> bool {
        self.dispatches(file).iter().any(|dispatch| {
            self.slots(dispatch).iter().any(|slot| {
                let tree = self.file(slot.expression.file).tree();
                let none = tree.kind(slot.expression.node) == Kind::None || self.is_not_among(slot);
                let resolved = sent.iter().any(|each| each.slot.expression == slot.expression);
                let external = self
                    .values(slot.expression)
                    .iter()
                    .all(|value| matches!(value, Value::External { .. }));
                !none && !resolved && !external
            })
        })
    }
}

impl Eval<'_> {
    /// Whether a slot stands for an entry of an unpacked dictionary that has no such entry.
    fn is_not_among(&self, slot: &Slot) -> bool {
        matches!(&slot.part, Some(Part::Entry(key)) if self.lacks_key(slot.expression, key))
    }
}

struct Reach<'e, 'p> {
    eval: &'e Eval<'p>,
    file: FileId,
    seen: BTreeSet<Site>,
    waiting: Vec<Site>,
    /// Names of methods that worker code calls on objects that are not known.
    methods: BTreeSet<String>,
    /// Whether such code looks names up by text.
    by_name: bool,
    names: WorkerNames,
}

impl Reach<'_, '_> {
    fn callable(&mut self, callable: &Callable) {
        match callable {
            Callable::Lambda(site)
            | Callable::Function(site)
            | Callable::Class(site)
            | Callable::Instance(site) => self.add(*site),
            Callable::Method { receiver, function, .. } => {
                if let Type::Class(class) = receiver {
                    self.add(*class);
                }
                function.iter().for_each(|function| self.add(*function));
            }
            Callable::Value(value) => self.value(&value.clone()),
        }
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Function(site) | Value::Lambda(site) | Value::Class(site) => self.add(*site),
            Value::Instance(Type::Class(class)) => self.add(*class),
            Value::Method { function: Some(function), .. } => self.add(*function),
            _ => {}
        }
    }

    fn add(&mut self, site: Site) {
        if self.seen.insert(site) {
            self.waiting.push(site);
        }
    }

    /// The classes of the file whose instances are processes: their methods run in the child.
    fn process_classes(&mut self) {
        for class in self.definitions(Kind::ClassDefinition) {
            let is_process = self.eval.entry_of_class(class).is_some_and(|(entry, _)| {
                let catalogue = &self.eval.project.catalogue;
                catalogue.get(entry).callables.iter().any(|parameter| parameter.name == "target")
            });
            if is_process {
                self.add(class);
            }
        }
    }

    /// What the arguments hold, what containers that workers read were given, and the methods that Python calls itself.
    fn what_travels_along(&mut self) {
        for site in self.eval.carried_definitions(self.file) {
            self.add(site);
        }
        for class in self.definitions(Kind::ClassDefinition) {
            self.implicit_methods(class);
        }
        self.run();
        let registrations = registrations::of(self.eval, self.file);
        loop {
            let before = self.seen.len();
            let reads = self.names.reads.clone();
            for registration in
                registrations.iter().filter(|each| !each.containers.is_disjoint(&reads))
            {
                registration.definitions.iter().for_each(|site| self.add(*site));
            }
            if self.by_name {
                self.everything();
            }
            self.run();
            if before == self.seen.len() {
                return;
            }
        }
    }

    /// `__len__`, `__setstate__` and the like of a class whose objects may be anywhere.
    fn implicit_methods(&mut self, class: Site) {
        let facts = self.eval.file(class.file);
        let tree = facts.tree();
        let Some(body) = tree.child(class.node, Field::Body) else { return };
        for node in tree.subtree(body).filter(|node| tree.kind(*node) == Kind::FunctionDefinition) {
            let name = facts.definition_name(node);
            if name.starts_with("__")
                && name.ends_with("__")
                && !matches!(name, "__init__" | "__new__" | "__init_subclass__")
            {
                self.add(Site { file: class.file, node });
            }
        }
    }

    fn everything(&mut self) {
        for kind in [Kind::ClassDefinition, Kind::FunctionDefinition, Kind::Lambda] {
            for site in self.definitions(kind) {
                self.add(site);
            }
        }
    }

    fn definitions(&self, kind: Kind) -> Vec<Site> {
        let tree = self.eval.file(self.file).tree();
        tree.subtree(Tree::ROOT)
            .filter(|node| tree.kind(*node) == kind)
            .map(|node| Site { file: self.file, node })
            .collect()
    }

    fn run(&mut self) {
        loop {
            while let Some(site) = self.waiting.pop() {
                self.look(site);
            }
            // Objects travel with the arguments: a method that worker code calls may be one of any class.
            for class in self.definitions(Kind::ClassDefinition) {
                if !self.seen.contains(&class)
                    && self.methods.iter().any(|name| self.eval.own_method(class, name).is_some())
                {
                    self.add(class);
                }
            }
            if self.waiting.is_empty() {
                return;
            }
        }
    }

    /// Follows everything that a definition reads.
    fn look(&mut self, site: Site) {
        let facts = self.eval.file(site.file);
        let tree = facts.tree();
        let module = facts.scopes.module();
        let whole = facts.with_decorators(site.node);
        for node in tree.subtree(whole) {
            self.names.reads.extend(self.eval.state_read(Site { file: site.file, node }));
            match tree.kind(node) {
                Kind::Identifier => self.name(site.file, node, module),
                Kind::Attribute => self.attribute(site.file, node),
                _ => {}
            }
        }
    }

    fn name(&mut self, file: FileId, node: NodeId, module: crate::facts::scopes::ScopeId) {
        let facts = self.eval.file(file);
        let Some((home, name)) =
            facts.scopes.resolve_name(node).filter(|(home, _)| *home == module)
        else {
            return;
        };
        let bindings = facts.scopes.bindings(home, name);
        if file != self.file && facts.scopes.is_read(node) {
            self.names.reads.insert(state::qualified(self.eval, file, name));
        }
        if bindings.is_empty() {
            self.by_name |= file == self.file && matches!(name, "globals" | "eval" | "exec");
            return;
        }
        if facts.scopes.is_read(node) {
            if file == self.file {
                self.names.reads.insert(name.to_owned());
            }
        } else if file == self.file
            && facts.scopes.scope_of(node) != module
            && !reads_too(facts, home, name, node)
        {
            self.names.binds.insert(name.to_owned());
        }
        for binding in bindings {
            match &binding.kind {
                BindingKind::FunctionDef(node) | BindingKind::ClassDef(node) => {
                    self.add(Site { file, node: *node });
                }
                BindingKind::Import { .. } => {
                    for value in self.eval.binding_values(file, binding) {
                        self.value(&value);
                    }
                }
                BindingKind::Assignment { value: Some(value), .. } => {
                    for value in self.eval.values(Site { file, node: *value }).iter() {
                        self.value(value);
                    }
                }
                _ => {}
            }
        }
    }

    fn attribute(&mut self, file: FileId, node: NodeId) {
        let facts = self.eval.file(file);
        if let Some(name) = facts.tree().child(node, Field::Attribute) {
            self.methods.insert(facts.text(name).to_owned());
        }
        if file != self.file {
            // `module.function` of another module of the project: only what is looked up there matters.
            return;
        }
        let object_is_module = facts.tree().child(node, Field::Object).is_some_and(|object| {
            facts.tree().kind(object) == Kind::Identifier
                && self
                    .eval
                    .values(Site { file, node: object })
                    .iter()
                    .any(|value| matches!(value, Value::Module(_)))
        });
        if object_is_module {
            for value in self.eval.values(Site { file, node }).iter() {
                self.value(value);
            }
        }
    }
}

/// Whether the function that binds a global at `node` reads it as well, so that it must be there before:
/// `rows = rows + [row]`, `if cache is None: cache = load()`.
fn reads_too(facts: &FileFacts, home: ScopeId, name: &str, node: NodeId) -> bool {
    let tree = facts.tree();
    let function = facts.enclosing_function(node);
    let statement = facts.statement(node);
    // `table = load()`, then `table.sort()`: what is read is surely bound by then.
    let is_first = tree.parent(statement)
        == function.and_then(|function| tree.child(function, Field::Body))
        && tree.kind(statement) == Kind::ExpressionStatement;
    let inside = |read: &NodeId| {
        function.is_some_and(|function| tree.contains(function, *read))
            && facts.scopes.is_read(*read)
            && !(is_first && tree.start(*read) >= tree.end(statement))
    };
    tree.parent(node).is_some_and(|up| tree.kind(up) == Kind::AugmentedAssignment)
        || facts.scopes.references(home, name).iter().any(inside)
}
