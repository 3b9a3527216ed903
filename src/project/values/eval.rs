//! The values of expressions, asked for on demand, across files, with a bound on the effort.

use crate::facts::FileFacts;
use crate::facts::scopes::Binding;
use crate::project::dataflow::{CallString, Found, Needed, Solver, Source, Sources};
use crate::project::names::module_names;
use crate::project::processes::starts::ProcessStart;
use crate::project::values::writes;
use crate::project::{FileId, Project, Site, Value};
use crate::syntax::{Field, Kind};
use rustc_hash::{FxHashMap, FxHashSet};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

/// The writes of attributes through `self`, by attribute name.
pub(in crate::project) type AttributeWrites = Vec<(String, writes::AttributeWrite)>;

/// An answer, and the numbers of the modules that were needed to give it.
type Known<T> = (Rc<[T]>, Rc<[u32]>);

/// Answers what expressions may be, and remembers the answers: made anew for every few files, lest they pile up.
#[derive(Debug)]
pub struct Eval<'p> {
    /// What is asked about.
    pub project: &'p Project,
    /// Where values come from.
    pub(in crate::project) solver: Solver<'p>,
    known: RefCell<FxHashMap<Site, Known<Value>>>,
    pub(in crate::project) writes_known: RefCell<FxHashMap<Site, Rc<AttributeWrites>>>,
    pub(in crate::project) lineage_known: RefCell<FxHashMap<Site, Known<Source>>>,
    pub(in crate::project) subclasses_known: RefCell<FxHashMap<Site, Rc<[Site]>>>,
    pub(in crate::project) dispatches_known:
        RefCell<FxHashMap<FileId, Rc<[crate::project::Dispatch]>>>,
    pub(in crate::project) module_names_known:
        RefCell<FxHashMap<FileId, Rc<module_names::ModuleNames>>>,
    /// The first process that a call of a function starts.
    pub(in crate::project) starts_known: RefCell<FxHashMap<Site, Option<Rc<ProcessStart>>>>,
    /// The functions whose process starts are being looked for.
    pub(in crate::project) chain: RefCell<BTreeSet<Site>>,
    wanted: RefCell<FxHashSet<u32>>,
}

impl<'p> Eval<'p> {
    /// An evaluator that knows nothing yet.
    pub fn new(project: &'p Project) -> Self {
        Self {
            project,
            solver: Solver::new(project),
            known: RefCell::default(),
            writes_known: RefCell::default(),
            lineage_known: RefCell::default(),
            subclasses_known: RefCell::default(),
            dispatches_known: RefCell::default(),
            module_names_known: RefCell::default(),
            starts_known: RefCell::default(),
            chain: RefCell::default(),
            wanted: RefCell::default(),
        }
    }

    /// The function or lambda around a place (not the place itself).
    pub(in crate::project) fn enclosing_function(&self, place: Site) -> Option<Site> {
        let node = self.file(place.file).enclosing_function(place.node)?;
        Some(Site { file: place.file, node })
    }

