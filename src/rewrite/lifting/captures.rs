//! What a callable takes from the functions around it, and whether that can be handed over.

use crate::facts::scopes::{Binding, BindingKind, ScopeId, SymbolFlags};
use crate::findings::{Reason, Refusal};
use crate::project::dataflow::Source;
use crate::project::travel::picklability::Obstacle;
use crate::project::travel::state::Moment;
use crate::project::{Argument, Callable, Content, Eval, FileId, Site, What};
use crate::rewrite::lifting::decorators;
use crate::rewrite::lifting::evaluated;
use crate::rewrite::lifting::free_names;
use crate::rewrite::lifting::hoist;
use crate::rewrite::lifting::registered;
use crate::rewrite::state::globals;
use crate::syntax::{Field, Kind, NodeId};

/// A variable of an enclosing function.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Variable {
    /// The scope that holds it.
    pub home: ScopeId,
    /// Its name.
    pub name: String,
    /// The attribute of its object that is meant, where the object itself cannot travel.
    pub attribute: Option<String>,
}

impl Variable {
    /// A variable as a whole.
    pub fn new(home: ScopeId, name: impl Into<String>) -> Self {
        Self { home, name: name.into(), attribute: None }
    }

    /// The expression that reads it.
    pub fn expression(&self) -> String {
        self.attribute
            .as_ref()
            .map_or_else(|| self.name.clone(), |attribute| format!("{}.{attribute}", self.name))
    }

    /// What a parameter for it is called, if nothing else is called so.
    pub(in crate::rewrite) fn parameter(&self) -> &str {
        let own = self.attribute.as_deref().map_or("", |attribute| attribute.trim_matches('_'));
        if own.is_empty() || own.starts_with(|c: char| c.is_ascii_digit()) {
            &self.name
        } else {
            own
        }
    }
}

/// What a captured variable is, which decides how the rewritten callable gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CaptureKind {
    /// An object: bound where the callable is used.
    Value,
    /// A module imported in the enclosing function: imported again in the body.
    Module {
        /// The import statement, one line.
        statement: String,
    },
    /// A local function, lambda or class: hoisted along.
    Definition(NodeId),
    /// A type parameter of a function or class around it, which the moved definition gets as its own.
    TypeParameter,
}

/// One captured variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capture {
    /// The variable.
    pub variable: Variable,
    /// What it is.
    pub kind: CaptureKind,
    /// Where the callable (or a function inside it) reads it.
    pub reads: Vec<NodeId>,
}

/// Globals that only the entry-point guard binds, a function around the callable, or one that only the main process calls: a
/// child, which runs none of them, does not have them.
fn guarded_globals(eval: &Eval, file: FileId, callable: NodeId) -> Vec<Variable> {
    let facts = eval.file(file);
    let tree = facts.tree();
    let module = facts.scopes.module();
    let mut names: std::collections::BTreeSet<String> = std::collections::BTreeSet::new();
    for scope in tree.subtree(callable).filter_map(|node| facts.scopes.inner(node)) {
        let read = facts.scopes.get(scope).symbols.iter().filter(|(_, symbol)| {
            symbol.home == module && symbol.flags.contains(SymbolFlags::REFERENCED)
        });
        names.extend(read.map(|(name, _)| name.clone()));
    }
    let encloses = |scope: ScopeId| tree.contains(facts.scopes.get(scope).node, callable);
    let is_guarded = |name: &String| {
        let bindings = facts.scopes.bindings(module, name);
        let main_only = |binding: &crate::facts::scopes::Binding| {
            let function = facts.enclosing_function(binding.node).map(|node| Site { file, node });
            globals::is_value(binding)
                && function.is_some_and(|function| {
                    !is_passed_on(facts, function.node) && globals::is_main_only(eval, function)
                })
        };
        let missing = |binding: &crate::facts::scopes::Binding| {
            if binding.scope == module {
                guard_around(facts, binding.node).is_some()
            } else {
                encloses(binding.scope) || main_only(binding)
            }
        };
        !bindings.is_empty() && bindings.iter().all(missing)
    };
    names.into_iter().filter(is_guarded).map(|name| Variable::new(module, name)).collect()
}

