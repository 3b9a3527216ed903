//! What GitHub demands of a review: its published schema, and the rules that the schema leaves out.
//! One comment that breaks one of them makes GitHub refuse the whole review with status 422.

use crate::markdown::parts;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// Extracts of GitHub's OpenAPI description (see the file's own comment).
pub(crate) static SCHEMAS: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("github.schema.json")).expect("the schema file is JSON")
});

/// Says why `value` does not fit the schema of that name.
pub(crate) fn against_schema(name: &str, value: &Value) -> Result<(), String> {
    let validator = jsonschema::validator_for(&SCHEMAS[name]).expect("the schema is one");
    validator
        .validate(value)
        .map_err(|error| format!("{name}: {error} at {}", error.instance_path()))
}

/// The head of a pull request as GitHub knows it: the lines that each hunk shows, and the files.
#[derive(Debug, Clone, Default)]
pub(crate) struct Head {
    /// First and last line of every hunk's new side, by path.
    pub(crate) hunks: BTreeMap<String, Vec<(u64, u64)>>,
    /// The files' lines.
    pub(crate) files: BTreeMap<String, Vec<String>>,
}

impl Head {
    /// Adds a file from the diff between its versions, whose headers are well formed.
    pub(crate) fn add(&mut self, path: &str, diff: &str, after: &str) {
        for header in diff.lines().filter(|line| line.starts_with("@@ ")) {
            let new = header.split(' ').nth(2).expect("a new range").trim_start_matches('+');
            let (start, count) = new.split_once(',').unwrap_or((new, "1"));
            let (start, count): (u64, u64) =
                (start.parse().expect("a number"), count.parse().expect("a number"));
            if count > 0 {
                self.hunks.entry(path.into()).or_default().push((start, start + count - 1));
            }
        }
        self.files.insert(path.into(), after.lines().map(str::to_owned).collect());
    }
}

/// Checks the body of a review request.
pub(crate) fn check_review(body: &Value, head: &Head) -> Result<(), String> {
    against_schema("createReview", body)?;
    keys(body, &["commit_id", "body", "event", "comments"])?;
    if body["event"] != "COMMENT" {
        return Err("a review without the event COMMENT is pending, and nobody sees it".into());
    }
    let text = body["body"].as_str().unwrap_or_default();
    if text.trim().is_empty() || text.chars().count() > 65_536 {
        return Err("the review's body is empty or too long".into());
    }
    if let Some(commit) = body["commit_id"].as_str()
        && (commit.len() != 40 || !commit.bytes().all(|byte| byte.is_ascii_hexdigit()))
    {
        return Err(format!("commit_id {commit} is no commit"));
    }
    let comments = body["comments"].as_array().ok_or("comments is no list")?;
    if comments.len() > 30 {
        return Err("so many comments meet the secondary rate limit".into());
    }
    let mut suggested = BTreeSet::new();
    for comment in comments {
        check_comment(comment, head, &mut suggested)?;
    }
    Ok(())
}

fn check_comment(
    comment: &Value,
    head: &Head,
    suggested: &mut BTreeSet<(String, u64)>,
) -> Result<(), String> {
    keys(comment, &["path", "body", "line", "side", "start_line", "start_side"])?;
    let path = comment["path"].as_str().ok_or("no path")?;
    let line = comment["line"].as_u64().ok_or("a comment without a line")?;
    let start = comment
        .get("start_line")
        .map_or(Ok(line), |start| start.as_u64().ok_or("start_line is no number"))?;
    if comment["side"] != "RIGHT"
        || comment.get("start_line").is_some() != comment.get("start_side").is_some()
    {
        return Err("side and start_side must go with line and start_line".into());
    }
    if comment.get("start_line").is_some() && start >= line {
        return Err("start line must precede the end line".into());
    }
    let hunks =
        head.hunks.get(path).ok_or_else(|| format!("Path could not be resolved: {path}"))?;
    let hunk = hunks
        .iter()
        .find(|(first, last)| (*first..=*last).contains(&line))
        .ok_or_else(|| format!("line {line} must be part of the diff"))?;
    if start < hunk.0 {
        return Err("start line must be part of the same hunk as the line".into());
    }
    let body = comment["body"].as_str().ok_or("no body")?;
    if body.trim().is_empty() || body.chars().count() > 65_536 {
        return Err("the comment's body is empty or too long".into());
    }
    let current = &head.files[path][start as usize - 1..line as usize];
    check_text(body, current)?;
    if body.contains("suggestion\n")
        && parts(body).blocks.iter().any(|(info, _)| info == "suggestion")
    {
        for line in start..=line {
            if !suggested.insert((path.into(), line)) {
                return Err(format!(
                    "two suggestions for line {line} of {path} cannot be applied together"
                ));
            }
        }
    }
    Ok(())
}

/// Checks what a comment shows: our own marks, one suggestion at most, and no word of the source
/// that got out of its block.
fn check_text(body: &str, current: &[String]) -> Result<(), String> {
    let parts = parts(body);
    let suggestions: Vec<&(String, String)> =
        parts.blocks.iter().filter(|(info, _)| info == "suggestion").collect();
    if suggestions.len() > 1 {
        return Err("two suggestions in one comment".into());
    }
    for (_, text) in suggestions {
        if text.lines().eq(current.iter().map(String::as_str)) {
            return Err("the suggestion is equal to the current lines".into());
        }
    }
    if let Some((info, _)) =
        parts.blocks.iter().find(|(info, _)| !["suggestion", "diff", "sh"].contains(&info.as_str()))
    {
        return Err(format!("a block of the kind {info:?} is none of ours"));
    }
    for html in &parts.html {
        let mark = html
            .strip_prefix("<!-- spawnsafe-review:")
            .and_then(|rest| rest.trim_end().strip_suffix(" -->"));
        let own = mark.is_some_and(|print| print.bytes().all(|byte| byte.is_ascii_hexdigit()));
        if !own && !["<details><summary>Patch</summary>\n", "</details>\n"].contains(&html.as_str())
        {
            return Err(format!("HTML that is not ours: {html:?}"));
        }
    }
    if !parts.other.is_empty() {
        return Err(format!("markup that is not ours: {:?}", parts.other));
    }
    Ok(())
}

fn keys(value: &Value, known: &[&str]) -> Result<(), String> {
    let object = value.as_object().ok_or("no object")?;
    match object.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err(format!("unknown key {key}")),
        None => Ok(()),
    }
}
