//! What one module keeps for others: the globals that its functions write (`timer.start()` writes `timer.started`), by
//! names that say which module they are of.

use crate::project::names::module_names::ModuleNames;
use crate::project::{Eval, FileId, Site, Value, behaviour::changes};
use crate::syntax::{Field, Kind, NodeId};
use std::collections::BTreeSet;
use std::rc::Rc;

/// The name under which numpy's own generator of random numbers is known.
pub(in crate::project) const NUMPY_RANDOM: &str = "numpy.random";

/// Whether a function is `numpy.random.seed`.
pub(in crate::project) fn seeds_numpy(eval: &Eval, callee: Site) -> bool {
    eval.values(callee).iter().any(
        |value| matches!(value, Value::External { path, .. } if &**path == "numpy.random.seed"),
    )
}

/// The generator, if a value is numpy's module of random numbers or something in it.
fn numpy_random(values: &[Value]) -> Option<String> {
    let is_random = |value: &Value| matches!(value, Value::External { path, .. } if path.starts_with(NUMPY_RANDOM));
    values.iter().any(is_random).then(|| NUMPY_RANDOM.to_owned())
}

/// What a call of a function of another module may change in that module; `None` if it is no such call, or may set up
/// more than the module's own names.
pub(in crate::project) fn changed_by(eval: &Eval, call: Site) -> Option<BTreeSet<String>> {
    let callee = eval.file(call.file).tree().child(call.node, Field::Function)?;
    let values = eval.values(Site { file: call.file, node: callee });
    let mut changed = BTreeSet::new();
    for value in values.iter() {
        let Value::Function(function) = value else { return None };
        if function.file == call.file || eval.effect_of(call.file, call.node).prepares {
            return None;
        }
        changed.extend(written_by(eval, *function));
    }
    (!values.is_empty()).then_some(changed)
}

/// The names of a function's module that it may write or change, through others of the module as well.
fn written_by(eval: &Eval, function: Site) -> BTreeSet<String> {
    let facts = eval.file(function.file);
    let names = eval.module_names(function.file);
    let reached = names.reached(BTreeSet::from([facts.definition_name(function.node).to_owned()]));
    let globals = reached.iter().filter_map(|name| names.written_by.get(name)).flatten().cloned();
    let changed = changes::made_by(eval, function.file, &names.nodes_of(facts, &reached)).may;
    globals.chain(changed).map(|name| qualified(eval, function.file, &name)).collect()
}

/// A name of a module as other modules know it. What is of a third module already says so.
pub(in crate::project) fn qualified(eval: &Eval, file: FileId, name: &str) -> String {
    let stem = eval.file(file).source.path.file_stem().unwrap_or_default().to_string_lossy();
    if name.contains('.') { name.to_owned() } else { format!("{stem}.{name}") }
}

impl Eval<'_> {
    /// The table of a module's names.
    pub(in crate::project) fn module_names(&self, file: FileId) -> Rc<ModuleNames> {
        if let Some(known) = self.module_names_known.borrow().get(&file) {
            return known.clone();
        }
        let names = Rc::new(ModuleNames::of(self.file(file)));
        self.module_names_known.borrow_mut().insert(file, names.clone());
        names
    }

    /// The names of other modules that reading one node may come to: an attribute of a module, an imported name.
    pub fn state_read(&self, site: Site) -> BTreeSet<String> {
        let tree = self.file(site.file).tree();
        match tree.kind(site.node) {
            Kind::Attribute => {
                let object =
                    tree.child(site.node, Field::Object).map(|node| Site { file: site.file, node });
                let Some((object, name)) = object.zip(tree.child(site.node, Field::Attribute))
                else {
                    return BTreeSet::new();
                };
                let name = self.file(site.file).text(name);
                let modules = self.values(object);
                let read = modules.iter().filter_map(|value| {
                    if let Value::Module(file) = value {
                        Some(self.reached_from(*file, name))
                    } else {
                        None
                    }
                });
                let random = if name == "random" { numpy_random(&self.values(site)) } else { None };
                read.flatten().chain(self.functions_at(site)).chain(random).collect()
            }
            Kind::Identifier if tree.field(site.node) != Field::Attribute => {
                let attribute = tree.parent(site.node).is_some_and(|up| {
                    tree.kind(up) == Kind::Attribute && tree.field(site.node) == Field::Object
                });
                let modules = self.values(site);
                // A module that is handed on whole may be asked for any of its names.
                let whole = modules.iter().filter_map(|value| {
                    if let Value::Module(file) = value { Some(self.all_names(*file)) } else { None }
                });
                let whole: BTreeSet<String> =
                    if attribute { BTreeSet::new() } else { whole.flatten().collect() };
                whole
                    .into_iter()
                    .chain(self.functions_at(site))
                    .chain(numpy_random(&modules))
                    .collect()
            }
            _ => BTreeSet::new(),
        }
    }

    /// As [`state_read`](Self::state_read), for many nodes of a file.
    pub fn state_read_in(&self, file: FileId, nodes: &[NodeId]) -> BTreeSet<String> {
        nodes.iter().flat_map(|node| self.state_read(Site { file, node: *node })).collect()
    }

    fn functions_at(&self, site: Site) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for value in self.values(site).iter() {
            if let Value::Function(function) = value
                && function.file != site.file
            {
                found.extend(self.reached_from(
                    function.file,
                    self.file(function.file).definition_name(function.node),
                ));
            }
        }
        found
    }

    fn reached_from(&self, file: FileId, name: &str) -> BTreeSet<String> {
        let reached = self.module_names(file).reached(BTreeSet::from([name.to_owned()]));
        reached.into_iter().map(|name| qualified(self, file, &name)).collect()
    }

    fn all_names(&self, file: FileId) -> BTreeSet<String> {
        let facts = self.file(file);
        facts
            .scopes
            .get(facts.scopes.module())
            .symbols
            .keys()
            .map(|name| qualified(self, file, name))
            .collect()
    }
}
