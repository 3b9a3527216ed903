//! Classes that a call makes: `namedtuple("Point", "x y")`, a functional `Enum`, `type(…)`.

use crate::project::{Eval, Site, Type, Value};
use crate::syntax::{Field, Kind};
use std::collections::BTreeSet;

/// Callables that make a class and take its name first.
const MAKERS: &[&str] = &[
    "collections.namedtuple",
    "typing.NamedTuple",
    "enum.Enum",
    "enum.IntEnum",
    "enum.Flag",
    "enum.IntFlag",
    "enum.StrEnum",
    "dataclasses.make_dataclass",
    "builtins.type",
    "types.new_class",
];

impl Eval<'_> {
    /// Whether the callee of a call makes a class.
    pub fn makes_a_class(&self, callee: Site) -> bool {
        self.values(callee)
            .iter()
            .any(|value| matches!(value, Value::External { path, .. } if MAKERS.contains(&&**path)))
    }

    /// The calls that made the class which a value is, is an object of, or is a member of.
    pub(in crate::project) fn made_classes(&self, value: &Value) -> BTreeSet<Site> {
        match value {
            Value::Instance(ty) | Value::Method { receiver: ty, .. } => {
                self.made_class(ty).into_iter().collect()
            }
            // `Point(1, 2)`, `Point._make(row)`, `point._replace(x=0)`.
            Value::Result(call) => {
                let callee = self.file(call.file).tree().child(call.node, Field::Function);
                let values = callee.map(|node| self.values(Site { file: call.file, node }));
                values
                    .iter()
                    .flat_map(|values| values.iter())
                    .flat_map(|value| self.made_classes(value))
                    .collect()
            }
            _ => BTreeSet::new(),
        }
    }

    /// The call that made a class, where it is the value of a plain assignment (`type(x)` makes none).
    fn made_class(&self, ty: &Type) -> Option<Site> {
        let Type::External { path, made: Some(call), .. } = ty else { return None };
        if !MAKERS.contains(&&**path) {
            return None;
        }
        let facts = self.file(call.file);
        let tree = facts.tree();
        let assignment = tree.parent(call.node).filter(|up| tree.kind(*up) == Kind::Assignment)?;
        let several = self.all_arguments(*call).len() > 1;
        (several
            && tree
                .child(assignment, Field::Left)
                .is_some_and(|left| tree.kind(left) == Kind::Identifier))
        .then_some(*call)
    }
}
