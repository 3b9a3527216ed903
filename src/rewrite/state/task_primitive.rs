//! Multiprocessing primitives that tasks carry, handed to the workers when they start instead: an initializer keeps them in
//! globals, and new functions take them from there.

use crate::catalogue::last_part;
use crate::facts::FileFacts;
use crate::facts::scopes::BindingKind;
use crate::findings::{Applicability, Fix};
use crate::project::{Callable, Carried, Eval, Sent, Site, Value};
use crate::rewrite::state::task_places::{self, Way};
use crate::rewrite::state::worker_start::{Bound, WorkerStart};
use crate::rewrite::{fresh_name, imports, place};
use crate::syntax::{Field, Kind, NodeId};
use crate::text::Edit;
use std::collections::{BTreeMap, BTreeSet};

/// A primitive: how the code names it, and the name that workers know it by.
struct Primitive {
    text: String,
    own: String,
    global: String,
}

/// A new function that runs a task with the primitives of its worker.
struct Wrapper {
    /// The function that it calls; `None` if it is told which.
    worker: Option<Site>,
    called: String,
    /// The parameters that get a primitive: their positions and the numbers of the primitives.
    filled: BTreeMap<usize, usize>,
    way: Way,
    name: String,
}

/// The rewrite of `submit(work, lock, n)` as `submit(_work, n)`, with an executor whose initializer puts the lock where `_work`
/// finds it; `None` where the executor, the arguments or the functions do not show it.
///
/// `carried` are all primitives that the tasks of the one executor `made` carry, `tasks` all that it is given to do.
pub fn by_initializer(
    eval: &Eval,
    made: Site,
    carried: &[&Carried],
    tasks: &[&Sent],
) -> Option<Fix> {
    let facts = eval.file(made.file);
    let start = WorkerStart::of(eval, made)?;
    if facts.is_package_main() {
        return None;
    }
    let mut plan = Plan {
        eval,
        facts,
        made,
        taken: fresh_name::names_in_use(facts),
        primitives: Vec::new(),
        wrappers: Vec::new(),
        told: Vec::new(),
    };
    let mut edits = Vec::new();
    let calls: BTreeSet<Site> = carried.iter().map(|each| each.dispatch.call).collect();
    for call in calls {
        let places: Vec<&Carried> =
            carried.iter().filter(|each| each.dispatch.call == call).copied().collect();
        let of_call: Vec<&Sent> =
            tasks.iter().filter(|task| task.dispatch.call == call).copied().collect();
        edits.extend(plan.task(&of_call, &places)?);
    }
    let bound: Vec<Bound> = plan
        .primitives
        .iter()
        .map(|each| Bound {
            target: each.global.clone(),
            parameter: each.own.clone(),
            value: each.text.clone(),
        })
        .collect();
    let mut new_names: Vec<String> =
        plan.primitives.iter().map(|each| each.global.clone()).collect();
    let mut definitions = plan.wrappers()?;
    match start.extended(&bound) {
        Some(extended) => edits.extend(extended),
        None => {
            let init = plan.initializer_name();
            let (given, text) = start.replaced(made.file, &init, &init, &bound)?;
            edits.extend(given);
            definitions.insert(0, text);
            new_names.push(init);
        }
    }
    let gap = facts.source.newline().repeat(3);
    edits.push(place::insert_above(facts, made.node, &definitions.join(&gap)));
    if !plan.told.is_empty() {
        let partial = imports::import(facts, "functools", "partial", &plan.told);
        edits.extend(plan.told.iter().filter_map(|callee| {
            let wrapper = plan.wrappers.iter().find(|wrapper| {
                wrapper.worker.is_none() && wrapper.called == facts.text(*callee)
            })?;
            Some(Edit::replace(
                facts.tree().span(*callee),
                format!("{}({}, {})", partial.expression, wrapper.name, facts.text(*callee)),
            ))
        }));
        edits.extend(partial.edit);
        new_names.extend(partial.new_name);
    }
    new_names.extend(plan.wrappers.into_iter().map(|each| each.name));
    let names: Vec<String> =
        plan.primitives.iter().map(|each| format!("'{}'", each.text)).collect();
    Some(Fix {
        title: format!("hand {} to the workers by an initializer", names.join(", ")),
        applicability: Applicability::Unsafe,
        edits: facts.file_edits(edits),
        new_names,
    })
}

