//! Calls that send something to another process.

use crate::catalogue::{ByWhat, Entry, EntryId, EntryKind, Start, Transport, Verdict};
use crate::findings::StartMethod;
use crate::project::{Eval, FileId, Part, Project, Site, Type, Value};
use crate::syntax::{Field, Kind};
use rustc_hash::FxHashSet;

/// One call of a process API.
#[derive(Debug, Clone)]
pub struct Dispatch {
    /// The call.
    pub call: Site,
    /// The API.
    pub entry: EntryId,
    /// The start method in force, as far as it is fixed.
    pub start: Start,
    /// The expression of the executor, pool or process object, for methods.
    pub receiver: Option<Site>,
    /// The call that made the receiver, where it can be seen.
    pub made: Option<Site>,
    /// How many leading positional arguments are not the API's (`Process.__init__(self, …)`); negative for those that a
    /// `partial` has bound already.
    pub shift: i32,
}

/// A callable parameter of a dispatch that an argument fills.
#[derive(Debug, Clone)]
pub struct Slot {
    /// The parameter's name.
    pub name: String,
    /// The argument.
    pub expression: Site,
    /// Which part of it, where it is unpacked into the call (`submit(*args)`).
    pub part: Option<Part>,
}

impl Dispatch {
    /// The API.
    pub fn api<'p>(&self, project: &'p Project) -> &'p Entry {
        project.catalogue.get(self.entry)
    }

    /// The start methods under which what this call sends is pickled by reference; empty if it never is.
    pub fn pickled_under(&self, project: &Project) -> Vec<StartMethod> {
        let entry = self.api(project);
        if entry.verdict == Verdict::Never
            || !matches!(entry.by, ByWhat::Reference | ByWhat::Depends | ByWhat::Stateless)
        {
            return Vec::new();
        }
        let methods = self.start.methods().iter().copied();
        match entry.transport {
            Transport::ProcessArgs => {
                methods.filter(|method| *method != StartMethod::Fork).collect()
            }
            Transport::Queue | Transport::OwnPipe => methods.collect(),
            Transport::InProcess | Transport::ByName => Vec::new(),
        }
    }

    /// Whether multiprocessing's own primitives may travel with this call.
    pub fn carries_primitives(&self, project: &Project) -> bool {
        self.api(project).transport == Transport::ProcessArgs
    }
}

