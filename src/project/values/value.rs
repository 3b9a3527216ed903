//! What an expression may be, as far as it matters for processes.

use crate::catalogue::Start;
use crate::syntax::NodeId;
use std::sync::Arc;

/// A file of the [`Project`](crate::project::Project).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// A node of one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Site {
    /// The file.
    pub file: FileId,
    /// The node in its tree.
    pub node: NodeId,
}

/// What an instance is an instance of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Type {
    /// A class (or what a function returns) outside the project, by dotted path.
    External {
        /// The path, such as `multiprocessing.Pool`.
        path: Arc<str>,
        /// The start method fixed by a context.
        start: Start,
        /// The call that made it, where known.
        made: Option<Site>,
    },
    /// A class of the project.
    Class(Site),
}

/// One thing that an expression may evaluate to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// A module, function, class or constant outside the project.
    External {
        /// Its dotted path; builtins start with `builtins.`.
        path: Arc<str>,
        /// The start method fixed by the context it was taken from.
        start: Start,
    },
    /// A module of the project.
    Module(FileId),
    /// A `def`.
    Function(Site),
    /// A `lambda`.
    Lambda(Site),
    /// A class.
    Class(Site),
    /// An object.
    Instance(Type),
    /// A method looked up on an object.
    Method {
        /// The object's type.
        receiver: Type,
        /// The expression that gave the object.
        object: Site,
        /// The method's name.
        name: Arc<str>,
        /// The `def`, where the class is the project's.
        function: Option<Site>,
    },
    /// `functools.partial(…)`, by its call.
    Partial(Site),
    /// A display, comprehension, number, string or other literal.
    Literal(Site),
    /// What a call of something that is not known gives.
    Result(Site),
    /// A parameter that nobody is known to feed.
    Parameter(Site),
    /// Anything.
    Unknown,
}

impl Value {
    /// An external thing outside any context.
    pub fn external(path: &str) -> Self {
        Self::External { path: path.into(), start: Start::Platform }
    }
}
