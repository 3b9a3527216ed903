//! Expressions that can only be constants: what tests compare.

use super::Solver;
use super::source::{CallString, Source};
use crate::project::Site;
use crate::syntax::Kind;

/// What a literal is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Constant {
    None,
    Bool(bool),
    Number(i64),
    Text(String),
    /// Another thing that is only equal to itself.
    Thing(Source),
}

impl Constant {
    pub(super) fn truth(&self) -> Option<bool> {
        match self {
            Self::None => Some(false),
            Self::Bool(value) => Some(*value),
            Self::Number(value) => Some(*value != 0),
            Self::Text(text) => Some(!text.is_empty()),
            Self::Thing(_) => None,
        }
    }
}

impl Solver<'_> {
    /// What an expression may be, if it can only be constants.
    pub(super) fn constants(
        &self,
        expression: Site,
        context: &CallString,
    ) -> Option<Vec<Constant>> {
        let found = self.find(expression, context);
        if found.is_empty() {
            return None;
        }
        let mut out: Vec<Constant> = Vec::new();
        for each in found.iter() {
            let constant = match &each.source {
                Source::Literal(site) => self.constant(*site)?,
                Source::Class(_) | Source::Function(_) => Constant::Thing(each.source.clone()),
                // A member of an enumeration is equal to nothing else.
                Source::Instance { made: Some(made), .. }
                    if self.tree(made.site.file).kind(made.site.node) == Kind::Identifier =>
                {
                    Constant::Thing(each.source.clone())
                }
                Source::External { path, .. }
                    if !path.starts_with("builtins.__") && self.is_class_path(path) =>
                {
                    Constant::Thing(each.source.clone())
                }
                _ => return None,
            };
            if !out.contains(&constant) {
                out.push(constant);
            }
        }
        Some(out)
    }

    /// Whether a dotted path names a class or function that the tables know: it is equal to nothing else.
    pub(super) fn is_class_path(&self, path: &str) -> bool {
        self.is_known(path) || path.starts_with("builtins.")
    }

    pub(super) fn constant(&self, literal: Site) -> Option<Constant> {
        let text = self.text(literal);
        match self.tree(literal.file).kind(literal.node) {
            Kind::None => Some(Constant::None),
            Kind::True => Some(Constant::Bool(true)),
            Kind::False => Some(Constant::Bool(false)),
            Kind::Integer => text.replace('_', "").parse().ok().map(Constant::Number),
            Kind::String => self.string(literal).map(|text| Constant::Text(text.to_owned())),
            _ => None,
        }
    }
}
