//! Comments that switch findings off: where they hold, and where new ones are put.

use spawnsafe::engine::suppress::{Suppressions, ignore_edits, logical_line, suppressed};
use spawnsafe::syntax::parse;
use spawnsafe::text::SourceFile;
use std::collections::BTreeSet;

/// Whether SP101 is switched off at the text `HERE` of `code`.
#[track_caller]
fn off(code: &str) -> bool {
    let source = SourceFile::from_text("a.py", code);
    let parsed = parse(code);
    let offset = code.find("HERE").expect("the code says HERE") as u32;
    suppressed(&source, &parsed.tree, offset, "SP101")
}

#[test]
fn spellings() {
    for comment in [
        "# spawnsafe: ignore",
        "# spawnsafe: ignore[SP101]",
        "#spawnsafe:ignore[sp101] because of the tests",
        "# spawnsafe: ignore[SP104, lambda-callable]",
        "# spawnsafe: ignore-file",
        "# type: ignore  # spawnsafe: ignore[SP101]",
        "# noqa",
        "# NoQA: SP101",
        "# noqa:E501,SP101",
        "# noqa: E501 SP101 and words",
        "# type: ignore # noqa: SP101",
        "# noqa because",
    ] {
        assert!(off(&format!("f(HERE)  {comment}\n")), "{comment}");
    }
    for comment in [
        "# spawnsafe: ignore[SP102]",
        "# spawnsafe: ignore[]",
        "# spawnsafe: ignored",
        "# noqa: E501",
        "# noqa:",
        "# noqa-ish",
        "# noqa: words SP101",
        "# spawnsafe ignore",
        "# see spawnsafe: ignore",
    ] {
        assert!(!off(&format!("f(HERE)  {comment}\n")), "{comment}");
    }
    assert!(!off("f(HERE, '# noqa')\n"), "a string is no comment");
}

#[test]
fn reach() {
    assert!(off("f(\n  HERE,\n  1,\n)  # noqa: SP101\n"), "the end of the statement");
    assert!(off("f(\n  HERE,  # noqa: SP101\n  1)\n"), "the line itself");
    assert!(off("f(  # noqa: SP101\n  HERE,\n  1)\n"), "the start of the statement");
    assert!(!off("f(\n  1,  # noqa: SP101\n  HERE)\n"), "an inner line above");
    assert!(!off("g()  # noqa: SP101\nf(HERE)\n"), "the statement above");
    assert!(!off("f(HERE)\ng()  # noqa: SP101\n"), "the statement below");
    assert!(
        off("# spawnsafe: ignore[SP101] why\n\n# more\nf(1,\n  HERE)\n"),
        "a line of its own above"
    );
    assert!(!off("# noqa: SP101\nf(HERE)\n"), "a noqa on a line of its own");
    assert!(off("with f(HERE) as x:  # noqa: SP101\n    pass\n"), "the header of a block");
    assert!(!off("with f(HERE) as x:\n    pass  # noqa: SP101\n"), "the body of a block");
    assert!(!off("def g():  # noqa: SP101\n    f(HERE)\n"), "the header around");
    assert!(off("if a:\n    pass\nelif f(\n    HERE):  # noqa: SP101\n    pass\n"), "a clause");
    assert!(off("x = HERE + \\\n  1  # noqa: SP101\n"), "a continued line");
    assert!(off("g()\n\n\n# spawnsafe: ignore-file[SP101]\nf(HERE)\n"), "the file");
    assert!(off("f('''\n# text\n''', HERE)  # noqa: SP101\n"), "behind a string of several lines");
}

