//! The call graph of a project: which functions the calls of each function may run.

use super::source::{CallString, Source};
use super::{Solver, beside};
use crate::catalogue::flows::{self, Flows, Root};
use crate::project::Site;
use crate::syntax::{Field, Kind, NodeId, Tree};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Names of functions (and modules, for what runs when they are imported), each with those that its calls may run. Calls of
/// what lies outside the project go by dotted paths, builtins by `<builtin>.name`.
pub type CallGraph = BTreeMap<String, BTreeSet<String>>;

impl Solver<'_> {
    /// The call graph of all parsed files, their modules named as seen from `root`.
    pub fn call_graph(&self, root: &Path) -> CallGraph {
        let mut graph = CallGraph::new();
        for (file, facts) in self.project.files() {
            graph.entry(module_name(root, &facts.source.path)).or_default();
            for node in facts.tree().subtree(Tree::ROOT) {
                let site = Site { file, node };
                match facts.tree().kind(node) {
                    Kind::FunctionDefinition | Kind::Lambda => {
                        graph.entry(self.qualified(root, site)).or_default();
                    }
                    Kind::Call | Kind::Decorator => {
                        let callees = self.callees(root, site);
                        let caller = self.caller_name(root, site);
                        graph.entry(caller).or_default().extend(callees);
                    }
                    Kind::RaiseStatement | Kind::ForStatement | Kind::ForInClause => {
                        let callees = self.implicit_callees(root, site);
                        let caller = self.caller_name(root, site);
                        graph.entry(caller).or_default().extend(callees);
                    }
                    _ => {}
                }
            }
        }
        graph
    }

    /// What a `raise` of a class and a loop over an object call.
    pub(super) fn implicit_callees(&self, root: &Path, statement: Site) -> BTreeSet<String> {
        let tree = self.tree(statement.file);
        let mut out = BTreeSet::new();
        let is_raise = tree.kind(statement.node) == Kind::RaiseStatement;
        let asked = if is_raise {
            tree.children(statement.node).next()
        } else {
            tree.child(statement.node, Field::Right)
        };
        let Some(asked) = asked.map(|node| beside(statement, node)) else { return out };
        for each in self.sources(asked, &CallString::UNKNOWN).found.iter() {
            match &each.source {
                class @ Source::Class(_) if is_raise => {
                    self.add_callee(root, class, asked, &mut out);
                }
                object @ Source::Instance { .. } if !is_raise => {
                    for name in ["__iter__", "__next__"] {
                        for method in self.member(object, name, asked) {
                            self.add_callee(root, &method.source, asked, &mut out);
                        }
                    }
                }
                _ => {}
            }
        }
        out
    }

    /// The function in which a call runs, or the module.
    pub(super) fn caller_name(&self, root: &Path, call: Site) -> String {
        let facts = self.file(call.file);
        let tree = facts.tree();
        let scope = self.frame_of(call);
        let node = facts.scopes.get(scope).node;
        match tree.kind(node) {
            Kind::FunctionDefinition | Kind::Lambda => self.qualified(root, beside(call, node)),
            _ => module_name(root, &facts.source.path),
        }
    }

    pub(super) fn callees(&self, root: &Path, call: Site) -> BTreeSet<String> {
        let mut out = BTreeSet::new();
        let Some(callee) = self.callee(call) else { return out };
        let found = self.sources(callee, &CallString::UNKNOWN).found;
        for each in found.iter() {
            self.add_callee(root, &each.source, call, &mut out);
        }
        out
    }

    pub(super) fn add_callee(
        &self,
        root: &Path,
        callee: &Source,
        call: Site,
        out: &mut BTreeSet<String>,
    ) {
        match callee {
            Source::Function(site)
            | Source::Lambda(site)
            | Source::Method { function: Some(site), .. } => {
                out.insert(self.qualified(root, *site));
            }
            Source::Class(class) => {
                let init = self.methods_named(*class, "__init__").into_iter().next();
                match init {
                    Some((_, function)) => out.extend([self.qualified(root, function)]),
                    None => out.extend(self.inherited_name(*class, "__init__")),
                }
            }
            Source::External { path, .. } => {
                out.insert(match path.strip_prefix("builtins.") {
                    Some(name) => format!("<builtin>.{name}"),
                    None => path.to_string(),
                });
                self.add_called_back(root, flows::function(path), call, out);
            }
            Source::Method { object, name, function: None, .. } => match &**object {
                Source::Made { path, .. } => {
                    out.insert(match path.strip_prefix("builtins.") {
                        Some(made) => format!("<builtin>.{made}.{name}"),
                        None => format!("{path}.{name}"),
                    });
                }
                Source::Instance { class, .. } => out.extend(self.inherited_name(*class, name)),
                container => {
                    let kind = self.container_kind(container);
                    let flows = kind.and_then(|kind| flows::method(kind, name));
                    self.add_called_back(root, flows, call, out);
                }
            },
            Source::Partial(partial) => {
                let inner = self.arguments(partial.site).first().copied();
                let inner = inner.map(|inner| beside(partial.site, inner.node));
                for each in inner
                    .iter()
                    .flat_map(|inner| self.sources(*inner, &partial.context).found.to_vec())
                {
                    self.add_callee(root, &each.source, call, out);
                }
            }
            Source::Instance { .. } => {
                for each in self.member(callee, "__call__", call) {
                    if let Source::Method { function: Some(function), .. } = each.source {
                        out.insert(self.qualified(root, function));
                    }
                }
            }
            _ => {}
        }
    }

    /// A method that a class has from a base outside the project.
    pub(super) fn inherited_name(&self, class: Site, name: &str) -> Option<String> {
        self.lineage(class).iter().find_map(|each| match each {
            Source::External { path, .. } if !path.starts_with("builtins.") => {
                Some(format!("{path}.{name}"))
            }
            _ => None,
        })
    }

    /// The functions that a library function calls.
    pub(super) fn add_called_back(
        &self,
        root: &Path,
        flows: Option<&'static Flows>,
        call: Site,
        out: &mut BTreeSet<String>,
    ) {
        for place in flows.into_iter().flat_map(Flows::made_calls) {
            let Root::Call { callee, .. } = &place.root else { continue };
            for each in self.at_place(call, callee, &CallString::UNKNOWN) {
                if !matches!(each.source, Source::External { .. }) {
                    self.add_callee(root, &each.source, call, out);
                }
            }
        }
    }

    /// The dotted name of a function or lambda; lambdas are numbered in the scope that holds them.
    pub(super) fn qualified(&self, root: &Path, site: Site) -> String {
        let facts = self.file(site.file);
        let tree = facts.tree();
        let mut parts = vec![self.own_name(site)];
        for up in tree.ancestors(site.node) {
            if matches!(
                tree.kind(up),
                Kind::FunctionDefinition | Kind::ClassDefinition | Kind::Lambda
            ) {
                parts.push(self.own_name(beside(site, up)));
            }
        }
        parts.push(module_name(root, &facts.source.path));
        parts.reverse();
        parts.join(".")
    }

    pub(super) fn own_name(&self, site: Site) -> String {
        let facts = self.file(site.file);
        let tree = facts.tree();
        if tree.kind(site.node) != Kind::Lambda {
            return facts.definition_name(site.node).to_owned();
        }
        let kinds = [Kind::FunctionDefinition, Kind::ClassDefinition, Kind::Lambda];
        let around = tree.enclosing(site.node, &kinds).unwrap_or(Tree::ROOT);
        let beside = |node: &NodeId| {
            tree.kind(*node) == Kind::Lambda
                && tree.enclosing(*node, &kinds).unwrap_or(Tree::ROOT) == around
        };
        let number = tree.subtree(around).filter(|node| *node <= site.node).filter(beside).count();
        format!("<lambda{number}>")
    }
}

/// The dotted name of a module, seen from a folder.
fn module_name(root: &Path, path: &Path) -> String {
    let below = path.strip_prefix(root).unwrap_or(path);
    let mut parts: Vec<String> =
        below.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if let Some(last) = parts.last_mut() {
        *last = last.trim_end_matches(".py").to_owned();
    }
    if parts.len() > 1 && parts.last().is_some_and(|last| last == "__init__") {
        parts.pop();
    }
    parts.join(".")
}
