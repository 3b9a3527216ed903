//! Globals of the main process handed to a `Process` as further arguments: its target becomes a function that takes them,
//! or one that binds them in the child before it calls the other.

use crate::facts::FileFacts;
use crate::findings::{Applicability, Fix, Refusal};
use crate::project::{Callable, Eval, FileId, Sent, Site};
use crate::rewrite::describe::quoted;
use crate::rewrite::state::globals;
use crate::rewrite::state::initializer::{self, no_place};
use crate::rewrite::{fresh_name, lifting::arguments};
use crate::syntax::{Field, Kind, NodeId};
use crate::text::Edit;
use std::collections::BTreeSet;

/// The rewrite of `Process(target=add, args=(n,))` into `Process(target=add, args=(n, lock))` and of `def add(n)` into
/// `def add(n, lock)`; `uses` are all the dispatches that send the function.
pub fn hand_over(
    eval: &Eval,
    sent: &Sent,
    uses: &[&Sent],
    file: FileId,
    names: &[String],
) -> Result<Fix, Refusal> {
    let worker = eval
        .worker(&sent.origin)
        .ok_or_else(|| no_place("what the process runs cannot be seen"))?;
    let is_method = matches!(sent.origin.callable, Callable::Method { .. });
    let facts = eval.file(file);
    let tree = facts.tree();
    if worker.file != file || !is_only_sent(eval, worker, uses) {
        return Err(no_place("the function is used in other ways, too, or lies in another module"));
    }
    let parameters = tree
        .child(worker.node, Field::Parameters)
        .ok_or_else(|| no_place("the function has no parameters"))?;
    let plain = |node: NodeId| {
        tree.kind(node) == Kind::Identifier
            || tree.kind(node) == Kind::TypedParameter && !facts.text(node).starts_with('*')
    };
    let all: Vec<NodeId> = tree.children(parameters).collect();
    let own = &all[usize::from(is_method).min(all.len())..];
    let says_global = facts.own_nodes(worker.node).any(|node| {
        tree.kind(node) == Kind::GlobalStatement
            && tree.children(node).any(|name| names.iter().any(|wanted| wanted == facts.text(name)))
    });
    if !own.iter().all(|node| plain(*node))
        || says_global
        || !facts.decorators(worker.node).is_empty()
    {
        return Err(no_place("the function's parameters leave no place for another one"));
    }
    let called: Vec<Site> =
        eval.reached(worker).into_iter().filter(|function| *function != worker).collect();
    if globals::reads(eval, &called)
        .iter()
        .any(|read| read.file == file && names.contains(&read.name))
    {
        return Err(no_place("functions that the worker calls read it as well"));
    }
    let list = names.join(", ");
    let mut edits = vec![match all.last() {
        Some(last) => Edit::insert(tree.end(*last), format!(", {list}")),
        None => Edit::insert(tree.end(parameters) - 1, list),
    }];
    let values: Vec<&str> = names.iter().map(String::as_str).collect();
    for each in uses {
        names.iter().try_for_each(|name| initializer::readable(eval, each.dispatch.call, name))?;
        edits.push(
            further_argument(eval, each, own.len(), &values)
                .ok_or_else(|| no_place("the arguments of the process cannot be seen whole"))?,
        );
    }
    let told = quoted(names);
    Ok(Fix {
        title: format!("hand {told} to the process as an argument"),
        applicability: Applicability::Unsafe,
        edits: facts.file_edits(edits),
        new_names: Vec::new(),
    })
}

