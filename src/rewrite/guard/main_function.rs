//! Whether moved code may become the body of `def main()`: its names are local then.

use super::items::{Class, Item};
use super::sorting::Sorting;
use crate::facts::FileFacts;
use crate::facts::scopes::SymbolFlags;
use crate::rewrite::fresh_name;
use crate::syntax::{Field, Kind};
use std::collections::BTreeSet;

/// Functions that look at the names around them.
const FRAME_READERS: &[&str] = &["locals", "globals", "vars", "dir", "exec", "eval"];

/// Whether no other code reads or writes a name that the moved items bind, and they read none before they bind it.
pub(super) fn fits(facts: &FileFacts, items: &[Item], sorting: &Sorting) -> bool {
    let tree = facts.tree();
    let module = facts.scopes.module();
    if fresh_name::names_in_use(facts).contains("main")
        || items.iter().any(|item| item.class == Class::Guard)
    {
        return false;
    }
    let nodes = || sorting.moved.iter().flat_map(|at| items[*at].nodes.iter().copied());
    let inside = |node| nodes().any(|moved| tree.contains(moved, node));
    let odd = nodes().flat_map(|node| tree.subtree(node)).any(|node| {
        let reads_frame = tree.kind(node) == Kind::Call
            && tree
                .child(node, Field::Function)
                .is_some_and(|callee| FRAME_READERS.contains(&facts.text(callee)));
        reads_frame || matches!(tree.kind(node), Kind::WildcardImport | Kind::GlobalStatement)
    });
    let bound: BTreeSet<&str> = facts
        .scopes
        .get(module)
        .symbols
        .keys()
        .filter(|name| {
            facts.scopes.bindings(module, name).iter().any(|binding| inside(binding.node))
        })
        .map(String::as_str)
        .collect();
    let is_local = |name: &&str| {
        let all_inside = facts
            .scopes
            .bindings(module, name)
            .iter()
            .all(|binding| inside(binding.node) && binding.scope == module)
            && facts.scopes.references(module, name).iter().all(|read| inside(*read));
        let dunder = name.starts_with("__");
        let declared = facts.scopes.ids().any(|id| {
            facts
                .scopes
                .get(id)
                .symbols
                .get(*name)
                .is_some_and(|symbol| symbol.flags.contains(SymbolFlags::DECLARED_GLOBAL))
        });
        // A name that is read before it is bound is a builtin there, or an error.
        let first_read =
            facts.scopes.references(module, name).iter().map(|read| tree.start(*read)).min();
        let first_write = facts
            .scopes
            .bindings(module, name)
            .iter()
            .map(|binding| tree.start(binding.node))
            .min();
        all_inside && !dunder && !declared && (first_read.is_none() || first_read >= first_write)
    };
    !odd && bound.iter().all(is_local)
}
