//! The rules' pages: their sections, and that what they show is what the engine does.

use crate::case::Files;
use crate::messages::Memory;
use crate::{ALL, none};
use similar::TextDiff;
use spawnsafe::engine::{self, Options};
use spawnsafe::rules::Rule;
use std::path::PathBuf;

const SECTIONS: &[&str] = &["What it finds", "Why it breaks", "Before", "After", "When it refuses", "Fix safety"];

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

#[test]
fn pages_have_their_sections_in_order() {
    let mut wrong = Vec::new();
    for rule in ALL {
        let title = format!("# {} ({})\n", rule.name, rule.code);
        if !rule.page.starts_with(&title) {
            wrong.push(format!("{}: the page starts with '{}'", rule.code, title.trim()));
        }
        let have: Vec<&str> = rule.page.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        let want: Vec<&str> = SECTIONS.iter().copied().filter(|section| *section != "After" || has_after(rule)).collect();
        if have != want {
            wrong.push(format!("{}: sections {have:?}, not {want:?}", rule.code));
        }
        let empty = have.iter().filter(|title| section(rule.page, title).is_none_or(|text| text.trim().is_empty()));
        wrong.extend(empty.map(|title| format!("{}: nothing under '{title}'", rule.code)));
        for title in ["Before", "After"].iter().filter(|title| section(rule.page, title).is_some() && block(rule.page, title).is_none()) {
            wrong.push(format!("{}: '{title}' has no block of Python", rule.code));
        }
    }
    none(&wrong);
}

/// The Before block has a finding of the rule, and becomes the After block; consent is given where the page says it is needed.
#[test]
fn pages_show_what_the_engine_does() {
    let mut wrong = Vec::new();
    for rule in ALL {
        let Some(before) = block(rule.page, "Before") else { continue };
        let path = PathBuf::from("main.py");
        let files = Files::from([(path.clone(), before.as_bytes().to_vec())]);
        let unsafe_fixes = section(rule.page, "Fix safety").is_some_and(|text| text.contains("--unsafe-fixes"));
        let options = Options { unsafe_fixes, ..Options::default() };
        let found = engine::check(std::slice::from_ref(&path), &Memory(&files), &options);
        if !found.findings.iter().any(|finding| finding.code == rule.code) {
            wrong.push(format!("{}: nothing of this rule is found in the Before block", rule.code));
        }
        let fixed = engine::fix(std::slice::from_ref(&path), &Memory(&files), &options);
        let after = fixed.changes.first().map_or(before, |change| change.after.as_str());
        match block(rule.page, "After") {
            Some(want) if want != after => {
                let diff = TextDiff::from_lines(want, after);
                wrong.push(format!("{}: Before does not become After\n{}", rule.code, diff.unified_diff().header("page", "engine")));
            }
            None if after != before => wrong.push(format!("{}: a page without After, but the engine changes its Before", rule.code)),
            _ => {}
        }
    }
    none(&wrong);
}
