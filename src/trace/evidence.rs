//! What a trace means for the files of a project: places that still hold, and facts for the analysis.

use super::events::{Dispatch, Events, Part, Place};
use crate::engine::evidence::{Observation, Spot};
use crate::text::source::MAX_BYTES;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// The files of a trace that belong to the project and have the text that they had.
#[derive(Debug, Default)]
pub(crate) struct Files {
    known: BTreeMap<PathBuf, PathBuf>,
    /// Files whose text is another one now; what the trace says of them is left out.
    pub(crate) changed: Vec<PathBuf>,
}

impl Files {
    /// Finds the trace's files among those of the project, which are named as the user named them.
    pub(crate) fn new<'p>(events: &Events, project: impl Iterator<Item = &'p PathBuf>) -> Self {
        let wanted: BTreeMap<PathBuf, &PathBuf> = events
            .texts
            .keys()
            .map(|file| (file.canonicalize().unwrap_or_else(|_| file.clone()), file))
            .collect();
        let names: std::collections::BTreeSet<_> =
            wanted.keys().filter_map(|file| file.file_name()).collect();
        let mut files = Self::default();
        for path in project.filter(|path| path.file_name().is_some_and(|own| names.contains(own))) {
            let Ok(absolute) = path.canonicalize() else { continue };
            let Some(file) = wanted.get(&absolute) else { continue };
            if digest(path).as_ref() == events.texts.get(*file) {
                files.known.insert((*file).clone(), path.clone());
            } else {
                files.changed.push(path.clone());
            }
        }
        files
    }

    /// The project's name of a file of the trace.
    pub(crate) fn of(&self, file: &Path) -> Option<&PathBuf> {
        self.known.get(file)
    }

    /// A place as the engine knows places.
    fn spot(&self, place: &Place) -> Option<Spot> {
        Some(Spot { path: self.of(&place.file)?.clone(), line: place.line })
    }

    /// The place of a definition.
    fn definition(&self, part: &Part) -> Option<Spot> {
        Some(Spot { path: self.of(part.file.as_deref()?)?.clone(), line: part.line? })
    }

    /// Each callable that the run saw being sent from a place of the project to a place of the project.
    pub(crate) fn observations(&self, events: &Events) -> Vec<Observation> {
        let mut out = Vec::new();
        for dispatch in &events.dispatches {
            let Some((api, place)) = catalogued(dispatch) else { continue };
            let Some(call) = self.spot(place) else { continue };
            for part in &dispatch.sent {
                let Some(definition) = self.definition(part) else { continue };
                let name = part.qualname.rsplit('.').next().unwrap_or_default().to_owned();
                out.push(Observation {
                    definition,
                    name,
                    call: call.clone(),
                    api: api.clone(),
                    slot: part.slot.clone(),
                });
            }
        }
        out.sort();
        out.dedup();
        out
    }
}

/// The catalogue's path of the API, and where it was called.
fn catalogued(dispatch: &Dispatch) -> Option<(String, &Place)> {
    let (owner, function) = dispatch.api.rsplit_once('.')?;
    let at = dispatch.at.as_ref()?;
    let executor = "concurrent.futures.ProcessPoolExecutor";
    match (owner, function) {
        ("multiprocessing.Process", "start") => Some((owner.to_owned(), dispatch.made.as_ref()?)),
        ("multiprocessing.Pool", "Pool") => Some((owner.to_owned(), at)),
        ("multiprocessing.Pool", _) => Some((format!("multiprocessing.pool.Pool.{function}"), at)),
        (_, "ProcessPoolExecutor") if owner == executor => Some((owner.to_owned(), at)),
        (_, "submit" | "map") if owner == executor => {
            Some((format!("concurrent.futures.process.ProcessPoolExecutor.{function}"), at))
        }
        _ => None,
    }
}

fn digest(path: &Path) -> Option<String> {
    let bytes = crate::disk::read(path, MAX_BYTES as u64).ok()?;
    let mut text = String::new();
    for byte in Sha256::digest(bytes) {
        let _ = write!(text, "{byte:02x}");
    }
    Some(text)
}
