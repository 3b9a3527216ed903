//! How each use of a hoisted callable is written: by its new name, with the captured values bound as
//! further arguments of the dispatch, or by `functools.partial`.

use crate::facts::FileFacts;
use crate::findings::{Reason, Refusal};
use crate::project::{Eval, Site, Value};
use crate::rewrite::Bind;
use crate::rewrite::callables::unwrap;
use crate::rewrite::lifting::body::Style;
use crate::rewrite::lifting::captures::Variable;
use crate::rewrite::lifting::defaults;
use crate::rewrite::lifting::defaults_by_hand;
use crate::rewrite::lifting::forwarding;
use crate::rewrite::lifting::hoist::Group;
use crate::rewrite::lifting::member as member_facts;
use crate::rewrite::lifting::read_kinds::{ReadKind, kind_of_read};
use crate::rewrite::lifting::timing;
use crate::rewrite::lifting::uses::Use;
use crate::rewrite::lifting::{arguments, class_values, registered};
use crate::syntax::{Field, Kind, NodeId};
use crate::text::Edit;

/// The new name of a callable and the values it has to be given.
#[derive(Debug, Clone)]
pub(in crate::rewrite) struct Form {
    /// The module-level name.
    pub(in crate::rewrite) name: String,
    /// Parameter and the expression for it.
    pub(in crate::rewrite) given: Vec<(String, String)>,
    /// Whether the values go in front by position.
    pub(in crate::rewrite) leading: bool,
}

impl Form {
    /// The values as arguments, without the function.
    pub(in crate::rewrite) fn arguments(&self) -> String {
        let write = |row: &(String, String)| {
            if self.leading { row.1.clone() } else { format!("{}={}", row.0, row.1) }
        };
        self.given.iter().map(write).collect::<Vec<_>>().join(", ")
    }

    /// The callable as an expression, and whether it needs `partial`.
    pub(in crate::rewrite) fn expression(&self, partial: &str) -> (String, bool) {
        if self.given.is_empty() {
            (self.name.clone(), false)
        } else {
            (format!("{partial}({}, {})", self.name, self.arguments()), true)
        }
    }

    /// The edits for a name that is read: a call gets further arguments, so does a `partial`, else the name is replaced.
    pub(in crate::rewrite) fn at_read(
        &self,
        eval: &Eval,
        read: Site,
        partial: &str,
    ) -> (Vec<Edit>, bool) {
        let (file, facts, read) = (read.file, eval.file(read.file), read.node);
        let tree = facts.tree();
        let span = tree.span(read);
        let Some(parent) = tree.parent(read) else { return (Vec::new(), false) };
        let is_called = tree.kind(parent) == Kind::Call && tree.field(read) == Field::Function;
        if self.given.is_empty() {
            return (vec![Edit::replace(span, self.name.clone())], false);
        }
        if is_called
            && tree
                .child(parent, Field::Arguments)
                .is_some_and(|list| tree.kind(list) == Kind::ArgumentList)
        {
            return (
                vec![
                    Edit::replace(span, self.name.clone()),
                    self.added_argument(facts, parent, None),
                ],
                false,
            );
        }
        if let Some(call) = self.partial_to_extend(eval, Site { file, node: read }) {
            return (
                vec![
                    Edit::replace(span, self.name.clone()),
                    self.added_argument(facts, call, Some(read)),
                ],
                false,
            );
        }
        let (text, needs_partial) = self.expression(partial);
        (vec![Edit::replace(span, text)], needs_partial)
    }

    /// As [`at_read`](Self::at_read), for a class: where it is only named, it is not given anything.
    pub(in crate::rewrite) fn of_class(
        &self,
        eval: &Eval,
        read: Site,
        partial: &str,
    ) -> (Vec<Edit>, bool) {
        if class_values::role(eval, read) == class_values::Role::Named {
            return (
                vec![Edit::replace(eval.file(read.file).tree().span(read.node), self.name.clone())],
                false,
            );
        }
        self.at_read(eval, read, partial)
    }

    /// The `partial` call around a callable that can take the values, too.
    fn partial_to_extend(&self, eval: &Eval, callable: Site) -> Option<NodeId> {
        let call = partial_around(eval, callable)?;
        let site = Site { file: callable.file, node: call };
        self.given
            .iter()
            .all(|(name, _)| eval.keyword_argument(site, name).is_none())
            .then_some(call)
    }

