//! Which program runs where.

use crate::case::{self, Case, Failure, minor_of};
use crate::interpreters::Interpreter;
use crate::program::{Ended, Outcome, Program};
use crate::remembered;
use regex::Regex;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Long enough for a busy machine; only programs that hang without a word and without a proof take all of it.
const LIMIT: Duration = Duration::from_secs(40);
/// For programs that must hang in silence, if nothing proves it earlier: there is nothing else to wait for.
const SILENT_HANG: Duration = Duration::from_secs(6);
/// Before 3.10 an executor whose task cannot be pickled may hang in silence where later ones raise.
const FIRST_TO_RAISE: u32 = 10;
/// Of the older interpreters, each runs every so many-th fixture of a kind.
const SAMPLE: usize = 16;

/// What a run shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// The original, under a start method that it does not survive.
    Before,
    /// The rewritten program, or one that needs no rewriting.
    After,
    /// The original with callables that travel by value.
    Oracle,
}

/// One program under one interpreter and start method.
#[derive(Debug)]
pub(crate) struct Run {
    /// The fixture.
    pub(crate) case: Arc<Case>,
    /// What it shows.
    pub(crate) role: Role,
    /// The interpreter.
    pub(crate) interpreter: Interpreter,
    /// The start method that the program gets when it asks for none.
    pub(crate) method: String,
    source: PathBuf,
}

impl Run {
    /// What it is called, here and in the memory of earlier runs.
    pub(crate) fn name(&self) -> String {
        let role = match self.role {
            Role::Before => "before",
            Role::After => "after",
            Role::Oracle => "oracle",
        };
        let version = self.interpreter.version();
        format!("{} ({role}, Python {version}, {})", self.case.name, self.method)
    }

    /// The program to run.
    pub(crate) fn program(&self) -> Program {
        let path = std::env::join_paths([remembered::site(), case::root().join("stubs")])
            .expect("paths without colons");
        let mut environment = BTreeMap::from([("PYTHONPATH", path.to_string_lossy().into_owned())]);
        match self.role {
            Role::Oracle => environment.insert("HARNESS_BY_VALUE", "1".into()),
            Role::Before | Role::After => {
                environment.insert("HARNESS_START_METHOD", self.method.clone())
            }
        };
        environment.extend(std::env::var("SPAWNSAFE_LATE").ok().map(|who| ("HARNESS_LATE", who)));
        let is_silent = self.role == Role::Before && self.fails() == Some("hang");
        let entry = self.case.settings.entry.as_deref().unwrap_or("main.py");
        Program {
            python: self.interpreter.path.clone(),
            version: self.interpreter.version(),
            source: self.source.clone(),
            arguments: entry.split_whitespace().map(str::to_owned).collect(),
            environment,
            limit: if is_silent { SILENT_HANG } else { LIMIT },
            expect: if self.role == Role::Before { self.failure() } else { None },
        }
    }

    /// How the case says that the original fails under this interpreter.
    pub(crate) fn fails(&self) -> Option<&str> {
        self.case.settings.fails.as_ref()?.under(self.interpreter.minor.1)
    }

    /// The regular expression that the failure's output fits, if it prints anything.
    pub(crate) fn failure(&self) -> Option<Regex> {
        let stated = self.fails()?;
        let pattern = match crate::judge::FAILURES.iter().find(|row| row.0 == stated) {
            Some(row) => row.1?,
            None => stated,
        };
        let built = Regex::new(pattern);
        Some(built.unwrap_or_else(|error| panic!("{}: {error}", self.case.name)))
    }

    /// Whether a hang without a word is a failure as good as the stated one.
    pub(crate) fn may_hang_in_silence(&self) -> bool {
        self.interpreter.minor.1 < FIRST_TO_RAISE
    }

    /// Whether the original hung without a word although its failure prints something: a race of CPython's own,
    /// which executors lose now and then.
    pub(crate) fn is_worth_a_retry(&self, outcome: &Outcome) -> bool {
        self.role == Role::Before
            && !self.may_hang_in_silence()
            && self.failure().is_some()
            && matches!(outcome.ended, Ended::Limit | Ended::Waiting)
            && outcome.stderr.is_empty()
    }
}

/// Which of the interpreters that are not the main one run something, and what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sweep {
    /// None of them.
    None,
    /// All: each a sample, and every case that says something else of some versions than of others.
    Sample,
    /// All run everything.
    All,
}

impl Sweep {
    /// What `SPAWNSAFE_SWEEP` says.
    pub(crate) fn from_environment() -> Self {
        match std::env::var("SPAWNSAFE_SWEEP").as_deref() {
            Err(_) => Self::None,
            Ok("sample") => Self::Sample,
            Ok("all") => Self::All,
            Ok(other) => panic!("SPAWNSAFE_SWEEP is 'sample' or 'all', not '{other}'"),
        }
    }
}

/// All runs with the main interpreter, case by case.
pub(crate) fn all(main: &Interpreter) -> Vec<Vec<Run>> {
    of_cases(main, |_, _| true)
}

