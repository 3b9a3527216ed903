//! Lambdas that only pass their arguments on: what they call is sent itself.

use super::arguments;
use super::binding::Use;
use super::captures::{self, CaptureKind};
use super::timing;
use crate::facts::FileFacts;
use crate::facts::scopes::BindingKind;
use crate::findings::{Applicability, FileEdit, Fix};
use crate::project::{Eval, FileId, Site, Value};
use crate::syntax::{Field, Kind, NodeId};
use crate::text::{Edit, Span};
use std::sync::Arc;

/// The rewrite of `submit(lambda: work(a, b))` as `submit(work, a, b)`, of `map(lambda x: work(x), xs)` as
/// `map(work, xs)`; `None` where the lambda does anything else.
pub fn unwrap(eval: &Eval, file: FileId, lambda: NodeId, uses: &[Use]) -> Option<Fix> {
    let facts = eval.file(file);
    let tree = facts.tree();
    let body = tree.unparenthesized(tree.child(lambda, Field::Body)?);
    if tree.kind(body) != Kind::Call || facts.text(lambda).contains('#') {
        return None;
    }
    let callee = tree.child(body, Field::Function)?;
    let list = tree.child(body, Field::Arguments).filter(|list| tree.kind(*list) == Kind::ArgumentList)?;
    let worker = importable(eval, Site { file, node: callee })?;
    let edits = match tree.child(lambda, Field::Parameters) {
        Some(parameters) => eta(facts, lambda, parameters, list, worker)?,
        None => {
            let [each] = uses else { return None };
            passed_on(eval, file, lambda, list, worker, each)?
        }
    };
    let path = Arc::new(facts.source.path.clone());
    let edits = edits.into_iter().map(|edit| FileEdit { path: path.clone(), edit }).collect();
    Some(Fix { title: format!("send '{worker}' itself"), applicability: Applicability::Safe, edits, new_names: Vec::new() })
}

/// The text of a callee that pickles by reference to the same function wherever it is looked up: a function of this
/// module bound once at import time, one imported at module level from the project or the standard library, a builtin.
fn importable<'p>(eval: &Eval<'p>, callee: Site) -> Option<&'p str> {
    let facts = eval.file(callee.file);
    let tree = facts.tree();
    let module = facts.scopes.module();
    let root = match tree.kind(callee.node) {
        Kind::Identifier => callee.node,
        Kind::Attribute => tree.child(callee.node, Field::Object).filter(|object| tree.kind(*object) == Kind::Identifier)?,
        _ => return None,
    };
    let (home, name) = facts.scopes.resolve_name(root)?;
    if home != module {
        return None;
    }
    let bindings = facts.scopes.bindings(module, name);
    let at_import = |node: NodeId| {
        tree.parent(node) == Some(crate::syntax::Tree::ROOT)
            || tree.parent(node).is_some_and(|up| tree.kind(up) == Kind::DecoratedDefinition && tree.parent(up) == Some(crate::syntax::Tree::ROOT))
    };
    match bindings {
        [] => {}
        [one] => match &one.kind {
            BindingKind::FunctionDef(node) => {
                let plain = facts.decorators(*node).is_empty();
                (plain && at_import(*node) && tree.kind(callee.node) == Kind::Identifier).then_some(())?;
            }
            BindingKind::Import { .. } => at_import(one.statement).then_some(())?,
            _ => return None,
        },
        _ => return None,
    }
    let values = eval.values(callee);
    let [value] = &*values else { return None };
    let plain = match value {
        Value::Function(function) => {
            let home = eval.file(function.file);
            home.decorators(function.node).is_empty()
                && home.tree().parent(function.node) == Some(crate::syntax::Tree::ROOT)
                && !home.is_generator(function.node)
        }
        Value::External { path, .. } => {
            path.strip_prefix("builtins.").map_or_else(|| STDLIB.contains(&path.split('.').next().unwrap_or("")), |name| BUILTINS.contains(&name))
        }
        _ => false,
    };
    plain.then(|| facts.text(callee.node))
}

