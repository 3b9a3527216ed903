//! What an instance of a project class holds: attributes, dataclass fields, constructor arguments.

use crate::facts::scopes::BindingKind;
use crate::project::travel::picklability::{Obstacle, object_obstacle};
use crate::project::values::stores::{Stores, stored_by};
use crate::project::values::writes::AttributeWrite;
use crate::project::{Eval, Site, Type, Value};
use crate::syntax::{Field, Kind, NodeId};
use std::collections::BTreeSet;

/// How many bases' constructors are looked into.
const MAX_BASES: u32 = 4;

/// When an object is pickled: what is written later, or in the worker only, does not count.
#[derive(Debug, Clone, Default)]
pub struct Moment {
    /// The method that runs in the worker.
    pub worker: Option<Site>,
    /// The call that sends.
    pub call: Option<Site>,
}

impl Eval<'_> {
    /// Everything that is known to keep instances of the class from crossing at `moment`.
    pub fn state_obstacles(
        &self,
        class: Site,
        inheritance: bool,
        depth: u32,
        moment: &Moment,
    ) -> Vec<Obstacle> {
        if self.controls_its_pickling(class) || (inheritance && self.is_primitive(class)) {
            return Vec::new();
        }
        if self.is_local(class) {
            let name = self.file(class.file).definition_name(class.node);
            return vec![Obstacle::of(
                &format!("an instance of the local class '{name}'"),
                Some(class),
            )];
        }
        // A base that is a Process on one platform and a Thread on another counts as a Process.
        let bases = if self.process_class(class).is_some() {
            Vec::new()
        } else {
            self.external_bases(class)
        };
        for (path, _) in bases {
            if matches!(crate::catalogue::last_part(&path), "TestCase" | "IsolatedAsyncioTestCase")
            {
                return vec![Obstacle::of(
                    "a test case (it holds its runner's streams)",
                    Some(class),
                )];
            }
            if let Some(found) = object_obstacle(&path, Some(class), inheritance) {
                return vec![found];
            }
        }
        self.attribute_obstacles(class, inheritance, depth, moment)
    }

    /// Whether a class derives from one of multiprocessing's own, whose objects say themselves what of them travels.
    pub fn is_primitive(&self, class: Site) -> bool {
        use crate::catalogue::objects::{Travels, made_by};
        self.external_bases(class).iter().any(|(path, _)| {
            made_by(path).is_some_and(|object| object.travels == Travels::Inheritance)
        })
    }

    /// Every attribute of the class's instances that is known to keep them from crossing at `moment`.
    pub fn attribute_obstacles(
        &self,
        class: Site,
        inheritance: bool,
        depth: u32,
        moment: &Moment,
    ) -> Vec<Obstacle> {
        let lineage = self.lineage(class);
        let inside =
            moment.worker.map(|worker| self.worker_methods(&lineage, worker)).unwrap_or_default();
        let ran = moment.call.and_then(|call| self.methods_run_before(class, call));
        let mut found: Vec<Obstacle> = Vec::new();
        for each in lineage {
            for (name, write) in self.own_attribute_writes(each).iter() {
                let method = self.method_around(each, write.target);
                let in_worker = method.is_some_and(|method| inside.contains(&method));
                let later = moment.call.is_some_and(|call| self.is_behind(write.target, call));
                let on_demand = || {
                    method
                        .zip(moment.call)
                        .is_some_and(|(method, call)| self.runs_on_demand(method, call))
                };
                let never_ran =
                    || ran.as_ref().zip(method).is_some_and(|(ran, method)| !ran.contains(&method));
                if in_worker
                    || later
                    || on_demand()
                    || never_ran()
                    || moment.call.is_some_and(|call| self.is_absent_at(write.target, call))
                {
                    continue;
                }
                let Some(value) = write.value.filter(|value| !self.is_always_given(class, *value))
                else {
                    continue;
                };
                let module = self.names_module(value).then(|| Obstacle::of("a module", None));
                let kept =
                    module.or_else(|| self.kept_obstacle(class, value, inheritance, depth - 1));
                let fills = || {
                    self.may_be_filled(value)
                        .then(|| self.put_obstacle(write.target, moment))
                        .flatten()
                };
                let Some(obstacle) = kept.or_else(fills) else { continue };
                if moment.call.is_none_or(|call| !self.runs_after(write.target, call)) {
                    Self::add(&mut found, name, write.target, Some(obstacle));
                }
            }
            for (name, target, values) in
                self.field_values(each).into_iter().chain(self.cached_values(each, moment))
            {
                Self::add(
                    &mut found,
                    &name,
                    target,
                    values.iter().find_map(|value| self.obstacle_of(value, inheritance, depth - 1)),
                );
            }
        }
        found
    }

    /// What keeps the value that an attribute is given from crossing. Of a parameter, all that callers give must agree
    /// (`None` aside): which of them made the object in question is not known.
    fn kept_obstacle(
        &self,
        class: Site,
        value: Site,
        inheritance: bool,
        depth: u32,
    ) -> Option<Obstacle> {
        let tree = self.file(value.file).tree();
        let values = self.values_for(class, value);
        let obstacle_of = |found: &Value| match found {
            // What a function puts into the display that it returns, this call gives.
            Value::Literal(display) if depth > 0 && tree.kind(value.node) == Kind::Call => {
                self.display_obstacle(*display, Some(value), inheritance, depth)
            }
            found => self.obstacle_of(found, inheritance, depth),
        };
        let is_plain = |value: &&Value| match value {
            Value::Unknown | Value::Parameter(_) => false,
            Value::Literal(site) => self.file(site.file).tree().kind(site.node) != Kind::None,
            _ => true,
        };
        let parts = match tree.kind(value.node) {
            Kind::BooleanOperator | Kind::ConditionalExpression => tree.outcomes(value.node),
            _ => vec![value.node],
        };
        let mut given = parts
            .into_iter()
            .map(|node| Site { file: value.file, node })
            .filter(|part| self.is_parameter(*part));
        let differ = given.any(|part| {
            self.values_for(class, part)
                .iter()
                .filter(is_plain)
                .any(|value| obstacle_of(value).is_none())
        });
        if differ { None } else { values.iter().find_map(obstacle_of) }
    }

    fn add(found: &mut Vec<Obstacle>, name: &str, target: Site, obstacle: Option<Obstacle>) {
        let path = format!("self.{name}");
        let Some(inner) = obstacle else { return };
        if found.iter().any(|have| have.path == path || have.path.starts_with(&format!("{path}.")))
        {
            return;
        }
        let path = if inner.path.is_empty() {
            path
        } else {
            format!("{path}{}", inner.path.trim_start_matches("self"))
        };
        found.push(Obstacle { path, site: Some(target), ..inner });
    }

    /// What keeps every instance of a class from crossing at `moment`, whatever its constructor is given.
    pub fn made_obstacle(
        &self,
        class: Site,
        inheritance: bool,
        moment: &Moment,
    ) -> Option<Obstacle> {
        let fed =
            |write: &AttributeWrite| write.value.is_some_and(|value| self.reads_parameter(value));
        let of_base = self
            .external_bases(class)
            .into_iter()
            .find_map(|(path, _)| object_obstacle(&path, Some(class), inheritance));
        of_base.or_else(|| {
            let all = self.attribute_obstacles(class, inheritance, 3, moment);
            let writes: Vec<Site> = self
                .lineage(class)
                .into_iter()
                .flat_map(|each| self.own_attribute_writes(each).to_vec())
                .filter(|(_, write)| fed(write))
                .map(|row| row.1.target)
                .collect();
            all.into_iter()
                .find(|obstacle| obstacle.site.is_none_or(|site| !writes.contains(&site)))
        })
    }

    /// What the methods of a class (or only `name` of it) keep, whatever they are given, that is or holds a lambda of theirs.
    pub fn lambdas_kept(&self, class: Site, name: Option<&str>) -> Vec<Site> {
        let writes = self.attribute_writes_by_name(class);
        let own = writes
            .into_iter()
            .filter(|(attribute, _)| name.is_none_or(|name| name == attribute))
            .filter_map(|(_, write)| write.value);
        own.filter(|value| self.may_hold_a_lambda(*value)).collect()
    }

    /// Whether an expression is a lambda, or makes an object from one: `Compose([Lambda(lambda image: …)])`.
    fn may_hold_a_lambda(&self, value: Site) -> bool {
        let tree = self.file(value.file).tree();
        let makes = matches!(
            tree.kind(value.node),
            Kind::Call | Kind::List | Kind::Tuple | Kind::Dictionary
        );
        tree.kind(value.node) == Kind::Lambda
            || makes && tree.subtree(value.node).any(|node| tree.kind(node) == Kind::Lambda)
    }

    /// Whether an expression is `defaultdict(lambda: …)` or another such call that keeps a lambda.
    pub fn makes_from_lambda(&self, value: Site) -> bool {
        let tree = self.file(value.file).tree();
        let given =
            || self.all_arguments(value).into_iter().any(|given| self.is_made_of_lambda(given));
        let callee = tree
            .child(value.node, Field::Function)
            .filter(|_| tree.kind(value.node) == Kind::Call && given());
        callee.is_some_and(|callee| {
            let keeps = |callee: &Value| matches!(callee, Value::External { path, .. } if matches!(stored_by(path), Stores::Arguments) && &**path != "functools.partial");
            self.values(Site { file: value.file, node: callee }).iter().any(keeps)
        })
    }

    /// Whether an expression is a lambda, or a display or a new object that holds one.
    fn is_made_of_lambda(&self, value: Site) -> bool {
        let tree = self.file(value.file).tree();
        let at = |node| Site { file: value.file, node };
        match tree.kind(value.node) {
            Kind::Lambda => true,
            Kind::Call => self.makes_from_lambda(value),
            Kind::Pair => tree
                .child(value.node, Field::Value)
                .is_some_and(|inner| self.is_made_of_lambda(at(inner))),
            Kind::List | Kind::Tuple | Kind::Dictionary => {
                tree.children(value.node).any(|item| self.is_made_of_lambda(at(item)))
            }
            _ => false,
        }
    }

    /// Whether an expression reads a parameter of the function around it.
    fn reads_parameter(&self, value: Site) -> bool {
        let facts = self.file(value.file);
        let tree = facts.tree();
        tree.subtree(value.node).filter(|node| tree.kind(*node) == Kind::Identifier).any(|node| {
            facts.scopes.resolve_name(node).is_some_and(|(home, name)| {
                facts
                    .scopes
                    .bindings(home, name)
                    .iter()
                    .any(|binding| matches!(binding.kind, BindingKind::Parameter { .. }))
            })
        })
    }

    /// Whether an expression is the name of an imported module.
    fn names_module(&self, expression: Site) -> bool {
        let facts = self.file(expression.file);
        let Some((home, name)) =
            facts.scopes.resolve_name(facts.tree().unparenthesized(expression.node))
        else {
            return false;
        };
        let bindings = facts.scopes.bindings(home, name);
        !bindings.is_empty()
            && bindings
                .iter()
                .all(|binding| matches!(binding.kind, BindingKind::Import { attribute: None, .. }))
    }

    /// The arguments of a constructor call that the new object keeps.
    pub fn stored_arguments(&self, class: Site, call: Site) -> Vec<Site> {
        let Some((home, init)) = self.method(class, "__init__") else {
            return if self.keeps_all_arguments(class) {
                self.all_arguments(call)
                    .into_iter()
                    .chain(self.defaults_kept(class, call))
                    .collect()
            } else {
                Vec::new()
            };
        };
        self.arguments_kept_by(home, init, call)
    }

    /// The arguments of a call of `init`, the `__init__` of the class `home`, that the object keeps.
    pub fn arguments_kept_by(&self, home: Site, init: Site, call: Site) -> Vec<Site> {
        let kept = self.kept_parameters(home, init, MAX_BASES);
        let has_splat = self.has_splat(call);
        let default = |name: &str| self.default_of(init, name).filter(|_| !has_splat);
        let by_parameter = kept.into_iter().filter_map(|(name, position)| {
            self.argument(call, name, position).or_else(|| default(name))
        });
        by_parameter.chain(self.keywords_kept_by(init, call)).collect()
    }

    /// The parameters of an `__init__` whose objects end up in attributes, also by way of the `__init__` of a base, with
    /// their positions behind `self`.
    fn kept_parameters(&self, home: Site, init: Site, depth: u32) -> Vec<(&str, i32)> {
        let facts = self.file(init.file);
        let tree = facts.tree();
        let mut kept: BTreeSet<&str> = self
            .own_attribute_writes(home)
            .iter()
            .filter_map(|(_, write)| write.value)
            .flat_map(|value| kept_names(tree, value.node))
            .map(|node| facts.text(node))
            .collect();
        let calls =
            facts.calls.iter().copied().filter(|call| depth > 0 && tree.contains(init.node, *call));
        for call in calls.map(|node| Site { file: init.file, node }) {
            let Some((base, of_base)) = self.base_init(call) else { continue };
            for (name, position) in self.kept_parameters(base, of_base, depth - 1) {
                let given = self.argument(call, name, position);
                kept.extend(
                    given
                        .into_iter()
                        .flat_map(|given| kept_names(tree, given.node))
                        .map(|node| facts.text(node)),
                );
            }
        }
        let Some(parameters) = tree.child(init.node, Field::Parameters) else { return Vec::new() };
        let mut found = Vec::new();
        for (position, parameter) in tree.children(parameters).skip(1).enumerate() {
            let named = tree.child(parameter, Field::Name).unwrap_or(parameter);
            let Some(name) = tree.subtree(named).find(|node| tree.kind(*node) == Kind::Identifier)
            else {
                continue;
            };
            if kept.contains(facts.text(name)) {
                found.push((facts.text(name), position as i32));
            }
        }
        found
    }

    /// The class and the `__init__` that a `super().__init__(…)` runs.
    pub fn base_init(&self, call: Site) -> Option<(Site, Site)> {
        let facts = self.file(call.file);
        let callee = facts
            .tree()
            .child(call.node, Field::Function)
            .filter(|callee| facts.text(*callee) == "super().__init__")?;
        let init = self.values(Site { file: call.file, node: callee }).iter().find_map(
            |value| match value {
                Value::Method { function, .. } => *function,
                _ => None,
            },
        )?;
        let class = self.file(init.file).tree().enclosing(init.node, &[Kind::ClassDefinition])?;
        Some((Site { file: init.file, node: class }, init))
    }

    /// Dataclasses, named tuples and exceptions keep what they are given.
    pub(in crate::project) fn keeps_all_arguments(&self, class: Site) -> bool {
        self.lineage(class).into_iter().any(|each| self.is_dataclass(each))
            || self.external_bases(class).iter().any(|(path, _)| {
                let last = crate::catalogue::last_part(path);
                last == "NamedTuple" || last.ends_with("Error") || last.ends_with("Exception")
            })
    }

    pub(in crate::project) fn is_dataclass(&self, class: Site) -> bool {
        self.has_decorator(
            class,
            &["dataclass", "define", "frozen", "attrs", "attrib", "mutable", "s"],
        )
    }

    /// The methods that run in the worker only: `worker`, and those that nothing but they call.
    pub fn worker_methods(&self, lineage: &[Site], worker: Site) -> BTreeSet<Site> {
        let mut inside = BTreeSet::new();
        let called_outside = |method: Site, inside: &BTreeSet<Site>| {
            let name = self.file(method.file).definition_name(method.node);
            self.project.calls_named(name).iter().any(|call| {
                let within = inside.iter().chain([&method]).any(|each| {
                    each.file == call.file
                        && self.file(call.file).tree().contains(each.node, call.node)
                });
                !within && self.may_run(*call, method)
            })
        };
        if called_outside(worker, &inside) {
            return inside;
        }
        inside.insert(worker);
        loop {
            let before = inside.len();
            for class in lineage {
                let facts = self.file(class.file);
                let Some(body) = facts.tree().child(class.node, Field::Body) else { continue };
                let methods: Vec<NodeId> = facts
                    .tree()
                    .children(body)
                    .filter_map(|node| definition(facts.tree(), node))
                    .collect();
                for node in methods {
                    let method = Site { file: class.file, node };
                    let name = facts.definition_name(node);
                    let special = name.starts_with("__") && name.ends_with("__");
                    let used = !self.project.calls_named(name).is_empty();
                    if !special
                        && used
                        && !inside.contains(&method)
                        && !called_outside(method, &inside)
                    {
                        inside.insert(method);
                    }
                }
            }
            if inside.len() == before {
                return inside;
            }
        }
    }

    /// Whether a call of a method's name may run it: `subprocess.run(…)` does not.
    pub fn may_run(&self, call: Site, method: Site) -> bool {
        let callee = self.file(call.file).tree().child(call.node, Field::Function);
        let values = callee.map(|node| self.values(Site { file: call.file, node }));
        let may = |value: &Value| match value {
            Value::Function(function) => *function == method,
            // An object of a base class may be one of the class that overrides the method.
            Value::Method { receiver: Type::Class(other), .. } => {
                self.class_around(method).is_none_or(|class| {
                    self.lineage(class).contains(other) || self.lineage(*other).contains(&class)
                })
            }
            Value::External { .. }
            | Value::Class(_)
            | Value::Lambda(_)
            | Value::Method { receiver: Type::External { .. }, .. } => false,
            _ => true,
        };
        values.is_none_or(|values| values.is_empty() || values.iter().any(may))
    }

    /// The method that holds `place`: of `class`, or of a base of it, which may stand in another file.
    pub fn method_around(&self, class: Site, place: Site) -> Option<Site> {
        let tree = self.file(place.file).tree();
        let is_class = |up: NodeId| {
            if class.file == place.file {
                up == class.node
            } else {
                tree.kind(up) == Kind::ClassDefinition
            }
        };
        let functions = tree
            .ancestors(place.node)
            .take_while(|up| !is_class(*up))
            .filter(|up| tree.kind(*up) == Kind::FunctionDefinition);
        functions.last().map(|node| Site { file: place.file, node })
    }

    /// Whether `place` is reached only after `call` in one run of the function that holds both.
    pub(in crate::project) fn is_behind(&self, place: Site, call: Site) -> bool {
        let facts = self.file(place.file);
        let tree = facts.tree();
        if place.file != call.file
            || facts.enclosing_function(place.node) != facts.enclosing_function(call.node)
        {
            return false;
        }
        let statement = facts.statement(place.node);
        tree.start(statement) >= tree.end(call.node)
            && !tree.ancestors(place.node).any(|up| {
                matches!(tree.kind(up), Kind::ForStatement | Kind::WhileStatement)
                    && tree.contains(up, call.node)
            })
    }
}

/// The `def` that a statement of a class body is, decorated or not.
pub fn definition(tree: &crate::syntax::Tree, statement: NodeId) -> Option<NodeId> {
    match tree.kind(statement) {
        Kind::FunctionDefinition => Some(statement),
        Kind::DecoratedDefinition => tree
            .child(statement, Field::Definition)
            .filter(|inner| tree.kind(*inner) == Kind::FunctionDefinition),
        _ => None,
    }
}

/// The names whose objects an expression hands on unchanged.
fn kept_names(tree: &crate::syntax::Tree, value: NodeId) -> Vec<NodeId> {
    match tree.kind(value) {
        Kind::Identifier => vec![value],
        Kind::BooleanOperator | Kind::ConditionalExpression => {
            tree.outcomes(value).into_iter().flat_map(|inner| kept_names(tree, inner)).collect()
        }
        Kind::ParenthesizedExpression
        | Kind::List
        | Kind::Tuple
        | Kind::Dictionary
        | Kind::Pair
        | Kind::ExpressionList => {
            tree.children(value).flat_map(|inner| kept_names(tree, inner)).collect()
        }
        _ => Vec::new(),
    }
}
