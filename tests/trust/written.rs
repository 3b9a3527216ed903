//! What `fix --write` leaves of a file besides its text, and what it needs meanwhile.

use crate::ground::{FAULTY, Ground, MENDED, finish, git};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;
use std::process::{Command, Stdio};

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output().expect("id starts");
    output.stdout == b"0\n"
}

/// Says that a test could not be done here.
fn skipped(why: &str) {
    eprintln!("\n*** SKIPPED: {why} ***\n");
}

#[test]
fn mode_and_owner_stay() {
    let ground = Ground::new();
    let path = ground.write("a.py", FAULTY);
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o6754)).expect("a mode");
    if is_root() {
        chown(&path, Some(12345), Some(54321)).expect("an owner");
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o6754)).expect("a mode");
    } else {
        skipped("files of others need root");
    }
    let before = std::fs::metadata(&path).expect("the file");
    ground.run(".", &["fix", "--write", "a.py"]).exits(0);
    let after = std::fs::metadata(&path).expect("the file");
    assert_eq!(ground.read("a.py"), MENDED);
    let of = |file: &std::fs::Metadata| (file.uid(), file.gid(), file.mode());
    assert_eq!(of(&before), of(&after));
    assert_ne!(before.ino(), after.ino(), "it was replaced at once");
}

#[test]
fn attributes_and_access_lists_stay() {
    let ground = Ground::new();
    let path = ground.write("a.py", FAULTY);
    if xattr::set(&path, "user.comment", b"keep me").is_err() {
        return skipped("this file system has no attributes");
    }
    // An access list as Linux keeps it: owner rw, user 12345 r, group r, mask r, others nothing.
    let entry = |tag: u16, rights: u16, id: u32| {
        [&tag.to_le_bytes()[..], &rights.to_le_bytes(), &id.to_le_bytes()].concat()
    };
    let none = u32::MAX;
    let list = [
        2_u32.to_le_bytes().to_vec(),
        entry(0x01, 6, none),
        entry(0x02, 4, 12345),
        entry(0x04, 4, none),
        entry(0x10, 4, none),
        entry(0x20, 0, none),
    ]
    .concat();
    let lists = xattr::set(&path, "system.posix_acl_access", &list).is_ok();
    // What the folder gives to new files must not come to this one.
    let _ = xattr::set(ground.path(""), "system.posix_acl_default", &list);
    let before: Vec<_> = attributes(&path);
    ground.run(".", &["fix", "--write", "a.py"]).exits(0);
    assert_eq!(ground.read("a.py"), MENDED);
    assert_eq!(attributes(&path), before);
    assert!(before.len() > usize::from(lists), "{before:?}");
    let plain = ground.write("b.py", FAULTY);
    let _ = xattr::remove(&plain, "system.posix_acl_access");
    let before = attributes(&plain);
    ground.run(".", &["fix", "--write", "b.py"]).exits(0);
    assert_eq!((ground.read("b.py").as_str(), attributes(&plain)), (MENDED, before));
}

fn attributes(path: &Path) -> Vec<(std::ffi::OsString, Option<Vec<u8>>)> {
    let mut all: Vec<_> = xattr::list(path)
        .expect("the attributes")
        .map(|name| (name.clone(), xattr::get(path, &name).expect("an attribute")))
        .collect();
    all.sort();
    all
}

#[test]
fn other_names_of_a_file_stay_names_of_it() {
    let ground = Ground::new();
    let path = ground.write("a.py", FAULTY);
    let other = ground.path("other.txt");
    std::fs::hard_link(&path, &other).expect("another name");
    let before = std::fs::metadata(&path).expect("the file");
    let ran = ground.run(".", &["fix", "--write", "a.py"]).exits(0);
    assert!(ran.text().contains("hard links"), "{}", ran.text());
    assert_eq!(ground.read("a.py"), MENDED);
    assert_eq!(ground.read("other.txt"), MENDED);
    let after = std::fs::metadata(&path).expect("the file");
    assert_eq!((before.ino(), before.mode()), (after.ino(), after.mode()));
    let names = std::fs::read_dir(ground.path("")).expect("the folder").count();
    assert_eq!(names, 2, "nothing is left beside the file");
}

#[test]
fn a_file_that_was_half_written_comes_back() {
    // What a run leaves that is killed while it writes a file with other names.
    let torn = |at: usize| MENDED[..at].to_owned() + FAULTY.get(at..).unwrap_or_default();
    for at in [1, 150, 180, MENDED.len()] {
        for (content, expected) in
            [(torn(at), MENDED), ("mine = 1\n".to_owned(), "mine = 1\n"), (MENDED.into(), MENDED)]
        {
            let ground = Ground::new();
            let path = ground.write("a.py", &content);
            std::fs::hard_link(&path, ground.path("b.txt")).expect("another name");
            let undo = serde_json::json!({ "name": b"a.py", "before": FAULTY.as_bytes(), "after": MENDED.as_bytes() });
            ground.write(".spawnsafe-x1/lock", "");
            ground.write(".spawnsafe-x1/undo-1", undo.to_string());
            ground.run(".", &["fix", "--write", "."]).exits(0);
            assert_eq!(ground.read("a.py"), expected, "{at}");
            assert!(!ground.path(".spawnsafe-x1").exists());
        }
    }
}

