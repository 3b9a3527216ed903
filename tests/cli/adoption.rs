//! Comments that switch findings off, and baselines.

use crate::tree::{FAULTY, Tree};

fn ignored(comment: &str) -> String {
    FAULTY.replace("result())\n", &format!("result())  {comment}\n"))
}

#[test]
fn comments_switch_findings_and_fixes_off() {
    for comment in
        ["# spawnsafe: ignore[SP101] on purpose", "# spawnsafe: ignore", "# noqa: SP101", "# noqa"]
    {
        let tree = Tree::new(&[("a.py", &ignored(comment))]);
        tree.run(&["check"]).exits(0);
        assert!(tree.run(&["fix"]).exits(0).out.is_empty(), "{comment}");
    }
    for comment in ["# spawnsafe: ignore[SP102]", "# noqa: E501"] {
        Tree::new(&[("a.py", &ignored(comment))]).run(&["check"]).exits(1);
    }
    Tree::new(&[("a.py", &format!("# spawnsafe: ignore-file\n{FAULTY}"))]).run(&["check"]).exits(0);
}

#[test]
fn unused_comments_are_told() {
    let tree = Tree::new(&[("a.py", &ignored("# spawnsafe: ignore[SP102]"))]);
    assert!(!tree.run(&["check"]).exits(1).err.contains("unused"));
    let err = tree.run(&["check", "--warn-unused-ignores"]).exits(1).err;
    assert!(err.contains("a.py:5:55: unused suppression of SP102"), "{err}");
    tree.write("spawnsafe.toml", b"warn-unused-ignores = true\n");
    assert!(tree.run(&["check"]).exits(1).err.contains("unused suppression"));
    assert!(
        !tree.run(&["check", "--select", "SP101"]).exits(1).err.contains("unused"),
        "a rule that did not run may need it"
    );
}

#[test]
fn add_ignore() {
    let tree = Tree::new(&[("a.py", FAULTY), ("b.py", "x = 1\n")]);
    let ran = tree.run(&["check", "--add-ignore=before the move"]).exits(0);
    assert!(ran.err.contains("1 finding switched off in 1 file"), "{}", ran.err);
    assert_eq!(tree.read("a.py"), ignored("# spawnsafe: ignore[SP101] before the move"));
    tree.run(&["check", "--warn-unused-ignores"]).exits(0);
    let tree = Tree::new(&[("a.py", FAULTY)]);
    tree.run(&["check", "--add-ignore", "a.py"]).exits(0);
    assert_eq!(
        tree.read("a.py"),
        ignored("# spawnsafe: ignore[SP101]"),
        "a path behind the option is no reason"
    );
    tree.run(&["check", "--add-ignore=a # b"]).exits(2);
}

#[test]
fn a_baseline_survives_moved_lines() {
    let tree = Tree::new(&[("a.py", FAULTY)]);
    tree.run(&["check", "--baseline", "known.json"]).exits(2);
    let ran = tree.run(&["check", "--baseline", "known.json", "--write-baseline"]).exits(0);
    assert!(ran.err.contains("1 finding written to known.json"), "{}", ran.err);
    tree.run(&["check", "--baseline", "known.json"]).exits(0);
    tree.write("a.py", format!("import os\n\n\n{FAULTY}").as_bytes());
    tree.run(&["check", "--baseline", "known.json"]).exits(0);
    tree.write("b.py", FAULTY.as_bytes());
    let json =
        tree.run(&["check", "--baseline", "known.json", "--output-format", "json"]).exits(1).json();
    assert_eq!(json["findings"][0]["path"], "b.py");
    assert_eq!(json["summary"]["findings"], 1);
    tree.run(&["fix", "--write"]).exits(0);
    let gone = tree.run(&["check", "--baseline", "known.json"]).exits(0);
    assert!(gone.err.contains("1 known finding of known.json did not show up"), "{}", gone.err);
    tree.write("known.json", b"{}");
    assert!(
        tree.run(&["check", "--baseline", "known.json"]).exits(2).err.contains("is no baseline")
    );
}

#[test]
fn a_baseline_in_the_configuration() {
    let tree =
        Tree::new(&[("sub/a.py", FAULTY), ("sub/spawnsafe.toml", "baseline = \"known.json\"\n")]);
    tree.run(&["check", "sub", "--write-baseline"]).exits(0);
    assert!(
        tree.path("sub/known.json").exists(),
        "the path starts from the configuration's folder"
    );
    tree.run(&["check", "sub"]).exits(0);
    tree.run(&["check", "--write-baseline", "--isolated"]).exits(2);
}
