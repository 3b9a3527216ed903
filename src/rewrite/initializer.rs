//! Globals of the main process handed to a pool's workers by an initializer.

use super::globals::{Placement, placement};
use super::{arguments, fresh_name, place};
use crate::facts::scopes::Resolution;
use crate::findings::{Applicability, FileEdit, Fix, Reason, Refusal};
use crate::project::{Eval, FileId, Sent, Site};
use crate::syntax::NodeId;
use std::sync::Arc;

/// The rewrite of `Pool(2)` into `Pool(2, initializer=_init_worker, initargs=(limit,))`, where the new function binds the
/// globals `names` of `file` in the worker.
pub fn hand_over(eval: &Eval, sent: &Sent, file: FileId, names: &[String]) -> Result<Fix, Refusal> {
    let facts = eval.file(file);
    let call = sent.dispatch.made.filter(|made| made.file == file).ok_or_else(|| no_place("the workers' start cannot be seen in this file"))?;
    let dispatch =
        eval.dispatches_at(call).into_iter().find(|dispatch| dispatch.api(eval.project).callables.first().is_some_and(|slot| slot.name == "initializer"));
    let dispatch = dispatch.ok_or_else(|| no_place("what starts the workers takes no initializer"))?;
    if eval.has_splat(call) || !eval.slots(&dispatch).is_empty() || !eval.arguments(&dispatch).is_empty() {
        return Err(no_place("the workers have an initializer already, or get arguments that cannot be seen"));
    }
    for name in names {
        available(eval, call, name)?;
    }
    let function = fresh_name::module_name(facts, "init_worker");
    let newline = facts.source.newline();
    let unit = place::indent_unit(facts);
    let parameters: Vec<String> = names.iter().map(|name| format!("{name}_")).collect();
    let lines: Vec<String> = names.iter().zip(&parameters).map(|(name, parameter)| format!("{unit}{name} = {parameter}")).collect();
    let text = format!("def {function}({}):{newline}{unit}global {}{newline}{}", parameters.join(", "), names.join(", "), lines.join(newline));
    let values = if let [one] = names { format!("({one},)") } else { format!("({})", names.join(", ")) };
    let edits = [place::insert_above(facts, call.node, &text), arguments::append(facts, call.node, &format!("initializer={function}, initargs={values}"))];
    let path = Arc::new(facts.source.path.clone());
    let list = names.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ");
    Ok(Fix {
        title: format!("hand {list} to the workers by an initializer"),
        applicability: Applicability::Unsafe,
        edits: edits.into_iter().map(|edit| FileEdit { path: path.clone(), edit }).collect(),
        new_names: vec![function],
    })
}

/// Whether the global can be read where the pool is made, is bound by then, and can be pickled.
pub(super) fn available(eval: &Eval, call: Site, name: &str) -> Result<(), Refusal> {
    let facts = eval.file(call.file);
    let scope = facts.scopes.scope_of(call.node);
    let module = facts.scopes.module();
    let is_global = match facts.scopes.resolve(scope, name) {
        Resolution::Global => true,
        Resolution::Local(home) | Resolution::Free(home) => home == module,
    };
    if !is_global {
        return Err(no_place(&format!("'{name}' means a local variable where the workers start")));
    }
    let bindings = facts.scopes.bindings(module, name);
    let nested = |node: NodeId| facts.tree().parent(facts.statement(node)).is_some_and(|suite| is_conditional(facts, suite));
    let early = bindings.iter().any(|binding| {
        placement(facts, binding) == Placement::Import || (!nested(binding.node) && eval.is_before(Site { file: call.file, node: binding.node }, call))
    });
    if !early {
        return Err(Refusal::new(
            Reason::UnboundCapture,
            format!("'{name}' may not be bound yet where the workers start"),
            "bind it before the pool is made, then hand it over by initializer and initargs",
        ));
    }
    let obstacle = bindings.iter().flat_map(|binding| eval.binding_values(call.file, binding)).find_map(|value| eval.obstacle_in(&value, true));
    match obstacle {
        None => Ok(()),
        Some(obstacle) => Err(Refusal::new(Reason::UnpicklableObject, obstacle.told_of(&format!("'{name}'")), "make it in the worker, by an initializer")),
    }
}

/// Whether a suite runs under a condition other than the guard.
fn is_conditional(facts: &crate::facts::FileFacts, suite: NodeId) -> bool {
    use crate::syntax::Kind;
    let tree = facts.tree();
    tree.parent(suite).is_some_and(|owner| {
        matches!(tree.kind(owner), Kind::IfStatement | Kind::ElseClause | Kind::ElifClause | Kind::ForStatement | Kind::WhileStatement | Kind::ExceptClause)
            && !(tree.kind(owner) == Kind::IfStatement && crate::facts::guard::is_guard(facts, owner))
    })
}

fn no_place(why: &str) -> Refusal {
    Refusal::new(Reason::NoHandOver, why, "pass the value to the worker as an argument, or by the pool's initializer and initargs")
}
