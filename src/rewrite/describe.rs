//! Words: names that say what a lambda does, lists of names for titles.

use crate::facts::FileFacts;
use crate::syntax::{Field, Kind, NodeId};

/// A name for the function that a lambda becomes, from what it does.
pub fn descriptive_name(facts: &FileFacts, lambda: NodeId) -> String {
    let tree = facts.tree();
    if let Some(key) = key_of(facts, lambda) {
        return key;
    }
    let body = tree.child(lambda, Field::Body).map(|body| tree.unparenthesized(body));
    if let Some(verb) = body.and_then(|body| action(facts, body)) {
        let is_call = body.is_some_and(|body| tree.kind(body) == Kind::Call);
        let takes_items = tree.child(lambda, Field::Parameters).is_some();
        // `_resize_one` reads as what a worker does with one item.
        return if is_call && takes_items { format!("{verb}_one") } else { verb };
    }
    match facts.enclosing_function(lambda).map(|function| facts.definition_name(function)) {
        Some(name) if !name.is_empty() => format!("{}_worker", name.trim_matches('_')),
        _ => "worker".to_owned(),
    }
}

/// The key under which a dictionary display has the lambda, if a function can be called so: `{"mean": lambda xs: …}`.
fn key_of(facts: &FileFacts, lambda: NodeId) -> Option<String> {
    let tree = facts.tree();
    let pair = tree
        .parent(lambda)
        .filter(|up| tree.kind(*up) == Kind::Pair && tree.field(lambda) == Field::Value)?;
    let key = tree.child(pair, Field::Key).filter(|key| tree.kind(*key) == Kind::String)?;
    let content =
        tree.child_of_kind(key, Kind::StringContent).map(|content| facts.text(content))?;
    let name = content.trim_matches('_').to_lowercase().replace(['-', ' ', '.', '/'], "_");
    let is_word = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    (is_word && name.len() > 1 && !ROLES.contains(&name.as_str())).then_some(name)
}

/// Keys that say that there is a function, not which.
const ROLES: &[&str] = &[
    "callable", "callback", "fn", "func", "function", "handler", "hook", "job", "key", "method",
    "target", "task", "worker",
];

/// Builtins whose name says little without that of what they are given.
const CONVERSIONS: &[&str] =
    &["list", "tuple", "set", "dict", "sorted", "sum", "len", "str", "int", "float", "round"];

/// What an expression does, in one or two words.
fn action(facts: &FileFacts, body: NodeId) -> Option<String> {
    let tree = facts.tree();
    let word = |node: NodeId| -> Option<String> {
        let name = match tree.kind(node) {
            Kind::Identifier => facts.text(node),
            Kind::Attribute => facts.text(tree.child(node, Field::Attribute)?),
            _ => return None,
        };
        let plain = name.trim_matches('_');
        (!plain.is_empty() && plain.is_ascii()).then(|| plain.to_lowercase())
    };
    match tree.kind(body) {
        Kind::Call => {
            let callee = tree.child(body, Field::Function)?;
            let name = word(callee)?;
            let list = tree.child(body, Field::Arguments);
            let first = list
                .and_then(|list| tree.children(list).next())
                .filter(|node| tree.kind(*node) == Kind::Call);
            match first.and_then(|inner| action(facts, inner)) {
                Some(inner) if CONVERSIONS.contains(&name.as_str()) => {
                    Some(format!("{name}_{inner}"))
                }
                _ => Some(name),
            }
        }
        Kind::Await => tree.children(body).next().and_then(|inner| action(facts, inner)),
        Kind::Identifier => {
            let is_parameter = facts.text(body).len() <= 2;
            Some(if is_parameter { "identity".to_owned() } else { format!("get_{}", word(body)?) })
        }
        Kind::Attribute => Some(format!("get_{}", word(body)?)),
        Kind::Subscript => {
            let key = tree.child(body, Field::Subscript)?;
            let text: String = facts
                .text(key)
                .chars()
                .filter(|c| c.is_ascii_alphanumeric() || *c == '_')
                .collect();
            Some(if text.is_empty() || text.starts_with(|c: char| c.is_ascii_digit()) {
                "get_item".to_owned()
            } else {
                format!("get_{}", text.to_lowercase())
            })
        }
        Kind::BinaryOperator => {
            let operator = tree.child(body, Field::Operator)?;
            Some(
                match facts.text(operator) {
                    "+" => "add",
                    "-" => "subtract",
                    "*" => "multiply",
                    "/" | "//" => "divide",
                    "%" => "remainder",
                    "**" => "power",
                    "@" => "matmul",
                    _ => "combine",
                }
                .to_owned(),
            )
        }
        Kind::UnaryOperator => {
            Some(if facts.text(body).starts_with('-') { "negate" } else { "invert" }.to_owned())
        }
        Kind::ComparisonOperator | Kind::BooleanOperator | Kind::NotOperator => {
            Some("check".to_owned())
        }
        Kind::ConditionalExpression => tree
            .children(body)
            .next()
            .and_then(|first| action(facts, first))
            .or_else(|| Some("choose".to_owned())),
        Kind::Tuple => Some("make_tuple".to_owned()),
        Kind::List | Kind::ListComprehension => Some("make_list".to_owned()),
        Kind::Dictionary | Kind::DictionaryComprehension => Some("make_dict".to_owned()),
        Kind::String | Kind::ConcatenatedString => Some("format_text".to_owned()),
        Kind::Integer | Kind::Float | Kind::True | Kind::False | Kind::None => {
            Some("constant".to_owned())
        }
        _ => None,
    }
}

/// Names as a title tells them: `'a', 'b'`.
pub(in crate::rewrite) fn quoted<S: std::fmt::Display>(names: &[S]) -> String {
    names.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ")
}
