//! Merge-request discussions of GitLab: the request bodies, and sending them.

use super::changes::Changes;
use super::comment::{Comment, Limits, Review};
use super::github::{PostError, Posted};
use super::http::{Answer, Client, HttpError, Repeat};
use super::markdown::{cut, marked};
use super::secret::Secret;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// GitLab takes 1,000,000 characters, but nobody reads them.
const BODY_BYTES: usize = 60_000;

/// The three commits that a position in a merge request names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiffRefs {
    /// The merge base.
    pub base: String,
    /// The head of the target branch.
    pub start: String,
    /// The head of the source branch.
    pub head: String,
}

/// What is sent: one body for each discussion, and one for the note with the rest.
pub fn payload(review: &Review, changes: &Changes, refs: Option<&DiffRefs>) -> Value {
    let discussions: Vec<Value> =
        review.comments.iter().map(|comment| discussion(comment, changes, refs)).collect();
    json!({ "discussions": discussions, "note": note(review) })
}

/// The body of `POST /projects/:id/merge_requests/:iid/discussions`.
fn discussion(comment: &Comment, changes: &Changes, refs: Option<&DiffRefs>) -> Value {
    let file = changes.file(&comment.path);
    let old_path = file.and_then(|file| file.old.as_deref()).unwrap_or(&comment.path);
    let mut position = json!({ "position_type": "text", "new_path": comment.path, "old_path": old_path, "new_line": comment.lines.last });
    // An unchanged line is named by both sides, an added one by the new side only.
    if let Some(old) = file.and_then(|file| file.old_line(comment.lines.last)) {
        position["old_line"] = json!(old);
    }
    if let Some(refs) = refs {
        position["base_sha"] = json!(refs.base);
        position["start_sha"] = json!(refs.start);
        position["head_sha"] = json!(refs.head);
    }
    json!({ "body": cut(&text(comment), BODY_BYTES), "position": position })
}

/// The comment's text. A suggestion whose text has a line that starts with a slash is left out:
/// GitLab runs such lines as commands of the token's owner when it does not see the block around them.
fn text(comment: &Comment) -> String {
    let above = comment.lines.last - comment.lines.first;
    let command = |text: &str| text.lines().any(|line| line.trim_start().starts_with('/'));
    match &comment.suggestion {
        Some(block) if command(&block.text) => {
            Comment { suggestion: None, ..comment.clone() }.body("")
        }
        _ => comment.body(&format!("suggestion:-{above}+0")),
    }
}

/// The body of `POST /projects/:id/merge_requests/:iid/notes`; null if nothing is left for it.
fn note(review: &Review) -> Value {
    if review.rest.is_empty() {
        Value::Null
    } else {
        json!({ "body": cut(&review.body(), BODY_BYTES) })
    }
}

/// A merge request.
#[derive(Debug, Clone)]
pub struct Target {
    /// The API's address, such as `https://gitlab.com/api/v4`.
    pub api: String,
    /// The project's number, or its path with slashes written as `%2F`.
    pub project: String,
    /// The merge request's number in the project.
    pub number: u64,
    /// Who asks.
    pub token: Secret,
}

/// The client for a target.
pub fn client(target: &Target) -> Result<Client, HttpError> {
    Client::new(
        &target.api,
        target.token.clone(),
        ("private-token", ""),
        &[("accept", "application/json")],
    )
}