    /// The values added to a call's arguments: keywords at the end, positional ones in front (after `first`).
    fn added_argument(&self, facts: &FileFacts, call: NodeId, first: Option<NodeId>) -> Edit {
        let tree = facts.tree();
        if !self.leading {
            return arguments::append(facts, call, &self.arguments());
        }
        match first {
            Some(first) => Edit::insert(tree.end(first), format!(", {}", self.arguments())),
            None => arguments::prepend(facts, call, &self.arguments()),
        }
    }
}

/// The `partial(…)` call whose first argument `read` is, under whatever name it was imported.
pub(in crate::rewrite) fn partial_around(eval: &Eval, read: Site) -> Option<NodeId> {
    let tree = eval.file(read.file).tree();
    let list = tree.parent(read.node).filter(|up| tree.kind(*up) == Kind::ArgumentList)?;
    let call = tree.parent(list)?;
    let callee = Site { file: read.file, node: tree.child(call, Field::Function)? };
    let is_partial = eval.values(callee).iter().any(
        |value| matches!(value, Value::External { path, .. } if &**path == "functools.partial"),
    );
    (is_partial && tree.children(list).next() == Some(read.node)).then_some(call)
}

/// What happens outside the moved definitions.
#[derive(Debug, Default)]
pub(in crate::rewrite) struct Plan {
    /// Edits of the uses.
    pub(in crate::rewrite) outside: Vec<Edit>,
    /// Statements that go.
    pub(in crate::rewrite) removed: Vec<NodeId>,
    /// How each member takes its values.
    pub(in crate::rewrite) styles: Vec<Style>,
    /// Whether `partial` is used.
    pub(in crate::rewrite) needs_partial: bool,
}

impl Plan {
    /// Takes over how one use is written, and whether `partial` is used there.
    fn add(&mut self, (edits, needs_partial): (Vec<Edit>, bool)) {
        self.outside.extend(edits);
        self.needs_partial |= needs_partial;
    }
}

/// Decides how every use of every member is written.
pub(in crate::rewrite) fn plan(group: &Group, bind: Bind, partial: &str) -> Result<Plan, Refusal> {
    let mut plan = Plan::default();
    for at in 0..group.members.len() {
        plan.styles.push(group.style(at));
        match group.members[at].variable.clone() {
            Some(variable) if group.members[at].forwards => {
                forwarding::plan(group, at, &variable, bind, partial, &mut plan)?;
            }
            Some(variable)
                if registered::keeper(group.eval, group.file, group.members[at].node).is_some() =>
            {
                registered::plan(group, at, &variable, partial, &mut plan)?;
            }
            Some(variable) => named(group, at, &variable, bind, partial, &mut plan)?,
            None => anonymous(group, at, bind, partial, &mut plan)?,
        }
    }
    Ok(plan)
}

/// A lambda that stands where it is used.
fn anonymous(
    group: &Group,
    at: usize,
    bind: Bind,
    partial: &str,
    plan: &mut Plan,
) -> Result<(), Refusal> {
    let facts = group.facts();
    let node = group.members[at].node;
    let form = form(group, at);
    let here = Site { file: group.file, node };
    let uses: Vec<&Use> = group.dispatches.iter().filter(|each| each.leaf == here).collect();
    let is_direct = uses.len() == 1 && is_slot(group.eval, uses[0], here) && bind != Bind::Partial;
    let direct = uses
        .first()
        .filter(|_| is_direct)
        .and_then(|each| arguments::bound_in_dispatch(group, at, each, &form));
    for (variable, _) in group.parameters(at) {
        timing::bound(group.eval, group.file, &variable, node, node)?;
        for each in &uses {
            let moment = timing::read_at(node, direct.as_ref().map(|(edits, _)| edits.as_slice()));
            kept_until_sent(group, &variable, moment, each)?;
        }
    }
    if let Some((edits, style)) = direct {
        plan.styles[at] = style;
        plan.outside.push(Edit::replace(unwrap::whole(facts, node), form.name));
        plan.outside.extend(edits);
        return Ok(());
    }
    if !form.given.is_empty()
        && let Some(call) = form.partial_to_extend(group.eval, Site { file: group.file, node })
    {
        plan.outside.extend([
            Edit::replace(facts.tree().span(node), form.name.clone()),
            form.added_argument(facts, call, Some(node)),
        ]);
        return Ok(());
    }
    let (text, needs_partial) = form.expression(partial);
    plan.needs_partial |= needs_partial;
    plan.outside.push(Edit::replace(unwrap::whole(facts, node), text));
    Ok(())
}

