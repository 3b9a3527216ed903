//! No output carries a character that does more than appear, whatever files and folders are called
//! and whatever is in them.

use crate::ground::{FAULTY, Ground, Ran, git};
use std::os::unix::ffi::OsStrExt;

/// Escape sequences in both forms, a marker of the reading direction, the end of a line in Unicode.
const NASTY: &str = "a\u{1b}[31m\u{9b}2J\u{7f}\u{85}\u{202e}\u{2028}\u{7}z";

#[track_caller]
fn harmless(ran: &Ran, what: &str) {
    for (stream, bytes) in [("stdout", &ran.out), ("stderr", &ran.err)] {
        let text = String::from_utf8_lossy(bytes);
        let bad = text.chars().find(|c| {
            (c.is_control() && !matches!(c, '\n' | '\t'))
                || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
        });
        assert_eq!(bad, None, "{what}, {stream}: {text:?}");
    }
}

/// The faulty script with nasty names, comments and strings.
fn nasty_source() -> String {
    FAULTY.replace("work(1)", &format!("work('{NASTY}')")) + &format!("# {NASTY}\n")
}

#[test]
fn every_format() {
    let ground = Ground::new();
    ground.write(&format!("tree/{NASTY}.py"), nasty_source());
    ground.write(&format!("tree/{NASTY}-broken.py"), "def f(:\n  import multiprocessing\n");
    ground.write("tree/broken\n::error::x.py", "multiprocessing = (\n");
    ground.write("tree/faulty\n::error::y.py", FAULTY);
    for format in [
        "text", "concise", "json", "jsonl", "github", "gitlab", "sarif", "rdjson", "rdjsonl",
        "junit",
    ] {
        let ran = ground.run(".", &["check", "tree", "--output-format", format]);
        harmless(&ran, format);
        assert!(!ran.out.is_empty(), "{format}");
        let command = |line: &str| line.starts_with("::error::x") || line.starts_with("::error::y");
        assert!(!ran.text().lines().any(command), "a name is a command: {}", ran.text());
        if matches!(format, "json" | "gitlab" | "sarif" | "rdjson") {
            let _: serde_json::Value = serde_json::from_slice(&ran.out).expect(format);
        }
        harmless(
            &ground.run(".", &["check", "tree", "--statistics", "--output-format", format]),
            format,
        );
    }
    let json = ground.run(".", &["check", "tree", "--output-format", "json"]);
    let value: serde_json::Value = serde_json::from_slice(&json.out).expect("JSON");
    let paths: Vec<&str> = value["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .filter_map(|one| one["path"].as_str())
        .collect();
    assert!(paths.iter().any(|path| path.contains(NASTY)), "JSON holds the name itself: {paths:?}");
}

#[test]
fn what_is_no_report() {
    let ground = Ground::new();
    let name = format!("{NASTY}/{NASTY}.py");
    ground.write(&format!("tree/{name}"), nasty_source());
    for arguments in [
        &["map", "."][..],
        &["map", ".", "--output-format", "json"],
        &["map", ".", "--output-format", "html"],
        &["check", "--show-files", "."],
        &["check", "--verbose", "."],
        &["debug", "flow", &name],
        &["debug", "scopes", &name],
        &["debug", "values", &format!("{name}:5:20")],
        &["debug", "calls", "."],
    ] {
        let ran = ground.run("tree", arguments);
        harmless(&ran, &arguments[..2].join(" "));
        assert!(!ran.out.is_empty() || !ran.err.is_empty(), "{arguments:?}");
    }
}

/// What the hook of `trace` sees of a program: names of classes and keys may be anything.
#[test]
fn what_a_traced_program_is_called() {
    let ground = Ground::new();
    ground.write(
        "p.py",
        format!(
            "import multiprocessing as mp, threading\nclass C: pass\nC.__qualname__ = C.__module__ = '{NASTY}'\n\
             def f(x): pass\nif __name__ == '__main__':\n    c = C()\n    setattr(c, '{NASTY}', threading.Lock())\n    \
             p = mp.Process(target=f, args=({{'{NASTY}': c}},))\n    p.start(); p.join()\n"
        ),
    );
    let ran = ground.run(".", &["trace", "--", "python3", "p.py"]);
    if ran.code == Some(127) {
        eprintln!("\n*** SKIPPED: no python3 ***\n");
        return;
    }
    assert!(ran.text().contains("p.py:"), "{}", ran.text());
    harmless(&ran, "trace");
    crate::ground::pipe(&ground.path("pipe.jsonl"));
    let ran = ground.run(".", &["trace", "--output", "pipe.jsonl", "--", "python3", "p.py"]);
    assert!(ran.exits(2).text().contains("not a regular file"));
}

#[test]
fn words_about_what_is_wrong() {
    let ground = Ground::new();
    ground.write("tree/a.py", nasty_source());
    let nasty_key = NASTY.replace('\u{1b}', "\\u001b").replace(['\u{7}', '\u{7f}'], "");
    for text in [
        format!("\"{nasty_key}\" = 1\n"),
        format!("select = [\"{nasty_key}\"]\n"),
        format!("target-version = \"{nasty_key}\"\n"),
        format!("exclude = [\"[{nasty_key}\"]\n"),
        format!("baseline = \"{nasty_key}\"\n"),
    ] {
        ground.write("tree/spawnsafe.toml", text.as_bytes());
        harmless(&ground.run("tree", &["check"]).exits(2), &text);
        harmless(&ground.run("tree", &["config"]), &text);
    }
    std::fs::remove_file(ground.path("tree/spawnsafe.toml")).expect("it is removed");
    let option = format!("--{NASTY}");
    for arguments in [
        &["check", NASTY][..],
        &["check", "--select", NASTY],
        &["check", "--config", NASTY],
        &["check", "--baseline", NASTY],
        &["check", &option],
        &[NASTY],
        &["explain", NASTY],
        &["fix", "--diff", NASTY],
        &["review", "--base", NASTY],
        &["review", "--diff", NASTY],
        &["migrate", "run", NASTY],
        &["migrate", "plan", "--out", NASTY, "."],
        &["migrate", "report", NASTY],
        &["migrate", "run", ".", "--branch", NASTY],
    ] {
        harmless(&ground.run("tree", arguments), &format!("{arguments:?}"));
    }
}

#[test]
fn changes_of_files_with_such_names() {
    let ground = Ground::new();
    let name = format!("tree/{NASTY}.py");
    ground.write(&name, nasty_source());
    ground.write("tree/other.txt", "x");
    std::fs::hard_link(ground.path(&name), ground.path("tree/other.py.txt")).expect("a name");
    harmless(&ground.run(".", &["check", "--add-ignore", "later", "tree"]), "--add-ignore");
    ground.write(&name, nasty_source());
    harmless(&ground.run(".", &["fix", "--write", "tree"]), "--write");
    let read_only = std::os::unix::fs::PermissionsExt::from_mode(0o444);
    ground.write(&name, nasty_source());
    std::fs::set_permissions(ground.path(&name), read_only).expect("a mode");
    harmless(&ground.run(".", &["fix", "--write", "tree"]), "--write, read-only");
}

#[test]
fn migrations() {
    let ground = Ground::new();
    let repository = ground.repository("clones/one");
    ground.write(&format!("clones/one/{NASTY}.py"), nasty_source());
    git(&repository, &["add", "--all"]);
    git(&repository, &["commit", "--quiet", "-m", NASTY]);
    std::fs::create_dir_all(ground.path(&format!("clones/{NASTY}/.git"))).expect("a folder");
    ground.write("list.txt", format!("clones\nhttps://127.0.0.1:1/{NASTY}\n"));
    for arguments in [
        &["migrate", "plan", "--from", "list.txt", "--out", "out"][..],
        &["migrate", "plan", "--from", "list.txt", "--out", "out", "--json"],
        &["migrate", "run", "--from", "list.txt", "--out", "out", "--retries", "0"],
        &["migrate", "report", "out"],
    ] {
        harmless(&ground.run(".", arguments), &format!("{arguments:?}"));
    }
    for name in ["summary.json", "repositories.jsonl", "report.md", "report.csv", "report.html"] {
        let out = std::fs::read(ground.path("out").join(name)).expect(name);
        let out = String::from_utf8(out).expect(name).replace('\r', "");
        // The page's diff shows a patch, whose characters have their own forms there.
        harmless(&Ran { code: None, out: out.into_bytes(), err: Vec::new() }, name);
    }
    harmless(&ground.run("clones/one", &["review", "--base", "main~1"]), "review");
    for format in ["github", "gitlab"] {
        harmless(
            &ground.run("clones/one", &["review", "--base", "main~1", "--format", format]),
            format,
        );
    }
}

/// Two names that look alike where they are shown are two files.
#[test]
fn names_that_are_no_text_are_told_apart() {
    let ground = Ground::new();
    for name in [&b"caf\xe8.py"[..], b"caf\xe9.py"] {
        let path = ground.path(".").join(std::ffi::OsStr::from_bytes(name));
        if std::fs::write(&path, FAULTY).is_err() {
            eprintln!("\n*** SKIPPED: this file system takes no such names ***\n");
            return;
        }
    }
    let fingerprints = |format: &str, key: &str| {
        let ran = ground.run(".", &["check", "--no-cache", "--output-format", format, "."]);
        let value: serde_json::Value = serde_json::from_slice(&ran.out).expect("JSON");
        let list = if key.is_empty() { &value } else { &value[key] };
        let list = list.as_array().expect("a list").iter();
        list.map(|one| one["fingerprint"].to_string()).collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(fingerprints("json", "findings").len(), 2);
    assert_eq!(fingerprints("gitlab", "").len(), 2);
    let sarif = ground.run(".", &["check", "--output-format", "sarif", "."]).text();
    assert!(sarif.contains("\"caf%E8.py\"") && sarif.contains("\"caf%E9.py\""), "{sarif}");
}

#[test]
fn names_that_are_no_text_are_quoted_in_diffs_as_git_does() {
    let ground = Ground::new();
    std::fs::create_dir_all(ground.path("clone")).expect("a folder");
    git(&ground.path("clone"), &["init", "--quiet"]);
    for name in [
        &b"caf\xe9.py"[..],
        b"\xff\xfe.py",
        "a\u{85}b.py".as_bytes(),
        b"q\"\\\x1b.py",
        "n\u{e4}h.py".as_bytes(),
    ] {
        let path = ground.path("clone").join(std::ffi::OsStr::from_bytes(name));
        if std::fs::write(&path, FAULTY).is_err() {
            eprintln!("\n*** SKIPPED: this file system takes no such names ***\n");
            return;
        }
        let ran = ground.run("clone", &["fix", "--diff", "."]).exits(0);
        harmless(&ran, "diff");
        ground.write("clone/fix.patch", &ran.out);
        git(&ground.path("clone"), &["apply", "fix.patch"]);
        assert_eq!(std::fs::read_to_string(&path).expect("the file"), crate::ground::MENDED);
        std::fs::remove_file(path).expect("it is removed");
    }
}
