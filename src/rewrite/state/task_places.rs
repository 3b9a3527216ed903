//! Where the calls of an executor name the primitives that its tasks carry, and the calls without them.

use crate::facts::FileFacts;
use crate::facts::scopes::BindingKind;
use crate::project::dataflow::{Found, Source};
use crate::project::travel::state::Moment;
use crate::project::{Carried, Eval, Sent, Site, Value};
use crate::rewrite::lifting::arguments;
use crate::syntax::{Field, Kind, NodeId};
use crate::text::{Edit, Span};
use std::collections::{BTreeMap, BTreeSet};

/// How a function gets what a task brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::rewrite) enum Way {
    /// Each item fills a parameter.
    Apart,
    /// One parameter gets a tuple of so many items.
    Packed { items: usize },
}

/// A place of a call that names a primitive.
pub(in crate::rewrite) struct Hole {
    /// The expression of the primitive.
    pub(in crate::rewrite) primitive: NodeId,
    /// The parameter that it fills, or its place in the tuple that the parameter gets.
    pub(in crate::rewrite) position: usize,
    /// How the function gets it.
    pub(in crate::rewrite) way: Way,
    /// What goes, an item of `list`.
    item: NodeId,
    list: NodeId,
}

/// The places of a call that name the primitives it carries; `None` where they cannot all be told. `names` are the parameters of
/// the function, none if that is not known.
pub(in crate::rewrite) fn holes(
    eval: &Eval,
    task: &Sent,
    callee: NodeId,
    carried: &[&Carried],
    names: &[&str],
) -> Option<Vec<Hole>> {
    let call = task.dispatch.call;
    let facts = eval.file(call.file);
    let look = Look { eval, facts, task, callee, names };
    let mut found: Vec<Hole> = Vec::new();
    for each in carried {
        let place = each.content.through.last().copied().unwrap_or(each.content.place);
        if place.file != call.file {
            return None;
        }
        let mut primitives = look.primitives_in(place.node).filter(|found| !found.is_empty())?;
        // All tuples of a list lose theirs.
        primitives.extend(
            look.argument_around(place.node)
                .and_then(|argument| look.primitives_in(argument))
                .unwrap_or_default(),
        );
        for primitive in primitives {
            if !found.iter().any(|have| have.primitive == primitive) {
                found.push(look.hole(primitive)?);
            }
        }
    }
    look.is_same_for_all(&found).then_some(found)
}

/// Whether a call has keyword arguments that its function gets.
pub(in crate::rewrite) fn has_keywords(eval: &Eval, call: Site) -> bool {
    let tree = eval.file(call.file).tree();
    let list = tree.child(call.node, Field::Arguments);
    list.is_some_and(|list| {
        tree.children(list).any(|node| tree.kind(node) == Kind::KeywordArgument)
    })
}

/// Whether an expression may be a primitive itself, and does not only hold one.
pub fn names_primitive(eval: &Eval, site: Site) -> bool {
    let itself = |found: &Found| {
        let obstacle = match found.source {
            Source::Container { .. } => None,
            _ => eval.obstacle_of(found, false, 1, &Moment::default()),
        };
        obstacle.is_some_and(|obstacle| obstacle.by_inheritance && obstacle.path.is_empty())
    };
    eval.found(site).iter().any(itself)
}

struct Look<'e, 'p> {
    eval: &'e Eval<'p>,
    facts: &'p FileFacts,
    task: &'e Sent,
    callee: NodeId,
    names: &'e [&'e str],
}

impl Look<'_, '_> {
    fn at(&self, node: NodeId) -> Site {
        Site { file: self.task.dispatch.call.file, node }
    }

    fn is_primitive(&self, node: NodeId) -> bool {
        names_primitive(self.eval, self.at(node))
    }

    /// The argument of the call that holds `place`.
    fn argument_around(&self, place: NodeId) -> Option<NodeId> {
        let given = self.eval.all_arguments(self.task.dispatch.call);
        given
            .into_iter()
            .map(|argument| argument.node)
            .find(|argument| self.facts.tree().contains(*argument, place))
    }

