//! What a statement does besides binding names: nothing, set something up, work, or something that can be seen.

use crate::catalogue::objects::{self, Travels};
use crate::facts::execution;
use crate::project::behaviour::effect_tables::{
    DIFFERENT, DIFFERENT_UNLESS_GIVEN, LOGS, NOT_SEEN, PURE, PURE_BUILTINS, RANDOM, SEEN, SETUP,
    STANDARD_MODULES, STATELESS,
};
use crate::project::processes::starts::called_name;
use crate::project::{Eval, FileId, Site, Type, Value};
use crate::syntax::{Field, Kind, NodeId, Tree};

/// Chains of project functions are followed this far.
const MAX_DEPTH: u32 = 6;

/// How much a piece of code does, ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Computes from constants, or makes an object that does nothing yet.
    Pure,
    /// Sets up the interpreter or a library: what comes later may depend on it, and doing it again does no harm.
    Setup,
    /// Anything else.
    Work,
    /// Something that is seen when every child does it again, or that takes long.
    Seen,
}

/// What a piece of code does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effect {
    /// How much.
    pub level: Level,
    /// For [`Level::Seen`]: the place, and what it does ("prints").
    pub cause: Option<(Site, &'static str)>,
    /// Whether doing it again in a child does harm or gives something else: reads standard input, opens for writing,
    /// makes an object that processes were to share.
    pub repeatable: bool,
    /// Whether it gives something else each time: the time, a random number, the process id.
    pub differs: bool,
    /// Whether imports below may depend on it: it sets something up, or calls a library for nothing but its effect.
    pub prepares: bool,
}

impl Effect {
    const PURE: Self =
        Self { level: Level::Pure, cause: None, repeatable: true, differs: false, prepares: false };

    fn of(level: Level) -> Self {
        Self { level, prepares: level == Level::Setup, ..Self::PURE }
    }

    fn join(self, other: Self) -> Self {
        let strongest = if other.level > self.level { other } else { self };
        Self {
            repeatable: self.repeatable && other.repeatable,
            differs: self.differs || other.differs,
            prepares: self.prepares || other.prepares,
            ..strongest
        }
    }

    fn seen(call: Site, what: &'static str, repeatable: bool) -> Self {
        Self { level: Level::Seen, cause: Some((call, what)), repeatable, ..Self::PURE }
    }
}

/// Whether `path` is in a list, or starts with an entry that ends with a dot or an underscore.
fn listed(list: &[&str], path: &str) -> bool {
    list.iter().any(|entry| {
        if entry.ends_with(['.', '_']) { path.starts_with(entry) } else { path == *entry }
    })
}

