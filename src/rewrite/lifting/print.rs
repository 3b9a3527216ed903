//! The edits of a lambda lifting: the definitions at module level, and every use with the captured values bound.

use crate::facts::FileFacts;
use crate::findings::{Applicability, Fix, Refusal};
use crate::project::Site;
use crate::rewrite::lifting::arguments;
use crate::rewrite::lifting::binding::{self, Form};
use crate::rewrite::lifting::body;
use crate::rewrite::lifting::body::Definition;
use crate::rewrite::lifting::captures::Variable;
use crate::rewrite::lifting::class_constructor;
use crate::rewrite::lifting::class_values;
use crate::rewrite::lifting::decorators;
use crate::rewrite::lifting::evaluated;
use crate::rewrite::lifting::hoist::{Group, unsupported};
use crate::rewrite::lifting::member;
use crate::rewrite::lifting::member::{in_moved_part, is_class, unmangled};
use crate::rewrite::{fresh_name, imports, place};
use crate::syntax::{Kind, NodeId, Tree};
use crate::text::Edit;

impl Group<'_, '_> {
    /// The rewrite.
    pub fn print(mut self, title: String) -> Result<Fix, Refusal> {
        let (mut fix, mut definitions, removed) = self.printed(&title)?;
        if self.take_freed_names(&removed) {
            (fix, definitions, _) = self.printed(&title)?;
        }
        let Some(name) = self.lambda_made_before(&definitions) else { return Ok(fix) };
        self.members[0].name.clone_from(&name);
        let (mut fix, definitions, _) = self.printed(&title)?;
        let facts = self.facts();
        let own = place::insert_above(facts, self.anchor(), &definitions);
        fix.edits.retain(|edit| edit.edit != own);
        fix.new_names.retain(|new| *new != name);
        Ok(fix)
    }

    /// Gives private local functions that leave nothing behind their own names, and says whether there are any.
    fn take_freed_names(&mut self, removed: &[NodeId]) -> bool {
        let module = self.facts().scopes.module();
        let mut any = false;
        for member in self.members.iter_mut().filter(|member| member.keeps_name) {
            let own = member
                .variable
                .as_ref()
                .filter(|variable| variable.home != module && variable.name != member.name);
            if let Some(variable) = own
                .filter(|_| member.statement.is_some_and(|statement| removed.contains(&statement)))
            {
                member.name.clone_from(&variable.name);
                any = true;
            }
        }
        any
    }

    /// The name of the function that an earlier lambda of the same text became, where it stands above this one.
    fn lambda_made_before(&self, definition: &str) -> Option<String> {
        let facts = self.facts();
        let tree = facts.tree();
        let [member] = self.members.as_slice() else { return None };
        if tree.kind(member.node) != Kind::Lambda {
            return None;
        }
        let base = member.variable.as_ref().map_or_else(
            || crate::rewrite::describe::descriptive_name(facts, member.node),
            |variable| variable.name.clone(),
        );
        let stem = fresh_name::stem(&base);
        let (lead, rest) = definition.split_once(&member.name)?;
        let above = tree.children(Tree::ROOT).filter(|node| {
            tree.kind(*node) == Kind::FunctionDefinition && tree.end(*node) <= self.limit()
        });
        let names = above.filter(|node| {
            let name = facts.definition_name(*node);
            let is_numbered = |tail: &str| {
                tail.strip_prefix('_').is_some_and(|number| {
                    !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
                })
            };
            name.strip_prefix(&stem).is_some_and(|tail| tail.is_empty() || is_numbered(tail))
                && facts.text(*node) == format!("{lead}{name}{rest}")
                && facts.scopes.bindings(facts.scopes.module(), name).len() == 1
        });
        names.map(|node| facts.definition_name(node).to_owned()).next()
    }

    /// The rewrite, the definitions that it puts at module level, and the statements that it takes out.
    fn printed(&self, title: &str) -> Result<(Fix, String, Vec<NodeId>), Refusal> {
        let facts = self.facts();
        let mut edits: Vec<Edit> = Vec::new();
        let mut new_names: Vec<String> =
            self.members.iter().map(|member| member.name.clone()).collect();
        let leaves = self
            .dispatches
            .iter()
            .filter(|each| each.leaf.file == self.file)
            .map(|each| each.leaf.node);
        let users: Vec<NodeId> =
            self.members.iter().map(|member| member.node).chain(leaves).collect();
        let partial = imports::import(facts, "functools", "partial", &users);
        let mut needs_partial = false;

        let plan = binding::plan(self, self.bind, &partial.expression)?;
        needs_partial |= plan.needs_partial;
        edits.extend(plan.outside.iter().cloned());
        edits.extend(
            plan.removed.iter().map(|statement| place::remove_statement(facts, *statement)),
        );

        let mut texts = Vec::new();
        for at in self.order() {
            let (inside, partial_inside) = self.edits_inside(at, &partial.expression);
            needs_partial |= partial_inside;
            let definition = Definition {
                facts,
                node: self.members[at].node,
                name: self.members[at].name.clone(),
                type_parameters: member::type_parameters(facts, self.members[at].node),
                parameters: self
                    .parameters(at)
                    .into_iter()
                    .map(|row| row.1)
                    .chain(self.members[at].defaults.iter().map(|row| row.name.clone()))
                    .collect(),
                dropped: self.members[at].defaults.iter().map(|row| row.parameter).collect(),
                style: plan.styles[at],
                prelude: self.members[at].prelude.clone(),
                edits: inside,
                unit: place::indent_unit(facts),
            };
            let text =
                definition.text().ok_or_else(|| unsupported("two changes of the body meet"))?;
            let removed =
                self.members[at].statement.filter(|statement| plan.removed.contains(statement));
            texts.push(
                match removed.filter(|_| facts.tree().kind(self.members[at].node) == Kind::Lambda) {
                    Some(statement) => with_comments(facts, text, statement, self.members[at].node),
                    None => text,
                },
            );
        }
        // Behind all definitions, since they may name any of them.
        for (at, member) in self.members.iter().enumerate() {
            for statement in &member.companions {
                texts.push(self.companion_text(at, *statement)?);
                edits.push(place::remove_statement(facts, *statement));
            }
        }
        if needs_partial
            && let Some(each) =
                self.dispatches.iter().find(|each| each.dispatch.api(self.eval.project).needs_name)
        {
            return Err(arguments::nameless(each.dispatch.api(self.eval.project)));
        }
        let newline = facts.source.newline();
        let definitions = texts.join(&newline.repeat(3));
        edits.push(place::insert_above(facts, self.anchor(), &definitions));
        if needs_partial {
            // In front, since it may go to the same place as the definitions.
            edits.splice(0..0, partial.edit.clone());
            new_names.extend(partial.new_name.clone());
        }
        let edits = facts.file_edits(edits);
        Ok((
            Fix { title: title.to_owned(), applicability: Applicability::Safe, edits, new_names },
            definitions,
            plan.removed,
        ))
    }

