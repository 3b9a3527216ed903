//! Globals of the main process that the `run` method of a `Process` subclass reads: kept in the process object, which travels.

use crate::facts::FileFacts;
use crate::findings::{Applicability, Fix, Refusal};
use crate::project::values::instances;
use crate::project::{Callable, Eval, FileId, Sent, Site};
use crate::rewrite::describe::quoted;
use crate::rewrite::state::globals;
use crate::rewrite::state::initializer::{available, no_place};
use crate::rewrite::{fresh_name, place};
use crate::syntax::{Field, Kind, NodeId};
use crate::text::{Edit, indent};
use std::collections::{BTreeMap, BTreeSet};

/// What every process has already.
const OF_PROCESSES: &[&str] = &[
    "name",
    "daemon",
    "pid",
    "ident",
    "exitcode",
    "authkey",
    "sentinel",
    "start",
    "run",
    "join",
    "terminate",
    "kill",
    "close",
    "is_alive",
    "interrupt",
];

/// The rewrite that lets `__init__` keep the globals `names` of `file` in the object, and lets `run` read them there; `uses` are
/// all the constructor calls whose processes do `run`.
pub fn hand_over(
    eval: &Eval,
    sent: &Sent,
    uses: &[&Sent],
    file: FileId,
    names: &[String],
) -> Result<Fix, Refusal> {
    let Callable::Method { function: Some(run), .. } = sent.origin.callable else {
        return Err(no_place("what the process runs cannot be seen"));
    };
    let facts = eval.file(file);
    let tree = facts.tree();
    let class = tree
        .enclosing(run.node, &[Kind::ClassDefinition])
        .filter(|_| run.file == file)
        .map(|node| Site { file, node });
    let class = class
        .filter(|class| !eval.is_local(*class))
        .ok_or_else(|| no_place("the class of the process lies in another module"))?;
    for each in uses {
        names.iter().try_for_each(|name| available(eval, each.dispatch.call, file, name))?;
    }
    let kept = attribute_names(eval, class, names);
    let mut edits = keeping(eval, class, names, &kept)
        .ok_or_else(|| no_place("the constructor of the process leaves no place for it"))?;
    let read = reading(eval, class, run, &kept).or_else(|| bound_in_run(facts, run.node, &kept));
    edits.extend(read.ok_or_else(|| {
        no_place("the process binds it itself, or reads it where it has another meaning")
    })?);
    Ok(Fix {
        title: format!("keep {} in the process", quoted(names)),
        applicability: Applicability::Unsafe,
        edits: facts.file_edits(edits),
        new_names: Vec::new(),
    })
}

/// The attribute for each global.
fn attribute_names(eval: &Eval, class: Site, names: &[String]) -> BTreeMap<String, String> {
    let mut taken: BTreeSet<String> = OF_PROCESSES.iter().map(|name| (*name).to_owned()).collect();
    let subclasses = eval.subclasses(class);
    for each in eval.lineage(class).into_iter().chain(subclasses.iter().copied()) {
        taken.extend(eval.own_attribute_writes(each).iter().map(|row| row.0.clone()));
        let facts = eval.file(each.file);
        taken.extend(
            facts
                .scopes
                .inner(each.node)
                .into_iter()
                .flat_map(|scope| facts.scopes.get(scope).symbols.keys().cloned()),
        );
    }
    let mut kept = BTreeMap::new();
    for name in names {
        let plain = name.trim_start_matches('_').to_lowercase();
        let attribute =
            fresh_name::variable_name(&taken, if plain.is_empty() { name } else { &plain });
        taken.insert(attribute.clone());
        kept.insert(name.clone(), attribute);
    }
    kept
}

/// The edits of the constructor: behind its call of the base's, or a new one.
fn keeping(
    eval: &Eval,
    class: Site,
    names: &[String],
    kept: &BTreeMap<String, String>,
) -> Option<Vec<Edit>> {
    let facts = eval.file(class.file);
    let tree = facts.tree();
    let runs_base = |init: Site| {
        let home = eval.file(init.file);
        home.calls.iter().find(|call| {
            let callee = home.tree().child(**call, Field::Function);
            home.tree().contains(init.node, **call)
                && callee.is_some_and(|callee| home.text(callee).ends_with(".__init__"))
        })
    };
    if eval.subclasses(class).iter().any(|each| {
        eval.own_method(*each, "__init__").is_some_and(|init| runs_base(init).is_none())
    }) {
        return None;
    }
    let newline = facts.source.newline();
    let Some(init) = eval.own_method(class, "__init__") else {
        let body = tree.child(class.node, Field::Body)?;
        let first =
            tree.children(body).find(|node| instances::definition(tree, *node).is_some())?;
        let own = indent::indentation(facts.all(), tree.start(first));
        let deeper = format!("{newline}{own}{}", place::indent_unit(facts));
        let lines: Vec<String> =
            names.iter().map(|name| format!("{deeper}self.{} = {name}", kept[name])).collect();
        let text = format!(
            "def __init__(self, *args, **kwargs):{deeper}super().__init__(*args, **kwargs){}{newline}{newline}{own}",
            lines.concat()
        );
        return Some(vec![Edit::insert(tree.start(first), text)]);
    };
    let call = *runs_base(init).filter(|_| init.file == class.file)?;
    let statement = facts.statement(call);
    let own_self = first_parameter(facts, init.node)?;
    let scope = facts.scopes.scope_of(call);
    let module = facts.scopes.module();
    let is_own = |name: &String| !matches!(facts.scopes.resolve(scope, name), crate::facts::scopes::Resolution::Local(home) if home != module);
    let in_body = tree.parent(statement) == tree.child(init.node, Field::Body)
        && !place::shares_its_line(facts, statement);
    if !in_body || !names.iter().all(is_own) {
        return None;
    }
    let own = indent::indentation(facts.all(), tree.start(statement));
    let lines: Vec<String> = names
        .iter()
        .map(|name| format!("{newline}{own}{own_self}.{} = {name}", kept[name]))
        .collect();
    Some(vec![Edit::insert(tree.end(statement), lines.concat())])
}

