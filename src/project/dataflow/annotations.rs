//! What annotations promise.

use super::source::{CallString, Found, Source};
use super::{Solver, beside};
use crate::facts::scopes::ScopeId;
use crate::project::Site;

impl Solver<'_> {
    /// The objects that an annotation promises.
    pub(super) fn annotated(&self, annotation: Site) -> Vec<Found> {
        let facts = self.file(annotation.file);
        let scope = facts.scopes.scope_of(annotation.node);
        let mut out = Vec::new();
        for name in promised(facts.text(annotation.node)) {
            for found in self.dotted(annotation, scope, &name) {
                match found.source {
                    Source::Class(class) => {
                        out.push(Found::new(Source::Instance { class, made: None }));
                    }
                    Source::External { path, start } if self.is_known(&path) => {
                        out.push(Found::new(Source::Made { path, start, made: None }));
                    }
                    _ => {}
                }
            }
        }
        out
    }

    /// What a dotted name means where `site` stands, from its text.
    pub(super) fn dotted(&self, site: Site, scope: ScopeId, dotted: &str) -> Vec<Found> {
        use crate::facts::scopes::Resolution;
        let facts = self.file(site.file);
        let mut parts = dotted.split('.');
        let Some(first) = parts.next() else { return Vec::new() };
        let home = match facts.scopes.resolve(scope, first) {
            Resolution::Local(id) | Resolution::Free(id) => id,
            Resolution::Global => facts.scopes.module(),
        };
        let bindings = facts.scopes.bindings(home, first).iter();
        let mut found: Vec<Found> = bindings
            .flat_map(|binding| {
                self.find(beside(site, binding.node), &CallString::UNKNOWN).to_vec()
            })
            .collect();
        for part in parts {
            found = found.iter().flat_map(|each| self.member(&each.source, part, site)).collect();
        }
        found
    }
}

/// The dotted names of the classes whose instances an annotation allows.
pub(in crate::project) fn promised(annotation: &str) -> Vec<String> {
    let text: String = annotation
        .chars()
        .filter(|c| !matches!(c, '"' | '\'' | ' ' | '\n' | '\t' | '\r'))
        .collect();
    let mut out = Vec::new();
    for part in split_top(&text, '|') {
        match part.split_once('[') {
            Some((head, rest)) => {
                let inside = rest.strip_suffix(']').unwrap_or(rest);
                match crate::catalogue::last_part(head) {
                    "Optional" | "Union" | "Final" | "ClassVar" => {
                        out.extend(split_top(inside, ',').into_iter().flat_map(promised));
                    }
                    "Annotated" => {
                        out.extend(split_top(inside, ',').into_iter().take(1).flat_map(promised));
                    }
                    // A generic class of one's own, or a subscripted pool: the head is the class.
                    "Type" | "type" | "Callable" | "List" | "list" | "Dict" | "dict" | "Tuple"
                    | "tuple" | "Iterable" | "Sequence" | "Set" | "set" => {}
                    _ => out.push(head.to_owned()),
                }
            }
            None if !part.is_empty() => out.push(part.to_owned()),
            None => {}
        }
    }
    out
}

fn split_top(text: &str, separator: char) -> Vec<&str> {
    let (mut depth, mut start, mut out) = (0_i32, 0, Vec::new());
    for (at, c) in text.char_indices() {
        match c {
            '[' | '(' => depth += 1,
            ']' | ')' => depth -= 1,
            _ if c == separator && depth == 0 => {
                out.push(&text[start..at]);
                start = at + c.len_utf8();
            }
            _ => {}
        }
    }
    out.push(&text[start..]);
    out
}