/// What the rewrite of one executor comes to.
struct Plan<'e, 'p> {
    eval: &'e Eval<'p>,
    facts: &'p FileFacts,
    made: Site,
    taken: BTreeSet<String>,
    primitives: Vec<Primitive>,
    wrappers: Vec<Wrapper>,
    /// The parameters that hold functions which a new one is to call, where a partial tells it.
    told: Vec<NodeId>,
}

impl Plan<'_, '_> {
    /// A module-level name that nothing has yet.
    fn fresh(&mut self, base: &str) -> String {
        let plain = fresh_name::module_name(self.facts, base);
        let name = fresh_name::variable_name(&self.taken, &plain);
        self.taken.insert(name.clone());
        name
    }

    /// The edits of one call: its function is replaced, and its primitives are taken out. `tasks` are the functions that reach it.
    fn task(&mut self, tasks: &[&Sent], carried: &[&Carried]) -> Option<Vec<Edit>> {
        let (facts, tree) = (self.facts, self.facts.tree());
        let task = *tasks.first()?;
        let call = task.dispatch.call;
        if call.file != self.made.file || self.eval.has_splat(call) {
            return None;
        }
        let callee = self.callee(task)?;
        let (first, worker) = self.worker(callee, tasks)?;
        let parameters =
            worker.map_or(Some(Vec::new()), |worker| plain_parameters(self.eval, worker))?;
        let names: Vec<&str> = parameters.iter().map(|parameter| parameter.name.as_str()).collect();
        if names.contains(&facts.text(first)) || facts.text(first) == "item" {
            return None;
        }
        let holes = task_places::holes(self.eval, task, callee, carried, &names)?;
        let mut filled: BTreeMap<usize, usize> = BTreeMap::new();
        let first = holes.first()?;
        for hole in &holes {
            let number = self.primitive(hole.primitive)?;
            let same =
                *filled.entry(hole.position).or_insert(number) == number && hole.way == first.way;
            if !same
                || worker.is_some() && hole.way == Way::Apart && hole.position >= parameters.len()
            {
                return None;
            }
        }
        // A function that is not known by name gets what leads its arguments, or all but what leads them.
        let leads = filled.keys().copied().eq(0..filled.len());
        if worker.is_none()
            && (first.way == Way::Apart && !leads || task_places::has_keywords(self.eval, call))
        {
            return None;
        }
        let mut edits = task_places::without(facts, task, callee, &holes)?;
        let called = facts.text(callee).to_owned();
        let alike = self.wrappers.iter().find(|each| {
            (each.worker, each.way, &each.filled, &each.called)
                == (worker, first.way, &filled, &called)
        });
        let name = match alike {
            Some(alike) => alike.name.clone(),
            None => {
                let with = format!("with_{}", self.primitives.last()?.own);
                let base = match (worker, last_part(&called)) {
                    (None, _) => format!("call_{with}"),
                    // The name that it would get is its own already.
                    (Some(_), own) if own.starts_with('_') => format!("{own}_{with}"),
                    (Some(_), own) => own.to_owned(),
                };
                let name = self.fresh(&base);
                self.wrappers.push(Wrapper {
                    worker,
                    called: called.clone(),
                    filled,
                    way: first.way,
                    name: name.clone(),
                });
                name
            }
        };
        let takes_more = task.dispatch.api(self.eval.project).arguments.varargs.is_some()
            && tree.parent(callee) == tree.child(call.node, Field::Arguments);
        match worker {
            Some(_) => edits.push(Edit::replace(tree.span(callee), name)),
            None if takes_more => edits.push(Edit::insert(tree.start(callee), format!("{name}, "))),
            None => self.told.push(callee),
        }
        Some(edits)
    }

