//! Places of a function that one call of it does not reach: `run(jobs, parallel=False)` does not come to the pool behind
//! `if parallel:`.

use crate::facts::scopes::{Binding, BindingKind};
use crate::project::values::reaching;
use crate::project::values::writes::AttributeWrite;
use crate::project::{Eval, Site, Value};
use crate::syntax::{Field, Kind, NodeId};
use std::cell::Cell;

/// Longer chains of variables are given up: `parallel = jobs > 1`, `jobs = jobs or 1`.
pub(super) const MAX_STEPS: u32 = 6;
/// How many variables are asked about for one way: each test on the way may ask about several, and so may what they are given.
pub(super) const MAX_EFFORT: u32 = 60;

/// One step from a function to a call of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::project) struct Frame {
    /// The call.
    pub call: Site,
    /// The function that it runs.
    pub function: Site,
    /// The places in the function that matter: where the parameter is read, and where it is handed on.
    pub places: [Site; 2],
}

/// A value that is known.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Constant {
    Nothing,
    /// A number; truth values are numbers in Python, too.
    Number(f64),
    Text(String),
}

impl Constant {
    pub(super) fn is_true(&self) -> bool {
        match self {
            Self::Nothing => false,
            Self::Number(number) => *number != 0.0,
            Self::Text(text) => !text.is_empty(),
        }
    }
}

impl Eval<'_> {
    /// Whether the way from the outermost of `frames` (the last) to the innermost cannot be taken.
    pub(in crate::project) fn is_dead(&self, frames: &[Frame]) -> bool {
        let effort = Cell::new(MAX_EFFORT);
        (0..frames.len()).any(|level| {
            let path = Path { eval: self, frames, level, steps: MAX_STEPS, effort: &effort };
            frames[level].places.iter().any(|place| path.never_reaches(*place))
        })
    }

    /// Whether the call that `argument` is given in does not come to `place`, in the function that it calls.
    pub(in crate::project) fn argument_avoids(&self, argument: Site, place: Site) -> bool {
        let tree = self.file(argument.file).tree();
        let call =
            tree.enclosing(argument.node, &[Kind::ArgumentList]).and_then(|list| tree.parent(list));
        let function = self.file(place.file).enclosing_function(place.node);
        call.zip(function).is_some_and(|(call, function)| {
            self.call_avoids(
                Site { file: argument.file, node: call },
                Site { file: place.file, node: function },
                &[place],
            )
        })
    }

    /// Whether a call of `function` does not come to the last of `places`: a place in the function and, as far as each is
    /// a call of another function, one in that.
    pub(in crate::project) fn call_avoids(
        &self,
        call: Site,
        function: Site,
        places: &[Site],
    ) -> bool {
        let (mut call, mut function) = (call, function);
        let mut frames = Vec::new();
        for place in places {
            frames.insert(0, Frame { call, function, places: [*place, *place] });
            let callee = self.file(place.file).tree().child(place.node, Field::Function);
            let Some(callee) = callee.map(|node| Site { file: place.file, node }) else { break };
            let called = self.values(callee).iter().find_map(|value| match value {
                Value::Function(called) | Value::Method { function: Some(called), .. } => {
                    Some(*called)
                }
                _ => None,
            });
            let Some(called) = called else { break };
            (call, function) = (*place, called);
        }
        self.is_dead(&frames)
    }
}

/// The view from one function of the way.
#[derive(Clone, Copy)]
pub(super) struct Path<'a, 'p> {
    pub(super) eval: &'a Eval<'p>,
    pub(super) frames: &'a [Frame],
    pub(super) level: usize,
    /// How many more variables are followed.
    pub(super) steps: u32,
    /// How many more are asked about in all.
    pub(super) effort: &'a Cell<u32>,
}

impl Path<'_, '_> {
    pub(super) fn never_reaches(&self, place: Site) -> bool {
        let function = self.frames[self.level].function;
        let tree = self.eval.file(function.file).tree();
        if place.file != function.file || !tree.contains(function.node, place.node) {
            return false;
        }
        let mut at = place.node;
        while let Some(up) = tree.parent(at).filter(|_| at != function.node) {
            let excluded = match tree.kind(up) {
                Kind::IfStatement => self.excluded_by_if(up, at),
                Kind::ElifClause => {
                    tree.field(at) == Field::Consequence && self.test_of(up) == Some(false)
                }
                Kind::ConditionalExpression => {
                    let parts: Vec<NodeId> = tree.children(up).collect();
                    let test = parts.get(1).and_then(|test| self.truth(*test));
                    (parts.first() == Some(&at) && test == Some(false))
                        || (parts.get(2) == Some(&at) && test == Some(true))
                }
                Kind::Block => tree
                    .children(up)
                    .take_while(|statement| *statement != at)
                    .any(|statement| self.always_leaves(statement)),
                _ => false,
            };
            if excluded {
                return true;
            }
            at = up;
        }
        false
    }

