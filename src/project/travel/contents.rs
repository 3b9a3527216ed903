//! What the arguments of a dispatch hold that cannot cross: the sources of each argument, and of what they are made of.

use crate::facts::scopes::{BindingKind, ScopeId};
use crate::project::dataflow::{Allocation, CallString, Found, Source};
use crate::project::processes::arguments::{Argument, Role};
use crate::project::travel::picklability::Obstacle;
use crate::project::travel::state::{Held, Moment};
use crate::project::values::stores::{Stores, stored_by};
use crate::project::{Callable, Content, Eval, FileId, Site, Value, What};
use crate::syntax::{Field, Kind};
use std::collections::BTreeSet;

/// Objects within objects are looked into that deep.
const MAX_DEPTH: usize = 12;
/// How deep the attributes of attributes are looked into that an object makes itself.
const OWN_DEPTH: u32 = 3;
/// How many items of one display are looked at: generated tables are long and uniform.
const MAX_ITEMS: usize = 200;

/// The way to what is looked at.
#[derive(Clone)]
struct Path {
    handover: Site,
    place: Site,
    through: Vec<Site>,
    /// How many leading items are not arguments.
    skip: usize,
    kept: bool,
    depth: usize,
    /// What was assumed of the callers of the dispatch's function.
    callers: CallString,
    /// The frame from which these start; `None` where the way has left them.
    start: Option<(FileId, ScopeId)>,
}

impl Path {
    /// The path as it goes on in a caller, where `argument` hands the object over.
    fn handed_over_by(&self, argument: Site) -> Self {
        let mut outer = self.clone();
        outer.through.insert(0, outer.handover);
        outer.handover = argument;
        outer.place = argument;
        outer
    }
}

struct Walk<'e, 'p> {
    eval: &'e Eval<'p>,
    inheritance: bool,
    moment: Moment,
    found: BTreeSet<Content>,
    seen: BTreeSet<(Site, CallString, bool, Site)>,
    /// Objects that were met: several names of one are told once.
    met: BTreeSet<(Source, bool, Site)>,
}

impl Eval<'_> {
    /// What `argument` holds that cannot cross; `inheritance` tells whether multiprocessing's own primitives may.
    pub fn contents(&self, argument: Argument, inheritance: bool) -> Vec<Content> {
        self.contents_at(argument, inheritance, Moment::default(), &CallString::UNKNOWN)
    }

    /// As [`contents`](Self::contents), as things are at `moment`, where the argument's function is entered by `callers`.
    pub fn contents_at(
        &self,
        argument: Argument,
        inheritance: bool,
        moment: Moment,
        callers: &CallString,
    ) -> Vec<Content> {
        let path = Path {
            handover: argument.expression,
            place: argument.expression,
            through: Vec::new(),
            skip: argument.skip,
            kept: false,
            depth: 0,
            callers: callers.clone(),
            start: Some(self.solver.frame(argument.expression)),
        };
        let mut walk = Walk {
            eval: self,
            inheritance,
            moment,
            found: BTreeSet::new(),
            seen: BTreeSet::new(),
            met: BTreeSet::new(),
        };
        walk.expression(argument.expression, callers, argument.role == Role::Items, path);
        walk.found.into_iter().collect()
    }
}

impl Walk<'_, '_> {
    fn push(&mut self, what: What, leaf: Site, path: &Path) {
        self.found.insert(Content {
            what,
            leaf,
            handover: path.handover,
            place: path.place,
            through: path.through.clone(),
            kept: path.kept,
            captured: false,
            callers: path.callers.clone(),
        });
    }

    /// What an expression holds; with `items`, what it is taken apart into.
    fn expression(&mut self, site: Site, callers: &CallString, items: bool, mut path: Path) {
        let tree = self.eval.file(site.file).tree();
        let site = Site { file: site.file, node: tree.unparenthesized(site.node) };
        if site.file == path.handover.file && tree.contains(path.handover.node, site.node) {
            path.place = site;
        }
        path.depth += 1;
        if path.depth > MAX_DEPTH
            || !self.seen.insert((site, callers.clone(), items, path.handover))
        {
            return;
        }
        match tree.kind(site.node) {
            Kind::ListSplat | Kind::DictionarySplat => {
                let inner = tree.children(site.node).next();
                let at = inner.map(|node| Site { file: site.file, node });
                at.into_iter()
                    .for_each(|inner| self.expression(inner, callers, true, path.clone()));
                return;
            }
            Kind::Identifier if !items => {
                if let Some(class) = self.eval.self_class(site) {
                    let this = Source::any_instance(class);
                    return self.known(&Found::new(this), site, &path);
                }
                self.module(site, &path);
            }
            _ => {}
        }
        let sources = self.eval.solver.sources(site, callers);
        self.eval.note_wanted();
        for found in sources.found.iter() {
            self.source(found, site, items, path.clone());
        }
    }

