//! What the arguments of a dispatch hold that cannot cross: through names, containers, constructor calls, forwarders.

use crate::facts::scopes::{Binding, BindingKind, PathStep};
use crate::project::processes::arguments::{Argument, Role};
use crate::project::processes::dead_paths::Frame;
use crate::project::travel::picklability::Obstacle;
use crate::project::values::instances::Moment;
use crate::project::values::reaching;
use crate::project::values::stores::{Stores, joins_displays, stored_by};
use crate::project::{Callable, Content, Eval, Site, Type, Value, What};
use crate::syntax::{Field, Kind, NodeId};
use std::collections::BTreeSet;

/// Longer ways through names, containers and calls are given up.
pub(super) const MAX_STEPS: usize = 24;
/// How many items of one display are looked at: generated tables are long and uniform.
pub(super) const MAX_ITEMS: usize = 200;

/// The state of one walk.
#[derive(Clone)]
pub(super) struct Path {
    pub(super) handover: Site,
    place: Site,
    through: Vec<Site>,
    parts: Vec<PathStep>,
    /// Whether the items are meant, not the container.
    pub(super) items: bool,
    /// How many leading items are not arguments.
    skip: usize,
    pub(super) kept: bool,
    pub(super) steps: usize,
    pub(super) frames: Vec<Frame>,
}

impl Path {
    /// The path as it goes on in a caller, where `argument` hands the object over.
    pub(super) fn handed_over_by(&self, argument: Site) -> Self {
        let mut outer = self.clone();
        outer.through.insert(0, outer.handover);
        outer.handover = argument;
        outer.place = argument;
        outer
    }
}

pub(super) struct Walk<'e, 'p> {
    pub(super) eval: &'e Eval<'p>,
    pub(super) inheritance: bool,
    pub(super) moment: Moment,
    found: BTreeSet<Content>,
    seen: BTreeSet<(Site, Vec<PathStep>, bool, Site)>,
}

impl Eval<'_> {
    /// What `argument` holds that cannot cross; `inheritance` tells whether multiprocessing's own primitives may.
    pub fn contents(&self, argument: Argument, inheritance: bool) -> Vec<Content> {
        self.contents_at(argument, inheritance, Moment::default())
    }

    /// As [`contents`](Self::contents), as things are at `moment`.
    pub fn contents_at(
        &self,
        argument: Argument,
        inheritance: bool,
        moment: Moment,
    ) -> Vec<Content> {
        let path = Path {
            handover: argument.expression,
            place: argument.expression,
            through: Vec::new(),
            parts: Vec::new(),
            items: argument.role == Role::Items,
            skip: argument.skip,
            kept: false,
            steps: 0,
            frames: Vec::new(),
        };
        let mut walk =
            Walk { eval: self, inheritance, moment, found: BTreeSet::new(), seen: BTreeSet::new() };
        walk.expression(argument.expression, path);
        walk.found.into_iter().collect()
    }
}

impl Walk<'_, '_> {
    pub(super) fn push(&mut self, what: What, leaf: Site, path: &Path) {
        self.found.insert(Content {
            what,
            leaf,
            handover: path.handover,
            place: path.place,
            through: path.through.clone(),
            kept: path.kept,
            captured: false,
        });
    }

