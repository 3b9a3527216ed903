//! A module-level function that calls the method meant, for methods whose name means something else in the child.

use super::{fresh_name, imports, place};
use crate::findings::{Applicability, FileEdit, Fix, Reason, Refusal, Remedy};
use crate::project::{Callable, Eval, Sent, Type};
use crate::syntax::{Field, Kind};
use crate::text::Edit;
use std::sync::Arc;

/// The remedy for a method that is sent under a private name or through `super()`.
pub fn remedy(eval: &Eval, sent: &Sent, is_super: bool) -> Remedy {
    match fix(eval, sent, is_super) {
        Ok(fix) => Remedy::Fix(fix),
        Err(refusal) => Remedy::Refused(refusal),
    }
}

fn fix(eval: &Eval, sent: &Sent, is_super: bool) -> Result<Fix, Refusal> {
    let leaf = sent.origin.leaf;
    let facts = eval.file(leaf.file);
    let tree = facts.tree();
    let shape = |what: &str| Refusal::new(Reason::UnsupportedShape, what, "write a module-level function that calls the method, and send that with the object");
    let class = tree.enclosing(leaf.node, &[Kind::ClassDefinition]).ok_or_else(|| shape("the call stands outside the class"))?;
    if facts.enclosing_function(class).is_some() {
        return Err(shape("the class is a local class"));
    }
    let class_name = facts.definition_name(class).to_owned();
    let method = tree.child(leaf.node, Field::Attribute).map_or("", |name| facts.text(name)).to_owned();
    let mangled = crate::facts::scopes::mangle(&class_name, &method).into_owned();
    let newline = facts.source.newline();
    let unit = place::indent_unit(facts);
    let name = fresh_name::module_name(facts, &format!("{}_{}", class_name.trim_matches('_').to_lowercase(), method.trim_matches('_')));
    let Callable::Method { receiver, function, .. } = &sent.origin.callable else {
        // A static method, looked up on the class.
        let Callable::Function(function) = sent.origin.callable else { return Err(shape("the method is not known")) };
        if !eval.has_decorator(function, &["staticmethod"]) {
            return Err(shape("the method is looked up on the class"));
        }
        let definition = format!("def {name}(*args, **kwargs):{newline}{unit}return {class_name}.{mangled}(*args, **kwargs)");
        return Ok(finish(eval, sent, class, &definition, name.clone(), Vec::new(), name));
    };
    let is_static = function.is_some_and(|function| eval.has_decorator(function, &["staticmethod", "classmethod"]));
    if let Type::Class(of) = receiver
        && !is_static
        && let Some(obstacle) = eval.instance_obstacle(*of, sent.dispatch.carries_primitives(eval.project), 4)
    {
        let path = if obstacle.path.is_empty() { String::new() } else { format!(" ({})", obstacle.path) };
        return Err(Refusal::new(
            Reason::UnpicklableCapture,
            format!("the object itself cannot be pickled either: it holds {}{path}", obstacle.what),
            "send a function that takes what it needs as arguments",
        ));
    }
    let object = tree.child(leaf.node, Field::Object).ok_or_else(|| shape("the object is not known"))?;
    let (target, object_text) = if is_super {
        let first = facts
            .enclosing_function(leaf.node)
            .and_then(|function| tree.child(function, Field::Parameters))
            .and_then(|parameters| tree.children(parameters).next())
            .map(|node| facts.text(node).to_owned())
            .ok_or_else(|| shape("super() is called outside a method"))?;
        (format!("super({class_name}, instance).{mangled}"), first)
    } else {
        (format!("instance.{mangled}"), facts.text(object).to_owned())
    };
    if is_static {
        let definition = format!("def {name}(*args, **kwargs):{newline}{unit}return {class_name}.{mangled}(*args, **kwargs)");
        return Ok(finish(eval, sent, class, &definition, name.clone(), Vec::new(), name));
    }
    let definition = format!("def {name}(instance, *args, **kwargs):{newline}{unit}return {target}(*args, **kwargs)");
    let partial = imports::import(facts, "functools", "partial", &[leaf.node]);
    let text = format!("{}({name}, {object_text})", partial.expression);
    let more: Vec<Edit> = partial.edit.into_iter().collect();
    Ok(finish(eval, sent, class, &definition, text, more, name))
}

fn finish(eval: &Eval, sent: &Sent, class: crate::syntax::NodeId, definition: &str, text: String, mut edits: Vec<Edit>, name: String) -> Fix {
    let leaf = sent.origin.leaf;
    let facts = eval.file(leaf.file);
    edits.push(place::insert_above(facts, class, definition));
    edits.push(Edit::replace(facts.tree().span(leaf.node), text));
    let path = Arc::new(facts.source.path.clone());
    Fix {
        title: format!("send a module-level function that calls the method: '{name}'"),
        applicability: Applicability::Safe,
        edits: edits.into_iter().map(|edit| FileEdit { path: path.clone(), edit }).collect(),
        new_names: vec![name],
    }
}