    /// A module that a name stands for.
    fn module(&mut self, name: Site, path: &Path) {
        let facts = self.eval.file(name.file);
        let imports = facts
            .dataflow()
            .definitions
            .reaching(name.node)
            .filter(|each| matches!(each.kind, BindingKind::Import { attribute: None, .. }));
        for import in imports.map(|each| each.statement).collect::<Vec<_>>() {
            let import = Site { file: name.file, node: import };
            self.push(What::Object(Obstacle::of("a module", Some(import))), name, path);
        }
    }

    /// Whether a class is an Enum that children do not have.
    fn is_missing_member(&self, class: Site) -> bool {
        let is_enum = |(path, _): &(std::sync::Arc<str>, _)| path.starts_with("enum.");
        (self.eval.is_local(class) || self.eval.is_main_only_class(class))
            && self.eval.external_bases(class).iter().any(is_enum)
    }

    /// One thing that an expression may be.
    fn source(&mut self, found: &Found, site: Site, items: bool, mut path: Path) {
        // What a decorator gives back stands where the definition did.
        let is_decorator = |argument: &Site| {
            let tree = self.eval.file(argument.file).tree();
            tree.parent(argument.node).is_some_and(|up| tree.kind(up) == Kind::Decorator)
        };
        for argument in found.way.handed_over.iter().filter(|argument| !is_decorator(argument)) {
            path = path.handed_over_by(*argument);
        }
        path.kept |= found.way.is_kept;
        if path.start.is_some() && !found.callers.is_unknown() {
            path.callers = path.callers.beneath(&found.callers);
            path.start = self.eval.solver.outermost_frame(site, &found.callers);
        }
        if let Source::Partial(made)
        | Source::Container { made, .. }
        | Source::Instance { made: Some(made), .. }
        | Source::Made { made: Some(made), .. } = &found.source
            && path.start != self.eval.solver.outermost_frame(made.site, &made.context)
        {
            path.start = None;
        }
        let leaf = found.way.named.unwrap_or(site);
        let is_object = matches!(
            found.source,
            Source::Made { made: Some(_), .. }
                | Source::Instance { made: Some(_), .. }
                | Source::Lambda(_)
                | Source::Container { .. }
        );
        if is_object && !self.met.insert((found.source.clone(), items, path.handover)) {
            return;
        }
        if items {
            return self.items(&found.source, site, &path);
        }
        let value = self.eval.found_value(found);
        match (&found.source, &value) {
            (_, Value::Lambda(lambda)) => {
                self.push(What::Callable(Callable::Lambda(*lambda)), leaf, &path);
            }
            (_, Value::Function(function)) => {
                if self.eval.is_local(*function) {
                    self.push(What::Callable(Callable::Function(*function)), leaf, &path);
                }
            }
            (_, Value::Class(class)) => {
                if self.eval.is_local(*class) {
                    self.push(What::Callable(Callable::Class(*class)), leaf, &path);
                }
            }
            (Source::Partial(made), _) => self.every_argument(made, &path),
            (Source::Instance { class, made: Some(made) }, _) if self.is_call(made.site) => {
                self.constructed(&found.source, *class, made, &path);
            }
            (Source::Instance { class, .. }, _) if self.is_missing_member(*class) => {
                self.push(What::Callable(Callable::Instance(*class)), leaf, &path);
            }
            (Source::Container { made, view }, _) if view.is_empty() => {
                self.container(made, found, site, &path);
            }
            (Source::Container { .. } | Source::Slice { .. }, _) => {
                self.items(&found.source, site, &path);
            }
            (Source::Made { path: dotted, made: Some(made), .. }, _)
                if matches!(stored_by(dotted), Stores::Arguments) =>
            {
                self.every_argument(made, &path);
            }
            (Source::Module(_), _) => {}
            _ => self.known(found, leaf, &path),
        }
    }

