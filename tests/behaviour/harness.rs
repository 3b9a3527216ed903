//! The harness itself: what it must do with programs that do not end, and what it must not remember.

use crate::interpreters::Interpreter;
use crate::program::{Ended, Outcome, Program};
use crate::remembered::{self, Remembered};
use libtest_mimic::Trial;
use regex::Regex;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

/// A test, given the interpreter of its programs.
type Test = fn(&Interpreter);

/// All tests of the harness, with programs for `interpreter`.
pub(crate) fn trials(interpreter: &Interpreter) -> Vec<Trial> {
    let tests: [(&str, Test); 10] = [
        ("limit_ends_all_processes", limit_ends_all_processes),
        ("respawning_is_ended", respawning_is_ended),
        ("silent_respawning_is_ended", silent_respawning_is_ended),
        ("stuck_after_failure_is_ended", stuck_after_failure_is_ended),
        ("waiting_for_ever_is_proven", waiting_for_ever_is_proven),
        ("waiting_for_a_while_is_not_proven", waiting_for_a_while_is_not_proven),
        ("an_end_is_an_end", an_end_is_an_end),
        ("folders_are_copied", folders_are_copied),
        ("start_methods_reach_programs", start_methods_reach_programs),
        ("only_what_is_unchanged_is_remembered", only_what_is_unchanged_is_remembered),
    ];
    let trial = |(name, test): (&str, Test)| {
        let interpreter = interpreter.clone();
        Trial::test(format!("harness::{name}"), move || {
            test(&interpreter);
            Ok(())
        })
    };
    tests.into_iter().map(trial).collect()
}

/// Runs a program of one file.
fn run(interpreter: &Interpreter, text: &str, limit: u64, expect: Option<&str>) -> Outcome {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let source = folder.path().join("program.py");
    std::fs::write(&source, text).expect("a writable temporary folder");
    program(interpreter, &source, limit, expect).run()
}

fn program(interpreter: &Interpreter, source: &Path, limit: u64, expect: Option<&str>) -> Program {
    Program {
        python: interpreter.path.clone(),
        version: interpreter.version(),
        source: source.to_path_buf(),
        arguments: vec!["main.py".into()],
        environment: BTreeMap::default(),
        limit: Duration::from_secs(limit),
        expect: expect.map(|pattern| Regex::new(pattern).expect("a regular expression")),
    }
}

fn limit_ends_all_processes(interpreter: &Interpreter) {
    // One write a line: `print` to an unbuffered stream writes the text and the newline apart, and two processes mix theirs.
    let text = "import os, time\npid = os.fork() or os.getpid()\nos.write(1, b'%d\\n' % pid)\ntime.sleep(60)\n";
    let outcome = run(interpreter, text, 3, None);
    assert_eq!(outcome.ended, Ended::Limit);
    let pids: Vec<&str> = outcome.stdout.lines().collect();
    assert_eq!(pids.len(), 2, "parent and child print a process id each");
    for pid in pids {
        assert!(pid.parse::<u32>().is_ok(), "a line that is no process id: {pid:?}");
        assert!(ends_soon(pid), "process {pid} outlived its program");
    }
}

