//! The steps of `action.yml`, run as GitHub runs them.

use crate::fake_github::{GitHub, TOKEN};
use crate::loopback::Server;
use crate::repository::{Sandbox, isolated};
use crate::rules::Head;
use serde_json::json;
use std::path::Path;
use std::process::{Command, Output};

/// The script of the step with that name.
#[track_caller]
fn script(step: &str) -> String {
    let action = include_str!("../../action.yml");
    let (_, rest) = action.split_once(&format!("- name: {step}\n")).expect("the step is there");
    let step = rest.split("\n    - name: ").next().unwrap_or_default();
    let (_, script) = step.split_once("      run: |\n").expect("the step runs something");
    assert!(
        !script.contains("${{"),
        "an expression in a script can be code of the pull request: use env"
    );
    script
        .lines()
        .map_while(
            |line| if line.trim().is_empty() { Some("") } else { line.strip_prefix("        ") },
        )
        .collect::<Vec<_>>()
        .join("\n")
}

/// Runs a step in `folder` by the shell that GitHub takes for `shell: bash`.
fn step(name: &str, folder: &Path, variables: &[(&str, &str)]) -> Output {
    isolated(&mut Command::new("bash"))
        .args(["--noprofile", "--norc", "-eo", "pipefail", "-c", &script(name)])
        .current_dir(folder)
        .env("SPAWNSAFE", env!("CARGO_BIN_EXE_spawnsafe"))
        .env("GITHUB_ACTIONS", "true")
        .envs(variables.iter().copied())
        .output()
        .expect("bash runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_shallow_checkout_of_the_merge_is_fetched_and_reviewed() {
    let origin = Sandbox::new();
    origin.git(&["config", "uploadpack.allowAnySHA1InWant", "true"]);
    origin.write("x.py", "from concurrent.futures import ProcessPoolExecutor\n");
    origin.commit("start");
    origin.git(&["checkout", "-q", "-b", "topic"]);
    let fault = "from concurrent.futures import ProcessPoolExecutor\n\n\ndef new(data):\n    with ProcessPoolExecutor() as pool:\n        return list(pool.map(lambda x: x + 1, data))\n";
    origin.write("x.py", fault);
    let head = origin.commit("topic");
    origin.git(&["checkout", "-q", "main"]);
    origin.write("x.py", "# moved\nfrom concurrent.futures import ProcessPoolExecutor\n");
    let base = origin.commit("later");
    origin.git(&["merge", "-q", "topic", "-m", "merge"]);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let clone = folder.path().join("clone");
    let url = format!("file://{}", origin.path().display());
    origin.git(&[
        "clone",
        "-q",
        "--depth",
        "1",
        "--branch",
        "main",
        &url,
        &clone.to_string_lossy(),
    ]);

    let variables = [("BASE", base.as_str()), ("HEAD", head.as_str())];
    let fetched = step("Fetch the pull request", &clone, &variables);
    assert!(fetched.status.success(), "{}", text(&fetched.stderr));
    let mut known = Head::default();
    known.add("x.py", "@@ -1 +1,6 @@\n", fault);
    let server = Server::start(GitHub { head: known, ..GitHub::default() });
    let event = folder.path().join("event.json");
    std::fs::write(
        &event,
        json!({ "pull_request": { "number": 7, "head": { "sha": head } } }).to_string(),
    )
    .expect("the event is written");
    let (api, event) = (server.url(), event.to_string_lossy().into_owned());
    let variables = [
        ("BASE", base.as_str()),
        ("HEAD", head.as_str()),
        ("GITHUB_API_URL", &api),
        ("GITHUB_EVENT_PATH", &event),
        ("GITHUB_REPOSITORY", "octo/demo"),
        ("GITHUB_TOKEN", TOKEN),
        ("INPUT_PATHS", "."),
        ("INPUT_ARGS", "--select=SP1\n\n--max-comments=5\n"),
        ("COMMENT", "true"),
        ("FAIL", "true"),
    ];
    let reviewed = step("Review", &clone, &variables);
    let said = text(&reviewed.stderr) + &text(&reviewed.stdout);
    assert_eq!(reviewed.status.code(), Some(1), "{said}");
    assert!(said.contains("posted 1 comments") && !said.contains(TOKEN), "{said}");
    let review =
        server.log().into_iter().find(|request| request.method == "POST").expect("a review").body;
    assert_eq!(
        (review["commit_id"].as_str(), review["comments"][0]["line"].as_u64()),
        (Some(head.as_str()), Some(6)),
        "{review}"
    );
}

#[test]
fn without_a_pull_request_all_findings_are_annotated() {
    let sandbox = Sandbox::new();
    sandbox.write("a b/x.py", "from concurrent.futures import ProcessPoolExecutor\n\nProcessPoolExecutor().submit(lambda: 1)\n");
    let variables = [
        ("BASE", ""),
        ("HEAD", ""),
        ("INPUT_PATHS", "a b\n"),
        ("INPUT_ARGS", ""),
        ("COMMENT", "true"),
        ("FAIL", "false"),
    ];
    let checked = step("Review", &sandbox.path(), &variables);
    assert_eq!(checked.status.code(), Some(0), "{}", text(&checked.stderr));
    assert!(
        text(&checked.stdout).contains("::error file=a b/x.py,line=3"),
        "{}",
        text(&checked.stdout)
    );
}

#[test]
fn no_file_of_the_pull_request_is_imported() {
    let install = script("Install spawnsafe");
    for line in install.lines().filter(|line| line.contains("python")) {
        assert!(line.contains(" -I "), "{line}");
    }
    let action = include_str!("../../action.yml");
    assert!(
        action.contains("      working-directory: ${{ runner.temp }}\n"),
        "pip looks for packages beside it"
    );
}