    fn excluded_by_if(&self, statement: NodeId, branch: NodeId) -> bool {
        let tree = self.eval.file(self.frames[self.level].function.file).tree();
        match tree.field(branch) {
            Field::Consequence => self.test_of(statement) == Some(false),
            Field::Alternative => {
                let earlier = tree
                    .children_in(statement, Field::Alternative)
                    .take_while(|clause| *clause != branch);
                self.test_of(statement) == Some(true)
                    || earlier.into_iter().any(|clause| self.test_of(clause) == Some(true))
            }
            _ => false,
        }
    }

    /// Whether a statement is an `if` of which the branch that is taken is known, and ends with `return` or `raise`.
    fn always_leaves(&self, statement: NodeId) -> bool {
        let tree = self.eval.file(self.frames[self.level].function.file).tree();
        if tree.kind(statement) != Kind::IfStatement {
            return false;
        }
        let clauses: Vec<NodeId> = std::iter::once(statement)
            .chain(tree.children_in(statement, Field::Alternative))
            .collect();
        let is_else = |clause: NodeId| tree.kind(clause) == Kind::ElseClause;
        let leaves = |clause: NodeId| {
            let block =
                tree.child(clause, if is_else(clause) { Field::Body } else { Field::Consequence });
            let last = block.and_then(|block| tree.children(block).last());
            last.is_some_and(|last| {
                matches!(tree.kind(last), Kind::ReturnStatement | Kind::RaiseStatement)
            })
        };
        if !clauses.iter().any(|clause| leaves(*clause)) {
            return false;
        }
        let truth =
            |clause: NodeId| if is_else(clause) { Some(true) } else { self.test_of(clause) };
        let taken = clauses
            .into_iter()
            .map(|clause| (clause, truth(clause)))
            .find(|(_, truth)| *truth != Some(false));
        taken.is_some_and(|(clause, truth)| truth == Some(true) && leaves(clause))
    }

    fn test_of(&self, clause: NodeId) -> Option<bool> {
        let tree = self.eval.file(self.frames[self.level].function.file).tree();
        self.truth(tree.child(clause, Field::Condition)?)
    }

    /// What a test gives; `None` if that is not known.
    pub(super) fn truth(&self, test: NodeId) -> Option<bool> {
        let tree = self.eval.file(self.frames[self.level].function.file).tree();
        let test = tree.unparenthesized(test);
        match tree.kind(test) {
            Kind::NotOperator => self.truth(tree.child(test, Field::Argument)?).map(|truth| !truth),
            Kind::BooleanOperator => {
                let is_or =
                    tree.all_children(test).any(|token| tree.kind(token) == Kind::OrKeyword);
                let sides: Vec<Option<bool>> =
                    tree.children(test).map(|side| self.truth(side)).collect();
                if sides.contains(&Some(is_or)) {
                    Some(is_or)
                } else {
                    sides.into_iter().all(|side| side == Some(!is_or)).then_some(!is_or)
                }
            }
            Kind::ComparisonOperator => self.comparison(test),
            Kind::Identifier => {
                self.variable(test, &|path, value| path.truth(value), &|constant| {
                    constant.is_true()
                })
            }
            _ => self.constant(test).map(|constant| constant.is_true()),
        }
    }

    fn comparison(&self, test: NodeId) -> Option<bool> {
        let tree = self.eval.file(self.frames[self.level].function.file).tree();
        let sides: Vec<NodeId> = tree.children(test).collect();
        let [left, right] = sides.as_slice() else { return None };
        let (left, right) = (self.constant(*left)?, self.constant(*right)?);
        let operator = tree
            .all_children(test)
            .map(|token| tree.kind(token))
            .find(|kind| *kind != tree.kind(sides[0]) && *kind != tree.kind(sides[1]))?;
        match (operator, &left, &right) {
            (Kind::EqualEqual | Kind::IsKeyword, ..) => Some(left == right),
            (Kind::NotEqual | Kind::IsNot, ..) => Some(left != right),
            (Kind::Less, Constant::Number(left), Constant::Number(right)) => Some(left < right),
            (Kind::LessEqual, Constant::Number(left), Constant::Number(right)) => {
                Some(left <= right)
            }
            (Kind::Greater, Constant::Number(left), Constant::Number(right)) => Some(left > right),
            (Kind::GreaterEqual, Constant::Number(left), Constant::Number(right)) => {
                Some(left >= right)
            }
            _ => None,
        }
    }

