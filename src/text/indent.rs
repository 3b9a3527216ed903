//! Changing the indentation of whole lines without touching what multi-line strings hold.

use super::Span;

/// Moves the lines of `text[span]` from the indentation `from` to `to`.
///
/// `span` starts at the first byte of the code (after its indentation) and its first line gets no
/// indentation here: the caller places it. Lines whose first byte lies in one of `protected` (the
/// insides of multi-line strings, byte spans of the same text) stay as they are; so do blank lines.
/// A line that does not start with `from` (a continuation line further left) loses what blanks it
/// has in common with `from`.
pub fn reindent(text: &str, span: Span, from: &str, to: &str, protected: &[Span]) -> String {
    let mut out = String::new();
    let mut offset = span.start;
    for (number, line) in text[span.range()].split_inclusive('\n').enumerate() {
        let inside = protected.iter().any(|zone| zone.start < offset && offset < zone.end);
        let blank = line.trim_matches(['\r', '\n', ' ', '\t', '\x0c']).is_empty();
        if number == 0 || inside {
            out.push_str(line);
        } else if blank {
            out.push_str(line.trim_start_matches([' ', '\t']));
        } else {
            let common =
                line.bytes().zip(from.bytes()).take_while(|(have, want)| have == want).count();
            out.push_str(to);
            out.push_str(&line[common..]);
        }
        offset += line.len() as u32;
    }
    out
}

/// The blanks at the start of the line that holds the byte at `offset`.
pub fn indentation(text: &str, offset: u32) -> &str {
    let start = line_start(text, offset) as usize;
    let line = &text[start..];
    let width = line.bytes().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\x0c')).count();
    &line[..width]
}

/// The offset of the first byte of the line that holds the byte at `offset`, be it in the middle of a character.
pub fn line_start(text: &str, offset: u32) -> u32 {
    memchr::memrchr(b'\n', &text.as_bytes()[..offset as usize])
        .map_or(0, |newline| newline as u32 + 1)
}

/// The offset after the newline of the line that holds the byte at `offset`, or the text's end. The byte may be the
/// last one of what ends with any character.
pub fn line_end(text: &str, offset: u32) -> u32 {
    memchr::memchr(b'\n', &text.as_bytes()[offset as usize..])
        .map_or(text.len() as u32, |newline| offset + newline as u32 + 1)
}
