//! Parameters whose defaults read the enclosing function or call something: `lambda x, k=k: …`, `stamp=time()`.
//!
//! A default has the value of the moment of definition. At module level it cannot be evaluated, so the parameter
//! becomes keyword-only and is bound like a capture, where no use passes it by position.

use crate::facts::FileFacts;
use crate::findings::{Reason, Refusal};
use crate::project::{Site, Value};
use crate::rewrite::lifting::arguments;
use crate::rewrite::lifting::binding;
use crate::rewrite::lifting::captures;
use crate::rewrite::lifting::captures::Variable;
use crate::rewrite::lifting::defaults_by_hand;
use crate::rewrite::lifting::hoist::{Group, Member};
use crate::rewrite::lifting::member;
use crate::rewrite::lifting::read_kinds;
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
    /// The parameter and the expression for it at `read`, in what moves: the parameter itself where the function calls itself.
    pub(in crate::rewrite) fn given_inside(
        &self,
        group: &Group,
        member: &Member,
        read: NodeId,
    ) -> (String, String) {
        if is_own(group, member, self, read) {
            return (self.name.clone(), self.name.clone());
        }
        self.given()
    }

    /// The parameter and the expression for it.
    pub(in crate::rewrite) fn given(&self) -> (String, String) {
        (self.name.clone(), self.text.clone())
    }
}

/// The parameters of a callable whose defaults read variables of the functions around it, or what only the guard binds, or call
/// something.
pub fn reading_outside(facts: &FileFacts, callable: NodeId) -> Vec<BoundDefault> {
    let tree = facts.tree();
    let Some(parameters) = tree.child(callable, Field::Parameters) else { return Vec::new() };
    let reads_outside = |value: NodeId| {
        tree.subtree(value).filter(|node| tree.kind(*node) == Kind::Identifier).any(|node| {
            facts.scopes.resolve_name(node).is_some_and(|(home, name)| {
                let bindings = facts.scopes.bindings(home, name);
                let guarded = !bindings.is_empty()
                    && bindings
                        .iter()
                        .all(|binding| captures::guard_around(facts, binding.node).is_some());
                if home == facts.scopes.module() {
                    guarded
                } else {
                    !tree.contains(value, facts.scopes.get(home).node)
                }
            })
        })
    };
    tree.children(parameters)
        .enumerate()
        .filter_map(|(position, parameter)| {
            let value = tree.child(parameter, Field::Value)?;
            let name = tree.child(parameter, Field::Name)?;
            (reads_outside(value) || has_call(facts, value)).then(|| BoundDefault {
                name: facts.text(name).to_owned(),
                parameter,
                value,
                text: facts.text(value).to_owned(),
                position,
            })
        })
        .collect()
}

/// Whether a definition that moves is given, under its own name, all that a default reads of the functions around it.
fn has_all_of(facts: &FileFacts, mover: &Member, value: NodeId) -> bool {
    let tree = facts.tree();
    let read = tree
        .subtree(value)
        .filter(|node| tree.kind(*node) == Kind::Identifier)
        .filter_map(|node| facts.scopes.resolve_name(node));
    let mut outer = read.filter(|(home, _)| {
        *home != facts.scopes.module() && !tree.contains(value, facts.scopes.get(*home).node)
    });
    outer.all(|(home, name)| {
        mover.values.get(&Variable::new(home, name)).is_some_and(|parameter| parameter == name)
    })
}

/// Whether a default calls anything: that happens once, where the definition stands.
fn has_call(facts: &FileFacts, value: NodeId) -> bool {
    let tree = facts.tree();
    let called = tree.subtree(value).filter(|node| tree.kind(*node) == Kind::Call);
    called.into_iter().any(|call| {
        tree.ancestors(call)
            .take_while(|up| tree.contains(value, *up))
            .all(|up| tree.kind(up) != Kind::Lambda)
    })
}

/// Whether a function calls itself at `read`, where the parameter still has the default: nothing binds it, and no use gives it
/// another value.
fn is_own(group: &Group, member: &Member, row: &BoundDefault, read: NodeId) -> bool {
    let facts = group.facts();
    let tree = facts.tree();
    let parameter = tree.child(row.parameter, Field::Name);
    let is_bound_once = parameter
        .and_then(|name| facts.scopes.resolve_name(name))
        .is_some_and(|(home, name)| facts.scopes.bindings(home, name).len() == 1);
    let by_name = facts.calls.iter().any(|call| {
        group.eval.keyword_argument(Site { file: group.file, node: *call }, &row.name).is_some()
    });
    let elsewhere = group.dispatches.iter().any(|each| each.dispatch.call.file != group.file);
    facts.enclosing_function(read) == Some(member.node) && is_bound_once && !by_name && !elsewhere
}

