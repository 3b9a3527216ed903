//! One configuration file, read with the place of everything that is wrong in it.

use crate::catalogue::{self, Catalogue, Entry, EntryKind};
use crate::cli::selector::Selector;
use crate::disk;
use crate::engine::{Bind, GuardStyle};
use crate::output::Format;
use crate::text::LineIndex;
use crate::text::source::MAX_BYTES;
use globset::Glob;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use toml::Spanned;

/// What a configuration file may say. The JSON Schema beside this file says the same; a test
/// compares them.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct ConfigFile {
    pub(crate) select: Option<Vec<Selector>>,
    #[serde(default)]
    pub(crate) extend_select: Vec<Selector>,
    #[serde(default)]
    pub(crate) ignore: Vec<Selector>,
    #[serde(default)]
    pub(crate) per_file_ignores: BTreeMap<Pattern, Vec<Selector>>,
    pub(crate) exclude: Option<Vec<Pattern>>,
    #[serde(default)]
    pub(crate) extend_exclude: Vec<Pattern>,
    pub(crate) force_exclude: Option<bool>,
    pub(crate) respect_gitignore: Option<bool>,
    pub(crate) target_version: Option<TargetVersion>,
    pub(crate) unsafe_fixes: Option<bool>,
    pub(crate) guard_style: Option<GuardStyle>,
    pub(crate) bind: Option<Bind>,
    pub(crate) line_length: Option<usize>,
    pub(crate) format_command: Option<String>,
    pub(crate) output_format: Option<Format>,
    pub(crate) baseline: Option<PathBuf>,
    pub(crate) cache_dir: Option<PathBuf>,
    pub(crate) warn_unused_ignores: Option<bool>,
    #[serde(default)]
    pub(crate) executors: Vec<Spanned<Entry>>,
}

/// A pattern of paths.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Pattern(pub(crate) String);

impl TryFrom<String> for Pattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Glob::new(text.trim_start_matches('!')).map_err(|error| error.to_string())?;
        Ok(Self(text))
    }
}

/// A Python version, `3.9` or `py39`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct TargetVersion(pub(crate) u8, pub(crate) u8);

impl TargetVersion {
    const OLDEST: Self = Self(3, 6);
    const NEWEST: Self = Self(3, 15);
}

impl TryFrom<String> for TargetVersion {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let digits = text.trim().trim_start_matches("py");
        let parts = digits.split_once('.').or_else(|| digits.split_at_checked(1));
        let numbers =
            parts.and_then(|(major, minor)| Some((major.parse::<u8>().ok()?, minor.parse().ok()?)));
        match numbers {
            Some((3, minor)) if (Self::OLDEST.1..=Self::NEWEST.1).contains(&minor) => {
                Ok(Self(3, minor))
            }
            Some((major, minor)) => Err(format!(
                "Python {major}.{minor} is not known; known are 3.{} to 3.{}",
                Self::OLDEST.1,
                Self::NEWEST.1
            )),
            None => Err(format!("'{text}' is no Python version; write \"3.9\" or \"py39\"")),
        }
    }
}

/// Something wrong in a configuration file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error("{}{place}: {message}", .path.display())]
pub(crate) struct ConfigError {
    pub(crate) path: PathBuf,
    /// `:line:column`, or empty.
    pub(crate) place: String,
    /// What is wrong and what to write instead.
    pub(crate) message: String,
}

/// A configuration file that was read.
#[derive(Debug, Clone)]
pub(crate) struct Loaded {
    /// Its path.
    pub(crate) path: PathBuf,
    /// What it says.
    pub(crate) config: ConfigFile,
    /// The 1-based line of each key that it sets.
    pub(crate) lines: BTreeMap<String, u32>,
    /// The oldest Python by `project.requires-python`.
    pub(crate) requires: Option<TargetVersion>,
}

#[derive(Deserialize)]
struct PyProject<T> {
    tool: Option<Tool<T>>,
    project: Option<Project>,
}

#[derive(Deserialize)]
struct Tool<T> {
    spawnsafe: Option<T>,
}

#[derive(Deserialize)]
struct Project {
    #[serde(rename = "requires-python")]
    requires_python: Option<String>,
}

type Keys = BTreeMap<Spanned<String>, toml::Value>;

