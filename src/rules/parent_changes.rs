//! What the parent changes after import: code that a child imports sees it as it was then.

use super::RuleContext;
use crate::catalogue::Transport;
use crate::facts::scopes::{Binding, BindingKind};
use crate::findings::{Reason, Refusal, Remedy, StartMethod};
use crate::project::{Dispatch, FileId, Site, Value};
use crate::rewrite::lifting::captures::{Variable, guard_around};
use crate::rewrite::lifting::changed_by_parent::{self, Changed};
use crate::rewrite::lifting::uses::Use;
use crate::rewrite::state::class_attributes;
use crate::rewrite::state::globals::{self, GlobalRead, Placement, placement};
use crate::syntax::{Field, Kind, NodeId};
use std::cell::LazyCell;
use std::collections::BTreeSet;

/// How far the callers of a function that changes something are followed.
const MAX_DEPTH: u32 = 3;

/// Something that workers read and the parent changes.
pub(super) struct Outdated {
    /// What it is, in words.
    pub(super) what: String,
    /// The first place that reads it.
    pub(super) read: Site,
    /// The function that reads it.
    pub(super) function: Site,
    /// The place that changes it.
    pub(super) change: Site,
}

impl Outdated {
    /// Why nothing hands it to the workers.
    pub(super) fn refusal(&self, ctx: &RuleContext) -> Refusal {
        let (what, line) =
            (&self.what, ctx.location(self.change).line_seen_from(&ctx.facts().source.path));
        Refusal::new(
            Reason::NoHandOver,
            format!(
                "{what} belongs to the module that every child imports for itself; {line} changes that of the parent only"
            ),
            "pass what is meant to the worker as an argument",
        )
    }
}

impl RuleContext<'_, '_> {
    /// The remedy for a definition that crosses by `uses`, each a dispatch and where it is given the definition: refused where
    /// the definition reads what the parent changes before. Its own value travels now or fails loudly; what children import
    /// would read that of the import, in silence. Of `given`, it gets the parent's own values.
    pub(super) fn unless_outdated<'d>(
        &self,
        definition: Site,
        uses: impl Iterator<Item = (&'d Dispatch, Site)>,
        remedy: Remedy,
        given: &[Variable],
    ) -> Remedy {
        if !matches!(remedy, Remedy::Fix(_)) {
            return remedy;
        }
        self.outdated(definition, uses, given).map_or(remedy, Remedy::Refused)
    }

    /// Why a definition that crosses by `uses` cannot be one that children import. Of `given`, it gets the parent's own values.
    pub(super) fn outdated<'d>(
        &self,
        definition: Site,
        mut uses: impl Iterator<Item = (&'d Dispatch, Site)>,
        given: &[Variable],
    ) -> Option<Refusal> {
        let functions = functions_in(self, definition);
        let reached = reached_by(self, &functions);
        uses.find_map(|(dispatch, handover)| {
            outdated_by(self, &functions, &reached, dispatch, handover, given)
        })
    }

    /// What the methods of a class read of its module and the parent changes before the class is defined, but no later: its
    /// objects can be given it when they are made.
    pub(super) fn changed_above<'d>(
        &self,
        class: Site,
        uses: impl Iterator<Item = (&'d Dispatch, Site)>,
    ) -> Vec<Variable> {
        let used = |(dispatch, handover): (&Dispatch, Site)| {
            Use::among_arguments(dispatch.clone(), handover, true)
        };
        let mut uses: Vec<Use> = uses.map(used).collect();
        self.take_changed_along(class, &mut uses);
        let changed: Vec<Changed> = uses.into_iter().flat_map(|each| each.changed).collect();
        let late: Vec<Variable> = changed
            .iter()
            .filter(|each| !each.by_definition)
            .map(|each| each.variable.clone())
            .collect();
        let above = changed.into_iter().map(|each| each.variable);
        above.filter(|variable| !late.contains(variable)).collect()
    }

