//! What a worker may open for itself instead of what its object holds: another connection to the same database, a file that
//! is only read.

use crate::project::travel::picklability::Obstacle;
use crate::project::{Eval, Site, Value};
use crate::rewrite::state::worker_state;
use crate::syntax::{Field, Kind, NodeId};
use std::collections::BTreeSet;

/// What the objects are called that a worker may open for itself: another connection to the same database is as good.
pub(super) const REOPENED: &str = "a database connection";

/// Whether what is in the way is as good when it is opened anew: a connection to the same database, or a file that is only read,
/// and only by the worker, so that it stands at its start. `opened` are the attributes that are in the way, and `inside` the methods
/// that only the worker runs.
pub(super) fn is_reopened(
    eval: &Eval,
    class: Site,
    inside: &BTreeSet<Site>,
    opened: &BTreeSet<&str>,
    obstacle: &Obstacle,
) -> bool {
    if obstacle.path.matches('.').count() != 1 {
        return false;
    }
    let Some(target) = obstacle.site else { return false };
    let tree = eval.file(target.file).tree();
    let value = tree
        .parent(target.node)
        .and_then(|up| tree.child(up, Field::Right))
        .filter(|value| tree.kind(*value) == Kind::Call);
    let Some(call) = value.map(|node| Site { file: target.file, node }) else { return false };
    if obstacle.what == REOPENED {
        // What is in memory, or has no name, is this process's own.
        let literal = |value: &Value| {
            if let Value::Literal(site) = value { eval.string_literal(*site) } else { None }
        };
        let given = eval.all_arguments(call);
        return !given.into_iter().any(|given| {
            eval.values(given)
                .iter()
                .filter_map(literal)
                .any(|text| text.contains("memory") || text.is_empty())
        });
    }
    if obstacle.what == "a database cursor" {
        // `self.db.cursor()`
        let callee = tree
            .child(call.node, Field::Function)
            .map_or("", |callee| eval.file(target.file).text(callee));
        let of = callee.strip_prefix("self.").and_then(|rest| rest.strip_suffix(".cursor"));
        return of.is_some_and(|of| opened.contains(of))
            && is_asked_by_worker(eval, class, inside, obstacle, target);
    }
    if obstacle.what != "an open file" {
        return false;
    }
    let callee = tree
        .child(call.node, Field::Function)
        .map_or("", |callee| eval.file(target.file).text(callee));
    let read_only = match eval.argument(call, "mode", 1) {
        Some(mode) => {
            eval.string_literal(mode).is_some_and(|mode| matches!(mode, "r" | "rb" | "rt"))
        }
        None => true,
    };
    callee == "open" && read_only && is_asked_by_worker(eval, class, inside, obstacle, target)
}

/// Whether nothing but the worker, and what closes it, uses what is kept in an attribute.
fn is_asked_by_worker(
    eval: &Eval,
    class: Site,
    inside: &BTreeSet<Site>,
    obstacle: &Obstacle,
    target: Site,
) -> bool {
    let name = obstacle.path.trim_start_matches("self.");
    let by_worker = |site: &Site| {
        *site == target
            || worker_state::is_of_another_class(eval, class, *site)
            || is_put_away(eval, *site)
            || inside.iter().any(|method| {
                method.file == site.file
                    && eval.file(site.file).tree().contains(method.node, site.node)
            })
    };
    !inside.is_empty() && eval.project.attributes_named(name).iter().all(by_worker)
}

/// `self.file.close()`, `self.file = None`.
fn is_put_away(eval: &Eval, attribute: Site) -> bool {
    let facts = eval.file(attribute.file);
    let tree = facts.tree();
    let Some(up) = tree.parent(attribute.node) else { return false };
    let is_none = tree.child(up, Field::Right).is_some_and(|value| tree.kind(value) == Kind::None);
    let closes = || {
        tree.child(up, Field::Attribute).is_some_and(|name| facts.text(name) == "close")
            && tree.field(up) == Field::Function
    };
    match tree.kind(up) {
        Kind::Assignment => tree.field(attribute.node) == Field::Left && is_none,
        Kind::Attribute => closes(),
        _ => false,
    }
}

/// Whether the method only queries what it opens: `self.db.execute("SELECT …")`.
pub(super) fn reads_only(eval: &Eval, class: Site, method: Site, opened: &BTreeSet<&str>) -> bool {
    let facts = eval.file(method.file);
    let tree = facts.tree();
    let own = |node: &NodeId| {
        let object =
            tree.child(*node, Field::Object).filter(|_| tree.kind(*node) == Kind::Attribute);
        object.is_some_and(|object| {
            eval.self_class(Site { file: method.file, node: object }).is_some()
        })
    };
    tree.subtree(method.node).filter(own).all(|node| {
        let name = tree.child(node, Field::Attribute).map_or("", |name| facts.text(name));
        let accessor = eval.method(class, name).map(|(_, accessor)| accessor);
        let gives = match accessor {
            None if opened.contains(name) => node,
            // Other attributes are read.
            None => return tree.field(node) != Field::Left && tree.field(node) != Field::Function,
            Some(accessor) if !gives_opened(eval, accessor, opened) => return false,
            Some(accessor) if eval.has_decorator(accessor, &["property"]) => node,
            Some(_) => match tree
                .parent(node)
                .filter(|up| tree.kind(*up) == Kind::Call && tree.field(node) == Field::Function)
            {
                Some(call) => call,
                None => return false,
            },
        };
        let call = tree
            .parent(gives)
            .filter(|up| tree.kind(*up) == Kind::Attribute)
            .and_then(|up| tree.parent(up))
            .filter(|up| tree.kind(*up) == Kind::Call);
        let statement = call.and_then(|call| {
            eval.positional_arguments(Site { file: method.file, node: call }).first().copied()
        });
        statement
            .and_then(|text| eval.string_literal(text))
            .is_some_and(|text| text.trim_start().to_ascii_lowercase().starts_with("select"))
    })
}

/// Whether a method does nothing but open, where that is still to be done, and give what is opened.
fn gives_opened(eval: &Eval, accessor: Site, opened: &BTreeSet<&str>) -> bool {
    let facts = eval.file(accessor.file);
    let tree = facts.tree();
    let own =
        facts.own_nodes(accessor.node).filter(|node| tree.kind(*node) == Kind::ReturnStatement);
    let mut returns = own.peekable();
    let gives = |node: NodeId| {
        tree.children(node)
            .next()
            .and_then(|given| facts.text(given).strip_prefix("self."))
            .is_some_and(|name| opened.contains(name))
    };
    let body: Vec<NodeId> = tree
        .child(accessor.node, Field::Body)
        .into_iter()
        .flat_map(|body| tree.children(body))
        .collect();
    let plain = |statement: &NodeId| match tree.kind(*statement) {
        Kind::ReturnStatement => true,
        Kind::IfStatement => {
            let inner = tree
                .child(*statement, Field::Consequence)
                .into_iter()
                .flat_map(|body| tree.children(body));
            inner.into_iter().all(|each| {
                tree.children(each).next().is_some_and(|inner| tree.kind(inner) == Kind::Assignment)
            })
        }
        _ => tree.children(*statement).next().is_some_and(|inner| tree.kind(inner) == Kind::String),
    };
    returns.peek().is_some() && returns.all(gives) && body.iter().all(plain)
}