#[test]
fn unused_ones_are_known() {
    let code = "f(HERE)  # spawnsafe: ignore[SP101, SP999]\ng()  # noqa: SP101, E501\nh()  # spawnsafe: ignore\ni()  # noqa\n";
    let source = SourceFile::from_text("a.py", code);
    let parsed = parse(code);
    let mut all = Suppressions::new(&source, &parsed.tree);
    assert!(all.covers(
        &source,
        &parsed.tree,
        code.find("HERE").expect("it is there") as u32,
        "SP101"
    ));
    let every: BTreeSet<&'static str> =
        spawnsafe::rules::ALL.iter().map(|rule| rule.code).collect();
    let unused: Vec<(u32, String)> =
        all.unused(&every).into_iter().map(|(one, codes)| (one.line, codes.join(" "))).collect();
    assert_eq!(unused, [(1, "SP999".to_owned()), (2, "SP101".to_owned()), (3, String::new())]);
    let none = BTreeSet::new();
    assert_eq!(all.unused(&none).len(), 1, "only a code that no rule has is idle whatever runs");
}

#[test]
fn logical_lines() {
    let code = "@dec(\n  HERE)\ndef f(\n    a):\n    '''x\n    '''\n    return [\n        a]\n";
    let source = SourceFile::from_text("a.py", code);
    let parsed = parse(code);
    let at = |part: &str| {
        logical_line(&source, &parsed.tree, code.find(part).expect("it is there") as u32)
    };
    assert_eq!(at("HERE"), (1, 2));
    assert_eq!(at("a):"), (3, 4));
    assert_eq!(at("'''x"), (5, 6));
    assert_eq!(at("a]"), (7, 8));
}

/// Adds comments for SP101 at each `HERE` and gives the text.
#[track_caller]
fn added(code: &str) -> String {
    let source = SourceFile::from_text("a.py", code);
    let parsed = parse(code);
    let found: Vec<(u32, &'static str)> =
        code.match_indices("HERE").map(|(at, _)| (at as u32, "SP101")).collect();
    let after = ignore_edits(&source, &parsed.tree, &found, "legacy").apply(code);
    let again = parse(&after);
    assert!(again.broken.is_empty(), "{after}");
    let source = SourceFile::from_text("a.py", after.clone());
    for (at, _) in after.match_indices("HERE") {
        assert!(suppressed(&source, &again.tree, at as u32, "SP101"), "not switched off:\n{after}");
    }
    after
}

#[test]
fn new_comments_stand_where_they_hold() {
    assert_eq!(added("f(HERE)\n"), "f(HERE)  # spawnsafe: ignore[SP101] legacy\n");
    assert_eq!(added("f(HERE)"), "f(HERE)  # spawnsafe: ignore[SP101] legacy");
    assert_eq!(
        added("f(HERE)\r\ng()\r\n"),
        "f(HERE)  # spawnsafe: ignore[SP101] legacy\r\ng()\r\n"
    );
    assert_eq!(
        added("f(HERE, HERE)  # noqa: E501\n"),
        "f(HERE, HERE)  # noqa: E501  # spawnsafe: ignore[SP101] legacy\n"
    );
    assert_eq!(
        added("f(HERE)  # spawnsafe: ignore[SP102] old\n"),
        "f(HERE)  # spawnsafe: ignore[SP102, SP101] old\n"
    );
    assert_eq!(
        added("f(HERE, '''a\nb''', 1)\n"),
        "f(HERE, '''a\nb''', 1)  # spawnsafe: ignore[SP101] legacy\n"
    );
    assert_eq!(
        added("x = HERE + \\\n  1\n"),
        "x = HERE + \\\n  1  # spawnsafe: ignore[SP101] legacy\n"
    );
    assert_eq!(
        added("f(\n  HERE,\n  1)\n"),
        "f(\n  HERE,  # spawnsafe: ignore[SP101] legacy\n  1)\n"
    );
    assert_eq!(
        added("with f(HERE):\n    '''x\n    y'''\n"),
        "with f(HERE):  # spawnsafe: ignore[SP101] legacy\n    '''x\n    y'''\n"
    );
    assert_eq!(
        added("f(f'''{HERE}\n''')\n"),
        "f(f'''{HERE}\n''')  # spawnsafe: ignore[SP101] legacy\n"
    );
}