pub(in crate::rewrite) fn form(group: &Group, at: usize) -> Form {
    let captured = group
        .parameters(at)
        .into_iter()
        .map(|(variable, parameter)| (parameter, variable.expression()));
    let given = captured
        .chain(group.members[at].defaults.iter().map(defaults::BoundDefault::given))
        .collect();
    Form { name: group.members[at].name.clone(), given, leading: group.is_leading(at) }
}

/// Whether `here` is what fills the slot. The slot may be in another file, behind a forwarder.
pub(in crate::rewrite) fn is_slot(eval: &Eval, each: &Use, here: Site) -> bool {
    let slot = each.slot.expression;
    slot.file == here.file
        && eval.file(slot.file).tree().unparenthesized(slot.node) == here.node
        && arguments::are_in_call(eval, each)
}

/// A definition with a local name.
fn named(
    group: &Group,
    at: usize,
    variable: &Variable,
    bind: Bind,
    partial: &str,
    plan: &mut Plan,
) -> Result<(), Refusal> {
    let facts = group.facts();
    let member = &group.members[at];
    let statement = member.statement.unwrap_or(member.node);
    let reads = reads_that_stay(group, variable);
    let is_class = member_facts::is_class(facts, member.node);
    if !is_class {
        attributes_stay(group, at, variable)?;
    }
    let form = form(group, at);
    let parameters = group.parameters(at);
    if is_class && !parameters.is_empty() {
        for read in &reads {
            plan.add(form.of_class(group.eval, Site { file: group.file, node: *read }, partial));
        }
        plan.removed.push(statement);
        return Ok(());
    }
    let unused = reads.is_empty()
        && !group.dispatches.iter().any(|each| {
            each.leaf.file == group.file && facts.tree().contains(member.node, each.leaf.node)
        });
    // Only what moves used it, or what stays means an earlier definition.
    if unused || at > 0 && is_last_word(facts, variable, statement, &reads) {
        plan.removed.push(statement);
        return Ok(());
    }
    let single = member_facts::is_only_binding(facts, variable, member.node)
        && !place_is_odd(facts, statement);
    let at_file = |node: NodeId| Site { file: group.file, node };
    let kinds: Vec<ReadKind> = reads
        .iter()
        .map(|read| kind_of_read(group, at_file(*read), use_at(group, *read)))
        .collect();
    // A function that is stored or passed on may be sent at any later time.
    let kept = kinds.contains(&ReadKind::Other);
    let stable = is_stable(group, at, &reads, kept);
    if let Some(uses) = defaults_by_hand::uses(group, member) {
        plan.styles[at] = Style::Trailing;
        plan.outside.extend(defaults_by_hand::edits(group, member, &uses));
        plan.removed.push(statement);
        return Ok(());
    }
    if !member.defaults.is_empty() {
        // Defaults have the value of the moment of definition, so that is where they are bound.
        return if stable && single {
            alias(group, at, variable, statement, &form, partial, plan)
        } else {
            Err(rebound(variable, "a default value"))
        };
    }
    if parameters.is_empty() && single {
        // If it only moves, every use goes on naming it as before.
        let renamed = reads.iter().filter(|_| member.name != variable.name);
        plan.outside
            .extend(renamed.flat_map(|read| form.at_read(group.eval, at_file(*read), partial).0));
        plan.removed.push(statement);
        return Ok(());
    }
    let all_sent = kinds
        .iter()
        .all(|kind| matches!(kind, ReadKind::Slot | ReadKind::InPartial | ReadKind::Returned));
    let inline = single && all_sent && !reads.is_empty() && (reads.len() == 1 || !stable);
    if !inline && stable {
        return alias(group, at, variable, statement, &form, partial, plan);
    }
    if !(inline || single && !kept) {
        let names: Vec<String> =
            parameters.iter().map(|(captured, _)| format!("'{}'", captured.expression())).collect();
        let (reason, what) = if parameters.is_empty() {
            (Reason::OtherUse, "is bound in several places".to_owned())
        } else {
            (
                Reason::ReboundCapture,
                format!(
                    "reads {}, which may be bound anew between its definition and its uses",
                    names.join(", ")
                ),
            )
        };
        return Err(Refusal::new(
            reason,
            format!("'{}' {what}", variable.name),
            "pass the values as arguments of the dispatch",
        ));
    }
    at_reads(group, at, &reads, &form, bind, partial, plan)?;
    plan.removed.push(statement);
    Ok(())
}

