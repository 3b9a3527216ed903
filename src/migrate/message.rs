//! The commit message, from a template with placeholders.

use super::outcome::Outcome;
use std::collections::BTreeMap;

/// The message that is used unless another is given.
pub const DEFAULT: &str = "Make worker processes safe for spawn and forkserver

Python 3.14 starts worker processes with forkserver on Linux; macOS and
Windows spawn them. What is sent to a worker must then be found by its name,
and importing the main module must start nothing.

{rules}

Written by spawnsafe {version}.
";

/// What a template may hold in braces.
const NAMES: &[&str] = &["rules", "fixed", "files", "repository", "version"];

/// Says what is wrong with a template.
pub fn check(template: &str) -> Result<(), String> {
    if template.lines().next().is_none_or(|line| line.trim().is_empty()) {
        return Err("the commit message must start with a line of text".into());
    }
    // `git am` ends the message at the first of these.
    if let Some(line) = template.lines().find(|line| {
        line.starts_with("---") || line.starts_with("diff -") || line.starts_with("Index: ")
    }) {
        return Err(format!(
            "the commit message has a line that git takes for the start of a patch: '{line}'"
        ));
    }
    let mut rest = template;
    while let Some(at) = rest.find('{') {
        rest = &rest[at + 1..];
        let Some(end) = rest.find('}') else { break };
        let name = &rest[..end];
        if name.chars().all(|c| c.is_ascii_lowercase())
            && !name.is_empty()
            && !NAMES.contains(&name)
        {
            return Err(format!(
                "the commit message has the placeholder {{{name}}}, which is not known; known are {{{}}}",
                NAMES.join("}, {")
            ));
        }
    }
    Ok(())
}

/// Fills the template in.
pub(crate) fn render(template: &str, outcome: &Outcome) -> String {
    let rules = outcome
        .rules
        .iter()
        .filter(|(_, rule)| rule.fixed > 0)
        .map(|(code, rule)| format!("- {code} {}: {}", rule.name, rule.fixed));
    let values: BTreeMap<&str, String> = BTreeMap::from([
        ("rules", rules.collect::<Vec<_>>().join("\n")),
        ("fixed", outcome.fixed().to_string()),
        ("files", outcome.files.changed.to_string()),
        ("repository", outcome.name.clone()),
        ("version", env!("CARGO_PKG_VERSION").to_owned()),
    ]);
    let mut text = String::new();
    let mut rest = template;
    // One pass, so that a value is never read as a template.
    while let Some(at) = rest.find('{') {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        let value =
            rest.find('}').and_then(|end| values.get(&rest[1..end]).map(|value| (end, value)));
        match value {
            Some((end, value)) => {
                text.push_str(value);
                rest = &rest[end + 1..];
            }
            None => {
                text.push('{');
                rest = &rest[1..];
            }
        }
    }
    text.push_str(rest);
    format!("{}\n", text.trim_end())
}
