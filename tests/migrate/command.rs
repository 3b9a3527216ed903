//! The command line with the real rules: what is printed, exit codes, and what survives a plan.

use crate::world::{World, git, git_command};
use std::path::Path;
use std::process::{Command, Output};

const FAULTY: &str = "import multiprocessing\n\n\ndef main():\n    with multiprocessing.Pool() as pool:\n        print(pool.map(lambda x: x + 1, [1, 2]))\n\n\nif __name__ == \"__main__\":\n    main()\n";

fn migrate(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_spawnsafe"));
    command.arg("migrate").args(args).current_dir(folder);
    for name in [
        "SPAWNSAFE_SHARD",
        "SLURM_ARRAY_TASK_ID",
        "JOB_COMPLETION_INDEX",
        "CI_NODE_INDEX",
        "CIRCLE_NODE_INDEX",
        "BUILDKITE_PARALLEL_JOB",
    ] {
        command.env_remove(name);
    }
    command.output().expect("spawnsafe starts")
}

#[track_caller]
fn done(output: &Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{errors}");
    errors
}

#[track_caller]
fn refused(output: &Output, words: &str) {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{errors}");
    assert!(errors.contains(words), "{errors}");
}

#[test]
fn plan_then_run_then_apply_with_the_rules() {
    let world = World::new();
    for number in 0..4 {
        world.repository(
            &format!("clones/repo-{number}"),
            &[("app.py", if number == 3 { "print(1)\n" } else { FAULTY })],
        );
    }
    let planned = migrate(
        &world.path(""),
        &["plan", "clones", "--verify", "python3 -m py_compile app.py", "--jobs-are-no-option"],
    );
    refused(&planned, "--jobs-are-no-option");
    let planned = migrate(&world.path(""), &["plan", "clones", "--verify", "test -f app.py"]);
    done(&planned);
    let listed = String::from_utf8_lossy(&planned.stdout);
    assert!(
        listed.lines().count() == 4 && listed.contains("clones-repo-0  clones/repo-0  ready at"),
        "{listed}"
    );
    // From another folder: the plan knows where everything is.
    let out = world.path("spawnsafe-migration").to_string_lossy().into_owned();
    let errors = done(&migrate(Path::new("/"), &["run", "--out", &out, "--jobs", "2"]));
    assert!(
        errors.contains("4 repositories: 3 changed, 1 unchanged") && errors.contains("[4/4]"),
        "{errors}"
    );
    for number in 0..3 {
        let repository = world.path(&format!("clones/repo-{number}"));
        let patch = format!("{out}/patches/clones-repo-{number}.patch");
        assert!(
            git_command(&repository, &["am", "--quiet", &patch])
                .status()
                .expect("git starts")
                .success()
        );
        let compiled = Command::new("python3")
            .args(["-c", "import ast, sys; ast.parse(open('app.py').read())"])
            .current_dir(&repository)
            .status();
        assert!(compiled.is_ok_and(|status| status.success()), "the changed file compiles");
        assert!(!git(&repository, &["show", "HEAD:app.py"]).contains("lambda"));
    }
    let errors = done(&migrate(Path::new("/"), &["run", "--out", &out]));
    assert!(errors.contains("4 of 4 repositories are done already"), "{errors}");
    refused(
        &migrate(&world.path(""), &["run", "clones", "--result", "branch", "--out", &out]),
        "other settings",
    );
    refused(
        &migrate(&world.path(""), &["run", "--result", "branch", "--out", &out]),
        "other settings",
    );
}

#[test]
fn what_cannot_be_meant_is_refused_before_anything_is_done() {
    let world = World::new();
    world.repository("one", &[("a.py", FAULTY)]);
    let folder = world.path("");
    refused(&migrate(&folder, &["run"]), "holds no plan");
    refused(&migrate(&folder, &["run", "nowhere"]), "neither a directory nor a git URL");
    refused(&migrate(&folder, &["run", "--from", "nowhere.txt"]), "nowhere.txt");
    refused(&migrate(&folder, &["run", "one", "--branch", "a..b"]), "cannot be a branch's name");
    refused(&migrate(&folder, &["run", "one", "--message", "{nonsense}"]), "{nonsense}");
    refused(&migrate(&folder, &["run", "one", "--message", "ok\n---\nno"]), "start of a patch");
    refused(&migrate(&folder, &["run", "one", "--date", "sometime"]), "not a date");
    refused(&migrate(&folder, &["run", "one", "--author", "nobody"]), "Name <");
    refused(&migrate(&folder, &["run", "one", "--shard", "5/3"]), "5/3");
    refused(&migrate(&folder, &["run", "one", "--select", "XX999"]), "XX999");
    refused(&migrate(&folder, &["report", "one"]), "holds no run");
    assert!(!world.path("spawnsafe-migration").exists());
}

