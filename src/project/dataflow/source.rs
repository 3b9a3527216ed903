//! What the solver speaks of: sources, call strings, allocation sites.

use crate::catalogue::Start;
use crate::catalogue::flows::Hop;
use crate::project::{FileId, Site};
use std::cmp::Ordering;
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::Arc;

/// The longest call string that is told apart: a call further out is forgotten.
const LONGEST_CALL_STRING: usize = 4;
/// An allocation site keeps that much of the call string in which it ran.
const LONGEST_HEAP_CONTEXT: usize = 1;
/// Objects made by methods of objects made by methods, functions made by functions made by functions: so many levels are told
/// apart. Without a bound `def __iter__(self): return Node(self)` makes objects without end.
const MOST_LEVELS: usize = 3;

/// How a frame was entered.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Frame {
    /// By that call (or decorator).
    Call(Site),
    /// As a method of that object, by a call that is not known.
    This(Arc<Source>),
    /// As a function made in a frame that was entered like that.
    Within(CallString),
}

impl Frame {
    fn limited(&self, levels: usize) -> Option<Self> {
        match self {
            Self::Call(_) => None,
            Self::This(object) => object.limited(levels).map(|object| Self::This(object.into())),
            Self::Within(outer) => outer.limited(levels - 1).map(Self::Within),
        }
    }
}

/// The calls that lead to a frame, the outermost first; what is further out is not known.
#[derive(Debug, Clone, Default)]
pub struct CallString(Option<Arc<Frames>>);

/// At least one frame. Call strings are part of every question and lie inside of each other: they are hashed once.
#[derive(Debug)]
struct Frames {
    hash: u64,
    all: Box<[Frame]>,
}

impl PartialEq for CallString {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (None, None) => true,
            (Some(one), Some(other)) => {
                Arc::ptr_eq(one, other) || (one.hash == other.hash && one.all == other.all)
            }
            _ => false,
        }
    }
}

impl Eq for CallString {}

impl PartialOrd for CallString {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for CallString {
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.0, &other.0) {
            (Some(one), Some(other)) if Arc::ptr_eq(one, other) => Ordering::Equal,
            // That nothing is known comes first.
            _ => self.frames().cmp(other.frames()),
        }
    }
}

impl Hash for CallString {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0.as_ref().map_or(0, |frames| frames.hash));
    }
}

impl CallString {
    /// Nothing is known of the callers.
    pub const UNKNOWN: Self = Self(None);

    /// That of a frame that is entered by the last of some calls, in a function that the one before runs.
    pub fn of_calls(calls: &[Site]) -> Self {
        calls.iter().fold(Self::UNKNOWN, |callers, call| callers.entered(Frame::Call(*call)))
    }

    /// The frames, the outermost first.
    pub fn frames(&self) -> &[Frame] {
        self.0.as_ref().map_or(&[], |frames| &frames.all)
    }

    /// Whether nothing is known of the callers.
    pub fn is_unknown(&self) -> bool {
        self.0.is_none()
    }

    fn of(frames: &[Frame], longest: usize) -> Self {
        Self::new(frames[frames.len().saturating_sub(longest)..].into())
    }

    fn new(frames: Box<[Frame]>) -> Self {
        if frames.is_empty() {
            return Self::UNKNOWN;
        }
        let hash = rustc_hash::FxBuildHasher.hash_one(&frames);
        Self(Some(Arc::new(Frames { hash, all: frames })))
    }

    /// The call string of a frame that is entered from here.
    pub fn entered(&self, frame: Frame) -> Self {
        let mut frames = self.frames().to_vec();
        frames.push(frame.limited(MOST_LEVELS).unwrap_or(frame));
        Self::of(&frames, LONGEST_CALL_STRING)
    }

    /// This call string without what lies more than `levels` deep inside of its frames; `None` if that is all of it.
    fn limited(&self, levels: usize) -> Option<Self> {
        let frames = self.frames();
        if levels == 0 || frames.is_empty() {
            return (!frames.is_empty()).then_some(Self::UNKNOWN);
        }
        let limited: Vec<Option<Frame>> =
            frames.iter().map(|frame| frame.limited(levels)).collect();
        let is_changed = limited.iter().any(Option::is_some);
        is_changed.then(|| {
            let both = limited.into_iter().zip(frames.iter());
            Self::new(both.map(|(new, old)| new.unwrap_or_else(|| old.clone())).collect())
        })
    }

