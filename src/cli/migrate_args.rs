//! What can be typed after `spawnsafe migrate`.

use crate::cli::args::{SelectionArgs, binds, guard_styles};
use crate::cli::settings::FixWishes;
use crate::engine::{Bind, GuardStyle};
use crate::migrate::settings::{Delivery, KeepClones};
use crate::migrate::shard::Shard;
use clap::{Args, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

const AFTER_HELP: &str = "\
Examples:
  spawnsafe migrate run ~/clones                             patches for every clone in a folder
  spawnsafe migrate run --from repos.txt --result branch     a branch each, in clones that are kept
  spawnsafe migrate run ~/clones --verify 'pytest -q'        keep only fixes that the tests pass with
  spawnsafe migrate run ~/clones --shard 2/5                 the second of five machines
  spawnsafe migrate report spawnsafe-migration               one report over all shards

A run that was interrupted, or killed, goes on when the same command is given again.
Nothing is ever pushed, and repositories with uncommitted changes are left alone.

Exit codes:
  0    done; repositories that failed are in the report
  2    an option, a list or the output folder must be mended
  130  interrupted; the same command goes on";

/// `spawnsafe migrate`.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct MigrateArgs {
    #[command(subcommand)]
    pub(crate) command: MigrateCommand,
}

/// The steps of a migration.
#[derive(Debug, Subcommand)]
pub(crate) enum MigrateCommand {
    /// Resolve the repositories, write the plan and list them; nothing is fetched.
    Plan(PlanArgs),
    /// Carry out a plan, or go on with one.
    Run(RunArgs),
    /// Join runs (shards, machines) into one report.
    Report(ReportArgs),
}

/// `spawnsafe migrate plan`.
#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    pub(crate) sources: SourceArgs,
    #[command(flatten)]
    pub(crate) wanted: WantedArgs,
    /// Print the plan as JSON instead of a list.
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,
    /// The output folder.
    #[arg(
        long,
        short,
        value_name = "DIR",
        default_value = "spawnsafe-migration",
        help_heading = "Output"
    )]
    pub(crate) out: PathBuf,
}

/// `spawnsafe migrate run`.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) sources: SourceArgs,
    #[command(flatten)]
    pub(crate) wanted: WantedArgs,
    #[command(flatten)]
    pub(crate) running: RunningArgs,
}

/// `spawnsafe migrate report`.
#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// Output folders; shards below them are found.
    #[arg(value_name = "DIR", required = true)]
    pub(crate) folders: Vec<PathBuf>,
    /// Where the report goes [default: the folder, if there is one only].
    #[arg(long, short, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Leave the seconds out of the summary, so that equal runs give equal bytes.
    #[arg(long)]
    pub(crate) no_timings: bool,
}

/// Which repositories.
#[derive(Debug, Args)]
#[command(next_help_heading = "Repositories")]
pub(crate) struct SourceArgs {
    /// Directories, folders of clones, or git URLs [default: those of the plan in the output folder].
    #[arg(value_name = "REPOSITORY")]
    pub(crate) repositories: Vec<String>,
    /// File with one repository a line; `-` reads standard input.
    #[arg(long, value_name = "FILE")]
    pub(crate) from: Vec<PathBuf>,
    /// Plan to take repositories and settings from, instead of the output folder's.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["repositories", "from"])]
    pub(crate) plan: Option<PathBuf>,
    /// Only the repository with this id in the plan; may be given several times.
    #[arg(long, value_name = "ID", requires = "plan")]
    pub(crate) only: Vec<String>,
}

/// What to do with each repository.
#[derive(Debug, Clone, Default, PartialEq, Args)]
pub(crate) struct WantedArgs {
    /// How changes are left: a patch file each, a branch with a commit, or a changed work tree [default: patch].
    #[arg(long, value_name = "FORM", help_heading = "Result")]
    pub(crate) result: Option<ResultForm>,
    /// Name of the branch [default: spawnsafe/migrate].
    #[arg(long, value_name = "NAME", help_heading = "Result")]
    pub(crate) branch: Option<String>,
    /// Commit message; {rules}, {fixed}, {files}, {repository} and {version} are filled in.
    #[arg(long, value_name = "TEXT", help_heading = "Result")]
    pub(crate) message: Option<String>,
    /// File that holds the commit message.
    #[arg(long, value_name = "FILE", conflicts_with = "message", help_heading = "Result")]
    pub(crate) message_file: Option<PathBuf>,
    /// Who commits, as `Name <mail>` [default: the user's git identity].
    #[arg(long, value_name = "AUTHOR", help_heading = "Result")]
    pub(crate) author: Option<String>,
    /// Date of the commits [default: that of the commit below, so that equal runs give equal commits].
    #[arg(long, value_name = "DATE", help_heading = "Result")]
    pub(crate) date: Option<String>,
    /// Clones that stay: those that hold the result, all with changes, or all [default: results].
    #[arg(long, value_name = "WHICH", help_heading = "Result")]
    pub(crate) keep_clones: Option<Keep>,
    /// Take a work tree with files that git does not know for clean.
    #[arg(long, help_heading = "Result")]
    pub(crate) allow_untracked: bool,
    /// The project's own check, such as 'pytest -q', run in a clone; fixes that it fails with are left out.
    #[arg(long, value_name = "COMMAND", help_heading = "Check")]
    pub(crate) verify: Option<String>,
    /// Seconds that one run of the check may take [default: 600].
    #[arg(long, value_name = "SECONDS", requires = "verify", help_heading = "Check")]
    pub(crate) verify_timeout: Option<u64>,
    /// Runs of the check for one repository, at most [default: 64].
    #[arg(long, value_name = "N", requires = "verify", help_heading = "Check")]
    pub(crate) verify_runs: Option<usize>,
    #[command(flatten)]
    pub(crate) rules: RuleArgs,
}