/// Whether a function is used otherwise than by calling it: as the initializer of workers it binds its globals there.
pub(in crate::rewrite) fn is_passed_on(facts: &crate::facts::FileFacts, function: NodeId) -> bool {
    let tree = facts.tree();
    let Some((home, name)) =
        tree.child(function, Field::Name).and_then(|name| facts.scopes.resolve_name(name))
    else {
        return true;
    };
    let is_callee = |read: NodeId| {
        tree.parent(read)
            .is_some_and(|up| tree.kind(up) == Kind::Call && tree.field(read) == Field::Function)
    };
    facts
        .scopes
        .references(home, name)
        .iter()
        .any(|read| facts.scopes.is_read(*read) && !is_callee(*read))
}

/// The entry-point guard whose body holds `node`, if one does.
pub fn guard_around(facts: &crate::facts::FileFacts, node: NodeId) -> Option<NodeId> {
    let tree = facts.tree();
    let statement = facts.top_level_statement(node);
    let inside =
        tree.child(statement, Field::Consequence).is_some_and(|body| tree.contains(body, node));
    (tree.kind(statement) == Kind::IfStatement
        && inside
        && crate::facts::guard::is_guard(facts, statement))
    .then_some(statement)
}

/// The captures of a `def`, lambda or class body, sorted by first read.
pub fn of(eval: &Eval, file: FileId, callable: NodeId) -> Result<Vec<Capture>, Refusal> {
    let facts = eval.file(file);
    let tree = facts.tree();
    let Some(scope) = facts.scopes.inner(callable) else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for (name, symbol) in crate::rewrite::lifting::free_names::of(facts, callable, scope) {
        if name == "__class__" {
            // The symbol table adds it wherever `super` is named; `super(Class, self)` does without.
            if !free_names::reads_its_class(facts, callable) {
                continue;
            }
            return Err(Refusal::new(
                Reason::FrameIntrospection,
                "the body uses zero-argument super() or __class__, which only works inside the class",
                "name the class: super(Class, self)",
            ));
        }
        let variable = Variable::new(symbol.home, name.clone());
        let reads: Vec<NodeId> = facts
            .scopes
            .references(symbol.home, name)
            .iter()
            .copied()
            .filter(|read| tree.contains(callable, *read))
            .collect();
        if evaluated::only_annotates(facts, callable, symbol.home, name, &reads) {
            continue;
        }
        let kind = kind_of(eval, file, &variable, callable)?;
        found.push(Capture { variable, kind, reads });
    }
    for variable in guarded_globals(eval, file, callable) {
        let reads: Vec<NodeId> = facts
            .scopes
            .references(variable.home, &variable.name)
            .iter()
            .copied()
            .filter(|read| tree.contains(callable, *read))
            .collect();
        let own = facts
            .scopes
            .bindings(variable.home, &variable.name)
            .iter()
            .any(|binding| tree.contains(callable, binding.statement));
        if own
            && tree.kind(callable) != Kind::Lambda
            && facts.definition_name(callable) == variable.name
        {
            // A recursive call of the function itself, which moves.
            found.push(Capture { kind: CaptureKind::Definition(callable), variable, reads });
            continue;
        }
        let kind = kind_of(eval, file, &variable, callable)?;
        found.push(Capture { variable, kind, reads });
    }
    let moves_with_header = registered::keeper(eval, file, callable).is_none();
    for (variable, read) in
        evaluated::named_by_header(facts, callable).into_iter().filter(|_| moves_with_header)
    {
        if found.iter().all(|capture| capture.variable != variable)
            && let Ok(kind @ CaptureKind::Definition(_)) = kind_of(eval, file, &variable, callable)
        {
            found.push(Capture { variable, kind, reads: vec![read] });
        }
    }
    found.sort_by_key(|capture| capture.reads.first().copied());
    Ok(found)
}

