//! The one solver: where does a value come from, across files.
//!
//! [`Solver::sources`] walks the data-flow graphs of the files backwards from an expression to what makes its value. Calls and
//! returns are paired by call strings, objects are told apart by where they were made, the tests on the way are obeyed, and what
//! library functions do is read from `catalogue/flows.toml`. Answers have no side effect but the list of modules that they would
//! need ([`Solver::unresolved`]) and do not depend on what was asked before.

mod annotations;
mod call_graph;
mod callers;
mod calls;
mod classes;
mod constants;
mod contents;
mod describe;
mod engine;
mod expressions;
mod feasibility;
mod forward;
mod library;
mod members;
mod modules;
mod narrowing;
mod objects;
mod parameters;
mod records;
mod runs;
mod source;
#[cfg(test)]
mod tests;
mod variadic;

pub use call_graph::CallGraph;
pub use forward::Addition;
pub use source::{Allocation, CallString, Found, Frame, Source, View, ViewHop, Way};

use crate::catalogue::flows::ContainerKind;
use crate::facts::FileFacts;
use crate::facts::dataflow::{DataFlow, Part};
use crate::facts::scopes::ScopeId;
use crate::project::{FileId, Project, Site};
use crate::syntax::{NodeId, Tree};
use engine::{Memory, Question};
use rustc_hash::FxHashMap;
use std::cell::RefCell;
use std::path::PathBuf;
use std::sync::Arc;

/// What an expression may be.
#[derive(Debug, Clone)]
pub struct Sources {
    /// Sorted, without doubles.
    pub found: Arc<[Found]>,
    /// Whether the budget sufficed: else there may be more.
    pub is_complete: bool,
}

/// Answers questions about one project, and remembers the answers.
#[derive(Debug)]
pub struct Solver<'p> {
    project: &'p Project,
    memory: Memory,
    unresolved: RefCell<Unresolved>,
    /// The names that are being looked for behind the star imports of a module: those may lead back to it.
    behind_stars: RefCell<Vec<(FileId, String)>>,
}

/// The modules that answers would need, numbered in the order in which they were met.
#[derive(Debug, Default)]
struct Unresolved {
    met: Vec<Needed>,
    numbers: FxHashMap<Needed, u32>,
}

/// A module that is not parsed, and the name that is asked of it.
pub type Needed = (PathBuf, Option<String>);

impl<'p> Solver<'p> {
    /// A solver that knows nothing yet.
    pub fn new(project: &'p Project) -> Self {
        Self {
            project,
            memory: Memory::default(),
            unresolved: RefCell::default(),
            behind_stars: RefCell::default(),
        }
    }

    /// Everything that an expression may be in a frame that was entered by `callers`.
    pub fn sources(&self, expression: Site, callers: &CallString) -> Sources {
        let (found, is_complete) = self.ask(Question::Value(expression, callers.clone()));
        Sources { found, is_complete }
    }

    /// As [`sources`](Self::sources) for any callers, with a small budget.
    pub fn sources_nearby(&self, expression: Site) -> Sources {
        let question = Question::Value(expression, CallString::UNKNOWN);
        let (found, is_complete) = self.with_small_budget(|| self.answer(question));
        Sources { found, is_complete }
    }

    /// Everything that a part of an expression may be in a frame that was entered by `callers`.
    pub fn sources_of_part(&self, expression: Site, part: Part, callers: &CallString) -> Sources {
        let (mut found, is_complete) = self.with_budget(|| {
            let whole = self.find(expression, callers);
            let parts = whole.iter().flat_map(|each| {
                expressions::beneath(each, self.load(&each.source, part, expression))
            });
            parts.collect::<Vec<Found>>()
        });
        engine::tidy(&mut found);
        Sources { found: found.into(), is_complete }
    }

    /// What a loop at `at` takes of a container; of a mapping, its values.
    pub fn items(&self, container: &Source, at: Site) -> Vec<Found> {
        let (mut found, _) = self.with_budget(|| match self.container_kind(container) {
            Some(ContainerKind::Dict) => self.load(container, Part::Values, at),
            _ => self.elements(container, at),
        });
        engine::tidy(&mut found);
        found
    }

