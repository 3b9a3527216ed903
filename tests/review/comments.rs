//! What comments say and where they stand.

use crate::change::{Change, numbered};
use crate::github::head_of;
use crate::markdown::{HOSTILE, parts};
use crate::rules::check_review;
use spawnsafe::findings::{Applicability, Remedy, Severity};
use spawnsafe::review::github::payload;
use spawnsafe::review::{Limits, gitlab};

#[test]
fn a_comment_says_what_where_and_what_to_do() {
    let mut change =
        Change::of("x.py", "", "def main():\n    pool = make()\n    pool.submit(work)\n");
    let executor = change.related("x.py", "make()", "the executor");
    change.fixable("x.py", "work", &[("work", "_work")]).related.push(executor);
    let body = change.review().comments[0].body("suggestion");
    let expected = "**SP103 closure**: 'work' reaches ProcessPoolExecutor.submit. Fails under forkserver, spawn.\n\
        - `x.py:2`: the executor\n\nFix: hoist 'work' to module level.\n\n```suggestion\n    pool.submit(_work)\n```\n\n`spawnsafe explain SP103` says why: https://spawnsafe.github.io/spawnsafe/rules/SP103.html\n";
    assert_eq!(body.split_once("-->\n").map(|(_, rest)| rest), Some(expected));
}

#[test]
fn a_refusal_gives_its_reason_and_advice() {
    let mut change = Change::of("x.py", "", "f()\n");
    change.finding("x.py", "f()");
    let body = change.review().comments[0].body("suggestion");
    assert!(
        body.contains("Not rewritten: it is used elsewhere. To do by hand: move it by hand."),
        "{body}"
    );
}

#[test]
fn one_rewrite_is_one_comment() {
    let mut change = Change::of("x.py", "", "work = 1\nsend(work)\nsend(work, 2)\n");
    change.fixable("x.py", "send(work)", &[("work = 1", "_work = 1")]);
    change.fixable("x.py", "send(work, 2)", &[("work = 1", "_work = 1")]);
    let review = change.review();
    assert_eq!(review.comments.len(), 1);
    assert_eq!(review.comments[0].fingerprints, change.fingerprints());
    assert!(review.comments[0].body("suggestion").contains("(at `x.py:3`)"));
}

#[test]
fn the_worst_come_first_and_the_rest_is_listed() {
    let mut change = Change::of("x.py", "", &numbered(40));
    change.limits = Limits { comments: 2, listed: 3 };
    for number in 1..=9 {
        let severity = if number == 7 { Severity::Critical } else { Severity::Warning };
        change.finding("x.py", &format!("name{number} ")).severity = severity;
    }
    let review = change.review();
    let lines: Vec<_> = review.comments.iter().map(|comment| comment.lines.first).collect();
    assert_eq!((lines, review.rest.len(), review.unlisted), (vec![7, 1], 3, 4));
    let body = review.body();
    assert!(body.contains("brings 9 findings") && body.contains("4 more are not listed"), "{body}");
}

#[test]
fn unsafe_fixes_are_suggested_only_on_demand() {
    let mut change = Change::of("x.py", "", "f()\n");
    if let Remedy::Fix(fix) = &mut change.fixable("x.py", "f()", &[("f()", "g()")]).remedy {
        fix.applicability = Applicability::Unsafe;
    }
    assert_eq!(change.review().comments[0].suggestion, None);
    let body = change.review().comments[0].body("suggestion");
    assert!(
        body.contains("not proven safe") && body.contains("fix --write --unsafe-fixes"),
        "{body}"
    );
    change.unsafe_fixes = true;
    assert!(change.review().comments[0].suggestion.is_some());
}

