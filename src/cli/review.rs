//! `spawnsafe review`.

use crate::cli::args::GlobalArgs;
use crate::cli::exit::Exit;
use crate::cli::report::{self, Destinations};
use crate::cli::review_args::{Platform, ReviewArgs, ReviewFormat};
use crate::cli::settings::{FixWishes, Settings, Typed, UsageError, destinations};
use crate::cli::terminal;
use crate::engine::Files;
use crate::findings::{FileError, Report};
use crate::output::{Format, plain};
use crate::review::base::{BaseFiles, CommitFiles};
use crate::review::environment::{self, Given};
use crate::review::git::{GitError, Repository};
use crate::review::github::{self, Posted};
use crate::review::place::Places;
use crate::review::tree::Tree;
use crate::review::{
    Changes, Limits, Review, Subject, compose, fingerprints, gitlab, introduced, patch,
};
use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};

/// A diff that is larger is not read.
const DIFF_BYTES: u64 = 256 << 20;

/// What there is to review.
struct Reviewed {
    report: Report,
    fingerprints: Vec<String>,
    changes: Changes,
    places: Places,
    /// The commit that was looked at, if it was one.
    head: Option<String>,
    /// Files that are not what the diff says.
    stale: bool,
}

/// Reports what a change introduced, and posts it if asked to.
pub(crate) fn run(
    args: &ReviewArgs,
    global: &GlobalArgs,
    order: &[Typed],
) -> Result<Exit, UsageError> {
    let wishes = FixWishes { unsafe_fixes: args.unsafe_fixes, ..FixWishes::default() };
    let settings = Settings::new(&args.selection, global, wishes)?;
    if args.selection.show_files {
        return report::show_files(&settings);
    }
    settings.introduce();
    let destinations = reports(args, order, &settings)?;
    let reviewed = match (&args.base, &args.diff) {
        (Some(base), _) => against_base(args, base, &settings)?,
        (None, Some(diff)) => against_diff(args, diff, &settings)?,
        (None, None) => {
            return Err(UsageError::Option {
                option: "--base",
                message: "name the branch that the change goes to, or give the change by --diff"
                    .into(),
            });
        }
    };
    report::log_errors(&reviewed.report, &settings);
    if let Some(destinations) = destinations {
        report::send(&reviewed.report, &destinations, args.output.statistics, &settings)?;
    }
    match args.format {
        Some(ReviewFormat::Github) => print_json(&github::payload(
            &reviewed.compose(args, &settings, &BTreeSet::new()),
            reviewed.head.as_deref(),
        ))?,
        Some(ReviewFormat::Gitlab) => print_json(&gitlab::payload(
            &reviewed.compose(args, &settings, &BTreeSet::new()),
            &reviewed.changes,
            None,
        ))?,
        Some(ReviewFormat::Report(_)) | None => {}
    }
    if let Some(platform) = args.post {
        post(args, platform, &reviewed, &settings)?;
    }
    let mut outcome = report::outcome(&reviewed.report, &settings);
    outcome.named_errors |= reviewed.stale;
    Ok(outcome.of_check(args.exit_zero))
}

/// The reports in the formats of `check`: none by default if a review is printed or posted.
fn reports(
    args: &ReviewArgs,
    order: &[Typed],
    settings: &Settings,
) -> Result<Option<Destinations>, UsageError> {
    let format = match args.format {
        Some(ReviewFormat::Report(format)) => Some(format),
        Some(_) => None,
        None if args.post.is_some() => None,
        None => settings.scope.config().output_format.or(Some(Format::Text)),
    };
    if format.is_none() && order.is_empty() {
        return Ok(None);
    }
    let destinations = destinations(&args.output, order, format.unwrap_or(Format::Text))?;
    if destinations.iter().any(|(format, _)| *format == Format::Diff) {
        return Err(UsageError::Option {
            option: "--output-format",
            message: "a diff is printed by `spawnsafe fix --diff`".into(),
        });
    }
    let taken = matches!(args.format, Some(ReviewFormat::Github | ReviewFormat::Gitlab));
    if taken && destinations.iter().any(|(_, file)| file.is_none()) {
        return Err(UsageError::Option {
            option: "--format",
            message: "standard output takes one report; give the others an --output-file each"
                .into(),
        });
    }
    Ok(Some(destinations))
}

