//! A primitive that is made among the arguments of a Process, bound to a variable that lives until the process is joined.

use crate::facts::FileFacts;
use crate::findings::{Applicability, Fix};
use crate::project::{Eval, Site};
use crate::rewrite::{fresh_name, place};
use crate::syntax::{Field, Kind, NodeId};
use crate::text::Edit;
use std::collections::BTreeSet;

/// Binds what `made` makes above the statement that makes the process; `None` where that runs several times, or the statement
/// has no line of its own.
pub fn bound_above(eval: &Eval, made: Site) -> Option<Fix> {
    let facts = eval.file(made.file);
    let tree = facts.tree();
    let statement = facts.statement(made.node);
    let repeats = tree
        .ancestors(made.node)
        .take_while(|up| {
            !matches!(
                tree.kind(*up),
                Kind::FunctionDefinition | Kind::ClassDefinition | Kind::Module
            )
        })
        .any(|up| {
            matches!(
                tree.kind(up),
                Kind::ForStatement
                    | Kind::WhileStatement
                    | Kind::Lambda
                    | Kind::ListComprehension
                    | Kind::SetComprehension
                    | Kind::DictionaryComprehension
                    | Kind::GeneratorExpression
                    | Kind::ConditionalExpression
                    | Kind::BooleanOperator
            )
        });
    let is_simple = matches!(tree.kind(statement), Kind::ExpressionStatement);
    if repeats || !is_simple || place::shares_its_line(facts, statement) {
        return None;
    }
    let callee = tree.child(made.node, Field::Function)?;
    let class = tree.child(callee, Field::Attribute).unwrap_or(callee);
    // `SimpleQueue` is a queue.
    let text = facts.text(class);
    let base = text[text.rfind(char::is_uppercase).unwrap_or(0)..].to_lowercase();
    let name = fresh_name::variable_name(&names_seen(facts, statement), &base);
    let line = format!("{name} = {}", facts.text(made.node));
    let edits = vec![
        place::lines_above(facts, statement, &[line]),
        Edit::replace(tree.span(made.node), name.clone()),
    ];
    Some(Fix {
        title: format!("keep the primitive in '{name}' until the process is joined"),
        applicability: Applicability::Unsafe,
        edits: facts.file_edits(edits),
        new_names: Vec::new(),
    })
}

/// The names that mean something where a statement stands, or in the whole module.
fn names_seen(facts: &FileFacts, statement: NodeId) -> BTreeSet<String> {
    let (own, module) = (facts.scopes.scope_of(statement), facts.scopes.module());
    let mut names = BTreeSet::new();
    for scope in facts.scopes.ids() {
        let symbols = facts.scopes.get(scope).symbols.iter();
        let seen =
            symbols.filter(|(_, symbol)| scope == own || [own, module].contains(&symbol.home));
        names.extend(seen.map(|(name, _)| name.clone()));
    }
    names
}