    /// The expressions in an argument that name primitives; `None` if something else may hold them.
    fn primitives_in(&self, node: NodeId) -> Option<Vec<NodeId>> {
        let tree = self.facts.tree();
        let node = tree.unparenthesized(node);
        let all = |nodes: &mut dyn Iterator<Item = NodeId>| -> Option<Vec<NodeId>> {
            let parts: Option<Vec<Vec<NodeId>>> =
                nodes.map(|node| self.primitives_in(node)).collect();
            parts.map(|parts| parts.concat())
        };
        match tree.kind(node) {
            Kind::Identifier | Kind::Attribute if self.is_primitive(node) => Some(vec![node]),
            Kind::Identifier => match rows_of(self.eval, self.at(node), node) {
                Some(rows) => all(&mut rows.into_iter()),
                None => Some(Vec::new()),
            },
            Kind::Tuple | Kind::List => all(&mut tree.children(node)),
            Kind::ListComprehension | Kind::GeneratorExpression => {
                self.primitives_in(tree.child(node, Field::Body)?)
            }
            Kind::Call if self.repeats(node) || self.zips(node) => all(&mut self
                .eval
                .positional_arguments(self.at(node))
                .into_iter()
                .map(|site| site.node)),
            _ => Some(Vec::new()),
        }
    }

    fn repeats(&self, call: NodeId) -> bool {
        self.calls(call, "itertools.repeat")
    }

    fn calls(&self, call: NodeId, function: &str) -> bool {
        let Some(callee) = self.facts.tree().child(call, Field::Function) else { return false };
        let is_it =
            |value: &Value| matches!(value, Value::External { path, .. } if &**path == function);
        self.eval.values(self.at(callee)).iter().all(is_it)
    }

    /// Whether a call is `zip(…)` of plain arguments, whose tuples are the tasks.
    fn zips(&self, call: NodeId) -> bool {
        self.calls(call, "builtins.zip")
            && !self.eval.has_splat(self.at(call))
            && self.eval.keyword_values(self.at(call)).is_empty()
    }

