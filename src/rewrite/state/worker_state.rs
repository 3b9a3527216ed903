//! What a method that runs in a worker uses of its object, and the repairs for objects of which it uses little: a static
//! method, or a `__getstate__` that leaves the rest behind.

use crate::facts::FileFacts;
use crate::findings::{Applicability, Fix};
use crate::project::travel::picklability::Obstacle;
use crate::project::values::instances;
use crate::project::{Eval, Site, Value};
use crate::rewrite::describe::quoted;
use crate::rewrite::lifting::captures::{is_change, is_written};
use crate::rewrite::place;
use crate::syntax::{Field, Kind, NodeId, Tree};
use crate::text::{Edit, Span, indent};
use std::collections::BTreeSet;

/// More methods than these are not looked into: what they use is unknown.
const MAX_METHODS: usize = 40;

/// The attributes that `method` reads of its object, with all own methods that it calls; `None` if it writes one, hands the
/// object on, or does what cannot be seen.
pub fn used_attributes(eval: &Eval, class: Site, method: Site) -> Option<BTreeSet<String>> {
    let mut used = BTreeSet::new();
    let mut seen = BTreeSet::from([method]);
    let mut pending = vec![method];
    while let Some(method) = pending.pop() {
        let facts = eval.file(method.file);
        let tree = facts.tree();
        for read in self_reads(eval, method)? {
            let attribute = tree.parent(read).filter(|up| {
                tree.kind(*up) == Kind::Attribute && tree.field(read) == Field::Object
            })?;
            let name = facts.text(tree.child(attribute, Field::Attribute)?);
            let of = tree.enclosing(method.node, &[Kind::ClassDefinition])?;
            let name = crate::facts::scopes::mangle(facts.definition_name(of), name).into_owned();
            if is_written(tree, attribute)
                || is_change(facts, attribute)
                || matches!(name.as_str(), "__dict__" | "__getstate__")
            {
                return None;
            }
            match eval.method(class, &name) {
                Some((_, called)) if seen.len() < MAX_METHODS => {
                    let detached = eval.has_decorator(called, &["staticmethod", "classmethod"]);
                    if !detached && seen.insert(called) {
                        pending.push(called);
                    }
                }
                Some(_) => return None,
                None => drop(used.insert(name)),
            }
        }
    }
    Some(used)
}

/// The places that read the first parameter of a method; `None` where the object may be reached in another way.
fn self_reads(eval: &Eval, method: Site) -> Option<Vec<NodeId>> {
    let facts = eval.file(method.file);
    let tree = facts.tree();
    let own = tree
        .children(tree.child(method.node, Field::Parameters)?)
        .next()
        .filter(|first| tree.kind(*first) == Kind::Identifier)?;
    let looks_around = tree.subtree(method.node).any(|node| {
        tree.kind(node) == Kind::Identifier
            && matches!(facts.text(node), "super" | "__class__" | "locals" | "vars" | "eval")
    });
    if looks_around {
        return None;
    }
    let (home, name) = facts.scopes.resolve_name(own)?;
    (facts.scopes.bindings(home, name).len() == 1)
        .then(|| facts.scopes.references(home, name).to_vec())
}

/// The rewrite of a method that uses nothing of its object as a static method.
pub fn detached(eval: &Eval, method: Site) -> Option<Fix> {
    let facts = eval.file(method.file);
    let tree = facts.tree();
    let name = facts.definition_name(method.node);
    let home = tree
        .enclosing(method.node, &[Kind::ClassDefinition])
        .map(|node| Site { file: method.file, node })?;
    let plain = facts.decorators(method.node).is_empty()
        && !facts.is_async(method.node)
        && !name.starts_with("__")
        && !eval.is_local(home);
    if !plain
        || !self_reads(eval, method)?.is_empty()
        || is_overridden(eval, home, name)
        || is_called_on_class(eval, home, name)
    {
        return None;
    }
    let parameters: Vec<NodeId> =
        tree.children(tree.child(method.node, Field::Parameters)?).collect();
    let gap = match parameters.as_slice() {
        [only] => tree.span(*only),
        [own, next, ..] if !matches!(tree.kind(*next), Kind::PositionalSeparator) => {
            Span::new(tree.start(*own), tree.start(*next))
        }
        _ => return None,
    };
    if facts.slice(gap).contains('#') {
        return None;
    }
    let start = tree.start(method.node);
    let line = format!(
        "@staticmethod{}{}",
        facts.source.newline(),
        indent::indentation(facts.all(), start)
    );
    let edits = vec![Edit::insert(start, line), Edit::replace(gap, "")];
    Some(fix(facts, format!("make '{name}' a static method: it uses nothing of its object"), edits))
}

