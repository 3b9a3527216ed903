//! What reaches which process call: dispatches joined with the callables that reach their slots.

use crate::catalogue::ByWhat;
use crate::facts::scopes::{Binding, BindingKind};
use crate::findings::StartMethod;
use crate::project::dataflow::{CallString, Found, Source};
use crate::project::travel::origins::merged;
use crate::project::travel::state::Moment;
use crate::project::values::decorated::Alias;
use crate::project::values::proxies::is_view;
use crate::project::{
    Argument, Callable, Content, Dispatch, Eval, FileId, Origin, Site, Slot, Type, Value, What,
};
use crate::syntax::{Field, Kind};
use std::collections::BTreeSet;

/// The callers of a dispatch's function are told apart up to that many.
const MANY_CALLERS: usize = 12;

/// One callable that one dispatch sends.
#[derive(Debug, Clone)]
pub struct Sent {
    /// The call.
    pub dispatch: Dispatch,
    /// The parameter.
    pub slot: Slot,
    /// The callable, and the way it takes.
    pub origin: Origin,
    /// The module-level name that a decorator's result was bound to, if the callable is that.
    pub alias: Option<Alias>,
    /// The start methods under which it is pickled by reference.
    pub methods: Vec<StartMethod>,
}

impl Sent {
    /// Where the callable is handed over, where it is sent, and where the executor is made, as far as that is seen.
    pub fn places(&self) -> [Site; 3] {
        let call = self.dispatch.call;
        [self.origin.handover, call, self.dispatch.made.unwrap_or(call)]
    }
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

impl Eval<'_> {
    /// Everything that the dispatches of a file send.
    pub fn sent(&self, file: FileId) -> Vec<Sent> {
        let mut out = Vec::new();
        for (dispatch, methods) in self.sending(file) {
            let contexts = self.entries(&dispatch);
            for slot in self.slots(&dispatch) {
                let travels = |origin: &Origin| {
                    dispatch.api(self.project).by == ByWhat::Stateless
                        && self.is_stateless(&origin.callable)
                };
                let meant = |origin: &Origin| {
                    self.is_meant(&dispatch, origin.handover, &origin.callers) && !travels(origin)
                };
                // One callable that several callers lead here is one.
                let ways =
                    contexts.iter().flat_map(|callers| self.slot_origins_for(&slot, callers));
                let origins = ways
                    .filter(meant)
                    .map(|origin| Origin { callers: CallString::UNKNOWN, ..origin });
                for origin in merged(origins) {
                    self.look_ahead(&origin);
                    let alias = self.decorated_alias(&origin);
                    out.push(Sent {
                        dispatch: dispatch.clone(),
                        slot: slot.clone(),
                        origin,
                        alias,
                        methods: methods.clone(),
                    });
                }
            }
        }
        for (dispatch, slot, origin) in self.decorations(file) {
            let methods = dispatch.pickled_under(self.project);
            if !methods.is_empty() {
                self.look_ahead(&origin);
                out.push(Sent { dispatch, slot, origin, alias: None, methods });
            }
        }
        out
    }

    /// The callers for which a call is a dispatch, where it is none for others; else one entry that stands for all.
    pub(in crate::project) fn entries(&self, dispatch: &Dispatch) -> Vec<CallString> {
        let all = vec![CallString::UNKNOWN];
        let facts = self.file(dispatch.call.file);
        let Some(function) = facts.enclosing_function(dispatch.call.node) else { return all };
        let is_clear = self.executor_of(dispatch).is_none_or(|asked| {
            self.found(asked).iter().all(|each| self.is_executor_of(dispatch, &each.source))
        });
        if is_clear && !self.solver.is_guarded(dispatch.call) && !self.is_conditional(dispatch) {
            return all;
        }
        let callers = self.callers(Site { file: dispatch.call.file, node: function });
        if callers.len() > MANY_CALLERS {
            return all;
        }
        let entries = callers.iter().map(|call| CallString::of_calls(&[*call]));
        let (meeting, others): (Vec<_>, Vec<_>) =
            entries.partition(|entry| self.meets(dispatch, entry));
        if meeting.is_empty() || others.is_empty() { all } else { meeting }
    }

