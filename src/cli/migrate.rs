//! `spawnsafe migrate`: what was typed as a plan, the engine as its fixer, and how it ended.

use crate::cli::args::GlobalArgs;
use crate::cli::exit::Exit;
use crate::cli::formatting;
use crate::cli::migrate_args::{
    MigrateArgs, MigrateCommand, PlanArgs, ReportArgs, RuleArgs, RunArgs, RunningArgs, SourceArgs,
    WantedArgs,
};
use crate::cli::settings::{self, UsageError};
use crate::cli::terminal::{self, Terminal};
use crate::engine;
use crate::findings::{Fingerprint, Report};
use crate::migrate::plan::Plan;
use crate::migrate::progress::Show;
use crate::migrate::settings::{Check, Delivery, KeepClones, Running, Settings};
use crate::migrate::shard::Shard;
use crate::migrate::source::{self, Source};
use crate::migrate::summary::Summary;
use crate::migrate::{Fixer, Tree, identity, interrupt, message, report, run};
use crate::output::plain;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Runs the step that was typed.
pub(crate) fn run(args: &MigrateArgs, global: &GlobalArgs) -> Result<Exit, UsageError> {
    match &args.command {
        MigrateCommand::Plan(args) => plan(args, global),
        MigrateCommand::Run(args) => carry_out(args, global),
        MigrateCommand::Report(args) => join(args, global),
    }
}

/// What the plan remembers about the rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct RuleSettings {
    arguments: RuleArgs,
    isolated: bool,
    config: Option<PathBuf>,
    /// Options as they stand in such a file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    inline: Vec<String>,
    /// The text of that file: another text is another configuration.
    config_text: Option<String>,
}

/// The engine as `spawnsafe fix` uses it, in one repository after the other.
struct EngineFixer {
    rules: RuleArgs,
    global: GlobalArgs,
    threads: usize,
}

impl Fixer for EngineFixer {
    fn fix(&self, tree: &Tree, skip: &BTreeSet<Fingerprint>) -> Result<Report, String> {
        let (selection, wishes) = self.rules.as_fix();
        let joined = settings::in_tree(&selection, &self.global, wishes, &tree.root, self.threads);
        // The clone's place is no part of a message about the repository.
        let root = format!("{}/", tree.root.display());
        let (mut options, walked) =
            joined.map_err(|error| error.to_string().replace(&root, "").replace('\n', "; "))?;
        options.skip.clone_from(skip);
        let files: Vec<PathBuf> =
            walked.files.into_iter().filter(|path| tree.files.contains(path)).collect();
        let mut report = engine::fix(&files, tree, &options);
        report.summary.files = files.len();
        if let Some(command) = &self.rules.format_command {
            let failed = formatting::apply(command, &mut report, &tree.root);
            report.errors.extend(failed);
        }
        Ok(report)
    }
}

fn plan(args: &PlanArgs, global: &GlobalArgs) -> Result<Exit, UsageError> {
    let plan = planned(&args.sources, &args.wanted, &args.out, global)?;
    if let Some(earlier) = Plan::read(&args.out).map_err(UsageError::Io)? {
        plan.continues(&earlier).map_err(UsageError::Io)?;
    }
    std::fs::create_dir_all(&args.out)
        .map_err(|error| UsageError::Io(format!("{}: {error}", args.out.display())))?;
    plan.write(&args.out).map_err(UsageError::Io)?;
    let text = if args.json {
        serde_json::to_string_pretty(&plan)
            .map(|text| plain::json(text + "\n"))
            .map_err(|error| UsageError::Io(error.to_string()))?
    } else {
        let line = |source: &Source| {
            let told = format!(
                "{}  {}  {}\n",
                source.id,
                source.location,
                run::outlook(source, &plan.settings)
            );
            plain::lines(told)
        };
        plan.repositories.iter().map(line).collect()
    };
    terminal::print(text.as_bytes())?;
    let terminal = Terminal::new(global);
    let logins = plan.repositories.iter().filter(|source| source.login.is_some()).count();
    if logins > 0 {
        terminal.note(&format!(
            "the logins in {} are not written into the plan; name the repositories again to `spawnsafe migrate run`, or leave the logins to git's credential helpers",
            if logins == 1 { "1 address".to_owned() } else { format!("{logins} addresses") }
        ));
    }
    terminal.note(&format!(
        "{} planned; `spawnsafe migrate run --out {}` does them",
        repositories_in_words(plan.repositories.len()),
        args.out.display()
    ));
    Ok(Exit::Done)
}

