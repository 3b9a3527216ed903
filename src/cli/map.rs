//! `spawnsafe map`.

use crate::cli::args::{GlobalArgs, MapArgs};
use crate::cli::exit::{Exit, Outcome};
use crate::cli::settings::{FixWishes, Settings, UsageError};
use crate::cli::{report, terminal};
use crate::engine;
use crate::output;

/// Shows every place where processes are started or fed.
pub(crate) fn run(args: &MapArgs, global: &GlobalArgs) -> Result<Exit, UsageError> {
    let settings = Settings::new(&args.selection, global, FixWishes::default())?;
    let (mut found, map) = engine::map(&settings.walked.files, &settings.disk, &settings.options);
    report::complete(&mut found, &settings);
    report::log_errors(&found, &settings);
    let mut style = settings.style.clone();
    style.color &= args.output_file.is_none();
    let text = output::map::render(args.output_format, &map, &found, &style);
    match &args.output_file {
        None => terminal::print(text.as_bytes())?,
        Some(path) => std::fs::write(path, text).map_err(|error| {
            UsageError::Io(format!("{}: cannot be written: {error}", path.display()))
        })?,
    }
    // The map is no judgement: what it shows is left to `check`.
    let outcome = Outcome { findings: false, ..report::outcome(&found, &settings) };
    Ok(outcome.of_check(false))
}
