//! The example files and the guide: they exist, their options are known, and what can be run is run.

use crate::world::{World, artefacts, assert_same, git};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

const PROGRAM: &str = env!("CARGO_BIN_EXE_spawnsafe");
const FAULTY: &str = "import multiprocessing\n\n\ndef main():\n    with multiprocessing.Pool() as pool:\n        print(pool.map(lambda x: x + 1, [1, 2]))\n\n\nif __name__ == \"__main__\":\n    main()\n";

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn examples() -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(top().join("examples/migrate"))
        .expect("examples")
        .flatten()
        .map(|entry| entry.path())
        .collect();
    paths.sort();
    paths
}

/// A command that finds this spawnsafe on its PATH.
fn command(program: &str, world: &World) -> Command {
    let bin = world.path("bin");
    std::fs::create_dir_all(&bin).expect("a folder");
    #[cfg(unix)]
    if !bin.join("spawnsafe").exists() {
        std::os::unix::fs::symlink(PROGRAM, bin.join("spawnsafe")).expect("a link");
    }
    let mut folders = vec![bin];
    folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    let mut command = Command::new(program);
    command
        .env("PATH", std::env::join_paths(folders).expect("a PATH"))
        .env("GIT_AUTHOR_NAME", "Ada")
        .env("GIT_AUTHOR_EMAIL", "ada@example.org");
    command
}

#[test]
fn the_guide_names_every_example_and_no_file_that_is_not_there() {
    let guide = std::fs::read_to_string(top().join("docs/migrate.md")).expect("the guide");
    for path in examples() {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        assert!(
            guide.contains(&format!("(../examples/migrate/{name})")),
            "the guide does not name {name}"
        );
    }
    for link in guide.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
        assert!(
            link.contains("://") || top().join("docs").join(link).is_file(),
            "{link} is not there"
        );
    }
}

#[test]
fn every_option_in_the_guide_and_the_examples_is_known() {
    let help: String = [
        &["migrate", "run", "--help"][..],
        &["migrate", "plan", "--help"],
        &["migrate", "report", "--help"],
        &["fix", "--help"],
    ]
    .iter()
    .map(|args| {
        String::from_utf8_lossy(
            &Command::new(PROGRAM).args(*args).output().expect("spawnsafe starts").stdout,
        )
        .into_owned()
    })
    .collect();
    let known: BTreeSet<&str> = help
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '-')
        .filter(|word| word.starts_with("--"))
        .collect();
    let mut seen = 0;
    for path in examples().into_iter().chain([top().join("docs/migrate.md")]) {
        let text = std::fs::read_to_string(&path).expect("the file is read").replace("\\\n", " ");
        for line in text.lines().filter(|line| {
            line.contains("spawnsafe migrate ")
                || line.contains("spawnsafe fix ")
                || line.contains("[spawnsafe, migrate")
        }) {
            let own = line.split(" #").next().unwrap_or(line);
            for word in own
                .split(|c: char| !c.is_ascii_alphanumeric() && c != '-')
                .filter(|word| word.starts_with("--") && word.len() > 2)
            {
                seen += 1;
                assert!(known.contains(word), "{}: {word} is not known: {line}", path.display());
            }
        }
    }
    assert!(seen > 20, "only {seen} options were found");
}

#[cfg(unix)]
#[test]
fn the_slurm_array_does_everything_once() {
    let world = World::new();
    let mut list = String::new();
    for number in 0..5 {
        let path = world.repository(&format!("clones/repo-{number}"), &[("app.py", FAULTY)]);
        list.push_str(&format!("{}\n", path.display()));
    }
    crate::world::write(&world.path("repos.txt"), list.as_bytes());
    std::fs::create_dir_all(world.path("scratch")).expect("a folder");
    for task in 3..6 {
        let mut task_of = command("bash", &world);
        task_of
            .arg(top().join("examples/migrate/slurm-array.sbatch"))
            .env("LIST", world.path("repos.txt"))
            .env("OUT", world.path("out"));
        task_of
            .env("SLURM_ARRAY_TASK_ID", task.to_string())
            .env("SLURM_ARRAY_TASK_COUNT", "3")
            .env("SLURM_ARRAY_TASK_MIN", "3");
        task_of.env("SLURM_CPUS_PER_TASK", "2").env("TMPDIR", world.path("scratch"));
        let output = task_of.output().expect("the task starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(String::from_utf8_lossy(&output.stderr).contains("as the variables of Slurm say"));
    }
    let status = command(PROGRAM, &world)
        .args(["migrate", "report", "--no-timings"])
        .arg(world.path("out"))
        .status();
    assert!(status.expect("spawnsafe starts").success());
    let mut whole = command(PROGRAM, &world);
    whole
        .args(["migrate", "run", "--no-timings", "--shard", "1/1", "--from"])
        .arg(world.path("repos.txt"))
        .arg("--out")
        .arg(world.path("whole"));
    assert!(whole.status().expect("spawnsafe starts").success());
    assert_same(&artefacts(&world.path("whole")), &artefacts(&world.path("out")));
    assert_eq!(
        std::fs::read_dir(world.path("scratch")).expect("a folder").count(),
        0,
        "no clone stays"
    );
}

#[cfg(unix)]
#[test]
fn the_program_for_multi_gitter_changes_the_tree_or_fails() {
    let world = World::new();
    let script = top().join("examples/migrate/multi-gitter.sh");
    let faulty = world.repository("faulty", &[("app.py", FAULTY)]);
    let clean = world.repository("clean", &[("app.py", "print(1)\n")]);
    for (repository, changed) in [(&faulty, "M app.py"), (&clean, "")] {
        let status = command(&script.to_string_lossy(), &world)
            .current_dir(repository)
            .status()
            .expect("the program starts");
        assert!(status.success());
        assert_eq!(git(repository, &["status", "--porcelain"]).trim(), changed);
    }
    let broken = world.repository(
        "broken",
        &[("pyproject.toml", "[tool.spawnsafe]\nselect = 3\n"), ("app.py", FAULTY)],
    );
    let status = command(&script.to_string_lossy(), &world)
        .current_dir(&broken)
        .status()
        .expect("the program starts");
    assert!(!status.success(), "a repository that cannot be done must fail");
    assert_eq!(git(&broken, &["status", "--porcelain"]), "");
}
