//! What a run takes from the user's git: who commits, and which branch names are allowed.

use super::git::{Git, On};
use super::settings::Author;
use std::time::Duration;

/// The time limit of questions that git answers at once.
const LIMIT: Duration = Duration::from_secs(20);

/// The author that the user's git has, or one of our own where it has none.
pub fn author() -> Author {
    let git = Git::new(LIMIT);
    let configured = |variable: &str, key: &str| {
        let from_variable = std::env::var(variable).ok().filter(|value| !value.trim().is_empty());
        from_variable.or_else(|| {
            git.text(On::Nothing, &["config", "--get", key])
                .ok()
                .filter(|value| !value.trim().is_empty())
        })
    };
    Author {
        name: configured("GIT_AUTHOR_NAME", "user.name").unwrap_or_else(|| "spawnsafe".into()),
        email: configured("GIT_AUTHOR_EMAIL", "user.email")
            .unwrap_or_else(|| "spawnsafe@localhost".into()),
    }
}

/// `Name <mail>` as an author.
pub fn parse_author(text: &str) -> Result<Author, String> {
    let wrong = || format!("'{text}' is not an author: write 'Name <mail@example.org>'");
    let (name, rest) = text.split_once('<').ok_or_else(wrong)?;
    let email = rest.trim_end().strip_suffix('>').ok_or_else(wrong)?;
    if name.trim().is_empty() || email.is_empty() || text.contains('\n') {
        return Err(wrong());
    }
    Ok(Author { name: name.trim().to_owned(), email: email.to_owned() })
}

/// Says whether git is there and takes `branch` as a branch's name.
pub fn check_branch(branch: &str) -> Result<(), String> {
    let git = Git::new(LIMIT);
    git.run(On::Nothing, &["--version"])?;
    let full = format!("refs/heads/{branch}");
    git.run(On::Nothing, &["check-ref-format", &full])
        .map(drop)
        .map_err(|_| format!("'{branch}' cannot be a branch's name"))
}

/// Whether git reads `date` as a commit's date.
pub fn check_date(date: &str) -> Result<(), String> {
    let git = Git::new(LIMIT);
    let env = [
        ("GIT_COMMITTER_DATE", date),
        ("GIT_COMMITTER_NAME", "x"),
        ("GIT_COMMITTER_EMAIL", "x@localhost"),
    ];
    let wrong = |_| {
        format!(
            "'{date}' is not a date that git reads: write 2026-11-22T12:00:00+00:00, or seconds since 1970 and a zone"
        )
    };
    git.feed(On::Nothing, &["var", "GIT_COMMITTER_IDENT"], &[], &env).map(drop).map_err(wrong)
}
