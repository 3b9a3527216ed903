//! From a source to a clone of our own, in which every file has the very bytes of the commit.

use super::address::Login;
use super::fixer::Tree;
use super::git::{Git, On};
use super::login::Given;
use super::source::{Address, Source};
use crate::disk::path_of;
use crate::git::{Place, Sealed};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Attributes of the repository would convert line endings, fetch large files or run the user's
/// filters; this file comes before theirs.
const ATTRIBUTES: &str = "* -text !filter !eol !ident !working-tree-encoding !diff\n";

/// A work tree in the middle of one of these has a job of its own.
const IN_PROGRESS: &[(&str, &str)] = &[
    ("MERGE_HEAD", "a merge"),
    ("rebase-merge", "a rebase"),
    ("rebase-apply", "a rebase"),
    ("CHERRY_PICK_HEAD", "a cherry-pick"),
    ("REVERT_HEAD", "a revert"),
    ("BISECT_LOG", "a bisection"),
];

/// Why a repository is left as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Obstacle {
    /// The work tree has changes of its own.
    Dirty(String),
    /// There is no commit.
    Empty(String),
    /// Anything else.
    Failed(String),
}

impl From<String> for Obstacle {
    fn from(message: String) -> Self {
        Self::Failed(message)
    }
}

/// A clone of our own.
#[derive(Debug)]
pub(crate) struct Clone {
    /// Its work tree, absolute.
    pub(crate) root: PathBuf,
    /// The commit in its work tree.
    pub(crate) base: String,
    /// That commit's date, as git reads it.
    pub(crate) date: String,
    /// Its submodules, which were not fetched.
    pub(crate) submodules: usize,
    /// The files.
    pub(crate) tree: Tree,
}

/// What a look at one of the user's directories gave.
#[derive(Debug)]
pub(crate) struct Present {
    /// The commit that is checked out.
    pub(crate) head: String,
    /// The repository, as git may see it.
    pub(crate) sealed: Sealed,
}

/// Looks at one of the user's directories. Changes of `ours`, files of an earlier run that was
/// killed while it wrote them onto that commit, do not make it dirty. What git is shown of it lies
/// in `work`, in a folder whose name begins with `prefix`.
pub(crate) fn inspect(
    git: &Git,
    path: &Path,
    allow_untracked: bool,
    ours: Option<&(String, Vec<String>)>,
    scratch: std::io::Result<tempfile::TempDir>,
) -> Result<Present, Obstacle> {
    let failed = |error: std::io::Error| Obstacle::Failed(error.to_string());
    let place = Place::at(path)
        .map_err(failed)?
        .ok_or_else(|| Obstacle::Failed("it is not a git repository".into()))?;
    let sealed = Sealed::inside(place, scratch.map_err(failed)?).map_err(failed)?;
    let git = &git.hiding(&sealed.directory().to_string_lossy(), "its git directory");
    let on = On::Users(&sealed);
    let head = git
        .text(on, &["rev-parse", "--verify", "--quiet", "HEAD^{commit}"])
        .map_err(|_| Obstacle::Empty("it has no commit".into()))?;
    if sealed.is_bare() {
        return Ok(Present { head, sealed });
    }
    let folder = &sealed.place().git_dir;
    if let Some((_, what)) = IN_PROGRESS.iter().find(|(file, _)| folder.join(file).exists()) {
        return Err(Obstacle::Dirty(format!("{what} is in progress")));
    }
    let untracked =
        if allow_untracked { "--untracked-files=no" } else { "--untracked-files=normal" };
    let status = git.run(
        on,
        &["status", "--porcelain=v1", "-z", "--no-renames", "--ignore-submodules=dirty", untracked],
    )?;
    let status = String::from_utf8_lossy(&status).into_owned();
    let own: BTreeSet<&str> = ours
        .iter()
        .filter(|(base, _)| *base == head)
        .flat_map(|(_, paths)| paths.iter().map(String::as_str))
        .collect();
    // An entry is two letters, a space and the path.
    let foreign: Vec<&str> = status
        .split('\0')
        .filter_map(|entry| entry.get(3..))
        .filter(|path| !own.contains(path))
        .collect();
    match foreign.as_slice() {
        [] => Ok(Present { head, sealed }),
        [first] => Err(Obstacle::Dirty(format!("it has uncommitted changes: {first}"))),
        [first, rest @ ..] => Err(Obstacle::Dirty(format!(
            "it has uncommitted changes: {first} and {} more",
            rest.len()
        ))),
    }
}

