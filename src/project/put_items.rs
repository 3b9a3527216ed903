//! What statements put into a list or dictionary after it was made: `checks["age"] = …`, `self.steps.append(…)`.

use super::instances::Moment;
use super::picklability::Obstacle;
use super::{Eval, Site, Value};
use crate::syntax::Kind;
use std::collections::BTreeSet;

impl Eval<'_> {
    /// What statements put into the containers that `container`, a name or an attribute, may be.
    pub fn put_items(&self, container: Site) -> Vec<Site> {
        let mut found: BTreeSet<Site> = self.appended_to(container).into_iter().chain(self.appended_where_made(container)).collect();
        for value in self.values(container).iter() {
            let Value::Literal(display) = value else { continue };
            if matches!(self.file(display.file).tree().kind(display.node), Kind::Dictionary | Kind::Call) {
                found.extend(self.put_into(*display, true));
            }
        }
        found.into_iter().collect()
    }

    /// The lambda or local function that statements put into the container `container`, of an object that is sent at `moment`.
    pub(super) fn put_obstacle(&self, container: Site, moment: &Moment) -> Option<Obstacle> {
        let callable = |obstacle: &Obstacle| matches!(obstacle.what.as_str(), "a lambda" | "a local function");
        let early = |item: Site| moment.call.is_none_or(|call| !self.is_behind(item, call) && !self.runs_after(item, call));
        let items = self.put_items(container).into_iter().filter(|item| early(*item));
        let values = items.flat_map(|item| self.put_at(item, moment)).filter(|item| early(*item)).flat_map(|item| self.values(item).to_vec());
        values.filter_map(|value| self.obstacle_of(&value, false, 1)).find(callable)
    }

    /// What the expression `item` puts: of a parameter, what callers give. Which object a caller in another file fills is not known.
    fn put_at(&self, item: Site, moment: &Moment) -> Vec<Site> {
        let Some(given) = self.given_to_parameter(item) else { return vec![item] };
        let known = moment.call.is_some_and(|call| given.iter().all(|each| each.file == call.file));
        if known { given } else { Vec::new() }
    }

    /// What callers give where `item` is a parameter; `None` if it is none.
    fn given_to_parameter(&self, item: Site) -> Option<Vec<Site>> {
        let facts = self.file(item.file);
        let (home, name) = facts.scopes.resolve_name(item.node).filter(|_| facts.tree().kind(item.node) == Kind::Identifier)?;
        let parameter = facts.scopes.bindings(home, name).iter().find(|binding| matches!(binding.kind, crate::facts::scopes::BindingKind::Parameter { .. }))?;
        Some(self.arguments_for(item.file, parameter))
    }
}
