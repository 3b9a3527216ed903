//! How one program is run: laid out in a folder of its own, watched, and ended with all its children.
//!
//! Programs may hang, fork and start themselves again. Each gets a process group, and whatever way it
//! ends, the whole group is gone afterwards.

use crate::waiting::{Fate, Watch};
use regex::Regex;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// Dying workers print a traceback each; no fixture prints that many for another reason.
const RESPAWN_TRACEBACKS: usize = 6;
/// How long a program may take to end after its failure was seen, if nothing proves earlier that it never will.
const GRACE: Duration = Duration::from_secs(2);
/// The longest time between two looks at a program; the first looks follow each other more quickly.
const LONGEST_PAUSE: Duration = Duration::from_millis(50);
/// How often it is asked what will become of a program; it takes two looks to prove that it waits for ever.
const FATE_PAUSE: Duration = Duration::from_millis(100);

/// One program to run.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    /// The interpreter.
    pub(crate) python: PathBuf,
    /// Its full version.
    pub(crate) version: String,
    /// A file, which runs as `main.py`, or a folder. It is copied.
    pub(crate) source: PathBuf,
    /// What follows the interpreter.
    pub(crate) arguments: Vec<String>,
    /// Added to the environment.
    pub(crate) environment: BTreeMap<&'static str, String>,
    /// When it is ended.
    pub(crate) limit: Duration,
    /// What its failure prints: a program that printed this is not waited for much longer.
    pub(crate) expect: Option<Regex>,
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Ended {
    /// By itself.
    Exit,
    /// It was still running at its limit.
    Limit,
    /// Every thread of every process waits for another one of them, without a time limit.
    Waiting,
    /// It was still running some time after its failure was seen.
    Stuck,
    /// Its workers died and were started again, over and over.
    Respawn,
}

/// What a program did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Outcome {
    /// How it ended.
    pub(crate) ended: Ended,
    /// Its exit code; -1 if a signal ended it.
    pub(crate) code: i32,
    /// All of its output.
    pub(crate) stdout: String,
    /// All of its error output, its children's included.
    pub(crate) stderr: String,
    /// How long it ran.
    pub(crate) seconds: f64,
}

impl Outcome {
    /// All that it printed, errors first.
    pub(crate) fn said(&self) -> String {
        format!("{}{}", self.stderr, self.stdout)
    }
}

impl Program {
    /// Runs it to its end, whatever that is.
    pub(crate) fn run(&self) -> Outcome {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let outcome = self
            .run_in(folder.path())
            .unwrap_or_else(|error| panic!("{}: {error}", self.source.display()));
        // The copy is gone, so nobody will ask for its bytecode again; there is none of a single file.
        let _ = fs::remove_dir_all(below(&self.bytecode(), folder.path()));
        outcome
    }

    fn run_in(&self, folder: &Path) -> io::Result<Outcome> {
        let tree = folder.join("tree");
        self.lay_out(&tree)?;
        let (out, err) = (folder.join("stdout"), folder.join("stderr"));
        let mut command = self.command(folder);
        command.current_dir(&tree).stdout(File::create(&out)?).stderr(File::create(&err)?);
        let started = Instant::now();
        let mut group = Group(command.spawn()?);
        let (ended, status) = self.watch(&mut group.0, &out, &err)?;
        drop(group);
        Ok(Outcome {
            ended,
            code: status.and_then(|status| status.code()).unwrap_or(-1),
            stdout: read(&out)?.replace("\r\n", "\n"),
            stderr: read(&err)?.replace("\r\n", "\n"),
            seconds: started.elapsed().as_secs_f64(),
        })
    }

    /// Where the interpreter keeps bytecode, so that nothing is compiled twice, and nothing is written beside the sources.
    fn bytecode(&self) -> PathBuf {
        kept().join("bytecode").join(&self.version)
    }

    fn command(&self, folder: &Path) -> Command {
        let mut command = Command::new(&self.python);
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("PYTHON") || text.starts_with("HARNESS_") {
                command.env_remove(&name);
            }
        }
        command
            .args(&self.arguments)
            .envs(&self.environment)
            .env("PYTHONUNBUFFERED", "1")
            .env("PYTHONUTF8", "1")
            .env("PYTHONHASHSEED", "0")
            .env("PYTHONPYCACHEPREFIX", self.bytecode())
            .env("TMPDIR", folder)
            .stdin(Stdio::null());
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command
    }

    fn lay_out(&self, tree: &Path) -> io::Result<()> {
        if self.source.is_dir() {
            return copy_tree(&self.source, tree);
        }
        fs::create_dir(tree)?;
        fs::copy(&self.source, tree.join("main.py")).map(drop)
    }

    /// Waits for the end of `child`, or for a reason to end it.
    fn watch(
        &self,
        child: &mut Child,
        out: &Path,
        err: &Path,
    ) -> io::Result<(Ended, Option<ExitStatus>)> {
        let started = Instant::now();
        let mut failed_at = None;
        let mut pause = Duration::from_millis(1);
        let (mut looked_at, mut fate) = (started, Watch::new(child.id()));
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok((Ended::Exit, Some(status)));
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
            if looked_at.elapsed() < FATE_PAUSE {
                continue;
            }
            looked_at = Instant::now();
            match fate.look() {
                Fate::Open => {}
                Fate::Waiting => return Ok((Ended::Waiting, None)),
                Fate::Respawning => return Ok((Ended::Respawn, None)),
            }
            let said = read(err)?;
            if said.matches("Traceback (most recent call last)").count() >= RESPAWN_TRACEBACKS {
                return Ok((Ended::Respawn, None));
            }
            let failed = |expect: &Regex| expect.is_match(&said);
            if failed_at.is_none()
                && self.expect.as_ref().is_some_and(|expect| {
                    failed(expect) || read(out).is_ok_and(|text| expect.is_match(&text))
                })
            {
                failed_at = Some(Instant::now());
            }
            if failed_at.is_some_and(|at| at.elapsed() > GRACE) {
                return Ok((Ended::Stuck, None));
            }
            if started.elapsed() > self.limit {
                return Ok((Ended::Limit, None));
            }
        }
    }
}

/// A program and what it started: workers, fork servers, resource trackers. All of it ends with this.
struct Group(Child);

impl Drop for Group {
    fn drop(&mut self) {
        // Who ended already cannot be ended again, and that is well.
        #[cfg(unix)]
        let _ = rustix::process::kill_process_group(
            rustix::process::Pid::from_child(&self.0),
            rustix::process::Signal::KILL,
        );
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The folder of what may be needed again.
pub(crate) fn kept() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("behaviour")
}

fn read(path: &Path) -> io::Result<String> {
    fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

fn copy_tree(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let target = to.join(path.file_name().expect("a named entry"));
        if path.is_dir() {
            copy_tree(&path, &target)?;
        } else {
            fs::copy(&path, &target)?;
        }
    }
    Ok(())
}

/// The absolute path `inner` as a path below `root`.
fn below(root: &Path, inner: &Path) -> PathBuf {
    root.join(inner.strip_prefix("/").unwrap_or(inner))
}
