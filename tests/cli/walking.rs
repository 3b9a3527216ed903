//! Which files are looked at.

use crate::tree::{FAULTY, Tree};

#[test]
fn python_files_and_python_scripts() {
    let tree = Tree::new(&[
        ("a.py", FAULTY),
        ("b.pyw", FAULTY),
        ("c.pyi", FAULTY),
        ("d.txt", FAULTY),
        ("run", &format!("#!/usr/bin/env python3.12\n{FAULTY}")),
        ("other", &format!("#!/bin/sh\n{FAULTY}")),
        ("plain", FAULTY),
        ("pythonic", &format!("#!/usr/bin/pythonista\n{FAULTY}")),
        ("z/y/x.py", FAULTY),
    ]);
    assert_eq!(tree.found(&[]), ["a.py", "b.pyw", "run", "z/y/x.py"]);
    assert_eq!(
        tree.found(&["d.txt", "c.pyi"]),
        ["d.txt"],
        "a named file wins, but stubs are checked by nothing"
    );
    assert_eq!(tree.found(&["z", "z/y/x.py", "./z"]), ["z/y/x.py"], "each file once");
    let absolute = tree.path("z").to_string_lossy().into_owned();
    assert_eq!(
        tree.found(&[&absolute]),
        ["z/y/x.py"],
        "paths below the current folder are shown from there"
    );
}

#[test]
fn ignored_hidden_and_excluded() {
    let tree = Tree::new(&[
        ("a.py", FAULTY),
        (".gitignore", "build/\n"),
        ("build/a.py", FAULTY),
        (".hidden/a.py", FAULTY),
        (".venv/a.py", FAULTY),
        (".git/hooks/a.py", FAULTY),
        ("venv/a.py", FAULTY),
        ("src/node_modules/a.py", FAULTY),
        ("src/gen/a.py", FAULTY),
    ]);
    assert_eq!(tree.found(&[]), [".hidden/a.py", "a.py", "src/gen/a.py"], "hidden ones as in ruff");
    assert_eq!(
        tree.found(&["--no-respect-gitignore"]),
        [".hidden/a.py", "a.py", "build/a.py", "src/gen/a.py"]
    );
    assert_eq!(tree.found(&["--extend-exclude", "gen"]), [".hidden/a.py", "a.py"]);
    assert_eq!(tree.found(&["--extend-exclude", "src/gen"]), [".hidden/a.py", "a.py"]);
    assert_eq!(tree.found(&["--extend-exclude", "*.py"]), Vec::<String>::new());
    assert_eq!(
        tree.found(&["--exclude", "gen", "src", "venv"]),
        ["src/node_modules/a.py", "venv/a.py"]
    );
    assert_eq!(
        tree.found(&["build/a.py", ".hidden", "venv/a.py"]),
        [".hidden/a.py", "build/a.py", "venv/a.py"],
        "explicit paths win"
    );
    assert_eq!(tree.found(&["--force-exclude", "venv/a.py", "a.py"]), ["a.py"]);
}

#[cfg(unix)]
#[test]
fn links() {
    use std::os::unix::fs::symlink;
    let tree = Tree::new(&[("pkg/a.py", FAULTY), ("real/b.txt", FAULTY)]);
    symlink("..", tree.path("pkg/loop")).expect("a link");
    symlink("a.py", tree.path("pkg/0_same.py")).expect("a link");
    symlink("../real/b.txt", tree.path("pkg/b.py")).expect("a link");
    assert_eq!(
        tree.found(&[]),
        ["pkg/a.py", "pkg/b.py"],
        "a link to a file that is walked is not looked at twice"
    );
    tree.run(&["fix", "--write", "-q"]).exits(0);
    assert!(tree.path("pkg/b.py").is_symlink());
    assert!(tree.read("real/b.txt").contains("pool.submit(work, 1)"), "the real file is changed");
    symlink("nowhere", tree.path("pkg/broken.py")).expect("a link");
    symlink("ring2.py", tree.path("pkg/ring1.py")).expect("a link");
    symlink("ring1.py", tree.path("pkg/ring2.py")).expect("a link");
    let json = tree.run(&["check", "--output-format", "json"]).exits(1).json();
    let errors: Vec<&str> = json["errors"]
        .as_array()
        .expect("errors")
        .iter()
        .filter_map(|error| error["path"].as_str())
        .collect();
    assert_eq!(errors, ["pkg/broken.py", "pkg/ring1.py", "pkg/ring2.py"]);
    tree.run(&["check", "pkg/broken.py"]).exits(2);
}

#[test]
fn the_order_does_not_depend_on_threads() {
    let files: Vec<(String, &str)> =
        (0..40).map(|number| (format!("d{}/f{number}.py", number % 7), FAULTY)).collect();
    let files: Vec<(&str, &str)> =
        files.iter().map(|(path, text)| (path.as_str(), *text)).collect();
    let tree = Tree::new(&files);
    let one = tree.run(&["check", "--threads", "1"]).exits(1).out;
    let many = tree.run(&["check", "--threads", "16"]).exits(1).out;
    assert_eq!(one, many);
}

