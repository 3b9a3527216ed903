//! Whatever a repository configures, `review` and `migrate` run none of it.

use crate::ground::{Ground, git};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// A program that a repository can name, by one key each.
const PROGRAMS: &[&str] = &[
    "core.fsmonitor",
    "core.alternateRefsCommand",
    "core.sshCommand",
    "core.gitProxy",
    "core.askPass",
    "core.editor",
    "core.pager",
    "pager.diff",
    "pager.status",
    "credential.helper",
    "diff.external",
    "diff.evil.command",
    "diff.evil.textconv",
    "filter.evil.clean",
    "filter.evil.smudge",
    "filter.evil.process",
    "merge.evil.driver",
    "gpg.program",
    "commit.gpgSign",
    "uploadpack.packObjectsHook",
    "remote.origin.uploadpack",
    "remote.origin.vcs",
    "remote.origin.proxy",
    "sequence.editor",
    "interactive.diffFilter",
    "trailer.evil.cmd",
    "trace2.eventTarget",
    "alias.status",
    "alias.diff",
    "alias.rev-parse",
    "alias.ls-tree",
    "submodule.sub.update",
    "http.sslKey",
];

/// Hooks that some command of git starts.
const HOOKS: &[&str] = &[
    "applypatch-msg",
    "fsmonitor-watchman",
    "post-checkout",
    "post-commit",
    "post-index-change",
    "pre-auto-gc",
    "pre-commit",
    "reference-transaction",
    "update",
];

/// Prepares a repository whose files are all filtered, converted and different on the disk's clock.
fn prepared(ground: &Ground, name: &str) -> std::path::PathBuf {
    let repository = ground.repository(name);
    ground.write(&format!("{name}/.gitattributes"), "* filter=evil diff=evil merge=evil\n");
    git(&repository, &["add", "--all"]);
    git(&repository, &["commit", "--quiet", "-m", "attributes"]);
    // git must look inside the file to say whether it is changed.
    let file = std::fs::File::options()
        .append(true)
        .open(repository.join("main.py"))
        .expect("the file opens");
    file.set_modified(std::time::SystemTime::UNIX_EPOCH).expect("the time is set");
    repository
}

fn script(ground: &Ground, name: &str, trap: &Path) -> String {
    let path = ground.write(
        &format!("programs/{name}"),
        format!("#!/bin/sh\necho \"{name} $0 $*\" >> '{}'\nexec cat\n", trap.display()),
    );
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).expect("it is executable");
    path.display().to_string()
}

/// Runs what looks at a repository, with these results of migrations; nothing may spring the trap.
#[track_caller]
fn attack(ground: &Ground, name: &str, trap: &Path, what: &str, results: &[&str]) {
    let check = |step: &str| {
        assert!(
            !trap.exists(),
            "{what}, {step}: {}",
            std::fs::read_to_string(trap).unwrap_or_default()
        );
    };
    let review = ground.run(name, &["review", "--base", "main~2"]);
    check("review");
    assert!(review.text().contains("SP101"), "{what}: {}", review.text());
    for result in results {
        let out = ground.path(&format!("out-{result}")).to_string_lossy().into_owned();
        let ran = ground.run(".", &["migrate", "run", name, "--out", &out, "--result", result]);
        check(result);
        assert!(ran.text().contains("1 changed"), "{what}, {result}: {}", ran.text());
    }
    assert_eq!(ground.read(&format!("{name}/main.py")), crate::ground::MENDED, "{what}");
}

/// All that can be run on a repository.
#[track_caller]
fn attack_by_all_means(ground: &Ground, name: &str, trap: &Path, what: &str) {
    ground.run(name, &["review", "--base", "main~2", "--format", "github", "--head", "main"]);
    ground.run(".", &["migrate", "plan", name, "--out", "planned"]).exits(0);
    attack(ground, name, trap, what, &["patch", "branch", "worktree"]);
}

#[test]
fn no_program_that_a_key_names_is_run() {
    for key in PROGRAMS {
        let ground = Ground::new();
        let repository = prepared(&ground, "clone");
        let trap = ground.path("trap");
        let program = script(&ground, "program", &trap);
        git(&repository, &["config", "filter.evil.required", "false"]);
        let value = match *key {
            key if key.starts_with("alias.") => format!("!{program}"),
            "submodule.sub.update" => format!("!{program}"),
            "trace2.eventTarget" => trap.display().to_string(),
            "commit.gpgSign" => "true".to_owned(),
            _ => program.clone(),
        };
        git(&repository, &["config", "gpg.program", &program]);
        git(&repository, &["config", key, &value]);
        attack(&ground, "clone", &trap, key, &["worktree"]);
    }
}

#[test]
fn all_programs_at_once_are_not_run() {
    let ground = Ground::new();
    let repository = prepared(&ground, "clone");
    let trap = ground.path("trap");
    for key in PROGRAMS.iter().filter(|key| !key.starts_with("trace2")) {
        let program = script(&ground, &key.replace('.', "-"), &trap);
        let mark = if key.starts_with("alias.") || key.ends_with("update") { "!" } else { "" };
        git(&repository, &["config", key, &format!("{mark}{program}")]);
    }
    attack_by_all_means(&ground, "clone", &trap, "all keys");
}

