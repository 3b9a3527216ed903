//! A rewrite: all of its edits or none.

use crate::text::Edit;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::Arc;

/// Whether a fix may be applied unread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Applicability {
    /// Proven to keep what design and page promise.
    Safe,
    /// Right as far as can be seen, but it changes something a person should look at.
    Unsafe,
}

/// An edit of one file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileEdit {
    /// The file.
    pub path: Arc<PathBuf>,
    /// What to replace in its decoded text.
    pub edit: Edit,
}

/// A rewrite. Two findings with equal fixes share one rewrite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// What the rewrite does, imperative, lower case: "hoist 'work' to module level".
    pub title: String,
    /// Whether it needs `--unsafe-fixes`.
    pub applicability: Applicability,
    /// All edits, to be applied together.
    pub edits: Vec<FileEdit>,
    /// Module-level names that the rewrite binds; two fixes of one pass must not bind the same.
    pub new_names: Vec<String>,
}
