//! Lambda lifting: a local function, lambda or class moves to module level, with the local definitions
//! it needs, and every use gets the captured values bound.
//!
//! Three steps: [`Group::collect`] gathers facts, [`judge`](Group::judge) is the only place that says no,
//! [`Group::print`] (in `print`) writes edits.

use crate::facts::FileFacts;
use crate::facts::scopes::BindingKind;
use crate::findings::{Reason, Refusal};
use crate::project::{Eval, FileId, Site};
use crate::rewrite::Bind;
use crate::rewrite::lifting::body::Style;
use crate::rewrite::lifting::call_state;
use crate::rewrite::lifting::captures::{self, CaptureKind, Variable};
use crate::rewrite::lifting::changed_by_parent;
use crate::rewrite::lifting::class_values;
use crate::rewrite::lifting::decorators;
use crate::rewrite::lifting::evaluated;
use crate::rewrite::lifting::forwarding;
use crate::rewrite::lifting::judge;
use crate::rewrite::lifting::member;
use crate::rewrite::lifting::member::{
    companions, holder, inner_names, is_class, takes_any_keyword,
};
use crate::rewrite::lifting::registered;
use crate::rewrite::lifting::shown;
use crate::rewrite::lifting::uses::Use;
use crate::rewrite::{
    fresh_name, imports,
    lifting::{attribute_captures, defaults},
};
use crate::syntax::{Kind, NodeId};
use std::collections::{BTreeMap, BTreeSet};

/// One definition that moves.
#[derive(Debug)]
pub(in crate::rewrite) struct Member {
    /// The `def`, lambda or class.
    pub(in crate::rewrite) node: NodeId,
    /// The local variable that holds it, if one does.
    pub(in crate::rewrite) variable: Option<Variable>,
    /// The statement that binds that variable.
    pub(in crate::rewrite) statement: Option<NodeId>,
    /// The module-level name it gets.
    pub(in crate::rewrite) name: String,
    /// What it needs, own and forwarded, by variable; the value is the parameter's name.
    pub(in crate::rewrite) values: BTreeMap<Variable, String>,
    /// Own parameters whose defaults read the enclosing function: bound with the value they had at the definition.
    pub(in crate::rewrite) defaults: Vec<defaults::BoundDefault>,
    /// Import statements for its body.
    pub(in crate::rewrite) prelude: Vec<String>,
    /// Members that it uses.
    pub(in crate::rewrite) uses: BTreeSet<usize>,
    /// `Class.register(…)` statements, which move with a manager class.
    pub(in crate::rewrite) companions: Vec<NodeId>,
    pub(in crate::rewrite) keeps_name: bool,
    /// Whether the local function stays, and calls the one at module level: the program looks at it.
    pub(in crate::rewrite) forwards: bool,
    /// Whether the function at module level has none of the decorators.
    pub(in crate::rewrite) undecorated: bool,
    pub(in crate::rewrite) own: Vec<captures::Capture>,
}

/// The definitions that move together; the first is the one that was asked for.
#[derive(Debug)]
pub struct Group<'e, 'p> {
    pub(in crate::rewrite) eval: &'e Eval<'p>,
    pub(in crate::rewrite) file: FileId,
    pub(in crate::rewrite) members: Vec<Member>,
    /// The dispatches that the first member reaches in this file.
    pub(in crate::rewrite) dispatches: Vec<Use>,
    pub(in crate::rewrite) bind: Bind,
    /// Whether what the objects of a class hold travels with processes only, which carry multiprocessing's own objects.
    inherits: bool,
    /// What the methods of a class read and the parent changes before it is defined.
    changed: Vec<Variable>,
}

impl<'e, 'p> Group<'e, 'p> {
    /// Gathers `callable` and everything it needs.
    pub fn collect(
        eval: &'e Eval<'p>,
        callable: Site,
        dispatches: Vec<Use>,
        bind: Bind,
    ) -> Result<Self, Refusal> {
        Self {
            eval,
            file: callable.file,
            members: Vec::new(),
            dispatches,
            bind,
            inherits: false,
            changed: Vec::new(),
        }
        .collected(callable)
    }

