//! `f = lambda …` to `def f`, where it stands.

use crate::facts::FileFacts;
use crate::findings::{Applicability, Fix, Reason, Refusal, Remedy};
use crate::project::{Eval, Site};
use crate::rewrite::lifting::body::{Definition, Style};
use crate::rewrite::place;
use crate::syntax::{Field, Kind, NodeId, Tree};
use crate::text::{Edit, Span, indent};
use std::collections::BTreeSet;

/// The remedy for the module-level or class-level `assignment` of `lambda`; `others` are all statements that become a `def`.
pub fn to_def(eval: &Eval, lambda: Site, assignment: NodeId, others: &BTreeSet<NodeId>) -> Remedy {
    let facts = eval.file(lambda.file);
    match edit(facts, lambda.node, assignment, others) {
        Ok(edit) => {
            let name =
                facts.tree().child(assignment, Field::Left).map_or("", |left| facts.text(left));
            Remedy::Fix(Fix {
                title: format!("define '{name}' with def"),
                applicability: Applicability::Safe,
                edits: facts.file_edits([edit]),
                new_names: Vec::new(),
            })
        }
        Err(refusal) => Remedy::Refused(refusal),
    }
}

fn edit(
    facts: &FileFacts,
    lambda: NodeId,
    assignment: NodeId,
    others: &BTreeSet<NodeId>,
) -> Result<Edit, Refusal> {
    let tree = facts.tree();
    let shape =
        |what: &str| Refusal::new(Reason::UnsupportedShape, what, "write the function with def");
    let statement = tree
        .parent(assignment)
        .filter(|up| tree.kind(*up) == Kind::ExpressionStatement)
        .ok_or_else(|| shape("the lambda is one of several targets' value"))?;
    if tree.children(statement).count() != 1 || place::shares_its_line(facts, statement) {
        return Err(shape("the assignment shares its line with other statements"));
    }
    let left =
        tree.child(assignment, Field::Left).ok_or_else(|| shape("the assignment has no target"))?;
    if facts.is_generator(lambda) {
        return Err(Refusal::new(
            Reason::GeneratorWorker,
            "the lambda has a yield: its result, a generator, cannot come back",
            "return a list",
        ));
    }
    let (home, name) =
        facts.scopes.resolve_name(left).ok_or_else(|| shape("the target is no variable"))?;
    if home == facts.scopes.module() && facts.enclosing_function(statement).is_some() {
        return Err(Refusal::new(
            Reason::NoHandOver,
            format!("'{name}' is bound by a function, which children do not call when they import"),
            "pass a function of the module to the worker, with what it needs as arguments",
        ));
    }
    let several =
        facts.scopes.bindings(home, name).len() > 1 && tree.parent(statement) == Some(Tree::ROOT);
    if several {
        return Err(Refusal::new(
            Reason::OtherUse,
            format!("'{name}' is bound in several places"),
            "give each function a name of its own",
        ));
    }
    let indentation = indent::indentation(facts.all(), tree.start(statement)).to_owned();
    let newline = facts.source.newline();
    let decorator = crate::facts::names::decorating_call(facts, lambda)
        .map(|(_, name)| format!("@{name}{newline}"));
    let text = format!("{}{}", decorator.unwrap_or_default(), definition(facts, lambda, name)?);
    let own: String = text
        .split(newline)
        .enumerate()
        .map(|(at, line)| {
            if at == 0 || line.is_empty() {
                line.to_owned()
            } else {
                format!("{newline}{indentation}{line}")
            }
        })
        .collect::<Vec<_>>()
        .concat();
    let (span, own) = with_surroundings(facts, statement, &own, others);
    Ok(Edit::replace(span, own))
}

/// A `def` at module level keeps two blank lines around it, in a class one. Between two that are made at once, the later
/// one brings them.
fn with_surroundings(
    facts: &FileFacts,
    statement: NodeId,
    own: &str,
    others: &BTreeSet<NodeId>,
) -> (Span, String) {
    let tree = facts.tree();
    let span = tree.span(statement);
    let newline = facts.source.newline();
    let text = facts.all();
    let wanted = if tree.parent(statement) == Some(Tree::ROOT) { 2 } else { 1 };
    let siblings: Vec<NodeId> =
        tree.parent(statement).map(|suite| tree.children(suite).collect()).unwrap_or_default();
    let at = siblings.iter().position(|sibling| *sibling == statement).unwrap_or(0);
    let start = place::with_comments_above(facts, span.start);
    let before = &text[..start as usize];
    let trailing = before.len() - before.trim_end_matches(['\n', '\r']).len();
    let above = before[before.len() - trailing..].matches('\n').count();
    let comments = &text[start as usize..span.start as usize];
    let opens = if wanted == 2 { before.trim().is_empty() } else { at == 0 };
    let lead = if opens {
        String::new()
    } else {
        newline.repeat((wanted + 1_usize).saturating_sub(above))
    };
    let line_end = indent::line_end(text, span.end - 1);
    let rest = &text[line_end as usize..];
    let below = rest.len() - rest.trim_start_matches(['\n', '\r']).len();
    let blank_below = rest[..below].matches('\n').count();
    let closes = match siblings.get(at + 1) {
        Some(next) => others.contains(next),
        None => wanted == 1 || rest.trim().is_empty(),
    };
    let tail =
        if closes { String::new() } else { newline.repeat(wanted.saturating_sub(blank_below)) };
    let comment_after = text[span.end as usize..line_end as usize].trim_end_matches(['\n', '\r']);
    let ended = if text[..line_end as usize].ends_with('\n') { newline } else { "" };
    (Span::new(start, line_end), format!("{lead}{comments}{own}{comment_after}{ended}{tail}"))
}

fn definition(facts: &FileFacts, lambda: NodeId, name: &str) -> Result<String, Refusal> {
    let definition = Definition {
        facts,
        node: lambda,
        name: name.to_owned(),
        type_parameters: Vec::new(),
        dropped: Vec::new(),
        parameters: Vec::new(),
        style: Style::Keyword,
        prelude: Vec::new(),
        edits: Vec::new(),
        unit: place::indent_unit(facts),
    };
    definition.text().ok_or_else(|| {
        Refusal::new(
            Reason::UnsupportedShape,
            "two changes of the body meet",
            "write the function with def",
        )
    })
}
