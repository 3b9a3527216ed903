//! What holds for all files below one configuration file: the file, the defaults and the options joined.

use crate::cli::config::Inline;
use crate::cli::config::file::{ConfigFile, Loaded, Pattern, TargetVersion};
use crate::cli::selector::{self, Selection, Selector};
use crate::cli::walk::{DEFAULT_EXCLUDE, Excluder};
use crate::engine::{Bind, GuardStyle, Options};
use globset::{Glob, GlobMatcher};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What was typed on the command line and wins over every configuration file.
#[derive(Debug, Clone, Default)]
pub(crate) struct Overrides {
    /// `--select`, `--extend-select`, `--ignore`.
    pub(crate) selection: Selection,
    /// `--per-file-ignores`.
    pub(crate) per_file_ignores: Option<Vec<(Pattern, Selector)>>,
    /// `--extend-per-file-ignores`.
    pub(crate) extend_per_file_ignores: Vec<(Pattern, Selector)>,
    /// `--exclude`.
    pub(crate) exclude: Option<Vec<Pattern>>,
    /// `--extend-exclude`.
    pub(crate) extend_exclude: Vec<Pattern>,
    /// `--target-version`.
    pub(crate) target_version: Option<TargetVersion>,
    /// `--guard-style`.
    pub(crate) guard_style: Option<GuardStyle>,
    /// `--bind`.
    pub(crate) bind: Option<Bind>,
    /// `--unsafe-fixes`.
    pub(crate) unsafe_fixes: bool,
    /// `--config 'key = value'`.
    pub(crate) inline: Inline,
    /// The folder that patterns of the command line start from.
    pub(crate) cwd: PathBuf,
}

/// Rules that are off in files that a pattern names.
#[derive(Debug, Clone)]
pub(crate) struct PerFileIgnore {
    /// The pattern as it was written.
    pub(crate) pattern: String,
    /// The rules.
    pub(crate) selectors: Vec<Selector>,
    name: GlobMatcher,
    rooted: GlobMatcher,
    negated: bool,
}

impl PerFileIgnore {
    fn new(pattern: &Pattern, selectors: Vec<Selector>, base: &Path) -> Option<Self> {
        let negated = pattern.0.starts_with('!');
        let plain = pattern.0.trim_start_matches('!');
        // Patterns were compiled once when they were read, so that these two do compile.
        let name = Glob::new(plain).ok()?.compile_matcher();
        let rooted = Glob::new(&format!("{}/{plain}", globset::escape(&base.to_string_lossy())))
            .ok()?
            .compile_matcher();
        Some(Self { pattern: pattern.0.clone(), selectors, name, rooted, negated })
    }

    fn names(&self, absolute: &Path) -> bool {
        let named = absolute.file_name().is_some_and(|name| self.name.is_match(name))
            || self.name.is_match(absolute)
            || self.rooted.is_match(absolute);
        named != self.negated
    }
}

/// The settings of all files below one configuration file.
#[derive(Debug, Clone)]
pub(crate) struct Scope {
    /// The configuration file, if there is one.
    pub(crate) loaded: Option<Loaded>,
    /// What the file says, with the options of the command line that are written as in a file.
    config: ConfigFile,
    /// Keys that were typed in this way.
    pub(crate) inline: BTreeSet<String>,
    /// Patterns of excluded paths, compiled.
    pub(crate) exclude: Excluder,
    /// Enabled rules.
    pub(crate) codes: BTreeSet<&'static str>,
    /// Rules that are off in some files.
    pub(crate) per_file_ignores: Vec<PerFileIgnore>,
    /// The oldest Python.
    pub(crate) target_version: TargetVersion,
    /// The form of guards.
    pub(crate) guard_style: GuardStyle,
    /// The form of bound captures.
    pub(crate) bind: Bind,
    /// Whether fixes that need consent are applied.
    pub(crate) unsafe_fixes: bool,
}

