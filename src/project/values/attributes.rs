//! Attribute look-ups: modules, classes, instances.

use crate::catalogue::Start;
use crate::facts::scopes::BindingKind;
use crate::project::dataflow::Source;
use crate::project::{Eval, FileId, Site, Value};
use crate::syntax::{Kind, NodeId};
use std::rc::Rc;
use std::sync::Arc;

impl Eval<'_> {
    /// An attribute's name as the class around `site` stores it.
    pub(in crate::project) fn mangled<'n>(
        &self,
        site: Site,
        name: &'n str,
    ) -> std::borrow::Cow<'n, str> {
        if !name.starts_with("__") || name.ends_with("__") {
            return name.into();
        }
        let facts = self.file(site.file);
        match facts.tree().enclosing(site.node, &[Kind::ClassDefinition]) {
            Some(class) => crate::facts::scopes::mangle(facts.definition_name(class), name),
            None => name.into(),
        }
    }

    /// The class and its project bases, in the order in which they are asked for attributes.
    pub fn lineage(&self, class: Site) -> Vec<Site> {
        let of_project = |source: &Source| match source {
            Source::Class(class) => Some(*class),
            _ => None,
        };
        self.linearisation(class).iter().filter_map(of_project).collect()
    }

    /// The dotted paths of the external classes that a class derives from, with the context's start method.
    pub fn external_bases(&self, class: Site) -> Vec<(Arc<str>, Start)> {
        let outside = |source: &Source| match source {
            Source::External { path, start } => Some((path.clone(), *start)),
            _ => None,
        };
        self.linearisation(class).iter().filter_map(outside).collect()
    }

    fn linearisation(&self, class: Site) -> Rc<[Source]> {
        if let Some((known, needs)) = self.lineage_known.borrow().get(&class) {
            self.want(needs.iter().copied());
            return known.clone();
        }
        self.note_wanted();
        let found: Rc<[Source]> = self.solver.linearisation(class).into();
        let needs = self.solver.take_needs();
        self.want(needs.iter().copied());
        self.lineage_known.borrow_mut().insert(class, (found.clone(), needs.into()));
        found
    }

    /// Whether a base of the class is neither the project's nor known by a dotted path.
    pub fn has_unknown_base(&self, class: Site) -> bool {
        self.lineage(class).into_iter().flat_map(|each| self.solver.bases(each)).any(|base| {
            let values = self.values(base);
            values.is_empty()
                || values
                    .iter()
                    .any(|value| !matches!(value, Value::Class(_) | Value::External { .. }))
        })
    }

    /// The `def` of a method in the class or its project bases, with the class that has it.
    pub fn method(&self, class: Site, name: &str) -> Option<(Site, Site)> {
        self.lineage(class)
            .into_iter()
            .find_map(|each| self.own_method(each, name).map(|method| (each, method)))
    }

    /// The last `def` of that name directly in the class body.
    pub fn own_method(&self, class: Site, name: &str) -> Option<Site> {
        let facts = self.file(class.file);
        let scope = facts.scopes.inner(class.node)?;
        facts.scopes.bindings(scope, name).iter().rev().find_map(|binding| match binding.kind {
            BindingKind::FunctionDef(node) => Some(Site { file: class.file, node }),
            _ => None,
        })
    }

    /// Whether a decorator of the definition is (ends with) one of `names`.
    pub fn has_decorator(&self, definition: Site, names: &[&str]) -> bool {
        self.file(definition.file).has_decorator(definition.node, names)
    }

    /// Whether `object` is the first parameter of a method of `class`.
    pub(in crate::project) fn is_self(&self, class: Site, object: NodeId) -> bool {
        let facts = self.file(class.file);
        let tree = facts.tree();
        if tree.kind(object) != Kind::Identifier {
            return false;
        }
        self.self_class(Site { file: class.file, node: object }).is_some_and(|found| found == class)
    }

    /// The class whose instance the name at `site` is: the first parameter of a method, also read in nested functions.
    pub fn self_class(&self, site: Site) -> Option<Site> {
        let facts = self.file(site.file);
        let (scope, name) = facts.scopes.resolve_name(site.node)?;
        let [binding] = facts.scopes.bindings(scope, name) else { return None };
        let method = self.method_of_first_parameter(site.file, binding)?;
        let class = facts
            .tree()
            .enclosing(method, &[Kind::ClassDefinition, Kind::FunctionDefinition, Kind::Lambda])?;
        let plain = !self.has_decorator(
            Site { file: site.file, node: method },
            &["staticmethod", "classmethod"],
        );
        (facts.tree().kind(class) == Kind::ClassDefinition && plain)
            .then_some(Site { file: site.file, node: class })
    }

    /// The function whose first parameter `binding` is, if it is one.
    pub(in crate::project) fn method_of_first_parameter(
        &self,
        file: FileId,
        binding: &crate::facts::scopes::Binding,
    ) -> Option<NodeId> {
        let BindingKind::Parameter { .. } = binding.kind else { return None };
        let facts = self.file(file);
        let tree = facts.tree();
        let parameters = tree.enclosing(binding.node, &[Kind::Parameters])?;
        let first = tree.children(parameters).next()?;
        let function = tree.parent(parameters)?;
        (tree.contains(first, binding.node) && tree.kind(first) != Kind::ListSplatPattern)
            .then_some(function)
    }
}
