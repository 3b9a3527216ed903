//! Bound methods of objects that cannot be pickled: a function that makes the object anew in the worker.

use crate::facts::FileFacts;
use crate::facts::scopes::BindingKind;
use crate::findings::{Applicability, Fix, Remedy};
use crate::project::travel::picklability::Obstacle;
use crate::project::values::writes;
use crate::project::{Callable, Eval, FileId, Sent, Site, Type, Value};
use crate::rewrite::state::worker_state;
use crate::rewrite::{fresh_name, imports, place};
use crate::syntax::{Field, Kind, NodeId, Tree};
use crate::text::Edit;

/// What the objects are called that a worker may open for itself: another connection to the same database is as good.
const REOPENED: &str = "a database connection";

/// What is known about a class whose objects can be made anew from their own attributes.
struct Recipe {
    /// Constructor parameter and the attribute that keeps what it was given.
    parts: Vec<(String, String)>,
}

/// The rewrite of `map(repo.title, keys)` as `map(partial(_title, path=repo.path), keys)`, where a new `Repo(path)` does what
/// the old object did; `None` where that is not proven.
pub fn remedy(eval: &Eval, sent: &Sent, obstacles: &[Obstacle]) -> Option<Remedy> {
    let Callable::Method { receiver: Type::Class(class), object, name, function: Some(method) } = &sent.origin.callable else { return None };
    let (leaf, file) = (sent.origin.leaf, sent.origin.leaf.file);
    let facts = eval.file(file);
    let tree = facts.tree();
    if obstacles.iter().any(|each| !is_reopened(eval, *class, *method, each)) {
        return None;
    }
    let home = eval.file(class.file);
    let is_attribute = tree.kind(leaf.node) == Kind::Attribute && tree.child(leaf.node, Field::Object) == Some(object.node) && object.file == file;
    let is_top_level = home.tree().parent(home.with_decorators(class.node)) == Some(Tree::ROOT);
    if !is_attribute || !is_top_level || tree.kind(object.node) != Kind::Identifier || !eval.file(method.file).decorators(method.node).is_empty() {
        return None;
    }
    let class_name = named_in(eval, file, *class)?;
    let recipe = recipe(eval, *class)?;
    let own = plain_parameters(eval.file(method.file), method.node)?;
    let is_database = obstacles.iter().all(|each| each.what == REOPENED);
    let reads_only = reads_only(eval, *method, obstacles);
    let unused_else = is_made_and_sent_only(eval, *object, *class, leaf);
    let applicability = if is_database && reads_only && unused_else { Applicability::Safe } else { Applicability::Unsafe };
    let function = fresh_name::module_name(facts, name);
    let taken: std::collections::BTreeSet<String> = own.iter().cloned().collect();
    let bound: Vec<(String, String, String)> =
        recipe.parts.iter().map(|(parameter, attribute)| (parameter.clone(), fresh_name::variable_name(&taken, parameter), attribute.clone())).collect();
    let star = (!bound.is_empty()).then(|| "*".to_owned());
    let signature = own.iter().cloned().chain(star).chain(bound.iter().map(|row| row.1.clone())).collect::<Vec<_>>().join(", ");
    let made: Vec<String> = bound.iter().map(|(parameter, own, _)| if parameter == own { own.clone() } else { format!("{parameter}={own}") }).collect();
    let newline = facts.source.newline();
    let text = format!("def {function}({signature}):{newline}{}return {class_name}({}).{name}({})", place::indent_unit(facts), made.join(", "), own.join(", "));
    let given: Vec<String> = bound.iter().map(|(_, own, attribute)| format!("{own}={}.{attribute}", facts.text(object.node))).collect();
    let mut new_names = vec![function.clone()];
    let mut edits = vec![if class.file == file {
        place::insert_above(facts, following_statement(facts, class.node)?, &text)
    } else {
        place::insert_above(facts, leaf.node, &text)
    }];
    if given.is_empty() {
        edits.push(Edit::replace(tree.span(leaf.node), function));
    } else {
        let partial = imports::import(facts, "functools", "partial", &[leaf.node]);
        edits.push(Edit::replace(tree.span(leaf.node), format!("{}({function}, {})", partial.expression, given.join(", "))));
        edits.extend(partial.edit);
        new_names.extend(partial.new_name);
    }
    Some(Remedy::Fix(Fix { title: format!("make a '{class_name}' in the worker"), applicability, edits: facts.file_edits(edits), new_names }))
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
        [binding] if facts.tree().parent(binding.statement) == Some(Tree::ROOT) && matches!(binding.kind, BindingKind::Import { .. }) => {
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

/// Whether what is in the way is as good when it is opened anew: a connection to the same database, or a file that is only read,
/// and only by the worker, so that it stands at its start.
fn is_reopened(eval: &Eval, class: Site, method: Site, obstacle: &Obstacle) -> bool {
    if obstacle.path.matches('.').count() != 1 {
        return false;
    }
    let Some(target) = obstacle.site else { return false };
    let tree = eval.file(target.file).tree();
    let value = tree.parent(target.node).and_then(|up| tree.child(up, Field::Right)).filter(|value| tree.kind(*value) == Kind::Call);
    let Some(call) = value.map(|node| Site { file: target.file, node }) else { return obstacle.what == REOPENED };
    if obstacle.what == REOPENED {
        // What is in memory is in this process only.
        let literal = |value: &Value| if let Value::Literal(site) = value { eval.string_literal(*site) } else { None };
        return !eval.all_arguments(call).into_iter().any(|given| eval.values(given).iter().filter_map(literal).any(|text| text.contains("memory")));
    }
    if obstacle.what != "an open file" {
        return false;
    }
    let callee = tree.child(call.node, Field::Function).map_or("", |callee| eval.file(target.file).text(callee));
    let read_only = match eval.argument(call, "mode", 1) {
        Some(mode) => eval.string_literal(mode).is_some_and(|mode| matches!(mode, "r" | "rb" | "rt")),
        None => true,
    };
    let name = obstacle.path.trim_start_matches("self.");
    let inside = eval.worker_methods(&eval.lineage(class), method);
    let by_worker = |site: &Site| {
        *site == target
            || worker_state::is_of_another_class(eval, class, *site)
            || inside.iter().any(|method| method.file == site.file && eval.file(site.file).tree().contains(method.node, site.node))
    };
    callee == "open" && read_only && !inside.is_empty() && eval.project.attributes_named(name).iter().all(by_worker)
}

/// The constructor's parameters with the attributes that keep them, where `__init__` does nothing but fill attributes.
fn recipe(eval: &Eval, class: Site) -> Option<Recipe> {
    let lineage = eval.lineage(class);
    let constructors: Vec<Site> = lineage.iter().filter_map(|each| eval.own_method(*each, "__init__")).collect();
    let [init] = constructors.as_slice() else { return None };
    if !eval.external_bases(class).is_empty() || eval.has_unknown_base(class) {
        return None;
    }
    let facts = eval.file(init.file);
    let tree = facts.tree();
    let mut parameters = plain_parameters(facts, init.node)?;
    let mut parts = Vec::new();
    let body = tree.child(init.node, Field::Body)?;
    for statement in tree.children(body) {
        let inner = tree.children(statement).next()?;
        if tree.kind(inner) == Kind::String {
            continue;
        }
        let assignment = Some(inner).filter(|inner| tree.kind(*inner) == Kind::Assignment)?;
        let (left, right) = (tree.child(assignment, Field::Left)?, tree.child(assignment, Field::Right)?);
        if tree.kind(left) != Kind::Attribute || tree.kind(right) == Kind::Assignment {
            return None;
        }
        let name = facts.text(tree.child(left, Field::Attribute)?);
        if tree.kind(right) == Kind::Identifier && parameters.iter().any(|parameter| parameter == facts.text(right)) {
            parts.push((facts.text(right).to_owned(), name.to_owned()));
        }
    }
    // Attributes that change later are no recipe.
    let late = |(_, write): &(String, writes::AttributeWrite)| write.target.file != init.file || !tree.contains(init.node, write.target.node);
    if lineage.iter().any(|each| eval.own_attribute_writes(*each).iter().any(late)) || is_written_from_outside(eval, class, &parts) {
        return None;
    }
    parameters.retain(|parameter| !parts.iter().any(|(have, _)| have == parameter));
    parameters.is_empty().then_some(Recipe { parts })
}

fn is_written_from_outside(eval: &Eval, class: Site, parts: &[(String, String)]) -> bool {
    let lineage = eval.lineage(class);
    eval.project.files().any(|(id, facts)| {
        let tree = facts.tree();
        tree.subtree(Tree::ROOT).any(|node| {
            tree.kind(node) == Kind::Attribute
                && tree.field(node) == Field::Left
                && !lineage.iter().any(|each| id == each.file && tree.contains(each.node, node))
                && tree.child(node, Field::Attribute).is_some_and(|name| parts.iter().any(|(_, attribute)| attribute == facts.text(name)))
        })
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
            Kind::TypedParameter => tree.children(parameter).next().filter(|name| tree.kind(*name) == Kind::Identifier).map(|name| facts.text(name).to_owned()),
            _ => None,
        })
        .collect()
}

/// Whether the method only queries what it opens: `self.db.execute("SELECT …")`.
fn reads_only(eval: &Eval, method: Site, obstacles: &[Obstacle]) -> bool {
    let facts = eval.file(method.file);
    let tree = facts.tree();
    tree.subtree(method.node)
        .filter(|node| {
            tree.kind(*node) == Kind::Attribute
                && eval.self_class(Site { file: method.file, node: tree.child(*node, Field::Object).unwrap_or(*node) }).is_some()
        })
        .all(|node| {
            let name = tree.child(node, Field::Attribute).map_or("", |name| facts.text(name));
            if !obstacles.iter().any(|each| each.path == format!("self.{name}")) {
                // Other attributes are read; other methods may do anything.
                return tree.field(node) != Field::Left && !(tree.field(node) == Field::Function);
            }
            let call =
                tree.parent(node).filter(|up| tree.kind(*up) == Kind::Attribute).and_then(|up| tree.parent(up)).filter(|up| tree.kind(*up) == Kind::Call);
            let statement = call.and_then(|call| eval.positional_arguments(Site { file: method.file, node: call }).first().copied());
            statement.and_then(|text| eval.string_literal(text)).is_some_and(|text| text.trim_start().to_ascii_lowercase().starts_with("select"))
        })
}

/// Whether the object is a local name bound once to a new object, and used for nothing but sending.
fn is_made_and_sent_only(eval: &Eval, object: Site, class: Site, leaf: Site) -> bool {
    let facts = eval.file(object.file);
    let tree = facts.tree();
    let Some((home, name)) = facts.scopes.resolve_name(object.node) else { return false };
    let [binding] = facts.scopes.bindings(home, name) else { return false };
    let BindingKind::Assignment { value: Some(value), .. } = binding.kind else { return false };
    let made_here = tree.kind(value) == Kind::Call
        && eval.values(Site { file: object.file, node: value }).iter().all(|value| *value == crate::project::Value::Instance(Type::Class(class)));
    made_here && facts.scopes.references(home, name).iter().all(|read| tree.contains(leaf.node, *read))
}

/// The top-level statement after a class.
fn following_statement(facts: &FileFacts, class: NodeId) -> Option<NodeId> {
    let tree = facts.tree();
    let own = facts.top_level_statement(class);
    tree.children(Tree::ROOT).find(|statement| *statement > own)
}