    fn is_call(&self, site: Site) -> bool {
        self.eval.file(site.file).tree().kind(site.node) == Kind::Call
    }

    /// A display, a comprehension, or what a function of the interpreter makes.
    fn container(&mut self, made: &Allocation, found: &Found, site: Site, path: &Path) {
        let source = &found.source;
        let tree = self.eval.file(made.site.file).tree();
        let kind = tree.kind(made.site.node);
        if kind == Kind::GeneratorExpression {
            return self.known(found, made.site, path);
        }
        if kind != Kind::Call {
            return self.items(source, site, path);
        }
        let maker = self.eval.solver.maker(made);
        match maker.as_deref().map(stored_by) {
            Some(Stores::Arguments) => {
                self.every_argument(made, path);
                self.additions(made, path);
            }
            Some(Stores::Items | Stores::Mapping) => self.items(source, site, path),
            _ => self.known(found, made.site, path),
        }
    }

    /// What a container is taken apart into.
    fn items(&mut self, source: &Source, site: Site, path: &Path) {
        let Source::Container { made, view } = source else {
            if matches!(source, Source::Slice { .. } | Source::Generator { .. }) {
                self.elements(source, site, path);
            }
            return;
        };
        let facts = self.eval.file(made.site.file);
        let is_display = !matches!(
            facts.tree().kind(made.site.node),
            Kind::Call | Kind::Identifier | Kind::BinaryOperator | Kind::AugmentedAssignment
        );
        if facts.tree().kind(made.site.node) == Kind::Call && view.is_empty() {
            return self.items_of_call(made, source, site, path);
        }
        if !is_display || !view.is_empty() {
            return self.elements(source, site, path);
        }
        let graph = facts.dataflow();
        let stores = graph
            .stores_into(made.site.node)
            .filter(|store| store.part != Some(crate::facts::dataflow::Part::Keys));
        let stores: Vec<_> = stores.skip(path.skip).take(MAX_ITEMS).collect();
        let inside = Path { skip: 0, ..path.clone() };
        for store in stores {
            let value = Site { file: made.site.file, node: store.value };
            let is_spread = store.part.is_none() || !store.steps.is_empty();
            self.expression(value, &made.context, is_spread, inside.clone());
        }
        self.additions(made, &inside);
    }

    /// The elements of what a function of the interpreter makes: they are told where they stand among its arguments.
    fn items_of_call(&mut self, made: &Allocation, source: &Source, site: Site, path: &Path) {
        let maker = self.eval.solver.maker(made);
        let inside = Path { skip: 0, ..path.clone() };
        match maker.as_deref().map(|maker| (maker, stored_by(maker))) {
            Some(("itertools.repeat", _)) => self.every_argument(made, &inside),
            Some((_, kind @ (Stores::Items | Stores::Mapping))) => {
                for argument in self.eval.positional_arguments(made.site) {
                    self.expression(argument, &made.context, true, inside.clone());
                }
                if matches!(kind, Stores::Mapping) {
                    for argument in self.eval.keyword_values(made.site) {
                        self.expression(argument, &made.context, false, inside.clone());
                    }
                }
                self.additions(made, &inside);
            }
            _ => self.elements(source, site, path),
        }
    }

    /// What statements put into a container after it was made.
    fn additions(&mut self, made: &Allocation, path: &Path) {
        // What goes into a manager's list is pickled there and then.
        for addition in self.eval.solver.additions(made).into_iter().take(MAX_ITEMS) {
            let is_near = path.start == Some(self.eval.solver.frame(addition.value));
            let kept = Path {
                kept: true,
                start: path.start.filter(|_| is_near && addition.callers.is_unknown()),
                ..path.clone()
            };
            let kept = if addition.value.file == path.handover.file {
                kept
            } else {
                kept.handed_over_by(addition.value)
            };
            self.expression(addition.value, &addition.callers, addition.is_spread, kept);
        }
    }