    /// The value of an expression in the function: written there, or given by the call.
    pub(super) fn constant(&self, expression: NodeId) -> Option<Constant> {
        let frame = self.frames[self.level];
        let here = Site { file: frame.function.file, node: expression };
        if let Some(constant) = literal(self.eval, here) {
            return Some(constant);
        }
        let tree = self.eval.file(frame.function.file).tree();
        match tree.kind(expression) {
            Kind::ParenthesizedExpression => self.constant(tree.unparenthesized(expression)),
            Kind::Attribute => self.constant_attribute(here),
            Kind::Call => self.attribute_of_callable(here),
            Kind::Identifier => {
                self.variable(expression, &|path, value| path.constant(value), &|constant| constant)
            }
            Kind::BooleanOperator => {
                let parts: Vec<NodeId> = tree.children(expression).collect();
                let [left, right] = parts.as_slice() else { return None };
                let (left, is_or) = (
                    self.constant(*left)?,
                    tree.child_of_kind(expression, Kind::OrKeyword).is_some(),
                );
                if left.is_true() == is_or { Some(left) } else { self.constant(*right) }
            }
            Kind::ConditionalExpression => {
                let parts: Vec<NodeId> = tree.children(expression).collect();
                let [then, test, otherwise] = parts.as_slice() else { return None };
                self.constant(if self.truth(*test)? { *then } else { *otherwise })
            }
            _ => None,
        }
    }

    /// The path one variable farther; `None` if that is too far.
    pub(super) fn followed(&self) -> Option<Self> {
        self.effort.set(self.effort.get().checked_sub(1)?);
        Some(Self { steps: self.steps.checked_sub(1)?, ..*self })
    }

    /// What a variable of the function is: what all its bindings that may be in force agree on.
    fn variable<T: PartialEq>(
        &self,
        name: NodeId,
        of_value: &dyn Fn(&Self, NodeId) -> Option<T>,
        of_given: &dyn Fn(Constant) -> T,
    ) -> Option<T> {
        let inner = self.followed()?;
        let function = self.frames[self.level].function;
        let facts = self.eval.file(function.file);
        let (home, text) = facts.scopes.resolve_name(name)?;
        let bindings = reaching::bindings(facts, home, text, name);
        let in_force = bindings.into_iter().filter(|binding| {
            !inner.never_reaches(Site { file: function.file, node: binding.node })
        });
        let mut outcomes = in_force.map(|binding| match &binding.kind {
            BindingKind::Parameter { .. } => self.given(binding).map(of_given),
            BindingKind::Assignment { value: Some(value), path, .. }
                if path.is_empty()
                    && facts.enclosing_function(binding.node) == Some(function.node) =>
            {
                of_value(&inner, *value)
            }
            _ => None,
        });
        let first = outcomes.next()??;
        outcomes.all(|outcome| outcome.as_ref() == Some(&first)).then_some(first)
    }

    /// What the call gives for a parameter of the function, or its default.
    fn given(&self, binding: &Binding) -> Option<Constant> {
        let frame = self.frames[self.level];
        let facts = self.eval.file(frame.function.file);
        let BindingKind::Parameter { default, star: 0, .. } = &binding.kind else { return None };
        if facts.tree().enclosing(binding.node, &[Kind::FunctionDefinition])
            != Some(frame.function.node)
        {
            return None;
        }
        match self.eval.argument_in(frame.call, frame.function.file, binding)? {
            Some(given) if self.level + 1 < self.frames.len() => {
                let outer = Self { level: self.level + 1, ..*self };
                if given.file == outer.frames[outer.level].function.file {
                    outer.constant(given.node)
                } else {
                    literal(self.eval, given)
                }
            }
            Some(given) => literal(self.eval, given),
            None => literal(self.eval, Site { file: frame.function.file, node: (*default)? }),
        }
    }
}

impl Path<'_, '_> {
    /// The value of `self.parallel` where all that sets it is known and sets the same: `Search(parallel=False).fit(rows)`.
    fn constant_attribute(&self, read: Site) -> Option<Constant> {
        let eval = self.eval;
        let facts = eval.file(read.file);
        let tree = facts.tree();
        let object = tree
            .child(read.node, Field::Object)
            .filter(|object| tree.kind(*object) == Kind::Identifier)?;
        let class = eval.self_class(Site { file: read.file, node: object })?;
        let name = facts.text(tree.child(read.node, Field::Attribute)?);
        let writes = self.all_writes(class, name)?;
        // `self.jobs = self.jobs or 1` leads back here.
        let inner = self.followed()?;
        let mut given = writes.iter().map(|write| inner.written_value(write.value?));
        let first = given.next()??;
        given.all(|other| other.as_ref() == Some(&first)).then_some(first)
    }

