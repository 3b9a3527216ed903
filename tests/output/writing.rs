//! Files are replaced at once or not at all, and stay what they were otherwise.

use crate::sample::change;
use spawnsafe::output::write::{WriteError, stage, write};
use std::fs;

const BEFORE: &[u8] = b"pool.submit(lambda: work(1))\n";
const AFTER: &[u8] = b"pool.submit(work, 1)\n";

fn reword(text: &str) -> String {
    text.replace("lambda: work(1)", "work, 1")
}

#[cfg(unix)]
#[test]
fn mode_and_links_survive() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = tempfile::tempdir().expect("a folder");
    let (real, link) = (folder.path().join("real.py"), folder.path().join("link.py"));
    fs::write(&real, BEFORE).expect("a file");
    fs::set_permissions(&real, fs::Permissions::from_mode(0o754)).expect("a mode");
    symlink("real.py", &link).expect("a link");
    write(&change(&link, BEFORE, reword)).expect("it is written");
    assert!(link.is_symlink());
    assert_eq!(fs::read(&real).expect("the file"), AFTER);
    assert_eq!(fs::metadata(&real).expect("the file").permissions().mode() & 0o777, 0o754);
    assert_eq!(
        fs::read_dir(folder.path()).expect("the folder").count(),
        2,
        "no temporary file is left"
    );
}

#[test]
fn a_file_that_changed_meanwhile_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.py");
    fs::write(&path, BEFORE).expect("a file");
    let change = change(&path, BEFORE, reword);
    let staged = stage(&change).expect("it is staged");
    fs::write(&path, b"mine = 1\n").expect("a file");
    assert!(matches!(staged.commit(), Err(WriteError::ChangedMeanwhile)));
    assert!(matches!(write(&change), Err(WriteError::ChangedMeanwhile)));
    assert_eq!(fs::read(&path).expect("the file"), b"mine = 1\n");
    assert_eq!(
        fs::read_dir(folder.path()).expect("the folder").count(),
        1,
        "no temporary file is left"
    );
}

#[test]
fn a_text_that_does_not_fit_the_encoding_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.py");
    let bytes = b"# coding: ascii\nx = 1\n";
    fs::write(&path, bytes).expect("a file");
    let refused = write(&change(&path, bytes, |text| text.replace('1', "'\u{4e2d}'")));
    assert!(matches!(refused, Err(WriteError::Unencodable)), "{refused:?}");
    assert_eq!(fs::read(&path).expect("the file"), bytes);
}

#[test]
fn a_missing_file_is_an_error() {
    let folder = tempfile::tempdir().expect("a folder");
    assert!(matches!(
        write(&change(&folder.path().join("gone.py"), BEFORE, reword)),
        Err(WriteError::Io(_))
    ));
}

#[test]
fn files_of_one_fix_are_written_together_or_not_at_all() {
    use spawnsafe::findings::{FileEdit, Remedy, Report, Severity};
    use spawnsafe::output::write::write_all;
    use spawnsafe::text::{Edit, Span};
    use std::sync::Arc;
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    let changes: Vec<_> = ["a.py", "b.py", "c.py"]
        .into_iter()
        .map(|name| {
            fs::write(path(name), BEFORE).expect("a file");
            change(&path(name), BEFORE, reword)
        })
        .collect();
    let mut fix = crate::sample::fix(&changes[0].before, &[("lambda: work(1)", "work, 1")]);
    fix.edits.push(FileEdit { path: Arc::new(path("b.py")), edit: Edit::delete(Span::new(0, 1)) });
    let fixed = vec![crate::sample::finding(
        &changes[0].before,
        "lambda: work(1)",
        Severity::Error,
        Remedy::Fix(fix),
    )];
    let report = Report { fixed, changes, ..Report::default() };
    fs::write(path("b.py"), b"mine = 1\n").expect("a file");
    let failed = write_all(&report).failed;
    let names: Vec<_> = failed
        .iter()
        .map(|failed| failed.path.file_name().expect("a name").to_string_lossy().into_owned())
        .collect();
    assert_eq!(names, ["a.py", "b.py"]);
    assert!(failed[0].message.contains("its fix also changes"), "{}", failed[0].message);
    assert_eq!(
        fs::read(path("a.py")).expect("the file"),
        BEFORE,
        "half of a fix is worse than none"
    );
    assert_eq!(fs::read(path("c.py")).expect("the file"), AFTER);
    assert_eq!(
        fs::read_dir(folder.path()).expect("the folder").count(),
        3,
        "no temporary file is left"
    );
}
