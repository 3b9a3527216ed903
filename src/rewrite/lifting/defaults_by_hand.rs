//! A parameter whose default belongs to the place of the definition, and which some dispatch passes: the parameter loses its
//! default, and the other dispatches pass its value.

use crate::project::Site;
use crate::rewrite::lifting::captures::Variable;
use crate::rewrite::lifting::hoist::{Group, Member};
use crate::rewrite::lifting::{arguments, binding, member, timing};
use crate::syntax::{Field, Kind, NodeId};
use crate::text::Edit;

/// A dispatch of such a function.
#[derive(Debug)]
pub(in crate::rewrite) struct Given {
    /// The name of the function.
    read: NodeId,
    /// The call, where it has to pass the value as well.
    lacking: Option<NodeId>,
}

/// The dispatches of a function with one such parameter at the end, where these are all that names it, each passes its arguments
/// one by one, and the value is the same at each as at the definition; `None` if any is otherwise, or none passes the parameter.
pub(in crate::rewrite) fn uses(group: &Group, member: &Member) -> Option<Vec<Given>> {
    let facts = group.facts();
    let tree = facts.tree();
    let [row] = member.defaults.as_slice() else { return None };
    let (variable, statement) = (member.variable.as_ref()?, member.statement?);
    let parameters: Vec<NodeId> =
        tree.children(tree.child(member.node, Field::Parameters)?).collect();
    let (last, front) = parameters.split_last()?;
    let is_plain = |node: &NodeId| {
        matches!(tree.kind(*node), Kind::Identifier | Kind::TypedParameter)
            && !facts.text(*node).starts_with('*')
    };
    let calls = tree
        .subtree(row.value)
        .any(|node| matches!(tree.kind(node), Kind::Call | Kind::Lambda | Kind::NamedExpression));
    if *last != row.parameter
        || !front.iter().all(is_plain)
        || calls
        || !member.values.is_empty()
        || binding::place_is_odd(facts, statement)
        || !member::is_only_binding(facts, variable, member.node)
    {
        return None;
    }
    let reads = binding::reads_that_stay(group, variable);
    let named = tree.subtree(row.value).filter(|node| tree.kind(*node) == Kind::Identifier);
    let is_stable = named.filter_map(|node| facts.scopes.resolve_name(node)).all(|(home, name)| {
        let read = Variable::new(home, name);
        home == facts.scopes.module()
            || timing::stable_from(group.eval, group.file, &read, statement, &reads, &[], false)
    });
    let all = facts.scopes.references(variable.home, &variable.name).len();
    if !is_stable || all != reads.len() {
        return None;
    }
    let uses: Option<Vec<Given>> =
        reads.into_iter().map(|read| given(group, read, row.position)).collect();
    uses.filter(|uses| uses.iter().any(|each| each.lacking.is_none()))
}

/// The dispatch at a place that names the function, if it passes the parameter at `position`, or all in front of it.
fn given(group: &Group, read: NodeId, position: usize) -> Option<Given> {
    let each = binding::use_at(group, read)?;
    let call = each.dispatch.call;
    let here = Site { file: group.file, node: read };
    let from = each.dispatch.api(group.eval.project).arguments.varargs?;
    let is_seen = call.file == group.file
        && binding::is_slot(group.eval, each, here)
        && !group.eval.has_splat(call)
        && !arguments::has_keywords(group.facts(), call)
        && !arguments::overrides(group, each.dispatch.receiver);
    let passed = group.eval.positional_arguments(call).len().checked_sub(from as usize)?;
    let lacking = (passed == position).then_some(call.node);
    (is_seen && (passed == position || passed == position + 1)).then_some(Given { read, lacking })
}

/// The edits of the dispatches.
pub(in crate::rewrite) fn edits(group: &Group, member: &Member, uses: &[Given]) -> Vec<Edit> {
    let facts = group.facts();
    let Some(row) = member.defaults.first() else { return Vec::new() };
    let renamed =
        uses.iter().map(|each| Edit::replace(facts.tree().span(each.read), member.name.clone()));
    let passed = uses
        .iter()
        .filter_map(|each| each.lacking)
        .map(|call| arguments::append(facts, call, &row.text));
    renamed.chain(passed).collect()
}
