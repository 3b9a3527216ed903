//! What can be typed on the command line. What is meant by it is decided in `settings`.

use crate::cli::debug::DebugArgs;
use crate::cli::migrate_args::MigrateArgs;
use crate::cli::review_args::ReviewArgs;
use crate::cli::trace_args::{TraceArgs, VerifyArgs};
use crate::engine::{Bind, GuardStyle};
use crate::output::Format;
use crate::output::map::Form;
use crate::rules;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

const AFTER_HELP: &str = "\
Examples:
  spawnsafe check                      look at every Python file below this folder
  spawnsafe check --fix                repair what can be proven, show what is left
  spawnsafe fix src                    print a patch that repairs what can be proven
  spawnsafe fix src | git apply        apply that patch
  spawnsafe fix --write src            repair the files in place
  spawnsafe explain SP101              why a lambda cannot be sent to a process

Exit codes:
  0  nothing found, or done
  1  `check` has findings, or met files that it could not read or parse
  2  an option, the configuration, a named path or a file that cannot be written must be mended";

const MAP_HELP: &str = "\
Examples:
  spawnsafe map src                                  a list by file
  spawnsafe map --output-format html -o map.html     a page with a picture, to search and click through
  spawnsafe map --output-format json | jq .summary   for programs";

const CHECK_EXAMPLES: &str = "\
Examples:
  spawnsafe check src tests                         look at two folders
  spawnsafe check --fix                             repair what can be proven, show what is left
  spawnsafe check --diff                            print the repairs as a patch
  spawnsafe check --watch src                       look again whenever a file changes
  spawnsafe check --select SP1 --output-format concise
  spawnsafe check --output-format sarif -o out.sarif --output-format github
  spawnsafe check --config 'target-version = \"3.9\"'
  spawnsafe check --stdin-filename src/jobs.py - < src/jobs.py";

const FIX_EXAMPLES: &str = "\
Examples:
  spawnsafe fix src | git apply         apply the patch
  spawnsafe fix --write src             repair the files in place
  spawnsafe fix --interactive           see each repair and choose
  spawnsafe fix --unsafe-fixes          show the repairs, too, that need a look
  spawnsafe fix --exit-code -q          fail if there is something to repair
  spawnsafe fix --write --stdin-filename src/jobs.py - < src/jobs.py";

const EXPLAIN_EXAMPLES: &str = "\
Examples:
  spawnsafe explain                     list the rules
  spawnsafe explain SP101               the page of one rule
  spawnsafe explain closure             the same by name
  spawnsafe explain SP1                 all pages of a family
  spawnsafe rule --all --output-format json";

const CONFIG_EXAMPLES: &str = "\
Examples:
  spawnsafe config src/jobs.py          what is in force there, and the line that says so
  spawnsafe config --schema             the JSON Schema, for editors
  spawnsafe config --schema=report      the JSON Schema of the JSON report";

/// Makes Python code safe for the `spawn` and `forkserver` start methods.
///
/// Finds what cannot be sent to a worker process, or breaks when a worker imports the main
/// module again, rewrites what it can prove, and explains what it cannot.
#[derive(Debug, Parser)]
#[command(name = "spawnsafe", version, after_help = AFTER_HELP, max_term_width = 100, subcommand_required = true, arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) global: GlobalArgs,
}

/// Options that every command takes.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct GlobalArgs {
    /// Configuration file to use instead of those found beside the sources, or an option as it stands in one, such as
    /// `target-version = "3.9"`; may be given several times.
    #[arg(
        long,
        global = true,
        value_name = "FILE|OPTION",
        env = "SPAWNSAFE_CONFIG",
        hide_env_values = true
    )]
    pub(crate) config: Vec<String>,
    /// Ignore all configuration files.
    #[arg(long, global = true)]
    pub(crate) isolated: bool,
    /// When to use colours [default: auto; `NO_COLOR` and `FORCE_COLOR` are honoured].
    #[arg(long, global = true, value_name = "WHEN", hide_default_value = true)]
    pub(crate) color: Option<Color>,
    /// The same as `--color never`.
    #[arg(long, global = true, conflicts_with = "color")]
    pub(crate) no_color: bool,
    /// Print findings and diffs only, no summary and no notes.
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// Say what a run rests on: configuration, rules, files, time.
    #[arg(long, short, global = true, conflicts_with = "quiet")]
    pub(crate) verbose: bool,
    /// Worker threads; 0 means one per core.
    #[arg(
        long,
        global = true,
        value_name = "N",
        env = "SPAWNSAFE_THREADS",
        hide_env_values = true
    )]
    pub(crate) threads: Option<usize>,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// If the output is a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Report what breaks under spawn and forkserver.
    Check(CheckArgs),
    /// Rewrite what can be proven: print a patch, or write the files.
    Fix(FixArgs),
    /// Report what a change introduced, as comments that a review can post.
    Review(ReviewArgs),
    /// Many repositories: a branch or patch for each, and one report; goes on after any interruption.
    Migrate(Box<MigrateArgs>),
    /// Run a program and record what it sends to processes, and what fails or would fail.
    Trace(TraceArgs),
    /// Run a program under every start method and compare its output and exit code.
    Verify(VerifyArgs),
    /// Show every place where the project starts a process or sends to one, and whether it is safe.
    Map(MapArgs),
    /// Print a rule's page: what breaks, why, before and after.
    #[command(visible_alias = "rule")]
    Explain(ExplainArgs),
    /// Show the configuration in force and where it was said.
    Config(ConfigArgs),
    /// Talk with an editor: diagnostics while you type, fixes, rule pages (language server).
    Server(ServerArgs),
    /// Print a manual page.
    Man(ManArgs),
    /// Print a completion script for a shell.
    Completions(CompletionsArgs),
    /// Show what the analysis sees.
    #[command(hide = true)]
    Debug(DebugArgs),
}

