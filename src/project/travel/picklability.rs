//! Whether an object can cross a process boundary, as far as its making can be seen.

use crate::catalogue::objects::{self, Travels};
use crate::project::dataflow::{Allocation, Found, Source};
use crate::project::travel::state::Moment;
use crate::project::{Eval, Site, Type, Value};
use crate::syntax::{Field, Kind, NodeId};

/// How deep objects are looked into: an attribute of an attribute. Farther away, too many objects may be meant.
const MAX_DEPTH: u32 = 3;
/// How many items of one display are looked at.
const MAX_ITEMS: usize = 64;

/// Why an object cannot cross.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Obstacle {
    /// What cannot cross, with an article: "a thread lock".
    pub what: String,
    /// The way to it: `self._lock`, or empty for the object itself.
    pub path: String,
    /// Where it is made; of what an attribute keeps, the place that stores it.
    pub site: Option<Site>,
    /// Where it is made, whatever keeps it.
    pub made: Option<Site>,
    /// Whether it could travel in Process args or initargs.
    pub by_inheritance: bool,
}

impl Obstacle {
    /// An obstacle that is the object itself.
    pub fn of(what: &str, site: Option<Site>) -> Self {
        Self { what: what.to_owned(), path: String::new(), site, made: site, by_inheritance: false }
    }

    /// What it is, in the words of a message about `name`.
    pub fn told_of(&self, name: &str) -> String {
        if self.path.is_empty() {
            format!("{name} is {}", self.what)
        } else {
            format!("{name} holds {} ({})", self.what, self.path)
        }
    }
}