/// Reads a file that is known to exist; `None` for a `pyproject.toml` without `[tool.spawnsafe]`.
pub(crate) fn load(path: &Path) -> Result<Option<Loaded>, ConfigError> {
    let plain =
        |message: String| ConfigError { path: path.to_path_buf(), place: String::new(), message };
    let bytes = disk::read(path, MAX_BYTES as u64)
        .map_err(|error| plain(format!("cannot be read: {}", crate::cli::read::plain(&error))))?;
    let text = String::from_utf8(bytes)
        .map_err(|error| plain(format!("cannot be read: {}", error.utf8_error())))?;
    let wrong = |error: &toml::de::Error| at(path, &text, error.span(), explain(error.message()));
    let in_pyproject = path.file_name().is_some_and(|name| name == "pyproject.toml");
    // Projects full of other tools' tables, even broken ones, are none of our business.
    if in_pyproject && !text.contains("spawnsafe") {
        return Ok(None);
    }
    let (config, keys, requires) = if in_pyproject {
        let document: PyProject<ConfigFile> =
            toml::from_str(&text).map_err(|error| wrong(&error))?;
        let keys: PyProject<Keys> = toml::from_str(&text).map_err(|error| wrong(&error))?;
        let requires = document
            .project
            .and_then(|project| project.requires_python)
            .and_then(|text| oldest(&text));
        (
            document.tool.and_then(|tool| tool.spawnsafe),
            keys.tool.and_then(|tool| tool.spawnsafe),
            requires,
        )
    } else {
        let config: ConfigFile = toml::from_str(&text).map_err(|error| wrong(&error))?;
        (Some(config), Some(toml::from_str::<Keys>(&text).map_err(|error| wrong(&error))?), None)
    };
    let Some(config) = config else { return Ok(None) };
    if let Some((span, message)) = wrong_executor(&config.executors) {
        return Err(at(path, &text, Some(span), message));
    }
    let index = LineIndex::new(&text);
    let lines = keys
        .unwrap_or_default()
        .into_keys()
        .map(|key| (index.line(key.span().start as u32), key.into_inner()))
        .map(|(line, key)| (key, line))
        .collect();
    Ok(Some(Loaded { path: path.to_path_buf(), config, lines, requires }))
}

fn at(
    path: &Path,
    text: &str,
    span: Option<std::ops::Range<usize>>,
    message: String,
) -> ConfigError {
    let place = span
        .map(|span| LineIndex::new(text).place(text, span.start as u32))
        .map_or(String::new(), |place| format!(":{}:{}", place.line, place.column));
    ConfigError { path: path.to_path_buf(), place, message }
}

/// serde's words, with the nearest known key where a key is unknown.
pub(crate) fn explain(message: &str) -> String {
    let message = message.trim();
    let Some(rest) = message.strip_prefix("unknown field `") else {
        return message.replace('\n', " ").replace("a sequence", "a list in brackets");
    };
    let mut names = rest.split('`').step_by(2);
    let wrong = names.next().unwrap_or_default();
    let known: Vec<&str> = names.filter(|name| !name.is_empty()).collect();
    let near = known.iter().map(|name| (strsim::damerau_levenshtein(wrong, name), *name)).min();
    match near {
        Some((distance, name)) if distance <= 3 => {
            format!("unknown key '{wrong}'; did you mean '{name}'?")
        }
        _ => format!("unknown key '{wrong}'; known are {}", known.join(", ")),
    }
}

/// What no single entry's shape can say: paths with dots, methods with a receiver that exists.
fn wrong_executor(executors: &[Spanned<Entry>]) -> Option<(std::ops::Range<usize>, String)> {
    if executors.is_empty() {
        return None;
    }
    let shipped = Catalogue::new(&[]);
    let own: BTreeSet<&str> = executors.iter().map(|entry| entry.get_ref().id.as_str()).collect();
    executors.iter().find_map(|spanned| {
        let entry = spanned.get_ref();
        let id = &entry.id;
        let unknown = entry.receiver.iter().find(|receiver| shipped.by_id(receiver).is_none() && !own.contains(receiver.as_str()));
        let message = if entry.paths.is_empty() {
            format!("executor '{id}' has no paths; write the importable dotted path, such as [\"mylib.pool.Executor\"]")
        } else if let Some(path) = entry.paths.iter().find(|path| catalogue::last_part(path) == path.as_str()) {
            format!("executor '{id}': '{path}' is no dotted path; write module and name, such as \"mylib.pool.{path}\"")
        } else if entry.kind == EntryKind::Method && entry.receiver.is_empty() {
            format!("executor '{id}' is a method without a receiver; name the id of its class, such as receiver = [\"cf.ProcessPoolExecutor\"]")
        } else if let Some(unknown) = unknown {
            format!("executor '{id}': there is no entry '{unknown}' for its receiver, neither here nor among those that are shipped")
        } else {
            return None;
        };
        Some((spanned.span(), message))
    })
}

/// The oldest minor version that `requires-python` allows: `>=3.9,<4` gives 3.9.
fn oldest(requires: &str) -> Option<TargetVersion> {
    requires.split(',').find_map(|part| {
        let part = part.trim();
        let version = part
            .strip_prefix(">=")
            .or_else(|| part.strip_prefix("~="))
            .or_else(|| part.strip_prefix("=="))?;
        let mut numbers = version.trim().split('.');
        let (major, minor) = (numbers.next()?, numbers.next().unwrap_or("0"));
        let minor: u8 = minor.trim_end_matches('*').parse().unwrap_or(0);
        // A project may be older or newer than what is known here.
        let known = minor.clamp(TargetVersion::OLDEST.1, TargetVersion::NEWEST.1);
        (major == "3").then_some(TargetVersion(3, known))
    })
}