fn carry_out(args: &RunArgs, global: &GlobalArgs) -> Result<Exit, UsageError> {
    let terminal = Terminal::new(global);
    let plan = planned(&args.sources, &args.wanted, &args.running.out, global)?;
    let shard = match args.running.shard {
        Some(shard) => shard,
        None => match Shard::from_environment(&|name| std::env::var(name).ok())
            .map_err(UsageError::Io)?
        {
            Some((shard, scheduler)) => {
                terminal.note(&format!("shard {shard}, as the variables of {scheduler} say (--shard 1/1 for everything)"));
                shard
            }
            None => Shard { index: 1, count: 1 },
        },
    };
    let rules: RuleSettings = serde_json::from_value(plan.settings.rules.clone())
        .map_err(|error| UsageError::Io(format!("the plan's rules: {error}")))?;
    let running = running(&args.running, shard);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = global.threads.unwrap_or((cores / running.jobs).max(1));
    let file = rules.config.map(|path| path.to_string_lossy().into_owned());
    let global_of_plan = GlobalArgs {
        config: rules.inline.into_iter().chain(file).collect(),
        isolated: rules.isolated,
        ..global.clone()
    };
    let fixer = EngineFixer { rules: rules.arguments, global: global_of_plan, threads };
    let show = if global.quiet { Show::Nothing } else { show(&args.running) };
    let ended = run::run(&plan, shard, &running, &fixer, show, interrupt::watch())
        .map_err(UsageError::Io)?;
    terminal.note(&closing(&ended.summary, &running.out));
    if ended.open > 0 {
        terminal.note(&format!(
            "interrupted: {} still to be done; `spawnsafe migrate run --out {}` goes on",
            repositories_in_words(ended.open),
            args.running.out.display()
        ));
        return Ok(Exit::Interrupted);
    }
    Ok(Exit::Done)
}

fn join(args: &ReportArgs, global: &GlobalArgs) -> Result<Exit, UsageError> {
    let target = match (&args.out, args.folders.as_slice()) {
        (Some(out), _) => out.clone(),
        (None, [only]) => only.clone(),
        (None, _) => {
            return Err(UsageError::Option {
                option: "--out",
                message: "several folders were given; say where their joint report goes".into(),
            });
        }
    };
    std::fs::create_dir_all(&target)
        .map_err(|error| UsageError::Io(format!("{}: {error}", target.display())))?;
    let summary =
        report::merge(&args.folders, &target, !args.no_timings).map_err(UsageError::Io)?;
    Terminal::new(global).note(&closing(&summary, &target));
    Ok(Exit::Done)
}

fn show(args: &RunningArgs) -> Show {
    if args.no_progress { Show::Lines } else { Show::Auto }
}

fn running(args: &RunningArgs, shard: Shard) -> Running {
    let out = shard.folder().map_or_else(|| args.out.clone(), |folder| args.out.join(folder));
    // Clones are moved about, so nothing may depend on the current folder.
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    Running {
        out: absolute(&out),
        work: args.work.as_deref().map(absolute),
        jobs: args
            .jobs
            .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from))
            .max(1),
        git_limit: Duration::from_secs(args.git_timeout),
        retries: args.retries,
        retry_failed: args.retry_failed,
        give_up: args.give_up.clone(),
        timings: !args.no_timings,
    }
}

/// The plan that was typed, or the one that is there already.
fn planned(
    sources: &SourceArgs,
    wanted: &WantedArgs,
    out: &Path,
    global: &GlobalArgs,
) -> Result<Plan, UsageError> {
    let mut plan = if sources.repositories.is_empty() && sources.from.is_empty() {
        let earlier = match &sources.plan {
            Some(file) => Plan::read_file(file),
            None => Plan::read(out),
        };
        let earlier = earlier.map_err(UsageError::Io)?.ok_or_else(|| UsageError::Option {
            option: "REPOSITORY",
            message: format!(
                "no repository is named, and {} holds no plan to go on with",
                sources.plan.as_deref().unwrap_or(out).display()
            ),
        })?;
        if *wanted != WantedArgs::default() {
            Plan::new(settings_of(wanted, global)?, earlier.repositories.clone())
                .continues(&earlier)
                .map_err(UsageError::Io)?;
        }
        earlier
    } else {
        Plan::new(settings_of(wanted, global)?, named(sources)?)
    };
    for id in &sources.only {
        if !plan.repositories.iter().any(|source| source.id == *id) {
            return Err(UsageError::Option {
                option: "--only",
                message: format!("the plan has no repository with the id '{id}'"),
            });
        }
    }
    if !sources.only.is_empty() {
        plan.repositories.retain(|source| sources.only.contains(&source.id));
    }
    Ok(plan)
}

