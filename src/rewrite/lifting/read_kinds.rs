//! How a place that names a function uses it.

use crate::project::Site;
use crate::rewrite::lifting::binding::{is_slot, partial_around};
use crate::rewrite::lifting::hoist::Group;
use crate::rewrite::lifting::uses::Use;
use crate::syntax::{Field, Kind};

/// The use of a function at a place that names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::rewrite) enum ReadKind {
    /// A callable slot of a dispatch.
    Slot,
    /// The function of a `partial` that reaches a slot.
    InPartial,
    /// `return work`.
    Returned,
    /// `work(x)` in the parent, or `sorted(rows, key=work)`, which calls it at once.
    Called,
    /// Anything else.
    Other,
}

/// What a read of a function's name does with it; `dispatch` is the use that it is, if it is one.
pub(in crate::rewrite) fn kind_of_read(
    group: &Group,
    here: Site,
    dispatch: Option<&Use>,
) -> ReadKind {
    let facts = group.facts();
    let (tree, read) = (facts.tree(), here.node);
    if dispatch.is_some_and(|each| is_slot(group.eval, each, here)) {
        return ReadKind::Slot;
    }
    if dispatch.is_some() && partial_around(group.eval, here).is_some() {
        return ReadKind::InPartial;
    }
    match tree.parent(read) {
        Some(up) if tree.kind(up) == Kind::ReturnStatement => ReadKind::Returned,
        Some(up) if tree.kind(up) == Kind::Call && tree.field(read) == Field::Function => {
            ReadKind::Called
        }
        Some(_) if is_key(group, here) => ReadKind::Called,
        _ => ReadKind::Other,
    }
}

/// Whether a function is the `key` of `sorted`, `min`, `max` or `sort`, which is not kept.
pub(in crate::rewrite) fn is_key(group: &Group, here: Site) -> bool {
    let facts = group.facts();
    let tree = facts.tree();
    let Some(keyword) = tree.parent(here.node).filter(|up| tree.kind(*up) == Kind::KeywordArgument)
    else {
        return false;
    };
    let is_named = tree.child(keyword, Field::Name).is_some_and(|name| facts.text(name) == "key");
    let callee = tree
        .parent(keyword)
        .and_then(|list| tree.parent(list))
        .and_then(|call| tree.child(call, Field::Function));
    is_named
        && callee.is_some_and(|callee| {
            let text = facts.text(callee);
            matches!(text, "sorted" | "min" | "max")
                || text.rsplit_once('.').is_some_and(|(_, method)| method == "sort")
        })
}
