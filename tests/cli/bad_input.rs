//! Input that cannot be done costs a diagnostic and nothing else.

use crate::tree::{FAULTY, MENDED, Tree};

/// The message for a bad file beside a good one; checks exit codes of walking and of naming it.
#[track_caller]
fn diagnosed(name: &str, bytes: &[u8]) -> String {
    let tree = Tree::new(&[("good.py", FAULTY)]);
    tree.write(name, bytes);
    let json = tree.run(&["check", "--output-format", "json"]).exits(1).json();
    assert_eq!(json["findings"][0]["path"], "good.py", "the rest of the run goes on");
    let errors = json["errors"].as_array().expect("errors");
    assert_eq!(errors.len(), 1, "{json:#}");
    assert_eq!(errors[0]["path"], name);
    tree.run(&["check", name]).exits(2);
    let fix = tree.run(&["fix", "--write"]).exits(0);
    assert!(fix.err.contains(name), "{}", fix.err);
    assert_eq!(
        std::fs::read(tree.path(name)).expect("the file"),
        bytes,
        "a bad file is left alone"
    );
    assert_eq!(tree.read("good.py"), MENDED);
    let place = errors[0]["line"].as_u64().map_or(String::new(), |line| format!("{line}: "));
    place + errors[0]["message"].as_str().expect("a message")
}

/// Files that are parsed at all mention a process API.
const IMPORT: &str = "from multiprocessing import Pool\n";

#[test]
fn syntax_error() {
    let message = diagnosed("bad.py", format!("{IMPORT}x = 1\ndef f(:\n    pass\n").as_bytes());
    assert!(message.starts_with("3: "), "{message}");
}

#[test]
fn not_utf8_without_a_cookie() {
    let message = diagnosed("bad.py", b"from multiprocessing import Pool\nname = '\xe9'\n");
    assert!(message.contains("UTF-8") && message.contains("PEP 263"), "{message}");
}

#[test]
fn a_named_file_is_parsed_whatever_it_mentions() {
    let tree = Tree::new(&[
        ("old.py", "print 'no process in sight'\nexec \"x\" in y z\n"),
        ("a.py", "x = 1\n"),
    ]);
    tree.write("latin.py", b"# caf\xe9\n");
    tree.run(&["check"]).exits(0);
    assert!(tree.run(&["check", "old.py"]).exits(2).err.contains("old.py:1:"));
    tree.run(&["check", "latin.py", "a.py"]).exits(2);
    tree.run(&["check", "a.py"]).exits(0);
}

#[test]
fn an_unknown_encoding() {
    let message = diagnosed("bad.py", b"# coding: klingon\nfrom multiprocessing import Pool\n");
    assert!(message.contains("klingon"), "{message}");
}

#[test]
fn a_cookie_is_obeyed() {
    let tree = Tree::new(&[]);
    let text = |body: &str| -> Vec<u8> {
        let body = body.replace("as pool:", "as pool:  # caf\u{e9}");
        // Latin-1 is the first 256 characters of Unicode.
        format!("# -*- coding: latin-1 -*-\n{body}")
            .chars()
            .map(|c| u8::try_from(u32::from(c)).expect("latin-1"))
            .collect()
    };
    tree.write("a.py", &text(FAULTY));
    let patch = tree.run(&["fix"]).exits(0);
    assert!(
        patch.out.windows(2).any(|pair| pair == b"f\xe9"),
        "the diff holds the file's own bytes"
    );
    tree.run(&["fix", "--write"]).exits(0);
    assert_eq!(std::fs::read(tree.path("a.py")).expect("the file"), text(MENDED));
}

#[test]
fn empty_files() {
    let tree = Tree::new(&[("empty.py", ""), ("blank.py", "\n\n"), ("bom.py", "\u{feff}")]);
    tree.run(&["check"]).exits(0);
    assert!(tree.run(&["fix"]).exits(0).out.is_empty());
}

