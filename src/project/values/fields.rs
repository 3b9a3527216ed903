//! The fields of dataclasses and named tuples, and the defaults that constructors keep.

use crate::facts::FileFacts;
use crate::project::{Eval, Site, Value};
use crate::syntax::{Field, Kind, NodeId};

impl Eval<'_> {
    /// The fields of a class, those of its bases first.
    fn fields_in_order(&self, class: Site) -> Vec<&str> {
        let mut fields: Vec<&str> = Vec::new();
        for each in self.lineage(class).into_iter().rev() {
            for field in self.annotated_names(each) {
                if !fields.contains(&field) {
                    fields.push(field);
                }
            }
        }
        fields
    }

    /// The annotated names of a class body, and those that `attr.ib()` makes fields of, in the order of the text.
    fn annotated_names(&self, class: Site) -> Vec<&str> {
        let facts = self.file(class.file);
        let tree = facts.tree();
        let made_by = |node: NodeId| {
            let callee = tree
                .child(node, Field::Right)
                .and_then(|call| tree.child(call, Field::Function))
                .map_or("", |callee| facts.text(callee));
            matches!(callee, "attr.ib" | "attr.attrib" | "attrib" | "attr.field" | "attrs.field")
        };
        let is_field = |node: &NodeId| match tree.child(*node, Field::Type) {
            Some(ty) => !facts.text(ty).contains("ClassVar"),
            None => made_by(*node),
        };
        let annotated = class_assignments(facts, class.node).filter(is_field);
        annotated
            .filter_map(|node| tree.child(node, Field::Left))
            .map(|node| facts.text(node))
            .collect()
    }

    /// The fields of a dataclass that are made for each instance: `field(default_factory=threading.Lock)`.
    pub(in crate::project) fn field_values(&self, class: Site) -> Vec<(String, Site, Vec<Value>)> {
        if !self.is_dataclass(class) {
            return Vec::new();
        }
        let facts = self.file(class.file);
        let tree = facts.tree();
        let at = |node| Site { file: class.file, node };
        let mut found = Vec::new();
        for assignment in class_assignments(facts, class.node) {
            let (Some(left), Some(call)) =
                (tree.child(assignment, Field::Left), tree.child(assignment, Field::Right))
            else {
                continue;
            };
            let Some(factory) = self.factory_of(at(call)) else { continue };
            let values = self
                .values(factory)
                .iter()
                .flat_map(|value| self.made_by(value, at(call)))
                .collect();
            found.push((facts.text(left).to_owned(), at(left), values));
        }
        found
    }

    /// What makes the value of a field: `field(default_factory=Lock)`, `attr.ib(factory=Lock)`, `attr.Factory(Lock)`.
    fn factory_of(&self, call: Site) -> Option<Site> {
        let facts = self.file(call.file);
        let callee = facts
            .tree()
            .child(call.node, Field::Function)
            .filter(|_| facts.tree().kind(call.node) == Kind::Call)?;
        if facts.text(callee).rsplit('.').next() == Some("Factory") {
            let takes_self = self.argument(call, "takes_self", 1).is_some();
            return self.argument(call, "factory", 0).filter(|_| !takes_self);
        }
        let by_name = ["default_factory", "factory"]
            .into_iter()
            .find_map(|name| self.keyword_argument(call, name));
        by_name.or_else(|| {
            self.keyword_argument(call, "default").and_then(|default| self.factory_of(default))
        })
    }

    /// The defaults of the fields that a constructor call of a dataclass or named tuple does not give.
    pub(in crate::project) fn defaults_kept(&self, class: Site, call: Site) -> Vec<Site> {
        if self.has_splat(call) {
            return Vec::new();
        }
        let fields = self.fields_in_order(class);
        let mut found = Vec::new();
        for each in self.lineage(class) {
            let facts = self.file(each.file);
            let tree = facts.tree();
            let at = |node| Site { file: each.file, node };
            for assignment in class_assignments(facts, each.node) {
                let (Some(left), Some(value)) =
                    (tree.child(assignment, Field::Left), tree.child(assignment, Field::Right))
                else {
                    continue;
                };
                let Some(position) = fields.iter().position(|field| *field == facts.text(left))
                else {
                    continue;
                };
                let value = if tree.kind(value) == Kind::Call {
                    self.keyword_argument(at(value), "default")
                } else {
                    Some(at(value))
                };
                if self.argument(call, facts.text(left), position as i32).is_none() {
                    found.extend(value);
                }
            }
        }
        found
    }

    /// The default value of a parameter.
    pub(in crate::project) fn default_of(&self, function: Site, name: &str) -> Option<Site> {
        let facts = self.file(function.file);
        let tree = facts.tree();
        let mut parameters = tree
            .child(function.node, Field::Parameters)
            .into_iter()
            .flat_map(|list| tree.children(list));
        let parameter = parameters.find(|node| {
            tree.child(*node, Field::Name).is_some_and(|own| facts.text(own) == name)
        })?;
        tree.child(parameter, Field::Value).map(|node| Site { file: function.file, node })
    }
}

/// The assignments right in the body of a class, in the order of the text.
fn class_assignments(facts: &FileFacts, class: NodeId) -> impl Iterator<Item = NodeId> + '_ {
    let tree = facts.tree();
    let statements =
        tree.child(class, Field::Body).into_iter().flat_map(|body| tree.children(body));
    let expressions = statements
        .filter(|node| tree.kind(*node) == Kind::ExpressionStatement)
        .filter_map(|node| tree.children(node).next());
    expressions.filter(|node| tree.kind(*node) == Kind::Assignment)
}
