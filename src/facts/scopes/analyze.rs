//! From facts to verdicts: which names of a scope are local, cells, free or global.
//!
//! Two passes over the scopes, outer ones first, then inner ones first. The first decides every name by
//! looking outwards; the second carries free names outwards and turns what they meet into cells. With
//! `inlining`, it also folds comprehensions into their surroundings as CPython does since 3.12.

use super::model::ScopeKind;
use super::raw::{Place, RawScope, RawScopes, RawSymbol, fact};
use super::version::PythonVersion;
use std::collections::BTreeSet;

/// What the scopes around a name say about it.
enum Outside {
    /// A variable of that scope.
    Bound(u32),
    Global,
}

struct Analysis<'r> {
    raw: &'r mut RawScopes,
    version: PythonVersion,
    /// The class whose names a scope sees besides those of functions.
    seen_class: Vec<Option<u32>>,
    /// Names that are free in a scope and not of one inside it.
    free: Vec<BTreeSet<u32>>,
    /// The scopes right inside, where those of an inlined comprehension stand for itself.
    inner: Vec<Vec<u32>>,
    /// Names that every class body holds for its functions: `__class__` and the like.
    class_cells: Vec<u32>,
}

/// Decides every name of every scope. `inlining` folds comprehensions into the scopes around them, whose symbols
/// then include theirs.
pub(super) fn analyze(raw: &mut RawScopes, version: PythonVersion, inlining: bool) {
    let class_cells = ["__class__", "__classdict__", "__conditional_annotations__"]
        .iter()
        .filter_map(|name| raw.names.find(name))
        .collect();
    let count = raw.scopes.len();
    let mut analysis = Analysis {
        raw,
        version,
        seen_class: vec![None; count],
        free: vec![BTreeSet::new(); count],
        inner: vec![Vec::new(); count],
        class_cells,
    };
    for scope in 0..count as u32 {
        analysis.decide_all(scope);
    }
    for scope in (0..count as u32).rev() {
        analysis.collect_free(scope, inlining);
    }
}

/// Whether CPython runs the comprehension inside the scope around it.
pub(super) fn is_inlined(scope: &RawScope, parent: &RawScope, generator: Option<u32>) -> bool {
    scope.kind == ScopeKind::Comprehension && Some(scope.name) != generator && !parent.sees_class
}

