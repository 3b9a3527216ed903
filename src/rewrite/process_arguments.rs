//! Globals of the main process handed to a `Process` as further arguments, where its target becomes a function that takes them.

use super::{arguments, initializer};
use crate::findings::{Applicability, FileEdit, Fix, Reason, Refusal};
use crate::project::{Callable, Eval, FileId, Sent, Site};
use crate::syntax::{Field, Kind, NodeId};
use crate::text::Edit;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The rewrite of `Process(target=add, args=(n,))` into `Process(target=add, args=(n, lock))` and of `def add(n)` into
/// `def add(n, lock)`; `uses` are all the dispatches that send the function.
pub fn hand_over(eval: &Eval, sent: &Sent, uses: &[&Sent], file: FileId, names: &[String]) -> Result<Fix, Refusal> {
    let Callable::Function(worker) = sent.origin.callable else { return Err(no_place("what the process runs is no plain function")) };
    let facts = eval.file(file);
    let tree = facts.tree();
    if worker.file != file || !is_only_sent(eval, worker, uses) {
        return Err(no_place("the function is used in other ways, too, or lies in another module"));
    }
    let parameters = tree.child(worker.node, Field::Parameters).ok_or_else(|| no_place("the function has no parameters"))?;
    let plain = |node: NodeId| tree.kind(node) == Kind::Identifier || tree.kind(node) == Kind::TypedParameter && !facts.text(node).starts_with('*');
    let own: Vec<NodeId> = tree.children(parameters).collect();
    let says_global = facts
        .own_nodes(worker.node)
        .any(|node| tree.kind(node) == Kind::GlobalStatement && tree.children(node).any(|name| names.iter().any(|wanted| wanted == facts.text(name))));
    if !own.iter().all(|node| plain(*node)) || says_global || !facts.decorators(worker.node).is_empty() {
        return Err(no_place("the function's parameters leave no place for another one"));
    }
    let called: Vec<Site> = eval.reached(worker).into_iter().filter(|function| *function != worker).collect();
    if super::globals::reads(eval, &called).iter().any(|read| read.file == file && names.contains(&read.name)) {
        return Err(no_place("functions that the worker calls read it as well"));
    }
    let list = names.join(", ");
    let mut edits = vec![match own.last() {
        Some(last) => Edit::insert(tree.end(*last), format!(", {list}")),
        None => Edit::insert(tree.end(parameters) - 1, list),
    }];
    let values: Vec<&str> = names.iter().map(String::as_str).collect();
    for each in uses {
        names.iter().try_for_each(|name| initializer::available(eval, each.dispatch.call, name))?;
        edits.push(further_argument(eval, each, own.len(), &values).ok_or_else(|| no_place("the arguments of the process cannot be seen whole"))?);
    }
    let path = Arc::new(facts.source.path.clone());
    let told = names.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ");
    Ok(Fix {
        title: format!("hand {told} to the process as an argument"),
        applicability: Applicability::Unsafe,
        edits: edits.into_iter().map(|edit| FileEdit { path: path.clone(), edit }).collect(),
        new_names: Vec::new(),
    })
}

/// Whether every use of a module-level function is the target of a Process in its own file.
fn is_only_sent(eval: &Eval, worker: Site, uses: &[&Sent]) -> bool {
    let facts = eval.file(worker.file);
    let module = facts.scopes.module();
    let name = facts.definition_name(worker.node);
    let leaves: BTreeSet<Site> = uses.iter().map(|each| each.origin.leaf).collect();
    let direct = |each: &&Sent| {
        each.dispatch.api(eval.project).id == "mp.Process"
            && each.dispatch.call.file == worker.file
            && each.origin.through.is_empty()
            && each.origin.leaf == each.slot.expression
            && each.slot.part.is_none()
    };
    let at_module_level = facts.enclosing_function(worker.node).is_none() && facts.scopes.bindings(module, name).len() == 1;
    let reads = facts.scopes.references(module, name).iter().map(|node| Site { file: worker.file, node: *node });
    at_module_level && !uses.is_empty() && uses.iter().all(direct) && reads.into_iter().all(|read| leaves.contains(&read)) && eval.callers(worker).is_empty()
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
        Some(given) => (arguments::display_length(facts, given)? == count).then(|| arguments::extended(facts, given, values)),
        None if count == 0 => {
            let text = format!("{}={}", tuple.name, arguments::tuple_text(values));
            Some(arguments::added_keyword(facts, call.node, each.slot.expression.node, &text))
        }
        None => None,
    }
}

fn no_place(why: &str) -> Refusal {
    Refusal::new(Reason::NoHandOver, why, "pass the value to the worker as an argument, or by the pool's initializer and initargs")
}
