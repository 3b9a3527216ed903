//! What a CI job's environment says about the pull or merge request it runs for.

use super::secret::Secret;
use super::{github, gitlab};
use serde_json::Value;

/// Looks up a variable; an empty one counts as absent.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// What the caller gave by options; it wins over the environment.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// `owner/name`, or GitLab's project number or path.
    pub repository: Option<String>,
    /// The number of the pull or merge request.
    pub number: Option<u64>,
    /// The commit at its head.
    pub head: Option<String>,
}

/// Something that posting needs is neither given nor in the environment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Missing {
    /// No token.
    #[error("no token: set {0} in the environment")]
    Token(&'static str),
    /// No repository, or one of another form.
    #[error("no repository: give --repository ({0})")]
    Repository(&'static str),
    /// No number.
    #[error("no number: give --number, or run in the pipeline of a pull or merge request")]
    Number,
    /// The commit's name is none.
    #[error("'{0}' is no full name of a commit")]
    Head(String),
    /// The event file cannot be read.
    #[error("the event file '{path}' cannot be read: {message}")]
    Event {
        /// Its path.
        path: String,
        /// Why.
        message: String,
    },
}

/// The pull request that a GitHub workflow runs for.
pub fn github(given: &Given, lookup: Lookup<'_>) -> Result<github::Target, Missing> {
    let event = event(lookup)?;
    let repository = given
        .repository
        .clone()
        .or_else(|| lookup("GITHUB_REPOSITORY"))
        .filter(|name| is_repository(name))
        .ok_or(Missing::Repository("owner/name"))?;
    let number = given
        .number
        .or_else(|| event.pointer("/pull_request/number").and_then(Value::as_u64))
        .ok_or(Missing::Number)?;
    let token = Secret::new(&lookup("GITHUB_TOKEN").unwrap_or_default());
    if token.is_empty() {
        return Err(Missing::Token("GITHUB_TOKEN"));
    }
    let head = head(given, &event, lookup)?;
    let api = lookup("GITHUB_API_URL").unwrap_or_else(|| "https://api.github.com".into());
    Ok(github::Target { api, repository, number, head, token })
}

/// The commit at the head of the request that the job runs for, if anything names it.
pub fn head_commit(given: &Given, lookup: Lookup<'_>) -> Result<Option<String>, Missing> {
    let event = event(lookup)?;
    head(given, &event, lookup)
}

/// The merge request that a GitLab pipeline runs for.
pub fn gitlab(given: &Given, lookup: Lookup<'_>) -> Result<gitlab::Target, Missing> {
    let project = given
        .repository
        .clone()
        .or_else(|| lookup("CI_MERGE_REQUEST_PROJECT_ID"))
        .or_else(|| lookup("CI_PROJECT_ID"));
    let project =
        project.ok_or(Missing::Repository("the project's number or path"))?.replace('/', "%2F");
    if !project
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'%' | b'.' | b'_' | b'-'))
    {
        return Err(Missing::Repository("the project's number or path"));
    }
    let number = given
        .number
        .or_else(|| lookup("CI_MERGE_REQUEST_IID")?.parse().ok())
        .ok_or(Missing::Number)?;
    // A job's own token cannot write notes.
    let token = Secret::new(&lookup("GITLAB_TOKEN").unwrap_or_default());
    if token.is_empty() {
        return Err(Missing::Token("GITLAB_TOKEN"));
    }
    let api = lookup("CI_API_V4_URL").unwrap_or_else(|| "https://gitlab.com/api/v4".into());
    Ok(gitlab::Target { api, project, number, token })
}

fn head(given: &Given, event: &Value, lookup: Lookup<'_>) -> Result<Option<String>, Missing> {
    let named = given.head.clone();
    let named = named.or_else(|| {
        event.pointer("/pull_request/head/sha").and_then(Value::as_str).map(str::to_owned)
    });
    let named = named.or_else(|| lookup("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA"));
    match named {
        Some(name) if !is_commit(&name) => Err(Missing::Head(name)),
        other => Ok(other),
    }
}

/// The event that started a workflow; null without one.
fn event(lookup: Lookup<'_>) -> Result<Value, Missing> {
    let Some(path) = lookup("GITHUB_EVENT_PATH") else { return Ok(Value::Null) };
    let failed = |message: String| Missing::Event { path: path.clone(), message };
    let text = std::fs::read(&path).map_err(|error| failed(error.to_string()))?;
    serde_json::from_slice(&text).map_err(|error| failed(error.to_string()))
}

/// `owner/name` of characters that GitHub allows, so that no path of the API can be built from it.
fn is_repository(name: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty()
            && part != "."
            && part != ".."
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
    };
    name.split_once('/').is_some_and(|(owner, name)| part(owner) && part(name))
}

fn is_commit(name: &str) -> bool {
    matches!(name.len(), 40 | 64) && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}
