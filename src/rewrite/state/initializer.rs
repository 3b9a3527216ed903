//! Globals of the main process handed to a pool's workers by an initializer.

use crate::facts::FileFacts;
use crate::facts::scopes::{Binding, BindingKind, Resolution};
use crate::findings::{Applicability, Fix, Reason, Refusal};
use crate::project::{Eval, FileId, Sent, Site, Type, Value};
use crate::rewrite::describe::quoted;
use crate::rewrite::state::globals::{Placement, placement};
use crate::rewrite::state::worker_start::{Bound, WorkerStart};
use crate::rewrite::{fresh_name, place};
use crate::syntax::{Kind, NodeId, Tree};
use crate::text::Edit;
use std::collections::{BTreeMap, BTreeSet};

/// How the file that starts workers reaches the globals of another file.
pub(in crate::rewrite) struct Access {
    /// The expressions for the values, in the order of the names.
    pub(in crate::rewrite) values: Vec<String>,
    /// The expression for a new function of that file.
    pub(in crate::rewrite) function: String,
    /// The edit that imports the function.
    pub(in crate::rewrite) import: Option<Edit>,
}

/// The rewrite of `Pool(2)` into `Pool(2, initializer=_init_worker, initargs=(limit,))`, where the new function binds the
/// globals `names` of `file` in the worker. An initializer that is there binds them, too, or is called by the new one.
pub fn hand_over(eval: &Eval, sent: &Sent, file: FileId, names: &[String]) -> Result<Fix, Refusal> {
    let (call, start) = start_of(eval, sent)?;
    let (facts, maker) = (eval.file(file), eval.file(call.file));
    let function = fresh_name::module_name(facts, "init_worker");
    let access = access(eval, call, file, names, &function)?;
    let bound: Vec<Bound> = names
        .iter()
        .zip(&access.values)
        .map(|(name, value)| Bound {
            target: name.clone(),
            parameter: format!("{name}_"),
            value: value.clone(),
        })
        .collect();
    if let Some(edits) = start.extended(&bound).filter(|_| call.file == file) {
        return Ok(fix(names, edits.into_iter().map(|edit| (maker, edit)).collect(), Vec::new()));
    }
    let (given, text) = start
        .replaced(file, &function, &access.function, &bound)
        .ok_or_else(|| no_place(HAS_ONE))?;
    if call.file == file
        && let Some(known) = same_function(facts, call.node, &text)
    {
        let (given, _) =
            start.replaced(file, known, known, &bound).ok_or_else(|| no_place(HAS_ONE))?;
        return Ok(fix(names, given.into_iter().map(|edit| (maker, edit)).collect(), Vec::new()));
    }
    let definition = if call.file == file {
        place::insert_above(facts, call.node, &text)
    } else {
        above_readers(facts, names, &text)
    };
    let mut edits = vec![(facts, definition)];
    edits.extend(given.into_iter().chain(access.import).map(|edit| (maker, edit)));
    Ok(fix(names, edits, vec![function]))
}

/// As [`hand_over`], for globals of several modules that the file which makes the pool knows as modules: one initializer there
/// binds `settings.LIMIT` and its own globals.
pub fn hand_over_all(
    eval: &Eval,
    sent: &Sent,
    groups: &BTreeMap<FileId, BTreeSet<String>>,
) -> Result<Fix, Refusal> {
    let (call, start) = start_of(eval, sent)?;
    let facts = eval.file(call.file);
    if start.has_initializer() || facts.is_package_main() {
        return Err(no_place(HAS_ONE));
    }
    let (mut bound, mut taken) = (Vec::new(), fresh_name::names_in_use(facts));
    for (file, name) in
        groups.iter().flat_map(|(file, names)| names.iter().map(move |name| (*file, name)))
    {
        available(eval, call, file, name)?;
        let target = if file == call.file {
            is_seen(eval, call, name)?;
            name.clone()
        } else {
            let module = module_name(eval, call, file).ok_or_else(|| {
                no_place("the file that starts the workers does not import what they read")
            })?;
            format!("{module}.{name}")
        };
        let parameter = fresh_name::variable_name(&taken, &format!("{name}_"));
        taken.insert(parameter.clone());
        bound.push(Bound { value: target.clone(), target, parameter });
    }
    let function = fresh_name::module_name(facts, "init_worker");
    let (mut edits, text) =
        start.replaced(call.file, &function, &function, &bound).ok_or_else(|| no_place(HAS_ONE))?;
    edits.push(place::insert_above(facts, call.node, &text));
    let targets: Vec<String> = bound.into_iter().map(|each| each.target).collect();
    Ok(fix(&targets, edits.into_iter().map(|edit| (facts, edit)).collect(), vec![function]))
}

