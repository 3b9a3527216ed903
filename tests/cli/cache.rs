//! Reports of earlier runs: the same answer without a look, and a look whenever anything is different.

use crate::tree::{FAULTY, MENDED, Ran, Tree};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

const SAID: &str = "the report is that of an earlier run";

fn tree() -> Tree {
    Tree::new(&[
        ("a.py", FAULTY),
        ("jobs/b.py", FAULTY),
        ("broken.py", "import multiprocessing\n(\n"),
    ])
}

/// Runs `check` with its words on what it did; the report must be that of a run that keeps none.
#[track_caller]
fn check(tree: &Tree, more: &[&str]) -> Ran {
    let ran = tree.run(&[&["check", "-v"], more].concat());
    let anew = tree.run(&[&["check", "--no-cache"], more].concat());
    assert_eq!(ran.text(), anew.text());
    assert_eq!(ran.code, anew.code);
    ran
}

#[track_caller]
fn looks(tree: &Tree, more: &[&str]) {
    let ran = check(tree, more);
    assert!(!ran.err.contains(SAID), "{}", ran.err);
}

#[track_caller]
fn knows(tree: &Tree, more: &[&str]) {
    let ran = check(tree, more);
    assert!(ran.err.contains(SAID), "{}", ran.err);
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let all = fs::read_dir(folder).expect("the cache's folder").map(|each| each.expect("an entry"));
    all.map(|each| each.path())
        .filter(|path| path.extension().is_some_and(|suffix| suffix == "report"))
        .collect()
}

/// Makes a file look as if it was written a while ago.
fn age(path: &Path, seconds: u64) {
    let file = fs::File::options().write(true).open(path).expect("a file");
    let time = SystemTime::now() - Duration::from_secs(seconds);
    file.set_modified(time).expect("a time stamp");
}

#[test]
fn the_same_again_is_known_in_every_format() {
    let tree = tree();
    looks(&tree, &[]);
    for format in [
        "text", "concise", "json", "sarif", "github", "gitlab", "rdjson", "junit", "jsonl",
        "rdjsonl",
    ] {
        knows(&tree, &["--output-format", format]);
    }
    knows(&tree, &["--statistics"]);
    knows(&tree, &["--threads", "1"]);
    knows(&tree, &["."]);
    looks(&tree, &["--ignore", "SP101"]);
    looks(&tree, &["jobs"]);
    let folder = tree.path(".spawnsafe_cache");
    assert_eq!(fs::read_to_string(folder.join(".gitignore")).expect("a file"), "*\n");
    let tag = fs::read_to_string(folder.join("CACHEDIR.TAG")).expect("a file");
    assert!(tag.starts_with("Signature: 8a477f597d28d172789f06886806bc55"), "{tag}");
}

#[test]
fn what_is_different_is_looked_at() {
    let tree = tree();
    looks(&tree, &[]);
    knows(&tree, &[]);
    // As long as before, and within the same second.
    tree.write("a.py", FAULTY.replace("work(1)", "work(2)").as_bytes());
    looks(&tree, &[]);
    knows(&tree, &[]);
    for path in ["a.py", "jobs/b.py", "broken.py"] {
        age(&tree.path(path), 100);
    }
    // Another time, the same bytes.
    knows(&tree, &[]);
    tree.write("a.py", MENDED.as_bytes());
    looks(&tree, &[]);
    tree.write("c.py", b"import multiprocessing\n");
    looks(&tree, &[]);
    fs::remove_file(tree.path("c.py")).expect("the file goes");
    // As it was two runs ago.
    knows(&tree, &[]);
    tree.write("pyproject.toml", b"[tool.spawnsafe]\nignore = ['SP1']\n");
    looks(&tree, &[]);
    knows(&tree, &[]);
    tree.write(
        "pyproject.toml",
        b"[project.scripts]\njob = 'a:work'\n[tool.spawnsafe]\nignore = ['SP1']\n",
    );
    looks(&tree, &[]);
}

#[test]
fn old_files_are_known_by_their_time_and_new_ones_by_what_they_hold() {
    let tree = tree();
    for path in ["a.py", "jobs/b.py", "broken.py"] {
        age(&tree.path(path), 100);
    }
    looks(&tree, &[]);
    knows(&tree, &[]);
    // The size is the same, the time is not.
    tree.write("a.py", FAULTY.replace("work(1)", "work(2)").as_bytes());
    age(&tree.path("a.py"), 50);
    looks(&tree, &[]);
}

#[test]
fn damage_costs_a_look_and_nothing_else() {
    let tree = tree();
    looks(&tree, &[]);
    let folder = tree.path(".spawnsafe_cache");
    let entry = entries(&folder).remove(0);
    let whole = fs::read(&entry).expect("the entry");
    for at in [0, 40, whole.len() / 2, whole.len() - 1] {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x20;
        fs::write(&entry, bytes).expect("a file");
        looks(&tree, &[]);
        knows(&tree, &[]);
    }
    for length in [0, 31, 32, whole.len() / 2] {
        fs::write(&entry, &whole[..length]).expect("a file");
        looks(&tree, &[]);
    }
}

#[test]
fn another_folder_or_none() {
    let tree = tree();
    tree.run(&["check", "--no-cache"]).exits(1);
    tree.run_with(&["check"], b"", &[("SPAWNSAFE_NO_CACHE", "1")]).exits(1);
    tree.run_with(&["check", "-"], FAULTY.as_bytes(), &[]).exits(1);
    assert!(!tree.path(".spawnsafe_cache").exists());
    looks(&tree, &["--cache-dir", "kept/here"]);
    knows(&tree, &["--cache-dir", "kept/here"]);
    tree.write("spawnsafe.toml", b"cache-dir = 'there'\n");
    tree.run_in("jobs", &["check"]).exits(1);
    assert_eq!(entries(&tree.path("there")).len(), 1);
    // A file is no folder: then nothing is kept.
    looks(&tree, &["--cache-dir", "a.py"]);
    looks(&tree, &["--cache-dir", "a.py"]);
    assert!(!tree.path(".spawnsafe_cache").exists());
}

#[test]
fn nothing_is_kept_of_files_that_say_nothing() {
    let tree = Tree::new(&[("a.py", "print(1)\n")]);
    tree.run(&["check"]).exits(0);
    assert!(!tree.path(".spawnsafe_cache").exists());
}

#[test]
fn what_was_not_of_use_for_longest_goes_first() {
    let tree = tree();
    looks(&tree, &[]);
    let folder = tree.path(".spawnsafe_cache");
    let first = entries(&folder).remove(0);
    let whole = fs::read(&first).expect("the entry");
    for number in 0..80 {
        let path = folder.join(format!("{number:032x}.report"));
        fs::write(&path, &whole).expect("a file");
        age(&path, 1000 + number);
    }
    knows(&tree, &[]);
    looks(&tree, &["jobs"]);
    let left = entries(&folder);
    assert_eq!(left.len(), 64);
    assert!(left.contains(&first));
    assert!(!left.contains(&folder.join(format!("{:032x}.report", 79))));
}
