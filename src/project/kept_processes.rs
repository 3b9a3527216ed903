//! Objects that keep the processes they start: one that has started cannot be pickled, and is pickled with the object that
//! the next one is given.

use super::{Eval, Site, Type, Value};

impl Eval<'_> {
    /// The attribute of a class's objects that keeps processes, by itself or in a list, with its name.
    pub fn kept_processes(&self, class: Site) -> Option<(String, Site)> {
        if self.controls_its_pickling(class) {
            return None;
        }
        let lineage = self.lineage(class);
        lineage.into_iter().find_map(|each| {
            let writes = self.own_attribute_writes(each);
            let kept = writes.iter().find(|(_, write)| {
                let is_kept = |value: Site| self.values(value).iter().any(|value| self.is_process_object(value));
                write.value.is_some_and(|value| is_kept(value) || self.displayed(value).into_iter().any(is_kept))
                    || self.appended_to(write.target).into_iter().any(is_kept)
            });
            kept.map(|(name, write)| (name.clone(), write.target))
        })
    }

    /// Whether a value is an object of `multiprocessing.Process` or of a class that derives from it.
    fn is_process_object(&self, value: &Value) -> bool {
        match value {
            Value::Instance(Type::Class(class)) => self.process_class(*class).is_some(),
            Value::Instance(Type::External { path, .. }) => self.is_process_path(path),
            _ => false,
        }
    }
}
