//! The scopes as JSON in the shape of the `symtable` module, for comparison with Python's own.

use super::analyze::{analyze, is_inlined};
use super::build::collect;
use super::model::ScopeKind;
use super::raw::{RawScope, RawScopes};
use super::resolve::flags;
use super::version::PythonVersion;
use crate::syntax::Tree;
use serde_json::{Map, Value, json};

/// The first release that runs list, set and dict comprehensions inside the scope around them, and shows
/// their names there.
const INLINING: PythonVersion = PythonVersion(12);

/// The scopes of the file that `tree` was parsed from, as Python `version` has them: `type`, `name`, `line`, `symbols`
/// (name to list of flags) and `children`, nested.
pub fn to_json(tree: &Tree, text: &str, version: PythonVersion) -> Value {
    let mut raw = collect(tree, text, version);
    let inlining = version >= INLINING;
    analyze(&mut raw, version, inlining);
    let generator = raw.names.find("genexpr");
    let mut children: Vec<Vec<Value>> = vec![Vec::new(); raw.scopes.len()];
    // Inner scopes have larger numbers, so children are complete before their parents.
    for id in (1..raw.scopes.len()).rev() {
        let scope = &raw.scopes[id];
        let Some(parent) = scope.parent.map(|parent| parent as usize) else { continue };
        if scope.hidden {
            continue;
        }
        let mut inner = std::mem::take(&mut children[id]);
        if inlining && is_inlined(scope, &raw.scopes[parent], generator) {
            children[parent].append(&mut inner);
        } else {
            inner.reverse();
            children[parent].push(scope_to_json(scope, &raw, inner));
        }
    }
    let mut top = std::mem::take(&mut children[0]);
    top.reverse();
    scope_to_json(&raw.scopes[0], &raw, top)
}

fn scope_to_json(scope: &RawScope, raw: &RawScopes, children: Vec<Value>) -> Value {
    // `symtable` knows a module by its name alone, so that a function called `top` looks like one.
    let is_module = raw.names.text(scope.name) == "top";
    let mut symbols: Vec<_> = scope
        .symbols
        .iter()
        .map(|(name, symbol)| {
            let names: Vec<&str> = flags(symbol, is_module).names().collect();
            (raw.names.text(*name).to_owned(), json!(names))
        })
        .collect();
    symbols.sort_by(|left, right| left.0.cmp(&right.0));
    json!({
        "type": type_name(scope.kind),
        "name": raw.names.text(scope.name),
        "line": scope.line,
        "symbols": Value::Object(symbols.into_iter().collect::<Map<_, _>>()),
        "children": children,
    })
}

/// As `get_type()` of Python 3.13 prints it.
fn type_name(kind: ScopeKind) -> &'static str {
    match kind {
        ScopeKind::Module => "module",
        ScopeKind::Class => "class",
        ScopeKind::Function | ScopeKind::Lambda | ScopeKind::Comprehension => "function",
        ScopeKind::TypeParameters => "type parameters",
        ScopeKind::TypeAlias => "type alias",
        ScopeKind::TypeVariable => "type variable",
        ScopeKind::Annotation => "annotation",
    }
}