    /// Gathers a class and everything it needs. `inherits` tells whether its objects only travel with processes.
    pub fn of_class(
        eval: &'e Eval<'p>,
        class: Site,
        inherits: bool,
        bind: Bind,
        changed: &[Variable],
    ) -> Result<Self, Refusal> {
        Self {
            eval,
            file: class.file,
            members: Vec::new(),
            dispatches: Vec::new(),
            bind,
            inherits,
            changed: changed.to_vec(),
        }
        .collected(class)
    }

    fn collected(self, callable: Site) -> Result<Self, Refusal> {
        let mut group = self;
        group.add(callable.node)?;
        let mut at = 0;
        while at < group.members.len() {
            for capture in group.members[at].own.clone() {
                if let CaptureKind::Definition(node) = capture.kind {
                    let index = match group.members.iter().position(|member| member.node == node) {
                        Some(index) => index,
                        None => group.add(node)?,
                    };
                    group.members[at].uses.insert(index);
                }
            }
            let beside =
                group.definitions_beside(at).into_iter().chain(group.classes_of_captures(at));
            for node in beside.collect::<Vec<_>>() {
                if !group.members.iter().any(|member| member.node == node) {
                    group.add(node)?;
                }
            }
            at += 1;
        }
        group.spread();
        for member in &mut group.members {
            if let Some(variable) = member.variable.as_ref().filter(|_| {
                member.keeps_name && member.values.is_empty() && member.defaults.is_empty()
            }) {
                member.name.clone_from(&variable.name);
            }
        }
        for at in 0..group.members.len() {
            let local = forwarding::local(&group, at);
            group.members[at].forwards = local.is_some();
            group.members[at].undecorated = local == Some(forwarding::Local::Decorated);
        }
        Ok(group)
    }

