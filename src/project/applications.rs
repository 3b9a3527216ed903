//! Command-line applications: which functions run when `cli()` or `app()` is called.

use super::starts::ProcessStart;
use super::{Eval, FileId, Site};
use crate::facts::execution;
use crate::syntax::{Field, Kind};

/// Methods of command-line applications that register a function which runs when the application is called.
const REGISTERS: &[&str] = &["command", "callback", "default", "group"];

impl Eval<'_> {
    /// `cli()` and `app()` of command-line libraries: the functions registered by `@cli.command()` run.
    pub(super) fn start_by_application(&self, call: Site, callee: Site) -> Option<ProcessStart> {
        let facts = self.file(call.file);
        let tree = facts.tree();
        let root = if tree.kind(callee.node) == Kind::Attribute { tree.child(callee.node, Field::Object)? } else { callee.node };
        if tree.kind(root) != Kind::Identifier {
            return None;
        }
        let name = facts.text(root);
        self.functions_of_module(call.file).into_iter().find_map(|function| {
            let registered = facts.decorators(function.node).into_iter().any(|decorator| {
                let text = facts.text(decorator).trim_start_matches('@').trim();
                let method = text.strip_prefix(name).and_then(|rest| rest.strip_prefix('.'));
                method.is_some_and(|method| REGISTERS.contains(&method.split('(').next().unwrap_or(method)))
            });
            if !registered {
                return None;
            }
            Some(self.start_of(function)?.behind(call))
        })
    }

    /// The functions right at module level, in any suite.
    pub fn functions_of_module(&self, file: FileId) -> Vec<Site> {
        let facts = self.file(file);
        let tree = facts.tree();
        execution::executed(facts, crate::syntax::Tree::ROOT)
            .into_iter()
            .filter(|node| tree.kind(*node) == Kind::FunctionDefinition && facts.scopes.scope_of(*node) == facts.scopes.module())
            .map(|node| Site { file, node })
            .collect()
    }
}
