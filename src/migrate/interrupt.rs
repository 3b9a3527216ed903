//! Ctrl-C: once to finish what is in hand, twice to stop at once.

use crate::git::child;
use std::sync::atomic::{AtomicBool, Ordering};

/// Becomes true at the first Ctrl-C (or request to terminate).
static STOP: AtomicBool = AtomicBool::new(false);

/// The exit code of a program that Ctrl-C ended.
const EXIT_CODE: i32 = 130;

/// Catches Ctrl-C and requests to terminate from now on, and returns the flag that they set. A
/// second one kills what is running and ends the process; the journal makes that harmless.
pub fn watch() -> &'static AtomicBool {
    let caught = ctrlc::set_handler(|| {
        if STOP.swap(true, Ordering::SeqCst) {
            child::kill_all();
            end();
        }
        let _ = std::io::Write::write_all(
            &mut std::io::stderr(),
            b"\nfinishing the repositories in hand; once more to stop at once\n",
        );
    });
    // A handler that is there already (another run in this process) sets the same flag.
    let _ = caught;
    &STOP
}

#[expect(clippy::exit, reason = "the second Ctrl-C asks for exactly that")]
fn end() {
    std::process::exit(EXIT_CODE);
}
