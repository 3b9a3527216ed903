//! The hook leaves programs alone: paths, other hooks, exit codes, faults of its own.

use crate::{each, folder, interpreters_or_skip, spawnsafe, texts};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn traced(folder: &Path, words: &[&str]) -> Output {
    spawnsafe(folder).args(["trace", "--"]).args(words).output().expect("spawnsafe runs")
}

/// A sitecustomize of the user's runs, and the path is what it is without the hook.
#[test]
fn what_the_hook_hides_runs() {
    each(&interpreters_or_skip("chaining to sitecustomize"), |interpreter| {
        let tree = tempfile::tempdir().expect("a temporary folder");
        let write = |name: &str, text: &str| {
            fs::write(tree.path().join(name), text).expect("a writable folder");
        };
        fs::create_dir(tree.path().join("site")).expect("a writable folder");
        // Whole lines: several processes write at once.
        write(
            "site/sitecustomize.py",
            "import sys\nsys.stdout.write('site %s %s\\n' % (__name__, __file__[-21:]))\n",
        );
        write("site/usercustomize.py", "import sys\nsys.stdout.write('user\\n')\n");
        write(
            "main.py",
            "import sys, multiprocessing as mp\nimport sitecustomize\n\
             def work():\n    sys.stdout.write('child %s\\n' % sys.path)\n\
             if __name__ == '__main__':\n    sys.stdout.write('%s %s\\n' % (sys.path, sitecustomize.__file__))\n    sys.stdout.flush()\n    \
             process = mp.get_context('spawn').Process(target=work)\n    process.start()\n    process.join()\n",
        );
        let python = interpreter.path.to_str().expect("a path in Unicode");
        let site = tree.path().join("site");
        let plain = Command::new(python)
            .arg("main.py")
            .current_dir(tree.path())
            .env("PYTHONPATH", &site)
            .output()
            .expect("the interpreter runs");
        let hooked = spawnsafe(tree.path())
            .env("PYTHONPATH", &site)
            .args(["trace", "--", python, "main.py"])
            .output()
            .expect("spawnsafe runs");
        let (expected, _) = texts(&plain);
        let (found, errors) = texts(&hooked);
        let in_order = |text: &str| {
            let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
            lines.sort();
            lines
        };
        if in_order(&expected) == in_order(&found) && expected.matches("site ").count() > 1 {
            Vec::new()
        } else {
            vec![format!("Python {}:\n{expected}\n{found}\n{errors}", interpreter.version())]
        }
    });
}

/// Children do not compile the hook anew where Python keeps no bytecode; of the program none is kept.
#[test]
fn the_hook_is_compiled_once() {
    each(&interpreters_or_skip("bytecode of the hook"), |interpreter| {
        let tree = tempfile::tempdir().expect("a temporary folder");
        let program = "import multiprocessing as mp, os, sys, other\n\
            def work():\n    import _spawnsafe_hook.record as record\n    \
            print(os.path.exists(record.__spec__.cached), sys.dont_write_bytecode)\n\
            if __name__ == '__main__':\n    process = mp.get_context('spawn').Process(target=work)\n    \
            process.start(); process.join()\n";
        fs::write(tree.path().join("main.py"), program).expect("a writable folder");
        fs::write(tree.path().join("other.py"), "").expect("a writable folder");
        let python = interpreter.path.to_str().expect("a path in Unicode");
        let (out, errors) = texts(&traced(tree.path(), &[python, "-B", "main.py"]));
        if out == "True True\n" && !tree.path().join("__pycache__").exists() {
            Vec::new()
        } else {
            vec![format!("Python {}: {out}{errors}", interpreter.version())]
        }
    });
}

#[test]
fn exit_codes_and_standard_input_are_the_programs() {
    let Some(interpreter) = interpreters_or_skip("exit codes").into_iter().next() else { return };
    let python = interpreter.path.to_str().expect("a path in Unicode");
    let tree = tempfile::tempdir().expect("a temporary folder");
    let code = |text: &str| traced(tree.path(), &[python, "-c", text]).status.code();
    assert_eq!(code("import sys; sys.exit(7)"), Some(7));
    assert_eq!(code("import os; os.kill(os.getpid(), 15)"), Some(143));
    assert_eq!(code("print(1)"), Some(0));
    assert_eq!(traced(tree.path(), &["no-such-program"]).status.code(), Some(127));
    let none = spawnsafe(tree.path()).arg("trace").output().expect("spawnsafe runs");
    assert_eq!(none.status.code(), Some(2));
    let empty = fs::read_to_string(tree.path().join("spawnsafe-trace.jsonl")).expect("a trace");
    assert_eq!(empty, "", "a program that sends nothing leaves an empty trace");
}