/// The runs of the sweep with one of the other interpreters, which are counted from 0.
pub(crate) fn of_sweep(other: &Interpreter, rank: usize, sweep: Sweep) -> Vec<Vec<Run>> {
    of_cases(other, |index, case| {
        sweep == Sweep::All || (index + rank).is_multiple_of(SAMPLE) || depends_on_version(case)
    })
}

/// The runs of the cases that `is_chosen` picks by their place in their kind.
fn of_cases(interpreter: &Interpreter, is_chosen: impl Fn(usize, &Case) -> bool) -> Vec<Vec<Run>> {
    let mut all = Vec::new();
    for kind in case::kinds() {
        for (index, case) in case::cases(&kind).into_iter().enumerate() {
            if is_chosen(index, &case) && can_run(&case, interpreter) {
                all.push(of_case(&Arc::new(case), interpreter));
            }
        }
    }
    all.retain(|runs| !runs.is_empty());
    all
}

/// Whether what the case says of its failure is not the same under every version.
fn depends_on_version(case: &Case) -> bool {
    matches!(case.settings.fails, Some(Failure::Since(_)))
        || case.settings.works.iter().any(|entry| entry.contains(' '))
}

/// Whether the fixture can run, and with this interpreter.
pub(crate) fn can_run(case: &Case, interpreter: &Interpreter) -> bool {
    let settings = &case.settings;
    if settings.run == Some(false) {
        assert!(settings.why.is_some(), "{}: run = false needs a reason in why", case.name);
        return false;
    }
    settings.python.as_ref().is_none_or(|wanted| fits(wanted, interpreter.minor.1))
}

fn of_case(case: &Arc<Case>, interpreter: &Interpreter) -> Vec<Run> {
    let mut runs = Vec::new();
    let mut add = |role: Role, stem: &str, method: &str| {
        runs.push(Run {
            case: Arc::clone(case),
            role,
            interpreter: interpreter.clone(),
            method: method.to_owned(),
            source: source(&case.folder, stem),
        });
    };
    let (fails, prints, fixed) = (
        case.settings.fails.as_ref().and_then(|fails| fails.under(interpreter.minor.1)).is_some(),
        case.folder.join("stdout.txt").exists(),
        case.after().is_some(),
    );
    for method in methods(case) {
        let survives = case.settings.works.iter().any(|entry| names(entry, &method, interpreter));
        if fails && !survives {
            add(Role::Before, "before", &method);
        }
        if fixed {
            add(Role::After, "after", &method);
        } else if prints && !fails {
            add(Role::After, "before", &method);
        }
    }
    let blessing = std::env::var_os("SPAWNSAFE_BLESS").is_some();
    if case.settings.oracle != Some(false) && (prints || (blessing && fails)) {
        add(Role::Oracle, "before", "fork");
    }
    runs
}

/// `forkserver` names it under every Python, `forkserver 3.14` under that one, `forkserver >=3.14` from there on.
fn names(entry: &str, method: &str, interpreter: &Interpreter) -> bool {
    let mut words = entry.split_whitespace();
    words.next() == Some(method) && words.next().is_none_or(|word| fits(word, interpreter.minor.1))
}

/// Whether Python 3.`minor` is among the versions that `wanted` names: `3.14`, `>=3.14` or `<3.14`.
fn fits(wanted: &str, minor: u32) -> bool {
    if let Some(version) = wanted.strip_prefix(">=") {
        minor >= minor_of(version)
    } else if let Some(version) = wanted.strip_prefix('<') {
        minor < minor_of(version)
    } else {
        minor == minor_of(wanted)
    }
}

fn methods(case: &Case) -> Vec<String> {
    let given = &case.settings.methods;
    if given.is_empty() { vec!["spawn".into(), "forkserver".into()] } else { given.clone() }
}

/// The file `<stem>.py` or the folder `<stem>/`.
fn source(folder: &Path, stem: &str) -> PathBuf {
    let single = folder.join(format!("{stem}.py"));
    if single.exists() { single } else { folder.join(stem) }
}

/// Every Python file of every fixed fixture.
pub(crate) fn fixed_files() -> Vec<(Arc<Case>, PathBuf)> {
    let mut files = Vec::new();
    for kind in case::kinds() {
        for case in case::cases(&kind) {
            let Some(after) = case.after() else { continue };
            let single = case.folder.join("after.py");
            let paths: Vec<PathBuf> = if single.exists() {
                vec![single]
            } else {
                after.keys().map(|name| case.folder.join("after").join(name)).collect()
            };
            let case = Arc::new(case);
            // A neighbour that was left alone may be what it was before: no Python at all.
            let before = case.folder.join("before");
            let is_changed = |path: &PathBuf| {
                path.file_name().is_none_or(|name| {
                    std::fs::read(before.join(name)).ok() != std::fs::read(path).ok()
                })
            };
            let paths: Vec<PathBuf> = paths.into_iter().filter(is_changed).collect();
            files.extend(
                paths
                    .into_iter()
                    .filter(|path| path.extension().is_none_or(|suffix| suffix == "py"))
                    .map(|path| (Arc::clone(&case), path)),
            );
        }
    }
    files
}