    /// The elements of a container that is no display.
    fn elements(&mut self, source: &Source, site: Site, path: &Path) {
        if path.depth > MAX_DEPTH {
            return;
        }
        let found = if path.skip > 0 {
            self.eval.solver.items_from(source, path.skip, site)
        } else {
            self.eval.solver.items(source, site)
        };
        let inside = Path { skip: 0, depth: path.depth + 1, ..path.clone() };
        for each in found.iter().take(MAX_ITEMS) {
            let at = each.way.named.unwrap_or(site);
            let mut inside = inside.clone();
            let tree = self.eval.file(at.file).tree();
            if at.file == inside.handover.file && tree.contains(inside.handover.node, at.node) {
                inside.place = at;
            }
            self.source(each, at, false, inside);
        }
    }

    fn every_argument(&mut self, made: &Allocation, path: &Path) {
        let tree = self.eval.file(made.site.file).tree();
        let Some(list) = tree.child(made.site.node, Field::Arguments) else { return };
        let arguments: Vec<_> = if tree.kind(list) == Kind::ArgumentList {
            tree.children(list).take(MAX_ITEMS).collect()
        } else {
            vec![list]
        };
        for argument in arguments {
            let value = tree
                .child(argument, Field::Value)
                .filter(|_| tree.kind(argument) == Kind::KeywordArgument)
                .unwrap_or(argument);
            let value = Site { file: made.site.file, node: value };
            self.expression(value, &made.context, false, path.clone());
        }
    }

    /// A new object: what it keeps of the arguments, and what it makes itself.
    fn constructed(&mut self, object: &Source, class: Site, made: &Allocation, path: &Path) {
        let call = made.site;
        if let Some(refusal) = self.eval.refusal_to_pickle(class) {
            return self.push(What::Object(refusal), call, path);
        }
        if self.eval.controls_its_pickling(class)
            || (self.inheritance && self.eval.is_primitive(class))
        {
            return;
        }
        if self.eval.is_local(class) || self.eval.is_main_only_class(class) {
            return self.push(What::Callable(Callable::Instance(class)), call, path);
        }
        if let Some(obstacle) = self.eval.base_obstacle(class, self.inheritance) {
            self.push(What::Object(obstacle), call, path);
        }
        if self.eval.is_exception(class) && self.eval.method(class, "__init__").is_none() {
            self.every_argument(made, path);
        }
        let kept = Path { kept: true, start: None, ..path.clone() };
        let mut is_told = false;
        for held in self.eval.attributes_held(object, &self.moment) {
            let mut own = Vec::new();
            for found in &held.found {
                match self.eval.argument_of(call, found) {
                    Some(given) => self.expression(given, &made.context, false, path.clone()),
                    None if self.is_unnamed(&found.source) => {
                        let leaf = found.way.named.unwrap_or(held.target);
                        self.source(found, leaf, false, kept.clone());
                    }
                    None => own.push(found.clone()),
                }
            }
            // What a lambda is given to can be repaired where it stands.
            if let Some(value) = held.value.filter(|value| self.eval.may_hold_a_lambda(*value)) {
                self.expression(value, &CallString::UNKNOWN, false, kept.clone());
                own.retain(|found| {
                    !matches!(
                        found.source,
                        Source::Container { .. } | Source::Instance { .. } | Source::Made { .. }
                    )
                });
            }
            let own = Held { found: own, ..held };
            if !is_told
                && let Some(obstacle) =
                    self.eval.obstacle_held(object, &own, self.inheritance, OWN_DEPTH, &self.moment)
            {
                is_told = true;
                self.push(What::Object(obstacle), call, path);
            }
        }
    }

    /// Whether something is a callable without a name that children find.
    fn is_unnamed(&self, source: &Source) -> bool {
        match source {
            Source::Lambda(_) => true,
            Source::Function(site) | Source::Class(site) => self.eval.is_local(*site),
            _ => false,
        }
    }

    /// What keeps something from crossing whose making is not looked into, as it is at the moment of the dispatch.
    fn known(&mut self, found: &Found, leaf: Site, path: &Path) {
        let depth = OWN_DEPTH + 1;
        if let Some(obstacle) = self.eval.obstacle_of(found, self.inheritance, depth, &self.moment)
        {
            self.push(What::Object(obstacle), leaf, path);
        }
    }
}
