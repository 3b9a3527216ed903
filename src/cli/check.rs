//! `spawnsafe check`.

use crate::cli::args::{CheckArgs, GlobalArgs};
use crate::cli::exit::Exit;
use crate::cli::report;
use crate::cli::settings::{FixWishes, Settings, Typed, UsageError, destinations};
use crate::engine;
use crate::output::Format;

/// Reports findings.
pub(crate) fn run(args: &CheckArgs, global: &GlobalArgs, order: &[Typed]) -> Result<Exit, UsageError> {
    let settings = Settings::new(&args.selection, global, FixWishes::default())?;
    let default = settings.scope.config().output_format.unwrap_or(Format::Text);
    let destinations = destinations(&args.output, order, default)?;
    if destinations.iter().any(|(format, _)| *format == Format::Diff) {
        return Err(UsageError::Option { option: "--output-format", message: "a diff is printed by `spawnsafe fix --diff`".into() });
    }
    let mut found = engine::check(&settings.walked.files, &settings.disk, &settings.options);
    report::complete(&mut found, &settings);
    report::log_errors(&found, &settings);
    report::send(&found, &destinations, args.output.statistics, &settings)?;
    Ok(report::outcome(&found, &settings).of_check(args.exit_zero))
}