impl Eval<'_> {
    /// The dispatches of a file, in the order of the text.
    pub fn dispatches(&self, file: FileId) -> Vec<Dispatch> {
        if let Some(known) = self.dispatches_known.borrow().get(&file) {
            return known.to_vec();
        }
        let facts = self.file(file);
        let found: Vec<Dispatch> = facts
            .calls
            .iter()
            .flat_map(|call| self.dispatches_at(Site { file, node: *call }))
            .collect();
        self.dispatches_known.borrow_mut().insert(file, found.clone().into());
        found
    }

    /// The dispatches of a file that pickle anything by reference, with the start methods under which they do.
    pub fn sending(&self, file: FileId) -> Vec<(Dispatch, Vec<StartMethod>)> {
        let rows = self
            .dispatches(file)
            .into_iter()
            .map(|dispatch| (dispatch.pickled_under(self.project), dispatch));
        rows.filter(|(methods, _)| !methods.is_empty())
            .map(|(methods, dispatch)| (dispatch, methods))
            .collect()
    }

    /// The dispatches that one call may be (several if the receiver may be of several types).
    pub fn dispatches_at(&self, call: Site) -> Vec<Dispatch> {
        let facts = self.file(call.file);
        let tree = facts.tree();
        let Some(callee) = tree.child(call.node, Field::Function) else { return Vec::new() };
        match tree.kind(callee) {
            Kind::Identifier => {}
            Kind::Attribute => {
                let name = tree.child(callee, Field::Attribute).map_or("", |name| facts.text(name));
                if name == "run_in_executor" {
                    return self.executor_argument_dispatch(call).into_iter().collect();
                }
                if name != "__init__"
                    && !self.project.catalogue.knows_name(name)
                    && !self.project.defines_class(name)
                {
                    return Vec::new();
                }
            }
            // `elastic_launch(config, entrypoint)(…)`, `ctx_of("spawn").Process(…)` and the like.
            _ => {}
        }
        let site = Site { file: call.file, node: callee };
        if self.project.speaks_of_holders(call.file, callee) {
            return self.dispatches_among(&self.values(site), call);
        }
        if tree.kind(callee) != Kind::Attribute {
            return Vec::new();
        }
        // Methods of known names are few enough to be asked for whatever their object is called, but not worth other files.
        let wanted = self.hold_wanted(FxHashSet::default());
        let found = self.dispatches_among(&self.values_nearby(site), call);
        self.hold_wanted(wanted);
        found
    }

    /// The dispatches that a call of one of these values is.
    fn dispatches_among(&self, values: &[Value], call: Site) -> Vec<Dispatch> {
        let callees = values.iter().filter(|value| !is_fallback(value, values));
        let mut found: Vec<Dispatch> =
            callees.filter_map(|callee| self.dispatch_of(callee, call)).collect();
        found.retain(|dispatch| self.conditions_hold(dispatch));
        self.settle_start(&mut found);
        found.dedup_by_key(|dispatch| (dispatch.entry, dispatch.start));
        found
    }

    pub(in crate::project) fn dispatch_of(&self, callee: &Value, call: Site) -> Option<Dispatch> {
        let catalogue = &self.project.catalogue;
        match callee {
            Value::External { path, start } => {
                let (path, shift) = match path.strip_suffix(".__init__") {
                    Some(class) => (class, 1),
                    None => (&**path, 0),
                };
                // What a decorator is given is looked at where it decorates.
                let entry = catalogue
                    .by_path(path)
                    .filter(|entry| catalogue.get(*entry).kind != EntryKind::Decorator)?;
                let made = if shift == 0 && *start == Start::Platform {
                    self.values(call)
                } else {
                    [].into()
                };
                let start = match made.first() {
                    Some(Value::Instance(Type::External { start, .. })) => *start,
                    _ => *start,
                };
                Some(Dispatch {
                    call,
                    entry,
                    start: self.effective(start, entry),
                    receiver: None,
                    made: None,
                    shift,
                })
            }
            Value::Method { receiver, object, name, function } => {
                self.method_dispatch(receiver, *object, name, *function, call)
            }
            // `Parallel(…)(delayed(f)(x) for x in xs)`: the object is called itself.
            Value::Instance(receiver @ Type::External { .. }) => {
                let object = self.file(call.file).tree().child(call.node, Field::Function)?;
                self.method_dispatch(
                    receiver,
                    Site { file: call.file, node: object },
                    "__call__",
                    None,
                    call,
                )
            }
            Value::Class(class) => {
                // A project class that derives from an API class and inherits its constructor.
                if self.method(*class, "__init__").is_some() {
                    return None;
                }
                let (entry, start) = self.entry_of_class(*class)?;
                Some(Dispatch { call, entry, start, receiver: None, made: None, shift: 0 })
            }
            Value::Partial(partial) => {
                // `run = partial(pool.map, chunksize=2)`: a call of it is a call of the method.
                let bound = self.positional_arguments(*partial);
                let inner = bound.first()?;
                let values = self.values(*inner);
                let found = values
                    .iter()
                    .filter(|value| !matches!(value, Value::Partial(_)))
                    .find_map(|value| self.dispatch_of(value, call))?;
                Some(Dispatch { shift: found.shift + 1 - bound.len() as i32, ..found })
            }
            _ => None,
        }
    }

    pub(in crate::project) fn method_dispatch(
        &self,
        receiver: &Type,
        object: Site,
        name: &str,
        function: Option<Site>,
        call: Site,
    ) -> Option<Dispatch> {
        let catalogue = &self.project.catalogue;
        let (class, start, made) = match receiver {
            Type::External { path, start, made } => (catalogue.by_path(path)?, *start, *made),
            Type::Class(class) => {
                let (entry, start) = self.entry_of_class(*class)?;
                if let Some(function) = function
                    && !self.forwards_to_super(function, name)
                {
                    return None;
                }
                (entry, self.own_context(*class).unwrap_or(start), None)
            }
        };
        let entry = catalogue.method(class, name)?;
        let start = self.effective(start, class);
        let dispatch = Dispatch { call, entry, start, receiver: Some(object), made, shift: 0 };
        // The receiver's own conditions (a pool told to use dill) count for its methods.
        let of_class = made.map(|made| Dispatch {
            call: made,
            entry: class,
            start,
            receiver: None,
            made: None,
            shift: 0,
        });
        of_class.is_none_or(|of_class| self.conditions_hold(&of_class)).then_some(dispatch)
    }

    /// The fork context that the `__init__` of a class hands to the API's, if it may: `super().__init__(ctx=context)`.
    fn own_context(&self, class: Site) -> Option<Start> {
        let (_, init) = self.method(class, "__init__")?;
        let facts = self.file(init.file);
        let tree = facts.tree();
        let calls = facts.own_nodes(init.node).filter(|node| tree.kind(*node) == Kind::Call);
        let contexts = calls.flat_map(|call| {
            ["ctx", "context", "mp_context"]
                .map(|name| self.keyword_argument(Site { file: init.file, node: call }, name))
        });
        let values = contexts.flatten().flat_map(|context| self.values(context).to_vec());
        values.into_iter().find_map(|value| {
            matches!(value, Value::Instance(Type::External { start: Start::Fork, .. }))
                .then_some(Start::Fork)
        })
    }

    /// The catalogue's entry of the API class that a project class derives from.
    pub fn entry_of_class(&self, class: Site) -> Option<(EntryId, Start)> {
        self.external_bases(class).into_iter().find_map(|(path, start)| {
            let entry = self.project.catalogue.by_path(&path)?;
            (self.project.catalogue.get(entry).kind == EntryKind::Class)
                .then(|| (entry, self.effective(start, entry)))
        })
    }

    /// The start method of a class that derives from `Process`, as far as a context fixes it; `None` for other classes.
    pub fn process_class(&self, class: Site) -> Option<Start> {
        let (entry, start) = self.entry_of_class(class)?;
        self.is_process_entry(entry).then_some(start)
    }

    /// Whether a class outside the project is a `Process`.
    pub fn is_process_path(&self, path: &str) -> bool {
        self.project.catalogue.by_path(path).is_some_and(|entry| self.is_process_entry(entry))
    }

    fn is_process_entry(&self, entry: EntryId) -> bool {
        let entry = self.project.catalogue.get(entry);
        entry.transport == Transport::ProcessArgs
            && entry.callables.first().is_some_and(|slot| slot.name == "target")
    }

    /// Whether an override hands its arguments on to `super().name`.
    fn forwards_to_super(&self, function: Site, name: &str) -> bool {
        let facts = self.file(function.file);
        let wanted = format!("super().{name}");
        let tree = facts.tree();
        facts
            .own_nodes(function.node)
            .any(|node| tree.kind(node) == Kind::Attribute && facts.text(node) == wanted)
    }

    pub(in crate::project) fn effective(&self, start: Start, entry: EntryId) -> Start {
        match start {
            Start::Platform => self.project.catalogue.get(entry).start,
            fixed => fixed,
        }
    }

    /// `loop.run_in_executor(executor, func, …)`: a dispatch where the executor may be a process executor.
    fn executor_argument_dispatch(&self, call: Site) -> Option<Dispatch> {
        let entry = self.project.catalogue.by_id("asyncio.run_in_executor")?;
        let parameter = self.project.catalogue.get(entry).executor.clone()?;
        let executor = self.argument(call, &parameter.name, parameter.pos)?;
        let (start, made) =
            self.values(executor).iter().find_map(|value| self.process_executor(value))?;
        Some(Dispatch { call, entry, start, receiver: Some(executor), made, shift: 0 })
    }

    /// The start method of a value that is an executor of processes, and the call that made it.
    pub(in crate::project) fn process_executor(
        &self,
        value: &Value,
    ) -> Option<(Start, Option<Site>)> {
        let Value::Instance(ty) = value else { return None };
        let (entry, start, made) = match ty {
            Type::External { path, start, made } => {
                (self.project.catalogue.by_path(path)?, *start, *made)
            }
            Type::Class(class) => {
                let (entry, start) = self.entry_of_class(*class)?;
                (entry, start, None)
            }
        };
        let submit = self
            .project
            .catalogue
            .method(entry, "submit")
            .or_else(|| self.project.catalogue.method(entry, "schedule"))?;
        let transport = self.project.catalogue.get(submit).transport;
        matches!(transport, Transport::Queue | Transport::OwnPipe)
            .then(|| (self.effective(start, entry), made))
    }

    /// Whether a call has a `*args` or `**kwargs` among its arguments.
    pub fn has_splat(&self, call: Site) -> bool {
        let tree = self.file(call.file).tree();
        tree.child(call.node, Field::Arguments).is_some_and(|list| {
            tree.children(list)
                .any(|node| matches!(tree.kind(node), Kind::ListSplat | Kind::DictionarySplat))
        })
    }

    /// The callable slots of a dispatch that arguments fill.
    pub fn slots(&self, dispatch: &Dispatch) -> Vec<Slot> {
        let entry = dispatch.api(self.project);
        let delayed = self
            .delayed(dispatch)
            .into_iter()
            .filter_map(|call| self.positional_arguments(call).first().copied());
        let delayed =
            delayed.map(|expression| Slot { name: "function".to_owned(), expression, part: None });
        let given = entry.callables.iter().flat_map(|parameter| {
            let position = (parameter.pos >= 0).then_some(parameter.pos + dispatch.shift);
            let given = self.given(dispatch.call, &parameter.name, position).into_iter();
            given.map(|given| Slot {
                name: parameter.name.clone(),
                expression: given.expression,
                part: given.part,
            })
        });
        given.chain(delayed).chain(self.bound_slots(dispatch)).collect()
    }
}

/// Whether a value stands in only where `multiprocess` (which pickles by value) is not installed: `try: from multiprocess
/// import Pool`, `except ImportError: from multiprocessing import Pool`.
fn is_fallback(value: &Value, values: &[Value]) -> bool {
    fn path(value: &Value) -> Option<&str> {
        match value {
            Value::External { path, .. }
            | Value::Instance(Type::External { path, .. })
            | Value::Method { receiver: Type::External { path, .. }, .. } => Some(path),
            _ => None,
        }
    }
    let rest = path(value).and_then(|path| path.strip_prefix("multiprocessing."));
    rest.is_some_and(|rest| {
        values
            .iter()
            .filter_map(path)
            .any(|other| other.strip_prefix("multiprocess.") == Some(rest))
    })
}