/// A function of the module that does what a new one with the text `definition` would do, and stands above `place`.
fn same_function<'p>(facts: &'p FileFacts, place: NodeId, definition: &str) -> Option<&'p str> {
    let tree = facts.tree();
    let (_, wanted) = definition.split_once('(')?;
    let above = tree.children(Tree::ROOT).take_while(|node| tree.end(*node) <= tree.start(place));
    let mut names =
        above.filter(|node| tree.kind(*node) == Kind::FunctionDefinition).filter_map(|node| {
            let name = facts.definition_name(node);
            let same = facts.text(node).split_once('(').is_some_and(|(_, text)| text == wanted);
            (same
                && facts.scopes.bindings(facts.scopes.module(), name).len() == 1
                && is_global(facts, place, name))
            .then_some(name)
        });
    names.next()
}

const HAS_ONE: &str =
    "the workers have an initializer already, or get arguments that cannot be seen";

/// The call that makes the executor, and how its workers start.
fn start_of<'e, 'p>(
    eval: &'e Eval<'p>,
    sent: &Sent,
) -> Result<(Site, WorkerStart<'e, 'p>), Refusal> {
    let call = sent.dispatch.made.ok_or_else(|| no_place("the workers' start cannot be seen"))?;
    let takes_one = |each: &crate::project::Dispatch| {
        each.api(eval.project).callables.first().is_some_and(|slot| slot.name == "initializer")
    };
    if !eval.dispatches_at(call).iter().any(takes_one) {
        return Err(no_place("what starts the workers takes no initializer"));
    }
    WorkerStart::of(eval, call).map(|start| (call, start)).ok_or_else(|| no_place(HAS_ONE))
}

fn fix(names: &[String], edits: Vec<(&FileFacts, Edit)>, new_names: Vec<String>) -> Fix {
    Fix {
        title: format!("hand {} to the workers by an initializer", quoted(names)),
        applicability: Applicability::Unsafe,
        edits: edits.into_iter().flat_map(|(facts, edit)| facts.file_edits([edit])).collect(),
        new_names,
    }
}

/// Parameters for the globals `names`, and the lines of a function's body that bind the globals to them.
pub(in crate::rewrite) fn bound_from_parameters(
    facts: &FileFacts,
    names: &[String],
) -> (Vec<String>, String) {
    let (newline, unit) = (facts.source.newline(), place::indent_unit(facts));
    let parameters: Vec<String> = names.iter().map(|name| format!("{name}_")).collect();
    let lines: String = names
        .iter()
        .zip(&parameters)
        .map(|(name, parameter)| format!("{newline}{unit}{name} = {parameter}"))
        .collect();
    let binding = format!("{newline}{unit}global {}{lines}", names.join(", "));
    (parameters, binding)
}

/// How `call` can name the globals of a file, and a function that will be there.
pub(in crate::rewrite) fn access(
    eval: &Eval,
    call: Site,
    file: FileId,
    names: &[String],
    function: &str,
) -> Result<Access, Refusal> {
    for name in names {
        if call.file == file {
            is_seen(eval, call, name)?;
        }
        available(eval, call, file, name)?;
    }
    if call.file == file {
        return Ok(Access { values: names.to_vec(), function: function.to_owned(), import: None });
    }
    access_by_import(eval, call, file, names, function)
        .ok_or_else(|| no_place("the file that starts the workers does not import what they read"))
}