/// Posts what is new and resolves what is gone; see [`github::post`](super::github::post).
pub fn post(
    client: &Client,
    target: &Target,
    changes: &Changes,
    compose: &dyn Fn(&BTreeSet<String>) -> Review,
    current: &BTreeSet<String>,
) -> Result<Posted, PostError> {
    let merge = format!("/projects/{}/merge_requests/{}", target.project, target.number);
    let user = match get(client, "/user", "username")? {
        Ok(user) => user,
        Err(answer) => return refused("asking who the token belongs to", &answer),
    };
    let request = match get(client, &merge, "diff_refs")? {
        Ok(request) => request,
        Err(answer) => return refused("reading the merge request", &answer),
    };
    let before = match client.list(&format!("{merge}/discussions"))? {
        Ok(before) => before,
        Err(answer) => return refused("reading the merge request's discussions", &answer),
    };
    let user = user.get("username").and_then(Value::as_str).unwrap_or_default().to_owned();
    let refs = refs(&request);
    let threads: Vec<Thread> =
        before.iter().filter_map(|discussion| Thread::read(discussion, &user)).collect();
    let known = threads
        .iter()
        .filter(|thread| !thread.taken_back)
        .flat_map(|thread| thread.prints.clone())
        .collect();
    let review = compose(&known);
    let mut notes = Vec::new();
    let mut left = Review { comments: Vec::new(), ..review.clone() };
    let mut comments = 0;
    for comment in &review.comments {
        let answer = client.send(
            "POST",
            &format!("{merge}/discussions"),
            Some(&discussion(comment, changes, refs.as_ref())),
            Repeat::IfRefused,
        )?;
        match answer.status {
            200..300 => comments += 1,
            401 | 403 | 404 | 429 | 500.. => return refused("posting a comment", &answer),
            // A line that GitLab does not see in the diff: the finding is listed in the note.
            _ => {
                notes.push(format!(
                    "GitLab did not take a comment ({}); it is listed in a note",
                    answer.problem()
                ));
                left.comments.push(comment.clone());
            }
        }
    }
    let left = left.flattened(Limits::default());
    if !left.rest.is_empty() {
        let answer = client.send(
            "POST",
            &format!("{merge}/notes"),
            Some(&note(&left)),
            Repeat::IfRefused,
        )?;
        if !answer.is_success() {
            return refused("posting the note", &answer);
        }
    }
    let gone = take_back(client, &merge, &threads, current, &mut notes)?;
    Ok(Posted::Done { comments, listed: left.rest.len(), gone, notes })
}

/// An object that has `key`; anything else is an answer of somebody else than GitLab.
fn get(client: &Client, path: &str, key: &str) -> Result<Result<Value, Answer>, PostError> {
    let answer = client.send("GET", path, None, Repeat::Always)?;
    let is_meant = answer.status == 200 && answer.body.get(key).is_some();
    Ok(if is_meant { Ok(answer.body) } else { Err(answer) })
}

/// What an answer that is none of those hoped for means: missing rights, or trouble that a token with
/// more of them would meet, too.
fn refused(what: &'static str, answer: &Answer) -> Result<Posted, PostError> {
    match answer.status {
        401 => Err(PostError::Unauthorized(answer.problem())),
        403 | 404 if answer.wait.is_none() => Ok(Posted::Forbidden(answer.problem())),
        200..300 => Err(PostError::Refused {
            what,
            answer: format!("{} with an answer that is not GitLab's", answer.status),
        }),
        _ => Err(PostError::Refused { what, answer: answer.problem() }),
    }
}

fn refs(request: &Value) -> Option<DiffRefs> {
    let sha = |name: &str| {
        request.pointer(&format!("/diff_refs/{name}")).and_then(Value::as_str).map(str::to_owned)
    };
    Some(DiffRefs { base: sha("base_sha")?, start: sha("start_sha")?, head: sha("head_sha")? })
}

/// A thread that an earlier run opened.
struct Thread {
    id: String,
    prints: Vec<String>,
    /// Resolved by ourselves, so its finding was gone.
    taken_back: bool,
    /// Whether it can still be resolved and nobody answered.
    open: bool,
}

impl Thread {
    fn read(discussion: &Value, user: &str) -> Option<Self> {
        let notes = discussion.get("notes")?.as_array()?;
        let first = notes.first()?;
        let name = |pointer: &str| first.pointer(pointer).and_then(Value::as_str);
        let prints = marked(first.get("body")?.as_str()?);
        if name("/author/username") != Some(user) || prints.is_empty() {
            return None;
        }
        let is = |key: &str| first.get(key).and_then(Value::as_bool) == Some(true);
        let taken_back = is("resolved") && name("/resolved_by/username") == Some(user);
        let open = is("resolvable") && !is("resolved") && notes.len() == 1;
        Some(Self { id: discussion.get("id")?.as_str()?.to_owned(), prints, taken_back, open })
    }
}

fn take_back(
    client: &Client,
    merge: &str,
    threads: &[Thread],
    current: &BTreeSet<String>,
    notes: &mut Vec<String>,
) -> Result<usize, PostError> {
    let mut gone = 0;
    for thread in threads
        .iter()
        .filter(|thread| thread.open && thread.prints.iter().all(|print| !current.contains(print)))
    {
        let answer = client.send(
            "PUT",
            &format!("{merge}/discussions/{}", thread.id),
            Some(&json!({ "resolved": true })),
            Repeat::Always,
        )?;
        if answer.is_success() {
            gone += 1;
        } else {
            notes.push(format!("an outdated thread could not be resolved: {}", answer.problem()));
        }
    }
    Ok(gone)
}
