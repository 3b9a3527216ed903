//! Reading unified diffs, friendly and hostile ones.

use crate::change::{Change, places};
use spawnsafe::findings::{FileError, Report};
use spawnsafe::review::changes::Lines;
use spawnsafe::review::patch::{FilePatch, parse};
use spawnsafe::review::{Changes, introduced};
use std::cell::Cell;

#[track_caller]
fn names(diff: &str) -> Vec<(Option<String>, Option<String>)> {
    parse(diff.as_bytes())
        .expect("the diff parses")
        .into_iter()
        .map(|file| (file.old, file.new))
        .collect()
}

fn some(old: &str, new: &str) -> (Option<String>, Option<String>) {
    (Some(old.into()), Some(new.into()))
}

#[test]
fn reads_names_of_git_and_others() {
    let hunk = "@@ -1 +1 @@\n-a\n+b\n";
    for (head, expected) in [
        ("diff --git a/x.py b/x.py\n--- a/x.py\n+++ b/x.py\n", some("x.py", "x.py")),
        ("diff --git i/x.py w/x.py\n--- i/x.py\n+++ w/x.py\n", some("x.py", "x.py")),
        // diff.noprefix, in a folder that is called like a prefix.
        ("diff --git a/x.py a/x.py\n--- a/x.py\n+++ a/x.py\n", some("a/x.py", "a/x.py")),
        (
            "diff --git a/my file.py b/my file.py\n--- a/my file.py\t\n+++ b/my file.py\t\n",
            some("my file.py", "my file.py"),
        ),
        (
            "--- old/x.py\t2026-01-01 10:00:00.0 +0100\n+++ new/x.py\t2026-01-02 10:00:00.0 +0100\n",
            some("old/x.py", "new/x.py"),
        ),
        (
            "--- \"a/n\\303\\244h\\ne\\\"\\\\.py\"\n+++ \"b/n\\303\\244h\\ne\\\"\\\\.py\"\n",
            some("näh\ne\"\\.py", "näh\ne\"\\.py"),
        ),
        (
            "diff --git a/o.py b/n.py\nsimilarity index 90%\nrename from o.py\nrename to n.py\n--- a/o.py\n+++ b/n.py\n",
            some("o.py", "n.py"),
        ),
        ("diff --git a/x.py b/x.py\r\n--- a/x.py\r\n+++ b/x.py\r\n", some("x.py", "x.py")),
    ] {
        assert_eq!(names(&format!("{head}{hunk}")), [expected], "{head}");
    }
}

#[test]
fn reads_new_deleted_binary_and_mode_changes() {
    let diff = "diff --git a/b/new.py b/b/new.py\nnew file mode 100644\n--- /dev/null\n+++ b/b/new.py\n@@ -0,0 +1,2 @@\n+a\n+b\n\
        diff --git a/gone.py b/gone.py\ndeleted file mode 100644\n--- a/gone.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n\
        diff --git a/x.png b/x.png\nBinary files a/x.png and b/x.png differ\n\
        diff --git a/run.py b/run.py\nold mode 100644\nnew mode 100755\n\
        diff --git a/p.py b/q.py\nsimilarity index 100%\nrename from p.py\nrename to q.py\n";
    assert_eq!(
        names(diff),
        [(None, Some("b/new.py".into())), (Some("gone.py".into()), None), some("p.py", "q.py")]
    );
    // Without prefixes the folder `b` is a folder.
    let plain = "diff --git b/new.py b/new.py\nnew file mode 100644\n--- /dev/null\n+++ b/new.py\n@@ -0,0 +1 @@\n+a\n";
    assert_eq!(names(plain), [(None, Some("b/new.py".into()))]);
}

#[test]
fn text_that_looks_like_a_header_stays_text() {
    let diff = "--- a/x.py\n+++ b/x.py\n@@ -1,3 +1,3 @@\n--- a/y.py\n+++ b/y.py\n @@ -1 +1 @@\n-diff --git a/z b/z\n+rename to w\n\\ No newline at end of file\n";
    let files = parse(diff.as_bytes()).expect("it parses");
    assert_eq!(files.len(), 1);
    let texts: Vec<String> = files[0].hunks[0]
        .rows
        .iter()
        .map(|row| String::from_utf8_lossy(&row.text).into_owned())
        .collect();
    assert_eq!(
        texts,
        ["-- a/y.py", "++ b/y.py", "@@ -1 +1 @@", "diff --git a/z b/z", "rename to w"]
    );
}

#[test]
fn numbers_of_rows_and_cut_context() {
    // A mailer cut the blank of the empty context line.
    let diff = "From: x\nSubject: [PATCH] @@ y\n\n---\n x.py | 2 +-\n\n--- a/x.py\n+++ b/x.py\n@@ -4,3 +5,4 @@ def f():\n a\n\n-b\n+c\n+d\n-- \n2.47\n";
    let file = &parse(diff.as_bytes()).expect("it parses")[0];
    let rows: Vec<_> = file.hunks[0].rows.iter().map(|row| (row.old, row.new)).collect();
    assert_eq!(
        rows,
        [(Some(4), Some(5)), (Some(5), Some(6)), (Some(6), None), (None, Some(7)), (None, Some(8))]
    );
}

