//! What a run is to do: arguments and configuration joined.

use crate::cache::{self, Cache};
use crate::cli::args::{CacheArgs, GlobalArgs, OutputArgs, SelectionArgs};
use crate::cli::base::Base;
use crate::cli::config::file::{Pattern, TargetVersion};
use crate::cli::config::{ConfigError, ConfigFile, Inline, Overrides, Resolver, Scope, inline};
use crate::cli::formatting::Formatter;
use crate::cli::read::Disk;
use crate::cli::selector::{Selection, Selector};
use crate::cli::terminal::Terminal;
use crate::cli::walk::{self, WalkOptions, Walked};
use crate::engine::{Bind, Files, GuardStyle, Options};
use crate::findings::Report;
use crate::output::{Format, Style, text};
use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

/// Something that the caller must mend before anything can run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UsageError {
    /// An option's value means nothing.
    #[error("{option}: {message}")]
    Option {
        /// The option as it is typed.
        option: &'static str,
        /// What is wrong and what is known.
        message: String,
    },
    /// Configuration files are wrong.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\nerror: "))]
    Config(Vec<ConfigError>),
    /// The current folder is gone, or standard input or output fail.
    #[error("{0}")]
    Io(String),
}

/// What only `fix` knows.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct FixWishes {
    /// `--unsafe-fixes`.
    pub(crate) unsafe_fixes: bool,
    /// `--bind`.
    pub(crate) bind: Option<Bind>,
    /// `--guard-style`.
    pub(crate) guard_style: Option<GuardStyle>,
    /// Whether anything is to be fixed.
    pub(crate) fixes: bool,
}

/// Everything that a run needs.
#[derive(Debug)]
pub(crate) struct Settings {
    /// For the engine.
    pub(crate) options: Options,
    /// What to look at.
    pub(crate) walked: Walked,
    /// From where the engine sees it.
    pub(crate) base: Base,
    /// How files were looked for.
    walking: WalkOptions,
    /// The formatter of rewritten files.
    pub(crate) formatter: Option<Formatter>,
    /// Where bytes come from.
    pub(crate) disk: Disk,
    /// How reports look.
    pub(crate) style: Style,
    /// Standard output and error.
    pub(crate) terminal: Terminal,
    /// What holds for the run as a whole: the configuration of the current folder.
    pub(crate) scope: Arc<Scope>,
}

impl Settings {
    /// Removes what runs that were killed while they wrote have left, before anything is read.
    pub(crate) fn sweep(&self) {
        let swept = crate::output::write::sweep(self.walked.files.iter().map(PathBuf::as_path));
        for path in swept.restored {
            self.terminal.warning(&format!(
                "{}: was half written by a run that was killed; its old content is back",
                path.display()
            ));
        }
    }

    /// What the rules find in the files of this run.
    pub(crate) fn check(&self) -> Report {
        self.watched("looking", || self.base.check(&self.walked.files, &self.disk, &self.options))
    }

    /// As [`check`](Self::check), or the report of an earlier run that would find the same.
    pub(crate) fn check_unless_known(&self, cache: Option<&Cache>) -> Report {
        let Some(cache) = cache else { return self.check() };
        let one_thread_or_many = Options { threads: 0, ..self.options.clone() };
        let asked = format!("{:?}\n{:?}\n{one_thread_or_many:?}", self.base, self.walked.files);
        let mut is_known = false;
        let report = self.watched("looking", || {
            let work =
                |files: &dyn Files| self.base.check(&self.walked.files, files, &self.options);
            let (report, known) = cache.report(&asked, &self.disk, work);
            is_known = known;
            report
        });
        if is_known {
            self.terminal.detail("nothing has changed: the report is that of an earlier run");
        }
        report
    }

    /// Where reports of earlier runs are kept, unless there shall be none.
    pub(crate) fn cache(&self, args: &CacheArgs) -> Option<Cache> {
        // What comes by standard input is another text each time.
        if args.no_cache || self.disk.stdin.is_some() {
            return None;
        }
        let configured = || Some(self.scope.beside(self.scope.config().cache_dir.as_deref()?));
        let folder = args.cache_dir.clone().or_else(configured);
        Some(Cache::new(folder.unwrap_or_else(|| self.style.root.join(cache::FOLDER))))
    }

