//! From a slot back to the callables that may reach it, and where each is written.

use crate::facts::scopes::{Binding, BindingKind, PathStep};
use crate::project::processes::dead_paths::Frame;
use crate::project::values::reaching;
use crate::project::{Eval, Part, Site, Slot, Type, Value};
use crate::syntax::{Field, Kind};
use std::collections::BTreeSet;

/// Longer paths through names, containers and calls are given up.
const MAX_STEPS: usize = 24;

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
}

/// The state of one walk back.
#[derive(Clone)]
struct Path {
    handover: Site,
    through: Vec<Site>,
    made_by: Option<Site>,
    /// Positions inside tuples that are still to be taken.
    parts: Vec<PathStep>,
    /// The entry of a mapping that is still to be taken, before the parts.
    entry: Option<String>,
    kept: bool,
    steps: usize,
    /// The calls through which parameters were filled, innermost first.
    frames: Vec<Frame>,
}

impl Path {
    /// The path as it goes on in a caller, where `argument` hands the callable over.
    fn handed_over_by(&self, argument: Site) -> Self {
        let mut outer = self.clone();
        outer.through.insert(0, outer.handover);
        outer.handover = argument;
        outer
    }

    fn is_whole(&self) -> bool {
        self.parts.is_empty() && self.entry.is_none()
    }

    fn take(&mut self, part: Option<&Part>) {
        match part {
            Some(Part::Item(at)) => self.parts.insert(0, PathStep::Index(*at)),
            Some(Part::Entry(key)) => self.entry = Some(key.clone()),
            None => {}
        }
    }
}

impl Eval<'_> {
    /// The callables that `expression` may be, sorted.
    pub fn origins(&self, expression: Site) -> Vec<Origin> {
        self.origins_of_part(expression, None)
    }

    /// The callables that may fill a slot, sorted.
    pub fn slot_origins(&self, slot: &Slot) -> Vec<Origin> {
        self.origins_of_part(slot.expression, slot.part.as_ref())
    }

    fn origins_of_part(&self, expression: Site, part: Option<&Part>) -> Vec<Origin> {
        let mut path = Path {
            handover: expression,
            through: Vec::new(),
            made_by: None,
            parts: Vec::new(),
            entry: None,
            kept: false,
            steps: 0,
            frames: Vec::new(),
        };
        path.take(part);
        let mut walk = Walk { eval: self, found: BTreeSet::new(), seen: BTreeSet::new() };
        walk.expression(expression, path);
        walk.found.into_iter().collect()
    }
}

struct Walk<'e, 'p> {
    eval: &'e Eval<'p>,
    found: BTreeSet<Origin>,
    seen: BTreeSet<(Site, Vec<PathStep>, Option<String>, Site)>,
}

impl Walk<'_, '_> {
    fn push(&mut self, callable: Callable, leaf: Site, path: &Path) {
        self.found.insert(Origin {
            callable,
            leaf,
            handover: path.handover,
            through: path.through.clone(),
            made_by: path.made_by,
            kept: path.kept,
        });
    }

    fn expression(&mut self, site: Site, mut path: Path) {
        let facts = self.eval.file(site.file);
        let tree = facts.tree();
        let at = |node| Site { file: site.file, node };
        let site = at(tree.unparenthesized(site.node));
        path.steps += 1;
        if path.steps > MAX_STEPS
            || !self.seen.insert((site, path.parts.clone(), path.entry.clone(), path.handover))
        {
            return;
        }
        match tree.kind(site.node) {
            Kind::Identifier => self.name(site, path),
            Kind::Lambda if path.is_whole() => self.push(Callable::Lambda(site), site, &path),
            Kind::ConditionalExpression | Kind::BooleanOperator => {
                facts
                    .outcomes(site.node)
                    .into_iter()
                    .for_each(|part| self.expression(at(part), path.clone()));
            }
            Kind::NamedExpression => {
                if let Some(value) = tree.child(site.node, Field::Value) {
                    self.expression(at(value), path);
                }
            }
            Kind::Call => self.call(site, path),
            Kind::Attribute => self.attribute(site, path),
            Kind::Subscript => {
                if let Some(object) = tree.child(site.node, Field::Value) {
                    self.members(at(object), site, path);
                }
            }
            Kind::Dictionary if path.entry.is_some() => {
                let key = path.entry.take().unwrap_or_default();
                if let Some(value) = self.eval.entry_of(site, &key) {
                    self.expression(value, path);
                }
            }
            Kind::List | Kind::Tuple | Kind::Set | Kind::ExpressionList
                if !path.parts.is_empty() =>
            {
                let part = path.parts.remove(0);
                if let Some(item) = self.eval.item(site, part) {
                    self.expression(item, path);
                }
            }
            _ => {}
        }
    }

