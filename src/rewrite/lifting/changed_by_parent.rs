//! What the parent changes of a module before it sends a definition that reads it. Children import the module as it was, so to the
//! definition that moves it is a capture: the value goes along.

use crate::facts::FileFacts;
use crate::facts::scopes::SymbolFlags;
use crate::project::{Eval, FileId, Site, Value};
use crate::rewrite::lifting::captures::{Capture, CaptureKind, Variable, is_written};
use crate::syntax::{Field, Kind, NodeId};

/// Something that the parent changes before a dispatch.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Changed {
    /// The global, or the attribute of a class or module.
    pub variable: Variable,
    /// Whether all changes come before the definition that reads it.
    pub by_definition: bool,
}

/// The reads of such `variables` inside a definition, each a capture of it.
pub(in crate::rewrite) fn captures(
    eval: &Eval,
    file: FileId,
    definition: NodeId,
    variables: &[&Variable],
) -> Vec<Capture> {
    let facts = eval.file(file);
    let of = |variable: &&Variable| {
        let reads = reads(eval, file, definition, variable);
        let all_are_values = !reads.is_empty() && !is_bound_inside(facts, definition, variable);
        all_are_values.then(|| Capture {
            variable: (*variable).clone(),
            kind: CaptureKind::Value,
            reads,
        })
    };
    variables.iter().filter_map(of).collect()
}

/// The places in the functions of a definition that read a global, or the attribute of a class by the name of the class.
fn reads(eval: &Eval, file: FileId, definition: NodeId, variable: &Variable) -> Vec<NodeId> {
    let facts = eval.file(file);
    let tree = facts.tree();
    let named = facts.scopes.references(variable.home, &variable.name).iter().copied();
    let inside = named.filter(|read| {
        facts.enclosing_function(*read).is_some_and(|function| tree.contains(definition, function))
    });
    match &variable.attribute {
        None => inside.collect(),
        Some(attribute) => inside.filter_map(|read| attribute_of(facts, read, attribute)).collect(),
    }
}

fn attribute_of(facts: &FileFacts, object: NodeId, attribute: &str) -> Option<NodeId> {
    let tree = facts.tree();
    let up = tree.parent(object).filter(|up| tree.kind(*up) == Kind::Attribute)?;
    let name = tree.child(up, Field::Attribute)?;
    (tree.field(object) == Field::Object && facts.text(name) == attribute).then_some(up)
}

/// Whether a definition binds the name itself, says `global` of it, or writes the attribute: then it means the module's own.
fn is_bound_inside(facts: &FileFacts, definition: NodeId, variable: &Variable) -> bool {
    let tree = facts.tree();
    let bound = facts
        .scopes
        .bindings(variable.home, &variable.name)
        .iter()
        .any(|binding| tree.contains(definition, binding.node));
    let declared =
        tree.subtree(definition).filter_map(|node| facts.scopes.inner(node)).any(|scope| {
            let symbol = facts.scopes.get(scope).symbols.get(&variable.name);
            symbol.is_some_and(|symbol| symbol.flags.contains(SymbolFlags::DECLARED_GLOBAL))
        });
    let written = variable.attribute.as_ref().is_some_and(|attribute| {
        let references = facts.scopes.references(variable.home, &variable.name).iter();
        references
            .filter(|read| tree.contains(definition, **read))
            .filter_map(|read| attribute_of(facts, *read, attribute))
            .any(|node| is_written(tree, node))
    });
    bound || declared || written
}

/// The variable that stands for an attribute of a class, function or module which is read by its name; `None` where an object, or another
/// name, is read.
pub fn of_attribute(eval: &Eval, read: Site) -> Option<Variable> {
    let facts = eval.file(read.file);
    let tree = facts.tree();
    let object = tree.child(read.node, Field::Object)?;
    let attribute = tree.child(read.node, Field::Attribute)?;
    let (home, name) =
        facts.scopes.resolve_name(object).filter(|_| tree.kind(object) == Kind::Identifier)?;
    let is_named = matches!(
        &*eval.values(Site { file: read.file, node: object }),
        [Value::Class(_) | Value::Module(_) | Value::Function(_)]
    );
    (home == facts.scopes.module() && is_named).then(|| Variable {
        attribute: Some(facts.text(attribute).to_owned()),
        ..Variable::new(home, name)
    })
}
