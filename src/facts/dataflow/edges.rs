//! One visitor over all nodes of a file: the edges between expressions and definitions.

use super::reaching::Definitions;
use super::{Edge, Name, Part, Signature, Step, Steps, Store};
use crate::facts::scopes::{Binding, BindingKind, PathStep, Scopes, mangle};
use crate::syntax::{Field, Kind, NodeId, Tree};
use rustc_hash::FxHashMap;
use smallvec::smallvec;

/// The graph while it grows.
pub(super) struct Graph<'a> {
    pub(super) tree: &'a Tree,
    pub(super) text: &'a str,
    scopes: &'a Scopes,
    definitions: &'a Definitions,
    pub(super) edges: Vec<Edge>,
    pub(super) stores: Vec<Store>,
    pub(super) signatures: FxHashMap<NodeId, Signature>,
}

impl<'a> Graph<'a> {
    pub(super) fn new(
        tree: &'a Tree,
        text: &'a str,
        scopes: &'a Scopes,
        definitions: &'a Definitions,
    ) -> Self {
        Self {
            tree,
            text,
            scopes,
            definitions,
            edges: Vec::new(),
            stores: Vec::new(),
            signatures: FxHashMap::default(),
        }
    }

    pub(super) fn collect(&mut self) {
        for binding in &self.definitions.all {
            self.definition(binding);
        }
        for node in self.tree.subtree(Tree::ROOT) {
            self.node(node);
        }
    }

    pub(super) fn edge(&mut self, to: NodeId, from: NodeId, steps: Steps) {
        self.edges.push(Edge { to, from, steps });
    }

    /// Where the value of a name comes from that a statement binds. Imports, parameters and exceptions have no source in
    /// the file.
    fn definition(&mut self, binding: &Binding) {
        let to = binding.node;
        match &binding.kind {
            BindingKind::Assignment { value: Some(value), path, .. } => {
                self.edge(to, *value, unpacked(path));
            }
            BindingKind::AugmentedAssignment { value } => {
                self.edge(to, self.tree.parent(to).unwrap_or(to), Steps::new());
                self.extended(to, *value);
            }
            BindingKind::For { iterable, path, is_async } => {
                let mut steps: Steps = smallvec![Step::Iterate];
                if *is_async {
                    steps.push(Step::Await);
                }
                steps.extend(unpacked(path));
                self.edge(to, *iterable, steps);
            }
            BindingKind::ComprehensionFor { iterable, path } => {
                let mut steps: Steps = smallvec![Step::Iterate];
                steps.extend(unpacked(path));
                self.edge(to, *iterable, steps);
            }
            BindingKind::With { value, path, .. } => {
                let mut steps: Steps = smallvec![Step::Load(Part::Entered)];
                steps.extend(unpacked(path));
                self.edge(to, *value, steps);
            }
            BindingKind::Walrus { value } => self.edge(to, *value, Steps::new()),
            BindingKind::FunctionDef(definition) | BindingKind::ClassDef(definition) => {
                let decorated = self
                    .tree
                    .parent(*definition)
                    .filter(|up| self.tree.kind(*up) == Kind::DecoratedDefinition);
                self.edge(to, decorated.unwrap_or(*definition), Steps::new());
            }
            _ => {}
        }
    }

    fn node(&mut self, node: NodeId) {
        let tree = self.tree;
        match tree.kind(node) {
            Kind::Identifier => {
                let sources: Vec<NodeId> = self
                    .definitions
                    .reaching(node)
                    .map(|binding| binding.node)
                    .filter(|from| *from != node)
                    .collect();
                for from in sources {
                    self.edge(node, from, Steps::new());
                }
            }
            // The grammar takes the star of `[*f()]` for a part of the callee.
            Kind::ParenthesizedExpression | Kind::ListSplat | Kind::ListSplatPattern => {
                let inner = tree.children(node).next();
                inner.into_iter().for_each(|inner| self.edge(node, inner, Steps::new()));
            }
            Kind::ConditionalExpression | Kind::BooleanOperator => {
                for part in tree.outcomes(node) {
                    self.edge(node, part, Steps::new());
                }
            }
            Kind::NamedExpression => {
                let value = tree.child(node, Field::Value);
                value.into_iter().for_each(|value| self.edge(node, value, Steps::new()));
            }
            Kind::Await => {
                let inner = tree.children(node).next();
                inner.into_iter().for_each(|inner| self.edge(node, inner, smallvec![Step::Await]));
            }
            Kind::Attribute => self.attribute(node),
            Kind::Subscript => self.subscript(node),
            Kind::FunctionDefinition | Kind::Lambda => self.function(node),
            Kind::ReturnStatement | Kind::Yield => self.result(node),
            Kind::CaseClause => self.case(node),
            Kind::List | Kind::Tuple | Kind::Set | Kind::ExpressionList => self.display(node),
            Kind::Dictionary => self.dictionary(node),
            Kind::ListComprehension | Kind::SetComprehension | Kind::GeneratorExpression => {
                let body = tree.child(node, Field::Body);
                body.into_iter()
                    .for_each(|body| self.store(node, Some(Part::Each), body, Steps::new()));
            }
            Kind::DictionaryComprehension => {
                let pair = tree.child(node, Field::Body);
                match self.copied_dictionary(node) {
                    Some(copied) => self.store(node, None, copied, Steps::new()),
                    None => pair.into_iter().for_each(|pair| self.pair(node, pair, false)),
                }
            }
            Kind::Assignment | Kind::AugmentedAssignment => self.assignment(node),
            Kind::ForStatement | Kind::ForInClause | Kind::AsPatternTarget => {
                self.other_target(node);
            }
            Kind::Call => self.call(node),
            _ => {}
        }
    }

