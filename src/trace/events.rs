//! The events of a traced run, as the hook writes them: one JSON object a line.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// Larger ones are none: the hook stops at a part of it.
const MOST_BYTES: u64 = 256 << 20;

/// A place in the user's code.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(crate) struct Place {
    /// The file, absolute.
    pub(crate) file: PathBuf,
    /// The line, from 1.
    pub(crate) line: u32,
    /// The last line, where the interpreter knows it.
    pub(crate) end_line: Option<u32>,
    /// The function.
    #[serde(default)]
    pub(crate) function: String,
}

/// Something that was sent, or a part of it that cannot cross.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Part {
    /// The parameter.
    #[serde(default)]
    pub(crate) slot: String,
    /// The qualified name of the function or class.
    #[serde(default)]
    pub(crate) qualname: String,
    /// Where that is defined.
    pub(crate) file: Option<PathBuf>,
    /// Where that is defined; decorators come first.
    pub(crate) line: Option<u32>,
    /// The Python expression that leads to the bad part.
    #[serde(default)]
    pub(crate) path: String,
    /// The rule that is about it.
    #[serde(default)]
    pub(crate) rule: String,
    /// Why it cannot cross.
    #[serde(default)]
    pub(crate) reason: String,
    /// What to do.
    #[serde(default)]
    pub(crate) advice: String,
}

/// Something was sent from a place, for the first time.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Dispatch {
    /// Its name in this trace.
    pub(crate) id: String,
    /// The API with the function that the program called, such as `multiprocessing.Pool.starmap`.
    pub(crate) api: String,
    /// Where the process object was made, if that is another place.
    pub(crate) made: Option<Place>,
    /// The callers outside the standard library, innermost first.
    #[serde(default)]
    pub(crate) stack: Vec<Place>,
    /// The callables.
    #[serde(default)]
    pub(crate) sent: Vec<Part>,
    /// Where the API was called.
    pub(crate) at: Option<Place>,
}

/// What was sent did not cross, or would not under spawn.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Failure {
    /// The dispatch.
    pub(crate) dispatch: Option<String>,
    /// The API that was called, or `result`.
    #[serde(default)]
    pub(crate) api: String,
    /// Where it was sent from.
    pub(crate) at: Option<Place>,
    /// `pickling`, or `trial` if only spawn and forkserver would have pickled it.
    pub(crate) when: String,
    /// The exception.
    pub(crate) error: String,
    /// The parts that cannot cross.
    pub(crate) bad: Vec<Part>,
}

/// Something went wrong in a child, or with what came back from one.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Child {
    /// `name`, `gone`, `bootstrap` or `load`.
    pub(crate) kind: String,
    /// Where in the user's code.
    pub(crate) at: Option<Place>,
    /// The exception.
    pub(crate) error: String,
    /// The rule that is about it.
    pub(crate) rule: Option<String>,
    /// The name that was not found.
    pub(crate) name: Option<String>,
    /// The file of the module that lacks the name.
    pub(crate) module_file: Option<PathBuf>,
    /// The exception's class, where one could not be made again.
    #[serde(default)]
    pub(crate) sent: Vec<Part>,
}

/// The globals that a function reads, as one side has them.
#[derive(Debug, Clone, Deserialize)]
struct Globals {
    r#where: String,
    sent: Vec<Part>,
    values: BTreeMap<String, Option<String>>,
}

/// A global that a worker saw with another value than the parent's.
#[derive(Debug, Clone)]
pub(crate) struct Differing {
    /// The worker's function.
    pub(crate) worker: Part,
    /// The module and the name, with a colon between.
    pub(crate) name: String,
    /// The parent's value, shortened.
    pub(crate) parent: String,
    /// The child's value, shortened.
    pub(crate) child: String,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "event", rename_all = "lowercase")]
enum Event {
    Dispatch(Dispatch),
    Failure(Failure),
    Child(Child),
    Load(Child),
    Globals(Globals),
    File {
        file: PathBuf,
        sha256: String,
    },
    Untried {},
    #[serde(other)]
    Unknown,
}

/// All that a trace holds, in the order in which it was written; each thing once.
#[derive(Debug, Default)]
pub(crate) struct Events {
    /// What was sent.
    pub(crate) dispatches: Vec<Dispatch>,
    /// What did not cross.
    pub(crate) failures: Vec<Failure>,
    /// What went wrong in children.
    pub(crate) children: Vec<Child>,
    /// Globals that differ.
    pub(crate) differing: Vec<Differing>,
    /// The text that each file had, as a SHA-256 in hexadecimal digits.
    pub(crate) texts: BTreeMap<PathBuf, String>,
    /// Lines that are no event: the writer was killed, or is newer.
    pub(crate) unreadable: usize,
}

impl Events {
    /// Reads one file; events of several files are put together.
    pub(crate) fn read(&mut self, path: &Path) -> io::Result<()> {
        let bytes = crate::disk::read_named(path, MOST_BYTES)?;
        let mut globals: Vec<Globals> = Vec::new();
        for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            match serde_json::from_slice::<Event>(line) {
                Ok(Event::Dispatch(dispatch)) => self.dispatches.push(dispatch),
                Ok(Event::Failure(failure)) => self.failures.push(failure),
                Ok(Event::Child(child) | Event::Load(child)) => self.add_child(child),
                Ok(Event::Globals(seen)) => globals.push(seen),
                Ok(Event::File { file, sha256 }) => drop(self.texts.insert(file, sha256)),
                Ok(Event::Untried {}) => {}
                Ok(Event::Unknown) | Err(_) => self.unreadable += 1,
            }
        }
        self.compare(&globals);
        Ok(())
    }

    /// A pool fills itself with workers that all fail alike.
    fn add_child(&mut self, child: Child) {
        let same = |other: &Child| {
            (&other.kind, &other.at, &other.error, &other.name)
                == (&child.kind, &child.at, &child.error, &child.name)
        };
        if !self.children.iter().any(same) {
            self.children.push(child);
        }
    }

    fn compare(&mut self, globals: &[Globals]) {
        let (parents, children): (Vec<&Globals>, Vec<&Globals>) =
            globals.iter().partition(|seen| seen.r#where == "parent");
        for child in children {
            let Some(worker) = child.sent.first() else { continue };
            let same = |parent: &&&Globals| {
                parent.sent.first().is_some_and(|other| {
                    (&other.file, other.line, &other.qualname)
                        == (&worker.file, worker.line, &worker.qualname)
                })
            };
            let Some(parent) = parents.iter().find(same) else { continue };
            for (name, value) in &child.values {
                let (Some(Some(before)), Some(after)) = (parent.values.get(name), value) else {
                    continue;
                };
                let known = self.differing.iter().any(|known| known.name == *name);
                if before != after && !known {
                    self.differing.push(Differing {
                        worker: worker.clone(),
                        name: name.clone(),
                        parent: before.clone(),
                        child: after.clone(),
                    });
                }
            }
        }
    }
}
