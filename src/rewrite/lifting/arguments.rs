//! Captured values as further arguments of a dispatch.

use crate::facts::FileFacts;
use crate::facts::scopes::BindingKind;
use crate::findings::{Reason, Refusal};
use crate::project::{Eval, Site, Type, Value};
use crate::rewrite::lifting::binding::Form;
use crate::rewrite::lifting::body::Style;
use crate::rewrite::lifting::hoist::Group;
use crate::rewrite::lifting::uses::Use;
use crate::syntax::{Field, Kind, NodeId};
use crate::text::{Edit, Span};

/// Whether the call itself gives what fills the slot, not a `partial` that it calls: only then it can be given more for it.
pub(in crate::rewrite) fn are_in_call(eval: &Eval, each: &Use) -> bool {
    let (call, slot) = (each.dispatch.call, each.slot.expression);
    let tree = eval.file(call.file).tree();
    let within = call.file == slot.file && tree.contains(call.node, slot.node);
    let callee = tree.child(call.node, Field::Function).map(|node| Site { file: call.file, node });
    within
        || !callee.is_some_and(|callee| {
            eval.values(callee).iter().any(|value| matches!(value, Value::Partial(_)))
        })
}

/// Names that submit and its like keep for themselves.
const RESERVED: &[&str] = &["self", "fn", "func", "function", "timeout"];

/// The edits that pass the values of member `at` with the dispatch itself, and the style of its parameters;
/// `None` if that dispatch has no place for them.
pub(in crate::rewrite) fn bound_in_dispatch(
    group: &Group,
    at: usize,
    each: &Use,
    form: &Form,
) -> Option<(Vec<Edit>, Style)> {
    if form.given.is_empty() {
        return Some((Vec::new(), group.style(at)));
    }
    if each.dispatch.call.file != group.file || is_reordered(group, at, each) {
        return None;
    }
    let facts = group.facts();
    let dispatch = &each.dispatch;
    let entry = dispatch.api(group.eval.project);
    // Only the first callable parameter is the one that the arguments are for.
    if entry.callables.first().is_none_or(|first| first.name != each.slot.name) || form.leading {
        return None;
    }
    let values: Vec<&str> = form.given.iter().map(|row| row.1.as_str()).collect();
    let node = group.members[at].node;
    let has_defaults = !group.members[at].defaults.is_empty();
    if let Some(from) = entry.arguments.varargs {
        if group.eval.has_splat(dispatch.call) || overrides(group, dispatch.receiver) {
            return None;
        }
        let passed =
            group.eval.positional_arguments(dispatch.call).len().saturating_sub(from as usize);
        if !has_defaults && exactly(facts, node, passed) && !has_keywords(facts, dispatch.call) {
            return Some((
                vec![append(facts, dispatch.call.node, &values.join(", "))],
                Style::Trailing,
            ));
        }
        let free = form.given.iter().all(|(name, _)| {
            !RESERVED.contains(&name.as_str())
                && group.eval.keyword_argument(dispatch.call, name).is_none()
        });
        return (entry.arguments.keywords && free)
            .then(|| (vec![append(facts, dispatch.call.node, &form.arguments())], Style::Keyword));
    }
    let tuple = entry.arguments.tuple.as_ref()?;
    let shifted = |pos: i32| if pos < 0 { -1 } else { pos + dispatch.shift };
    let given = group.eval.argument(dispatch.call, &tuple.name, shifted(tuple.pos));
    let by_name = entry
        .arguments
        .dict
        .as_ref()
        .and_then(|dict| group.eval.argument(dispatch.call, &dict.name, shifted(dict.pos)));
    let passed = match given {
        None => Some(0),
        Some(site) => display_length(facts, site),
    };
    if group.eval.has_splat(dispatch.call) {
        return None;
    }
    if !has_defaults
        && passed.is_some_and(|passed| exactly(facts, node, passed))
        && by_name.is_none()
    {
        let edit = match given {
            Some(site) => extended(facts, site, &values),
            None => added_keyword(
                facts,
                dispatch.call.node,
                each.slot.expression.node,
                &format!("{}={}", tuple.name, tuple_text(&values)),
            ),
        };
        return Some((vec![edit], Style::Trailing));
    }
    let dict = entry.arguments.dict.as_ref()?;
    let quote = quote_inside(facts, dispatch.call.node);
    let pairs: Vec<String> =
        form.given.iter().map(|(name, value)| format!("{quote}{name}{quote}: {value}")).collect();
    let edit = match by_name {
        Some(site) => extended_dict(facts, site, &pairs)?,
        // Behind the positional arguments, where they are given.
        None => added_keyword(
            facts,
            dispatch.call.node,
            given.unwrap_or(each.slot.expression).node,
            &format!("{}={{{}}}", dict.name, pairs.join(", ")),
        ),
    };
    Some((vec![edit], Style::Keyword))
}