    fn attribute(&mut self, node: NodeId) {
        let Some(object) = self.tree.child(node, Field::Object) else { return };
        if let Some(part) = self.attribute_part(node) {
            self.edge(node, object, smallvec![Step::Load(part)]);
        }
    }

    /// The attribute that an attribute expression names, as the class around it stores it.
    pub(super) fn attribute_part(&self, node: NodeId) -> Option<Part> {
        let name = self.tree.text(self.tree.child(node, Field::Attribute)?, self.text);
        Some(Part::Attribute(self.mangled(node, name)))
    }

    fn mangled(&self, node: NodeId, name: &str) -> Name {
        if !name.starts_with("__") || name.ends_with("__") {
            return name.into();
        }
        let class = self.tree.enclosing(node, &[Kind::ClassDefinition]);
        let class = class.and_then(|class| self.tree.child(class, Field::Name));
        class.map_or_else(
            || name.into(),
            |class| Name::from(&*mangle(self.tree.text(class, self.text), name)),
        )
    }

    fn subscript(&mut self, node: NodeId) {
        let Some(object) = self.tree.child(node, Field::Value) else { return };
        let step = self.subscript_step(node);
        self.edge(node, object, smallvec![step]);
    }

    /// What an index or slice takes.
    fn subscript_step(&self, node: NodeId) -> Step {
        let index = self.tree.child(node, Field::Subscript);
        match index.map(|index| (index, self.tree.kind(index))) {
            Some((slice, Kind::Slice)) => self.slice(slice),
            Some((index, _)) => Step::Load(self.part_at(index)),
            None => Step::Load(Part::Any),
        }
    }

    fn slice(&self, slice: NodeId) -> Step {
        let mut before = 0;
        if let Some(first) = self.tree.all_children(slice).next()
            && let Part::Item(index) = self.part_at(first)
        {
            before = index;
        }
        Step::Rest { before, after: 0 }
    }

    /// The part under a literal key or number.
    pub(super) fn part_at(&self, index: NodeId) -> Part {
        let index = self.tree.unparenthesized(index);
        let text = self.tree.text(index, self.text);
        match self.tree.kind(index) {
            Kind::Integer => text.parse().map_or(Part::Any, Part::Item),
            Kind::UnaryOperator => {
                let number: Option<u32> =
                    text.strip_prefix('-').and_then(|text| text.trim().parse().ok());
                number.and_then(|number| number.checked_sub(1)).map_or(Part::Any, Part::Last)
            }
            Kind::String => self.literal(index).map_or(Part::Any, Part::Key),
            _ => Part::Any,
        }
    }

    /// The text of a plain string.
    pub(super) fn literal(&self, node: NodeId) -> Option<Name> {
        let node = self.tree.unparenthesized(node);
        if self.tree.kind(node) != Kind::String
            || self.tree.child_of_kind(node, Kind::Interpolation).is_some()
        {
            return None;
        }
        let content = self.tree.child_of_kind(node, Kind::StringContent);
        Some(content.map_or("", |content| self.tree.text(content, self.text)).into())
    }

    fn function(&mut self, node: NodeId) {
        let mut signature = Signature::read(self.tree, self.text, node);
        let body = self.tree.child(node, Field::Body);
        if self.tree.kind(node) == Kind::Lambda {
            signature.returns.extend(body);
        }
        self.signatures.insert(node, signature);
    }

    /// A `return` or `yield`: functions stand before what is in them, so theirs is known.
    fn result(&mut self, node: NodeId) {
        let tree = self.tree;
        let Some(function) = tree.enclosing(node, &[Kind::FunctionDefinition, Kind::Lambda]) else {
            return;
        };
        let value = tree.children(node).next();
        let Some(signature) = self.signatures.get_mut(&function) else { return };
        if tree.kind(node) == Kind::ReturnStatement {
            signature.returns.extend(value);
        } else {
            signature.is_generator = true;
            let is_from = tree.child_of_kind(node, Kind::FromKeyword).is_some();
            signature.yields.extend(value.map(|value| (value, is_from)));
        }
    }

    /// The scopes, for what asks whether a name is bound.
    pub(super) fn is_unbound(&self, identifier: NodeId) -> bool {
        let resolved = self.scopes.resolve_name(identifier);
        resolved.is_some_and(|(home, name)| self.scopes.bindings(home, name).is_empty())
    }
}

/// The steps of a target inside tuples.
pub(super) fn unpacked(path: &[PathStep]) -> Steps {
    let step = |step: &PathStep| match *step {
        PathStep::Index(at) => Step::Load(Part::Item(at as u32)),
        PathStep::FromEnd(at) => Step::Load(Part::Last(at as u32)),
        PathStep::Star { before, after } => {
            Step::Rest { before: before as u32, after: after as u32 }
        }
    };
    path.iter().map(step).collect()
}
