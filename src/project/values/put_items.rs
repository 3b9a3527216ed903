//! What statements put into a list or dictionary after it was made: `checks["age"] = …`, `self.steps.append(…)`.

use crate::project::travel::picklability::Obstacle;
use crate::project::values::instances::Moment;
use crate::project::{Eval, Site, Type, Value};
use crate::syntax::{Field, Kind};

impl Eval<'_> {
    /// Whether an expression makes a list or dictionary, into which more may be put.
    pub(in crate::project) fn may_be_filled(&self, value: Site) -> bool {
        let tree = self.file(value.file).tree();
        match tree.kind(value.node) {
            Kind::List | Kind::Dictionary | Kind::Set => true,
            Kind::Call => tree.child(value.node, Field::Function).is_some_and(|callee| {
                let name = crate::catalogue::last_part(self.file(value.file).text(callee));
                matches!(name, "list" | "dict" | "set" | "deque" | "OrderedDict" | "defaultdict")
            }),
            _ => false,
        }
    }

    /// The lambda or local function that statements put into the container `container`, of an object that is sent at `moment`.
    pub(in crate::project) fn put_obstacle(
        &self,
        container: Site,
        moment: &Moment,
    ) -> Option<Obstacle> {
        let is_container = |value: &Value| match value {
            Value::Literal(display) => matches!(
                self.file(display.file).tree().kind(display.node),
                Kind::List | Kind::Dictionary | Kind::Set | Kind::Call
            ),
            Value::Instance(Type::External { path, .. }) => path.starts_with("collections."),
            _ => false,
        };
        if !self.values(container).iter().any(is_container) {
            return None;
        }
        let unnamed = |value: Value| match value {
            Value::Lambda(site) => Some(Obstacle::of("a lambda", Some(site))),
            Value::Function(site) if self.is_local(site) => {
                Some(Obstacle::of("a local function", Some(site)))
            }
            _ => None,
        };
        let early = |item: Site| {
            moment.call.is_none_or(|call| {
                !self.is_behind(item, call)
                    && !self.runs_after(item, call)
                    && !self.are_in_two_tests(item, call)
            })
        };
        let items = self.items_put(container).into_iter().filter(|item| early(*item));
        let values = items
            .flat_map(|item| self.put_at(item, moment))
            .filter(|item| early(*item))
            .flat_map(|item| self.values(item).to_vec());
        values.into_iter().find_map(unnamed)
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
        let (home, name) = facts
            .scopes
            .resolve_name(item.node)
            .filter(|_| facts.tree().kind(item.node) == Kind::Identifier)?;
        let parameter = facts.scopes.bindings(home, name).iter().find(|binding| {
            matches!(binding.kind, crate::facts::scopes::BindingKind::Parameter { .. })
        })?;
        Some(self.arguments_for(item.file, parameter))
    }
}
