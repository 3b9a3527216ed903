//! Posting to GitLab.

use crate::change::{Change, numbered};
use crate::fake_gitlab::{GitLab, TOKEN};
use crate::loopback::{Request, Response, Server, Service};
use spawnsafe::review::github::{PostError, Posted};
use spawnsafe::review::gitlab::{self, Target};
use spawnsafe::review::secret::Secret;
use std::collections::{BTreeMap, BTreeSet};

fn post(server: &str, change: &Change) -> Result<Posted, PostError> {
    let target =
        Target { api: server.into(), project: "42".into(), number: 3, token: Secret::new(TOKEN) };
    let client = gitlab::client(&target)?.sleeping(|_| {});
    let current: BTreeSet<String> = change.fingerprints().into_iter().collect();
    gitlab::post(
        &client,
        &target,
        &change.changes(),
        &|known| change.review_without(known),
        &current,
    )
}

fn done(posted: Result<Posted, PostError>) -> (usize, usize, usize) {
    match posted.expect("it is posted") {
        Posted::Done { comments, listed, gone, .. } => (comments, listed, gone),
        Posted::Forbidden(why) => panic!("forbidden: {why}"),
    }
}

/// A changed line 30 of 60, a finding on it, and one on an unchanged line that the diff shows.
fn change() -> Change {
    let before = numbered(60);
    let mut change =
        Change::of("x.py", &before, &before.replace("name30 = 30", "first = 1\nname30 = f()"));
    change.fixable("x.py", "f()", &[("first = 1", "first = 2"), ("f()", "g()")]);
    change.finding("x.py", "name32 ");
    change
}

/// What the diff of [`change`] shows: the lines 27 to 34 of the new side, of which two are added.
fn server() -> Server<GitLab> {
    let shown = (27..=34).map(|line| {
        (
            line,
            match line {
                30 | 31 => None,
                32.. => Some(line - 1),
                _ => Some(line),
            },
        )
    });
    Server::start(GitLab {
        lines: BTreeMap::from([("x.py".to_owned(), shown.collect())]),
        ..GitLab::default()
    })
}

#[test]
fn discussions_stand_on_added_and_on_unchanged_lines() {
    let server = server();
    let mut change = change();
    change.finding("x.py", "name50 ");
    assert_eq!(done(post(&server.url(), &change)), (2, 1, 0));
    let bodies: Vec<String> = server
        .log()
        .iter()
        .filter(|request| request.method == "POST")
        .map(|request| request.body["body"].to_string())
        .collect();
    assert!(
        bodies[0].contains("```suggestion:-1+0\\nfirst = 2\\nname30 = g()\\n```"),
        "{}",
        bodies[0]
    );
    assert!(bodies[2].contains("`x.py:51`"), "{}", bodies[2]);
    assert_eq!(done(post(&server.url(), &change)), (0, 0, 0), "a second run says nothing");
}

#[test]
fn what_is_gone_is_resolved_and_comes_back_if_it_returns() {
    let server = server();
    done(post(&server.url(), &change()));
    let mut less = change();
    less.report.findings.remove(0);
    assert_eq!(done(post(&server.url(), &less)), (0, 0, 1));
    assert_eq!(done(post(&server.url(), &less)), (0, 0, 0));
    assert_eq!(done(post(&server.url(), &change())), (1, 0, 0));
}

#[test]
fn a_thread_that_a_person_resolved_stays_closed() {
    let server = server();
    done(post(&server.url(), &change()));
    for discussion in &mut server.service.lock().expect("the service").discussions {
        discussion["notes"][0]["resolved"] = true.into();
        discussion["notes"][0]["resolved_by"] = serde_json::json!({ "username": "octocat" });
    }
    assert_eq!(done(post(&server.url(), &change())), (0, 0, 0));
}

#[test]
fn a_line_that_gitlab_does_not_find_goes_into_the_note() {
    let server = Server::start(GitLab::default());
    assert_eq!(done(post(&server.url(), &change())), (0, 2, 0));
}

#[test]
fn a_token_without_rights_is_told_and_limits_are_waited_for() {
    let server = server();
    server
        .service
        .lock()
        .expect("the service")
        .next
        .push_back(Response::error(403, "insufficient_scope"));
    assert_eq!(
        post(&server.url(), &change()).expect("no error"),
        Posted::Forbidden("403 insufficient_scope".into())
    );
    server
        .service
        .lock()
        .expect("the service")
        .next
        .push_back(Response::error(429, "Too many").with("retry-after", 2));
    assert_eq!(done(post(&server.url(), &change())), (2, 0, 0));
}

#[test]
fn a_command_of_the_platform_is_never_suggested() {
    let mut change = Change::of("x.py", "", "x = (8\n/close\n)\n");
    change.fixable("x.py", "x = ", &[("x = (8\n/close", "y = (8\n/close")]);
    let payload = gitlab::payload(&change.review(), &change.changes(), None);
    let body = payload["discussions"][0]["body"].as_str().expect("a text");
    assert!(!body.contains("suggestion") && body.contains("SP103"), "{body}");
}

/// Answers every request in the same way.
struct Always(Response);

impl Service for Always {
    fn answer(&mut self, _request: &Request) -> Response {
        self.0.clone()
    }
}

#[test]
fn trouble_is_not_taken_for_missing_rights() {
    let text =
        |status: u16, body: &str| Response { status, headers: Vec::new(), body: body.to_owned() };
    for response in [
        Response::error(500, "oops"),
        Response::error(502, "bad gateway"),
        Response::error(429, "slow down"),
        Response::error(429, "slow down").with("retry-after", 100_000),
        Response::error(400, "what?"),
        Response::error(403, "rate limit").with("retry-after", 1),
        text(200, "<html>sign in</html>"),
        text(200, ""),
        text(200, "[]"),
        text(200, "{}"),
        text(204, ""),
    ] {
        let status = response.status.to_string();
        let what = format!("{response:?}");
        let server = Server::start(Always(response));
        match post(&server.url(), &change()) {
            Err(PostError::Refused { answer, .. }) => {
                assert!(answer.contains(&status), "{what}: {answer}");
            }
            other => panic!("{what}: {other:?}"),
        }
    }
    for status in [403, 404] {
        let server = Server::start(Always(Response::error(status, "no")));
        let posted = post(&server.url(), &change());
        assert!(matches!(posted, Ok(Posted::Forbidden(_))), "{status}: {posted:?}");
    }
    let server = Server::start(Always(Response::error(401, "no")));
    assert!(matches!(post(&server.url(), &change()), Err(PostError::Unauthorized(_))));
}
