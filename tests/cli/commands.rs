//! Commands, options and exit codes.

use crate::tree::{FAULTY, MENDED, Tree};
use std::process::{Command, Stdio};

#[test]
fn exit_codes_of_check() {
    let tree = Tree::new(&[("a.py", FAULTY), ("clean.py", "x = 1\n")]);
    tree.run(&["check"]).exits(1);
    tree.run(&["check", "clean.py"]).exits(0);
    tree.run(&["check", "--exit-zero"]).exits(0);
    tree.run(&["check", "gone.py"]).exits(2);
    tree.run(&["check", "--exit-zero", "gone.py"]).exits(2);
    tree.run(&["check", "--nonsense"]).exits(2);
    tree.run(&["check", "--select", "XX1"]).exits(2);
    tree.run(&["--version"]).exits(0);
    tree.run(&[]).exits(2);
}

#[test]
fn fix_prints_a_patch_by_default_and_writes_when_asked() {
    let tree = Tree::new(&[("a.py", FAULTY)]);
    let patch = tree.run(&["fix"]).exits(0);
    assert!(patch.text().starts_with("--- a/a.py\n+++ b/a.py\n@@ "), "{}", patch.text());
    assert_eq!(tree.read("a.py"), FAULTY, "nothing is written");
    assert_eq!(tree.run(&["fix", "--diff", "--exit-code"]).exits(1).out, patch.out);
    let wrote = tree.run(&["fix", "--write"]).exits(0);
    assert!(wrote.out.is_empty());
    assert!(wrote.err.contains("1 finding repaired in 1 file"), "{}", wrote.err);
    assert_eq!(tree.read("a.py"), MENDED);
    tree.run(&["fix", "--exit-code"]).exits(0);
    tree.run(&["check"]).exits(0);
    tree.run(&["fix", "--write", "--diff"]).exits(2);
}

#[test]
fn standard_input() {
    let tree = Tree::new(&[]);
    let check = tree
        .run_with(&["check", "--output-format", "concise", "-"], FAULTY.as_bytes(), &[])
        .exits(1);
    assert!(check.text().starts_with("-:5:"), "{}", check.text());
    let check = tree
        .run_with(
            &["check", "--output-format", "concise", "--stdin-filename", "pkg/x.py"],
            FAULTY.as_bytes(),
            &[],
        )
        .exits(1);
    assert!(check.text().starts_with("pkg/x.py:5:"), "{}", check.text());
    let fixed = tree
        .run_with(&["fix", "--write", "--stdin-filename", "x.py"], FAULTY.as_bytes(), &[])
        .exits(0);
    assert_eq!(fixed.text(), MENDED);
    let same = tree.run_with(&["fix", "--write", "-"], b"x = 1", &[]).exits(0);
    assert_eq!(same.text(), "x = 1", "a source without findings comes out as it went in");
    let excluded = ["--force-exclude", "--exclude", "gen", "--stdin-filename", "gen/x.py"];
    tree.run_with(&[&["check"], &excluded[..]].concat(), FAULTY.as_bytes(), &[]).exits(0);
    assert_eq!(
        tree.run_with(&[&["fix", "--write"], &excluded[..]].concat(), FAULTY.as_bytes(), &[])
            .exits(0)
            .text(),
        FAULTY
    );
    tree.run_with(&["check", "--stdin-filename", "x.pyi"], FAULTY.as_bytes(), &[]).exits(0);
    let crlf = FAULTY.replace('\n', "\r\n");
    assert_eq!(
        tree.run_with(&["fix", "--write", "-"], crlf.as_bytes(), &[]).text(),
        MENDED.replace('\n', "\r\n")
    );
}

#[test]
fn several_reports_at_once() {
    let tree = Tree::new(&[("a.py", FAULTY)]);
    let ran = tree.run(&[
        "check",
        "--output-format",
        "sarif",
        "--output-file",
        "r.sarif",
        "--output-format",
        "json",
        "-o",
        "r.json",
        "--output-format",
        "concise",
    ]);
    assert!(ran.exits(1).text().starts_with("a.py:5:"));
    assert!(tree.read("r.sarif").contains("\"2.1.0\""));
    assert!(tree.read("r.json").contains("\"findings\""));
    tree.run(&["check", "--output-file", "x.json", "--output-format", "json"]).exits(1);
    assert!(tree.read("x.json").starts_with('{'), "either order makes a pair");
    let twice =
        tree.run(&["check", "--output-format", "json", "--output-format", "sarif"]).exits(2);
    assert!(twice.err.contains("--output-file"), "{}", twice.err);
    tree.run(&["check", "--output-format", "diff"]).exits(2);
    let report = tree.run(&["fix", "--output-format", "json"]).exits(0).json();
    assert_eq!(report["fixed"].as_array().map(Vec::len), Some(1));
}

