//! What other files may call to reach a process, without holding any word that matters themselves.

use crate::catalogue::Transport;
use crate::facts::guard;
use crate::facts::scopes::{Binding, BindingKind};
use crate::project::behaviour::effects::Level;
use crate::project::names::script::Role;
use crate::project::processes::dispatch::Slot;
use crate::project::{Eval, FileId, Project, Site, Type, Value};
use crate::syntax::{Field, Kind, NodeId};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Longer ways from a slot back to parameters are given up.
const MAX_EXPRESSIONS: usize = 200;

/// A function or class that hands on to a process what it is given, or starts one: files that name it matter, too.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Trigger {
    /// Its name; `None` for the module as a whole, whose import starts a process or does other work.
    pub name: Option<String>,
    /// The file that defines it.
    pub module: PathBuf,
    /// The `__init__.py` files of packages that may hand it out.
    pub packages: Vec<PathBuf>,
}

/// What of a file matters if it starts processes: files that are not parsed speak of it.
#[derive(Debug, Clone, Default)]
pub struct Awaited {
    /// Functions.
    pub functions: Vec<Site>,
    /// Whether its import counts as well.
    pub is_imported: bool,
}

impl Project {
    /// The trigger for what a file calls `name` at module level, or for its import.
    pub fn trigger(&self, file: FileId, name: Option<String>) -> Trigger {
        Trigger {
            name,
            module: self.file(file).source.path.clone(),
            packages: self.packages_around(file),
        }
    }

    /// The trigger that a definition would be: a function, or the class whose method it is. `None` without a name.
    fn trigger_of(&self, definition: Site) -> Option<Trigger> {
        let facts = self.file(definition.file);
        let tree = facts.tree();
        let class = tree
            .enclosing(definition.node, &[Kind::ClassDefinition, Kind::FunctionDefinition])
            .filter(|up| tree.kind(*up) == Kind::ClassDefinition);
        let name = facts.definition_name(class.unwrap_or(definition.node));
        (!name.is_empty()).then(|| self.trigger(definition.file, Some(name.to_owned())))
    }

    /// The functions of a file whose calls, by their names, may start processes, each with the trigger that it would be:
    /// scripts that call them matter, whatever words they hold. Scripts import neither tests nor private functions.
    pub fn may_be_triggers(&self, file: FileId) -> Vec<(Site, Trigger)> {
        let facts = self.file(file);
        let tree = facts.tree();
        let mut folders = facts.source.path.components();
        if folders.any(|part| part.as_os_str().to_string_lossy().starts_with("test")) {
            return Vec::new();
        }
        let may = |node: &NodeId| {
            let name = facts.definition_name(*node);
            tree.kind(*node) == Kind::FunctionDefinition
                && (!name.starts_with('_') || name.starts_with("__"))
                && self.may_start(name)
                && facts.enclosing_function(*node).is_none()
        };
        let functions = tree.subtree(crate::syntax::Tree::ROOT).filter(may);
        let functions = functions.map(|node| Site { file, node });
        functions.filter_map(|site| Some((site, self.trigger_of(site)?))).collect()
    }
}

