//! Globals that workers read: where they are bound, and what happens before a dispatch.

use crate::facts::FileFacts;
use crate::facts::scopes::{Binding, BindingKind};
use crate::project::{Eval, FileId, Site, Value};
use crate::rewrite::lifting::captures;
use crate::rewrite::lifting::captures::guard_around;
use crate::syntax::{Field, Kind, NodeId};
use std::collections::BTreeSet;

/// How far calls are followed to order two places.
const MAX_DEPTH: u32 = 4;

/// A global that a worker reads.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct GlobalRead {
    /// The module.
    pub file: FileId,
    /// The name.
    pub name: String,
    /// The first place that reads it.
    pub read: Site,
    /// The function that reads it.
    pub function: Site,
}

/// When a binding of a global takes effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placement {
    /// When the module is imported, by children as well.
    Import,
    /// Under the entry-point guard.
    Guard,
    /// When a function runs that says `global`.
    Function(NodeId),
}

/// Where a binding of a module-level name takes effect.
pub fn placement(facts: &FileFacts, binding: &Binding) -> Placement {
    if let Some(function) = facts.enclosing_function(binding.node) {
        return Placement::Function(function);
    }
    if guard_around(facts, binding.node).is_some() { Placement::Guard } else { Placement::Import }
}

/// The globals that the functions read, one entry for each name of each module.
pub fn reads(eval: &Eval, functions: &[Site]) -> Vec<GlobalRead> {
    let mut found: Vec<GlobalRead> = Vec::new();
    for function in functions {
        let facts = eval.file(function.file);
        let tree = facts.tree();
        let module = facts.scopes.module();
        for read in module_attributes(eval, *function) {
            if !found.iter().any(|have| have.file == read.file && have.name == read.name) {
                found.push(read);
            }
        }
        for node in tree.subtree(function.node).filter(|node| tree.kind(*node) == Kind::Identifier)
        {
            let Some((home, name)) = facts.scopes.resolve_name(node) else { continue };
            let in_body =
                facts.scopes.scope_of(node) != module && facts.enclosing_function(node).is_some();
            let new = home == module
                && in_body
                && facts.scopes.is_read(node)
                && !facts.scopes.bindings(module, name).is_empty();
            if new && !found.iter().any(|have| have.file == function.file && have.name == name) {
                found.push(GlobalRead {
                    file: function.file,
                    name: name.to_owned(),
                    read: Site { file: function.file, node },
                    function: *function,
                });
            }
        }
    }
    found
}

/// The globals of other modules that a function reads by way of the module: `settings.DEBUG`.
fn module_attributes(eval: &Eval, function: Site) -> Vec<GlobalRead> {
    let facts = eval.file(function.file);
    let tree = facts.tree();
    let mut found = Vec::new();
    for node in tree
        .subtree(function.node)
        .filter(|node| tree.kind(*node) == Kind::Attribute && !captures::is_written(tree, *node))
    {
        let (Some(object), Some(name)) =
            (tree.child(node, Field::Object), tree.child(node, Field::Attribute))
        else {
            continue;
        };
        let Some(file) = module_named(eval, Site { file: function.file, node: object }) else {
            continue;
        };
        let home = eval.file(file);
        if !home.scopes.bindings(home.scopes.module(), facts.text(name)).is_empty() {
            found.push(GlobalRead {
                file,
                name: facts.text(name).to_owned(),
                read: Site { file: function.file, node },
                function,
            });
        }
    }
    found
}

/// The module of the project that a name stands for, where it is the only thing it may stand for.
fn module_named(eval: &Eval, object: Site) -> Option<FileId> {
    if eval.file(object.file).tree().kind(object.node) != Kind::Identifier {
        return None;
    }
    match &*eval.values(object) {
        [Value::Module(file)] => Some(*file),
        _ => None,
    }
}

/// The places in other modules that bind the global `name` of `file` anew (`settings.DEBUG = True`), or change the object in
/// it; with whether they bind it.
pub fn changes_from_outside(eval: &Eval, file: FileId, name: &str) -> Vec<(Site, bool)> {
    let late = |site: Site| {
        let facts = eval.file(site.file);
        facts.enclosing_function(site.node).is_some() || guard_around(facts, site.node).is_some()
    };
    let mut found = Vec::new();
    for site in eval.project.attributes_named(name).iter().filter(|site| site.file != file) {
        let facts = eval.file(site.file);
        let object =
            facts.tree().child(site.node, Field::Object).map(|node| Site { file: site.file, node });
        let (binds, changed) =
            (captures::is_written(facts.tree(), site.node), captures::is_change(facts, site.node));
        if (binds || changed)
            && late(*site)
            && object.is_some_and(|object| module_named(eval, object) == Some(file))
        {
            found.push((*site, binds));
        }
    }
    for (other, facts) in eval.project.files().filter(|(other, _)| *other != file) {
        let module = facts.scopes.module();
        let home = eval.file(file);
        let imported = |binding: &Binding| matches!(&binding.kind, BindingKind::Import { module, attribute: Some(attribute) } if attribute == name && eval.project.module_path(other, module).is_some_and(|path| path == home.source.path));
        if facts.scopes.bindings(module, name).iter().any(imported) {
            let reads = facts.scopes.references(module, name).iter().copied();
            let changed = reads.filter(|read| {
                captures::is_change(facts, *read) && late(Site { file: other, node: *read })
            });
            found.extend(changed.map(|node| (Site { file: other, node }, false)));
        }
    }
    found
}