/// The quote for a string at a place: inside of an f-string up to Python 3.11 not that of the f-string.
pub(in crate::rewrite) fn quote_inside(facts: &FileFacts, node: NodeId) -> char {
    let tree = facts.tree();
    let around = tree.ancestors(node).find(|up| tree.kind(*up) == Kind::String);
    let opens =
        around.and_then(|string| facts.text(string).find(['"', '\'']).map(|at| (string, at)));
    match opens {
        Some((string, at)) if facts.text(string).as_bytes()[at] == b'"' => '\'',
        _ => '"',
    }
}

/// Whether a default, which is evaluated with its callable, would be evaluated behind arguments of the dispatch that may change what
/// it gives, or that it may change.
fn is_reordered(group: &Group, at: usize, each: &Use) -> bool {
    let facts = group.facts();
    let tree = facts.tree();
    let runs = |node: NodeId| {
        tree.subtree(node).any(|inner| {
            matches!(tree.kind(inner), Kind::Call | Kind::Await | Kind::NamedExpression)
        })
    };
    let slot = tree.end(each.slot.expression.node);
    let list = tree.child(each.dispatch.call.node, Field::Arguments);
    let behind: Vec<NodeId> = list
        .into_iter()
        .flat_map(|list| tree.children(list))
        .filter(|node| tree.start(*node) >= slot && each.slot.expression.file == group.file)
        .map(|node| tree.child(node, Field::Value).unwrap_or(node))
        .collect();
    let defaults = &group.members[at].defaults;
    let runs_first = defaults.iter().any(|row| runs(row.value));
    let is_steady = |node: &NodeId| keeps_its_value(facts, *node);
    runs_first && !behind.iter().all(is_steady)
        || behind.iter().any(|node| runs(*node))
            && !defaults.iter().all(|row| keeps_its_value(facts, row.value))
}

/// Whether an expression gives the same whatever runs before it in its statement: a constant, or a variable that no other function
/// and no expression binds.
fn keeps_its_value(facts: &FileFacts, node: NodeId) -> bool {
    let tree = facts.tree();
    match tree.kind(node) {
        Kind::Identifier => facts.scopes.resolve_name(node).is_some_and(|(home, name)| {
            facts.scopes.bindings(home, name).iter().all(|binding| match binding.kind {
                BindingKind::Parameter { .. } => true,
                BindingKind::Walrus { .. } => false,
                _ => binding.scope == home,
            })
        }),
        Kind::Integer | Kind::Float | Kind::True | Kind::False | Kind::None | Kind::Lambda => true,
        Kind::String => !tree.subtree(node).any(|part| tree.kind(part) == Kind::Interpolation),
        Kind::Tuple | Kind::List | Kind::ParenthesizedExpression => {
            tree.children(node).all(|part| keeps_its_value(facts, part))
        }
        _ => false,
    }
}

/// How many arguments the dispatch gives the callable by position; `None` if that cannot be seen.
pub(in crate::rewrite) fn passed(group: &Group, each: &Use) -> Option<usize> {
    let entry = each.dispatch.api(group.eval.project);
    let call = each.dispatch.call;
    if group.eval.has_splat(call) {
        return None;
    }
    if entry.arguments.delayed.is_some() {
        // `delayed(f)(…)`: the arguments are those of the call around.
        let tree = group.eval.file(each.slot.expression.file).tree();
        let outer = tree
            .ancestors(each.slot.expression.node)
            .filter(|up| tree.kind(*up) == Kind::Call)
            .nth(1);
        let outer = outer.map(|node| Site { file: each.slot.expression.file, node });
        return outer
            .filter(|outer| !group.eval.has_splat(*outer))
            .map(|outer| group.eval.positional_arguments(outer).len());
    }
    if entry.callables.first().is_none_or(|first| first.name != each.slot.name)
        || entry.id == "torch.DataLoader"
    {
        // Hooks such as collate_fn and worker_init_fn get one argument.
        return Some(1);
    }
    let given = group.eval.positional_arguments(call).len();
    if let Some(from) = entry.arguments.varargs {
        return Some(given.saturating_sub(from as usize));
    }
    if let Some(from) = entry.arguments.items {
        let takes_many = entry.id.ends_with("Executor.map")
            || entry.id.ends_with("process_map")
            || entry.id.ends_with("ProcessPool.map");
        return Some(if takes_many { given.saturating_sub(from as usize) } else { 1 });
    }
    if let Some(from) = entry.arguments.star_items {
        return longest_tuple(group, group.eval.argument(call, "iterable", from)?);
    }
    let tuple = entry.arguments.tuple.as_ref()?;
    let pos = if tuple.pos < 0 { -1 } else { tuple.pos + each.dispatch.shift };
    match group.eval.argument(call, &tuple.name, pos) {
        None => Some(0),
        Some(site) => display_length(group.eval.file(site.file), site),
    }
}

