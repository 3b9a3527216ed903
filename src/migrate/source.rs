//! What a run is asked to work on: directories, folders of clones, git URLs, and lists of them.

use super::address::{self, Login};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// How deep a folder of clones is searched: `host/organisation/group/repository`.
const DEPTH: usize = 4;

/// One repository to work on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Names the repository in file names; unique in a plan, and the same in every shard of it.
    pub id: String,
    /// What people call it: the last two parts of its address.
    pub name: String,
    /// The address as it was given, without a password.
    pub location: String,
    /// Where git finds it: a URL, or an absolute path.
    pub address: Address,
    /// Who logs in, if the address that was given says it. It is written nowhere.
    #[serde(skip)]
    pub(crate) login: Option<Login>,
}

/// Where git finds a repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Address {
    /// A directory of this machine, absolute. Need not be a repository: that costs it a line.
    Directory(PathBuf),
    /// Anything that `git clone` understands.
    Url(String),
}

/// Resolves what was named on the command line and in lists. A directory that is no repository but
/// holds some stands for all of them. The result is sorted by id and has no duplicates.
pub fn resolve(named: &[String]) -> Result<Vec<Source>, String> {
    let mut found: BTreeMap<String, Source> = BTreeMap::new();
    for text in named {
        for source in resolve_one(text)? {
            found.entry(key(&source)).or_insert(source);
        }
    }
    Ok(with_ids(found.into_values().collect()))
}

/// The lines of a list of repositories; blank lines and comments (`#` at the start, or after a
/// space) do not count.
pub fn parse_list(text: &str) -> Vec<String> {
    text.trim_start_matches('\u{feff}')
        .lines()
        .map(|line| line.split_once(" #").map_or(line, |(head, _)| head).trim())
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(str::to_owned)
        .collect()
}

/// Whether git would take `text` for an address on another machine.
fn is_url(text: &str) -> bool {
    if text.contains("://") {
        return true;
    }
    // scp's form, host:path; a colon behind a slash belongs to a path, and C: is a drive.
    text.split_once(':').is_some_and(|(host, _)| host.len() > 1 && !host.contains(['/', '\\']))
        && !Path::new(text).exists()
}

fn resolve_one(text: &str) -> Result<Vec<Source>, String> {
    if text.starts_with('-') {
        return Err(format!("'{text}' looks like an option, not like a repository"));
    }
    if is_url(text) {
        return Ok(vec![remote(text)]);
    }
    let path = Path::new(text);
    if !path.is_dir() {
        return Err(format!(
            "'{}' is neither a directory nor a git URL; a file that lists repositories is given with --from",
            // Whatever it was meant to be, it may hold a login.
            text.rsplit('@').next().unwrap_or_default()
        ));
    }
    let absolute = std::path::absolute(path).map_err(|error| format!("'{text}': {error}"))?;
    if is_repository(path) {
        return Ok(vec![directory(text.trim_end_matches('/').to_owned(), absolute)]);
    }
    let mut inside = Vec::new();
    search(path, DEPTH, &mut inside);
    if inside.is_empty() {
        // Named by the user, so it gets its line in the report.
        return Ok(vec![directory(text.to_owned(), absolute)]);
    }
    Ok(inside
        .into_iter()
        .map(|below| {
            let absolute = std::path::absolute(&below).unwrap_or_else(|_| below.clone());
            directory(below.to_string_lossy().into_owned(), absolute)
        })
        .collect())
}

fn remote(text: &str) -> Source {
    let parts = address::parse(text);
    Source {
        id: String::new(),
        name: name_of(&parts.plain),
        location: parts.plain.clone(),
        address: Address::Url(parts.plain),
        login: parts.login,
    }
}

impl Source {
    /// The same as a program of today would have written it: plans of earlier versions hold logins.
    pub(crate) fn without_login(self) -> Self {
        match &self.address {
            Address::Directory(_) => self,
            Address::Url(url) => {
                let Source { address, location, login, .. } = remote(url);
                Self { location, address, login, ..self }
            }
        }
    }
}

fn directory(location: String, absolute: PathBuf) -> Source {
    let name = name_of(&absolute.to_string_lossy());
    Source { id: String::new(), name, location, address: Address::Directory(absolute), login: None }
}

/// A work tree with its `.git` (a directory, or a file in linked work trees and submodules), or a
/// bare repository.
pub(crate) fn is_repository(path: &Path) -> bool {
    path.join(".git").exists()
        || (path.join("HEAD").is_file()
            && path.join("objects").is_dir()
            && path.join("refs").is_dir())
}

fn search(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    // Symbolic links are not followed: they lead out of the folder, or in circles.
    let mut below: Vec<PathBuf> = entries
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| entry.path())
        .collect();
    below.sort();
    for path in below {
        if is_repository(&path) {
            found.push(path);
        } else if depth > 1 {
            search(&path, depth - 1, found);
        }
    }
}

/// What makes two sources the same.
fn key(source: &Source) -> String {
    match &source.address {
        Address::Directory(path) => {
            path.canonicalize().unwrap_or_else(|_| path.clone()).to_string_lossy().into_owned()
        }
        Address::Url(_) => {
            source.location.trim_end_matches('/').trim_end_matches(".git").to_owned()
        }
    }
}

/// The last two parts of an address.
fn name_of(location: &str) -> String {
    let plain = location.trim_end_matches(['/', '\\']);
    let plain = plain.strip_suffix("/.git").unwrap_or(plain);
    let plain = plain.strip_suffix(".git").unwrap_or(plain);
    let path = plain.split_once("://").map_or(plain, |(_, rest)| rest);
    let parts: Vec<&str> = path.split(['/', '\\', ':']).filter(|part| !part.is_empty()).collect();
    parts[parts.len().saturating_sub(2)..].join("/")
}

/// Gives every source its id: its name where that is enough, else with a part of its address' hash.
/// The ids depend on the whole list and not on a shard of it.
fn with_ids(mut sources: Vec<Source>) -> Vec<Source> {
    let mut wanted: BTreeMap<String, usize> = BTreeMap::new();
    for source in &sources {
        *wanted.entry(slug(&source.name).to_lowercase()).or_default() += 1;
    }
    for source in &mut sources {
        let plain = slug(&source.name);
        source.id = if wanted[&plain.to_lowercase()] == 1 {
            plain
        } else {
            format!("{plain}-{}", digest(&source.location, 8))
        };
    }
    sources.sort_by(|left, right| left.id.cmp(&right.id));
    let mut seen = BTreeSet::new();
    sources.retain(|source| seen.insert(source.id.clone()));
    sources
}

/// Whether files can be called so without leaving their folder: what [`resolve`] makes, and nothing
/// that somebody else wrote into a plan or a journal.
pub(crate) fn is_id(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    !text.is_empty()
        && text.len() <= 200
        && !text.starts_with(['.', '-'])
        && text.chars().all(plain)
}

/// A name that every file system takes.
fn slug(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '-' })
        .take(100)
        .collect();
    let plain = plain.trim_matches(['.', '-']).to_owned();
    if plain.is_empty() { "repository".to_owned() } else { plain }
}

/// The first `digits` hexadecimal digits of the SHA-256 of `text`.
pub(crate) fn digest(text: &str, digits: usize) -> String {
    let mut hex: String =
        Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    hex.truncate(digits);
    hex
}