/// Builtins that pickle by name and do not look at their caller.
const BUILTINS: &[&str] = &[
    "abs",
    "all",
    "any",
    "ascii",
    "bin",
    "bool",
    "bytes",
    "chr",
    "dict",
    "divmod",
    "exit",
    "float",
    "frozenset",
    "hash",
    "hex",
    "int",
    "len",
    "list",
    "max",
    "min",
    "oct",
    "ord",
    "pow",
    "print",
    "quit",
    "repr",
    "reversed",
    "round",
    "set",
    "sorted",
    "str",
    "sum",
    "tuple",
];

/// Modules of the standard library whose functions are plain functions that pickle by name.
const STDLIB: &[&str] = &[
    "math",
    "os",
    "time",
    "signal",
    "json",
    "zlib",
    "hashlib",
    "shutil",
    "random",
    "statistics",
    "cmath",
    "textwrap",
    "struct",
    "base64",
    "gc",
    "logging",
    "sys",
];

/// `lambda x, y: work(x, y)`: all parameters, in order, and nothing else.
fn eta(facts: &FileFacts, lambda: NodeId, parameters: NodeId, list: NodeId, worker: &str) -> Option<Vec<Edit>> {
    let tree = facts.tree();
    let own: Vec<NodeId> = tree.children(parameters).collect();
    let given: Vec<NodeId> = tree.children(list).collect();
    let same = own.len() == given.len()
        && own.iter().zip(&given).all(|(have, give)| {
            let plain = tree.kind(*have) == Kind::Identifier && tree.kind(*give) == Kind::Identifier;
            let starred = matches!(tree.kind(*have), Kind::ListSplatPattern | Kind::DictionarySplatPattern)
                && matches!(tree.kind(*give), Kind::ListSplat | Kind::DictionarySplat);
            (plain || starred) && facts.text(*have) == facts.text(*give)
        });
    same.then(|| vec![Edit::replace(whole(facts, lambda), worker)])
}

/// `lambda: work(a, b)`: the arguments are evaluated where the lambda stands and travel with the dispatch.
fn passed_on(eval: &Eval, file: FileId, lambda: NodeId, list: NodeId, worker: &str, each: &Use) -> Option<Vec<Edit>> {
    let facts = eval.file(file);
    let tree = facts.tree();
    let dispatch = &each.dispatch;
    if dispatch.call.file != file || tree.unparenthesized(each.slot.expression.node) != lambda || eval.has_splat(dispatch.call) {
        return None;
    }
    let given: Vec<NodeId> = tree.children(list).collect();
    let captured = captures::of(eval, file, lambda).ok()?;
    if captured.iter().any(|capture| capture.kind != CaptureKind::Value) || !given.iter().all(|argument| is_plain_argument(facts, *argument, &captured)) {
        return None;
    }
    captures::judge(eval, file, lambda, &captured, dispatch.carries_primitives(eval.project)).ok()?;
    for capture in &captured {
        timing::bound(eval, file, &capture.variable, lambda, lambda).ok()?;
        timing::kept_until_sent(eval, file, &capture.variable, lambda, each).ok()?;
    }
    let entry = dispatch.api(eval.project);
    if entry.callables.first().is_none_or(|first| first.name != each.slot.name) {
        return None;
    }
    let (positional, keywords): (Vec<NodeId>, Vec<NodeId>) = given.iter().partition(|node| tree.kind(**node) != Kind::KeywordArgument);
    let texts = |nodes: &[NodeId]| nodes.iter().map(|node| facts.text(*node).to_owned()).collect::<Vec<_>>();
    let mut edits = vec![Edit::replace(whole(facts, lambda), worker)];
    let shifted = |pos: i32| if pos < 0 { -1 } else { pos + dispatch.shift };
    if let Some(from) = entry.arguments.varargs {
        let passed = eval.positional_arguments(dispatch.call).len().saturating_sub(from as usize);
        if passed > 0 || (!keywords.is_empty() && !entry.arguments.keywords) {
            return None;
        }
        if !given.is_empty() {
            edits.push(arguments::append(facts, dispatch.call.node, &texts(&given).join(", ")));
        }
        return Some(edits);
    }
    let tuple = entry.arguments.tuple.as_ref()?;
    let dict = entry.arguments.dict.as_ref();
    let already = eval.argument(dispatch.call, &tuple.name, shifted(tuple.pos)).is_some()
        || dict.is_some_and(|dict| eval.argument(dispatch.call, &dict.name, shifted(dict.pos)).is_some());
    if already || (!keywords.is_empty() && dict.is_none()) {
        return None;
    }
    let mut more = Vec::new();
    if !positional.is_empty() {
        let items = texts(&positional);
        more.push(format!("{}=({}{})", tuple.name, items.join(", "), if items.len() == 1 { "," } else { "" }));
    }
    if let (false, Some(dict)) = (keywords.is_empty(), dict) {
        let pairs = keywords.iter().filter_map(|keyword| {
            let (name, value) = (tree.child(*keyword, Field::Name)?, tree.child(*keyword, Field::Value)?);
            Some(format!("\"{}\": {}", facts.text(name), facts.text(value)))
        });
        more.push(format!("{}={{{}}}", dict.name, pairs.collect::<Vec<_>>().join(", ")));
    }
    if !more.is_empty() {
        edits.push(arguments::added_keyword(facts, dispatch.call.node, each.slot.expression.node, &more.join(", ")));
    }
    Some(edits)
}