/// What to look at.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct SelectionArgs {
    /// Files or folders [default: the current folder]; `-` reads standard input.
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Rules to enable: codes, prefixes of codes, names or ALL, separated by commas.
    #[arg(long, value_name = "RULES", value_delimiter = ',', value_parser = rule_names(), hide_possible_values = true, help_heading = "Rules", env = "SPAWNSAFE_SELECT", hide_env_values = true)]
    pub(crate) select: Option<Vec<String>>,
    /// Rules to disable.
    #[arg(long, value_name = "RULES", value_delimiter = ',', value_parser = rule_names(), hide_possible_values = true, help_heading = "Rules", env = "SPAWNSAFE_IGNORE", hide_env_values = true)]
    pub(crate) ignore: Vec<String>,
    /// Rules to enable besides those that are enabled.
    #[arg(long, value_name = "RULES", value_delimiter = ',', value_parser = rule_names(), hide_possible_values = true, help_heading = "Rules")]
    pub(crate) extend_select: Vec<String>,
    /// Rules to disable in some files, as PATTERN:RULE pairs; replaces those of the configuration.
    #[arg(long, value_name = "PAIRS", value_delimiter = ',', help_heading = "Rules")]
    pub(crate) per_file_ignores: Option<Vec<String>>,
    /// Like `--per-file-ignores`, but adds to the configuration.
    #[arg(long, value_name = "PAIRS", value_delimiter = ',', help_heading = "Rules")]
    pub(crate) extend_per_file_ignores: Vec<String>,
    /// Oldest Python that the code runs on, such as 3.9 or py39.
    #[arg(
        long,
        value_name = "VERSION",
        help_heading = "Rules",
        env = "SPAWNSAFE_TARGET_VERSION",
        hide_env_values = true
    )]
    pub(crate) target_version: Option<String>,
    /// Patterns of paths to leave out; replaces the default list.
    #[arg(long, value_name = "PATTERNS", value_delimiter = ',', help_heading = "Files")]
    pub(crate) exclude: Option<Vec<String>>,
    /// Patterns of paths to leave out besides the others.
    #[arg(long, value_name = "PATTERNS", value_delimiter = ',', help_heading = "Files")]
    pub(crate) extend_exclude: Vec<String>,
    /// Leave out excluded paths even if they are named on the command line.
    #[arg(long, help_heading = "Files")]
    pub(crate) force_exclude: bool,
    /// Look at files that `.gitignore` and the like name, too.
    #[arg(long, help_heading = "Files")]
    pub(crate) no_respect_gitignore: bool,
    /// Print the files that would be looked at, and end.
    #[arg(long, help_heading = "Files")]
    pub(crate) show_files: bool,
    /// Read the source from standard input and take it for this file.
    #[arg(long, value_name = "FILE", help_heading = "Files")]
    pub(crate) stdin_filename: Option<PathBuf>,
}

/// What a run of the program saw.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Evidence")]
pub(crate) struct EvidenceArgs {
    /// Trace of a run (`spawnsafe trace`); its events are joined with the findings.
    #[arg(long, value_name = "FILE")]
    pub(crate) evidence: Vec<PathBuf>,
}

/// Where reports go.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputArgs {
    /// Format of the report; may be given several times, each followed by `--output-file`.
    #[arg(long, value_name = "FORMAT", value_parser = formats(), env = "SPAWNSAFE_OUTPUT_FORMAT", hide_env_values = true)]
    pub(crate) output_format: Vec<Format>,
    /// File for the report of the `--output-format` before it, instead of standard output.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output_file: Vec<PathBuf>,
    /// Print how often each rule was met instead of the findings.
    #[arg(long)]
    pub(crate) statistics: bool,
}

