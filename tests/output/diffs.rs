//! The patch is applied by `git apply` and by `patch -p1`, and gives what writing gives.

use crate::sample::change;
use spawnsafe::findings::Change;
use spawnsafe::output::{diff, write};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// Applies `patch` in `folder` by `program`.
#[track_caller]
fn apply(folder: &Path, patch: &[u8], program: &str, arguments: &[&str]) {
    use std::io::Write;
    let mut child = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CEILING_DIRECTORIES", folder.parent().expect("a folder has a parent"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{program}: {error}"));
    child.stdin.take().expect("a pipe").write_all(patch).expect("the program reads");
    let done = child.wait_with_output().expect("the program ends");
    assert!(
        done.status.success(),
        "{program}: {}\n{}",
        String::from_utf8_lossy(&done.stderr),
        String::from_utf8_lossy(patch)
    );
}

/// Makes the change in three folders by three means and compares the bytes.
#[track_caller]
fn same_by_all_means(name: &str, bytes: &[u8], after: fn(&str) -> String) {
    let patch_of = |change: &Change| diff::unified(change);
    let patch = patch_of(&change(Path::new(name), bytes, after));
    let results: Vec<Vec<u8>> = [
        ("git", &["apply", "--whitespace=nowarn"][..]),
        ("patch", &["-p1", "--binary", "-s"][..]),
        ("", &[][..]),
    ]
    .into_iter()
    .map(|(program, arguments)| {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
        fs::write(&path, bytes).expect("a file");
        if program.is_empty() {
            write::write(&change(&path, bytes, after)).expect("it is written");
        } else {
            apply(folder.path(), &patch, program, arguments);
        }
        fs::read(&path).expect("the file is there")
    })
    .collect();
    assert_eq!(results[0], results[2], "git apply and writing differ");
    assert_eq!(results[1], results[2], "patch and writing differ");
    assert_ne!(results[2], bytes, "nothing changed");
}

fn reword(text: &str) -> String {
    text.replace("lambda: work(1)", "work, 1")
}

fn grow(text: &str) -> String {
    format!("first = 1\n{text}\nlast = 2")
}

#[test]
fn plain() {
    same_by_all_means("a.py", b"one = 1\npool.submit(lambda: work(1))\ntwo = 2\n", reword);
}

#[test]
fn far_apart() {
    let text = "pool.submit(lambda: work(1))\n".to_owned()
        + &"x = 1\n".repeat(30)
        + "pool.submit(lambda: work(1))\n";
    same_by_all_means("a.py", text.as_bytes(), reword);
}

#[test]
fn crlf_and_mixed_line_ends() {
    same_by_all_means("a.py", b"one = 1\r\npool.submit(lambda: work(1))\r\ntwo = 2\n", reword);
}

#[test]
fn no_newline_at_the_end() {
    same_by_all_means("a.py", b"one = 1\npool.submit(lambda: work(1))", reword);
    same_by_all_means("a.py", b"one = 1\npool.submit(lambda: work(1))\ntwo = 2", grow);
    same_by_all_means("a.py", b"x = 1", grow);
}

#[test]
fn lone_carriage_returns_and_form_feeds() {
    same_by_all_means("a.py", b"one = 1\rtwo = 2\n\x0cpool.submit(lambda: work(1))\n", reword);
}

#[test]
fn other_encodings_keep_their_bytes() {
    same_by_all_means(
        "a.py",
        b"# coding: latin-1\nname = '\xe9\xff'\npool.submit(lambda: work(1))\n",
        reword,
    );
    same_by_all_means("a.py", b"\xef\xbb\xbfname = 'x'; pool.submit(lambda: work(1))\n", reword);
}

#[test]
fn awkward_names() {
    for name in ["a b.py", "sub dir/x y.py", "quo\"te.py", "back\\slash.py", "tab\there.py", "é.py"]
    {
        same_by_all_means(name, b"pool.submit(lambda: work(1))\n", reword);
    }
}

#[test]
fn files_outside_of_the_folder_apply_from_the_root() {
    let text =
        diff::unified(&change(Path::new("/srv/x.py"), b"pool.submit(lambda: work(1))\n", reword));
    assert!(
        text.starts_with(b"--- a/srv/x.py\n+++ b/srv/x.py\n@@ -1 +1 @@\n"),
        "{}",
        String::from_utf8_lossy(&text)
    );
}
