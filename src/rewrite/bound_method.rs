//! Bound methods of objects that cannot be pickled: a function that makes the object anew in the worker.

use super::{fresh_name, imports, place};
use crate::facts::FileFacts;
use crate::facts::scopes::BindingKind;
use crate::findings::{Applicability, FileEdit, Fix, Remedy};
use crate::project::picklability::Obstacle;
use crate::project::{Callable, Eval, Sent, Site, Type};
use crate::syntax::{Field, Kind, NodeId, Tree};
use crate::text::Edit;
use std::sync::Arc;

/// What the objects are called that a worker may open for itself: another connection to the same database is as good.
const REOPENED: &str = "a database connection";

/// What is known about a class whose objects can be made anew from their own attributes.
struct Recipe {
    /// Constructor parameter and the attribute that keeps what it was given.
    parts: Vec<(String, String)>,
}

/// The rewrite of `map(repo.title, keys)` as `map(partial(_title, path=repo.path), keys)`, where a new `Repo(path)` does what
/// the old object did; `None` where that is not proven.
pub fn remedy(eval: &Eval, sent: &Sent, obstacles: &[Obstacle]) -> Option<Remedy> {
    let Callable::Method { receiver: Type::Class(class), object, name, function: Some(method) } = &sent.origin.callable else { return None };
    let (leaf, file) = (sent.origin.leaf, sent.origin.leaf.file);
    let facts = eval.file(file);
    let tree = facts.tree();
    if obstacles.iter().any(|each| each.what != REOPENED || each.path.matches('.').count() != 1) || class.file != file || method.file != file {
        return None;
    }
    let is_attribute = tree.kind(leaf.node) == Kind::Attribute && tree.child(leaf.node, Field::Object) == Some(object.node);
    let is_top_level = tree.parent(facts.with_decorators(class.node)) == Some(Tree::ROOT);
    if !is_attribute || !is_top_level || tree.kind(object.node) != Kind::Identifier || !facts.decorators(method.node).is_empty() {
        return None;
    }
    let recipe = recipe(eval, *class)?;
    let own = plain_parameters(facts, method.node)?;
    let reads_only = reads_only(eval, *class, *method, obstacles);
    let unused_else = is_made_and_sent_only(eval, *object, *class, leaf);
    let applicability = if reads_only && unused_else { Applicability::Safe } else { Applicability::Unsafe };
    let function = fresh_name::module_name(facts, name);
    let partial = imports::import(facts, "functools", "partial", &[leaf.node]);
    let taken: std::collections::BTreeSet<String> = own.iter().cloned().collect();
    let bound: Vec<(String, String, String)> =
        recipe.parts.iter().map(|(parameter, attribute)| (parameter.clone(), fresh_name::variable_name(&taken, parameter), attribute.clone())).collect();
    let signature = own.iter().cloned().chain(std::iter::once("*".to_owned())).chain(bound.iter().map(|row| row.1.clone())).collect::<Vec<_>>().join(", ");
    let made: Vec<String> = bound.iter().map(|(parameter, own, _)| if parameter == own { own.clone() } else { format!("{parameter}={own}") }).collect();
    let class_name = facts.definition_name(class.node);
    let newline = facts.source.newline();
    let text = format!("def {function}({signature}):{newline}{}return {class_name}({}).{name}({})", place::indent_unit(facts), made.join(", "), own.join(", "));
    let given: Vec<String> = bound.iter().map(|(_, own, attribute)| format!("{own}={}.{attribute}", facts.text(object.node))).collect();
    let after = following_statement(facts, class.node);
    let mut edits = vec![
        Edit::replace(tree.span(leaf.node), format!("{}({function}, {})", partial.expression, given.join(", "))),
        match after {
            Some(next) => place::insert_above(facts, next, &text),
            None => return None,
        },
    ];
    let mut new_names = vec![function.clone()];
    edits.extend(partial.edit);
    new_names.extend(partial.new_name);
    let path = Arc::new(facts.source.path.clone());
    Some(Remedy::Fix(Fix {
        title: format!("make a '{class_name}' in the worker"),
        applicability,
        edits: edits.into_iter().map(|edit| FileEdit { path: path.clone(), edit }).collect(),
        new_names,
    }))
}

