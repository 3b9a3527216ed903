//! `--config`: a file, or options as they stand in one.

use crate::cli::config::file::{ConfigFile, explain};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Options of a configuration file that were typed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Inline {
    config: ConfigFile,
    /// The keys that they set.
    pub(crate) keys: BTreeSet<String>,
}

/// What `--config` says, all of it: one file at most, and options.
pub(crate) fn read(typed: &[String]) -> Result<(Option<PathBuf>, Inline), String> {
    let (mut file, mut lines) = (None, String::new());
    for text in typed {
        if text.contains('=') && !Path::new(text).exists() {
            lines.push_str(text);
            lines.push('\n');
        } else if file.replace(PathBuf::from(text)).is_some() {
            return Err("only one configuration file can be named".into());
        }
    }
    let wrong = |error: &toml::de::Error| {
        format!(
            "'{}' is no option of a configuration file: {}",
            lines.trim_end(),
            explain(error.message())
        )
    };
    let config = toml::from_str(&lines).map_err(|error| wrong(&error))?;
    let keys: toml::Table = toml::from_str(&lines).map_err(|error| wrong(&error))?;
    Ok((file, Inline { config, keys: keys.into_iter().map(|(key, _)| key).collect() }))
}

impl Inline {
    /// `config` with the keys that were typed in the place of its own.
    pub(crate) fn over(&self, config: ConfigFile) -> ConfigFile {
        let typed = |key: &str| self.keys.contains(key);
        let mut out = config;
        macro_rules! take {
            ($($field:ident = $key:literal),* $(,)?) => {
                $(if typed($key) { out.$field.clone_from(&self.config.$field); })*
            };
        }
        take!(
            select = "select",
            extend_select = "extend-select",
            ignore = "ignore",
            per_file_ignores = "per-file-ignores",
            exclude = "exclude",
            extend_exclude = "extend-exclude",
            force_exclude = "force-exclude",
            respect_gitignore = "respect-gitignore",
            target_version = "target-version",
            unsafe_fixes = "unsafe-fixes",
            guard_style = "guard-style",
            bind = "bind",
            line_length = "line-length",
            format_command = "format-command",
            output_format = "output-format",
            baseline = "baseline",
            cache_dir = "cache-dir",
            warn_unused_ignores = "warn-unused-ignores",
            executors = "executors",
        );
        out
    }
}
