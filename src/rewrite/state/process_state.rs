//! What a `Process` subclass makes in `__init__` and only the child uses: made in `run` instead.

use crate::findings::{Applicability, Fix};
use crate::project::values::writes;
use crate::project::{Eval, Site};
use crate::rewrite::lifting::body;
use crate::rewrite::place;
use crate::rewrite::state::worker_state;
use crate::syntax::{Field, Kind, NodeId, Tree};
use crate::text::Edit;

/// The rewrite of `__init__`'s `self.x = make()` into `run`, where nothing but `run` and what only `run` calls uses the attribute.
pub fn made_in_run(eval: &Eval, class: Site, write: Site) -> Option<Fix> {
    let facts = eval.file(class.file);
    let tree = facts.tree();
    let (run, init) = (eval.own_method(class, "run")?, eval.own_method(class, "__init__")?);
    // A base may keep it.
    (write.file == class.file && tree.contains(init.node, write.node)).then_some(())?;
    let assignment = tree.parent(write.node).filter(|up| tree.kind(*up) == Kind::Assignment)?;
    let statement =
        tree.parent(assignment).filter(|up| tree.kind(*up) == Kind::ExpressionStatement)?;
    let value = tree.child(assignment, Field::Right)?;
    let in_init = tree.parent(statement) == tree.child(init.node, Field::Body);
    if !in_init || place::shares_its_line(facts, statement) {
        return None;
    }
    let name = facts.text(tree.child(write.node, Field::Attribute)?);
    let renamed = from_attributes(eval, class, init, Site { file: class.file, node: value }, name)?;
    let inside = eval.worker_methods(&eval.lineage(class), run);
    if !is_used_only_in(eval, class, name, write, &inside) {
        return None;
    }
    let body = tree.child(run.node, Field::Body)?;
    let mut first = tree.children(body).next()?;
    let own_self = first_parameter(eval, run)?;
    if own_self != first_parameter(eval, init)?
        || facts.source.lines().line(tree.start(first))
            == facts.source.lines().line(tree.start(run.node))
    {
        return None;
    }
    if is_docstring(tree, first) {
        first = tree.children(body).nth(1)?;
    }
    let text = body::apply_inside(facts, tree.span(statement), renamed)?;
    let (mut lines, behind) = place::comments_of(facts, statement, statement);
    lines.push(behind.into_iter().fold(text, |line, comment| line + "  " + &comment));
    let edits =
        [place::lines_above(facts, first, &lines), place::remove_statement(facts, statement)];
    Some(Fix {
        title: format!("make 'self.{name}' in run()"),
        applicability: Applicability::Unsafe,
        edits: facts.file_edits(edits),
        new_names: Vec::new(),
    })
}

/// The edits that make an expression of `__init__` mean the same in another method: it may read module-level names, and
/// parameters that `__init__` keeps in an attribute which nothing else writes, and that is not the `moved` one itself.
fn from_attributes(
    eval: &Eval,
    class: Site,
    init: Site,
    expression: Site,
    moved: &str,
) -> Option<Vec<Edit>> {
    let facts = eval.file(expression.file);
    let tree = facts.tree();
    let body = tree.child(init.node, Field::Body)?;
    let own = first_parameter(eval, init)?;
    let writes = eval.attribute_writes_by_name(class);
    let mut edits = Vec::new();
    for node in tree.subtree(expression.node).filter(|node| tree.kind(*node) == Kind::Identifier) {
        let Some((home, name)) =
            facts.scopes.resolve_name(node).filter(|(home, _)| *home != facts.scopes.module())
        else {
            continue;
        };
        if name == own {
            // Another attribute: it is there when the child runs if nothing but `__init__` writes it.
            let attribute = tree.parent(node).filter(|up| tree.kind(*up) == Kind::Attribute)?;
            let read = facts.text(tree.child(attribute, Field::Attribute)?);
            (read != moved).then_some(())?;
            writes
                .iter()
                .filter(|(attribute, _)| attribute == read)
                .all(|(_, write)| {
                    write.target.file == init.file && tree.contains(init.node, write.target.node)
                })
                .then_some(())?;
            continue;
        }
        let [binding] = facts.scopes.bindings(home, name) else { return None };
        let is_parameter =
            matches!(binding.kind, crate::facts::scopes::BindingKind::Parameter { .. })
                && tree.contains(init.node, binding.node);
        let keeps = |write: &writes::AttributeWrite| {
            let value = write
                .value
                .filter(|value| value.file == init.file && facts.text(value.node) == name);
            value.is_some() && tree.parent(facts.statement(write.target.node)) == Some(body)
        };
        let kept = writes
            .iter()
            .find(|(attribute, write)| attribute != moved && keeps(write))
            .map(|(attribute, _)| attribute)
            .filter(|_| is_parameter)?;
        (writes.iter().filter(|(attribute, _)| attribute == kept).count() == 1).then_some(())?;
        edits.push(Edit::replace(tree.span(node), format!("{own}.{kept}")));
    }
    Some(edits)
}

/// Whether the attribute name occurs nowhere but at `write` and inside the given methods.
fn is_used_only_in(
    eval: &Eval,
    class: Site,
    name: &str,
    write: Site,
    inside: &std::collections::BTreeSet<Site>,
) -> bool {
    eval.project.files().all(|(id, facts)| {
        let tree = facts.tree();
        tree.subtree(Tree::ROOT).filter(|node| tree.kind(*node) == Kind::Attribute).all(|node| {
            let same = tree
                .child(node, Field::Attribute)
                .is_some_and(|attribute| facts.text(attribute) == name);
            let here = Site { file: id, node };
            !same
                || here == write
                || worker_state::is_of_another_class(eval, class, here)
                || inside.iter().any(|method| method.file == id && tree.contains(method.node, node))
        })
    })
}

fn first_parameter<'p>(eval: &Eval<'p>, function: Site) -> Option<&'p str> {
    let facts = eval.file(function.file);
    let tree = facts.tree();
    let parameters = tree.child(function.node, Field::Parameters)?;
    Some(facts.text(tree.children(parameters).next()?))
}

fn is_docstring(tree: &Tree, statement: NodeId) -> bool {
    tree.kind(statement) == Kind::ExpressionStatement
        && tree.children(statement).next().is_some_and(|inner| tree.kind(inner) == Kind::String)
}
