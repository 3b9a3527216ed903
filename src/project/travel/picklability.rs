//! Whether an object can cross a process boundary, as far as its making can be seen.

use crate::catalogue::objects::{self, Travels};
use crate::project::values::instances::Moment;
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
    /// Where it is made.
    pub site: Option<Site>,
    /// Whether it could travel in Process args or initargs.
    pub by_inheritance: bool,
}

impl Obstacle {
    /// An obstacle that is the object itself.
    pub fn of(what: &str, site: Option<Site>) -> Self {
        Self { what: what.to_owned(), path: String::new(), site, by_inheritance: false }
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
        self.values(expression)
            .iter()
            .find_map(|value| self.obstacle_of(value, inheritance, MAX_DEPTH))
    }

    /// As [`obstacle`](Self::obstacle), with what statements put into the container that a captured variable may be.
    pub fn captured_obstacle(&self, variable: Site, inheritance: bool) -> Option<Obstacle> {
        let moment = Moment { worker: None, call: Some(variable) };
        let of_instance = |value: &Value| match value {
            Value::Instance(Type::Class(class)) => {
                self.state_obstacles(*class, inheritance, MAX_DEPTH, &moment).into_iter().next()
            }
            _ => None,
        };
        let filled = || self.values(variable).iter().find_map(of_instance);
        self.obstacle(variable, inheritance)
            .or_else(filled)
            .or_else(|| self.put_obstacle(variable, &moment))
    }

    /// As [`obstacle`](Self::obstacle), for a value that is looked into as deep as any.
    pub fn obstacle_in(&self, value: &Value, inheritance: bool) -> Option<Obstacle> {
        self.obstacle_of(value, inheritance, MAX_DEPTH)
    }

    /// As [`obstacle_in`](Self::obstacle_in), with what is left of the depth.
    pub fn obstacle_of(&self, value: &Value, inheritance: bool, depth: u32) -> Option<Obstacle> {
        if depth == 0 {
            return None;
        }
        let simple = |what: &str, site: Option<Site>| Some(Obstacle::of(what, site));
        match value {
            Value::Instance(Type::External { made: Some(call), .. })
                if self.makes_from_lambda(*call) =>
            {
                simple("a lambda", Some(*call))
            }
            Value::Instance(Type::External { path, made, .. }) => {
                object_obstacle(path, *made, inheritance)
            }
            // What reading the name gives, not what calling it would.
            Value::External { path, .. }
                if matches!(&**path, "sys.stdout" | "sys.stderr" | "sys.stdin" | "os.environ") =>
            {
                object_obstacle(path, None, inheritance)
            }
            Value::Instance(Type::Class(class)) => {
                self.instance_obstacle(*class, inheritance, depth)
            }
            Value::Module(_) => simple("a module", None),
            Value::Lambda(site) => simple("a lambda", Some(*site)),
            Value::Function(site) if self.is_local(*site) => {
                simple("a local function", Some(*site))
            }
            Value::Class(site) if self.is_local(*site) => simple("a local class", Some(*site)),
            // An attribute of which nothing is known but that a base outside the project may have it.
            Value::Method { receiver: Type::Class(_), function: None, .. } => None,
            Value::Method { receiver, function, object, .. } => {
                if function.is_some_and(|function| {
                    self.has_decorator(function, &["staticmethod", "classmethod"])
                }) {
                    return None;
                }
                self.obstacle_of(&Value::Instance(receiver.clone()), inheritance, depth - 1)
                    .map(|inner| Obstacle { site: inner.site.or(Some(*object)), ..inner })
            }
            Value::Literal(site) => self.display_obstacle(*site, None, inheritance, depth),
            Value::Result(call) => self.result_obstacle(*call),
            Value::Partial(call) => self.all_arguments(*call).into_iter().find_map(|argument| {
                self.values(argument)
                    .iter()
                    .find_map(|value| self.obstacle_of(value, inheritance, depth - 1))
            }),
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

    /// What a literal holds that cannot cross; `call` is the call that gives it, if only what that puts into it counts.
    pub(in crate::project) fn display_obstacle(
        &self,
        site: Site,
        call: Option<Site>,
        inheritance: bool,
        depth: u32,
    ) -> Option<Obstacle> {
        let tree = self.file(site.file).tree();
        let of_item = |node: NodeId| {
            let item = Site { file: site.file, node };
            let values = call
                .map_or_else(|| self.values(item).to_vec(), |call| self.returned_by(item, call));
            values
                .iter()
                .find_map(|value| self.obstacle_of(value, inheritance, depth.saturating_sub(1)))
        };
        match tree.kind(site.node) {
            Kind::GeneratorExpression => Some(Obstacle::of("a generator", Some(site))),
            Kind::List | Kind::Tuple | Kind::Set | Kind::ExpressionList => {
                tree.children(site.node).take(MAX_ITEMS).find_map(of_item)
            }
            Kind::Dictionary => {
                let pairs = tree
                    .children(site.node)
                    .filter(|pair| tree.kind(*pair) == Kind::Pair)
                    .take(MAX_ITEMS);
                pairs.filter_map(|pair| tree.child(pair, Field::Value)).find_map(of_item)
            }
            _ => None,
        }
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

    /// What an instance of a project class holds that cannot cross.
    pub fn instance_obstacle(
        &self,
        class: Site,
        inheritance: bool,
        depth: u32,
    ) -> Option<Obstacle> {
        if depth == 0 {
            return None;
        }
        self.state_obstacles(class, inheritance, depth, &Moment::default()).into_iter().next()
    }

    /// Whether the class, or one of its bases, says itself how it is pickled: its attributes need not travel.
    pub fn controls_its_pickling(&self, class: Site) -> bool {
        ["__getstate__", "__reduce__", "__reduce_ex__", "__getnewargs__", "__getnewargs_ex__"]
            .iter()
            .any(|name| self.method(class, name).is_some())
            || self.external_bases(class).iter().any(|(path, _)| {
                // Primitives of multiprocessing pickle what inheritance needs and nothing else.
                OWN_PICKLING.contains(&&**path)
                    || objects::made_by(path)
                        .is_some_and(|object| object.travels == Travels::Inheritance)
            })
    }
}

/// Library classes whose objects are pickled without the attributes that subclasses add.
const OWN_PICKLING: &[&str] = &[
    "logging.Logger",
    "requests.Session",
    "requests.sessions.Session",
    "pathlib.Path",
    "pathlib.PurePath",
];

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
            by_inheritance: travels == Travels::Inheritance,
        }),
    }
}
