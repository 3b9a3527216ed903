//! `spawnsafe explain`: a rule's page, or the list of rules.

use crate::cli::args::ExplainArgs;
use crate::cli::exit::Exit;
use crate::cli::settings::UsageError;
use crate::cli::terminal;
use crate::rules;

/// Prints a page, all pages, or the list.
pub(crate) fn run(args: &ExplainArgs) -> Result<Exit, UsageError> {
    let text = match &args.rule {
        Some(wanted) => page(wanted)?.to_owned(),
        None if args.all => {
            rules::ALL
                .iter()
                .map(|rule| rule.page.trim_end())
                .collect::<Vec<_>>()
                .join("\n\n---\n\n")
                + "\n"
        }
        None => list(),
    };
    terminal::print(text.as_bytes())?;
    Ok(Exit::Done)
}

fn page(wanted: &str) -> Result<&'static str, UsageError> {
    rules::find(wanted).map(|rule| rule.page).ok_or_else(|| UsageError::Option {
        option: "explain",
        message: format!(
            "there is no rule '{wanted}'; `spawnsafe explain` without a code lists the rules"
        ),
    })
}

fn list() -> String {
    let width = rules::ALL.iter().map(|rule| rule.name.len()).max().unwrap_or(0);
    rules::ALL
        .iter()
        .map(|rule| format!("{}  {:width$}  {}\n", rule.code, rule.name, rule.summary))
        .collect()
}