    /// The writes of an attribute in the methods of its class, if nothing else writes it.
    pub(super) fn all_writes(&self, class: Site, name: &str) -> Option<Vec<AttributeWrite>> {
        let eval = self.eval;
        let written = |site: &&Site| {
            eval.file(site.file)
                .tree()
                .parent(site.node)
                .is_some_and(|up| is_target(eval, **site, up))
        };
        // What other classes keep under that name is their own.
        let own = |site: &&Site| {
            let object = eval
                .file(site.file)
                .tree()
                .child(site.node, Field::Object)
                .map(|node| Site { file: site.file, node });
            object.and_then(|object| eval.self_class(object)).is_none_or(|other| {
                eval.lineage(class).contains(&other) || eval.lineage(other).contains(&class)
            })
        };
        let targets =
            eval.project.attributes_named(name).iter().filter(written).filter(own).count();
        let writes = eval.attribute_writes(class, name);
        (targets == writes.len()).then_some(writes)
    }

    /// The value that a method stores: a literal, what the constructor is given, what a method of the way is given.
    fn written_value(&self, value: Site) -> Option<Constant> {
        let eval = self.eval;
        if let Some(constant) = literal(eval, value) {
            return Some(constant);
        }
        let facts = eval.file(value.file);
        let method = Site { file: value.file, node: facts.enclosing_function(value.node)? };
        if let Some(level) =
            (self.level..self.frames.len()).find(|level| self.frames[*level].function == method)
        {
            return Self { level, ..*self }.constant(value.node);
        }
        let (home, parameter) = facts
            .scopes
            .resolve_name(value.node)
            .filter(|_| facts.tree().kind(value.node) == Kind::Identifier)?;
        let [binding] = facts.scopes.bindings(home, parameter) else { return None };
        let BindingKind::Parameter { default, star: 0, .. } = &binding.kind else { return None };
        match eval.argument_in(self.constructor()?, value.file, binding)? {
            Some(given) => literal(eval, given),
            None => literal(eval, Site { file: value.file, node: (*default)? }),
        }
    }

    /// The call that made the object whose method the frame's call runs.
    pub(super) fn constructor(&self) -> Option<Site> {
        let call = self.frames[self.level].call;
        let facts = self.eval.file(call.file);
        let tree = facts.tree();
        let at = |node| Site { file: call.file, node };
        let object = tree.child(tree.child(call.node, Field::Function)?, Field::Object)?;
        if tree.kind(object) == Kind::Call {
            return Some(at(object));
        }
        if self.eval.self_class(at(object)).is_some() {
            let outer = Self { level: self.level + 1, ..*self };
            let around = self.frames.get(outer.level)?.function;
            return (around.file == call.file
                && facts.enclosing_function(call.node) == Some(around.node))
            .then(|| outer.constructor())?;
        }
        let (home, name) =
            facts.scopes.resolve_name(object).filter(|_| tree.kind(object) == Kind::Identifier)?;
        match reaching::bindings(facts, home, name, object)[..] {
            [one] => match &one.kind {
                BindingKind::Assignment { value: Some(value), path, .. }
                    if path.is_empty() && tree.kind(*value) == Kind::Call =>
                {
                    Some(at(*value))
                }
                _ => None,
            },
            _ => None,
        }
    }
}

/// Whether an attribute is what an assignment, a loop or a `del` writes.
fn is_target(eval: &Eval, attribute: Site, up: NodeId) -> bool {
    let tree = eval.file(attribute.file).tree();
    match tree.kind(up) {
        Kind::Assignment | Kind::AugmentedAssignment | Kind::ForStatement => {
            tree.field(attribute.node) == Field::Left
        }
        Kind::PatternList
        | Kind::TuplePattern
        | Kind::ListPattern
        | Kind::AsPatternTarget
        | Kind::DeleteStatement => true,
        _ => false,
    }
}

pub(super) fn literal(eval: &Eval, site: Site) -> Option<Constant> {
    let facts = eval.file(site.file);
    match facts.tree().kind(site.node) {
        Kind::None => Some(Constant::Nothing),
        Kind::True => Some(Constant::Number(1.0)),
        Kind::False => Some(Constant::Number(0.0)),
        Kind::Integer | Kind::Float => facts.text(site.node).parse().ok().map(Constant::Number),
        Kind::String => eval.string_literal(site).map(|text| Constant::Text(text.to_owned())),
        _ => None,
    }
}
