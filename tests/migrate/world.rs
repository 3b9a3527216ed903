//! Repositories to migrate, and the run that does it.

use crate::marker::Marker;
use spawnsafe::migrate::outcome::Outcome;
use spawnsafe::migrate::plan::Plan;
use spawnsafe::migrate::progress::Show;
use spawnsafe::migrate::run::{self, Ended};
use spawnsafe::migrate::settings::{Author, Check, Delivery, KeepClones, Running, Settings};
use spawnsafe::migrate::shard::Shard;
use spawnsafe::migrate::{journal, message, source};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// A folder of its own for one test.
pub(crate) struct World {
    folder: tempfile::TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::Builder::new()
                .prefix("migrate-")
                .tempdir()
                .expect("a temporary folder"),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A repository with one commit of these files.
    pub(crate) fn repository(&self, name: &str, files: &[(&str, &str)]) -> PathBuf {
        let files: Vec<(&str, &[u8])> =
            files.iter().map(|(path, text)| (*path, text.as_bytes())).collect();
        self.repository_of_bytes(name, &files)
    }

    pub(crate) fn repository_of_bytes(&self, name: &str, files: &[(&str, &[u8])]) -> PathBuf {
        let path = self.path(name);
        init(&path);
        for (file, bytes) in files {
            write(&path.join(file), bytes);
        }
        git(&path, &["add", "--all"]);
        commit(&path, "first");
        path
    }

    /// `count` repositories below `clones`, with one to three fixes each, every fourth with none.
    pub(crate) fn many(&self, count: usize) -> PathBuf {
        for number in 0..count {
            let mut text = String::from("import os\n\n");
            for fix in 0..number % 4 {
                text.push_str(&format!("bad({fix})\n\n\n\n"));
            }
            text.push_str(if number % 3 == 0 { "refuse(1)\n" } else { "ok()\n" });
            let files = [
                ("app.py", text.as_str()),
                ("notes.txt", "bad(9)\n"),
                ("pkg/more.py", if number % 5 == 0 { "consent(1)\n" } else { "x = 1\n" }),
            ];
            self.repository(&format!("clones/repo-{number:02}"), &files);
        }
        self.path("clones")
    }
}

pub(crate) fn write(path: &Path, bytes: &[u8]) {
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("the folder is made");
    std::fs::write(path, bytes).expect("the file is written");
}

pub(crate) fn init(path: &Path) {
    std::fs::create_dir_all(path).expect("the folder is made");
    git(path, &["init", "--quiet", "--initial-branch=main"]);
}

/// Commits what is staged, at a fixed time.
pub(crate) fn commit(path: &Path, message: &str) {
    git(path, &["commit", "--quiet", "--allow-empty", "-m", message]);
}

/// Runs git without anybody's configuration and returns what it prints.
#[track_caller]
pub(crate) fn git(path: &Path, args: &[&str]) -> String {
    let output = git_command(path, args).output().expect("git starts");
    assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}

pub(crate) fn git_command(path: &Path, args: &[&str]) -> Command {
    let mut command = Command::new("git");
    command
        .arg("-C")
        .arg(path)
        .args(["-c", "core.autocrlf=false", "-c", "protocol.file.allow=always"])
        .args(args);
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    for who in ["AUTHOR", "COMMITTER"] {
        command
            .env(format!("GIT_{who}_NAME"), "Ada")
            .env(format!("GIT_{who}_EMAIL"), "ada@example.org");
        command.env(format!("GIT_{who}_DATE"), "2026-01-02T03:04:05+01:00");
    }
    command
}

/// What is asked for unless a test says otherwise.
pub(crate) fn settings(delivery: Delivery) -> Settings {
    Settings {
        delivery,
        branch: "spawnsafe/migrate".into(),
        message: message::DEFAULT.into(),
        author: Author { name: "Grace Hopper".into(), email: "grace@example.org".into() },
        date: None,
        check: None,
        keep_clones: KeepClones::Results,
        allow_untracked: false,
        rules: serde_json::Value::Null,
    }
}

pub(crate) fn checked(delivery: Delivery, command: &str) -> Settings {
    Settings {
        check: Some(Check { command: command.into(), seconds: 20, runs: 64 }),
        ..settings(delivery)
    }
}

pub(crate) fn running(out: &Path) -> Running {
    Running {
        out: out.to_path_buf(),
        work: None,
        jobs: 2,
        git_limit: Duration::from_secs(60),
        retries: 0,
        retry_failed: false,
        give_up: None,
        timings: false,
    }
}

pub(crate) fn plan(settings: Settings, named: &[&str]) -> Plan {
    let named: Vec<String> = named.iter().map(|name| (*name).to_owned()).collect();
    Plan::new(settings, source::resolve(&named).expect("the sources resolve"))
}

/// The whole run, which must come to its end.
#[track_caller]
pub(crate) fn migrate(plan: &Plan, out: &Path) -> Ended {
    migrate_shard(plan, Shard { index: 1, count: 1 }, out)
}

#[track_caller]
pub(crate) fn migrate_shard(plan: &Plan, shard: Shard, out: &Path) -> Ended {
    let ended =
        run::run(plan, shard, &running(out), &Marker, Show::Nothing, &AtomicBool::new(false))
            .expect("the run ends");
    assert_eq!(ended.open, 0);
    ended
}

/// The outcomes in an output folder, by name.
pub(crate) fn outcomes(out: &Path) -> BTreeMap<String, Outcome> {
    let record = journal::read(out).expect("the journal is read");
    record
        .done
        .into_values()
        .map(|(outcome, _)| {
            (outcome.name.rsplit('/').next().unwrap_or_default().to_owned(), outcome)
        })
        .collect()
}

/// One repository's outcome after a run of its own.
#[track_caller]
pub(crate) fn single(world: &World, settings: Settings, named: &str) -> Outcome {
    let out = world.path("out");
    migrate(&plan(settings, &[named]), &out);
    let mut outcomes = outcomes(&out);
    assert_eq!(outcomes.len(), 1, "{outcomes:?}");
    outcomes.pop_first().expect("one outcome").1
}

/// All files of an output folder that must not differ between two runs: everything but the journal,
/// the plan (which holds absolute paths), the logs of checks and the insides of clones.
pub(crate) fn artefacts(out: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    gather(out, out, &mut found);
    found
}

fn gather(top: &Path, folder: &Path, found: &mut BTreeMap<String, Vec<u8>>) {
    for entry in std::fs::read_dir(folder).expect("the folder is read").flatten() {
        let path = entry.path();
        let name = path.strip_prefix(top).expect("below the top").to_string_lossy().into_owned();
        if ["journal.jsonl", "plan.json", "logs", "clones", "work"].contains(&name.as_str())
            || name.starts_with("shard-")
        {
            continue;
        }
        if path.is_dir() {
            gather(top, &path, found);
        } else {
            found.insert(name, std::fs::read(&path).expect("the file is read"));
        }
    }
}

#[track_caller]
pub(crate) fn assert_same(left: &BTreeMap<String, Vec<u8>>, right: &BTreeMap<String, Vec<u8>>) {
    let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(left), names(right));
    for (name, bytes) in left {
        assert!(
            *bytes == right[name],
            "{name} differs:\n{}\n----\n{}",
            String::from_utf8_lossy(bytes),
            String::from_utf8_lossy(&right[name])
        );
    }
}

pub(crate) fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("the folder is made");
    for entry in std::fs::read_dir(from).expect("the folder is read").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("the file is copied");
        }
    }
}
