//! Whether a group of processes waits for ever, or starts its workers for ever.
//!
//! It waits for ever if every thread of every process sleeps in a call that has no time limit and that only another
//! one of them could end: a lock, a pipe, a child's end. The programs have no input and no network, so nobody else will.
//! It starts workers for ever if one after another comes while the main thread sleeps in such a call and never runs.
//! Linux tells what a thread sleeps in; elsewhere, and on processors whose calls have other numbers, nothing is proven.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

/// More workers than this that came while the main thread slept did not come to do what it waits for.
const WORKERS: usize = 8;

/// What looks at a group have shown so far.
#[derive(Debug)]
pub(crate) struct Watch {
    group: u32,
    sleepers: Option<Sleepers>,
    main: Option<Sleeper>,
    // All processes that were seen since the main thread last ran.
    seen: BTreeSet<u32>,
}

/// What will become of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Nobody knows yet.
    Open,
    /// It waits for ever.
    Waiting,
    /// It starts workers for ever.
    Respawning,
}

/// The call that a thread sleeps in, and how often it has run.
type Sleeper = (String, String);
/// All threads of a group. Two equal looks mean that no thread ran in between, so the first was a look at all of them
/// at once.
type Sleepers = BTreeMap<u32, Sleeper>;

impl Watch {
    /// For the group of the process `leader`.
    pub(crate) fn new(leader: u32) -> Self {
        Self { group: leader, sleepers: None, main: None, seen: BTreeSet::new() }
    }

    /// Looks once more.
    pub(crate) fn look(&mut self) -> Fate {
        let all: Vec<Process> = numbered("/proc").filter_map(process).collect();
        let (ours, others): (Vec<Process>, Vec<Process>) =
            all.into_iter().partition(|process| process.group == self.group);
        let main = sleeper(self.group, self.group);
        if main.is_none() || main != self.main {
            self.seen.clear();
        }
        self.main = main;
        self.seen.extend(ours.iter().map(|process| process.id));
        if self.main.is_some() && self.seen.len() > WORKERS + ours.len() {
            return Fate::Respawning;
        }
        // Who left the group may wake it up.
        let has_left = others.iter().any(|other| ours.iter().any(|one| one.id == other.parent));
        let sleepers = if has_left { None } else { sleepers(&ours) };
        let is_same = sleepers.is_some() && sleepers == self.sleepers;
        self.sleepers = sleepers;
        if is_same { Fate::Waiting } else { Fate::Open }
    }
}

/// A process of the system.
struct Process {
    id: u32,
    parent: u32,
    group: u32,
    state: char,
}

/// The threads of the processes, if all of them sleep in calls without a time limit.
fn sleepers(ours: &[Process]) -> Option<Sleepers> {
    let alive = ours.iter().filter(|process| process.state != 'Z').map(|process| process.id);
    let threads = alive.flat_map(|process| {
        numbered(&format!("/proc/{process}/task")).map(move |thread| (process, thread))
    });
    let all: Option<Sleepers> =
        threads.map(|(process, thread)| Some((thread, sleeper(process, thread)?))).collect();
    all.filter(|all| !all.is_empty())
}

/// The call that the thread sleeps in, if that has no time limit.
fn sleeper(process: u32, thread: u32) -> Option<Sleeper> {
    let folder = format!("/proc/{process}/task/{thread}");
    let call = fs::read_to_string(format!("{folder}/syscall")).ok()?;
    if !has_no_limit(&call) {
        return None;
    }
    let status = fs::read_to_string(format!("{folder}/status")).ok()?;
    let times_run = status.lines().filter(|line| line.contains("_ctxt_switches")).collect();
    Some((call, times_run))
}

/// The entries of `folder` whose names are numbers.
fn numbered(folder: &str) -> impl Iterator<Item = u32> + use<> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
}

fn process(id: u32) -> Option<Process> {
    let text = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name stands in brackets and may hold anything.
    let mut words = text.rsplit_once(')')?.1.split_whitespace();
    let state = words.next()?.chars().next()?;
    Some(Process {
        id,
        parent: words.next()?.parse().ok()?,
        group: words.next()?.parse().ok()?,
        state,
    })
}

/// Whether a line of `/proc/…/syscall` (number, six arguments, stack, place) is a wait without a time limit.
fn has_no_limit(line: &str) -> bool {
    let mut words = line.split_whitespace();
    let Some(number) = words.next().and_then(|word| word.parse::<u32>().ok()) else { return false };
    let arguments: Vec<u64> = words
        .filter_map(|word| u64::from_str_radix(word.trim_start_matches("0x"), 16).ok())
        .collect();
    let Some(row) = CALLS.iter().find(|row| row.0 == number) else { return false };
    match row.1 {
        Limit::Never => true,
        Limit::Pointer(place) => arguments.get(place) == Some(&0),
        Limit::Milliseconds(place) => {
            arguments.get(place).is_some_and(|&value| (value as u32).cast_signed() < 0)
        }
    }
}

/// How a call says how long it waits.
#[derive(Debug, Clone, Copy)]
enum Limit {
    /// It cannot.
    Never,
    /// Not at all if this argument is null.
    Pointer(usize),
    /// Not at all if this argument is negative.
    Milliseconds(usize),
}

/// The calls in which Python waits, by their numbers.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
const CALLS: &[(u32, Limit)] = &[
    (0, Limit::Never),             // read
    (1, Limit::Never),             // write, to a pipe that is full
    (7, Limit::Milliseconds(2)),   // poll
    (23, Limit::Pointer(4)),       // select
    (43, Limit::Never),            // accept
    (45, Limit::Never),            // recvfrom
    (47, Limit::Never),            // recvmsg
    (61, Limit::Never),            // wait4
    (202, Limit::Pointer(3)),      // futex
    (232, Limit::Milliseconds(3)), // epoll_wait
    (247, Limit::Never),           // waitid
    (270, Limit::Pointer(4)),      // pselect6
    (271, Limit::Pointer(2)),      // ppoll
    (281, Limit::Milliseconds(3)), // epoll_pwait
    (288, Limit::Never),           // accept4
];

#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
const CALLS: &[(u32, Limit)] = &[
    (22, Limit::Milliseconds(3)), // epoll_pwait
    (63, Limit::Never),           // read
    (64, Limit::Never),           // write, to a pipe that is full
    (72, Limit::Pointer(4)),      // pselect6
    (73, Limit::Pointer(2)),      // ppoll
    (95, Limit::Never),           // waitid
    (98, Limit::Pointer(3)),      // futex
    (202, Limit::Never),          // accept
    (207, Limit::Never),          // recvfrom
    (212, Limit::Never),          // recvmsg
    (242, Limit::Never),          // accept4
    (260, Limit::Never),          // wait4
];

#[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))))]
const CALLS: &[(u32, Limit)] = &[];