    /// The position of a primitive among what the task's function gets, and the item of the call's lists that holds it: of
    /// `submit(work, lock, n)`, of `apply_async(work, (lock, n))`, of `partial(work, lock)`, of `map(work, repeat(lock), xs)`, of
    /// `starmap(work, [(lock, n) for n in xs])`, of `map(work, [(lock, n) for n in xs])`.
    fn hole(&self, primitive: NodeId) -> Option<Hole> {
        let call = self.task.dispatch.call;
        let tree = self.facts.tree();
        let list = tree.parent(primitive)?;
        let ways = &self.task.dispatch.api(self.eval.project).arguments;
        let shifted = |pos: i32| usize::try_from(pos + self.task.dispatch.shift).ok();
        let partial = tree.unparenthesized(self.task.slot.expression.node);
        let apart = |position: usize, item: NodeId, list: NodeId| {
            Some(Hole { primitive, position, way: Way::Apart, item, list })
        };
        if tree.kind(list) == Kind::KeywordArgument {
            let name = tree.child(list, Field::Name).map(|name| self.facts.text(name))?;
            let arguments = tree.parent(list)?;
            let owner = tree.parent(arguments)?;
            let passed_on = owner == partial || owner == call.node && ways.keywords;
            return apart(
                self.names.iter().position(|have| *have == name).filter(|_| passed_on)?,
                list,
                arguments,
            );
        }
        let at = tree.children(list).position(|item| item == primitive)?;
        let owner = tree.parent(list)?;
        match tree.kind(list) {
            Kind::ArgumentList if owner == call.node => {
                apart(at.checked_sub(shifted(ways.varargs?)?)?, primitive, list)
            }
            Kind::ArgumentList if owner == partial => {
                let is_first = tree.children(list).next() == Some(self.callee);
                apart(at.checked_sub(1).filter(|_| is_first)?, primitive, list)
            }
            Kind::ArgumentList => {
                // `repeat(lock)` beside another iterable, which ends the map.
                let plain = self.repeats(owner) && tree.children(list).count() == 1;
                let around = tree.parent(owner).filter(|_| plain)?;
                if tree.parent(around) != Some(call.node) {
                    return self.hole_in_zip(primitive, owner, around);
                }
                let first = shifted(ways.items?)?;
                let given = self.eval.positional_arguments(call);
                let position =
                    given.iter().position(|each| each.node == owner)?.checked_sub(first)?;
                apart(position, owner, around).filter(|_| given.len() > first + 1)
            }
            Kind::Tuple if ways.tuple.is_some() => {
                let tuple = ways.tuple.as_ref()?;
                let given = self.eval.argument(
                    call,
                    &tuple.name,
                    if tuple.pos < 0 { -1 } else { tuple.pos + self.task.dispatch.shift },
                )?;
                let is_named =
                    || rows_of(self.eval, given, given.node).is_some_and(|rows| rows == [list]);
                (given.node == list || is_named()).then(|| apart(at, primitive, list)).flatten()
            }
            Kind::Tuple => {
                let first = shifted(ways.star_items.or(ways.items)?)?;
                let given = self.eval.positional_arguments(call);
                let items = given.get(first).filter(|_| {
                    given.len() == first + 1
                        || ways.star_items.is_some()
                        || is_pool(self.eval, self.task)
                })?;
                let is_row = rows_of(self.eval, *items, items.node)?.contains(&list);
                let way = if ways.star_items.is_some() {
                    Way::Apart
                } else {
                    Way::Packed { items: tree.children(list).count() }
                };
                is_row.then_some(Hole { primitive, position: at, way, item: primitive, list })
            }
            _ => None,
        }
    }

    /// The hole of `starmap(work, zip(repeat(lock), xs))` or `map(work, zip(repeat(lock), xs))`, where `list` are the arguments of
    /// `zip`, which another iterable ends.
    fn hole_in_zip(&self, primitive: NodeId, item: NodeId, list: NodeId) -> Option<Hole> {
        let call = self.task.dispatch.call;
        let tree = self.facts.tree();
        let ways = &self.task.dispatch.api(self.eval.project).arguments;
        let zip = tree.parent(list).filter(|zip| self.zips(*zip))?;
        let first =
            usize::try_from(ways.star_items.or(ways.items)? + self.task.dispatch.shift).ok()?;
        let given = self.eval.positional_arguments(call);
        let is_items = given.get(first).is_some_and(|items| items.node == zip)
            && (ways.star_items.is_some() || is_pool(self.eval, self.task));
        let zipped: Vec<NodeId> = tree.children(list).collect();
        let position = zipped.iter().position(|each| *each == item).filter(|_| is_items)?;
        let way = if ways.star_items.is_some() {
            Way::Apart
        } else {
            Way::Packed { items: zipped.len() }
        };
        let is_ended =
            zipped.iter().any(|each| !(tree.kind(*each) == Kind::Call && self.repeats(*each)));
        is_ended.then_some(Hole { primitive, position, way, item, list })
    }

    /// Whether all tuples of a list lose the same items, and are of one length.
    fn is_same_for_all(&self, holes: &[Hole]) -> bool {
        let call = self.task.dispatch.call;
        let tree = self.facts.tree();
        let lists: BTreeSet<NodeId> = holes
            .iter()
            .map(|hole| hole.list)
            .filter(|list| tree.kind(*list) == Kind::Tuple)
            .collect();
        let rows = self
            .eval
            .positional_arguments(call)
            .into_iter()
            .filter_map(|items| rows_of(self.eval, items, items.node));
        let shape = |row: NodeId| {
            let lost: Vec<usize> =
                holes.iter().filter(|hole| hole.list == row).map(|hole| hole.position).collect();
            (tree.children(row).count(), lost)
        };
        rows.filter(|rows| rows.iter().any(|row| lists.contains(row))).all(|rows| {
            let shapes: Vec<_> = rows.into_iter().map(shape).collect();
            shapes.windows(2).all(|pair| pair[0] == pair[1])
        })
    }
}