/// The constructor's parameters with the attributes that keep them, where `__init__` does nothing but fill attributes.
fn recipe(eval: &Eval, class: Site) -> Option<Recipe> {
    let facts = eval.file(class.file);
    let tree = facts.tree();
    let init = eval.own_method(class, "__init__").filter(|_| eval.lineage(class).len() == 1 && eval.external_bases(class).is_empty())?;
    let mut parameters = plain_parameters(facts, init.node)?;
    let mut parts = Vec::new();
    let body = tree.child(init.node, Field::Body)?;
    for statement in tree.children(body) {
        let assignment = tree.children(statement).next().filter(|inner| tree.kind(*inner) == Kind::Assignment)?;
        let (left, right) = (tree.child(assignment, Field::Left)?, tree.child(assignment, Field::Right)?);
        if tree.kind(left) != Kind::Attribute || tree.kind(right) == Kind::Assignment {
            return None;
        }
        let name = facts.text(tree.child(left, Field::Attribute)?);
        if tree.kind(right) == Kind::Identifier && parameters.iter().any(|parameter| parameter == facts.text(right)) {
            parts.push((facts.text(right).to_owned(), name.to_owned()));
        }
    }
    // Attributes that change later are no recipe.
    let writes = eval.own_attribute_writes(class);
    if writes.iter().any(|(_, write)| !tree.contains(init.node, write.target.node)) || is_written_from_outside(eval, class, &parts) {
        return None;
    }
    parameters.retain(|parameter| !parts.iter().any(|(have, _)| have == parameter));
    parameters.is_empty().then_some(Recipe { parts })
}

fn is_written_from_outside(eval: &Eval, class: Site, parts: &[(String, String)]) -> bool {
    eval.project.files().any(|(id, facts)| {
        let tree = facts.tree();
        tree.subtree(Tree::ROOT).any(|node| {
            tree.kind(node) == Kind::Attribute
                && tree.field(node) == Field::Left
                && !(id == class.file && tree.contains(class.node, node))
                && tree.child(node, Field::Attribute).is_some_and(|name| parts.iter().any(|(_, attribute)| attribute == facts.text(name)))
        })
    })
}

/// The names of a method's parameters without `self`, where all of them are plain.
fn plain_parameters(facts: &FileFacts, function: NodeId) -> Option<Vec<String>> {
    let tree = facts.tree();
    let list = tree.child(function, Field::Parameters)?;
    tree.children(list)
        .skip(1)
        .map(|parameter| match tree.kind(parameter) {
            Kind::Identifier => Some(facts.text(parameter).to_owned()),
            Kind::TypedParameter => tree.children(parameter).next().filter(|name| tree.kind(*name) == Kind::Identifier).map(|name| facts.text(name).to_owned()),
            _ => None,
        })
        .collect()
}

/// Whether the method only queries what it opens: `self.db.execute("SELECT …")`.
fn reads_only(eval: &Eval, class: Site, method: Site, obstacles: &[Obstacle]) -> bool {
    let facts = eval.file(class.file);
    let tree = facts.tree();
    tree.subtree(method.node)
        .filter(|node| {
            tree.kind(*node) == Kind::Attribute && eval.self_class(Site { file: class.file, node: tree.child(*node, Field::Object).unwrap_or(*node) }).is_some()
        })
        .all(|node| {
            let name = tree.child(node, Field::Attribute).map_or("", |name| facts.text(name));
            if !obstacles.iter().any(|each| each.path == format!("self.{name}")) {
                // Other attributes are read; other methods may do anything.
                return tree.field(node) != Field::Left && !(tree.field(node) == Field::Function);
            }
            let call =
                tree.parent(node).filter(|up| tree.kind(*up) == Kind::Attribute).and_then(|up| tree.parent(up)).filter(|up| tree.kind(*up) == Kind::Call);
            let statement = call.and_then(|call| eval.positional_arguments(Site { file: class.file, node: call }).first().copied());
            statement.and_then(|text| eval.string_literal(text)).is_some_and(|text| text.trim_start().to_ascii_lowercase().starts_with("select"))
        })
}

/// Whether the object is a local name bound once to a new object, and used for nothing but sending.
fn is_made_and_sent_only(eval: &Eval, object: Site, class: Site, leaf: Site) -> bool {
    let facts = eval.file(object.file);
    let tree = facts.tree();
    let Some((home, name)) = facts.scopes.resolve_name(object.node) else { return false };
    let [binding] = facts.scopes.bindings(home, name) else { return false };
    let BindingKind::Assignment { value: Some(value), .. } = binding.kind else { return false };
    let made_here = tree.kind(value) == Kind::Call
        && eval.values(Site { file: object.file, node: value }).iter().all(|value| *value == crate::project::Value::Instance(Type::Class(class)));
    made_here && facts.scopes.references(home, name).iter().all(|read| tree.contains(leaf.node, *read))
}

/// The top-level statement after a class.
fn following_statement(facts: &FileFacts, class: NodeId) -> Option<NodeId> {
    let tree = facts.tree();
    let own = facts.top_level_statement(class);
    tree.children(Tree::ROOT).find(|statement| *statement > own)
}
