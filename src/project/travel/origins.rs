//! From a slot back to the callables that may reach it, and where each is written.

use crate::catalogue::Start;
use crate::facts::dataflow;
use crate::project::dataflow::{Allocation, CallString, Found, Source};
use crate::project::{Eval, Part, Site, Slot, Type, Value};
use crate::syntax::{Field, Kind};
use std::collections::{BTreeMap, BTreeSet};

/// What makes plain containers.
const COPYING: &[&str] = &[
    "builtins.list",
    "builtins.tuple",
    "builtins.set",
    "builtins.frozenset",
    "builtins.sorted",
    "builtins.reversed",
    "builtins.iter",
];

/// Partials of partials are followed that far.
const MAX_PARTIALS: usize = 6;

/// What was found at the end of a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Callable {
    /// A `lambda`.
    Lambda(Site),
    /// A `def`.
    Function(Site),
    /// A class.
    Class(Site),
    /// A method of an object.
    Method {
        /// The object's type.
        receiver: Type,
        /// The object's expression.
        object: Site,
        /// The method's name.
        name: String,
        /// Its `def`, where it can be seen.
        function: Option<Site>,
    },
    /// An object of a project class, called itself.
    Instance(Site),
    /// Something else of interest to the rules about data.
    Value(Value),
}

/// One callable that may reach a slot.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    /// What it is.
    pub callable: Callable,
    /// The expression that takes it: the lambda itself, or the name of the function.
    pub leaf: Site,
    /// The argument expression by which the callable is handed over, in the function that wrote it.
    pub handover: Site,
    /// Calls on the way from the hand-over to the dispatch (outermost first) when it goes through forwarders.
    pub through: Vec<Site>,
    /// The call of the factory or decorator that returned the callable, if one did.
    pub made_by: Option<Site>,
    /// Whether an attribute or a container keeps it on the way.
    pub kept: bool,
    /// The objects that travel with it, as far as it is known where they were made: that of a method, or that is called.
    pub objects: Vec<Source>,
    /// The callers of the dispatch's function for which this holds, as far as any were chosen.
    pub callers: CallString,
}

impl Origin {
    /// The objects that travel with a method of `class`, or a called object of it: any, where none is known.
    pub fn objects_of(&self, class: Site) -> Vec<Source> {
        if self.objects.is_empty() {
            vec![Source::any_instance(class)]
        } else {
            self.objects.clone()
        }
    }
}

/// One callable that comes with several objects, or for several callers, is one.
pub(in crate::project) fn merged(origins: impl Iterator<Item = Origin>) -> Vec<Origin> {
    let mut all: BTreeMap<Origin, BTreeSet<Source>> = BTreeMap::new();
    for mut origin in origins {
        let objects = std::mem::take(&mut origin.objects);
        all.entry(origin).or_default().extend(objects);
    }
    let with_objects = |(origin, objects): (Origin, BTreeSet<Source>)| Origin {
        objects: objects.into_iter().collect(),
        ..origin
    };
    all.into_iter().map(with_objects).collect()
}

