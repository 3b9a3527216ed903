//! Why a finding is not rewritten. One value per reason, documented, each with a fixture.

use serde::Serialize;

macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $variant:ident = $id:literal,)*) => {
        /// The documented reasons. Their kebab-case ids are stable.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Reason { $($(#[doc = $doc])+ $variant,)* }

        impl Reason {
            /// All reasons in the order of their declaration.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The stable kebab-case id.
            pub const fn id(self) -> &'static str {
                match self { $(Self::$variant => $id,)* }
            }

            /// The documented meaning.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),+),)* }
            }
        }
    };
}

reasons! {
    /// The body writes a variable of the enclosing function (`nonlocal`); in a worker the write is lost.
    NonlocalWrite = "nonlocal-write",
    /// The body changes a captured object that the parent reads afterwards; in a worker the change is lost.
    CapturedMutation = "captured-mutation",
    /// The body, or the function around it, looks at its own frame (`locals`, `eval`, `exec`, `vars`, `dir`, zero-argument `super`, `__class__`), or its source is taken.
    FrameIntrospection = "frame-introspection",
    /// A captured object cannot be pickled.
    UnpicklableCapture = "unpicklable-capture",
    /// An object that cannot be pickled is handed over; only its author knows how a worker should get one of its own.
    UnpicklableObject = "unpicklable-object",
    /// A multiprocessing primitive travels only in Process args and initargs, not with a task.
    InheritanceOnly = "inheritance-only",
    /// A captured name is bound anew between the place where its value is due and the places a rewrite could read it.
    ReboundCapture = "rebound-capture",
    /// A captured name may not be bound yet where the rewrite would have to read it.
    UnboundCapture = "unbound-capture",
    /// The worker writes what the parent reads back; a rewrite could only make the loss silent.
    LostWrite = "lost-write",
    /// Nothing at the place where the workers start can hand a value to them.
    NoHandOver = "no-hand-over",
    /// The worker is a generator: its result cannot come back.
    GeneratorWorker = "generator-worker",
    /// The worker is a coroutine function: its result cannot come back.
    CoroutineWorker = "coroutine-worker",
    /// The callable is looked up at run time and cannot be resolved.
    DynamicCallable = "dynamic-callable",
    /// A default value is mutable or has side effects, so evaluating it elsewhere would change the program.
    MutableDefault = "mutable-default",
    /// A default value reads the enclosing function, and a use may pass that parameter by position.
    DefaultPassed = "default-passed",
    /// The function is used in a way that the rewrite cannot keep.
    OtherUse = "other-use",
    /// A decorator's effect at module level is not known.
    UnknownDecorator = "unknown-decorator",
    /// The file is run as `__main__.py`: children never import it, so it cannot host workers.
    MainModule = "main-module",
    /// What would move to module level runs code where it is made (a class body, a decorator, a metaclass): there it would run at import, in every child.
    RunsAtImport = "runs-at-import",
    /// Each call of the function around makes it anew, with state of its own; at module level all calls would share that.
    StateOfCall = "state-of-call",
    /// The syntax around the place has no rewrite that is proven.
    UnsupportedShape = "unsupported-shape",
    /// Another module imports the file: under a guard its names would be missing there, and a start at import time fails under every start method.
    ImportedElsewhere = "imported-elsewhere",
    /// Code that runs in workers (or at import time) reads a name that is made with the processes or after them.
    WorkerReadsResult = "worker-reads-result",
    /// Code that runs in workers reads a name whose making must not be repeated in every child: input, a file opened for writing, an object that
    /// processes share; or gives something else each time.
    WorkerReadsOnce = "worker-reads-once",
    /// The work is repeated by every child, but workers read what it makes: only its author can say how they should get it.
    WorkerReadsWork = "worker-reads-work",
    /// What a process is given has to live until the process ends, and its owner ends before: only its author knows who should keep it.
    OwnerEnds = "owner-ends",
    /// CPython does not compile the file as it is; what cannot run is not rewritten.
    DoesNotCompile = "does-not-compile",
    /// The rewrite was made and checked, and would not have held what a fix promises: it would not compile, a name would
    /// mean something else, or something would still fail.
    FailedCheck = "failed-check",
}

impl Serialize for Reason {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.id())
    }
}

/// A refusal to rewrite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The documented reason.
    pub reason: Reason,
    /// The reason with the names of this case: "'work' writes 'done' of the enclosing function (nonlocal)".
    pub detail: String,
    /// What to do by hand; empty if there is nothing to say.
    pub advice: String,
}

impl Refusal {
    /// A refusal with the particulars of the case and what to do by hand.
    pub fn new(reason: Reason, detail: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { reason, detail: detail.into(), advice: advice.into() }
    }
}