impl Eval<'_> {
    /// The functions and classes whose parameters reach a slot or argument of a file's dispatches, also through other
    /// functions, and those that give out executors; of what is `awaited`, what starts processes.
    pub fn triggers(&self, file: FileId, awaited: &Awaited) -> BTreeSet<Trigger> {
        let facts = self.file(file);
        let mut out = BTreeSet::new();
        let mut pending: Vec<Site> = Vec::new();
        for (dispatch, _) in self.sending(file) {
            // What starts a worker may get another parameter: then its other callers matter.
            let by_start = |slot: &Slot| {
                slot.name == "initializer"
                    || dispatch.api(self.project).transport == Transport::ProcessArgs
            };
            let slots = self.slots(&dispatch);
            let run = slots
                .iter()
                .filter(|slot| by_start(slot))
                .flat_map(|slot| self.values(slot.expression).to_vec());
            let functions = run.filter_map(|value| {
                if let Value::Function(function) = value { Some(function) } else { None }
            });
            functions
                .filter(|function| !self.is_local(*function))
                .for_each(|function| out.extend(self.project.trigger_of(function)));
            pending.extend(slots.into_iter().map(|slot| slot.expression));
            pending
                .extend(self.arguments(&dispatch).into_iter().map(|argument| argument.expression));
            // A function that makes an executor may give it out; a class may keep it.
            if let Some(function) = facts.enclosing_function(dispatch.call.node)
                && facts.tree().kind(function) == Kind::FunctionDefinition
                && self.values(dispatch.call).iter().any(|value| self.is_known_instance(value))
            {
                out.extend(self.project.trigger_of(Site { file, node: function }));
            }
        }
        pending.extend(self.choosing_tests(file));
        let mut seen: BTreeSet<Site> = BTreeSet::new();
        while let Some(expression) = pending.pop() {
            if seen.len() > MAX_EXPRESSIONS || !seen.insert(expression) {
                continue;
            }
            for (function, binding) in self.parameters_behind(expression) {
                out.extend(self.project.trigger_of(function));
                pending.extend(self.arguments_for(function.file, binding));
            }
        }
        let functions = awaited.functions.iter().copied();
        let starting = functions.filter(|function| self.start_of(*function).is_some());
        for definition in starting.chain(self.own_apis(file)) {
            out.extend(self.project.trigger_of(definition));
        }
        let names = self.starting_applications(file).into_iter().chain(self.known_globals(file));
        out.extend(names.map(|name| self.project.trigger(file, Some(name.to_owned()))));
        if awaited.is_imported && (self.starts_on_import(file) || self.repeats_work(file)) {
            out.insert(self.project.trigger(file, None));
        }
        out
    }

    /// The tests in functions under which a process API is named: `Pool if processes else ThreadPool`. A file that is not seen may
    /// be the one that passes a parameter in such a test, whatever those that are seen pass.
    fn choosing_tests(&self, file: FileId) -> Vec<Site> {
        let facts = self.file(file);
        let tree = facts.tree();
        let may_name_one = |node: &NodeId| {
            tree.kind(*node) == Kind::Identifier
                && self.project.speaks_of_holders(file, *node)
                && facts.scopes.is_read(*node)
        };
        let around = |node: NodeId| {
            let function = facts.enclosing_function(node)?;
            facts.tests_around(node).next().filter(|test| tree.contains(function, *test))
        };
        let names = tree.subtree(crate::syntax::Tree::ROOT).filter(may_name_one);
        let tests = names.filter_map(|node| {
            let test = around(node)?;
            let attribute = tree.parent(node).filter(|up| tree.kind(*up) == Kind::Attribute);
            let named = Site { file, node: attribute.unwrap_or(node) };
            let is_one = self.values_nearby(named).iter().any(|value| self.is_api(value));
            is_one.then_some(Site { file, node: test })
        });
        tests.collect()
    }

    /// The project's own subclasses of executors, pools and processes that a file defines, and its functions that make objects
    /// of one, which they may give out.
    fn own_apis(&self, file: FileId) -> Vec<Site> {
        let facts = self.file(file);
        let tree = facts.tree();
        let at = |node| Site { file, node };
        let is_own_api = |class: Site| {
            !self.is_local(class)
                && self
                    .external_bases(class)
                    .iter()
                    .any(|(path, _)| self.is_api(&Value::external(path)))
        };
        let may = |name: NodeId| self.project.may_hold(facts.text(name));
        let classes = tree
            .subtree(crate::syntax::Tree::ROOT)
            .filter(|node| tree.kind(*node) == Kind::ClassDefinition);
        let mut found: Vec<Site> = classes
            .filter(|node| self.project.may_hold(facts.definition_name(*node)))
            .map(at)
            .filter(|class| is_own_api(*class))
            .collect();
        for call in &facts.calls {
            let Some(callee) = tree.child(*call, Field::Function) else { continue };
            let name = tree.child(callee, Field::Attribute).unwrap_or(callee);
            let Some(function) = facts
                .enclosing_function(*call)
                .filter(|up| tree.kind(*up) == Kind::FunctionDefinition && may(name))
            else {
                continue;
            };
            if self
                .values_nearby(at(callee))
                .iter()
                .any(|value| matches!(value, Value::Class(class) if is_own_api(*class)))
            {
                found.push(at(function));
            }
        }
        found
    }

    /// The names at module level of executors, queues and the like, and those that a module gives to process APIs for others to
    /// import.
    fn known_globals(&self, file: FileId) -> Vec<&str> {
        let facts = self.file(file);
        let is_known = |binding: &Binding| match &binding.kind {
            BindingKind::Assignment { value: Some(value), .. } => {
                let values = || self.values(Site { file, node: *value });
                match facts.tree().kind(*value) {
                    Kind::Call => values().iter().any(|value| self.is_known_instance(value)),
                    Kind::Identifier | Kind::Attribute | Kind::ConditionalExpression => {
                        values().iter().any(|value| self.is_api(value))
                    }
                    _ => false,
                }
            }
            // An import that the file itself makes no use of is there for others.
            BindingKind::Import { .. } => {
                let named = facts.scopes.resolve_name(binding.node).or_else(|| {
                    facts
                        .tree()
                        .subtree(binding.node)
                        .find_map(|node| facts.scopes.resolve_name(node))
                });
                let unused = named.is_some_and(|(home, name)| {
                    !facts
                        .scopes
                        .references(home, name)
                        .iter()
                        .any(|node| facts.scopes.is_read(*node))
                });
                unused && self.binding_values(file, binding).iter().any(|value| self.is_api(value))
            }
            _ => false,
        };
        let module = facts.scopes.module();
        let names = facts
            .scopes
            .get(module)
            .symbols
            .keys()
            .map(String::as_str)
            .filter(|name| self.project.may_hold(name));
        names.filter(|name| facts.scopes.bindings(module, name).iter().any(is_known)).collect()
    }

    /// Whether a value is a class or function that reaches processes, or a module of such.
    fn is_api(&self, value: &Value) -> bool {
        let catalogue = &self.project.catalogue;
        let reports = |path: &str| {
            catalogue.by_path(path).is_some_and(|entry| {
                catalogue.get(entry).verdict != crate::catalogue::Verdict::Never
            })
        };
        matches!(value, Value::External { path, .. } if reports(path) || matches!(&**path, "multiprocessing" | "concurrent.futures"))
    }

    /// Modules that are imported below work are looked into: what they show has its place among the work.
    pub fn late_imports(&self, file: FileId) -> BTreeSet<PathBuf> {
        let facts = self.file(file);
        let tree = facts.tree();
        let is_call = |node: &NodeId| {
            tree.kind(*node) == Kind::ExpressionStatement
                && tree.children(*node).next().is_some_and(|inner| tree.kind(inner) == Kind::Call)
        };
        let below = tree.children(crate::syntax::Tree::ROOT).skip_while(|node| !is_call(node));
        let imports = below.filter(|node| {
            matches!(tree.kind(*node), Kind::ImportStatement | Kind::ImportFromStatement)
        });
        let paths = imports.flat_map(|node| self.project.imported_paths(file, facts, node));
        paths.filter(|path| self.project.at(path).is_none()).collect()
    }

    /// Whether importing the file starts a process: then it matters who imports it.
    fn starts_on_import(&self, file: FileId) -> bool {
        let tree = self.file(file).tree();
        tree.children(crate::syntax::Tree::ROOT).any(|statement| {
            tree.kind(statement) != Kind::FunctionDefinition
                && !self.starts_in(file, statement).is_empty()
        })
    }

    /// Whether a script that starts processes does work at import time: a guard would take names from those who import it.
    fn repeats_work(&self, file: FileId) -> bool {
        let facts = self.file(file);
        let tree = facts.tree();
        let is_repeated = |statement: NodeId| {
            let test = tree
                .child(statement, Field::Condition)
                .filter(|_| tree.kind(statement) == Kind::IfStatement);
            let is_false_guard = test
                .is_some_and(|test| matches!(guard::shape(facts, test), guard::Shape::False(_)));
            is_false_guard || self.effect_of(file, statement).level == Level::Seen
        };
        matches!(self.role(file), Role::Script | Role::Both(_))
            && tree.children(crate::syntax::Tree::ROOT).any(is_repeated)
            && self.starts_processes(file)
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
            for name in
                tree.subtree(node).filter(|node| matches!(tree.kind(*node), Kind::Identifier))
            {
                let Some((home, text)) = facts.scopes.resolve_name(name) else { continue };
                for binding in facts.scopes.bindings(home, text) {
                    match &binding.kind {
                        BindingKind::Parameter { .. }
                            if tree.kind(binding.statement) == Kind::FunctionDefinition =>
                        {
                            found.push((
                                Site { file: expression.file, node: binding.statement },
                                binding,
                            ));
                        }
                        BindingKind::Assignment { value: Some(value), .. }
                        | BindingKind::Walrus { value } => pending.push(*value),
                        BindingKind::For { iterable, .. }
                        | BindingKind::ComprehensionFor { iterable, .. } => pending.push(*iterable),
                        _ => {}
                    }
                }
            }
            // `self.target`, written from a parameter in another method.
            for attribute in tree.subtree(node).filter(|node| tree.kind(*node) == Kind::Attribute) {
                pending.extend(self.written_to(Site { file: expression.file, node: attribute }));
                let items = self.items_put(Site { file: expression.file, node: attribute });
                pending.extend(
                    items
                        .into_iter()
                        .filter(|item| item.file == expression.file)
                        .map(|item| item.node),
                );
            }
        }
        found
    }

    /// What this file writes to the attribute of `self` that an expression reads.
    fn written_to(&self, attribute: Site) -> Vec<NodeId> {
        let facts = self.file(attribute.file);
        let tree = facts.tree();
        let (Some(object), Some(name)) = (
            tree.child(attribute.node, Field::Object),
            tree.child(attribute.node, Field::Attribute),
        ) else {
            return Vec::new();
        };
        let class = self
            .self_class(Site { file: attribute.file, node: object })
            .filter(|_| tree.kind(object) == Kind::Identifier);
        let writes =
            class.map(|class| self.attribute_writes(class, facts.text(name))).unwrap_or_default();
        writes
            .into_iter()
            .filter_map(|write| write.value)
            .filter(|site| site.file == attribute.file)
            .map(|site| site.node)
            .collect()
    }

    fn is_known_instance(&self, value: &Value) -> bool {
        match value {
            Value::Instance(Type::External { path, .. }) => {
                self.project.catalogue.by_path(path).is_some()
            }
            _ => false,
        }
    }
}
