//! Annotations as types: names, strings, `Optional`, unions, `Annotated`.

use crate::facts::scopes::ScopeId;
use crate::project::{Eval, Site, Type, Value};

impl Eval<'_> {
    /// The instances that an annotation promises.
    pub fn annotation_values(&self, annotation: Site) -> Vec<Value> {
        let facts = self.file(annotation.file);
        let scope = facts.scopes.scope_of(annotation.node);
        let mut found = Vec::new();
        for name in promised(facts.text(annotation.node)) {
            for value in self.dotted_values(annotation, scope, &name) {
                match value {
                    Value::Class(site) => found.push(Value::Instance(Type::Class(site))),
                    Value::External { path, start } if self.is_known_path(&path) => {
                        found.push(Value::Instance(Type::External { path, start, made: None }));
                    }
                    _ => {}
                }
            }
        }
        found
    }

    /// What a dotted name means where `site` stands, from its text.
    pub fn dotted_values(&self, site: Site, scope: ScopeId, dotted: &str) -> Vec<Value> {
        let facts = self.file(site.file);
        let mut parts = dotted.split('.');
        let Some(first) = parts.next() else { return Vec::new() };
        let home = match facts.scopes.resolve(scope, first) {
            crate::facts::scopes::Resolution::Local(id)
            | crate::facts::scopes::Resolution::Free(id) => id,
            crate::facts::scopes::Resolution::Global => facts.scopes.module(),
        };
        let mut values: Vec<Value> = facts
            .scopes
            .bindings(home, first)
            .iter()
            .flat_map(|binding| self.binding_values(site.file, binding))
            .collect();
        for part in parts {
            values =
                values.iter().flat_map(|value| self.member_values(value, part, site)).collect();
        }
        values
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
