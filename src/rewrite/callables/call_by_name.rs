//! A module-level function that calls what another module-level name holds, for callables that pickle does not find by the name
//! that they say is theirs: children bind that name, too, when they import the module.

use crate::facts::FileFacts;
use crate::facts::scopes::BindingKind;
use crate::findings::{Applicability, Fix, Reason, Refusal, Remedy};
use crate::project::{Callable, Eval, FileId, Origin, Sent, Site};
use crate::rewrite::lifting::captures::{self, CaptureKind};
use crate::rewrite::{fresh_name, place};
use crate::syntax::{Field, Kind, NodeId, Tree};
use crate::text::Edit;
use std::collections::{BTreeMap, BTreeSet};

/// The remedies for hand-overs of one such callable, which the module knows as `name`: one fix for all that can be mended.
pub fn remedies(eval: &Eval, sent: &[&Sent], name: &str) -> Vec<Remedy> {
    let found: Vec<Result<(FileId, Vec<NodeId>), Refusal>> =
        sent.iter().map(|each| reads_of(eval, each)).collect();
    let mut reads: BTreeMap<FileId, BTreeSet<NodeId>> = BTreeMap::new();
    for (file, nodes) in found.iter().flatten() {
        reads.entry(*file).or_default().extend(nodes);
    }
    let mut edits = Vec::new();
    let mut new_names = Vec::new();
    for (file, nodes) in reads {
        let facts = eval.file(file);
        let (own, new_name) = edits_in(facts, &nodes.into_iter().collect::<Vec<_>>(), name);
        edits.extend(facts.file_edits(own));
        new_names.push(new_name);
    }
    let title = format!("send a module-level function that calls '{name}'");
    let fix = Remedy::Fix(Fix { title, applicability: Applicability::Safe, edits, new_names });
    found.into_iter().map(|reads| reads.map_or_else(Remedy::Refused, |_| fix.clone())).collect()
}

fn edits_in(facts: &FileFacts, reads: &[NodeId], name: &str) -> (Vec<Edit>, String) {
    let tree = facts.tree();
    let newline = facts.source.newline();
    let new_name =
        fresh_name::module_name(facts, &format!("call_{}", name.trim_start_matches('_')));
    let called = reads.first().map_or(name, |read| facts.text(*read));
    let definition = format!(
        "def {new_name}(*args, **kwargs):{newline}{}return {called}(*args, **kwargs)",
        place::indent_unit(facts)
    );
    let mut edits: Vec<Edit> =
        reads.iter().map(|read| Edit::replace(tree.span(*read), new_name.clone())).collect();
    edits.extend(reads.first().map(|first| place::insert_above(facts, *first, &definition)));
    (edits, new_name)
}

/// The places where what is sent is read by the name that the module binds when it is imported: in the argument itself, else in
/// the function around it, where a local name passes it on.
fn reads_of(eval: &Eval, sent: &Sent) -> Result<(FileId, Vec<NodeId>), Refusal> {
    let handover = sent.origin.handover;
    let facts = eval.file(handover.file);
    let tree = facts.tree();
    let refuse = |what: &str| {
        let advice = "send a module-level function that calls it";
        Err(Refusal::new(
            Reason::UnknownDecorator,
            format!("{what}, so no function can be sent in its place"),
            advice,
        ))
    };
    if facts.is_package_main() {
        return refuse("the file is run as __main__.py, which children never import");
    }
    let in_argument: Vec<NodeId> = tree
        .subtree(handover.node)
        .filter(|node| is_read(eval, sent, Site { file: handover.file, node: *node }))
        .collect();
    if !in_argument.is_empty() {
        return Ok((handover.file, in_argument));
    }
    let around = facts.enclosing_function(handover.node).unwrap_or(Tree::ROOT);
    let passed_on: Vec<NodeId> = tree
        .subtree(around)
        .take_while(|node| tree.start(*node) < tree.start(handover.node))
        .filter(|node| {
            facts.enclosing_function(*node).unwrap_or(Tree::ROOT) == around
                && is_read(eval, sent, Site { file: handover.file, node: *node })
        })
        .collect();
    if !passed_on.is_empty() {
        return Ok((handover.file, passed_on));
    }
    // Kept by an object or a container: wherever the file names it without calling it. A function that calls it does as well there.
    let kept: Vec<NodeId> = tree
        .subtree(Tree::ROOT)
        .filter(|node| is_read(eval, sent, Site { file: handover.file, node: *node }))
        .collect();
    if kept.is_empty() {
        refuse("it is not named in the file that hands it over")
    } else {
        Ok((handover.file, kept))
    }
}