impl Analysis<'_> {
    fn scope(&self, id: u32) -> &RawScope {
        &self.raw.scopes[id as usize]
    }

    fn decide_all(&mut self, id: u32) {
        let scope = self.scope(id);
        if let (true, Some(parent)) = (scope.sees_class, scope.parent) {
            let is_class = self.scope(parent).kind == ScopeKind::Class;
            self.seen_class[id as usize] =
                if is_class { Some(parent) } else { self.seen_class[parent as usize] };
        }
        let verdicts: Vec<_> = self
            .scope(id)
            .symbols
            .iter()
            .map(|(name, symbol)| self.decide(id, *name, symbol.facts))
            .collect();
        for (symbol, (place, home)) in
            self.raw.scopes[id as usize].symbols.values_mut().zip(verdicts)
        {
            (symbol.place, symbol.home) = (place, home);
        }
    }

    fn decide(&self, id: u32, name: u32, facts: u16) -> (Place, u32) {
        if facts & fact::GLOBAL != 0 {
            return (Place::GlobalExplicit, 0);
        }
        if facts & fact::NONLOCAL != 0 {
            return (Place::Free, self.bound_outside(id, name).unwrap_or(0));
        }
        if facts & fact::BOUND != 0 {
            return (Place::Local, id);
        }
        if let Some(class) = self.seen_class[id as usize] {
            let in_class = self.scope(class).facts(name);
            if in_class & fact::GLOBAL != 0 {
                return (Place::GlobalExplicit, 0);
            }
            if in_class & fact::BOUND != 0 && in_class & fact::NONLOCAL == 0 {
                return (Place::GlobalImplicit, class);
            }
        }
        match self.outside(id, name) {
            Outside::Bound(home) => (Place::Free, home),
            Outside::Global => (Place::GlobalImplicit, 0),
        }
    }

    fn bound_outside(&self, id: u32, name: u32) -> Option<u32> {
        match self.outside(id, name) {
            Outside::Bound(home) => Some(home),
            Outside::Global => None,
        }
    }

    fn outside(&self, id: u32, name: u32) -> Outside {
        let mut at = self.scope(id).parent;
        while let Some(up) = at {
            let scope = self.scope(up);
            let facts = scope.facts(name);
            if scope.kind == ScopeKind::Class {
                if self.class_cells.contains(&name) {
                    return Outside::Bound(up);
                }
            } else if facts & fact::GLOBAL != 0 {
                return Outside::Global;
            } else if facts & fact::NONLOCAL == 0
                && facts & fact::BOUND != 0
                && scope.kind.is_function_like()
            {
                return Outside::Bound(up);
            }
            at = scope.parent;
        }
        Outside::Global
    }

    /// The children of `id` are done; their free names meet the names of `id`.
    fn collect_free(&mut self, id: u32, inlining: bool) {
        let own: BTreeSet<u32> = self
            .scope(id)
            .symbols
            .iter()
            .filter(|(_, symbol)| symbol.place == Place::Free)
            .map(|(name, _)| *name)
            .collect();
        let mut from_children = BTreeSet::new();
        let mut inlined_cells = BTreeSet::new();
        let generator = self.raw.names.find("genexpr");
        for child in self.scope(id).children.clone() {
            let mut free = std::mem::take(&mut self.free[child as usize]);
            if inlining && is_inlined(self.scope(child), self.scope(id), generator) {
                self.inline(id, child, &mut free, &mut inlined_cells);
                let mut inherited = std::mem::take(&mut self.inner[child as usize]);
                self.inner[id as usize].append(&mut inherited);
            } else {
                self.inner[id as usize].push(child);
            }
            from_children.extend(free);
        }
        let kind = self.scope(id).kind;
        if kind == ScopeKind::Class {
            from_children.retain(|name| !self.class_cells.contains(name));
        } else if kind.is_function_like() {
            for (name, symbol) in &mut self.raw.scopes[id as usize].symbols {
                if symbol.place == Place::Local
                    && (from_children.contains(name) || inlined_cells.contains(name))
                {
                    symbol.place = Place::Cell;
                    from_children.remove(name);
                }
            }
        }
        for name in &inlined_cells {
            if let Some(symbol) = self.raw.scopes[id as usize].symbols.get_mut(name) {
                symbol.facts |= fact::INLINED_CELL;
            }
        }
        for name in &from_children {
            if self.scope(id).symbols.contains_key(name) {
                continue;
            }
            if let Some(home) = self.bound_outside(id, *name) {
                let passed_on = RawSymbol { facts: 0, place: Place::Free, home };
                self.raw.scopes[id as usize].symbols.insert(*name, passed_on);
            }
        }
        from_children.extend(own);
        // What lazily evaluated annotations read makes no cells.
        if !self.scope(id).hidden {
            self.free[id as usize] = from_children;
        }
    }

    /// Copies the names of comprehension `child` into `id`, the scope around it.
    fn inline(
        &mut self,
        id: u32,
        child: u32,
        free: &mut BTreeSet<u32>,
        inlined_cells: &mut BTreeSet<u32>,
    ) {
        let is_class = self.scope(id).kind == ScopeKind::Class;
        let class = self.raw.names.find("__class__");
        for (name, symbol) in self.scope(child).symbols.clone() {
            if symbol.facts & fact::PARAMETER != 0 {
                continue;
            }
            if symbol.place == Place::Cell || symbol.facts & fact::INLINED_CELL != 0 {
                inlined_cells.insert(name);
            }
            let mut place = symbol.place;
            // `__class__` never reaches a class body from the outside.
            if place == Place::Free && is_class && Some(name) == class {
                place = Place::GlobalImplicit;
                free.remove(&name);
            }
            let is_free_below = self.inner[child as usize]
                .iter()
                .any(|inner| self.place_in(*inner, name) == Some(Place::Free));
            match self.raw.scopes[id as usize].symbols.get_mut(&name) {
                None => {
                    let copied = RawSymbol { facts: symbol.facts, place, home: symbol.home };
                    self.raw.scopes[id as usize].symbols.insert(name, copied);
                }
                Some(existing) => {
                    if existing.facts & fact::BOUND != 0 && !is_class && !is_free_below {
                        free.remove(&name);
                    }
                    if self.version >= PythonVersion(14) && symbol.place == Place::Free && !is_class
                    {
                        existing.facts |= symbol.facts & fact::USE;
                    }
                }
            }
        }
    }

    fn place_in(&self, id: u32, name: u32) -> Option<Place> {
        self.scope(id).symbols.get(&name).map(|symbol| symbol.place)
    }
}