    /// Notes in the uses of a definition what it reads of its module and the parent changes before the workers start, which has
    /// to go along when it moves.
    pub(super) fn take_changed_along(&self, definition: Site, uses: &mut [Use]) {
        let is_forked = |each: &Use| {
            let methods = each.dispatch.pickled_under(self.eval.project);
            methods.iter().all(|method| *method == StartMethod::Fork)
        };
        if uses.iter().all(is_forked) {
            return;
        }
        let functions = functions_in(self, definition);
        let reached = reached_by(self, &functions);
        let mut late = BTreeSet::new();
        for each in uses.iter_mut() {
            let workers = Workers::new(self, &each.dispatch, each.leaf, &reached);
            let changed = changed_reads(self, definition, &functions, &workers);
            for (variable, changes) in changed {
                if changes.iter().all(|change| is_settled(self, *change, each)) {
                    let later = |change: &Site| self.eval.is_before(definition, *change);
                    let by_definition = !changes.iter().any(later);
                    each.changed.push(Changed { variable, by_definition });
                } else {
                    late.insert(variable);
                }
            }
        }
        for each in uses {
            each.changed.retain(|changed| !late.contains(&changed.variable));
        }
    }
}

/// The functions and lambdas of a definition, and itself.
fn functions_in(ctx: &RuleContext, definition: Site) -> Vec<Site> {
    let tree = ctx.eval.file(definition.file).tree();
    let is_function =
        |node: &NodeId| matches!(tree.kind(*node), Kind::FunctionDefinition | Kind::Lambda);
    let inside = tree.subtree(definition.node).filter(is_function);
    inside.map(|node| Site { file: definition.file, node }).chain([definition]).collect()
}

fn reached_by(ctx: &RuleContext, functions: &[Site]) -> Vec<Site> {
    let mut reached: Vec<Site> =
        functions.iter().flat_map(|function| ctx.eval.reached(*function)).collect();
    reached.sort();
    reached.dedup();
    reached
}

/// What a definition itself reads of its module, by a name that can stand for it elsewhere, with the changes in the parent.
fn changed_reads(
    ctx: &RuleContext,
    definition: Site,
    functions: &[Site],
    workers: &Workers,
) -> Vec<(Variable, Vec<Site>)> {
    let facts = ctx.eval.file(definition.file);
    let inside = |read: Site| {
        read.file == definition.file && facts.tree().contains(definition.node, read.node)
    };
    let by_parent = |sites: Vec<Site>| -> Vec<Site> {
        sites.into_iter().filter(|site| is_by_parent(ctx, *site, workers)).collect()
    };
    let mut found = Vec::new();
    let globals = functions
        .iter()
        .flat_map(|function| ctx.reads_from_outside(workers.dispatch, *function))
        .filter(|read| inside(read.read));
    for read in globals {
        let variable = if facts.tree().kind(read.read.node) == Kind::Attribute {
            changed_by_parent::of_attribute(ctx.eval, read.read)
        } else {
            Some(Variable::new(facts.scopes.module(), read.name.as_str()))
        };
        let mut places: Vec<Site> =
            changes(ctx, &read, workers).into_iter().map(|change| change.site).collect();
        places.extend(by_parent(replacements(ctx, &read)));
        found.extend(variable.map(|variable| (variable, places)));
    }
    for read in class_attributes::reads(ctx.eval, functions) {
        let variable =
            changed_by_parent::of_attribute(ctx.eval, read.read).filter(|_| inside(read.read));
        let places = by_parent(class_attributes::changes(ctx.eval, read.class, &read.name));
        found.extend(variable.map(|variable| (variable, places)));
    }
    found.retain(|(_, places)| !places.is_empty());
    found
}

/// Whether a change comes before the workers start and before the definition is read, so that its value is the one that counts.
fn is_settled(ctx: &RuleContext, change: Site, each: &Use) -> bool {
    let call = each.dispatch.call;
    let start = each.dispatch.made.unwrap_or(call);
    ctx.eval.is_before(change, start)
        && (start == call || !ctx.eval.is_before(start, change))
        && !ctx.eval.is_before(each.leaf, change)
}

