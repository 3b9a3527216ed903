//! Asks the project for every place: the one part of the map that knows how values are followed.

use super::{Chosen, Place, Verdict, Worker};
use crate::catalogue::{Arguments, ByWhat, Entry, EntryId, EntryKind, Start, Starts, Transport};
use crate::facts::standard_library::is_standard;
use crate::findings::{Location, StartMethod};
use crate::project::{
    Callable, Carried, Dispatch, Eval, FileId, Origin, Sent, Site, Slot, Type, Value,
};
use crate::rules::{SentIndex, api_of};
use crate::syntax::{Field, Kind, NodeId};
use std::collections::{BTreeMap, BTreeSet};

/// Texts of expressions are cut at so many characters.
const LONGEST_TEXT: usize = 60;

/// Names of methods that process executors share with much else (data frames, sequences, forms): without a word that
/// speaks of an executor in its name, a receiver that is not known is no look-alike.
const COMMON_NAMES: &[&str] =
    &["map", "apply", "call", "launch", "schedule", "start", "register", "run_sync", "__call__"];

/// The words that names of executors are made of.
const EXECUTOR_WORDS: &[&str] =
    &["pool", "pools", "executor", "executors", "exec", "ppe", "parallel", "workers", "mp"];

/// A place before it is judged, and what ties findings to it.
#[derive(Debug)]
pub struct Surveyed {
    /// The place; `Safe` or `Unknown` so far.
    pub place: Place,
    /// The expressions that hand something over.
    pub handed_over: Vec<Location>,
    /// The functions and classes that are sent.
    pub sent: Vec<Location>,
    /// The functions that run in the other process.
    pub runs: Vec<Location>,
    /// Whether processes start here.
    pub starts: bool,
}

/// Everything that is sent, by the calls that send it.
#[derive(Debug)]
pub struct Sendings<'i> {
    sent: BTreeMap<Site, Vec<&'i Sent>>,
    carried: BTreeMap<Site, Vec<&'i Carried>>,
}

impl<'i> Sendings<'i> {
    /// Sorts what the rules know by its calls.
    pub fn new(index: &'i SentIndex) -> Self {
        let mut sendings = Self { sent: BTreeMap::new(), carried: BTreeMap::new() };
        for sent in index.all().iter().chain(index.runs()) {
            sendings.sent.entry(sent.dispatch.call).or_default().push(sent);
        }
        for carried in index.carried() {
            sendings.carried.entry(carried.dispatch.call).or_default().push(carried);
        }
        sendings
    }

    fn of(&self, call: Site) -> &[&'i Sent] {
        self.sent.get(&call).map_or(&[], Vec::as_slice)
    }

    fn carried_by(&self, call: Site) -> &[&'i Carried] {
        self.carried.get(&call).map_or(&[], Vec::as_slice)
    }

    /// The calls of a file that send something, as dispatches.
    fn dispatches(&self, file: FileId) -> impl Iterator<Item = Dispatch> {
        let inside = move |call: &Site| call.file == file;
        let sent = self.sent.iter().filter(move |(call, _)| inside(call));
        let carried = self.carried.iter().filter(move |(call, _)| inside(call));
        sent.flat_map(|(_, all)| all.iter().map(|sent| sent.dispatch.clone()))
            .chain(carried.flat_map(|(_, all)| all.iter().map(|each| each.dispatch.clone())))
    }
}

/// Every place of a file.
pub fn survey(eval: &Eval, file: FileId, sendings: &Sendings) -> Vec<Surveyed> {
    let mut by_call: BTreeMap<Site, Vec<Dispatch>> = BTreeMap::new();
    for dispatch in eval.dispatches(file).into_iter().chain(sendings.dispatches(file)) {
        if is_place(dispatch.api(eval.project)) {
            by_call.entry(dispatch.call).or_default().push(dispatch);
        }
    }
    let look = Look { eval, sendings };
    let is_inside_another = |call: &Site, dispatches: &[Dispatch]| {
        let only_by_value = dispatches.iter().all(|one| one.pickled_under(eval.project).is_empty());
        let tree = eval.file(file).tree();
        only_by_value
            && by_call.keys().any(|other| other != call && tree.contains(other.node, call.node))
    };
    let known = by_call
        .iter()
        // `delayed(f)` within the call of `Parallel` is a part of it.
        .filter(|(call, dispatches)| !is_inside_another(call, dispatches))
        .map(|(_, dispatches)| look.known(dispatches));
    let known: Vec<Surveyed> = known.collect();
    known.into_iter().chain(look.look_alikes(file, &by_call.keys().copied().collect())).collect()
}

