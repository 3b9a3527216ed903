//! Questions about the variables of a file: where a name lives, who writes it, who reads it.

use super::analyze::analyze;
use super::build::collect;
use super::model::{Binding, Resolution, Scope, ScopeId, ScopeKind, Symbol, SymbolFlags};
use super::raw::{Names, Place, RawScopes, RawSymbol, Use, fact};
use super::version::PythonVersion;
use crate::syntax::{NodeId, Tree};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// The scopes of one file, and who writes and reads each variable.
#[derive(Debug)]
pub struct Scopes {
    all: Vec<Scope>,
    scope_at: Vec<u32>,
    opened: BTreeMap<NodeId, u32>,
    /// Sorted by node.
    uses: Vec<Use>,
    /// The home of the variable of each use, where the name stands for one.
    homes: Vec<Option<ScopeId>>,
    names: Names,
    /// By home and name.
    variables: FxHashMap<(u32, u32), Variable>,
}

#[derive(Debug, Default)]
struct Variable {
    bindings: Vec<Binding>,
    references: Vec<NodeId>,
}

impl Scopes {
    /// Computes the scopes of the file that `tree` was parsed from.
    pub fn build(tree: &Tree, text: &str) -> Self {
        let mut raw = collect(tree, text, PythonVersion::DEFAULT);
        analyze(&mut raw, PythonVersion::DEFAULT, false);
        let all = raw.scopes.iter().map(|scope| public_scope(scope, &raw)).collect();
        let variables = variables(&mut raw);
        let home = |used: &Use| {
            raw.scopes[used.scope as usize]
                .symbols
                .get(&used.name)
                .map(|symbol| ScopeId(symbol.home))
        };
        let homes = raw.uses.iter().map(home).collect();
        let RawScopes { scope_at, opened, uses, names, .. } = raw;
        Self { all, scope_at, opened, uses, homes, names, variables }
    }

    /// The scope with that id.
    pub fn get(&self, id: ScopeId) -> &Scope {
        &self.all[id.0 as usize]
    }

    /// The scope of the whole file.
    pub fn module(&self) -> ScopeId {
        ScopeId(0)
    }

    /// All scopes, outer ones before inner ones.
    pub fn ids(&self) -> impl Iterator<Item = ScopeId> + use<> {
        (0..self.all.len() as u32).map(ScopeId)
    }

    /// The scope in which the expression or statement `node` is evaluated. Decorators, defaults, bases and the first
    /// iterable of a comprehension belong to the outside, as does a definition itself.
    pub fn scope_of(&self, node: NodeId) -> ScopeId {
        ScopeId(self.scope_at[node.0 as usize])
    }

    /// The scope that a definition, lambda, class, comprehension or module node opens.
    pub fn inner(&self, node: NodeId) -> Option<ScopeId> {
        self.opened.get(&node).copied().map(ScopeId)
    }

    /// What `name` (normalised and mangled) would mean when read in `scope`, whether it occurs there or not.
    pub fn resolve(&self, scope: ScopeId, name: &str) -> Resolution {
        let mut at = Some(scope);
        while let Some(up) = at {
            let here = self.get(up);
            let is_visible = up == scope || here.kind.is_function_like();
            if let (true, Some(symbol)) = (is_visible, here.symbols.get(name)) {
                return match symbol.home {
                    home if home == scope && symbol.flags.contains(SymbolFlags::LOCAL) => {
                        Resolution::Local(home)
                    }
                    home if home == self.module() => Resolution::Global,
                    home => Resolution::Free(home),
                };
            }
            at = here.parent;
        }
        Resolution::Global
    }

    /// The variable that `identifier` names: the scope that holds it (the module for globals and builtins) and its name
    /// as Python stores it. `None` for what is no variable: attributes, keyword names, parts of import paths.
    pub fn resolve_name(&self, identifier: NodeId) -> Option<(ScopeId, &str)> {
        let found = self.uses.binary_search_by_key(&identifier, |used| used.node).ok()?;
        Some((self.homes[found]?, self.names.text(self.uses[found].name)))
    }

    /// Whether the identifier reads the variable that it names.
    pub fn is_read(&self, identifier: NodeId) -> bool {
        self.uses
            .binary_search_by_key(&identifier, |used| used.node)
            .is_ok_and(|found| self.uses[found].reads)
    }