impl Eval<'_> {
    /// The callables that `expression` may be, sorted.
    pub fn origins(&self, expression: Site) -> Vec<Origin> {
        self.origins_of_part(expression, None, &CallString::UNKNOWN)
    }

    /// The callables that may fill a slot, sorted.
    pub fn slot_origins(&self, slot: &Slot) -> Vec<Origin> {
        self.origins_of_part(slot.expression, slot.part.as_ref(), &CallString::UNKNOWN)
    }

    /// As [`slot_origins`](Self::slot_origins), where the function of the slot is entered by `callers`.
    pub(in crate::project) fn slot_origins_for(
        &self,
        slot: &Slot,
        callers: &CallString,
    ) -> Vec<Origin> {
        self.origins_of_part(slot.expression, slot.part.as_ref(), callers)
    }

    fn origins_of_part(
        &self,
        expression: Site,
        part: Option<&Part>,
        callers: &CallString,
    ) -> Vec<Origin> {
        let sources = match part {
            None => self.solver.sources(expression, callers),
            Some(part) => {
                let part = match part {
                    Part::Item(at) => dataflow::Part::Item(*at as u32),
                    Part::Entry(key) => dataflow::Part::Key(key.as_str().into()),
                };
                self.solver.sources_of_part(expression, part, callers)
            }
        };
        self.note_wanted();
        let mut out = Vec::new();
        for found in sources.found.iter() {
            let callers = callers.beneath(&found.callers);
            self.add_origin(expression, &Found { callers, ..found.clone() }, 0, &mut out);
        }
        merged(out.into_iter())
    }

    fn add_origin(&self, expression: Site, found: &Found, depth: usize, out: &mut Vec<Origin>) {
        if let Source::Partial(partial) = &found.source {
            let Some(inner) = self.positional_arguments(partial.site).first().copied() else {
                return;
            };
            let inside = self.solver.sources(inner, &partial.context);
            for each in inside.found.iter().filter(|_| depth < MAX_PARTIALS) {
                let mut way = each.way.clone();
                way.handed_over =
                    found.way.handed_over.iter().chain(way.handed_over.iter()).copied().collect();
                way.given_back_by = found.way.given_back_by.or(way.given_back_by);
                way.is_kept |= found.way.is_kept;
                let callers = found.callers.clone();
                self.add_origin(
                    expression,
                    &Found { callers, way, ..each.clone() },
                    depth + 1,
                    out,
                );
            }
            return;
        }
        let way: Vec<Site> =
            std::iter::once(expression).chain(found.way.handed_over.iter().copied()).collect();
        let (handover, through) = way.split_last().expect("the expression itself is there");
        out.push(Origin {
            callable: match (self.decorated(found), self.callable(&found.source)) {
                (Some(definition), Callable::Method { receiver, object, name, .. }) => {
                    Callable::Method { receiver, object, name, function: Some(definition) }
                }
                (Some(definition), _) => Callable::Function(definition),
                (None, callable) => callable,
            },
            leaf: found.way.named.unwrap_or(*handover),
            handover: *handover,
            through: through.iter().rev().copied().collect(),
            made_by: found
                .way
                .given_back_by
                .filter(|by| self.file(by.file).tree().kind(by.node) != Kind::Decorator),
            kept: found.way.is_kept,
            objects: object_of(&found.source).into_iter().collect(),
            callers: found.callers.clone(),
        });
    }

    /// What stands below a decorator, where something came out of that: pickle looks its name up, whatever the decorator made.
    fn decorated(&self, found: &Found) -> Option<Site> {
        let by = match &found.source {
            Source::Instance { made: Some(made), .. } => Some(made.site),
            _ => found.way.given_back_by,
        };
        let by = by.filter(|by| self.file(by.file).tree().kind(by.node) == Kind::Decorator)?;
        let tree = self.file(by.file).tree();
        let definition = tree.child(tree.parent(by.node)?, Field::Definition)?;
        let is_function = tree.kind(definition) == Kind::FunctionDefinition;
        is_function.then_some(Site { file: by.file, node: definition })
    }

    fn callable(&self, source: &Source) -> Callable {
        match source {
            Source::Lambda(site) => Callable::Lambda(*site),
            Source::Function(site) => Callable::Function(*site),
            Source::Class(site) => Callable::Class(*site),
            Source::Instance { class, .. } => Callable::Instance(*class),
            Source::Method { .. } => match self.as_value(source) {
                Value::Method { receiver, object, name, function } => {
                    Callable::Method { receiver, object, name: name.to_string(), function }
                }
                other => Callable::Value(other),
            },
            other => Callable::Value(self.as_value(other)),
        }
    }

    /// What was found as the rest of the house speaks of it.
    pub(in crate::project) fn found_value(&self, found: &Found) -> Value {
        match (self.decorated(found), self.as_value(&found.source)) {
            (Some(definition), Value::Method { receiver, object, name, .. }) => {
                Value::Method { receiver, object, name, function: Some(definition) }
            }
            (Some(definition), _) => Value::Function(definition),
            (None, value) => value,
        }
    }

    /// A source as the rest of the house speaks of it.
    pub(in crate::project) fn as_value(&self, source: &Source) -> Value {
        match source {
            Source::External { path, start } => {
                Value::External { path: path.clone(), start: *start }
            }
            Source::Module(file) => Value::Module(*file),
            Source::Function(site) => Value::Function(*site),
            Source::Lambda(site) => Value::Lambda(*site),
            Source::Class(site) => Value::Class(*site),
            Source::Instance { .. } | Source::Made { .. } => {
                Self::type_of(source).map_or(Value::Unknown, Value::Instance)
            }
            Source::Method { object, name, function, at } => {
                let tree = self.file(at.file).tree();
                let object_at = tree
                    .child(at.node, Field::Object)
                    .map_or(*at, |node| Site { file: at.file, node });
                match Self::type_of(object) {
                    Some(receiver) => Value::Method {
                        receiver,
                        object: object_at,
                        name: name.clone(),
                        function: *function,
                    },
                    None => function.map_or(Value::Unknown, Value::Function),
                }
            }
            Source::Partial(made) => Value::Partial(made.site),
            Source::Container { made, .. } => self.container_value(made),
            Source::Literal(site) => Value::Literal(*site),
            Source::Generator { made, .. } | Source::Coroutine { made, .. } => {
                Value::Result(made.site)
            }
            Source::Result(site) | Source::Caller(site) => Value::Result(*site),
            Source::Parameter(site) => Value::Parameter(*site),
            Source::Slice { .. }
            | Source::Attributes(_)
            | Source::Super { .. }
            | Source::Unknown => Value::Unknown,
        }
    }

    /// A display is a literal, and so is a copy that the interpreter makes; what other functions make is an object of theirs.
    fn container_value(&self, made: &Allocation) -> Value {
        if self.file(made.site.file).tree().kind(made.site.node) != Kind::Call {
            return Value::Literal(made.site);
        }
        match self.solver.maker(made) {
            None => Value::Result(made.site),
            Some(path) if COPYING.contains(&&*path) => Value::Literal(made.site),
            Some(path) => Value::Instance(Type::External {
                path,
                start: Start::Platform,
                made: Some(made.site),
            }),
        }
    }

    fn type_of(source: &Source) -> Option<Type> {
        match source {
            Source::Instance { class, .. } | Source::Class(class) => Some(Type::Class(*class)),
            Source::Made { path, start, made } => Some(Type::External {
                path: path.clone(),
                start: *start,
                made: made.as_ref().map(|made| made.site),
            }),
            _ => None,
        }
    }
}

/// The object of the project that travels with a callable.
fn object_of(source: &Source) -> Option<Source> {
    match source {
        Source::Instance { .. } => Some(source.clone()),
        Source::Method { object, .. } => {
            Some((**object).clone()).filter(|object| matches!(object, Source::Instance { .. }))
        }
        _ => None,
    }
}