/// How many items the longest of the tuples has that an iterable gives: a display or comprehension of tuples, or `zip(…)`;
/// `None` if that cannot be seen.
fn longest_tuple(group: &Group, iterable: Site) -> Option<usize> {
    let facts = group.eval.file(iterable.file);
    let tree = facts.tree();
    let node = tree.unparenthesized(iterable.node);
    let site = Site { file: iterable.file, node };
    match tree.kind(node) {
        Kind::Call => {
            let is_zip =
                tree.child(node, Field::Function).is_some_and(|callee| facts.text(callee) == "zip");
            (is_zip && !group.eval.has_splat(site))
                .then(|| group.eval.positional_arguments(site).len())
        }
        Kind::List
        | Kind::Tuple
        | Kind::Set
        | Kind::ListComprehension
        | Kind::GeneratorExpression => {
            let items = group.eval.elements_of(site);
            let is_whole = !tree.children(node).any(|item| tree.kind(item) == Kind::ListSplat);
            let lengths: Option<Vec<usize>> =
                items.iter().map(|item| display_length(facts, *item)).collect();
            lengths.filter(|_| is_whole)?.into_iter().max()
        }
        _ => None,
    }
}

/// Whether the receiver is of a project class, whose own `submit` may not pass everything on.
pub(in crate::rewrite) fn overrides(group: &Group, receiver: Option<Site>) -> bool {
    receiver.is_some_and(|site| {
        group.eval.values(site).iter().any(|value| matches!(value, Value::Instance(Type::Class(_))))
    })
}

/// Whether the callable takes exactly `passed` ordinary parameters without defaults.
pub(in crate::rewrite) fn exactly(facts: &FileFacts, callable: NodeId, passed: usize) -> bool {
    let tree = facts.tree();
    let list: Vec<NodeId> = tree
        .child(callable, Field::Parameters)
        .map(|parameters| tree.children(parameters).collect())
        .unwrap_or_default();
    let plain = list.iter().all(|node| {
        matches!(tree.kind(*node), Kind::Identifier)
            || (tree.kind(*node) == Kind::TypedParameter && !facts.text(*node).starts_with('*'))
    });
    plain && list.len() == passed
}

/// Whether a call passes anything by keyword.
pub(in crate::rewrite) fn has_keywords(facts: &FileFacts, call: Site) -> bool {
    let tree = facts.tree();
    tree.child(call.node, Field::Arguments).is_some_and(|list| {
        tree.children(list).any(|node| tree.kind(node) == Kind::KeywordArgument)
    })
}

/// The number of items of a tuple or list display without splats.
pub(in crate::rewrite) fn display_length(facts: &FileFacts, site: Site) -> Option<usize> {
    let tree = facts.tree();
    let items: Vec<NodeId> = tree.children(site.node).collect();
    let plain = matches!(tree.kind(site.node), Kind::Tuple | Kind::List)
        && !items.iter().any(|item| tree.kind(*item) == Kind::ListSplat);
    plain.then_some(items.len())
}

pub(in crate::rewrite) fn tuple_text(values: &[&str]) -> String {
    if let [one] = values { format!("({one},)") } else { format!("({})", values.join(", ")) }
}

/// A tuple or list display with further items.
pub(in crate::rewrite) fn extended(facts: &FileFacts, display: Site, values: &[&str]) -> Edit {
    let tree = facts.tree();
    let items: Vec<NodeId> = tree.children(display.node).collect();
    let Some(last) = items.last() else {
        let text = if tree.kind(display.node) == Kind::Tuple {
            tuple_text(values)
        } else {
            format!("[{}]", values.join(", "))
        };
        return Edit::replace(tree.span(display.node), text);
    };
    let tail = Span::new(tree.end(*last), tree.end(display.node) - 1);
    let text = format!(", {}", values.join(", "));
    let plain = facts.slice(tail).chars().all(|c| matches!(c, ',' | ' '));
    if plain { Edit::replace(tail, text) } else { Edit::insert(tree.end(*last), text) }
}

