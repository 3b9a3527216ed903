//! Bound methods of objects that cannot be pickled: a function that makes the object anew in the worker.

use crate::facts::FileFacts;
use crate::facts::scopes::BindingKind;
use crate::findings::{Applicability, Fix, Remedy};
use crate::project::travel::picklability::Obstacle;
use crate::project::{Callable, Eval, FileId, Sent, Site, Type, Value};
use crate::rewrite::callables::recipe::{self, Part};
use crate::rewrite::callables::reopened;
use crate::rewrite::{fresh_name, imports, place};
use crate::syntax::{Field, Kind, NodeId, Tree};
use crate::text::Edit;
use std::collections::BTreeSet;

/// The rewrite of `map(repo.title, keys)` as `map(partial(_title, path=repo.path), keys)`, where a new `Repo(path)` does what
/// the old object did; `None` where that is not proven.
pub fn remedy(eval: &Eval, sent: &Sent, obstacles: &[Obstacle]) -> Option<Remedy> {
    let task = task(eval, sent)?;
    let leaf = task.leaf;
    let facts = eval.file(leaf.file);
    let (class, method) = (task.class, task.method);
    let opened: BTreeSet<&str> =
        obstacles.iter().map(|each| each.path.strip_prefix("self.")).collect::<Option<_>>()?;
    let inside = eval.worker_methods(&eval.lineage(class), method);
    if obstacles.iter().any(|each| !reopened::is_reopened(eval, class, &inside, &opened, each)) {
        return None;
    }
    let home = eval.file(class.file);
    let is_top_level = home.tree().parent(home.with_decorators(class.node)) == Some(Tree::ROOT);
    if !is_top_level || !eval.file(method.file).decorators(method.node).is_empty() {
        return None;
    }
    let class_name = named_in(eval, leaf.file, class)?;
    let again = |name: &str, target: Site| {
        let written = eval.value_written_to(target).and_then(|value| eval.obstacle(value, false));
        written.is_some_and(|each| {
            let each = Obstacle { path: format!("self.{name}"), site: Some(target), ..each };
            reopened::is_reopened(eval, class, &inside, &opened, &each)
        })
    };
    let recipe = recipe::recipe(eval, class, &opened, &inside, &again)?;
    let own = plain_parameters(eval.file(method.file), method.node)?;
    let is_database = obstacles.iter().all(|each| each.what == reopened::REOPENED);
    // `self.title` may be the method of a subclass.
    if !made_here(eval, task.object, class) && !eval.subclasses(class).is_empty() {
        return None;
    }
    let is_safe = is_database
        && reopened::reads_only(eval, class, method, &opened)
        && is_made_and_sent_only(eval, task.object, class, leaf);
    let names = Names::of(facts, &task, &recipe.parts, &own);
    let text = names.definition(facts, &class_name, &task, &own);
    let mut new_names = vec![names.function.clone()];
    let mut edits = vec![if class.file == leaf.file {
        insert_below(facts, class.node, &text)
    } else {
        place::insert_above(facts, leaf.node, &text)
    }];
    let span = facts.tree().span(leaf.node);
    if names.bound.is_empty() {
        edits.push(Edit::replace(span, names.function));
    } else {
        let partial = imports::import(facts, "functools", "partial", &[leaf.node]);
        let object = facts.text(task.object.node);
        let given: Vec<String> = names
            .bound
            .iter()
            .map(|(part, own)| format!("{own}={object}.{}", part.attribute))
            .collect();
        edits.push(Edit::replace(
            span,
            format!("{}({}, {})", partial.expression, names.function, given.join(", ")),
        ));
        edits.extend(partial.edit);
        new_names.extend(partial.new_name);
    }
    let applicability = if is_safe { Applicability::Safe } else { Applicability::Unsafe };
    Some(Remedy::Fix(Fix {
        title: format!("make a '{class_name}' in the worker"),
        applicability,
        edits: facts.file_edits(edits),
        new_names,
    }))
}

/// What a worker is sent to do with an object.
struct Task<'t> {
    class: Site,
    method: Site,
    /// The expression that takes it.
    leaf: Site,
    /// The name of the object where it is sent.
    object: Site,
    /// The method's name; empty where the object itself is called.
    name: &'t str,
}

/// The task of a bound method or callable instance, where the object is named right there.
fn task<'t>(eval: &Eval, sent: &'t Sent) -> Option<Task<'t>> {
    let is_name = |site: Site| eval.file(site.file).tree().kind(site.node) == Kind::Identifier;
    match &sent.origin.callable {
        Callable::Method { receiver: Type::Class(class), object, name, function: Some(method) } => {
            let leaf = sent.origin.leaf;
            let is_attribute = object.file == leaf.file
                && eval.file(leaf.file).tree().child(leaf.node, Field::Object) == Some(object.node);
            (is_attribute && is_name(*object) && !name.starts_with("__")).then_some(Task {
                class: *class,
                method: *method,
                leaf,
                object: *object,
                name,
            })
        }
        Callable::Instance(class) => {
            let (_, method) = eval.method(*class, "__call__")?;
            let leaf = sent.origin.handover;
            (is_name(leaf) && sent.origin.through.is_empty()).then_some(Task {
                class: *class,
                method,
                leaf,
                object: leaf,
                name: "",
            })
        }
        _ => None,
    }
}

