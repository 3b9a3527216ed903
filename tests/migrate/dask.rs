//! The Dask runner with a real scheduler and three worker processes, one of which is killed.
//!
//! Needs a Python with `distributed`: that of `SPAWNSAFE_DASK_PYTHON`, or `python3`. Without one this
//! test says so and passes, unless `SPAWNSAFE_REQUIRE_ALL=1`.

use crate::world::{World, artefacts, assert_same};
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PROGRAM: &str = env!("CARGO_BIN_EXE_spawnsafe");

/// A program whose only fault is a lambda for a process pool.
const FAULTY: &str = "from concurrent.futures import ProcessPoolExecutor\n\n\ndef main():\n    with ProcessPoolExecutor() as pool:\n        print(pool.submit(lambda: 42).result())\n\n\nif __name__ == \"__main__\":\n    main()\n";

fn python() -> Option<String> {
    let python = std::env::var("SPAWNSAFE_DASK_PYTHON").unwrap_or_else(|_| "python3".into());
    let there = Command::new(&python)
        .args(["-c", "import dask, distributed"])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !there {
        let required = std::env::var_os("SPAWNSAFE_REQUIRE_ALL").is_some_and(|value| value == "1");
        assert!(!required, "{python} has no Dask: install dask and distributed");
        let _ = writeln!(
            std::io::stderr(),
            "\n*** SKIPPED: {python} has no Dask, the runner was not tested ***\n"
        );
    }
    there.then_some(python)
}

/// A process that ends with its test.
struct Process(Child);

impl Process {
    fn dask(python: &str, folder: &Path, args: &[&str]) -> Self {
        let mut command = Command::new(python);
        command
            .args(["-m", "dask"])
            .args(args)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command.env("PYTHONPATH", Path::new(env!("CARGO_MANIFEST_DIR")).join("python"));
        Self(command.spawn().expect("Dask starts"))
    }

    fn kill(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

#[track_caller]
fn wait_for(what: &str, done: &mut dyn FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < Duration::from_secs(120), "{what} did not happen");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_worker_dies_and_the_outcome_is_the_same() {
    let Some(python) = python() else { return };
    let world = World::new();
    for number in 0..12 {
        let text = if number % 4 == 3 { "print(1)\n" } else { FAULTY };
        world.repository(&format!("clones/repo-{number:02}"), &[("app.py", text)]);
    }
    crate::world::init(&world.path("clones/empty"));
    let clones = world.path("clones").to_string_lossy().into_owned();
    // The check only takes time, so that there is a middle to kill a worker in.
    let wanted = [
        clones.as_str(),
        "--verify",
        "sleep 0.4",
        "--author",
        "Ada <ada@example.org>",
        "--isolated",
    ];
    let whole = world.path("whole");
    let status = Command::new(PROGRAM)
        .args(["migrate", "run", "--quiet", "--no-timings", "--out"])
        .arg(&whole)
        .args(wanted)
        .status();
    assert!(status.expect("spawnsafe starts").success());

    let file = world.path("scheduler.json");
    let name = file.to_string_lossy().into_owned();
    let words = "scheduler --host 127.0.0.1 --port 0 --no-dashboard --scheduler-file";
    let scheduler: Vec<&str> = words.split(' ').chain([name.as_str()]).collect();
    let _scheduler = Process::dask(&python, &world.path(""), &scheduler);
    wait_for("the scheduler", &mut || {
        std::fs::read_to_string(&file).is_ok_and(|text| text.contains("address"))
    });
    let words = "worker --nthreads 1 --no-nanny --no-dashboard --host 127.0.0.1 --scheduler-file";
    let worker: Vec<&str> = words.split(' ').chain([name.as_str()]).collect();
    let worker = || Process::dask(&python, &world.path(""), &worker);
    let mut workers = [worker(), worker(), worker()];
    let out = world.path("out");
    let mut command = Command::new(&python);
    command
        .args([
            "-m",
            "spawnsafe.dask_runner",
            "--no-timings",
            "--scheduler-file",
            &name,
            "--program",
            PROGRAM,
            "--out",
        ])
        .arg(&out)
        .args(wanted);
    command
        .env("PYTHONPATH", Path::new(env!("CARGO_MANIFEST_DIR")).join("python"))
        .stdin(Stdio::null());
    let mut runner = Process(command.spawn().expect("the runner starts"));
    let parts = || {
        std::fs::read_dir(out.join("parts")).map_or(0, |entries| {
            entries
                .flatten()
                .filter(|entry| entry.file_name().to_string_lossy().starts_with("clones-"))
                .count()
        })
    };
    wait_for("the first results", &mut || parts() >= 3);
    workers[1].kill();
    let before = parts();
    assert!(before < 13, "everything was done before a worker could be killed");
    let mut ended = None;
    wait_for("the end", &mut || {
        ended = runner.0.try_wait().expect("the runner is there");
        ended.is_some()
    });
    assert!(ended.is_some_and(|status| status.success()));
    let mut joined = artefacts(&out);
    joined.retain(|name, _| !name.starts_with("parts/"));
    assert_same(&artefacts(&whole), &joined);
    assert!(joined["summary.json"].windows(12).any(|text| text == b"\"changed\": 9"));
}