/// The module and the name under which the object in the global `name` of `file` was made: where it was imported from, if it was.
pub fn home_of(eval: &Eval, file: FileId, name: &str) -> (FileId, String) {
    let facts = eval.file(file);
    let home = match facts.scopes.bindings(facts.scopes.module(), name) {
        [Binding { kind: BindingKind::Import { module, attribute: Some(name) }, .. }] => {
            let path = eval.project.module_path(file, module);
            path.and_then(|path| eval.project.at(&path)).map(|file| (file, name.clone()))
        }
        _ => None,
    };
    home.unwrap_or_else(|| (file, name.to_owned()))
}

/// The globals that a function writes itself, with the places: by `global`, by changes of the object in one, as attributes of
/// another module.
pub fn written_by(eval: &Eval, function: Site) -> Vec<(FileId, String, Site)> {
    let facts = eval.file(function.file);
    let tree = facts.tree();
    let module = facts.scopes.module();
    let mut found = Vec::new();
    let values_only = |file: FileId, name: &str| {
        let home = eval.file(file);
        let bindings = home.scopes.bindings(home.scopes.module(), name);
        !bindings.is_empty() && bindings.iter().all(is_value)
    };
    for node in facts.own_nodes(function.node) {
        let at = Site { file: function.file, node };
        let is_changed = || captures::is_change(facts, node);
        match tree.kind(node) {
            Kind::Identifier => {
                let Some((_, name)) =
                    facts.scopes.resolve_name(node).filter(|(home, _)| *home == module)
                else {
                    continue;
                };
                if facts.scopes.bindings(module, name).iter().any(|binding| binding.node == node)
                    || is_changed()
                {
                    let (file, name) = home_of(eval, function.file, name);
                    found.push((file, name, at));
                }
            }
            Kind::Attribute if captures::is_written(tree, node) || is_changed() => {
                let (Some(object), Some(name)) =
                    (tree.child(node, Field::Object), tree.child(node, Field::Attribute))
                else {
                    continue;
                };
                found.extend(
                    module_named(eval, Site { file: function.file, node: object })
                        .map(|file| (file, facts.text(name).to_owned(), at)),
                );
            }
            _ => {}
        }
    }
    found.retain(|(file, name, _)| values_only(*file, name));
    found
}

/// The globals that the functions bind: by `global`, or as attributes of another module (`settings.DEBUG = True`).
pub fn bound_by(eval: &Eval, functions: &[Site]) -> BTreeSet<(FileId, String)> {
    let mut found = BTreeSet::new();
    for function in functions {
        let facts = eval.file(function.file);
        let tree = facts.tree();
        for node in
            tree.subtree(function.node).filter(|node| tree.kind(*node) == Kind::GlobalStatement)
        {
            // A function may say `global` of what it only reads.
            let binds = |name: &str| {
                let bindings = facts.scopes.bindings(facts.scopes.module(), name);
                bindings.iter().any(|binding| tree.contains(function.node, binding.node))
            };
            let names = tree
                .children(node)
                .map(|name| facts.text(name))
                .filter(|name| binds(name) && !is_needed_first(facts, function.node, name));
            found.extend(names.map(|name| (function.file, name.to_owned())));
        }
        for node in tree
            .subtree(function.node)
            .filter(|node| tree.kind(*node) == Kind::Attribute && captures::is_written(tree, *node))
        {
            let (Some(object), Some(name)) =
                (tree.child(node, Field::Object), tree.child(node, Field::Attribute))
            else {
                continue;
            };
            found.extend(
                module_named(eval, Site { file: function.file, node: object })
                    .map(|file| (file, facts.text(name).to_owned())),
            );
        }
    }
    found
}

