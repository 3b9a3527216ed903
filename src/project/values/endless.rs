//! Iterators that never end: nothing may collect their items.

use crate::facts::FileFacts;
use crate::facts::scopes::BindingKind;
use crate::project::{Eval, Site, Value};
use crate::syntax::{Field, Kind, NodeId};

/// How many names, calls and functions are followed.
const MAX_DEPTH: u32 = 8;

impl Eval<'_> {
    /// Whether an iterable, as far as it can be seen, never ends: `itertools.count()`, a generator over one, the call of a
    /// generator function with an endless loop.
    pub fn is_endless(&self, iterable: Site) -> bool {
        self.endless(iterable, MAX_DEPTH)
    }

    /// Whether a generator function never ends by itself: `while True: yield …` without a way out.
    pub fn yields_without_end(&self, function: Site) -> bool {
        self.endless_function(function, MAX_DEPTH)
    }

    fn endless(&self, iterable: Site, depth: u32) -> bool {
        let facts = self.file(iterable.file);
        let tree = facts.tree();
        let at = |node| Site { file: iterable.file, node };
        if depth == 0 {
            return false;
        }
        match tree.kind(iterable.node) {
            Kind::ParenthesizedExpression => {
                self.endless(at(tree.unparenthesized(iterable.node)), depth)
            }
            Kind::GeneratorExpression => {
                let mut clauses = tree
                    .children(iterable.node)
                    .filter(|part| tree.kind(*part) == Kind::ForInClause);
                clauses.any(|clause| {
                    tree.child(clause, Field::Right)
                        .is_some_and(|right| self.endless(at(right), depth - 1))
                })
            }
            Kind::Call => self.endless_call(iterable, depth),
            Kind::Identifier => {
                let values = self.values(iterable);
                values.iter().any(|value| matches!(value, Value::Literal(made) | Value::Result(made) if *made != iterable && self.endless(*made, depth - 1)))
                    || facts.scopes.resolve_name(iterable.node).is_some_and(|(home, name)| {
                        let [binding] = facts.scopes.bindings(home, name) else { return false };
                        matches!(&binding.kind, BindingKind::Assignment { value: Some(value), path, .. } if path.is_empty() && self.endless(at(*value), depth - 1))
                    })
            }
            _ => false,
        }
    }

    fn endless_call(&self, call: Site, depth: u32) -> bool {
        let Some(callee) = self.file(call.file).tree().child(call.node, Field::Function) else {
            return false;
        };
        let given = self.positional_arguments(call);
        let is_endless = |number: usize| {
            given.get(number).is_some_and(|argument| self.endless(*argument, depth - 1))
        };
        self.values(Site { file: call.file, node: callee }).iter().any(|value| match value {
            Value::External { path, .. } => match &**path {
                "itertools.count" | "itertools.cycle" => true,
                "itertools.repeat" => {
                    given.len() == 1 && self.keyword_argument(call, "times").is_none()
                }
                "builtins.enumerate"
                | "builtins.iter"
                | "itertools.accumulate"
                | "itertools.pairwise" => is_endless(0),
                "builtins.filter"
                | "itertools.starmap"
                | "itertools.filterfalse"
                | "itertools.dropwhile" => is_endless(1),
                "builtins.map" => given.len() > 1 && (1..given.len()).all(is_endless),
                "builtins.zip" => !given.is_empty() && (0..given.len()).all(is_endless),
                "itertools.chain" | "itertools.zip_longest" => (0..given.len()).any(is_endless),
                _ => false,
            },
            Value::Function(function) => {
                self.endless_function(*function, depth - 1)
                    || self
                        .returns(*function)
                        .into_iter()
                        .any(|returned| self.endless(returned, depth - 1))
            }
            Value::Method { function: Some(function), .. } => {
                self.endless_function(*function, depth - 1)
            }
            _ => false,
        })
    }

    fn endless_function(&self, function: Site, depth: u32) -> bool {
        let facts = self.file(function.file);
        let tree = facts.tree();
        let endless = |node: NodeId| {
            self.endless(Site { file: function.file, node }, depth.saturating_sub(1))
        };
        depth > 0
            && facts.is_generator(function.node)
            && facts.own_nodes(function.node).any(|node| match tree.kind(node) {
                Kind::WhileStatement => is_always_true(facts, node) && !has_way_out(facts, node),
                Kind::ForStatement => {
                    tree.child(node, Field::Right).is_some_and(endless) && !has_way_out(facts, node)
                }
                Kind::Yield => tree.children(node).next().is_some_and(|given| {
                    facts.text(node).starts_with("yield from") && endless(given)
                }),
                _ => false,
            })
    }
}

fn is_always_true(facts: &FileFacts, statement: NodeId) -> bool {
    let condition = facts
        .tree()
        .child(statement, Field::Condition)
        .map(|condition| facts.tree().unparenthesized(condition));
    condition.is_some_and(|condition| matches!(facts.text(condition), "True" | "1"))
}

/// Whether a loop may be left from inside: by `break`, `return` or an exception that its function raises.
fn has_way_out(facts: &FileFacts, statement: NodeId) -> bool {
    let tree = facts.tree();
    let inner_loop =
        |node: NodeId| tree.enclosing(node, &[Kind::WhileStatement, Kind::ForStatement]);
    tree.subtree(statement)
        .filter(|node| facts.enclosing_function(*node) == facts.enclosing_function(statement))
        .any(|node| match tree.kind(node) {
            Kind::BreakStatement => inner_loop(node) == Some(statement),
            Kind::ReturnStatement | Kind::RaiseStatement => true,
            _ => false,
        })
}
