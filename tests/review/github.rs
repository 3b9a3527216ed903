//! Posting to GitHub: once each, politely, and never to anybody else.

use crate::change::{Change, numbered};
use crate::fake_github::{GitHub, TOKEN};
use crate::loopback::{Request, Response, Server, Service};
use crate::rules::Head;
use serde_json::json;
use spawnsafe::review::github::{self, PostError, Posted, Target};
use spawnsafe::review::http::HttpError;
use spawnsafe::review::secret::Secret;
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::Duration;

pub(crate) const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// Waits that were asked for; nobody sleeps in a test.
static WAITS: Mutex<Vec<Duration>> = Mutex::new(Vec::new());

fn record(wait: Duration) {
    WAITS.lock().expect("the waits").push(wait);
}

fn target(api: &str) -> Target {
    Target {
        api: api.into(),
        repository: "octo/demo".into(),
        number: 7,
        head: Some(COMMIT.into()),
        token: Secret::new(TOKEN),
    }
}

fn post(server: &str, change: &Change) -> Result<Posted, PostError> {
    let target = target(server);
    let client = github::client(&target)?.sleeping(record);
    let current: BTreeSet<String> = change.fingerprints().into_iter().collect();
    github::post(&client, &target, &|known| change.review_without(known), &current)
}

fn done(posted: Result<Posted, PostError>) -> (usize, usize, usize, Vec<String>) {
    match posted.expect("it is posted") {
        Posted::Done { comments, listed, gone, notes } => (comments, listed, gone, notes),
        Posted::Forbidden(why) => panic!("forbidden: {why}"),
    }
}

pub(crate) fn head_of(change: &Change) -> Head {
    let mut head = Head::default();
    for (path, source) in &change.report.sources {
        let path = path.to_string_lossy().into_owned();
        let diff = String::from_utf8_lossy(&change.diff).into_owned();
        // One file's part of the diff: from its own header to the next.
        let start = diff.find(&format!("+++ b/{path}")).unwrap_or_default();
        let end = diff[start..].find("\n--- ").map_or(diff.len(), |end| start + end);
        head.add(&path, &diff[start..end], &source.text);
    }
    head
}

/// A change with a suggestion, a patch and a finding without a fix.
fn mixed() -> Change {
    let before = numbered(60);
    let after = before
        .replace("name10 = 10", "name10 = f(1)")
        .replace("name11 = 11\n", "name11 = f(2)\nmore = f(3)\n")
        .replace("name40 = 40", "name40 = f(4)");
    let mut change = Change::of("src/a b.py", &before, &after);
    change.fixable(
        "src/a b.py",
        "f(1)",
        &[("name9 = 9\n", "import x\nname9 = 9\n"), ("f(1)", "x.f(1)")],
    );
    change.fixable("src/a b.py", "f(2)", &[("f(2)", "g(2)"), ("f(4)", "g(4)")]);
    change.finding("src/a b.py", "f(3)\n");
    change
}

fn server(change: &Change) -> Server<GitHub> {
    Server::start(GitHub { head: head_of(change), ..GitHub::default() })
}

#[test]
fn a_review_is_posted_once() {
    let change = mixed();
    let server = server(&change);
    assert_eq!(done(post(&server.url(), &change)), (3, 0, 0, vec![]));
    assert_eq!(server.service.lock().expect("the service").refused, Vec::<String>::new());
    let body =
        server.log().into_iter().find(|request| request.method == "POST").expect("a review").body;
    assert_eq!(body["commit_id"], COMMIT);
    let ranges: Vec<_> = body["comments"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|comment| (comment.get("start_line").cloned(), comment["line"].clone()))
        .collect();
    assert_eq!(ranges, [(Some(json!(9)), json!(10)), (None, json!(11)), (None, json!(12))]);
    // A second run says nothing.
    assert_eq!(done(post(&server.url(), &change)), (0, 0, 0, vec![]));
    assert_eq!(server.count("POST", "/reviews"), 1);
}

#[test]
fn a_second_run_adds_what_is_new_and_deletes_what_is_gone() {
    let change = mixed();
    let server = server(&change);
    done(post(&server.url(), &change));
    let mut later = mixed();
    later.report.findings.remove(0);
    later.finding("src/a b.py", "f(4)").subject = "new".into();
    assert_eq!(done(post(&server.url(), &later)), (1, 0, 1, vec![]));
    let comments = server.service.lock().expect("the service").comments.clone();
    assert_eq!(comments.len(), 3);
}

