//! What reaches which process call: dispatches joined with the callables that reach their slots.

use super::{Callable, Dispatch, Eval, FileId, Origin, Site, Slot};
use crate::facts::scopes::BindingKind;
use crate::findings::StartMethod;
use crate::syntax::{Kind, NodeId};
use std::collections::BTreeSet;

/// One callable that one dispatch sends.
#[derive(Debug, Clone)]
pub struct Sent {
    /// The call.
    pub dispatch: Dispatch,
    /// The parameter.
    pub slot: Slot,
    /// The callable, and the way it takes.
    pub origin: Origin,
    /// The start methods under which it is pickled by reference.
    pub methods: Vec<StartMethod>,
}

/// A function or class that hands on to a process what it is given: files that name it matter, too.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Trigger {
    /// The last part of its module's name.
    pub module: String,
    /// Its name.
    pub name: String,
}

impl Eval<'_> {
    /// Everything that the dispatches of a file send.
    pub fn sent(&self, file: FileId) -> Vec<Sent> {
        let mut out = Vec::new();
        for dispatch in self.dispatches(file) {
            let methods = dispatch.pickled_under(self.project);
            if methods.is_empty() {
                continue;
            }
            for slot in self.slots(&dispatch) {
                for origin in self.origins(slot.expression) {
                    self.look_ahead(&origin);
                    out.push(Sent { dispatch: dispatch.clone(), slot: slot.clone(), origin, methods: methods.clone() });
                }
            }
        }
        out
    }

    /// Asks for what rules will ask about a callable, so that the files that hold it are read in round one.
    fn look_ahead(&self, origin: &Origin) {
        let definition = match &origin.callable {
            Callable::Function(site) | Callable::Class(site) => Some(*site),
            Callable::Method { function, .. } => *function,
            _ => None,
        };
        let Some(definition) = definition else { return };
        let facts = self.file(definition.file);
        for decorator in facts.decorators(definition.node) {
            for expression in facts.tree().children(decorator) {
                self.values(Site { file: definition.file, node: expression });
            }
        }
    }

    /// The functions and classes of a file whose parameters reach a slot, or that give out executors.
    pub fn triggers(&self, file: FileId, _sent: &[Sent]) -> BTreeSet<Trigger> {
        let facts = self.file(file);
        let mut out = BTreeSet::new();
        let module = module_word(&facts.source.path);
        let mut add = |definition: NodeId| {
            let tree = facts.tree();
            let class = tree.enclosing(definition, &[Kind::ClassDefinition, Kind::FunctionDefinition]).filter(|up| tree.kind(*up) == Kind::ClassDefinition);
            let name = facts.definition_name(class.unwrap_or(definition));
            if !name.is_empty() && !module.is_empty() {
                out.insert(Trigger { module: module.clone(), name: name.to_owned() });
            }
        };
        for dispatch in self.dispatches(file) {
            if dispatch.pickled_under(self.project).is_empty() {
                continue;
            }
            for slot in self.slots(&dispatch) {
                for function in self.parameters_behind(slot.expression) {
                    add(function);
                }
            }
            // A function that makes an executor may give it out; a class may keep it.
            if let Some(function) = facts.enclosing_function(dispatch.call.node)
                && facts.tree().kind(function) == Kind::FunctionDefinition
                && self.values(dispatch.call).iter().any(|value| self.is_executor(value))
            {
                add(function);
            }
        }
        out
    }

    /// The functions whose parameters an expression may hold.
    fn parameters_behind(&self, expression: Site) -> Vec<NodeId> {
        let facts = self.file(expression.file);
        let tree = facts.tree();
        let mut found = Vec::new();
        let mut pending = vec![expression.node];
        let mut seen: BTreeSet<NodeId> = BTreeSet::new();
        while let Some(node) = pending.pop() {
            if !seen.insert(node) || seen.len() > 200 {
                continue;
            }
            for name in tree.subtree(node).filter(|node| matches!(tree.kind(*node), Kind::Identifier)) {
                let Some((home, text)) = facts.scopes.resolve_name(name) else { continue };
                for binding in facts.scopes.bindings(home, text) {
                    match &binding.kind {
                        BindingKind::Parameter { .. } => found.extend(Some(binding.statement).filter(|node| tree.kind(*node) == Kind::FunctionDefinition)),
                        BindingKind::Assignment { value: Some(value), .. } | BindingKind::Walrus { value } => pending.push(*value),
                        BindingKind::For { iterable, .. } | BindingKind::ComprehensionFor { iterable, .. } => pending.push(*iterable),
                        _ => {}
                    }
                }
            }
            // `self.target`, written from a parameter in another method.
            for attribute in tree.subtree(node).filter(|node| tree.kind(*node) == Kind::Attribute) {
                let object = tree.child(attribute, crate::syntax::Field::Object);
                let name = tree.child(attribute, crate::syntax::Field::Attribute).map(|name| facts.text(name));
                if let (Some(object), Some(name)) = (object, name)
                    && tree.kind(object) == Kind::Identifier
                    && let Some(class) = self.self_class(Site { file: expression.file, node: object })
                {
                    pending.extend(
                        self.attribute_writes(class, name)
                            .into_iter()
                            .filter_map(|write| write.value)
                            .filter(|site| site.file == expression.file)
                            .map(|site| site.node),
                    );
                }
            }
        }
        found
    }

    fn is_executor(&self, value: &super::Value) -> bool {
        match value {
            super::Value::Instance(super::Type::External { path, .. }) => self.project.catalogue.by_path(path).is_some(),
            _ => false,
        }
    }
}

/// The word by which importers name the module: its stem, or its package's name.
fn module_word(path: &std::path::Path) -> String {
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    if stem == "__init__" {
        path.parent().and_then(|folder| folder.file_name()).map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    } else {
        stem
    }
}