/// Whether an expression is the whole read of a name, or of a module's attribute, that gives what is sent and that children bind as well.
fn is_read(eval: &Eval, sent: &Sent, site: Site) -> bool {
    let facts = eval.file(site.file);
    let tree = facts.tree();
    let root = match tree.kind(site.node) {
        Kind::Identifier => site.node,
        Kind::Attribute => match tree
            .child(site.node, Field::Object)
            .filter(|object| tree.kind(*object) == Kind::Identifier)
        {
            Some(object) => object,
            None => return false,
        },
        _ => return false,
    };
    let Some((home, name)) = facts.scopes.resolve_name(root).filter(|_| facts.scopes.is_read(root))
    else {
        return false;
    };
    let on_import = |binding: &crate::facts::scopes::Binding| {
        let lasting = matches!(
            binding.kind,
            BindingKind::Import { .. }
                | BindingKind::Assignment { .. }
                | BindingKind::FunctionDef(_)
        );
        lasting && binding.scope == home && captures::guard_around(facts, binding.node).is_none()
    };
    let bindings = facts.scopes.bindings(home, name);
    let is_called_or_part = tree.parent(site.node).is_some_and(|up| {
        tree.kind(up) == Kind::Call && tree.field(site.node) == Field::Function
            || tree.kind(up) == Kind::Attribute && tree.field(site.node) == Field::Object
    });
    let same = |origin: &Origin| {
        origin.callable == sent.origin.callable
            && origin.made_by == sent.origin.made_by
            && origin.leaf == sent.origin.leaf
    };
    // Called later, the name gives what was bound to it last.
    let found_anew = match (bindings.last().map(|last| &last.kind), &sent.origin.callable) {
        (Some(BindingKind::FunctionDef(last)), Callable::Function(function)) => {
            function.node == *last || eval.is_local(*function)
        }
        _ => true,
    };
    found_anew
        && home == facts.scopes.module()
        && !bindings.is_empty()
        && bindings.iter().all(on_import)
        && !is_called_or_part
        && eval.origins(site).iter().any(same)
}

/// Refuses callables that keep anything of their own that they change: a child's copy starts anew.
pub fn judge(eval: &Eval, callable: Site) -> Result<(), Refusal> {
    let facts = eval.file(callable.file);
    let tree = facts.tree();
    let name = facts.definition_name(callable.node);
    let own = captures::of(eval, callable.file, callable.node)?;
    let outside = |capture: &captures::Capture| {
        facts
            .scopes
            .references(capture.variable.home, &capture.variable.name)
            .iter()
            .any(|read| !tree.contains(callable.node, *read))
    };
    let changed = own.iter().any(|capture| {
        capture.kind == CaptureKind::Value
            && capture.reads.iter().any(|read| captures::is_change(facts, *read))
            && outside(capture)
    });
    let counts = tree.subtree(callable.node).any(|node| {
        tree.kind(node) == Kind::Attribute
            && captures::is_written(tree, node)
            && tree.child(node, Field::Object).is_some_and(|object| facts.text(object) == name)
    });
    if changed || counts { Err(keeps_state("it")) } else { Ok(()) }
}

/// As [`judge`], for an object of `class`.
pub fn judge_object(eval: &Eval, class: Site) -> Result<(), Refusal> {
    const CONSTRUCTORS: &[&str] = &["__init__", "__new__", "__set_name__"];
    for each in &eval.lineage(class) {
        let facts = eval.file(each.file);
        let tree = facts.tree();
        let in_constructor = |node: NodeId| {
            facts
                .enclosing_function(node)
                .is_some_and(|function| CONSTRUCTORS.contains(&facts.definition_name(function)))
        };
        let writes = eval.own_attribute_writes(*each);
        let changed = tree.subtree(each.node).any(|node| {
            tree.kind(node) == Kind::Identifier
                && facts.text(node) == "self"
                && captures::is_change(facts, node)
                && !in_constructor(node)
        });
        if changed || writes.iter().any(|(_, write)| !in_constructor(write.target.node)) {
            return Err(keeps_state("its object"));
        }
    }
    Ok(())
}

fn keeps_state(who: &str) -> Refusal {
    Refusal::new(
        Reason::UnknownDecorator,
        format!(
            "{who} changes what it keeps, and a worker would start with a fresh one of its own"
        ),
        "keep the undecorated function under a name of its own and send that",
    )
}