#[test]
fn deep_nesting() {
    for (open, close) in [
        ("(", ")"),
        ("[", "]"),
        ("{1:", "}"),
        ("f(", ")"),
        ("-", ""),
        ("not ", ""),
        ("lambda: ", ""),
        ("a.", "b"),
        ("x if y else ", ""),
    ] {
        let text = format!(
            "{IMPORT}x = {}1{}\n",
            open.repeat(2_000),
            close.repeat(if close == "b" { 1 } else { 2_000 })
        );
        let tree = Tree::new(&[("deep.py", &text), ("good.py", FAULTY)]);
        let ran = tree.run(&["check", "--output-format", "json"]).exits(1);
        assert_eq!(ran.json()["findings"][0]["path"], "good.py", "{open}");
    }
    let blocks: String = (0..2_000).map(|depth| format!("{}if x:\n", " ".repeat(depth))).collect();
    let text = format!("{IMPORT}{blocks}{}pass\n", " ".repeat(2_000));
    let message = diagnosed("deep.py", text.as_bytes());
    assert!(
        message.contains("nested too deeply") || message.contains("invalid syntax"),
        "{message}"
    );
}

#[test]
fn large_files() {
    let line = "value = [1, 2, 3, 'some text that fills the line', {'a': 1}]\n";
    let tree = Tree::new(&[("good.py", FAULTY)]);
    tree.write("ten.py", (IMPORT.to_owned() + &line.repeat((10 << 20) / line.len())).as_bytes());
    let json = tree.run(&["check", "--output-format", "json"]).exits(1).json();
    assert_eq!(json["findings"][0]["path"], "good.py");
    assert_eq!(json["errors"].as_array().map(Vec::len), Some(0), "ten megabytes are done");
    tree.write("ten.py", (IMPORT.to_owned() + &line.repeat((20 << 20) / line.len())).as_bytes());
    let json = tree.run(&["check", "--output-format", "json"]).exits(1).json();
    assert!(
        json["errors"][0]["message"].as_str().is_some_and(|message| message.contains("bytes long")),
        "{json:#}"
    );
}

#[cfg(unix)]
#[test]
fn unreadable() {
    use std::os::unix::fs::PermissionsExt;
    let tree = Tree::new(&[("good.py", FAULTY), ("closed.py", FAULTY), ("folder/a.py", FAULTY)]);
    for name in ["closed.py", "folder"] {
        std::fs::set_permissions(tree.path(name), std::fs::Permissions::from_mode(0o0))
            .expect("a mode");
    }
    // The superuser reads everything; then both files are simply found.
    let superuser = std::fs::read(tree.path("closed.py")).is_ok();
    let ran = tree.run(&["check", "--output-format", "json"]).exits(1);
    let named = tree.run(&["check", "folder"]);
    std::fs::set_permissions(tree.path("folder"), std::fs::Permissions::from_mode(0o755))
        .expect("a mode");
    let errors: Vec<String> =
        ran.json()["errors"].as_array().expect("errors").iter().map(ToString::to_string).collect();
    if superuser {
        assert!(errors.is_empty(), "{errors:?}");
    } else {
        named.exits(2);
        assert_eq!(errors.len(), 2, "{errors:?}");
        assert!(errors.iter().all(|error| error.contains("permission denied")), "{errors:?}");
    }
}

#[test]
fn a_folder_named_like_a_file_and_special_files() {
    let tree = Tree::new(&[("odd.py/inner.py", FAULTY)]);
    assert_eq!(tree.found(&[]), ["odd.py/inner.py"]);
    #[cfg(target_os = "linux")]
    tree.run(&["check", "/dev/null"]).exits(2);
}

#[test]
fn notebooks_are_refused_aloud() {
    let cell = "{\"cells\": [{\"source\": [\"from multiprocessing import Pool\"]}]}";
    let message = diagnosed("work.ipynb", cell.as_bytes());
    assert!(message.contains("notebook"), "{message}");
    let tree = Tree::new(&[("plot.ipynb", "{\"cells\": []}"), ("good.py", MENDED)]);
    tree.run(&["check"]).exits(0);
    tree.run(&["check", "plot.ipynb"]).exits(2);
}
