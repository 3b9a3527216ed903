//! What expressions, targets and annotations name.

use super::kinds::Step;
use super::{Key, Page};
use crate::syntax::{Field, Kind, NodeId};
use rustc_hash::FxHashSet;

/// Methods that give what their object holds, whatever its class.
pub(super) const GIVE_OUT: &[&str] = &[
    "items",
    "values",
    "get",
    "pop",
    "popitem",
    "popleft",
    "setdefault",
    "copy",
    "__enter__",
    "__aenter__",
    "__getitem__",
];

/// Names that decide what the value of an expression is made of.
#[derive(Debug, Default)]
pub(super) struct Vocabulary<'t> {
    /// Functions and classes whose calls hold what they are given.
    pub(super) pass_on: FxHashSet<&'t str>,
    /// The last parts of the catalogue's names whose calls give an object of the catalogue.
    pub(super) makers: FxHashSet<&'t str>,
    /// What attributes of the modules, classes and objects of the catalogue may be called.
    pub(super) parts: FxHashSet<&'t str>,
}

/// Where a part of a value comes from.
enum Origin<'t> {
    Name(Key<'t>),
    Expression(NodeId),
}

impl<'t> Page<'t> {
    /// What the value of the expression at `node` may be or hold, and what becomes of each on the way to it.
    pub(super) fn sources(self, node: NodeId, words: &Vocabulary<'t>) -> Vec<(Key<'t>, Step)> {
        let tree = self.facts.tree();
        let mut found = Vec::new();
        let mut waiting = vec![(node, Step::SAME)];
        while let Some((node, step)) = waiting.pop() {
            let mut later = |node: Option<NodeId>, before: Step| {
                waiting.extend(node.map(|node| (node, before.then(step))));
            };
            match tree.kind(node) {
                Kind::Identifier if matches!(self.facts.text(node), "self" | "cls") => {
                    let class = tree.enclosing(node, &[Kind::ClassDefinition]);
                    let class = class.and_then(|class| self.definition(class));
                    found.extend(class.map(|class| (class, Step::USED.then(step))));
                }
                Kind::Identifier => found.push((self.key(node), step)),
                Kind::Attribute => {
                    let Some(name) =
                        tree.child(node, Field::Attribute).map(|name| self.facts.text(name))
                    else {
                        continue;
                    };
                    found.push((Key::named(name), step));
                    // A method of an executor is one of its parts, other attributes have values of their own.
                    let whole = tree.child(node, Field::Object);
                    later(whole.filter(|_| words.parts.contains(name)), Step::PART);
                }
                Kind::Call => {
                    for (origin, before) in self.origins_of_call(node, words) {
                        match origin {
                            Origin::Name(key) => found.push((key, before.then(step))),
                            Origin::Expression(node) => later(Some(node), before),
                        }
                    }
                }
                Kind::Lambda => later(tree.child(node, Field::Body), Step::RETURNED),
                Kind::ListComprehension
                | Kind::SetComprehension
                | Kind::GeneratorExpression
                | Kind::DictionaryComprehension => later(tree.child(node, Field::Body), Step::SAME),
                Kind::Subscript | Kind::Pair | Kind::KeywordArgument => {
                    later(tree.child(node, Field::Value), Step::SAME);
                }
                Kind::String
                | Kind::ComparisonOperator
                | Kind::BinaryOperator
                | Kind::NotOperator
                | Kind::UnaryOperator => {}
                _ => tree.children(node).for_each(|child| later(Some(child), Step::SAME)),
            }
        }
        found
    }

    /// What the result of a call may be made of.
    fn origins_of_call(self, call: NodeId, words: &Vocabulary<'t>) -> Vec<(Origin<'t>, Step)> {
        let tree = self.facts.tree();
        let Some(callee) =
            tree.child(call, Field::Function).map(|callee| tree.unparenthesized(callee))
        else {
            return Vec::new();
        };
        let Some(called) = self.last_name(callee) else {
            // `factory()()`, `classes[name]()`
            return vec![(Origin::Expression(callee), Step::CALLED)];
        };
        let (key, called) = (self.key(called), self.facts.text(called));
        let object = tree.child(callee, Field::Object);
        // `pools.get(name)`, `context.Pool()`.
        let gives_out = object.is_some() && GIVE_OUT.contains(&called);
        let mut origins = Vec::new();
        if !gives_out {
            origins.push((Origin::Name(key), Step::CALLED));
        }
        let whole = object.filter(|_| gives_out || words.makers.contains(called));
        origins.extend(whole.map(|whole| (Origin::Expression(whole), Step::SAME)));
        if words.pass_on.contains(called) {
            let step = if called == "getattr" { Step::PART } else { Step::USED };
            let list = tree.child(call, Field::Arguments);
            origins.extend(list.map(|list| (Origin::Expression(list), step)));
        }
        origins
    }

    /// What an assignment to `target` changes: `a`, the `b` of `self.b`, the `c` of `c[0]`.
    pub(super) fn targets(self, target: NodeId) -> Vec<Key<'t>> {
        let tree = self.facts.tree();
        let mut found = Vec::new();
        let mut waiting = vec![target];
        while let Some(node) = waiting.pop() {
            match tree.kind(node) {
                Kind::Identifier | Kind::Attribute => {
                    found.extend(self.last_name(node).map(|name| self.key(name)));
                }
                Kind::Subscript => waiting.extend(tree.child(node, Field::Value)),
                Kind::Call => waiting.extend(
                    tree.child(node, Field::Function)
                        .and_then(|callee| tree.child(callee, Field::Object)),
                ),
                _ => waiting.extend(tree.children(node)),
            }
        }
        found
    }

    /// Everything that an expression names.
    pub(super) fn names(self, node: NodeId) -> Vec<(Key<'t>, Step)> {
        let tree = self.facts.tree();
        tree.subtree(node)
            .filter(|inner| tree.kind(*inner) == Kind::Identifier)
            .map(|name| (self.key(name), Step::SAME))
            .collect()
    }

    /// Everything that an annotation names, in strings too.
    pub(super) fn words(self, node: NodeId) -> Vec<(Key<'t>, Step)> {
        let tree = self.facts.tree();
        let texts = tree
            .subtree(node)
            .filter(|inner| tree.kind(*inner) == Kind::StringContent)
            .map(|text| self.facts.text(text));
        let quoted = texts
            .flat_map(|text| text.split(|c: char| !(c.is_alphanumeric() || c == '_')))
            .map(|word| (Key::named(word), Step::SAME));
        self.names(node).into_iter().chain(quoted).collect()
    }

    /// The identifier of a name, or the last one of a dotted name.
    pub(super) fn last_name(self, node: NodeId) -> Option<NodeId> {
        let tree = self.facts.tree();
        let node = tree.unparenthesized(node);
        let name = if tree.kind(node) == Kind::Attribute {
            tree.child(node, Field::Attribute)?
        } else {
            node
        };
        (tree.kind(name) == Kind::Identifier).then_some(name)
    }

    /// The text of [`last_name`](Self::last_name).
    pub(super) fn last_text(self, node: NodeId) -> Option<&'t str> {
        self.last_name(node).map(|name| self.facts.text(name))
    }
}
