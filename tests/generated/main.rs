//! Generated programs print after the repair what they meant before: a few with a fixed seed. `tests/generated/run.py` does
//! thousands with any seed.

#[path = "../behaviour/interpreters.rs"]
mod interpreters;

use std::path::Path;
use std::process::Command;

/// The oldest Python that runs the generator.
const OLDEST: (u32, u32) = (3, 9);

#[test]
fn generated_programs_stay_what_they_are() {
    let found = interpreters::find();
    let Some(python) = found.into_iter().find(|python| python.minor >= OLDEST) else {
        assert!(
            std::env::var_os("CI").is_none(),
            "CI needs a Python of {}.{} or newer",
            OLDEST.0,
            OLDEST.1
        );
        eprintln!("SKIPPED: no Python of {}.{} or newer was found", OLDEST.0, OLDEST.1);
        return;
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/generated/run.py");
    let output = Command::new(&python.path)
        .arg(script)
        .args(["--tool", env!("CARGO_BIN_EXE_spawnsafe"), "--seed", "2026", "--count", "20"])
        .output()
        .expect("the interpreter starts");
    assert!(
        output.status.success(),
        "Python {}:\n{}\n{}",
        python.version(),
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
