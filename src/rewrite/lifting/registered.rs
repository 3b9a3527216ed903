//! A decorator that only keeps the function it is given stays where it is, and is called with what the function becomes.

use crate::findings::{Reason, Refusal};
use crate::project::{Eval, FileId};
use crate::rewrite::lifting::binding::{self, Plan};
use crate::rewrite::lifting::captures::Variable;
use crate::rewrite::lifting::hoist::{Group, Member};
use crate::rewrite::lifting::timing;
use crate::rewrite::place;
use crate::syntax::{Kind, NodeId};
use crate::text::{Edit, indent};

/// The only decorator of a definition, if it keeps the function and gives it back: `@router.route("/sum")`.
pub(in crate::rewrite) fn keeper(eval: &Eval, file: FileId, definition: NodeId) -> Option<NodeId> {
    let facts = eval.file(file);
    let decorators = facts.decorators(definition);
    let [decorator] = decorators.as_slice() else { return None };
    let is_function = facts.tree().kind(definition) == Kind::FunctionDefinition;
    (is_function
        && facts.enclosing_function(definition).is_some()
        && eval.registering(file, *decorator).is_some())
    .then_some(*decorator)
}

/// Refuses where the decorator looks into the function, or names what moves.
pub(in crate::rewrite) fn judge(group: &Group, member: &Member) -> Result<(), Refusal> {
    let Some(decorator) = keeper(group.eval, group.file, member.node) else { return Ok(()) };
    let facts = group.facts();
    let tree = facts.tree();
    let text = facts.text(decorator).to_owned();
    let registering = group.eval.registering(group.file, decorator);
    if let Some(read) = registering.and_then(|function| group.eval.looked_into(function)) {
        let line = group
            .eval
            .file(read.file)
            .source
            .lines()
            .line(group.eval.file(read.file).tree().start(read.node));
        return Err(Refusal::new(
            Reason::OtherUse,
            format!(
                "the decorator '{text}' does more with the function than to keep it (line {line}), which another function or a partial may not stand"
            ),
            "move the function to module level by hand, and give it to the decorator",
        ));
    }
    let own = tree
        .subtree(decorator)
        .filter(|node| tree.kind(*node) == Kind::Identifier)
        .filter_map(|node| facts.scopes.resolve_name(node));
    let moves = |(home, name)| {
        group.members.iter().any(|other| {
            other
                .variable
                .as_ref()
                .is_some_and(|variable| (variable.home, variable.name.as_str()) == (home, name))
        })
    };
    let has_comment = facts
        .slice(crate::text::Span::new(tree.start(decorator), tree.start(member.node)))
        .contains('#');
    if own.into_iter().any(moves) || has_comment {
        return Err(crate::rewrite::lifting::hoist::unsupported(
            "the decorator has a comment, or names a function that moves, too",
        ));
    }
    Ok(())
}

/// The decorator is called where the definition stood.
pub(in crate::rewrite) fn plan(
    group: &Group,
    at: usize,
    variable: &Variable,
    partial: &str,
    plan: &mut Plan,
) -> Result<(), Refusal> {
    let facts = group.facts();
    let member = &group.members[at];
    let statement = member.statement.unwrap_or(member.node);
    binding::attributes_stay(group, at, variable)?;
    let reads = binding::reads_that_stay(group, variable);
    let bindings =
        facts.scopes.bindings(variable.home, &variable.name).iter().map(|binding| binding.node);
    let others: Vec<NodeId> =
        bindings.filter(|node| !facts.tree().contains(statement, *node)).collect();
    for (captured, _) in group.parameters(at) {
        timing::bound(group.eval, group.file, &captured, member.node, statement)?;
        let is_stable = group.changed_by_definition(&captured).unwrap_or_else(|| {
            timing::stable_from(group.eval, group.file, &captured, statement, &reads, &others, true)
        });
        if !is_stable {
            return Err(Refusal::new(
                Reason::ReboundCapture,
                format!(
                    "'{}' reads '{}', which may be bound anew after the decorator has kept the function",
                    variable.name,
                    captured.expression()
                ),
                "pass the values as arguments of the dispatch",
            ));
        }
        for each in &group.dispatches {
            let moment = timing::read_at(statement, None);
            binding::kept_until_sent(group, &captured, moment, each)?;
        }
    }
    let Some(decorator) = keeper(group.eval, group.file, member.node) else { return Ok(()) };
    let expression =
        facts.tree().children(decorator).next().map(|node| facts.text(node)).unwrap_or_default();
    let (text, needs_partial) = binding::form(group, at).expression(partial);
    plan.needs_partial |= needs_partial;
    let target = if reads.is_empty() || member.name == variable.name {
        String::new()
    } else {
        format!("{} = ", variable.name)
    };
    let lines = place::statement_lines(facts, statement);
    let newline = if facts.slice(lines).ends_with('\n') { facts.source.newline() } else { "" };
    let indentation = indent::indentation(facts.all(), facts.tree().start(statement));
    plan.outside
        .push(Edit::replace(lines, format!("{indentation}{target}{expression}({text}){newline}")));
    Ok(())
}
