//! `--evidence`: traces of runs, joined with what `check` and `fix` find.

use crate::cli::args::EvidenceArgs;
use crate::cli::settings::{Settings, UsageError};
use crate::findings::Report;
use crate::trace::events::Events;
use crate::trace::evidence::Files;
use crate::trace::join::{self, Tally};

/// The traces that were named, if any were.
pub(crate) struct Evidence(Option<(Events, Files)>);

impl Evidence {
    /// Reads the traces and gives the engine what they know.
    pub(crate) fn load(args: &EvidenceArgs, settings: &mut Settings) -> Result<Self, UsageError> {
        if args.evidence.is_empty() {
            return Ok(Self(None));
        }
        let mut events = Events::default();
        for path in &args.evidence {
            events.read(path).map_err(|error| UsageError::Option {
                option: "--evidence",
                message: format!("{}: cannot be read: {error}", path.display()),
            })?;
        }
        if events.unreadable > 0 {
            settings.terminal.warning(&format!(
                "{} lines of the trace are no events and were left out",
                events.unreadable
            ));
        }
        let files =
            Files::new(&events, settings.walked.files.iter().chain(&settings.walked.context));
        for path in &files.changed {
            settings.terminal.warning(&format!(
                "{} has changed since the run; what the trace says of it is left out",
                path.display()
            ));
        }
        let observed = files.observations(&events);
        // A file that holds no word of a process API is parsed if a run saw something of it being sent.
        let paths = observed.iter().flat_map(|seen| [&seen.definition.path, &seen.call.path]);
        settings.options.named.extend(paths.cloned());
        settings.options.observed = observed;
        Ok(Self(Some((events, files))))
    }

    /// Says of each finding what the run says, and adds what only the run saw.
    pub(crate) fn join(&self, report: &mut Report, settings: &Settings) {
        let Self(Some((events, files))) = self else { return };
        let Tally { confirmed, passed, unseen, run_only } = join::join(report, events, files);
        settings.terminal.note(&format!(
            "evidence: {confirmed} confirmed by the run, {passed} passed without failing, {unseen} not seen, {run_only} seen by the run only"
        ));
    }
}