    /// Whether one more frame would push out the outermost.
    pub fn is_full(&self) -> bool {
        self.frames().len() >= LONGEST_CALL_STRING
    }

    /// How the innermost frame was entered, and the call string of the frame that did.
    pub fn split(&self) -> Option<(&Frame, Self)> {
        let (last, rest) = self.frames().split_last()?;
        Some((last, Self::new(rest.into())))
    }

    /// This call string, before which `outer` goes on: what was assumed of the callers' callers.
    pub fn beneath(&self, outer: &Self) -> Self {
        if outer.is_unknown() {
            return self.clone();
        }
        let frames: Vec<Frame> = outer.frames().iter().chain(self.frames()).cloned().collect();
        // The innermost frames are those that matter.
        Self::of(&frames, LONGEST_CALL_STRING)
    }

    /// As much as an allocation site keeps.
    pub fn for_heap(&self) -> Self {
        Self::of(self.frames(), LONGEST_HEAP_CONTEXT)
    }
}

/// Where an object was made: the abstract object of the analysis.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Allocation {
    /// The call, display or definition that makes it.
    pub site: Site,
    /// How the frame was entered in which it ran.
    pub context: CallString,
}

impl Allocation {
    fn limited(&self, levels: usize) -> Option<Self> {
        let context = self.context.limited(levels - 1)?;
        Some(Self { site: self.site, context })
    }
}

/// One thing that an expression may evaluate to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// A module, function, class or constant outside the project, by dotted path; builtins start with `builtins.`.
    External {
        /// The path.
        path: Arc<str>,
        /// The start method fixed by the context that it was taken from.
        start: Start,
    },
    /// A module of the project.
    Module(FileId),
    /// A `def`.
    Function(Site),
    /// A lambda.
    Lambda(Site),
    /// A class.
    Class(Site),
    /// An object of a class of the project; of any allocation if that is `None`.
    Instance {
        /// The class.
        class: Site,
        /// The call that made it.
        made: Option<Allocation>,
    },
    /// What a class or function outside the project gave.
    Made {
        /// Its dotted path.
        path: Arc<str>,
        /// The start method fixed by a context.
        start: Start,
        /// The call, where there is one (an annotation makes nothing).
        made: Option<Allocation>,
    },
    /// An attribute of an object that is called, or may be.
    Method {
        /// The object.
        object: Arc<Source>,
        /// Its name.
        name: Arc<str>,
        /// The `def`, where the class is the project's.
        function: Option<Site>,
        /// The expression that gave the object.
        at: Site,
    },
    /// `functools.partial(…)`.
    Partial(Allocation),
    /// A display, a comprehension, or what a library function makes of what it is given; behind the `view`, a part of that.
    Container {
        /// Where it is made.
        made: Allocation,
        /// The parts that were taken of it and are no expressions of their own (the pairs of `zip`).
        view: View,
    },
    /// A list of the elements of another container, without some at both ends.
    Slice {
        /// The other one.
        of: Arc<Source>,
        /// How many are left out at the start.
        before: u32,
        /// How many are left out at the end.
        after: u32,
    },
    /// What calling a generator function gives.
    Generator {
        /// The function.
        function: Site,
        /// The call.
        made: Allocation,
    },
    /// What calling an `async def` gives.
    Coroutine {
        /// The function.
        function: Site,
        /// The call.
        made: Allocation,
    },
    /// `vars(object)`, `object.__dict__`.
    Attributes(Arc<Source>),
    /// `super()` in a method of a class.
    Super {
        /// The class whose bases are asked.
        class: Site,
        /// The object.
        object: Arc<Source>,
    },
    /// A number, a string, `None` or the like.
    Literal(Site),
    /// A call that runs a function: the answer to the question who calls it.
    Caller(Site),
    /// What a call of something that is not known gives.
    Result(Site),
    /// A parameter that nobody is known to feed.
    Parameter(Site),
    /// Anything.
    Unknown,
}

/// Parts that were taken one after the other.
pub type View = Arc<[ViewHop]>;

/// A part of a library function's result, as `flows.toml` speaks of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ViewHop {
    /// Any item.
    Each,
    /// That item.
    Item(u32),
}

impl ViewHop {
    /// Whether a part that the data names is the one that was taken.
    pub(super) fn is(self, hop: Hop, own: u32) -> bool {
        match (self, hop) {
            (Self::Each, _) | (_, Hop::Element | Hop::Values) => true,
            (Self::Item(wanted), Hop::Item(number)) => wanted == number,
            (Self::Item(wanted), Hop::OwnItem) => wanted == own,
            _ => false,
        }
    }
}