#[test]
fn what_somebody_else_left_brings_no_file_back_and_takes_none_away() {
    let ground = Ground::new();
    ground.write("a.py", "print(1)\n");
    ground.write("b/victim.txt", "new");
    for (number, name) in
        ["../b/victim.txt", "b/victim.txt", "/etc/passwd", "..", "."].iter().enumerate()
    {
        let undo =
            serde_json::json!({ "name": name.as_bytes(), "before": b"old", "after": b"nextt" });
        ground.write(&format!(".spawnsafe-x{number}/lock"), "");
        ground.write(&format!(".spawnsafe-x{number}/undo-1"), undo.to_string());
    }
    ground.write(".spawnsafe-mine/data.txt", "mine");
    ground.write(".spawnsafe-done-x/.gitignore", "*\n");
    ground.write(".spawnsafe-done-mine/data.txt", "mine");
    ground.write(".spawnsafe-file", "mine");
    std::os::unix::fs::symlink(ground.path("b"), ground.path(".spawnsafe-link")).expect("a link");
    ground.run(".", &["fix", "--write", "."]).exits(0);
    assert_eq!(ground.read("b/victim.txt"), "new");
    assert_eq!(ground.read(".spawnsafe-mine/data.txt"), "mine");
    assert!(
        !ground.path(".spawnsafe-done-x").exists(),
        "what a kill has left of a folder that was done with"
    );
    assert_eq!(ground.read(".spawnsafe-done-mine/data.txt"), "mine");
    assert_eq!(ground.read(".spawnsafe-file"), "mine");
    assert!(ground.path(".spawnsafe-link").exists() && !ground.path(".spawnsafe-x0").exists());
}

#[test]
fn many_files_need_few_open_at_a_time() {
    let ground = Ground::new();
    for number in 0..600 {
        ground.write(&format!("tree/d{}/f{number}.py", number % 300), FAULTY);
    }
    let program = env!("CARGO_BIN_EXE_spawnsafe");
    let mut command = Command::new("sh");
    crate::ground::isolated(&mut command)
        .current_dir(ground.path(""))
        .args(["-c", &format!("ulimit -n 256; exec '{program}' fix --write --quiet tree")]);
    let ran = finish(&mut command).exits(0);
    assert!(ran.err.is_empty(), "{}", ran.text());
    for number in 0..600 {
        assert_eq!(ground.read(&format!("tree/d{}/f{number}.py", number % 300)), MENDED);
    }
}

#[test]
fn too_few_files_that_may_be_open_are_told_and_nothing_stays() {
    let program = env!("CARGO_BIN_EXE_spawnsafe");
    for limit in [10, 14, 18, 24] {
        let ground = Ground::new();
        for number in 0..40 {
            ground.write(&format!("tree/d{number}/f.py"), FAULTY);
        }
        let mut command = Command::new("sh");
        crate::ground::isolated(&mut command)
            .current_dir(ground.path(""))
            .args(["-c", &format!("ulimit -n {limit}; exec '{program}' fix --write tree")]);
        let ran = finish(&mut command);
        let old = (0..40).filter(|n| ground.read(&format!("tree/d{n}/f.py")) == FAULTY).count();
        let new = (0..40).filter(|n| ground.read(&format!("tree/d{n}/f.py")) == MENDED).count();
        assert_eq!(old + new, 40, "{limit}: {}", ran.text());
        assert!(old == 0 || !ran.err.is_empty(), "{limit}: {old} are left, and nothing is said");
        assert_eq!(litter(&ground.path("tree")), Vec::<String>::new(), "{limit}");
    }
}

/// The files of a tree that are neither old nor new, and those that are neither.
fn state(ground: &Ground, files: usize) -> (usize, usize, Vec<String>) {
    let (mut old, mut new, mut others) = (0, 0, Vec::new());
    for number in 0..files {
        let name = format!("tree/d{}/f{number}.py", number % 20);
        match ground.read(&name).as_str() {
            FAULTY => old += 1,
            MENDED => new += 1,
            _ => others.push(name),
        }
    }
    (old, new, others)
}

fn litter(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the folder is read").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with(".spawnsafe") {
            found.push(name);
        } else if entry.path().is_dir() && name != ".git" {
            found.extend(litter(&entry.path()));
        }
    }
    found
}

