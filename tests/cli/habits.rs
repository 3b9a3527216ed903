//! What people know from ruff.

use crate::tree::{FAULTY, MENDED, Tree};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

#[test]
fn check_repairs_and_reports_what_is_left() {
    let left = "from concurrent.futures import ProcessPoolExecutor\nimport threading\nlock = threading.Lock()\nif __name__ == '__main__':\n    with ProcessPoolExecutor() as pool:\n        pool.submit(print, lock)\n";
    let tree = Tree::new(&[("a.py", FAULTY), ("b.py", left)]);
    let ran = tree.run(&["check", "--diff"]).exits(1);
    assert!(ran.text().contains("+        print(pool.submit(work, 1).result())"), "{}", ran.text());
    assert_eq!(tree.read("a.py"), FAULTY);
    let ran = tree.run(&["check", "--fix", "--output-format", "concise"]).exits(1);
    assert!(ran.err.contains("1 finding repaired in 1 file"), "{}", ran.err);
    assert!(ran.text().starts_with("b.py:6:28: SP201 'lock'"), "{}", ran.text());
    assert_eq!(tree.read("a.py"), MENDED);
    tree.run(&["check", "--fix", "a.py"]).exits(0);
    tree.run(&["check", "--diff", "a.py"]).exits(0);
    tree.run(&["check", "--fix", "--diff"]).exits(2);
    let ran = tree.run_with(&["check", "--fix", "-"], FAULTY.as_bytes(), &[]).exits(0);
    assert_eq!(ran.text(), MENDED);
}

#[test]
fn the_files_of_a_run() {
    let tree = Tree::new(&[("a.py", ""), ("b/c.py", ""), ("venv/d.py", ""), ("e/README", "")]);
    assert_eq!(tree.run(&["check", "--show-files"]).exits(0).text(), "a.py\nb/c.py\n");
    assert_eq!(tree.run(&["fix", "--show-files", "b"]).exits(0).text(), "b/c.py\n");
    let ran = tree.run(&["check", "e"]).exits(0);
    assert!(ran.err.contains("no Python file was found"), "{}", ran.err);
    assert!(tree.run(&["check", "b"]).exits(0).err.is_empty());
    let ran = tree.run(&["check", "-v", "--isolated"]).exits(0);
    assert!(ran.err.contains("detail: rules: SP101, "), "{}", ran.err);
}

#[test]
fn options_as_they_stand_in_a_file() {
    let tree = Tree::new(&[("a.py", FAULTY), ("spawnsafe.toml", "select = [\"SP1\"]\n")]);
    assert_eq!(tree.found(&[]).len(), 1);
    assert_eq!(tree.found(&["--config", "select = ['SP2']"]).len(), 0);
    assert_eq!(tree.found(&["--config", "ignore = ['SP101']"]).len(), 0);
    assert_eq!(
        tree.found(&["--config", "ignore = ['SP101']", "--config", "spawnsafe.toml"]).len(),
        0
    );
    assert_eq!(
        tree.found(&["--isolated", "--config", "select = ['SP2']", "--select", "SP1"]).len(),
        1,
        "an option of its own wins"
    );
    let err = tree.run(&["check", "--config", "selct = []"]).exits(2).err;
    assert!(err.contains("did you mean 'select'?"), "{err}");
    let err = tree.run(&["check", "--isolated", "--config", "spawnsafe.toml"]).exits(2).err;
    assert!(err.contains("--isolated"), "{err}");
    let out = tree.run(&["config", "--config", "bind = 'partial'"]).exits(0).text();
    assert!(out.contains("bind = \"partial\"  # --config"), "{out}");
}

#[test]
fn options_of_the_environment() {
    let tree = Tree::new(&[("a.py", FAULTY)]);
    let ran = |arguments: &[&str], variables: &[(&str, &str)]| {
        tree.run_with(arguments, b"", variables).text()
    };
    let concise = [("SPAWNSAFE_OUTPUT_FORMAT", "concise")];
    assert!(ran(&["check"], &concise).starts_with("a.py:5:27: SP101 [*]"));
    assert!(ran(&["fix"], &concise).starts_with("--- a/a.py"), "a patch is no format of findings");
    assert_eq!(ran(&["check", "-q"], &[("SPAWNSAFE_SELECT", "SP2,SP3")]), "");
    assert_eq!(ran(&["check", "-q"], &[("SPAWNSAFE_CONFIG", "ignore = ['SP1']")]), "");
    tree.run_with(&["check"], b"", &[("SPAWNSAFE_TARGET_VERSION", "3.99")]).exits(2);
}

