//! Patches, branches and work trees: what is left where, and that nothing else changes.

use crate::world::{
    World, artefacts, assert_same, copy_folder, git, git_command, init, migrate, outcomes, plan,
    settings, single,
};
use spawnsafe::migrate::outcome::Status;
use spawnsafe::migrate::settings::{Delivery, KeepClones, Settings};
use std::path::Path;

const TEXT: &str = "import os\nbad(1)\nrefuse(2)\n";

#[track_caller]
fn applies(repository: &Path, patch: &Path) {
    let output = git_command(repository, &["am", "--quiet", &patch.to_string_lossy()])
        .output()
        .expect("git starts");
    assert!(output.status.success(), "git am: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_patch_applies_and_the_repository_is_not_touched() {
    let world = World::new();
    let repository = world.repository("one", &[("a.py", TEXT)]);
    let before = git(&repository, &["for-each-ref"]);
    let outcome = single(&world, settings(Delivery::Patch), &repository.to_string_lossy());
    assert_eq!((outcome.status, outcome.fixed(), outcome.found()), (Status::Changed, 1, 2));
    assert_eq!((outcome.lines.added, outcome.lines.removed), (1, 1));
    assert_eq!(git(&repository, &["for-each-ref"]), before);
    assert_eq!(git(&repository, &["status", "--porcelain"]), "");
    applies(&repository, &world.path("out").join(outcome.patch.expect("a patch")));
    assert_eq!(
        std::fs::read_to_string(repository.join("a.py")).expect("a.py"),
        "import os\ngood(1)\nrefuse(2)\n"
    );
    assert_eq!(
        git(&repository, &["log", "-1", "--format=%an <%ae> %s"]),
        "Grace Hopper <grace@example.org> Make worker processes safe for spawn and forkserver"
    );
    assert!(!world.path("out/work").exists(), "no clone stays");
}

#[test]
fn every_odd_file_survives_git_am() {
    let world = World::new();
    let files: &[(&str, &[u8])] = &[
        ("crlf.py", b"x = 1\r\nbad(1)\r\ny = 'a=b'\r\n"),
        ("mixed.py", b"x = 1\r\nbad(2)\ny = 2\r\n"),
        ("latin.py", b"# -*- coding: latin-1 -*-\ns = '\xe9'\nbad(3)\n"),
        ("bom.py", b"\xef\xbb\xbfbad(4)\n"),
        ("open.py", b"bad(5)"),
        ("feed.py", b"\x0c\nbad(6)\n"),
        ("sp ace/naïve.py", b"bad(7)\n"),
        (".gitattributes", b"*.py text eol=lf diff=none ident\n"),
        ("from.py", b"s = '''\nFrom nobody Mon Sep 17 00:00:00 2001\n---\n'''\nbad(8)\n"),
    ];
    let repository = world.repository_of_bytes("odd", files);
    let outcome = single(&world, settings(Delivery::Patch), &repository.to_string_lossy());
    assert_eq!(
        (outcome.status, outcome.fixed(), outcome.files.failed),
        (Status::Changed, 8, 0),
        "{outcome:?}"
    );
    applies(&repository, &world.path("out").join(outcome.patch.expect("a patch")));
    let blob = git_command(&repository, &["cat-file", "blob", "HEAD:mixed.py"])
        .output()
        .expect("git starts")
        .stdout;
    assert!(String::from_utf8_lossy(&blob).contains("good(2)"));
}

#[test]
fn a_branch_comes_into_a_directory_and_the_work_tree_stays() {
    let world = World::new();
    let repository = world.repository("one", &[("a.py", TEXT)]);
    let outcome = single(&world, settings(Delivery::Branch), &repository.to_string_lossy());
    assert_eq!(outcome.status, Status::Changed);
    assert_eq!(
        git(&repository, &["rev-parse", "spawnsafe/migrate"]),
        outcome.commit.expect("a commit")
    );
    assert_eq!(
        git(&repository, &["rev-parse", "spawnsafe/migrate^"]),
        git(&repository, &["rev-parse", "main"])
    );
    assert_eq!(
        git(&repository, &["show", "spawnsafe/migrate:a.py"]),
        "import os\ngood(1)\nrefuse(2)"
    );
    assert_eq!(git(&repository, &["symbolic-ref", "HEAD"]), "refs/heads/main");
    assert_eq!(git(&repository, &["status", "--porcelain"]), "");
    assert!(!repository.join(".git/FETCH_HEAD").exists());
    git(&repository, &["fsck", "--strict"]);
}

#[test]
fn the_same_input_gives_the_same_commit_and_a_second_run_changes_nothing() {
    let world = World::new();
    let repository = world.repository("one", &[("a.py", TEXT)]);
    let name = repository.to_string_lossy().into_owned();
    let planned = plan(settings(Delivery::Branch), &[&name]);
    migrate(&planned, &world.path("out"));
    let before = (artefacts(&world.path("out")), git(&repository, &["for-each-ref"]));
    assert_eq!(migrate(&planned, &world.path("out")).done_now, 0, "nothing is done twice");
    assert_same(&before.0, &artefacts(&world.path("out")));
    assert_eq!(migrate(&planned, &world.path("elsewhere")).done_now, 1);
    assert_same(&before.0, &artefacts(&world.path("elsewhere")));
    assert_eq!(git(&repository, &["for-each-ref"]), before.1);
}

#[test]
fn a_repository_that_is_migrated_is_unchanged() {
    let world = World::new();
    let repository = world.repository("one", &[("a.py", "bad(1)\n")]);
    single(&world, settings(Delivery::Branch), &repository.to_string_lossy());
    git(&repository, &["checkout", "--quiet", "spawnsafe/migrate"]);
    let planned = plan(settings(Delivery::Branch), &[&repository.to_string_lossy()]);
    migrate(&planned, &world.path("again"));
    assert_eq!(outcomes(&world.path("again"))["one"].status, Status::Unchanged);
}

#[test]
fn a_branch_that_holds_something_else_is_left_alone() {
    let world = World::new();
    let repository = world.repository("one", &[("a.py", TEXT)]);
    git(&repository, &["branch", "spawnsafe/migrate"]);
    let outcome = single(&world, settings(Delivery::Branch), &repository.to_string_lossy());
    assert_eq!(outcome.status, Status::Failed);
    assert!(outcome.problem.expect("a problem").contains("--branch"));
    assert_eq!(
        git(&repository, &["rev-parse", "spawnsafe/migrate"]),
        git(&repository, &["rev-parse", "main"])
    );
}

#[test]
fn a_work_tree_is_changed_and_not_committed() {
    let world = World::new();
    let repository =
        world.repository("one", &[("a.py", TEXT), ("run.py", "#!/usr/bin/env python3\nbad(3)\n")]);
    git(&repository, &["update-index", "--chmod=+x", "run.py"]);
    crate::world::commit(&repository, "executable");
    git(&repository, &["reset", "--quiet", "--hard"]);
    let outcome = single(&world, settings(Delivery::Worktree), &repository.to_string_lossy());
    assert_eq!(outcome.status, Status::Changed, "{outcome:?}");
    assert_eq!(git(&repository, &["status", "--porcelain"]).trim(), "M a.py\n M run.py");
    assert!(
        git(&repository, &["diff"]).contains("+good(3)")
            && !git(&repository, &["diff"]).contains("old mode")
    );
    assert_eq!(git(&repository, &["for-each-ref", "--format=%(refname)"]), "refs/heads/main");
    assert_eq!(git(&repository, &["stash", "list"]), "");
}

#[test]
fn clones_of_urls_hold_the_result() {
    for (delivery, status) in [(Delivery::Branch, ""), (Delivery::Worktree, "M a.py")] {
        let world = World::new();
        let repository = world.repository("one", &[("a.py", TEXT)]);
        let outcome =
            single(&world, settings(delivery), &format!("file://{}", repository.display()));
        let clone = world.path("out").join(outcome.clone.expect("the clone stays"));
        assert_eq!(git(&clone, &["status", "--porcelain"]).trim(), status);
        assert!(std::fs::read_to_string(clone.join("a.py")).expect("a.py").contains("good(1)"));
        assert_eq!(git(&clone, &["rev-list", "--count", "main"]), "1");
        let head = if delivery == Delivery::Branch {
            "refs/heads/spawnsafe/migrate"
        } else {
            "refs/heads/main"
        };
        assert_eq!(git(&clone, &["symbolic-ref", "HEAD"]), head);
        assert_eq!(
            git(&clone, &["remote", "get-url", "origin"]),
            format!("file://{}", repository.display())
        );
    }
}

#[test]
fn clones_stay_only_as_asked() {
    let world = World::new();
    let changed = world.repository("changed", &[("a.py", TEXT)]);
    let same = world.repository("same", &[("a.py", "ok()\n")]);
    for (keep, kept) in [
        (KeepClones::Results, vec![]),
        (KeepClones::Changed, vec!["changed"]),
        (KeepClones::All, vec!["changed", "same"]),
    ] {
        let out = world.path(&format!("out-{kept:?}"));
        let wanted = Settings { keep_clones: keep, ..settings(Delivery::Patch) };
        migrate(&plan(wanted, &[&changed.to_string_lossy(), &same.to_string_lossy()]), &out);
        let stay: Vec<String> = outcomes(&out)
            .into_iter()
            .filter(|(_, outcome)| {
                outcome.clone.as_ref().is_some_and(|name| out.join(name).join(".git").exists())
            })
            .map(|(name, _)| name)
            .collect();
        assert_eq!(stay, kept);
    }
}

#[test]
fn shallow_bare_detached_and_linked_repositories_take_a_branch() {
    let world = World::new();
    let origin = world.repository("origin", &[("a.py", TEXT)]);
    crate::world::commit(&origin, "second");
    let address = format!("file://{}", origin.display());
    let all = world.path("all");
    std::fs::create_dir_all(&all).expect("the folder is made");
    git(&all, &["clone", "--quiet", "--depth=1", &address, "shallow"]);
    git(&all, &["clone", "--quiet", "--bare", &address, "bare.git"]);
    git(&all, &["clone", "--quiet", &address, "detached"]);
    git(&all.join("detached"), &["checkout", "--quiet", "--detach", "HEAD^"]);
    git(&all, &["clone", "--quiet", &address, "linked-from"]);
    git(&all.join("linked-from"), &["worktree", "add", "--quiet", "../linked", "HEAD^"]);
    let names = ["shallow", "bare.git", "detached", "linked"]
        .map(|name| all.join(name).to_string_lossy().into_owned());
    let out = world.path("out");
    migrate(
        &plan(settings(Delivery::Branch), &names.iter().map(String::as_str).collect::<Vec<_>>()),
        &out,
    );
    for (name, outcome) in outcomes(&out) {
        assert_eq!(outcome.status, Status::Changed, "{name}: {:?}", outcome.problem);
        let folder = if name == "bare" { all.join("bare.git") } else { all.join(&name) };
        assert_eq!(
            git(&folder, &["show", "spawnsafe/migrate:a.py"]),
            "import os\ngood(1)\nrefuse(2)"
        );
        assert_eq!(
            git(&folder, &["rev-parse", "spawnsafe/migrate^"]),
            git(&folder, &["rev-parse", "HEAD"])
        );
    }
}

#[test]
fn no_hook_filter_or_monitor_of_a_repository_runs() {
    let world = World::new();
    let repository = world
        .repository("one", &[("a.py", TEXT), (".gitattributes", "*.py filter=evil diff=evil\n")]);
    let trap = world.path("trap");
    for hook in [
        "post-checkout",
        "pre-commit",
        "reference-transaction",
        "post-index-change",
        "update",
        "post-update",
        "pre-auto-gc",
    ] {
        let path = repository.join(".git/hooks").join(hook);
        crate::world::write(
            &path,
            format!("#!/bin/sh\necho {hook} >> {}\n", trap.display()).as_bytes(),
        );
        #[cfg(unix)]
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755))
            .expect("the hook is executable");
    }
    git(
        &repository,
        &["config", "core.fsmonitor", &format!("echo monitor >> {}; false", trap.display())],
    );
    git(
        &repository,
        &["config", "filter.evil.smudge", &format!("echo smudge >> {}; cat", trap.display())],
    );
    let outcome = single(&world, settings(Delivery::Branch), &repository.to_string_lossy());
    assert_eq!(outcome.status, Status::Changed);
    assert!(!trap.exists(), "{}", std::fs::read_to_string(&trap).unwrap_or_default());
}