/// Whether what a member captures keeps its value from the definition to the last of `reads`; `kept` tells that the callable may
/// be sent at any later time.
pub(in crate::rewrite) fn is_stable(
    group: &Group,
    at: usize,
    reads: &[NodeId],
    kept: bool,
) -> bool {
    let facts = group.facts();
    let member = &group.members[at];
    let Some(variable) = &member.variable else { return false };
    let statement = member.statement.unwrap_or(member.node);
    let bindings =
        facts.scopes.bindings(variable.home, &variable.name).iter().map(|binding| binding.node);
    let others: Vec<NodeId> =
        bindings.filter(|node| !facts.tree().contains(statement, *node)).collect();
    group.parameters(at).iter().all(|(captured, _)| {
        group.changed_by_definition(captured).unwrap_or_else(|| {
            timing::stable_from(group.eval, group.file, captured, statement, reads, &others, kept)
        })
    })
}

/// Refuses if a captured variable may get another value between `moment` and its dispatch.
pub(in crate::rewrite) fn kept_until_sent(
    group: &Group,
    variable: &Variable,
    moment: timing::Moment,
    each: &Use,
) -> Result<(), Refusal> {
    if group.changed_by_definition(variable).is_some() {
        return Ok(());
    }
    timing::kept_until_sent(group.eval, group.file, variable, moment, each)
}

/// Whether one of several definitions stands in the body of the function that holds the variable, on lines of its own, and
/// every read comes before it.
fn is_last_word(
    facts: &FileFacts,
    variable: &Variable,
    statement: NodeId,
    reads: &[NodeId],
) -> bool {
    let tree = facts.tree();
    let home = facts.scopes.get(variable.home).node;
    tree.parent(statement) == tree.child(home, Field::Body)
        && facts.scopes.bindings(variable.home, &variable.name).len() > 1
        && !place_is_odd(facts, statement)
        && reads.iter().all(|read| {
            facts.scopes.scope_of(*read) == variable.home
                && tree.end(*read) <= tree.start(statement)
        })
}

/// The reads of a variable outside of all that moves: of the definitions, and of the statements that move with a class.
pub(in crate::rewrite) fn reads_that_stay(group: &Group, variable: &Variable) -> Vec<NodeId> {
    let facts = group.facts();
    let tree = facts.tree();
    let beside = group.members.iter().flat_map(|other| other.companions.iter().copied());
    let moved: Vec<NodeId> =
        group.members.iter().map(|other| facts.with_decorators(other.node)).chain(beside).collect();
    let reads = facts.scopes.references(variable.home, &variable.name).iter().copied();
    reads.filter(|read| !moved.iter().any(|part| tree.contains(*part, *read))).collect()
}

/// Refuses where attributes of the function are used, which what stands in its place does not have.
pub(in crate::rewrite) fn attributes_stay(
    group: &Group,
    at: usize,
    variable: &Variable,
) -> Result<(), Refusal> {
    let facts = group.facts();
    let bound = !group.parameters(at).is_empty() || !group.members[at].defaults.is_empty();
    let Some(read) = attribute_read(facts, variable, bound) else {
        return Ok(());
    };
    let line = facts.source.lines().line(facts.tree().start(read));
    Err(Refusal::new(
        Reason::OtherUse,
        format!(
            "an attribute of the function '{}' is used (line {line}), which another function or a partial does not have",
            variable.name
        ),
        "define the function at module level by hand, with the attributes it needs",
    ))
}

/// The use that a read is.
pub(in crate::rewrite) fn use_at<'g>(group: &'g Group, read: NodeId) -> Option<&'g Use> {
    let here = Site { file: group.file, node: read };
    // A lambda with a name is known by itself, and handed over by the name.
    let by_name = |each: &&Use| {
        group.members.iter().any(|member| {
            member.node == each.leaf.node
                && each.leaf.file == group.file
                && member.variable.is_some()
        }) && is_slot(group.eval, each, here)
    };
    group
        .dispatches
        .iter()
        .find(|each| each.leaf == here)
        .or_else(|| group.dispatches.iter().find(by_name))
}

