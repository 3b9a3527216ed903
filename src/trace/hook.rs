//! The Python files of the hook, and the environment in which a program loads them.
//!
//! The files are part of the program, so that they are there however it was installed; each run
//! has its own copy in a temporary folder, which goes when the run is over.

use crate::findings::StartMethod;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Name and text of each file, below the folder of the hook.
macro_rules! files {
    ($($name:literal,)*) => {
        &[$(($name, include_str!(concat!("../../python/spawnsafe/hook/", $name))),)*]
    };
}

const FILES: &[(&str, &str)] = files![
    "__init__.py",
    "children.py",
    "dispatches.py",
    "executors.py",
    "importing.py",
    "main_names.py",
    "managers.py",
    "observed.py",
    "pickling.py",
    "places.py",
    "pools.py",
    "processes.py",
    "queues.py",
    "reasons.py",
    "record.py",
    "site/sitecustomize.py",
    "start_method.py",
    "transport.py",
];

/// The hook on disk, for as long as this lives.
#[derive(Debug)]
pub(crate) struct Hook {
    folder: tempfile::TempDir,
}

/// What a run is asked to do.
#[derive(Debug, Default)]
pub(crate) struct Wishes<'a> {
    /// The file that gets the events.
    pub(crate) events: Option<&'a Path>,
    /// Another default start method than CPython's.
    pub(crate) start_method: Option<StartMethod>,
    /// Whether what fork does not pickle is left alone.
    pub(crate) as_fork: bool,
}

impl Hook {
    /// Writes the files.
    pub(crate) fn new() -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("spawnsafe-hook-").tempdir()?;
        std::fs::create_dir(folder.path().join("site"))?;
        for (name, text) in FILES {
            std::fs::write(folder.path().join(name), text)?;
        }
        Ok(Self { folder })
    }

    /// Makes every Python that `command` starts load the hook.
    pub(crate) fn attach(&self, command: &mut Command, wishes: &Wishes) -> io::Result<()> {
        let mut paths = vec![self.folder.path().join("site")];
        if let Some(own) = std::env::var_os("PYTHONPATH").filter(|own| !own.is_empty()) {
            paths.extend(std::env::split_paths(&own));
        }
        let joined: OsString = std::env::join_paths(paths).map_err(io::Error::other)?;
        command.env("PYTHONPATH", joined);
        if let Some(path) = wishes.events {
            let absolute: PathBuf = std::path::absolute(path)?;
            command.env("SPAWNSAFE_TRACE", absolute);
            command.env("SPAWNSAFE_TRACE_AS", if wishes.as_fork { "fork" } else { "spawn" });
        }
        if let Some(method) = wishes.start_method {
            command.env("SPAWNSAFE_START_METHOD", method.name());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::FILES;

    /// Every file of the folder is part of the program.
    #[test]
    fn no_file_is_forgotten() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("python/spawnsafe/hook");
        let mut found = Vec::new();
        for below in ["", "site/"] {
            let entries = std::fs::read_dir(folder.join(below)).expect("a readable folder");
            found.extend(entries.filter_map(|entry| {
                let name = entry.ok()?.file_name().into_string().ok()?;
                std::path::Path::new(&name)
                    .extension()
                    .is_some_and(|suffix| suffix == "py")
                    .then(|| format!("{below}{name}"))
            }));
        }
        found.sort();
        let mut known: Vec<String> = FILES.iter().map(|(name, _)| (*name).to_owned()).collect();
        known.sort();
        assert_eq!(found, known);
    }
}