/// A captured name, a literal, or `name=` one of them: evaluating it earlier, in the parent, changes nothing.
fn is_plain_argument(facts: &FileFacts, argument: NodeId, captured: &[captures::Capture]) -> bool {
    let tree = facts.tree();
    let value = match tree.kind(argument) {
        Kind::KeywordArgument => tree.child(argument, Field::Value),
        _ => Some(argument),
    };
    let Some(value) = value else { return false };
    match tree.kind(value) {
        Kind::Identifier => captured.iter().any(|capture| capture.reads.contains(&value)),
        Kind::Integer | Kind::Float | Kind::True | Kind::False | Kind::None => true,
        Kind::String => !tree.subtree(value).any(|node| tree.kind(node) == Kind::Interpolation) && !facts.text(value).contains('\n'),
        Kind::UnaryOperator => tree.children(value).all(|inner| matches!(tree.kind(inner), Kind::Integer | Kind::Float)),
        _ => false,
    }
}

/// The lambda with the parentheses around it.
pub(super) fn whole(facts: &FileFacts, lambda: NodeId) -> Span {
    let tree = facts.tree();
    let mut at = lambda;
    while let Some(up) = tree.parent(at).filter(|up| tree.kind(*up) == Kind::ParenthesizedExpression) {
        at = up;
    }
    tree.span(at)
}

/// A name for the function that a lambda becomes, from what it does.
pub fn descriptive_name(facts: &FileFacts, lambda: NodeId) -> String {
    let tree = facts.tree();
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

/// Builtins whose name says little without that of what they are given.
const CONVERSIONS: &[&str] = &["list", "tuple", "set", "dict", "sorted", "sum", "len", "str", "int", "float", "round"];

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
            let first = list.and_then(|list| tree.children(list).next()).filter(|node| tree.kind(*node) == Kind::Call);
            match first.and_then(|inner| action(facts, inner)) {
                Some(inner) if CONVERSIONS.contains(&name.as_str()) => Some(format!("{name}_{inner}")),
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
            let text: String = facts.text(key).chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            Some(if text.is_empty() || text.starts_with(|c: char| c.is_ascii_digit()) { "get_item".to_owned() } else { format!("get_{}", text.to_lowercase()) })
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
        Kind::ComparisonOperator | Kind::BooleanOperator | Kind::NotOperator => Some("check".to_owned()),
        Kind::ConditionalExpression => tree.children(body).next().and_then(|first| action(facts, first)).or_else(|| Some("choose".to_owned())),
        Kind::Tuple => Some("make_tuple".to_owned()),
        Kind::List | Kind::ListComprehension => Some("make_list".to_owned()),
        Kind::Dictionary | Kind::DictionaryComprehension => Some("make_dict".to_owned()),
        Kind::String | Kind::ConcatenatedString => Some("format_text".to_owned()),
        Kind::Integer | Kind::Float | Kind::True | Kind::False | Kind::None => Some("constant".to_owned()),
        _ => None,
    }
}
