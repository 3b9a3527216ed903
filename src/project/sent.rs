//! What reaches which process call: dispatches joined with the callables that reach their slots.

use super::{Callable, Content, Dispatch, Eval, FileId, Origin, Site, Slot, Type};
use crate::facts::scopes::{Binding, BindingKind};
use crate::findings::StartMethod;
use crate::syntax::{Field, Kind, NodeId};
use std::collections::BTreeSet;

/// Longer ways from a slot back to parameters are given up.
const MAX_EXPRESSIONS: usize = 200;

/// One callable that one dispatch sends.
#[derive(Debug, Clone)]
pub struct Sent {
    /// The call.
    pub dispatch: Dispatch,
    /// The parameter.
    pub slot: Slot,
    /// The callable, and the way it takes.
    pub origin: Origin,
    /// The start methods under which it is pickled by reference.
    pub methods: Vec<StartMethod>,
}

/// One thing beside the callables that one dispatch sends and that cannot cross.
#[derive(Debug, Clone)]
pub struct Carried {
    /// The call.
    pub dispatch: Dispatch,
    /// What it is, and the way it takes.
    pub content: Content,
    /// The start methods under which it is pickled.
    pub methods: Vec<StartMethod>,
}

/// A function or class that hands on to a process what it is given: files that name it matter, too.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Trigger {
    /// The last part of its module's name.
    pub module: String,
    /// Its name; [`Trigger::IMPORT`] for the module as a whole.
    pub name: String,
}

impl Trigger {
    /// Stands for every import of the module.
    pub const IMPORT: &str = "import";
}