/// Why functions that cross by one dispatch cannot be such that children import.
fn outdated_by(
    ctx: &RuleContext,
    functions: &[Site],
    reached: &[Site],
    dispatch: &Dispatch,
    handover: Site,
    given: &[Variable],
) -> Option<Refusal> {
    let methods = dispatch.pickled_under(ctx.eval.project);
    if methods.iter().all(|method| *method == StartMethod::Fork)
        || globals::is_for_forked(ctx.eval, handover)
    {
        return None;
    }
    let mut reads: Vec<GlobalRead> =
        functions.iter().flat_map(|function| ctx.reads_from_outside(dispatch, *function)).collect();
    let mut others = reached.to_vec();
    if !given.is_empty() {
        let is_given = |read: &GlobalRead| {
            let module = ctx.eval.file(read.file).scopes.module();
            functions.iter().any(|function| function.file == read.file)
                && given.contains(&Variable::new(module, read.name.as_str()))
        };
        reads.retain(|read| !is_given(read));
        // What else runs there still reads that of the import.
        others.retain(|function| !functions.contains(function));
        reads.extend(globals::reads(ctx.eval, &others));
    }
    let workers = Workers::new(ctx, dispatch, handover, &others);
    let value = || {
        reads.iter().find_map(|read| {
            let change = first_change(ctx, read, &workers)?;
            let what = format!("the global '{}'", read.name);
            Some(Outdated { what, read: read.read, function: read.function, change })
        })
    };
    let first = of_no_value(ctx, &workers, &reads).into_iter().next().or_else(value);
    first.map(|outdated| outdated.refusal(ctx))
}

/// What the workers read, the parent changes and no initializer can hand over: attributes of classes, and functions and
/// classes that the parent replaces.
pub(super) fn of_no_value(
    ctx: &RuleContext,
    workers: &Workers,
    reads: &[GlobalRead],
) -> Vec<Outdated> {
    let first =
        |changes: Vec<Site>| changes.into_iter().find(|change| is_by_parent(ctx, *change, workers));
    let mut found = Vec::new();
    for read in class_attributes::reads(ctx.eval, workers.reached) {
        if let Some(change) = first(class_attributes::changes(ctx.eval, read.class, &read.name)) {
            let home = ctx.eval.file(read.class.file);
            let owner = home.definition_name(read.class.node);
            let is_class = home.tree().kind(read.class.node) == Kind::ClassDefinition;
            let kind = if is_class { "class" } else { "function" };
            let what = format!("the attribute '{}' of the {kind} '{owner}'", read.name);
            found.push(Outdated { what, read: read.read, function: read.function, change });
        }
    }
    for function in workers.reached {
        if let Some(change) = first(class_attributes::registrations(ctx.eval, *function)) {
            let name = ctx.eval.file(function.file).definition_name(function.node);
            let what = format!("the registry of '{name}'");
            found.push(Outdated { what, read: *function, function: *function, change });
        }
    }
    for read in reads {
        if let Some(change) = first(replacements(ctx, read)) {
            let what = format!("the global '{}'", read.name);
            found.push(Outdated { what, read: read.read, function: read.function, change });
        }
    }
    found
}

/// The first change of the global in the main process that comes before its workers get it.
pub(super) fn first_change(
    ctx: &RuleContext,
    read: &GlobalRead,
    workers: &Workers,
) -> Option<Site> {
    changes(ctx, read, workers).into_iter().map(|change| change.site).next()
}

/// The workers of one dispatch.
pub(super) struct Workers<'a> {
    dispatch: &'a Dispatch,
    /// Where they are given what they run or use.
    handover: Site,
    /// The functions that run in them.
    reached: &'a [Site],
    /// When what they are given is pickled at the latest.
    pub(super) moments: Vec<Site>,
}

impl<'a> Workers<'a> {
    /// The workers of `dispatch` that run the functions `reached`.
    pub(super) fn new(
        ctx: &RuleContext,
        dispatch: &'a Dispatch,
        handover: Site,
        reached: &'a [Site],
    ) -> Self {
        Self { dispatch, handover, reached, moments: moments(ctx, dispatch) }
    }
}

