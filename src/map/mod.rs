//! The map of a project: every call that starts a process or sends to one, who makes it, which code it reaches, and
//! whether that is safe. A call that looks like one but whose receiver nobody knows is on it, too.

mod judge;
mod survey;

pub use judge::judge;
pub use survey::{Sendings, Surveyed, survey};

use crate::findings::{Dispatches, Location, StartMethod};
use serde::Serialize;

/// What is known about a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// A finding belongs to it.
    Faulty,
    /// The receiver or what is sent is not known, so nothing is said.
    Unknown,
    /// What is sent is known, and nothing was found.
    Safe,
}

impl Verdict {
    /// All of them, those that need a look first.
    pub const ALL: [Self; 3] = [Self::Faulty, Self::Unknown, Self::Safe];

    /// The word for it in every form of the map.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Faulty => "faulty",
            Self::Unknown => "unknown",
            Self::Safe => "safe",
        }
    }
}

/// How the start method of a place is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Chosen {
    /// By platform and Python version.
    Platform,
    /// The program says fork.
    Fork,
    /// The program says forkserver.
    Forkserver,
    /// The program says spawn.
    Spawn,
    /// The library starts processes in its own way.
    Library,
    /// The receiver is not known.
    Unknown,
}

impl Chosen {
    /// The word for it in every form of the map.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Platform => "platform's default",
            Self::Fork => "fork",
            Self::Forkserver => "forkserver",
            Self::Spawn => "spawn",
            Self::Library => "library's own",
            Self::Unknown => "unknown",
        }
    }
}

/// Code that a place reaches in another process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worker {
    /// The parameter that carries it: `func`, `target`, `initializer`, `run`.
    pub slot: String,
    /// Its qualified name, `lambda`, or the text of the expression where it is not known.
    pub name: String,
    /// Where it is defined, if that is in the project.
    pub definition: Option<Location>,
    /// The argument that hands it over: at the call itself, or where a function that passes it on is called.
    pub handover: Location,
    /// The function that hands it over.
    pub sender: String,
}

/// One call that starts a process or sends to one, or looks as if it did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The call.
    pub location: Location,
    /// The qualified name of the function around it, or `<module>`.
    pub context: String,
    /// The API as messages name it: `Pool.map`, `Process`.
    pub api: String,
    /// Its dotted path; `None` if the receiver is not known.
    pub path: Option<String>,
    /// How the start method is chosen.
    pub start: Chosen,
    /// The start methods under which what is sent is pickled; empty if it never is.
    pub pickled_under: Vec<StartMethod>,
    /// The call that made the executor, where that can be seen.
    pub executor: Option<Location>,
    /// The code that runs in the other process.
    pub workers: Vec<Worker>,
    /// The texts of the arguments that travel beside it.
    pub arguments: Vec<String>,
    /// Whether it is safe.
    pub verdict: Verdict,
    /// Why, lower case, without a final stop.
    pub reason: String,
    /// The findings that belong to it, by their positions in the report.
    pub findings: Vec<usize>,
}

/// The map of a project.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Map {
    /// Every place, sorted by file and position.
    pub places: Vec<Place>,
    /// Findings that belong to none of them, by their positions in the report.
    pub apart: Vec<usize>,
}

impl Map {
    /// The maps of parts of a project as one; `positions` says where the findings of each stand in the joined report.
    pub fn joined(maps: Vec<Self>, positions: &[Vec<usize>]) -> Self {
        let mut all = Self::default();
        for (map, positions) in maps.into_iter().zip(positions) {
            let moved = |own: Vec<usize>| own.into_iter().map(|at| positions[at]);
            all.apart.extend(moved(map.apart));
            all.places.extend(map.places.into_iter().map(|place| {
                let findings = moved(place.findings).collect();
                Place { findings, ..place }
            }));
        }
        all.apart.sort_unstable();
        all.places.sort_by(|left, right| left.location.cmp(&right.location));
        all
    }

    /// How many places there are of each verdict.
    pub fn tally(&self) -> Dispatches {
        let of =
            |wanted: Verdict| self.places.iter().filter(|place| place.verdict == wanted).count();
        Dispatches {
            safe: of(Verdict::Safe),
            faulty: of(Verdict::Faulty),
            unknown: of(Verdict::Unknown),
        }
    }
}