/// The rewrite of `Process(target=add, args=(n,))` into `Process(target=_start_add, args=(lock, n))`, where the new function binds
/// the global in the child and calls `add`: other uses of it stay as they are.
pub fn bound_first(
    eval: &Eval,
    sent: &Sent,
    uses: &[&Sent],
    file: FileId,
    names: &[String],
) -> Result<Fix, Refusal> {
    let Callable::Function(worker) = sent.origin.callable else {
        return Err(no_place("what the process runs is no plain function"));
    };
    let facts = eval.file(file);
    if !is_importable_from(facts, worker, file) || !uses.iter().all(|each| is_direct(eval, each)) {
        return Err(no_place(
            "the function lies in another module than what it reads, or reaches the process in another way",
        ));
    }
    let (function, text) =
        binding_function(facts, facts.definition_name(worker.node), names, false);
    let mut edits = vec![(facts, below(facts, worker.node, &text))];
    for each in uses {
        let call = each.dispatch.call;
        let caller = eval.file(call.file);
        let access = initializer::access(eval, call, file, names, &function)?;
        let values: Vec<&str> = access.values.iter().map(String::as_str).collect();
        let given = leading_argument(eval, each, &values)
            .ok_or_else(|| no_place("the arguments of the process cannot be seen whole"))?;
        edits.push((caller, given));
        edits.push((
            caller,
            Edit::replace(caller.tree().span(each.origin.leaf.node), access.function),
        ));
        edits.extend(access.import.map(|edit| (caller, edit)));
    }
    let told = quoted(names);
    Ok(Fix {
        title: format!("hand {told} to the process as an argument"),
        applicability: Applicability::Unsafe,
        edits: edits.into_iter().flat_map(|(facts, edit)| facts.file_edits([edit])).collect(),
        new_names: vec![function],
    })
}

/// The name and the text of a function that binds the globals `names` to its first arguments and calls `name` with the others.
fn binding_function(
    facts: &FileFacts,
    name: &str,
    names: &[String],
    returns: bool,
) -> (String, String) {
    let function =
        fresh_name::module_name(facts, &format!("start_{}", name.trim_start_matches('_')));
    let (newline, unit) = (facts.source.newline(), crate::rewrite::place::indent_unit(facts));
    let (parameters, binding) = initializer::bound_from_parameters(facts, names);
    let clash =
        names.iter().chain(&parameters).any(|name| matches!(name.as_str(), "args" | "kwargs"));
    let (rest, named) = if clash { ("arguments", "keywords") } else { ("args", "kwargs") };
    let text = format!(
        "def {function}({}, *{rest}, **{named}):{binding}{newline}{unit}{}{name}(*{rest}, **{named})",
        parameters.join(", "),
        if returns { "return " } else { "" }
    );
    (function, text)
}

/// The rewrite of `run_all(work, items)` into `run_all(partial(_start_work, args), items)`, where the new function binds the global
/// in the worker and calls `work`: wherever the workers come from, each task brings the value along. `uses` are all the
/// dispatches that send the function.
pub fn bound_by_partial(
    eval: &Eval,
    sent: &Sent,
    uses: &[&Sent],
    file: FileId,
    names: &[String],
) -> Result<Fix, Refusal> {
    let Callable::Function(worker) = sent.origin.callable else {
        return Err(no_place("what the worker runs is no plain function"));
    };
    let facts = eval.file(file);
    let tree = facts.tree();
    // A partial has no name to print.
    let asks_for_name = |site: &Site| {
        let home = eval.file(site.file);
        home.enclosing_function(site.node).is_some_and(|function| {
            home.text(function).contains("__name__") || home.text(function).contains("__qualname__")
        })
    };
    let is_plain = |each: &&Sent| {
        let leaf = each.origin.leaf;
        leaf.file == file
            && tree.kind(leaf.node) == Kind::Identifier
            && each.slot.name != "initializer"
            && each.dispatch.api(eval.project).id != "mp.Process"
            && !each.origin.through.iter().chain([&each.dispatch.call]).any(asks_for_name)
    };
    if !is_importable_from(facts, worker, file)
        || !facts.decorators(worker.node).is_empty()
        || !uses.iter().all(is_plain)
    {
        return Err(no_place(
            "the function lies in another module than what it reads, or reaches the workers in another way",
        ));
    }
    let (function, text) = binding_function(facts, facts.definition_name(worker.node), names, true);
    let leaves: Vec<NodeId> = uses
        .iter()
        .map(|each| each.origin.leaf.node)
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    let partial = crate::rewrite::imports::import(facts, "functools", "partial", &leaves);
    let mut edits = vec![below(facts, worker.node, &text)];
    for leaf in leaves {
        let here = Site { file, node: leaf };
        let access = initializer::access(eval, here, file, names, &function)?;
        if names.iter().any(|name| initializer::needs_inheritance(eval, file, name)) {
            return Err(no_place("a task cannot carry it"));
        }
        edits.push(Edit::replace(
            tree.span(leaf),
            format!("{}({function}, {})", partial.expression, access.values.join(", ")),
        ));
    }
    edits.extend(partial.edit);
    let told = quoted(names);
    Ok(Fix {
        title: format!("send {told} along with the tasks"),
        applicability: Applicability::Unsafe,
        edits: facts.file_edits(edits),
        new_names: partial.new_name.into_iter().chain([function]).collect(),
    })
}