#[test]
fn a_message_of_ones_own_is_filled_in() {
    let world = World::new();
    let repository = world.repository("one", &[("a.py", TEXT)]);
    let wanted = Settings {
        message: "Fix {fixed} in {files} of {repository} {{x}}\n\n{rules}".into(),
        ..settings(Delivery::Branch)
    };
    single(&world, wanted, &repository.to_string_lossy());
    let message = git(&repository, &["log", "-1", "--format=%B", "spawnsafe/migrate"]);
    let name = repository
        .parent()
        .and_then(Path::file_name)
        .expect("a folder")
        .to_string_lossy()
        .into_owned();
    assert_eq!(
        message.trim_end(),
        format!("Fix 1 in 1 of {name}/one {{{{x}}}}\n\n- SP101 lambda-callable: 1")
    );
}

#[test]
fn copies_of_a_folder_give_the_same_results() {
    let world = World::new();
    let clones = world.many(5);
    copy_folder(&clones, &world.path("copy/clones"));
    init(&world.path("unrelated"));
    for (from, out) in [(clones, "out-1"), (world.path("copy/clones"), "out-2")] {
        migrate(&plan(settings(Delivery::Patch), &[&from.to_string_lossy()]), &world.path(out));
    }
    let patches = |out: &str| {
        artefacts(&world.path(out))
            .into_iter()
            .filter(|(name, _)| name.starts_with("patches/") || name.starts_with("diffs/"))
            .collect()
    };
    assert_same(&patches("out-1"), &patches("out-2"));
}