    pub(super) fn expression(&mut self, site: Site, mut path: Path) {
        let tree = self.eval.file(site.file).tree();
        let at = |node| Site { file: site.file, node };
        let site = at(tree.unparenthesized(site.node));
        if site.file == path.handover.file && tree.contains(path.handover.node, site.node) {
            path.place = site;
        }
        path.steps += 1;
        if path.steps > MAX_STEPS
            || !self.seen.insert((site, path.parts.clone(), path.items, path.handover))
        {
            return;
        }
        let children =
            |node: NodeId| tree.children(node).take(MAX_ITEMS).map(at).collect::<Vec<_>>();
        match tree.kind(site.node) {
            Kind::Identifier => self.name(site, path),
            Kind::Lambda => self.push(What::Callable(Callable::Lambda(site)), site, &path),
            Kind::ConditionalExpression | Kind::BooleanOperator => {
                self.eval
                    .file(site.file)
                    .outcomes(site.node)
                    .into_iter()
                    .for_each(|part| self.expression(at(part), path.clone()));
            }
            Kind::BinaryOperator if joins_displays(tree, site.node) => {
                children(site.node)
                    .into_iter()
                    .for_each(|part| self.expression(part, path.clone()));
            }
            Kind::BinaryOperator
            | Kind::UnaryOperator
            | Kind::ComparisonOperator
            | Kind::NotOperator => {}
            Kind::NamedExpression => tree
                .child(site.node, Field::Value)
                .into_iter()
                .for_each(|value| self.expression(at(value), path.clone())),
            Kind::List | Kind::Tuple | Kind::Set | Kind::ExpressionList => self.display(site, path),
            Kind::ListSplat | Kind::DictionarySplat => {
                path.items = true;
                children(site.node)
                    .into_iter()
                    .for_each(|part| self.expression(part, path.clone()));
            }
            Kind::Dictionary => {
                path.items = false;
                for pair in children(site.node) {
                    let value = tree
                        .child(pair.node, Field::Value)
                        .filter(|_| tree.kind(pair.node) == Kind::Pair);
                    self.expression(value.map_or(pair, at), path.clone());
                }
            }
            Kind::ListComprehension | Kind::SetComprehension | Kind::DictionaryComprehension => {
                self.comprehension(site, path);
            }
            Kind::GeneratorExpression if path.items => self.comprehension(site, path),
            Kind::Call => self.call(site, path),
            Kind::Attribute => self.attribute(site, path),
            Kind::Subscript => self.subscript(site, path),
            _ => self.values(site, &path),
        }
    }

    /// A member of an Enum that children do not have.
    pub(super) fn member(&mut self, site: Site, path: &Path) {
        let missing =
            |class: &Site| self.eval.is_local(*class) || self.eval.is_main_only_class(*class);
        if let Some(class) = self.eval.enumeration_of(site).filter(missing) {
            self.push(What::Callable(Callable::Instance(class)), site, path);
        }
    }

    fn display(&mut self, site: Site, mut path: Path) {
        if path.parts.is_empty() {
            path.items = false;
            let tree = self.eval.file(site.file).tree();
            let items: Vec<Site> = tree
                .children(site.node)
                .skip(path.skip)
                .take(MAX_ITEMS)
                .map(|node| Site { file: site.file, node })
                .collect();
            items.into_iter().for_each(|item| self.expression(item, path.clone()));
            return;
        }
        let part = path.parts.remove(0);
        if matches!(part, PathStep::Star { .. }) {
            path.items = false;
            return self
                .eval
                .starred(site, part)
                .into_iter()
                .for_each(|item| self.expression(item, path.clone()));
        }
        if let Some(item) = self.eval.item(site, part) {
            self.expression(item, path);
        }
    }

    fn comprehension(&mut self, site: Site, mut path: Path) {
        let tree = self.eval.file(site.file).tree();
        let Some(body) = tree.child(site.node, Field::Body) else { return };
        path.items = false;
        let value = tree.child(body, Field::Value).filter(|_| tree.kind(body) == Kind::Pair);
        self.expression(Site { file: site.file, node: value.unwrap_or(body) }, path);
    }

    fn name(&mut self, site: Site, path: Path) {
        let facts = self.eval.file(site.file);
        if let Some(class) = self.eval.self_class(site) {
            return self.known(&[Value::Instance(Type::Class(class))], site, &path);
        }
        let Some((scope, name)) = facts.scopes.resolve_name(site.node) else { return };
        let bindings = reaching::bindings(facts, scope, name, site.node);
        if bindings.is_empty() {
            return self.values(site, &path);
        }
        for binding in bindings {
            self.binding(site, binding, path.clone());
        }
        // What goes into a manager's list is pickled there and then.
        if path.parts.is_empty() && !self.eval.is_proxy(site) {
            for item in self.eval.put_items(site) {
                let mut inner = path.clone();
                inner.items = false;
                inner.kept = true;
                self.expression(item, inner);
            }
        }
    }

