//! The rules' pages: their sections, and that what they show is what the engine does.

use crate::case::Files;
use crate::messages::Memory;
use crate::{ALL, none};
use similar::TextDiff;
use spawnsafe::engine::{self, Options};
use spawnsafe::findings::Applicability;
use spawnsafe::rules::Rule;
use std::path::PathBuf;

const SECTIONS: &[&str] =
    &["What it finds", "Why it breaks", "Before", "After", "When it refuses", "Fix safety"];

/// The text of a section; `None` if the page has no such section.
fn section<'p>(page: &'p str, title: &str) -> Option<&'p str> {
    let from = page.find(&format!("\n## {title}\n"))? + title.len() + 5;
    Some(page[from..].split("\n## ").next().unwrap_or_default())
}

/// The Python block of a section.
fn block<'p>(page: &'p str, title: &str) -> Option<&'p str> {
    section(page, title)?.split_once("```python\n")?.1.split("```").next()
}

/// Whether the rule has a fix: advice has no After.
pub(crate) fn has_after(rule: &Rule) -> bool {
    section(rule.page, "After").is_some()
}

/// Advice has no After, and needs no Before.
fn is_wanted(rule: &Rule, title: &str) -> bool {
    match title {
        "After" => has_after(rule),
        "Before" => has_after(rule) || section(rule.page, title).is_some(),
        _ => true,
    }
}

#[test]
fn pages_have_their_sections_in_order() {
    let mut wrong = Vec::new();
    for rule in ALL {
        let title = format!("# {} ({})\n", rule.name, rule.code);
        if !rule.page.starts_with(&title) {
            wrong.push(format!("{}: the page starts with '{}'", rule.code, title.trim()));
        }
        let have: Vec<&str> =
            rule.page.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        let want: Vec<&str> =
            SECTIONS.iter().copied().filter(|title| is_wanted(rule, title)).collect();
        if have != want {
            wrong.push(format!("{}: sections {have:?}, not {want:?}", rule.code));
        }
        let empty = have
            .iter()
            .filter(|title| section(rule.page, title).is_none_or(|text| text.trim().is_empty()));
        wrong.extend(empty.map(|title| format!("{}: nothing under '{title}'", rule.code)));
        for title in ["Before", "After"].iter().filter(|title| {
            section(rule.page, title).is_some() && block(rule.page, title).is_none()
        }) {
            wrong.push(format!("{}: '{title}' has no block of Python", rule.code));
        }
    }
    none(&wrong);
}

/// The Before block has a finding of the rule, and becomes the After block (with consent, where its fix needs it).
#[test]
fn pages_show_what_the_engine_does() {
    let mut wrong = Vec::new();
    for rule in ALL {
        let Some(before) = block(rule.page, "Before") else { continue };
        let path = PathBuf::from("main.py");
        let files = Files::from([(path.clone(), before.as_bytes().to_vec())]);
        let found =
            engine::check(std::slice::from_ref(&path), &Memory(&files), &Options::default());
        let own: Vec<_> =
            found.findings.iter().filter(|finding| finding.code == rule.code).collect();
        if own.is_empty() {
            wrong.push(format!("{}: nothing of this rule is found in the Before block", rule.code));
        }
        let unsafe_fixes = own.iter().any(|finding| {
            finding.fix().is_some_and(|fix| fix.applicability == Applicability::Unsafe)
        });
        let options = Options { unsafe_fixes, ..Options::default() };
        let fixed = engine::fix(std::slice::from_ref(&path), &Memory(&files), &options);
        let after = fixed.changes.first().map_or(before, |change| change.after.as_str());
        match block(rule.page, "After") {
            Some(want) if want != after => {
                let diff = TextDiff::from_lines(want, after);
                wrong.push(format!(
                    "{}: Before does not become After\n{}",
                    rule.code,
                    diff.unified_diff().header("page", "engine")
                ));
            }
            None if after != before => wrong.push(format!(
                "{}: a page without After, but the engine changes its Before",
                rule.code
            )),
            _ => {}
        }
    }
    none(&wrong);
}
