//! Attribute look-ups: modules, classes, instances.

use crate::catalogue::{Start, objects};
use crate::facts::scopes::BindingKind;
use crate::project::values::eval::Answer;
use crate::project::{Eval, FileId, Site, Type, Value};
use crate::syntax::{Field, Kind, NodeId};
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

    /// The member `name` of one value; `object` is the expression that gave it.
    pub fn member_values(&self, value: &Value, name: &str, object: Site) -> Vec<Value> {
        match value {
            Value::Module(file) => self.module_member(*file, name),
            Value::External { path, start } => {
                let dotted = format!("{path}.{name}");
                match self.project.below_namespace(object.file, &dotted) {
                    Some(module) => self.module_at(module, None),
                    None => vec![Value::External { path: dotted.into(), start: *start }],
                }
            }
            Value::Class(class) => self.class_member(*class, name),
            Value::Instance(Type::Class(class)) => self.instance_member(*class, name, object),
            Value::Instance(ty @ Type::External { path, start, .. }) => {
                if crate::catalogue::last_part(path) == "get_context" {
                    let module = path.trim_end_matches(".get_context");
                    return vec![Value::External {
                        path: format!("{module}.{name}").into(),
                        start: *start,
                    }];
                }
                // What a library keeps to itself is data more often than a method.
                let private = name.starts_with('_') && !name.starts_with("__");
                if private || objects::is_plain_value(path, name) {
                    return vec![Value::Unknown];
                }
                vec![Value::Method {
                    receiver: ty.clone(),
                    object,
                    name: name.into(),
                    function: None,
                }]
            }
            Value::Partial(call) if name == "func" => self
                .positional_arguments(*call)
                .first()
                .map(|first| self.values(*first).to_vec())
                .unwrap_or_default(),
            _ => vec![Value::Unknown],
        }
    }

    /// The base class expressions of a class.
    pub fn bases(&self, class: Site) -> Vec<Site> {
        let tree = self.file(class.file).tree();
        let Some(list) = tree.child(class.node, Field::Superclasses) else { return Vec::new() };
        tree.children(list)
            .filter(|node| {
                !matches!(
                    tree.kind(*node),
                    Kind::KeywordArgument | Kind::ListSplat | Kind::DictionarySplat
                )
            })
            .map(|node| match tree.kind(node) {
                // `class P(Base[T])`: the base is the subscripted class.
                Kind::Subscript => tree.child(node, Field::Value).unwrap_or(node),
                _ => node,
            })
            .map(|node| Site { file: class.file, node })
            .collect()
    }

    /// The class and its project bases, in look-up order (depth first, without doubles).
    pub fn lineage(&self, class: Site) -> Vec<Site> {
        if let Some(known) = self.lineage_known.borrow().get(&class) {
            return known.to_vec();
        }
        let cuts = self.cuts.get();
        let found = self.find_lineage(class);
        if cuts != self.cuts.get() {
            self.unsure.borrow_mut().push(Answer::Lineage(class));
        }
        self.lineage_known.borrow_mut().insert(class, found.clone().into());
        found
    }

    fn find_lineage(&self, class: Site) -> Vec<Site> {
        let mut out = vec![class];
        let mut at = 0;
        while at < out.len() && out.len() < 64 {
            let mut insert = at + 1;
            for base in self.bases(out[at]) {
                for value in self.values(base).iter() {
                    if let Value::Class(site) = value
                        && !out.contains(site)
                    {
                        out.insert(insert, *site);
                        insert += 1;
                    }
                }
            }
            at += 1;
        }
        out
    }

    /// The dotted paths of the external classes that a class derives from, with the context's start method.
    pub fn external_bases(&self, class: Site) -> Vec<(Arc<str>, Start)> {
        let mut out = Vec::new();
        for each in self.lineage(class) {
            for base in self.bases(each) {
                for value in self.values(base).iter() {
                    if let Value::External { path, start } = value {
                        out.push((path.clone(), *start));
                    }
                }
            }
        }
        out
    }

    /// Whether a base of the class is neither the project's nor known by a dotted path.
    pub fn has_unknown_base(&self, class: Site) -> bool {
        self.lineage(class).into_iter().flat_map(|each| self.bases(each)).any(|base| {
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

    /// What reading an attribute runs, if the last `def` of its name is a part of a property; the inner `None` if its
    /// getter is not to be seen.
    fn property(&self, function: Site) -> Option<Option<Site>> {
        let facts = self.file(function.file);
        let reads =
            |definition: Site| self.has_decorator(definition, &["property", "cached_property"]);
        if reads(function) {
            return Some(Some(function));
        }
        if !self.has_decorator(function, &["setter", "deleter", "getter"]) {
            return None;
        }
        let name = facts.tree().child(function.node, Field::Name)?;
        let (scope, name) = facts.scopes.resolve_name(name)?;
        let definitions =
            facts.scopes.bindings(scope, name).iter().filter_map(|binding| match binding.kind {
                BindingKind::FunctionDef(node) => Some(Site { file: function.file, node }),
                _ => None,
            });
        Some(definitions.into_iter().find(|definition| reads(*definition)))
    }

    fn class_member(&self, class: Site, name: &str) -> Vec<Value> {
        for each in self.lineage(class) {
            let facts = self.file(each.file);
            let Some(scope) = facts.scopes.inner(each.node) else { continue };
            let bindings = facts.scopes.bindings(scope, name);
            if !bindings.is_empty() {
                return bindings
                    .iter()
                    .flat_map(|binding| self.binding_values(each.file, binding))
                    .collect();
            }
        }
        if let Some((path, start)) = self.external_bases(class).into_iter().next() {
            return vec![Value::External { path: format!("{path}.{name}").into(), start }];
        }
        vec![Value::Unknown]
    }

    fn instance_member(&self, class: Site, name: &str, object: Site) -> Vec<Value> {
        let mut found = Vec::new();
        for write in self.attribute_writes(class, name) {
            match (write.value, write.annotation) {
                (Some(value), _) => found.extend(self.values(value).iter().cloned()),
                (None, Some(annotation)) => found.extend(self.annotation_values(annotation)),
                (None, None) => match write.unpacked {
                    Some((call, part)) => found.extend(
                        self.destructured(call, &[crate::facts::scopes::PathStep::Index(part)]),
                    ),
                    None => found.push(Value::Unknown),
                },
            }
            if let (Some(_), Some(annotation)) = (write.value, write.annotation) {
                found.extend(self.annotation_values(annotation));
            }
        }
        found.extend(
            self.given_to_field(class, name)
                .into_iter()
                .flat_map(|given| self.values(given).to_vec()),
        );
        let receiver = Type::Class(class);
        if let Some((_, function)) = self.method(class, name) {
            if let Some(getter) = self.property(function) {
                found.extend(
                    getter.map_or_else(|| vec![Value::Unknown], |getter| self.returned(getter)),
                );
            } else {
                found.push(Value::Method {
                    receiver,
                    object,
                    name: name.into(),
                    function: Some(function),
                });
            }
            return found;
        }
        for each in self.lineage(class) {
            let facts = self.file(each.file);
            let Some(scope) = facts.scopes.inner(each.node) else { continue };
            for binding in facts.scopes.bindings(scope, name) {
                found.extend(self.binding_values(each.file, binding));
            }
        }
        if found.is_empty() {
            let external = !self.external_bases(class).is_empty();
            found.push(if external {
                Value::Method { receiver, object, name: name.into(), function: None }
            } else {
                Value::Unknown
            });
        }
        found
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