fn kind_of(
    eval: &Eval,
    file: FileId,
    variable: &Variable,
    callable: NodeId,
) -> Result<CaptureKind, Refusal> {
    let facts = eval.file(file);
    let tree = facts.tree();
    let bindings = facts.scopes.bindings(variable.home, &variable.name);
    if let Some(write) = bindings.iter().find(|binding| {
        tree.contains(callable, binding.node)
            && facts.scopes.scope_of(binding.node) != variable.home
    }) {
        let line = facts.source.lines().line(tree.start(write.node));
        return Err(Refusal::new(
            Reason::NonlocalWrite,
            format!(
                "the body writes '{}' of the enclosing function (nonlocal, line {line}); in a worker that write is lost",
                variable.name
            ),
            "return the value from the worker and combine the results in the parent",
        ));
    }
    if !bindings.is_empty()
        && bindings.iter().all(|binding| matches!(binding.kind, BindingKind::TypeParameter))
    {
        return Ok(CaptureKind::TypeParameter);
    }
    let all_imports =
        bindings.iter().all(|binding| matches!(binding.kind, BindingKind::Import { .. }));
    if !bindings.is_empty() && all_imports {
        // Several imports of one name (a fallback) are decided where they stand.
        let [binding] = bindings else {
            return Err(unsupported(
                &variable.name,
                "is imported in several ways",
                "import it at module level",
            ));
        };
        return Ok(CaptureKind::Module {
            statement: import_statement(facts, binding.node, binding.statement, &variable.name),
        });
    }
    let is_module =
        |binding: &Binding| matches!(binding.kind, BindingKind::Import { attribute: None, .. });
    if bindings.iter().any(is_module) {
        return Err(Refusal::new(
            Reason::UnpicklableCapture,
            format!("the captured '{}' may be a module, which cannot be pickled", variable.name),
            "import it at module level",
        ));
    }
    if let [binding] = bindings {
        match &binding.kind {
            BindingKind::FunctionDef(node) | BindingKind::ClassDef(node) => {
                return Ok(CaptureKind::Definition(*node));
            }
            BindingKind::Assignment { value: Some(value), path, .. } if path.is_empty() => {
                let value = tree.unparenthesized(*value);
                let makes_a_class = || {
                    tree.child(value, Field::Function)
                        .filter(|_| tree.kind(value) == Kind::Call)
                        .is_some_and(|node| eval.makes_a_class(Site { file, node }))
                };
                if is_plain_assignment(facts, binding.statement)
                    && (tree.kind(value) == Kind::Lambda || makes_a_class())
                {
                    return Ok(CaptureKind::Definition(value));
                }
            }
            _ => {}
        }
    }
    Ok(definition_in_force(facts, variable, callable)
        .map_or(CaptureKind::Value, CaptureKind::Definition))
}

/// The one of several definitions under a name that the callable sees whenever it runs: it stands above the callable, in a suite
/// around it, and nothing binds the name behind it.
fn definition_in_force(
    facts: &crate::facts::FileFacts,
    variable: &Variable,
    callable: NodeId,
) -> Option<NodeId> {
    let tree = facts.tree();
    if variable.home == facts.scopes.module() {
        return None;
    }
    let bindings = facts.scopes.bindings(variable.home, &variable.name);
    let above = bindings.iter().filter(|binding| tree.end(binding.node) <= tree.start(callable));
    let last = above.max_by_key(|binding| binding.node)?;
    let BindingKind::FunctionDef(node) = last.kind else { return None };
    let statement = facts.with_decorators(node);
    let is_around = tree.parent(statement).is_some_and(|suite| tree.contains(suite, callable));
    (is_around
        && last.scope == variable.home
        && !facts.flow().may_rebind_after(variable.home, &variable.name, statement))
    .then_some(node)
}

/// Whether a statement is `name = value` with one target and nothing else.
pub fn is_plain_assignment(facts: &crate::facts::FileFacts, statement: NodeId) -> bool {
    let tree = facts.tree();
    let assignment = if tree.kind(statement) == Kind::ExpressionStatement {
        tree.children(statement).next()
    } else {
        Some(statement)
    };
    assignment.is_some_and(|assignment| {
        tree.kind(assignment) == Kind::Assignment
            && tree
                .child(assignment, Field::Left)
                .is_some_and(|left| tree.kind(left) == Kind::Identifier)
            && tree
                .child(assignment, Field::Right)
                .is_some_and(|right| tree.kind(right) != Kind::Assignment)
    })
}

/// The part of an import statement that binds `name`, as a statement of its own.
fn import_statement(
    facts: &crate::facts::FileFacts,
    node: NodeId,
    statement: NodeId,
    name: &str,
) -> String {
    let tree = facts.tree();
    let alias =
        tree.ancestors(node).find(|up| tree.kind(*up) == Kind::AliasedImport).unwrap_or(node);
    let bound = facts.text(alias);
    match tree.child(statement, Field::ModuleName) {
        Some(module) => format!(
            "from {} import {}",
            facts.text(module),
            if bound.is_empty() { name } else { bound }
        ),
        None => format!("import {bound}"),
    }
}