/// Makes a clone of `source` in `folder`, which must not exist. A directory was looked at before. A
/// failed fetch is tried again `retries` times.
pub(crate) fn make(
    git: &Git,
    source: &Source,
    present: Option<&Present>,
    folder: &Path,
    retries: usize,
) -> Result<Clone, Obstacle> {
    match (&source.address, present) {
        (Address::Url(url), _) => fetch(git, url, source.login.as_ref(), folder, retries)?,
        (Address::Directory(_), Some(present)) => share(git, present, folder)?,
        (Address::Directory(_), None) => return Err("nobody has looked at it".to_owned().into()),
    }
    let own = On::Own(folder);
    let base = git
        .text(own, &["rev-parse", "--verify", "--quiet", "HEAD^{commit}"])
        .map_err(|_| Obstacle::Empty("it has no commit".into()))?;
    let attributes = folder.join(".git/info/attributes");
    let written = std::fs::create_dir_all(folder.join(".git/info"))
        .and_then(|()| std::fs::write(&attributes, ATTRIBUTES));
    written.map_err(|error| format!("{}: {error}", attributes.display()))?;
    git.run(own, &["reset", "--hard", "--quiet"])
        .map_err(|error| format!("its files cannot be checked out: {error}"))?;
    let date = git.text(own, &["show", "--no-patch", "--format=%cd", "--date=raw", "HEAD"])?;
    let (files, submodules) = tracked(&git.run(own, &["ls-files", "--stage", "-z"])?);
    Ok(Clone {
        root: folder.to_path_buf(),
        base,
        date,
        submodules,
        tree: Tree { root: folder.to_path_buf(), files },
    })
}

/// A repository of our own that borrows the objects of the user's. Not by `git clone`: that starts
/// programs in the repository, which believe its configuration.
fn share(git: &Git, present: &Present, folder: &Path) -> Result<(), Obstacle> {
    let failed = |error: std::io::Error| Obstacle::Failed(error.to_string());
    let lender = &present.sealed;
    let objects = lender.objects().canonicalize().map_err(failed)?;
    let objects = objects
        .to_str()
        .filter(|text| !text.contains('\n'))
        .ok_or_else(|| "its path is not UTF-8, or holds a line break".to_owned())?;
    std::fs::create_dir_all(folder).map_err(failed)?;
    let own = On::Own(folder);
    let format = git.text(On::Users(lender), &["rev-parse", "--show-object-format"])?;
    git.run(own, &["init", "--quiet", "--template=", &format!("--object-format={format}")])?;
    let info = folder.join(".git/objects/info");
    std::fs::create_dir_all(&info).map_err(failed)?;
    std::fs::write(info.join("alternates"), format!("{objects}\n")).map_err(failed)?;
    let shallow = lender.directory().join("shallow");
    if shallow.is_file() {
        std::fs::copy(shallow, folder.join(".git/shallow")).map_err(failed)?;
    }
    git.run(own, &["update-ref", "--no-deref", "HEAD", &present.head])?;
    Ok(())
}

fn fetch(
    git: &Git,
    url: &str,
    login: Option<&Login>,
    folder: &Path,
    retries: usize,
) -> Result<(), Obstacle> {
    let path = folder.to_str().ok_or_else(|| {
        format!("{} is not UTF-8; choose another --work folder", folder.display())
    })?;
    let git = login
        .map(Login::forms)
        .unwrap_or_default()
        .iter()
        .fold(git.clone(), |git, form| git.hiding(form, "***"));
    let given = Given::new(login, &|name| std::env::var(name).ok(), &|key| {
        git.text(On::Nothing, &["config", "--get", key]).ok().filter(|value| !value.is_empty())
    })?;
    let mut tries = 0;
    loop {
        let args = [
            "clone",
            "--quiet",
            "--no-checkout",
            "--depth=1",
            "--single-branch",
            "--no-tags",
            "--no-recurse-submodules",
            "--template=",
            "--",
            url,
            path,
        ];
        match git.feed(On::Nothing, &args, &[], &given.variables()) {
            Ok(_) => return Ok(()),
            Err(_) if tries < retries => {
                tries += 1;
                let _ = std::fs::remove_dir_all(folder);
                std::thread::sleep(Duration::from_secs(1 << tries.min(4)));
            }
            Err(error) => return Err(Obstacle::Failed(error)),
        }
    }
}

/// The regular files of `git ls-files --stage -z`, and the number of submodules.
fn tracked(listing: &[u8]) -> (BTreeSet<PathBuf>, usize) {
    let mut files = BTreeSet::new();
    let mut submodules = 0;
    for entry in listing.split(|byte| *byte == 0) {
        let Some(tab) = entry.iter().position(|byte| *byte == b'\t') else { continue };
        if entry.starts_with(b"100") {
            files.insert(path_of(&entry[tab + 1..]));
        } else if entry.starts_with(b"160000") {
            submodules += 1;
        }
    }
    (files, submodules)
}
