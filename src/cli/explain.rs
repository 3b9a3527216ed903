//! `spawnsafe explain`: rules' pages, or the list of rules.

use crate::cli::args::{ExplainArgs, PageFormat};
use crate::cli::exit::Exit;
use crate::cli::settings::UsageError;
use crate::cli::terminal;
use crate::rules::{self, Rule};
use serde_json::{Value, json};

/// Prints one page or several, or the list.
pub(crate) fn run(args: &ExplainArgs) -> Result<Exit, UsageError> {
    let chosen = match &args.rule {
        Some(wanted) => named(wanted)?,
        None => rules::ALL.iter().collect(),
    };
    let text = match args.output_format {
        PageFormat::Json => {
            let value: Value = match chosen.as_slice() {
                [one] => about(one),
                several => several.iter().map(|rule| about(rule)).collect(),
            };
            format!("{value:#}\n")
        }
        PageFormat::Text if args.rule.is_some() || args.all => {
            let pages: Vec<&str> = chosen.iter().map(|rule| rule.page.trim_end()).collect();
            pages.join("\n\n---\n\n") + "\n"
        }
        PageFormat::Text => list(),
    };
    terminal::print(text.as_bytes())?;
    Ok(Exit::Done)
}

fn named(wanted: &str) -> Result<Vec<&'static Rule>, UsageError> {
    let found = rules::named(wanted.trim());
    if !found.is_empty() {
        return Ok(found);
    }
    Err(UsageError::Option {
        option: "explain",
        message: format!(
            "there is no rule '{wanted}'; `spawnsafe explain` without a code lists the rules"
        ),
    })
}

/// The keys are those of ruff.
fn about(rule: &Rule) -> Value {
    json!({
        "code": rule.code,
        "name": rule.name,
        "summary": rule.summary,
        "explanation": rule.page,
    })
}

fn list() -> String {
    let width = rules::ALL.iter().map(|rule| rule.name.len()).max().unwrap_or(0);
    rules::ALL
        .iter()
        .map(|rule| format!("{}  {:width$}  {}\n", rule.code, rule.name, rule.summary))
        .collect()
}