impl Eval<'_> {
    /// What running `root` (a statement of `file`) does.
    pub fn effect_of(&self, file: FileId, root: NodeId) -> Effect {
        self.effect_of_nodes(file, &execution::executed(self.file(file), root), MAX_DEPTH)
    }

    fn effect_of_nodes(&self, file: FileId, nodes: &[NodeId], depth: u32) -> Effect {
        let facts = self.file(file);
        let tree = facts.tree();
        nodes.iter().fold(Effect::PURE, |found, node| {
            let own = match tree.kind(*node) {
                Kind::Call => self.effect_of_call(Site { file, node: *node }, depth),
                Kind::ForStatement
                | Kind::WhileStatement
                | Kind::WithStatement
                | Kind::Await
                | Kind::Yield => Effect::of(Level::Work),
                Kind::Assignment | Kind::AugmentedAssignment => self.effect_of_target(file, *node),
                Kind::Attribute => self.effect_of_stdin(Site { file, node: *node }),
                _ => Effect::PURE,
            };
            found.join(own)
        })
    }

    /// Assignments to what belongs to a library (`os.environ["X"] = …`, `plt.rcParams[…] = …`) set it up.
    fn effect_of_target(&self, file: FileId, assignment: NodeId) -> Effect {
        let facts = self.file(file);
        let tree = facts.tree();
        let Some(mut left) = tree.child(assignment, Field::Left) else { return Effect::PURE };
        if !matches!(tree.kind(left), Kind::Attribute | Kind::Subscript) {
            return Effect::PURE;
        }
        // What a script makes of its arguments is its own affair: children are given the result.
        if facts.text(left).starts_with("sys.argv") {
            return Effect::of(Level::Work);
        }
        while let Some(inner) =
            tree.child(left, Field::Object).or_else(|| tree.child(left, Field::Value))
        {
            left = inner;
        }
        let external = self
            .values(Site { file, node: left })
            .iter()
            .any(|value| matches!(value, Value::External { .. } | Value::Module(_)));
        Effect::of(if external { Level::Setup } else { Level::Pure })
    }

    fn effect_of_call(&self, call: Site, depth: u32) -> Effect {
        let tree = self.file(call.file).tree();
        let Some(callee) = tree.child(call.node, Field::Function) else {
            return Effect::of(Level::Work);
        };
        let values = self.values(Site { file: call.file, node: callee });
        let of_literal = self.on_literal(call, callee);
        if let Some(effect) = of_literal {
            return effect;
        }
        if values.is_empty() {
            return Effect::of(Level::Work);
        }
        values
            .iter()
            .fold(Effect::PURE, |found, value| found.join(self.effect_of_value(value, call, depth)))
    }

    /// Methods of displays and strings compute, or change the object only.
    fn on_literal(&self, call: Site, callee: NodeId) -> Option<Effect> {
        let tree = self.file(call.file).tree();
        let object =
            tree.child(callee, Field::Object).filter(|_| tree.kind(callee) == Kind::Attribute)?;
        let values = self.values(Site { file: call.file, node: object });
        let plain =
            !values.is_empty() && values.iter().all(|value| matches!(value, Value::Literal(_)));
        plain.then_some(Effect::PURE)
    }

    fn effect_of_value(&self, value: &Value, call: Site, depth: u32) -> Effect {
        match value {
            Value::External { path, .. } => self.effect_of_path(path, call),
            Value::Function(site)
            | Value::Lambda(site)
            | Value::Method { function: Some(site), .. } => {
                self.effect_of_function(*site, call, depth)
            }
            Value::Class(class) => self.effect_of_making(*class, call, depth),
            Value::Method { receiver: Type::External { path, .. }, name, .. } => {
                effect_of_method(path, name)
            }
            _ => Effect::of(Level::Work),
        }
    }

    fn effect_of_function(&self, function: Site, call: Site, depth: u32) -> Effect {
        let facts = self.file(function.file);
        if depth == 0 {
            return Effect::of(Level::Work);
        }
        if facts.is_generator(function.node)
            && facts.tree().kind(function.node) == Kind::FunctionDefinition
        {
            return Effect::PURE;
        }
        let inner = self.effect_of_nodes(
            function.file,
            &execution::body_of(facts, function.node),
            depth - 1,
        );
        Effect { cause: inner.cause.map(|(_, what)| (call, what)), ..inner }
    }

    fn effect_of_making(&self, class: Site, call: Site, depth: u32) -> Effect {
        if self.has_unknown_base(class) {
            return Effect::of(Level::Work);
        }
        let inits = ["__new__", "__init__", "__post_init__"]
            .iter()
            .filter_map(|name| self.method(class, name));
        inits.fold(Effect::PURE, |found, (_, method)| {
            found.join(self.effect_of_function(method, call, depth))
        })
    }

    fn effect_of_path(&self, path: &str, call: Site) -> Effect {
        if let Some(effect) = self.effect_of_builtin(path, call) {
            return effect;
        }
        if !listed(NOT_SEEN, path)
            && let Some((_, what)) = SEEN.iter().find(|(prefix, _)| listed(&[prefix], path))
        {
            return Effect::seen(
                call,
                what,
                !matches!(*what, "reads standard input" | "changes files"),
            );
        }
        if matches!(path, "os.mkdir" | "os.makedirs")
            && self.keyword_argument(call, "exist_ok").is_none()
        {
            return Effect::seen(call, "changes files", true);
        }
        if self.differs(path, call) {
            return Effect { differs: true, ..Effect::of(Level::Work) };
        }
        if let Some(object) = objects::made_by(path)
            && object.travels == Travels::Inheritance
        {
            return Effect { repeatable: false, ..Effect::of(Level::Work) };
        }
        if listed(PURE, path) {
            return Effect::PURE;
        }
        let level =
            if listed(SETUP, path) && !listed(LOGS, path) { Level::Setup } else { Level::Work };
        let tree = self.file(call.file).tree();
        let for_effect =
            tree.parent(call.node).is_some_and(|up| tree.kind(up) == Kind::ExpressionStatement);
        let top = path.split('.').next().unwrap_or(path);
        let of_library = top != "builtins" && !STANDARD_MODULES.contains(&top);
        Effect {
            prepares: level == Level::Setup || (for_effect && of_library),
            ..Effect::of(level)
        }
    }

    /// Whether a statement imports a file of the project that prints or the like while it is imported.
    pub fn imports_noise(&self, statement: Site) -> bool {
        let facts = self.file(statement.file);
        if !matches!(
            facts.tree().kind(statement.node),
            Kind::ImportStatement | Kind::ImportFromStatement
        ) {
            return false;
        }
        let files = self
            .project
            .imported_paths(statement.file, facts, statement.node)
            .into_iter()
            .filter_map(|path| self.project.at(&path));
        files.into_iter().any(|file| {
            let nodes: Vec<NodeId> = execution::executed(self.file(file), Tree::ROOT);
            self.effect_of_nodes(file, &nodes, 2).level == Level::Seen
        })
    }

    /// Whether a call gives something else each time. Random numbers repeat where a seed was set above.
    fn differs(&self, path: &str, call: Site) -> bool {
        let facts = self.file(call.file);
        let given = facts
            .tree()
            .child(call.node, Field::Arguments)
            .is_some_and(|list| facts.tree().children(list).next().is_some());
        let seeded = || facts.all()[..facts.tree().start(call.node) as usize].contains("seed(");
        listed(DIFFERENT, path)
            || (listed(DIFFERENT_UNLESS_GIVEN, path) && !given)
            || (listed(RANDOM, path) && !seeded())
    }

    /// `sys.stdin` where it is read: iterated over, handed to a call, asked for more than its state.
    fn effect_of_stdin(&self, site: Site) -> Effect {
        let facts = self.file(site.file);
        let tree = facts.tree();
        if facts.text(site.node) != "sys.stdin" {
            return Effect::PURE;
        }
        let Some(up) = tree.parent(site.node) else { return Effect::PURE };
        let reads = match tree.kind(up) {
            Kind::ForStatement | Kind::ForInClause | Kind::ArgumentList => true,
            Kind::Attribute => tree.child(up, Field::Attribute).is_some_and(|name| {
                !matches!(
                    facts.text(name),
                    "isatty" | "fileno" | "encoding" | "reconfigure" | "closed"
                )
            }),
            _ => false,
        };
        if reads { Effect::seen(site, "reads standard input", false) } else { Effect::PURE }
    }

    /// `open(os.devnull, "w")`
    fn opens_null_device(&self, call: Site) -> bool {
        let Some(path) = self.argument(call, "file", 0) else { return false };
        let is_null = |value: &Value| matches!(value, Value::External { path, .. } if &**path == "os.devnull");
        self.string_literal(path) == Some("/dev/null") || self.values(path).iter().any(is_null)
    }

    fn effect_of_builtin(&self, path: &str, call: Site) -> Option<Effect> {
        let name = path.strip_prefix("builtins.")?;
        if name == "open" {
            let mode = self
                .argument(call, "mode", 1)
                .and_then(|mode| self.string_literal(mode))
                .unwrap_or("r");
            // Nothing is lost when children open a file to append to it, or the null device, once more.
            let writes = mode.contains(['w', 'x', '+']) && !self.opens_null_device(call);
            return Some(if writes {
                Effect::seen(call, "opens a file for writing", false)
            } else {
                Effect::of(Level::Work)
            });
        }
        // Other names that nothing binds may come from a star import.
        let plain =
            PURE_BUILTINS.contains(&name) || name.ends_with("Error") || name.ends_with("Exception");
        plain.then_some(Effect::PURE)
    }
}