#[test]
fn conversations_and_other_peoples_words_stay() {
    let change = mixed();
    let server = server(&change);
    done(post(&server.url(), &change));
    let prints = change.fingerprints();
    let mut none = mixed();
    none.report.findings.clear();
    {
        let mut github = server.service.lock().expect("the service");
        let answered = github.comments[0]["id"].as_u64();
        github.comment("octocat", "why?", answered);
        github.comment("mallory", &spawnsafe::review::markdown::marks(&prints), None);
    }
    assert_eq!(done(post(&server.url(), &none)), (0, 0, 2, vec![]));
    let left: Vec<_> = server
        .service
        .lock()
        .expect("the service")
        .comments
        .iter()
        .map(|comment| comment["user"]["login"].clone())
        .collect();
    assert_eq!(left, ["github-actions[bot]", "octocat", "mallory"]);
}

#[test]
fn nobody_else_can_silence_a_finding() {
    let change = mixed();
    let server = server(&change);
    server.service.lock().expect("the service").comment(
        "mallory",
        &spawnsafe::review::markdown::marks(&change.fingerprints()),
        None,
    );
    assert_eq!(done(post(&server.url(), &change)).0, 3);
}

#[test]
fn the_overflow_is_listed_and_known_the_next_time() {
    let after = (0..50).map(|number| format!("f{number:02}()\n")).collect::<String>();
    let mut change = Change::of("x.py", "", &after);
    for number in 0..50 {
        change.finding("x.py", &format!("f{number:02}()"));
    }
    let server = server(&change);
    assert_eq!(done(post(&server.url(), &change)), (30, 20, 0, vec![]));
    assert_eq!(done(post(&server.url(), &change)), (0, 0, 0, vec![]));
}

#[test]
fn an_account_knows_its_own_words_by_its_name() {
    let change = mixed();
    let server = server(&change);
    server.service.lock().expect("the service").login = Some("reviewer".into());
    server.service.lock().expect("the service").comment(
        "other[bot]",
        &spawnsafe::review::markdown::marks(&change.fingerprints()),
        None,
    );
    assert_eq!(done(post(&server.url(), &change)).0, 3);
    assert_eq!(done(post(&server.url(), &change)).0, 0);
}

#[test]
fn many_pages_of_comments_are_read() {
    let change = mixed();
    let server = server(&change);
    for number in 0..250 {
        server.service.lock().expect("the service").comment(
            "octocat",
            &format!("comment {number}"),
            None,
        );
    }
    done(post(&server.url(), &change));
    assert_eq!(done(post(&server.url(), &change)).0, 0);
}

#[test]
fn a_refused_comment_does_not_cost_the_review() {
    let change = mixed();
    let server = Server::start(GitHub::default());
    let (comments, listed, gone, notes) = done(post(&server.url(), &change));
    assert_eq!((comments, listed, gone), (0, 3, 0));
    assert!(notes[0].contains("Path could not be resolved"), "{notes:?}");
    let reviews = server.service.lock().expect("the service").reviews.clone();
    assert!(
        reviews[0]["body"].as_str().is_some_and(|body| body.contains("`src/a b.py:10`")),
        "{reviews:?}"
    );
    let last =
        server.log().into_iter().rfind(|request| request.method == "POST").expect("a review").body;
    assert!(last.get("commit_id").is_none(), "the commit may be what was refused");
}

#[test]
fn limits_are_waited_for_as_the_platform_says() {
    let change = mixed();
    let server = server(&change);
    let reset = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .expect("a clock")
        .as_secs()
        + 30;
    server.service.lock().expect("the service").next.extend([
        Response::error(403, "You have exceeded a secondary rate limit").with("retry-after", 17),
        Response::error(429, "slow down")
            .with("x-ratelimit-remaining", 0)
            .with("x-ratelimit-reset", reset),
    ]);
    assert_eq!(done(post(&server.url(), &change)).0, 3);
    let waits = WAITS.lock().expect("the waits").clone();
    assert!(waits.contains(&Duration::from_secs(17)), "{waits:?}");
    assert!(waits.iter().any(|wait| (28..=31).contains(&wait.as_secs())), "{waits:?}");
    assert_eq!(server.count("POST", "/reviews"), 3);
}

