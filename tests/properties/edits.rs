//! Edits: applying a set is the same as cutting the text by hand, and overlaps are refused.

use proptest::prelude::*;
use spawnsafe::text::{Edit, EditSet, Span};

/// A text, and disjoint edits of it in the order of the text, at character boundaries.
fn text_with_edits() -> impl Strategy<Value = (String, Vec<Edit>)> {
    let cuts = proptest::collection::vec(
        (any::<prop::sample::Index>(), any::<bool>(), "[a-zé\n]{0,5}"),
        0..8,
    );
    ("[a-zß→\n\t ]{0,60}", cuts).prop_map(|(text, cuts)| {
        let mut places: Vec<usize> =
            text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        places.dedup();
        let mut chosen: Vec<(usize, bool, String)> = cuts
            .into_iter()
            .map(|(share, deletes, new)| (share.index(places.len()), deletes, new))
            .collect();
        chosen.sort_by_key(|row| row.0);
        chosen.dedup_by_key(|row| row.0);
        let ends: Vec<usize> =
            chosen.iter().skip(1).map(|row| row.0).chain([places.len() - 1]).collect();
        let edits = chosen
            .into_iter()
            .zip(ends)
            .map(|((from, deletes, new), end)| {
                let to = if deletes { end } else { from };
                Edit::replace(Span::new(places[from] as u32, places[to] as u32), new)
            })
            .collect();
        (text, edits)
    })
}

proptest! {
    /// The last edit first: then the places of the others stay right.
    #[test]
    fn apply_is_a_naive_splice((text, edits) in text_with_edits(), backwards in any::<bool>()) {
        let mut given = edits.clone();
        if backwards {
            given.reverse();
        }
        let set = EditSet::new(given).expect("the edits are disjoint");
        let mut spliced = text.clone();
        for edit in edits.iter().rev() {
            spliced.replace_range(edit.span.range(), &edit.text);
        }
        prop_assert_eq!(set.apply(&text), spliced);
    }

    #[test]
    fn overlapping_edits_are_refused_and_change_nothing((text, edits) in text_with_edits(), at in 0usize..8) {
        let Some(victim) = edits.get(at).filter(|edit| edit.span.end > edit.span.start + 1) else { return Ok(()) };
        let mut set = EditSet::new(edits.clone()).expect("the edits are disjoint");
        let before = set.clone();
        let inside = Edit::replace(Span::new(victim.span.start + 1, victim.span.end), "never");
        prop_assert!(set.add(inside.clone()).is_err());
        prop_assert!(set.merge(&EditSet::new([inside]).expect("one edit")).is_err());
        prop_assert_eq!(&set, &before);
        prop_assert_eq!(set.apply(&text), before.apply(&text));
    }

    #[test]
    fn merging_is_adding((_, edits) in text_with_edits(), split in 0usize..8) {
        let split = split.min(edits.len());
        let mut merged = EditSet::new(edits[..split].to_vec()).expect("the edits are disjoint");
        merged.merge(&EditSet::new(edits[split..].to_vec()).expect("the edits are disjoint")).expect("the edits are disjoint");
        prop_assert_eq!(merged, EditSet::new(edits).expect("the edits are disjoint"));
    }
}
