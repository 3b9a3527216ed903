//! What a `functools.cached_property` leaves in its object once it was read.

use crate::project::values::instances::{Moment, definition};
use crate::project::{Eval, Site, Type, Value};
use crate::syntax::Field;

impl Eval<'_> {
    /// The cached properties in the body of a class that are known to be read before the object is sent at `moment`, with
    /// their definitions and what they give.
    pub(in crate::project) fn cached_values(
        &self,
        class: Site,
        moment: &Moment,
    ) -> Vec<(String, Site, Vec<Value>)> {
        let Some(call) = moment.call else { return Vec::new() };
        let facts = self.file(class.file);
        let tree = facts.tree();
        let body =
            tree.child(class.node, Field::Body).into_iter().flat_map(|body| tree.children(body));
        let getters = body
            .filter_map(|statement| definition(tree, statement))
            .map(|node| Site { file: class.file, node });
        let cached = getters.filter(|getter| self.has_decorator(*getter, &["cached_property"]));
        let read = cached.filter(|getter| {
            let reads = self.project.attributes_named(facts.definition_name(getter.node)).iter();
            reads
                .filter(|read| self.is_of_class(class, **read))
                .any(|read| self.is_before(*read, call))
        });
        read.filter_map(|getter| {
            let name =
                tree.child(getter.node, Field::Name).map(|node| Site { file: class.file, node })?;
            Some((facts.definition_name(getter.node).to_owned(), name, self.returned(getter)))
        })
        .collect()
    }

    /// Whether an attribute is read from an object of the class.
    fn is_of_class(&self, class: Site, attribute: Site) -> bool {
        let object = self.file(attribute.file).tree().child(attribute.node, Field::Object);
        let is_one = |value: &Value| matches!(value, Value::Instance(Type::Class(of)) if self.lineage(*of).contains(&class));
        object
            .is_some_and(|node| self.values(Site { file: attribute.file, node }).iter().any(is_one))
    }
}