/// A tuple or list display, or a variable that holds one, with `values` in front of its items.
pub(in crate::rewrite) fn led(facts: &FileFacts, given: Site, values: &[&str]) -> Option<Edit> {
    let tree = facts.tree();
    match tree.kind(given.node) {
        Kind::Tuple | Kind::List => {
            let items: Vec<NodeId> = tree.children(given.node).collect();
            Some(match items.as_slice() {
                // `(n,)` needs its comma, `(lock, n)` does not.
                [] | [_] => {
                    let all: Vec<&str> = values
                        .iter()
                        .copied()
                        .chain(items.iter().map(|item| facts.text(*item)))
                        .collect();
                    Edit::replace(tree.span(given.node), tuple_text(&all))
                }
                [first, ..] => Edit::insert(tree.start(*first), format!("{}, ", values.join(", "))),
            })
        }
        Kind::Identifier => Some(Edit::replace(
            tree.span(given.node),
            format!("({}, *{})", values.join(", "), facts.text(given.node)),
        )),
        _ => None,
    }
}

fn extended_dict(facts: &FileFacts, site: Site, pairs: &[String]) -> Option<Edit> {
    let tree = facts.tree();
    if tree.kind(site.node) != Kind::Dictionary {
        return None;
    }
    let items: Vec<NodeId> = tree.children(site.node).collect();
    if items.iter().any(|item| tree.kind(*item) != Kind::Pair) {
        return None;
    }
    Some(match items.last() {
        Some(last) => Edit::insert(tree.end(*last), format!(", {}", pairs.join(", "))),
        None => Edit::replace(tree.span(site.node), format!("{{{}}}", pairs.join(", "))),
    })
}

/// A new keyword argument: right behind the slot where that is a keyword, else behind all others.
pub(in crate::rewrite) fn added_keyword(
    facts: &FileFacts,
    call: NodeId,
    slot: NodeId,
    text: &str,
) -> Edit {
    let tree = facts.tree();
    match tree.parent(slot).filter(|up| tree.kind(*up) == Kind::KeywordArgument) {
        Some(keyword) => behind(facts, keyword, text),
        None => append(facts, call, text),
    }
}

/// Further arguments at the end of a call.
pub(in crate::rewrite) fn append(facts: &FileFacts, call: NodeId, text: &str) -> Edit {
    let tree = facts.tree();
    let list = tree.child(call, Field::Arguments).unwrap_or(call);
    match tree.children(list).last() {
        Some(last) => behind(facts, last, text),
        None => Edit::insert(tree.end(list) - 1, text.to_owned()),
    }
}

/// Further arguments behind `argument`: on a line of their own, where each argument has one.
fn behind(facts: &FileFacts, argument: NodeId, text: &str) -> Edit {
    let tree = facts.tree();
    let (start, end) = (tree.start(argument), tree.end(argument));
    let lines = facts.source.lines();
    let previous = tree
        .parent(argument)
        .into_iter()
        .flat_map(|list| tree.children(list))
        .take_while(|each| *each != argument)
        .last();
    let line = lines.line(start);
    let has_own_line = previous.is_some_and(|previous| lines.line(tree.end(previous)) < line)
        && facts.all()[..start as usize]
            .rsplit('\n')
            .next()
            .is_some_and(|before| before.trim().is_empty());
    let rest = facts.all()[end as usize..].lines().next().unwrap_or_default();
    let (newline, indentation) =
        (facts.source.newline(), crate::text::indent::indentation(facts.all(), start));
    match (has_own_line, rest.contains('#')) {
        (true, false) => Edit::insert(end, format!(",{newline}{indentation}{text}")),
        // A comment at the end of the line is about what stands there.
        (true, true) if rest.starts_with(',') => {
            Edit::insert(end + rest.len() as u32, format!("{newline}{indentation}{text},"))
        }
        _ => Edit::insert(end, format!(", {text}")),
    }
}

/// Further arguments at the front of a call.
pub(in crate::rewrite) fn prepend(facts: &FileFacts, call: NodeId, text: &str) -> Edit {
    let tree = facts.tree();
    let list = tree.child(call, Field::Arguments).unwrap_or(call);
    match tree.children(list).next() {
        Some(first) => Edit::insert(tree.start(first), format!("{text}, ")),
        None => Edit::insert(tree.end(list) - 1, text.to_owned()),
    }
}

/// The refusal of a partial where only the text of a name is sent.
pub(in crate::rewrite) fn nameless(entry: &crate::catalogue::Entry) -> Refusal {
    let called = entry.paths.first().map_or("", |path| crate::catalogue::last_part(path));
    Refusal::new(
        Reason::UnsupportedShape,
        format!(
            "{called} sends a function as the text of its name, which the partial that would hold the captured values does not have"
        ),
        "move the function to module level and pass the values by args= or kwargs=",
    )
}
