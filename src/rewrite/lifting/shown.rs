//! Whether the program looks at the name of a function, or at what else only the function itself has, by another name.

use crate::findings::{Reason, Refusal};
use crate::project::{Callable, Eval, Site};
use crate::rewrite::lifting::hoist::{Group, Member};
use crate::syntax::{Field, Kind, NodeId};

/// More reads of one attribute than these are not looked at.
const MAX_READS: usize = 400;

/// What changes when a function gets another name.
const NAMES: &[&str] = &["__name__", "__qualname__"];

/// What a `partial` does not have, or has of its own.
const INSIDES: &[&str] = &[
    "__doc__",
    "__module__",
    "__code__",
    "__defaults__",
    "__kwdefaults__",
    "__annotations__",
    "__globals__",
    "__closure__",
];

/// Refuses where the name of a function is read that gets another one, or what a `partial` in its place does not have.
pub(in crate::rewrite) fn judge(group: &Group, member: &Member) -> Result<(), Refusal> {
    let definition = Site { file: group.file, node: member.node };
    let is_bound = !member.values.is_empty() || !member.defaults.is_empty();
    let is_renamed = member.variable.as_ref().is_none_or(|variable| variable.name != member.name);
    let names = place(group.eval, definition, NAMES).filter(|_| is_bound || is_renamed);
    let Some(read) = names.or_else(|| place(group.eval, definition, INSIDES).filter(|_| is_bound))
    else {
        return Ok(());
    };
    let facts = group.eval.file(read.file);
    let who = member
        .variable
        .as_ref()
        .map_or_else(|| "the lambda".to_owned(), |variable| format!("'{}'", variable.name));
    Err(Refusal::new(
        Reason::OtherUse,
        format!(
            "'{}' is read of {who} (line {}), which another function or a partial does not have",
            facts.text(read.node).split_whitespace().collect::<String>(),
            facts.source.lines().line(facts.tree().start(read.node))
        ),
        "define the function at module level by hand, and hand over the name apart from it",
    ))
}

/// Whether a function can keep its name only by being called so at module level: the program reads it.
pub(in crate::rewrite) fn reads_name(eval: &Eval, definition: Site) -> bool {
    place(eval, definition, NAMES).is_some()
}

/// Where one of the attributes is read of an expression that may be the function.
fn place(eval: &Eval, definition: Site, attributes: &[&str]) -> Option<Site> {
    let is_it = |object: Site| {
        is_variable(eval, object)
            && eval
                .origins(object)
                .iter()
                .any(|origin| matches!(origin.callable, Callable::Function(site) | Callable::Lambda(site) if site == definition) && origin.made_by.is_none())
    };
    let inside = |read: Site| {
        read.file == definition.file
            && eval.file(read.file).tree().contains(definition.node, read.node)
    };
    let plain = attributes
        .iter()
        .flat_map(|name| eval.project.attributes_named(name).iter().take(MAX_READS));
    let asked = ["getattr", "hasattr"]
        .into_iter()
        .flat_map(|name| eval.project.calls_named(name).iter().take(MAX_READS));
    let named = asked.filter(|call| {
        eval.positional_arguments(**call)
            .get(1)
            .and_then(|name| eval.string_literal(*name))
            .is_some_and(|name| attributes.contains(&name))
    });
    let object_of = |read: &Site| {
        let tree = eval.file(read.file).tree();
        match tree.kind(read.node) {
            Kind::Attribute => {
                tree.child(read.node, Field::Object).map(|node| Site { file: read.file, node })
            }
            _ => eval.positional_arguments(*read).first().copied(),
        }
    };
    plain.chain(named).copied().find(|read| !inside(*read) && object_of(read).is_some_and(is_it))
}

/// Whether an object is read by a variable that is bound to neither a definition nor an import alone.
fn is_variable(eval: &Eval, object: Site) -> bool {
    use crate::facts::scopes::BindingKind;
    let facts = eval.file(object.file);
    let tree = facts.tree();
    let node: NodeId = tree.unparenthesized(object.node);
    match tree.kind(node) {
        Kind::Identifier => facts.scopes.resolve_name(node).is_some_and(|(home, name)| {
            let bindings = facts.scopes.bindings(home, name);
            bindings.iter().any(|binding| {
                !matches!(
                    binding.kind,
                    BindingKind::FunctionDef(_)
                        | BindingKind::ClassDef(_)
                        | BindingKind::Import { .. }
                )
            })
        }),
        Kind::Attribute | Kind::Subscript => true,
        _ => false,
    }
}
