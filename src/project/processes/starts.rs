//! Which calls start processes: the APIs themselves, and functions and classes of the project that reach one when they
//! are called.

use crate::catalogue::{EntryId, EntryKind, Start, Starts, Verdict};
use crate::facts::execution;
use crate::facts::scopes::BindingKind;
use crate::project::dataflow::CallString;
use crate::project::processes::starters;
use crate::project::{Dispatch, Eval, FileId, Site, Type, Value};
use crate::syntax::{Field, Kind, NodeId};
use std::rc::Rc;

/// Longer chains of calls are given up.
const MAX_CHAIN: usize = 40;

/// Functions that call the function they are given, by dotted path.
const RUNNERS: &[&str] = &[
    "fire.Fire",
    "typer.run",
    "absl.app.run",
    "tensorflow.app.run",
    "tensorflow.compat.v1.app.run",
    "argh.dispatch_command",
    "plac.call",
    "defopt.run",
    "clize.run",
    "tyro.cli",
    "jsonargparse.CLI",
    "jsonargparse.auto_cli",
    "curses.wrapper",
    "trio.run",
    "anyio.run",
    "asyncio.to_thread",
    "timeit.timeit",
    "functools.reduce",
    "builtins.map",
    "builtins.filter",
];

/// Classes whose `start` runs a function in the same process.
pub(in crate::project) const THREADS: &[&str] = &["threading.Thread", "threading.Timer"];

/// Classes whose methods run functions in the same process.
pub(in crate::project) const THREAD_POOLS: &[&str] = &[
    "concurrent.futures.ThreadPoolExecutor",
    "concurrent.futures.thread.ThreadPoolExecutor",
    "multiprocessing.pool.ThreadPool",
];

/// A call that starts a process, and the way to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessStart {
    /// The call of the API (or the loop over it).
    pub call: Site,
    /// The API.
    pub entry: EntryId,
    /// The calls on the way, outermost first, without `call`.
    pub through: Vec<Site>,
    /// The call that made the executor, pool or process object.
    pub made: Option<Site>,
}

impl ProcessStart {
    /// Where the way begins: a place in the code that was asked about.
    pub fn place(&self) -> Site {
        self.through.first().copied().unwrap_or(self.call)
    }

    pub(in crate::project) fn behind(&self, call: Site) -> Self {
        let mut through = vec![call];
        through.extend(&self.through);
        Self { through, ..self.clone() }
    }
}

