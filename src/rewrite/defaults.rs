//! Parameters whose defaults read the enclosing function: `lambda x, k=k: …`.
//!
//! A default has the value of the moment of definition. At module level it cannot be evaluated, so the parameter
//! becomes keyword-only and is bound like a capture, where no use passes it by position.

use super::arguments;
use super::hoist::{Group, Member};
use crate::facts::FileFacts;
use crate::findings::{Reason, Refusal};
use crate::syntax::{Field, Kind, NodeId};

/// One such parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoundDefault {
    /// The parameter's name.
    pub name: String,
    /// The whole parameter.
    pub parameter: NodeId,
    /// The default.
    pub value: NodeId,
    /// The default's text.
    pub text: String,
    /// Its position among all parameters.
    pub position: usize,
}

impl BoundDefault {
    /// The parameter and the expression for it.
    pub(super) fn given(&self) -> (String, String) {
        (self.name.clone(), self.text.clone())
    }
}

/// The parameters of a callable whose defaults read variables of the functions around it, or what only the guard binds.
pub fn reading_outside(facts: &FileFacts, callable: NodeId) -> Vec<BoundDefault> {
    let tree = facts.tree();
    let Some(parameters) = tree.child(callable, Field::Parameters) else { return Vec::new() };
    let reads_outside = |value: NodeId| {
        tree.subtree(value).filter(|node| tree.kind(*node) == Kind::Identifier).any(|node| {
            facts.scopes.resolve_name(node).is_some_and(|(home, name)| {
                let bindings = facts.scopes.bindings(home, name);
                let guarded = !bindings.is_empty() && bindings.iter().all(|binding| super::captures::guard_around(facts, binding.node).is_some());
                if home == facts.scopes.module() { guarded } else { !tree.contains(value, facts.scopes.get(home).node) }
            })
        })
    };
    tree.children(parameters)
        .enumerate()
        .filter_map(|(position, parameter)| {
            let value = tree.child(parameter, Field::Value)?;
            let name = tree.child(parameter, Field::Name)?;
            reads_outside(value).then(|| BoundDefault { name: facts.text(name).to_owned(), parameter, value, text: facts.text(value).to_owned(), position })
        })
        .collect()
}

/// Refuses if a use may pass such a parameter by position, or if there is no place for keyword-only parameters.
pub(super) fn judge(group: &Group, member: &Member) -> Result<(), Refusal> {
    let Some(first) = member.defaults.iter().map(|row| row.position).min() else { return Ok(()) };
    let facts = group.facts();
    let name = &member.defaults[0].name;
    let refuse = |what: &str| {
        Err(Refusal::new(
            Reason::DefaultPassed,
            format!("the default of '{name}' reads the enclosing function, and {what}"),
            "bind the value with functools.partial, and give the parameter another name",
        ))
    };
    if super::member::takes_any_keyword(facts, member.node) {
        return refuse("the function takes any keyword, so it cannot be bound by name");
    }
    for each in group.dispatches.iter().filter(|_| member.node == group.members[0].node) {
        match arguments::passed(group, each) {
            Some(passed) if passed <= first => {}
            _ => return refuse("a dispatch may pass that parameter by position"),
        }
    }
    let tree = facts.tree();
    let Some(variable) = &member.variable else { return Ok(()) };
    for read in facts.scopes.references(variable.home, &variable.name) {
        let is_dispatched = group.dispatches.iter().any(|each| each.leaf.file == group.file && each.leaf.node == *read);
        let call = tree.parent(*read).filter(|up| tree.kind(*up) == Kind::Call && tree.field(*read) == Field::Function);
        let few = call.is_some_and(|call| {
            let site = crate::project::Site { file: group.file, node: call };
            !group.eval.has_splat(site) && group.eval.positional_arguments(site).len() <= first
        });
        if !is_dispatched && !few {
            return refuse("another use may pass that parameter by position");
        }
    }
    Ok(())
}
