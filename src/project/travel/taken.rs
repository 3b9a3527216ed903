//! Items that are taken out of containers: `table[key]`, `stages.pop()`. A container that callers give is followed to them,
//! so that the way of each item is known.

use crate::facts::scopes::{Binding, BindingKind};
use crate::project::Site;
use crate::project::travel::contents::{MAX_ITEMS, MAX_STEPS, Path, Walk};
use crate::syntax::{Field, Kind};

impl Walk<'_, '_> {
    /// `table[key]`: the item under a literal key, else any.
    pub(super) fn subscript(&mut self, site: Site, path: Path) {
        self.member(site, &path);
        let Some(object) = self.eval.file(site.file).tree().child(site.node, Field::Value) else {
            return;
        };
        for (container, path) in self.sources(Site { file: site.file, node: object }, path) {
            match self.eval.subscripted(container, site) {
                Some(item) => self.expression(item, path),
                None => self.taken(self.eval.items_at(container, site), &path),
            }
        }
    }

    /// `stages.pop()`
    pub(super) fn taken_by_call(&mut self, call: Site, path: &Path) {
        let Some(container) = self.eval.taken_from(call) else { return };
        for (container, path) in self.sources(container, path.clone()) {
            self.taken(self.eval.taken_by(call, container), &path);
        }
    }

    /// What callers give for a parameter, where the way from them can be taken.
    pub(super) fn given(
        &self,
        parameter: Site,
        binding: &Binding,
        path: &Path,
    ) -> Vec<(Site, Path)> {
        let mut found = Vec::new();
        for argument in self.eval.arguments_for(parameter.file, binding) {
            let mut outer = path.handed_over_by(argument);
            outer.frames.extend(self.eval.frame(argument, parameter, path.handover));
            if !self.eval.is_dead(&outer.frames) {
                found.push((argument, outer));
            }
        }
        found
    }

    /// The expressions of a container in those functions that give it, with the ways from there.
    fn sources(&self, container: Site, mut path: Path) -> Vec<(Site, Path)> {
        let facts = self.eval.file(container.file);
        let name = Some(container.node).filter(|node| facts.tree().kind(*node) == Kind::Identifier);
        let bindings = name
            .and_then(|node| facts.scopes.resolve_name(node))
            .map_or(&[][..], |(scope, name)| facts.scopes.bindings(scope, name));
        let is_parameter =
            |binding: &&Binding| matches!(binding.kind, BindingKind::Parameter { star: 0, .. });
        let Some(parameter) = bindings
            .iter()
            .find(is_parameter)
            .filter(|_| bindings.len() == 1 && path.steps < MAX_STEPS)
        else {
            return vec![(container, path)];
        };
        path.steps += 1;
        let given = self.given(container, parameter, &path);
        given.into_iter().flat_map(|(argument, outer)| self.sources(argument, outer)).collect()
    }

    /// Items that are taken out of a container: they are cured where they stand.
    fn taken(&mut self, items: Vec<Site>, path: &Path) {
        self.kept(items.into_iter().take(MAX_ITEMS).collect(), path);
    }
}