#[test]
fn combined_diffs_count_every_parent() {
    let diff = "diff --cc x.py\nindex 1,2..3\n--- a/x.py\n+++ b/x.py\n@@@ -1,2 -1,2 +1,3 @@@\n  a\n +b\n+ c\n";
    let file = &parse(diff.as_bytes()).expect("it parses")[0];
    let rows: Vec<_> = file.hunks[0].rows.iter().map(|row| row.new).collect();
    assert_eq!(rows, [Some(1), Some(2), Some(3)]);
    let removed = "diff --cc x.py\n--- a/x.py\n+++ b/x.py\n@@@ -1,2 -1,1 +1,1 @@@\n  a\n- b\n";
    assert_eq!(parse(removed.as_bytes()).expect("it parses")[0].hunks[0].rows.len(), 2);
}

#[test]
fn broken_diffs_are_errors_with_a_line() {
    for (diff, line, word) in [
        ("--- a/x\n+++ b/x\n@@ -1,9 +1,9 @@\n a\n", 3, "ends in the middle"),
        ("--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n a\nxyz\n", 3, "starts with none of"),
        ("--- a/x\n+++ b/x\n@@ -1 +99999999999 @@\n-a\n+b\n", 3, "cannot be read"),
        ("--- a/x\n+++ b/x\n@@ -4294967295,2 +1,2 @@\n a\n b\n", 3, "cannot be read"),
        ("@@ -1 +1 @@\n-a\n+b\n", 1, "without the '---'"),
        ("--- a/x\n+++ b/x\n@@ -1 +1,2 @@\n-a\n-a\n+b\n", 3, "more old lines"),
    ] {
        let error = parse(diff.as_bytes()).expect_err(diff);
        assert_eq!(error.line, line, "{diff}");
        assert!(error.problem.contains(word), "{diff}: {error}");
    }
    assert_eq!(parse(b"").expect("an empty diff changes nothing"), Vec::<FilePatch>::new());
    assert_eq!(parse(b"\xff\xfe garbage \x00\n").expect("text around a diff is passed over"), []);
}

#[test]
fn any_bytes_end_in_a_result() {
    let pieces: [&[u8]; 14] = [
        b"--- a/x\n",
        b"+++ b/x\n",
        b"@@ -1 +1 @@\n",
        b"-a\n",
        b"+b\n",
        b" c\n",
        b"diff --git a/x b/x\n",
        b"\\ No newline\n",
        b"\"",
        b"\\3",
        b"@@@ -1 -1 +1 @@@\n",
        b"\xff",
        b"rename to \"\\",
        b"\n",
    ];
    let mut state = 7_u64;
    for _ in 0..20_000 {
        let mut diff = Vec::new();
        for _ in 0..12 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            diff.extend_from_slice(pieces[(state >> 33) as usize % pieces.len()]);
        }
        if let Ok(files) = parse(&diff) {
            let changes = Changes::new(files);
            assert!(changes.files().filter(|(_, file)| file.touch(Lines::new(1, 3))).count() <= 1);
        }
    }
}

#[test]
fn touched_lines_are_added_ones_and_gaps() {
    let change = Change::of("x.py", "a\nb\nc\nd\ne\n", "a\nB\nc\ne\n");
    let changes = change.changes();
    let file = changes.file("x.py").expect("it is changed");
    let touched: Vec<bool> = (1..=4).map(|line| file.touch(Lines::new(line, line))).collect();
    assert_eq!(touched, [false, true, false, false]);
    // `d` went from between the lines 3 and 4.
    assert!(file.touch(Lines::new(3, 4)));
    assert_eq!(file.old_line(4), Some(5));
    assert_eq!(file.old_line(2), None);
}

#[test]
fn only_what_the_change_touches_is_introduced() {
    let mut change = Change::of("x.py", "old()\nmiddle\n", "old()\nmiddle\nnew()\n");
    change.report.sources.insert(
        "y.py".into(),
        std::sync::Arc::new(spawnsafe::text::SourceFile::from_text("y.py", "def work(): pass\n")),
    );
    change.finding("x.py", "old()");
    change.finding("x.py", "new()");
    let sent = change.related("x.py", "new()", "sent here");
    change.finding("y.py", "work").related.push(sent);
    let report = introduced(std::mem::take(&mut change.report), &change.changes(), &places(), None);
    let kept: Vec<_> = report.findings.iter().map(|finding| finding.subject.as_str()).collect();
    assert_eq!(kept, ["new()", "work"], "an old callable counts if a new line sends it");
    assert_eq!(report.summary.findings, 2);
}