#[test]
fn an_anchor_is_a_line_of_the_diff() {
    let before = numbered(60);
    let mut change = Change::of("x.py", &before, &before.replace("name30 = 30", "name30 = send()"));
    // The finding's own place is not in the diff, the dispatch is.
    let dispatch = change.related("x.py", "send()", "sent here");
    change.finding("x.py", "name3 ").related.push(dispatch);
    // A place of many lines is cut to what one hunk shows.
    change.finding("x.py", "name26 = 26\nname27 = 27\nname28 = 28\n");
    // Nothing of it is in the diff.
    change.finding("x.py", "name50 ");
    let review = change.review();
    let lines: Vec<_> =
        review.comments.iter().map(|comment| (comment.lines.first, comment.lines.last)).collect();
    assert_eq!(lines, [(30, 30), (27, 28)]);
    assert_eq!(review.rest.len(), 1);
    assert!(review.comments[0].body("").contains("(at `x.py:3`)"));
    check_review(&payload(&review, None), &head_of(&change)).expect("GitHub takes it");
}

#[test]
fn overlapping_suggestions_become_patches() {
    let mut change = Change::of("x.py", "", "a(b)\n");
    change.fixable("x.py", "a(b)", &[("a", "c")]);
    change.fixable("x.py", "b", &[("b", "d")]);
    let review = change.review();
    assert!(review.comments[0].suggestion.is_some() && review.comments[1].suggestion.is_none());
    check_review(&payload(&review, None), &head_of(&change)).expect("GitHub takes it");
}

#[test]
fn hostile_sources_break_nothing() {
    for text in HOSTILE {
        let line = text.replace(['\n', '\r'], " ");
        let source = format!("before = 1\nx = f('''{line}\n{line}\n```\n'''\n)\nafter = 2\n");
        let path = "a \"quoted\" `dir`/it's -->.py";
        let mut change = Change::of(path, "", &source);
        let related = change.related(path, "before", text);
        let finding =
            change.fixable(path, "f(", &[("before", "import y\nbefore"), ("after", "later")]);
        finding.message = format!("'{text}' reaches {text}");
        finding.related.push(related);
        if let Remedy::Fix(fix) = &mut finding.remedy {
            fix.title = (*text).to_owned();
        }
        let other = change.finding(path, "x = ");
        other.message = (*text).to_owned();
        let review = change.review();
        let mut head = head_of(&change);
        head.add(path, &String::from_utf8_lossy(&change.diff), &source);
        check_review(&payload(&review, None), &head)
            .unwrap_or_else(|why| panic!("{text:?}: {why}"));
        let flat = review.flattened(Limits::default()).body();
        let parts = parts(&flat);
        assert!(parts.other.is_empty() && parts.blocks.is_empty(), "{text:?}: {parts:?}");
        assert!(
            parts
                .html
                .iter()
                .all(|html| html.starts_with("<!-- spawnsafe-review:") && html.ends_with("-->\n")),
            "{text:?}: {parts:?}"
        );
        for discussion in gitlab::payload(&review, &change.changes(), None)["discussions"]
            .as_array()
            .expect("a list")
        {
            let body = discussion["body"].as_str().expect("a text");
            assert!(
                !body.lines().any(|line| line.trim_start().starts_with('/')),
                "GitLab would run a command: {body}"
            );
        }
    }
}

#[test]
fn long_texts_are_cut() {
    let long = "x".repeat(100_000);
    let mut change = Change::of("x.py", "", &format!("f()\ny = '{long}'\n"));
    let finding = change.fixable("x.py", "f()", &[("f()", &long)]);
    finding.message = long.clone();
    for number in 0..50 {
        change.finding("x.py", "f()").subject = number.to_string();
    }
    let remedy = change.report.findings[0].remedy.clone();
    for finding in &mut change.report.findings {
        finding.remedy = remedy.clone();
        finding.message = long.clone();
    }
    let review = change.review();
    check_review(&payload(&review, None), &head_of(&change)).expect("GitHub takes it");
    let comment = &review.comments[0];
    assert_eq!(
        (review.comments.len(), comment.fingerprints.len(), &comment.suggestion),
        (1, 51, &None)
    );
    let body = comment.body("suggestion");
    assert!(body.len() < 60_000 && body.contains("45 more places"), "{} bytes", body.len());
}