    /// All members of the containers that `object` may be (`ops[key]`).
    fn members(&mut self, object: Site, subscript: Site, path: Path) {
        for item in self.eval.items_under(object, subscript) {
            self.put(item, path.clone());
        }
        self.elements(object, path);
    }

    fn elements(&mut self, iterable: Site, path: Path) {
        for item in self.eval.displayed(iterable) {
            self.expression(item, path.clone());
        }
        for item in self
            .eval
            .appended_to(iterable)
            .into_iter()
            .chain(self.eval.appended_where_made(iterable))
        {
            self.put(item, path.clone());
        }
    }

    /// An item of a container, which keeps it until it is taken.
    fn put(&mut self, item: Site, path: Path) {
        let mut kept =
            if item.file == path.handover.file { path } else { path.handed_over_by(item) };
        kept.kept = true;
        self.expression(item, kept);
    }

    fn name(&mut self, site: Site, path: Path) {
        let facts = self.eval.file(site.file);
        let Some((scope, name)) = facts.scopes.resolve_name(site.node) else { return };
        let bindings = reaching::bindings(facts, scope, name, site.node);
        if bindings.is_empty() {
            self.value_of(site, path);
            return;
        }
        for binding in bindings {
            self.binding(site, binding, path.clone());
        }
    }

    fn binding(&mut self, site: Site, binding: &Binding, mut path: Path) {
        let at = |node| Site { file: site.file, node };
        match &binding.kind {
            BindingKind::FunctionDef(node) => self.push(Callable::Function(at(*node)), site, &path),
            BindingKind::ClassDef(node) => self.push(Callable::Class(at(*node)), site, &path),
            BindingKind::Assignment { value: Some(value), path: parts, .. } => {
                path.parts.splice(0..0, parts.iter().copied());
                self.expression(at(*value), path);
            }
            BindingKind::Walrus { value } => self.expression(at(*value), path),
            BindingKind::For { iterable, path: parts, .. }
            | BindingKind::ComprehensionFor { iterable, path: parts, .. } => {
                path.parts.splice(0..0, parts.iter().copied());
                self.iterated(at(*iterable), path);
            }
            BindingKind::Parameter { default, star, .. } => {
                if let Some(default) = default {
                    self.expression(at(*default), path.clone());
                }
                let part = match (star, path.parts.first()) {
                    (1, Some(PathStep::Index(item))) => Some(Part::Item(*item)),
                    (2, _) => path.entry.take().map(Part::Entry),
                    _ => None,
                };
                if *star == 1 && part.is_some() {
                    path.parts.remove(0);
                }
                for each in self
                    .eval
                    .registered_as(site.file, binding)
                    .into_iter()
                    .filter(|_| path.is_whole())
                {
                    let outer = Path { kept: true, ..path.handed_over_by(each.decorator) };
                    self.push(Callable::Function(each.function), each.name, &outer);
                }
                for given in self.eval.given_for(site.file, binding, part.as_ref()) {
                    let mut outer = path.handed_over_by(given.expression);
                    outer.take(given.part.as_ref());
                    outer.frames.extend(self.eval.frame(given.expression, site, path.handover));
                    if !self.eval.is_dead(&outer.frames) {
                        self.expression(given.expression, outer);
                    }
                }
            }
            BindingKind::Import { .. } => {
                if let Some(call) = self.eval.made_in_module(site) {
                    return self.made_elsewhere(call, site, path);
                }
                for value in self.eval.binding_values(site.file, binding) {
                    self.value(&value, site, &path);
                }
            }
            _ => {}
        }
    }

