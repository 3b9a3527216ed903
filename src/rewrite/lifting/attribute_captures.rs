//! A captured object that cannot travel, of which the callable only reads attributes that can.

use crate::facts::FileFacts;
use crate::facts::scopes::BindingKind;
use crate::project::{Eval, FileId, Site, Type, Value};
use crate::rewrite::lifting::captures::{Capture, CaptureKind, Variable, is_written};
use crate::syntax::{Field, Kind, NodeId, Tree};
use std::collections::BTreeMap;

/// Attributes of processes, threads and the like that are no plain data.
const COMPUTED: &[&str] =
    &["name", "daemon", "ident", "native_id", "exitcode", "pid", "authkey", "sentinel"];

/// Methods that are done before any other runs.
const CONSTRUCTORS: &[&str] = &["__init__", "__post_init__", "setUp"];

/// The captures of a callable, where each object that cannot be pickled is replaced by those of its attributes that are
/// read: `self`, which holds a lock, by `self.size`. Others stay, for the judge to refuse.
pub(in crate::rewrite) fn split(
    eval: &Eval,
    file: FileId,
    callable: NodeId,
    own: Vec<Capture>,
    inheritance: bool,
) -> Vec<Capture> {
    let mut out = Vec::new();
    for capture in own {
        let hindered = capture.kind == CaptureKind::Value
            && capture.reads.first().is_some_and(|read| {
                eval.captured_obstacle(Site { file, node: *read }, inheritance).is_some()
            });
        match Some(&capture)
            .filter(|_| hindered)
            .and_then(|capture| attributes(eval, file, callable, capture))
        {
            Some(attributes) => {
                out.extend(attributes.into_iter().map(|(attribute, reads)| Capture {
                    variable: Variable { attribute: Some(attribute), ..capture.variable.clone() },
                    kind: CaptureKind::Value,
                    reads,
                }));
            }
            None => out.push(capture),
        }
    }
    out
}

/// The attributes by which the callable reads an object of a project class, with the places; `None` if it does anything
/// else with the object, or if reading one early may give something else.
fn attributes(
    eval: &Eval,
    file: FileId,
    callable: NodeId,
    capture: &Capture,
) -> Option<BTreeMap<String, Vec<NodeId>>> {
    let facts = eval.file(file);
    let tree = facts.tree();
    let mut found: BTreeMap<String, Vec<NodeId>> = BTreeMap::new();
    for read in &capture.reads {
        let attribute = tree
            .parent(*read)
            .filter(|up| tree.kind(*up) == Kind::Attribute && tree.field(*read) == Field::Object)?;
        let name = facts.text(tree.child(attribute, Field::Attribute)?);
        let values = eval.values(Site { file, node: *read });
        let [Value::Instance(Type::Class(class))] = &*values else { return None };
        let in_constructor =
            eval.method_around(*class, Site { file, node: callable }).is_some_and(|method| {
                class.file == file && CONSTRUCTORS.contains(&facts.definition_name(method.node))
            });
        if is_written(tree, attribute) || in_constructor || !is_settled(eval, *class, name) {
            return None;
        }
        found.entry(name.to_owned()).or_default().push(attribute);
    }
    Some(found)
}

/// Whether an attribute is plain data that nothing but the constructor (or the class body) sets.
fn is_settled(eval: &Eval, class: Site, name: &str) -> bool {
    let lineage = eval.lineage(class);
    let dynamic = |each: &Site| {
        ["setattr(", "__dict__", "__slots__"]
            .iter()
            .any(|word| eval.file(each.file).text(each.node).contains(word))
    };
    if COMPUTED.contains(&name)
        || eval.has_unknown_base(class)
        || eval.method(class, name).is_some()
        || eval.method(class, "__getattribute__").is_some()
        || lineage.iter().any(dynamic)
    {
        return false;
    }
    // Attributes of the class are no use under their mangled names: a private one is looked up as written.
    let private = name.starts_with("__") && !name.ends_with("__");
    let stored = if private {
        crate::facts::scopes::mangle(eval.file(class.file).definition_name(class.node), name)
            .into_owned()
    } else {
        name.to_owned()
    };
    let mut set = false;
    for each in &lineage {
        for (_, write) in
            eval.own_attribute_writes(*each).iter().filter(|(attribute, _)| *attribute == stored)
        {
            let method = eval.method_around(*each, write.target);
            if !method.is_some_and(|method| {
                CONSTRUCTORS.contains(&eval.file(each.file).definition_name(method.node))
            }) {
                return false;
            }
            set = true;
        }
        set |= is_class_constant(eval, *each, name);
    }
    set && !is_set_from_outside(eval, &lineage, name)
}

/// Whether the class body gives the attribute a literal, or declares it as a field.
fn is_class_constant(eval: &Eval, class: Site, name: &str) -> bool {
    let facts = eval.file(class.file);
    let Some(scope) = facts.scopes.inner(class.node) else { return false };
    let plain = |value: NodeId| {
        let kind = facts.tree().kind(value);
        matches!(
            kind,
            Kind::Integer
                | Kind::Float
                | Kind::String
                | Kind::True
                | Kind::False
                | Kind::None
                | Kind::Tuple
        )
    };
    let bindings = facts.scopes.bindings(scope, name);
    !bindings.is_empty()
        && bindings.iter().all(|binding| match &binding.kind {
            BindingKind::Assignment { value, .. } => {
                value.is_none_or(plain)
                    || eval.has_decorator(class, &["dataclass", "define", "frozen", "mutable"])
            }
            _ => false,
        })
}

/// Whether any `x.name = …` stands outside the classes: it may be an object of theirs, unless it is the `self` of a class that
/// has nothing to do with them.
fn is_set_from_outside(eval: &Eval, lineage: &[Site], name: &str) -> bool {
    let Some(own) = lineage.first() else { return false };
    eval.project.files().any(|(id, facts)| {
        let inside = |node: NodeId| {
            lineage.iter().any(|class| class.file == id && facts.tree().contains(class.node, node))
        };
        let unrelated = |node: NodeId| {
            let object = facts
                .tree()
                .child(node, Field::Object)
                .and_then(|object| eval.self_class(Site { file: id, node: object }));
            object.is_some_and(|class| {
                !eval.has_unknown_base(class) && !eval.lineage(class).contains(own)
            })
        };
        sets(facts, name).any(|node| !inside(node) && !unrelated(node))
    })
}

fn sets<'f>(facts: &'f FileFacts, name: &'f str) -> impl Iterator<Item = NodeId> + 'f {
    let tree = facts.tree();
    tree.subtree(Tree::ROOT).filter(move |node| {
        tree.kind(*node) == Kind::Attribute
            && tree.child(*node, Field::Attribute).is_some_and(|last| facts.text(last) == name)
            && is_written(tree, *node)
    })
}
