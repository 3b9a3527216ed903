//! Changes on their way: into a clone's work tree, into a commit, into the user's repository.

use super::artefacts;
use super::clone::Clone;
use super::fixer::Tree;
use super::git::{Git, On};
use super::settings::Settings;
use crate::findings::Report;
use crate::git::Sealed;
use crate::text::source::MAX_BYTES;
use std::path::{Path, PathBuf};

/// The new content of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rewrite {
    /// Relative to the repository.
    pub(crate) path: PathBuf,
    /// What the file holds in the base commit.
    pub(crate) before: Vec<u8>,
    /// What it is to hold.
    pub(crate) after: Vec<u8>,
}

/// The changes of a report, as bytes. Only files that git knows may change.
pub(crate) fn rewrites(report: &Report, tree: &Tree) -> Result<Vec<Rewrite>, String> {
    let mut rewrites = Vec::new();
    for change in &report.changes {
        let path = &change.before.path;
        if !tree.files.contains(path) {
            return Err(format!(
                "{}: a fix wants to change this file, which git does not know",
                path.display()
            ));
        }
        let encoded = |text: &str| {
            change.before.encode(text).ok_or_else(|| {
                format!("{}: its encoding has no place for the new text", path.display())
            })
        };
        let rewrite = Rewrite {
            path: path.clone(),
            before: encoded(&change.before.text)?,
            after: encoded(&change.after)?,
        };
        if rewrite.before != rewrite.after {
            rewrites.push(rewrite);
        }
    }
    Ok(rewrites)
}

/// Writes the changes into the clone's work tree, which must hold the base commit.
pub(crate) fn write(root: &Path, rewrites: &[Rewrite]) -> Result<(), String> {
    for rewrite in rewrites {
        artefacts::replace(&root.join(&rewrite.path), &rewrite.after, root)
            .map_err(|error| format!("{}: {error}", rewrite.path.display()))?;
    }
    Ok(())
}

/// Brings the files that git knows back to the base commit; what a check left beside them stays.
pub(crate) fn reset(git: &Git, clone: &Clone) -> Result<(), String> {
    git.run(On::Own(&clone.root), &["reset", "--hard", "--quiet", &clone.base]).map(drop)
}

/// Commits the changes that are in the clone's work tree, on a branch that is then checked out. Made
/// without `git commit`: no hooks, no signature, no editor, and the date is not now.
pub(crate) fn commit(
    git: &Git,
    clone: &Clone,
    rewrites: &[Rewrite],
    message: &str,
    settings: &Settings,
) -> Result<String, String> {
    let own = On::Own(&clone.root);
    let mut paths = Vec::new();
    for rewrite in rewrites {
        paths.extend_from_slice(rewrite.path.as_os_str().as_encoded_bytes());
        paths.push(0);
    }
    git.feed(own, &["update-index", "-z", "--stdin"], &paths, &[])?;
    let tree = git.text(own, &["write-tree"])?;
    let date = settings.date.as_deref().unwrap_or(&clone.date);
    let env = [
        ("GIT_AUTHOR_NAME", settings.author.name.as_str()),
        ("GIT_AUTHOR_EMAIL", &settings.author.email),
        ("GIT_AUTHOR_DATE", date),
        ("GIT_COMMITTER_NAME", &settings.author.name),
        ("GIT_COMMITTER_EMAIL", &settings.author.email),
        ("GIT_COMMITTER_DATE", date),
    ];
    let made = git.feed(
        own,
        &["commit-tree", &tree, "-p", &clone.base, "-F", "-"],
        message.as_bytes(),
        &env,
    )?;
    let commit = String::from_utf8_lossy(&made).trim().to_owned();
    let branch = format!("refs/heads/{}", settings.branch);
    git.run(own, &["symbolic-ref", "HEAD", &branch])?;
    git.run(own, &["update-ref", &branch, &commit])?;
    Ok(commit)
}

/// Brings the branch from the clone into the user's repository, whose work tree and current branch
/// stay as they are. A branch that is there already and holds the same commit is fine.
pub(crate) fn deliver_branch(
    git: &Git,
    clone: &Clone,
    repository: &Sealed,
    branch: &str,
    commit: &str,
) -> Result<(), String> {
    let git = &git.hiding(&repository.directory().to_string_lossy(), "its git directory");
    let on = On::Users(repository);
    let full = format!("refs/heads/{branch}");
    if let Ok(present) = git.text(on, &["rev-parse", "--verify", "--quiet", &full]) {
        return if present == commit {
            Ok(())
        } else {
            Err(format!(
                "the branch '{branch}' is there already and holds something else ({present:.10}); delete it or choose another name with --branch"
            ))
        };
    }
    // The objects first: a branch never points at what is not there.
    let range = format!("{commit}\n^{}\n", clone.base);
    let pack = git.feed(
        On::Own(&clone.root),
        &["pack-objects", "--quiet", "--revs", "--stdout", "--thin"],
        range.as_bytes(),
        &[],
    )?;
    git.feed(on, &["unpack-objects", "-q"], &pack, &[])?;
    // A branch that somebody made in the meantime stays.
    let none = "0".repeat(commit.len());
    git.run(on, &["update-ref", &full, commit, &none])?;
    publish(repository, &full)
}

/// The branch is in the git directory of our own; where that does not stand for the user's, it is
/// taken there.
fn publish(repository: &Sealed, full: &str) -> Result<(), String> {
    let (from, to) = (repository.directory().join(full), repository.place().common_dir.join(full));
    if !from.exists() || to.exists() {
        return Ok(());
    }
    let folder = to.parent().unwrap_or(&repository.place().common_dir).to_path_buf();
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::copy(from, &to))
        .map(drop)
        .map_err(|error| format!("{full}: {error}"))
}

/// A file of a work tree; a fix may have made it larger than sources are.
fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    crate::disk::read(path, 2 * MAX_BYTES as u64)
}

/// Writes the changes into the user's work tree, by way of its git directory `folder`. Each file must hold what the commit holds, or, after
/// a kill, what is to be written; everything is compared before anything is written.
pub(crate) fn deliver_worktree(
    repository: &Path,
    folder: &Path,
    rewrites: &[Rewrite],
) -> Result<(), String> {
    let top = std::fs::canonicalize(repository).map_err(|error| error.to_string())?;
    for rewrite in rewrites {
        let path = repository.join(&rewrite.path);
        // A link in the place of a file or of a folder on the way leads out of the repository.
        if std::fs::canonicalize(&path).is_ok_and(|real| real != top.join(&rewrite.path)) {
            return Err(format!("{}: is reached through a link", rewrite.path.display()));
        }
        let present =
            read(&path).map_err(|error| format!("{}: {error}", rewrite.path.display()))?;
        if present != rewrite.before && present != rewrite.after {
            return Err(format!(
                "{}: the work tree's copy differs from the commit's (line endings are converted, perhaps); use --result branch or patch",
                rewrite.path.display()
            ));
        }
    }
    artefacts::sweep_staging(folder);
    for rewrite in rewrites {
        let path = repository.join(&rewrite.path);
        if read(&path).is_ok_and(|present| present == rewrite.after) {
            continue;
        }
        artefacts::replace(&path, &rewrite.after, folder)
            .map_err(|error| format!("{}: {error}", rewrite.path.display()))?;
    }
    Ok(())
}
