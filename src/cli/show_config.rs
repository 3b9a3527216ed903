//! `spawnsafe config`: what is in force, and where it was said.

use crate::cache;
use crate::cli::args::{ConfigArgs, GlobalArgs, SchemaOf, SelectionArgs};
use crate::cli::config::file::{Loaded, Pattern};
use crate::cli::config::{Scope, schema};
use crate::cli::exit::Exit;
use crate::cli::selector::Selector;
use crate::cli::settings::{self, FixWishes, UsageError};
use crate::cli::walk::{self, DEFAULT_EXCLUDE};
use crate::cli::{terminal, walk::shown};
use crate::output::{Format, json, plain};
use crate::rewrite::wrapping::DEFAULT_LENGTH;
use std::path::{Path, PathBuf};
use toml::Value;

/// Prints the settings for a file or folder, or the JSON Schema of configuration files.
pub(crate) fn run(args: &ConfigArgs, global: &GlobalArgs) -> Result<Exit, UsageError> {
    let text = match args.schema {
        Some(SchemaOf::Config) => schema::SCHEMA.to_owned(),
        Some(SchemaOf::Report) => json::SCHEMA.to_owned(),
        None => in_force(args, global)?,
    };
    terminal::print(plain::json(text).as_bytes())?;
    Ok(Exit::Done)
}

fn in_force(args: &ConfigArgs, global: &GlobalArgs) -> Result<String, UsageError> {
    let (cwd, resolver) =
        settings::resolver(&SelectionArgs::default(), global, FixWishes::default())?;
    let path = walk::absolute(args.path.as_deref().unwrap_or(Path::new(".")), &cwd);
    let folder = if path.is_dir() { path.as_path() } else { path.parent().unwrap_or(&cwd) };
    let scope = resolver.scope(folder);
    let errors = resolver.errors();
    if !errors.is_empty() {
        return Err(UsageError::Config(errors));
    }
    let source =
        scope.loaded.as_ref().map_or("none found: all values are defaults".to_owned(), |loaded| {
            loaded.path.display().to_string()
        });
    let codes: Vec<&str> = scope.codes_of(&path).into_iter().collect();
    let mut out = format!(
        "# path: {}\n# configuration file: {source}\n# enabled rules: {}\n",
        path.display(),
        codes.join(", ")
    );
    for (key, value) in rows(&scope) {
        out.push_str(&format!("{key} = {value}  # {}\n", origin(key, &scope, &cwd)));
    }
    Ok(out)
}

/// Every key with its value, the default where the file is silent.
fn rows(scope: &Scope) -> Vec<(&'static str, Value)> {
    let config = scope.config();
    let default_exclude =
        || DEFAULT_EXCLUDE.iter().map(|name| Pattern((*name).to_owned())).collect();
    let path = |path: PathBuf| path.to_string_lossy().into_owned();
    let executors =
        config.executors.iter().map(|entry| entry.get_ref().id.clone().into()).collect();
    vec![
        ("select", selectors(config.select.as_deref().unwrap_or(&[Selector::All]))),
        ("extend-select", selectors(&config.extend_select)),
        ("ignore", selectors(&config.ignore)),
        ("per-file-ignores", per_file_ignores(scope)),
        ("exclude", patterns(&config.exclude.unwrap_or_else(default_exclude))),
        ("extend-exclude", patterns(&config.extend_exclude)),
        ("force-exclude", config.force_exclude.unwrap_or(false).into()),
        ("respect-gitignore", config.respect_gitignore.unwrap_or(true).into()),
        ("target-version", format!("{}.{}", scope.target_version.0, scope.target_version.1).into()),
        ("unsafe-fixes", scope.unsafe_fixes.into()),
        ("guard-style", named(&scope.guard_style)),
        ("bind", named(&scope.bind)),
        ("line-length", (config.line_length.unwrap_or(DEFAULT_LENGTH) as i64).into()),
        ("format-command", config.format_command.unwrap_or_default().into()),
        ("output-format", config.output_format.unwrap_or(Format::Text).name().into()),
        ("baseline", config.baseline.map(path).unwrap_or_default().into()),
        ("cache-dir", config.cache_dir.map_or_else(|| cache::FOLDER.into(), path).into()),
        ("warn-unused-ignores", config.warn_unused_ignores.unwrap_or(false).into()),
        ("executors", Value::Array(executors)),
    ]
}

/// A value of an enum under the name that configuration files use.
fn named(value: &impl serde::Serialize) -> Value {
    Value::try_from(value).unwrap_or_else(|_| Value::String(String::new()))
}

fn selectors(selectors: &[Selector]) -> Value {
    Value::Array(selectors.iter().map(|selector| selector.text().into()).collect())
}

fn patterns(patterns: &[Pattern]) -> Value {
    Value::Array(patterns.iter().map(|pattern| pattern.0.as_str().into()).collect())
}

fn per_file_ignores(scope: &Scope) -> Value {
    Value::Table(
        scope
            .per_file_ignores
            .iter()
            .map(|row| (row.pattern.clone(), selectors(&row.selectors)))
            .collect(),
    )
}

/// Where a value was said: `pyproject.toml:12`, or the default.
fn origin(key: &str, scope: &Scope, cwd: &Path) -> String {
    if scope.inline.contains(key) {
        return "--config".into();
    }
    let Some(Loaded { path, lines, requires, .. }) = &scope.loaded else { return "default".into() };
    match lines.get(key) {
        Some(line) => format!("{}:{line}", shown(path, cwd).display()),
        None if key == "target-version" && requires.is_some() => {
            format!("{}: requires-python", shown(path, cwd).display())
        }
        None => "default".into(),
    }
}
