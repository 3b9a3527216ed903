//! Which program runs where.

use crate::case::{self, Case};
use crate::interpreters::Interpreter;
use crate::runner::{self, Ended, Job, Outcome};
use std::path::PathBuf;
use std::rc::Rc;

/// Long enough for a busy machine; only programs that hang without a word take all of it.
const LIMIT_SECONDS: f64 = 40.0;
/// For programs that must hang in silence: there is nothing else to wait for.
const SILENT_HANG_SECONDS: f64 = 6.0;
/// Before 3.10 an executor whose task cannot be pickled may hang in silence where later ones raise.
const FIRST_TO_RAISE: (u32, u32) = (3, 10);
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
    pub(crate) case: Rc<Case>,
    /// What it shows.
    pub(crate) role: Role,
    /// The interpreter.
    pub(crate) interpreter: Interpreter,
    /// The start method that the program gets when it asks for none.
    pub(crate) method: String,
    tree: PathBuf,
    // Single files are laid out as a tree of their own; this keeps it until the run is over.
    _layout: Option<Rc<tempfile::TempDir>>,
}

impl Run {
    /// The run as an order to the runner.
    pub(crate) fn job(&self, id: usize) -> Job {
        let fixtures = case::root();
        let path = std::env::join_paths([runner::folder().join("site"), fixtures.join("stubs")])
            .expect("paths without colons");
        let mut env =
            std::collections::BTreeMap::from([("PYTHONPATH", path.to_string_lossy().into_owned())]);
        match self.role {
            Role::Oracle => env.insert("HARNESS_BY_VALUE", "1".into()),
            Role::Before | Role::After => env.insert("HARNESS_START_METHOD", self.method.clone()),
        };
        env.extend(std::env::var("SPAWNSAFE_LATE").ok().map(|who| ("HARNESS_LATE", who)));
        let silent = self.role == Role::Before
            && (self.may_hang_in_silence() || self.case.settings.fails.as_deref() == Some("hang"));
        Job {
            id,
            python: self.interpreter.path.clone(),
            tree: self.tree.clone(),
            argv: self
                .case
                .settings
                .entry
                .as_deref()
                .unwrap_or("main.py")
                .split_whitespace()
                .map(str::to_owned)
                .collect(),
            env,
            limit: if silent { SILENT_HANG_SECONDS } else { LIMIT_SECONDS },
            expect: (self.role == Role::Before).then(|| self.failure()).flatten(),
        }
    }

    /// The regular expression that the failure's output fits, if it prints anything.
    pub(crate) fn failure(&self) -> Option<String> {
        let stated = self.case.settings.fails.as_deref()?;
        match crate::judge::FAILURES.iter().find(|row| row.0 == stated) {
            Some(row) => row.1.map(str::to_owned),
            None => Some(stated.to_owned()),
        }
    }

    /// Whether a hang without a word is a failure as good as the stated one.
    pub(crate) fn may_hang_in_silence(&self) -> bool {
        self.interpreter.minor < FIRST_TO_RAISE
    }

    /// Whether the original hung without a word although its failure prints something.
    pub(crate) fn is_worth_a_retry(&self, outcome: &Outcome, attempt: usize) -> bool {
        attempt < 2
            && self.role == Role::Before
            && !self.may_hang_in_silence()
            && self.failure().is_some()
            && outcome.ended == Ended::Limit
            && outcome.stderr.is_empty()
    }
}

/// All runs: everything with the first interpreter, a sample with the others (`SPAWNSAFE_ALL_PYTHONS=1`: everything).
pub(crate) fn runs(interpreters: &[Interpreter]) -> Vec<Run> {
    let everything = std::env::var_os("SPAWNSAFE_ALL_PYTHONS").is_some();
    let mut all = Vec::new();
    for kind in case::kinds() {
        for (index, case) in case::cases(&kind).into_iter().enumerate() {
            let case = Rc::new(case);
            for (rank, interpreter) in interpreters.iter().enumerate() {
                let chosen = rank == 0 || everything || (index + rank).is_multiple_of(SAMPLE);
                if chosen && can_run(&case, interpreter) {
                    all.extend(of_case(&case, interpreter));
                }
            }
        }
    }
    all
}

/// Whether the fixture can run, and with this interpreter.
pub(crate) fn can_run(case: &Case, interpreter: &Interpreter) -> bool {
    let settings = &case.settings;
    if settings.run == Some(false) {
        assert!(settings.why.is_some(), "{}: run = false needs a reason in why", case.name);
        return false;
    }
    let Some(wanted) = &settings.python else { return true };
    let oldest = wanted.strip_prefix(">=3.").and_then(|minor| minor.parse().ok());
    interpreter.minor
        >= (
            3,
            oldest.unwrap_or_else(|| {
                panic!("{}: python = \"{wanted}\" is not of the form \">=3.10\"", case.name)
            }),
        )
}

fn of_case(case: &Rc<Case>, interpreter: &Interpreter) -> Vec<Run> {
    let mut runs = Vec::new();
    let mut add = |role: Role, stem: &str, method: &str| {
        let (tree, layout) = lay_out(case, stem);
        runs.push(Run {
            case: Rc::clone(case),
            role,
            interpreter: interpreter.clone(),
            method: method.to_owned(),
            tree,
            _layout: layout,
        });
    };
    let (fails, prints, fixed) = (
        case.settings.fails.is_some(),
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

/// `forkserver` names it under every Python, `forkserver 3.14` under that one.
fn names(entry: &str, method: &str, interpreter: &Interpreter) -> bool {
    let mut words = entry.split_whitespace();
    let version = format!("{}.{}", interpreter.minor.0, interpreter.minor.1);
    words.next() == Some(method) && words.next().is_none_or(|word| word == version)
}

fn methods(case: &Case) -> Vec<String> {
    let given = &case.settings.methods;
    if given.is_empty() { vec!["spawn".into(), "forkserver".into()] } else { given.clone() }
}

/// The folder `<stem>/`, or a temporary one that holds `<stem>.py` as `main.py`.
fn lay_out(case: &Case, stem: &str) -> (PathBuf, Option<Rc<tempfile::TempDir>>) {
    let single = case.folder.join(format!("{stem}.py"));
    if !single.exists() {
        return (case.folder.join(stem), None);
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::copy(&single, folder.path().join("main.py"))
        .unwrap_or_else(|error| panic!("{}: {error}", single.display()));
    (folder.path().to_path_buf(), Some(Rc::new(folder)))
}

/// Every Python file of every fixed fixture.
pub(crate) fn fixed_files() -> Vec<(Rc<Case>, PathBuf)> {
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
            let case = Rc::new(case);
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
                    .map(|path| (Rc::clone(&case), path)),
            );
        }
    }
    files
}
