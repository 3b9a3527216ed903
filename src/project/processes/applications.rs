//! Command-line applications: which functions run when `cli()` or `app()` is called.

use crate::facts::scopes::BindingKind;
use crate::facts::{FileFacts, execution};
use crate::project::processes::starts::ProcessStart;
use crate::project::{Eval, FileId, Project, Site};
use crate::syntax::{Field, Kind, NodeId, Tree};
use std::collections::HashMap;

/// Methods that register the function they decorate, which runs when the application is called.
const REGISTERS: &[&str] = &["command", "callback", "default", "group"];

/// Methods that register what they are given.
const ADDS: &[&str] = &["add_command", "add_typer"];

/// Methods that run the application, beside its call.
const RUNS: &[&str] = &["main", "meta", "run", "start"];

/// Applications within applications are followed this deep, and names over so many imports.
const MAX_DEPTH: u32 = 5;

/// What the applications of one file run, by the application's name, in the order of the text: a function, or an
/// expression that holds one, or another application.
pub(in crate::project) type Registrations = HashMap<String, Vec<NodeId>>;

impl Project {
    fn registrations(&self, file: FileId) -> Option<&Registrations> {
        let tables = self.applications.get_or_init(|| {
            let tables = self.files().map(|(id, facts)| (id, registrations_of(facts)));
            tables.filter(|(_, table)| !table.is_empty()).collect()
        });
        tables.get(&file)
    }
}

fn registrations_of(facts: &FileFacts) -> Registrations {
    let mut table = Registrations::new();
    if !REGISTERS.iter().chain(ADDS).any(|name| facts.all().contains(name)) {
        return table;
    }
    let tree = facts.tree();
    for node in tree.subtree(Tree::ROOT) {
        let (callee, methods, target) = match tree.kind(node) {
            Kind::Decorator => {
                let expression = tree.children(node).next();
                let callee = expression.map(|inner| {
                    if tree.kind(inner) == Kind::Call {
                        tree.child(inner, Field::Function).unwrap_or(inner)
                    } else {
                        inner
                    }
                });
                (
                    callee,
                    REGISTERS,
                    tree.parent(node).and_then(|up| tree.child(up, Field::Definition)),
                )
            }
            Kind::Call => (
                tree.child(node, Field::Function),
                ADDS,
                tree.child(node, Field::Arguments).and_then(|list| tree.children(list).next()),
            ),
            _ => continue,
        };
        let (Some(callee), Some(target)) = (callee, target) else { continue };
        let (Some(object), Some(method)) =
            (tree.child(callee, Field::Object), tree.child(callee, Field::Attribute))
        else {
            continue;
        };
        if tree.kind(object) == Kind::Identifier && methods.contains(&facts.text(method)) {
            table.entry(facts.text(object).to_owned()).or_default().push(target);
        }
    }
    table
}

impl Eval<'_> {
    /// `cli()` and `app()` of command-line libraries: the functions registered by `@cli.command()` run.
    pub(in crate::project) fn start_by_application(
        &self,
        call: Site,
        callee: Site,
    ) -> Option<ProcessStart> {
        let facts = self.file(call.file);
        let tree = facts.tree();
        let root = match tree.kind(callee.node) {
            Kind::Attribute => {
                let runs = tree
                    .child(callee.node, Field::Attribute)
                    .is_some_and(|name| RUNS.contains(&facts.text(name)));
                tree.child(callee.node, Field::Object).filter(|_| runs)?
            }
            _ => callee.node,
        };
        let (file, name) = self.application(Site { file: call.file, node: root })?;
        Some(self.start_of_application(file, &name, MAX_DEPTH)?.behind(call))
    }

    /// The file that registers commands with the application that a name means, and the application's name there.
    fn application(&self, name: Site) -> Option<(FileId, String)> {
        let facts = self.file(name.file);
        if facts.tree().kind(name.node) != Kind::Identifier {
            return None;
        }
        let (mut file, mut text) = (name.file, facts.text(name.node).to_owned());
        for _ in 0..MAX_DEPTH {
            if self.project.registrations(file).is_some_and(|table| table.contains_key(&text)) {
                return Some((file, text));
            }
            let facts = self.file(file);
            let import =
                facts.scopes.bindings(facts.scopes.module(), &text).iter().find_map(|binding| {
                    match &binding.kind {
                        BindingKind::Import { module, attribute: Some(attribute) } => {
                            Some((module, attribute))
                        }
                        _ => None,
                    }
                });
            let (module, attribute) = import?;
            file = self.project.at(&self.project.module_path(file, module)?)?;
            text.clone_from(attribute);
        }
        None
    }

    fn start_of_application(&self, file: FileId, name: &str, depth: u32) -> Option<ProcessStart> {
        let facts = self.file(file);
        let targets = self
            .project
            .registrations(file)
            .and_then(|table| table.get(name))
            .filter(|_| depth > 0)?;
        targets.iter().find_map(|target| {
            let site = Site { file, node: *target };
            if facts.tree().kind(*target) == Kind::FunctionDefinition {
                let own = self.start_of(site).map(|start| (*start).clone());
                // `@cli.group()` makes an application of its own.
                return own.or_else(|| {
                    self.start_of_application(file, facts.definition_name(*target), depth - 1)
                });
            }
            let inner = || {
                self.application(site)
                    .and_then(|(file, name)| self.start_of_application(file, &name, depth - 1))
            };
            self.start_of_reference(site).or_else(inner)
        })
    }

    /// The names of the applications of a file whose calls start processes.
    pub(in crate::project) fn starting_applications(&self, file: FileId) -> Vec<&str> {
        let names = self.project.registrations(file).into_iter().flat_map(Registrations::keys);
        let mut found: Vec<&str> = names
            .map(String::as_str)
            .filter(|name| self.start_of_application(file, name, MAX_DEPTH).is_some())
            .collect();
        found.sort_unstable();
        found
    }

    /// The functions right at module level, in any suite.
    pub fn functions_of_module(&self, file: FileId) -> Vec<Site> {
        let facts = self.file(file);
        let tree = facts.tree();
        execution::executed(facts, Tree::ROOT)
            .into_iter()
            .filter(|node| {
                tree.kind(*node) == Kind::FunctionDefinition
                    && facts.scopes.scope_of(*node) == facts.scopes.module()
            })
            .map(|node| Site { file, node })
            .collect()
    }
}