#[test]
fn a_configuration_counts_for_its_own_repository_only() {
    let world = World::new();
    // Lies above the clones and is nobody's.
    crate::world::write(&world.path("pyproject.toml"), b"[tool.spawnsafe]\nignore = [\"ALL\"]\n");
    crate::world::write(&world.path(".gitignore"), b"*\n");
    world.repository("clones/plain", &[("app.py", FAULTY)]);
    world.repository(
        "clones/own",
        &[
            ("app.py", FAULTY),
            ("lib.py", FAULTY),
            ("pyproject.toml", "[tool.spawnsafe]\nexclude = [\"lib.py\"]\n"),
        ],
    );
    world.repository(
        "clones/broken",
        &[("app.py", FAULTY), ("pyproject.toml", "[tool.spawnsafe]\nselect = 3\n")],
    );
    done(&migrate(&world.path(""), &["run", "clones"]));
    let outcomes = crate::world::outcomes(&world.path("spawnsafe-migration"));
    assert_eq!((outcomes["plain"].files.changed, outcomes["own"].files.changed), (1, 1));
    let problem = outcomes["broken"].problem.as_deref().expect("a problem");
    assert!(
        problem.contains("pyproject.toml") && !problem.contains("spawnsafe-migration"),
        "{problem}"
    );
}

#[test]
fn fixes_that_the_projects_tests_reject_are_left_out() {
    let world = World::new();
    let repository = world.repository("one", &[("good.py", FAULTY), ("frozen.py", FAULTY)]);
    let check = "grep -q 'lambda x' frozen.py";
    done(&migrate(&world.path(""), &["run", "one", "--result", "branch", "--verify", check]));
    assert_eq!(git(&repository, &["diff", "--name-only", "main", "spawnsafe/migrate"]), "good.py");
    let outcome = &crate::world::outcomes(&world.path("spawnsafe-migration"))["one"];
    assert_eq!((outcome.fixed(), outcome.found()), (1, 2), "{outcome:?}");
}

#[cfg(unix)]
#[test]
fn ctrl_c_finishes_what_is_in_hand_and_says_how_to_go_on() {
    use std::io::Read;
    let world = World::new();
    for number in 0..6 {
        world.repository(&format!("clones/repo-{number}"), &[("app.py", FAULTY)]);
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_spawnsafe"));
    command
        .args([
            "migrate",
            "run",
            "clones",
            "--jobs",
            "1",
            "--shard",
            "1/1",
            "--verify",
            "sleep 0.5",
        ])
        .current_dir(world.path(""));
    let mut child = command.stderr(std::process::Stdio::piped()).spawn().expect("spawnsafe starts");
    let journal = world.path("spawnsafe-migration/journal.jsonl");
    while !std::fs::read_to_string(&journal).is_ok_and(|text| text.contains("\"end\"")) {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(killed.is_ok_and(|status| status.success()));
    let status = child.wait().expect("spawnsafe ends");
    let mut errors = String::new();
    child.stderr.take().expect("its errors").read_to_string(&mut errors).expect("text");
    assert_eq!(status.code(), Some(130), "{errors}");
    assert!(
        errors.contains("finishing the repositories in hand")
            && errors.contains("still to be done; `spawnsafe migrate run --out"),
        "{errors}"
    );
    done(&migrate(&world.path(""), &["run"]));
    assert_eq!(
        crate::world::outcomes(&world.path("spawnsafe-migration"))
            .values()
            .filter(|outcome| outcome.fixed() == 1)
            .count(),
        6
    );
}
