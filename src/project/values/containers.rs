//! What containers hold: displays, comprehensions, unpacking, loops, and what was appended.

use crate::facts::scopes::{BindingKind, PathStep};
use crate::project::names::index;
use crate::project::{Eval, Site, Type, Value};
use crate::syntax::{Field, Kind, NodeId};

/// More places that put something into containers of one name are not looked at.
const MAX_PUTS: usize = 40;

impl Eval<'_> {
    /// The part of `value` that a target at `path` of a tuple gets.
    pub(in crate::project) fn destructured(&self, value: Site, path: &[PathStep]) -> Vec<Value> {
        self.unpacked_of(&self.values(value), path)
    }

    /// The part of one of `values` that a target at `path` of a tuple gets.
    pub(in crate::project) fn unpacked_of(
        &self,
        values: &[Value],
        path: &[PathStep],
    ) -> Vec<Value> {
        let Some((first, rest)) = path.split_first() else { return values.to_vec() };
        let mut found = Vec::new();
        for value in values {
            match value {
                Value::Literal(site) => {
                    match self.item(*site, *first).or_else(|| self.repeated_item(*site)) {
                        Some(item) => found.extend(self.destructured(item, rest)),
                        None => found.push(Value::Unknown),
                    }
                }
                Value::Instance(Type::External { path, .. })
                    if crate::catalogue::last_part(path) == "Pipe" =>
                {
                    found.push(value.clone());
                }
                _ => found.push(Value::Unknown),
            }
        }
        found
    }

    /// The expression of every item of a list comprehension.
    fn repeated_item(&self, display: Site) -> Option<Site> {
        let is_comprehension = matches!(
            self.file(display.file).tree().kind(display.node),
            Kind::ListComprehension | Kind::GeneratorExpression
        );
        self.elements_of(display).first().copied().filter(|_| is_comprehension)
    }

    /// The element of a display that one step of unpacking takes.
    pub fn item(&self, display: Site, step: PathStep) -> Option<Site> {
        let items = self.items_of(display)?;
        match step {
            PathStep::Index(at) => items.get(at).copied(),
            PathStep::FromEnd(at) => items.len().checked_sub(at + 1).map(|at| items[at]),
            PathStep::Star { .. } => None,
        }
    }

    /// The elements of a display that go into the list of a starred target.
    pub fn starred(&self, display: Site, step: PathStep) -> Vec<Site> {
        let PathStep::Star { before, after } = step else { return Vec::new() };
        let items = self.items_of(display).unwrap_or_default();
        items
            .len()
            .checked_sub(after)
            .and_then(|end| items.get(before..end))
            .map(<[Site]>::to_vec)
            .unwrap_or_default()
    }

    /// The elements of the displays that `iterable` may be, and of the list that it is as a starred target.
    pub fn displayed(&self, iterable: Site) -> Vec<Site> {
        let mut found = self.elements_of_values(iterable);
        let facts = self.file(iterable.file);
        let name = Some(iterable.node).filter(|node| facts.tree().kind(*node) == Kind::Identifier);
        let Some((scope, name)) = name.and_then(|node| facts.scopes.resolve_name(node)) else {
            return found;
        };
        let at = |node| Site { file: iterable.file, node };
        for binding in crate::project::values::reaching::bindings(facts, scope, name, iterable.node)
        {
            match &binding.kind {
                BindingKind::Assignment { value: Some(value), path, .. } => {
                    found.extend(self.starred_at(at(*value), path));
                }
                BindingKind::For { iterable, path, .. }
                | BindingKind::ComprehensionFor { iterable, path, .. } => {
                    found.extend(
                        self.elements_of_values(at(*iterable))
                            .into_iter()
                            .flat_map(|element| self.starred_at(element, path)),
                    );
                }
                _ => {}
            }
        }
        found
    }

    fn elements_of_values(&self, iterable: Site) -> Vec<Site> {
        let literal =
            |value: &Value| if let Value::Literal(display) = value { Some(*display) } else { None };
        self.values(iterable)
            .iter()
            .filter_map(literal)
            .flat_map(|display| self.elements_of(display))
            .collect()
    }

    /// The elements that a starred target at the end of `path` takes of `value`.
    fn starred_at(&self, value: Site, path: &[PathStep]) -> Vec<Site> {
        let Some((step, rest)) = path.split_first() else { return Vec::new() };
        let literal =
            |value: &Value| if let Value::Literal(display) = value { Some(*display) } else { None };
        let displays: Vec<Site> = self.values(value).iter().filter_map(literal).collect();
        match step {
            PathStep::Star { .. } => {
                displays.into_iter().flat_map(|display| self.starred(display, *step)).collect()
            }
            _ => displays
                .into_iter()
                .filter_map(|display| self.item(display, *step))
                .flat_map(|item| self.starred_at(item, rest))
                .collect(),
        }
    }

    /// The items of a list, tuple or set display without splats.
    pub fn items_of(&self, display: Site) -> Option<Vec<Site>> {
        let tree = self.file(display.file).tree();
        let plain = matches!(
            tree.kind(display.node),
            Kind::List | Kind::Tuple | Kind::Set | Kind::ExpressionList
        );
        let items: Vec<Site> =
            tree.children(display.node).map(|node| Site { file: display.file, node }).collect();
        (plain && !items.iter().any(|item| tree.kind(item.node) == Kind::ListSplat))
            .then_some(items)
    }

    /// What a loop over `iterable` puts into the target at `path`.
    pub fn element_values(&self, iterable: Site, path: &[PathStep]) -> Vec<Value> {
        let facts = self.file(iterable.file);
        let tree = facts.tree();
        let node = tree.unparenthesized(iterable.node);
        let at = |node| Site { file: iterable.file, node };
        if tree.kind(node) == Kind::Call {
            let arguments = self.positional_arguments(at(node));
            let callee = tree
                .child(node, Field::Function)
                .map_or((node, ""), |callee| (callee, facts.text(callee)));
            match (callee.1, arguments.as_slice(), path) {
                ("enumerate", [inner, ..], [PathStep::Index(1), rest @ ..]) => {
                    return self.element_values(*inner, rest);
                }
                ("zip", inner, [PathStep::Index(index), rest @ ..]) if *index < inner.len() => {
                    return self.element_values(inner[*index], rest);
                }
                (
                    "list" | "tuple" | "set" | "sorted" | "reversed" | "iter" | "frozenset",
                    [inner, ..],
                    _,
                ) => return self.element_values(*inner, path),
                _ => {}
            }
            if tree.kind(callee.0) == Kind::Attribute && arguments.is_empty() {
                let method =
                    tree.child(callee.0, Field::Attribute).map_or("", |name| facts.text(name));
                let object = tree.child(callee.0, Field::Object).map(at);
                match (method, object, path) {
                    ("items", Some(object), [PathStep::Index(1), rest @ ..]) => {
                        return self.mapping_values(object, rest);
                    }
                    ("values", Some(object), rest) => return self.mapping_values(object, rest),
                    _ => {}
                }
            }
        }
        let mut found = Vec::new();
        for item in self.displayed(at(node)) {
            found.extend(self.destructured(item, path));
        }
        found.extend(
            self.values(at(node))
                .iter()
                .filter(|value| !matches!(value, Value::Literal(_)))
                .map(|_| Value::Unknown),
        );
        for appended in
            self.appended_to(at(node)).into_iter().chain(self.appended_where_made(at(node)))
        {
            found.extend(self.destructured(appended, path));
        }
        found
    }

    /// The element expressions of a display or comprehension; for a dictionary, its keys are left out.
    pub fn elements_of(&self, display: Site) -> Vec<Site> {
        let tree = self.file(display.file).tree();
        let at = |node| Site { file: display.file, node };
        match tree.kind(display.node) {
            Kind::List | Kind::Tuple | Kind::Set | Kind::ExpressionList => tree
                .children(display.node)
                .filter(|node| tree.kind(*node) != Kind::ListSplat)
                .map(at)
                .collect(),
            Kind::ListComprehension | Kind::SetComprehension | Kind::GeneratorExpression => {
                tree.child(display.node, Field::Body).map(at).into_iter().collect()
            }
            // `list(… for …)`.
            Kind::Call => {
                let inner = self
                    .positional_arguments(display)
                    .first()
                    .map(|first| tree.unparenthesized(first.node));
                inner
                    .filter(|inner| tree.kind(*inner) == Kind::GeneratorExpression)
                    .map(|inner| self.elements_of(at(inner)))
                    .unwrap_or_default()
            }
            _ => Vec::new(),
        }
    }

    /// The value expressions of the dictionaries that `object` may be.
    pub fn mapping_items(&self, object: Site) -> Vec<Site> {
        let mut found = Vec::new();
        for value in self.values(object).iter() {
            let Value::Literal(site) = value else { continue };
            let tree = self.file(site.file).tree();
            let at = |node| Site { file: site.file, node };
            let pairs: Vec<NodeId> = match tree.kind(site.node) {
                Kind::Dictionary => {
                    tree.children(site.node).filter(|node| tree.kind(*node) == Kind::Pair).collect()
                }
                Kind::DictionaryComprehension => {
                    tree.child(site.node, Field::Body).into_iter().collect()
                }
                _ => Vec::new(),
            };
            found.extend(
                pairs.into_iter().filter_map(|pair| tree.child(pair, Field::Value)).map(at),
            );
            if matches!(tree.kind(site.node), Kind::Dictionary | Kind::Call) {
                found.extend(self.put_into(*site, true));
            }
        }
        found
    }

    /// The container that a call takes an item out of: `table.get(key, other)`, `stages.pop()`, `next(stages)`.
    pub fn taken_from(&self, call: Site) -> Option<Site> {
        let facts = self.file(call.file);
        let tree = facts.tree();
        let callee = tree.child(call.node, Field::Function)?;
        let named = tree.child(callee, Field::Attribute).map_or("", |name| facts.text(name));
        match tree.child(callee, Field::Object) {
            Some(object) => matches!(named, "get" | "pop" | "popleft" | "setdefault")
                .then_some(Site { file: call.file, node: object }),
            None => self
                .positional_arguments(call)
                .first()
                .copied()
                .filter(|_| facts.text(callee) == "next"),
        }
    }

    /// The items of which such a call takes one out of `container`, and what it takes instead.
    pub fn taken_by(&self, call: Site, container: Site) -> Vec<Site> {
        let mut found = self.mapping_items(container);
        found.extend(self.displayed(container));
        found.extend(self.appended_to(container));
        if !found.is_empty() {
            found.extend(self.positional_arguments(call).get(1));
        }
        found
    }

    pub(in crate::project) fn mapping_values(&self, object: Site, path: &[PathStep]) -> Vec<Value> {
        self.mapping_items(object)
            .into_iter()
            .flat_map(|item| self.destructured(item, path))
            .collect()
    }

    /// The value expressions that `object[key]` may give, where `subscript` is that expression: under another literal key
    /// lies what is something else.
    pub(in crate::project) fn items_under(&self, object: Site, subscript: Site) -> Vec<Site> {
        let tree = self.file(subscript.file).tree();
        let key = tree
            .child(subscript.node, Field::Subscript)
            .and_then(|node| self.string_literal(Site { file: subscript.file, node }));
        let may_be =
            |item: &Site| key.is_none() || self.key_of(*item).is_none_or(|own| Some(own) == key);
        self.mapping_items(object).into_iter().filter(may_be).collect()
    }

    /// The literal key under which an expression is put into a dictionary.
    fn key_of(&self, item: Site) -> Option<&str> {
        let tree = self.file(item.file).tree();
        let up = tree.parent(item.node)?;
        let key = match tree.kind(up) {
            Kind::Pair => tree.child(up, Field::Key),
            Kind::Assignment => {
                tree.child(up, Field::Left).and_then(|target| tree.child(target, Field::Subscript))
            }
            _ => None,
        };
        self.string_literal(Site { file: item.file, node: key? })
    }

    /// The value expressions that `object[key]` may give, where `subscript` is that expression.
    pub fn items_at(&self, object: Site, subscript: Site) -> Vec<Site> {
        let mut found = self.items_under(object, subscript);
        found.extend(self.displayed(object));
        found
    }

    /// The one expression that `object[key]` gives, where the object is a display and the key a literal.
    pub fn subscripted(&self, object: Site, subscript: Site) -> Option<Site> {
        let facts = self.file(subscript.file);
        let key = Site {
            file: subscript.file,
            node: facts.tree().child(subscript.node, Field::Subscript)?,
        };
        let values = self.values(object);
        let [Value::Literal(display)] = &*values else { return None };
        let home = self.file(display.file);
        if let Ok(index) = facts.text(key.node).parse::<usize>() {
            return self.items_of(*display)?.get(index).copied();
        }
        let wanted = self.string_literal(key)?;
        let pair = home
            .tree()
            .children(display.node)
            .filter(|pair| home.tree().kind(*pair) == Kind::Pair)
            .find(|pair| {
                home.tree()
                    .child(*pair, Field::Key)
                    .and_then(|key| self.string_literal(Site { file: display.file, node: key }))
                    == Some(wanted)
            })?;
        home.tree().child(pair, Field::Value).map(|node| Site { file: display.file, node })
    }

    /// The value under a literal key of a dictionary display.
    pub fn entry_of(&self, display: Site, key: &str) -> Option<Site> {
        let tree = self.file(display.file).tree();
        let at = |node| Site { file: display.file, node };
        let pairs = tree.children(display.node).filter(|pair| tree.kind(*pair) == Kind::Pair);
        let same = |pair: &NodeId| {
            tree.child(*pair, Field::Key).and_then(|found| self.string_literal(at(found)))
                == Some(key)
        };
        pairs.filter(same).last().and_then(|pair| tree.child(pair, Field::Value)).map(at)
    }

    /// What is put into the list, set or deque `variable` by `append`, `add` and `insert`, where it is a plain name or an
    /// attribute of an object of the project.
    pub fn appended_to(&self, variable: Site) -> Vec<Site> {
        let facts = self.file(variable.file);
        let tree = facts.tree();
        if tree.kind(variable.node) == Kind::Attribute {
            return self.appended_to_attribute(variable);
        }
        if tree.kind(variable.node) != Kind::Identifier {
            return Vec::new();
        }
        let Some((scope, name)) = facts.scopes.resolve_name(variable.node) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        for reference in facts.scopes.references(scope, name) {
            let Some(up) = tree.parent(*reference) else { continue };
            if tree.kind(up) == Kind::AugmentedAssignment && tree.field(*reference) == Field::Left {
                let added =
                    tree.child(up, Field::Right).map(|node| Site { file: variable.file, node });
                found.extend(added.into_iter().flat_map(|added| self.displayed(added)));
            }
            let Some(attribute) = Some(up).filter(|up| tree.kind(*up) == Kind::Attribute) else {
                continue;
            };
            let Some(call) = tree.parent(attribute).filter(|up| tree.kind(*up) == Kind::Call)
            else {
                continue;
            };
            let method =
                tree.child(attribute, Field::Attribute).map_or("", |node| facts.text(node));
            let given = self.positional_arguments(Site { file: variable.file, node: call });
            match method {
                "append" | "add" | "appendleft" | "insert" => found.extend(given.last()),
                "extend" => {
                    found.extend(given.last().into_iter().flat_map(|given| self.displayed(*given)));
                }
                _ => {}
            }
        }
        found
    }

    fn appended_to_attribute(&self, attribute: Site) -> Vec<Site> {
        let facts = self.file(attribute.file);
        let tree = facts.tree();
        let (Some(object), Some(name)) = (
            tree.child(attribute.node, Field::Object),
            tree.child(attribute.node, Field::Attribute),
        ) else {
            return Vec::new();
        };
        let puts = self.project.puts(facts.text(name));
        if puts.is_empty() || puts.len() > MAX_PUTS {
            return Vec::new();
        }
        let owner = |container: Site| {
            let tree = self.file(container.file).tree();
            tree.child(container.node, Field::Object)
                .map(|node| Site { file: container.file, node })
        };
        let owners = self.owners(Site { file: attribute.file, node: object });
        let related = |other: &Site| {
            let others = self.owners(*other);
            owners.iter().any(|own| {
                others.iter().any(|other| {
                    self.lineage(*own).contains(other) || self.lineage(*other).contains(own)
                })
            })
        };
        let appended = puts.iter().filter(|put| !put.keyed);
        appended
            .filter(|put| owner(put.container).is_some_and(|object| related(&object)))
            .flat_map(|put| self.items_put(put))
            .collect()
    }

    fn items_put(&self, put: &index::Put) -> Vec<Site> {
        if put.spread { self.displayed(put.item) } else { vec![put.item] }
    }

    /// What is appended to the lists that `iterable` may be, wherever they are made.
    pub(in crate::project) fn appended_where_made(&self, iterable: Site) -> Vec<Site> {
        let literal =
            |value: &Value| if let Value::Literal(display) = value { Some(*display) } else { None };
        self.values(iterable)
            .iter()
            .filter_map(literal)
            .flat_map(|display| self.put_into(display, false))
            .collect()
    }

    /// What statements put into the container that `display` makes, under a key or without one.
    pub(in crate::project) fn put_into(&self, display: Site, keyed: bool) -> Vec<Site> {
        let facts = self.file(display.file);
        let tree = facts.tree();
        let assignment = tree.parent(display.node).filter(|up| tree.kind(*up) == Kind::Assignment);
        let Some(target) = assignment.and_then(|up| tree.child(up, Field::Left)) else {
            return Vec::new();
        };
        let name = tree
            .child(target, Field::Attribute)
            .filter(|_| tree.kind(target) == Kind::Attribute)
            .unwrap_or(target);
        let mut found = Vec::new();
        for name in self.project.names_of(facts.text(name)) {
            let puts = self.project.puts(&name);
            let same = |put: &&index::Put| {
                put.keyed == keyed && self.values(put.container).contains(&Value::Literal(display))
            };
            found.extend(
                puts.iter().take(MAX_PUTS).filter(same).flat_map(|put| self.items_put(put)),
            );
        }
        found
    }

    /// The project classes whose instance an expression may be.
    fn owners(&self, object: Site) -> Vec<Site> {
        let of_class = |value: &Value| match value {
            Value::Instance(Type::Class(class)) => Some(*class),
            _ => None,
        };
        self.values(object).iter().filter_map(of_class).collect()
    }
}