/// A trace that cannot be written is told once and changes nothing.
#[test]
fn a_fault_of_the_hook_is_told_once() {
    each(&interpreters_or_skip("faults of the hook"), |interpreter| {
        let tree = tempfile::tempdir().expect("a temporary folder");
        let trace = tree.path().join("trace.jsonl");
        // The program itself puts a folder where the trace was.
        let program = "import os, sys\nfrom concurrent.futures import ProcessPoolExecutor\n\
            def work(x): return x\n\
            if __name__ == '__main__':\n    os.remove(sys.argv[1]); os.mkdir(sys.argv[1])\n    \
            with ProcessPoolExecutor(2) as e: print(list(e.map(work, range(3))), e.submit(work, 1).result())\n";
        fs::write(tree.path().join("main.py"), program).expect("a writable folder");
        let output = spawnsafe(tree.path())
            .args(["trace", "--output"])
            .arg(&trace)
            .arg("--")
            .arg(&interpreter.path)
            .arg("main.py")
            .arg(&trace)
            .output()
            .expect("spawnsafe runs");
        let (stdout, stderr) = texts(&output);
        let told = stderr.matches("spawnsafe: the hook failed").count();
        if output.status.success() && stdout == "[0, 1, 2] 1\n" && told == 1 {
            Vec::new()
        } else {
            vec![format!("Python {}: {told} times\n{stdout}\n{stderr}", interpreter.version())]
        }
    });
}

/// A process that goes on after the run finds the hook's folder gone: it is none of its business.
#[test]
fn what_outlives_the_run_is_left_alone() {
    each(&interpreters_or_skip("processes that outlive the run"), |interpreter| {
        let tree = tempfile::tempdir().expect("a temporary folder");
        let write = |name: &str, text: &str| {
            fs::write(tree.path().join(name), text).expect("a writable folder");
        };
        write(
            "main.py",
            "import os, subprocess, sys, time\n\
             with open('errors', 'w') as errors:\n    \
             subprocess.Popen([sys.executable, 'late.py'], stdout=errors, stderr=errors, start_new_session=True)\n\
             for _ in range(600):\n    if os.path.exists('begun') or os.path.getsize('errors'): break\n    time.sleep(0.05)\n",
        );
        write(
            "late.py",
            "import os, sys, time\n\
             hook = sys.modules['_spawnsafe_hook'].__path__[0]\n\
             open('begun', 'w').close()\n\
             for _ in range(600):\n    if not os.path.exists(hook): break\n    time.sleep(0.05)\n\
             import multiprocessing.pool, multiprocessing.queues, concurrent.futures.process\n\
             with open('part', 'w') as f: f.write(str(os.path.exists(hook)))\n\
             os.rename('part', 'done')\n",
        );
        let python = interpreter.path.to_str().expect("a path in Unicode");
        let output = traced(tree.path(), &[python, "main.py"]);
        let read = |name: &str| fs::read_to_string(tree.path().join(name)).unwrap_or_default();
        for _ in 0..600 {
            if !read("done").is_empty() || !read("errors").is_empty() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        let (done, errors) = (read("done"), read("errors"));
        if output.status.success() && done == "False" && errors.is_empty() {
            Vec::new()
        } else {
            vec![format!("Python {}: {done:?}\n{errors}", interpreter.version())]
        }
    });
}

/// A report for people follows the program's own output.
#[test]
fn the_report_names_place_path_and_rule() {
    let Some(interpreter) = interpreters_or_skip("the report").into_iter().next() else { return };
    let python = interpreter.path.to_str().expect("a path in Unicode");
    let tree = tempfile::tempdir().expect("a temporary folder");
    let program = folder().join("programs/everything.py");
    fs::copy(program, tree.path().join("everything.py")).expect("a copy");
    let output = spawnsafe(tree.path())
        .args(["trace", "--start-method", "fork", "--", python, "everything.py"])
        .output()
        .expect("spawnsafe runs");
    let (_, stderr) = texts(&output);
    for part in [
        "would fail under spawn and forkserver: `self.client._lock`: a lock cannot be pickled",
        "everything.py:80: concurrent.futures.ProcessPoolExecutor.run_in_executor failed: `fn`: a lambda",
        "dispatches seen at",
        "the events are in spawnsafe-trace.jsonl",
    ] {
        assert!(stderr.contains(part), "{part} is missing in\n{stderr}");
    }
}