/// A hook passes one file at a time. A module that another file imports is no script, whoever is named.
#[test]
fn a_named_file_is_judged_with_its_project() {
    let tree = Tree::new(&[
        ("pyproject.toml", "[project]\nname = \"x\"\n"),
        (
            "tables.py",
            "from multiprocessing import Pool\n\n\ndef entry(n):\n    return n, n\n\n\nwith Pool(2) as pool:\n    TABLE = dict(pool.map(entry, range(4)))\n",
        ),
        (
            "bin/main.py",
            "import sys\n\nsys.path.insert(0, '..')\nfrom tables import TABLE\n\nif __name__ == '__main__':\n    print(TABLE)\n",
        ),
        ("other.py", FAULTY),
    ]);
    let before = std::fs::read(tree.path("tables.py")).expect("the file");
    assert_eq!(
        tree.found(&["tables.py"]),
        ["tables.py"],
        "nothing is reported in the files around"
    );
    tree.run(&["fix", "--write", "tables.py"]);
    assert_eq!(
        std::fs::read(tree.path("tables.py")).expect("the file"),
        before,
        "no guard around names that others import"
    );
}

/// What a module is called is told by the folders around the file, not by the current folder.
#[test]
fn the_current_folder_changes_no_answer() {
    let tree = Tree::new(&[
        ("checkout/pkg/__init__.py", ""),
        ("checkout/pkg/sub/__init__.py", ""),
        (
            "checkout/pkg/sub/pools.py",
            "from concurrent.futures import ProcessPoolExecutor\n\n\ndef make():\n    return ProcessPoolExecutor()\n",
        ),
        (
            "checkout/pkg/sub/job.py",
            "from pkg.sub.pools import make\n\n\ndef run(xs):\n    with make() as pool:\n        return list(pool.map(lambda x: x + 1, xs))\n",
        ),
        ("elsewhere/README", ""),
    ]);
    let from = |folder: &str, path: &str| {
        let ran = tree.run_in(folder, &["check", "--output-format", "json", "--exit-zero", path]);
        let json = ran.exits(0).json();
        let findings = json["findings"].as_array().expect("findings").iter();
        findings
            .map(|finding| {
                let path = finding["path"].as_str().expect("a path");
                let name = path.rsplit('/').next().expect("a name");
                format!("{name}:{} {}", finding["line"], finding["code"])
            })
            .collect::<Vec<_>>()
    };
    let all = from("checkout", "pkg");
    assert_eq!(all.len(), 1, "{all:?}");
    assert_eq!(from("checkout/pkg", "."), all);
    assert_eq!(from("checkout/pkg/sub", "."), all, "the package around a folder is known");
    assert_eq!(from("checkout/pkg/sub", "job.py"), all);
    assert_eq!(from("elsewhere", "../checkout/pkg"), all);
    assert_eq!(from("elsewhere", "../checkout/pkg/sub/job.py"), all);
    assert_eq!(from("", &tree.path("checkout/pkg").to_string_lossy()), all);
}

/// Neither git nor patch takes a path with `..`: the patch starts from a folder that holds all changes.
#[test]
fn a_patch_of_files_outside_of_the_current_folder_applies() {
    let tree = Tree::new(&[
        ("repo/a/one.py", FAULTY),
        ("repo/b/two.py", FAULTY),
        ("apart/c/three.py", FAULTY),
        ("apart/d/four.py", FAULTY),
        ("apart/d/e/README", ""),
    ]);
    let git = |folder: &str, arguments: &[&str]| {
        let done = std::process::Command::new("git")
            .args(arguments)
            .current_dir(tree.path(folder))
            .output()
            .expect("git is there");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    git("repo", &["init", "-q"]);
    for (cwd, paths, start) in [
        ("repo/a", vec!["../b", "."], "repo"),
        ("apart/d/e", vec!["../../c", "../four.py"], "apart"),
    ] {
        let mut arguments = vec!["fix"];
        arguments.extend(&paths);
        let ran = tree.run_in(cwd, &arguments).exits(0);
        let folder = std::fs::canonicalize(tree.path(start)).expect("the folder");
        assert!(ran.err.contains(&format!("start from {}", folder.display())), "{}", ran.err);
        assert!(!ran.text().contains(".."), "{}", ran.text());
        tree.write(&format!("{start}/patch"), &ran.out);
        git(start, &["apply", "patch"]);
    }
    for path in ["repo/a/one.py", "repo/b/two.py", "apart/c/three.py", "apart/d/four.py"] {
        assert!(tree.read(path).contains("pool.submit(work, 1)"), "{path}");
    }
}
