//! Functions of a module that a decorator was called with by hand: `fast = timed(work)`, `work = timed(work)`.

use crate::facts::scopes::BindingKind;
use crate::project::{Callable, Eval, Origin, Site, Value};
use crate::syntax::{Field, Kind, NodeId};

/// Decorators of `functools` whose result calls itself by the name of the function that it holds.
const KEEPING_THE_NAME: &[&str] = &[
    "functools.lru_cache",
    "functools.lru_cache()",
    "functools.cache",
    "functools.singledispatch",
];

/// What a decorator gave, under the name that a module binds it to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alias {
    /// The call of the decorator.
    pub call: Site,
    /// The name that is bound to the result.
    pub name: String,
    /// The function that was decorated.
    pub wrapped: Site,
    /// Whether the name is the function's own, so that `functools.wraps` makes the result importable.
    pub is_own_name: bool,
    /// Whether the decorator is one of `functools`, which gives its result the function's name.
    pub keeps_name: bool,
}

impl Eval<'_> {
    /// What is sent, if it is what a decorator gave to a name of a module when that was imported: children make it anew.
    pub fn decorated_alias(&self, origin: &Origin) -> Option<Alias> {
        let (Callable::Function(callable) | Callable::Lambda(callable)) = origin.callable else {
            return None;
        };
        let call = origin.made_by?;
        let facts = self.file(call.file);
        let tree = facts.tree();
        let assignment = tree.parent(call.node).filter(|up| {
            tree.kind(*up) == Kind::Assignment && tree.field(call.node) == Field::Right
        })?;
        let left = tree
            .child(assignment, Field::Left)
            .filter(|left| tree.kind(*left) == Kind::Identifier)?;
        let (home, name) =
            facts.scopes.resolve_name(left).filter(|(home, _)| *home == facts.scopes.module())?;
        let statement = facts.top_level_statement(assignment);
        let runs_on_import = facts.enclosing_function(assignment).is_none()
            && !crate::facts::guard::is_guard(facts, statement);
        let first = self.positional_arguments(call).first().copied()?;
        let wrapped = self
            .values(first)
            .iter()
            .find_map(|value| if let Value::Function(site) = value { Some(*site) } else { None })?;
        let is_own_name = wrapped.file == call.file && facts.definition_name(wrapped.node) == name;
        let last = facts.scopes.bindings(home, name).last()?;
        let is_last = matches!(last.kind, BindingKind::Assignment { value: Some(value), .. } if tree.unparenthesized(value) == call.node);
        let is_only = facts.scopes.bindings(home, name).len() == 1 + usize::from(is_own_name);
        let keeps_name = callable == wrapped;
        let is_decorator = if keeps_name {
            self.keeps_the_name(call)
        } else {
            self.is_inner_function(callable, call)
        };
        (runs_on_import && is_last && is_only && is_decorator && !self.is_local(wrapped))
            .then(|| Alias { call, name: name.to_owned(), wrapped, is_own_name, keeps_name })
    }

    fn keeps_the_name(&self, call: Site) -> bool {
        let callee = self
            .file(call.file)
            .tree()
            .child(call.node, Field::Function)
            .map(|node| Site { file: call.file, node });
        let values = callee.map(|callee| self.values(callee));
        values.is_some_and(|values| values.iter().any(|value| matches!(value, Value::External { path, .. } if KEEPING_THE_NAME.contains(&&**path))))
    }

    /// Whether a function or lambda stands in what the call calls, and reads the first parameter of that.
    fn is_inner_function(&self, inner: Site, call: Site) -> bool {
        let Some(callee) = self.file(call.file).tree().child(call.node, Field::Function) else {
            return false;
        };
        self.values(Site { file: call.file, node: callee }).iter().any(|value| {
            let (Value::Function(decorator) | Value::Method { function: Some(decorator), .. }) =
                value
            else {
                return false;
            };
            let facts = self.file(decorator.file);
            let tree = facts.tree();
            if inner.file != decorator.file || !tree.contains(decorator.node, inner.node) {
                return false;
            }
            let parameters: Vec<NodeId> = tree
                .child(decorator.node, Field::Parameters)
                .map(|list| tree.children(list).collect())
                .unwrap_or_default();
            let first = parameters.get(usize::from(self.is_method(*decorator)));
            let name = first.and_then(|first| {
                tree.subtree(*first).find(|node| tree.kind(*node) == Kind::Identifier)
            });
            let Some((home, name)) = name.and_then(|name| facts.scopes.resolve_name(name)) else {
                return false;
            };
            facts.scopes.references(home, name).iter().any(|read| tree.contains(inner.node, *read))
        })
    }
}