    fn binding(&mut self, site: Site, binding: &Binding, mut path: Path) {
        let at = |node| Site { file: site.file, node };
        match &binding.kind {
            BindingKind::FunctionDef(node)
                if self.eval.is_local(at(*node)) && path.parts.is_empty() && !path.items =>
            {
                self.push(What::Callable(Callable::Function(at(*node))), site, &path);
            }
            BindingKind::ClassDef(node)
                if self.eval.is_local(at(*node)) && path.parts.is_empty() && !path.items =>
            {
                self.push(What::Callable(Callable::Class(at(*node))), site, &path);
            }
            BindingKind::Assignment { value: Some(value), path: parts, .. } => {
                path.parts.splice(0..0, parts.iter().copied());
                self.expression(at(*value), path);
            }
            BindingKind::Walrus { value } => self.expression(at(*value), path),
            BindingKind::For { iterable, path: parts, .. }
            | BindingKind::ComprehensionFor { iterable, path: parts, .. } => {
                self.looped(site, at(*iterable), parts, path);
            }
            BindingKind::Parameter { default, star: 0, .. } => {
                if let Some(default) = default {
                    self.expression(at(*default), path.clone());
                }
                let local = |function: Site| {
                    self.eval.is_local(function) && path.parts.is_empty() && !path.items
                };
                for each in self
                    .eval
                    .registered_as(site.file, binding)
                    .into_iter()
                    .filter(|each| local(each.function))
                {
                    let outer = Path { kept: true, ..path.handed_over_by(each.decorator) };
                    self.push(What::Callable(Callable::Function(each.function)), each.name, &outer);
                }
                for (argument, outer) in self.given(site, binding, &path) {
                    self.expression(argument, outer);
                }
                self.known(&self.eval.annotated(site.file, binding), site, &path);
            }
            // `*args` and `**kwargs` that are passed on.
            BindingKind::Parameter { .. } if path.items && path.parts.is_empty() => {
                for argument in self.eval.surplus_for(site.file, binding, path.skip) {
                    let mut outer = path.handed_over_by(argument);
                    outer.items = false;
                    outer.skip = 0;
                    self.expression(argument, outer);
                }
            }
            BindingKind::Import { attribute: None, .. } if path.parts.is_empty() && !path.items => {
                self.push(
                    What::Object(Obstacle::of("a module", Some(at(binding.statement)))),
                    site,
                    &path,
                );
            }
            BindingKind::With { .. } | BindingKind::Import { .. } if path.parts.is_empty() => {
                self.known(&self.eval.binding_values(site.file, binding), site, &path);
            }
            _ => {}
        }
    }

    /// A loop variable: the element at its place, where the iterable is a display.
    fn looped(&mut self, site: Site, iterable: Site, parts: &[PathStep], mut path: Path) {
        let tree = self.eval.file(iterable.file).tree();
        if parts.is_empty() && tree.kind(tree.unparenthesized(iterable.node)) != Kind::Call {
            path.items = true;
            return self.expression(iterable, path);
        }
        let values = self.eval.element_values(iterable, parts);
        self.known(&values, site, &path);
    }

    fn call(&mut self, site: Site, mut path: Path) {
        let facts = self.eval.file(site.file);
        let Some(callee) = facts.tree().child(site.node, Field::Function) else { return };
        self.taken_by_call(site, &path);
        let callees = self.eval.values(Site { file: site.file, node: callee });
        for value in callees.iter() {
            match value {
                Value::External { path: dotted, .. } => match stored_by(dotted) {
                    kind @ (Stores::Items | Stores::Mapping) => {
                        path.items = true;
                        self.eval
                            .positional_arguments(site)
                            .into_iter()
                            .for_each(|argument| self.expression(argument, path.clone()));
                        path.items = false;
                        let named = if matches!(kind, Stores::Mapping) {
                            self.eval.keyword_values(site)
                        } else {
                            Vec::new()
                        };
                        named
                            .into_iter()
                            .for_each(|argument| self.expression(argument, path.clone()));
                    }
                    Stores::Arguments if !path.items || &**dotted == "itertools.repeat" => {
                        path.items = false;
                        self.every_argument(site, &path);
                    }
                    Stores::Arguments => {}
                    Stores::Unknown => self.values(site, &path),
                },
                Value::Class(class) if !path.items => self.constructed(*class, site, &path),
                Value::Function(_) | Value::Method { function: Some(_), .. } => {
                    self.returned(site, &path);
                    self.values(site, &path);
                }
                _ => self.values(site, &path),
            }
        }
    }