/// Whether calls of an API start processes or send to them: queues and pipes are only made.
fn is_place(entry: &Entry) -> bool {
    let sends = !entry.callables.is_empty() || entry.arguments != Arguments::default();
    entry.transport != Transport::InProcess && (sends || entry.starts != Starts::Never)
}

struct Look<'a, 'p, 'i> {
    eval: &'a Eval<'p>,
    sendings: &'a Sendings<'i>,
}

impl Look<'_, '_, '_> {
    /// The place of a call whose API is known. There are several dispatches where the receiver may be of several types.
    fn known(&self, dispatches: &[Dispatch]) -> Surveyed {
        let first = &dispatches[0];
        let project = self.eval.project;
        let entry = first.api(project);
        let mut methods: Vec<StartMethod> =
            dispatches.iter().flat_map(|dispatch| dispatch.pickled_under(project)).collect();
        methods.sort();
        methods.dedup();
        let slots: Vec<Slot> =
            dispatches.iter().flat_map(|dispatch| self.eval.slots(dispatch)).collect();
        // What the rules left out of what is pickled is not meant for this call.
        let origins = if methods.is_empty() {
            self.followed(&slots)
        } else {
            self.known_to_rules(first.call)
        };
        let mut workers: Vec<Worker> =
            origins.iter().map(|(slot, origin)| self.worker(slot, origin)).collect();
        workers.dedup();
        let mut arguments: Vec<String> = dispatches
            .iter()
            .flat_map(|dispatch| self.eval.arguments(dispatch))
            .map(|argument| self.text(argument.expression))
            .collect();
        let mut seen = BTreeSet::new();
        arguments.retain(|text| seen.insert(text.clone()));
        let unseen = self.unseen(&slots, &origins).filter(|_| !methods.is_empty());
        let (verdict, reason) = match unseen {
            None => (Verdict::Safe, safe(entry, first.start, &methods, &workers)),
            Some((slot, why)) => {
                workers.extend(slot.map(|slot| self.unfollowed(slot)));
                (Verdict::Unknown, format!("what is sent is not known: {why}"))
            }
        };
        let place = Place {
            location: self.location(first.call),
            context: self.eval.file(first.call.file).context(first.call.node),
            api: api_of(self.eval, first),
            path: Some(path_called(entry, &self.called(first.call))),
            start: chosen(first.start),
            pickled_under: methods,
            executor: first.made.map(|made| self.location(made)),
            workers,
            arguments,
            verdict,
            reason,
            findings: Vec::new(),
        };
        let origins: Vec<Origin> = origins.into_iter().map(|(_, origin)| origin).collect();
        self.tied(place, first.call, &slots, &origins, entry.starts != Starts::Never)
    }

    /// The place with all that ties findings to it.
    fn tied(
        &self,
        place: Place,
        call: Site,
        slots: &[Slot],
        origins: &[Origin],
        starts: bool,
    ) -> Surveyed {
        let mut handed_over: BTreeSet<Site> = slots.iter().map(|slot| slot.expression).collect();
        let mut sent = BTreeSet::new();
        for origin in origins {
            handed_over.extend([origin.leaf, origin.handover]);
            sent.extend(definition(&origin.callable));
        }
        for carried in self.sendings.carried_by(call) {
            let content = &carried.content;
            handed_over.extend([content.leaf, content.handover, content.place]);
            sent.extend(content.callable());
        }
        let workers: BTreeSet<Site> =
            origins.iter().filter_map(|origin| self.eval.worker(origin)).collect();
        let runs: BTreeSet<Site> =
            workers.into_iter().flat_map(|worker| self.eval.reached(worker)).collect();
        let places = |sites: BTreeSet<Site>| -> Vec<Location> {
            sites.into_iter().map(|site| self.location(site)).collect()
        };
        Surveyed {
            place,
            handed_over: places(handed_over),
            sent: places(sent),
            runs: places(runs),
            starts,
        }
    }

    /// The callables that a call sends, as the rules know them.
    fn known_to_rules(&self, call: Site) -> Vec<(String, Origin)> {
        let known = self.sendings.of(call).iter();
        known.map(|sent| (sent.slot.name.clone(), sent.origin.clone())).collect()
    }

    /// The callables that fill slots, as far as they can be followed from here.
    fn followed(&self, slots: &[Slot]) -> Vec<(String, Origin)> {
        let follow = |slot: &Slot| {
            let origins = self.eval.slot_origins(slot);
            origins.into_iter().map(|origin| (slot.name.clone(), origin)).collect::<Vec<_>>()
        };
        slots.iter().flat_map(follow).collect()
    }

    fn worker(&self, slot: &str, origin: &Origin) -> Worker {
        let definition = definition(&origin.callable);
        let named = definition.map(|site| self.name(site));
        let name = match (&origin.callable, named) {
            (Callable::Instance(_), Some(class)) => format!("{class} object"),
            (Callable::Method { name, function: None, .. }, Some(class)) => {
                format!("{class}.{name}")
            }
            (_, Some(name)) => name,
            (Callable::Value(Value::External { path, .. }), None) => {
                path.trim_start_matches("builtins.").to_owned()
            }
            (_, None) => self.text(origin.leaf),
        };
        let handover = origin.handover;
        Worker {
            slot: slot.to_owned(),
            name,
            definition: definition.map(|site| self.location(site)),
            handover: self.location(handover),
            sender: self.eval.file(handover.file).context(handover.node),
        }
    }

    /// Why it is not known what fills a slot, and the slot if nothing is known of it; `None` if all is known.
    fn unseen<'s>(
        &self,
        slots: &'s [Slot],
        origins: &[(String, Origin)],
    ) -> Option<(Option<&'s Slot>, String)> {
        let unknown = |value: &Value| {
            matches!(value, Value::Unknown | Value::Parameter(_) | Value::Result(_))
        };
        for (_, origin) in origins {
            if let Callable::Value(value) = &origin.callable
                && unknown(value)
            {
                return Some((None, self.doubt(origin.leaf, value)));
            }
        }
        let empty = |slot: &&Slot| !origins.iter().any(|(name, _)| *name == slot.name);
        slots.iter().filter(empty).find_map(|slot| {
            let values = self.eval.values(slot.expression);
            let nothing = values.is_empty().then_some(&Value::Unknown);
            let doubtful = values.iter().find(|value| unknown(value)).or(nothing)?;
            Some((Some(slot), self.doubt(slot.expression, doubtful)))
        })
    }

    /// Why an expression with that value is not known.
    fn doubt(&self, expression: Site, value: &Value) -> String {
        let text = self.text(expression);
        match value {
            Value::Parameter(_) => format!("no call in these files says what '{text}' is"),
            Value::Result(call) if *call != expression => {
                format!("'{text}' is what '{}' gives", self.text(*call))
            }
            Value::External { path, .. } | Value::Instance(Type::External { path, .. }) => {
                format!(
                    "'{text}' comes from '{path}', which is no process API that spawnsafe knows"
                )
            }
            _ => format!("'{text}' cannot be followed"),
        }
    }

    /// The calls of a file that look like dispatches, but whose receiver is not known.
    fn look_alikes(&self, file: FileId, known: &BTreeSet<Site>) -> Vec<Surveyed> {
        let facts = self.eval.file(file);
        let calls = facts.calls.iter().map(|node| Site { file, node: *node });
        calls
            .filter(|call| !known.contains(call))
            .filter_map(|call| self.look_alike(call))
            .collect()
    }

    fn look_alike(&self, call: Site) -> Option<Surveyed> {
        let name = self.called(call);
        let entry = self.entry_like(&name, call)?;
        let slot = self.filled(entry, call)?;
        let receiver = self.receiver(entry, call)?;
        if entry.kind == EntryKind::Method && !self.speaks_of_executor(&name, receiver) {
            return None;
        }
        let doubtful = |value: &&Value| match value {
            Value::Unknown | Value::Parameter(_) | Value::Result(_) => true,
            Value::External { path, .. } | Value::Instance(Type::External { path, .. }) => {
                !is_standard(path) && self.eval.project.catalogue.by_path(path).is_none()
            }
            _ => false,
        };
        let values = self.eval.values(receiver);
        if let Some(entry) = values.iter().find_map(|value| self.by_value(value, &name)) {
            let start = self.eval.project.catalogue.get(entry).start;
            let receiver = Some(receiver);
            return Some(self.known(&[Dispatch {
                call,
                entry,
                start,
                receiver,
                made: None,
                shift: 0,
            }]));
        }
        let why = match values.iter().find(doubtful) {
            Some(value) => self.doubt(receiver, value),
            None if values.is_empty() => self.doubt(receiver, &Value::Unknown),
            None => return None,
        };
        let origins = self.followed(std::slice::from_ref(&slot));
        let workers = if origins.is_empty() {
            vec![self.unfollowed(&slot)]
        } else {
            origins.iter().map(|(slot, origin)| self.worker(slot, origin)).collect()
        };
        let place = Place {
            location: self.location(call),
            context: self.eval.file(call.file).context(call.node),
            api: name,
            path: None,
            start: Chosen::Unknown,
            pickled_under: Vec::new(),
            executor: None,
            workers,
            arguments: Vec::new(),
            verdict: Verdict::Unknown,
            reason: format!("the receiver is not known: {why}"),
            findings: Vec::new(),
        };
        let origins: Vec<Origin> = origins.into_iter().map(|(_, origin)| origin).collect();
        Some(self.tied(place, call, &[slot], &origins, false))
    }

    /// The API of a method that the catalogue names by its path alone: those of libraries that pickle by value.
    fn by_value(&self, receiver: &Value, method: &str) -> Option<EntryId> {
        let Value::Instance(Type::External { path, .. }) = receiver else { return None };
        let catalogue = &self.eval.project.catalogue;
        let entry = catalogue.by_path(&format!("{path}.{method}")).or_else(|| {
            catalogue.by_path(path).filter(|class| catalogue.get(*class).by == ByWhat::Value)
        })?;
        is_place(catalogue.get(entry)).then_some(entry)
    }

    fn unfollowed(&self, slot: &Slot) -> Worker {
        let site = slot.expression;
        Worker {
            slot: slot.name.clone(),
            name: self.text(site),
            definition: None,
            handover: self.location(site),
            sender: self.eval.file(site.file).context(site.node),
        }
    }

    /// The API of processes that a call reads like, by its name alone.
    fn entry_like(&self, name: &str, call: Site) -> Option<&Entry> {
        let tree = self.eval.file(call.file).tree();
        let is_attribute = tree
            .child(call.node, Field::Function)
            .is_some_and(|callee| tree.kind(callee) == Kind::Attribute);
        let catalogue = &self.eval.project.catalogue;
        let named =
            |entry: &Entry| entry.paths.iter().any(|path| path.rsplit('.').next() == Some(name));
        let sends = |(id, _): &(EntryId, &Entry)| {
            let entry = catalogue.get(*id);
            let fits = match entry.kind {
                EntryKind::Method => is_attribute,
                EntryKind::Class => name.contains("Process") || name.contains("Pool"),
                _ => false,
            };
            fits && matches!(entry.transport, Transport::Queue | Transport::ProcessArgs)
                && entry.by == ByWhat::Reference
                && !entry.callables.is_empty()
                && named(entry)
        };
        catalogue.entries().find(sends).map(|(_, entry)| entry)
    }

    /// The first callable slot that an argument fills which may be a callable.
    fn filled(&self, entry: &Entry, call: Site) -> Option<Slot> {
        let parameter = entry.callables.first()?;
        // A position says nothing where a class is not known to be the API's.
        let position =
            (parameter.pos >= 0 && entry.kind == EntryKind::Method).then_some(parameter.pos);
        let given = self.eval.given(call, &parameter.name, position).into_iter().next()?;
        let facts = self.eval.file(given.expression.file);
        let may_be_called = matches!(
            facts.tree().kind(given.expression.node),
            Kind::Identifier | Kind::Attribute | Kind::Lambda | Kind::Call
        );
        may_be_called.then(|| Slot {
            name: parameter.name.clone(),
            expression: given.expression,
            part: given.part,
        })
    }

    /// The expression that decides whether a call is a dispatch: the executor, or what a class is looked up on.
    fn receiver(&self, entry: &Entry, call: Site) -> Option<Site> {
        let tree = self.eval.file(call.file).tree();
        if let Some(parameter) = &entry.executor {
            let executor = self.eval.argument(call, &parameter.name, parameter.pos)?;
            let is_none = tree.kind(executor.node) == Kind::None;
            return (!is_none).then_some(executor);
        }
        let callee = tree.child(call.node, Field::Function)?;
        let object = tree.child(callee, Field::Object).filter(|_| entry.kind == EntryKind::Method);
        Some(Site { file: call.file, node: object.unwrap_or(callee) })
    }

    /// Whether a method's name, or that of its receiver, speaks of an executor.
    fn speaks_of_executor(&self, method: &str, receiver: Site) -> bool {
        if !COMMON_NAMES.contains(&method) {
            return true;
        }
        let facts = self.eval.file(receiver.file);
        let name = facts
            .tree()
            .subtree(receiver.node)
            .rfind(|node| facts.tree().kind(*node) == Kind::Identifier)
            .map_or("", |node| facts.text(node));
        words(name).iter().any(|word| EXECUTOR_WORDS.contains(&word.as_str()))
    }

    fn called(&self, call: Site) -> String {
        let facts = self.eval.file(call.file);
        let tree = facts.tree();
        let name = |callee: NodeId| tree.child(callee, Field::Attribute).unwrap_or(callee);
        tree.child(call.node, Field::Function)
            .map(name)
            .filter(|name| tree.kind(*name) == Kind::Identifier)
            .map_or(String::new(), |name| facts.text(name).to_owned())
    }

    /// The qualified name of a definition.
    fn name(&self, definition: Site) -> String {
        let facts = self.eval.file(definition.file);
        let tree = facts.tree();
        let own = match tree.kind(definition.node) {
            Kind::Lambda => "lambda",
            _ => facts.definition_name(definition.node),
        };
        let around =
            tree.enclosing(definition.node, &[Kind::FunctionDefinition, Kind::ClassDefinition]);
        match around.map(|around| tree.kind(around)) {
            None => own.to_owned(),
            Some(Kind::ClassDefinition) => format!("{}.{own}", facts.context(definition.node)),
            Some(_) => format!("{}.<locals>.{own}", facts.context(definition.node)),
        }
    }

    fn location(&self, site: Site) -> Location {
        let facts = self.eval.file(site.file);
        Location::new(&facts.source, facts.tree().span(site.node))
    }

    /// The text of an expression on one line, shortened.
    fn text(&self, site: Site) -> String {
        let text = self.eval.file(site.file).text(site.node);
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if line.chars().count() <= LONGEST_TEXT {
            return line;
        }
        format!("{}…", line.chars().take(LONGEST_TEXT - 1).collect::<String>())
    }
}

