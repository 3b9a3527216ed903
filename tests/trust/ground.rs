//! A folder to attack in, and the command run in it without the user's settings.

use std::io::{Read, Seek};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A script with one fault that has a safe fix.
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

/// No command here takes as long; one that waits for a pipe would take for ever.
const PATIENCE: Duration = Duration::from_secs(180);

/// A folder that goes after the test.
pub(crate) struct Ground {
    folder: tempfile::TempDir,
}

impl Ground {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::Builder::new()
                .prefix("trust-")
                .tempdir()
                .expect("a temporary folder"),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().expect("the folder is there").join(name)
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("the folder is made");
        std::fs::write(&path, text).expect("the file is written");
        path
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).expect("the file is read")
    }

    /// A repository whose first commit is clean and whose second holds the fault.
    pub(crate) fn repository(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(&path).expect("the folder is made");
        git(&path, &["init", "--quiet", "--initial-branch=main"]);
        self.write(&format!("{name}/main.py"), "print(1)\n");
        git(&path, &["add", "--all"]);
        git(&path, &["commit", "--quiet", "-m", "first"]);
        self.write(&format!("{name}/main.py"), FAULTY);
        git(&path, &["commit", "--quiet", "--all", "-m", "second"]);
        path
    }

    /// The command in the folder `at`, still to be started.
    pub(crate) fn command(&self, at: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_spawnsafe"));
        isolated(&mut command).current_dir(self.path(at)).args(arguments);
        command
    }

    /// Runs the command in the folder `at`.
    #[track_caller]
    pub(crate) fn run(&self, at: &str, arguments: &[&str]) -> Ran {
        finish(&mut self.command(at, arguments))
    }
}

/// What a run left behind.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: Vec<u8>,
    pub(crate) err: Vec<u8>,
}

impl Ran {
    /// Both outputs, for messages and searches.
    pub(crate) fn text(&self) -> String {
        format!("{}\n{}", String::from_utf8_lossy(&self.out), String::from_utf8_lossy(&self.err))
    }

    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}", self.text());
        self
    }
}

/// Runs a command that must end by itself. Its outputs are files: nobody has to empty them.
#[track_caller]
pub(crate) fn finish(command: &mut Command) -> Ran {
    let file = || tempfile::tempfile().expect("a temporary file");
    let mut outputs = [file(), file()];
    let [out, err] = outputs.each_ref().map(|file| file.try_clone().expect("the same file"));
    let mut child =
        command.stdin(Stdio::null()).stdout(out).stderr(err).spawn().expect("the command starts");
    let begun = Instant::now();
    let code = loop {
        if let Some(status) = child.try_wait().expect("the child is there") {
            break Some(status.code());
        }
        if begun.elapsed() > PATIENCE {
            child.kill().expect("the child is killed");
            child.wait().expect("the child ends");
            break None;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let [out, err] = outputs.each_mut().map(|file| {
        let mut bytes = Vec::new();
        file.rewind().and_then(|()| file.read_to_end(&mut bytes)).expect("the output");
        bytes
    });
    let hangs = format!("it hangs: {command:?}: {}", String::from_utf8_lossy(&err));
    Ran { code: code.expect(&hangs), out, err }
}

/// Without the settings of whoever runs the tests.
pub(crate) fn isolated(command: &mut Command) -> &mut Command {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if ["GIT", "CI", "SPAWNSAFE_SHARD", "SLURM_"].iter().any(|start| text.starts_with(start)) {
            command.env_remove(&name);
        }
    }
    command
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("NO_COLOR", "1")
}

/// Runs git as the owner of a repository does.
#[track_caller]
pub(crate) fn git(path: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    isolated(&mut command).arg("-C").arg(path).args([
        "-c",
        "user.name=Ada",
        "-c",
        "user.email=ada@example.org",
        "-c",
        "core.hooksPath=/dev/null",
        "-c",
        "core.fsmonitor=false",
    ]);
    let output = command.args(arguments).output().expect("git starts");
    assert!(
        output.status.success(),
        "git {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}

/// Makes a named pipe.
pub(crate) fn pipe(path: &Path) {
    let made = Command::new("mkfifo").arg(path).status().expect("mkfifo starts");
    assert!(made.success(), "{} cannot be made", path.display());
}