    fn every_argument(&mut self, call: Site, path: &Path) {
        let tree = self.eval.file(call.file).tree();
        let Some(list) = tree.child(call.node, Field::Arguments) else { return };
        let arguments: Vec<NodeId> = if tree.kind(list) == Kind::ArgumentList {
            tree.children(list).take(MAX_ITEMS).collect()
        } else {
            vec![list]
        };
        for argument in arguments {
            let value = tree
                .child(argument, Field::Value)
                .filter(|_| tree.kind(argument) == Kind::KeywordArgument)
                .unwrap_or(argument);
            self.expression(Site { file: call.file, node: value }, path.clone());
        }
    }

    fn attribute(&mut self, site: Site, path: Path) {
        self.member(site, &path);
        if !path.items {
            self.returned(site, &path);
            let unnamed: Vec<Site> = self
                .eval
                .stored_in(site)
                .into_iter()
                .filter(|value| self.eval.makes_from_lambda(*value))
                .collect();
            if unnamed.is_empty() {
                return self.values(site, &path);
            }
            return self.kept(unnamed, &path);
        }
        let mut kept = path;
        kept.kept = true;
        for stored in self.eval.stored_in(site) {
            self.expression(
                stored,
                if stored.file == kept.handover.file {
                    kept.clone()
                } else {
                    kept.handed_over_by(stored)
                },
            );
        }
        kept.items = false;
        for item in self.eval.appended_to(site) {
            self.expression(
                item,
                if item.file == kept.handover.file {
                    kept.clone()
                } else {
                    kept.handed_over_by(item)
                },
            );
        }
    }

    fn values(&mut self, site: Site, path: &Path) {
        let values = self.eval.values(site);
        // A `defaultdict(lambda: …)` that was made elsewhere: its lambda can be cured where it stands.
        let with_lambda = |value: &&Value| matches!(value, Value::Instance(Type::External { made: Some(call), .. }) if self.eval.makes_from_lambda(*call) && *call != site);
        let (made, others): (Vec<&Value>, Vec<&Value>) = values.iter().partition(with_lambda);
        let calls = made.into_iter().filter_map(|value| {
            if let Value::Instance(Type::External { made, .. }) = value { *made } else { None }
        });
        if path.parts.is_empty() && !path.items {
            self.kept(calls.collect(), path);
        }
        self.known(&others.into_iter().cloned().collect::<Vec<_>>(), site, path);
    }

    /// What keeps a value from crossing; for objects of the project, at the moment of the dispatch.
    fn obstacle(&self, value: &Value) -> Option<Obstacle> {
        match value {
            Value::Instance(Type::Class(class))
            | Value::Method { receiver: Type::Class(class), function: Some(_), .. } => {
                let plain = self.eval.obstacle_in(value, self.inheritance)?;
                let now = self
                    .eval
                    .state_obstacles(*class, self.inheritance, 4, &self.moment)
                    .into_iter()
                    .next()?;
                Some(Obstacle { site: now.site.or(plain.site), ..now })
            }
            _ => self.eval.obstacle_in(value, self.inheritance),
        }
    }

    /// Obstacles among values whose making is not walked.
    fn known(&mut self, values: &[Value], leaf: Site, path: &Path) {
        if !path.parts.is_empty() {
            return;
        }
        for value in values {
            let by_other_rules = matches!(
                value,
                Value::Lambda(_) | Value::Function(_) | Value::Class(_) | Value::Partial(_)
            );
            let taken_apart = path.items;
            if by_other_rules || taken_apart {
                continue;
            }
            if let Some(obstacle) = self.obstacle(value) {
                self.push(What::Object(obstacle), leaf, path);
            }
        }
    }
}