#[test]
fn colours() {
    let tree = Tree::new(&[("a.py", FAULTY)]);
    let colored = |arguments: &[&str], variables: &[(&str, &str)]| {
        let mut all = vec!["check"];
        all.extend(arguments);
        tree.run_with(&all, b"", variables).text().contains('\x1b')
    };
    assert!(!colored(&[], &[]), "a pipe takes no colours");
    assert!(colored(&["--color", "always"], &[("NO_COLOR", "1")]));
    assert!(colored(&[], &[("FORCE_COLOR", "1")]));
    assert!(!colored(&["--color", "never"], &[("FORCE_COLOR", "1")]));
    assert!(!colored(&["--no-color"], &[("FORCE_COLOR", "1")]));
    assert!(!colored(&[], &[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")]));
}

#[test]
fn quiet_and_statistics() {
    let tree = Tree::new(&[("a.py", FAULTY), ("b.py", FAULTY)]);
    assert!(!tree.run(&["check", "-q"]).exits(1).text().contains("Found"));
    assert!(tree.run(&["fix", "-q"]).exits(0).err.is_empty());
    assert_eq!(
        tree.run(&["check", "--statistics"]).exits(1).text(),
        "2  SP101  [*] lambda-callable\n"
    );
    assert_eq!(
        tree.run(&["check", "--statistics", "--output-format", "json"]).exits(1).json()[0]["count"],
        2
    );
}

#[test]
fn selection() {
    let tree = Tree::new(&[("a.py", FAULTY), ("tests/b.py", FAULTY)]);
    assert_eq!(tree.found(&["--select", "SP101"]).len(), 2);
    assert_eq!(tree.found(&["--select", "SP1"]).len(), 2);
    assert_eq!(tree.found(&["--select", "lambda-callable"]).len(), 2);
    assert_eq!(tree.found(&["--select", "SP102"]).len(), 0);
    assert_eq!(tree.found(&["--ignore", "SP101"]).len(), 0);
    assert_eq!(
        tree.found(&["--ignore", "ALL", "--select", "SP101"]).len(),
        2,
        "the more exact selector wins"
    );
    assert_eq!(
        tree.found(&["--select", "SP101", "--ignore", "SP101"]).len(),
        0,
        "of equals, the one that ignores"
    );
    assert_eq!(tree.found(&["--select", "SP102", "--extend-select", "SP101"]).len(), 2);
    assert_eq!(tree.found(&["--per-file-ignores", "tests/*:SP101"]), ["a.py"]);
    assert_eq!(tree.found(&["--per-file-ignores", "!tests/*:SP1"]), ["tests/b.py"]);
    let fixed = tree.run(&["fix", "--per-file-ignores", "tests/*:SP101"]).exits(0).text();
    assert!(
        fixed.contains("a/a.py") && !fixed.contains("tests/b.py"),
        "what is not reported is not fixed: {fixed}"
    );
}

#[test]
fn explain_and_help() {
    let tree = Tree::new(&[]);
    let list = tree.run(&["explain"]).exits(0).text();
    for rule in spawnsafe::rules::ALL {
        assert!(list.contains(&format!("{}  {}", rule.code, rule.name)), "{list}");
        let page = tree.run(&["explain", &rule.code.to_lowercase()]).exits(0).text();
        assert_eq!(page, rule.page);
        assert_eq!(tree.run(&["explain", rule.name]).exits(0).text(), page);
    }
    assert!(tree.run(&["explain", "SP999"]).exits(2).err.contains("lists the rules"));
    let help = tree.run(&["--help"]).exits(0).text();
    for part in ["Examples:", "Exit codes:", "spawnsafe fix src | git apply", "check", "explain"] {
        assert!(help.contains(part), "{part} is missing in\n{help}");
    }
    assert!(tree.run(&["completions", "bash"]).exits(0).text().contains("spawnsafe"));
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    let tree = Tree::new(&[]);
    let text: String =
        (0..3000).map(|number| format!("    pool.submit(lambda: work({number}))\n")).collect();
    tree.write(
        "a.py",
        format!(
            "{}{text}",
            FAULTY.replace(
                "        print(pool.submit(lambda: work(1)).result())\n",
                "        pass\n"
            )
        )
        .as_bytes(),
    );
    let mut child = Command::new(env!("CARGO_BIN_EXE_spawnsafe"))
        .args(["fix"])
        .current_dir(tree.root())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the command starts");
    drop(child.stdout.take());
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}

#[test]
fn interactive() {
    let second = FAULTY.replace("work", "other");
    let tree = Tree::new(&[("a.py", FAULTY), ("b.py", &second)]);
    let ran = tree.run_with(&["fix", "--interactive"], b"what\nn\ny\n", &[]).exits(0);
    assert!(
        ran.text().contains("Apply this fix?")
            && ran.text().contains("+        print(pool.submit(work, 1).result())"),
        "{}",
        ran.text()
    );
    assert_eq!(tree.read("a.py"), FAULTY, "declined");
    assert_eq!(tree.read("b.py"), MENDED.replace("work", "other"), "accepted");
    tree.run_with(&["fix", "--interactive"], b"", &[]).exits(0);
    assert_eq!(tree.read("a.py"), FAULTY, "an end of input declines");
    tree.run_with(&["fix", "-i"], b"a\n", &[]).exits(0);
    assert_eq!(tree.read("a.py"), MENDED);
}

#[cfg(unix)]
#[test]
fn a_file_that_cannot_be_written_is_reported_and_the_others_are_done() {
    use std::os::unix::fs::PermissionsExt;
    let tree = Tree::new(&[("a/a.py", FAULTY), ("b/b.py", FAULTY)]);
    let folder = tree.path("a");
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o555)).expect("a mode");
    // The superuser may write anywhere; then there is nothing to see.
    let allowed = std::fs::write(folder.join("probe"), "").is_ok();
    let ran = tree.run(&["fix", "--write"]);
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755)).expect("a mode");
    assert_eq!(tree.read("b/b.py"), MENDED);
    if allowed {
        ran.exits(0);
    } else {
        assert!(ran.exits(2).err.contains("a/a.py: cannot be written"));
        assert_eq!(tree.read("a/a.py"), FAULTY);
    }
}
