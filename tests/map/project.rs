//! A small project with a place of every verdict, and the command run in it.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A module whose function is found by its name.
const TASKS: &str = "\
def work(item):
    return item


def load():
    pass
";

/// A safe pool with an initializer, a faulty task, an executor that nobody gives, and what is no process at all.
const MAIN: &str = "\
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import Pool, Process, Queue

from tasks import load, work


def parallel(function, items):
    with Pool(2, initializer=load) as pool:
        return pool.map(function, items)


def run(executor, job, frame):
    frame.apply(job)
    return executor.submit(job, 1)


def threads(items):
    with ThreadPoolExecutor() as executor:
        return list(executor.map(lambda item: item, items))


def main(unseen):
    results = Queue()
    parallel(work, [1, 2])
    with ProcessPoolExecutor() as executor:
        executor.submit(lambda: 1)
        executor.submit(unseen, 1)
    process = Process(target=work, args=(results,))
    process.start()
    process.join()


if __name__ == \"__main__\":
    main()
";

/// A folder that is gone after the test.
pub(crate) struct Project(tempfile::TempDir);

impl Project {
    pub(crate) fn new() -> Self {
        let project = Self(tempfile::tempdir().expect("a folder"));
        project.write("main.py", MAIN);
        project.write("tasks.py", TASKS);
        project
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }

    /// Standard output of a command that must end with `code`.
    #[track_caller]
    pub(crate) fn run(&self, arguments: &[&str], code: i32) -> String {
        let output = Command::new(env!("CARGO_BIN_EXE_spawnsafe"))
            .args(["--isolated", "--no-color"])
            .args(arguments)
            .current_dir(self.0.path())
            .output()
            .expect("the command runs");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{errors}");
        String::from_utf8(output.stdout).expect("standard output is UTF-8")
    }

    /// The map as JSON.
    #[track_caller]
    pub(crate) fn map(&self) -> serde_json::Value {
        let text = self.run(&["map", "--output-format", "json", "."], 0);
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// The map as a page on the disk.
    pub(crate) fn page(&self) -> PathBuf {
        self.run(&["map", "--output-format", "html", "-o", "map.html", "."], 0);
        self.path("map.html")
    }
}