#[test]
fn a_lost_answer_brings_no_second_review() {
    let change = mixed();
    let server = server(&change);
    server.service.lock().expect("the service").lost.push_back(Response::error(502, "Bad Gateway"));
    assert_eq!(
        done(post(&server.url(), &change)),
        (0, 0, 0, vec![]),
        "the review that was made is found"
    );
    assert_eq!(server.service.lock().expect("the service").comments.len(), 3);
    // An error before anything was done is tried again.
    let other = self::server(&change);
    other.service.lock().expect("the service").next.push_back(Response::error(500, "oops"));
    assert_eq!(done(post(&other.url(), &change)).0, 3);
}

#[test]
fn endless_limits_end() {
    let change = mixed();
    let server = server(&change);
    server.service.lock().expect("the service").next.extend(vec![
        Response::error(429, "no")
            .with("retry-after", 1);
        50
    ]);
    let error = post(&server.url(), &change).expect_err("it gives up");
    assert_eq!(error.to_string(), "the review failed: 429 no");
    assert_eq!(server.count("POST", "/reviews"), 5);
    let long = self::server(&change);
    long.service
        .lock()
        .expect("the service")
        .next
        .push_back(Response::error(429, "no").with("retry-after", 3000));
    assert!(post(&long.url(), &change).is_err(), "nobody waits for an hour");
}

#[test]
fn a_read_only_token_is_told() {
    let change = mixed();
    let server = server(&change);
    server
        .service
        .lock()
        .expect("the service")
        .next
        .push_back(Response::error(403, "Resource not accessible by integration"));
    assert_eq!(
        post(&server.url(), &change).expect("no error"),
        Posted::Forbidden("403 Resource not accessible by integration".into())
    );
}

#[test]
fn a_wrong_token_is_an_error_that_does_not_show_it() {
    let change = mixed();
    let server = server(&change);
    let mut wrong = target(&server.url());
    wrong.token = Secret::new("ghp_secret\n");
    let client = github::client(&wrong).expect("a client").sleeping(record);
    let error =
        github::post(&client, &wrong, &|known| change.review_without(known), &BTreeSet::new())
            .expect_err("unauthorized");
    assert!(matches!(error, PostError::Unauthorized(_)));
    assert!(!format!("{error} {error:?} {wrong:?} {client:?}").contains("ghp_secret"));
    wrong.token = Secret::new("two\nlines");
    assert_eq!(github::client(&wrong).expect_err("no header"), HttpError::Token);
}

/// A server that sends everybody to another place.
struct Elsewhere(String);

impl Service for Elsewhere {
    fn answer(&mut self, request: &Request) -> Response {
        let to = format!("{}{}", self.0, request.path);
        Response { status: 307, headers: vec![("location".into(), to)], body: String::new() }
    }
}

#[test]
fn the_token_follows_no_redirect_to_another_host() {
    let change = mixed();
    let thief = server(&change);
    let server = Server::start(Elsewhere(thief.url()));
    let error = post(&server.url(), &change).expect_err("another port is another host");
    assert!(matches!(error, PostError::Http(HttpError::Redirected { .. })), "{error}");
    assert_eq!(thief.log().len(), 0);
    let circle = Server::start(Elsewhere(String::new()));
    assert!(
        matches!(post(&circle.url(), &change), Err(PostError::Http(HttpError::NoAnswer { .. }))),
        "a circle on one host ends"
    );
}

#[test]
fn addresses_without_tls_are_refused() {
    for address in [
        "http://api.example",
        "ftp://api.example",
        "api.github.com",
        "",
        "http://127.0.0.1.example/",
    ] {
        assert!(
            matches!(github::client(&target(address)), Err(HttpError::Address(_))),
            "{address}"
        );
    }
}

#[test]
fn no_server_is_an_error_after_some_tries() {
    let change = mixed();
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .expect("a port")
        .local_addr()
        .expect("an address")
        .port();
    let error = post(&format!("http://127.0.0.1:{port}"), &change).expect_err("nobody listens");
    assert!(error.to_string().contains("no answer"), "{error}");
}
