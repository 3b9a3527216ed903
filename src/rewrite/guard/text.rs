//! Lines that move one step to the right.

use crate::facts::FileFacts;
use crate::rewrite::place;
use crate::text::{Edit, Span, indent};

/// The lines of `span` (whole lines), each with `unit` put in front, apart from blank lines and the insides of strings;
/// ends with a newline.
pub(super) fn indented(facts: &FileFacts, span: Span, unit: &str) -> String {
    let zones = place::protected_zones(facts, span);
    let mut out = String::new();
    let mut at = span.start;
    while at < span.end {
        let end = indent::line_end(facts.all(), at).min(span.end);
        let line = &facts.all()[at as usize..end as usize];
        match code_start(facts, &zones, at, line) {
            Some(skip) => {
                out.push_str(&line[..skip]);
                out.push_str(unit);
                out.push_str(&line[skip..]);
            }
            None => out.push_str(line),
        }
        at = end;
    }
    if !out.ends_with('\n') {
        out.push_str(facts.source.newline());
    }
    out
}

/// Edits that do the same in place; the first line is left to the caller.
pub(super) fn indentation_edits(facts: &FileFacts, span: Span, unit: &str) -> Vec<Edit> {
    let zones = place::protected_zones(facts, span);
    let mut edits = Vec::new();
    let mut at = indent::line_end(facts.all(), span.start);
    while at < span.end {
        let end = indent::line_end(facts.all(), at).min(span.end);
        let line = &facts.all()[at as usize..end as usize];
        if let Some(skip) = code_start(facts, &zones, at, line) {
            let first = line[skip..].chars().next().map_or(0, char::len_utf8);
            // The newline above and the first character are part of the edit, so that nothing can be inserted between
            // the lines of the block by another fix of the same pass.
            let text = format!("\n{}{unit}{}", &line[..skip], &line[skip..skip + first]);
            edits.push(Edit::replace(Span::new(at - 1, at + (skip + first) as u32), text));
        }
        at = end;
    }
    edits
}

/// How many bytes of the line come before the place for blanks: form feeds reset Python's count of columns. `None` for
/// lines that do not move.
pub(super) fn code_start(_facts: &FileFacts, zones: &[Span], at: u32, line: &str) -> Option<usize> {
    let inside = zones.iter().any(|zone| zone.start < at && at < zone.end);
    let blank = line.trim_matches([' ', '\t', '\r', '\n', '\x0c']).is_empty();
    if inside || blank {
        return None;
    }
    let blanks = line.len() - line.trim_start_matches([' ', '\t', '\x0c']).len();
    Some(line[..blanks].rfind('\x0c').map_or(0, |feed| feed + 1))
}
