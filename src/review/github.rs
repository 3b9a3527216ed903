//! Pull-request reviews of GitHub: the request body, and sending it.

use super::comment::{Comment, Limits, Review};
use super::http::{Answer, Client, HttpError, Repeat};
use super::markdown::{cut, marked};
use super::secret::Secret;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// GitHub takes 65,536 characters; bytes are at least as many.
const BODY_BYTES: usize = 60_000;
const HEADERS: &[(&str, &str)] =
    &[("accept", "application/vnd.github+json"), ("x-github-api-version", "2022-11-28")];

/// The body of `POST /repos/{owner}/{repo}/pulls/{number}/reviews`.
pub fn payload(review: &Review, head: Option<&str>) -> Value {
    let mut out = json!({ "event": "COMMENT", "body": cut(&review.body(), BODY_BYTES), "comments": review.comments.iter().map(comment).collect::<Vec<_>>() });
    if let Some(head) = head {
        out["commit_id"] = json!(head);
    }
    out
}

fn comment(comment: &Comment) -> Value {
    let mut out = json!({ "path": comment.path, "line": comment.lines.last, "side": "RIGHT", "body": cut(&comment.body("suggestion"), BODY_BYTES) });
    // GitHub refuses a range whose first line is not before its last.
    if comment.lines.first < comment.lines.last {
        out["start_line"] = json!(comment.lines.first);
        out["start_side"] = json!("RIGHT");
    }
    out
}

/// A pull request.
#[derive(Debug, Clone)]
pub struct Target {
    /// The API's address, such as `https://api.github.com`.
    pub api: String,
    /// `owner/name`.
    pub repository: String,
    /// The pull request's number.
    pub number: u64,
    /// The commit that was looked at.
    pub head: Option<String>,
    /// Who asks.
    pub token: Secret,
}

/// What posting did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Posted {
    /// A review or notes stand on the platform now, or nothing new was to be said.
    Done {
        /// Comments beside lines.
        comments: usize,
        /// Findings listed in the body.
        listed: usize,
        /// Comments of earlier runs that were taken back.
        gone: usize,
        /// What did not go as planned, for the log.
        notes: Vec<String>,
    },
    /// The token may not write: say it otherwise.
    Forbidden(String),
}

/// Why nothing could be posted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PostError {
    /// The request could not be made.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The token is none.
    #[error("the platform does not know the token ({0}); give a valid one in the environment")]
    Unauthorized(String),
    /// The platform refused for another reason.
    #[error("{what} failed: {answer}")]
    Refused {
        /// What was to be done.
        what: &'static str,
        /// The answer.
        answer: String,
    },
}

/// Posts what is new and takes back what is gone. `compose` says everything but what it is given;
/// `current` holds the fingerprints of all findings of the change.
pub fn post(
    client: &Client,
    target: &Target,
    compose: &dyn Fn(&BTreeSet<String>) -> Review,
    current: &BTreeSet<String>,
) -> Result<Posted, PostError> {
    let pull = format!("/repos/{}/pulls/{}", target.repository, target.number);
    let author = author(client)?;
    let mut notes = Vec::new();
    let mut attempt = 0;
    let (before, review) = loop {
        let before = match Before::read(client, &pull, &author)? {
            Ok(before) => before,
            Err(answer) => return Ok(Posted::Forbidden(answer)),
        };
        let review = compose(&before.known);
        if review.is_empty() {
            break (before, review);
        }
        let answer = client.send(
            "POST",
            &format!("{pull}/reviews"),
            Some(&payload(&review, target.head.as_deref())),
            Repeat::IfRefused,
        );
        match answer {
            Ok(answer) if answer.is_success() => break (before, review),
            // One comment that GitHub cannot place fails them all: the findings go into the body.
            Ok(answer) if answer.status == 422 && !review.comments.is_empty() => {
                notes.push(format!(
                    "GitHub did not take the comments ({}); they are listed in the review's body",
                    answer.problem()
                ));
                let flat = review.flattened(Limits::default());
                // A body needs no commit, and the commit may be what was refused.
                let again = client.send(
                    "POST",
                    &format!("{pull}/reviews"),
                    Some(&payload(&flat, None)),
                    Repeat::IfRefused,
                )?;
                if !again.is_success() {
                    return refused("the review", &again);
                }
                break (before, flat);
            }
            Ok(answer) if !answer.is_passing() || answer.wait.is_some() => {
                return refused("the review", &answer);
            }
            // Nobody knows whether the review was made: what stands there is read again.
            other => {
                if !client.wait(None, attempt) {
                    return other.map_or_else(
                        |error| Err(error.into()),
                        |answer| refused("the review", &answer),
                    );
                }
                attempt += 1;
            }
        }
    };
    let gone = before.take_back(client, &target.repository, current, &mut notes)?;
    Ok(Posted::Done { comments: review.comments.len(), listed: review.rest.len(), gone, notes })
}

