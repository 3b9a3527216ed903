//! Indentation: there and back again gives the text, and protected lines never move.

use proptest::prelude::*;
use spawnsafe::text::indent::{indentation, line_end, line_start, reindent};
use spawnsafe::text::{LineIndex, Span};

fn whole(text: &str) -> Span {
    Span::new(0, text.len() as u32)
}

proptest! {
    #[test]
    fn there_and_back(lines in proptest::collection::vec("[a-z(][a-z =é]{0,6}", 1..8), from in "( {1,8}|\t{1,2})", to in "( {0,8}|\t{0,2})") {
        let text = format!("{}\n", lines.join(&format!("\n{from}")));
        let there = reindent(&text, whole(&text), &from, &to, &[]);
        prop_assert_eq!(reindent(&there, whole(&there), &to, &from, &[]), text);
    }

    #[test]
    fn blank_lines_carry_no_blanks(lines in proptest::collection::vec("([a-z]{1,3}|[ \t]{0,5})", 1..8), to in " {0,8}") {
        let text = format!("x\n    {}\n", lines.join("\n    "));
        let moved = reindent(&text, whole(&text), "    ", &to, &[]);
        prop_assert!(moved.lines().all(|line| line.is_empty() || !line.trim().is_empty()), "{moved:?}");
    }

    /// Lines that start inside a protected span (a multi-line string) stay byte for byte.
    #[test]
    fn protected_lines_stay(inside in proptest::collection::vec("[ \t]{0,6}[a-z]{0,4}", 1..6), to in " {0,8}") {
        let string = format!("\"\"\"{}\"\"\"", inside.join("\n"));
        let text = format!("value = {string}\n    other = 1\n");
        let zone = Span::new(8, 8 + string.len() as u32);
        let moved = reindent(&text, whole(&text), "    ", &to, &[zone]);
        prop_assert!(moved.contains(&string), "{moved:?}");
        let last = format!("\n{to}other = 1\n");
        prop_assert!(moved.ends_with(&last), "{moved:?}");
    }

    #[test]
    fn lines_and_columns_count_characters(text in "[a-zé→\r\n\t ]{0,60}", share in any::<prop::sample::Index>()) {
        let places: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        let offset = places[share.index(places.len())];
        let index = LineIndex::new(&text);
        let place = index.place(&text, offset as u32);
        let start = index.line_start(place.line) as usize;
        prop_assert!(start <= offset);
        prop_assert_eq!(text[start..offset].chars().count() + 1, place.column as usize);
        let newlines = text[..start].replace("\r\n", "\n").replace('\r', "\n").matches('\n').count();
        prop_assert_eq!(newlines + 1, place.line as usize);
    }

    #[test]
    fn the_line_of_a_place(text in "[a-z\n\t ]{0,60}", share in any::<prop::sample::Index>()) {
        let offset = share.index(text.len() + 1) as u32;
        let (start, end) = (line_start(&text, offset) as usize, line_end(&text, offset) as usize);
        prop_assert!(start <= offset as usize && offset as usize <= end);
        prop_assert!(start == 0 || text.as_bytes()[start - 1] == b'\n');
        prop_assert!(end == text.len() || text.as_bytes()[end - 1] == b'\n');
        let blanks = indentation(&text, offset);
        prop_assert!(text[start..].starts_with(blanks) && blanks.trim().is_empty());
    }
}
