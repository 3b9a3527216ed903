//! What becomes a part of an object: displays, assignments to attributes and items, `setattr`.

use super::edges::Graph;
use super::{ANY_NAME, Argument, Given, Part, Step, Steps, Store};
use crate::syntax::{Field, Kind, NodeId};
use smallvec::smallvec;

impl Graph<'_> {
    pub(super) fn store(
        &mut self,
        container: NodeId,
        part: Option<Part>,
        value: NodeId,
        steps: Steps,
    ) {
        self.stores.push(Store { container, part, value, steps, call: None });
    }

    /// `x += value`: the elements of the value come into x.
    pub(super) fn extended(&mut self, container: NodeId, value: NodeId) {
        self.store(container, Some(Part::Each), value, smallvec![Step::Iterate]);
    }

    pub(super) fn display(&mut self, node: NodeId) {
        let tree = self.tree;
        let mut next = Some(0);
        let items: Vec<NodeId> = tree.children(node).collect();
        for item in items {
            if matches!(tree.kind(item), Kind::ListSplat | Kind::ParenthesizedListSplat) {
                let inner = tree.children(item).next();
                inner.into_iter().for_each(|inner| self.extended(node, inner));
                next = None;
                continue;
            }
            if self.is_starred(item) {
                self.extended(node, item);
                next = None;
                continue;
            }
            self.store(node, Some(next.map_or(Part::Each, Part::Item)), item, Steps::new());
            next = next.map(|at| at + 1);
        }
    }

    /// Whether an item begins with a star that the grammar takes for a part of a callee: `[*f()]`.
    fn is_starred(&self, item: NodeId) -> bool {
        let tree = self.tree;
        let mut first = item;
        while matches!(tree.kind(first), Kind::Call | Kind::Attribute | Kind::Subscript) {
            let Some(inner) = tree.children(first).next() else { return false };
            first = inner;
        }
        first != item && matches!(tree.kind(first), Kind::ListSplat | Kind::ListSplatPattern)
    }

    pub(super) fn dictionary(&mut self, node: NodeId) {
        let tree = self.tree;
        let items: Vec<NodeId> = tree.children(node).collect();
        for item in items {
            if tree.kind(item) == Kind::Pair {
                self.pair(node, item, true);
            } else if tree.kind(item) == Kind::DictionarySplat {
                let inner = tree.children(item).next();
                inner.into_iter().for_each(|inner| self.store(node, None, inner, Steps::new()));
            }
        }
    }

    /// The dictionary whose items a comprehension takes over as they are: `{k: v for k, v in given.items() if v}`.
    pub(super) fn copied_dictionary(&self, comprehension: NodeId) -> Option<NodeId> {
        let tree = self.tree;
        let text = |node: NodeId| tree.text(node, self.text);
        let pair = tree.child(comprehension, Field::Body)?;
        let parts = [tree.child(pair, Field::Key)?, tree.child(pair, Field::Value)?];
        let mut clauses =
            tree.children(comprehension).filter(|node| tree.kind(*node) == Kind::ForInClause);
        let clause = clauses.next().filter(|_| clauses.next().is_none())?;
        let target = tree.child(clause, Field::Left)?;
        let targets: Vec<NodeId> = tree.children(target).collect();
        let is_taken_over = targets.len() == 2
            && targets.iter().zip(parts).all(|(target, part)| {
                tree.kind(*target) == Kind::Identifier
                    && tree.kind(part) == Kind::Identifier
                    && text(*target) == text(part)
            });
        let items = tree.child(clause, Field::Right).filter(|_| is_taken_over)?;
        let callee = tree.child(items, Field::Function)?;
        let is_items = tree.kind(callee) == Kind::Attribute
            && text(tree.child(callee, Field::Attribute)?) == "items";
        tree.child(callee, Field::Object).filter(|_| is_items)
    }

    /// A key and its value; in a comprehension the key is another one in each round.
    pub(super) fn pair(&mut self, container: NodeId, pair: NodeId, is_plain: bool) {
        let parts = self.tree.child(pair, Field::Key).zip(self.tree.child(pair, Field::Value));
        let Some((key, value)) = parts else { return };
        let literal = self.literal(key).filter(|_| is_plain);
        self.store(container, Some(literal.map_or(Part::Values, Part::Key)), value, Steps::new());
        self.store(container, Some(Part::Keys), key, Steps::new());
    }

    /// The targets of an assignment that are attributes or items.
    pub(super) fn assignment(&mut self, node: NodeId) {
        let tree = self.tree;
        let parts = tree.child(node, Field::Left).zip(tree.child(node, Field::Right));
        let Some((left, mut value)) = parts else { return };
        if tree.kind(node) == Kind::AugmentedAssignment {
            if tree.kind(left) != Kind::Identifier {
                self.extended(left, value);
            }
            return;
        }
        // `a = b.c = value`: the innermost right side is the value of all.
        while tree.kind(value) == Kind::Assignment {
            let Some(inner) = tree.child(value, Field::Right) else { return };
            value = inner;
        }
        self.targets(left, value, Steps::new());
    }

    /// Loop variables and `as` targets that are attributes or items.
    pub(super) fn other_target(&mut self, node: NodeId) {
        let tree = self.tree;
        match tree.kind(node) {
            Kind::AsPatternTarget => {
                let value = tree.parent(node).and_then(|up| tree.children(up).next());
                let inner = tree.children(node).next();
                if let Some((inner, value)) = inner.zip(value) {
                    self.targets(inner, value, smallvec![Step::Load(Part::Entered)]);
                }
            }
            _ => {
                let parts = tree.child(node, Field::Left).zip(tree.child(node, Field::Right));
                if let Some((left, iterable)) = parts {
                    self.targets(left, iterable, smallvec![Step::Iterate]);
                }
            }
        }
    }

    fn targets(&mut self, target: NodeId, value: NodeId, steps: Steps) {
        let tree = self.tree;
        match tree.kind(target) {
            Kind::Attribute => {
                let object = tree.child(target, Field::Object);
                if let Some((object, part)) = object.zip(self.attribute_part(target)) {
                    self.store(object, Some(part), value, steps);
                }
            }
            Kind::Subscript => {
                let index = tree.child(target, Field::Subscript);
                let object = tree.child(target, Field::Value);
                if let Some((object, index)) = object.zip(index) {
                    self.item_store(object, index, value, steps);
                }
            }
            Kind::Tuple
            | Kind::List
            | Kind::TuplePattern
            | Kind::ListPattern
            | Kind::PatternList
            | Kind::ExpressionList => {
                let elements: Vec<NodeId> = tree.children(target).collect();
                for (index, element) in elements.into_iter().enumerate() {
                    let mut inner = steps.clone();
                    inner.push(Step::Load(Part::Item(index as u32)));
                    self.targets(element, value, inner);
                }
            }
            Kind::ParenthesizedExpression => {
                let inner = tree.children(target).next();
                inner.into_iter().for_each(|inner| self.targets(inner, value, steps.clone()));
            }
            _ => {}
        }
    }

    fn item_store(&mut self, object: NodeId, index: NodeId, value: NodeId, mut steps: Steps) {
        let part = match self.tree.kind(index) {
            // `items[:] = others`: the elements come in.
            Kind::Slice => {
                steps.push(Step::Iterate);
                Part::Each
            }
            _ => match self.part_at(index) {
                Part::Any => Part::Values,
                part => part,
            },
        };
        self.store(object, Some(part), value, steps);
        self.store(object, Some(Part::Keys), index, Steps::new());
    }

    /// `setattr(object, "name", value)`, `object.__dict__.update(values)`.
    pub(super) fn call(&mut self, node: NodeId) {
        let tree = self.tree;
        let Some(callee) = tree.child(node, Field::Function) else { return };
        let arguments = Argument::of(tree, self.text, node);
        let plain = arguments.iter().all(|each| matches!(each.given, Given::Position(Some(_))));
        if !plain {
            return;
        }
        let (object, name, value) = match arguments.as_slice() {
            [object, name, value]
                if tree.text(callee, self.text) == "setattr" && self.is_unbound(callee) =>
            {
                (object.node, self.literal(name.node), value.node)
            }
            [values] if tree.text(callee, self.text).ends_with(".__dict__.update") => {
                let inner = tree.child(callee, Field::Object);
                let Some(object) = inner.and_then(|inner| tree.child(inner, Field::Object)) else {
                    return;
                };
                (object, None, values.node)
            }
            _ => return,
        };
        self.stores.push(Store {
            container: object,
            part: Some(Part::Attribute(name.unwrap_or_else(|| ANY_NAME.into()))),
            value,
            steps: Steps::new(),
            call: Some(node),
        });
    }
}
