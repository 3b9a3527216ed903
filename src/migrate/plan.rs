//! What is to be done: the repositories and the settings, in a file that a run starts from.

use super::artefacts;
use super::settings::Settings;
use super::source::{Source, is_id};
use crate::disk;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The plan's name in an output folder.
pub const FILE: &str = "plan.json";

/// The plan of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The version of this format.
    pub version: u32,
    /// The version of spawnsafe that made it.
    pub tool: String,
    /// The hash of the settings and the tool's version.
    pub configuration: String,
    /// What to do with each repository.
    pub settings: Settings,
    /// The repositories, sorted by id.
    pub repositories: Vec<Source>,
}

impl Plan {
    /// A plan for these repositories.
    pub fn new(settings: Settings, repositories: Vec<Source>) -> Self {
        Self {
            version: 1,
            tool: env!("CARGO_PKG_VERSION").to_owned(),
            configuration: settings.configuration(),
            settings,
            repositories,
        }
    }

    /// Reads the plan of an output folder, if there is one.
    pub fn read(folder: &Path) -> Result<Option<Self>, String> {
        Self::read_file(&folder.join(FILE))
    }

    /// Reads a plan, if the file is there.
    pub fn read_file(path: &Path) -> Result<Option<Self>, String> {
        let bytes = match disk::read(path, artefacts::MOST_BYTES) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(format!("{}: {error}", path.display())),
        };
        let wrong = |words: String| {
            format!("{} is not a plan: {words}; delete it and plan again", path.display())
        };
        let mut plan: Self =
            serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))?;
        if let Some(bad) = plan.repositories.iter().find(|source| !is_id(&source.id)) {
            return Err(wrong(format!("'{}' cannot be the name of files", bad.id)));
        }
        plan.repositories = plan.repositories.into_iter().map(Source::without_login).collect();
        Ok(Some(plan))
    }

    /// Writes the plan into an output folder.
    pub fn write(&self, folder: &Path) -> Result<(), String> {
        let mut text = serde_json::to_string_pretty(self).map_err(|error| error.to_string())?;
        text.push('\n');
        artefacts::write_private(folder, FILE, text.as_bytes())
    }

    /// Says whether the results of `earlier`, in the same folder, are those of this plan.
    pub fn continues(&self, earlier: &Self) -> Result<(), String> {
        if self.configuration == earlier.configuration {
            return Ok(());
        }
        Err(if self.tool == earlier.tool {
            "the output folder holds a run with other settings; repeat them, or choose another --out".to_owned()
        } else {
            format!(
                "the output folder holds a run of spawnsafe {}, and this is {}; choose another --out",
                earlier.tool, self.tool
            )
        })
    }
}
