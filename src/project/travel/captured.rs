//! What a callable that is sent captures travels, too: what callers give to the functions around it, and what these assign.

use crate::facts::scopes::{Binding, BindingKind, SymbolFlags};
use crate::project::{Argument, Callable, Carried, Content, Eval, FileId, Origin, Site};
use crate::syntax::{Kind, NodeId};
use std::collections::BTreeSet;

/// More functions than these are not followed.
const MAX_FUNCTIONS: usize = 64;

/// More arguments than this are not looked at.
const MAX_ARGUMENTS: usize = 64;

impl Eval<'_> {
    /// The lambdas and local functions that a file's dispatches carry as captures: `pool.map(chain(lambda x: x + 1), xs)`,
    /// where `chain` returns a function that calls its parameter.
    pub(in crate::project) fn carried_as_captures(&self, file: FileId) -> Vec<Carried> {
        let mut out = Vec::new();
        for (dispatch, methods) in self.sending(file) {
            let origins: Vec<Origin> = self
                .slots(&dispatch)
                .into_iter()
                .flat_map(|slot| self.slot_origins(&slot))
                .collect();
            let given: BTreeSet<Site> = origins
                .iter()
                .flat_map(|origin| self.captured_arguments(origin))
                .take(MAX_ARGUMENTS)
                .collect();
            let mut contents: Vec<Content> = Vec::new();
            for argument in given {
                contents.extend(self.contents(
                    Argument::object(argument),
                    dispatch.carries_primitives(self.project),
                ));
            }
            for origin in &origins {
                // What stands in the function around it is handed over with the callable.
                let here = |content: Content| Content {
                    place: origin.handover,
                    handover: origin.handover,
                    through: origin.through.clone(),
                    ..content
                };
                for value in self.captured_values(origin) {
                    contents.extend(
                        self.contents(
                            Argument::object(value),
                            dispatch.carries_primitives(self.project),
                        )
                        .into_iter()
                        .map(here),
                    );
                }
            }
            let callables = contents.into_iter().filter(|content| content.callable().is_some());
            out.extend(callables.map(|content| Carried {
                dispatch: dispatch.clone(),
                content: Content { kept: true, captured: true, ..content },
                methods: methods.clone(),
            }));
        }
        out
    }

    /// What is given for the parameters that a local function or lambda captures.
    fn captured_arguments(&self, origin: &Origin) -> Vec<Site> {
        self.captured_bindings(origin)
            .into_iter()
            .flat_map(|(file, binding, _)| match &binding.kind {
                BindingKind::Parameter { .. } => self.arguments_for(file, binding),
                _ => Vec::new(),
            })
            .collect()
    }

    /// What the function around a local function or lambda assigns to the variables that it captures. A lambda that is the only
    /// value of its variable is left out: it is hoisted along.
    fn captured_values(&self, origin: &Origin) -> Vec<Site> {
        let assigned = |(file, binding, is_only): (FileId, &Binding, bool)| match &binding.kind {
            BindingKind::Assignment { value: Some(value), path, .. } if path.is_empty() => {
                let tree = self.file(file).tree();
                let is_hoisted = is_only && tree.kind(tree.unparenthesized(*value)) == Kind::Lambda;
                (!is_hoisted).then_some(Site { file, node: *value })
            }
            // A part of it: what the callable reads.
            BindingKind::Assignment { value: Some(_), .. } => self.read_in(origin, file, binding),
            _ => None,
        };
        let values: Vec<Site> = self
            .captured_bindings(origin)
            .into_iter()
            .filter_map(assigned)
            .take(MAX_ARGUMENTS)
            .collect();
        let put: Vec<Site> =
            values.iter().flat_map(|value| self.items_put(*value)).take(MAX_ARGUMENTS).collect();
        values.into_iter().chain(put).collect()
    }

    /// A place where a local function or lambda reads the variable of a binding.
    fn read_in(&self, origin: &Origin, file: FileId, binding: &Binding) -> Option<Site> {
        let (Callable::Lambda(callable) | Callable::Function(callable)) = origin.callable else {
            return None;
        };
        let facts = self.file(file);
        let (home, name) = facts.scopes.resolve_name(binding.node)?;
        let reads = facts.scopes.references(home, name).iter().copied();
        reads
            .into_iter()
            .find(|read| facts.tree().contains(callable.node, *read))
            .map(|node| Site { file, node })
    }

    /// The bindings of the variables that a local function or lambda captures, itself or by the local functions that it
    /// names, and whether each is the only one.
    fn captured_bindings(&self, origin: &Origin) -> Vec<(FileId, &Binding, bool)> {
        let (Callable::Lambda(callable) | Callable::Function(callable)) = origin.callable else {
            return Vec::new();
        };
        let facts = self.file(callable.file);
        let mut found = Vec::new();
        let mut seen: BTreeSet<NodeId> = BTreeSet::new();
        let mut waiting = vec![callable.node];
        while let Some(node) = waiting.pop().filter(|_| seen.len() < MAX_FUNCTIONS) {
            let Some(scope) = facts.scopes.inner(node).filter(|_| seen.insert(node)) else {
                continue;
            };
            for (name, symbol) in facts
                .scopes
                .get(scope)
                .symbols
                .iter()
                .filter(|(_, symbol)| symbol.flags.contains(SymbolFlags::FREE))
            {
                let bindings = facts.scopes.bindings(symbol.home, name);
                waiting.extend(bindings.iter().filter_map(|binding| {
                    if let BindingKind::FunctionDef(node) = binding.kind {
                        Some(node)
                    } else {
                        None
                    }
                }));
                found.extend(
                    bindings.iter().map(|binding| (callable.file, binding, bindings.len() == 1)),
                );
            }
        }
        found
    }
}