fn effect_of_method(receiver: &str, name: &str) -> Effect {
    let is_logger = receiver.starts_with("logging.");
    if is_logger && (name.starts_with("set") || name.starts_with("add")) {
        return Effect::of(Level::Setup);
    }
    let idle = ["pathlib.", "re.", "collections.", "datetime.", "concurrent.futures."]
        .iter()
        .any(|prefix| receiver.starts_with(prefix));
    let computes = idle
        && !name.starts_with("write")
        && !matches!(
            name,
            "mkdir"
                | "unlink"
                | "touch"
                | "rename"
                | "rmdir"
                | "open"
                | "submit"
                | "map"
                | "shutdown"
        );
    Effect::of(if computes { Level::Pure } else { Level::Work })
}

/// Whether a call changes the objects that it is given.
pub fn changes_arguments(eval: &Eval, call: Site) -> bool {
    let tree = eval.file(call.file).tree();
    let Some(callee) = tree.child(call.node, Field::Function) else { return true };
    let name = called_name(eval, call);
    eval.values(Site { file: call.file, node: callee }).iter().any(|value| match value {
        Value::External { .. } => {
            matches!(name, "shuffle" | "heapify" | "heappush" | "insort" | "setattr" | "exec")
        }
        Value::Method { receiver: Type::External { .. }, .. } => false,
        _ => true,
    })
}

/// Whether a call leaves the object or module that it is looked up on as it is: work of the standard library's modules,
/// messages of loggers.
pub fn leaves_object_alone(eval: &Eval, call: Site) -> bool {
    let tree = eval.file(call.file).tree();
    let Some(callee) = tree.child(call.node, Field::Function) else { return false };
    let values = eval.values(Site { file: call.file, node: callee });
    !values.is_empty()
        && values.iter().all(|value| match value {
            Value::External { path, .. } => {
                listed(LOGS, path) || (listed(STATELESS, path) && !listed(SETUP, path))
            }
            Value::Method { receiver: Type::External { path, .. }, name, .. } => {
                path.starts_with("logging.")
                    && LOGS.iter().any(|log| log.strip_prefix("logging.") == Some(&**name))
            }
            _ => false,
        })
}