impl Scope {
    /// Joins a configuration file (or none) with what was typed.
    pub(crate) fn new(loaded: Option<Loaded>, typed: &Overrides) -> Self {
        let own = loaded.as_ref().map(|loaded| loaded.config.clone()).unwrap_or_default();
        let config = &typed.inline.over(own);
        let base = loaded
            .as_ref()
            .and_then(|loaded| loaded.path.parent())
            .unwrap_or(&typed.cwd)
            .to_path_buf();
        let layer = Selection {
            select: config.select.clone(),
            extend_select: config.extend_select.clone(),
            ignore: config.ignore.clone(),
        };
        let default = Options::default();
        let version = typed
            .target_version
            .or(config.target_version)
            .or(loaded.as_ref().and_then(|loaded| loaded.requires));
        Self {
            exclude: excluder(config, &base, typed),
            codes: selector::enabled(&[layer, typed.selection.clone()]),
            per_file_ignores: per_file_ignores(config, &base, typed),
            target_version: version
                .unwrap_or(TargetVersion(default.target_version.0, default.target_version.1)),
            guard_style: typed.guard_style.or(config.guard_style).unwrap_or_default(),
            bind: typed.bind.or(config.bind).unwrap_or_default(),
            unsafe_fixes: typed.unsafe_fixes || config.unsafe_fixes.unwrap_or(false),
            config: config.clone(),
            inline: typed.inline.keys.clone(),
            loaded,
        }
    }

    /// What the configuration says; the defaults if it says nothing.
    pub(crate) fn config(&self) -> ConfigFile {
        self.config.clone()
    }

    /// A path of the configuration file, which starts from the file's folder.
    pub(crate) fn beside(&self, path: &Path) -> PathBuf {
        let folder = self.loaded.as_ref().and_then(|loaded| loaded.path.parent());
        folder.map_or_else(|| path.to_path_buf(), |folder| folder.join(path))
    }

    /// The rules that are enabled for one file.
    pub(crate) fn codes_of(&self, absolute: &Path) -> BTreeSet<&'static str> {
        let mut codes = self.codes.clone();
        for row in self.per_file_ignores.iter().filter(|row| row.names(absolute)) {
            codes.retain(|code| !row.selectors.iter().any(|selector| selector.matches(code)));
        }
        codes
    }

    /// The engine's options for one file.
    pub(crate) fn options_of(&self, absolute: &Path, run: &Options) -> Options {
        Options {
            codes: self.codes_of(absolute),
            unsafe_fixes: self.unsafe_fixes,
            target_version: (self.target_version.0, self.target_version.1),
            guard_style: self.guard_style,
            bind: self.bind,
            line_length: self.config.line_length,
            named: BTreeSet::new(),
            files: BTreeMap::new(),
            ..run.clone()
        }
    }
}

fn excluder(config: &ConfigFile, base: &Path, typed: &Overrides) -> Excluder {
    let default: Vec<Pattern> =
        DEFAULT_EXCLUDE.iter().map(|name| Pattern((*name).to_owned())).collect();
    let own = config.exclude.as_ref().unwrap_or(&default);
    let (first, first_base) = match &typed.exclude {
        Some(patterns) => (patterns, typed.cwd.as_path()),
        None => (own, base),
    };
    let rows = [
        (first, first_base),
        (&config.extend_exclude, base),
        (&typed.extend_exclude, typed.cwd.as_path()),
    ];
    Excluder::new(rows.into_iter().flat_map(|(patterns, base)| {
        patterns.iter().map(move |pattern| (pattern.0.as_str(), base))
    }))
}

fn per_file_ignores(config: &ConfigFile, base: &Path, typed: &Overrides) -> Vec<PerFileIgnore> {
    let from_file = config
        .per_file_ignores
        .iter()
        .filter_map(|(pattern, selectors)| PerFileIgnore::new(pattern, selectors.clone(), base));
    let pair = |(pattern, selector): &(Pattern, Selector)| {
        PerFileIgnore::new(pattern, vec![selector.clone()], &typed.cwd)
    };
    let mut rows: Vec<PerFileIgnore> = match &typed.per_file_ignores {
        Some(pairs) => pairs.iter().filter_map(pair).collect(),
        None => from_file.collect(),
    };
    rows.extend(typed.extend_per_file_ignores.iter().filter_map(pair));
    rows
}