/// Whether the task goes to a pool of multiprocessing, whose maps take one iterable.
fn is_pool(eval: &Eval, task: &Sent) -> bool {
    task.dispatch.api(eval.project).id.starts_with("mp.")
}

/// All the tuples that an iterable at `user` gives: of a display, of a comprehension, or of a list that one variable of the
/// function holds, which nothing else reads. One tuple that a variable holds is its own only row.
fn rows_of(eval: &Eval, items: Site, user: NodeId) -> Option<Vec<NodeId>> {
    let facts = eval.file(items.file);
    let tree = facts.tree();
    let node = tree.unparenthesized(items.node);
    let plain = |rows: Vec<NodeId>| {
        let whole = |row: &NodeId| {
            tree.kind(*row) == Kind::Tuple
                && !tree.children(*row).any(|item| tree.kind(item) == Kind::ListSplat)
        };
        rows.iter().all(whole).then_some(rows)
    };
    match tree.kind(node) {
        Kind::List => plain(tree.children(node).collect()),
        Kind::ListComprehension | Kind::GeneratorExpression => {
            plain(tree.child(node, Field::Body).into_iter().collect())
        }
        Kind::Identifier => {
            let (home, name) = facts.scopes.resolve_name(node)?;
            let [binding] = facts.scopes.bindings(home, name) else { return None };
            let BindingKind::Assignment { value: Some(value), path, .. } = &binding.kind else {
                return None;
            };
            let value = tree.unparenthesized(*value);
            let here = facts.enclosing_function(binding.node) == facts.enclosing_function(user)
                && path.is_empty();
            let mut rows = match tree.kind(value) {
                Kind::Tuple => plain(vec![value])?,
                Kind::List | Kind::ListComprehension => {
                    rows_of(eval, Site { file: items.file, node: value }, user)?
                }
                _ => return None,
            };
            for read in facts.scopes.references(home, name).iter().filter(|read| **read != node) {
                match put_into(facts, *read) {
                    Some(row) if tree.kind(value) != Kind::Tuple => rows.extend(plain(vec![row])?),
                    _ if is_measured(facts, *read) => {}
                    _ => return None,
                }
            }
            here.then_some(rows)
        }
        _ => None,
    }
}

/// What `jobs.append(…)` appends, where `read` is its `jobs`.
fn put_into(facts: &FileFacts, read: NodeId) -> Option<NodeId> {
    let tree = facts.tree();
    let attribute = tree.parent(read).filter(|up| tree.kind(*up) == Kind::Attribute)?;
    let is_append =
        tree.child(attribute, Field::Attribute).is_some_and(|name| facts.text(name) == "append");
    let call = tree.parent(attribute).filter(|up| is_append && tree.kind(*up) == Kind::Call)?;
    let list = tree.child(call, Field::Arguments)?;
    let mut arguments = tree.children(list);
    arguments.next().filter(|_| arguments.next().is_none()).map(|row| tree.unparenthesized(row))
}

/// Whether `read` is the argument of `len(…)`.
fn is_measured(facts: &FileFacts, read: NodeId) -> bool {
    let tree = facts.tree();
    let call = tree
        .parent(read)
        .and_then(|list| tree.parent(list))
        .filter(|call| tree.kind(*call) == Kind::Call);
    call.and_then(|call| tree.child(call, Field::Function))
        .is_some_and(|callee| facts.text(callee) == "len" && callee != read)
}

