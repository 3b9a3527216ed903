//! Killed at any moment and started again, a run ends with the same bytes as an undisturbed one.

use crate::marker::Marker;
use crate::world::{
    World, artefacts, assert_same, copy_folder, git, migrate, outcomes, plan, running, settings,
};
use spawnsafe::findings::{Fingerprint, Report};
use spawnsafe::migrate::journal::{self, Journal};
use spawnsafe::migrate::plan::Plan;
use spawnsafe::migrate::progress::Show;
use spawnsafe::migrate::run;
use spawnsafe::migrate::settings::Delivery;
use spawnsafe::migrate::shard::Shard;
use spawnsafe::migrate::{Fixer, Tree};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const CHILD: &str = "MIGRATE_TEST_CHILD";

/// What the processes run that the other tests kill: this program again, with the output folder in
/// its environment. On its own it has nothing to do.
#[test]
fn child() {
    let Some(out) = std::env::var_os(CHILD) else { return };
    let out = Path::new(&out);
    let plan = Plan::read(out).expect("a plan").expect("a plan");
    run::run(
        &plan,
        Shard { index: 1, count: 1 },
        &running(out),
        &Marker,
        Show::Nothing,
        &AtomicBool::new(false),
    )
    .expect("the run ends");
}

/// Starts a run, kills it with all it has started after `life`, and says whether it had ended.
fn run_for(out: &Path, life: Duration) -> bool {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command
        .args(["killed::child", "--exact", "--nocapture"])
        .env(CHILD, out)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut child = command.spawn().expect("the child starts");
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("the child is there") {
            assert!(status.success(), "the child failed by itself");
            return true;
        }
        if begun.elapsed() >= life {
            child.kill().expect("the child is killed");
            child.wait().expect("the child ends");
            return false;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Kills runs at moments that are spread over the time that the remaining work takes, `kills` times
/// in all, and finishes the last one.
fn killed_and_resumed(plan: &Plan, out: &Path, kills: usize, check: &mut dyn FnMut(&Path)) {
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let mut done = 0;
    let mut round = 0;
    while done < kills {
        let folder = out.with_extension(format!("round-{round}"));
        round += 1;
        assert!(round < 60, "the runs end before they can be killed");
        std::fs::create_dir_all(&folder).expect("the folder is made");
        plan.write(&folder).expect("the plan is written");
        // A run that ends before it is killed ends the round.
        while done < kills {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            if run_for(&folder, Duration::from_millis(20 + (random >> 33) % 380)) {
                break;
            }
            done += 1;
            let torn = journal::read(&folder).expect("the journal is read");
            assert!(torn.bad_lines.is_empty(), "{:?}", torn.bad_lines);
        }
        assert!(run_for(&folder, Duration::from_secs(120)));
        check(&folder);
    }
}

#[test]
fn killed_twenty_times_patches_are_the_same() {
    let world = World::new();
    let clones = world.many(24);
    let planned = plan(settings(Delivery::Patch), &[&clones.to_string_lossy()]);
    migrate(&planned, &world.path("whole"));
    let whole = artefacts(&world.path("whole"));
    assert!(whole.len() > 40);
    killed_and_resumed(&planned, &world.path("killed"), 20, &mut |folder| {
        assert_same(&whole, &artefacts(folder));
        assert!(!folder.join("work").exists(), "clones of killed runs are removed");
        assert!(ends(folder).values().all(|times| *times == 1), "nothing is done twice");
    });
}

/// How often the journal says of each repository that it is done.
fn ends(folder: &Path) -> BTreeMap<String, usize> {
    let mut ends = BTreeMap::new();
    for line in
        std::fs::read_to_string(folder.join(journal::FILE)).expect("the journal is read").lines()
    {
        let event: serde_json::Value = serde_json::from_str(line).expect("a line of JSON");
        if let Some(id) = event["outcome"]["id"].as_str() {
            *ends.entry(id.to_owned()).or_default() += 1;
        }
    }
    ends
}

#[test]
fn killed_while_it_writes_into_repositories() {
    for delivery in [Delivery::Branch, Delivery::Worktree] {
        let world = World::new();
        let clones = world.many(12);
        let fresh = world.path("fresh");
        copy_folder(&clones, &fresh);
        let planned = plan(settings(delivery), &[&clones.to_string_lossy()]);
        migrate(&planned, &world.path("whole"));
        let whole = (artefacts(&world.path("whole")), state(&clones));
        assert!(whole.1.contains("good(0)"));
        std::fs::remove_dir_all(&clones).expect("the folder is removed");
        copy_folder(&fresh, &clones);
        killed_and_resumed(&planned, &world.path("killed"), 5, &mut |folder| {
            assert!(whole.1 == state(&clones), "{delivery:?}: branches or work trees differ");
            assert_same(&whole.0, &artefacts(folder));
            std::fs::remove_dir_all(&clones).expect("the folder is removed");
            copy_folder(&fresh, &clones);
        });
    }
}

/// Branches and work trees of all repositories.
fn state(clones: &Path) -> String {
    let mut text = String::new();
    let mut folders: Vec<_> = std::fs::read_dir(clones)
        .expect("the folder is read")
        .flatten()
        .map(|entry| entry.path())
        .collect();
    folders.sort();
    for folder in folders {
        text.push_str(&git(&folder, &["for-each-ref", "--format=%(refname) %(objectname)"]));
        text.push_str(&git(&folder, &["diff"]));
        text.push_str(&git(&folder, &["log", "--all", "--patch", "--format=%H %an %ad %B"]));
    }
    text
}

#[test]
fn a_work_tree_that_was_half_written_is_finished_and_one_that_was_edited_is_not() {
    for edited in [false, true] {
        let world = World::new();
        let repository = world.repository("one", &[("a.py", "bad(1)\n"), ("b.py", "bad(2)\n")]);
        let planned = plan(settings(Delivery::Worktree), &[&repository.to_string_lossy()]);
        let out = world.path("out");
        std::fs::create_dir_all(&out).expect("the folder is made");
        let (journal, _) = Journal::open(&out).expect("a journal");
        let base = git(&repository, &["rev-parse", "HEAD"]);
        let event = journal::Event::Write {
            id: planned.repositories[0].id.clone(),
            base,
            paths: vec!["a.py".into(), "b.py".into()],
        };
        journal.append(&event).expect("a line");
        drop(journal);
        std::fs::write(repository.join("a.py"), if edited { "mine\n" } else { "good(1)\n" })
            .expect("a.py is written");
        migrate(&planned, &out);
        let outcome = &outcomes(&out)["one"];
        let text =
            |name: &str| std::fs::read_to_string(repository.join(name)).expect("the file is read");
        if edited {
            assert_eq!((text("a.py").as_str(), text("b.py").as_str()), ("mine\n", "bad(2)\n"));
            assert!(outcome.problem.is_some());
        } else {
            assert_eq!((text("a.py").as_str(), text("b.py").as_str()), ("good(1)\n", "good(2)\n"));
            assert_eq!(outcome.fixed(), 2);
        }
    }
}

#[test]
fn a_torn_last_line_is_cut_off_and_a_broken_one_costs_its_repository_only() {
    let world = World::new();
    let clones = world.many(6);
    let planned = plan(settings(Delivery::Patch), &[&clones.to_string_lossy()]);
    let out = world.path("out");
    migrate(&planned, &out);
    let whole = artefacts(&out);
    let path = out.join(journal::FILE);
    let text = std::fs::read_to_string(&path).expect("the journal is read");
    for keep in [text.len() - 1, text.len() - 40, text.len() / 2, 7, 0] {
        std::fs::write(&path, &text.as_bytes()[..keep]).expect("the journal is cut");
        migrate(&planned, &out);
        assert_same(&whole, &artefacts(&out));
        assert!(journal::read(&out).expect("the journal is read").bad_lines.is_empty());
    }
    let mut lines: Vec<&str> = text.lines().collect();
    lines[4] = "{\"event\":\"end\",\"outc\u{0}";
    std::fs::write(&path, lines.join("\n") + "\n").expect("the journal is broken");
    migrate(&planned, &out);
    assert_same(&whole, &artefacts(&out));
}

#[test]
fn an_output_folder_belongs_to_one_run_at_a_time_and_to_its_settings() {
    let world = World::new();
    let repository = world.repository("one", &[("a.py", "bad(1)\n")]);
    let out = world.path("out");
    let planned = plan(settings(Delivery::Patch), &[&repository.to_string_lossy()]);
    migrate(&planned, &out);
    let go = |plan: &Plan| {
        run::run(
            plan,
            Shard { index: 1, count: 1 },
            &running(&out),
            &Marker,
            Show::Nothing,
            &AtomicBool::new(false),
        )
    };
    let held = Journal::open(&out).expect("the journal opens");
    assert!(go(&planned).expect_err("the folder is in use").contains("in use"));
    drop(held);
    let other = plan(settings(Delivery::Branch), &[&repository.to_string_lossy()]);
    // A child that another test starts at this moment may hold the lock until it runs its program.
    let mut message = go(&other).expect_err("other settings");
    for _ in 0..100 {
        if !message.contains("in use") {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
        message = go(&other).expect_err("other settings");
    }
    assert!(message.contains("other settings"), "{message}");
}

/// Asks for the stop while it works on the third tree, so that there is always something in hand and something left.
struct Stopping<'a> {
    stop: &'a AtomicBool,
    left: AtomicUsize,
}

impl Fixer for Stopping<'_> {
    fn fix(&self, tree: &Tree, skip: &BTreeSet<Fingerprint>) -> Result<Report, String> {
        if self.left.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.stop.store(true, Ordering::SeqCst);
        }
        Marker.fix(tree, skip)
    }
}

#[test]
fn a_stop_finishes_what_is_in_hand_and_the_rest_later() {
    let world = World::new();
    let clones = world.many(8);
    let planned = plan(settings(Delivery::Patch), &[&clones.to_string_lossy()]);
    migrate(&planned, &world.path("whole"));
    let stop = AtomicBool::new(false);
    let out = world.path("out");
    let stopping = Stopping { stop: &stop, left: AtomicUsize::new(3) };
    let ended = run::run(
        &planned,
        Shard { index: 1, count: 1 },
        &running(&out),
        &stopping,
        Show::Nothing,
        &stop,
    )
    .expect("the run ends");
    assert!(ended.open > 0 && ended.done_now >= 2 && ended.done_now + ended.open == 8, "{ended:?}");
    assert_eq!(ended.summary.repositories.open, ended.open);
    let mut log = std::fs::OpenOptions::new()
        .append(true)
        .open(out.join(journal::FILE))
        .expect("the journal opens");
    log.write_all(b"{\"event\":\"begin\",\"id\":\"torn").expect("the journal is torn");
    assert!(migrate(&planned, &out).done_now > 0);
    assert_same(&artefacts(&world.path("whole")), &artefacts(&out));
}
