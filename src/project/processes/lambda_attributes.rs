//! Attributes that functions ask of a callable which they are given, and that a lambda does not have.

use super::dead_paths::{Constant, Path, literal};
use crate::facts::scopes::{Binding, BindingKind};
use crate::project::Site;
use crate::syntax::{Field, Kind, NodeId};

impl Path<'_, '_> {
    /// `getattr(function, "mode", "serial")` of a parameter that is given a lambda: nothing has set an attribute of that.
    pub(super) fn attribute_of_callable(&self, call: Site) -> Option<Constant> {
        let eval = self.eval;
        let facts = eval.file(call.file);
        let callee = facts.tree().child(call.node, Field::Function)?;
        let given = eval.positional_arguments(call);
        let [object, _, default] = given[..] else { return None };
        let is_new = facts.text(callee) == "getattr" && self.is_fresh_lambda(object.node);
        is_new.then(|| literal(eval, default))?
    }

    /// Whether a parameter is given a lambda that is written in the call, or that a name of the same file stands for which
    /// is used for nothing else than such calls.
    fn is_fresh_lambda(&self, parameter: NodeId) -> bool {
        let eval = self.eval;
        let frame = self.frames[self.level];
        let facts = eval.file(frame.function.file);
        let given = (|| {
            let (home, name) = facts.scopes.resolve_name(parameter).filter(|_| facts.tree().kind(parameter) == Kind::Identifier)?;
            let [binding] = facts.scopes.bindings(home, name) else { return None };
            eval.argument_in(frame.call, frame.function.file, binding)?
        })();
        let Some(given) = given else { return false };
        let facts = eval.file(given.file);
        let tree = facts.tree();
        match tree.kind(given.node) {
            Kind::Lambda => true,
            Kind::Identifier if self.level + 1 < self.frames.len() && self.frames[self.level + 1].function.file == given.file && eval.is_parameter(given) => {
                Self { level: self.level + 1, ..*self }.is_fresh_lambda(given.node)
            }
            Kind::Identifier => {
                let Some((home, name)) = facts.scopes.resolve_name(given.node) else { return false };
                let callee = |node: NodeId| {
                    let call = tree.enclosing(node, &[Kind::ArgumentList]).and_then(|list| tree.parent(list));
                    call.and_then(|call| tree.child(call, Field::Function)).map_or("", |callee| facts.text(callee))
                };
                let is_lambda = |binding: &Binding| matches!(&binding.kind, BindingKind::Assignment { value: Some(value), path, .. } if path.is_empty() && tree.kind(*value) == Kind::Lambda);
                let bindings = facts.scopes.bindings(home, name);
                !bindings.is_empty()
                    && bindings.iter().all(is_lambda)
                    && facts.scopes.references(home, name).iter().all(|read| callee(*read) == callee(given.node) && !callee(*read).is_empty())
            }
            _ => false,
        }
    }
}
