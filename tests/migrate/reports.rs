//! What the reports say, and that it adds up.

use crate::world::{World, checked, migrate, outcomes, plan, settings};
use spawnsafe::migrate::outcome::{Left, Status};
use spawnsafe::migrate::settings::Delivery;
use spawnsafe::migrate::summary::Summary;
use std::collections::BTreeMap;

#[test]
fn the_summary_adds_up() {
    let world = World::new();
    let clones = world.many(11);
    let out = world.path("out");
    let ended = migrate(
        &plan(checked(Delivery::Patch, "! grep -q 'good(2)' app.py"), &[&clones.to_string_lossy()]),
        &out,
    );
    let summary = ended.summary;
    let written: Summary =
        serde_json::from_slice(&std::fs::read(out.join("summary.json")).expect("a summary"))
            .expect("a summary");
    assert_eq!(summary, written);
    let done = outcomes(&out);
    let repositories = summary.repositories;
    assert_eq!(repositories.total, 11);
    assert_eq!(Status::ALL.iter().map(|status| repositories.of(*status)).sum::<usize>(), 11);
    let findings = summary.findings;
    assert_eq!(
        findings.found,
        findings.fixed + findings.needs_consent + findings.rejected + findings.refused
    );
    assert!(
        findings.fixed > 0
            && findings.needs_consent > 0
            && findings.rejected > 0
            && findings.refused > 0
    );
    let listed = |wanted: &dyn Fn(&Left) -> bool| {
        done.values()
            .flat_map(|outcome| &outcome.findings)
            .filter(|entry| wanted(&entry.left))
            .count()
    };
    assert_eq!(findings.fixed, listed(&|left| *left == Left::Fixed));
    assert_eq!(findings.refused, listed(&|left| matches!(left, Left::Refused { .. })));
    assert_eq!(summary.refused, BTreeMap::from([("nonlocal-write".to_owned(), findings.refused)]));
    let rules: usize = summary.rules.values().map(|rule| rule.found).sum();
    assert_eq!(rules, findings.found);
    assert_eq!(
        summary.files.changed,
        done.values().map(|outcome| outcome.files.changed).sum::<usize>()
    );
    assert_eq!(summary.lines.added, summary.lines.removed);
    assert_eq!(summary.tools.values().sum::<usize>(), 11);
}

#[test]
fn every_report_names_every_repository() {
    let world = World::new();
    world.repository("clones/ok", &[("a.py", "bad(1)\nrefuse(2)\nconsent(3)\n")]);
    world.repository("clones/=cmd()", &[("a.py", "ok()\n")]);
    let out = world.path("out");
    migrate(&plan(settings(Delivery::Patch), &[&world.path("clones").to_string_lossy()]), &out);
    let read = |name: &str| std::fs::read_to_string(out.join(name)).expect("the report is read");
    let mut csv = csv::Reader::from_path(out.join("report.csv")).expect("a table");
    let rows: Vec<BTreeMap<String, String>> =
        csv.deserialize().collect::<Result<_, _>>().expect("rows");
    assert_eq!(rows.len(), 2);
    let row = rows.iter().find(|row| row["repository"] == "clones/ok").expect("the row");
    assert_eq!(
        (
            row["found"].as_str(),
            row["fixed"].as_str(),
            row["refused"].as_str(),
            row["needs_consent"].as_str()
        ),
        ("3", "1", "1", "1")
    );
    assert!(rows.iter().all(|row| row.values().all(|cell| !cell.starts_with('='))));
    assert_eq!(read("repositories.jsonl").lines().count(), 2);
    assert!(read("report.md").contains("| clones/ok | changed | 1 | 2 |"));
    let request = std::fs::read_dir(out.join("requests"))
        .expect("requests")
        .flatten()
        .next()
        .expect("a request")
        .path();
    let request = std::fs::read_to_string(request).expect("the request is read");
    assert!(
        request.contains("mends 1 place in 1 file")
            && request.contains("return the value instead")
            && request.contains("&lt;nonlocal&gt;"),
        "{request}"
    );
}
