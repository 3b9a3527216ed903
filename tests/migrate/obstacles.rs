//! Repositories that cannot be done, or only in part: each costs a line, and nothing else.

use crate::marker::Marker;
use crate::world::{
    World, commit, git, init, migrate, outcomes, plan, running, settings, single, write,
};
use spawnsafe::migrate::outcome::Status;
use spawnsafe::migrate::progress::Show;
use spawnsafe::migrate::run;
use spawnsafe::migrate::settings::{Delivery, Settings};
use spawnsafe::migrate::shard::Shard;
use spawnsafe::migrate::source;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

#[track_caller]
fn problem(world: &World, delivery: Delivery, named: &Path, status: Status, words: &str) {
    let outcome = single(world, settings(delivery), &named.to_string_lossy());
    assert_eq!(outcome.status, status, "{outcome:?}");
    let problem = outcome.problem.expect("a problem");
    assert!(problem.contains(words), "{problem}");
    // The run's own scratch folder is nobody's business.
    assert!(!problem.contains('\n') && !problem.split('/').any(|part| part == "work"), "{problem}");
    assert_eq!(outcome.diff, None);
}

/// Makes a repository dirty.
type Soil = fn(&Path);

#[test]
fn a_dirty_repository_is_not_touched() {
    let cases: [(&str, Soil); 4] = [
        ("a.py", |path| write(&path.join("a.py"), b"bad(1) # mine\n")),
        ("a.py", |path| {
            write(&path.join("a.py"), b"bad(1) # mine\n");
            git(path, &["add", "a.py"]);
        }),
        ("new.py", |path| write(&path.join("new.py"), b"bad(2)\n")),
        ("merge", |path| {
            write(&path.join(".git/MERGE_HEAD"), git(path, &["rev-parse", "HEAD"]).as_bytes());
        }),
    ];
    for (words, soil) in cases {
        for delivery in [Delivery::Patch, Delivery::Branch, Delivery::Worktree] {
            let world = World::new();
            let repository = world.repository("one", &[("a.py", "bad(1)\n")]);
            soil(&repository);
            let before = (
                git(&repository, &["status", "--porcelain"]),
                std::fs::read(repository.join(".git/index")).expect("an index"),
            );
            problem(&world, delivery, &repository, Status::Dirty, words);
            assert_eq!(
                before,
                (
                    git(&repository, &["status", "--porcelain"]),
                    std::fs::read(repository.join(".git/index")).expect("an index")
                )
            );
            assert_eq!(
                git(&repository, &["for-each-ref", "--format=%(refname)"]),
                "refs/heads/main"
            );
        }
    }
}

#[test]
fn files_that_git_ignores_or_that_are_allowed_do_not_make_it_dirty() {
    let world = World::new();
    let repository = world.repository("one", &[("a.py", "bad(1)\n"), (".gitignore", "*.log\n")]);
    write(&repository.join("x.log"), b"x");
    assert_eq!(
        single(&world, settings(Delivery::Patch), &repository.to_string_lossy()).status,
        Status::Changed
    );
    write(&repository.join("new.py"), b"bad(2)\n");
    let wanted = Settings { allow_untracked: true, ..settings(Delivery::Patch) };
    let out = world.path("allowed");
    migrate(&plan(wanted, &[&repository.to_string_lossy()]), &out);
    assert_eq!(outcomes(&out)["one"].fixed(), 1);
}

#[test]
fn there_is_nothing_to_work_on() {
    let world = World::new();
    let empty = world.path("empty");
    init(&empty);
    problem(&world, Delivery::Patch, &empty, Status::Empty, "no commit");
    let world = World::new();
    std::fs::create_dir_all(world.path("plain")).expect("the folder is made");
    problem(&world, Delivery::Patch, &world.path("plain"), Status::Failed, "not a git repository");
    let world = World::new();
    let bare = world.path("bare.git");
    std::fs::create_dir_all(&bare).expect("the folder is made");
    git(&bare, &["init", "--quiet", "--bare"]);
    problem(&world, Delivery::Branch, &bare, Status::Empty, "no commit");
    let world = World::new();
    let full = world.repository("full", &[("a.py", "bad(1)\n")]);
    git(&full, &["config", "core.bare", "true"]);
    problem(&world, Delivery::Worktree, &full, Status::Failed, "bare");
}