/// The edits of `run` and of the methods that it calls: they read the attributes; `None` if anything else reads a global.
fn reading(
    eval: &Eval,
    class: Site,
    run: Site,
    kept: &BTreeMap<String, String>,
) -> Option<Vec<Edit>> {
    let facts = eval.file(class.file);
    let tree = facts.tree();
    let module = facts.scopes.module();
    let mut edits = Vec::new();
    for function in eval.reached(run) {
        let reads = globals::reads(eval, &[function]);
        if !reads.iter().any(|read| read.file == class.file && kept.contains_key(&read.name)) {
            continue;
        }
        let owner = tree
            .enclosing(function.node, &[Kind::ClassDefinition, Kind::FunctionDefinition])
            .filter(|_| function.file == class.file);
        let method = owner.filter(|owner| *owner == class.node).map(|_| function.node)?;
        let own = first_parameter(facts, method)
            .filter(|_| !eval.has_decorator(function, &["staticmethod", "classmethod"]))?;
        for node in tree.subtree(method).filter(|node| tree.kind(*node) == Kind::Identifier) {
            let Some((home, name)) = facts.scopes.resolve_name(node) else { continue };
            let Some(attribute) = kept.get(name).filter(|_| home == module) else { continue };
            // Written here, or read where the object has another name.
            if !facts.scopes.is_read(node)
                || facts.scopes.bindings(module, name).iter().any(|binding| binding.node == node)
                || !means_self(facts, node, method, own)
            {
                return None;
            }
            edits.push(Edit::replace(tree.span(node), format!("{own}.{attribute}")));
        }
    }
    Some(edits)
}

/// The edit by which `run` binds the globals before it does anything else: other functions than its methods read them.
fn bound_in_run(
    facts: &FileFacts,
    run: NodeId,
    kept: &BTreeMap<String, String>,
) -> Option<Vec<Edit>> {
    use crate::facts::scopes::Resolution;
    let tree = facts.tree();
    let own = first_parameter(facts, run)?;
    let scope = facts.scopes.inner(run)?;
    let is_docstring = |node: &NodeId| {
        tree.children(*node).next().is_some_and(|inner| tree.kind(inner) == Kind::String)
    };
    let first = tree.children(tree.child(run, Field::Body)?).find(|node| !is_docstring(node))?;
    let is_free = |name: &String| !matches!(facts.scopes.resolve(scope, name), Resolution::Local(home) if home == scope);
    let says_global = facts.own_nodes(run).any(|node| tree.kind(node) == Kind::GlobalStatement);
    let on_its_line =
        facts.source.lines().line(tree.start(first)) == facts.source.lines().line(tree.start(run));
    if says_global || on_its_line || !kept.keys().all(is_free) {
        return None;
    }
    let names: Vec<&str> = kept.keys().map(String::as_str).collect();
    let declared = format!("global {}", names.join(", "));
    let lines: Vec<String> = std::iter::once(declared)
        .chain(kept.iter().map(|(name, attribute)| format!("{name} = {own}.{attribute}")))
        .collect();
    Some(vec![place::lines_above(facts, first, &lines)])
}

/// Whether `own` means the first parameter of `method` where `node` stands.
fn means_self(facts: &FileFacts, node: NodeId, method: NodeId, own: &str) -> bool {
    use crate::facts::scopes::Resolution;
    match facts.scopes.resolve(facts.scopes.scope_of(node), own) {
        Resolution::Local(home) | Resolution::Free(home) => {
            facts.scopes.inner(method) == Some(home) && facts.scopes.bindings(home, own).len() == 1
        }
        Resolution::Global => false,
    }
}

fn first_parameter(facts: &FileFacts, function: NodeId) -> Option<&str> {
    let tree = facts.tree();
    let parameters = tree.child(function, Field::Parameters)?;
    tree.children(parameters)
        .next()
        .filter(|first| tree.kind(*first) == Kind::Identifier)
        .map(|first| facts.text(first))
}
