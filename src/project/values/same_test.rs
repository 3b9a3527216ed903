//! Places that one and the same test keeps apart: `Queue() if threaded else mp.Queue()` and, further down, `Thread(…) if
//! threaded else Process(…)`.

use crate::facts::scopes::BindingKind;
use crate::project::values::writes::AttributeWrite;
use crate::project::{Eval, Site};
use crate::syntax::{Field, Kind, NodeId};

/// Something that a test asks for, and that never changes in the function or the object that it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Asked {
    /// A parameter of a function.
    Parameter(Site, String),
    /// An attribute of the objects of a class.
    Attribute(Site, String),
}

/// What holds of it at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Known {
    True,
    False,
    /// It is the string or number written so.
    Is(String),
    /// It is not the string or number written so.
    IsNot(String),
}

impl Known {
    fn contradicts(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::True, Self::False) | (Self::False, Self::True) => true,
            (Self::Is(one), Self::Is(two)) => one != two,
            (Self::Is(one), Self::IsNot(two)) | (Self::IsNot(one), Self::Is(two)) => one == two,
            _ => false,
        }
    }
}

impl Eval<'_> {
    /// Whether a test that comes out the same each time lets only one of two places run, for one call or one object.
    pub(in crate::project) fn never_meet(&self, one: Site, other: Site) -> bool {
        let of_one = self.known_at(one);
        !of_one.is_empty() && {
            let of_other = self.known_at(other);
            of_one.iter().any(|(asked, known)| {
                of_other.iter().any(|(same, other)| same == asked && known.contradicts(other))
            })
        }
    }

    /// What the tests around a place tell about parameters and attributes that never change.
    fn known_at(&self, place: Site) -> Vec<(Asked, Known)> {
        let tree = self.file(place.file).tree();
        let mut found = Vec::new();
        let mut at = place.node;
        while let Some(up) = tree.parent(at).filter(|_| {
            !matches!(
                tree.kind(at),
                Kind::FunctionDefinition | Kind::Lambda | Kind::ClassDefinition
            )
        }) {
            match (tree.kind(up), tree.field(at)) {
                (Kind::IfStatement | Kind::ElifClause, Field::Consequence) => {
                    self.learn(place, tree.child(up, Field::Condition), true, &mut found);
                }
                (Kind::IfStatement, Field::Alternative) => {
                    let earlier =
                        tree.children_in(up, Field::Alternative).take_while(|clause| *clause != at);
                    for clause in std::iter::once(up).chain(earlier) {
                        self.learn(place, tree.child(clause, Field::Condition), false, &mut found);
                    }
                }
                (Kind::ConditionalExpression, _) => {
                    let parts: Vec<NodeId> = tree.children(up).collect();
                    if let [then, test, _] = parts[..]
                        && test != at
                    {
                        self.learn(place, Some(test), then == at, &mut found);
                    }
                }
                _ => {}
            }
            at = up;
        }
        found
    }

    /// Adds what is known where `test` came out as `truth`.
    fn learn(
        &self,
        place: Site,
        test: Option<NodeId>,
        truth: bool,
        found: &mut Vec<(Asked, Known)>,
    ) {
        let tree = self.file(place.file).tree();
        let Some(test) = test.map(|test| tree.unparenthesized(test)) else { return };
        match tree.kind(test) {
            Kind::NotOperator => {
                self.learn(place, tree.child(test, Field::Argument), !truth, found);
            }
            Kind::ComparisonOperator => found.extend(self.compared(place, test, truth)),
            _ => {
                let known = if truth { Known::True } else { Known::False };
                found.extend(
                    self.asked(Site { file: place.file, node: test }).map(|asked| (asked, known)),
                );
            }
        }
    }

    /// `backend == "threads"`
    fn compared(&self, place: Site, test: NodeId, truth: bool) -> Option<(Asked, Known)> {
        let facts = self.file(place.file);
        let tree = facts.tree();
        let sides: Vec<NodeId> = tree.children(test).collect();
        let [left, right] = sides[..] else { return None };
        let is_literal = matches!(tree.kind(right), Kind::Integer)
            || self.string_literal(Site { file: place.file, node: right }).is_some();
        let operator = tree
            .all_children(test)
            .map(|token| tree.kind(token))
            .find(|kind| matches!(kind, Kind::EqualEqual | Kind::NotEqual))?;
        let asked = self.asked(Site { file: place.file, node: left }).filter(|_| is_literal)?;
        let written = match self.string_literal(Site { file: place.file, node: right }) {
            Some(text) => format!("'{text}'"),
            None => facts.text(right).to_owned(),
        };
        Some((
            asked,
            if (operator == Kind::EqualEqual) == truth {
                Known::Is(written)
            } else {
                Known::IsNot(written)
            },
        ))
    }

    /// What an expression asks for, if that never changes: a parameter that nothing binds anew, or an attribute that only
    /// the constructor sets, once.
    fn asked(&self, expression: Site) -> Option<Asked> {
        let facts = self.file(expression.file);
        let tree = facts.tree();
        if tree.kind(expression.node) == Kind::Attribute {
            let object =
                Site { file: expression.file, node: tree.child(expression.node, Field::Object)? };
            let class =
                self.self_class(object).filter(|_| tree.kind(object.node) == Kind::Identifier)?;
            let name = facts.text(tree.child(expression.node, Field::Attribute)?);
            let [write] = self.attribute_writes(class, name)[..] else { return None };
            let method = self.method_around(class, write.target)?;
            let elsewhere = self
                .project
                .attributes_named(name)
                .iter()
                .any(|site| self.is_set_from_outside(*site));
            let in_init = self.file(method.file).definition_name(method.node) == "__init__";
            return (in_init && !elsewhere).then(|| Asked::Attribute(class, name.to_owned()));
        }
        let (home, name) = facts
            .scopes
            .resolve_name(expression.node)
            .filter(|_| tree.kind(expression.node) == Kind::Identifier)?;
        let [binding] = facts.scopes.bindings(home, name) else { return None };
        let BindingKind::Parameter { .. } = binding.kind else { return None };
        let function = Site { file: expression.file, node: binding.statement };
        Some(
            self.kept_as(function, name)
                .unwrap_or_else(|| Asked::Parameter(function, name.to_owned())),
        )
    }

    /// Whether something other than a method sets an attribute: `job.threaded = True`.
    fn is_set_from_outside(&self, attribute: Site) -> bool {
        let tree = self.file(attribute.file).tree();
        let object = tree
            .child(attribute.node, Field::Object)
            .map(|node| Site { file: attribute.file, node });
        let is_target =
            tree.parent(attribute.node).is_some_and(|up| tree.kind(up) == Kind::Assignment)
                && tree.field(attribute.node) == Field::Left;
        is_target
            && object.is_none_or(|object| {
                tree.kind(object.node) != Kind::Identifier || self.self_class(object).is_none()
            })
    }

    /// The attribute that keeps a constructor's parameter, if that is known to be the same for as long as the object lives.
    fn kept_as(&self, function: Site, parameter: &str) -> Option<Asked> {
        let facts = self.file(function.file);
        if facts.definition_name(function.node) != "__init__" {
            return None;
        }
        let class = self.class_around(function)?;
        let writes = self.own_attribute_writes(class);
        let keeps = |write: &AttributeWrite| {
            let value =
                write.value.filter(|value| facts.tree().kind(value.node) == Kind::Identifier);
            value.is_some_and(|value| {
                facts.text(value.node) == parameter
                    && facts.enclosing_function(value.node) == Some(function.node)
            })
        };
        let (_, write) = writes.iter().find(|(_, write)| keeps(write))?;
        self.asked(write.target)
    }
}
