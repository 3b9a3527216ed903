//! What the main process sets up for itself, set up in a pool's workers as well: by an initializer.

use crate::facts::FileFacts;
use crate::facts::scopes::BindingKind;
use crate::findings::{Applicability, Fix, Reason, Refusal};
use crate::project::{Eval, Sent, Site};
use crate::rewrite::lifting::arguments;
use crate::rewrite::state::globals::{Placement, placement};
use crate::rewrite::state::worker_start::WorkerStart;
use crate::rewrite::{fresh_name, place};
use crate::syntax::{Field, Kind, NodeId};

/// Gives the executor of `sent` an initializer that does what `setup` does: the function around it, if that does nothing else
/// than to set things up, or a new one.
pub fn by_initializer(eval: &Eval, sent: &Sent, setup: Site) -> Result<Fix, Refusal> {
    let refuse = |what: &str| {
        Refusal::new(
            Reason::NoHandOver,
            what,
            "call the same set-up first in the function that the workers run, or in their initializer",
        )
    };
    let made = sent
        .dispatch
        .made
        .filter(|made| made.file == setup.file)
        .ok_or_else(|| refuse("the workers' start cannot be seen beside the set-up"))?;
    let start = WorkerStart::of(eval, made)
        .ok_or_else(|| refuse("what starts the workers takes no initializer"))?;
    if start.has_initializer() {
        return Err(refuse("the workers have an initializer already"));
    }
    let facts = eval.file(setup.file);
    let own = facts.enclosing_function(setup.node).filter(|function| {
        is_plain_setup(facts, *function)
            && ![made, sent.dispatch.call, sent.origin.handover]
                .iter()
                .any(|site| site.file == setup.file && facts.tree().contains(*function, site.node))
    });
    let (function, definition) = match own {
        Some(function) => (facts.definition_name(function).to_owned(), None),
        None => {
            let statement = facts.statement(setup.node);
            if !is_repeatable(facts, statement) {
                return Err(refuse("the set-up uses what only the main process has"));
            }
            let name = fresh_name::module_name(facts, "init_worker");
            let text = format!(
                "def {name}():{}{}{}",
                facts.source.newline(),
                place::indent_unit(facts),
                facts.text(statement)
            );
            (name, Some(place::insert_above(facts, made.node, &text)))
        }
    };
    let given = arguments::append(facts, made.node, &format!("initializer={function}"));
    let new_names = if definition.is_some() { vec![function.clone()] } else { Vec::new() };
    Ok(Fix {
        title: format!("let '{function}' set the workers up, too"),
        applicability: Applicability::Unsafe,
        edits: facts.file_edits(definition.into_iter().chain([given])),
        new_names,
    })
}

/// Whether a function of the module takes nothing: it can be an initializer.
fn is_plain_setup(facts: &FileFacts, function: NodeId) -> bool {
    let tree = facts.tree();
    let takes_nothing = tree
        .child(function, Field::Parameters)
        .is_some_and(|parameters| tree.children(parameters).next().is_none());
    let name = tree.child(function, Field::Name).and_then(|name| facts.scopes.resolve_name(name));
    takes_nothing
        && !facts.is_async(function)
        && !facts.is_generator(function)
        && name.is_some_and(|(home, name)| {
            home == facts.scopes.module() && facts.scopes.bindings(home, name).len() == 1
        })
}

/// Whether a statement reads nothing but what children have, too: imports, functions, constants of the module.
fn is_repeatable(facts: &FileFacts, statement: NodeId) -> bool {
    let tree = facts.tree();
    let has_it = |name: NodeId| {
        let Some((home, text)) = facts.scopes.resolve_name(name) else { return true };
        let bindings = facts.scopes.bindings(home, text);
        home == facts.scopes.module()
            && bindings.iter().all(|binding| {
                placement(facts, binding) == Placement::Import
                    && !matches!(binding.kind, BindingKind::Delete)
            })
    };
    tree.kind(statement) == Kind::ExpressionStatement
        && !place::shares_its_line(facts, statement)
        && tree
            .subtree(statement)
            .filter(|node| tree.kind(*node) == Kind::Identifier && facts.scopes.is_read(*node))
            .all(has_it)
}