    /// The same, and what the fixes make of them.
    pub(crate) fn fix(&self) -> Report {
        self.watched("looking", || self.base.fix(&self.walked.files, &self.disk, &self.options))
    }

    /// Does `work`, which takes its time, and says afterwards how long it took.
    fn watched(&self, what: &str, work: impl FnOnce() -> Report) -> Report {
        let files = text::count(self.walked.files.len(), "file");
        let start = Instant::now();
        let report = self.terminal.waiting(&format!("{what} at {files}"), work);
        let seconds = start.elapsed().as_secs_f64();
        self.terminal
            .detail(&format!("{} of {files} parsed, {seconds:.2} s", report.summary.parsed));
        report
    }

    /// Whether the configuration leaves out a path that need not be on the disk.
    pub(crate) fn leaves_out(&self, path: &Path) -> bool {
        walk::excludes_any(path, &self.walking)
    }

    /// Says what the run rests on, if that was asked for, and whether there is anything to do.
    pub(crate) fn introduce(&self) {
        for scope in self.walking.resolver.scopes() {
            if let Some(loaded) = &scope.loaded {
                self.terminal.detail(&format!("configuration: {}", loaded.path.display()));
            }
        }
        let codes: Vec<&str> = self.options.codes.iter().copied().collect();
        self.terminal.detail(&format!("rules: {}", codes.join(", ")));
        for path in self.walked.files.iter().filter(|path| self.walked.named.contains(*path)) {
            self.terminal.detail(&format!("named: {}", path.display()));
        }
        if !self.walked.context.is_empty() {
            let around = text::count(self.walked.context.len(), "file");
            self.terminal.detail(&format!("{around} around them are read for facts"));
        }
        if self.walked.files.is_empty() && self.walked.errors.is_empty() {
            self.terminal.warning(
                "no Python file was found under the given paths; what `exclude` or a .gitignore names is left out \
                 unless it is named by itself (`--show-files` lists what is looked at)",
            );
        }
    }

    /// Joins everything and walks the paths.
    pub(crate) fn new(
        selection: &SelectionArgs,
        global: &GlobalArgs,
        wishes: FixWishes,
    ) -> Result<Self, UsageError> {
        let terminal = Terminal::new(global);
        let (cwd, resolver) = resolver(selection, global, wishes)?;
        let scope = run_scope(&resolver, &selection.paths, &cwd);
        let threads = global.threads.unwrap_or(0);
        let walking = walking(selection, &scope.config(), resolver.clone(), &cwd, threads);
        let (walked, disk) = sources(selection, &walking)?;
        let mut options = options(&resolver, &scope, &walked.files, &cwd, threads, wishes.fixes);
        options.context.clone_from(&walked.context);
        options.named =
            walked.files.iter().filter(|path| walked.named.contains(*path)).cloned().collect();
        let errors = resolver.errors();
        if !errors.is_empty() {
            return Err(UsageError::Config(errors));
        }
        let base = Base::new(walked.named.iter(), &cwd);
        let style = Style {
            color: terminal.stdout_color,
            quiet: terminal.quiet,
            width: terminal.width,
            unsafe_fixes: scope.unsafe_fixes,
            root: root(&cwd),
            cwd,
        };
        let formatter = scope.config().format_command.map(Formatter::Configured);
        Ok(Self { options, walked, base, walking, formatter, disk, style, terminal, scope })
    }
}

/// The folder around `cwd` that holds a repository, else `cwd` itself.
fn root(cwd: &Path) -> PathBuf {
    cwd.ancestors().find(|folder| folder.join(".git").exists()).unwrap_or(cwd).to_path_buf()
}