#[test]
fn versions_that_are_not_known() {
    let tree = Tree::new(&[
        ("a.py", ""),
        ("pyproject.toml", "[project]\nname = 'x'\nrequires-python = '>=3.5'\n[tool.spawnsafe]\n"),
    ]);
    for wrong in ["3.99", "2.7", "py27", "three"] {
        let err = tree.run(&["check", "--target-version", wrong]).exits(2).err;
        assert!(err.contains("--target-version: "), "{err}");
    }
    tree.run(&["check", "--target-version", "py314"]).exits(0);
    let out = tree.run(&["config"]).exits(0).text();
    assert!(out.contains("target-version = \"3.6\""), "the oldest that is known: {out}");
}

#[test]
fn families_of_rules() {
    let tree =
        Tree::new(&[("a.py", &FAULTY.replace("1)).result())", "1)).result())  # noqa: SP1"))]);
    assert_eq!(tree.found(&[]).len(), 0);
    let ran = tree.run(&["check", "--warn-unused-ignores"]).exits(0);
    assert!(ran.err.is_empty(), "{}", ran.err);
    tree.write("a.py", FAULTY.replace("1)).result())", "1)).result())  # noqa: S1").as_bytes());
    assert_eq!(tree.found(&[]).len(), 1, "codes of other tools");
    tree.write("b.py", b"x = 1  # spawnsafe: ignore[SP2]\n");
    let ran = tree.run(&["check", "--warn-unused-ignores", "b.py"]).exits(0);
    assert!(ran.err.contains("unused suppression of SP2"), "{}", ran.err);
    let pages = tree.run(&["explain", "SP3"]).exits(0).text();
    assert_eq!(pages.matches("\n## What it finds\n").count(), 4);
    let one = tree.run(&["rule", "SP101", "--output-format", "json"]).exits(0).json();
    assert_eq!(
        (one["code"].as_str(), one["name"].as_str()),
        (Some("SP101"), Some("lambda-callable"))
    );
    let all = tree.run(&["rule", "--all", "--output-format", "json"]).exits(0).json();
    assert_eq!(all.as_array().map(Vec::len), Some(spawnsafe::rules::ALL.len()));
    tree.run(&["explain", "X9"]).exits(2);
}

#[test]
fn the_mark_stands_only_where_fix_would_do_it() {
    let text = "from concurrent.futures import ProcessPoolExecutor\nclass Bad(Exception):\n    def __init__(self, a, b):\n        super().__init__(a)\ndef work(a):\n    raise Bad(a, 1)\nif __name__ == '__main__':\n    with ProcessPoolExecutor() as pool:\n        pool.submit(work, 1).result()\n";
    let tree = Tree::new(&[("a.py", text)]);
    let line = |arguments: &[&str]| {
        let mut all = vec!["check", "--output-format", "concise"];
        all.extend(arguments);
        tree.run(&all).text()
    };
    assert!(line(&[]).contains(": SP204 ") && !line(&[]).contains("[*]"), "{}", line(&[]));
    assert!(line(&["--unsafe-fixes"]).contains(": SP204 [*] "), "{}", line(&["--unsafe-fixes"]));
    assert!(line(&["--config", "unsafe-fixes = true"]).contains(": SP204 [*] "));
}

#[test]
fn help_has_examples_and_manuals_are_printed() {
    let tree = Tree::new(&[]);
    for command in ["check", "fix", "review", "migrate", "explain", "config", "completions"] {
        let help = tree.run(&[command, "--help"]).exits(0).text();
        assert!(help.contains("Examples:\n"), "{command}");
        let page = tree.run(&["man", command]).exits(0).text();
        assert!(page.contains(&format!(".TH spawnsafe-{command} 1")), "{page}");
    }
    tree.run(&["man", "nothing"]).exits(2);
    for shell in ["bash", "zsh", "fish"] {
        let script = tree.run(&["completions", shell]).exits(0).text();
        assert!(script.contains("SP101") && script.contains("lambda-callable"), "{shell}");
    }
}

#[test]
fn colours_of_a_patch() {
    let tree = Tree::new(&[("a.py", FAULTY)]);
    let colored = tree.run(&["fix", "--color", "always"]).exits(0).text();
    assert!(
        colored.contains("\x1b[32m+        print(pool.submit(work, 1).result())\x1b[0m\n"),
        "{colored}"
    );
    assert!(colored.contains("\x1b[1m--- a/a.py\x1b[0m\n"), "{colored}");
    let asked = tree.run_with(&["fix", "-i", "--color", "always"], b"n\n", &[]).exits(0).text();
    assert!(asked.contains("\x1b[32m+ "), "{asked}");
    let plain = tree.run(&["fix"]).exits(0).text();
    assert!(!plain.contains('\x1b'));
}