    /// The name that begins the expression `callee` of the function that `tasks` run, and the function; no function where a
    /// parameter holds it.
    fn worker(&self, callee: NodeId, tasks: &[&Sent]) -> Option<(NodeId, Option<Site>)> {
        let (facts, tree) = (self.facts, self.facts.tree());
        // A function, or one of a module: `workers.load`.
        let first = tree
            .child(callee, Field::Object)
            .filter(|_| tree.kind(callee) == Kind::Attribute)
            .unwrap_or(callee);
        let (home, name) =
            facts.scopes.resolve_name(first).filter(|_| tree.kind(first) == Kind::Identifier)?;
        if first != callee
            && !self
                .eval
                .values(self.at(first))
                .iter()
                .all(|value| matches!(value, Value::Module(_)))
        {
            return None;
        }
        let is_given = matches!(facts.scopes.bindings(home, name), [one] if matches!(one.kind, BindingKind::Parameter { star: 0, .. }));
        match (&tasks.first()?.origin.callable, tasks) {
            _ if is_given && first == callee => Some((first, None)),
            (Callable::Function(worker), [_]) if home == facts.scopes.module() => {
                Some((first, Some(*worker)))
            }
            _ => None,
        }
    }

    fn at(&self, node: NodeId) -> Site {
        Site { file: self.made.file, node }
    }

    /// The expression in the call, or in the partial that it gets, which names the function.
    fn callee(&self, task: &Sent) -> Option<NodeId> {
        let tree = self.facts.tree();
        if task.origin.through.is_empty() {
            return (task.origin.leaf.file == self.made.file).then_some(task.origin.leaf.node);
        }
        let given = tree.unparenthesized(task.slot.expression.node);
        if task.slot.expression.file != self.made.file || tree.kind(given) != Kind::Call {
            return (task.slot.expression.file == self.made.file).then_some(given);
        }
        self.eval.positional_arguments(self.at(given)).first().map(|first| first.node)
    }

    /// The number of the primitive that an argument names, where the executor can be given it.
    fn primitive(&mut self, argument: NodeId) -> Option<usize> {
        if !is_visible(self.eval, self.at(argument), self.made) {
            return None;
        }
        let text = self.facts.text(argument);
        if let Some(known) = self.primitives.iter().position(|each| each.text == text) {
            return Some(known);
        }
        let own = text.rsplit('.').next().unwrap_or(text).trim_start_matches('_').to_owned();
        if own.is_empty() || self.primitives.iter().any(|each| each.own == own) {
            return None;
        }
        let global = self.fresh(&own);
        self.primitives.push(Primitive { text: text.to_owned(), own, global });
        Some(self.primitives.len() - 1)
    }

    fn initializer_name(&mut self) -> String {
        let init = match self.primitives.as_slice() {
            [one] => format!("init_{}", one.own),
            _ => "init_worker".to_owned(),
        };
        self.fresh(&init)
    }

    /// The functions that replace the workers, as text.
    fn wrappers(&self) -> Option<Vec<String>> {
        let (newline, unit) = (self.facts.source.newline(), place::indent_unit(self.facts));
        let global = |number: &usize| self.primitives[*number].global.clone();
        let mut texts = Vec::new();
        for wrapper in &self.wrappers {
            let (mut takes, gets): (Vec<String>, Vec<String>) = match (wrapper.way, wrapper.worker)
            {
                (Way::Packed { items }, _) => {
                    (vec!["item".to_owned()], vec![repacked(&wrapper.filled, items, global)])
                }
                (Way::Apart, None) => {
                    let gets = wrapper.filled.values().map(global).chain(["*args".to_owned()]);
                    (vec!["*args".to_owned()], gets.collect())
                }
                (Way::Apart, Some(worker)) => {
                    let parameters = plain_parameters(self.eval, worker)?;
                    let left = parameters
                        .iter()
                        .enumerate()
                        .filter(|(at, _)| !wrapper.filled.contains_key(at))
                        .map(|row| row.1.text.clone());
                    let passed = parameters.iter().enumerate().map(|(at, parameter)| {
                        wrapper.filled.get(&at).map_or_else(|| parameter.name.clone(), global)
                    });
                    (left.collect(), passed.collect())
                }
            };
            let called = if wrapper.worker.is_some() {
                wrapper.called.clone()
            } else {
                "function".to_owned()
            };
            if wrapper.worker.is_none() {
                takes.insert(0, called.clone());
            }
            texts.push(format!(
                "def {}({}):{newline}{unit}return {called}({})",
                wrapper.name,
                takes.join(", "),
                gets.join(", ")
            ));
        }
        Some(texts)
    }
}

