//! A little of the corpus run: the packages of the standard library that work with processes, and the fixtures that
//! damage files. `tests/corpus/run.py` does it with everything that it finds and with `packages.txt`.

#[path = "../behaviour/interpreters.rs"]
mod interpreters;

use std::path::{Path, PathBuf};
use std::process::Command;

/// The oldest Python that runs the command.
const OLDEST: (u32, u32) = (3, 9);

#[test]
fn real_code_stays_what_it_is() {
    let Some(python) = interpreters::find().into_iter().find(|python| python.minor >= OLDEST)
    else {
        assert!(
            std::env::var_os("CI").is_none(),
            "CI needs a Python of {}.{} or newer",
            OLDEST.0,
            OLDEST.1
        );
        eprintln!("SKIPPED: no Python of {}.{} or newer was found", OLDEST.0, OLDEST.1);
        return;
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let code = "import os, sys; sys.stdout.write(os.path.dirname(os.__file__))";
    let library =
        Command::new(&python.path).args(["-c", code]).output().expect("the interpreter starts");
    let library = PathBuf::from(String::from_utf8(library.stdout).expect("a path in UTF-8"));
    let place = tempfile::tempdir().expect("a temporary folder");
    let trees = ["multiprocessing", "concurrent", "asyncio"].map(|name| library.join(name));
    let output = Command::new(&python.path)
        .arg(root.join("tests/corpus/run.py"))
        .args(["--tool", env!("CARGO_BIN_EXE_spawnsafe"), "--out"])
        .arg(place.path())
        .args(["--against", env!("CARGO_BIN_EXE_spawnsafe")])
        .args(
            trees
                .into_iter()
                .chain(["hostile", "demo", "closure"].map(|name| root.join("fixtures").join(name))),
        )
        .output()
        .expect("the interpreter starts");
    let texts = format!(
        "{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.status.success(), "Python {}:\n{texts}", python.version());
    assert!(texts.contains("faults: none"), "{texts}");
    assert!(texts.contains(": 0 came, 0 went"), "{texts}");
}