/// Whether workers find `worker` as a module-level function of `file`, whose facts these are: children know a `__main__.py`
/// by another name.
fn is_importable_from(facts: &FileFacts, worker: Site, file: FileId) -> bool {
    worker.file == file
        && facts.enclosing_function(worker.node).is_none()
        && !facts.is_package_main()
}

/// An insertion of a definition behind another one of the module.
fn below(facts: &FileFacts, definition: NodeId, text: &str) -> Edit {
    let newline = facts.source.newline();
    let end = facts.tree().end(facts.with_decorators(definition));
    Edit::insert(end, format!("{newline}{newline}{newline}{text}"))
}

/// Whether a dispatch is a Process whose target is a plain name, or an attribute of a module.
fn is_direct(eval: &Eval, each: &Sent) -> bool {
    each.dispatch.api(eval.project).id == "mp.Process"
        && each.origin.through.is_empty()
        && each.origin.leaf == each.slot.expression
        && each.origin.leaf.file == each.dispatch.call.file
        && each.slot.part.is_none()
        && each.dispatch.shift == 0
}

/// The edit that gives a process `values` in front of the arguments that its target takes.
fn leading_argument(eval: &Eval, each: &Sent, values: &[&str]) -> Option<Edit> {
    let call = each.dispatch.call;
    let facts = eval.file(call.file);
    let tuple = each.dispatch.api(eval.project).arguments.tuple.as_ref()?;
    if eval.has_splat(call) {
        return None;
    }
    match eval.argument(call, &tuple.name, tuple.pos) {
        Some(given) => arguments::led(facts, given, values),
        None => Some(arguments::added_keyword(
            facts,
            call.node,
            each.slot.expression.node,
            &format!("{}={}", tuple.name, arguments::tuple_text(values)),
        )),
    }
}

/// Whether every use of a module-level function or method is the target of a Process in its own file.
fn is_only_sent(eval: &Eval, worker: Site, uses: &[&Sent]) -> bool {
    let facts = eval.file(worker.file);
    let tree = facts.tree();
    let name = facts.definition_name(worker.node);
    let leaves: BTreeSet<Site> = uses.iter().map(|each| each.origin.leaf).collect();
    let direct = |each: &&Sent| is_direct(eval, each) && each.dispatch.call.file == worker.file;
    if uses.is_empty() || !uses.iter().all(direct) {
        return false;
    }
    let Some(node) = tree.enclosing(worker.node, &[Kind::ClassDefinition]) else {
        return eval.is_named_only_at(worker, &leaves);
    };
    // A method: nothing else may mean it, and no other class may have one of its name.
    let class = Site { file: worker.file, node };
    let subclasses = eval.subclasses(class);
    let mut others = eval
        .lineage(class)
        .into_iter()
        .chain(subclasses.iter().copied())
        .filter(|each| *each != class);
    let is_only_one =
        !eval.is_local(class) && !others.any(|each| eval.own_method(each, name).is_some());
    is_only_one
        && eval.project.attributes_named(name).iter().all(|read| leaves.contains(read))
        && eval.is_uncalled(worker)
}

/// The edit that gives a process `values` behind the `count` arguments that its target takes now.
fn further_argument(eval: &Eval, each: &Sent, count: usize, values: &[&str]) -> Option<Edit> {
    let call = each.dispatch.call;
    let facts = eval.file(call.file);
    let tuple = each.dispatch.api(eval.project).arguments.tuple.as_ref()?;
    let position = if tuple.pos < 0 { -1 } else { tuple.pos + each.dispatch.shift };
    let by_name = eval.keyword_argument(call, "kwargs").is_some();
    if eval.has_splat(call) || by_name {
        return None;
    }
    match eval.argument(call, &tuple.name, position) {
        Some(given) => (arguments::display_length(facts, given)? == count)
            .then(|| arguments::extended(facts, given, values)),
        None if count == 0 => {
            let text = format!("{}={}", tuple.name, arguments::tuple_text(values));
            Some(arguments::added_keyword(facts, call.node, each.slot.expression.node, &text))
        }
        None => None,
    }
}