/// The names of the new function.
struct Names<'r> {
    function: String,
    /// What the constructor needs, and the keyword-only parameter for it.
    bound: Vec<(&'r Part, String)>,
}

impl<'r> Names<'r> {
    fn of(facts: &FileFacts, task: &Task, parts: &'r [Part], own: &[String]) -> Self {
        let base = if task.name.is_empty() { facts.text(task.object.node) } else { task.name };
        let taken: BTreeSet<String> = own.iter().cloned().collect();
        let bound = parts
            .iter()
            .map(|part| (part, fresh_name::variable_name(&taken, &part.parameter)))
            .collect();
        Self { function: fresh_name::module_name(facts, base), bound }
    }

    fn definition(&self, facts: &FileFacts, class: &str, task: &Task, own: &[String]) -> String {
        let star = (!self.bound.is_empty()).then(|| "*".to_owned());
        let signature = own
            .iter()
            .cloned()
            .chain(star)
            .chain(self.bound.iter().map(|row| row.1.clone()))
            .collect::<Vec<_>>()
            .join(", ");
        let mut by_keyword = false;
        let mut made = Vec::new();
        for (part, name) in &self.bound {
            by_keyword |= part.by_keyword || part.parameter != *name;
            made.push(if by_keyword { format!("{}={name}", part.parameter) } else { name.clone() });
        }
        let (made, given) = (made.join(", "), own.join(", "));
        let method = if task.name.is_empty() { String::new() } else { format!(".{}", task.name) };
        format!(
            "def {}({signature}):{}{}return {class}({made}){method}({given})",
            self.function,
            facts.source.newline(),
            place::indent_unit(facts)
        )
    }
}

/// How a file can name a class at module level: by its own name, or as it is imported there.
fn named_in(eval: &Eval, file: FileId, class: Site) -> Option<String> {
    let facts = eval.file(file);
    let module = facts.scopes.module();
    let name = eval.file(class.file).definition_name(class.node);
    if class.file == file {
        return Some(name.to_owned());
    }
    let values = |local: &str| match facts.scopes.bindings(module, local) {
        [binding]
            if facts.tree().parent(binding.statement) == Some(Tree::ROOT)
                && matches!(binding.kind, BindingKind::Import { .. }) =>
        {
            eval.binding_values(file, binding)
        }
        _ => Vec::new(),
    };
    let locals = facts.scopes.get(module).symbols.keys();
    locals.into_iter().find_map(|local| match values(local).as_slice() {
        [Value::Class(found)] if *found == class => Some(local.clone()),
        [Value::Module(found)] if *found == class.file => Some(format!("{local}.{name}")),
        _ => None,
    })
}

/// The names of a method's parameters without `self`, where all of them are plain.
fn plain_parameters(facts: &FileFacts, function: NodeId) -> Option<Vec<String>> {
    let tree = facts.tree();
    let list = tree.child(function, Field::Parameters)?;
    tree.children(list)
        .skip(1)
        .map(|parameter| match tree.kind(parameter) {
            Kind::Identifier => Some(facts.text(parameter).to_owned()),
            Kind::TypedParameter => tree
                .children(parameter)
                .next()
                .filter(|name| tree.kind(*name) == Kind::Identifier)
                .map(|name| facts.text(name).to_owned()),
            _ => None,
        })
        .collect()
}

/// Whether the object is a local name bound once to a new object.
fn made_here(eval: &Eval, object: Site, class: Site) -> bool {
    let facts = eval.file(object.file);
    let tree = facts.tree();
    let Some((home, name)) = facts.scopes.resolve_name(object.node) else { return false };
    let [binding] = facts.scopes.bindings(home, name) else { return false };
    let value = match binding.kind {
        BindingKind::Assignment { value: Some(value), .. } => Some(value),
        _ => None,
    };
    let is_new = |value: &Value| *value == Value::Instance(Type::Class(class));
    value.is_some_and(|value| {
        tree.kind(value) == Kind::Call
            && eval.values(Site { file: object.file, node: value }).iter().all(is_new)
    })
}

/// Whether the object is made here, and used for nothing but sending.
fn is_made_and_sent_only(eval: &Eval, object: Site, class: Site, leaf: Site) -> bool {
    let facts = eval.file(object.file);
    let Some((home, name)) = facts.scopes.resolve_name(object.node) else { return false };
    made_here(eval, object, class)
        && facts
            .scopes
            .references(home, name)
            .iter()
            .all(|read| facts.tree().contains(leaf.node, *read))
}

/// An insertion of a definition below a class.
fn insert_below(facts: &FileFacts, class: NodeId, definition: &str) -> Edit {
    let tree = facts.tree();
    let own = facts.top_level_statement(class);
    match tree.children(Tree::ROOT).find(|statement| *statement > own) {
        Some(following) => place::insert_above(facts, following, definition),
        None => {
            let newline = facts.source.newline();
            Edit::insert(tree.end(own), format!("{newline}{newline}{newline}{definition}"))
        }
    }
}