    /// Whether something may be the executor of a dispatch, or what makes it one when it is called.
    fn is_executor_of(&self, dispatch: &Dispatch, source: &Source) -> bool {
        // No executor is one of threads.
        if self.solver.is_none(source) {
            return false;
        }
        let value = self.as_value(source);
        let is_unclear = matches!(
            value,
            Value::Unknown | Value::Result(_) | Value::Parameter(_) | Value::Literal(_)
        );
        is_unclear
            || match self.process_executor(&value) {
                Some(_) if dispatch.receiver == self.executor_of(dispatch) => true,
                _ => self
                    .dispatch_of(&value, dispatch.call)
                    .is_some_and(|other| other.entry == dispatch.entry),
            }
    }

    /// Whether a call is a dispatch of that API when its function is called like that: flags and arguments of the callers may
    /// choose another executor, or leave the call out.
    pub(in crate::project) fn meets(&self, dispatch: &Dispatch, callers: &CallString) -> bool {
        if !self.solver.is_reached(dispatch.call, callers)
            || !callers.is_unknown() && !self.conditions_hold_for(dispatch, callers)
        {
            return false;
        }
        let Some(asked) = self.executor_of(dispatch).filter(|_| !callers.is_unknown()) else {
            return true;
        };
        let meets = |callers: &CallString| {
            let found = self.solver.sources(asked, callers).found;
            found.is_empty() || found.iter().any(|each| self.is_executor_of(dispatch, &each.source))
        };
        // What is no dispatch by its callee (proxies of managers) is judged by whoever found it.
        meets(callers) || !meets(&CallString::UNKNOWN)
    }

    /// The expression that tells which executor a dispatch goes to: what is called, or the argument that is the executor.
    fn executor_of(&self, dispatch: &Dispatch) -> Option<Site> {
        if dispatch.api(self.project).executor.is_some() {
            return dispatch.receiver;
        }
        let tree = self.file(dispatch.call.file).tree();
        let callee = tree.child(dispatch.call.node, Field::Function)?;
        Some(Site { file: dispatch.call.file, node: callee })
    }

    /// Whether what is made at `leaf` and every executor that the dispatch goes to are chosen in different branches of one `if`:
    /// `queue, pool = choose(threads)`.
    fn comes_with_another_executor(&self, leaf: Site, dispatch: &Dispatch) -> bool {
        let Some(asked) = self.executor_of(dispatch).filter(|asked| *asked != leaf) else {
            return false;
        };
        let sources = self.solver.sources(asked, &CallString::UNKNOWN).found;
        let is_asked = |each: &&Found| self.is_executor_of(dispatch, &each.source);
        let mut named = sources.iter().filter(is_asked).map(|each| each.way.named).peekable();
        named.peek().is_some()
            && named.all(|site| site.is_some_and(|site| self.is_in_other_branch(leaf, site)))
    }

    /// Whether what is handed over at `handover` is meant to reach the dispatch when its function is
    /// called by `callers`.
    pub(in crate::project) fn is_meant(
        &self,
        dispatch: &Dispatch,
        handover: Site,
        callers: &CallString,
    ) -> bool {
        let call = dispatch.call;
        !self.is_staged(call, call)
            && !self.is_staged(handover, call)
            && self.meets(dispatch, callers)
    }