#[test]
fn what_can_be_said_to_a_fix() {
    let files = || Tree::new(&[("a.py", FAULTY), ("b.py", FAULTY), ("c/d.py", FAULTY)]);
    let mended = |tree: &Tree| ["a.py", "b.py", "c/d.py"].map(|path| tree.read(path) == MENDED);
    let tree = files();
    let out = tree.run_with(&["fix", "-i"], b"?\ny\nn\nq\n", &[]).exits(0).text();
    assert!(
        out.contains("[1/3] Apply this fix?") && out.contains("[3/3] Apply this fix?"),
        "{out}"
    );
    assert!(out.contains("  r  leave out this one and all others of this rule"), "{out}");
    assert_eq!(mended(&tree), [true, false, false]);
    let tree = files();
    tree.run_with(&["fix", "-i"], b"y\nr\n", &[]).exits(0);
    assert_eq!(mended(&tree), [true, false, false]);
    let tree = files();
    tree.run_with(&["fix", "-i"], b"f\ny\nn\n", &[]).exits(0);
    assert_eq!(mended(&tree), [false, true, false]);
}

#[cfg(unix)]
#[test]
fn a_place_is_edited_meanwhile() {
    use std::os::unix::fs::PermissionsExt;
    let tree = Tree::new(&[("a.py", FAULTY), ("b.py", FAULTY)]);
    tree.write("editor", b"#!/bin/sh\necho \"$@\" > called\necho '# seen' >> \"$2\"\n");
    let editor = tree.path("editor");
    std::fs::set_permissions(&editor, std::fs::Permissions::from_mode(0o755)).expect("a mode");
    let editor = editor.to_string_lossy().into_owned();
    let variables = [("EDITOR", editor.as_str()), ("PATH", "/usr/bin:/bin")];
    tree.run_with(&["fix", "-i"], b"e\ny\n", &variables).exits(0);
    assert_eq!(tree.read("called"), "+5 a.py\n");
    assert_eq!(tree.read("a.py"), format!("{FAULTY}# seen\n"), "it was declined and edited");
    assert_eq!(tree.read("b.py"), MENDED, "the next was asked about");
}

#[test]
fn watching() {
    let tree = Tree::new(&[("a.py", FAULTY)]);
    let mut child = Command::new(env!("CARGO_BIN_EXE_spawnsafe"))
        .args(["check", "--watch", "--output-format", "concise", "."])
        .current_dir(tree.root())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the command starts");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let mut next = || lines.next().expect("a line").expect("text");
    assert!(next().contains("SP101"));
    assert_eq!(next(), "Found 1 finding.");
    next();
    next();
    tree.write("a.py", MENDED.as_bytes());
    let last = next();
    child.kill().expect("it runs");
    child.wait().expect("it ends");
    assert_eq!(last, "No findings in 1 file.");
}

const LONG: &str = "\
from concurrent.futures import ProcessPoolExecutor


def render(name, *, size, folder): return name, size, folder


def run(names, size, folder):
    with ProcessPoolExecutor() as pool:
        return list(pool.map(lambda name: render(name, size=size, folder=folder), names))
";

/// A file that the formatter accepts stays one: lines are broken where it would break them.
#[test]
fn lines_are_as_long_as_the_project_wants_them() {
    let tree = Tree::new(&[("a.py", LONG)]);
    let fixed = |arguments: &[&str]| {
        let mut all = vec!["fix", "--write", "--stdin-filename", "a.py", "-"];
        all.extend(arguments);
        tree.run_with(&all, LONG.as_bytes(), &[]).exits(0).text()
    };
    let one =
        "        return list(pool.map(partial(_render_one, size=size, folder=folder), names))\n";
    assert!(fixed(&[]).contains(one), "{}", fixed(&[]));
    let broken = "        return list(\n            pool.map(partial(_render_one, size=size, folder=folder), names)\n        )\n";
    assert!(fixed(&["--config", "line-length = 79"]).contains(broken));
    tree.write("pyproject.toml", b"[tool.black]\nline-length = 79\n");
    assert!(fixed(&[]).contains(broken), "what black is told");
    tree.write("ruff.toml", b"line-length = 120\n");
    assert!(fixed(&[]).contains(one), "ruff's own file comes first");
}