/// Binds the captured values where the definition is used.
pub(in crate::rewrite) fn at_reads(
    group: &Group,
    at: usize,
    reads: &[NodeId],
    form: &Form,
    bind: Bind,
    partial: &str,
    plan: &mut Plan,
) -> Result<(), Refusal> {
    let facts = group.facts();
    let at_file = |node: NodeId| Site { file: group.file, node };
    let direct = if let [read] = reads {
        use_at(group, *read)
            .filter(|each| bind != Bind::Partial && is_slot(group.eval, each, at_file(*read)))
            .and_then(|each| arguments::bound_in_dispatch(group, at, each, form))
    } else {
        None
    };
    for read in reads {
        let moment = timing::read_at(*read, direct.as_ref().map(|(edits, _)| edits.as_slice()));
        for (captured, _) in &group.parameters(at) {
            timing::bound(group.eval, group.file, captured, group.members[at].node, *read)?;
            if let Some(each) = use_at(group, *read) {
                kept_until_sent(group, captured, moment, each)?;
            }
        }
    }
    if let Some((edits, style)) = direct {
        plan.styles[at] = style;
        plan.outside.push(Edit::replace(facts.tree().span(reads[0]), form.name.clone()));
        plan.outside.extend(edits);
        return Ok(());
    }
    for read in reads {
        plan.add(form.at_read(group.eval, at_file(*read), partial));
    }
    Ok(())
}

fn rebound(variable: &Variable, what: &str) -> Refusal {
    Refusal::new(
        Reason::ReboundCapture,
        format!(
            "'{}' reads {what} of the enclosing function, which may be bound anew between its definition and its uses",
            variable.name
        ),
        "pass the values as arguments of the dispatch",
    )
}

/// The local name stays, bound to the hoisted function where the definition stood.
fn alias(
    group: &Group,
    at: usize,
    variable: &Variable,
    statement: NodeId,
    form: &Form,
    partial: &str,
    plan: &mut Plan,
) -> Result<(), Refusal> {
    let facts = group.facts();
    for (captured, _) in group.parameters(at) {
        timing::bound(group.eval, group.file, &captured, group.members[at].node, statement)?;
        for each in &group.dispatches {
            let moment = timing::read_at(statement, None);
            kept_until_sent(group, &captured, moment, each)?;
        }
    }
    let (text, needs_partial) = form.expression(partial);
    plan.needs_partial |= needs_partial;
    if facts.tree().kind(group.members[at].node) == Kind::Lambda {
        // What else stands on its line, and comments, stay.
        plan.outside.push(Edit::replace(unwrap::whole(facts, group.members[at].node), text));
        return Ok(());
    }
    let lines = crate::rewrite::place::statement_lines(facts, statement);
    let whole = facts.slice(lines);
    let indentation = crate::text::indent::indentation(facts.all(), facts.tree().start(statement));
    let newline = if whole.ends_with('\n') { facts.source.newline() } else { "" };
    plan.outside
        .push(Edit::replace(lines, format!("{indentation}{} = {text}{newline}", variable.name)));
    Ok(())
}

/// A use such as `work.__name__` or `work.limit = 3`. Only its text and signature stay the same for a function that
/// moves; a partial (`bound`) has no attributes of its own at all.
pub(in crate::rewrite) fn attribute_read(
    facts: &FileFacts,
    variable: &Variable,
    bound: bool,
) -> Option<NodeId> {
    let tree = facts.tree();
    let is_kept = |attribute: NodeId| {
        let name = tree.child(attribute, Field::Attribute).map_or("", |name| facts.text(name));
        let written = tree.parent(attribute).is_some_and(|up| {
            matches!(tree.kind(up), Kind::Assignment | Kind::AugmentedAssignment)
                && tree.field(attribute) == Field::Left
                || tree.kind(up) == Kind::DeleteStatement
        });
        !bound
            && !written
            && matches!(
                name,
                "__doc__"
                    | "__annotations__"
                    | "__defaults__"
                    | "__kwdefaults__"
                    | "__code__"
                    | "cache_clear"
                    | "cache_info"
                    | "__wrapped__"
            )
    };
    facts.scopes.references(variable.home, &variable.name).iter().copied().find(|read| {
        tree.parent(*read).is_some_and(|up| {
            tree.kind(up) == Kind::Attribute && tree.field(*read) == Field::Object && !is_kept(up)
        })
    })
}

/// Whether the statement cannot simply be taken out: it shares its line with others.
pub(in crate::rewrite) fn place_is_odd(facts: &FileFacts, statement: NodeId) -> bool {
    crate::rewrite::place::shares_its_line(facts, statement)
}