    /// A statement that moves behind the class, with the class's new name.
    fn companion_text(&self, at: usize, statement: NodeId) -> Result<String, Refusal> {
        let facts = self.facts();
        let tree = facts.tree();
        let span = tree.span(statement);
        let mut edits = body::reindent_edits(
            facts,
            span,
            crate::text::indent::indentation(facts.all(), span.start),
            "",
        );
        for node in tree.subtree(statement).filter(|node| tree.kind(*node) == Kind::Identifier) {
            let Some((home, name)) = facts.scopes.resolve_name(node) else { continue };
            let member = self.members.iter().find(|member| {
                member
                    .variable
                    .as_ref()
                    .is_some_and(|variable| variable.home == home && variable.name == name)
            });
            match member {
                Some(member) => edits.push(Edit::replace(tree.span(node), member.name.clone())),
                None if home == facts.scopes.module()
                    || tree.contains(statement, facts.scopes.get(home).node) => {}
                None => {
                    let class = facts.definition_name(self.members[at].node);
                    return Err(unsupported(&format!(
                        "'{class}.register' is given '{name}' of the enclosing function"
                    )));
                }
            }
        }
        body::apply_inside(facts, span, edits)
            .ok_or_else(|| unsupported("two changes of a statement meet"))
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
                let holder = self
                    .members
                    .iter()
                    .filter(|other| in_moved_part(facts, other.node, *read))
                    .max_by_key(|other| other.node);
                if holder.is_none_or(|holder| holder.node != member.node)
                    || !in_moved_part(facts, member.node, *read)
                {
                    continue;
                }
                let given: Vec<(String, String)> = self
                    .parameters(index)
                    .into_iter()
                    .map(|(variable, parameter)| {
                        let value = self.value_inside(at, &variable, *read);
                        (parameter, value)
                    })
                    .collect();
                let given = given
                    .into_iter()
                    .chain(used.defaults.iter().map(|row| row.given_inside(self, used, *read)))
                    .collect();
                let form = Form { name: used.name.clone(), given, leading: self.is_leading(index) };
                let site = Site { file: self.file, node: *read };
                let of_class = is_class(facts, used.node);
                let (found, partial_used) = if of_class {
                    form.of_class(self.eval, site, partial)
                } else {
                    form.at_read(self.eval, site, partial)
                };
                edits.extend(found);
                needs_partial |= partial_used;
            }
        }
        if is_class(facts, member.node) {
            edits.extend(class_constructor::edits(self, at));
        }
        let attributes = member.own.iter().filter(|capture| {
            capture.variable.attribute.is_some() && !is_class(facts, member.node)
        });
        let parameters: Vec<Edit> = attributes
            .flat_map(|capture| {
                capture.reads.iter().map(|read| {
                    Edit::replace(
                        tree.span(*read),
                        member.values.get(&capture.variable).cloned().unwrap_or_default(),
                    )
                })
            })
            .collect();
        edits.extend(
            unmangled(facts, member.node)
                .into_iter()
                .filter(|edit| !parameters.iter().any(|have| have.span.contains(edit.span))),
        );
        edits.extend(parameters);
        edits.extend(decorators::left_behind(self.eval, self.file, member));
        edits.extend(evaluated::edits(facts, member.node, self.limit()).unwrap_or_default());
        (edits, needs_partial)
    }

    /// What a member that moves writes at `read` for a captured variable.
    fn value_inside(&self, at: usize, variable: &Variable, read: NodeId) -> String {
        let member = &self.members[at];
        if is_class(self.facts(), member.node) {
            return class_values::value_at(self, at, variable, read)
                .unwrap_or_else(|| variable.expression());
        }
        member.values.get(variable).cloned().unwrap_or_else(|| variable.expression())
    }
}

/// The text of the function that a lambda becomes, with the comments of the statement that held it. Those of a `def` are part of
/// its own text.
fn with_comments(facts: &FileFacts, mut text: String, statement: NodeId, lambda: NodeId) -> String {
    let (above, behind) = place::comments_of(facts, statement, lambda);
    if let Some(end) = text.find(['\r', '\n']).filter(|end| text[..*end].ends_with(':')) {
        text.insert_str(
            end,
            &behind.iter().map(|comment| format!("  {comment}")).collect::<String>(),
        );
    }
    text.insert_str(
        0,
        &above
            .into_iter()
            .map(|comment| format!("{comment}{}", facts.source.newline()))
            .collect::<String>(),
    );
    text
}
