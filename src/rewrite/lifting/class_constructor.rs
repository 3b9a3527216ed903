//! The edits by which a class that moves takes values by its constructor and reads them as attributes.

use crate::facts::FileFacts;
use crate::rewrite::lifting::body::prelude_edit;
use crate::rewrite::lifting::captures::{CaptureKind, Variable};
use crate::rewrite::lifting::class_values;
use crate::rewrite::lifting::class_values::{
    constructions, init_of, method_of, methods, self_name, value_at,
};
use crate::rewrite::lifting::hoist::Group;
use crate::rewrite::{imports, place};
use crate::syntax::{Field, Kind, NodeId};
use crate::text::{Edit, Span, indent};

/// The edits inside the class that member `at` of a group is.
pub(in crate::rewrite) fn edits(group: &Group, at: usize) -> Vec<Edit> {
    let facts = group.facts();
    let tree = facts.tree();
    let member = &group.members[at];
    let mut edits = imports_in_methods(group, at);
    let parameters = group.parameters(at);
    if parameters.is_empty() {
        return edits;
    }
    let own = member.own.iter().filter(|capture| member.values.contains_key(&capture.variable));
    let reads =
        own.flat_map(|capture| capture.reads.iter().map(move |read| (&capture.variable, *read)));
    let written = |(variable, read): (&Variable, NodeId)| {
        value_at(group, at, variable, read).map(|text| (tree.span(read), text))
    };
    let changed = |(span, text): &(Span, String)| facts.slice(*span) != text;
    edits.extend(
        reads.filter_map(written).filter(changed).map(|(span, text)| Edit::replace(span, text)),
    );
    let names: Vec<String> = parameters.iter().map(|row| row.1.clone()).collect();
    let kept: Vec<String> = parameters
        .iter()
        .filter(|row| is_read_by_methods(group, at, &row.0))
        .map(|row| row.1.clone())
        .collect();
    match init_of(facts, member.node) {
        Some(init) => {
            edits.extend(
                tree.child(init, Field::Parameters).map(|list| parameter_edit(facts, list, &names)),
            );
            edits.extend(assignments(group, member.node, init, &kept));
        }
        None => edits.extend(constructor(group, member.node, &names, &kept).into_iter().flatten()),
    }
    edits
}

/// What the methods read of the modules that the functions around the class import, imported in each of them.
fn imports_in_methods(group: &Group, at: usize) -> Vec<Edit> {
    let facts = group.facts();
    let class = group.members[at].node;
    let from = indent::indentation(facts.all(), facts.tree().start(facts.with_decorators(class)));
    let statements = |method: NodeId| {
        group.members[at].own.iter().filter_map(move |capture| match &capture.kind {
            CaptureKind::Module { statement } => capture
                .reads
                .iter()
                .any(|read| method_of(facts, class, *read) == Some(method))
                .then(|| statement.clone()),
            _ => None,
        })
    };
    methods(facts, class)
        .filter_map(|method| {
            prelude_edit(facts, method, &imports::joined(statements(method)), from)
        })
        .collect()
}

/// Whether anything but the constructor reads the value, so that an attribute has to keep it.
fn is_read_by_methods(group: &Group, at: usize, variable: &Variable) -> bool {
    let facts = group.facts();
    let tree = facts.tree();
    let member = &group.members[at];
    let init = init_of(facts, member.node);
    let outside = |read: &NodeId| init.is_none_or(|init| !tree.contains(init, *read));
    let own = member
        .own
        .iter()
        .filter(|capture| capture.variable == *variable)
        .flat_map(|capture| &capture.reads);
    let forwards =
        group.members.iter().enumerate().filter(|(_, used)| used.values.contains_key(variable));
    let forwarded = forwards
        .filter_map(|(_, used)| used.variable.as_ref())
        .flat_map(|used| facts.scopes.references(used.home, &used.name));
    own.chain(forwarded.filter(|read| tree.contains(member.node, **read))).any(outside)
}

