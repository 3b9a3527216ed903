//! Callables that reach a process API without being an argument of its call: `delayed(f)(…)`, decorators, and manager
//! types that are served where they are registered.

use crate::catalogue::{EntryId, EntryKind};
use crate::project::{Callable, Dispatch, Eval, FileId, Origin, Site, Slot, Type, Value};
use crate::syntax::{Field, Kind, NodeId, Tree};

/// What makes a task of a function: joblib's own, and scikit-learn's, which hands its settings on.
const DELAYED: &[&str] = &[
    "joblib.delayed",
    "joblib.parallel.delayed",
    "sklearn.utils.parallel.delayed",
    "sklearn.utils.fixes.delayed",
];

impl Eval<'_> {
    /// The `delayed(f)` calls within the iterable that a dispatch is given.
    pub fn delayed(&self, dispatch: &Dispatch) -> Vec<Site> {
        let Some(position) = dispatch.api(self.project).arguments.delayed else {
            return Vec::new();
        };
        let Some(iterable) = self.argument(dispatch.call, "iterable", position) else {
            return Vec::new();
        };
        let values = self.values(iterable);
        let displays = values
            .iter()
            .filter_map(|value| if let Value::Literal(site) = value { Some(*site) } else { None });
        displays
            .flat_map(|display| self.elements_of(display))
            .chain(self.items_put(iterable))
            .filter_map(|item| self.delayed_callee(item))
            .collect()
    }

    /// The callables that a `partial` binds, of which a dispatch is a call: `later = partial(pool.submit, work)`.
    pub(in crate::project) fn bound_slots(&self, dispatch: &Dispatch) -> Vec<Slot> {
        let tree = self.file(dispatch.call.file).tree();
        let Some(callee) = tree.child(dispatch.call.node, Field::Function) else {
            return Vec::new();
        };
        let values = self.values(Site { file: dispatch.call.file, node: callee });
        let mut found = Vec::new();
        for partial in values.iter().filter_map(|value| {
            if let Value::Partial(partial) = value { Some(*partial) } else { None }
        }) {
            for parameter in &dispatch.api(self.project).callables {
                // The method itself comes first.
                let position = (parameter.pos >= 0).then_some(parameter.pos + 1);
                let given = self.given(partial, &parameter.name, position).into_iter();
                found.extend(given.map(|given| Slot {
                    name: parameter.name.clone(),
                    expression: given.expression,
                    part: given.part,
                }));
            }
        }
        found
    }

    /// The `delayed(f)` of `delayed(f)(…)`.
    fn delayed_callee(&self, item: Site) -> Option<Site> {
        let tree = self.file(item.file).tree();
        let at = |node| Site { file: item.file, node };
        let is_call = |node: &NodeId| tree.kind(*node) == Kind::Call;
        let outer = Some(tree.unparenthesized(item.node)).filter(is_call)?;
        let inner = tree.child(outer, Field::Function).filter(is_call)?;
        let values = self.values(at(tree.child(inner, Field::Function)?));
        let is_delayed = |value: &Value| matches!(value, Value::External { path, .. } if DELAYED.contains(&&**path));
        values.iter().any(is_delayed).then(|| at(inner))
    }

    /// The functions of a file whose decorator runs them in another process, as dispatches of their own.
    pub fn decorations(&self, file: FileId) -> Vec<(Dispatch, Slot, Origin)> {
        let facts = self.file(file);
        let tree = facts.tree();
        let at = |node| Site { file, node };
        let mut found = Vec::new();
        for definition in
            tree.subtree(Tree::ROOT).filter(|node| tree.kind(*node) == Kind::FunctionDefinition)
        {
            for decorator in facts.decorators(definition) {
                let (Some(expression), Some(name)) =
                    (tree.children(decorator).next(), tree.child(definition, Field::Name))
                else {
                    continue;
                };
                let callee = tree
                    .child(expression, Field::Function)
                    .filter(|_| tree.kind(expression) == Kind::Call)
                    .unwrap_or(expression);
                for value in self.values(at(callee)).iter() {
                    let Some(dispatch) = self
                        .decorating(value, at(expression))
                        .filter(|dispatch| self.conditions_hold(dispatch))
                    else {
                        continue;
                    };
                    let slot =
                        Slot { name: "function".to_owned(), expression: at(name), part: None };
                    let origin = Origin {
                        callable: Callable::Function(at(definition)),
                        leaf: at(name),
                        handover: at(expression),
                        through: Vec::new(),
                        made_by: None,
                        kept: false,
                        objects: Vec::new(),
                        callers: crate::project::dataflow::CallString::UNKNOWN,
                    };
                    found.push((dispatch, slot, origin));
                }
            }
        }
        found
    }

    /// The dispatch that a decorator is, if it hands what it decorates to a process.
    fn decorating(&self, decorator: &Value, expression: Site) -> Option<Dispatch> {
        let catalogue = &self.project.catalogue;
        let is_decorator = |entry: EntryId| catalogue.get(entry).kind == EntryKind::Decorator;
        match decorator {
            Value::External { path, start } => {
                let entry = catalogue.by_path(path).filter(|entry| is_decorator(*entry))?;
                Some(Dispatch {
                    call: expression,
                    entry,
                    start: self.effective(*start, entry),
                    receiver: None,
                    made: None,
                    shift: 0,
                })
            }
            Value::Method { receiver, object, name, function } => self
                .method_dispatch(receiver, *object, name, *function, expression)
                .filter(|dispatch| is_decorator(dispatch.entry)),
            _ => None,
        }
    }

    /// Whether the manager class that a `register` call belongs to is only served where it is registered, or asked from
    /// afar: then nothing is sent.
    pub(in crate::project) fn serves_in_place(&self, dispatch: &Dispatch) -> bool {
        let tree = self.file(dispatch.call.file).tree();
        let object = tree
            .child(dispatch.call.node, Field::Function)
            .and_then(|callee| tree.child(callee, Field::Object));
        let Some(receiver) = object.map(|node| Site { file: dispatch.call.file, node }) else {
            return false;
        };
        let classes: Vec<Value> = self.values(receiver).to_vec();
        let of_it = |call: &Site| {
            let tree = self.file(call.file).tree();
            let object = tree
                .child(call.node, Field::Function)
                .and_then(|callee| tree.child(callee, Field::Object));
            object.is_some_and(|object| {
                self.values(Site { file: call.file, node: object }).iter().any(
                    |value| match value {
                        Value::Instance(Type::Class(class)) => {
                            classes.contains(&Value::Class(*class))
                        }
                        _ => false,
                    },
                )
            })
        };
        let called = |name: &str| self.project.calls_named(name).iter().any(of_it);
        (called("get_server") || called("connect"))
            && !called("start")
            && !called("__enter__")
            && !self.is_entered(&classes)
    }

    /// Whether an object of one of the classes is the context of a `with` statement.
    fn is_entered(&self, classes: &[Value]) -> bool {
        let names: Vec<&str> = classes
            .iter()
            .filter_map(|class| {
                if let Value::Class(class) = class {
                    Some(self.file(class.file).definition_name(class.node))
                } else {
                    None
                }
            })
            .collect();
        names.iter().flat_map(|name| self.project.calls_named(name)).any(|call| {
            let tree = self.file(call.file).tree();
            tree.ancestors(call.node).take(3).any(|up| tree.kind(up) == Kind::WithItem)
        })
    }
}
