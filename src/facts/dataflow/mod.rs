//! The data-flow graph of one file: which expression gets its value from which, what is stored where, what calls give.
//!
//! It is built once, from the tree and the scopes alone, and knows nothing of other files or libraries. An [`Edge`] says that a
//! node's value is another node's value after some [`Step`]s; a [`Store`] that a part of an object is another node's value.
//! Whoever asks where a value comes from walks edges backwards (`project::dataflow`).

mod describe;
mod edges;
mod evaluation;
mod guard;
mod patterns;
mod reaching;
mod signature;
mod stores;

#[cfg(test)]
mod tests;

pub use describe::place;
pub use guard::{GuardId, Guards, Test};
pub use reaching::{DefinitionId, Definitions};
pub use signature::{Argument, Given, Parameter, Signature};

use crate::facts::scopes::Scopes;
use crate::syntax::{NodeId, Tree};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// An attribute's, a key's or a parameter's name: equal names are equal numbers.
pub type Name = symbol_table::GlobalSymbol;

/// The name of an attribute that is not known: `setattr(object, name, value)`.
pub const ANY_NAME: &str = "*";

/// A part of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// The item with that number.
    Item(u32),
    /// The item with that number counted from the end; 0 is the last.
    Last(u32),
    /// Every item; what a loop takes.
    Each,
    /// The value under that key.
    Key(Name),
    /// The value under every key.
    Values,
    /// Every key.
    Keys,
    /// An item or a value under a key that is not known.
    Any,
    /// The attribute of that name.
    Attribute(Name),
    /// What `with` binds.
    Entered,
}

/// What is done to a value on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// A part of it is taken.
    Load(Part),
    /// A loop takes an element of it.
    Iterate,
    /// A list of its elements is made, without some at both ends: starred targets and slices.
    Rest {
        /// How many are left out at the start.
        before: u32,
        /// How many are left out at the end.
        after: u32,
    },
    /// It is awaited.
    Await,
}

/// The steps of an edge; hardly ever more than two.
pub type Steps = SmallVec<[Step; 2]>;

/// The value of `to` may be the value of `from` after some steps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge {
    /// The expression, or the identifier that a definition binds.
    pub to: NodeId,
    /// Where its value comes from.
    pub from: NodeId,
    /// What happens in between, the first step first.
    pub steps: Steps,
}

/// A part of the object that `container` is becomes the value of `value` after some steps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    /// The expression that gives the object; for a display, the display.
    pub container: NodeId,
    /// Where in the object. `None`: all parts of the value become parts of the object (`**mapping`).
    pub part: Option<Part>,
    /// What is stored.
    pub value: NodeId,
    /// What happens to it first.
    pub steps: Steps,
    /// The call that stores, if a function does (`setattr`).
    pub call: Option<NodeId>,
}

/// The graph of one file.
#[derive(Debug)]
pub struct DataFlow {
    /// The definitions of names, and what they reach.
    pub definitions: Definitions,
    /// The tests under which code runs.
    pub guards: Guards,
    /// Sorted by `to`.
    edges: Vec<Edge>,
    /// The indexes of edges by `from`.
    forward: FxHashMap<NodeId, SmallVec<[u32; 2]>>,
    stores: Vec<Store>,
    into: FxHashMap<NodeId, SmallVec<[u32; 2]>>,
    stored: FxHashMap<NodeId, SmallVec<[u32; 1]>>,
    signatures: FxHashMap<NodeId, Signature>,
    definition_of: FxHashMap<NodeId, DefinitionId>,
}

impl DataFlow {
    /// Builds the graph of the file that `tree` was parsed from.
    pub fn build(tree: &Tree, text: &str, scopes: &Scopes) -> Self {
        let mut guards = Guards::default();
        let definitions = reaching::find(tree, text, scopes, &mut guards);
        let mut graph = edges::Graph::new(tree, text, scopes, &definitions);
        graph.collect();
        let edges::Graph { mut edges, stores, signatures, .. } = graph;
        edges.sort_by_key(|edge| (edge.to, edge.from));
        edges.dedup();
        let mut forward: FxHashMap<NodeId, SmallVec<[u32; 2]>> = FxHashMap::default();
        for (index, edge) in edges.iter().enumerate() {
            forward.entry(edge.from).or_default().push(index as u32);
        }
        let mut into: FxHashMap<NodeId, SmallVec<[u32; 2]>> = FxHashMap::default();
        let mut stored: FxHashMap<NodeId, SmallVec<[u32; 1]>> = FxHashMap::default();
        for (index, store) in stores.iter().enumerate() {
            into.entry(store.container).or_default().push(index as u32);
            stored.entry(store.value).or_default().push(index as u32);
        }
        let definition_of = definitions
            .all
            .iter()
            .enumerate()
            .map(|(index, binding)| (binding.node, DefinitionId(index as u32)))
            .collect();
        Self {
            definitions,
            guards,
            edges,
            forward,
            stores,
            into,
            stored,
            signatures,
            definition_of,
        }
    }

    /// The edges that lead to a node.
    pub fn edges_to(&self, node: NodeId) -> &[Edge] {
        let first = self.edges.partition_point(|edge| edge.to < node);
        let rest = &self.edges[first..];
        &rest[..rest.partition_point(|edge| edge.to == node)]
    }

    /// The edges that lead away from a node.
    pub fn edges_from(&self, node: NodeId) -> impl Iterator<Item = &Edge> {
        let found = self.forward.get(&node).map_or(&[][..], SmallVec::as_slice);
        found.iter().map(|index| &self.edges[*index as usize])
    }

    /// All edges, by where they lead.
    pub fn edges(&self) -> &[Edge] {
        &self.edges
    }

    /// All stores, in the order of the text.
    pub fn stores(&self) -> &[Store] {
        &self.stores
    }

    /// The stores into the object that an expression (or display) gives.
    pub fn stores_into(&self, container: NodeId) -> impl Iterator<Item = &Store> {
        let found = self.into.get(&container).map_or(&[][..], SmallVec::as_slice);
        found.iter().map(|index| &self.stores[*index as usize])
    }

    /// The stores of what an expression gives.
    pub fn stores_of(&self, value: NodeId) -> impl Iterator<Item = &Store> {
        let found = self.stored.get(&value).map_or(&[][..], SmallVec::as_slice);
        found.iter().map(|index| &self.stores[*index as usize])
    }

    /// The parameters and results of a `def` or lambda.
    pub fn signature(&self, function: NodeId) -> Option<&Signature> {
        self.signatures.get(&function)
    }

    /// The definition that an identifier makes.
    pub fn definition(&self, identifier: NodeId) -> Option<&crate::facts::scopes::Binding> {
        self.definition_of.get(&identifier).map(|id| &self.definitions.all[id.0 as usize])
    }
}
