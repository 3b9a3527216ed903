//! Known findings: written once, left out from then on, wherever their lines move.

use crate::cli::read;
use crate::cli::settings::UsageError;
use crate::disk;
use crate::findings::{Report, fingerprint};
use crate::output::{Style, plain};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::Path;

/// The version of the file's format.
const VERSION: u32 = 1;
/// A larger one is none.
const MOST_BYTES: u64 = 1 << 30;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Baseline {
    version: u32,
    findings: Vec<Known>,
}

/// One known finding. Only the fingerprint counts; the rest is for people who read the file.
#[derive(Serialize, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(deny_unknown_fields)]
struct Known {
    path: String,
    code: String,
    context: String,
    fingerprint: String,
}

/// Writes all findings of `report` as known.
pub(crate) fn write(report: &Report, path: &Path, style: &Style) -> Result<(), UsageError> {
    let names = fingerprint::names(&report.findings, |path| plain::identity(path, style));
    let known = report.findings.iter().zip(names).map(|(finding, fingerprint)| Known {
        path: plain::from_root(&finding.location.path, style),
        code: finding.code.to_owned(),
        context: finding.context.clone(),
        fingerprint,
    });
    let mut findings: Vec<Known> = known.collect();
    findings.sort();
    let text = serde_json::to_string_pretty(&Baseline { version: VERSION, findings })
        .unwrap_or_default()
        + "\n";
    if std::fs::metadata(path).is_ok_and(|there| disk::regular::is_special(&there)) {
        return Err(wrong(path, "cannot be written: not a regular file"));
    }
    std::fs::write(path, text)
        .map_err(|error| wrong(path, &format!("cannot be written: {}", read::plain(&error))))
}

/// Takes the known findings out of `report`; gives the number of known ones that are gone.
pub(crate) fn subtract(
    report: &mut Report,
    path: &Path,
    style: &Style,
) -> Result<usize, UsageError> {
    let text = disk::read(path, MOST_BYTES).map_err(|error| {
        wrong(
            path,
            &format!(
                "cannot be read: {}; `spawnsafe check --baseline FILE --write-baseline` makes it",
                read::plain(&error)
            ),
        )
    })?;
    let baseline: Baseline = serde_json::from_slice(&text)
        .map_err(|error| wrong(path, &format!("is no baseline of spawnsafe: {error}")))?;
    if baseline.version != VERSION {
        return Err(wrong(
            path,
            &format!(
                "has the format {}, but {VERSION} is expected; write it again with --write-baseline",
                baseline.version
            ),
        ));
    }
    let known: BTreeSet<String> =
        baseline.findings.into_iter().map(|known| known.fingerprint).collect();
    let mut names =
        fingerprint::names(&report.findings, |path| plain::identity(path, style)).into_iter();
    let mut met = BTreeSet::new();
    report.findings.retain(|_| {
        let Some(name) = names.next() else { return true };
        let is_known = known.contains(&name);
        if is_known {
            met.insert(name);
        }
        !is_known
    });
    report.recount();
    Ok(known.len() - met.len())
}

fn wrong(path: &Path, message: &str) -> UsageError {
    UsageError::Option { option: "--baseline", message: format!("{}: {message}", path.display()) }
}