fn named(sources: &SourceArgs) -> Result<Vec<Source>, UsageError> {
    let mut named = sources.repositories.clone();
    for file in &sources.from {
        let text = if file.as_os_str() == "-" {
            std::io::read_to_string(std::io::stdin())
        } else {
            text_of(file)
        };
        named.extend(source::parse_list(
            &text.map_err(|error| UsageError::Io(format!("{}: {error}", file.display())))?,
        ));
    }
    source::resolve(&named).map_err(UsageError::Io)
}

/// Lists, messages and configuration that are larger are nobody's.
const TEXT_BYTES: u64 = 64 << 20;

/// A text that the user named.
fn text_of(file: &Path) -> std::io::Result<String> {
    String::from_utf8(crate::disk::read_named(file, TEXT_BYTES)?).map_err(std::io::Error::other)
}

fn settings_of(wanted: &WantedArgs, global: &GlobalArgs) -> Result<Settings, UsageError> {
    let option =
        |option: &'static str| move |message: String| UsageError::Option { option, message };
    let branch = wanted.branch.clone().unwrap_or_else(|| "spawnsafe/migrate".into());
    identity::check_branch(&branch).map_err(option("--branch"))?;
    let text = match &wanted.message_file {
        Some(file) => {
            text_of(file).map_err(|error| UsageError::Io(format!("{}: {error}", file.display())))?
        }
        None => wanted.message.clone().unwrap_or_else(|| message::DEFAULT.to_owned()),
    };
    message::check(&text).map_err(option("--message"))?;
    if let Some(date) = &wanted.date {
        identity::check_date(date).map_err(option("--date"))?;
    }
    let author = wanted
        .author
        .as_deref()
        .map(identity::parse_author)
        .transpose()
        .map_err(option("--author"))?;
    // Wrong rules or a wrong file are told once here, not once a repository.
    let (selection, wishes) = wanted.rules.as_fix();
    settings::resolver(&selection, global, wishes)?;
    let (file, _) = settings::configured(global)?;
    let is_file = |text: &&String| file.as_deref() == Some(Path::new(text));
    let inline = global.config.iter().filter(|text| !is_file(text)).cloned().collect();
    let config = file
        .as_deref()
        .map(|path| std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf()));
    let config_text = config.as_deref().and_then(|path| text_of(path).ok());
    let rules = RuleSettings {
        arguments: wanted.rules.clone(),
        isolated: global.isolated,
        config,
        inline,
        config_text,
    };
    Ok(Settings {
        delivery: wanted.result.map_or(Delivery::Patch, Delivery::from),
        branch,
        message: text,
        author: author.unwrap_or_else(identity::author),
        date: wanted.date.clone(),
        check: wanted.verify.clone().map(|command| Check {
            command,
            seconds: wanted.verify_timeout.unwrap_or(600),
            runs: wanted.verify_runs.unwrap_or(64),
        }),
        keep_clones: wanted.keep_clones.map_or(KeepClones::Results, KeepClones::from),
        allow_untracked: wanted.allow_untracked,
        rules: serde_json::to_value(rules).map_err(|error| UsageError::Io(error.to_string()))?,
    })
}

fn repositories_in_words(count: usize) -> String {
    if count == 1 { "1 repository".into() } else { format!("{count} repositories") }
}

fn closing(summary: &Summary, out: &Path) -> String {
    let (repositories, findings) = (&summary.repositories, &summary.findings);
    format!(
        "{}: {} changed, {} unchanged, {} left alone, {} failed; {} of {} findings fixed; see {}",
        repositories_in_words(repositories.total),
        repositories.changed,
        repositories.unchanged,
        repositories.dirty + repositories.empty,
        repositories.failed,
        findings.fixed,
        findings.found,
        out.join(report::HTML).display()
    )
}