impl Source {
    /// Something outside the project, outside any context.
    pub fn external(path: &str) -> Self {
        Self::External { path: path.into(), start: Start::Platform }
    }

    /// An object of a class, wherever it was made.
    pub fn any_instance(class: Site) -> Self {
        Self::Instance { class, made: None }
    }

    /// The same without what lies more than `levels` deep in the call strings of its allocation sites; `None` if nothing does.
    fn limited(&self, levels: usize) -> Option<Self> {
        let mut limited = self.clone();
        match &mut limited {
            Self::Instance { made: Some(made), .. }
            | Self::Made { made: Some(made), .. }
            | Self::Partial(made)
            | Self::Container { made, .. }
            | Self::Generator { made, .. }
            | Self::Coroutine { made, .. } => *made = made.limited(levels)?,
            Self::Method { object: inner, .. }
            | Self::Slice { of: inner, .. }
            | Self::Attributes(inner)
            | Self::Super { object: inner, .. } => *inner = inner.limited(levels)?.into(),
            _ => return None,
        }
        Some(limited)
    }

    /// Whether it says nothing.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown | Self::Result(_) | Self::Parameter(_))
    }
}

/// The way of a source to where it is asked for, as far as repairs need it.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Way {
    /// The expression that names it first; the lambda or call itself, where that makes it.
    pub named: Option<Site>,
    /// The last call of a function of the project that gave it back.
    pub given_back_by: Option<Site>,
    /// Whether an attribute or a container that is filled later keeps it.
    pub is_kept: bool,
    /// The arguments as which it is handed on, the last one first.
    pub handed_over: Arc<[Site]>,
}

/// Ways through more arguments are not told apart.
const MOST_HAND_OVERS: usize = 8;

impl Way {
    /// Whether it leads through nothing.
    pub fn is_plain(&self) -> bool {
        self.given_back_by.is_none() && !self.is_kept && self.handed_over.is_empty()
    }

    /// The way that goes on as an argument (or is stored where another file reads it).
    pub fn handed_over_as(&self, argument: Site) -> Self {
        if self.handed_over.contains(&argument) || self.handed_over.len() >= MOST_HAND_OVERS {
            return self.clone();
        }
        let handed_over = std::iter::once(argument).chain(self.handed_over.iter().copied());
        Self { handed_over: handed_over.collect(), ..self.clone() }
    }
}

/// A source, what was assumed to get there, and its way.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Found {
    /// What it is.
    pub source: Source,
    /// The callers of the frame that was asked about for which this holds, as far as any were chosen.
    pub callers: CallString,
    /// How it gets there.
    pub way: Way,
}

impl Found {
    /// A source that holds for all callers.
    pub fn new(source: Source) -> Self {
        Self { source, callers: CallString::UNKNOWN, way: Way::default() }
    }

    /// Something that is made where it stands.
    pub fn made(source: Source, site: Site) -> Self {
        let way = Way { named: Some(site), ..Way::default() };
        Self { source, callers: CallString::UNKNOWN, way }
    }

    /// Nothing is known.
    pub fn unknown() -> Self {
        Self::new(Source::Unknown)
    }

    /// The same in a frame of which nothing was assumed.
    pub fn apart(&self) -> Self {
        Self { callers: CallString::UNKNOWN, ..self.clone() }
    }

    /// The same, called by another frame as well.
    pub fn entered(&self, frame: Frame) -> Self {
        Self { callers: self.callers.entered(frame), ..self.clone() }
    }

    /// The same, named by an expression.
    pub fn named(&self, site: Site) -> Self {
        Self { way: Way { named: Some(site), ..self.way.clone() }, ..self.clone() }
    }

    /// The same, kept by an object or container.
    pub fn kept(&self) -> Self {
        Self { way: Way { is_kept: true, ..self.way.clone() }, ..self.clone() }
    }

    /// The same, given back by a call.
    pub fn given_back_by(&self, call: Site) -> Self {
        Self { way: Way { given_back_by: Some(call), ..self.way.clone() }, ..self.clone() }
    }

    /// The same, handed on as an argument.
    pub fn handed_over_as(&self, argument: Site) -> Self {
        Self { way: self.way.handed_over_as(argument), ..self.clone() }
    }
}