/// Keyword-only parameters at the end of a constructor's list, in front of its `**kwargs`.
fn parameter_edit(facts: &FileFacts, list: NodeId, names: &[String]) -> Edit {
    let tree = facts.tree();
    let own: Vec<NodeId> = tree.children(list).collect();
    let star = if own
        .iter()
        .any(|node| facts.text(*node).starts_with('*') && !facts.text(*node).starts_with("**"))
    {
        ""
    } else {
        "*, "
    };
    let names = names.join(", ");
    match own.last() {
        Some(last) if facts.text(*last).starts_with("**") => {
            Edit::insert(tree.start(*last), format!("{star}{names}, "))
        }
        Some(last) => Edit::insert(tree.end(*last), format!(", {star}{names}")),
        None => Edit::insert(tree.start(list) + 1, format!("{star}{names}")),
    }
}

/// The assignments of the values in a constructor: behind those that it begins with, and behind `super().__init__(…)` of a
/// class outside the project, which calls nothing of the class.
fn assignments(group: &Group, class: NodeId, init: NodeId, kept: &[String]) -> Option<Edit> {
    let facts = group.facts();
    let tree = facts.tree();
    let own = self_name(facts, init).filter(|_| !kept.is_empty())?;
    let body = tree.child(init, Field::Body)?;
    let statements: Vec<NodeId> =
        tree.children(body).filter(|node| tree.kind(*node) != Kind::Comment).collect();
    let is_text = |node: NodeId| {
        tree.kind(node) == Kind::ExpressionStatement
            && tree.children(node).next().is_some_and(|value| tree.kind(value) == Kind::String)
    };
    let first = usize::from(statements.first().is_some_and(|node| is_text(*node)));
    let of_project =
        group.eval.lineage(crate::project::Site { file: group.file, node: class }).len() > 1;
    let plain =
        |node: NodeId| is_plain_store(facts, node, own) || !of_project && is_base_call(facts, node);
    let behind = statements[first..].iter().take_while(|node| plain(**node)).last().copied();
    let lines: Vec<String> = kept.iter().map(|name| format!("{own}.{name} = {name}")).collect();
    let newline = facts.source.newline();
    let shown = |node: NodeId| {
        let whole = indent::indentation(facts.all(), tree.start(node));
        let outer = indent::indentation(facts.all(), tree.start(facts.with_decorators(class)));
        whole.strip_prefix(outer).unwrap_or(whole).to_owned()
    };
    let on_line_of_def = |node: NodeId| {
        facts.source.lines().line(tree.start(node)) == facts.source.lines().line(tree.start(init))
    };
    let next = statements.get(first).or(statements.first()).copied()?;
    if on_line_of_def(next) {
        return Some(Edit::insert(
            tree.start(next),
            lines.iter().map(|line| format!("{line}; ")).collect::<String>(),
        ));
    }
    if let Some(last) =
        behind.or_else(|| (first == statements.len()).then(|| statements[first - 1]))
    {
        let indentation = shown(last);
        let end = indent::line_end(facts.all(), tree.end(last));
        let end = end
            - (facts.all()[..end as usize].len()
                - facts.all()[..end as usize].trim_end_matches(['\r', '\n']).len())
                as u32;
        return Some(Edit::insert(
            end,
            lines.iter().map(|line| format!("{newline}{indentation}{line}")).collect::<String>(),
        ));
    }
    let indentation = shown(next);
    Some(Edit::insert(
        place::first_text(facts, next),
        lines.iter().map(|line| format!("{line}{newline}{indentation}")).collect::<String>(),
    ))
}

/// `self.job = job`, with a name or constant.
fn is_plain_store(facts: &FileFacts, statement: NodeId, own: &str) -> bool {
    let tree = facts.tree();
    let Some(assignment) =
        tree.children(statement).next().filter(|node| tree.kind(*node) == Kind::Assignment)
    else {
        return false;
    };
    let of_self = |target: NodeId| {
        tree.kind(target) == Kind::Attribute
            && tree.child(target, Field::Object).is_some_and(|object| facts.text(object) == own)
    };
    let plain = |value: NodeId| {
        matches!(
            tree.kind(value),
            Kind::Identifier
                | Kind::Integer
                | Kind::Float
                | Kind::String
                | Kind::True
                | Kind::False
                | Kind::None
        )
    };
    tree.child(assignment, Field::Left).is_some_and(of_self)
        && tree.child(assignment, Field::Right).is_some_and(plain)
}