    pub(in crate::rewrite) fn facts(&self) -> &'p FileFacts {
        self.eval.file(self.file)
    }

    /// What the parent changes before it sends the callable, where that reads it.
    fn changed(&self) -> Vec<&Variable> {
        let all = self.dispatches.iter().flat_map(|each| &each.changed);
        let mut found: Vec<&Variable> =
            all.map(|changed| &changed.variable).chain(&self.changed).collect();
        found.sort();
        found.dedup();
        found
    }

    /// Whether the parent changes a captured variable, and only before the class that reads it.
    pub(in crate::rewrite) fn is_changed_above(&self, variable: &Variable) -> bool {
        self.changed.contains(variable)
    }

    /// Whether the parent changes a captured variable, and if so, whether it does that before the callable is defined: no
    /// change comes between a use and its dispatch.
    pub(in crate::rewrite) fn changed_by_definition(&self, variable: &Variable) -> Option<bool> {
        let all = self.dispatches.iter().flat_map(|each| &each.changed);
        let its = all.filter(|changed| changed.variable == *variable);
        its.map(|changed| changed.by_definition).reduce(|one, other| one && other)
    }

    /// The definition above whose statement all of them go.
    pub(in crate::rewrite) fn anchor(&self) -> NodeId {
        self.members.iter().map(|member| member.node).min().unwrap_or(self.members[0].node)
    }

    /// The offset of the module-level statement in front of which they go.
    pub(in crate::rewrite) fn limit(&self) -> u32 {
        let facts = self.facts();
        facts.tree().start(facts.top_level_statement(self.anchor()))
    }

    /// Whether every dispatch carries multiprocessing's own objects.
    fn inheritance(&self) -> bool {
        self.inherits
            || !self.dispatches.is_empty()
                && self
                    .dispatches
                    .iter()
                    .all(|each| each.dispatch.carries_primitives(self.eval.project))
    }

    fn add(&mut self, node: NodeId) -> Result<usize, Refusal> {
        let facts = self.facts();
        let mut own = attribute_captures::split(
            self.eval,
            self.file,
            node,
            captures::of(self.eval, self.file, node)?,
            self.inheritance(),
        );
        let mut changed = self.changed();
        changed.retain(|variable| own.iter().all(|capture| capture.variable != **variable));
        let changed = changed_by_parent::captures(self.eval, self.file, node, &changed);
        if !changed.is_empty() {
            own.extend(changed);
            own.sort_by_key(|capture| capture.reads.first().copied());
        }
        let (variable, statement) = holder(facts, node);
        let base = match (&variable, facts.tree().kind(node)) {
            (Some(variable), _) => variable.name.clone(),
            (None, Kind::Lambda) => crate::rewrite::describe::descriptive_name(facts, node),
            (None, _) => facts.definition_name(node).to_owned(),
        };
        let mut name = fresh_name::module_name(facts, &base);
        // What the guard binds has a module-level name already; it is kept as long as nothing is bound to it. So is the
        // name of a class that prints it.
        let keeps_name = variable.as_ref().is_some_and(|variable| {
            if variable.home == facts.scopes.module() {
                return captures::guard_around(facts, node).is_some();
            }
            self.keeps_class_name(variable, node)
                || self.keeps_shown_name(variable, node)
                || member::keeps_private_name(facts, variable, node)
        });
        let taken = |name: &String| self.members.iter().any(|member| member.name == *name);
        if taken(&name) {
            let used = fresh_name::names_in_use(facts);
            let numbered = (2..=u32::from(u16::MAX))
                .map(|number| format!("{name}_{number}"))
                .find(|name| !taken(name) && !used.contains(name));
            name = numbered.unwrap_or(name);
        }
        let prelude = own.iter().filter_map(|capture| match &capture.kind {
            CaptureKind::Module { statement } => Some(statement.clone()),
            _ => None,
        });
        // A class has them in its methods.
        let prelude = if is_class(facts, node) { Vec::new() } else { imports::joined(prelude) };
        self.members.push(Member {
            node,
            defaults: defaults::reading_outside(facts, node),
            companions: companions(facts, node, variable.as_ref()),
            variable,
            statement,
            name,
            keeps_name,
            forwards: false,
            undecorated: false,
            values: BTreeMap::new(),
            prelude,
            uses: BTreeSet::new(),
            own,
        });
        Ok(self.members.len() - 1)
    }

    fn keeps_class_name(&self, variable: &Variable, node: NodeId) -> bool {
        let facts = self.facts();
        is_class(facts, node)
            && member::is_only_binding(facts, variable, node)
            && member::is_free_at_module_level(facts, &variable.name)
            && member::shows_its_name(self.eval, Site { file: self.file, node })
    }

    /// Whether the program reads the name of a local function, which it can have at module level.
    fn keeps_shown_name(&self, variable: &Variable, node: NodeId) -> bool {
        let facts = self.facts();
        facts.tree().kind(node) == Kind::FunctionDefinition
            && member::is_only_binding(facts, variable, node)
            && member::is_free_at_module_level(facts, &variable.name)
            && shown::reads_name(self.eval, Site { file: self.file, node })
    }

    /// The local definitions that the statements moving with a class name.
    fn definitions_beside(&self, at: usize) -> Vec<NodeId> {
        let facts = self.facts();
        let tree = facts.tree();
        let names = self.members[at]
            .companions
            .iter()
            .flat_map(|statement| tree.subtree(*statement))
            .filter(|node| tree.kind(*node) == Kind::Identifier);
        names
            .filter_map(|node| facts.scopes.resolve_name(node))
            .filter(|(home, _)| *home != facts.scopes.module())
            .filter_map(|(home, name)| match facts.scopes.bindings(home, name) {
                [one] => match one.kind {
                    BindingKind::FunctionDef(node) | BindingKind::ClassDef(node) => Some(node),
                    _ => None,
                },
                _ => None,
            })
            .collect()
    }

    /// The local classes of the objects that a member captures: children find those at module level.
    fn classes_of_captures(&self, at: usize) -> Vec<NodeId> {
        let captured = self.members[at].own.iter().filter(|capture| {
            capture.kind == CaptureKind::Value && capture.variable.attribute.is_none()
        });
        let reads = captured.filter_map(|capture| capture.reads.first());
        let classes = reads
            .flat_map(|read| self.eval.local_classes_held(Site { file: self.file, node: *read }));
        let own = self.members[at].node;
        classes
            .filter(|class| {
                class.file == self.file && !self.facts().tree().contains(own, class.node)
            })
            .map(|class| class.node)
            .collect()
    }

    /// Gives every member the values that it needs itself and those that it has to forward.
    fn spread(&mut self) {
        let mut needed: Vec<BTreeSet<Variable>> = self
            .members
            .iter()
            .map(|member| {
                member
                    .own
                    .iter()
                    .filter(|capture| capture.kind == CaptureKind::Value)
                    .map(|capture| capture.variable.clone())
                    .collect()
            })
            .collect();
        let mut changed = true;
        while changed {
            changed = false;
            for at in 0..self.members.len() {
                let more: Vec<Variable> = self.members[at]
                    .uses
                    .iter()
                    .flat_map(|used| needed[*used].iter().cloned())
                    .collect();
                for variable in more {
                    changed |= needed[at].insert(variable);
                }
            }
        }
        for (at, variables) in needed.into_iter().enumerate() {
            let facts = self.facts();
            let own: BTreeSet<String> =
                self.members[at].own.iter().map(|capture| capture.variable.name.clone()).collect();
            let node = self.members[at].node;
            let mut taken: BTreeSet<String> = if facts.tree().kind(node) == Kind::ClassDefinition {
                class_values::taken_names(self.eval, Site { file: self.file, node }, &variables)
            } else {
                inner_names(facts, node).difference(&own).cloned().collect()
            };
            let ordered = self.in_order(at, variables);
            for variable in ordered {
                let name = fresh_name::variable_name(&taken, variable.parameter());
                taken.insert(name.clone());
                self.members[at].values.insert(variable, name);
            }
        }
    }

    fn in_order(&self, at: usize, variables: BTreeSet<Variable>) -> Vec<Variable> {
        let own = &self.members[at].own;
        let mut ordered: Vec<Variable> = own
            .iter()
            .map(|capture| capture.variable.clone())
            .filter(|variable| variables.contains(variable))
            .collect();
        for variable in variables {
            if !ordered.contains(&variable) {
                ordered.push(variable);
            }
        }
        ordered
    }

    /// The values of a member as (variable, parameter) in the order of parameters.
    pub(in crate::rewrite) fn parameters(&self, at: usize) -> Vec<(Variable, String)> {
        let variables: BTreeSet<Variable> = self.members[at].values.keys().cloned().collect();
        self.in_order(at, variables)
            .into_iter()
            .map(|variable| {
                let name = self.members[at].values[&variable].clone();
                (variable, name)
            })
            .collect()
    }

    /// Says no where the rewrite would not be the same program.
    pub fn judge(&self) -> Result<(), Refusal> {
        self.judge_within(0)
    }

    /// As [`judge`](Self::judge), for what a callable captures that is `depth` steps away from the one that is sent.
    pub(in crate::rewrite) fn judge_within(&self, depth: u32) -> Result<(), Refusal> {
        let inheritance = self.inheritance();
        let plain = self
            .members
            .iter()
            .filter(|member| member.values.is_empty() && member.defaults.is_empty());
        let along: Vec<&Variable> = plain.filter_map(|member| member.variable.as_ref()).collect();
        for (at, member) in self.members.iter().enumerate() {
            let facts = self.facts();
            judge::introspection(facts, member.node)?;
            judge::header(self, member, &along)?;
            evaluated::edits(facts, member.node, self.limit()).ok_or_else(|| {
                unsupported("an annotation names what is bound later, and cannot be quoted")
            })?;
            let along: Vec<NodeId> = self.members.iter().map(|member| member.node).collect();
            captures::judge(
                self.eval,
                self.file,
                member.node,
                &member.own,
                &along,
                inheritance,
                depth,
            )?;
            defaults::judge(self, member)?;
            call_state::judge(self.eval, self.file, member.node)?;
            if !member.undecorated {
                decorators::judge(self, member)?;
            }
            if member.forwards {
                forwarding::judge(self, member)?;
            } else {
                registered::judge(self, member)?;
            }
            if !member::is_class(facts, member.node) {
                shown::judge(self, member)?;
            }
            if member::is_class(facts, member.node) {
                class_values::judge(self, at)?;
            }
        }
        Ok(())
    }

    /// Whether a member takes `**kwargs`, so that bound values have to come in front by position.
    pub(in crate::rewrite) fn is_leading(&self, at: usize) -> bool {
        takes_any_keyword(self.facts(), self.members[at].node)
    }

    /// The style of a member whose values are bound by keyword or by position in front.
    pub(in crate::rewrite) fn style(&self, at: usize) -> Style {
        if self.is_leading(at) { Style::Leading } else { Style::Keyword }
    }
}

pub(in crate::rewrite) fn unsupported(what: &str) -> Refusal {
    Refusal::new(Reason::UnsupportedShape, what, "move it to module level by hand")
}