fn unsupported(name: &str, what: &str, advice: &str) -> Refusal {
    Refusal::new(Reason::UnsupportedShape, format!("the captured '{name}' {what}"), advice)
}

/// Whether the objects that the callable captures can travel with a dispatch, and whether it changes them.
///
/// `along` are the definitions that move with it; `depth` tells how many callables around it are being looked at for whether what they capture can move.
pub fn judge(
    eval: &Eval,
    file: FileId,
    callable: NodeId,
    captures: &[Capture],
    along: &[NodeId],
    inheritance: bool,
    depth: u32,
) -> Result<(), Refusal> {
    for capture in captures {
        if capture.kind != CaptureKind::Value {
            continue;
        }
        let name = &capture.variable.expression();
        let Some(read) = capture.reads.first() else { continue };
        let site = Site { file, node: *read };
        if decorators::replaces_parameter(eval, file, callable, &capture.variable) {
            return Err(Refusal::new(
                Reason::UnpicklableCapture,
                format!(
                    "the captured '{name}' is the function that is decorated: pickle finds the decorator's result under its name"
                ),
                "send a module-level function that is not decorated, or give this one call a fork context: multiprocessing.get_context(\"fork\")",
            ));
        }
        let obstacle = eval
            .captured_obstacle(site, inheritance)
            .and_then(|obstacle| left_of(eval, file, along, obstacle, inheritance));
        if let Some(obstacle) =
            obstacle.filter(|obstacle| !moves_itself(eval, site, obstacle, depth))
        {
            let place = if obstacle.path.is_empty() {
                format!("the captured '{name}' is {}", obstacle.what)
            } else {
                format!(
                    "the captured '{name}' holds {} ({})",
                    obstacle.what,
                    obstacle.path.replacen("self", name, 1)
                )
            };
            return Err(if obstacle.by_inheritance {
                Refusal::new(
                    Reason::InheritanceOnly,
                    format!(
                        "{place}; it can only be shared between processes through inheritance, not with a task"
                    ),
                    "pass it to the workers by the pool's initializer and initargs",
                )
            } else {
                Refusal::new(
                    Reason::UnpicklableCapture,
                    format!("{place}, which cannot be pickled"),
                    "create it in the worker, or give this one call a fork context: multiprocessing.get_context(\"fork\")",
                )
            });
        }
        if let Some(change) = first_change(eval, file, callable, capture)
            && !is_shared(eval, site)
            && is_seen_by_parent(eval, file, callable, capture)
        {
            let line = eval.file(file).source.lines().line(eval.file(file).tree().start(change));
            return Err(Refusal::new(
                Reason::CapturedMutation,
                format!(
                    "the body changes the captured '{name}' (line {line}), which the parent can read afterwards; in a worker that change is lost"
                ),
                "return the change from the worker and apply it in the parent",
            ));
        }
    }
    Ok(())
}

/// What is left of an obstacle where the class of the captured object moves along: what the object holds.
fn left_of(
    eval: &Eval,
    file: FileId,
    along: &[NodeId],
    obstacle: Obstacle,
    inheritance: bool,
) -> Option<Obstacle> {
    let class = obstacle
        .site
        .filter(|site| obstacle.path.is_empty() && site.file == file && along.contains(&site.node));
    match class.filter(|site| eval.file(site.file).tree().kind(site.node) == Kind::ClassDefinition)
    {
        Some(class) => eval
            .attribute_obstacles(
                &Source::any_instance(class),
                inheritance,
                MAX_CHAIN,
                &Moment::default(),
            )
            .into_iter()
            .next(),
        None => Some(obstacle),
    }
}

/// How far chains of captured callables are followed.
const MAX_CHAIN: u32 = 4;

/// Whether a captured object only holds lambdas and local functions that move to module level by fixes of their own.
fn moves_itself(eval: &Eval, captured: Site, obstacle: &Obstacle, depth: u32) -> bool {
    if depth >= MAX_CHAIN || !matches!(obstacle.what.as_str(), "a lambda" | "a local function") {
        return false;
    }
    let contents = eval.contents(Argument::object(captured), false);
    let moves = |content: &Content| {
        let definition = match &content.what {
            What::Callable(Callable::Lambda(site))
                if crate::facts::names::holder(eval.file(site.file), site.node).is_none() =>
            {
                *site
            }
            What::Callable(Callable::Function(site)) => *site,
            _ => return false,
        };
        hoist::Group::collect(eval, definition, Vec::new(), crate::rewrite::Bind::default())
            .is_ok_and(|group| group.judge_within(depth + 1).is_ok())
    };
    !contents.is_empty() && contents.iter().all(moves)
}

