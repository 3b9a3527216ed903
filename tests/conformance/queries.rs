//! The query files: each pattern is explained, and each finds something in a fixture.

use crate::{ALL, all_cases, none, read, stem};
use std::collections::BTreeSet;
use streaming_iterator::StreamingIterator;

#[test]
fn every_pattern_matches_in_a_fixture() {
    let texts: Vec<String> = all_cases()
        .iter()
        .flat_map(|case| case.before().into_values())
        .filter_map(|bytes| String::from_utf8(bytes).ok())
        // Files as large as the hostile ones need no pattern of their own.
        .filter(|text| text.len() < 100_000)
        .collect();
    let trees: Vec<_> = texts.iter().map(|text| spawnsafe::syntax::parse(text)).collect();
    let mut wrong = Vec::new();
    for rule in ALL {
        let query = rule.query.compiled();
        let mut hit = BTreeSet::new();
        for (text, parsed) in texts.iter().zip(&trees) {
            let mut cursor = tree_sitter::QueryCursor::new();
            let mut matches = cursor.matches(query, parsed.cst.root_node(), text.as_bytes());
            while let Some(found) = matches.next() {
                hit.insert(found.pattern_index);
            }
        }
        let missed = (0..query.pattern_count()).filter(|pattern| !hit.contains(pattern));
        wrong.extend(missed.map(|pattern| {
            let line = read(&format!("queries/{}.scm", stem(rule)))
                [..query.start_byte_for_pattern(pattern)]
                .lines()
                .count()
                + 1;
            format!("queries/{}.scm:{line}: no fixture matches this pattern", stem(rule))
        }));
    }
    none(&wrong);
}

/// Above each pattern stands a comment with the Python it is meant for.
#[test]
fn every_pattern_has_a_comment() {
    let mut wrong = Vec::new();
    for rule in ALL {
        let text = read(&format!("queries/{}.scm", stem(rule)));
        let query = rule.query.compiled();
        for pattern in 0..query.pattern_count() {
            let above = text[..query.start_byte_for_pattern(pattern)]
                .trim_end_matches([' ', '\t'])
                .trim_end_matches('\n');
            let explained =
                above.lines().next_back().is_some_and(|line| line.trim_start().starts_with(';'));
            if !explained {
                wrong.push(format!(
                    "queries/{}.scm:{}: a pattern without a comment above it",
                    stem(rule),
                    above.lines().count() + 1
                ));
            }
        }
    }
    none(&wrong);
}
