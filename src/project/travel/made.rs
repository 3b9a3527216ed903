//! What new objects keep, and what calls of the project give: the part of the walk through arguments that follows calls.

use crate::project::travel::contents::{Path, Walk};
use crate::project::{Callable, Site, What};

impl Walk<'_, '_> {
    /// A new object: what its class stores of the arguments, and what it makes itself.
    pub(super) fn constructed(&mut self, class: Site, call: Site, path: &Path) {
        if self.eval.controls_its_pickling(class)
            || (self.inheritance && self.eval.is_primitive(class))
        {
            return;
        }
        if self.eval.is_local(class) || self.eval.is_main_only_class(class) {
            return self.push(What::Callable(Callable::Instance(class)), call, path);
        }
        for argument in self.eval.stored_arguments(class, call) {
            self.expression(argument, path.clone());
        }
        let unnamed = self.eval.lambdas_kept(class, None);
        if let Some(obstacle) = self
            .eval
            .made_obstacle(class, self.inheritance, &self.moment)
            .filter(|obstacle| obstacle.what != "a lambda" || unnamed.is_empty())
        {
            self.push(What::Object(obstacle), call, path);
        }
        self.kept(unnamed, path);
        self.kept(self.eval.fallbacks_kept(class, call), path);
    }

    /// Values that an object keeps, where they are written.
    pub(super) fn kept(&mut self, values: Vec<Site>, path: &Path) {
        for value in values {
            let mut inner = path.clone();
            inner.kept = true;
            self.expression(value, inner);
        }
    }

    /// The local functions and lambdas that a call of the project returns.
    pub(super) fn returned(&mut self, call: Site, path: &Path) {
        if path.items {
            return;
        }
        for origin in self.eval.origins(call) {
            let unnamed = match &origin.callable {
                Callable::Lambda(_) => true,
                Callable::Function(site) | Callable::Class(site) => self.eval.is_local(*site),
                _ => false,
            };
            if unnamed {
                let mut path = if origin.through.is_empty() {
                    path.clone()
                } else {
                    path.handed_over_by(origin.handover)
                };
                path.kept |= origin.kept;
                self.push(What::Callable(origin.callable), origin.leaf, &path);
            }
        }
    }
}
