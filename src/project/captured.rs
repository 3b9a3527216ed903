//! What callers give to the functions around a callable that is sent: the callable captures it, so it travels, too.

use super::{Callable, Carried, Eval, FileId, Origin, Site};
use crate::facts::scopes::{BindingKind, SymbolFlags};
use std::collections::BTreeSet;

/// More arguments than this are not looked at.
const MAX_ARGUMENTS: usize = 64;

impl Eval<'_> {
    /// The lambdas and local functions that a file's dispatches carry as captures: `pool.map(chain(lambda x: x + 1), xs)`,
    /// where `chain` returns a function that calls its parameter.
    pub(super) fn carried_as_captures(&self, file: FileId) -> Vec<Carried> {
        let mut out = Vec::new();
        for (dispatch, methods) in self.sending(file) {
            let origins = self.slots(&dispatch).into_iter().flat_map(|slot| self.slot_origins(&slot));
            let arguments: BTreeSet<Site> = origins.flat_map(|origin| self.captured_arguments(&origin)).take(MAX_ARGUMENTS).collect();
            for argument in arguments {
                for mut content in self.contents(super::Argument::object(argument), dispatch.carries_primitives(self.project)) {
                    content.kept = true;
                    if content.callable().is_some() {
                        out.push(Carried { dispatch: dispatch.clone(), content, methods: methods.clone() });
                    }
                }
            }
        }
        out
    }

    /// What is given for the parameters that a local function or lambda captures.
    fn captured_arguments(&self, origin: &Origin) -> Vec<Site> {
        let (Callable::Lambda(callable) | Callable::Function(callable)) = origin.callable else { return Vec::new() };
        let facts = self.file(callable.file);
        let Some(scope) = facts.scopes.inner(callable.node) else { return Vec::new() };
        let free = facts.scopes.get(scope).symbols.iter().filter(|(_, symbol)| symbol.flags.contains(SymbolFlags::FREE));
        free.flat_map(|(name, symbol)| facts.scopes.bindings(symbol.home, name))
            .flat_map(|binding| match &binding.kind {
                BindingKind::Parameter { star: 0, .. } => self.arguments_for(callable.file, binding),
                BindingKind::Parameter { .. } => self.surplus_for(callable.file, binding, 0),
                _ => Vec::new(),
            })
            .collect()
    }
}
