//! What expressions, targets and annotations name.

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
    /// The last parts of the catalogue's names of classes and functions.
    pub(super) apis: FxHashSet<&'t str>,
    /// Those whose calls give an object of the catalogue.
    pub(super) makers: FxHashSet<&'t str>,
    /// What attributes of the modules, classes and objects of the catalogue may be called.
    pub(super) parts: FxHashSet<&'t str>,
}

impl<'t> Page<'t> {
    /// What the value of the expression at `node` may be or hold.
    pub(super) fn sources(self, node: NodeId, words: &Vocabulary<'t>) -> Vec<Key<'t>> {
        let tree = self.facts.tree();
        let mut found = Vec::new();
        let mut waiting = vec![node];
        while let Some(node) = waiting.pop() {
            match tree.kind(node) {
                Kind::Identifier if matches!(self.facts.text(node), "self" | "cls") => {
                    found.extend(
                        tree.enclosing(node, &[Kind::ClassDefinition])
                            .and_then(|class| self.definition(class)),
                    );
                }
                Kind::Identifier => found.push(self.key(node)),
                Kind::Attribute => {
                    let Some(name) =
                        tree.child(node, Field::Attribute).map(|name| self.facts.text(name))
                    else {
                        continue;
                    };
                    found.push(Key::named(name));
                    // A method of an executor is one of its parts, other attributes have values of their own.
                    waiting.extend(
                        tree.child(node, Field::Object).filter(|_| words.parts.contains(name)),
                    );
                }
                Kind::Call => self.sources_of_call(node, words, &mut found, &mut waiting),
                Kind::Lambda
                | Kind::ListComprehension
                | Kind::SetComprehension
                | Kind::GeneratorExpression
                | Kind::DictionaryComprehension => {
                    waiting.extend(tree.child(node, Field::Body));
                }
                Kind::Subscript | Kind::Pair | Kind::KeywordArgument => {
                    waiting.extend(tree.child(node, Field::Value));
                }
                Kind::String
                | Kind::ComparisonOperator
                | Kind::BinaryOperator
                | Kind::NotOperator
                | Kind::UnaryOperator => {}
                _ => waiting.extend(tree.children(node)),
            }
        }
        found
    }

    fn sources_of_call(
        self,
        call: NodeId,
        words: &Vocabulary<'t>,
        found: &mut Vec<Key<'t>>,
        waiting: &mut Vec<NodeId>,
    ) {
        let tree = self.facts.tree();
        let Some(callee) =
            tree.child(call, Field::Function).map(|callee| tree.unparenthesized(callee))
        else {
            return;
        };
        let Some(called) = self.last_name(callee) else {
            // `Parallel(n)(…)` gives results, `factory()()` what the factory's function gives.
            let is_result =
                |key: &Key| tree.kind(callee) == Kind::Call && words.apis.contains(key.name);
            found.extend(self.sources(callee, words).into_iter().filter(|key| !is_result(key)));
            return;
        };
        let (key, called) = (self.key(called), self.facts.text(called));
        let object = tree.child(callee, Field::Object);
        // `pools.get(name)`, `context.Pool()`.
        let gives_out = object.is_some() && GIVE_OUT.contains(&called);
        waiting.extend(object.filter(|_| gives_out || words.makers.contains(called)));
        if !gives_out {
            found.push(key);
        }
        if words.pass_on.contains(called) {
            waiting.extend(tree.child(call, Field::Arguments));
        }
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
    pub(super) fn names(self, node: NodeId) -> Vec<Key<'t>> {
        let tree = self.facts.tree();
        tree.subtree(node)
            .filter(|inner| tree.kind(*inner) == Kind::Identifier)
            .map(|name| self.key(name))
            .collect()
    }

    /// Everything that an annotation names, in strings too.
    pub(super) fn words(self, node: NodeId) -> Vec<Key<'t>> {
        let tree = self.facts.tree();
        let texts = tree
            .subtree(node)
            .filter(|inner| tree.kind(*inner) == Kind::StringContent)
            .map(|text| self.facts.text(text));
        let quoted = texts
            .flat_map(|text| text.split(|c: char| !(c.is_alphanumeric() || c == '_')))
            .map(Key::named);
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