/// Methods of the builtin containers that change them.
const CHANGING: &[&str] = &[
    "append",
    "extend",
    "insert",
    "add",
    "update",
    "setdefault",
    "pop",
    "popitem",
    "remove",
    "discard",
    "clear",
    "sort",
    "reverse",
    "appendleft",
    "popleft",
];

/// The first place where the callable changes the captured object: a changing method, an item or attribute assignment.
fn first_change(eval: &Eval, file: FileId, _callable: NodeId, capture: &Capture) -> Option<NodeId> {
    let facts = eval.file(file);
    capture.reads.iter().copied().find(|read| is_change(facts, *read))
}

/// Whether a read of a variable is the object of a change: a changing method, an item or attribute assignment.
pub fn is_change(facts: &crate::facts::FileFacts, read: NodeId) -> bool {
    let tree = facts.tree();
    let mut at = read;
    loop {
        let Some(up) = tree.parent(at) else { return false };
        let is_object = matches!(tree.kind(up), Kind::Attribute) && tree.field(at) == Field::Object;
        let is_container = tree.kind(up) == Kind::Subscript && tree.field(at) == Field::Value;
        if !(is_object || is_container) {
            return false;
        }
        if is_written(tree, up) {
            return true;
        }
        if is_object
            && tree
                .child(up, Field::Attribute)
                .is_some_and(|name| CHANGING.contains(&facts.text(name)))
            && tree.parent(up).is_some_and(|call| {
                tree.kind(call) == Kind::Call && tree.field(up) == Field::Function
            })
        {
            return true;
        }
        at = up;
    }
}

/// Whether a statement assigns to, or deletes, the target.
pub fn is_written(tree: &crate::syntax::Tree, target: NodeId) -> bool {
    let Some(parent) = tree.parent(target) else { return false };
    match tree.kind(parent) {
        Kind::Assignment | Kind::AugmentedAssignment | Kind::ForStatement => {
            tree.field(target) == Field::Left
        }
        Kind::DeleteStatement | Kind::AsPatternTarget => true,
        Kind::PatternList | Kind::TuplePattern | Kind::ListPattern => true,
        Kind::ExpressionList => {
            tree.parent(parent).is_some_and(|up| tree.kind(up) == Kind::DeleteStatement)
        }
        _ => false,
    }
}

/// Whether changes of the object in a worker reach the parent: multiprocessing's own objects, proxies, sockets.
pub fn is_shared(eval: &Eval, site: Site) -> bool {
    let values = eval.values(site);
    !values.is_empty() && values.iter().all(|value| is_shared_value(eval, value))
}

/// As [`is_shared`], for one thing that an expression may be.
pub fn is_shared_value(eval: &Eval, value: &crate::project::Value) -> bool {
    use crate::project::{Type, Value};
    match value {
        Value::Instance(Type::External { path, .. }) => {
            crate::catalogue::objects::made_by(path).is_some_and(|object| object.shared)
        }
        Value::Result(call) => {
            // `manager.dict()` and the like, of another library's manager.
            let tree = eval.file(call.file).tree();
            tree.child(call.node, Field::Function).and_then(|callee| tree.child(callee, Field::Object)).is_some_and(|object| {
                eval.values(Site { file: call.file, node: object })
                    .iter()
                    .any(|value| matches!(value, Value::Instance(Type::External { path, .. }) if path.contains("Manager")))
            })
        }
        _ => false,
    }
}

/// Whether anything but the callable can look at the object once the worker has run.
fn is_seen_by_parent(eval: &Eval, file: FileId, callable: NodeId, capture: &Capture) -> bool {
    let facts = eval.file(file);
    let tree = facts.tree();
    let bindings = facts.scopes.bindings(capture.variable.home, &capture.variable.name);
    if bindings.iter().any(|binding| matches!(binding.kind, BindingKind::Parameter { .. })) {
        return true;
    }
    facts
        .scopes
        .references(capture.variable.home, &capture.variable.name)
        .iter()
        .any(|reference| !tree.contains(callable, *reference))
}
