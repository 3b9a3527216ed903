//! Bytes of strangers: whatever they are, nothing panics, and what must hold holds. The inputs are damaged ones of a
//! kind that exists (fixtures, diffs, journals), made smaller where one of them fails.
//!
//! `cargo test --test fuzz` takes a few seconds. For hands, with the executions told:
//! `SPAWNSAFE_FUZZ_SECONDS=3600 cargo test --release --test fuzz TARGET -- --nocapture`.

#[path = "../fixtures/case.rs"]
#[allow(dead_code)] // the golden test uses the rest
mod case;
mod inputs;
mod targets;

use inputs::Kind;
use proptest::test_runner::{Config, TestRunner};
use std::cell::Cell;
use std::time::{Duration, Instant};

/// Executions of one target where nobody asks for more: a part of a second to a few.
const FEW: u32 = 60;

/// Throws damaged inputs of the kind at the target until the time is over.
fn fuzz(name: &str, kind: Kind, target: fn(&[u8]) -> Result<(), String>) {
    targets::watch_panics();
    let asked = std::env::var("SPAWNSAFE_FUZZ_SECONDS").ok().and_then(|text| text.parse().ok());
    let begun = Instant::now();
    let executions = Cell::new(0_u64);
    let config = Config { cases: FEW, failure_persistence: None, ..Config::default() };
    loop {
        // One runner does its number of cases once.
        let mut runner = TestRunner::new(config.clone());
        let outcome = runner.run(&inputs::damaged(kind), |data| {
            executions.set(executions.get() + 1);
            let done = target(&data).and_then(|()| targets::no_panic());
            done.map_err(|why| {
                proptest::test_runner::TestCaseError::fail(format!(
                    "{why}\n{}",
                    data.escape_ascii()
                ))
            })
        });
        if let Err(error) = outcome {
            panic!("{name}: {error}");
        }
        let Some(seconds) = asked else { break };
        if begun.elapsed() >= Duration::from_secs(seconds) {
            break;
        }
    }
    println!("{name}: {} executions in {:.0?}", executions.get(), begun.elapsed());
}

#[test]
fn bytes_to_report() {
    fuzz("bytes_to_report", Kind::Python, targets::bytes_to_report);
}

#[test]
fn fix_round_trip() {
    fuzz("fix_round_trip", Kind::Python, targets::fix_round_trip);
}

#[test]
fn edits() {
    fuzz("edits", Kind::Python, targets::edits);
}

#[test]
fn encodings() {
    fuzz("encodings", Kind::Encoded, targets::encodings);
}

#[test]
fn diff_parser() {
    fuzz("diff_parser", Kind::Diff, targets::diff_parser);
}

#[test]
fn journal() {
    fuzz("journal", Kind::Journal, targets::journal);
}
