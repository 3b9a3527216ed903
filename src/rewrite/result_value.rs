//! Results that have a picklable equal: `list(d.keys())` for `d.keys()`, a list for a generator expression.

use crate::findings::{Applicability, FileEdit, Fix};
use crate::project::{Eval, Site};
use crate::syntax::{Field, Kind};
use crate::text::{Edit, Span};
use std::sync::Arc;

/// The rewrite of a returned expression of the kind `what`, where there is one.
pub fn picklable(eval: &Eval, returned: Site, what: &str) -> Option<Fix> {
    let facts = eval.file(returned.file);
    let tree = facts.tree();
    let span = tree.span(returned.node);
    let wrapped = |name: &str| (format!("return a {name}"), vec![Edit::replace(span, format!("{name}({})", facts.slice(span)))]);
    let (title, edits) = match (what, tree.kind(returned.node)) {
        (_, Kind::GeneratorExpression) if tree.field(returned.node) != Field::Arguments => {
            let ends = [Span::new(span.start, span.start + 1), Span::new(span.end - 1, span.end)];
            ("return a list".to_owned(), vec![Edit::replace(ends[0], "["), Edit::replace(ends[1], "]")])
        }
        ("a dict view" | "a generator", Kind::Call) => wrapped("list"),
        ("a memoryview", Kind::Call | Kind::Identifier) => wrapped("bytes"),
        ("a read-only view of a dict", Kind::Call | Kind::Identifier) => wrapped("dict"),
        _ => return None,
    };
    let path = Arc::new(facts.source.path.clone());
    let edits = edits.into_iter().map(|edit| FileEdit { path: path.clone(), edit }).collect();
    Some(Fix { title, applicability: Applicability::Unsafe, edits, new_names: Vec::new() })
}