/// The client for a target.
pub fn client(target: &Target) -> Result<Client, HttpError> {
    Client::new(&target.api, target.token.clone(), ("authorization", "Bearer "), HEADERS)
}

fn refused(what: &'static str, answer: &Answer) -> Result<Posted, PostError> {
    match answer.status {
        401 => Err(PostError::Unauthorized(answer.problem())),
        403 | 404 => Ok(Posted::Forbidden(answer.problem())),
        _ => Err(PostError::Refused { what, answer: answer.problem() }),
    }
}

/// Who we are.
enum Author {
    /// The account of that name.
    Login(String),
    /// An app, such as the one behind a workflow's token: it may not ask for its name.
    App,
}

impl Author {
    /// Whether we wrote a comment or review.
    fn wrote(&self, item: &Value) -> bool {
        let text = |pointer: &str| item.pointer(pointer).and_then(Value::as_str);
        match self {
            Self::Login(login) => text("/user/login") == Some(login),
            Self::App => text("/user/type") == Some("Bot"),
        }
    }
}

fn author(client: &Client) -> Result<Author, PostError> {
    let answer = client.send("GET", "/user", None, Repeat::Always)?;
    match (answer.status, answer.body.get("login").and_then(Value::as_str)) {
        (200, Some(login)) => Ok(Author::Login(login.to_owned())),
        (401, _) => Err(PostError::Unauthorized(answer.problem())),
        _ => Ok(Author::App),
    }
}

/// What earlier runs said.
struct Before {
    /// Fingerprints of all that.
    known: BTreeSet<String>,
    /// Own comments without replies, with their fingerprints.
    open: Vec<(u64, Vec<String>)>,
}

impl Before {
    fn read(
        client: &Client,
        pull: &str,
        author: &Author,
    ) -> Result<Result<Self, String>, PostError> {
        let mut lists = Vec::new();
        for kind in ["comments", "reviews"] {
            match client.list(&format!("{pull}/{kind}"))? {
                Ok(items) => lists.push(items),
                Err(answer) => return refused_list(&answer).map(Err),
            }
        }
        // Only own words count: whoever else writes our mark must not silence or delete anything.
        let own = |item: &&Value| author.wrote(item);
        let prints =
            |item: &Value| marked(item.get("body").and_then(Value::as_str).unwrap_or_default());
        let known = lists.iter().flatten().filter(own).flat_map(prints).collect();
        let answered: BTreeSet<u64> = lists[0]
            .iter()
            .filter_map(|item| item.get("in_reply_to_id").and_then(Value::as_u64))
            .collect();
        let open = lists[0]
            .iter()
            .filter(own)
            .filter_map(|item| Some((item.get("id")?.as_u64()?, prints(item))));
        let open =
            open.filter(|(id, prints)| !prints.is_empty() && !answered.contains(id)).collect();
        Ok(Ok(Self { known, open }))
    }

    /// Deletes the comments of which every finding is gone. A comment with a reply stays: it is a
    /// person's conversation.
    fn take_back(
        &self,
        client: &Client,
        repository: &str,
        current: &BTreeSet<String>,
        notes: &mut Vec<String>,
    ) -> Result<usize, PostError> {
        let mut gone = 0;
        for (id, _) in self
            .open
            .iter()
            .filter(|(_, prints)| prints.iter().all(|print| !current.contains(print)))
        {
            let answer = client.send(
                "DELETE",
                &format!("/repos/{repository}/pulls/comments/{id}"),
                None,
                Repeat::Always,
            )?;
            match answer.status {
                200..300 | 404 => gone += 1,
                _ => notes.push(format!(
                    "an outdated comment could not be deleted: {}",
                    answer.problem()
                )),
            }
        }
        Ok(gone)
    }
}

fn refused_list(answer: &Answer) -> Result<String, PostError> {
    match refused("reading the pull request's comments", answer)? {
        Posted::Forbidden(problem) => Ok(problem),
        Posted::Done { .. } => Ok(answer.problem()),
    }
}