/// Whether a use may call the function with more arguments than `most`: not where it is compared, an attribute of it is read, or it is a `key`.
fn may_be_called(group: &Group, read: Site, most: usize) -> bool {
    let tree = group.facts().tree();
    let looked_at = tree.parent(read.node).is_some_and(|up| {
        tree.kind(up) == Kind::ComparisonOperator
            || tree.kind(up) == Kind::Attribute && tree.field(read.node) == Field::Object
    });
    !(looked_at || most >= 1 && read_kinds::is_key(group, read))
}

/// Whether a call of the function under any name, as of what a factory returned, may pass more than `most` arguments by position.
fn called_with_more(group: &Group, member: &Member, most: usize) -> bool {
    let eval = group.eval;
    let definition = Site { file: group.file, node: member.node };
    eval.callers(definition).into_iter().any(|call| {
        let callee = eval.file(call.file).tree().child(call.node, Field::Function);
        let calls_it = callee.is_some_and(|node| {
            let values = eval.values(Site { file: call.file, node });
            values.iter().any(|value| {
                matches!(value, Value::Function(site) | Value::Lambda(site) if *site == definition)
            })
        });
        calls_it && (eval.has_splat(call) || eval.positional_arguments(call).len() > most)
    })
}

/// Refuses if a use may pass such a parameter by position, or if there is no place for keyword-only parameters.
pub(in crate::rewrite) fn judge(group: &Group, member: &Member) -> Result<(), Refusal> {
    let facts = group.facts();
    // What stands behind a star is never passed by position.
    let parameters: Vec<NodeId> = facts
        .tree()
        .child(member.node, Field::Parameters)
        .map(|list| facts.tree().children(list).collect())
        .unwrap_or_default();
    let star =
        parameters.iter().position(|node| facts.text(*node).starts_with('*')).unwrap_or(usize::MAX);
    if member.defaults.is_empty() || defaults_by_hand::uses(group, member).is_some() {
        return Ok(());
    }
    let first = member
        .defaults
        .iter()
        .map(|row| row.position)
        .filter(|position| *position < star)
        .min()
        .unwrap_or(usize::MAX);
    let name = &member.defaults[0].name;
    let refuse = |what: &str| {
        Err(Refusal::new(
            Reason::DefaultPassed,
            format!("the default of '{name}' belongs to the place of the definition, and {what}"),
            "bind the value with functools.partial, and give the parameter another name",
        ))
    };
    if member::takes_any_keyword(facts, member.node) {
        return refuse("the function takes any keyword, so it cannot be bound by name");
    }
    for each in group.dispatches.iter().filter(|_| member.node == group.members[0].node) {
        match arguments::passed(group, each) {
            _ if first == usize::MAX => {}
            Some(passed) if passed <= first => {}
            _ => return refuse("a dispatch may pass that parameter by position"),
        }
    }
    if called_with_more(group, member, first) {
        return refuse("a call elsewhere may pass that parameter by position");
    }
    let tree = facts.tree();
    let Some(variable) = &member.variable else { return Ok(()) };
    for read in facts.scopes.references(variable.home, &variable.name) {
        let is_dispatched = binding::use_at(group, *read).is_some()
            || !may_be_called(group, Site { file: group.file, node: *read }, first);
        let call = tree
            .parent(*read)
            .filter(|up| tree.kind(*up) == Kind::Call && tree.field(*read) == Field::Function);
        let few = first == usize::MAX && call.is_some()
            || call.is_some_and(|call| {
                let site = Site { file: group.file, node: call };
                !group.eval.has_splat(site) && group.eval.positional_arguments(site).len() <= first
            });
        // There the default would be evaluated anew, in the worker, of what that function has itself.
        let movers =
            group.members.iter().filter(|other| member::in_moved_part(facts, other.node, *read));
        let is_lost = |row: &BoundDefault| {
            !is_own(group, member, row, *read)
                && (has_call(facts, row.value)
                    || movers.clone().any(|mover| !has_all_of(facts, mover, row.value)))
        };
        if movers.clone().next().is_some() && member.defaults.iter().any(is_lost) {
            return refuse("a function that moves along calls it without that parameter");
        }
        if !is_dispatched && !few {
            return refuse("another use may pass that parameter by position");
        }
    }
    Ok(())
}