/// A run that removes what another has left may be killed, too.
#[test]
fn what_a_killed_sweep_leaves_is_known_to_the_next_run() {
    let ground = Ground::new();
    for round in 0..4 {
        ground.write("tree/a.py", FAULTY);
        let left = format!("tree/.spawnsafe-left{round}");
        ground.write(&format!("{left}/.gitignore"), "*\n");
        ground.write(&format!("{left}/lock"), "");
        for number in 0..2000 {
            ground.write(&format!("{left}/.tmp{number}"), "x");
        }
        let count = || std::fs::read_dir(ground.path(&left)).map_or(0, Iterator::count);
        let mut command = ground.command(".", &["fix", "--write", "--quiet", "tree"]);
        let mut child =
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
        while count() == 2002 && child.try_wait().expect("the child").is_none() {
            std::thread::yield_now();
        }
        child.kill().expect("it is killed");
        child.wait().expect("it ends");
        let folder = ground.path(&left);
        let known = folder.join("lock").exists() && folder.join(".gitignore").exists();
        assert!(count() == 0 || known, "round {round}: {} left, and nobody knows whose", count());
        ground.write("tree/a.py", FAULTY);
        ground.run(".", &["fix", "--write", "--quiet", "tree"]).exits(0);
        assert_eq!(litter(&ground.path("tree")), Vec::<String>::new(), "round {round}");
    }
}

/// A formatter works on a copy, and the run may be killed meanwhile.
#[test]
fn killed_while_a_formatter_runs_nothing_stays() {
    let ground = Ground::new();
    ground.write("tree/a.py", FAULTY);
    git(&ground.path("tree"), &["init", "--quiet"]);
    git(&ground.path("tree"), &["add", "--all"]);
    let formatter = ground.write("formatter", "#!/bin/sh\nkill -9 $PPID\nsleep 0.2\n");
    std::fs::set_permissions(&formatter, PermissionsExt::from_mode(0o755)).expect("a mode");
    let formatter = formatter.to_string_lossy().into_owned();
    let mut run = ground.command(".", &["fix", "--write", "--format-command", &formatter, "tree"]);
    let ran = finish(&mut run);
    assert_eq!((ran.code, ground.read("tree/a.py").as_str()), (None, FAULTY), "{}", ran.text());
    assert_eq!(git(&ground.path("tree"), &["status", "--porcelain"]), "A  a.py");
    ground.run(".", &["fix", "--write", "tree"]).exits(0);
    assert_eq!(ground.read("tree/a.py"), MENDED);
    let names = std::fs::read_dir(ground.path("tree")).expect("the folder").count();
    assert_eq!(names, 2, "the file, and what git has");
}

/// How often the run is killed, and among how many files. The whole test is for hands:
/// `SPAWNSAFE_KILLS=500 cargo test --test trust killed`.
fn extent() -> (usize, usize) {
    let asked = std::env::var("SPAWNSAFE_KILLS").ok().and_then(|text| text.parse().ok());
    asked.map_or((6, 120), |kills| (kills, 400))
}

#[test]
fn killed_at_any_moment_each_file_is_old_or_new_and_nothing_stays() {
    let (kills, files) = extent();
    let ground = Ground::new();
    std::fs::create_dir_all(ground.path("tree")).expect("the folder is made");
    git(&ground.path("tree"), &["init", "--quiet"]);
    let renew = || {
        for number in 0..files {
            let name = format!("tree/d{}/f{number}.py", number % 20);
            let path = ground.write(&name, FAULTY);
            if number % 7 == 0 && path.metadata().expect("the file").nlink() == 1 {
                std::fs::hard_link(&path, path.with_extension("txt")).expect("another name");
            }
        }
    };
    renew();
    git(&ground.path("tree"), &["add", "--all"]);
    let begun = std::time::Instant::now();
    ground.run(".", &["fix", "--write", "--quiet", "tree"]).exits(0);
    let whole = begun.elapsed();
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let (mut half_done, mut untracked) = (0, 0);
    for round in 0..kills {
        if state(&ground, files).0 == 0 {
            renew();
        }
        random =
            random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // Files are written in the last part of the run.
        let part = u32::try_from(random >> 33).expect("31 bits");
        let moment = 0.5 + 0.6 * (f64::from(part) / f64::from(1_u32 << 31));
        let life = whole.mul_f64(moment);
        let mut command = ground.command(".", &["fix", "--write", "--quiet", "tree"]);
        let mut child =
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
        std::thread::sleep(life);
        child.kill().expect("it is killed");
        child.wait().expect("it ends");
        let (old, new, others) = state(&ground, files);
        // A file with other names may be half written until the next run.
        assert!(
            others.iter().all(|name| ground.path(name).with_extension("txt").exists()),
            "round {round}: {others:?}"
        );
        half_done += usize::from(old > 0 && new > 0);
        untracked += git(&ground.path("tree"), &["status", "--porcelain"])
            .lines()
            .filter(|line| line.starts_with("??"))
            .count();
    }
    ground.run(".", &["fix", "--write", "--quiet", "tree"]).exits(0);
    assert_eq!(state(&ground, files), (0, files, Vec::new()));
    assert_eq!(litter(&ground.path("tree")), Vec::<String>::new());
    assert_eq!(untracked, 0, "git saw files of ours");
    assert!(half_done > 0 || kills < 100, "no kill came while files were written");
}
