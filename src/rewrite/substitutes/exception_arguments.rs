//! Exceptions that tell pickle how to make them again.

use crate::findings::{Applicability, Fix};
use crate::project::travel::exceptions::Gap;
use crate::project::{Eval, Site};
use crate::rewrite::{imports, place};
use crate::syntax::{Field, Kind};
use crate::text::{Edit, indent};

/// A `__reduce__` below the exception's `__init__`, where that keeps every parameter in an attribute.
pub fn reduced(eval: &Eval, class: Site, gap: &Gap) -> Option<Fix> {
    let facts = eval.file(gap.init.file);
    let tree = facts.tree();
    let (home, _) = eval.method(class, "__init__")?;
    // A subclass with an `__init__` of its own inherits the method; it would be given the wrong arguments.
    let is_own = home == class && !gap.keyword_only && facts.decorators(gap.init.node).is_empty();
    let list = tree.child(gap.init.node, Field::Parameters)?;
    let mut attributes = Vec::new();
    for parameter in tree.children(list).skip(1) {
        let named = match tree.kind(parameter) {
            Kind::Identifier => parameter,
            Kind::TypedParameter | Kind::DefaultParameter | Kind::TypedDefaultParameter => tree
                .child(parameter, Field::Name)
                .or_else(|| tree.children(parameter).next())
                .filter(|name| tree.kind(*name) == Kind::Identifier)?,
            _ => return None,
        };
        let name = facts.text(named);
        let writes = eval.own_attribute_writes(class);
        let kept = writes.iter().find(|(_, write)| {
            write.value.is_some_and(|value| {
                tree.kind(value.node) == Kind::Identifier && facts.text(value.node) == name
            })
        })?;
        attributes.push(kept.0.clone());
    }
    if !is_own || attributes.is_empty() {
        return None;
    }
    let indentation = indent::indentation(facts.all(), tree.start(gap.init.node));
    let (newline, unit) = (facts.source.newline(), place::indent_unit(facts));
    let values: Vec<String> = attributes.iter().map(|name| format!("self.{name}")).collect();
    let tuple = if let [one] = values.as_slice() {
        format!("({one},)")
    } else {
        format!("({})", values.join(", "))
    };
    let text = format!(
        "{newline}{newline}{indentation}def __reduce__(self):{newline}{indentation}{unit}return self.__class__, {tuple}, self.__dict__"
    );
    let edit = Edit::insert(tree.end(gap.init.node), text);
    Some(Fix {
        title: "tell pickle how to make the exception again".into(),
        applicability: Applicability::Unsafe,
        edits: facts.file_edits([edit]),
        new_names: Vec::new(),
    })
}

/// A `__reduce__` that makes the exception from `args` and its attributes alone, without `__init__`: right for every class
/// of the project between it and the builtin that it derives from, subclasses included.
pub fn made_without_init(eval: &Eval, gap: &Gap) -> Option<Fix> {
    let facts = eval.file(gap.init.file);
    let tree = facts.tree();
    let class = tree.enclosing(gap.init.node, &[Kind::ClassDefinition])?;
    if !facts.decorators(gap.init.node).is_empty()
        || eval.is_local(Site { file: gap.init.file, node: class })
    {
        return None;
    }
    let remake = imports::import(facts, "copyreg", "__newobj__", &[gap.init.node]);
    let indentation = indent::indentation(facts.all(), tree.start(gap.init.node));
    let (newline, unit) = (facts.source.newline(), place::indent_unit(facts));
    let call = format!("return {}, (type(self), *self.args), self.__dict__", remake.expression);
    let text = format!(
        "{newline}{newline}{indentation}def __reduce__(self):{newline}{indentation}{unit}{call}"
    );
    let edits = std::iter::once(Edit::insert(tree.end(gap.init.node), text)).chain(remake.edit);
    Some(Fix {
        title: "tell pickle how to make the exception again".into(),
        applicability: Applicability::Unsafe,
        edits: facts.file_edits(edits),
        new_names: remake.new_name.into_iter().collect(),
    })
}
