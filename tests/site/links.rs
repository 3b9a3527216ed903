//! Links lead somewhere: in the pages as they stand in the repository, and on the site.

use crate::{pages, root, skipped};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What stands between `before` and the next of `after`, each time.
fn all_between<'t>(text: &'t str, before: &str, after: char) -> Vec<&'t str> {
    text.split(before).skip(1).filter_map(|tail| tail.split(after).next()).collect()
}

#[test]
fn links_between_pages_have_their_files() {
    let mut wrong = Vec::new();
    for (path, text) in pages() {
        for link in all_between(&text, "](", ')') {
            let file = link.split('#').next().unwrap_or(link);
            if link.contains("://") || file.is_empty() {
                continue;
            }
            // Pages that docs/build makes.
            let made = file == "commands.md"
                || file
                    .strip_prefix("rules/")
                    .and_then(|name| name.strip_suffix(".md"))
                    .is_some_and(|code| spawnsafe::rules::find(code).is_some());
            let there = path.parent().is_some_and(|folder| folder.join(file).exists());
            if !there && !made {
                wrong.push(format!("{}: {link}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_page_is_in_the_table_of_contents() {
    let summary = std::fs::read_to_string(root().join("docs/SUMMARY.md")).expect("the summary");
    for path in pages().keys().filter(|path| path.parent() == Some(&root().join("docs"))) {
        let name =
            path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        assert!(
            name == "SUMMARY.md" || summary.contains(&format!("({name})")),
            "{name} is not in SUMMARY.md"
        );
    }
}

fn mdbook() -> Option<PathBuf> {
    let brought = std::env::var_os("SPAWNSAFE_MDBOOK").map(PathBuf::from);
    let folders = std::env::var_os("PATH").unwrap_or_default();
    brought
        .into_iter()
        .chain(std::env::split_paths(&folders))
        .find(|folder| folder.join("mdbook").is_file())
}

#[test]
fn links_of_the_site_lead_somewhere() {
    let Some(tools) = mdbook() else {
        return skipped("mdbook is not there: pip install -r docs/requirements.txt");
    };
    let folder = tempfile::tempdir().expect("a folder");
    let site = folder.path().join("site");
    let path = format!("{}:{}", tools.display(), std::env::var("PATH").unwrap_or_default());
    let built = Command::new(root().join("docs/build"))
        .arg(env!("CARGO_BIN_EXE_spawnsafe"))
        .arg(&site)
        .env("PATH", path)
        .output()
        .expect("python3 runs");
    let said = String::from_utf8_lossy(&built.stderr).into_owned();
    assert!(built.status.success() && !said.contains("WARN"), "{said}");
    for rule in spawnsafe::rules::ALL {
        let page = rule.address().replace(env!("CARGO_PKG_HOMEPAGE"), "");
        assert!(site.join(&page).is_file(), "{} has no page {page}", rule.code);
    }
    let pages = html(&site);
    let mut wrong = Vec::new();
    for (page, text) in &pages {
        let links =
            all_between(text, "href=\"", '"').into_iter().chain(all_between(text, "src=\"", '"'));
        for link in links
            .filter(|link| !link.contains("://") && !link.starts_with("data:") && !link.is_empty())
        {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() {
                page.clone()
            } else if let Some(rest) = file.strip_prefix("/spawnsafe/") {
                site.join(rest)
            } else {
                clean(&page.parent().unwrap_or(&site).join(file))
            };
            let target = if target.is_dir() { target.join("index.html") } else { target };
            let found = match pages.get(&target) {
                None => target.is_file(),
                Some(text) => anchor.is_empty() || ids(text).contains(anchor),
            };
            // mdBook's own page for what is not found hangs below every folder.
            if !found && !page.ends_with("404.html") {
                wrong.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(pages.len() > 30 && wrong.is_empty(), "{}", wrong.join("\n"));
}

fn html(site: &Path) -> BTreeMap<PathBuf, String> {
    let mut waiting = vec![site.to_path_buf()];
    let mut found = BTreeMap::new();
    while let Some(folder) = waiting.pop() {
        for entry in std::fs::read_dir(folder).expect("a readable folder") {
            let path = entry.expect("a readable folder").path();
            if path.is_dir() {
                waiting.push(path);
            } else if path.extension().is_some_and(|suffix| suffix == "html") {
                let text = std::fs::read_to_string(&path).expect("a page in UTF-8");
                found.insert(path, text);
            }
        }
    }
    found
}

fn ids(text: &str) -> BTreeSet<&str> {
    all_between(text, "id=\"", '"').into_iter().collect()
}

/// A path without `..`.
fn clean(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        if part == std::path::Component::ParentDir {
            out.pop();
        } else {
            out.push(part);
        }
    }
    out
}
