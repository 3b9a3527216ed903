//! Child processes: each in a process group of its own, with a time limit and its output in files.
//!
//! The group keeps a terminal's Ctrl-C away from work that is to be finished, and lets a time limit
//! end everything that a command has started. Files instead of pipes: a grandchild that keeps a
//! pipe open cannot make anyone wait.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The process groups that are running now, by the id of their leader.
static RUNNING: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());

/// How a child ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// With this exit code.
    Code(i32),
    /// By a signal.
    Signal,
    /// It was still running at its time limit, and was killed with all that it had started.
    TimedOut,
}

/// A child that ended, with what it wrote.
#[derive(Debug)]
pub struct Finished {
    /// How.
    pub ended: Ended,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: Vec<u8>,
}

/// Runs `command` with `input` as its standard input and collects what it writes. Processes that it
/// leaves behind stay, unless the limit is reached: git may start a credential daemon.
pub fn collect(command: &mut Command, input: &[u8], limit: Duration) -> io::Result<Finished> {
    let mut stdout = tempfile::tempfile()?;
    let mut stderr = tempfile::tempfile()?;
    command.stdin(fed(input)?).stdout(stdout.try_clone()?).stderr(stderr.try_clone()?);
    let mut child = start(command)?;
    let ended = wait(&mut child, limit)?;
    forget(&child);
    Ok(Finished { ended, stdout: content(&mut stdout)?, stderr: content(&mut stderr)? })
}

/// Runs `command` with both outputs going to `log`, and ends whatever it leaves behind.
pub fn into_log(command: &mut Command, log: &File, limit: Duration) -> io::Result<Ended> {
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log.try_clone()?);
    let mut child = start(command)?;
    let ended = wait(&mut child, limit)?;
    kill_group(child.id());
    forget(&child);
    Ok(ended)
}

/// Kills every running group. For a second Ctrl-C: nobody waits for them any more.
pub fn kill_all() {
    let running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    for id in running.iter() {
        kill_group(*id);
    }
}

fn fed(input: &[u8]) -> io::Result<Stdio> {
    if input.is_empty() {
        return Ok(Stdio::null());
    }
    let mut file = tempfile::tempfile()?;
    file.write_all(input)?;
    file.rewind()?;
    Ok(file.into())
}

fn content(file: &mut File) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn start(command: &mut Command) -> io::Result<Child> {
    own_group(command);
    // Held over the start, so that `kill_all` misses no group.
    let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    let child = command.spawn()?;
    running.insert(child.id());
    Ok(child)
}

fn forget(child: &Child) {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner).remove(&child.id());
}

fn wait(child: &mut Child, limit: Duration) -> io::Result<Ended> {
    let begun = Instant::now();
    let mut pause = Duration::from_millis(1);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status.code().map_or(Ended::Signal, Ended::Code));
        }
        if begun.elapsed() >= limit {
            kill_group(child.id());
            // The leader may have left its group; it is ours to end in any case.
            let _ = child.kill();
            child.wait()?;
            return Ok(Ended::TimedOut);
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}

#[cfg(unix)]
fn own_group(command: &mut Command) {
    std::os::unix::process::CommandExt::process_group(command, 0);
}

#[cfg(unix)]
fn kill_group(leader: u32) {
    if let Some(pid) = i32::try_from(leader).ok().and_then(rustix::process::Pid::from_raw) {
        // The group may be gone already, which is what is wanted.
        let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::KILL);
    }
}

#[cfg(not(unix))]
fn own_group(command: &mut Command) {
    let _ = command;
}

#[cfg(not(unix))]
fn kill_group(leader: u32) {
    let _ = Command::new("taskkill")
        .args(["/T", "/F", "/PID", &leader.to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
}
