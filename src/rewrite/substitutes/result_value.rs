//! Results that have a picklable equal: `list(d.keys())` for `d.keys()`, a list for a generator expression.

use crate::findings::{Applicability, Fix};
use crate::project::{Callable, Eval, Sent, Site, Value};
use crate::syntax::{Field, Kind, NodeId};
use crate::text::{Edit, Span};

/// The rewrite of a returned expression of the kind `what`, where there is one.
pub fn picklable(eval: &Eval, returned: Site, what: &str) -> Option<Fix> {
    let facts = eval.file(returned.file);
    let tree = facts.tree();
    if eval.is_endless(returned) {
        return None;
    }
    let span = tree.span(returned.node);
    let wrapped = |name: &str| {
        (
            format!("return a {name}"),
            vec![Edit::replace(span, format!("{name}({})", facts.slice(span)))],
        )
    };
    let (title, edits) = match (what, tree.kind(returned.node)) {
        (_, Kind::GeneratorExpression) if tree.field(returned.node) != Field::Arguments => {
            let ends = [Span::new(span.start, span.start + 1), Span::new(span.end - 1, span.end)];
            (
                "return a list".to_owned(),
                vec![Edit::replace(ends[0], "["), Edit::replace(ends[1], "]")],
            )
        }
        ("a dict view" | "a generator", Kind::Call) => wrapped("list"),
        ("a memoryview", Kind::Call | Kind::Identifier) => wrapped("bytes"),
        ("a read-only view of a dict", Kind::Call | Kind::Identifier) => wrapped("dict"),
        _ => return None,
    };
    let edits = facts.file_edits(edits);
    Some(Fix { title, applicability: Applicability::Unsafe, edits, new_names: Vec::new() })
}

/// A function that runs a generator or coroutine function to its end in the worker, sent in its place.
pub fn run_to_the_end(eval: &Eval, sent: &Sent) -> Option<Fix> {
    let Callable::Function(worker) = sent.origin.callable else { return None };
    let leaf = sent.origin.leaf;
    let (facts, home) = (eval.file(leaf.file), eval.file(worker.file));
    let tree = facts.tree();
    // `scan.lines`, where the module is imported at module level
    let root = match tree.kind(leaf.node) {
        Kind::Identifier => Some(leaf.node),
        Kind::Attribute => tree
            .child(leaf.node, Field::Object)
            .filter(|object| tree.kind(*object) == Kind::Identifier),
        _ => None,
    };
    let root = root.filter(|root| {
        facts.scopes.resolve_name(*root).is_some_and(|(scope, _)| scope == facts.scopes.module())
    })?;
    let is_module = |value: &Value| matches!(value, Value::Module(_));
    let is_named = root == leaf.node
        || eval.values(Site { file: leaf.file, node: root }).iter().all(is_module);
    let one_place =
        sent.origin.through.is_empty() && leaf == sent.slot.expression && sent.slot.part.is_none();
    if !is_named
        || !one_place
        || !home.decorators(worker.node).is_empty()
        || (home.is_async(worker.node) && home.is_generator(worker.node))
        || eval.yields_without_end(worker)
    {
        return None;
    }
    let parameters = home.tree().child(worker.node, Field::Parameters)?;
    let plain =
        |node: NodeId| (home.tree().kind(node) == Kind::Identifier).then(|| home.text(node));
    let names: Option<Vec<&str>> = home.tree().children(parameters).map(plain).collect();
    let own = facts.text(leaf.node);
    let (signature, passed) = match names.filter(|names| !names.contains(&facts.text(root))) {
        Some(names) => (names.join(", "), names.join(", ")),
        None => ("*args, **kwargs".to_owned(), "*args, **kwargs".to_owned()),
    };
    let name = crate::rewrite::fresh_name::module_name(facts, home.definition_name(worker.node));
    let (newline, unit) = (facts.source.newline(), crate::rewrite::place::indent_unit(facts));
    let mut edits = Vec::new();
    let mut new_names = vec![name.clone()];
    let body = if home.is_async(worker.node) {
        let run = crate::rewrite::imports::import(facts, "asyncio", "run", &[leaf.node]);
        edits.extend(run.edit);
        new_names.extend(run.new_name);
        format!("return {}({own}({passed}))", run.expression)
    } else {
        format!("return list({own}({passed}))")
    };
    edits.push(crate::rewrite::place::insert_above(
        facts,
        leaf.node,
        &format!("def {name}({signature}):{newline}{unit}{body}"),
    ));
    edits.push(Edit::replace(tree.span(leaf.node), name.clone()));
    let edits = facts.file_edits(edits);
    Some(Fix {
        title: format!("send a function that runs '{own}' to its end: '{name}'"),
        applicability: Applicability::Unsafe,
        edits,
        new_names,
    })
}
