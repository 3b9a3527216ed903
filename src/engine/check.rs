//! What a rewritten file must hold before it is shown.

use crate::facts::FileFacts;
use crate::facts::scopes::SymbolFlags;
use std::collections::BTreeSet;

/// A global that the new text reads and nothing binds, though the old text had no such name (a builtin, a name that a star
/// import brings).
pub(super) fn unbound_name(old: &FileFacts, new: &FileFacts) -> Option<String> {
    let before = unbound(old);
    let fresh = |name: &String| !before.contains(name) && !BUILTIN_TYPES.contains(&name.as_str());
    unbound(new).into_iter().find(fresh)
}

/// What rewrites may bring in: rewriters make sure that the file means the builtin by it.
const BUILTIN_TYPES: &[&str] = &[
    "bool",
    "bytearray",
    "bytes",
    "dict",
    "float",
    "frozenset",
    "int",
    "list",
    "set",
    "staticmethod",
    "str",
    "super",
    "tuple",
    "type",
];

/// Globals that are read and not bound in the file.
fn unbound(facts: &FileFacts) -> BTreeSet<String> {
    let module = facts.scopes.module();
    let mut names = BTreeSet::new();
    for id in facts.scopes.ids() {
        for (name, symbol) in &facts.scopes.get(id).symbols {
            // The symbol table adds __class__ wherever `super` is named.
            if name == "__class__" {
                continue;
            }
            let is_global = symbol.home == module && symbol.flags.contains(SymbolFlags::REFERENCED);
            // Every module has a `__name__`, which new guards read.
            if is_global && name != "__name__" && facts.scopes.bindings(module, name).is_empty() {
                names.insert(name.clone());
            }
        }
    }
    names
}