impl Eval<'_> {
    /// Everything that the dispatches of a file send.
    pub fn sent(&self, file: FileId) -> Vec<Sent> {
        let mut out = Vec::new();
        for dispatch in self.dispatches(file) {
            let methods = dispatch.pickled_under(self.project);
            if methods.is_empty() {
                continue;
            }
            for slot in self.slots(&dispatch) {
                for origin in self.slot_origins(&slot) {
                    self.look_ahead(&origin);
                    out.push(Sent { dispatch: dispatch.clone(), slot: slot.clone(), origin, methods: methods.clone() });
                }
            }
        }
        for (dispatch, slot, origin) in self.decorations(file) {
            let methods = dispatch.pickled_under(self.project);
            if !methods.is_empty() {
                self.look_ahead(&origin);
                out.push(Sent { dispatch, slot, origin, methods });
            }
        }
        out
    }

    /// Asks for what rules will ask about a callable, so that the files that hold it are read in round one.
    fn look_ahead(&self, origin: &Origin) {
        let class = match &origin.callable {
            Callable::Method { receiver: Type::Class(class), .. } | Callable::Instance(class) => Some(*class),
            _ => None,
        };
        class.into_iter().for_each(|class| drop(self.instance_obstacle(class, true, 3)));
        let definition = match &origin.callable {
            Callable::Function(site) | Callable::Class(site) => Some(*site),
            Callable::Method { function, .. } => *function,
            _ => None,
        };
        if let Some(worker) = self.worker(origin) {
            for function in self.reached(worker) {
                for (_, class) in self.raised(function) {
                    self.exception_gap(class);
                }
                for returned in self.returns(function) {
                    self.obstacle(returned, false);
                }
            }
        }
        let Some(definition) = definition else { return };
        let facts = self.file(definition.file);
        for decorator in facts.decorators(definition.node) {
            for expression in facts.tree().children(decorator) {
                self.values(Site { file: definition.file, node: expression });
            }
        }
    }

    /// Everything that cannot cross among the arguments of a file's dispatches.
    pub fn carried(&self, file: FileId) -> Vec<Carried> {
        let mut out = Vec::new();
        for dispatch in self.dispatches(file) {
            let methods = dispatch.pickled_under(self.project);
            if methods.is_empty() {
                continue;
            }
            for argument in self.arguments(&dispatch) {
                for content in self.contents(argument, dispatch.carries_primitives(self.project)) {
                    out.push(Carried { dispatch: dispatch.clone(), content, methods: methods.clone() });
                }
            }
        }
        out.extend(self.kept_by_processes(file));
        out
    }

    /// The lambdas, local functions and local classes that constructor calls give to objects of `Process` subclasses
    /// defined in the project: `start()` pickles the object with all that it keeps.
    fn kept_by_processes(&self, file: FileId) -> Vec<Carried> {
        let mut out = Vec::new();
        for call in self.file(file).calls.iter().map(|node| Site { file, node: *node }) {
            let tree = self.file(file).tree();
            let Some(callee) = tree.child(call.node, Field::Function) else { continue };
            let name = tree.child(callee, Field::Attribute).unwrap_or(callee);
            let name = self.file(file).text(name);
            if name != "__init__" && !self.project.defines_class(name) {
                continue;
            }
            let (class, kept) = match self.base_init(call) {
                Some((home, init)) => (home, self.arguments_kept_by(home, init, call)),
                None => {
                    let values = self.values(Site { file, node: callee });
                    let made = values.iter().find_map(|value| if let super::Value::Class(class) = value { Some(*class) } else { None });
                    let Some(class) = made.filter(|class| self.method(*class, "__init__").is_some()) else { continue };
                    (class, self.stored_arguments(class, call))
                }
            };
            if kept.is_empty() || self.process_class(class).is_none() || self.controls_its_pickling(class) {
                continue;
            }
            let Some((entry, start)) = self.entry_of_class(class) else { continue };
            let dispatch = Dispatch { call, entry, start, receiver: None, made: None, shift: 0 };
            let methods = dispatch.pickled_under(self.project);
            for argument in kept.into_iter().filter(|_| !methods.is_empty()) {
                let contents = self.contents(super::Argument::object(argument), true);
                let callables = contents.into_iter().filter(|content| content.callable().is_some());
                out.extend(callables.map(|content| Carried { dispatch: dispatch.clone(), content, methods: methods.clone() }));
            }
        }
        out
    }

    /// The functions and classes whose parameters reach a slot or argument of a file's dispatches, also through other
    /// functions, and those that give out executors.
    pub fn triggers(&self, file: FileId, _sent: &[Sent]) -> BTreeSet<Trigger> {
        let facts = self.file(file);
        let mut out = BTreeSet::new();
        let mut pending: Vec<Site> = Vec::new();
        for dispatch in self.dispatches(file) {
            if dispatch.pickled_under(self.project).is_empty() {
                continue;
            }
            pending.extend(self.slots(&dispatch).into_iter().map(|slot| slot.expression));
            pending.extend(self.arguments(&dispatch).into_iter().map(|argument| argument.expression));
            // A function that makes an executor may give it out; a class may keep it.
            if let Some(function) = facts.enclosing_function(dispatch.call.node)
                && facts.tree().kind(function) == Kind::FunctionDefinition
                && self.values(dispatch.call).iter().any(|value| self.is_executor(value))
            {
                self.add_triggers(Site { file, node: function }, &mut out);
            }
        }
        let mut seen: BTreeSet<Site> = BTreeSet::new();
        while let Some(expression) = pending.pop() {
            if seen.len() > MAX_EXPRESSIONS || !seen.insert(expression) {
                continue;
            }
            for (function, binding) in self.parameters_behind(expression) {
                self.add_triggers(function, &mut out);
                pending.extend(self.given_by_callers(function.file, binding));
            }
        }
        for function in self.starting_functions(file) {
            self.add_triggers(function, &mut out);
        }
        for name in self.starting_applications(file) {
            let modules = self.project.module_words(file).into_iter().filter(|module| !module.is_empty());
            out.extend(modules.map(|module| Trigger { module, name: name.to_owned() }));
        }
        // Classes that derive from an API's class: others make objects of them without another word that matters.
        let classes = facts.tree().subtree(crate::syntax::Tree::ROOT).filter(|node| facts.tree().kind(*node) == Kind::ClassDefinition);
        for class in classes.map(|node| Site { file, node }).filter(|class| self.entry_of_class(*class).is_some()) {
            self.add_triggers(class, &mut out);
        }
        if self.starts_on_import(file) {
            let modules = self.project.module_words(file).into_iter().filter(|module| !module.is_empty());
            out.extend(modules.map(|module| Trigger { module, name: Trigger::IMPORT.to_owned() }));
        }
        out
    }

    /// Everything that callers give for a parameter, as far as triggers are concerned: what it holds does not matter.
    fn given_by_callers(&self, file: FileId, binding: &Binding) -> Vec<Site> {
        match &binding.kind {
            BindingKind::Parameter { star: 0, .. } => self.given_for(file, binding, None).into_iter().map(|given| given.expression).collect(),
            _ => self.surplus_for(file, binding, 0),
        }
    }

    /// The functions of a file whose calls start processes: scripts that call them matter, whatever words they hold.
    /// Scripts import neither tests nor private functions.
    fn starting_functions(&self, file: FileId) -> Vec<Site> {
        let facts = self.file(file);
        let tree = facts.tree();
        let is_test = facts.source.path.components().any(|part| part.as_os_str().to_string_lossy().starts_with("test"));
        if is_test {
            return Vec::new();
        }
        let is_public = |node: &NodeId| {
            let name = facts.definition_name(*node);
            tree.kind(*node) == Kind::FunctionDefinition && facts.enclosing_function(*node).is_none() && (!name.starts_with('_') || name.starts_with("__"))
        };
        let functions = tree.subtree(crate::syntax::Tree::ROOT).filter(is_public);
        functions.map(|node| Site { file, node }).filter(|function| self.start_of(*function).is_some()).collect()
    }

    /// Whether importing the file starts a process: then it matters who imports it.
    fn starts_on_import(&self, file: FileId) -> bool {
        let tree = self.file(file).tree();
        tree.children(crate::syntax::Tree::ROOT)
            .any(|statement| tree.kind(statement) != Kind::FunctionDefinition && !self.starts_in(file, statement).is_empty())
    }

    /// A function, or the class whose method it is, by its name and every name by which importers may reach its module.
    fn add_triggers(&self, definition: Site, out: &mut BTreeSet<Trigger>) {
        let facts = self.file(definition.file);
        let tree = facts.tree();
        let class = tree.enclosing(definition.node, &[Kind::ClassDefinition, Kind::FunctionDefinition]).filter(|up| tree.kind(*up) == Kind::ClassDefinition);
        let name = facts.definition_name(class.unwrap_or(definition.node));
        for module in self.project.module_words(definition.file) {
            if !name.is_empty() && !module.is_empty() {
                out.insert(Trigger { module, name: name.to_owned() });
            }
        }
    }

    /// The parameters that an expression may hold, with their functions.
    fn parameters_behind(&self, expression: Site) -> Vec<(Site, &Binding)> {
        let facts = self.file(expression.file);
        let tree = facts.tree();
        let mut found = Vec::new();
        let mut pending = vec![expression.node];
        let mut seen: BTreeSet<NodeId> = BTreeSet::new();
        while let Some(node) = pending.pop() {
            if !seen.insert(node) || seen.len() > MAX_EXPRESSIONS {
                continue;
            }
            for name in tree.subtree(node).filter(|node| matches!(tree.kind(*node), Kind::Identifier)) {
                let Some((home, text)) = facts.scopes.resolve_name(name) else { continue };
                for binding in facts.scopes.bindings(home, text) {
                    match &binding.kind {
                        BindingKind::Parameter { .. } if tree.kind(binding.statement) == Kind::FunctionDefinition => {
                            found.push((Site { file: expression.file, node: binding.statement }, binding));
                        }
                        BindingKind::Assignment { value: Some(value), .. } | BindingKind::Walrus { value } => pending.push(*value),
                        BindingKind::For { iterable, .. } | BindingKind::ComprehensionFor { iterable, .. } => pending.push(*iterable),
                        _ => {}
                    }
                }
            }
            // `self.target`, written from a parameter in another method.
            for attribute in tree.subtree(node).filter(|node| tree.kind(*node) == Kind::Attribute) {
                pending.extend(self.written_to(Site { file: expression.file, node: attribute }));
                let items = self.appended_to(Site { file: expression.file, node: attribute });
                pending.extend(items.into_iter().filter(|item| item.file == expression.file).map(|item| item.node));
            }
        }
        found
    }

    /// What this file writes to the attribute of `self` that an expression reads.
    fn written_to(&self, attribute: Site) -> Vec<NodeId> {
        let facts = self.file(attribute.file);
        let tree = facts.tree();
        let (Some(object), Some(name)) = (tree.child(attribute.node, Field::Object), tree.child(attribute.node, Field::Attribute)) else { return Vec::new() };
        let class = self.self_class(Site { file: attribute.file, node: object }).filter(|_| tree.kind(object) == Kind::Identifier);
        let writes = class.map(|class| self.attribute_writes(class, facts.text(name))).unwrap_or_default();
        writes.into_iter().filter_map(|write| write.value).filter(|site| site.file == attribute.file).map(|site| site.node).collect()
    }

    fn is_executor(&self, value: &super::Value) -> bool {
        match value {
            super::Value::Instance(super::Type::External { path, .. }) => self.project.catalogue.by_path(path).is_some(),
            _ => false,
        }
    }
}