/// Whether the process `pid` is gone within ten seconds. A killed child of nobody may stay as a zombie, whose state is Z; on a
/// busy machine it takes a moment until the signal reaches it.
fn ends_soon(pid: &str) -> bool {
    let end = Instant::now() + Duration::from_secs(10);
    loop {
        let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        if state.is_empty() || state.contains(") Z ") {
            return true;
        }
        if Instant::now() > end {
            return false;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn respawning_is_ended(interpreter: &Interpreter) {
    let text = "import sys, time\nwhile True:\n    sys.stderr.write('Traceback (most recent call last):\\n')\n    time.sleep(0.01)\n";
    assert_eq!(run(interpreter, text, 30, None).ended, Ended::Respawn);
}

/// A thread that starts one process after another while the main thread waits for it.
fn silent_respawning_is_ended(interpreter: &Interpreter) {
    let text = "import subprocess, sys, threading\ndef work(times):\n    for _ in range(times):\n        subprocess.run([sys.executable, '-c', 'pass'])\nthread = threading.Thread(target=work, args=(TIMES,))\nthread.start()\nthread.join()\n";
    let ended = |times| run(interpreter, &text.replace("TIMES", times), 30, None).ended;
    assert_eq!(ended("5"), Ended::Exit);
    let endless = if cfg!(target_os = "linux") { Ended::Respawn } else { Ended::Limit };
    assert_eq!(ended("10**9"), endless);
}

fn stuck_after_failure_is_ended(interpreter: &Interpreter) {
    let text = "import sys, time\nsys.stderr.write('KeyError: 1\\n')\ntime.sleep(60)\n";
    assert_eq!(run(interpreter, text, 30, Some("KeyError")).ended, Ended::Stuck);
}

/// A lock that nobody opens, a child that waits for its parent, and a parent that waits for that child.
fn waiting_for_ever_is_proven(interpreter: &Interpreter) {
    let locked = "import threading\nlock = threading.Lock()\nlock.acquire()\nprint('once')\nlock.acquire()\n";
    let family =
        "import os\nread, write = os.pipe()\nif os.fork():\n    os.wait()\nos.read(read, 1)\n";
    for (text, printed) in [(locked, "once\n"), (family, "")] {
        let outcome = run(interpreter, text, 30, None);
        let ended = if cfg!(target_os = "linux") { Ended::Waiting } else { Ended::Limit };
        assert_eq!((outcome.ended, outcome.stdout.as_str()), (ended, printed));
    }
}

/// Sleeping, waiting with a limit, and waiting for another thread or process that only sleeps: all of it ends.
fn waiting_for_a_while_is_not_proven(interpreter: &Interpreter) {
    let programs = [
        "import time\ntime.sleep(1.5)\n",
        "import threading\nthreading.Event().wait(1.5)\n",
        "import select\nselect.poll().poll(1500)\n",
        "import threading, time\nthread = threading.Thread(target=time.sleep, args=(1.5,))\nthread.start()\nthread.join()\n",
        "import os, time\nif os.fork():\n    os.wait()\nelse:\n    time.sleep(1.5)\n",
        "import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'import time; time.sleep(1.5)'], start_new_session=True)\n",
    ];
    for text in programs {
        let outcome = run(interpreter, text, 30, None);
        assert_eq!((outcome.ended, outcome.code), (Ended::Exit, 0), "{text}\n{}", outcome.stderr);
    }
}

fn an_end_is_an_end(interpreter: &Interpreter) {
    let outcome = run(interpreter, "import sys\nprint('done')\nsys.exit(3)\n", 30, Some("never"));
    assert_eq!((outcome.ended, outcome.code, outcome.stdout.as_str()), (Ended::Exit, 3, "done\n"));
}

/// What a program writes stays out of the fixture, bytecode included.
fn folders_are_copied(interpreter: &Interpreter) {
    let source = tempfile::tempdir().expect("a temporary folder");
    let write = |name: &str, text: &str| {
        std::fs::create_dir_all(source.path().join("package")).expect("a writable folder");
        std::fs::write(source.path().join(name), text).expect("a writable folder");
    };
    write("package/part.py", "open('new', 'w').close()\n");
    write("main.py", "import package.part\nprint(__file__)\n");
    let outcome = program(interpreter, source.path(), 30, None).run();
    assert_eq!((outcome.ended, outcome.code), (Ended::Exit, 0), "{}", outcome.stderr);
    let mut names: Vec<_> = std::fs::read_dir(source.path().join("package"))
        .expect("a readable folder")
        .map(|entry| entry.expect("a readable folder").file_name())
        .collect();
    names.sort();
    assert_eq!(names, ["part.py"]);
    assert!(!source.path().join("new").exists());
}

/// What a program asks for by asking for nothing is what the run is about, and fork for the oracle.
fn start_methods_reach_programs(interpreter: &Interpreter) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let source = folder.path().join("program.py");
    std::fs::write(&source, "import multiprocessing\nprint(multiprocessing.get_start_method())\n")
        .expect("a writable temporary folder");
    for (variable, value, method) in [
        ("HARNESS_START_METHOD", "spawn", "spawn"),
        ("HARNESS_START_METHOD", "forkserver", "forkserver"),
        ("HARNESS_BY_VALUE", "1", "fork"),
    ] {
        let mut program = program(interpreter, &source, 30, None);
        let site = remembered::site().to_string_lossy().into_owned();
        program.environment.extend([("PYTHONPATH", site), (variable, value.to_owned())]);
        assert_eq!(program.run().stdout.trim(), method);
    }
}

fn only_what_is_unchanged_is_remembered(interpreter: &Interpreter) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let source = folder.path().join("program.py");
    let write = |text: &str| std::fs::write(&source, text).expect("a writable temporary folder");
    write("print(1)\n");
    let plain = program(interpreter, &source, 30, None);
    let outcome = plain.run();
    Remembered::open(folder.path(), false).keep("one", &plain, &outcome);
    let memory = Remembered::open(folder.path(), false);
    assert_eq!(memory.recall("one", &plain).as_ref(), Some(&outcome));
    assert_eq!(memory.recall("two", &plain), None);
    assert_eq!(Remembered::open(folder.path(), true).recall("one", &plain), None);
    let changes: [fn(&mut Program); 5] = [
        |program| program.version += "+",
        |program| program.arguments.push("-v".into()),
        |program| drop(program.environment.insert("HARNESS_START_METHOD", "spawn".into())),
        |program| program.expect = Regex::new("1").ok(),
        |program| program.limit = Duration::from_secs(1),
    ];
    for (number, change) in changes.iter().enumerate() {
        let mut changed = plain.clone();
        change(&mut changed);
        assert_eq!(memory.recall("one", &changed), None, "change {number}");
    }
    write("print(2)\n");
    assert_eq!(memory.recall("one", &plain), None, "another program");
}