#[cfg(unix)]
#[test]
fn a_formatter_has_the_last_word() {
    use std::os::unix::fs::PermissionsExt;
    let tree = Tree::new(&[("a.py", FAULTY), ("b.py", MENDED), ("bin/x.txt", "")]);
    tree.write(
        "formatter",
        b"#!/bin/sh\n[ \"$1\" = -q ] || exit 3\necho '# formatted' >> \"$2\"\n",
    );
    let program = tree.path("formatter");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("a mode");
    let command = format!("'{}' -q", program.display());
    std::os::unix::fs::symlink(&program, tree.path("bin/black")).expect("a link");
    let path = format!("{}:/usr/bin:/bin", tree.path("bin").display());
    let variables = [("PATH", path.as_str())];
    let run = |arguments: &[&str]| tree.run_with(arguments, b"", &variables);
    let patch = run(&["fix", "--format-command", &command]).exits(0).text();
    assert!(patch.contains("+# formatted\n") && !patch.contains("b.py"), "{patch}");
    assert_eq!(tree.read("a.py"), FAULTY);
    let failing = run(&["fix", "--format-command", &program.to_string_lossy()]).exits(0);
    assert!(failing.err.contains("a.py: is not formatted: "), "{}", failing.err);
    assert!(failing.text().contains("+        print(pool.submit(work, 1)"), "{}", failing.text());
    tree.write("spawnsafe.toml", format!("format-command = \"{command}\"\n").as_bytes());
    let refused = run(&["fix"]).exits(0);
    assert!(
        refused.err.contains("is not run: a file may name one of 'ruff format'"),
        "{}",
        refused.err
    );
    assert!(!refused.text().contains("formatted"), "{}", refused.text());
    std::fs::write(&program, "#!/bin/sh\necho '# formatted' >> \"$1\"\n").expect("the program");
    tree.write("spawnsafe.toml", b"format-command = \"black\"\n");
    run(&["check", "--fix"]).exits(0);
    assert_eq!(tree.read("a.py"), format!("{MENDED}# formatted\n"));
    assert_eq!(tree.read("b.py"), MENDED, "only what was rewritten is formatted");
    let left: Vec<_> = std::fs::read_dir(tree.root())
        .expect("the folder")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.starts_with(".spawnsafe-"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

/// A formatter that `.ci/get-linters` brings, or that is on the path.
fn formatter(name: &str) -> Option<std::path::PathBuf> {
    let brought = std::env::var_os("SPAWNSAFE_LINTERS").map(std::path::PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = brought
        .into_iter()
        .chain(std::env::split_paths(&path))
        .map(|folder| folder.join(name))
        .find(|program| program.is_file());
    if found.is_none() {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "CI needs {name}");
        eprintln!("\n*** SKIPPED: no {name}: .ci/get-linters brings it ***\n");
    }
    found
}

/// What the formatter accepts it accepts after `fix`, and with it as `format-command` the result is what it makes.
#[test]
fn formatters_accept_what_they_accepted() {
    // One line of 88 columns that the fix makes one longer.
    let long = LONG.replace("name: render(name", "x: render(x").replace("names", "file_names");
    let sources = [FAULTY.to_owned(), long].map(|text| text + "\nx = {  'a':1 }\n");
    for (name, arguments) in [("ruff", &["format", "--no-cache"][..]), ("black", &["-q"])] {
        let Some(program) = formatter(name) else { continue };
        let format = |tree: &Tree, more: &[&str]| {
            let run = std::process::Command::new(&program)
                .args(arguments)
                .args(more)
                .args(["a.py", "b.py"])
                .current_dir(tree.root())
                .output();
            run.expect("it starts").status.success()
        };
        let [one, two] = sources.each_ref().map(String::as_str);
        let tree = Tree::new(&[("a.py", one), ("b.py", two)]);
        assert!(format(&tree, &[]), "{name} takes them");
        tree.run(&["fix", "--write", "a.py", "b.py"]).exits(0);
        assert!(!tree.read("a.py").contains("lambda") && !tree.read("b.py").contains("lambda"));
        assert!(format(&tree, &["--check"]), "{name}: {}{}", tree.read("a.py"), tree.read("b.py"));

        let tree = Tree::new(&[("a.py", one), ("b.py", two)]);
        let words: Vec<_> = std::iter::once(program.to_str().expect("UTF-8"))
            .chain(arguments.iter().copied())
            .collect();
        let ran =
            tree.run(&["fix", "--write", "--format-command", &words.join(" "), "a.py", "b.py"]);
        assert!(!ran.err.contains("warning"), "{name}: {}", ran.err);
        ran.exits(0);
        assert!(tree.read("a.py").contains("x = {\"a\": 1}"), "{name}: {}", tree.read("a.py"));
        assert!(format(&tree, &["--check"]), "{name}: {}{}", tree.read("a.py"), tree.read("b.py"));
    }
}
