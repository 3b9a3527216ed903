//! What libraries keep for a whole process, and what relies on it, as data: `configurations.toml` beside this file.

use serde::Deserialize;
use std::sync::LazyLock;

/// One thing that a process is told once and that later calls rely on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Configuration {
    /// How messages name it.
    pub what: String,
    /// What a worker does that relies on it: "logs".
    pub verb: String,
    /// What a worker has where nobody set it up.
    #[serde(rename = "else")]
    pub otherwise: String,
    /// The dotted paths of what sets it up.
    pub sets: Vec<String>,
    /// The dotted paths of what is assigned to for that.
    #[serde(default)]
    pub assigns: Vec<String>,
    /// The dotted paths of what relies on it.
    pub uses: Vec<String>,
}

#[derive(Deserialize)]
struct File {
    configuration: Vec<Configuration>,
}

static CONFIGURATIONS: LazyLock<Vec<Configuration>> = LazyLock::new(|| {
    toml::from_str::<File>(include_str!("configurations.toml"))
        .expect("the shipped table is valid; a test reads it")
        .configuration
});

impl Configuration {
    /// Whether what has that dotted path relies on it.
    pub fn is_used_by(&self, path: &str) -> bool {
        let below = |own: &str| own.strip_suffix('*').is_some_and(|start| path.starts_with(start));
        !self.sets.iter().any(|own| own == path)
            && self.uses.iter().any(|own| own == path || below(own))
    }
}

/// All of them.
pub fn all() -> &'static [Configuration] {
    &CONFIGURATIONS
}
