//! Multiprocessing primitives that tasks carry, handed to the workers when they start instead: an initializer keeps them in
//! globals, and new functions take them from there.

use super::{arguments, fresh_name, place};
use crate::facts::FileFacts;
use crate::findings::{Applicability, Fix};
use crate::project::{Callable, Carried, Eval, Sent, Site, Value};
use crate::syntax::{Field, Kind, NodeId};
use crate::text::{Edit, Span};
use std::collections::{BTreeMap, BTreeSet};

/// A primitive: how the code names it, and the name that workers know it by.
struct Primitive {
    text: String,
    own: String,
    global: String,
}

/// A new function that runs a task with the primitives of its worker.
struct Wrapper {
    worker: Site,
    called: String,
    /// The parameters that get a primitive: their positions and the numbers of the primitives.
    filled: BTreeMap<usize, usize>,
    name: String,
}

/// The rewrite of `submit(work, lock, n)` as `submit(_work, n)`, with an executor whose initializer puts the lock where `_work`
/// finds it; `None` where the executor, the arguments or the functions do not show it.
///
/// `carried` are all primitives that the tasks of the one executor `made` carry, `tasks` all that it is given to do.
pub fn by_initializer(eval: &Eval, made: Site, carried: &[&Carried], tasks: &[&Sent]) -> Option<Fix> {
    let facts = eval.file(made.file);
    let starts = eval.dispatches_at(made).into_iter().find(|each| each.api(eval.project).callables.first().is_some_and(|slot| slot.name == "initializer"))?;
    if facts.is_package_main() || eval.has_splat(made) || !eval.slots(&starts).is_empty() || !eval.arguments(&starts).is_empty() {
        return None;
    }
    let mut plan = Plan { eval, facts, made, taken: fresh_name::names_in_use(facts), primitives: Vec::new(), wrappers: Vec::new() };
    let mut edits = Vec::new();
    let calls: BTreeSet<Site> = carried.iter().map(|each| each.dispatch.call).collect();
    for call in calls {
        let places: Vec<&Carried> = carried.iter().filter(|each| each.dispatch.call == call).copied().collect();
        let mut of_call = tasks.iter().filter(|task| task.dispatch.call == call);
        let (task, None) = (of_call.next()?, of_call.next()) else { return None };
        edits.extend(plan.task(task, &places)?);
    }
    let names: Vec<String> = plan.primitives.iter().map(|each| format!("'{}'", each.text)).collect();
    let (text, init) = plan.definitions()?;
    let values: Vec<&str> = plan.primitives.iter().map(|each| each.text.as_str()).collect();
    edits.push(place::insert_above(facts, made.node, &text));
    edits.push(arguments::append(facts, made.node, &format!("initializer={init}, initargs={}", arguments::tuple_text(&values))));
    let globals = plan.primitives.into_iter().map(|each| each.global);
    let new_names = globals.chain([init]).chain(plan.wrappers.into_iter().map(|each| each.name)).collect();
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
}

impl Plan<'_, '_> {
    /// A module-level name that nothing has yet.
    fn fresh(&mut self, base: &str) -> String {
        let plain = fresh_name::module_name(self.facts, base);
        let name = fresh_name::variable_name(&self.taken, &plain);
        self.taken.insert(name.clone());
        name
    }

    /// The edits of one call: its function is replaced, and its primitives are taken out.
    fn task(&mut self, task: &Sent, places: &[&Carried]) -> Option<Vec<Edit>> {
        let (facts, tree) = (self.facts, self.facts.tree());
        let Callable::Function(worker) = task.origin.callable else { return None };
        let leaf = task.origin.leaf;
        let direct = |each: &&Carried| each.content.place.file == self.made.file && each.content.through.is_empty();
        let call = task.dispatch.call;
        let here = leaf.file == self.made.file && call.file == self.made.file && places.iter().all(direct) && task.origin.through.is_empty();
        let importable = || facts.scopes.resolve_name(leaf.node).is_some_and(|(home, _)| home == facts.scopes.module());
        if !here || tree.kind(leaf.node) != Kind::Identifier || !importable() || self.eval.has_splat(call) {
            return None;
        }
        let parameters = plain_parameters(self.eval, worker)?;
        let mut filled: BTreeMap<usize, usize> = BTreeMap::new();
        let mut gone: BTreeMap<NodeId, BTreeSet<NodeId>> = BTreeMap::new();
        for each in places {
            let place = each.content.place;
            let number = self.primitive(place.node)?;
            let (position, item) = position(self.eval, task, place, &parameters)?;
            if *filled.entry(position).or_insert(number) != number || position >= parameters.len() {
                return None;
            }
            gone.entry(tree.parent(item)?).or_default().insert(item);
        }
        let mut edits: Vec<Edit> = gone.iter().flat_map(|(list, items)| removal(facts, task, *list, items)).collect();
        let alike = self.wrappers.iter().find(|wrapper| wrapper.worker == worker && wrapper.filled == filled).map(|wrapper| wrapper.name.clone());
        let name = alike.unwrap_or_else(|| {
            let called = facts.text(leaf.node).to_owned();
            let name = self.fresh(&called);
            self.wrappers.push(Wrapper { worker, called, filled, name: name.clone() });
            name
        });
        edits.push(Edit::replace(tree.span(leaf.node), name));
        is_same_for_all(self.eval, task, &gone).then_some(edits)
    }