    /// Asks for what rules will ask about a callable, so that the files that hold it are read in round one.
    fn look_ahead(&self, origin: &Origin) {
        let _class = match &origin.callable {
            Callable::Method { receiver: Type::Class(class), .. } | Callable::Instance(class) => {
                Some(*class)
            }
            _ => None,
        };
        for object in &origin.objects {
            self.state_obstacles(object, true, 3, &Moment::default());
        }
        let definition = match &origin.callable {
            Callable::Function(site) | Callable::Class(site) => Some(*site),
            Callable::Method { function, .. } => *function,
            _ => None,
        };
        if let Some(worker) = self.worker(origin) {
            for (_, class) in self.raised_by(worker) {
                self.exception_gap(class);
            }
            for function in self.reached(worker) {
                for returned in self.returns(function) {
                    self.obstacle(returned, false);
                }
                self.modules_read(function);
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

    /// Asks for the modules whose attributes a function reads, or whose objects it has imported.
    fn modules_read(&self, function: Site) {
        let facts = self.file(function.file);
        let tree = facts.tree();
        for node in tree.subtree(function.node).filter(|node| tree.kind(*node) == Kind::Attribute) {
            let object = tree
                .child(node, Field::Object)
                .filter(|object| tree.kind(*object) == Kind::Identifier);
            object.into_iter().for_each(|object| {
                drop(self.values_nearby(Site { file: function.file, node: object }));
            });
        }
        // Objects that were imported by name may be changed by the module that makes them.
        let module = facts.scopes.module();
        for node in tree.subtree(function.node).filter(|node| tree.kind(*node) == Kind::Identifier)
        {
            let imported = |binding: &Binding| {
                matches!(binding.kind, BindingKind::Import { attribute: Some(_), .. })
            };
            let name = facts
                .scopes
                .resolve_name(node)
                .filter(|(home, _)| *home == module)
                .map(|row| row.1);
            if name.is_some_and(|name| facts.scopes.bindings(module, name).iter().any(imported)) {
                self.values(Site { file: function.file, node });
            }
        }
    }

    /// Everything that cannot cross among the arguments of a file's dispatches.
    pub fn carried(&self, file: FileId) -> Vec<Carried> {
        let mut out = Vec::new();
        for (dispatch, methods) in self.sending(file) {
            let mut origins = self
                .slots(&dispatch)
                .first()
                .map(|slot| self.slot_origins(slot))
                .unwrap_or_default()
                .into_iter();
            let moment = Moment {
                worker: origins.next().and_then(|origin| self.worker(&origin)),
                call: Some(dispatch.call),
            };
            let inheritance = dispatch.carries_primitives(self.project);
            let contexts = self.entries(&dispatch);
            for argument in self.arguments(&dispatch) {
                let contents = contexts.iter().flat_map(|callers| {
                    self.contents_at(argument, inheritance, moment.clone(), callers)
                });
                for content in contents {
                    // How many workers a loader has is often decided elsewhere: none is common, and then datasets stay.
                    let is_dataset = dispatch.api(self.project).id == "torch.DataLoader";
                    if is_dataset
                        && (content.callable().is_none() || !content.through.is_empty())
                        && !self.surely_has_workers(&dispatch)
                    {
                        continue;
                    }
                    out.push(Carried {
                        dispatch: dispatch.clone(),
                        content,
                        methods: methods.clone(),
                    });
                }
            }
        }
        out.extend(self.bound_by_partials(file));
        out.extend(self.kept_by_processes(file));
        out.extend(self.carried_as_captures(file));
        out.extend(self.handed_to_managers(file));
        let made = |content: &Content| {
            if let What::Object(obstacle) = &content.what { obstacle.site } else { None }
        };
        out.retain(|each: &Carried| {
            let leaf = made(&each.content).unwrap_or(each.content.leaf);
            let crosses = is_view(&each.content) && self.sends_views(each.dispatch.call);
            !crosses
                && self.is_meant(&each.dispatch, each.content.handover, &each.content.callers)
                && !self.is_in_other_branch(leaf, each.dispatch.call)
                && !self.comes_with_another_executor(leaf, &each.dispatch)
        });
        // One thing that several callers lead here is one.
        let mut seen = BTreeSet::new();
        out.retain_mut(|each| {
            each.content.callers = CallString::UNKNOWN;
            seen.insert((each.dispatch.call, each.dispatch.entry, each.content.clone()))
        });
        // Rules will ask what a callable that is carried reads.
        self.modules_read_by(out.iter().filter_map(|each| each.content.callable()).collect());
        out
    }

    /// Asks for the modules that functions or classes read, with the functions that they call.
    pub(in crate::project) fn modules_read_by(&self, definitions: BTreeSet<Site>) {
        let functions: BTreeSet<Site> =
            definitions.into_iter().flat_map(|definition| self.reached(definition)).collect();
        functions.into_iter().for_each(|function| self.modules_read(function));
    }

    /// What cannot cross among the arguments that a `partial` binds for a callable which a dispatch of the file sends.
    fn bound_by_partials(&self, file: FileId) -> Vec<Carried> {
        let mut out = Vec::new();
        for dispatch in self.dispatches(file) {
            let methods = dispatch.pickled_under(self.project);
            for slot in self
                .slots(&dispatch)
                .into_iter()
                .filter(|slot| slot.part.is_none() && !methods.is_empty())
            {
                for value in self.values(slot.expression).iter() {
                    let Value::Partial(call) = value else { continue };
                    let bound = self.all_arguments(*call).into_iter().skip(1);
                    let contents = bound.flat_map(|argument| {
                        self.contents(
                            Argument::object(argument),
                            dispatch.carries_primitives(self.project),
                        )
                    });
                    out.extend(contents.map(|content| Carried {
                        dispatch: dispatch.clone(),
                        content,
                        methods: methods.clone(),
                    }));
                }
            }
        }
        out
    }

    /// The `run` methods of the project's `Process` subclasses, by the constructor calls of a file.
    pub fn runs(&self, file: FileId) -> Vec<Sent> {
        let facts = self.file(file);
        let mut out = Vec::new();
        for call in facts.calls.iter().map(|node| Site { file, node: *node }) {
            let callee = facts.tree().child(call.node, Field::Function);
            let name = callee
                .map(|callee| facts.tree().child(callee, Field::Attribute).unwrap_or(callee))
                .map_or("", |name| facts.text(name));
            if !self.project.names_of(name).iter().any(|name| self.project.defines_class(name)) {
                continue;
            }
            for found in self.found(call).iter() {
                let Source::Instance { class, .. } = &found.source else { continue };
                let object = found.source.clone();
                let (Some(_), Some((_, run))) =
                    (self.process_class(*class), self.method(*class, "run"))
                else {
                    continue;
                };
                let Some((entry, start)) = self.entry_of_class(*class) else { continue };
                let dispatch =
                    Dispatch { call, entry, start, receiver: None, made: None, shift: 0 };
                let methods = dispatch.pickled_under(self.project);
                let receiver = Type::Class(*class);
                let callable = Callable::Method {
                    receiver,
                    object: call,
                    name: "run".to_owned(),
                    function: Some(run),
                };
                let origin = Origin {
                    callable,
                    leaf: call,
                    handover: call,
                    through: Vec::new(),
                    made_by: None,
                    kept: true,
                    objects: vec![object],
                    callers: CallString::UNKNOWN,
                };
                let slot = Slot { name: "run".to_owned(), expression: call, part: None };
                if !methods.is_empty() {
                    out.push(Sent { dispatch, slot, origin, alias: None, methods });
                }
            }
        }
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
            let (class, object) = match self.base_init(call) {
                Some((home, _)) => (
                    home,
                    self.class_around(Site { file, node: call.node }).map(Source::any_instance),
                ),
                None => {
                    let made = self.found(call).iter().find_map(|found| match &found.source {
                        Source::Instance { class, .. } => Some((*class, found.source.clone())),
                        _ => None,
                    });
                    let Some((class, object)) =
                        made.filter(|(class, _)| self.method(*class, "__init__").is_some())
                    else {
                        continue;
                    };
                    (class, Some(object))
                }
            };
            if self.process_class(class).is_none() || self.controls_its_pickling(class) {
                continue;
            }
            let kept = object.map(|object| self.arguments_kept(&object, call)).unwrap_or_default();
            if kept.is_empty() {
                continue;
            }
            let Some((entry, start)) = self.entry_of_class(class) else { continue };
            let dispatch = Dispatch { call, entry, start, receiver: None, made: None, shift: 0 };
            let methods = dispatch.pickled_under(self.project);
            for argument in kept.into_iter().filter(|_| !methods.is_empty()) {
                let contents = self.contents(Argument::object(argument), true);
                let callables = contents.into_iter().filter(|content| content.callable().is_some());
                out.extend(callables.map(|content| Carried {
                    dispatch: dispatch.clone(),
                    content,
                    methods: methods.clone(),
                }));
            }
        }
        out
    }
}
