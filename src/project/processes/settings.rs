//! Arguments that other calls give to an API beforehand: `with parallel_config(backend="…"):` around it, or a call of
//! `parallel_config` on the way to it.

use crate::catalogue::{Setting, last_part};
use crate::project::processes::starters;
use crate::project::{Dispatch, Eval, FileId, Site, Value};
use crate::syntax::{Field, Kind, NodeId};

/// How many callers are asked in turn for what they have set.
const MAX_CALLERS: u32 = 3;

/// One thing that a parameter may have been set to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::project) enum Set {
    /// The value of an expression.
    Argument(Site),
    /// A literal that the setting call implies by leaving the parameter out.
    Implied(String),
}

impl Eval<'_> {
    /// What the parameter `name` of a dispatch may have been set to before the call; empty if nothing is known to set it.
    pub(in crate::project) fn set_beforehand(&self, dispatch: &Dispatch, name: &str) -> Vec<Set> {
        let settings = &dispatch.api(self.project).settings;
        if settings.is_empty() {
            Vec::new()
        } else {
            self.set_before(dispatch.call, settings, name, MAX_CALLERS)
        }
    }

    fn set_before(&self, place: Site, settings: &[Setting], name: &str, callers: u32) -> Vec<Set> {
        let facts = self.file(place.file);
        let function = facts.enclosing_function(place.node);
        let here = self.set_in(place, function, settings, name);
        let Some(function) = function.filter(|_| here.is_empty()) else { return here };
        let function = Site { file: place.file, node: function };
        let is_lambda = facts.tree().kind(function.node) == Kind::Lambda;
        let called_at = if is_lambda { vec![function] } else { self.callers(function) };
        let found: Vec<Set> = match callers {
            0 => Vec::new(),
            _ => called_at
                .into_iter()
                .flat_map(|call| self.set_before(call, settings, name, callers - 1))
                .collect(),
        };
        // What the module sets when it is imported holds for all that runs later.
        if found.is_empty() { self.set_in(place, None, settings, name) } else { found }
    }

    /// What the calls in `function` (in the module itself if `None`) that come before `place` set; the last one that surely
    /// runs hides those before it.
    fn set_in(
        &self,
        place: Site,
        function: Option<NodeId>,
        settings: &[Setting],
        name: &str,
    ) -> Vec<Set> {
        let facts = self.file(place.file);
        let tree = facts.tree();
        let runs_later = function != facts.enclosing_function(place.node);
        let mut found = Vec::new();
        for call in
            facts.calls.iter().copied().filter(|call| facts.enclosing_function(*call) == function)
        {
            let ends = with_around(self, place.file, call);
            let holds = match ends {
                Some(with) => {
                    tree.contains(with, place.node) && tree.end(call) <= tree.start(place.node)
                }
                None => runs_later || tree.end(call) <= tree.start(place.node),
            };
            if !holds {
                continue;
            }
            let Some(set) = self.set_by(Site { file: place.file, node: call }, settings, name)
            else {
                continue;
            };
            let suite = tree
                .ancestors(call)
                .find(|up| matches!(tree.kind(*up), Kind::Block | Kind::Module));
            if ends.is_some() || suite.is_some_and(|suite| tree.contains(suite, place.node)) {
                found.clear();
            }
            found.push(set);
        }
        found
    }

    /// What a call sets the parameter to, if it is one of the settings and gives it.
    fn set_by(&self, call: Site, settings: &[Setting], name: &str) -> Option<Set> {
        let facts = self.file(call.file);
        let tree = facts.tree();
        let callee = tree.child(call.node, Field::Function)?;
        let called = starters::called(facts, call.node);
        settings.iter().filter(|setting| setting.paths.iter().any(|path| last_part(path) == called)).find_map(|setting| {
            let parameter = setting.parameters.iter().find(|parameter| parameter.name == name)?;
            let values = self.values(Site { file: call.file, node: callee });
            let is_it = values.iter().any(|value| matches!(value, Value::External { path, .. } if setting.paths.iter().any(|known| **known == **path)));
            let given = self.argument(call, name, parameter.pos).map(Set::Argument);
            given.or_else(|| setting.implied.get(name).cloned().map(Set::Implied)).filter(|_| is_it)
        })
    }
}

/// The `with` statement that the call opens and that takes the setting back at its end.
fn with_around(eval: &Eval, file: FileId, call: NodeId) -> Option<NodeId> {
    let tree = eval.file(file).tree();
    let item = tree.ancestors(call).find(|up| {
        tree.kind(*up) == Kind::WithItem
            || !matches!(tree.kind(*up), Kind::AsPattern | Kind::ParenthesizedExpression)
    })?;
    (tree.kind(item) == Kind::WithItem)
        .then(|| tree.enclosing(item, &[Kind::WithStatement]))
        .flatten()
}
