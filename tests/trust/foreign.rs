//! Plans, journals and output folders that somebody else made.

use crate::ground::{Ground, finish};
use std::path::PathBuf;

/// A run of one repository in `out`, with a change.
fn run(ground: &Ground) {
    ground.repository("one");
    ground.run(".", &["migrate", "run", "one", "--out", "out", "--no-timings"]).exits(0);
}

/// Everything outside of the named folders.
fn others(ground: &Ground, but: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut waiting = vec![ground.path("")];
    while let Some(folder) = waiting.pop() {
        for entry in std::fs::read_dir(folder).expect("the folder is read").flatten() {
            let path = entry.path();
            if but.iter().any(|name| ground.path(name) == path) {
                continue;
            }
            if path.is_dir() && !path.is_symlink() {
                waiting.push(path.clone());
            }
            found.push(path);
        }
    }
    found.sort();
    found
}

#[test]
fn ids_and_names_that_lead_out_of_the_folder_are_refused() {
    let id = |ground: &Ground| {
        let text = ground.read("out/journal.jsonl");
        let line = text.lines().last().expect("an end");
        let value: serde_json::Value = serde_json::from_str(line).expect("JSON");
        value["outcome"]["id"].as_str().expect("an id").to_owned()
    };
    for bad in
        ["../../x", "/tmp/spawnsafe-x", "..", ".", "", "a/b", "-x", ".hidden", "a\\b", "a\u{1b}b"]
    {
        let ground = Ground::new();
        run(&ground);
        let good = id(&ground);
        let text = ground.read("out/journal.jsonl");
        let escaped = serde_json::to_string(bad).expect("JSON");
        ground.write(
            "out/journal.jsonl",
            text.replace(&format!("\"id\":\"{good}\""), &format!("\"id\":{escaped}")),
        );
        let before = others(&ground, &["joined"]);
        let ran = ground.run(".", &["migrate", "report", "out", "--out", "joined"]).exits(2);
        assert!(ran.text().contains("outside of its folder"), "{bad}: {}", ran.text());
        assert_eq!(before, others(&ground, &["joined"]), "{bad}");
        ground.run(".", &["migrate", "run", "one", "--out", "out", "--no-timings"]).exits(2);
        assert_eq!(before, others(&ground, &["joined"]), "{bad}");
    }
    for (field, name) in [
        ("diff", "../secret.txt"),
        ("patch", "/etc/passwd"),
        ("request", "requests/../../secret.txt"),
        ("diff", "diffs/other.diff"),
        ("clone", "../elsewhere"),
    ] {
        let ground = Ground::new();
        run(&ground);
        ground.write("secret.txt", "s3cr3t");
        let text = ground.read("out/journal.jsonl");
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let mut end: serde_json::Value =
            serde_json::from_str(lines.last().expect("an end")).expect("JSON");
        end["outcome"][field] = name.into();
        *lines.last_mut().expect("an end") = end.to_string();
        ground.write("out/journal.jsonl", lines.join("\n") + "\n");
        ground.run(".", &["migrate", "report", "out", "--out", "joined"]).exits(2);
    }
}

#[test]
fn folders_and_files_that_are_links_are_not_followed() {
    for name in ["diffs", "patches", "requests"] {
        let ground = Ground::new();
        run(&ground);
        ground.write("elsewhere/keep.txt", "x");
        std::fs::create_dir(ground.path("joined")).expect("the folder is made");
        std::os::unix::fs::symlink(ground.path("elsewhere"), ground.path("joined").join(name))
            .expect("a link");
        ground.run(".", &["migrate", "report", "out", "--out", "joined"]).exits(2);
        let inside = std::fs::read_dir(ground.path("elsewhere")).expect("the folder").count();
        assert_eq!(inside, 1, "{name}: something was written through the link");
    }
    let ground = Ground::new();
    run(&ground);
    ground.write("secret.txt", "s3cr3t");
    for entry in std::fs::read_dir(ground.path("out/diffs")).expect("the folder").flatten() {
        std::fs::remove_file(entry.path()).expect("the diff is removed");
        std::os::unix::fs::symlink(ground.path("secret.txt"), entry.path()).expect("a link");
    }
    ground.run(".", &["migrate", "report", "out", "--out", "joined"]).exits(2);
    let html = std::fs::read_to_string(ground.path("joined/report.html")).unwrap_or_default();
    assert!(!html.contains("s3cr3t"));
}

#[test]
fn plans_with_names_that_lead_out_are_refused() {
    let ground = Ground::new();
    ground.repository("one");
    ground.run(".", &["migrate", "plan", "one", "--out", "out"]).exits(0);
    let plan = ground.read("out/plan.json");
    let mut value: serde_json::Value = serde_json::from_str(&plan).expect("JSON");
    value["repositories"][0]["id"] = "../../x".into();
    ground.write("out/plan.json", value.to_string());
    let before = others(&ground, &[]);
    ground.run(".", &["migrate", "run", "--out", "out"]).exits(2);
    assert_eq!(before, others(&ground, &[]));
}

#[test]
fn pipes_in_an_output_folder_hold_nothing_up() {
    for name in ["plan.json", "summary.json", "repositories.jsonl", "report.html", "journal.jsonl"]
    {
        let ground = Ground::new();
        run(&ground);
        std::fs::remove_file(ground.path("out").join(name)).expect("the file is removed");
        let pipe = ground.path("out").join(name);
        crate::ground::pipe(&pipe);
        finish(&mut ground.command(".", &["migrate", "report", "out"]));
        finish(&mut ground.command(".", &["migrate", "run", "one", "--out", "out"]));
    }
}

#[test]
fn reports_alone_can_be_joined() {
    let ground = Ground::new();
    run(&ground);
    ground.run(".", &["migrate", "report", "out", "--out", "joined", "--no-timings"]).exits(0);
    for name in ["plan.json", "journal.jsonl"] {
        std::fs::remove_file(ground.path("out").join(name)).expect("the file is removed");
    }
    ground.run(".", &["migrate", "report", "out", "--out", "again", "--no-timings"]).exits(0);
    for name in ["summary.json", "repositories.jsonl", "report.html", "report.md", "report.csv"] {
        let read = |folder: &str| ground.read(&format!("{folder}/{name}"));
        assert_eq!(read("joined"), read("again"), "{name}");
    }
    ground.run(".", &["migrate", "report", "again", "--no-timings"]).exits(0);
    assert_eq!(ground.read("joined/repositories.jsonl"), ground.read("again/repositories.jsonl"));
}
