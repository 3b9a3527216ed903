//! Whether a function serves nothing but the places that are known: what may then change its parameters.

use crate::facts::scopes::BindingKind;
use crate::project::{Eval, Site};
use std::collections::BTreeSet;

impl Eval<'_> {
    /// Whether a function at module level is named at `places` (identifiers of its file) and nowhere else: its name means nothing else,
    /// no other module takes it, and nothing is seen to call it.
    pub fn is_named_only_at(&self, function: Site, places: &BTreeSet<Site>) -> bool {
        let facts = self.file(function.file);
        let module = facts.scopes.module();
        let name = facts.definition_name(function.node);
        let is_one = matches!(facts.scopes.bindings(module, name), [only] if matches!(only.kind, BindingKind::FunctionDef(_)));
        let mut reads = facts.scopes.references(module, name).iter();
        !self.is_local(function)
            && is_one
            && reads.all(|read| places.contains(&Site { file: function.file, node: *read }))
            && !self.is_taken(function)
            && self.is_uncalled(function)
    }

    /// Whether another module imports a function, or may take it as an attribute of its module.
    fn is_taken(&self, function: Site) -> bool {
        let facts = self.file(function.file);
        let importers: Vec<Site> = self
            .project
            .importers(&facts.source.path)
            .into_iter()
            .filter(|site| site.file != function.file)
            .collect();
        self.names_taken(function.file, &importers)
            .is_none_or(|taken| taken.contains(facts.definition_name(function.node)))
    }
}