    /// As [`items`](Self::items), without the first `skip` of them.
    pub fn items_from(&self, container: &Source, skip: usize, at: Site) -> Vec<Found> {
        /// Calls with more arguments than this are no calls that a person writes.
        const MOST: usize = 16;
        let (mut found, _) = self.with_budget(|| {
            let numbers = skip..skip + MOST;
            let items =
                numbers.flat_map(|number| self.load(container, Part::Item(number as u32), at));
            items.collect::<Vec<Found>>()
        });
        engine::tidy(&mut found);
        found
    }

    /// The items with which a container was made; of a mapping, its values.
    pub fn items_made_with(&self, made: &Allocation) -> Vec<Found> {
        let whole = Source::Container { made: made.clone(), view: [].into() };
        let (mut found, _) = self.with_budget(|| match self.container_kind(&whole) {
            Some(ContainerKind::Dict) => self.made_with(made, &[].into(), Part::Values),
            _ => self.made_with(made, &[].into(), Part::Each),
        });
        engine::tidy(&mut found);
        found
    }

    /// What statements put into a container after it was made.
    pub fn additions(&self, made: &Allocation) -> Vec<Addition> {
        let (changes, _) = self.with_budget(|| self.changes(made));
        let mut out: Vec<Addition> =
            changes.iter().flat_map(|change| self.addition(change)).collect();
        out.sort();
        out.dedup();
        out
    }

    /// The dotted path of the library function that made a container; `None` where it is a display or a method's result.
    pub fn maker(&self, made: &Allocation) -> Option<Arc<str>> {
        self.with_budget(|| self.path_of_library(made.site, &made.context)).0
    }

    /// The frame that evaluates an expression: the scope of its function, or of its module.
    pub fn frame(&self, expression: Site) -> (FileId, ScopeId) {
        (expression.file, self.frame_of(expression))
    }

    /// The frame from which a call string starts in the frame of `place`; `None` if that is not known.
    pub fn outermost_frame(&self, place: Site, callers: &CallString) -> Option<(FileId, ScopeId)> {
        match callers.frames().first() {
            None => Some(self.frame(place)),
            Some(Frame::Call(call)) => Some(self.frame(*call)),
            Some(_) => None,
        }
    }

    /// The calls that may run a function: calls, decorators, and calls of library functions that call it.
    pub fn callers(&self, function: Site) -> Vec<Site> {
        let (found, _) = self.ask(Question::Callers(function));
        found
            .iter()
            .filter_map(|each| match each.source {
                Source::Caller(site) => Some(site),
                _ => None,
            })
            .collect()
    }

    /// The calls that make objects of a class.
    pub fn makers(&self, class: Site) -> Vec<Site> {
        self.with_budget(|| self.constructor_calls(class)).0
    }

    /// The classes of the project that derive from a class.
    pub fn classes_below(&self, class: Site) -> Vec<Site> {
        self.with_budget(|| self.subclasses(class)).0
    }

    /// What a module holds under a name.
    pub fn module(&self, file: FileId, name: &str) -> Vec<Found> {
        let (mut found, _) = self.with_budget(|| self.module_member(file, name));
        engine::tidy(&mut found);
        found
    }

    /// The modules of the project that the answers since this was asked last would have needed and that are not parsed, by number.
    pub fn take_needs(&self) -> Vec<u32> {
        let mut needs = self.memory.take_needs();
        needs.sort_unstable();
        needs.dedup();
        needs
    }

    /// The module with that number, and the name that is asked of it.
    pub fn needed(&self, number: u32) -> Needed {
        self.unresolved.borrow().met[number as usize].clone()
    }

    pub(super) fn file(&self, id: FileId) -> &'p FileFacts {
        self.project.file(id)
    }

    pub(super) fn tree(&self, id: FileId) -> &'p Tree {
        self.file(id).tree()
    }

    pub(super) fn graph(&self, id: FileId) -> &'p DataFlow {
        self.file(id).dataflow()
    }

    /// The sources of a node, from within a question.
    pub(super) fn find(&self, site: Site, context: &CallString) -> Arc<[Found]> {
        let node = self.tree(site.file).unparenthesized(site.node);
        self.answer(Question::Value(Site { file: site.file, node }, context.clone()))
    }

    pub(super) fn text(&self, site: Site) -> &'p str {
        self.file(site.file).text(site.node)
    }
}

/// A node of the file of another site.
fn beside(site: Site, node: NodeId) -> Site {
    Site { file: site.file, node }
}
