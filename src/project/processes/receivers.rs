//! Code of other files that is given an executor or a queue: `load(paths, executor)`. Such a file need not hold any of the words
//! that matter, for all it does may be `executor.map(…)`.

use crate::catalogue::{Transport, Verdict};
use crate::facts::scopes::{Binding, BindingKind};
use crate::project::values::writes::AttributeWrite;
use crate::project::{Eval, FileId, Site, Type, Value};
use crate::syntax::{Field, Kind, NodeId};
use rustc_hash::FxHashSet;

impl Eval<'_> {
    /// Asks what is called wherever a file hands on what starts processes or sends to them, so that its file is looked into.
    /// `received` tells that the file was itself looked into for what it is given: then its parameters may be such objects.
    pub fn ask_for_receivers(&self, file: FileId, received: bool) {
        let facts = self.file(file);
        let tree = facts.tree();
        let whole = |node: NodeId| match tree.kind(node) {
            Kind::KeywordArgument => tree.child(node, Field::Value),
            _ => Some(node),
        };
        for call in &facts.calls {
            let (Some(callee), Some(list)) =
                (tree.child(*call, Field::Function), tree.child(*call, Field::Arguments))
            else {
                continue;
            };
            let callee = Site { file, node: callee };
            if !self.may_lead_elsewhere(callee, received) {
                continue;
            }
            let asked = self.hold_wanted(FxHashSet::default());
            let sends = tree
                .children(list)
                .filter_map(whole)
                .any(|node| self.is_sender(Site { file, node }, received));
            // Such a file asks for what it hands things to, and for nothing else.
            let by_arguments = self.hold_wanted(asked);
            if !received {
                self.want(by_arguments);
            }
            if sends {
                self.values(callee);
            }
        }
    }

    /// Whether what is called may be of a file that nothing has asked for.
    fn may_lead_elsewhere(&self, callee: Site, received: bool) -> bool {
        let facts = self.file(callee.file);
        let tree = facts.tree();
        let mut root = callee.node;
        while let Some(object) = tree.child(root, Field::Object) {
            root = object;
        }
        let Some((home, name)) = facts.scopes.resolve_name(root) else { return false };
        let is_unread = |binding: &Binding| match &binding.kind {
            BindingKind::Import { .. } => {
                let paths = self.project.imported_paths(callee.file, facts, binding.statement);
                // A package hands out what others define.
                paths.iter().any(|path| {
                    self.project.at(path).is_none()
                        || path.file_stem().is_some_and(|stem| stem == "__init__")
                })
            }
            BindingKind::FunctionDef(_) | BindingKind::ClassDef(_) => false,
            _ => root != callee.node && !received,
        };
        facts.scopes.bindings(home, name).iter().any(is_unread)
    }

    /// Whether an argument is such an object, as far as that is told near by.
    fn is_sender(&self, argument: Site, received: bool) -> bool {
        let facts = self.file(argument.file);
        let tree = facts.tree();
        let may = |node: NodeId| self.project.speaks_of_holders(argument.file, node);
        // Near by, it is made under the name of its class; anything may come out of other calls.
        let is_made = |node: NodeId| {
            let callee =
                tree.child(node, Field::Function).filter(|_| tree.kind(node) == Kind::Call);
            callee.is_some_and(|callee| {
                facts.text(callee).ends_with("Executor")
                    || facts.text(callee).ends_with("Pool")
                    || facts.text(callee).ends_with("Queue")
            })
        };
        let is_told = |binding: &Binding| match &binding.kind {
            BindingKind::Assignment { value: Some(value), .. }
            | BindingKind::With { value, .. } => is_made(tree.unparenthesized(*value)),
            BindingKind::Parameter { annotation, .. } => received || annotation.is_some_and(may),
            _ => false,
        };
        let near = match tree.kind(argument.node) {
            Kind::Identifier => {
                let variable = facts.scopes.resolve_name(argument.node);
                variable.is_some_and(|(home, name)| {
                    facts.scopes.bindings(home, name).iter().any(is_told)
                })
            }
            // `self.pool`, which another method makes
            Kind::Attribute => {
                let class = tree
                    .child(argument.node, Field::Object)
                    .and_then(|object| self.self_class(Site { file: argument.file, node: object }));
                let name =
                    tree.child(argument.node, Field::Attribute).map_or("", |name| facts.text(name));
                let made = |write: &AttributeWrite| {
                    write
                        .value
                        .is_some_and(|value| value.file == argument.file && is_made(value.node))
                };
                class.is_some_and(|class| self.attribute_writes(class, name).iter().any(made))
            }
            _ => false,
        };
        near && may(argument.node)
            && self.values(argument).iter().any(|value| self.sends_by_queue(value))
    }

    /// Whether a value is an executor, a pool or a queue: what its methods are given is pickled.
    fn sends_by_queue(&self, value: &Value) -> bool {
        let Value::Instance(Type::External { path, .. }) = value else { return false };
        let catalogue = &self.project.catalogue;
        catalogue.by_path(path).map(|entry| catalogue.get(entry)).is_some_and(|entry| {
            entry.verdict != Verdict::Never && entry.transport != Transport::OwnPipe
        })
    }
}
