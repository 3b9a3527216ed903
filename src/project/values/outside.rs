//! Attributes that code outside a class gives to an object it has a name for: `job.lock = Lock()`.

use crate::facts::scopes::BindingKind;
use crate::project::travel::picklability::Obstacle;
use crate::project::{Eval, Site};
use crate::syntax::{Field, Kind};

impl Eval<'_> {
    /// What is assigned to attributes of the object that `object` names (or of the variable that takes the new object
    /// `object`) and cannot cross: how it is read (`job.lock`), the attribute that is written, and what it is.
    pub fn obstacles_from_outside(
        &self,
        object: Site,
        inheritance: bool,
    ) -> Vec<(String, Site, Obstacle)> {
        let facts = self.file(object.file);
        let tree = facts.tree();
        let named = match tree.kind(object.node) {
            Kind::Identifier => Some(object.node),
            Kind::Call => tree
                .parent(object.node)
                .filter(|up| {
                    tree.kind(*up) == Kind::Assignment && tree.field(object.node) == Field::Right
                })
                .and_then(|up| tree.child(up, Field::Left)),
            _ => None,
        };
        let Some((home, name)) = named
            .filter(|node| tree.kind(*node) == Kind::Identifier)
            .and_then(|node| facts.scopes.resolve_name(node))
        else {
            return Vec::new();
        };
        let [binding] = facts.scopes.bindings(home, name) else { return Vec::new() };
        // Only what was made here is known to be the object in question.
        if !matches!(binding.kind, BindingKind::Assignment { value: Some(value), .. } if tree.kind(value) == Kind::Call)
        {
            return Vec::new();
        }
        let mut found = Vec::new();
        for reference in facts.scopes.references(home, name) {
            let attribute = tree
                .parent(*reference)
                .filter(|up| tree.kind(*up) == Kind::Attribute && tree.field(*up) == Field::Left);
            let Some((attribute, assignment)) =
                attribute.and_then(|node| Some((node, tree.parent(node)?)))
            else {
                continue;
            };
            let value = tree
                .child(assignment, Field::Right)
                .filter(|_| tree.kind(assignment) == Kind::Assignment);
            let Some(value) = value.map(|node| Site { file: object.file, node }) else { continue };
            let obstacle = self.obstacle(value, inheritance).filter(|obstacle| {
                !obstacle.what.starts_with("a local") && obstacle.what != "a lambda"
            });
            found.extend(obstacle.map(|obstacle| {
                (
                    facts.text(attribute).to_owned(),
                    Site { file: object.file, node: attribute },
                    obstacle,
                )
            }));
        }
        found
    }
}
