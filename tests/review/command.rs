//! `spawnsafe review` as it is typed: real repositories, the real engine, a server for the platform.

use crate::fake_github::{GitHub, TOKEN};
use crate::fake_gitlab;
use crate::github::COMMIT;
use crate::loopback::{Response, Server};
use crate::repository::{Sandbox, isolated};
use crate::rules::{Head, check_review};
use serde_json::{Value, json};
use spawnsafe::output::diff::unified_bytes;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

const IMPORT: &str = "from concurrent.futures import ProcessPoolExecutor\n";

/// A module whose function `name` hands a lambda to a process.
fn faulty(name: &str) -> String {
    format!(
        "\n\ndef {name}(data):\n    with ProcessPoolExecutor() as pool:\n        return list(pool.map(lambda {name}_item: {name}_item + 1, data))\n"
    )
}

/// A program's end.
struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Ran {
    #[track_caller]
    fn json(&self) -> Value {
        serde_json::from_str(&self.out)
            .unwrap_or_else(|error| panic!("{error}: {} {}", self.out, self.err))
    }
}

fn run(folder: &Path, variables: &[(&str, &str)], arguments: &[&str]) -> Ran {
    let output = isolated(&mut Command::new(env!("CARGO_BIN_EXE_spawnsafe")))
        .env_remove("GITHUB_ACTIONS")
        .current_dir(folder)
        .args(["review", "--isolated"])
        .args(arguments)
        .envs(variables.iter().copied())
        .output()
        .expect("spawnsafe runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    Ran { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// Code and line of every finding that `review` reports, with its path.
#[track_caller]
fn found(folder: &Path, arguments: &[&str]) -> Vec<String> {
    let ran = run(folder, &[], &[arguments, &["--output-format", "json"]].concat());
    let findings = ran.json()["findings"].as_array().cloned().expect("a list");
    assert_eq!(ran.code, Some(i32::from(!findings.is_empty())), "{}", ran.err);
    findings
        .iter()
        .map(|finding| {
            format!(
                "{} {}:{}",
                finding["code"].as_str().unwrap_or_default(),
                finding["path"].as_str().unwrap_or_default(),
                finding["line"]
            )
        })
        .collect()
}

#[test]
fn only_what_is_new_is_reported() {
    let sandbox = Sandbox::new();
    sandbox.write("a b.py", format!("{IMPORT}{}", faulty("old")));
    sandbox.write("other.py", format!("{IMPORT}{}", faulty("other")));
    sandbox.commit("base");
    sandbox.git(&["checkout", "-q", "-b", "topic"]);
    // The old finding moves down and its line changes; a new one comes.
    sandbox.write(
        "a b.py",
        format!(
            "# moved\n{IMPORT}{}{}",
            faulty("old").replace("return list(", "return sorted("),
            faulty("new")
        ),
    );
    sandbox.commit("topic");
    assert_eq!(found(&sandbox.path(), &["--base", "main"]), ["SP101 a b.py:12"]);
    assert_eq!(found(&sandbox.path(), &["--base", "main", "other.py"]), [""; 0]);
    assert_eq!(found(&sandbox.path(), &["--base", "topic"]), [""; 0]);
    // From a folder below, paths start there.
    sandbox.write("sub/x.py", format!("{IMPORT}{}", faulty("sub")));
    sandbox.git(&["add", "-A"]);
    assert_eq!(found(&sandbox.path().join("sub"), &["--base", "main"]), ["SP101 x.py:6"]);
}

#[test]
fn an_old_callable_that_a_new_line_sends_is_new() {
    let sandbox = Sandbox::new();
    sandbox.write("work.py", "double = lambda x: 2 * x\n");
    sandbox.write("send.py", format!("{IMPORT}from work import double\n"));
    sandbox.commit("base");
    sandbox.write(
        "send.py",
        format!("{IMPORT}from work import double\n\n\ndef run():\n    with ProcessPoolExecutor() as pool:\n        return list(pool.map(double, [1]))\n"),
    );
    let new = found(&sandbox.path(), &["--base", "HEAD"]);
    assert_eq!(new.len(), 1, "{new:?}");
    assert!(new[0].starts_with("SP104"), "{new:?}");
    sandbox.commit("send");
    let body = run(&sandbox.path(), &[], &["--base", "HEAD~1", "--format", "github-review"]).json();
    assert_eq!(
        (&body["comments"][0]["path"], body["comments"].as_array().map(Vec::len)),
        (&json!("send.py"), Some(1)),
        "{body}"
    );
}

#[test]
fn an_import_that_makes_processes_of_threads_is_the_cause() {
    let sandbox = Sandbox::new();
    let use_of = |pool: &str| {
        format!(
            "from concurrent.futures import {pool} as Executor\n{}{}",
            "value = 1\n".repeat(20),
            faulty("run").replace("ProcessPoolExecutor", "Executor")
        )
    };
    sandbox.write("x.py", use_of("ThreadPoolExecutor"));
    sandbox.write("broken.py", format!("{IMPORT}{}\n\n\ndef broken(:\n", faulty("old")));
    let base = sandbox.commit("threads");
    sandbox.write("x.py", use_of("ProcessPoolExecutor"));
    sandbox.commit("processes");
    assert_eq!(found(&sandbox.path(), &["--base", &base]), ["SP101 x.py:26"]);
    // No line of it is in the diff, so it is listed.
    let body = run(&sandbox.path(), &[], &["--base", &base, "--format", "github-review"]).json();
    assert!(
        body["comments"] == json!([])
            && body["body"].as_str().is_some_and(|text| text.contains("`x.py:26`")),
        "{body}"
    );
    // What a repaired file shows was there before.
    sandbox.write("broken.py", format!("{IMPORT}{}\n\n\ndef broken():\n    pass\n", faulty("old")));
    assert_eq!(found(&sandbox.path(), &["--base", "HEAD"]), [""; 0]);
}

#[test]
fn a_renamed_file_is_not_new() {
    let sandbox = Sandbox::new();
    sandbox.write("old.py", format!("{IMPORT}{}{}", faulty("one"), "x = 1\n".repeat(30)));
    sandbox.commit("base");
    sandbox.git(&["mv", "old.py", "new.py"]);
    sandbox.write(
        "new.py",
        format!("{IMPORT}{}{}", faulty("one").replace("list(", "tuple("), "x = 1\n".repeat(30)),
    );
    sandbox.git(&["add", "-A"]);
    assert_eq!(found(&sandbox.path(), &["--base", "HEAD"]), [""; 0]);
}

#[test]
fn a_commit_is_read_without_a_checkout() {
    let sandbox = Sandbox::new();
    sandbox.write("x.py", IMPORT);
    sandbox.commit("base");
    sandbox.git(&["checkout", "-q", "-b", "topic"]);
    sandbox.write("x.py", format!("{IMPORT}{}", faulty("new")));
    sandbox.write("venv/y.py", format!("{IMPORT}{}", faulty("venv")));
    sandbox.write("more/z.py", format!("{IMPORT}{}", faulty("more")));
    sandbox.commit("topic");
    sandbox.git(&["checkout", "-q", "main"]);
    let new = found(&sandbox.path(), &["--base", "main", "--head", "topic"]);
    assert!(
        new.contains(&"SP101 x.py:6".to_owned()) && new.contains(&"SP101 more/z.py:6".to_owned()),
        "{new:?}"
    );
    assert_eq!(
        found(&sandbox.path(), &["--base", "main", "--head", "topic", "more"]),
        ["SP101 more/z.py:6"]
    );
}

#[test]
fn a_diff_needs_no_git() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let after = format!("{IMPORT}{}", faulty("new"));
    std::fs::write(folder.path().join("näh me.py"), &after).expect("the file is written");
    let diff = unified_bytes("näh me.py", IMPORT.as_bytes(), after.as_bytes());
    std::fs::write(folder.path().join("x.diff"), &diff).expect("the diff is written");
    assert_eq!(found(folder.path(), &["--diff", "x.diff"]), ["SP101 näh me.py:6"]);
    // A diff of other text: said, and an error of the caller.
    std::fs::write(folder.path().join("näh me.py"), after.replace("pool.map", "pool.imap"))
        .expect("the file is written");
    let ran = run(folder.path(), &[], &["--diff", "x.diff"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("näh me.py:6: is not what the diff says"), "{}", ran.err);
}

#[test]
fn a_diff_is_taken_from_the_top_or_from_here() {
    let sandbox = Sandbox::new();
    sandbox.write("sub/x.py", IMPORT);
    sandbox.commit("base");
    sandbox.write("sub/x.py", format!("{IMPORT}{}", faulty("new")));
    let folder = sandbox.path().join("sub");
    for relative in ["--no-relative", "--relative=sub"] {
        sandbox.write(".git/x.diff", sandbox.git(&["diff", relative]) + "\n");
        assert_eq!(found(&folder, &["--diff", "../.git/x.diff"]), ["SP101 x.py:6"], "{relative}");
    }
}

#[test]
fn mistakes_of_the_caller_are_told() {
    let sandbox = Sandbox::new();
    sandbox.write("x.py", "x = 1\n");
    sandbox.commit("base");
    for (arguments, word) in [
        (vec!["--base", "nowhere"], "knows no commit 'nowhere'"),
        (vec!["--base=--output=x"], "knows no commit"),
        (vec![], "--base"),
        (vec!["--base", "HEAD", "--diff", "x"], "cannot be used with"),
        (vec!["--diff", "missing"], "cannot be read"),
        (vec!["--base", "HEAD", "--post=github"], "--repository"),
        (
            vec!["--base", "HEAD", "--post=github", "--repository", "a/../b", "--number", "1"],
            "--repository",
        ),
        (
            vec!["--base", "HEAD", "--post=github", "--repository", "a/b", "--number", "1"],
            "GITHUB_TOKEN",
        ),
        (
            vec!["--base", "HEAD", "--format", "github-review", "--output-format", "json"],
            "one report",
        ),
    ] {
        let ran = run(&sandbox.path(), &[], &arguments);
        assert_eq!(ran.code, Some(2), "{arguments:?}");
        assert!(ran.err.contains(word), "{arguments:?}: {}", ran.err);
    }
    let ran = run(tempfile::tempdir().expect("a folder").path(), &[], &["--base", "main"]);
    assert!(ran.err.contains("no repository"), "{}", ran.err);
}

#[test]
fn several_reports_at_once() {
    let sandbox = Sandbox::new();
    sandbox.commit("base");
    sandbox.write("x.py", format!("{IMPORT}{}", faulty("new")));
    sandbox.commit("new");
    let ran = run(
        &sandbox.path(),
        &[],
        &[
            "--base",
            "HEAD~1",
            "--format",
            "github-review",
            "--output-format",
            "sarif",
            "--output-file",
            "x.sarif",
            "--exit-zero",
        ],
    );
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert_eq!(ran.json()["comments"].as_array().map(Vec::len), Some(1));
    let sarif: Value =
        serde_json::from_slice(&std::fs::read(sandbox.path().join("x.sarif")).expect("the report"))
            .expect("JSON");
    assert_eq!(sarif["runs"][0]["results"].as_array().map(Vec::len), Some(1));
}

/// A job of GitHub Actions for the pull request 7 of octo/demo.
fn job<'a>(sandbox: &Sandbox, server: &'a str, head: &str) -> Vec<(&'a str, String)> {
    sandbox.write(
        ".git/event.json",
        json!({ "pull_request": { "number": 7, "head": { "sha": head } } }).to_string(),
    );
    let file = |name: &str| sandbox.path().join(".git").join(name).to_string_lossy().into_owned();
    vec![
        ("GITHUB_ACTIONS", "true".into()),
        ("GITHUB_API_URL", server.into()),
        ("GITHUB_REPOSITORY", "octo/demo".into()),
        ("GITHUB_EVENT_PATH", file("event.json")),
        ("GITHUB_STEP_SUMMARY", file("summary.md")),
        ("GITHUB_TOKEN", TOKEN.into()),
    ]
}

fn post(sandbox: &Sandbox, variables: &[(&str, String)], base: &str, more: &[&str]) -> Ran {
    let variables: Vec<(&str, &str)> =
        variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let ran = run(&sandbox.path(), &variables, &[&["--base", base, "--post"], more].concat());
    assert!(!format!("{}{}", ran.out, ran.err).contains(TOKEN), "the token is shown");
    ran
}

/// What git says the head of the change shows.
fn head_of(sandbox: &Sandbox, base: &str, head: &str) -> Head {
    let mut known = Head::default();
    for path in sandbox
        .git(&["diff", "--name-only", "--diff-filter=d", "-z", base, head])
        .split('\0')
        .filter(|path| !path.is_empty())
    {
        let text = sandbox.git(&["show", &format!("{head}:{path}")]);
        known.add(path, &sandbox.git(&["diff", base, head, "--", path]), &text);
    }
    known
}

#[test]
fn a_job_posts_what_the_head_commit_brings() {
    let sandbox = Sandbox::new();
    sandbox.write("x.py", IMPORT);
    let base = sandbox.commit("base");
    sandbox.write("x.py", format!("{IMPORT}{}", faulty("new")));
    let head = sandbox.commit("head");
    // The files on the disk are not those of the commit.
    sandbox.write("x.py", "something = 'else'\n");
    let server =
        Server::start(GitHub { head: head_of(&sandbox, &base, &head), ..GitHub::default() });
    let url = server.url();
    let variables = job(&sandbox, &url, &head);
    let ran = post(&sandbox, &variables, &base, &[]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{}", ran.err);
    assert!(ran.err.contains("posted 1 comments"), "{}", ran.err);
    let body =
        server.log().into_iter().find(|request| request.method == "POST").expect("a review").body;
    assert_eq!(body["commit_id"], head);
    assert_eq!(post(&sandbox, &variables, &base, &["--exit-zero"]).code, Some(0));
    assert_eq!(server.count("POST", "/reviews"), 1, "the second run had nothing to say");
    assert_eq!(server.service.lock().expect("the service").refused, Vec::<String>::new());
    // The head of another clone is unknown here.
    let lost = post(&sandbox, &job(&sandbox, &url, COMMIT), &base, &[]);
    assert!(lost.code == Some(2) && lost.err.contains(COMMIT), "{}", lost.err);
}

#[test]
fn a_fork_gets_annotations_and_a_summary() {
    let sandbox = Sandbox::new();
    let base = sandbox.commit("base");
    sandbox.write("a,b: c.py", format!("{IMPORT}{}", faulty("new")));
    let head = sandbox.commit("head");
    let server =
        Server::start(GitHub { head: head_of(&sandbox, &base, &head), ..GitHub::default() });
    server
        .service
        .lock()
        .expect("the service")
        .next
        .push_back(Response::error(403, "Resource not accessible by integration"));
    let url = server.url();
    let ran = post(&sandbox, &job(&sandbox, &url, &head), &base, &[]);
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    assert!(ran.out.contains("::error file=a%2Cb%3A c.py,line=6"), "{}", ran.out);
    let summary =
        std::fs::read_to_string(sandbox.path().join(".git/summary.md")).expect("the summary");
    assert!(summary.contains("SP101"), "{summary}");
}

#[test]
fn a_pipeline_of_gitlab_posts_discussions() {
    let sandbox = Sandbox::new();
    let base = sandbox.commit("base");
    sandbox.write("x.py", format!("{IMPORT}{}", faulty("new")));
    sandbox.commit("head");
    let lines = BTreeMap::from([("x.py".to_owned(), (1..=6).map(|line| (line, None)).collect())]);
    let server = Server::start(fake_gitlab::GitLab { lines, ..Default::default() });
    let variables = [
        ("GITLAB_CI", "true".to_owned()),
        ("CI_API_V4_URL", server.url()),
        ("CI_PROJECT_ID", "42".into()),
        ("CI_MERGE_REQUEST_IID", "3".into()),
        ("GITLAB_TOKEN", fake_gitlab::TOKEN.into()),
    ];
    let ran = post(&sandbox, &variables, &base, &[]);
    assert!(ran.code == Some(1) && ran.err.contains("posted 1 comments"), "{}", ran.err);
    assert!(post(&sandbox, &variables, &base, &[]).err.contains("posted 0 comments"));
}

#[test]
fn a_history_is_commented_where_faults_come_in_and_each_once() {
    let sandbox = Sandbox::new();
    let filler = "value = 1\n".repeat(30);
    let mut base = sandbox.commit("start");
    let (one, two, three) = (faulty("one"), faulty("two"), faulty("three"));
    let steps: [(&str, String, usize); 9] = [
        ("a clean file", format!("{IMPORT}{filler}"), 0),
        ("a fault", format!("{IMPORT}{filler}{one}"), 1),
        ("lines above it", format!("# header\n# more\n{IMPORT}{filler}{one}"), 0),
        (
            "its own line",
            format!("# header\n# more\n{IMPORT}{filler}{}", one.replace("list(", "sorted(")),
            0,
        ),
        ("another one, and CRLF", format!("{IMPORT}{filler}{one}{two}").replace('\n', "\r\n"), 1),
        ("LF again", format!("{IMPORT}{filler}{one}{two}"), 0),
        (
            "a third beside hostile text",
            format!(
                "{IMPORT}{filler}{one}{two}{three}text = '''\n```\n::error::x\n-->\n\u{1b}[31m\n/close\n'''\n"
            ),
            1,
        ),
        ("one goes", format!("{IMPORT}{filler}{one}{three}"), 0),
        ("it comes back", format!("{IMPORT}{filler}{one}{two}{three}"), 1),
    ];
    for (what, text, expected) in steps {
        sandbox.write("deep/x.py", text);
        let head = sandbox.commit(what);
        let body = run(
            &sandbox.path(),
            &[],
            &["--base", &base, "--head", &head, "--format", "github-review"],
        )
        .json();
        check_review(&body, &head_of(&sandbox, &base, &head))
            .unwrap_or_else(|why| panic!("{what}: {why}"));
        assert_eq!(body["comments"].as_array().map(Vec::len), Some(expected), "{what}: {body:#}");
        base = head;
    }
}
