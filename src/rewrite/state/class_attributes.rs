//! Attributes of classes and functions that workers read and the parent changes, and functions that it replaces: a child that
//! imports the module has those of the import.

use crate::facts::scopes::BindingKind;
use crate::project::{Eval, FileId, Site, Type, Value};
use crate::rewrite::lifting::captures::{self, guard_around};
use crate::syntax::{Field, Kind, NodeId};

/// An attribute of a class or function that a function reads.
#[derive(Debug, Clone)]
pub struct ClassRead {
    /// The class whose body binds it, or the function whose attribute it is.
    pub class: Site,
    /// The attribute.
    pub name: String,
    /// Where it is read first.
    pub read: Site,
    /// The function that reads it.
    pub function: Site,
}

/// The attributes of importable classes and functions that the functions read, one entry for each attribute of each of them.
pub fn reads(eval: &Eval, functions: &[Site]) -> Vec<ClassRead> {
    let mut found: Vec<ClassRead> = Vec::new();
    for function in functions {
        let facts = eval.file(function.file);
        let tree = facts.tree();
        let attributes = tree.subtree(function.node).filter(|node| {
            tree.kind(*node) == Kind::Attribute && !captures::is_written(tree, *node)
        });
        for node in attributes {
            let (Some(object), Some(name)) =
                (tree.child(node, Field::Object), tree.child(node, Field::Attribute))
            else {
                continue;
            };
            let name = facts.text(name);
            let object = Site { file: function.file, node: object };
            for class in classes_of(eval, object, name) {
                if !found.iter().any(|have| have.class == class && have.name == name) {
                    found.push(ClassRead {
                        class,
                        name: name.to_owned(),
                        read: Site { file: function.file, node },
                        function: *function,
                    });
                }
            }
        }
    }
    found
}

/// The importable classes whose own attribute `name` an object stands for: the class itself, or an object of it that has none
/// of its own; or the importable function that has the attribute.
fn classes_of(eval: &Eval, object: Site, name: &str) -> Vec<Site> {
    let holds = |class: Site| {
        eval.lineage(class).into_iter().find(|each| {
            let home = eval.file(each.file);
            !eval.is_local(*each)
                && home.scopes.inner(each.node).is_some_and(|scope| {
                    home.scopes
                        .bindings(scope, name)
                        .iter()
                        .any(|binding| matches!(binding.kind, BindingKind::Assignment { .. }))
                })
        })
    };
    let of_instance = |class: Site| {
        let own = eval
            .lineage(class)
            .into_iter()
            .any(|each| eval.own_attribute_writes(each).iter().any(|(written, _)| written == name));
        if own { None } else { holds(class) }
    };
    let named = eval.values(object);
    let by_value = named.iter().filter_map(|value| match value {
        Value::Class(class) => holds(*class),
        Value::Instance(Type::Class(class)) => of_instance(*class),
        Value::Function(function) => {
            Some(*function).filter(|function| !name.starts_with("__") && !eval.is_local(*function))
        }
        _ => None,
    });
    let mut found: Vec<Site> = by_value.collect();
    found.extend(eval.self_class(object).and_then(of_instance));
    found.sort();
    found.dedup();
    found
}

/// The places that bind or change an attribute of a class or function itself, in functions or under a guard.
pub fn changes(eval: &Eval, class: Site, name: &str) -> Vec<Site> {
    let is_class = |object: Site| {
        eval.values(object).iter().any(|value| match value {
            Value::Class(own) => *own == class || eval.lineage(*own).contains(&class),
            Value::Function(own) => *own == class,
            _ => false,
        })
    };
    let attributes = eval.project.attributes_named(name).iter().copied();
    let written = attributes.filter(|site| {
        let facts = eval.file(site.file);
        let tree = facts.tree();
        let object = tree.child(site.node, Field::Object);
        (captures::is_written(tree, site.node) || captures::is_change(facts, site.node))
            && object.is_some_and(|node| is_class(Site { file: site.file, node }))
    });
    written.chain(set_by_string(eval, name, is_class)).filter(|site| is_late(eval, *site)).collect()
}

/// The places that register another implementation of a generic function, in functions or under a guard:
/// `show.register(int, own)`.
pub fn registrations(eval: &Eval, function: Site) -> Vec<Site> {
    let is_generic = |decorator: NodeId| {
        let node = eval.file(function.file).tree().children(decorator).next();
        let values = node.map(|node| eval.values(Site { file: function.file, node }));
        values.iter().flat_map(|values| values.iter()).any(|value| {
            matches!(value, Value::External { path, .. } if &**path == "functools.singledispatch")
        })
    };
    if !eval.file(function.file).decorators(function.node).into_iter().any(is_generic) {
        return Vec::new();
    }
    let is_it = |site: &Site| {
        let object = eval.file(site.file).tree().child(site.node, Field::Object);
        object.is_some_and(|node| {
            let values = eval.values(Site { file: site.file, node });
            values.iter().any(|value| matches!(value, Value::Function(own) if *own == function))
        })
    };
    let named = eval.project.attributes_named("register").iter().copied();
    named.filter(is_it).filter(|site| is_late(eval, *site)).collect()
}

