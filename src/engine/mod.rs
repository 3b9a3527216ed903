//! Texts in, one [`Report`] out. No disk access here: files are read through [`Files`].

mod asking;
mod check;
pub mod evidence;
pub mod gather;
mod imports;
mod islands;
mod mentions;
pub mod options;
mod plan;
mod proof;
mod run;
mod settle;
pub mod suppress;

pub use options::{Bind, GuardStyle, Options};

use crate::facts::FileFacts;
use crate::findings::Report;
use crate::map::Map;
use crate::text::ReadError;
use gather::Known;
use rayon::prelude::*;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where the engine gets the bytes of a file from.
pub trait Files: Sync {
    /// All bytes of the file.
    fn read(&self, path: &Path) -> Result<Vec<u8>, ReadError>;
}

/// Finds everything the enabled rules have to say about `paths` (sorted, Python files only).
/// Fixes are attached to those findings that [`fix`] does mend; nothing is applied.
pub fn check(paths: &[PathBuf], files: &dyn Files, options: &Options) -> Report {
    check_again(paths, files, options, Vec::new()).0
}

/// As [`check`], with the facts of files that are as they were when `known` was computed, by an earlier run
/// over the same folder. Gives those for the next one.
pub fn check_again(
    paths: &[PathBuf],
    files: &dyn Files,
    options: &Options,
    known: Vec<Arc<FileFacts>>,
) -> (Report, Vec<Arc<FileFacts>>) {
    run::with_threads(options.threads, || {
        // Whoever comes with facts has looked at the files around before.
        let (report, _, facts) = if known.is_empty() {
            by_island(paths, files, options)
        } else {
            settle::check(paths, files, options, Known::of(known))
        };
        (report, facts)
    })
}

/// As [`check`], with the map of every call that starts a process or sends to one.
pub fn map(paths: &[PathBuf], files: &dyn Files, options: &Options) -> (Report, Map) {
    run::with_threads(options.threads, || {
        let (report, map, _) = by_island(paths, files, options);
        (report, map)
    })
}

/// As [`settle::check`], island by island.
fn by_island(
    paths: &[PathBuf],
    files: &dyn Files,
    options: &Options,
) -> (Report, Map, Vec<Arc<FileFacts>>) {
    let islands = islands::find(paths, files, options);
    let looked = islands.into_par_iter().map(|island| {
        let (report, map, facts) =
            settle::check(&island.paths, files, &island.options, island.known);
        (report, (map, facts))
    });
    let (reports, others): (Vec<Report>, Vec<_>) = looked.unzip();
    let (maps, facts): (Vec<Map>, Vec<_>) = others.into_iter().unzip();
    let (mut report, positions) = Report::joined(reports, paths.len());
    report.summary.dispatches.get_or_insert_default();
    (report, Map::joined(maps, &positions), facts.concat())
}

/// As [`check`], and applies the fixes that `options` allow until nothing more can be fixed.
/// `changes` of the report holds the result, proven to parse and to settle.
pub fn fix(paths: &[PathBuf], files: &dyn Files, options: &Options) -> Report {
    run::with_threads(options.threads, || {
        let islands = islands::find(paths, files, options);
        let fixed = islands
            .into_par_iter()
            .map(|island| settle::fix(&island.paths, files, &island.options, island.known));
        Report::joined(fixed.collect(), paths.len()).0
    })
}
