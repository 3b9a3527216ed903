//! One parsed file with its scopes: the unit that all later layers look at.

use crate::facts::dataflow::DataFlow;
use crate::facts::flow::Flow;
use crate::facts::scopes::Scopes;
use crate::findings::FileEdit;
use crate::syntax::parse::Parsed;
use crate::syntax::{Field, Kind, NodeId, Tree};
use crate::text::{Edit, SourceFile, Span};
use std::sync::{Arc, OnceLock};

/// Everything known about one file by itself.
#[derive(Debug)]
pub struct FileFacts {
    /// The decoded text.
    pub source: Arc<SourceFile>,
    /// The flat tree, the tree for queries, and what is broken.
    pub parsed: Parsed,
    /// Scopes and bindings as CPython computes them.
    pub scopes: Scopes,
    /// Every call, in the order of the text.
    pub calls: Vec<NodeId>,
    dataflow: OnceLock<DataFlow>,
}

impl FileFacts {
    /// Parses `source` and computes its scopes.
    pub fn new(source: Arc<SourceFile>) -> Self {
        let parsed = crate::syntax::parse(&source.text);
        Self::of(source, parsed)
    }

    /// The facts of a `source` that is `parsed` already.
    pub fn of(source: Arc<SourceFile>, parsed: Parsed) -> Self {
        let scopes = Scopes::build(&parsed.tree, &source.text);
        let calls = parsed
            .tree
            .subtree(Tree::ROOT)
            .filter(|node| parsed.tree.kind(*node) == Kind::Call)
            .collect();
        Self { source, parsed, scopes, calls, dataflow: OnceLock::new() }
    }

    /// The flat tree.
    pub fn tree(&self) -> &Tree {
        &self.parsed.tree
    }

    /// Where values come from; built when it is first asked for.
    pub fn dataflow(&self) -> &DataFlow {
        self.dataflow.get_or_init(|| DataFlow::build(self.tree(), self.all(), &self.scopes))
    }

    /// Questions about the order of things.
    pub fn flow(&self) -> Flow<'_> {
        Flow { scopes: &self.scopes, tree: self.tree(), text: self.all() }
    }

    /// The text of a node.
    pub fn text(&self, node: NodeId) -> &str {
        self.source.slice(self.parsed.tree.span(node))
    }

    /// The whole text.
    pub fn all(&self) -> &str {
        &self.source.text
    }

    /// The text of a span.
    pub fn slice(&self, span: Span) -> &str {
        self.source.slice(span)
    }

    /// Whether this is a package's `__main__.py`, whose functions no child can import.
    pub fn is_package_main(&self) -> bool {
        self.source.path.file_name().is_some_and(|name| name == "__main__.py")
    }

    /// Edits of this file, as a fix holds them.
    pub fn file_edits(&self, edits: impl IntoIterator<Item = Edit>) -> Vec<FileEdit> {
        let path = Arc::new(self.source.path.clone());
        edits.into_iter().map(|edit| FileEdit { path: path.clone(), edit }).collect()
    }

    /// The statement directly below the module that holds `node`; for a decorated definition, the decorators belong to it.
    pub fn top_level_statement(&self, node: NodeId) -> NodeId {
        let tree = self.tree();
        let mut at = node;
        while let Some(up) = tree.parent(at) {
            if up == Tree::ROOT {
                return at;
            }
            at = up;
        }
        at
    }

    /// The nearest statement that holds `node` (or is it): a child of a block or of the module.
    pub fn statement(&self, node: NodeId) -> NodeId {
        let tree = self.tree();
        let mut at = node;
        while let Some(up) = tree.parent(at) {
            if matches!(tree.kind(up), Kind::Module | Kind::Block) {
                return at;
            }
            at = up;
        }
        at
    }

    /// The tests of `if`, `elif` and conditional expressions around `node`, the innermost first; the last are taken whole.
    pub fn tests_around(&self, node: NodeId) -> impl Iterator<Item = NodeId> {
        let tree = self.tree();
        tree.ancestors(node).filter_map(|up| match tree.kind(up) {
            Kind::IfStatement | Kind::ElifClause => tree.child(up, Field::Condition),
            Kind::ConditionalExpression => Some(up),
            _ => None,
        })
    }

    /// The function or lambda around `node` (not `node` itself).
    pub fn enclosing_function(&self, node: NodeId) -> Option<NodeId> {
        self.tree().enclosing(node, &[Kind::FunctionDefinition, Kind::Lambda])
    }

    /// The name of a `def` or `class` node.
    pub fn definition_name(&self, definition: NodeId) -> &str {
        self.tree().child(definition, Field::Name).map_or("", |name| self.text(name))
    }

    /// The qualified name of `node`'s surroundings as CPython writes it (`main.<locals>.work`), or `<module>`.
    pub fn context(&self, node: NodeId) -> String {
        let tree = self.tree();
        let mut parts: Vec<String> = Vec::new();
        for up in tree.ancestors(node) {
            match tree.kind(up) {
                Kind::FunctionDefinition => {
                    if !parts.is_empty() {
                        parts.push("<locals>".into());
                    }
                    parts.push(self.definition_name(up).into());
                }
                Kind::ClassDefinition => parts.push(self.definition_name(up).into()),
                _ => {}
            }
        }
        parts.reverse();
        if parts.is_empty() { "<module>".into() } else { parts.join(".") }
    }

    /// Whether a function is a generator: it has a `yield` of its own.
    pub fn is_generator(&self, function: NodeId) -> bool {
        self.own_nodes(function).any(|node| self.tree().kind(node) == Kind::Yield)
    }

    /// Whether a `def` is an `async def`.
    pub fn is_async(&self, function: NodeId) -> bool {
        self.tree()
            .all_children(function)
            .next()
            .is_some_and(|first| self.tree().kind(first) == Kind::AsyncKeyword)
    }

    /// The nodes of a function or lambda without those of functions, lambdas and classes inside.
    pub fn own_nodes(&self, function: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        let tree = self.tree();
        let end = tree.subtree_end(function);
        let mut at = NodeId(function.0 + 1);
        std::iter::from_fn(move || {
            if at >= end {
                return None;
            }
            let node = at;
            let nested = matches!(
                tree.kind(node),
                Kind::FunctionDefinition | Kind::Lambda | Kind::ClassDefinition
            );
            at = if nested { tree.subtree_end(node) } else { NodeId(node.0 + 1) };
            Some(node)
        })
    }

    /// The decorators of a definition, in the order of the text.
    pub fn decorators(&self, definition: NodeId) -> Vec<NodeId> {
        let tree = self.tree();
        match tree.parent(definition) {
            Some(up) if tree.kind(up) == Kind::DecoratedDefinition => {
                tree.children(up).filter(|child| tree.kind(*child) == Kind::Decorator).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Whether a decorator of a definition is, or ends with, one of `names`: `@dataclass`, `@dataclasses.dataclass(frozen=True)`.
    pub fn has_decorator(&self, definition: NodeId, names: &[&str]) -> bool {
        self.decorators(definition).iter().any(|decorator| {
            let text = self.text(*decorator).trim_start_matches('@').trim();
            let dotted = text.split(['(', ' ', '\n', '#']).next().unwrap_or(text);
            names.contains(&crate::catalogue::last_part(dotted))
        })
    }

    /// The definition with its decorators, if it has any.
    pub fn with_decorators(&self, definition: NodeId) -> NodeId {
        match self.tree().parent(definition) {
            Some(up) if self.tree().kind(up) == Kind::DecoratedDefinition => up,
            _ => definition,
        }
    }
}
