//! A module-level function that calls the method meant, for methods whose name means something else in the child.

use crate::findings::{Applicability, Fix, Reason, Refusal, Remedy};
use crate::project::Site;
use crate::project::travel::picklability::Obstacle;
use crate::project::travel::state::Moment;
use crate::project::{Callable, Eval, Sent, Type, Value};
use crate::rewrite::{fresh_name, imports, place};
use crate::syntax::{Field, Kind};
use crate::text::Edit;

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
    let shape = |what: &str| {
        Refusal::new(
            Reason::UnsupportedShape,
            what,
            "write a module-level function that calls the method, and send that with the object",
        )
    };
    let class = tree
        .enclosing(leaf.node, &[Kind::ClassDefinition])
        .ok_or_else(|| shape("the call stands outside the class"))?;
    if facts.enclosing_function(class).is_some() {
        return Err(shape("the class is a local class"));
    }
    let class_name = facts.definition_name(class).to_owned();
    let method =
        tree.child(leaf.node, Field::Attribute).map_or("", |name| facts.text(name)).to_owned();
    let mangled = crate::facts::scopes::mangle(&class_name, &method).into_owned();
    let newline = facts.source.newline();
    let unit = place::indent_unit(facts);
    let name = fresh_name::module_name(
        facts,
        &format!(
            "{}_{}",
            class_name.trim_matches('_').to_lowercase(),
            method.strip_prefix(&*format!("_{class_name}__")).unwrap_or(&method).trim_matches('_')
        ),
    );
    let Callable::Method { receiver, function, .. } = &sent.origin.callable else {
        return looked_up_on_class(eval, sent, class, is_super, &mangled, name);
    };
    let has = |decorator: &str| {
        function.is_some_and(|function| eval.has_decorator(function, &[decorator]))
    };
    let (is_static, of_class) = (has("staticmethod"), has("classmethod"));
    if let Type::Class(of) = receiver
        && !is_static
        && !of_class
        && let Some(obstacle) = held_by(eval, *of, sent)
    {
        let path =
            if obstacle.path.is_empty() { String::new() } else { format!(" ({})", obstacle.path) };
        return Err(Refusal::new(
            Reason::UnpicklableCapture,
            format!("the object itself cannot be pickled either: it holds {}{path}", obstacle.what),
            "send a function that takes what it needs as arguments",
        ));
    }
    let object =
        tree.child(leaf.node, Field::Object).ok_or_else(|| shape("the object is not known"))?;
    if is_static {
        let target =
            if is_super { format!("super({class_name}, {class_name})") } else { class_name };
        let definition = format!(
            "def {name}(*args, **kwargs):{newline}{unit}return {target}.{mangled}(*args, **kwargs)"
        );
        return Ok(finish(eval, sent, class, &definition, name.clone(), Vec::new(), name));
    }
    let method_around = facts.enclosing_function(leaf.node);
    let given = if is_super {
        let first = method_around
            .and_then(|function| tree.child(function, Field::Parameters))
            .and_then(|parameters| tree.children(parameters).next());
        first.ok_or_else(|| shape("super() is called outside a method"))?
    } else {
        object
    };
    // A class method gets the class that it is called on, which may be a subclass.
    let is_class = matches!(
        &*eval.values(crate::project::Site { file: leaf.file, node: given }),
        [Value::Class(_)]
    ) || is_super
        && method_around.is_some_and(|node| {
            eval.has_decorator(crate::project::Site { file: leaf.file, node }, &["classmethod"])
        });
    if of_class && !is_class && !facts.scopes.bindings(facts.scopes.module(), "type").is_empty() {
        return Err(shape("'type' is not the builtin in this file"));
    }
    let object_text = if of_class && !is_class {
        format!("type({})", facts.text(given))
    } else {
        facts.text(given).to_owned()
    };
    let own = if of_class { "cls" } else { "instance" };
    let target = if is_super {
        format!("super({class_name}, {own}).{mangled}")
    } else {
        format!("{own}.{mangled}")
    };
    let definition = format!(
        "def {name}({own}, *args, **kwargs):{newline}{unit}return {target}(*args, **kwargs)"
    );
    Ok(bound(eval, sent, class, &definition, &object_text, name))
}

/// For a static or class method that is looked up on the class.
fn looked_up_on_class(
    eval: &Eval,
    sent: &Sent,
    class: crate::syntax::NodeId,
    is_super: bool,
    mangled: &str,
    name: String,
) -> Result<Fix, Refusal> {
    let leaf = sent.origin.leaf;
    let facts = eval.file(leaf.file);
    let (newline, unit) = (facts.source.newline(), place::indent_unit(facts));
    let shape = |what: &str| {
        Refusal::new(
            Reason::UnsupportedShape,
            what,
            "write a module-level function that calls the method, and send that",
        )
    };
    let Callable::Function(function) = sent.origin.callable else {
        return Err(shape("the method is not known"));
    };
    if eval.has_decorator(function, &["classmethod"]) && !is_super {
        let object = facts
            .tree()
            .child(leaf.node, Field::Object)
            .ok_or_else(|| shape("the class is not known"))?;
        let definition = format!(
            "def {name}(cls, *args, **kwargs):{newline}{unit}return cls.{mangled}(*args, **kwargs)"
        );
        return Ok(bound(eval, sent, class, &definition, facts.text(object), name));
    }
    if !eval.has_decorator(function, &["staticmethod"]) {
        return Err(shape("the method is looked up on the class"));
    }
    let class_name = facts.definition_name(class);
    let target =
        if is_super { format!("super({class_name}, {class_name})") } else { class_name.to_owned() };
    let definition = format!(
        "def {name}(*args, **kwargs):{newline}{unit}return {target}.{mangled}(*args, **kwargs)"
    );
    Ok(finish(eval, sent, class, &definition, name.clone(), Vec::new(), name))
}

/// The function with what it is called on bound by `partial`.
fn bound(
    eval: &Eval,
    sent: &Sent,
    class: crate::syntax::NodeId,
    definition: &str,
    object: &str,
    name: String,
) -> Fix {
    let leaf = sent.origin.leaf;
    let partial = imports::import(eval.file(leaf.file), "functools", "partial", &[leaf.node]);
    let text = format!("{}({name}, {object})", partial.expression);
    let more: Vec<Edit> = partial.edit.into_iter().collect();
    finish(eval, sent, class, definition, text, more, name)
}

fn finish(
    eval: &Eval,
    sent: &Sent,
    class: crate::syntax::NodeId,
    definition: &str,
    text: String,
    mut edits: Vec<Edit>,
    name: String,
) -> Fix {
    let leaf = sent.origin.leaf;
    let facts = eval.file(leaf.file);
    edits.push(place::insert_above(facts, class, definition));
    edits.push(Edit::replace(facts.tree().span(leaf.node), text));
    Fix {
        title: format!("send a module-level function that calls the method: '{name}'"),
        applicability: Applicability::Safe,
        edits: facts.file_edits(edits),
        new_names: vec![name],
    }
}

/// What keeps the object of a sent method, of the class `of`, from crossing.
fn held_by(eval: &Eval, of: Site, sent: &Sent) -> Option<Obstacle> {
    let inheritance = sent.dispatch.carries_primitives(eval.project);
    let objects = sent.origin.objects_of(of);
    objects.iter().find_map(|object| {
        eval.state_obstacles(object, inheritance, 4, &Moment::default()).into_iter().next()
    })
}