/// Options and files of one repository whose work tree is `root` (absolute): its own configuration
/// holds and none from outside, and ignore files do not count. Paths are relative to it.
pub(crate) fn in_tree(
    selection: &SelectionArgs,
    global: &GlobalArgs,
    wishes: FixWishes,
    root: &Path,
    threads: usize,
) -> Result<(Options, Walked), UsageError> {
    let resolver = Arc::new(resolver_from(selection, global, wishes, root)?.below(root));
    let scope = resolver.scope(root);
    let walking = WalkOptions {
        cwd: root.to_path_buf(),
        resolver: resolver.clone(),
        force_exclude: false,
        no_respect_gitignore: true,
        threads,
    };
    let walked = walk::walk(&[root.to_path_buf()], &walking);
    let options = options(&resolver, &scope, &walked.files, root, threads, wishes.fixes);
    let errors = resolver.errors();
    if errors.is_empty() { Ok((options, walked)) } else { Err(UsageError::Config(errors)) }
}

/// What an editor looks at.
pub(crate) struct InFolder<'f> {
    /// The folder, absolute.
    pub(crate) folder: &'f Path,
    /// The files that are open, from there; they need not be on the disk.
    pub(crate) open: BTreeSet<PathBuf>,
    /// Whether all files of the folder are asked about, or only those.
    pub(crate) whole: bool,
}

/// Options, files (from the folder, sorted) and base of what an editor looks at.
pub(crate) fn in_folder(
    selection: &SelectionArgs,
    global: &GlobalArgs,
    wishes: FixWishes,
    place: InFolder,
) -> Result<(Options, Vec<PathBuf>, Base), UsageError> {
    let cwd = place.folder;
    let resolver = Arc::new(resolver_from(selection, global, wishes, cwd)?);
    let scope = resolver.scope(cwd);
    let threads = global.threads.unwrap_or(0);
    let walking = WalkOptions {
        cwd: cwd.to_path_buf(),
        resolver: resolver.clone(),
        force_exclude: true,
        no_respect_gitignore: scope.config().respect_gitignore == Some(false),
        threads,
    };
    let open: BTreeSet<PathBuf> =
        place.open.into_iter().filter(|path| !walk::is_left_out(path, &walking)).collect();
    let mut walked = if place.whole {
        walk::walk(&[cwd.to_path_buf()], &walking)
    } else {
        Walked { files: open.iter().cloned().collect(), named: open.clone(), ..Walked::default() }
    };
    walked.context = walk::context(&walked, &walking);
    let mut files: BTreeSet<PathBuf> = walked.files.into_iter().collect();
    files.extend(open.iter().cloned());
    let files: Vec<PathBuf> = files.into_iter().collect();
    let mut options = options(&resolver, &scope, &files, cwd, threads, wishes.fixes);
    options.context = walked.context;
    let base = Base::new(walked.named.iter(), cwd);
    let errors = resolver.errors();
    if errors.is_empty() { Ok((options, files, base)) } else { Err(UsageError::Config(errors)) }
}

/// The current folder, and who knows what holds where.
pub(crate) fn resolver(
    selection: &SelectionArgs,
    global: &GlobalArgs,
    wishes: FixWishes,
) -> Result<(PathBuf, Arc<Resolver>), UsageError> {
    let cwd = std::env::current_dir()
        .map_err(|error| UsageError::Io(format!("the current folder cannot be found: {error}")))?;
    let resolver = resolver_from(selection, global, wishes, &cwd)?;
    Ok((cwd, Arc::new(resolver)))
}

fn resolver_from(
    selection: &SelectionArgs,
    global: &GlobalArgs,
    wishes: FixWishes,
    cwd: &Path,
) -> Result<Resolver, UsageError> {
    let (file, inline) = configured(global)?;
    let typed = Overrides { inline, ..overrides(selection, wishes, cwd)? };
    Resolver::new(typed, file.as_deref(), global.isolated)
        .map_err(|error| UsageError::Config(vec![error]))
}

/// What `--config` says: a file, and options as they stand in one.
pub(crate) fn configured(global: &GlobalArgs) -> Result<(Option<PathBuf>, Inline), UsageError> {
    let (file, inline) = option("--config", inline::read(&global.config))?;
    if global.isolated && file.is_some() {
        let message = "a file cannot be combined with --isolated".into();
        return Err(UsageError::Option { option: "--config", message });
    }
    Ok((file, inline))
}

