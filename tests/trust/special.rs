//! Files that are none: pipes, devices, links in circles, links out of the folder.

use crate::ground::{FAULTY, Ground, MENDED, git, pipe};
use std::os::unix::fs::symlink;
use std::path::Path;

/// What it is called, and what makes it.
type Kind = (&'static str, fn(&Path));

/// Ways in which a file cannot be read to its end.
const KINDS: &[Kind] = &[
    ("a pipe", pipe),
    ("a device", |path| symlink("/dev/zero", path).expect("a link")),
    ("a link to itself", |path| symlink(path.file_name().expect("a name"), path).expect("a link")),
    ("a huge file", |path| {
        std::fs::File::create(path).and_then(|file| file.set_len(1 << 40)).expect("a sparse file");
    }),
];

#[test]
fn files_that_say_what_is_left_out() {
    for name in [".gitignore", ".ignore", ".git/info/exclude"] {
        for (kind, make) in KINDS {
            for folder in ["tree", "tree/sub", "."] {
                let ground = Ground::new();
                ground.write("tree/sub/a.py", FAULTY);
                ground.write("tree/sound/b.py", FAULTY);
                let path = ground.path(folder).join(name);
                std::fs::create_dir_all(path.parent().expect("a folder")).expect("it is made");
                make(&path);
                let what = format!("{name} in {folder} as {kind}");
                let ran = ground.run(".", &["check", "tree", "--output-format", "concise"]);
                assert!(ran.text().contains("not a regular file"), "{what}: {}", ran.text());
                assert!(matches!(ran.code, Some(1 | 2)), "{what}: {:?}", ran.code);
                if folder == "tree/sub" {
                    assert!(
                        ran.text().contains("b.py"),
                        "{what}: the rest is done: {}",
                        ran.text()
                    );
                }
                let ran = ground.run(".", &["check", "tree", "--no-respect-gitignore"]).exits(1);
                assert!(ran.text().contains("a.py"), "{what}: {}", ran.text());
            }
        }
    }
}

#[test]
fn files_that_configure() {
    for name in ["pyproject.toml", "spawnsafe.toml"] {
        for (kind, make) in KINDS {
            let ground = Ground::new();
            ground.write("tree/a.py", FAULTY);
            make(&ground.path("tree").join(name));
            let what = format!("{name} as {kind}");
            for arguments in [&["check", "tree"][..], &["fix", "--write", "tree"]] {
                let ran = ground.run(".", arguments).exits(2);
                assert!(ran.text().contains(name), "{what}: {}", ran.text());
            }
            assert_eq!(ground.read("tree/a.py"), FAULTY);
            let named = format!("tree/{name}");
            ground.run(".", &["check", "--config", &named, "tree"]).exits(2);
        }
    }
    let ground = Ground::new();
    ground.write("tree/a.py", FAULTY);
    ground.write("tree/spawnsafe.toml", "baseline = \"known\"\n");
    pipe(&ground.path("tree/known"));
    ground.run("tree", &["check"]).exits(2);
    ground.run("tree", &["check", "--write-baseline"]).exits(2);
}

#[test]
fn sources() {
    for (kind, make) in KINDS {
        let ground = Ground::new();
        ground.write("tree/a.py", FAULTY);
        make(&ground.path("tree/odd.py"));
        let ran = ground.run(".", &["check", "tree", "--output-format", "concise"]).exits(1);
        assert!(ran.text().contains("odd.py"), "{kind}: {}", ran.text());
        assert!(ran.text().contains("a.py"), "{kind}: {}", ran.text());
        ground.run(".", &["check", "tree/odd.py"]).exits(2);
        ground.run(".", &["fix", "--write", "tree/odd.py"]).exits(2);
    }
}

#[test]
fn a_cache_in_somebody_elses_folder() {
    for named in ["a link", "the configuration", "a folder that is there"] {
        let ground = Ground::new();
        ground.write("tree/a.py", FAULTY);
        ground.write("other/.gitignore", "mine\n");
        ground.write("other/CACHEDIR.TAG", "mine\n");
        let cache = ground.path("tree/.spawnsafe_cache");
        match named {
            "a link" => symlink("../other", &cache).expect("a link"),
            "the configuration" => {
                ground.write("tree/spawnsafe.toml", "cache-dir = \"../other\"\n");
            }
            _ => std::fs::rename(ground.path("other"), &cache).expect("it is moved"),
        }
        let other =
            if cache.is_symlink() || !cache.exists() { ground.path("other") } else { cache };
        for _ in 0..2 {
            let ran = ground.run("tree", &["check"]).exits(1);
            assert!(ran.text().contains("a.py"), "{named}: {}", ran.text());
        }
        assert_eq!(std::fs::read_dir(&other).expect("the folder").count(), 2, "{named}");
        let text = std::fs::read_to_string(other.join(".gitignore")).expect("the file");
        assert_eq!(text, "mine\n", "{named}");
    }
}

#[test]
fn what_the_user_names_has_an_end() {
    let ground = Ground::new();
    ground.write("tree/a.py", FAULTY);
    let zero = "/dev/zero";
    for arguments in [
        &["check", "--evidence", zero, "tree"][..],
        &["review", "--diff", zero],
        &["migrate", "plan", "--from", zero, "--out", "out"],
        &["migrate", "plan", "tree", "--message-file", zero, "--out", "out"],
    ] {
        let ran = ground.run(".", arguments).exits(2);
        assert!(ran.text().contains("larger than"), "{arguments:?}: {}", ran.text());
    }
}

#[test]
fn files_that_a_trace_names() {
    let ground = Ground::new();
    ground.write("tree/a.py", FAULTY);
    pipe(&ground.path("tree/pipe.py"));
    for name in ["tree/pipe.py", "/dev/zero"] {
        let file = ground.path(name);
        let at = serde_json::json!({ "file": file, "line": 1, "function": "f" });
        let events = [
            serde_json::json!({ "event": "file", "file": file, "sha256": "0" }),
            serde_json::json!({ "event": "dispatch", "id": "1-1", "api": "multiprocessing.Process.start",
                "slot_api": "multiprocessing.Process.start", "method": "fork", "explicit": false,
                "transport": "process", "at": at, "made": at, "stack": [at],
                "sent": [{ "slot": "target", "file": file, "line": 1, "qualname": "f", "type": "function" }] }),
            serde_json::json!({ "event": "failure", "dispatch": "1-1", "api": "multiprocessing.Process.start",
                "at": at, "where": "spawn", "when": "trial", "error": "E",
                "bad": [{ "path": "target", "rule": "SP101", "file": file, "line": 1, "qualname": "f",
                    "type": "function", "reason": "r", "advice": "a" }] }),
        ];
        ground.write("trace.jsonl", events.map(|event| event.to_string()).join("\n") + "\n");
        let ran = ground.run(".", &["check", "--evidence", "trace.jsonl", "tree/a.py"]);
        assert_eq!(ran.code, Some(1), "{name}: {}", ran.text());
    }
}

/// What git opens by itself, in the repository and among its files.
const OPENED: &[&str] = &[
    ".git/config",
    ".git/info/exclude",
    ".git/packed-refs",
    ".git/shallow",
    ".git/commondir",
    ".git/index",
    ".git/refs/heads/main",
    ".git/objects/info/alternates",
    ".git/objects/pack/pack-1.idx",
    ".gitattributes",
    "pkg/.gitattributes",
    ".gitignore",
    "pkg/.gitignore",
];

#[test]
fn parts_of_a_repository() {
    for name in OPENED {
        let ground = Ground::new();
        let repository = ground.repository("clone");
        let path = repository.join(name);
        let _ = std::fs::remove_file(&path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("it is made");
        pipe(&path);
        let last = name.rsplit('/').next().expect("a name");
        let ran = ground.run("clone", &["review", "--base", "main~1"]).exits(2);
        assert!(ran.text().contains(last), "{name}: {}", ran.text());
        for result in ["patch", "worktree"] {
            let run = ["migrate", "run", "clone", "--out", result, "--result", result];
            let ran = ground.run(".", &run);
            assert!(ran.text().contains("1 failed"), "{name}, {result}: {}", ran.text());
        }
        assert_eq!(ground.read("clone/main.py"), FAULTY, "{name}");
    }
}

#[test]
fn object_folders_that_are_borrowed_from() {
    let ground = Ground::new();
    let repository = ground.repository("clone");
    ground.write("first/info/alternates", "../second\n");
    std::fs::create_dir_all(ground.path("second/pack")).expect("it is made");
    pipe(&ground.path("second/pack/pack-1.idx"));
    let first = format!("{}\n", ground.path("first").display());
    std::fs::write(repository.join(".git/objects/info/alternates"), first).expect("it is written");
    let ran = ground.run("clone", &["review", "--base", "main~1"]).exits(2);
    assert!(ran.text().contains("pack-1.idx"), "{}", ran.text());
}

#[test]
fn a_review_tells_that_it_could_not_look() {
    let ground = Ground::new();
    ground.write("clone/main.py", FAULTY);
    pipe(&ground.path("clone/.ignore"));
    ground.write(
        "change.diff",
        "--- a/main.py\n+++ b/main.py\n@@ -5 +5 @@\n-        pass\n+        print(pool.submit(lambda: work(1)).result())\n",
    );
    let ran = ground.run("clone", &["review", "--diff", "../change.diff"]).exits(1);
    assert!(ran.text().contains(".ignore"), "{}", ran.text());
}

#[test]
fn links_out_of_the_named_folder_are_not_written() {
    let ground = Ground::new();
    ground.write("outside/x.py", FAULTY);
    ground.write("tree/inside.py", FAULTY);
    symlink(ground.path("outside/x.py"), ground.path("tree/link.py")).expect("a link");
    symlink(ground.path("outside"), ground.path("tree/folder")).expect("a link");
    let ran = ground.run("tree", &["fix", "--write", "."]).exits(0);
    assert!(ran.text().contains("link.py"), "{}", ran.text());
    assert_eq!(ground.read("outside/x.py"), FAULTY);
    assert_eq!(ground.read("tree/inside.py"), MENDED);
    ground.run("tree", &["fix", "--write", "link.py"]).exits(0);
    assert_eq!(ground.read("outside/x.py"), MENDED, "what is named is meant");
}

#[test]
fn a_work_tree_whose_folders_became_links_is_not_written_through() {
    let ground = Ground::new();
    let repository = ground.repository("clone");
    ground.write("clone/pkg/a.py", FAULTY);
    git(&repository, &["add", "--all"]);
    git(&repository, &["commit", "--quiet", "-m", "pkg"]);
    git(&repository, &["update-index", "--skip-worktree", "pkg/a.py"]);
    std::fs::rename(repository.join("pkg"), ground.path("private")).expect("it is moved");
    symlink(ground.path("private"), repository.join("pkg")).expect("a link");
    git(&repository, &["update-index", "--assume-unchanged", "pkg/a.py"]);
    ground.write("clone/.git/info/exclude", "pkg\n");
    ground.run(".", &["migrate", "run", "clone", "--out", "out", "--result", "worktree"]);
    assert_eq!(ground.read("private/a.py"), FAULTY);
}