    /// Every place of the file that writes or deletes the variable `name` of `scope`, in the order of the text: also
    /// through `global` and `nonlocal`. Star imports are found under the name `*`.
    pub fn bindings(&self, scope: ScopeId, name: &str) -> &[Binding] {
        self.variable(scope, name).map_or(&[], |variable| &variable.bindings)
    }

    /// Every identifier of the file that reads the variable `name` of `scope`, in the order of the text, in inner scopes
    /// too. A read in a class body that finds a class variable counts for the global of that name as well, since it reads
    /// the global while the class does not have the name yet.
    pub fn references(&self, scope: ScopeId, name: &str) -> &[NodeId] {
        self.variable(scope, name).map_or(&[], |variable| &variable.references)
    }

    /// All variables of the file that are written: the scope that holds them, their names, and where.
    pub fn variables(&self) -> impl Iterator<Item = (ScopeId, &str, &[Binding])> {
        self.variables.iter().filter(|(_, variable)| !variable.bindings.is_empty()).map(
            |((home, name), variable)| {
                (ScopeId(*home), self.names.text(*name), variable.bindings.as_slice())
            },
        )
    }

    fn variable(&self, scope: ScopeId, name: &str) -> Option<&Variable> {
        self.variables.get(&(scope.0, self.names.find(name)?))
    }
}

fn variables(raw: &mut RawScopes) -> FxHashMap<(u32, u32), Variable> {
    let mut numbered: FxHashMap<(u32, u32), Variable> = FxHashMap::default();
    let home = |scope: u32, name: u32| {
        raw.scopes[scope as usize].symbols.get(&name).map_or(scope, |symbol| symbol.home)
    };
    for used in raw.uses.iter().filter(|used| used.reads) {
        let holder = home(used.scope, used.name);
        numbered.entry((holder, used.name)).or_default().references.push(used.node);
        if raw.scopes[holder as usize].kind == ScopeKind::Class {
            numbered.entry((0, used.name)).or_default().references.push(used.node);
        }
    }
    for binding in std::mem::take(&mut raw.bindings) {
        let holder = raw.scopes[binding.scope as usize]
            .symbols
            .get(&binding.name)
            .map_or(binding.scope, |symbol| symbol.home);
        let public = Binding {
            node: binding.node,
            scope: ScopeId(binding.scope),
            statement: binding.statement,
            kind: binding.kind,
        };
        numbered.entry((holder, binding.name)).or_default().bindings.push(public);
    }
    numbered
}

fn public_scope(scope: &super::raw::RawScope, raw: &RawScopes) -> Scope {
    let is_module = scope.kind == ScopeKind::Module;
    let symbols = scope.symbols.iter().map(|(name, symbol)| {
        let public = Symbol { flags: flags(symbol, is_module), home: ScopeId(symbol.home) };
        (raw.names.text(*name).to_owned(), public)
    });
    Scope {
        kind: scope.kind,
        name: raw.names.text(scope.name).to_owned(),
        node: scope.node,
        parent: scope.parent.map(ScopeId),
        children: scope.children.iter().copied().map(ScopeId).collect(),
        line: scope.line,
        symbols: symbols.collect(),
    }
}

/// The flags with which `symtable` describes the symbol.
pub(super) fn flags(symbol: &RawSymbol, is_module: bool) -> SymbolFlags {
    let facts = symbol.facts;
    let has = |wanted: u16| facts & wanted != 0;
    let bound_in_module = is_module && has(fact::BOUND);
    let mut flags = SymbolFlags::default();
    flags.set(SymbolFlags::PARAMETER, has(fact::PARAMETER));
    flags.set(
        SymbolFlags::LOCAL,
        matches!(symbol.place, Place::Local | Place::Cell) || bound_in_module,
    );
    flags.set(SymbolFlags::FREE, symbol.place == Place::Free);
    flags.set(SymbolFlags::CELL, symbol.place == Place::Cell);
    flags.set(
        SymbolFlags::GLOBAL,
        matches!(symbol.place, Place::GlobalExplicit | Place::GlobalImplicit) || bound_in_module,
    );
    flags.set(SymbolFlags::DECLARED_GLOBAL, symbol.place == Place::GlobalExplicit);
    flags.set(SymbolFlags::NONLOCAL, has(fact::NONLOCAL));
    flags.set(SymbolFlags::IMPORTED, has(fact::IMPORT));
    flags.set(SymbolFlags::ASSIGNED, has(fact::LOCAL));
    flags.set(SymbolFlags::ANNOTATED, has(fact::ANNOTATED));
    flags.set(SymbolFlags::REFERENCED, has(fact::USE));
    flags
}