/// A place that changes a global.
pub(super) struct Change {
    /// The place.
    pub(super) site: Site,
    /// Whether it binds the name anew, and leaves the object alone.
    pub(super) binds: bool,
}

/// The moments when what a dispatch sends is pickled at the latest: a process takes its things along when it starts.
fn moments(ctx: &RuleContext, dispatch: &Dispatch) -> Vec<Site> {
    let entry = dispatch.api(ctx.eval.project);
    let is_process = entry.transport == Transport::ProcessArgs
        && entry.callables.first().is_some_and(|slot| slot.name == "target");
    let starts = if is_process { ctx.eval.starts_of_process(dispatch.call) } else { Vec::new() };
    starts.into_iter().chain([dispatch.call]).collect()
}

/// The changes of the global in the main process that come before its workers get it: those that bind its name anew first.
pub(super) fn changes(ctx: &RuleContext, read: &GlobalRead, workers: &Workers) -> Vec<Change> {
    let (file, name) = globals::home_of(ctx.eval, read.file, &read.name);
    let facts = ctx.eval.file(file);
    let module = facts.scopes.module();
    let bindings = facts.scopes.bindings(module, &name);
    let imported = bindings.iter().find(|binding| {
        placement(facts, binding) == Placement::Import && globals::is_value(binding)
    });
    if !bindings.iter().all(globals::is_value)
        || imported.is_none_or(|imported| is_shared(ctx, file, imported))
    {
        return Vec::new();
    }
    let late = bindings.iter().filter(|binding| placement(facts, binding) != Placement::Import);
    // A name that was imported stays with its object when the other module binds its own anew.
    let rebound = late
        .map(|binding| Change { site: Site { file, node: binding.node }, binds: true })
        .filter(|_| file == read.file);
    let in_place = globals::changes(ctx.eval, file, &name)
        .into_iter()
        .map(|site| Change { site, binds: false });
    let outside = globals::changes_from_outside(ctx.eval, file, &name)
        .into_iter()
        .filter(|(_, binds)| !binds || file == read.file);
    let outside = outside.map(|(site, binds)| Change { site, binds });
    let by_string = class_attributes::bound_by_string(ctx.eval, file, &name)
        .into_iter()
        .map(|site| Change { site, binds: true })
        .filter(|_| file == read.file);
    let only_stored_into = LazyCell::new(|| is_only_stored_into(ctx, read, workers));
    rebound
        .chain(in_place)
        .chain(outside)
        .chain(by_string)
        .filter(|change| change.binds || !*only_stored_into)
        .filter(|change| is_by_parent(ctx, change.site, workers))
        .collect()
}

/// Whether the workers only store into the object of a global (`notes.seen = True`), and look at nothing that it holds.
fn is_only_stored_into(ctx: &RuleContext, read: &GlobalRead, workers: &Workers) -> bool {
    let facts = ctx.eval.file(read.file);
    let tree = facts.tree();
    let in_workers = |node: &NodeId| {
        let mut own = workers.reached.iter().filter(|function| function.file == read.file);
        own.any(|function| tree.contains(function.node, *node))
    };
    let is_stored_into = |node: NodeId| {
        let part = tree.parent(node).filter(|part| match tree.kind(*part) {
            Kind::Attribute => tree.field(node) == Field::Object,
            Kind::Subscript => tree.field(node) == Field::Value,
            _ => false,
        });
        part.is_some_and(|part| {
            let up = tree.parent(part).map(|up| tree.kind(up));
            up == Some(Kind::Assignment) && tree.field(part) == Field::Left
        })
    };
    let references = facts.scopes.references(facts.scopes.module(), &read.name).iter().copied();
    let mut reads = references.filter(in_workers).peekable();
    reads.peek().is_some() && reads.all(is_stored_into)
}

/// Whether a change happens in the main process, before the workers of a dispatch get what they read.
fn is_by_parent(ctx: &RuleContext, site: Site, workers: &Workers) -> bool {
    by_parent(ctx, site, workers, MAX_DEPTH)
}

