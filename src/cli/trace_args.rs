//! What can be typed after `trace` and `verify`.

use crate::findings::StartMethod;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use std::ffi::OsString;
use std::path::PathBuf;

const AFTER_TRACE: &str = "\
Examples:
  spawnsafe trace -- python script.py --fast     what would fail under spawn and forkserver
  spawnsafe trace -- pytest -q                   the same over a test suite
  spawnsafe check --evidence spawnsafe-trace.jsonl
  spawnsafe fix --evidence spawnsafe-trace.jsonl

The program prints, and ends with the code, that it would without the hook.";

/// `spawnsafe trace`.
#[derive(Debug, Args)]
#[command(after_help = AFTER_TRACE)]
pub(crate) struct TraceArgs {
    /// File that gets the events, as JSON lines; it is replaced.
    #[arg(long, short, value_name = "FILE", default_value = "spawnsafe-trace.jsonl")]
    pub(crate) output: PathBuf,
    /// Add to the file instead of replacing it.
    #[arg(long)]
    pub(crate) append: bool,
    /// What is not pickled under fork is pickled to see whether it could be; `fork` leaves it alone.
    #[arg(long = "as", value_name = "METHOD", value_enum, default_value = "spawn")]
    pub(crate) judged_as: JudgedAs,
    /// Default start method of the run, for programs that choose none.
    #[arg(long, value_name = "METHOD", value_parser = methods())]
    pub(crate) start_method: Option<StartMethod>,
    /// The program and its arguments.
    #[arg(
        required = true,
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "COMMAND"
    )]
    pub(crate) command: Vec<OsString>,
}

/// How a run under fork is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum JudgedAs {
    /// As if its processes were started by spawn or forkserver.
    Spawn,
    /// As it is.
    Fork,
}

/// `spawnsafe verify`.
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// Start methods to run under; the first is what the others are compared with.
    #[arg(
        long,
        value_name = "METHODS",
        value_delimiter = ',',
        value_parser = methods(),
        default_value = "fork,spawn,forkserver"
    )]
    pub(crate) methods: Vec<StartMethod>,
    /// Seconds after which a run is ended, with all that it started.
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    pub(crate) timeout: u64,
    /// Compare the lines of the output without their order.
    #[arg(long)]
    pub(crate) ignore_order: bool,
    /// The program and its arguments.
    #[arg(
        required = true,
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "COMMAND"
    )]
    pub(crate) command: Vec<OsString>,
}

fn methods() -> impl TypedValueParser<Value = StartMethod> {
    let names = StartMethod::ALL.iter().map(|method| method.name());
    PossibleValuesParser::new(names).map(|name| {
        StartMethod::ALL
            .into_iter()
            .find(|method| method.name() == name)
            .unwrap_or(StartMethod::Fork)
    })
}