/// The imports of the file of `call` that stand at its top level and mean themselves where `call` stands: their names, and what
/// they import.
fn imports_of<'p>(
    eval: &Eval<'p>,
    call: Site,
) -> Vec<(&'p str, &'p Binding, &'p str, Option<&'p str>)> {
    let facts = eval.file(call.file);
    let module = facts.scopes.module();
    let imports = facts.scopes.get(module).symbols.keys().filter_map(|local| {
        match facts.scopes.bindings(module, local) {
            [binding] if facts.tree().parent(binding.statement) == Some(Tree::ROOT) => {
                match &binding.kind {
                    BindingKind::Import { module, attribute } => {
                        Some((local.as_str(), binding, module.as_str(), attribute.as_deref()))
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    });
    imports.filter(|(local, ..)| is_global(facts, call.node, local)).collect()
}

/// The name under which the file of `call` knows the module `file`.
fn module_name<'p>(eval: &Eval<'p>, call: Site, file: FileId) -> Option<&'p str> {
    let is_module = |binding: &Binding| matches!(eval.binding_values(call.file, binding).as_slice(), [Value::Module(found)] if *found == file);
    imports_of(eval, call).into_iter().find(|(_, binding, ..)| is_module(binding)).map(|row| row.0)
}

fn access_by_import(
    eval: &Eval,
    call: Site,
    file: FileId,
    names: &[String],
    function: &str,
) -> Option<Access> {
    let facts = eval.file(call.file);
    let imports = imports_of(eval, call);
    if let Some(local) = module_name(eval, call, file) {
        let values = names.iter().map(|name| format!("{local}.{name}")).collect();
        return Some(Access { values, function: format!("{local}.{function}"), import: None });
    }
    // Names that were imported one by one stand for what the module had then: it must have nothing else later.
    let constant = |name: &str| {
        eval.file(file).scopes.bindings(eval.file(file).scopes.module(), name).len() == 1
    };
    let home = |module: &str| {
        eval.project
            .module_path(call.file, module)
            .is_some_and(|path| path == eval.file(file).source.path)
    };
    let from_home: Vec<_> = imports
        .iter()
        .filter(|(_, _, module, attribute)| attribute.is_some() && home(module))
        .collect();
    let statement = from_home.first()?.1.statement;
    let taken = fresh_name::names_in_use(facts);
    let mut values = Vec::new();
    let mut further = Vec::new();
    // One object under one name, imported from the module that makes it.
    let is_same = |name: &str| {
        let there = eval.module_member(file, name);
        let made =
            |value: &Value| matches!(value, Value::Instance(Type::External { made: Some(_), .. }));
        let here = imports
            .iter()
            .find(|(local, ..)| *local == name)
            .map(|(_, binding, ..)| eval.binding_values(call.file, binding));
        here.is_some_and(|here| here == there && !here.is_empty() && here.iter().all(made))
    };
    for name in names {
        if is_same(name) {
            values.push(name.clone());
            continue;
        }
        match from_home.iter().find(|(_, _, _, attribute)| *attribute == Some(name)) {
            Some((local, ..)) => values.push((*local).to_owned()),
            None if !taken.contains(name) => {
                values.push(name.clone());
                further.push(name.clone());
            }
            None => return None,
        }
    }
    further.push(function.to_owned());
    let last = facts.tree().children(statement).last()?;
    let free = names.iter().all(|name| constant(name)) && !taken.contains(function);
    let import = Edit::insert(facts.tree().end(last), format!(", {}", further.join(", ")));
    free.then(|| Access { values, function: function.to_owned(), import: Some(import) })
}

/// A new definition above the first statement of a file that reads one of `names` in a function, else at the end of the file.
pub(in crate::rewrite) fn above_readers(facts: &FileFacts, names: &[String], text: &str) -> Edit {
    let module = facts.scopes.module();
    let reads = names
        .iter()
        .flat_map(|name| facts.scopes.references(module, name))
        .filter(|read| facts.enclosing_function(**read).is_some());
    if let Some(first) = reads.min() {
        return place::insert_above(facts, *first, text);
    }
    let newline = facts.source.newline();
    let gap = if facts.all().ends_with('\n') || facts.all().is_empty() { "" } else { newline };
    Edit::insert(facts.all().len() as u32, format!("{gap}{newline}{newline}{text}{newline}"))
}

/// Whether the global means itself where the pool is made.
fn is_seen(eval: &Eval, call: Site, name: &str) -> Result<(), Refusal> {
    if is_global(eval.file(call.file), call.node, name) {
        Ok(())
    } else {
        Err(no_place(&format!("'{name}' means a local variable where the workers start")))
    }
}

fn is_global(facts: &FileFacts, place: NodeId, name: &str) -> bool {
    let module = facts.scopes.module();
    match facts.scopes.resolve(facts.scopes.scope_of(place), name) {
        Resolution::Global => true,
        Resolution::Local(home) | Resolution::Free(home) => home == module,
    }
}

/// Whether the global `name` of `file` can be read where `call` stands.
pub(in crate::rewrite) fn readable(eval: &Eval, call: Site, name: &str) -> Result<(), Refusal> {
    is_seen(eval, call, name)?;
    available(eval, call, call.file, name)
}

/// Whether the global `name` of `file` is bound when `call` runs, and can be pickled.
pub(in crate::rewrite) fn available(
    eval: &Eval,
    call: Site,
    file: FileId,
    name: &str,
) -> Result<(), Refusal> {
    let facts = eval.file(file);
    let bindings = facts.scopes.bindings(facts.scopes.module(), name);
    let nested = |node: NodeId| {
        facts.tree().parent(facts.statement(node)).is_some_and(|suite| is_conditional(facts, suite))
    };
    let early = bindings.iter().any(|binding| {
        placement(facts, binding) == Placement::Import
            || (!nested(binding.node) && eval.is_before(Site { file, node: binding.node }, call))
    });
    if !early {
        return Err(Refusal::new(
            Reason::UnboundCapture,
            format!("'{name}' may not be bound yet where the workers start"),
            "bind it before the pool is made, then hand it over by initializer and initargs",
        ));
    }
    let obstacle =
        bindings.iter().find_map(|binding| eval.obstacle(Site { file, node: binding.node }, true));
    match obstacle {
        None => Ok(()),
        Some(obstacle) => Err(Refusal::new(
            Reason::UnpicklableObject,
            obstacle.told_of(&format!("'{name}'")),
            "make it in the worker, by an initializer",
        )),
    }
}

/// Whether the global `name` of `file` may be, or hold, what travels by inheritance only.
pub(in crate::rewrite) fn needs_inheritance(eval: &Eval, file: FileId, name: &str) -> bool {
    let facts = eval.file(file);
    let bindings = facts.scopes.bindings(facts.scopes.module(), name);
    bindings.iter().any(|binding| eval.obstacle(Site { file, node: binding.node }, false).is_some())
}

/// Whether a suite runs under a condition other than the guard.
fn is_conditional(facts: &FileFacts, suite: NodeId) -> bool {
    let tree = facts.tree();
    tree.parent(suite).is_some_and(|owner| {
        matches!(
            tree.kind(owner),
            Kind::IfStatement
                | Kind::ElseClause
                | Kind::ElifClause
                | Kind::ForStatement
                | Kind::WhileStatement
                | Kind::ExceptClause
        ) && !(tree.kind(owner) == Kind::IfStatement && crate::facts::guard::is_guard(facts, owner))
    })
}

pub(in crate::rewrite) fn no_place(why: &str) -> Refusal {
    Refusal::new(
        Reason::NoHandOver,
        why,
        "pass the value to the worker as an argument, or by the pool's initializer and initargs",
    )
}
