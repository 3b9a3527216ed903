//! The page of error messages has the words that each Python on this machine really prints.

use crate::root;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

/// Every Python 3.8 or newer that is found: on the PATH, beside pyenv's, and the one that `.ci/run` brings.
fn pythons() -> BTreeSet<PathBuf> {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&folders).collect();
    folders.extend(
        std::env::var_os("SPAWNSAFE_PYTHON_NEXT").map(|next| PathBuf::from(next).join("bin")),
    );
    if let Some(home) = std::env::var_os("HOME") {
        let versions = std::fs::read_dir(PathBuf::from(home).join(".pyenv/versions"));
        folders
            .extend(versions.into_iter().flatten().flatten().map(|entry| entry.path().join("bin")));
    }
    let names = (8..=15).map(|minor| format!("python3.{minor}")).collect::<Vec<_>>();
    let all = folders.iter().flat_map(|folder| names.iter().map(|name| folder.join(name)));
    all.filter(|path| path.is_file()).collect()
}

/// A message without what differs from machine to machine.
fn plain(line: &str) -> String {
    let mut out = line.to_owned();
    if let (Some(from), true) = (out.find(" from '"), out.ends_with("'>")) {
        out.replace_range(from + 7..out.len() - 2, "…");
    }
    out
}

#[test]
fn what_python_prints_is_on_the_page() {
    let page = std::fs::read_to_string(root().join("docs/errors.md")).expect("the page");
    let page = page.replace(" at 0x…", "");
    let mut wrong = BTreeSet::new();
    for python in pythons() {
        let output = Command::new(&python)
            .args(["-W", "ignore", "tests/site/messages.py"])
            .current_dir(root())
            .output();
        let Ok(output) = output else { continue };
        for line in String::from_utf8_lossy(&output.stdout).lines().map(plain) {
            if !page.lines().any(|have| have == line) {
                wrong.insert(format!("{line}   ({})", python.display()));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "not in docs/errors.md:\n{}",
        wrong.into_iter().collect::<Vec<_>>().join("\n")
    );
}