impl Eval<'_> {
    /// The first thing that keeps what `expression` may be from crossing; `None` if nothing is known to.
    ///
    /// `inheritance` tells whether multiprocessing's own primitives may travel (Process args and initargs).
    pub fn obstacle(&self, expression: Site, inheritance: bool) -> Option<Obstacle> {
        self.obstacle_at(expression, inheritance, &Moment::default())
    }

    /// As [`obstacle`](Self::obstacle), for a captured variable that is read at `variable`.
    pub fn captured_obstacle(&self, variable: Site, inheritance: bool) -> Option<Obstacle> {
        let moment = Moment { worker: None, call: Some(variable) };
        self.obstacle_at(variable, inheritance, &moment).or_else(|| self.kept_process(variable))
    }

    /// The process that an object of a class of the project keeps, once it has started it.
    fn kept_process(&self, object: Site) -> Option<Obstacle> {
        // What a method makes for its own object is judged where it is sent.
        if self.self_class(object).is_some() {
            return None;
        }
        self.values(object).iter().find_map(|value| match value {
            Value::Instance(Type::Class(class)) => self.process_kept_by(*class),
            _ => None,
        })
    }

    fn obstacle_at(&self, at: Site, inheritance: bool, moment: &Moment) -> Option<Obstacle> {
        let found = self.found(at);
        found.iter().find_map(|each| self.obstacle_of(each, inheritance, MAX_DEPTH, moment))
    }

    /// As [`obstacle`](Self::obstacle), for one thing that an expression may be, as it is at `moment`; attributes of
    /// attributes are looked into `depth` deep.
    pub fn obstacle_of(
        &self,
        found: &Found,
        inheritance: bool,
        depth: u32,
        moment: &Moment,
    ) -> Option<Obstacle> {
        if depth == 0 {
            return None;
        }
        let inner = |found: &Found| self.obstacle_of(found, inheritance, depth - 1, moment);
        match &found.source {
            Source::Instance { .. } => {
                self.state_obstacles(&found.source, inheritance, depth, moment).into_iter().next()
            }
            Source::Method { object, name, function: None, .. }
                if self.is_set_by_program(object, name) =>
            {
                None
            }
            Source::Method { object, function, at, .. } => {
                let is_bound = function.is_none_or(|function| {
                    !self.has_decorator(function, &["staticmethod", "classmethod"])
                });
                // An attribute of which nothing is known but that a base outside the project may have it.
                let is_known = function.is_some() || !matches!(**object, Source::Instance { .. });
                let tree = self.file(at.file).tree();
                let named = tree.child(at.node, Field::Object).unwrap_or(at.node);
                Some(Found::new((**object).clone()))
                    .filter(|_| is_bound && is_known)
                    .and_then(|object| inner(&object))
                    .map(|inner| Obstacle {
                        site: inner.site.or(Some(Site { file: at.file, node: named })),
                        ..inner
                    })
            }
            Source::Partial(made) => self.all_arguments(made.site).into_iter().find_map(|given| {
                self.solver.sources(given, &made.context).found.iter().find_map(inner)
            }),
            Source::Container { made, view } if view.is_empty() => {
                let itself = self.value_obstacle(&self.found_value(found), inheritance);
                itself.or_else(|| self.items_at(made, moment).iter().find_map(inner))
            }
            // What stands in for an object in a test says nothing about the code that is tested.
            Source::Made { path, made: Some(made), .. }
                if path.starts_with("unittest.mock.")
                    && moment.call.is_some_and(|call| call.file != made.site.file) =>
            {
                None
            }
            _ => self.value_obstacle(&self.found_value(found), inheritance),
        }
    }

    /// Whether the program itself sets that attribute of an object whose class is not its own: `parser.workers = 4`.
    fn is_set_by_program(&self, object: &Source, name: &str) -> bool {
        let Source::Made { made: Some(made), .. } = object else { return false };
        let is_it = |each: &Found| matches!(&each.source, Source::Made { made: Some(owner), .. } if owner.site == made.site);
        let mut owners = self.project.stores_named(name).iter().map(|row| row.0);
        owners.any(|owner| self.found(owner).iter().any(is_it))
    }

    /// What a container holds at a moment: what it was made with, and what was put into it by then.
    fn items_at(&self, made: &Allocation, moment: &Moment) -> Vec<Found> {
        let tree = self.file(made.site.file).tree();
        if tree.kind(made.site.node) == Kind::GeneratorExpression {
            return Vec::new();
        }
        let early = |item: Site| {
            moment.call.is_none_or(|call| {
                !self.is_behind(item, call)
                    && !self.runs_after(item, call)
                    && !self.are_in_two_tests(item, call)
            })
        };
        let mut items = self.solver.items_made_with(made);
        items.truncate(MAX_ITEMS);
        let additions = self.solver.additions(made).into_iter().filter(|each| early(each.value));
        for addition in additions.take(MAX_ITEMS) {
            let added = self.solver.sources(addition.value, &addition.callers).found;
            let added =
                added.iter().filter(|each| each.way.handed_over.iter().all(|at| early(*at)));
            if addition.is_spread {
                items
                    .extend(added.flat_map(|each| self.solver.items(&each.source, addition.value)));
            } else {
                items.extend(added.cloned());
            }
        }
        items
    }

    /// What keeps a value from crossing that holds nothing else.
    pub fn value_obstacle(&self, value: &Value, inheritance: bool) -> Option<Obstacle> {
        let simple = |what: &str, site: Option<Site>| Some(Obstacle::of(what, site));
        match value {
            Value::Instance(Type::External { made: Some(call), .. })
                if self.makes_from_lambda(*call) =>
            {
                simple("a lambda", Some(*call))
            }
            Value::Instance(Type::External { path, made, .. }) => {
                object_obstacle(path, *made, inheritance).filter(|_| !self.has_reducer(path))
            }
            // What reading the name gives, not what calling it would.
            Value::External { path, .. }
                if matches!(&**path, "sys.stdout" | "sys.stderr" | "sys.stdin" | "os.environ") =>
            {
                object_obstacle(path, None, inheritance)
            }
            Value::Module(_) => simple("a module", None),
            Value::Lambda(site) => simple("a lambda", Some(*site)),
            Value::Function(site) if self.is_local(*site) => {
                simple("a local function", Some(*site))
            }
            Value::Class(site) if self.is_local(*site) => simple("a local class", Some(*site)),
            Value::Literal(site)
                if self.file(site.file).tree().kind(site.node) == Kind::GeneratorExpression =>
            {
                simple("a generator", Some(*site))
            }
            Value::Result(call) => self.result_obstacle(*call),
            _ => None,
        }
    }

    /// Whether a definition stands inside a function, so that it has no importable name.
    pub fn is_local(&self, definition: Site) -> bool {
        let facts = self.file(definition.file);
        if facts.enclosing_function(definition.node).is_none() {
            return false;
        }
        // `global f` inside the function makes it importable.
        let tree = facts.tree();
        let Some(name) = tree.child(definition.node, Field::Name) else { return true };
        facts.scopes.resolve_name(name).is_none_or(|(home, _)| home != facts.scopes.module())
    }

    /// Whether only the entry-point guard defines a class, so that children do not have it.
    pub fn is_main_only_class(&self, class: Site) -> bool {
        let facts = self.file(class.file);
        facts.enclosing_function(class.node).is_none()
            && crate::facts::guard::is_guarded(facts, class.node)
    }

    /// Calls of methods and functions whose result cannot cross: dict views, generator functions.
    fn result_obstacle(&self, call: Site) -> Option<Obstacle> {
        let facts = self.file(call.file);
        let tree = facts.tree();
        let callee = tree.child(call.node, Field::Function)?;
        let found = |what: &str| Some(Obstacle::of(what, Some(call)));
        if self.is_view(callee, call) {
            return found("a dict view");
        }
        let makes_it = |maker: &NodeId| {
            tree.child(*maker, Field::Function)
                .is_some_and(|node| self.makes_a_class(Site { file: call.file, node }))
        };
        if Some(tree.unparenthesized(callee))
            .filter(|at| tree.kind(*at) == Kind::Call)
            .as_ref()
            .is_some_and(makes_it)
        {
            return found("an object of a class that has no name");
        }
        for value in self.values(Site { file: call.file, node: callee }).iter() {
            match value {
                Value::Function(function) | Value::Method { function: Some(function), .. } => {
                    if self.has_decorator(*function, &["contextmanager", "asynccontextmanager"]) {
                        continue;
                    }
                    if self.file(function.file).is_async(function.node) {
                        return found("a coroutine");
                    }
                    if self.file(function.file).is_generator(function.node) {
                        return found("a generator");
                    }
                }
                // `re.compile(…).match(…)`: the table knows what methods of known objects give.
                Value::Method { receiver: Type::External { path, .. }, name, .. } => {
                    if let Some(obstacle) =
                        object_obstacle(&format!("{path}().{name}"), Some(call), false)
                    {
                        return Some(obstacle);
                    }
                }
                _ => {}
            }
        }
        None
    }

    /// Whether a call is `keys()`, `values()` or `items()` of a dictionary.
    fn is_view(&self, callee: NodeId, call: Site) -> bool {
        let facts = self.file(call.file);
        let tree = facts.tree();
        let (Some(object), Some(name)) =
            (tree.child(callee, Field::Object), tree.child(callee, Field::Attribute))
        else {
            return false;
        };
        if !matches!(facts.text(name), "keys" | "values" | "items")
            || !self.positional_arguments(call).is_empty()
        {
            return false;
        }
        let values = self.values(Site { file: call.file, node: object });
        !values.is_empty()
            && values.iter().all(|value| match value {
                Value::Literal(site) => matches!(
                    self.file(site.file).tree().kind(site.node),
                    Kind::Dictionary | Kind::DictionaryComprehension
                ),
                Value::Instance(Type::External { path, .. }) => {
                    matches!(
                        &**path,
                        "builtins.dict"
                            | "collections.defaultdict"
                            | "collections.OrderedDict"
                            | "collections.Counter"
                    )
                }
                _ => false,
            })
    }
}

pub(in crate::project) fn object_obstacle(
    path: &str,
    site: Option<Site>,
    inheritance: bool,
) -> Option<Obstacle> {
    let object = objects::made_by(path)?;
    match object.travels {
        Travels::Yes => None,
        Travels::Inheritance if inheritance => None,
        travels => Some(Obstacle {
            what: object.what.clone(),
            path: String::new(),
            site,
            made: site,
            by_inheritance: travels == Travels::Inheritance,
        }),
    }
}
