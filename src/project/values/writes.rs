//! What methods store in the attributes of their objects: `self.x = …`.

use crate::project::{Eval, Site};
use crate::syntax::{Field, Kind, NodeId};
use std::rc::Rc;

/// One write of an attribute through `self`.
#[derive(Debug, Clone, Copy)]
pub struct AttributeWrite {
    /// The attribute node on the left side.
    pub target: Site,
    /// The assigned expression, where the whole attribute gets it.
    pub value: Option<Site>,
    /// The annotation.
    pub annotation: Option<Site>,
    /// What is unpacked into several targets, and which part of it the attribute gets, where its parts are not seen.
    pub unpacked: Option<(Site, usize)>,
}

impl Eval<'_> {
    /// Every `self.name = …` in the methods of the class and its project bases.
    pub fn attribute_writes(&self, class: Site, name: &str) -> Vec<AttributeWrite> {
        let of_class = |each| {
            self.own_attribute_writes(each)
                .iter()
                .filter(|(attribute, _)| attribute == name)
                .map(|row| row.1)
                .collect::<Vec<_>>()
        };
        self.lineage(class).into_iter().flat_map(of_class).collect()
    }

    /// Every write of an attribute through `self` in the methods of the class and its project bases, by name.
    pub fn attribute_writes_by_name(&self, class: Site) -> Vec<(String, AttributeWrite)> {
        self.lineage(class)
            .into_iter()
            .flat_map(|each| self.own_attribute_writes(each).to_vec())
            .collect()
    }

    /// Every write of an attribute through `self` in the methods of this very class, by name.
    pub fn own_attribute_writes(&self, class: Site) -> Rc<Vec<(String, AttributeWrite)>> {
        if let Some(known) = self.writes_known.borrow().get(&class) {
            return known.clone();
        }
        let found = Rc::new(self.find_attribute_writes(class));
        self.writes_known.borrow_mut().insert(class, found.clone());
        found
    }

    /// The expression that the assignment to `target`, alone or one of several targets, gives it.
    pub fn value_written_to(&self, target: Site) -> Option<Site> {
        let (value, _) = written(self.file(target.file).tree(), target.node)?;
        value.map(|node| Site { file: target.file, node })
    }

    fn find_attribute_writes(&self, class: Site) -> Vec<(String, AttributeWrite)> {
        let facts = self.file(class.file);
        let tree = facts.tree();
        let at = |node| Site { file: class.file, node };
        let mut out = Vec::new();
        let mut node = NodeId(class.node.0 + 1);
        while node < tree.subtree_end(class.node) {
            if tree.kind(node) == Kind::ClassDefinition {
                node = tree.subtree_end(node);
                continue;
            }
            if tree.kind(node) == Kind::Attribute
                && let Some((value, annotation)) = written(tree, node)
                && let Some(name) = tree.child(node, Field::Attribute)
                && tree.child(node, Field::Object).is_some_and(|object| self.is_self(class, object))
            {
                let unpacked = unpacked(tree, node)
                    .filter(|_| value.is_none())
                    .map(|(right, part)| (at(right), part));
                let name = self.mangled(at(node), facts.text(name)).into_owned();
                out.push((
                    name,
                    AttributeWrite {
                        target: at(node),
                        value: value.map(at),
                        annotation: annotation.map(at),
                        unpacked,
                    },
                ));
            }
            node = NodeId(node.0 + 1);
        }
        out
    }
}

/// The value and annotation that a statement gives to the attribute `target`; `None` if it only reads it.
fn written(tree: &crate::syntax::Tree, target: NodeId) -> Option<(Option<NodeId>, Option<NodeId>)> {
    let parent = tree.parent(target)?;
    match tree.kind(parent) {
        Kind::Assignment if tree.field(target) == Field::Left => {
            let mut value = tree.child(parent, Field::Right);
            // `self.a = b = value`: the value is at the end of the chain.
            while let Some(inner) = value.filter(|inner| tree.kind(*inner) == Kind::Assignment) {
                value = tree.child(inner, Field::Right);
            }
            Some((value, tree.child(parent, Field::Type)))
        }
        Kind::AugmentedAssignment if tree.field(target) == Field::Left => Some((None, None)),
        Kind::PatternList | Kind::TuplePattern | Kind::ListPattern => {
            let position = tree.children(parent).position(|child| child == target)?;
            let assignment = tree.parent(parent).filter(|up| {
                tree.kind(*up) == Kind::Assignment && tree.field(parent) == Field::Left
            })?;
            let right = tree.child(assignment, Field::Right)?;
            let items: Vec<NodeId> = match tree.kind(right) {
                Kind::ExpressionList | Kind::Tuple | Kind::List => tree.children(right).collect(),
                _ => Vec::new(),
            };
            Some((items.get(position).copied(), None))
        }
        Kind::AsPatternTarget => {
            let pattern = tree.parent(parent)?;
            Some((tree.children(pattern).next(), None))
        }
        Kind::ForStatement if tree.field(target) == Field::Left => Some((None, None)),
        _ => None,
    }
}

/// The call that an assignment unpacks into `target` and others, and the number of the target.
fn unpacked(tree: &crate::syntax::Tree, target: NodeId) -> Option<(NodeId, usize)> {
    let list = tree
        .parent(target)
        .filter(|up| matches!(tree.kind(*up), Kind::PatternList | Kind::TuplePattern))?;
    let assignment = tree
        .parent(list)
        .filter(|up| tree.kind(*up) == Kind::Assignment && tree.field(list) == Field::Left)?;
    let right =
        tree.child(assignment, Field::Right).filter(|right| tree.kind(*right) == Kind::Call)?;
    tree.children(list).position(|child| child == target).map(|part| (right, part))
}