/// What holds for the run as a whole: the configuration of the current folder, or if there is none,
/// that of the first path.
pub(crate) fn run_scope(resolver: &Resolver, paths: &[PathBuf], cwd: &Path) -> Arc<Scope> {
    let here = resolver.scope(cwd);
    let Some(first) = paths.first().filter(|_| here.loaded.is_none()) else { return here };
    let first = walk::absolute(first, cwd);
    let folder = if first.is_dir() { first.as_path() } else { first.parent().unwrap_or(cwd) };
    resolver.scope(folder)
}

fn overrides(args: &SelectionArgs, wishes: FixWishes, cwd: &Path) -> Result<Overrides, UsageError> {
    Ok(Overrides {
        selection: Selection {
            select: args.select.as_deref().map(|texts| selectors("--select", texts)).transpose()?,
            extend_select: selectors("--extend-select", &args.extend_select)?,
            ignore: selectors("--ignore", &args.ignore)?,
        },
        per_file_ignores: args
            .per_file_ignores
            .as_deref()
            .map(|texts| pairs("--per-file-ignores", texts))
            .transpose()?,
        extend_per_file_ignores: pairs("--extend-per-file-ignores", &args.extend_per_file_ignores)?,
        exclude: args.exclude.as_deref().map(|texts| patterns("--exclude", texts)).transpose()?,
        extend_exclude: patterns("--extend-exclude", &args.extend_exclude)?,
        target_version: args
            .target_version
            .clone()
            .map(|text| option("--target-version", TargetVersion::try_from(text)))
            .transpose()?,
        guard_style: wishes.guard_style,
        bind: wishes.bind,
        unsafe_fixes: wishes.unsafe_fixes,
        inline: Inline::default(),
        cwd: cwd.to_path_buf(),
    })
}

fn option<T>(option: &'static str, value: Result<T, String>) -> Result<T, UsageError> {
    value.map_err(|message| UsageError::Option { option, message })
}

fn selectors(name: &'static str, texts: &[String]) -> Result<Vec<Selector>, UsageError> {
    texts
        .iter()
        .filter(|text| !text.trim().is_empty())
        .map(|text| option(name, Selector::parse(text)))
        .collect()
}

fn patterns(name: &'static str, texts: &[String]) -> Result<Vec<Pattern>, UsageError> {
    texts.iter().map(|text| option(name, Pattern::try_from(text.clone()))).collect()
}

fn pairs(name: &'static str, texts: &[String]) -> Result<Vec<(Pattern, Selector)>, UsageError> {
    let pair = |text: &String| {
        let (pattern, rule) = text.rsplit_once(':').ok_or_else(|| {
            format!("'{text}' is no pair; write PATTERN:RULE, such as tests/*:SP101")
        })?;
        Ok((Pattern::try_from(pattern.trim().to_owned())?, Selector::parse(rule)?))
    };
    texts.iter().map(|text| option(name, pair(text))).collect()
}

/// The run's options, with those of files for which something else holds.
fn options(
    resolver: &Resolver,
    run: &Scope,
    files: &[PathBuf],
    cwd: &Path,
    threads: usize,
    fixes: bool,
) -> Options {
    let scopes: Vec<(&PathBuf, PathBuf, Arc<Scope>)> = files
        .iter()
        .map(|path| {
            let absolute = walk::absolute(path, cwd);
            let scope = resolver.scope(absolute.parent().unwrap_or(cwd));
            (path, absolute, scope)
        })
        .collect();
    let met = resolver.scopes();
    let length = |absolute: &Path| resolver.formatter_length(absolute.parent().unwrap_or(cwd));
    let executors = met
        .iter()
        .flat_map(|scope| scope.config().executors)
        .map(toml::Spanned::into_inner)
        .collect();
    let mut options =
        run.options_of(Path::new(""), &Options { threads, executors, ..Options::default() });
    options.codes = scopes
        .iter()
        .flat_map(|(_, _, scope)| scope.codes.iter().copied())
        .chain(run.codes.iter().copied())
        .collect();
    let mut shared: Vec<Arc<Options>> = Vec::new();
    for (path, absolute, scope) in scopes {
        let mut own = scope.options_of(&absolute, &options);
        own.line_length = own.line_length.or_else(|| fixes.then(|| length(&absolute)).flatten());
        if same(&own, &options) {
            continue;
        }
        let own =
            shared.iter().find(|have| same(have, &own)).cloned().unwrap_or_else(|| Arc::new(own));
        if !shared.iter().any(|have| Arc::ptr_eq(have, &own)) {
            shared.push(own.clone());
        }
        options.files.insert(path.clone(), own);
    }
    options
}

