//! What a rewritten file must hold before it is shown.

use crate::facts::FileFacts;
use crate::facts::scopes::SymbolFlags;
use std::collections::BTreeSet;

/// Whether every global that the new text reads is bound in it, or was unbound in the old text as well (a builtin,
/// a name that a star import brings), and no variable of a function became a global.
pub(super) fn names_resolve(old: &FileFacts, new: &FileFacts) -> bool {
    let before = unbound(old);
    unbound(new).iter().all(|name| before.contains(name) || BUILTIN_TYPES.contains(&name.as_str()))
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
