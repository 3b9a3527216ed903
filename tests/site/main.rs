//! The documentation site: its links, its commands, the tutorial, and the messages that Python really prints.
//!
//! Without mdBook the site itself is not built; the test says so and passes, unless `CI=true`.

mod commands;
mod links;
mod messages;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// README and the pages of docs/, by their paths.
fn pages() -> BTreeMap<PathBuf, String> {
    let folder = std::fs::read_dir(root().join("docs")).expect("docs/ is there");
    let paths = folder.map(|entry| entry.expect("a readable folder").path());
    paths
        .chain([root().join("README.md")])
        .filter(|path| path.extension().is_some_and(|suffix| suffix == "md"))
        .map(|path| {
            let text = std::fs::read_to_string(&path).expect("a page in UTF-8");
            (path, text)
        })
        .collect()
}

/// Says that a test was skipped; in CI that is a failure.
fn skipped(what: &str) {
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{what}");
    let _ = writeln!(std::io::stderr(), "\n*** SKIPPED: {what} ***\n");
}

/// The code blocks of a page in that language.
fn blocks<'t>(text: &'t str, language: &str) -> Vec<&'t str> {
    let fence = format!("```{language}\n");
    text.split(fence.as_str()).skip(1).filter_map(|tail| tail.split("```").next()).collect()
}
