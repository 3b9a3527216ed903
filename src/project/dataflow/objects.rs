//! What objects hold, by attribute: for those who look at the whole of an object, as pickle does.

use super::engine::tidy;
use super::source::{CallString, Found, Source};
use super::{Solver, beside};
use crate::facts::dataflow::{ANY_NAME, Part};
use crate::project::{FileId, Site};
use crate::syntax::{Field, Kind, NodeId};

/// What is stored in an object: the attribute's name, where it is stored, and what it may be.
pub(super) type Stored = (String, Site, Vec<Found>);

impl Solver<'_> {
    /// What the statement that writes the attribute `target` of a method's receiver stores in an object.
    pub fn stored_at(&self, object: &Source, target: Site) -> Vec<Found> {
        let (mut found, _) = self.with_budget(|| self.find_stored_at(object, target));
        tidy(&mut found);
        found
    }

    fn find_stored_at(&self, object: &Source, target: Site) -> Vec<Found> {
        let Source::Instance { class, made } = object else { return Vec::new() };
        let graph = self.graph(target.file);
        let tree = self.tree(target.file);
        let Some(container) = tree.child(target.node, Field::Object) else { return Vec::new() };
        let lineage = self.lineage(*class);
        let method = self.method_storing(beside(target, container), &lineage);
        let contexts = method.map_or_else(
            || vec![CallString::UNKNOWN],
            |method| self.ways_into(object, made.as_ref(), method, &lineage),
        );
        let stores = graph
            .stores_into(container)
            .filter(|store| matches!(store.part, Some(Part::Attribute(_))));
        stores
            .flat_map(|store| {
                contexts.iter().flat_map(move |context| self.stored(store, target, context))
            })
            .collect()
    }

    /// What the fields of a dataclass, a named tuple or the like hold in an object, and where they are declared.
    pub fn fields_of(&self, object: &Source) -> Vec<Stored> {
        let Source::Instance { class, made } = object else { return Vec::new() };
        if !self.is_record(*class) {
            return Vec::new();
        }
        let (found, _) = self.with_budget(|| {
            let fields = self.fields(*class).into_iter();
            let stored = fields.map(|field| {
                let name = field.name.as_str();
                let found = self.field_value(object, *class, made.as_ref(), name);
                (name.to_owned(), field.declared, found)
            });
            stored.collect::<Vec<Stored>>()
        });
        found
    }

    /// What statements of a file store in attributes of an object that they do not reach as a method's receiver, and where.
    pub fn stored_from_outside(&self, object: &Source, file: FileId) -> Vec<(Site, Vec<Found>)> {
        let at = |node: NodeId| Site { file, node };
        let tree = self.tree(file);
        let (found, _) = self.with_budget(|| {
            let stores = self.graph(file).stores().iter();
            let stores = stores.filter(|store| matches!(store.part, Some(Part::Attribute(_))));
            let mut out = Vec::new();
            for store in stores {
                let container = at(store.container);
                let by_setattr = store.call.filter(|call| {
                    store.part != Some(Part::Attribute(ANY_NAME.into()))
                        && self.is_builtin(at(*call), "setattr")
                });
                let is_other_call = store.call.is_some() && by_setattr.is_none();
                if is_other_call || self.is_any_receiver(container) {
                    continue;
                }
                let is_it = self
                    .find(container, &CallString::UNKNOWN)
                    .iter()
                    .any(|each| each.source == *object);
                let attribute =
                    || tree.parent(store.container).filter(|up| tree.kind(*up) == Kind::Attribute);
                let target = by_setattr.or_else(attribute).filter(|_| is_it);
                if let Some(target) = target {
                    let found = self.stored(store, at(target), &CallString::UNKNOWN);
                    out.push((at(target), found));
                }
            }
            out
        });
        found
    }
}