/// The edits that take the holes of one call out of its lists.
pub(in crate::rewrite) fn without(
    facts: &FileFacts,
    task: &Sent,
    callee: NodeId,
    holes: &[Hole],
) -> Option<Vec<Edit>> {
    let mut gone: BTreeMap<NodeId, BTreeSet<NodeId>> = BTreeMap::new();
    for hole in holes {
        gone.entry(hole.list).or_default().insert(hole.item);
    }
    let tree = facts.tree();
    let packed = holes.iter().any(|hole| matches!(hole.way, Way::Packed { .. }));
    let mut edits = Vec::new();
    for (list, items) in gone {
        let rest: Vec<&str> = tree
            .children(list)
            .filter(|item| !items.contains(item))
            .map(|item| facts.text(item))
            .collect();
        match rest.as_slice() {
            [] if packed => return None,
            // The tuple's only item is the task.
            [one] if packed => {
                let (whole, text) = tasks_of_one(facts, task, list, one);
                edits.push(Edit::replace(tree.span(whole), text.to_owned()));
            }
            _ => edits.extend(removal(facts, task, callee, list, &items)),
        }
    }
    Some(edits)
}

/// What goes, and what takes its place, where `one` is all that is left of a tuple, or of the arguments of `zip`: the iterable
/// itself if the tasks are its items as they are.
fn tasks_of_one<'a>(
    facts: &'a FileFacts,
    task: &Sent,
    list: NodeId,
    one: &'a str,
) -> (NodeId, &'a str) {
    let tree = facts.tree();
    let Some(owner) = tree.parent(list) else { return (list, one) };
    if tree.kind(list) == Kind::ArgumentList {
        return (owner, one);
    }
    let is_argument =
        tree.parent(owner).and_then(|list| tree.parent(list)) == Some(task.dispatch.call.node);
    let is_comprehension =
        matches!(tree.kind(owner), Kind::ListComprehension | Kind::GeneratorExpression)
            && is_argument;
    let mut clauses = tree.children(owner).skip(1);
    let (Some(only), None) = (clauses.next(), clauses.next()) else { return (list, one) };
    let same = tree.kind(only) == Kind::ForInClause
        && tree.child(only, Field::Left).is_some_and(|target| facts.text(target) == one);
    match tree.child(only, Field::Right) {
        Some(items)
            if is_comprehension
                && same
                && facts.text(only).starts_with("for")
                && !facts.text(owner).contains('#') =>
        {
            (owner, facts.text(items))
        }
        _ => (list, one),
    }
}

/// The edits that take `items` out of the list that holds them.
fn removal(
    facts: &FileFacts,
    sent: &Sent,
    leaf: NodeId,
    list: NodeId,
    items: &BTreeSet<NodeId>,
) -> Vec<Edit> {
    let tree = facts.tree();
    let all: Vec<NodeId> = tree.children(list).collect();
    let rest: Vec<&str> =
        all.iter().filter(|item| !items.contains(item)).map(|item| facts.text(*item)).collect();
    if tree.kind(list) == Kind::Tuple && rest.len() < 2 {
        return vec![Edit::replace(tree.span(list), arguments::tuple_text(&rest))];
    }
    let owner = tree.parent(list).filter(|owner| {
        *owner == tree.unparenthesized(sent.slot.expression.node) && tree.kind(*owner) == Kind::Call
    });
    if let Some(partial) = owner.filter(|_| rest.len() == 1) {
        // Without other arguments the partial goes.
        let (whole, kept) = (tree.span(partial), tree.span(leaf));
        return vec![
            Edit::replace(Span::new(whole.start, kept.start), ""),
            Edit::replace(Span::new(kept.end, whole.end), ""),
        ];
    }
    let mut edits = Vec::new();
    for (at, item) in all.iter().enumerate().filter(|(_, item)| items.contains(item)) {
        let any_before = all[..at].iter().any(|other| !items.contains(other));
        edits.push(match (any_before, all.get(at + 1)) {
            (true, _) => Edit::replace(Span::new(tree.end(all[at - 1]), tree.end(*item)), ""),
            (false, Some(next)) => {
                Edit::replace(Span::new(tree.start(*item), tree.start(*next)), "")
            }
            (false, None) => Edit::replace(tree.span(*item), ""),
        });
    }
    edits
}
