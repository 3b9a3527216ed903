//! The few settings of a repository that say what its data are, and not what to do with them. All
//! others are left where they are: each could name a program.

use std::path::Path;

/// Settings with a word as their value: none can name a file, an address or a program.
const WORDS: &[&str] = &[
    "core.repositoryformatversion",
    "core.bare",
    "core.filemode",
    "core.symlinks",
    "core.ignorecase",
    "core.precomposeunicode",
    "core.autocrlf",
    "core.eol",
    "core.safecrlf",
    "core.trustctime",
    "core.checkstat",
    "core.sparsecheckout",
    "core.sparsecheckoutcone",
    "extensions.objectformat",
    "extensions.compatobjectformat",
    "extensions.refstorage",
];

/// A repository's settings that count.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Settings {
    /// Key and value; keys as `section`, `subsection`, `name`.
    kept: Vec<([String; 3], String)>,
    /// Whether the repository says that it has no work tree.
    pub(super) bare: bool,
}

impl Settings {
    /// Takes what `git config --list --null` prints of a configuration file.
    pub(super) fn take(&mut self, listing: &[u8]) {
        for entry in listing.split(|byte| *byte == 0).filter(|entry| !entry.is_empty()) {
            let text = String::from_utf8_lossy(entry);
            // A key without a value is a truth.
            let (key, value) = text.split_once('\n').unwrap_or((&text, "true"));
            let Some((section, rest)) = key.split_once('.') else { continue };
            let (subsection, name) = rest.rsplit_once('.').unwrap_or(("", rest));
            let is_word =
                value.len() <= 32 && value.bytes().all(|byte| byte.is_ascii_alphanumeric());
            // What `branch@{upstream}` means.
            let is_upstream =
                matches!((section, name), ("branch", "remote" | "merge") | ("remote", "fetch"))
                    && !subsection.is_empty();
            if (is_word && WORDS.contains(&key)) || is_upstream {
                if key == "core.bare" {
                    self.bare =
                        ["true", "yes", "on", "1"].contains(&value.to_ascii_lowercase().as_str());
                }
                let key = [section, subsection, name].map(str::to_owned);
                self.kept.push((key, value.to_owned()));
            }
        }
    }

    /// The same as a configuration file.
    pub(super) fn text(&self, work_tree: Option<&Path>) -> String {
        let mut text = String::new();
        let bare = ["core".to_owned(), String::new(), "bare".to_owned()];
        let own = (bare, (work_tree.is_none() || self.bare).to_string());
        for ([section, subsection, name], value) in self.kept.iter().chain([&own]) {
            let subsection = if subsection.is_empty() {
                String::new()
            } else {
                format!(" \"{}\"", subsection.replace('\\', "\\\\").replace('"', "\\\""))
            };
            text.push_str(&format!("[{section}{subsection}]\n\t{name} = \"{}\"\n", quoted(value)));
        }
        text
    }
}

fn quoted(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c => out.push(c),
        }
    }
    out
}