    /// What a loop over `iterable` gives to a target that still has `path.parts` to take.
    fn iterated(&mut self, iterable: Site, mut path: Path) {
        let facts = self.eval.file(iterable.file);
        let tree = facts.tree();
        let at = |node| Site { file: iterable.file, node };
        let node = tree.unparenthesized(iterable.node);
        if tree.kind(node) != Kind::Call {
            return self.elements(at(node), path);
        }
        let arguments = self.eval.positional_arguments(at(node));
        let Some(callee) = tree.child(node, Field::Function) else { return };
        match (facts.text(callee), path.parts.first().copied()) {
            ("enumerate", Some(PathStep::Index(1))) if !arguments.is_empty() => {
                path.parts.remove(0);
                return self.iterated(arguments[0], path);
            }
            ("zip", Some(PathStep::Index(part))) if part < arguments.len() => {
                path.parts.remove(0);
                return self.iterated(arguments[part], path);
            }
            ("list" | "tuple" | "set" | "sorted" | "reversed" | "iter" | "frozenset", _)
                if !arguments.is_empty() =>
            {
                return self.iterated(arguments[0], path);
            }
            _ => {}
        }
        // What a function of the project returns: `for job in make_jobs(3)`.
        self.elements(at(node), path.clone());
        let method = tree.child(callee, Field::Attribute).map_or("", |name| facts.text(name));
        let Some(object) = tree.child(callee, Field::Object).map(at) else { return };
        let wanted = match (method, path.parts.first()) {
            ("items", Some(PathStep::Index(1))) => {
                path.parts.remove(0);
                true
            }
            ("values", _) => true,
            _ => false,
        };
        if wanted {
            for item in self.eval.mapping_items(object) {
                self.put(item, path.clone());
            }
        }
    }

    fn call(&mut self, site: Site, mut path: Path) {
        let tree = self.eval.file(site.file).tree();
        let Some(callee) = tree.child(site.node, Field::Function) else { return };
        let callees = self.eval.values(Site { file: site.file, node: callee });
        for value in callees.iter() {
            match value {
                Value::External { path: dotted, .. } if &**dotted == "functools.partial" => {
                    if let Some(inner) = self.eval.positional_arguments(site).first() {
                        self.expression(*inner, path.clone());
                    }
                }
                Value::Function(function) | Value::Method { function: Some(function), .. } => {
                    path.made_by = Some(path.made_by.unwrap_or(site));
                    for returned in self.eval.returns(*function) {
                        self.expression(returned, path.clone());
                    }
                }
                Value::Class(class) => self.push(Callable::Instance(*class), site, &path),
                Value::External { path: dotted, .. } if dotted.starts_with("functools.") => {
                    // `lru_cache(f)` and the like: what they decorate is what travels.
                    if let Some(inner) = self.eval.positional_arguments(site).first() {
                        path.made_by = Some(path.made_by.unwrap_or(site));
                        self.expression(*inner, path.clone());
                    }
                }
                _ => self.value_of(site, path.clone()),
            }
        }
        if let Some(container) = self.eval.taken_from(site) {
            self.eval
                .taken_by(site, container)
                .into_iter()
                .for_each(|item| self.put(item, path.clone()));
        }
    }

    /// What methods store in the attribute is followed to where it is written; the rest is what the attribute may be.
    fn attribute(&mut self, site: Site, path: Path) {
        if let Some(call) = self.eval.made_in_module(site) {
            return self.made_elsewhere(call, site, path);
        }
        let stored = self.eval.stored_in(site);
        for value in self.eval.values(site).iter() {
            let is_stored = || stored.iter().any(|each| self.eval.values(*each).contains(value));
            if !is_stored() {
                self.value(value, site, &path);
            }
        }
        for expression in stored {
            let mut inner = if expression.file == path.handover.file {
                path.clone()
            } else {
                path.handed_over_by(expression)
            };
            inner.kept = true;
            self.expression(expression, inner);
        }
    }

    /// What a call gives that another module makes when it is imported, where functions of the project are called; else what is
    /// known of it here.
    fn made_elsewhere(&mut self, call: Site, site: Site, path: Path) {
        let before = self.found.len();
        self.expression(call, path.clone());
        if self.found.len() == before {
            self.value_of(site, path);
        }
    }

    fn value_of(&mut self, site: Site, path: Path) {
        for value in self.eval.values(site).iter() {
            self.value(value, site, &path);
        }
    }

    fn value(&mut self, value: &Value, leaf: Site, path: &Path) {
        if !path.is_whole() {
            return;
        }
        let callable = match value {
            Value::Lambda(site) => Callable::Lambda(*site),
            Value::Function(site) => Callable::Function(*site),
            Value::Class(site) => Callable::Class(*site),
            Value::Instance(Type::Class(class)) => Callable::Instance(*class),
            Value::Method { receiver, object, name, function } => Callable::Method {
                receiver: receiver.clone(),
                object: *object,
                name: name.to_string(),
                function: *function,
            },
            Value::Partial(call) => {
                if let Some(inner) = self.eval.positional_arguments(*call).first().copied() {
                    self.expression(inner, path.clone());
                }
                return;
            }
            other => Callable::Value(other.clone()),
        };
        self.push(callable, leaf, path);
    }
}
