//! Which executor a callable meets that comes a long way: `run(ThreadPool(), lambda: 1)` does not meet the pool of another
//! call of `run`, nor does `Stage(op=lambda: 1, executor=None)` meet the executor of another stage.

use crate::facts::scopes::{Binding, BindingKind};
use crate::project::{Dispatch, Eval, Site, Type, Value};
use crate::syntax::{Field, Kind, NodeId};

/// Longer chains of names are given up.
const MAX_STEPS: u32 = 4;

impl Eval<'_> {
    /// Whether the calls that hand something over give executors of another kind than the dispatch's along with it. `way`
    /// are the hand-overs, the outermost first, the dispatch's own last.
    pub(in crate::project) fn meets_another_executor(
        &self,
        dispatch: &Dispatch,
        way: &[Site],
    ) -> bool {
        let Some((receiver, outer)) = dispatch.receiver.zip(way.split_last().map(|row| row.1))
        else {
            return false;
        };
        let mut met = vec![receiver];
        let mut is_given = false;
        for given in outer.iter().rev() {
            let tree = self.file(given.file).tree();
            let call = tree
                .enclosing(given.node, &[Kind::ArgumentList])
                .and_then(|list| tree.parent(list));
            let Some(call) = call.map(|node| Site { file: given.file, node }) else { continue };
            let along: Vec<Site> = met
                .iter()
                .flat_map(|executor| self.given_along(*executor, call, MAX_STEPS))
                .collect();
            if !along.is_empty() {
                (met, is_given) = (along, true);
            } else if let Some(objects) = self.objects_of_method(call, &met) {
                met = objects;
            }
        }
        is_given && met.into_iter().all(|executor| self.is_another(dispatch, executor))
    }

    /// The objects whose method a call runs that stands under another name (`mapper = pool.map`), if what was `met` is in that
    /// method: which object it is decides which executor.
    fn objects_of_method(&self, call: Site, met: &[Site]) -> Option<Vec<Site>> {
        let tree = self.file(call.file).tree();
        let callee = tree
            .child(call.node, Field::Function)
            .filter(|callee| tree.kind(*callee) != Kind::Attribute)?;
        let values = self.values(Site { file: call.file, node: callee });
        let holds = |function: Site| {
            met.iter().all(|met| {
                met.file == function.file
                    && self.file(met.file).tree().contains(function.node, met.node)
            })
        };
        let objects: Vec<Site> = values
            .iter()
            .filter_map(|value| match value {
                Value::Method { object, function: Some(function), .. } if holds(*function) => {
                    Some(*object)
                }
                _ => None,
            })
            .collect();
        (!objects.is_empty()).then_some(objects)
    }

    /// What one call gives for an expression in the function that it runs, or for an attribute of the object that it makes.
    fn given_along(&self, expression: Site, call: Site, steps: u32) -> Vec<Site> {
        let facts = self.file(expression.file);
        let tree = facts.tree();
        match tree.kind(expression.node) {
            Kind::Identifier => {
                let Some((scope, name)) = facts.scopes.resolve_name(expression.node) else {
                    return Vec::new();
                };
                match facts.scopes.bindings(scope, name) {
                    [binding] => self.bound_along(expression, binding, call, steps),
                    _ => Vec::new(),
                }
            }
            Kind::Attribute if steps > 0 => {
                let stored = self.stored_in(expression).into_iter();
                let own = |stored: &Site| {
                    stored.file == call.file
                        && self.file(call.file).tree().contains(call.node, stored.node)
                };
                let given: Vec<Site> = stored
                    .flat_map(|stored| {
                        if own(&stored) {
                            vec![stored]
                        } else {
                            self.given_along(stored, call, steps - 1)
                        }
                    })
                    .collect();
                if given.is_empty() {
                    self.left_to_default(expression, call).into_iter().collect()
                } else {
                    given
                }
            }
            _ => Vec::new(),
        }
    }

    /// The default of the field that an attribute reads, if `call` makes the object without giving it: `executor: Executor |
    /// None = None` in the class body.
    fn left_to_default(&self, attribute: Site, call: Site) -> Option<Site> {
        let facts = self.file(attribute.file);
        let tree = facts.tree();
        let name = facts.text(tree.child(attribute.node, Field::Attribute)?);
        let object = tree.child(attribute.node, Field::Object)?;
        let callee = self.file(call.file).tree().child(call.node, Field::Function)?;
        let made = self.values(Site { file: call.file, node: callee });
        let objects = self.values(Site { file: attribute.file, node: object });
        let class = made.iter().find_map(|value| match value {
            Value::Class(class) => {
                objects.contains(&Value::Instance(Type::Class(*class))).then_some(*class)
            }
            _ => None,
        })?;
        if self.method(class, "__init__").is_some() || self.has_splat(call) {
            return None;
        }
        let facts = self.file(class.file);
        let tree = facts.tree();
        let statements = tree
            .children(tree.child(class.node, Field::Body)?)
            .filter_map(|statement| tree.children(statement).next());
        let named = |node: &NodeId| {
            tree.child(*node, Field::Left).is_some_and(|left| facts.text(left) == name)
        };
        let field = statements.filter(|node| tree.kind(*node) == Kind::Assignment).find(named)?;
        tree.child(field, Field::Right).map(|node| Site { file: class.file, node })
    }

    fn bound_along(&self, name: Site, binding: &Binding, call: Site, steps: u32) -> Vec<Site> {
        let at = |node| Site { file: name.file, node };
        match &binding.kind {
            BindingKind::Parameter { default, star: 0, .. } => {
                match self.argument_in(call, name.file, binding) {
                    Some(given) => given.or(default.map(at)).into_iter().collect(),
                    // Another function's, to which one that the call runs may hand it on.
                    None if steps > 0 => {
                        let handed_on = self
                            .given_for(name.file, binding, None)
                            .into_iter()
                            .filter(|given| given.part.is_none());
                        handed_on
                            .flat_map(|given| self.given_along(given.expression, call, steps - 1))
                            .collect()
                    }
                    None => Vec::new(),
                }
            }
            BindingKind::Assignment { value: Some(value), path, .. }
                if path.is_empty() && steps > 0 =>
            {
                self.given_along(at(*value), call, steps - 1)
            }
            _ => Vec::new(),
        }
    }

    /// Whether an expression is known to be no executor of the dispatch's kind: none, or one of threads.
    fn is_another(&self, dispatch: &Dispatch, executor: Site) -> bool {
        let facts = self.file(executor.file);
        if facts.tree().kind(executor.node) == Kind::None {
            return true;
        }
        let values = self.values(executor);
        let catalogue = &self.project.catalogue;
        let Some(receiver) = dispatch.receiver else { return false };
        let facts = self.file(receiver.file);
        let method = facts
            .tree()
            .parent(receiver.node)
            .and_then(|up| facts.tree().child(up, Field::Attribute))
            .map(|name| facts.text(name));
        let differs = |value: &Value| match (value, method) {
            (Value::Instance(Type::External { path, .. }), Some(method)) => {
                catalogue.by_path(path).and_then(|class| catalogue.method(class, method))
                    != Some(dispatch.entry)
            }
            // `loop.run_in_executor(executor, …)`
            (Value::Instance(Type::External { .. }), None) => {
                self.process_executor(value).is_none()
            }
            _ => false,
        };
        !values.is_empty() && values.iter().all(differs)
    }
}