/// `spawnsafe check`.
#[derive(Debug, Args)]
#[command(after_help = CHECK_EXAMPLES)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    pub(crate) selection: SelectionArgs,
    /// Repair what can be proven first, and report what is left.
    #[arg(long, help_heading = "Fixes")]
    pub(crate) fix: bool,
    /// Print a patch instead of the findings; exit with 1 if there is a change.
    #[arg(long, help_heading = "Fixes", conflicts_with_all = ["fix", "watch"])]
    pub(crate) diff: bool,
    /// Let `--fix` and `--diff` apply fixes that a person should look at, too.
    #[arg(long, help_heading = "Fixes")]
    pub(crate) unsafe_fixes: bool,
    /// Look again whenever a file changes.
    #[arg(long, short, conflicts_with_all = ["stdin_filename", "add_ignore", "write_baseline"])]
    pub(crate) watch: bool,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    #[command(flatten)]
    pub(crate) evidence: EvidenceArgs,
    /// Exit with 0 even if there are findings.
    #[arg(long, short, help_heading = "Output")]
    pub(crate) exit_zero: bool,
    /// Report suppression comments that suppress nothing.
    #[arg(long, help_heading = "Suppression")]
    pub(crate) warn_unused_ignores: bool,
    /// Switch all present findings off by comments, with a reason if one is given.
    #[arg(long, value_name = "REASON", num_args = 0..=1, require_equals = true, default_missing_value = "", help_heading = "Suppression")]
    pub(crate) add_ignore: Option<String>,
    /// File with known findings that are not reported.
    #[arg(
        long,
        value_name = "FILE",
        help_heading = "Suppression",
        env = "SPAWNSAFE_BASELINE",
        hide_env_values = true
    )]
    pub(crate) baseline: Option<PathBuf>,
    /// Write the present findings to the baseline file.
    #[arg(long, help_heading = "Suppression", conflicts_with = "add_ignore")]
    pub(crate) write_baseline: bool,
    #[command(flatten)]
    pub(crate) cache: CacheArgs,
}

/// Where reports of earlier runs are kept.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Cache")]
pub(crate) struct CacheArgs {
    /// Look anew, and keep no report for later runs.
    #[arg(long, short, env = "SPAWNSAFE_NO_CACHE", hide_env_values = true, value_parser = clap::builder::FalseyValueParser::new())]
    pub(crate) no_cache: bool,
    /// Folder of the reports of earlier runs [default: `.spawnsafe_cache` in the repository, or the current folder].
    #[arg(long, value_name = "DIR", env = "SPAWNSAFE_CACHE_DIR", hide_env_values = true)]
    pub(crate) cache_dir: Option<PathBuf>,
}

/// `spawnsafe fix`.
#[derive(Debug, Args)]
#[command(after_help = FIX_EXAMPLES)]
pub(crate) struct FixArgs {
    #[command(flatten)]
    pub(crate) selection: SelectionArgs,
    /// Print a unified diff for `git apply` or `patch -p1` (the default).
    #[arg(long, conflicts_with = "write")]
    pub(crate) diff: bool,
    /// Write the files in place, each at once or not at all; with standard input, print the result.
    #[arg(long, short)]
    pub(crate) write: bool,
    /// Show each fix and ask; what is accepted is written.
    #[arg(long, short, conflicts_with_all = ["diff", "stdin_filename"])]
    pub(crate) interactive: bool,
    /// Apply fixes that a person should look at, too.
    #[arg(long)]
    pub(crate) unsafe_fixes: bool,
    /// Exit with 1 if there is a change.
    #[arg(long)]
    pub(crate) exit_code: bool,
    /// How captured values travel: what fits the call, as further arguments, or by functools.partial.
    #[arg(long, value_name = "HOW", value_parser = binds())]
    pub(crate) bind: Option<Bind>,
    /// Form of the guard: `if` wraps the code, `main` moves it into a function where that changes nothing.
    #[arg(long, value_name = "STYLE", value_parser = guard_styles())]
    pub(crate) guard_style: Option<GuardStyle>,
    /// Formatter of changed files; the path of each is appended.
    #[arg(long, value_name = "COMMAND", env = "SPAWNSAFE_FORMAT_COMMAND", hide_env_values = true)]
    pub(crate) format_command: Option<String>,
    #[command(flatten)]
    pub(crate) evidence: EvidenceArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// `spawnsafe map`.
#[derive(Debug, Args)]
#[command(after_help = MAP_HELP)]
pub(crate) struct MapArgs {
    #[command(flatten)]
    pub(crate) selection: SelectionArgs,
    /// Form of the map.
    #[arg(long, value_name = "FORM", value_parser = forms(), default_value = "text", help_heading = "Output")]
    pub(crate) output_format: Form,
    /// File for the map, instead of standard output.
    #[arg(long, short, value_name = "FILE", help_heading = "Output")]
    pub(crate) output_file: Option<PathBuf>,
}

/// `spawnsafe explain`.
#[derive(Debug, Args)]
#[command(after_help = EXPLAIN_EXAMPLES)]
pub(crate) struct ExplainArgs {
    /// Code or name of the rule, such as SP101 or lambda-callable, or the start of several codes; none lists the rules.
    #[arg(value_parser = rule_names(), hide_possible_values = true)]
    pub(crate) rule: Option<String>,
    /// Pages for people, or JSON.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) output_format: PageFormat,
    /// Print the pages of all rules.
    #[arg(long, conflicts_with = "rule")]
    pub(crate) all: bool,
}

/// What a JSON Schema is printed of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaOf {
    /// `spawnsafe.toml` and `[tool.spawnsafe]`.
    Config,
    /// The report of `--output-format json`.
    Report,
}