#[test]
fn no_hook_is_run_wherever_it_lies() {
    let ground = Ground::new();
    let repository = prepared(&ground, "clone");
    let trap = ground.path("trap");
    for hook in HOOKS {
        let program = script(&ground, hook, &trap);
        for folder in [repository.join(".git/hooks"), ground.path("elsewhere")] {
            std::fs::create_dir_all(&folder).expect("the folder is made");
            std::fs::copy(&program, folder.join(hook)).expect("the hook is copied");
        }
    }
    attack_by_all_means(&ground, "clone", &trap, "hooks");
    let ground = Ground::new();
    let repository = prepared(&ground, "clone");
    let trap = ground.path("trap");
    for hook in HOOKS {
        script(&ground, hook, &trap);
    }
    let folder = ground.path("programs").display().to_string();
    git(&repository, &["config", "core.hooksPath", &folder]);
    attack_by_all_means(&ground, "clone", &trap, "core.hooksPath");
}

#[test]
fn no_address_is_rewritten_to_a_program() {
    let ground = Ground::new();
    let repository = prepared(&ground, "clone");
    let trap = ground.path("trap");
    let program = script(&ground, "program", &trap);
    for start in ["/", "file:", ".", "spawnsafe"] {
        git(&repository, &["config", "--add", &format!("url.ext::{program} .insteadOf"), start]);
    }
    git(&repository, &["config", "protocol.ext.allow", "always"]);
    git(&repository, &["config", "protocol.allow", "always"]);
    attack_by_all_means(&ground, "clone", &trap, "insteadOf");
}

#[test]
fn what_is_missing_is_not_fetched_from_where_the_repository_says() {
    let ground = Ground::new();
    let repository = ground.repository("clone");
    let trap = ground.path("trap");
    let program = script(&ground, "program", &trap);
    let blob = git(&repository, &["rev-parse", "main~1:main.py"]);
    std::fs::remove_file(repository.join(".git/objects").join(&blob[..2]).join(&blob[2..]))
        .expect("the object is there");
    for (key, value) in [
        ("core.repositoryFormatVersion", "1"),
        ("extensions.partialClone", "origin"),
        ("remote.origin.promisor", "true"),
        ("remote.origin.url", &format!("ext::{program}")),
        ("protocol.ext.allow", "always"),
    ] {
        git(&repository, &["config", key, value]);
    }
    let ran = ground.run("clone", &["review", "--base", "main~1"]);
    assert!(!trap.exists(), "{}", ran.text());
}

#[test]
fn other_files_that_configure_are_not_read() {
    let ground = Ground::new();
    let repository = prepared(&ground, "clone");
    let trap = ground.path("trap");
    let program = script(&ground, "program", &trap);
    let text = format!(
        "[core]\n\tfsmonitor = {program}\n[filter \"evil\"]\n\tclean = {program}\n[diff]\n\texternal = {program}\n"
    );
    ground.write("clone/.git/more", &text);
    ground.write("clone/.git/config.worktree", &text);
    ground.write("clone/.git/info/attributes", "* filter=evil diff=evil\n");
    git(&repository, &["config", "include.path", "more"]);
    git(&repository, &["config", "includeIf.gitdir:/.path", "more"]);
    git(&repository, &["config", "extensions.worktreeConfig", "true"]);
    attack_by_all_means(&ground, "clone", &trap, "included files");
}

#[test]
fn a_repository_cannot_say_that_its_files_are_elsewhere() {
    let ground = Ground::new();
    let repository = ground.repository("clone");
    ground.write("private/main.py", crate::ground::FAULTY);
    git(&repository, &["config", "core.worktree", &ground.path("private").to_string_lossy()]);
    let out = ground.path("out").to_string_lossy().into_owned();
    ground.run(".", &["migrate", "run", "clone", "--out", &out, "--result", "worktree"]).exits(0);
    assert_eq!(ground.read("private/main.py"), crate::ground::FAULTY);
    assert_eq!(ground.read("clone/main.py"), crate::ground::MENDED);
}

/// Nobody who clones the repository has its replacements, so nobody reviews what they say.
#[test]
fn objects_in_the_place_of_others_are_not_believed() {
    let ground = Ground::new();
    let repository = ground.repository("clone");
    let harmless = ground.write("harmless.py", "print(2)\n");
    let [old, new] = [
        git(&repository, &["rev-parse", "main:main.py"]),
        git(&repository, &["hash-object", "-w", &harmless.to_string_lossy()]),
    ];
    git(&repository, &["replace", old.trim(), new.trim()]);
    assert_eq!(git(&repository, &["show", "main:main.py"]), "print(2)");
    let ran = ground.run("clone", &["review", "--base", "main~1"]).exits(1);
    assert!(ran.text().contains("SP101"), "{}", ran.text());
    let ran = ground.run(".", &["migrate", "run", "clone", "--out", "out"]).exits(0);
    assert!(ran.text().contains("1 changed"), "{}", ran.text());
}

#[test]
fn a_hostile_current_folder_has_no_say() {
    let ground = Ground::new();
    ground.repository("clone");
    let here = prepared(&ground, "here");
    let trap = ground.path("trap");
    let program = script(&ground, "program", &trap);
    for key in ["alias.clone", "alias.var", "core.fsmonitor", "core.sshCommand", "core.pager"] {
        git(&here, &["config", key, &format!("!{program}")]);
    }
    let url = format!("file://{}", ground.path("clone").display());
    let mut command = ground.command("here", &["migrate", "run", &url, "--out", "../out"]);
    let ran = crate::ground::finish(command.env("GIT_PAGER", "cat")).exits(0);
    assert!(!trap.exists() && ran.text().contains("1 changed"), "{}", ran.text());
}