/// The tuple of `items` values that a worker gets: the primitives, and what a task brings.
fn repacked(
    filled: &BTreeMap<usize, usize>,
    items: usize,
    global: impl Fn(&usize) -> String,
) -> String {
    let rest = items - filled.len();
    let trails = filled.keys().copied().eq(rest..items);
    let primitives: Vec<String> = filled.values().map(&global).collect();
    if rest > 1 && filled.keys().copied().eq(0..filled.len()) {
        return format!("({}, *item)", primitives.join(", "));
    }
    if rest > 1 && trails {
        return format!("(*item, {})", primitives.join(", "));
    }
    let mut left = 0..rest;
    let item = |at: usize| if rest == 1 { "item".to_owned() } else { format!("item[{at}]") };
    let all: Vec<String> = (0..items)
        .map(|at| filled.get(&at).map_or_else(|| item(left.next().unwrap_or(0)), &global))
        .collect();
    format!("({})", all.join(", "))
}

/// Whether what `argument` reads, a variable or an attribute of `self`, has its only value before the workers start at `made`,
/// in the function around that.
fn is_visible(eval: &Eval, argument: Site, made: Site) -> bool {
    let facts = eval.file(argument.file);
    let tree = facts.tree();
    let function = |node: NodeId| facts.enclosing_function(node);
    if tree.kind(argument.node) == Kind::Attribute {
        let Some(object) = tree.child(argument.node, Field::Object) else { return false };
        let name = tree.child(argument.node, Field::Attribute).map_or("", |name| facts.text(name));
        let Some(class) = eval
            .self_class(Site { file: argument.file, node: object })
            .filter(|class| class.file == made.file)
        else {
            return false;
        };
        let writes = eval.attribute_writes(class, name);
        let [write] = writes.as_slice() else { return false };
        let statement = facts.statement(write.target.node);
        let plain = tree.parent(statement).is_some_and(|suite| {
            function(made.node).is_some_and(|method| tree.child(method, Field::Body) == Some(suite))
        });
        return write.target.file == made.file
            && plain
            && facts.text(object) == "self"
            && tree.end(statement) <= tree.start(made.node);
    }
    let Some((home, name)) = facts
        .scopes
        .resolve_name(argument.node)
        .filter(|_| tree.kind(argument.node) == Kind::Identifier)
    else {
        return false;
    };
    let [binding] = facts.scopes.bindings(home, name) else { return false };
    let same = function(binding.node) == function(made.node) || home == facts.scopes.module();
    same && facts.scopes.scope_of(made.node) == home
        && tree.end(binding.node) <= tree.start(made.node)
        && facts.flow().definitely_bound_before(home, name, made.node)
}

/// A parameter of a task's function.
struct Parameter {
    name: String,
    /// As the new function declares it: a literal default stays.
    text: String,
}

/// The parameters of a module-level function that can all be given by position; `None` for others.
fn plain_parameters(eval: &Eval, worker: Site) -> Option<Vec<Parameter>> {
    let facts = eval.file(worker.file);
    let tree = facts.tree();
    let list = tree.child(worker.node, Field::Parameters)?;
    let is_literal = |node: NodeId| {
        matches!(
            tree.kind(node),
            Kind::Integer | Kind::Float | Kind::True | Kind::False | Kind::None | Kind::String
        )
    };
    let plain = |node: NodeId| match tree.kind(node) {
        Kind::Identifier => {
            Some(Parameter { name: facts.text(node).to_owned(), text: facts.text(node).to_owned() })
        }
        Kind::TypedParameter => {
            let name =
                tree.children(node).next().filter(|name| tree.kind(*name) == Kind::Identifier)?;
            Some(Parameter { name: facts.text(name).to_owned(), text: facts.text(name).to_owned() })
        }
        Kind::DefaultParameter | Kind::TypedDefaultParameter => {
            let (name, default) = (
                tree.child(node, Field::Name)?,
                tree.child(node, Field::Value).filter(|value| is_literal(*value))?,
            );
            Some(Parameter {
                name: facts.text(name).to_owned(),
                text: format!("{}={}", facts.text(name), facts.text(default)),
            })
        }
        _ => None,
    };
    facts
        .decorators(worker.node)
        .is_empty()
        .then(|| tree.children(list).map(plain).collect())
        .flatten()
}
