//! Classes that keep what their constructor is given: dataclasses, named tuples, enumerations.

use super::expressions::instance_of;
use super::source::{Allocation, CallString, Found, Source};
use super::{Solver, beside};
use crate::facts::dataflow::{Given, Name, Part};
use crate::project::Site;
use crate::syntax::{Field, Kind, NodeId};

/// Decorators that make a class keep what its constructor is given under the names of its annotations.
const RECORDS: &[&str] = &["dataclass", "define", "frozen", "attrs", "mutable", "s", "attrib"];

/// What makes a field of a name without an annotation.
const ATTRS_FIELDS: &[&str] = &["attr.ib", "attr.attrib", "attrib", "attr.field", "attrs.field"];

/// A field of a record class.
#[derive(Debug, Clone, Copy)]
pub(super) struct RecordField {
    /// Its name.
    pub(super) name: Name,
    /// Its default.
    pub(super) default: Option<Site>,
    /// Where the class declares it.
    pub(super) declared: Site,
}

impl Solver<'_> {
    /// The fields of a dataclass, a named tuple or the like, in the order of the constructor's parameters.
    pub(super) fn fields(&self, class: Site) -> Vec<RecordField> {
        let mut out: Vec<RecordField> = Vec::new();
        for each in self.lineage(class).into_iter().rev() {
            let Source::Class(home) = each else { continue };
            for field in self.own_fields(home) {
                match out.iter_mut().find(|known| known.name == field.name) {
                    Some(known) => *known = field,
                    None => out.push(field),
                }
            }
        }
        out
    }

    pub(super) fn own_fields(&self, class: Site) -> Vec<RecordField> {
        let facts = self.file(class.file);
        let tree = facts.tree();
        let Some(body) = tree.child(class.node, Field::Body) else { return Vec::new() };
        let statements = tree
            .children(body)
            .filter(|statement| tree.kind(*statement) == Kind::ExpressionStatement);
        statements
            .filter_map(|statement| tree.children(statement).next())
            .filter(|inner| tree.kind(*inner) == Kind::Assignment)
            .filter(|inner| match tree.child(*inner, Field::Type) {
                Some(annotation) => !facts.text(annotation).contains("ClassVar"),
                None => {
                    let made = tree.child(*inner, Field::Right);
                    let by = made.and_then(|made| tree.child(made, Field::Function));
                    by.is_some_and(|by| ATTRS_FIELDS.contains(&facts.text(by)))
                }
            })
            .filter_map(|inner| {
                let left = tree.child(inner, Field::Left)?;
                let default = tree.child(inner, Field::Right).map(|node| beside(class, node));
                Some(RecordField {
                    name: facts.text(left).into(),
                    default,
                    declared: beside(class, left),
                })
            })
            .collect()
    }

    pub(super) fn is_record(&self, class: Site) -> bool {
        self.lineage(class).iter().any(|each| match each {
            Source::Class(home) => self.file(home.file).has_decorator(home.node, RECORDS),
            Source::External { path, .. } => {
                matches!(crate::catalogue::last_part(path), "NamedTuple" | "BaseModel" | "Struct")
            }
            _ => false,
        })
    }

    /// What the constructor call gives for a field.
    pub(super) fn field_value(
        &self,
        _object: &Source,
        class: Site,
        made: Option<&Allocation>,
        name: &str,
    ) -> Vec<Found> {
        if !self.methods_named(class, "__init__").is_empty() || !self.is_record(class) {
            return Vec::new();
        }
        let fields = self.fields(class);
        let Some(position) = fields.iter().position(|field| field.name.as_str() == name) else {
            return Vec::new();
        };
        let calls = match made {
            Some(made) => vec![made.clone()],
            None => self
                .constructor_calls(class)
                .into_iter()
                .map(|site| Allocation { site, context: CallString::UNKNOWN })
                .collect(),
        };
        let parameter = crate::facts::dataflow::Parameter {
            name: name.into(),
            node: NodeId(0),
            default: None,
            position: Some(position as u32),
            star: 0,
        };
        let mut out = Vec::new();
        for made in &calls {
            let arguments = self.arguments(made.site);
            let given = self.matching(made.site, &arguments, &parameter, 0, &made.context);
            if given.is_empty() {
                out.extend(self.default_of(fields[position]));
            }
            out.extend(given.into_iter().map(|each| each.apart()));
        }
        if calls.is_empty() {
            out.extend(self.default_of(fields[position]));
        }
        out
    }

    /// The default of a field; what its factory makes.
    pub(super) fn default_of(&self, field: RecordField) -> Vec<Found> {
        field.default.map_or_else(Vec::new, |default| self.default_given(default))
    }

    fn default_given(&self, default: Site) -> Vec<Found> {
        let mut out = Vec::new();
        for each in self.find(default, &CallString::UNKNOWN).iter() {
            let Source::Made { path, made: Some(made), .. } = &each.source else {
                out.push(each.apart());
                continue;
            };
            if !matches!(crate::catalogue::last_part(path), "field" | "ib" | "attrib" | "Factory") {
                out.push(each.apart());
                continue;
            }
            for argument in self.arguments(made.site) {
                let value = beside(made.site, argument.node);
                let name = match argument.given {
                    Given::Keyword(name) => name,
                    // `attr.Factory(Lock)`
                    Given::Position(Some(0)) => "factory".into(),
                    _ => continue,
                };
                match name.as_str() {
                    "default" => out.extend(self.default_given(value)),
                    "default_factory" | "factory" => {
                        for factory in self.find(value, &CallString::UNKNOWN).iter() {
                            out.extend(self.called(&factory.source, value, &CallString::UNKNOWN));
                        }
                    }
                    _ => {}
                }
            }
        }
        out
    }

    /// An item of a named tuple, or what a class pattern takes by position.
    pub(super) fn field_at(
        &self,
        object: &Source,
        class: Site,
        part: Part,
        at: Site,
    ) -> Option<Vec<Found>> {
        if !self.is_record(class) {
            return None;
        }
        let fields = self.fields(class);
        let chosen: Vec<Name> = match part {
            Part::Item(number) => {
                fields.get(number as usize).map(|field| field.name).into_iter().collect()
            }
            Part::Last(number) => fields
                .iter()
                .rev()
                .nth(number as usize)
                .map(|field| field.name)
                .into_iter()
                .collect(),
            Part::Each | Part::Any => fields.iter().map(|field| field.name).collect(),
            _ => return None,
        };
        Some(chosen.iter().flat_map(|name| self.member(object, name.as_str(), at)).collect())
    }

    pub(super) fn is_enum(lineage: &[Source]) -> bool {
        lineage
            .iter()
            .any(|each| matches!(each, Source::External { path, .. } if path.starts_with("enum.")))
    }

    /// What a loop over an enumeration takes.
    pub(super) fn members_of_enum(&self, class: Site) -> Vec<Found> {
        let is_enum = self
            .lineage(class)
            .iter()
            .any(|each| matches!(each, Source::External { path, .. } if path.starts_with("enum.")));
        if is_enum {
            return vec![Found::new(instance_of(&Source::Class(class)))];
        }
        vec![Found::unknown()]
    }
}
