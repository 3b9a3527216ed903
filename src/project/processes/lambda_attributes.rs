//! Attributes that functions ask of a callable which they are given, and that a lambda does not have.

use super::dead_paths::{Constant, Path, literal};
use crate::project::{Eval, Site, Value};
use crate::syntax::{Field, Kind, NodeId};

impl Path<'_, '_> {
    /// `getattr(function, "mode", "serial")` of a parameter that is given a lambda: nothing has set
    /// an attribute of that.
    pub(super) fn attribute_of_callable(&self, call: Site) -> Option<Constant> {
        let eval = self.eval;
        let facts = eval.file(call.file);
        let callee = facts.tree().child(call.node, Field::Function)?;
        let given = eval.positional_arguments(call);
        let [object, _, default] = given[..] else { return None };
        let is_new = facts.text(callee) == "getattr" && self.is_fresh_lambda(object.node);
        is_new.then(|| literal(eval, default))?
    }

    /// Whether a parameter is given a lambda that is written in the call, or a name for one (or for a local function) that is
    /// used for nothing else than such calls.
    fn is_fresh_lambda(&self, parameter: NodeId) -> bool {
        let eval = self.eval;
        let frame = self.frames[self.level];
        let facts = eval.file(frame.function.file);
        let given = (|| {
            let (home, name) = facts
                .scopes
                .resolve_name(parameter)
                .filter(|_| facts.tree().kind(parameter) == Kind::Identifier)?;
            let [binding] = facts.scopes.bindings(home, name) else { return None };
            eval.argument_in(frame.call, frame.function.file, binding)?
        })();
        let Some(given) = given else { return false };
        let facts = eval.file(given.file);
        let tree = facts.tree();
        match tree.kind(given.node) {
            Kind::Lambda => true,
            Kind::Identifier
                if self.level + 1 < self.frames.len()
                    && self.frames[self.level + 1].function.file == given.file
                    && eval.is_parameter(given) =>
            {
                Self { level: self.level + 1, ..*self }.is_fresh_lambda(given.node)
            }
            Kind::Identifier => {
                let Some((home, name)) = facts.scopes.resolve_name(given.node) else {
                    return false;
                };
                let callee = |node: NodeId| {
                    let call = tree
                        .enclosing(node, &[Kind::ArgumentList])
                        .and_then(|list| tree.parent(list))?;
                    tree.child(call, Field::Function).map(|node| Site { file: given.file, node })
                };
                let Some(own) = callee(given.node) else { return false };
                let values = eval.values(given);
                !values.is_empty()
                    && values.iter().all(|value| is_bare(eval, value))
                    && facts.scopes.references(home, name).iter().all(|read| {
                        callee(*read).is_some_and(|other| do_the_same(eval, own, other))
                    })
            }
            _ => false,
        }
    }
}

/// Whether a value is a lambda, or a local function on which the function around it sets no attribute.
fn is_bare(eval: &Eval, value: &Value) -> bool {
    match value {
        Value::Lambda(_) => true,
        Value::Function(function) if eval.is_local(*function) => {
            let facts = eval.file(function.file);
            let tree = facts.tree();
            let name = tree
                .child(function.node, Field::Name)
                .and_then(|name| facts.scopes.resolve_name(name));
            let is_object = |read: &NodeId| {
                tree.parent(*read).is_some_and(|up| tree.kind(up) == Kind::Attribute)
            };
            name.is_some_and(|(home, name)| {
                !facts.scopes.references(home, name).iter().any(is_object)
            })
        }
        _ => false,
    }
}

/// Whether two callees are written the same, or make objects of one class or of one that derives from the other.
fn do_the_same(eval: &Eval, one: Site, other: Site) -> bool {
    let class = |callee: Site| {
        eval.values(callee)
            .iter()
            .find_map(|value| if let Value::Class(class) = value { Some(*class) } else { None })
    };
    let facts = eval.file(one.file);
    facts.text(one.node) == facts.text(other.node)
        || class(one).zip(class(other)).is_some_and(|(one, other)| {
            eval.lineage(one).contains(&other) || eval.lineage(other).contains(&one)
        })
}