#[test]
fn remotes_that_are_not_there() {
    for (address, words) in [
        ("file:///nonexistent/repository", "repository"),
        ("https://ada:s3cret@127.0.0.1:1/x.git", "connect"),
        ("git@nowhere.invalid:x/y.git", ""),
    ] {
        let world = World::new();
        let outcome = single(&world, settings(Delivery::Patch), address);
        let problem = outcome.problem.expect("a problem");
        assert_eq!(outcome.status, Status::Failed);
        assert!(problem.to_lowercase().contains(words), "{problem}");
        assert!(!problem.contains("s3cret") && !outcome.location.contains("s3cret"), "{problem}");
    }
    let reports = World::new();
    let out = reports.path("out");
    migrate(&plan(settings(Delivery::Patch), &["https://ada:s3cret@127.0.0.1:1/x.git"]), &out);
    for (name, bytes) in crate::world::artefacts(&out) {
        assert!(!String::from_utf8_lossy(&bytes).contains("s3cret"), "{name} holds the password");
    }
}

#[test]
fn broken_repositories_cost_a_line_each() {
    let world = World::new();
    for (name, spoil) in [("no-object", "objects"), ("no-head", "HEAD")] {
        let path = world.repository(&format!("clones/{name}"), &[("a.py", "bad(1)\n")]);
        let victim = path.join(".git").join(spoil);
        if victim.is_dir() {
            std::fs::remove_dir_all(&victim).expect("the folder is removed");
            std::fs::create_dir(&victim).expect("the folder is made");
        } else {
            std::fs::write(&victim, "garbage").expect("the file is written");
        }
    }
    world.repository("clones/panic", &[("panic.py", "bad(1)\n")]);
    world.repository("clones/sound", &[("a.py", "bad(1)\n")]);
    let out = world.path("out");
    let ended =
        migrate(&plan(settings(Delivery::Patch), &[&world.path("clones").to_string_lossy()]), &out);
    assert_eq!((ended.summary.repositories.total, ended.summary.repositories.changed), (4, 1));
    let done = outcomes(&out);
    assert_eq!(done["sound"].status, Status::Changed);
    assert!(
        done["panic"]
            .problem
            .as_deref()
            .is_some_and(|problem| problem.contains("does not like panic.py")),
        "{:?}",
        done["panic"]
    );
    for name in ["no-object", "no-head"] {
        assert!(done[name].problem.is_some(), "{name}: {:?}", done[name]);
    }
}

