//! Imports that stand under the guard although workers use them.

use crate::facts::scopes::BindingKind;
use crate::findings::{Applicability, Fix, Reason, Refusal};
use crate::project::Eval;
use crate::rewrite::state::globals::GlobalRead;
use crate::rewrite::{imports, place};
use crate::syntax::{Kind, Tree};

/// The rewrite of an import under the guard into one at the top of the file.
pub fn to_top(eval: &Eval, read: &GlobalRead) -> Result<Fix, Refusal> {
    let facts = eval.file(read.file);
    let tree = facts.tree();
    let shape = |what: &str| {
        Refusal::new(Reason::UnsupportedShape, what, "import it at the top of the file")
    };
    let [binding] = facts.scopes.bindings(facts.scopes.module(), &read.name) else {
        return Err(shape("it is imported in several places"));
    };
    let statement = binding.statement;
    let BindingKind::Import { module, .. } = &binding.kind else {
        return Err(shape("it is no import"));
    };
    let suite = tree.parent(statement);
    let in_guard = suite.and_then(|suite| tree.parent(suite)).is_some_and(|owner| {
        tree.kind(owner) == Kind::IfStatement && tree.parent(owner) == Some(Tree::ROOT)
    });
    if !in_guard || place::shares_its_line(facts, statement) || facts.text(statement).contains('\n')
    {
        return Err(shape("the import does not stand on a line of its own, right under the guard"));
    }
    let edits = [
        imports::insertion(facts, facts.text(statement), module),
        place::remove_statement(facts, statement),
    ];
    Ok(Fix {
        title: format!("import '{}' at the top of the file", read.name),
        applicability: Applicability::Unsafe,
        edits: facts.file_edits(edits),
        new_names: Vec::new(),
    })
}