impl Eval<'_> {
    /// The processes that are started when `root`, a statement of `file`, runs as part of an import.
    pub fn starts_in(&self, file: FileId, root: NodeId) -> Vec<ProcessStart> {
        let facts = self.file(file);
        execution::executed(facts, root)
            .into_iter()
            .filter_map(|node| self.start_at(Site { file, node }))
            .collect()
    }

    /// Whether the script settles on fork for all its processes, which then never import it.
    pub fn forces_fork(&self, file: FileId) -> bool {
        let facts = self.file(file);
        facts.calls.iter().any(|call| {
            let site = Site { file, node: *call };
            called_name(self, site) == "set_start_method"
                && self
                    .argument(site, "method", 0)
                    .is_some_and(|argument| self.string_literal(argument) == Some("fork"))
        })
    }

    /// The first process that a call of `function` (a `def`, lambda or class) starts.
    pub fn start_of(&self, function: Site) -> Option<Rc<ProcessStart>> {
        let name = self.file(function.file).definition_name(function.node);
        if !name.is_empty() && !self.project.may_start(name) {
            return None;
        }
        if let Some(known) = self.starts_known.borrow().get(&function) {
            return known.clone();
        }
        let found = self.within(function, || self.first_start(function))?.map(Rc::new);
        self.starts_known.borrow_mut().insert(function, found.clone());
        found
    }

    /// The answer of `work` about a function; `None` while one is being looked for already, since recursion adds nothing.
    fn within(
        &self,
        function: Site,
        work: impl FnOnce() -> Option<ProcessStart>,
    ) -> Option<Option<ProcessStart>> {
        if self.chain.borrow().len() >= MAX_CHAIN || !self.chain.borrow_mut().insert(function) {
            return None;
        }
        let found = work();
        self.chain.borrow_mut().remove(&function);
        Some(found)
    }

    fn first_start(&self, function: Site) -> Option<ProcessStart> {
        let facts = self.file(function.file);
        if facts.tree().kind(function.node) == Kind::ClassDefinition {
            return ["__new__", "__init__", "__post_init__"].iter().find_map(|name| {
                let (_, method) = self.method(function, name)?;
                Some((*self.start_of(method)?).clone())
            });
        }
        execution::body_of(facts, function.node)
            .into_iter()
            .find_map(|node| self.start_at(Site { file: function.file, node }))
    }

    /// The process that the evaluation of one node starts.
    pub(super) fn start_at(&self, site: Site) -> Option<ProcessStart> {
        let facts = self.file(site.file);
        let tree = facts.tree();
        let at = |node| Site { file: site.file, node };
        match tree.kind(site.node) {
            Kind::Call => self.start_by_call(site),
            Kind::Decorator => self.start_by_decorator(site),
            Kind::WithItem => {
                let value = tree.child(site.node, Field::Value)?;
                let value = if tree.kind(value) == Kind::AsPattern {
                    tree.children(value).next()?
                } else {
                    value
                };
                self.start_by_method(at(value), "__enter__")
            }
            Kind::ForStatement => self.start_by_loop(at(tree.child(site.node, Field::Right)?)),
            Kind::ForInClause => self.start_by_loop(at(tree.child(site.node, Field::Right)?)),
            _ => None,
        }
    }

    fn start_by_call(&self, call: Site) -> Option<ProcessStart> {
        let facts = self.file(call.file);
        let tree = facts.tree();
        let callee = Site {
            file: call.file,
            node: tree.unparenthesized(tree.child(call.node, Field::Function)?),
        };
        let name = starters::called(facts, call.node);
        let runs_others = RUNNERS.iter().any(|path| crate::catalogue::last_part(path) == name);
        // The executor is an argument there.
        let holds =
            name == "run_in_executor" || self.project.speaks_of_holders(call.file, callee.node);
        if !name.is_empty() && !self.project.may_start(name) && !runs_others && !holds {
            return self.start_by_application(call, callee);
        }
        if self.is_parameter(callee) {
            // What a parameter is called with depends on the call: the caller's side looks at it.
            return None;
        }
        if let Some(dispatch) =
            self.dispatches_at(call).into_iter().find(|dispatch| self.is_start(dispatch))
        {
            return Some(ProcessStart {
                call,
                entry: dispatch.entry,
                through: Vec::new(),
                made: dispatch.made,
            });
        }
        let values = self.values_nearby(callee);
        let inner = values.iter().find_map(|value| self.start_of_value(value, call));
        inner.map(|inner| inner.behind(call)).or_else(|| self.start_by_application(call, callee))
    }

    fn is_start(&self, dispatch: &Dispatch) -> bool {
        let entry = dispatch.api(self.project);
        matches!(entry.starts, Starts::Construct | Starts::Use)
            && entry.guard
            && entry.verdict != Verdict::Never
            && entry.kind != EntryKind::Decorator
            && dispatch.start != Start::Fork
    }

    /// What starts when `value` is called by `call`.
    fn start_of_value(&self, value: &Value, call: Site) -> Option<ProcessStart> {
        match value {
            // The `start` of a class of the project that derives from `Thread` runs its `run`.
            Value::Method { receiver: Type::Class(class), function: None, name, .. }
                if &**name == "start" =>
            {
                let is_thread =
                    self.external_bases(*class).iter().any(|(path, _)| THREADS.contains(&&**path));
                let (_, run) = self.method(*class, "run").filter(|_| is_thread)?;
                self.start_of(run).map(|start| (*start).clone())
            }
            Value::Function(function) | Value::Method { function: Some(function), .. } => {
                let own = self
                    .start_of(*function)
                    .and_then(|start| self.reached_by(call, *function, &start));
                own.or_else(|| self.start_of_decorated(*function, call))
                    .or_else(|| self.start_by_argument(*function, call))
            }
            Value::Lambda(site) | Value::Class(site) => {
                self.start_of(*site).map(|start| (*start).clone())
            }
            Value::Instance(Type::Class(class)) => {
                let (_, method) = self.method(*class, "__call__")?;
                self.start_of(method).map(|start| (*start).clone())
            }
            Value::Partial(made) => {
                let first = *self.positional_arguments(*made).first()?;
                self.values(first)
                    .iter()
                    .filter(|inner| !matches!(inner, Value::Partial(_)))
                    .find_map(|inner| self.start_of_value(inner, call))
            }
            Value::Method { receiver: Type::External { path, made, .. }, name, .. } => {
                self.start_in_thread(path, name, *made, call)
            }
            Value::External { path, .. } if RUNNERS.contains(&&**path) => {
                let arguments = self.positional_arguments(call);
                if arguments.is_empty() && &**path == "fire.Fire" {
                    return self
                        .functions_of_module(call.file)
                        .into_iter()
                        .find_map(|function| Some((*self.start_of(function)?).clone()));
                }
                arguments.into_iter().find_map(|argument| self.start_of_reference(argument))
            }
            _ => None,
        }
    }

    /// The first start in a function, `first` if nothing speaks against it, that this call of it comes to.
    fn reached_by(&self, call: Site, function: Site, first: &ProcessStart) -> Option<ProcessStart> {
        let avoided = |start: &ProcessStart| {
            let way: Vec<Site> = [call].into_iter().chain(start.through.iter().copied()).collect();
            let callers = CallString::of_calls(&way);
            // A loop starts what was asked of the loader where that was made.
            let function = |site: Site| (site.file, self.enclosing_function(site));
            let made = start.made.filter(|made| function(*made) == function(start.call));
            let of_loader = made.map(|made| self.dispatches_at(made)).unwrap_or_default();
            let of_loader = of_loader.into_iter().filter(|loader| {
                loader.entry == start.entry && loader.api(self.project).starts == Starts::Iterate
            });
            let own = self.dispatches_at(start.call).into_iter();
            let own = own.filter(|dispatch| self.is_start(dispatch));
            let mut starts = own.chain(of_loader).peekable();
            !self.solver.is_reached(start.call, &callers)
                || starts.peek().is_some() && !starts.any(|start| self.meets(&start, &callers))
        };
        if !avoided(first) {
            return Some(first.clone());
        }
        self.within(function, || {
            let nodes = execution::body_of(self.file(function.file), function.node).into_iter();
            nodes
                .filter_map(|node| self.start_at(Site { file: function.file, node }))
                .find(|start| !avoided(start))
        })?
    }

    /// What starts in a thread that a method of the standard library's threads and thread pools runs.
    fn start_in_thread(
        &self,
        path: &str,
        name: &str,
        made: Option<Site>,
        call: Site,
    ) -> Option<ProcessStart> {
        let function = match name {
            "start" | "run" if THREADS.contains(&path) => {
                self.argument(made?, if path.ends_with("Timer") { "function" } else { "target" }, 1)
            }
            "submit" | "map" | "imap" | "imap_unordered" | "starmap" | "apply" | "apply_async"
            | "map_async"
                if THREAD_POOLS.contains(&path) =>
            {
                self.positional_arguments(call).into_iter().next()
            }
            _ => None,
        };
        self.start_of_reference(function?)
    }

    /// What starts when the function that an expression holds is called.
    pub(in crate::project) fn start_of_reference(&self, expression: Site) -> Option<ProcessStart> {
        self.values(expression).iter().find_map(|value| match value {
            Value::Function(site)
            | Value::Lambda(site)
            | Value::Method { function: Some(site), .. } => Some((*self.start_of(*site)?).clone()),
            _ => None,
        })
    }

    /// A function under a decorator whose calls run in a process of their own.
    fn start_of_decorated(&self, function: Site, call: Site) -> Option<ProcessStart> {
        let facts = self.file(function.file);
        let tree = facts.tree();
        facts.decorators(function.node).into_iter().find_map(|decorator| {
            let expression = tree.children(decorator).next()?;
            let callee = if tree.kind(expression) == Kind::Call {
                tree.child(expression, Field::Function)?
            } else {
                expression
            };
            self.values(Site { file: function.file, node: callee }).iter().find_map(|value| {
                let Value::External { path, .. } = value else { return None };
                let entry = self.project.catalogue.by_path(path)?;
                let api = self.project.catalogue.get(entry);
                let starts = api.kind == EntryKind::Decorator
                    && api.starts == Starts::Use
                    && api.guard
                    && api.verdict != Verdict::Never;
                starts.then_some(ProcessStart { call, entry, through: Vec::new(), made: None })
            })
        })
    }

    /// `run(main)`, where `run` calls its parameter.
    fn start_by_argument(&self, function: Site, call: Site) -> Option<ProcessStart> {
        let called = self.called_parameters(function);
        if called.is_empty() {
            return None;
        }
        let bound = i32::from(self.is_method(function));
        called.into_iter().find_map(|(name, position)| {
            let argument = self.argument(call, &name, position - bound)?;
            self.start_of_reference(argument)
        })
    }

    /// Name and position of the parameters that a function calls.
    fn called_parameters(&self, function: Site) -> Vec<(String, i32)> {
        let facts = self.file(function.file);
        let tree = facts.tree();
        let Some(parameters) = tree.child(function.node, Field::Parameters) else {
            return Vec::new();
        };
        let list: Vec<NodeId> = tree.children(parameters).collect();
        let mut out = Vec::new();
        for node in execution::body_of(facts, function.node) {
            let Some(callee) =
                tree.child(node, Field::Function).filter(|_| tree.kind(node) == Kind::Call)
            else {
                continue;
            };
            if !self.is_parameter(Site { file: function.file, node: callee }) {
                continue;
            }
            let name = facts.text(callee);
            let position = list.iter().position(|parameter| {
                tree.subtree(*parameter)
                    .any(|inner| tree.kind(inner) == Kind::Identifier && facts.text(inner) == name)
            });
            if let Some(position) = position {
                out.push((name.to_owned(), position as i32));
            }
        }
        out
    }

    pub(in crate::project) fn is_parameter(&self, site: Site) -> bool {
        let facts = self.file(site.file);
        let Some((home, name)) = facts
            .scopes
            .resolve_name(site.node)
            .filter(|_| facts.tree().kind(site.node) == Kind::Identifier)
        else {
            return false;
        };
        facts
            .scopes
            .bindings(home, name)
            .iter()
            .any(|binding| matches!(binding.kind, BindingKind::Parameter { .. }))
    }

    /// A decorator that runs when the definition is made, and may call what it decorates.
    fn start_by_decorator(&self, decorator: Site) -> Option<ProcessStart> {
        let facts = self.file(decorator.file);
        let tree = facts.tree();
        let expression = Site { file: decorator.file, node: tree.children(decorator.node).next()? };
        let definition =
            tree.parent(decorator.node).and_then(|up| tree.child(up, Field::Definition))?;
        let decorated = Site { file: decorator.file, node: definition };
        self.values(expression).iter().find_map(|value| {
            let Value::Function(function) = value else { return None };
            // What wraps a function stands for it: `deco(limit=3)` gives that only where it is given the function.
            if tree.kind(expression.node) == Kind::Call
                && self.has_decorator(*function, &["wraps", "decorator"])
            {
                return None;
            }
            let own = self.start_of(*function).map(|start| start.behind(decorator));
            own.or_else(|| {
                let calls_it =
                    self.called_parameters(*function).iter().any(|(_, position)| *position == 0);
                calls_it
                    .then(|| self.start_of(decorated))
                    .flatten()
                    .map(|start| start.behind(decorator))
            })
        })
    }

    /// A method of the catalogue that is called implicitly.
    fn start_by_method(&self, object: Site, name: &str) -> Option<ProcessStart> {
        if !self.project.may_start(name)
            && !self.project.speaks_of_holders(object.file, object.node)
        {
            return None;
        }
        let catalogue = &self.project.catalogue;
        self.values(object).iter().find_map(|value| {
            let Value::Instance(ty) = value else { return None };
            let (class, start, made) = match ty {
                Type::External { path, start, made } => (catalogue.by_path(path)?, *start, *made),
                Type::Class(class) => {
                    if let Some((_, method)) = self.method(*class, name) {
                        return self.start_of(method).map(|start| start.behind(object));
                    }
                    let (entry, start) = self.entry_of_class(*class)?;
                    (entry, start, None)
                }
            };
            let entry = catalogue.method(class, name)?;
            let api = catalogue.get(entry);
            (api.starts == Starts::Use && api.guard && start != Start::Fork)
                .then_some(ProcessStart { call: object, entry, through: Vec::new(), made })
        })
    }

    /// How messages name the API of a start: `Pool`, `ProcessPoolExecutor.map`, `loop over a DataLoader with workers`.
    pub fn api_label(&self, start: &ProcessStart) -> String {
        let entry = self.project.catalogue.get(start.entry);
        let path = entry.paths.first().map_or("", String::as_str);
        let mut parts = path.rsplit('.');
        let last = parts.next().unwrap_or(path);
        if entry.starts == Starts::Iterate {
            return format!("loop over a {last} with workers");
        }
        let called = called_name(self, start.call);
        match parts.next() {
            Some(class) if entry.kind == EntryKind::Method && last == "__enter__" => {
                format!("entry of a {class}")
            }
            Some(class)
                if entry.kind == EntryKind::Method && class.starts_with(char::is_uppercase) =>
            {
                format!("{class}.{}", if called.is_empty() { last } else { called })
            }
            _ if entry.kind == EntryKind::Method => called.to_owned(),
            _ => entry.name_called(called).to_owned(),
        }
    }
}

/// The last part of what a call calls.
pub fn called_name<'p>(eval: &Eval<'p>, call: Site) -> &'p str {
    let facts = eval.file(call.file);
    let tree = facts.tree();
    let Some(callee) = tree.child(call.node, Field::Function) else { return "" };
    let last = tree.child(callee, Field::Attribute).unwrap_or(callee);
    if tree.kind(last) == Kind::Identifier { facts.text(last) } else { "" }
}
