//! What the walk writes down, before anything is decided. Names are numbers here.

use super::model::{BindingKind, ScopeKind};
use crate::syntax::NodeId;
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet};

/// Facts about a name in a scope, as bits.
pub(super) mod fact {
    pub(in super::super) const GLOBAL: u16 = 1;
    pub(in super::super) const LOCAL: u16 = 1 << 1;
    pub(in super::super) const PARAMETER: u16 = 1 << 2;
    pub(in super::super) const NONLOCAL: u16 = 1 << 3;
    pub(in super::super) const USE: u16 = 1 << 4;
    pub(in super::super) const IMPORT: u16 = 1 << 5;
    pub(in super::super) const ANNOTATED: u16 = 1 << 6;
    /// A local of an inlined comprehension that inner scopes read.
    pub(in super::super) const INLINED_CELL: u16 = 1 << 7;
    /// The facts that make a name a variable of the scope.
    pub(in super::super) const BOUND: u16 = LOCAL | PARAMETER | IMPORT;
}

/// The verdict on a name in a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Undecided,
    Local,
    Cell,
    Free,
    GlobalExplicit,
    GlobalImplicit,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct RawSymbol {
    pub(super) facts: u16,
    pub(super) place: Place,
    pub(super) home: u32,
}

#[derive(Debug, Clone)]
pub(super) struct RawScope {
    pub(super) kind: ScopeKind,
    pub(super) name: u32,
    pub(super) node: NodeId,
    pub(super) parent: Option<u32>,
    pub(super) children: Vec<u32>,
    pub(super) line: u32,
    pub(super) symbols: BTreeMap<u32, RawSymbol>,
    /// The class whose name mangles private names here.
    pub(super) private: Option<u32>,
    /// In the header of a generic class only these names are mangled.
    pub(super) mangled_only: Option<BTreeSet<u32>>,
    /// Reads names of the class around it, as type-parameter and annotation scopes do.
    pub(super) sees_class: bool,
    /// The one scope of all variable annotations, from 3.14 on.
    pub(super) annotations: Option<u32>,
    /// The walk is inside a statement that may not run to its end.
    pub(super) in_conditional: bool,
    /// Its names are not evaluated and leave no trace: annotations of local variables, from 3.14 on.
    pub(super) unevaluated: bool,
    /// Left out of `symtable`: annotations under `from __future__ import annotations`.
    pub(super) hidden: bool,
}

impl RawScope {
    pub(super) fn facts(&self, name: u32) -> u16 {
        self.symbols.get(&name).map_or(0, |symbol| symbol.facts)
    }

    pub(super) fn add(&mut self, name: u32, facts: u16) {
        self.symbols
            .entry(name)
            .or_insert(RawSymbol { facts: 0, place: Place::Undecided, home: 0 })
            .facts |= facts;
    }
}

/// An identifier that names a variable, and where.
#[derive(Debug, Clone, Copy)]
pub(super) struct Use {
    pub(super) node: NodeId,
    pub(super) scope: u32,
    pub(super) name: u32,
    pub(super) reads: bool,
}

/// A write, before it is known whose variable it writes.
#[derive(Debug)]
pub(super) struct RawBinding {
    pub(super) node: NodeId,
    pub(super) scope: u32,
    pub(super) name: u32,
    pub(super) statement: NodeId,
    pub(super) kind: BindingKind,
}

/// Every distinct name once.
#[derive(Debug, Default)]
pub(super) struct Names {
    numbers: FxHashMap<String, u32>,
    texts: Vec<String>,
}

impl Names {
    pub(super) fn number(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = self.texts.len() as u32;
        self.texts.push(text.to_owned());
        self.numbers.insert(text.to_owned(), number);
        number
    }

    pub(super) fn find(&self, text: &str) -> Option<u32> {
        self.numbers.get(text).copied()
    }

    pub(super) fn text(&self, number: u32) -> &str {
        &self.texts[number as usize]
    }
}

/// All that the walk found.
#[derive(Debug)]
pub(super) struct RawScopes {
    pub(super) scopes: Vec<RawScope>,
    pub(super) names: Names,
    pub(super) uses: Vec<Use>,
    pub(super) bindings: Vec<RawBinding>,
    /// The scope of each node of the tree.
    pub(super) scope_at: Vec<u32>,
    /// The scope that a definition, lambda or comprehension opens.
    pub(super) opened: BTreeMap<NodeId, u32>,
}