    /// The number of the primitive that an argument names, where the executor can be given it.
    fn primitive(&mut self, argument: NodeId) -> Option<usize> {
        if !is_visible(self.eval, Site { file: self.made.file, node: argument }, self.made) {
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

    /// The initializer and the functions that replace the workers, as text, with the name of the initializer.
    fn definitions(&mut self) -> Option<(String, String)> {
        let init = match self.primitives.as_slice() {
            [one] => format!("init_{}", one.own),
            _ => "init_worker".to_owned(),
        };
        let init = self.fresh(&init);
        let (newline, unit) = (self.facts.source.newline(), place::indent_unit(self.facts));
        let list = |name: fn(&Primitive) -> &str| self.primitives.iter().map(name).collect::<Vec<_>>().join(", ");
        let (globals, own) = (list(|each| &each.global), list(|each| &each.own));
        let lines: Vec<String> = self.primitives.iter().map(|each| format!("{newline}{unit}{} = {}", each.global, each.own)).collect();
        let mut text = format!("def {init}({own}):{newline}{unit}global {globals}{}", lines.concat());
        for wrapper in &self.wrappers {
            let parameters = plain_parameters(self.eval, wrapper.worker)?;
            let left: Vec<&str> = parameters.iter().enumerate().filter(|(at, _)| !wrapper.filled.contains_key(at)).map(|row| row.1.text.as_str()).collect();
            let passed = |(at, parameter): (usize, &Parameter)| {
                wrapper.filled.get(&at).map_or_else(|| parameter.name.clone(), |number| self.primitives[*number].global.clone())
            };
            let passed: Vec<String> = parameters.iter().enumerate().map(passed).collect();
            text += &format!(
                "{newline}{newline}{newline}def {}({}):{newline}{unit}return {}({})",
                wrapper.name,
                left.join(", "),
                wrapper.called,
                passed.join(", ")
            );
        }
        Some((text, init))
    }
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
        let Some(class) = eval.self_class(Site { file: argument.file, node: object }).filter(|class| class.file == made.file) else { return false };
        let writes = eval.attribute_writes(class, name);
        let [write] = writes.as_slice() else { return false };
        let statement = facts.statement(write.target.node);
        let plain = tree.parent(statement).is_some_and(|suite| function(made.node).is_some_and(|method| tree.child(method, Field::Body) == Some(suite)));
        return write.target.file == made.file && plain && facts.text(object) == "self" && tree.end(statement) <= tree.start(made.node);
    }
    let Some((home, name)) = facts.scopes.resolve_name(argument.node).filter(|_| tree.kind(argument.node) == Kind::Identifier) else { return false };
    let [binding] = facts.scopes.bindings(home, name) else { return false };
    let same = function(binding.node) == function(made.node) || home == facts.scopes.module();
    same && facts.scopes.scope_of(made.node) == home
        && tree.end(binding.node) <= tree.start(made.node)
        && facts.flow().definitely_bound_before(home, name, made.node)
}

/// The position of the argument at `place` among those that the task's function gets, and the item of the call's lists that
/// holds it: of `submit(work, lock, n)`, of `apply_async(work, (lock, n))`, of `partial(work, lock)`, of
/// `map(work, repeat(lock), xs)`, of `starmap(work, [(lock, n) for n in xs])`.
fn position(eval: &Eval, sent: &Sent, place: Site, parameters: &[Parameter]) -> Option<(usize, NodeId)> {
    let call = sent.dispatch.call;
    let facts = eval.file(call.file);
    let tree = facts.tree();
    let list = tree.parent(place.node)?;
    let ways = &sent.dispatch.api(eval.project).arguments;
    let partial = tree.unparenthesized(sent.slot.expression.node);
    if tree.kind(list) == Kind::KeywordArgument {
        let name = tree.child(list, Field::Name).map(|name| facts.text(name))?;
        let owner = tree.parent(list).and_then(|up| tree.parent(up))?;
        let passed_on = owner == partial || owner == call.node && ways.keywords;
        return parameters.iter().position(|parameter| parameter.name == name).filter(|_| passed_on).map(|position| (position, list));
    }
    let at = tree.children(list).position(|item| item == place.node)?;
    let owner = tree.parent(list)?;
    match tree.kind(list) {
        Kind::ArgumentList if owner == call.node => {
            let first = usize::try_from(ways.varargs? + sent.dispatch.shift).ok()?;
            Some((at.checked_sub(first)?, place.node))
        }
        Kind::ArgumentList if owner == partial => {
            let is_first = tree.children(list).next() == Some(sent.origin.leaf.node);
            Some((at.checked_sub(1).filter(|_| is_first)?, place.node))
        }
        Kind::ArgumentList => {
            // `repeat(lock)` beside another iterable, which ends the map.
            let callee = tree.child(owner, Field::Function).map(|node| Site { file: call.file, node })?;
            let repeats = eval.values(callee).iter().all(|value| matches!(value, Value::External { path, .. } if &**path == "itertools.repeat"));
            let first = usize::try_from(ways.items? + sent.dispatch.shift).ok()?;
            let given = eval.positional_arguments(call);
            let at = given.iter().position(|each| each.node == owner)?.checked_sub(first)?;
            let plain = repeats && tree.children(list).count() == 1;
            (plain && given.len() > first + 1).then_some((at, owner))
        }
        Kind::Tuple if ways.star_items.is_some() => {
            let first = usize::try_from(ways.star_items? + sent.dispatch.shift).ok()?;
            let items = eval.positional_arguments(call).get(first).map(|items| tree.unparenthesized(items.node))?;
            let is_body = matches!(tree.kind(owner), Kind::ListComprehension | Kind::GeneratorExpression) && tree.child(owner, Field::Body) == Some(list);
            let is_item = tree.kind(owner) == Kind::List;
            (owner == items && (is_body || is_item)).then_some((at, place.node))
        }
        Kind::Tuple => {
            let tuple = ways.tuple.as_ref()?;
            let position = if tuple.pos < 0 { -1 } else { tuple.pos + sent.dispatch.shift };
            eval.argument(call, &tuple.name, position).filter(|given| given.node == list).map(|_| (at, place.node))
        }
        _ => None,
    }
}

/// Whether all tuples of a list for `starmap` lose the same items.
fn is_same_for_all(eval: &Eval, sent: &Sent, gone: &BTreeMap<NodeId, BTreeSet<NodeId>>) -> bool {
    let tree = eval.file(sent.dispatch.call.file).tree();
    let displays: BTreeSet<NodeId> = gone.keys().filter_map(|list| tree.parent(*list)).filter(|owner| tree.kind(*owner) == Kind::List).collect();
    let positions = |list: NodeId| -> Vec<usize> {
        let items = gone.get(&list);
        tree.children(list).enumerate().filter(|(_, item)| items.is_some_and(|items| items.contains(item))).map(|row| row.0).collect()
    };
    displays.into_iter().all(|display| {
        let mut rows = tree.children(display).map(|tuple| (tree.children(tuple).count(), positions(tuple)));
        let first = rows.next();
        rows.all(|row| Some(row) == first)
    })
}

/// The edits that take `items` out of the list that holds them.
fn removal(facts: &FileFacts, sent: &Sent, list: NodeId, items: &BTreeSet<NodeId>) -> Vec<Edit> {
    let tree = facts.tree();
    let all: Vec<NodeId> = tree.children(list).collect();
    let rest: Vec<&str> = all.iter().filter(|item| !items.contains(item)).map(|item| facts.text(*item)).collect();
    if tree.kind(list) == Kind::Tuple && rest.len() < 2 {
        return vec![Edit::replace(tree.span(list), arguments::tuple_text(&rest))];
    }
    let leaf = sent.origin.leaf.node;
    let owner = tree.parent(list).filter(|owner| *owner == tree.unparenthesized(sent.slot.expression.node) && tree.kind(*owner) == Kind::Call);
    if let Some(partial) = owner.filter(|_| rest.len() == 1) {
        // Without other arguments the partial goes.
        let (whole, kept) = (tree.span(partial), tree.span(leaf));
        return vec![Edit::replace(Span::new(whole.start, kept.start), ""), Edit::replace(Span::new(kept.end, whole.end), "")];
    }
    let mut edits = Vec::new();
    for (at, item) in all.iter().enumerate().filter(|(_, item)| items.contains(item)) {
        let any_before = all[..at].iter().any(|other| !items.contains(other));
        edits.push(match (any_before, all.get(at + 1)) {
            (true, _) => Edit::replace(Span::new(tree.end(all[at - 1]), tree.end(*item)), ""),
            (false, Some(next)) => Edit::replace(Span::new(tree.start(*item), tree.start(*next)), ""),
            (false, None) => Edit::replace(tree.span(*item), ""),
        });
    }
    edits
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
    let is_literal = |node: NodeId| matches!(tree.kind(node), Kind::Integer | Kind::Float | Kind::True | Kind::False | Kind::None | Kind::String);
    let plain = |node: NodeId| match tree.kind(node) {
        Kind::Identifier => Some(Parameter { name: facts.text(node).to_owned(), text: facts.text(node).to_owned() }),
        Kind::TypedParameter => {
            let name = tree.children(node).next().filter(|name| tree.kind(*name) == Kind::Identifier)?;
            Some(Parameter { name: facts.text(name).to_owned(), text: facts.text(name).to_owned() })
        }
        Kind::DefaultParameter | Kind::TypedDefaultParameter => {
            let (name, default) = (tree.child(node, Field::Name)?, tree.child(node, Field::Value).filter(|value| is_literal(*value))?);
            Some(Parameter { name: facts.text(name).to_owned(), text: format!("{}={}", facts.text(name), facts.text(default)) })
        }
        _ => None,
    };
    facts.decorators(worker.node).is_empty().then(|| tree.children(list).map(plain).collect()).flatten()
}
