//! What is to be done: the repositories and the settings, in a file that a run starts from.

use super::artefacts;
use super::settings::Settings;
use super::source::Source;
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
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(format!("{}: {error}", path.display())),
        };
        serde_json::from_slice(&bytes).map(Some).map_err(|error| {
            format!("{} is not a plan: {error}; delete it and plan again", path.display())
        })
    }

    /// Writes the plan into an output folder.
    pub fn write(&self, folder: &Path) -> Result<(), String> {
        let mut text = serde_json::to_string_pretty(self).map_err(|error| error.to_string())?;
        text.push('\n');
        artefacts::write(&folder.join(FILE), text.as_bytes())
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
