//! The parser on any text: it never panics, and its tree is a tree.

use proptest::prelude::*;
use spawnsafe::syntax::{Tree, parse};

/// Pieces that meet in Python, in no order in which they do.
const PIECES: &[&str] = &[
    "def f(",
    "):",
    "\n",
    "\n    ",
    "\n\t",
    "lambda",
    " x",
    ", ",
    "*",
    "**",
    ": ",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "'",
    "\"\"\"",
    "f'{",
    "\\",
    "#",
    "class C",
    "async ",
    "await ",
    "yield ",
    "return ",
    "=",
    ":=",
    "->",
    "@",
    "match x:",
    "case ",
    "if ",
    "else",
    "for ",
    " in ",
    "with ",
    " as ",
    "import ",
    "from . ",
    "é",
    "\r\n",
    "\r",
    "\0",
    "\u{feff}",
    "0x",
    "1e",
    "...",
    "global ",
    "print ",
    "exec ",
    "`",
    "<>",
    "type X = ",
    "except* ",
    ";",
];

fn python_soup() -> impl Strategy<Value = String> {
    proptest::collection::vec(proptest::sample::select(PIECES), 0..40)
        .prop_map(|pieces| pieces.concat())
}

fn check(text: &str) -> Result<(), TestCaseError> {
    let parsed = parse(text);
    let tree = &parsed.tree;
    prop_assert_eq!(tree.span(Tree::ROOT).range(), 0..text.len());
    for id in tree.subtree(Tree::ROOT) {
        let span = tree.span(id);
        prop_assert!(
            span.start <= span.end && text.get(span.range()).is_some(),
            "{:?} is no part of the text",
            span
        );
        if let Some(parent) = tree.parent(id) {
            prop_assert!(parent < id && tree.contains(parent, id));
            prop_assert!(
                tree.span(parent).contains(span),
                "{:?} lies outside its parent {:?}",
                span,
                tree.span(parent)
            );
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_text(text in "\\PC{0,80}") {
        check(&text)?;
    }

    #[test]
    fn soup(text in python_soup()) {
        check(&text)?;
    }
}