fn against_base(
    args: &ReviewArgs,
    base: &str,
    settings: &Settings,
) -> Result<Reviewed, UsageError> {
    let repository = Repository::discover(&settings.style.cwd).map_err(git_error)?;
    let head = head(args, &repository)?;
    let base = repository.merge_base(base, head.as_deref().unwrap_or("HEAD")).map_err(git_error)?;
    let diff = repository.diff(&base, head.as_deref()).map_err(git_error)?;
    let changes =
        Changes::new(patch::parse(&diff).map_err(|error| diff_error("git diff", &error))?);
    let base_tree = repository.tree(&base).map_err(git_error)?;
    let places = Places::Repository(repository.clone());
    let head_tree =
        head.as_ref().map(|head| repository.tree(head)).transpose().map_err(git_error)?;
    let commit = head_tree.as_ref().map(|tree| CommitFiles { repository: &repository, tree });
    let files: &dyn Files = commit.as_ref().map_or(&settings.disk as &dyn Files, |commit| commit);
    let paths = head_tree.as_ref().map_or_else(
        || settings.walked.files.clone(),
        |tree| commit_paths(&repository, tree, settings),
    );
    let before = || {
        let base = BaseFiles::new(&repository, &base_tree, &changes, &paths, files);
        settings.base.check(base.paths(), &base, &settings.options)
    };
    let report = look(&paths, files, &changes, &places, settings);
    let report = introduced(with_walk_errors(report, settings), &changes, &places, Some(&before));
    let in_commit = |path: &Path| {
        head_tree
            .as_ref()
            .is_some_and(|tree| tree.paths().any(|key| repository.shown(key).starts_with(path)))
    };
    let report = finish(report, settings, &in_commit);
    Ok(Reviewed {
        fingerprints: fingerprints(&report, &places),
        report,
        changes,
        places,
        head,
        stale: false,
    })
}

fn against_diff(
    args: &ReviewArgs,
    diff: &Path,
    settings: &Settings,
) -> Result<Reviewed, UsageError> {
    let name = diff.display().to_string();
    let mut text = Vec::new();
    let read = if diff == Path::new("-") {
        std::io::stdin().read_to_end(&mut text).map(drop)
    } else {
        crate::disk::read_named(diff, DIFF_BYTES).map(|bytes| text = bytes)
    };
    read.map_err(|error| UsageError::Option {
        option: "--diff",
        message: format!("'{name}' cannot be read: {error}"),
    })?;
    let changes = Changes::new(patch::parse(&text).map_err(|error| diff_error(&name, &error))?);
    let places = places_of(&changes, settings);
    let report = look(&settings.walked.files, &settings.disk, &changes, &places, settings);
    let stale = introduced::stale(&report, &changes, &places);
    for (path, line) in &stale {
        settings.terminal.error(&format!(
            "{path}:{line}: is not what the diff says; check out the new side of the diff first"
        ));
    }
    let report = finish(
        introduced(with_walk_errors(report, settings), &changes, &places, None),
        settings,
        &|_| false,
    );
    let given = Given { head: args.head.clone(), ..Given::default() };
    let head = environment::head_commit(&given, &lookup)
        .map_err(|error| UsageError::Io(error.to_string()))?;
    Ok(Reviewed {
        fingerprints: fingerprints(&report, &places),
        report,
        changes,
        places,
        head,
        stale: !stale.is_empty(),
    })
}

/// The findings of the new side; none without a look if the change touches no Python file.
fn look(
    paths: &[PathBuf],
    files: &dyn Files,
    changes: &Changes,
    places: &Places,
    settings: &Settings,
) -> Report {
    if paths.iter().any(|path| changes.file(&places.key(path)).is_some()) {
        settings.base.check(paths, files, &settings.options)
    } else {
        Report::default()
    }
}

/// What the diff's paths start from: the top of the repository (git) or the current folder (other
/// programs, and `git diff --relative`), wherever more of its files are.
fn places_of(changes: &Changes, settings: &Settings) -> Places {
    let folder = Places::Folder(settings.style.cwd.clone());
    let Ok(repository) = Repository::discover(&settings.style.cwd) else { return folder };
    let here = changes.files().filter(|(path, _)| settings.style.cwd.join(path).is_file()).count();
    let top = changes
        .files()
        .filter(|(path, _)| settings.style.cwd.join(repository.shown(path)).is_file())
        .count();
    if here > top { folder } else { Places::Repository(repository) }
}

/// The commit to look at: the named one, or for a review the one that the platform shows; else the
/// working tree. A review must be about a commit that the platform has.
fn head(args: &ReviewArgs, repository: &Repository) -> Result<Option<String>, UsageError> {
    let review = args.post.is_some()
        || matches!(args.format, Some(ReviewFormat::Github | ReviewFormat::Gitlab));
    let named = match &args.head {
        Some(head) => Some(head.clone()),
        None if review => {
            let event = environment::head_commit(&Given::default(), &lookup)
                .map_err(|error| UsageError::Io(error.to_string()))?;
            Some(event.unwrap_or_else(|| "HEAD".into()))
        }
        None => None,
    };
    named.map(|name| repository.commit(&name).map_err(git_error)).transpose()
}

