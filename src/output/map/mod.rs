//! The map of a project in three forms: text, JSON, and one page that needs nothing but a browser.

mod html;
mod json;
mod text;

use super::Style;
use crate::findings::Report;
use crate::map::Map;

/// A form of the map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// For people, in a terminal.
    Text,
    /// One object (see the documentation of its fields in `json`).
    Json,
    /// One page for a browser.
    Html,
}

impl Form {
    /// All forms in the order of the documentation.
    pub const ALL: &[Self] = &[Self::Text, Self::Json, Self::Html];

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
            Self::Html => "html",
        }
    }

    /// The form of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|form| form.name() == name)
    }
}

/// The map in one form.
pub fn render(form: Form, map: &Map, report: &Report, style: &Style) -> String {
    match form {
        Form::Text => text::render(map, report, style),
        Form::Json => json::render(map, report, style),
        Form::Html => html::render(map, report, style),
    }
}