#[test]
fn what_the_base_had_is_old_even_on_a_new_line() {
    let mut change = Change::of("x.py", "f()\n", "f(1)\nf(2)\n");
    for needle in ["f(1)", "f(2)"] {
        change.finding("x.py", needle).subject = "f".into();
    }
    let mut base = Change::of("x.py", "", "f()\n");
    base.finding("x.py", "f()").subject = "f".into();
    let asked = Cell::new(0);
    let before = || {
        asked.set(asked.get() + 1);
        Report { findings: base.report.findings.clone(), ..Report::default() }
    };
    let report =
        introduced(std::mem::take(&mut change.report), &change.changes(), &places(), Some(&before));
    let lines: Vec<_> = report.findings.iter().map(|finding| finding.location.start.line).collect();
    assert_eq!((lines, asked.get()), (vec![2], 1), "one of two equal findings is old");
}

#[test]
fn a_renamed_file_brings_its_findings_along() {
    let diff = "diff --git a/o.py b/n.py\nrename from o.py\nrename to n.py\n--- a/o.py\n+++ b/n.py\n@@ -1 +1 @@\n-f()\n+f(1)\n";
    let mut change = Change::of("n.py", "", "f(1)\n");
    change.diff = diff.into();
    change.finding("n.py", "f(1)").subject = "f".into();
    let mut base = Change::of("o.py", "", "f()\n");
    base.finding("o.py", "f()").subject = "f".into();
    let before = || Report { findings: base.report.findings.clone(), ..Report::default() };
    let report =
        introduced(std::mem::take(&mut change.report), &change.changes(), &places(), Some(&before));
    assert_eq!(report.findings, []);
}

/// What is new of findings that are `(path, context, subject)`, all on changed lines, if those of `before` are gone or still there.
#[track_caller]
fn new_of(before: &[(&str, &str, &str)], after: &[(&str, &str, &str)]) -> Vec<String> {
    let build = |items: &[(&str, &str, &str)]| {
        let mut change = Change::default();
        for path in ["x.py", "y.py"] {
            change.file(path, "", "f()\n");
        }
        for (path, context, subject) in items {
            let finding = change.finding(path, "f()");
            (finding.context, finding.subject) = ((*context).to_owned(), (*subject).to_owned());
        }
        change
    };
    let old = build(before);
    let base = || Report { findings: old.report.findings.clone(), ..Report::default() };
    let mut change = build(after);
    let report =
        introduced(std::mem::take(&mut change.report), &change.changes(), &places(), Some(&base));
    report
        .findings
        .iter()
        .map(|finding| format!("{} {}", finding.context, finding.subject))
        .collect()
}

#[test]
fn a_finding_whose_function_is_renamed_or_moved_is_old() {
    assert_eq!(new_of(&[("x.py", "f", "w")], &[("x.py", "g", "w")]), [""; 0], "renamed");
    assert_eq!(new_of(&[("x.py", "f", "w")], &[("y.py", "f", "w")]), [""; 0], "moved");
    assert_eq!(
        new_of(&[("x.py", "f", "w")], &[("x.py", "f", "w"), ("x.py", "g", "w")]),
        ["g w"],
        "the old one is still there"
    );
    assert_eq!(
        new_of(&[("x.py", "f", "w")], &[("y.py", "g", "w")]),
        ["g w"],
        "renamed and moved is another one"
    );
    assert_eq!(new_of(&[("x.py", "f", "w")], &[("x.py", "f", "v")]), ["f v"]);
    assert_eq!(
        new_of(
            &[("x.py", "f", "w"), ("x.py", "f", "w")],
            &[("x.py", "f", "w"), ("x.py", "h", "w"), ("x.py", "i", "w")]
        ),
        ["i w"]
    );
}

#[test]
fn what_the_base_had_not_is_new_on_any_line() {
    let mut change = Change::of("x.py", "a\nb\n", "a\nb\nc\n");
    change.finding("x.py", "a");
    let report = std::mem::take(&mut change.report);
    let again = || Report {
        findings: report.findings.clone(),
        sources: report.sources.clone(),
        ..Report::default()
    };
    let count = |base: &dyn Fn() -> Report| {
        introduced(again(), &change.changes(), &places(), Some(base)).findings.len()
    };
    assert_eq!(count(&Report::default), 1);
    assert_eq!(count(&again), 0);
    // A file that could not be read at the base tells nothing.
    let unread = FileError { path: "x.py".into(), place: None, message: "is broken".into() };
    assert_eq!(count(&|| Report { errors: vec![unread.clone()], ..Report::default() }), 0);
}

#[test]
fn the_base_is_not_asked_if_there_is_nothing() {
    let mut change = Change::of("x.py", "a\n", "b\n");
    let before = || -> Report { panic!("there are no findings") };
    assert_eq!(
        introduced(std::mem::take(&mut change.report), &change.changes(), &places(), Some(&before))
            .findings,
        []
    );
}

#[test]
fn equal_findings_have_fingerprints_of_their_own() {
    let mut change = Change::of("x.py", "", "f()\nf()\n");
    change.finding("x.py", "f()");
    change.finding("x.py", "f()");
    let prints = change.fingerprints();
    assert_eq!(prints.len(), 2);
    assert_ne!(prints[0], prints[1]);
    assert!(prints.iter().all(|print| print.len() == 32));
}