    /// The facts of a file.
    pub fn file(&self, id: FileId) -> &'p FileFacts {
        self.project.file(id)
    }

    /// Everything that `expression` may evaluate to, sorted, without doubles.
    pub fn values(&self, expression: Site) -> Rc<[Value]> {
        self.values_by(expression, |site| self.solver.sources(site, &CallString::UNKNOWN))
    }

    /// As [`values`](Self::values), as far as little work tells: for what is asked of every call of a file, most of which have
    /// nothing to do with processes.
    pub fn values_nearby(&self, expression: Site) -> Rc<[Value]> {
        self.values_by(expression, |site| self.solver.sources_nearby(site))
    }

    fn values_by(&self, expression: Site, sources: impl Fn(Site) -> Sources) -> Rc<[Value]> {
        let facts = self.file(expression.file);
        let site =
            Site { file: expression.file, node: facts.tree().unparenthesized(expression.node) };
        if let Some((done, needs)) = self.known.borrow().get(&site) {
            self.wanted.borrow_mut().extend(needs.iter().copied());
            return done.clone();
        }
        self.note_wanted();
        let sources = sources(site);
        let needs = self.solver.take_needs();
        let mut found: Vec<Value> =
            sources.found.iter().map(|found| self.found_value(found)).collect();
        found.sort();
        found.dedup();
        let found: Rc<[Value]> = found.into();
        self.wanted.borrow_mut().extend(&needs);
        // What more work would tell may be asked for later.
        if sources.is_complete {
            self.known.borrow_mut().insert(site, (found.clone(), needs.into()));
        }
        found
    }

    /// The sources of an expression, for any callers.
    pub fn found(&self, expression: Site) -> Arc<[Found]> {
        let sources = self.solver.sources(expression, &CallString::UNKNOWN);
        self.note_wanted();
        sources.found
    }

    /// Notes the modules that the solver would have needed since it was asked last.
    pub(in crate::project) fn note_wanted(&self) {
        self.wanted.borrow_mut().extend(self.solver.take_needs());
    }

    /// Begins with nothing wanted, or with what [`hold_wanted`](Self::hold_wanted) gave before.
    pub(in crate::project) fn hold_wanted(&self, earlier: FxHashSet<u32>) -> FxHashSet<u32> {
        self.note_wanted();
        self.wanted.replace(earlier)
    }

    /// What was wanted so far, which is forgotten.
    pub fn take_wanted(&self) -> BTreeSet<Needed> {
        let wanted = self.hold_wanted(FxHashSet::default());
        wanted.into_iter().map(|number| self.solver.needed(number)).collect()
    }

    /// Adds to what is wanted.
    pub(in crate::project) fn want(&self, more: impl IntoIterator<Item = u32>) {
        self.wanted.borrow_mut().extend(more);
    }

    /// What a variable holds after `binding`.
    pub fn binding_values(&self, file: FileId, binding: &Binding) -> Vec<Value> {
        self.values(Site { file, node: binding.node }).to_vec()
    }

    /// What a module holds under a name.
    pub fn module_member(&self, file: FileId, name: &str) -> Vec<Value> {
        self.solver.module(file, name).iter().map(|found| self.found_value(found)).collect()
    }

    /// The positional arguments of a call, up to the first splat.
    pub fn positional_arguments(&self, call: Site) -> Vec<Site> {
        let tree = self.file(call.file).tree();
        let Some(list) = tree.child(call.node, Field::Arguments) else { return Vec::new() };
        if tree.kind(list) == Kind::GeneratorExpression {
            return vec![Site { file: call.file, node: list }];
        }
        tree.children(list)
            .take_while(|node| tree.kind(*node) != Kind::ListSplat)
            .filter(|node| {
                !matches!(tree.kind(*node), Kind::KeywordArgument | Kind::DictionarySplat)
            })
            .map(|node| Site { file: call.file, node })
            .collect()
    }

    /// The value of the keyword argument `name` of a call.
    pub fn keyword_argument(&self, call: Site, name: &str) -> Option<Site> {
        let facts = self.file(call.file);
        let tree = facts.tree();
        let list = tree.child(call.node, Field::Arguments)?;
        tree.children(list)
            .filter(|node| tree.kind(*node) == Kind::KeywordArgument)
            .find(|node| tree.child(*node, Field::Name).is_some_and(|key| facts.text(key) == name))
            .and_then(|node| tree.child(node, Field::Value))
            .map(|node| Site { file: call.file, node })
    }

    /// The argument for a parameter given by name and 0-based position (-1: keyword only).
    pub fn argument(&self, call: Site, name: &str, pos: i32) -> Option<Site> {
        // Where it is given by position, a keyword of that name is for what the call passes it on to: `submit(apply, fn=f)`.
        let by_position = usize::try_from(pos)
            .ok()
            .and_then(|pos| self.positional_arguments(call).get(pos).copied());
        by_position.or_else(|| self.keyword_argument(call, name))
    }

    /// The text of a string literal without prefix and quotes; `None` for anything else.
    pub fn string_literal(&self, expression: Site) -> Option<&'p str> {
        let facts = self.file(expression.file);
        let tree = facts.tree();
        let node = tree.unparenthesized(expression.node);
        if tree.kind(node) != Kind::String {
            return None;
        }
        let content = tree.child_of_kind(node, Kind::StringContent);
        Some(content.map_or("", |content| facts.text(content)))
    }
}