/// The function, lambda or class that travels.
fn definition(callable: &Callable) -> Option<Site> {
    match callable {
        Callable::Lambda(site)
        | Callable::Function(site)
        | Callable::Class(site)
        | Callable::Instance(site)
        | Callable::Method { function: Some(site), .. }
        | Callable::Method { receiver: Type::Class(site), function: None, .. } => Some(*site),
        Callable::Method { .. } | Callable::Value(_) => None,
    }
}

fn chosen(start: Start) -> Chosen {
    match start {
        Start::Platform => Chosen::Platform,
        Start::Fork => Chosen::Fork,
        Start::Forkserver => Chosen::Forkserver,
        Start::Spawn => Chosen::Spawn,
        Start::Other => Chosen::Library,
    }
}

/// The path of an entry that ends in the name that was called: one entry may stand for several functions.
fn path_called(entry: &Entry, called: &str) -> String {
    let named = |path: &&String| path.rsplit('.').next() == Some(called);
    entry.paths.iter().find(named).or(entry.paths.first()).cloned().unwrap_or_default()
}

/// Why a place without a finding is safe.
fn safe(entry: &Entry, start: Start, methods: &[StartMethod], workers: &[Worker]) -> String {
    match (entry.by, entry.transport) {
        (_, Transport::ByName) | (ByWhat::Name, _) => "only a dotted name travels".into(),
        (ByWhat::Value, _) => "its library pickles functions by value".into(),
        (_, Transport::ProcessArgs) if start == Start::Fork => {
            "the child is forked, so nothing is pickled".into()
        }
        _ if methods.is_empty() => "nothing of it is pickled by reference".into(),
        _ => match workers {
            [] if entry.starts != Starts::Never => {
                "starts processes; no function is handed over".into()
            }
            [] if entry.callables.is_empty() => "what is sent was not found to be faulty".into(),
            [] => "no function is handed over".into(),
            [one] => format!("children find '{}' by its name", one.name),
            _ => "children find what is sent by its name".into(),
        },
    }
}

/// The words of a name in any style: `self_pool`, `myPool`, `ProcessPool`.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before_upper = false;
    for c in name.chars() {
        let upper = c.is_uppercase();
        if !c.is_alphanumeric() || (upper && !before_upper) {
            words.push(String::new());
        }
        before_upper = upper;
        if let Some(last) = words.last_mut().filter(|_| c.is_alphanumeric()) {
            last.extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn names_fall_into_words() {
        assert_eq!(words("self_pool"), ["self", "pool"]);
        assert_eq!(words("myProcessPool"), ["my", "process", "pool"]);
        assert_eq!(words("MP"), ["mp"]);
        assert!(words("_").is_empty());
    }
}