/// The Python files of a commit below the current folder. What is on the disk, too, is taken or left
/// as it was there.
fn commit_paths(repository: &Repository, tree: &Tree, settings: &Settings) -> Vec<PathBuf> {
    let walked: BTreeSet<&Path> = settings.walked.files.iter().map(PathBuf::as_path).collect();
    let named: Vec<&Path> = settings.walked.named.iter().map(PathBuf::as_path).collect();
    let wanted = |path: &PathBuf| {
        let python = path.extension().is_some_and(|suffix| suffix == "py" || suffix == "pyw");
        let below =
            named.iter().any(|folder| *folder == Path::new(".") || path.starts_with(folder));
        walked.contains(path.as_path())
            || (python
                && !settings.leaves_out(path)
                && below
                && path.is_relative()
                && !path.exists())
    };
    tree.paths().map(|key| repository.shown(key)).filter(wanted).collect()
}

fn with_walk_errors(mut report: Report, settings: &Settings) -> Report {
    report::complete(&mut report, settings);
    report
}

/// Puts the errors of paths that were named on the command line back: the caller must mend them. A
/// path that is missing on the disk may be `in_commit`.
fn finish(mut report: Report, settings: &Settings, in_commit: &dyn Fn(&Path) -> bool) -> Report {
    let named = |failed: &&FileError| {
        settings.walked.named.contains(&failed.path) && !in_commit(&failed.path)
    };
    report.errors.extend(settings.walked.errors.iter().filter(named).cloned());
    report.errors.sort();
    report.errors.dedup();
    report
}

impl Reviewed {
    fn compose(&self, args: &ReviewArgs, settings: &Settings, known: &BTreeSet<String>) -> Review {
        let subject = Subject {
            report: &self.report,
            fingerprints: &self.fingerprints,
            changes: &self.changes,
            places: &self.places,
            unsafe_fixes: settings.style.unsafe_fixes,
        };
        compose(&subject, known, Limits { comments: args.max_comments, ..Limits::default() })
    }
}

fn post(
    args: &ReviewArgs,
    platform: Platform,
    reviewed: &Reviewed,
    settings: &Settings,
) -> Result<(), UsageError> {
    let given = Given {
        repository: args.repository.clone(),
        number: args.number,
        head: reviewed.head.clone(),
    };
    let compose = |known: &BTreeSet<String>| reviewed.compose(args, settings, known);
    let current: BTreeSet<String> = reviewed.fingerprints.iter().cloned().collect();
    let usage = |message: String| UsageError::Option { option: "--post", message };
    let gitlab = platform == Platform::Gitlab
        || (platform == Platform::Auto && lookup("GITLAB_CI").is_some());
    let posted = if gitlab {
        let target =
            environment::gitlab(&given, &lookup).map_err(|error| usage(error.to_string()))?;
        let client = gitlab::client(&target).map_err(|error| usage(error.to_string()))?;
        gitlab::post(&client, &target, &reviewed.changes, &compose, &current)
    } else {
        let target =
            environment::github(&given, &lookup).map_err(|error| usage(error.to_string()))?;
        let client = github::client(&target).map_err(|error| usage(error.to_string()))?;
        github::post(&client, &target, &compose, &current)
    };
    match posted.map_err(|error| usage(error.to_string()))? {
        Posted::Done { comments, listed, gone, notes } => {
            for note in notes {
                settings.terminal.note(&note);
            }
            settings.terminal.note(&format!(
                "posted {comments} comments and {listed} lines of a list; took {gone} comments back"
            ));
            Ok(())
        }
        Posted::Forbidden(why) => {
            settings
                .terminal
                .note(&format!("the token may not comment here ({why}); a pull request from a fork has a read-only one. The findings go to the log instead"));
            instead(reviewed, args, settings)
        }
    }
}

/// Says it where a read-only token suffices: in annotations of the log and the summary of the step.
fn instead(reviewed: &Reviewed, args: &ReviewArgs, settings: &Settings) -> Result<(), UsageError> {
    // Standard output already has a report if one was asked for.
    if args.format.is_some() {
        return Ok(());
    }
    let format = if lookup("GITHUB_ACTIONS").is_some() { Format::Github } else { Format::Text };
    report::send(&reviewed.report, &vec![(format, None)], false, settings)
}

/// A variable of the environment; an empty one is none.
fn lookup(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn print_json(value: &serde_json::Value) -> Result<(), UsageError> {
    terminal::print(plain::json(format!("{value:#}\n")).as_bytes())
}

fn git_error(error: GitError) -> UsageError {
    UsageError::Option {
        option: "--base",
        message: crate::output::plain::line(&error.to_string()).into_owned(),
    }
}

fn diff_error(name: &str, error: &patch::PatchError) -> UsageError {
    UsageError::Option {
        option: "--diff",
        message: format!("'{name}' is no unified diff: {error}"),
    }
}
