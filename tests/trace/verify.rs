//! `spawnsafe verify`: the same program under each start method.

use crate::{interpreters_or_skip, spawnsafe, texts};
use std::fs;

const PROGRAM: &str = "\
import multiprocessing as mp
LIMIT = 1
def show():
    print('limit', LIMIT, flush=True)
if __name__ == '__main__':
    LIMIT = {limit}
    print('started')
    process = mp.Process(target=show)
    process.start()
    process.join()
";

#[test]
fn start_methods_are_compared() {
    let Some(interpreter) = interpreters_or_skip("verify").into_iter().next() else { return };
    let tree = tempfile::tempdir().expect("a temporary folder");
    let run = |limit: &str, more: &[&str]| {
        fs::write(tree.path().join("main.py"), PROGRAM.replace("{limit}", limit))
            .expect("a writable folder");
        let output = spawnsafe(tree.path())
            .args(["verify", "--quiet"])
            .args(more)
            .arg("--")
            .arg(&interpreter.path)
            .args(["-u", "main.py"])
            .output()
            .expect("spawnsafe runs");
        (output.status.code(), texts(&output).0)
    };
    let (code, report) = run("1", &[]);
    assert_eq!(code, Some(0), "{report}");
    assert_eq!(
        report,
        "fork       exit code 0\nspawn      exit code 0: the same\nforkserver exit code 0: the same\n"
    );
    let (code, report) = run("2", &["--methods", "fork,spawn"]);
    assert_eq!(code, Some(1), "{report}");
    for part in
        ["spawn      exit code 0: differs", "-limit 2", "+limit 1", "reads '__main__:LIMIT'"]
    {
        assert!(report.contains(part), "{part} is missing in\n{report}");
    }
    let (code, report) =
        run("__import__('time').sleep(60)", &["--methods", "fork", "--timeout", "1"]);
    assert_eq!((code, report.as_str()), (Some(1), "fork       did not end in time\n"));
}
