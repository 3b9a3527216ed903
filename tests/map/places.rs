//! Which calls are on the map, and what is said of them.

use crate::project::Project;
use serde_json::Value;

/// Line, API, workers and verdict of every place in a file.
fn places(map: &Value, path: &str) -> Vec<(u64, String, String, String)> {
    let all = map["places"].as_array().expect("places").iter();
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    all.filter(|place| place["path"] == path)
        .map(|place| {
            let workers = place["workers"].as_array().expect("workers").iter();
            let names: Vec<String> = workers.map(|worker| text(&worker["name"])).collect();
            let line = place["line"].as_u64().expect("a line");
            (line, text(&place["api"]), names.join(" "), text(&place["verdict"]))
        })
        .collect()
}

#[track_caller]
fn check(found: &[(u64, String, String, String)], wanted: &[(u64, &str, &str, &str)]) {
    let found: Vec<(u64, &str, &str, &str)> = found
        .iter()
        .map(|(line, api, workers, verdict)| {
            (*line, api.as_str(), workers.as_str(), verdict.as_str())
        })
        .collect();
    assert_eq!(found, wanted);
}

#[test]
fn every_start_and_every_hand_over_is_on_it_and_nothing_else() {
    let map = Project::new().map();
    check(
        &places(&map, "main.py"),
        &[
            (8, "Pool", "load", "safe"),
            (9, "Pool.map", "work", "safe"),
            (14, "submit", "job", "unknown"),
            (25, "ProcessPoolExecutor", "", "safe"),
            (26, "ProcessPoolExecutor.submit", "main.<locals>.lambda", "faulty"),
            (27, "ProcessPoolExecutor.submit", "unseen", "unknown"),
            (28, "Process", "work", "safe"),
            (29, "Process.start", "", "safe"),
        ],
    );
    assert_eq!(places(&map, "tasks.py"), []);
    let tally = &map["summary"]["dispatches"];
    assert_eq!(
        (&tally["safe"], &tally["faulty"], &tally["unknown"]),
        (&5.into(), &1.into(), &2.into())
    );
}

#[test]
fn a_place_says_who_sends_what_to_whom() {
    let map = Project::new().map();
    let mapped = &map["places"][1];
    assert_eq!(mapped["api_path"], "multiprocessing.pool.Pool.map");
    assert_eq!(mapped["context"], "parallel");
    assert_eq!(mapped["executor"]["line"], 8);
    assert_eq!(mapped["start"], "platform");
    assert_eq!(mapped["arguments"], serde_json::json!(["items"]));
    let worker = &mapped["workers"][0];
    assert_eq!((&worker["sender"], &worker["handover"]["line"]), (&"main".into(), &24.into()));
    assert_eq!(
        (&worker["definition"]["path"], &worker["definition"]["line"]),
        (&"tasks.py".into(), &1.into())
    );
    let faulty = &map["places"][4];
    assert_eq!(faulty["findings"][0]["code"], "SP101");
    assert_eq!(faulty["findings"][0]["fix"], "safe");
    let reasons: Vec<&str> =
        [2, 5].iter().map(|at| map["places"][*at]["reason"].as_str().unwrap_or_default()).collect();
    assert_eq!(
        reasons,
        [
            "the receiver is not known: no call in these files says what 'executor' is",
            "what is sent is not known: no call in these files says what 'unseen' is",
        ]
    );
}

#[test]
fn every_finding_has_a_place_or_stands_apart() {
    let project = Project::new();
    project.write(
        "script.py",
        "from multiprocessing import Pool\nfrom tasks import work\nprint('working')\nif __name__ == '__main__':\n    Pool(2).map(work, [1])\n",
    );
    project.write(
        "starts.py",
        "from multiprocessing import set_start_method\nset_start_method('spawn')\n",
    );
    let map = project.map();
    let report: Value =
        serde_json::from_str(&project.run(&["check", "--output-format", "json"], 1)).expect("JSON");
    let codes = |findings: &Value| -> Vec<String> {
        let all = findings.as_array().expect("findings").iter();
        all.map(|finding| finding["code"].as_str().expect("a code").to_owned()).collect()
    };
    let placed = map["places"].as_array().expect("places").iter();
    let mut shown: Vec<String> = placed.flat_map(|place| codes(&place["findings"])).collect();
    shown.extend(codes(&map["apart"]));
    shown.sort();
    shown.dedup();
    let mut found = codes(&report["findings"]);
    found.sort();
    found.dedup();
    assert_eq!(shown, found);
    assert!(shown.contains(&"SP302".to_owned()) && codes(&map["apart"]) == ["SP303"], "{shown:?}");
}

#[test]
fn names_alone_make_no_look_alike() {
    let project = Project::new();
    project.write(
        "other.py",
        "import multiprocessing\n\n\ndef go(frame, form, pool, loop, text):\n    frame.map(text)\n    form.submit('x')\n    pool.map(text, [1])\n    loop.run_in_executor(None, text)\n    loop.run_in_executor(pool, text)\n    'a'.join(map(str, text))\n",
    );
    check(
        &places(&project.map(), "other.py"),
        &[(7, "map", "text", "unknown"), (9, "run_in_executor", "text", "unknown")],
    );
}

#[test]
fn libraries_that_pickle_by_value_are_safe() {
    let project = Project::new();
    project.write(
        "by_value.py",
        "import multiprocessing\nfrom loky import get_reusable_executor\nfrom dask.distributed import Client\n\nexecutor = get_reusable_executor()\nclient = Client()\nclient.submit(lambda: 1)\n",
    );
    let found = places(&project.map(), "by_value.py");
    assert!(!found.is_empty() && found.iter().all(|place| place.3 == "safe"), "{found:?}");
}

#[test]
fn the_text_is_by_file_and_ends_with_the_totals() {
    let text = Project::new().run(&["map"], 0);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "main.py");
    assert_eq!(lines[1], "    8:10  safe     Pool                        parallel → load");
    assert_eq!(lines[2], "    9:16  safe     Pool.map                    main → parallel → work");
    assert_eq!(lines.last(), Some(&"looked at 2 files, 8 dispatches: 5 safe, 1 faulty, 2 unknown"));
}

#[test]
fn check_ends_with_the_totals() {
    let project = Project::new();
    let text = project.run(&["check"], 1);
    assert_eq!(
        text.lines().last(),
        Some("looked at 2 files, 8 dispatches: 5 safe, 1 faulty, 2 unknown")
    );
    assert!(!project.run(&["check", "--quiet"], 1).contains("looked at"));
    let nothing = project.run(&["check", "tasks.py"], 0);
    assert_eq!(nothing, "No findings in 1 file.\nlooked at 1 file, 0 dispatches\n");
}

#[test]
fn a_file_that_cannot_be_parsed_is_told_and_the_rest_is_shown() {
    let project = Project::new();
    project.write("broken.py", "from multiprocessing import Pool\ndef f(:\n");
    let text = project.run(&["map"], 1);
    assert!(text.contains("Pool.map"));
    assert_eq!(project.run(&["map", "broken.py"], 2).lines().count(), 1);
}