/// Whether two files are treated alike.
fn same(one: &Options, other: &Options) -> bool {
    one.codes == other.codes
        && one.unsafe_fixes == other.unsafe_fixes
        && one.target_version == other.target_version
        && one.guard_style == other.guard_style
        && one.bind == other.bind
        && one.line_length == other.line_length
}

fn walking(
    args: &SelectionArgs,
    config: &ConfigFile,
    resolver: Arc<Resolver>,
    cwd: &Path,
    threads: usize,
) -> WalkOptions {
    WalkOptions {
        cwd: cwd.to_path_buf(),
        resolver,
        force_exclude: args.force_exclude || config.force_exclude.unwrap_or(false),
        no_respect_gitignore: args.no_respect_gitignore || config.respect_gitignore == Some(false),
        threads,
    }
}

fn sources(args: &SelectionArgs, options: &WalkOptions) -> Result<(Walked, Disk), UsageError> {
    let cwd = options.cwd.as_path();
    let dash = args.paths.as_slice() == [PathBuf::from("-")];
    if args.stdin_filename.is_some() || dash {
        let name = walk::shown(args.stdin_filename.as_deref().unwrap_or("-".as_ref()), cwd);
        let mut bytes = Vec::new();
        std::io::stdin()
            .read_to_end(&mut bytes)
            .map_err(|error| UsageError::Io(format!("standard input cannot be read: {error}")))?;
        // An editor sends every file; what is left out on disk is left out here, too.
        let files = if walk::is_left_out(&name, options) { Vec::new() } else { vec![name.clone()] };
        let mut walked =
            Walked { files, named: BTreeSet::from([name.clone()]), ..Walked::default() };
        walked.context = walk::context(&walked, options);
        return Ok((walked, Disk { stdin: Some((name, bytes)) }));
    }
    let mut walked = walk::walk(&args.paths, options);
    walked.context = walk::context(&walked, options);
    Ok((walked, Disk::default()))
}

/// Which report goes where: each `--output-file` belongs to the `--output-format` before it.
pub(crate) fn destinations(
    output: &OutputArgs,
    order: &[Typed],
    default: Format,
) -> Result<Vec<(Format, Option<PathBuf>)>, UsageError> {
    let mut pairs: Vec<(Option<Format>, Option<PathBuf>)> = Vec::new();
    for typed in order {
        match *typed {
            Typed::Format(index) => match pairs.last_mut() {
                Some((format @ None, _)) => *format = output.output_format.get(index).copied(),
                _ => pairs.push((output.output_format.get(index).copied(), None)),
            },
            Typed::File(index) => match pairs.last_mut() {
                Some((_, file @ None)) => *file = output.output_file.get(index).cloned(),
                _ => pairs.push((None, output.output_file.get(index).cloned())),
            },
        }
    }
    if pairs.is_empty() {
        pairs.push((None, None));
    }
    if pairs.iter().filter(|(_, file)| file.is_none()).count() > 1 {
        let message =
            "only one report can go to standard output; give the others an --output-file each"
                .into();
        return Err(UsageError::Option { option: "--output-format", message });
    }
    Ok(pairs.into_iter().map(|(format, file)| (format.unwrap_or(default), file)).collect())
}

/// One of the options that belong together in pairs, by its number among its like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Typed {
    /// An `--output-format`.
    Format(usize),
    /// An `--output-file`.
    File(usize),
}
