//! Whether a group of processes waits for ever.
//!
//! It does if every thread of every process sleeps in a call that has no time limit and that only another one of
//! them could end: a lock, a pipe, a child's end. The programs have no input and no network, so nobody else will.
//! Linux tells what a thread sleeps in; elsewhere, and on processors whose calls have other numbers, nothing is proven.

use std::collections::BTreeMap;
use std::fs;

/// All threads of a group: the call that each sleeps in, and how often each has run.
///
/// Two equal looks mean that no thread ran in between, so the first was a look at all of them at once.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Sleepers(BTreeMap<u32, (String, String)>);

/// A process of the system.
struct Process {
    id: u32,
    parent: u32,
    group: u32,
    state: char,
}

/// The threads of the process group `group`, if all of them sleep in calls without a time limit.
pub(crate) fn look(group: u32) -> Option<Sleepers> {
    let all: Vec<Process> = numbered("/proc").filter_map(process).collect();
    let ours: Vec<&Process> = all.iter().filter(|process| process.group == group).collect();
    let left = |process: &Process| {
        process.group != group && ours.iter().any(|one| one.id == process.parent)
    };
    if ours.is_empty() || all.iter().any(left) {
        return None;
    }
    let mut sleepers = BTreeMap::new();
    for process in ours.iter().filter(|process| process.state != 'Z') {
        for thread in numbered(&format!("/proc/{}/task", process.id)) {
            let folder = format!("/proc/{}/task/{thread}", process.id);
            let call = fs::read_to_string(format!("{folder}/syscall")).ok()?;
            if !has_no_limit(&call) {
                return None;
            }
            sleepers.insert(thread, (call, times_run(&folder)?));
        }
    }
    Some(Sleepers(sleepers))
}

/// The entries of `folder` whose names are numbers.
fn numbered(folder: &str) -> impl Iterator<Item = u32> {
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

fn times_run(folder: &str) -> Option<String> {
    let text = fs::read_to_string(format!("{folder}/status")).ok()?;
    Some(text.lines().filter(|line| line.contains("_ctxt_switches")).collect())
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
