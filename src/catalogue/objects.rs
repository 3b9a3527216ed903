//! Which objects can cross a process boundary, as data: `objects.toml` beside this file.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Whether an object crosses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Travels {
    /// Pickling it fails always.
    Never,
    /// Only in Process args and initargs.
    Inheritance,
    /// It pickles.
    Yes,
}

/// A kind of object.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectKind {
    /// How messages name it, with an article.
    pub what: String,
    /// Whether it crosses.
    pub travels: Travels,
    /// The Python from which on it does not cross, as `3.14`; older ones pickle it.
    #[serde(default)]
    pub since: Option<String>,
    /// The Python from which on it does cross.
    #[serde(default)]
    pub until: Option<String>,
    /// Whether a change made in a worker is seen by the parent.
    #[serde(default)]
    pub shared: bool,
    /// Whether the system knows it by a name, which goes with the last reference in the process that made it.
    #[serde(default)]
    pub named: bool,
    /// Its attributes that are plain values: `file.name`, `counter.value`.
    #[serde(default)]
    pub values: Vec<String>,
    /// The dotted paths of what makes it.
    #[serde(default)]
    pub paths: Vec<String>,
    /// The dotted paths of decorators that put such an object in a function's place; `.name` is a decorator that is a method of
    /// such an object.
    #[serde(default)]
    pub decorators: Vec<String>,
}

#[derive(Deserialize)]
struct File {
    object: Vec<ObjectKind>,
}

static OBJECTS: LazyLock<Vec<ObjectKind>> = LazyLock::new(|| {
    toml::from_str::<File>(include_str!("objects.toml"))
        .expect("the shipped table is valid; a test reads it")
        .object
});

static BY_PATH: LazyLock<BTreeMap<&'static str, &'static ObjectKind>> = LazyLock::new(|| {
    OBJECTS
        .iter()
        .flat_map(|object| object.paths.iter().map(move |path| (path.as_str(), object)))
        .collect()
});

/// The kind of object that calling (or reading) `path` gives, if it is a known one. Builtins may be
/// written with their module; `torch.multiprocessing` passes multiprocessing's own objects on.
pub fn made_by(path: &str) -> Option<&'static ObjectKind> {
    let path = path
        .strip_prefix("builtins.")
        .or_else(|| path.strip_prefix("torch.").filter(|rest| rest.starts_with("multiprocessing.")))
        .unwrap_or(path);
    BY_PATH.get(path).copied()
}

/// All kinds of objects.
pub fn all() -> &'static [ObjectKind] {
    &OBJECTS
}

/// The kind of object that the decorator `path` puts in a function's place.
pub fn put_in_place_by(path: &str) -> Option<&'static ObjectKind> {
    OBJECTS.iter().find(|object| object.decorators.iter().any(|own| own == path))
}

/// Whether the attribute `name` of what `path` makes is a plain value, and no way to the object itself.
pub fn is_plain_value(path: &str, name: &str) -> bool {
    made_by(path).is_some_and(|object| object.values.iter().any(|value| value == name))
}