#[test]
fn submodules_pointers_huge_files_and_wrong_encodings() {
    let world = World::new();
    let inner = world.repository("inner", &[("b.py", "bad(9)\n")]);
    let huge = vec![b'#'; (16 << 20) + 1];
    let files: [(&str, &[u8]); 4] = [
        ("a.py", b"bad(1)\n"),
        ("big.py", &huge),
        ("wrong.py", b"s = '\xff\xfe'\nbad(2)\n"),
        ("data.py", b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n"),
    ];
    let repository = world.repository_of_bytes("one", &files);
    git(&repository, &["submodule", "--quiet", "add", &inner.to_string_lossy(), "inner"]);
    #[cfg(unix)]
    std::os::unix::fs::symlink(world.path("inner/b.py"), repository.join("link.py"))
        .expect("the link is made");
    git(&repository, &["add", "--all"]);
    commit(&repository, "submodule and link");
    let outcome = single(&world, settings(Delivery::Branch), &repository.to_string_lossy());
    assert_eq!(
        (outcome.status, outcome.fixed(), outcome.files.failed),
        (Status::Changed, 1, 3),
        "{outcome:?}"
    );
    let bad: Vec<&str> = outcome.bad_files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(bad, ["big.py", "data.py", "wrong.py"]);
    assert!(outcome.notes[0].contains("1 submodule"));
    assert_eq!(std::fs::read_to_string(inner.join("b.py")).expect("b.py"), "bad(9)\n");
    let changed = git(&repository, &["diff", "--name-only", "main", "spawnsafe/migrate"]);
    assert_eq!(changed, "a.py");
}

#[test]
fn a_checkout_that_fails() {
    let world = World::new();
    let repository = world.repository("one", &[("a.py", "bad(1)\n")]);
    // The commit has the file, and its content is gone.
    let blob = git(&repository, &["rev-parse", "HEAD:a.py"]);
    std::fs::remove_file(repository.join(".git/objects").join(&blob[..2]).join(&blob[2..]))
        .expect("the object is removed");
    problem(&world, Delivery::Patch, &repository, Status::Failed, "");
}

/// A git server on the loopback interface.
struct Server {
    process: Child,
    port: u16,
}

impl Server {
    fn new(folder: &Path) -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .expect("a free port")
            .port();
        let mut command = Command::new("git");
        command
            .args([
                "daemon",
                "--listen=127.0.0.1",
                &format!("--port={port}"),
                "--reuseaddr",
                "--export-all",
                &format!("--base-path={}", folder.display()),
            ])
            .arg(folder);
        command.env("GIT_CONFIG_GLOBAL", "/dev/null").stdout(Stdio::null()).stderr(Stdio::null());
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let process = command.spawn().expect("git daemon starts");
        let begun = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(20), "git daemon does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        Self { process, port }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let group = format!("-{}", self.process.id());
        let _ = Command::new("kill").args(["-TERM", "--", &group]).status();
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn from_a_server_shallow_and_together_with_a_folder() {
    let world = World::new();
    for name in ["org/one.git", "org/two.git", "org/none.git"] {
        let path = world.path("served").join(name);
        init(&path);
        if !name.contains("none") {
            write(&path.join("a.py"), b"bad(1)\n");
            git(&path, &["add", "--all"]);
            commit(&path, "first");
            commit(&path, "second");
        }
    }
    let server = Server::new(&world.path("served"));
    let local = world.repository("three", &[("a.py", "bad(3)\n")]);
    let url = |name: &str| format!("git://127.0.0.1:{}/org/{name}.git", server.port);
    let list = format!(
        "# ours\n{}\n\n{} # twice\n{}\n{}\n",
        url("one"),
        url("one"),
        url("none"),
        url("missing")
    );
    let mut named = source::parse_list(&list);
    named.push(url("two"));
    named.push(local.to_string_lossy().into_owned());
    let planned =
        plan(settings(Delivery::Branch), &named.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(planned.repositories.len(), 5);
    let out = world.path("out");
    let ended = migrate(&planned, &out);
    let counts = ended.summary.repositories;
    assert_eq!((counts.total, counts.changed, counts.empty, counts.failed), (5, 3, 1, 1));
    let done = outcomes(&out);
    let clone = out.join(done["one"].clone.as_ref().expect("a clone"));
    assert_eq!(git(&clone, &["rev-parse", "--is-shallow-repository"]), "true");
    assert_eq!(git(&clone, &["rev-list", "--count", "HEAD"]), "2", "the base and the fixes");
    assert_eq!(done["missing"].status, Status::Failed);
    let again = spawnsafe::migrate::settings::Running { retry_failed: true, ..running(&out) };
    let path = world.path("served/org/missing.git");
    init(&path);
    commit(&path, "came late");
    let ended = run::run(
        &planned,
        Shard { index: 1, count: 1 },
        &again,
        &Marker,
        Show::Nothing,
        &AtomicBool::new(false),
    )
    .expect("the run ends");
    assert_eq!((ended.done_now, ended.summary.repositories.failed), (1, 0));
}

#[test]
fn a_fetch_that_hangs_is_ended() {
    let world = World::new();
    // It takes connections and says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("git://{}/x/silent.git", silent.local_addr().expect("an address"));
    let slow = spawnsafe::migrate::settings::Running {
        git_limit: Duration::from_millis(700),
        ..running(&world.path("out"))
    };
    let begun = Instant::now();
    let planned = plan(settings(Delivery::Patch), &[&url]);
    run::run(
        &planned,
        Shard { index: 1, count: 1 },
        &slow,
        &Marker,
        Show::Nothing,
        &AtomicBool::new(false),
    )
    .expect("the run ends");
    assert!(begun.elapsed() < Duration::from_secs(20));
    assert!(
        outcomes(&world.path("out"))["silent"]
            .problem
            .as_deref()
            .is_some_and(|problem| problem.contains("--git-timeout"))
    );
}

#[test]
fn what_is_named_must_be_a_directory_or_an_address() {
    let resolve = |text: &str| source::resolve(&[text.to_owned()]);
    assert!(resolve("--upload-pack=evil").expect_err("an option").contains("option"));
    assert!(resolve("/nonexistent/folder").expect_err("not there").contains("--from"));
    let ids = |names: &[&str]| -> Vec<String> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        source::resolve(&names).expect("they resolve").into_iter().map(|source| source.id).collect()
    };
    assert_eq!(
        ids(&[
            "https://h.example/org/one.git",
            "https://h.example/org/one",
            "git@h.example:org/two.git"
        ]),
        ["org-one", "org-two"]
    );
    let same = ids(&["https://a.example/org/one", "https://b.example/org/one"]);
    assert!(same.len() == 2 && same.iter().all(|id| id.starts_with("org-one-")), "{same:?}");
}
