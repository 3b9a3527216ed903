//! Lambda lifting: a local function, lambda or class moves to module level, with the local definitions
//! it needs, and every use gets the captured values bound.
//!
//! Three steps: [`Group::collect`] gathers facts, [`judge`](Group::judge) is the only place that says no,
//! [`Group::print`] writes edits.

use super::binding::{self, Form, Use};
use super::body::{Definition, Style};
use super::captures::{self, CaptureKind, Variable};
use super::member::{companions, holder, in_moved_part, inner_names, is_class, takes_any_keyword, unmangled};
use super::{attribute_captures, defaults, fresh_name, imports, place};
use crate::facts::FileFacts;
use crate::facts::scopes::BindingKind;
use crate::findings::{Applicability, Fix, Reason, Refusal};
use crate::project::{Eval, FileId, Site};
use crate::rewrite::Bind;
use crate::syntax::{Kind, NodeId};
use crate::text::Edit;
use std::collections::{BTreeMap, BTreeSet};

/// One definition that moves.
#[derive(Debug)]
pub(super) struct Member {
    /// The `def`, lambda or class.
    pub(super) node: NodeId,
    /// The local variable that holds it, if one does.
    pub(super) variable: Option<Variable>,
    /// The statement that binds that variable.
    pub(super) statement: Option<NodeId>,
    /// The module-level name it gets.
    pub(super) name: String,
    /// What it needs, own and forwarded, by variable; the value is the parameter's name.
    pub(super) values: BTreeMap<Variable, String>,
    /// Own parameters whose defaults read the enclosing function: bound with the value they had at the definition.
    pub(super) defaults: Vec<defaults::BoundDefault>,
    /// Import statements for its body.
    pub(super) prelude: Vec<String>,
    /// Members that it uses.
    pub(super) uses: BTreeSet<usize>,
    /// `Class.register(…)` statements, which move with a manager class.
    pub(super) companions: Vec<NodeId>,
    keeps_name: bool,
    own: Vec<captures::Capture>,
}

/// The definitions that move together; the first is the one that was asked for.
#[derive(Debug)]
pub struct Group<'e, 'p> {
    pub(super) eval: &'e Eval<'p>,
    pub(super) file: FileId,
    pub(super) members: Vec<Member>,
    /// The dispatches that the first member reaches in this file.
    pub(super) dispatches: Vec<Use>,
    bind: Bind,
}

