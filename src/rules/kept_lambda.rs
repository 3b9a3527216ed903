//! A lambda that an object was given by code of the project and holds: what holds it is picklable once it has a name.

use super::RuleContext;
use crate::findings::Remedy;
use crate::project::travel::picklability::Obstacle;
use crate::project::{Dispatch, Site};
use crate::rewrite::{lifting::lift, substitutes::argument_value};
use crate::syntax::Kind;

impl RuleContext<'_, '_> {
    /// The repair for what holds a lambda: that becomes a function of its module. `None` where something else is held, or the
    /// lambda has values of a call, which every object that was made has from its own.
    pub(super) fn moved_lambda(
        &self,
        obstacle: &Obstacle,
        dispatch: &Dispatch,
        handover: Site,
    ) -> Option<Remedy> {
        let lambda = self.lambda_made(obstacle.made?)?;
        if lift::has_captures(self.eval, lambda) {
            return None;
        }
        let factory = argument_value::default_factory(self.eval, lambda).map(Remedy::Fix);
        let remedy =
            factory.unwrap_or_else(|| lift::callable(self.eval, lambda, Vec::new(), self.bind));
        let remedy =
            self.unless_outdated(lambda, std::iter::once((dispatch, handover)), remedy, &[]);
        matches!(remedy, Remedy::Fix(_)).then_some(remedy)
    }

    /// The lambda that an expression is, or the only one that a call is given to make an object from: `defaultdict(lambda: [])`.
    fn lambda_made(&self, made: Site) -> Option<Site> {
        let facts = self.eval.file(made.file);
        let tree = facts.tree();
        let is_lambda = |site: &Site| tree.kind(site.node) == Kind::Lambda;
        let lambda = if tree.kind(made.node) == Kind::Call {
            let given: Vec<Site> = self.eval.all_arguments(made);
            let mut lambdas = given.into_iter().filter(is_lambda);
            lambdas.next().filter(|_| lambdas.next().is_none())?
        } else {
            Some(made).filter(is_lambda)?
        };
        crate::facts::names::holder(facts, lambda.node).is_none().then_some(lambda)
    }
}