/// Whether a class that derives from `home`, or one that it derives from, defines the method as well.
fn is_overridden(eval: &Eval, home: Site, name: &str) -> bool {
    let above = eval.lineage(home).into_iter().skip(1);
    eval.has_unknown_base(home)
        || above
            .chain(eval.subclasses(home).iter().copied())
            .any(|class| eval.own_method(class, name).is_some())
}

/// Whether some call takes the method from a class and gives the object itself: `Reader.parse(reader, line)`.
fn is_called_on_class(eval: &Eval, home: Site, name: &str) -> bool {
    eval.project.attributes_named(name).iter().any(|site| {
        let object = eval.file(site.file).tree().child(site.node, Field::Object).map(|node| Site { file: site.file, node });
        let of_family = |value: &Value| matches!(value, Value::Class(class) if eval.lineage(*class).contains(&home) || eval.lineage(home).contains(class));
        object.is_some_and(|object| eval.values(object).iter().any(of_family))
    })
}

/// A `__getstate__` that leaves behind the attributes in `obstacles`, none of which the methods `workers` use.
pub fn left_behind(
    eval: &Eval,
    class: Site,
    obstacles: &[Obstacle],
    workers: &[Site],
) -> Option<Fix> {
    let facts = eval.file(class.file);
    let tree = facts.tree();
    let says_how = ["__getstate__", "__setstate__", "__reduce__", "__reduce_ex__"]
        .iter()
        .any(|name| eval.method(class, name).is_some());
    let has_slots = eval.lineage(class).iter().any(|each| {
        let home = eval.file(each.file);
        let slots = home
            .scopes
            .inner(each.node)
            .is_some_and(|scope| !home.scopes.bindings(scope, "__slots__").is_empty());
        slots
            || home
                .decorators(each.node)
                .iter()
                .any(|decorator| home.text(*decorator).contains("slots"))
    });
    let odd_base = eval.has_unknown_base(class)
        || eval.process_class(class).is_none()
            && eval.external_bases(class).iter().any(|(path, _)| !PLAIN_BASES.contains(&&**path));
    if says_how || has_slots || odd_base || eval.is_local(class) || obstacles.is_empty() {
        return None;
    }
    let mut names: Vec<&str> = Vec::new();
    for obstacle in obstacles {
        let name =
            obstacle.path.strip_prefix("self.").and_then(|rest| rest.split(['.', '[']).next())?;
        if !names.contains(&name) {
            names.push(name);
        }
    }
    for worker in workers {
        let used = used_attributes(eval, class, *worker)?;
        if names.iter().any(|name| used.contains(*name)) {
            return None;
        }
    }
    let body = tree.child(class.node, Field::Body)?;
    let methods: Vec<NodeId> =
        tree.children(body).filter(|node| instances::definition(tree, *node).is_some()).collect();
    let init = methods.iter().find(|node| {
        instances::definition(tree, **node)
            .is_some_and(|method| facts.definition_name(method) == "__init__")
    });
    let (newline, unit) = (facts.source.newline(), place::indent_unit(facts));
    let first = *methods.first()?;
    let indentation = indent::indentation(facts.all(), tree.start(first));
    let deeper = format!("{newline}{indentation}{unit}");
    let drops: Vec<String> =
        names.iter().map(|name| format!("{deeper}state.pop(\"{name}\", None)")).collect();
    let text = format!(
        "def __getstate__(self):{deeper}state = self.__dict__.copy(){}{deeper}return state",
        drops.concat()
    );
    let edit = match init {
        Some(init) => {
            Edit::insert(tree.end(*init), format!("{newline}{newline}{indentation}{text}"))
        }
        None => Edit::insert(tree.start(first), format!("{text}{newline}{newline}{indentation}")),
    };
    Some(fix(
        facts,
        format!(
            "leave {} behind when the object is pickled: the worker does not use it",
            quoted(&names)
        ),
        vec![edit],
    ))
}

/// Bases outside the project that keep nothing in their objects.
pub const PLAIN_BASES: &[&str] =
    &["builtins.object", "abc.ABC", "typing.Generic", "typing.Protocol"];

fn fix(facts: &FileFacts, title: String, edits: Vec<Edit>) -> Fix {
    let edits = facts.file_edits(edits);
    Fix { title, applicability: Applicability::Unsafe, edits, new_names: Vec::new() }
}

/// Whether an attribute read belongs to an object of a class that has nothing to do with `class`.
pub fn is_of_another_class(eval: &Eval, class: Site, attribute: Site) -> bool {
    let tree: &Tree = eval.file(attribute.file).tree();
    let Some(object) = tree
        .child(attribute.node, Field::Object)
        .filter(|object| tree.kind(*object) == Kind::Identifier)
    else {
        return false;
    };
    let other = eval.self_class(Site { file: attribute.file, node: object });
    other.is_some_and(|other| {
        !eval.lineage(other).contains(&class) && !eval.lineage(class).contains(&other)
    })
}