/// The places that bind a global by its name as a string: `globals()["LIMIT"] = 9`, `setattr(settings, "LIMIT", 9)`.
pub fn bound_by_string(eval: &Eval, file: FileId, name: &str) -> Vec<Site> {
    let items = eval.project.calls_named("globals").iter().chain(eval.project.calls_named("vars"));
    let by_item = items.copied().filter_map(|call| {
        let facts = eval.file(call.file);
        let tree = facts.tree();
        let arguments = eval.positional_arguments(call);
        let own = match arguments.as_slice() {
            [] => {
                call.file == file
                    && tree
                        .child(call.node, Field::Function)
                        .is_some_and(|callee| facts.text(callee) == "globals")
            }
            [module] => names_module(eval, *module, file),
            _ => false,
        };
        let up = tree.parent(call.node).filter(|_| own)?;
        match tree.kind(up) {
            Kind::Subscript => {
                let key = tree.child(up, Field::Subscript)?;
                let is_it = eval.string_literal(Site { file: call.file, node: key }) == Some(name);
                (is_it && captures::is_written(tree, up))
                    .then_some(Site { file: call.file, node: up })
            }
            Kind::Attribute => updates(eval, call.file, up, name),
            _ => None,
        }
    });
    let by_setattr = set_by_string(eval, name, |object| names_module(eval, object, file));
    by_item.chain(by_setattr).filter(|site| is_late(eval, *site)).collect()
}

/// `setattr(object, "name", …)` and `patch.object(object, "name", …)`, where `is_it` holds for the object.
fn set_by_string(
    eval: &Eval,
    name: &str,
    is_it: impl Fn(Site) -> bool,
) -> impl Iterator<Item = Site> {
    let is_patch = |call: &&Site| {
        let facts = eval.file(call.file);
        let callee = facts.tree().child(call.node, Field::Function);
        callee.is_some_and(|callee| facts.text(callee).ends_with("patch.object"))
    };
    let patches = eval.project.calls_named("object").iter().filter(is_patch);
    eval.project.calls_named("setattr").iter().chain(patches).copied().filter(move |call| {
        let arguments = eval.positional_arguments(*call);
        arguments.get(1).is_some_and(|given| says(eval, *given, name))
            && arguments.first().is_some_and(|object| is_it(*object))
    })
}

/// Whether an expression is the string `name`, or a parameter that is given it.
fn says(eval: &Eval, expression: Site, name: &str) -> bool {
    let is_it = |site: Site| eval.string_literal(site) == Some(name);
    let is_name = || eval.file(expression.file).tree().kind(expression.node) == Kind::Identifier;
    is_it(expression)
        || is_name()
            && eval
                .values(expression)
                .iter()
                .any(|value| matches!(value, Value::Literal(site) if is_it(*site)))
}

/// `globals().update(LIMIT=9)`, and with a display of a dictionary.
fn updates(eval: &Eval, file: FileId, attribute: NodeId, name: &str) -> Option<Site> {
    let facts = eval.file(file);
    let tree = facts.tree();
    let is_update = tree
        .child(attribute, Field::Attribute)
        .is_some_and(|called| facts.text(called) == "update");
    let call = tree.parent(attribute).filter(|up| is_update && tree.kind(*up) == Kind::Call)?;
    let site = Site { file, node: call };
    let in_display = || {
        let display = eval.positional_arguments(site).first()?.node;
        tree.children(display).find(|pair| {
            tree.child(*pair, Field::Key)
                .is_some_and(|node| eval.string_literal(Site { file, node }) == Some(name))
        })
    };
    (eval.keyword_argument(site, name).is_some() || in_display().is_some()).then_some(site)
}

fn names_module(eval: &Eval, object: Site, file: FileId) -> bool {
    eval.values(object).iter().any(|value| matches!(value, Value::Module(own) if *own == file))
}

/// Whether a place runs after the import of its module: in a function, or under a guard.
pub fn is_late(eval: &Eval, site: Site) -> bool {
    let facts = eval.file(site.file);
    facts.enclosing_function(site.node).is_some() || guard_around(facts, site.node).is_some()
}