/// Whether a function takes the new value of a global from the old one (`base = enlarge(base)`, `total += n`), and no import
/// gives it one.
fn is_needed_first(facts: &FileFacts, function: NodeId, name: &str) -> bool {
    let tree = facts.tree();
    let module = facts.scopes.module();
    let bindings = facts.scopes.bindings(module, name);
    let Some(first) = bindings
        .iter()
        .map(|binding| binding.node)
        .filter(|node| tree.contains(function, *node))
        .min()
    else {
        return false;
    };
    let Some(statement) = tree.enclosing(first, &[Kind::Assignment, Kind::AugmentedAssignment])
    else {
        return false;
    };
    let is_read = |node: NodeId| {
        facts
            .scopes
            .references(module, name)
            .iter()
            .any(|read| facts.scopes.is_read(*read) && tree.contains(node, *read))
    };
    let from_itself = tree.kind(statement) == Kind::AugmentedAssignment
        || tree.child(statement, Field::Right).is_some_and(is_read);
    from_itself && bindings.iter().all(|binding| placement(facts, binding) != Placement::Import)
}

/// Whether a function of the module is there and nothing more: nobody calls it, passes it on or decorates it.
pub fn is_never_run(eval: &Eval, function: Site) -> bool {
    let facts = eval.file(function.file);
    let name = facts.tree().child(function.node, Field::Name);
    let of_module = name
        .and_then(|name| facts.scopes.resolve_name(name))
        .is_some_and(|(home, _)| home == facts.scopes.module());
    of_module
        && facts.decorators(function.node).is_empty()
        && eval.callers(function).is_empty()
        && !captures::is_passed_on(facts, function.node)
}

/// Whether a function is only ever called under the guard, as far as its callers can be seen; `false` if none can.
pub fn is_main_only(eval: &Eval, function: Site) -> bool {
    main_only(eval, function, MAX_DEPTH)
}

fn main_only(eval: &Eval, function: Site, depth: u32) -> bool {
    let callers = eval.callers(function);
    depth > 0
        && !callers.is_empty()
        && callers.iter().all(|call| {
            let facts = eval.file(call.file);
            match facts.enclosing_function(call.node) {
                Some(outer) => main_only(eval, Site { file: call.file, node: outer }, depth - 1),
                None => guard_around(facts, call.node).is_some(),
            }
        })
}

/// Whether a binding of a global, or a change of the object in it, happens in a function that hands a worker to its processes:
/// no child runs that on its own, unless it is done for processes that are forked.
pub fn is_done_by_sender(eval: &Eval, place: Site, senders: &[Site]) -> bool {
    let facts = eval.file(place.file);
    let tree = facts.tree();
    let Some(function) = facts.enclosing_function(place.node) else { return false };
    let senders = senders
        .iter()
        .copied()
        .filter(|site| site.file == place.file && tree.contains(function, site.node));
    let senders: Vec<Site> = senders.collect();
    let at_import = |call: &Site| {
        let facts = eval.file(call.file);
        facts.enclosing_function(call.node).is_none() && guard_around(facts, call.node).is_none()
    };
    let called = eval.callers(Site { file: place.file, node: function });
    !senders.is_empty()
        && !senders.iter().chain([&place]).any(|site| is_for_forked(eval, *site))
        && !called.iter().any(at_import)
}

/// Whether a place is in the branch of an `if` that asks for the start method: `if context.get_start_method() == "fork":`.
pub fn is_for_forked(eval: &Eval, place: Site) -> bool {
    let facts = eval.file(place.file);
    let tree = facts.tree();
    let mut around = tree
        .ancestors(place.node)
        .filter(|up| matches!(tree.kind(*up), Kind::IfStatement | Kind::ElifClause));
    around.any(|up| {
        let test = tree.child(up, Field::Condition).map_or("", |test| facts.text(test));
        let chosen = tree
            .child(up, Field::Consequence)
            .is_some_and(|branch| tree.contains(branch, place.node));
        chosen && ["fork", "start_method"].iter().any(|word| test.contains(word))
    })
}

/// Whether a binding gives a value, and not a function, class or module.
pub fn is_value(binding: &Binding) -> bool {
    matches!(
        binding.kind,
        BindingKind::Assignment { value: Some(_), .. }
            | BindingKind::AugmentedAssignment { .. }
            | BindingKind::With { .. }
            | BindingKind::For { .. }
            | BindingKind::Walrus { .. }
    )
}

/// The places of a file that change the object in a global: an item assignment or a changing method, inside functions or
/// under the guard.
pub fn changes(eval: &Eval, file: FileId, name: &str) -> Vec<Site> {
    let facts = eval.file(file);
    let module = facts.scopes.module();
    let reads = facts.scopes.references(module, name).iter().copied();
    reads
        .filter(|read| captures::is_change(facts, *read))
        .filter(|read| {
            facts.enclosing_function(*read).is_some() || guard_around(facts, *read).is_some()
        })
        .map(|node| Site { file, node })
        .collect()
}