/// What the rules are asked to do, in every repository.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args, Serialize, Deserialize)]
#[command(next_help_heading = "Rules")]
pub(crate) struct RuleArgs {
    /// Rules to enable: codes, prefixes of codes, names or ALL, separated by commas.
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    pub(crate) select: Option<Vec<String>>,
    /// Rules to disable.
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    pub(crate) ignore: Vec<String>,
    /// Rules to enable besides those that are enabled.
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    pub(crate) extend_select: Vec<String>,
    /// Oldest Python that the code runs on, such as 3.9 or py39.
    #[arg(long, value_name = "VERSION")]
    pub(crate) target_version: Option<String>,
    /// Patterns of paths to leave out; replaces the default list.
    #[arg(long, value_name = "PATTERNS", value_delimiter = ',')]
    pub(crate) exclude: Option<Vec<String>>,
    /// Patterns of paths to leave out besides the others.
    #[arg(long, value_name = "PATTERNS", value_delimiter = ',')]
    pub(crate) extend_exclude: Vec<String>,
    /// Apply fixes that a person should look at, too.
    #[arg(long)]
    pub(crate) unsafe_fixes: bool,
    /// Formatter of changed files; the path of each is appended. What repositories name themselves is not run.
    #[arg(long, value_name = "COMMAND")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) format_command: Option<String>,
    /// How captured values travel: what fits the call, as further arguments, or by functools.partial.
    #[arg(long, value_name = "HOW", value_parser = binds())]
    pub(crate) bind: Option<Bind>,
    /// Form of the guard: `if` wraps the code, `main` moves it into a function where that changes nothing.
    #[arg(long, value_name = "STYLE", value_parser = guard_styles())]
    pub(crate) guard_style: Option<GuardStyle>,
}

impl RuleArgs {
    /// The same as arguments of `fix`.
    pub(crate) fn as_fix(&self) -> (SelectionArgs, FixWishes) {
        let selection = SelectionArgs {
            select: self.select.clone(),
            ignore: self.ignore.clone(),
            extend_select: self.extend_select.clone(),
            target_version: self.target_version.clone(),
            exclude: self.exclude.clone(),
            extend_exclude: self.extend_exclude.clone(),
            ..SelectionArgs::default()
        };
        (
            selection,
            FixWishes {
                unsafe_fixes: self.unsafe_fixes,
                bind: self.bind,
                guard_style: self.guard_style,
                fixes: true,
            },
        )
    }
}

/// How a run is carried out; no result depends on it.
#[derive(Debug, Args)]
#[command(next_help_heading = "Running")]
pub(crate) struct RunningArgs {
    /// The output folder.
    #[arg(long, short, value_name = "DIR", default_value = "spawnsafe-migration")]
    pub(crate) out: PathBuf,
    /// Repositories at a time [default: one per core].
    #[arg(long, short, value_name = "N")]
    pub(crate) jobs: Option<usize>,
    /// Do part I of N only [default: as Slurm, Kubernetes and CI variables say, else everything].
    #[arg(long, value_name = "I/N")]
    pub(crate) shard: Option<Shard>,
    /// Try repositories again that failed before.
    #[arg(long)]
    pub(crate) retry_failed: bool,
    /// Folder for clones while they are worked on [default: inside the output folder].
    #[arg(long, value_name = "DIR")]
    pub(crate) work: Option<PathBuf>,
    /// Seconds that one git command may take.
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    pub(crate) git_timeout: u64,
    /// How often a failed fetch is tried again.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) retries: usize,
    /// Record the repositories as failed for this reason, without a look at them.
    #[arg(long, value_name = "REASON", hide = true)]
    pub(crate) give_up: Option<String>,
    /// Leave the seconds out of the summary, so that equal runs give equal bytes.
    #[arg(long)]
    pub(crate) no_timings: bool,
    /// Print plain lines, even on a terminal.
    #[arg(long)]
    pub(crate) no_progress: bool,
}

/// `--result`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ResultForm {
    /// A file for `git am` in the output folder; no repository is touched.
    Patch,
    /// A branch with one commit, in the directory itself, or in a clone that is kept.
    Branch,
    /// Changed files in the work tree, not committed.
    Worktree,
}

impl From<ResultForm> for Delivery {
    fn from(form: ResultForm) -> Self {
        match form {
            ResultForm::Patch => Self::Patch,
            ResultForm::Branch => Self::Branch,
            ResultForm::Worktree => Self::Worktree,
        }
    }
}

/// `--keep-clones`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Keep {
    /// Those that hold the result.
    Results,
    /// Those of repositories with changes.
    Changed,
    /// All.
    All,
}

impl From<Keep> for KeepClones {
    fn from(keep: Keep) -> Self {
        match keep {
            Keep::Results => Self::Results,
            Keep::Changed => Self::Changed,
            Keep::All => Self::All,
        }
    }
}