impl<'e, 'p> Group<'e, 'p> {
    /// Gathers `callable` and everything it needs.
    pub fn collect(eval: &'e Eval<'p>, callable: Site, dispatches: Vec<Use>, bind: Bind) -> Result<Self, Refusal> {
        let mut group = Self { eval, file: callable.file, members: Vec::new(), dispatches, bind };
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
            for node in group.definitions_beside(at) {
                if !group.members.iter().any(|member| member.node == node) {
                    group.add(node)?;
                }
            }
            at += 1;
        }
        group.spread();
        for member in &mut group.members {
            if let Some(variable) = member.variable.as_ref().filter(|_| member.keeps_name && member.values.is_empty() && member.defaults.is_empty()) {
                member.name.clone_from(&variable.name);
            }
        }
        Ok(group)
    }

    pub(super) fn facts(&self) -> &'p FileFacts {
        self.eval.file(self.file)
    }

    /// The definition above whose statement all of them go.
    fn anchor(&self) -> NodeId {
        self.members.iter().map(|member| member.node).min().unwrap_or(self.members[0].node)
    }

    /// The offset of the module-level statement in front of which they go.
    fn limit(&self) -> u32 {
        let facts = self.facts();
        facts.tree().start(facts.top_level_statement(self.anchor()))
    }

    /// Whether every dispatch carries multiprocessing's own objects.
    fn inheritance(&self) -> bool {
        !self.dispatches.is_empty() && self.dispatches.iter().all(|each| each.dispatch.carries_primitives(self.eval.project))
    }

    fn add(&mut self, node: NodeId) -> Result<usize, Refusal> {
        let facts = self.facts();
        let own = attribute_captures::split(self.eval, self.file, node, captures::of(self.eval, self.file, node)?, self.inheritance());
        let (variable, statement) = holder(facts, node);
        let base = match (&variable, facts.tree().kind(node)) {
            (Some(variable), _) => variable.name.clone(),
            (None, Kind::Lambda) => super::describe::descriptive_name(facts, node),
            (None, _) => facts.definition_name(node).to_owned(),
        };
        let mut name = fresh_name::module_name(facts, &base);
        // What the guard binds has a module-level name already; it is kept as long as nothing is bound to it. So is the
        // name of a class that prints it.
        let keeps_name = variable.as_ref().is_some_and(|variable| {
            if variable.home == facts.scopes.module() {
                return captures::guard_around(facts, node).is_some();
            }
            self.keeps_class_name(variable, node) || super::member::keeps_private_name(facts, variable, node)
        });
        while self.members.iter().any(|member| member.name == name) {
            name.push('_');
        }
        let prelude = own.iter().filter_map(|capture| match &capture.kind {
            CaptureKind::Module { statement } => Some(statement.clone()),
            _ => None,
        });
        let prelude = imports::joined(prelude);
        self.members.push(Member {
            node,
            defaults: defaults::reading_outside(facts, node),
            companions: companions(facts, node, variable.as_ref()),
            variable,
            statement,
            name,
            keeps_name,
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
            && super::member::is_only_binding(facts, variable, node)
            && super::member::is_free_at_module_level(facts, &variable.name)
            && super::member::shows_its_name(self.eval, Site { file: self.file, node })
    }

    /// The local definitions that the statements moving with a class name.
    fn definitions_beside(&self, at: usize) -> Vec<NodeId> {
        let facts = self.facts();
        let tree = facts.tree();
        let names = self.members[at].companions.iter().flat_map(|statement| tree.subtree(*statement)).filter(|node| tree.kind(*node) == Kind::Identifier);
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

    /// Gives every member the values that it needs itself and those that it has to forward.
    fn spread(&mut self) {
        let mut needed: Vec<BTreeSet<Variable>> = self
            .members
            .iter()
            .map(|member| member.own.iter().filter(|capture| capture.kind == CaptureKind::Value).map(|capture| capture.variable.clone()).collect())
            .collect();
        let mut changed = true;
        while changed {
            changed = false;
            for at in 0..self.members.len() {
                let more: Vec<Variable> = self.members[at].uses.iter().flat_map(|used| needed[*used].iter().cloned()).collect();
                for variable in more {
                    changed |= needed[at].insert(variable);
                }
            }
        }
        for (at, variables) in needed.into_iter().enumerate() {
            let facts = self.facts();
            let own: BTreeSet<String> = self.members[at].own.iter().map(|capture| capture.variable.name.clone()).collect();
            let mut taken: BTreeSet<String> = inner_names(facts, self.members[at].node).difference(&own).cloned().collect();
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
        let mut ordered: Vec<Variable> = own.iter().map(|capture| capture.variable.clone()).filter(|variable| variables.contains(variable)).collect();
        for variable in variables {
            if !ordered.contains(&variable) {
                ordered.push(variable);
            }
        }
        ordered
    }

    /// The values of a member as (variable, parameter) in the order of parameters.
    pub(super) fn parameters(&self, at: usize) -> Vec<(Variable, String)> {
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
    pub(super) fn judge_within(&self, depth: u32) -> Result<(), Refusal> {
        let inheritance = self.inheritance();
        for member in &self.members {
            let facts = self.facts();
            super::judge::introspection(facts, member.node)?;
            super::judge::header(self.eval, self.file, member.node, self.anchor())?;
            super::evaluated::edits(facts, member.node, self.limit())
                .ok_or_else(|| unsupported("an annotation names what is bound later, and cannot be quoted"))?;
            captures::judge(self.eval, self.file, member.node, &member.own, inheritance, depth)?;
            defaults::judge(self, member)?;
            super::decorators::judge(self, member)?;
            if facts.tree().kind(member.node) == Kind::ClassDefinition && !member.values.is_empty() {
                let names: Vec<String> = member.values.keys().map(|variable| format!("'{}'", variable.expression())).collect();
                return Err(Refusal::new(
                    Reason::UnsupportedShape,
                    format!("the local class '{}' reads {} of the enclosing function", facts.definition_name(member.node), names.join(", ")),
                    "move the class to module level and give it what it reads through its constructor",
                ));
            }
        }
        Ok(())
    }

    /// The rewrite.
    pub fn print(&self, title: String) -> Result<Fix, Refusal> {
        let facts = self.facts();
        let mut edits: Vec<Edit> = Vec::new();
        let mut new_names: Vec<String> = self.members.iter().map(|member| member.name.clone()).collect();
        let leaves = self.dispatches.iter().filter(|each| each.leaf.file == self.file).map(|each| each.leaf.node);
        let users: Vec<NodeId> = self.members.iter().map(|member| member.node).chain(leaves).collect();
        let partial = imports::import(facts, "functools", "partial", &users);
        let mut needs_partial = false;

        let plan = binding::plan(self, self.bind, &partial.expression)?;
        needs_partial |= plan.needs_partial;
        edits.extend(plan.outside.iter().cloned());
        edits.extend(plan.removed.iter().map(|statement| place::remove_statement(facts, *statement)));

        let mut texts = Vec::new();
        for at in self.order() {
            let (inside, partial_inside) = self.edits_inside(at, &partial.expression);
            needs_partial |= partial_inside;
            let definition = Definition {
                facts,
                node: self.members[at].node,
                name: self.members[at].name.clone(),
                type_parameters: super::member::type_parameters(facts, self.members[at].node),
                parameters: self.parameters(at).into_iter().map(|row| row.1).chain(self.members[at].defaults.iter().map(|row| row.name.clone())).collect(),
                dropped: self.members[at].defaults.iter().map(|row| row.parameter).collect(),
                style: plan.styles[at],
                prelude: self.members[at].prelude.clone(),
                edits: inside,
                unit: place::indent_unit(facts),
            };
            texts.push(definition.text().ok_or_else(|| unsupported("two changes of the body meet"))?);
        }
        // Behind all definitions, since they may name any of them.
        for (at, member) in self.members.iter().enumerate() {
            for statement in &member.companions {
                texts.push(self.companion_text(at, *statement)?);
                edits.push(place::remove_statement(facts, *statement));
            }
        }
        if needs_partial && let Some(each) = self.dispatches.iter().find(|each| each.dispatch.api(self.eval.project).needs_name) {
            return Err(super::arguments::nameless(each.dispatch.api(self.eval.project)));
        }
        let newline = facts.source.newline();
        edits.push(place::insert_above(facts, self.anchor(), &texts.join(&newline.repeat(3))));
        if needs_partial {
            // In front, since it may go to the same place as the definitions.
            edits.splice(0..0, partial.edit.clone());
            new_names.extend(partial.new_name.clone());
        }
        let edits = facts.file_edits(edits);
        Ok(Fix { title, applicability: Applicability::Safe, edits, new_names })
    }

    /// A statement that moves behind the class, with the class's new name.
    fn companion_text(&self, at: usize, statement: NodeId) -> Result<String, Refusal> {
        let facts = self.facts();
        let tree = facts.tree();
        let span = tree.span(statement);
        let mut edits = super::body::reindent_edits(facts, span, crate::text::indent::indentation(facts.all(), span.start), "");
        for node in tree.subtree(statement).filter(|node| tree.kind(*node) == Kind::Identifier) {
            let Some((home, name)) = facts.scopes.resolve_name(node) else { continue };
            let member = self.members.iter().find(|member| member.variable.as_ref().is_some_and(|variable| variable.home == home && variable.name == name));
            match member {
                Some(member) => edits.push(Edit::replace(tree.span(node), member.name.clone())),
                None if home == facts.scopes.module() || tree.contains(statement, facts.scopes.get(home).node) => {}
                None => {
                    let class = facts.definition_name(self.members[at].node);
                    return Err(unsupported(&format!("'{class}.register' is given '{name}' of the enclosing function")));
                }
            }
        }
        super::body::apply_inside(facts, span, edits).ok_or_else(|| unsupported("two changes of a statement meet"))
    }

    /// Definitions that decorators or bases of others need come first; else the order of the text.
    fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.members.len()).collect();
        order.sort_by_key(|at| self.members[*at].node);
        order
    }

    /// Renames and forwarded values inside a member's own text.
    fn edits_inside(&self, at: usize, partial: &str) -> (Vec<Edit>, bool) {
        let facts = self.facts();
        let tree = facts.tree();
        let member = &self.members[at];
        let mut edits = Vec::new();
        let mut needs_partial = false;
        for (index, used) in self.members.iter().enumerate() {
            let Some(variable) = &used.variable else { continue };
            for read in facts.scopes.references(variable.home, &variable.name) {
                // The innermost member that holds the read writes it.
                let holder = self.members.iter().filter(|other| tree.contains(other.node, *read)).max_by_key(|other| other.node);
                if holder.is_none_or(|holder| holder.node != member.node) || !in_moved_part(facts, member.node, *read) {
                    continue;
                }
                let given: Vec<(String, String)> = self
                    .parameters(index)
                    .into_iter()
                    .map(|(variable, parameter)| {
                        let value = member.values.get(&variable).cloned().unwrap_or_else(|| variable.expression());
                        (parameter, value)
                    })
                    .collect();
                let given = given.into_iter().chain(used.defaults.iter().map(defaults::BoundDefault::given)).collect();
                let form = Form { name: used.name.clone(), given, leading: self.is_leading(index) };
                let (found, partial_used) = form.at_read(self.eval, Site { file: self.file, node: *read }, partial);
                edits.extend(found);
                needs_partial |= partial_used;
            }
        }
        let attributes = member.own.iter().filter(|capture| capture.variable.attribute.is_some());
        let parameters: Vec<Edit> = attributes
            .flat_map(|capture| {
                capture.reads.iter().map(|read| Edit::replace(tree.span(*read), member.values.get(&capture.variable).cloned().unwrap_or_default()))
            })
            .collect();
        edits.extend(unmangled(facts, member.node).into_iter().filter(|edit| !parameters.iter().any(|have| have.span.contains(edit.span))));
        edits.extend(parameters);
        edits.extend(super::decorators::left_behind(self.eval, self.file, member.node));
        edits.extend(super::evaluated::edits(facts, member.node, self.limit()).unwrap_or_default());
        (edits, needs_partial)
    }

    /// Whether a member takes `**kwargs`, so that bound values have to come in front by position.
    pub(super) fn is_leading(&self, at: usize) -> bool {
        takes_any_keyword(self.facts(), self.members[at].node)
    }

    /// The style of a member whose values are bound by keyword or by position in front.
    pub(super) fn style(&self, at: usize) -> Style {
        if self.is_leading(at) { Style::Leading } else { Style::Keyword }
    }
}

fn unsupported(what: &str) -> Refusal {
    Refusal::new(Reason::UnsupportedShape, what, "move it to module level by hand")
}