fn by_parent(ctx: &RuleContext, site: Site, workers: &Workers, depth: u32) -> bool {
    let senders = [workers.handover, workers.dispatch.call];
    let function = ctx
        .eval
        .file(site.file)
        .enclosing_function(site.node)
        .map(|node| Site { file: site.file, node });
    if function.is_some_and(|function| workers.reached.contains(&function)) {
        return false;
    }
    let by_sender = globals::is_done_by_sender(ctx.eval, site, &senders);
    let at_import =
        function.filter(|function| !by_sender && !globals::is_main_only(ctx.eval, *function));
    if let Some(function) = at_import {
        // What children do when they import, the parent may do once more.
        return depth > 0
            && calls_of(ctx, function)
                .into_iter()
                .filter(|call| class_attributes::is_late(ctx.eval, *call))
                .any(|call| by_parent(ctx, call, workers, depth - 1));
    }
    let is_before = || {
        workers
            .moments
            .iter()
            .chain(by_sender.then_some(&workers.handover))
            .any(|moment| ctx.eval.is_before(site, *moment))
    };
    // Workers that a loop starts once more get what the round before has changed.
    let is_before_next = || {
        let made = workers.dispatch.made.unwrap_or(workers.dispatch.call);
        ctx.eval.is_before_again(site, made)
            && workers.moments.iter().any(|moment| ctx.eval.is_before_again(site, *moment))
    };
    // What sends may be called from elsewhere, too.
    let is_in_their_run = || ctx.eval.are_in_one_run(site, workers.handover);
    (is_before() || is_before_next()) && is_in_their_run()
}

/// The places that run a function: its calls, and for `__init_subclass__` the classes that derive from its own.
fn calls_of(ctx: &RuleContext, function: Site) -> Vec<Site> {
    let facts = ctx.eval.file(function.file);
    if facts.definition_name(function.node) != "__init_subclass__" {
        return ctx.eval.callers(function);
    }
    let class = facts.tree().enclosing(function.node, &[Kind::ClassDefinition]);
    let class = class.map(|node| Site { file: function.file, node });
    class.map_or_else(Vec::new, |class| ctx.eval.subclasses(class).to_vec())
}

/// The places that bind a global anew, in functions or under the guard, that is defined or imported when its module is.
fn replacements(ctx: &RuleContext, read: &GlobalRead) -> Vec<Site> {
    let facts = ctx.eval.file(read.file);
    let bindings = facts.scopes.bindings(facts.scopes.module(), &read.name);
    // The name of a definition stands inside it.
    let at_import = |definition: NodeId| {
        facts.enclosing_function(definition).is_none() && guard_around(facts, definition).is_none()
    };
    let is_first = |binding: &Binding| match binding.kind {
        BindingKind::FunctionDef(node) | BindingKind::ClassDef(node) => at_import(node),
        _ => placement(facts, binding) == Placement::Import,
    };
    // What was imported stays what it was when its module binds its own name anew.
    let is_import = |binding: &Binding| matches!(binding.kind, BindingKind::Import { .. });
    let is_definition = bindings.iter().any(|binding| {
        let defines =
            matches!(binding.kind, BindingKind::FunctionDef(_) | BindingKind::ClassDef(_));
        is_first(binding) && (defines || is_import(binding))
    });
    if !is_definition {
        return Vec::new();
    }
    let late = bindings
        .iter()
        .filter(|binding| !is_first(binding) && !is_import(binding))
        .map(|binding| Site { file: read.file, node: binding.node });
    let outside = globals::changes_from_outside(ctx.eval, read.file, &read.name)
        .into_iter()
        .filter(|(_, binds)| *binds)
        .map(|row| row.0);
    let by_string = class_attributes::bound_by_string(ctx.eval, read.file, &read.name);
    late.chain(outside).chain(by_string).collect()
}

/// Multiprocessing's own objects are the business of another rule.
fn is_shared(ctx: &RuleContext, file: FileId, binding: &crate::facts::scopes::Binding) -> bool {
    ctx.eval.binding_values(file, binding).iter().any(|value| {
        matches!(value, Value::Instance(crate::project::Type::External { path, .. }) if crate::catalogue::objects::made_by(path).is_some_and(|object| object.shared))
    })
}
