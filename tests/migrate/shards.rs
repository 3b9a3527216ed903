//! Shards: disjoint, complete, and joined into the very report of one whole run.

use crate::world::{World, artefacts, assert_same, migrate, migrate_shard, plan, settings};
use spawnsafe::migrate::report;
use spawnsafe::migrate::settings::Delivery;
use spawnsafe::migrate::shard::Shard;
use spawnsafe::migrate::summary::Summary;
use std::collections::BTreeMap;

#[test]
fn the_union_of_the_shards_is_the_whole() {
    let world = World::new();
    let clones = world.many(10);
    let planned = plan(settings(Delivery::Patch), &[&clones.to_string_lossy()]);
    migrate(&planned, &world.path("whole"));
    let out = world.path("parts");
    let mut sum = Summary { version: 1, ..Summary::default() };
    for index in 1..=3 {
        let shard = Shard { index, count: 3 };
        let folder = out.join(shard.folder().expect("a folder"));
        let ended = migrate_shard(&planned, shard, &folder);
        assert!((3..=4).contains(&ended.done_now));
        let text = std::fs::read_to_string(folder.join(report::SUMMARY)).expect("a summary");
        sum.add(&serde_json::from_str(&text).expect("a summary"));
    }
    let joined =
        report::merge(std::slice::from_ref(&out), &out, false).expect("the report is joined");
    assert_eq!(joined, sum, "summaries add up");
    assert_same(&artefacts(&world.path("whole")), &artefacts(&out));
}

#[test]
fn a_report_says_what_is_still_open() {
    let world = World::new();
    let clones = world.many(5);
    let planned = plan(settings(Delivery::Patch), &[&clones.to_string_lossy()]);
    let shard = Shard { index: 1, count: 2 };
    migrate_shard(&planned, shard, &world.path("out/shard-0001-of-0002"));
    let joined = report::merge(&[world.path("out")], &world.path("joined"), false)
        .expect("the report is joined");
    assert_eq!((joined.repositories.total, joined.repositories.open), (3, 2));
    assert!(
        std::fs::read_to_string(world.path("joined/report.html"))
            .expect("a page")
            .contains("2 repositories are still to be done")
    );
    assert!(
        report::merge(&[world.path("clones")], &world.path("joined"), false)
            .expect_err("no run")
            .contains("holds no run")
    );
}

#[test]
fn repositories_of_one_name_from_runs_apart_stay_apart() {
    let world = World::new();
    for (top, text) in [("x", "bad(1)\n"), ("y", "bad(2)\n")] {
        world.repository(&format!("{top}/org/same"), &[("a.py", text)]);
        let planned = plan(
            settings(Delivery::Patch),
            &[&world.path(&format!("{top}/org/same")).to_string_lossy()],
        );
        migrate(&planned, &world.path(&format!("out-{top}")));
    }
    let folders = [world.path("out-x"), world.path("out-y"), world.path("out-x")];
    let joined =
        report::merge(&folders, &world.path("joined"), false).expect("the report is joined");
    assert_eq!((joined.repositories.total, joined.findings.fixed), (2, 2));
    let patches: Vec<String> = artefacts(&world.path("joined"))
        .into_keys()
        .filter(|name| name.starts_with("patches/"))
        .collect();
    assert_eq!(patches.len(), 2, "{patches:?}");
}

#[test]
fn schedulers_say_which_shard() {
    let read = |variables: &[(&str, &str)]| {
        let variables: BTreeMap<String, String> = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Shard::from_environment(&|name| variables.get(name).cloned())
            .map(|found| found.map(|(shard, _)| (shard.index, shard.count)))
    };
    assert_eq!(read(&[]), Ok(None));
    assert_eq!(read(&[("SPAWNSAFE_SHARD", "2/3")]), Ok(Some((2, 3))));
    assert_eq!(
        read(&[
            ("SLURM_ARRAY_TASK_ID", "7"),
            ("SLURM_ARRAY_TASK_COUNT", "4"),
            ("SLURM_ARRAY_TASK_MIN", "5")
        ]),
        Ok(Some((3, 4)))
    );
    let stepped = [
        ("SLURM_ARRAY_TASK_ID", "6"),
        ("SLURM_ARRAY_TASK_COUNT", "3"),
        ("SLURM_ARRAY_TASK_MIN", "2"),
        ("SLURM_ARRAY_TASK_STEP", "4"),
    ];
    assert_eq!(read(&stepped), Ok(Some((2, 3))));
    assert_eq!(
        read(&[("JOB_COMPLETION_INDEX", "0"), ("SPAWNSAFE_SHARD_COUNT", "8")]),
        Ok(Some((1, 8)))
    );
    assert!(
        read(&[("JOB_COMPLETION_INDEX", "0")])
            .is_err_and(|error| error.contains("SPAWNSAFE_SHARD_COUNT"))
    );
    assert_eq!(read(&[("CI_NODE_INDEX", "1"), ("CI_NODE_TOTAL", "5")]), Ok(Some((1, 5))));
    assert_eq!(read(&[("CIRCLE_NODE_INDEX", "4"), ("CIRCLE_NODE_TOTAL", "5")]), Ok(Some((5, 5))));
    assert_eq!(
        read(&[("SPAWNSAFE_SHARD_INDEX", "2"), ("SPAWNSAFE_SHARD_COUNT", "3")]),
        Ok(Some((3, 3)))
    );
    assert!(read(&[("CI_NODE_INDEX", "9"), ("CI_NODE_TOTAL", "5")]).is_err());
    assert!(
        "0/3".parse::<Shard>().is_err()
            && "4/3".parse::<Shard>().is_err()
            && "x".parse::<Shard>().is_err()
    );
}

#[test]
fn shards_of_any_number_are_disjoint_and_complete() {
    for count in 1..9 {
        for size in 0..30 {
            let takers = |position: usize| {
                (1..=count).filter(|index| Shard { index: *index, count }.takes(position)).count()
            };
            assert!((0..size).all(|position| takers(position) == 1));
        }
    }
}
