//! The project's own check decides which fixes stay.

use crate::world::{World, checked, git, single};
use spawnsafe::migrate::outcome::{Left, Outcome, Status, Verdict};
use spawnsafe::migrate::settings::{Check, Delivery, Settings};
use std::time::{Duration, Instant};

const TEXT: &str = "bad(0)\n\nbad(1)\n\nbad(2)\n\nbad(3)\n\nbad(4)\n\nbad(5)\n\nbad(6)\n\nbad(7)\n";

fn verified(command: &str) -> (World, Outcome) {
    let world = World::new();
    let repository = world.repository("one", &[("a.py", TEXT), ("b.py", "bad(8)\n")]);
    let outcome = single(&world, checked(Delivery::Branch, command), &repository.to_string_lossy());
    assert_eq!(git(&repository, &["status", "--porcelain"]), "");
    (world, outcome)
}

#[test]
fn all_fixes_stay_when_the_check_passes() {
    let (_world, outcome) = verified("grep -q 'good(3)' a.py");
    let verification = outcome.verification.clone().expect("a verification");
    assert_eq!((verification.verdict, verification.runs, outcome.fixed()), (Verdict::Passed, 1, 9));
}

#[test]
fn exactly_the_fixes_that_break_it_go() {
    let (world, outcome) = verified("! grep -q -e 'good(3)' -e 'good(6)' a.py");
    assert_eq!(
        outcome.verification.as_ref().map(|verification| verification.verdict),
        Some(Verdict::Reduced)
    );
    let rejected: Vec<u32> = outcome
        .findings
        .iter()
        .filter(|entry| entry.left == Left::Rejected)
        .map(|entry| entry.line)
        .collect();
    assert_eq!((rejected, outcome.fixed(), outcome.found()), (vec![7, 13], 7, 9));
    let text = git(&world.path("one"), &["show", "spawnsafe/migrate:a.py"]);
    assert!(
        text.contains("bad(3)") && text.contains("bad(6)") && text.contains("good(7)"),
        "{text}"
    );
    assert_eq!(outcome.rules["SP101"].rejected, 2);
}

#[test]
fn a_check_that_fails_anyway_judges_nothing() {
    let (world, outcome) = verified("false");
    assert_eq!(
        (outcome.status, outcome.fixed(), outcome.rules["SP101"].rejected),
        (Status::Unchanged, 0, 9)
    );
    let verification = outcome.verification.expect("a verification");
    assert_eq!((verification.verdict, verification.runs), (Verdict::BrokenBefore, 2));
    assert_eq!(
        git(&world.path("one"), &["for-each-ref", "--format=%(refname)"]),
        "refs/heads/main"
    );
}

#[test]
fn a_check_that_passes_with_no_fix_leaves_none() {
    let (_world, outcome) = verified("! grep -rq 'good(' .");
    assert_eq!((outcome.status, outcome.fixed()), (Status::Unchanged, 0));
    assert_eq!(
        outcome.verification.map(|verification| verification.verdict),
        Some(Verdict::Rejected)
    );
}

#[test]
fn a_check_that_hangs_is_ended_with_all_it_has_started() {
    let world = World::new();
    let repository = world.repository("one", &[("a.py", "bad(1)\n")]);
    let mark = world.path("alive");
    // The grandchild would write the mark after the time limit, were it not killed.
    let command =
        format!("grep -q good a.py || exit 0; (sleep 3; touch {}) & sleep 60", mark.display());
    let wanted = Settings {
        check: Some(Check { command, seconds: 1, runs: 8 }),
        ..checked(Delivery::Branch, "")
    };
    let begun = Instant::now();
    let outcome = single(&world, wanted, &repository.to_string_lossy());
    assert!(begun.elapsed() < Duration::from_secs(30));
    assert_eq!(
        outcome.verification.map(|verification| verification.verdict),
        Some(Verdict::Rejected)
    );
    std::thread::sleep(Duration::from_secs(3));
    assert!(!mark.exists(), "a grandchild outlived the time limit");
    let log = std::fs::read_dir(world.path("out/logs"))
        .expect("logs")
        .flatten()
        .next()
        .expect("a log")
        .path();
    assert!(
        std::fs::read_to_string(log).expect("the log is read").contains("took longer than 1 s")
    );
}

#[test]
fn what_a_check_leaves_behind_or_changes_is_not_committed() {
    let (world, outcome) =
        verified("touch junk.py && echo more >> b.py && ! grep -q 'good(2)' a.py");
    assert_eq!(outcome.fixed(), 8);
    let changed = git(&world.path("one"), &["diff", "--name-only", "main", "spawnsafe/migrate"]);
    assert_eq!(changed, "a.py\nb.py");
    assert_eq!(git(&world.path("one"), &["show", "spawnsafe/migrate:b.py"]), "good(8)");
}

#[test]
fn the_check_knows_where_the_repository_is_and_runs_nowhere_near_it() {
    let (world, outcome) = verified(
        "test -d \"$SPAWNSAFE_REPOSITORY\" && test \"$SPAWNSAFE_REPOSITORY\" != \"$PWD\" && touch here",
    );
    assert_eq!(outcome.fixed(), 9);
    assert!(!world.path("one/here").exists());
}
