//! What can be typed after `spawnsafe review`.

use crate::cli::args::{OutputArgs, SelectionArgs};
use crate::output::Format;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  spawnsafe review --base main                      what this branch introduced
  spawnsafe review --base origin/main --post        the same as comments on the pull or merge request
  git diff main | spawnsafe review --diff -         without asking git for the old side";

/// `spawnsafe review`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ReviewArgs {
    #[command(flatten)]
    pub(crate) selection: SelectionArgs,
    /// Branch or commit that the change goes to; what it had before is asked of git.
    #[arg(
        long,
        value_name = "REF",
        help_heading = "Change",
        conflicts_with = "diff",
        required_unless_present = "diff"
    )]
    pub(crate) base: Option<String>,
    /// Commit to look at [default: the files as they lie here; for a review the head of the request].
    #[arg(long, value_name = "REF", help_heading = "Change")]
    pub(crate) head: Option<String>,
    /// Unified diff of the change, `-` for standard input; needs no git, but knows no base either.
    #[arg(long, value_name = "FILE", help_heading = "Change")]
    pub(crate) diff: Option<PathBuf>,
    /// Print this: `github-review` or `gitlab-review` for the body of a review, or a format of `check`.
    #[arg(long, value_name = "FORMAT", value_parser = review_formats(), help_heading = "Review")]
    pub(crate) format: Option<ReviewFormat>,
    /// Post the review; the token comes from `GITHUB_TOKEN` or `GITLAB_TOKEN`.
    #[arg(long, value_name = "PLATFORM", num_args = 0..=1, require_equals = true, default_missing_value = "auto", help_heading = "Review")]
    pub(crate) post: Option<Platform>,
    /// Repository to post to (`owner/name`, on GitLab the project's number or path) [default: that of the CI job].
    #[arg(long, value_name = "NAME", help_heading = "Review", requires = "post")]
    pub(crate) repository: Option<String>,
    /// Number of the pull or merge request [default: that of the CI job].
    #[arg(long, value_name = "N", help_heading = "Review", requires = "post")]
    pub(crate) number: Option<u64>,
    /// Comments beside lines, at most; what is left is listed in the body.
    #[arg(long, value_name = "N", default_value_t = 30, help_heading = "Review")]
    pub(crate) max_comments: usize,
    /// Offer fixes that a person should look at as suggestions, too.
    #[arg(long, help_heading = "Review")]
    pub(crate) unsafe_fixes: bool,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    /// Exit with 0 even if there are findings.
    #[arg(long, short, help_heading = "Output")]
    pub(crate) exit_zero: bool,
}

/// What `review` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReviewFormat {
    /// The body of a GitHub review.
    Github,
    /// The bodies of GitLab discussions.
    Gitlab,
    /// A format of `check`.
    Report(Format),
}

/// Where `--post` posts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Platform {
    /// GitLab in its pipelines, else GitHub.
    Auto,
    /// A pull request of GitHub.
    Github,
    /// A merge request of GitLab.
    Gitlab,
}

fn review_formats() -> impl TypedValueParser<Value = ReviewFormat> {
    let names = ["github-review", "gitlab-review"]
        .into_iter()
        .chain(Format::ALL.iter().map(|format| format.name()));
    PossibleValuesParser::new(names).try_map(|name| match name.as_str() {
        "github-review" => Ok(ReviewFormat::Github),
        "gitlab-review" => Ok(ReviewFormat::Gitlab),
        other => Format::named(other).map(ReviewFormat::Report).ok_or("unknown format"),
    })
}