/// `super().__init__(…)` and `Process.__init__(self)`.
fn is_base_call(facts: &FileFacts, statement: NodeId) -> bool {
    let tree = facts.tree();
    let call = tree.children(statement).next().filter(|node| tree.kind(*node) == Kind::Call);
    call.and_then(|call| tree.child(call, Field::Function))
        .is_some_and(|callee| facts.text(callee).ends_with(".__init__"))
}

/// A constructor for a class that has none, in front of its first method.
fn constructor(
    group: &Group,
    class: NodeId,
    names: &[String],
    kept: &[String],
) -> Option<Vec<Edit>> {
    let facts = group.facts();
    let tree = facts.tree();
    let site = crate::project::Site { file: group.file, node: class };
    let first = facts.with_decorators(methods(facts, class).next()?);
    let start = place::first_text(facts, first);
    let outer = indent::indentation(facts.all(), tree.start(facts.with_decorators(class)));
    let whole = indent::indentation(facts.all(), start);
    let own = whole.strip_prefix(outer).unwrap_or(whole);
    let newline = facts.source.newline();
    let inner = format!("{newline}{own}{}", place::indent_unit(facts));
    let has_base =
        !group.eval.external_bases(site).is_empty() || group.eval.lineage(site).len() > 1;
    let has_init = has_base && !only_marks(group, site);
    let (by_position, by_name) = given(group, class);
    let by_position = has_init && by_position;
    let by_name = has_init && by_name;
    let star = if by_position { "*args" } else { "*" };
    let tail = if by_name { ", **kwargs" } else { "" };
    let mut text = format!("def __init__(self, {star}, {}{tail}):", names.join(", "));
    let passed: Vec<&str> = [by_position.then_some("*args"), by_name.then_some("**kwargs")]
        .into_iter()
        .flatten()
        .collect();
    let base = has_init.then(|| format!("{inner}super().__init__({})", passed.join(", ")));
    let stores = kept.iter().map(|name| format!("{inner}self.{name} = {name}"));
    // A constructor of the project may call methods that read the values.
    if group.eval.method(site, "__init__").is_some() {
        text.extend(stores.chain(base));
    } else {
        text.extend(base.into_iter().chain(stores));
    }
    let before =
        tree.children(tree.child(class, Field::Body)?).take_while(|node| *node != first).last();
    let mut edits = vec![Edit::insert(start, format!("{text}{newline}{newline}{own}"))];
    // Methods stand apart from what is above them.
    let above = before.filter(|before| {
        facts.slice(Span::new(tree.end(*before), start)).matches('\n').count() < 2
    });
    edits.extend(above.map(|_| {
        Edit::insert(
            place::statement_lines(facts, first).start.saturating_sub(newline.len() as u32),
            newline,
        )
    }));
    Some(edits)
}

/// Whether the bases of a class are there for type checkers alone, and have no constructor.
fn only_marks(group: &Group, class: crate::project::Site) -> bool {
    let marks = ["builtins.object", "abc.ABC", "typing.Generic", "typing.Protocol"];
    let external = group.eval.external_bases(class);
    let lineage = group.eval.lineage(class);
    external.iter().all(|(path, _)| marks.contains(&&**path))
        && group.eval.method(class, "__init__").is_none()
        && !lineage.is_empty()
}

/// Whether any call that makes an object of the class passes arguments by position, and by name.
fn given(group: &Group, class: NodeId) -> (bool, bool) {
    let facts = group.facts();
    let tree = facts.tree();
    let calls = constructions(facts, class);
    let arguments = || {
        calls
            .iter()
            .filter_map(|call| tree.child(*call, Field::Arguments))
            .flat_map(|list| tree.children(list))
    };
    let by_name =
        |node: &NodeId| matches!(tree.kind(*node), Kind::KeywordArgument | Kind::DictionarySplat);
    let factories = || {
        let name = tree.child(class, Field::Name).and_then(|name| facts.scopes.resolve_name(name));
        let reads =
            name.into_iter().flat_map(|(home, name)| facts.scopes.references(home, name)).copied();
        reads
            .map(|node| crate::project::Site { file: group.file, node })
            .any(|read| class_values::role(group.eval, read) == class_values::Role::Factory)
    };
    let unseen = factories();
    (
        unseen || arguments().any(|node| !by_name(&node)),
        unseen || arguments().any(|node| by_name(&node)),
    )
}