/// How pages are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PageFormat {
    /// Markdown.
    Text,
    /// One object for one rule, a list for several.
    Json,
}

/// `spawnsafe config`.
#[derive(Debug, Args)]
#[command(after_help = CONFIG_EXAMPLES)]
pub(crate) struct ConfigArgs {
    /// File or folder to show the configuration of [default: the current folder].
    pub(crate) path: Option<PathBuf>,
    /// Print a JSON Schema instead: of configuration files, or of the JSON report.
    #[arg(long, value_name = "WHAT", num_args = 0..=1, require_equals = true, default_missing_value = "config")]
    pub(crate) schema: Option<SchemaOf>,
}

/// `spawnsafe man`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  spawnsafe man | man -l -          read the page of spawnsafe\n  spawnsafe man check | man -l -    that of one command"
)]
pub(crate) struct ManArgs {
    /// The command [default: spawnsafe itself].
    pub(crate) command: Option<String>,
}

/// `spawnsafe server`.
#[derive(Debug, Args)]
#[command(
    after_help = "Your editor starts it: see docs/editors.md for Visual Studio Code, Neovim, Helix, Emacs, PyCharm and Sublime Text."
)]
pub(crate) struct ServerArgs {
    /// Standard input and output are all there is; editors say so all the same.
    #[arg(long, hide = true)]
    stdio: bool,
}

/// `spawnsafe completions`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  spawnsafe completions bash > ~/.local/share/bash-completion/completions/spawnsafe\n  spawnsafe completions zsh > \"${fpath[1]}/_spawnsafe\"\n  spawnsafe completions fish > ~/.config/fish/completions/spawnsafe.fish"
)]
pub(crate) struct CompletionsArgs {
    /// The shell.
    pub(crate) shell: clap_complete::Shell,
}

fn forms() -> impl TypedValueParser<Value = Form> {
    PossibleValuesParser::new(Form::ALL.iter().map(|form| form.name()))
        .try_map(|name| Form::named(&name).ok_or("unknown form"))
}

/// Rules by code, name or the start of codes; what is offered by completions are codes and names, and any text passes:
/// what it means is decided where it is used.
#[derive(Clone)]
struct RuleNames;

fn rule_names() -> RuleNames {
    RuleNames
}

impl TypedValueParser for RuleNames {
    type Value = String;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&clap::Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<String, clap::Error> {
        clap::builder::StringValueParser::new().parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let rules = rules::ALL.iter();
        Some(Box::new(rules.flat_map(|rule| {
            [
                PossibleValue::new(rule.code).help(rule.summary),
                PossibleValue::new(rule.name).help(rule.summary),
            ]
        })))
    }
}

fn formats() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(Format::ALL.iter().map(|format| format.name()))
        .try_map(|name| Format::named(&name).ok_or("unknown format"))
}

pub(crate) fn binds() -> impl TypedValueParser<Value = Bind> {
    PossibleValuesParser::new(["auto", "arguments", "partial"]).map(|name| match name.as_str() {
        "arguments" => Bind::Arguments,
        "partial" => Bind::Partial,
        _ => Bind::Auto,
    })
}

pub(crate) fn guard_styles() -> impl TypedValueParser<Value = GuardStyle> {
    PossibleValuesParser::new(["if", "main"])
        .map(|name| if name == "main" { GuardStyle::Main } else { GuardStyle::If })
}
