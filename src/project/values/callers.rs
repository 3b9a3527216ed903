//! Who calls a function, and what is given for its parameters.

use crate::facts::scopes::Binding;
use crate::project::dataflow::{Found, Source};
use crate::project::{Eval, FileId, Site};
use crate::syntax::{Field, Kind, NodeId};
use std::collections::BTreeSet;
use std::rc::Rc;

/// Of functions of names that are called more often it is not said that nothing calls them.
const MANY_CALLS: usize = 300;

/// What is given for a parameter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Given {
    /// The argument, or what is unpacked into the call by `*` or `**`.
    pub expression: Site,
    /// Which part of it; the whole if `None`.
    pub part: Option<Part>,
}

/// A part of what is unpacked into a call.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The item with that number, of `*items`.
    Item(usize),
    /// The value under that key, of `**mapping`.
    Entry(String),
}

impl Eval<'_> {
    /// The calls, decorators and calls of library functions that may run a function; for `__init__`, those that make objects.
    pub fn callers(&self, function: Site) -> Vec<Site> {
        let found = self.solver.callers(function);
        self.note_wanted();
        found
    }

    /// Whether nothing calls a function. Names of which too many are called may hide a call.
    pub fn is_uncalled(&self, function: Site) -> bool {
        let name = self.file(function.file).definition_name(function.node);
        let names = self.project.names_of(name);
        !self.project.are_too_many(&names)
            && names.iter().all(|name| self.project.calls_named(name).len() <= MANY_CALLS)
            && self.callers(function).is_empty()
    }

    /// The expressions that callers give for a parameter; for `*args` and `**kwargs`, for any part of it.
    pub fn arguments_for(&self, file: FileId, binding: &Binding) -> Vec<Site> {
        let parameter = Site { file, node: binding.node };
        let mut given = BTreeSet::new();
        let mut add = |found: &Found| given.extend(found.way.handed_over.first().copied());
        for found in self.found(parameter).iter() {
            match &found.source {
                Source::Container { made, .. } if made.site == parameter => {
                    self.solver.items(&found.source, parameter).iter().for_each(&mut add);
                }
                _ => add(found),
            }
        }
        given.into_iter().collect()
    }

    /// The calls that make objects of a class, or of one that derives from it.
    pub fn constructor_calls(&self, class: Site) -> Vec<Site> {
        let subclasses = self.subclasses(class);
        let all = std::iter::once(class).chain(subclasses.iter().copied());
        all.flat_map(|each| self.solver.makers(each)).collect()
    }

    /// The project classes that derive from `class`.
    pub fn subclasses(&self, class: Site) -> Rc<[Site]> {
        if let Some(known) = self.subclasses_known.borrow().get(&class) {
            return known.clone();
        }
        let found: Rc<[Site]> = self.solver.classes_below(class).into();
        self.subclasses_known.borrow_mut().insert(class, found.clone());
        found
    }

    /// What a call gives for the parameter `name` (empty: it has none) at the 0-based `position` (`None`: keyword only);
    /// several answers where a `*` and a `**` may both give it.
    pub fn given(&self, call: Site, name: &str, position: Option<i32>) -> Vec<Given> {
        let whole = |expression| vec![Given { expression, part: None }];
        let plain = self.positional_arguments(call);
        if let Some(given) =
            position.and_then(|at| usize::try_from(at).ok()).and_then(|at| plain.get(at))
        {
            return whole(*given);
        }
        if let Some(found) = self.keyword_argument(call, name).filter(|_| !name.is_empty()) {
            return whole(found);
        }
        let tree = self.file(call.file).tree();
        let Some(list) = tree.child(call.node, Field::Arguments) else { return Vec::new() };
        let unpacked = |kind: Kind| {
            let splats: Vec<NodeId> =
                tree.children(list).filter(|node| tree.kind(*node) == kind).collect();
            let [one] = splats.as_slice() else { return None };
            tree.children(*one).next().map(|node| Site { file: call.file, node })
        };
        let mut found = Vec::new();
        if let Some(at) = position.and_then(|at| usize::try_from(at).ok()) {
            let items = unpacked(Kind::ListSplat);
            found.extend(
                items.map(|expression| Given {
                    expression,
                    part: Some(Part::Item(at - plain.len())),
                }),
            );
        }
        let mapping = unpacked(Kind::DictionarySplat).filter(|_| !name.is_empty());
        found.extend(
            mapping
                .map(|expression| Given { expression, part: Some(Part::Entry(name.to_owned())) }),
        );
        found
    }

    /// Whether calls of the function pass its first parameter implicitly.
    pub fn is_method(&self, function: Site) -> bool {
        self.is_in_class(function) && !self.has_decorator(function, &["staticmethod"])
    }

    /// Whether a function or lambda stands directly in the body of a class.
    pub fn is_in_class(&self, callable: Site) -> bool {
        self.class_around(callable).is_some()
    }

    /// The class in whose body a function or lambda stands directly.
    pub fn class_around(&self, callable: Site) -> Option<Site> {
        let tree = self.file(callable.file).tree();
        let around = tree.enclosing(
            callable.node,
            &[Kind::ClassDefinition, Kind::FunctionDefinition, Kind::Lambda],
        )?;
        (tree.kind(around) == Kind::ClassDefinition)
            .then_some(Site { file: callable.file, node: around })
    }
}
