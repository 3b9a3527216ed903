//! A folder of files, and the command run in it.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A script with one fault that has a safe fix, on line 5.
pub(crate) const FAULTY: &str = "\
from concurrent.futures import ProcessPoolExecutor
def work(a): return a
if __name__ == \"__main__\":
    with ProcessPoolExecutor() as pool:
        print(pool.submit(lambda: work(1)).result())
";
/// The same after the fix.
pub(crate) const MENDED: &str = "\
from concurrent.futures import ProcessPoolExecutor
def work(a): return a
if __name__ == \"__main__\":
    with ProcessPoolExecutor() as pool:
        print(pool.submit(work, 1).result())
";

/// What a run left behind.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: Vec<u8>,
    pub(crate) err: String,
}

impl Ran {
    /// Standard output as text.
    #[track_caller]
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.out.clone()).expect("standard output is UTF-8")
    }

    /// Standard output as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.out)
            .unwrap_or_else(|error| panic!("{error}: {}\n{}", self.text(), self.err))
    }

    /// Checks the exit code and shows everything if it is another one.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(
            self.code,
            code,
            "stdout: {}\nstderr: {}",
            String::from_utf8_lossy(&self.out),
            self.err
        );
        self
    }
}

/// A folder that is gone after the test.
pub(crate) struct Tree {
    folder: tempfile::TempDir,
}

impl Tree {
    /// A folder with these files.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let tree = Self { folder: tempfile::tempdir().expect("a folder") };
        for (path, text) in files {
            tree.write(path, text.as_bytes());
        }
        tree
    }

    /// The folder itself.
    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    /// The path of a file.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root().join(path)
    }

    /// Makes a file, and its folder.
    pub(crate) fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
        fs::write(path, bytes).expect("a file");
    }

    /// The text of a file.
    #[track_caller]
    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).expect("the file is there")
    }

    /// Runs the command in the folder.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(arguments, b"", &[])
    }

    /// Runs the command in a folder of this one.
    pub(crate) fn run_in(&self, folder: &str, arguments: &[&str]) -> Ran {
        run_from(&self.path(folder), arguments, b"", &[])
    }

    /// Runs the command with bytes on standard input and variables in the environment.
    pub(crate) fn run_with(
        &self,
        arguments: &[&str],
        input: &[u8],
        variables: &[(&str, &str)],
    ) -> Ran {
        run_from(self.root(), arguments, input, variables)
    }

    /// The files that findings of `check` are in, each once for each finding.
    #[track_caller]
    pub(crate) fn found(&self, arguments: &[&str]) -> Vec<String> {
        let mut all = vec!["check", "--output-format", "json", "--exit-zero"];
        all.extend(arguments);
        let json = self.run(&all).json();
        json["findings"]
            .as_array()
            .expect("findings")
            .iter()
            .map(|finding| finding["path"].as_str().expect("a path").to_owned())
            .collect()
    }
}

fn run_from(folder: &Path, arguments: &[&str], input: &[u8], variables: &[(&str, &str)]) -> Ran {
    let mut child = Command::new(env!("CARGO_BIN_EXE_spawnsafe"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .envs(variables.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    // A command that does not read closes the pipe early.
    let _ = child.stdin.take().expect("a pipe").write_all(input);
    let done = child.wait_with_output().expect("the command ends");
    let err = String::from_utf8_lossy(&done.stderr).into_owned();
    Ran { code: done.status.code().expect("the command is not killed"), out: done.stdout, err }
}
