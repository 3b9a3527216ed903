//! Every fixed file compiles, under every interpreter that the fixture is meant for.

use crate::interpreters::Interpreter;
use crate::plan;
use libtest_mimic::{Failed, Trial};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The test for one interpreter.
pub(crate) fn trial(interpreter: &Interpreter) -> Trial {
    let (major, minor) = interpreter.minor;
    let interpreter = interpreter.clone();
    Trial::test(format!("fixed_files_compile@{major}.{minor}"), move || check(&interpreter))
}

fn check(interpreter: &Interpreter) -> Result<(), Failed> {
    let files: Vec<PathBuf> = plan::fixed_files()
        .into_iter()
        .filter(|(case, _)| plan::can_run(case, interpreter))
        .map(|(_, path)| path)
        .collect();
    let complaints = compile(interpreter, &files);
    if complaints.is_empty() { Ok(()) } else { Err(complaints.into()) }
}

/// The complaints of that Python's compiler about `files`.
fn compile(interpreter: &Interpreter, files: &[PathBuf]) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/behaviour/compile_all.py");
    let names: Vec<String> = files.iter().map(|path| path.to_string_lossy().into_owned()).collect();
    let mut child = Command::new(&interpreter.path)
        .arg("-B")
        .arg(&script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}", interpreter.path.display()));
    let mut input = child.stdin.take().expect("a pipe");
    input.write_all(names.join("\n").as_bytes()).expect("the script reads all of its input");
    drop(input);
    let output = child.wait_with_output().expect("the script can be waited for");
    assert!(output.status.success(), "compile_all.py failed: {}", output.status);
    String::from_utf8(output.stdout).expect("the script prints UTF-8")
}
