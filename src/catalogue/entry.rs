//! One entry of the catalogue, as it is written in TOML.

use crate::findings::StartMethod;
use serde::Deserialize;
use std::collections::BTreeMap;

/// One API that hands a callable to another process, or a look-alike that must stay silent.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The stable key.
    pub id: String,
    /// Importable dotted paths; for methods the last part is the method's name.
    pub paths: Vec<String>,
    /// What the paths name.
    pub kind: EntryKind,
    /// Keys of the entries whose instances have this method.
    #[serde(default)]
    pub receiver: Vec<String>,
    /// Parameters that carry a callable.
    #[serde(default)]
    pub callables: Vec<Parameter>,
    /// How the callable's own arguments travel.
    #[serde(default)]
    pub arguments: Arguments,
    /// The parameter that holds the executor, for calls that take one.
    #[serde(default)]
    pub executor: Option<Parameter>,
    /// The parameter that chooses the start method.
    #[serde(default)]
    pub context: Option<Parameter>,
    /// Callable parameters that stay in the parent.
    #[serde(default)]
    pub not_pickled: Vec<String>,
    /// How things travel.
    #[serde(default)]
    pub transport: Transport,
    /// The start method used when the caller names none.
    #[serde(default)]
    pub start: Start,
    /// How functions are serialised.
    #[serde(default)]
    pub by: ByWhat,
    /// Whether the child imports the main script again.
    #[serde(default = "yes")]
    pub guard: bool,
    /// When processes start.
    #[serde(default)]
    pub starts: Starts,
    /// Whether calls are reported.
    #[serde(default)]
    pub verdict: Verdict,
    /// Conditions on literal arguments.
    #[serde(default)]
    pub when: Vec<Condition>,
    /// Calls that give arguments to the calls of this API which are made within or after them.
    #[serde(default)]
    pub settings: Vec<Setting>,
    /// Texts that switch the entry off in the files that hold them: another pickler is installed there.
    #[serde(default)]
    pub unless_source: Vec<String>,
    /// Whether the function is sent as the text of its dotted name, which a partial does not have.
    #[serde(default)]
    pub needs_name: bool,
    /// Whether results and exceptions travel back.
    #[serde(default)]
    pub returns: bool,
}

impl Entry {
    /// The name by which a call that says `called` means the API: one entry may stand for several functions. The first
    /// path's name if it is none of them.
    pub fn name_called(&self, called: &str) -> &str {
        let mut names = self.paths.iter().map(|path| super::last_part(path));
        let first = names.clone().next().unwrap_or_default();
        names.find(|name| *name == called).unwrap_or(first)
    }
}

fn yes() -> bool {
    true
}

/// A parameter by name and position.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// The keyword.
    pub name: String,
    /// The 0-based position without `self`; -1 for keyword only.
    pub pos: i32,
}

/// How the callable's own arguments travel.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arguments {
    /// The parameter that holds positional arguments as a tuple.
    pub tuple: Option<Parameter>,
    /// The parameter that holds keyword arguments as a dict.
    pub dict: Option<Parameter>,
    /// The position from which the call's own positional arguments are passed on.
    pub varargs: Option<i32>,
    /// Whether the call's own keyword arguments are passed on, too.
    #[serde(default)]
    pub keywords: bool,
    /// The position of the first iterable of single arguments.
    pub items: Option<i32>,
    /// The position of an iterable of argument tuples.
    pub star_items: Option<i32>,
    /// The position of an iterable of `delayed(f)(…)` calls.
    pub delayed: Option<i32>,
    /// Parameters whose objects are pickled without being called.
    #[serde(default)]
    pub data: Vec<Parameter>,
}

/// A condition on a literal argument.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// The parameter.
    pub name: String,
    /// Its 0-based position, or -1.
    pub pos: i32,
    /// Whether the entry is off where the argument is absent.
    pub required: bool,
    /// Literals (as Python writes them, single quotes) that switch the entry off.
    #[serde(default)]
    pub unless: Vec<String>,
    /// If there are any: the literals of which one has to stand there.
    #[serde(default)]
    pub only: Vec<String>,
}

impl Condition {
    /// Whether the condition holds for an argument that reads like `literal`.
    pub fn accepts(&self, literal: &str) -> bool {
        !self.unless.iter().any(|one| one == literal)
            && (self.only.is_empty() || self.only.iter().any(|one| one == literal))
    }
}

/// A call that gives arguments to calls of an API beforehand: `with parallel_config(backend="…"):`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// Importable dotted paths.
    pub paths: Vec<String>,
    /// The parameters that count for the API, by the API's own names.
    pub parameters: Vec<Parameter>,
    /// Literals that stand for parameters which the call leaves out.
    #[serde(default)]
    pub implied: BTreeMap<String, String>,
}

/// What an entry's paths name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum EntryKind {
    Class,
    Function,
    Method,
    Classmethod,
    Decorator,
}

/// How things travel to the worker.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Transport {
    /// Inside the Process object: pickled only when the child is not forked.
    ProcessArgs,
    /// Sent to a live worker: always pickled.
    #[default]
    Queue,
    /// A private protocol: always pickled.
    OwnPipe,
    /// Nothing is pickled.
    InProcess,
    /// Only a dotted name travels.
    ByName,
}

/// The start method when the caller names none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// The interpreter's default: it differs between platforms and versions.
    #[default]
    Platform,
    /// Always fork.
    Fork,
    /// Always forkserver.
    Forkserver,
    /// Always spawn.
    Spawn,
    /// No start method of multiprocessing.
    Other,
}

impl Start {
    /// The start methods that may be in force.
    pub fn methods(self) -> &'static [StartMethod] {
        match self {
            Self::Platform | Self::Other => &StartMethod::ALL,
            Self::Fork => &[StartMethod::Fork],
            Self::Forkserver => &[StartMethod::Forkserver],
            Self::Spawn => &[StartMethod::Spawn],
        }
    }
}

/// How functions are serialised.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum ByWhat {
    #[default]
    Reference,
    Value,
    Depends,
    /// By reference, save functions without any state of their own, which travel as they are.
    Stateless,
    Name,
    None,
}

/// When processes start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Starts {
    /// Calling it starts processes.
    Construct,
    /// A method call does.
    Use,
    /// Iterating over it does.
    Iterate,
    /// Nothing starts here.
    #[default]
    Never,
}

/// Whether calls are reported.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Always.
    #[default]
    Report,
    /// Where the conditions hold.
    ReportIf,
    /// Never: a look-alike.
    Never,
}
