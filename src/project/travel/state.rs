//! What an object holds when it is pickled: its attributes, by where the object was made.

use crate::project::dataflow::{Found, Source};
use crate::project::travel::picklability::{Obstacle, object_obstacle};
use crate::project::values::instances::definition;
use crate::project::values::writes::AttributeWrite;
use crate::project::{Eval, Site};
use crate::syntax::{Field, Kind};
use std::collections::BTreeSet;

/// When an object is pickled: what is written later, or in the worker only, does not count.
#[derive(Debug, Clone, Default)]
pub struct Moment {
    /// The method that runs in the worker.
    pub worker: Option<Site>,
    /// The call that sends.
    pub call: Option<Site>,
}

/// An attribute of an object, and what one statement stores there.
#[derive(Debug, Clone)]
pub struct Held {
    /// How it is read: `self.lock`; `job.lock`, where a statement outside the class stores it.
    pub path: String,
    /// Where it is stored: the attribute that is assigned to, the field, the cached property.
    pub target: Site,
    /// The expression that is stored, where the attribute gets the whole of it.
    pub value: Option<Site>,
    /// What it may be.
    pub found: Vec<Found>,
}

impl Eval<'_> {
    /// What the attributes of an object (of every object of its class, where it is not said where it was made) hold at
    /// `moment`.
    pub fn attributes_held(&self, object: &Source, moment: &Moment) -> Vec<Held> {
        let Source::Instance { class, .. } = object else { return Vec::new() };
        let mut held = Vec::new();
        let lineage = self.lineage(*class);
        let there = self.writes_there(*class, &lineage, moment);
        for each in &lineage {
            for (name, write) in self.own_attribute_writes(*each).iter() {
                if there(write) {
                    let found = self.solver.stored_at(object, write.target);
                    held.push(Held {
                        path: format!("self.{name}"),
                        target: write.target,
                        value: write.value,
                        found,
                    });
                }
            }
            held.extend(self.cached_properties_read(*each, moment));
        }
        for (name, target, found) in self.solver.fields_of(object) {
            let path = format!("self.{name}");
            held.push(Held { path, target, value: None, found });
        }
        held.extend(self.held_from_outside(object, moment));
        self.note_wanted();
        held
    }

    /// Whether a write to an attribute has happened, and counts, at a moment.
    fn writes_there(
        &self,
        class: Site,
        lineage: &[Site],
        moment: &Moment,
    ) -> impl Fn(&AttributeWrite) -> bool {
        let inside = moment
            .worker
            .map(|worker| self.worker_methods_beside(lineage, worker, moment.call))
            .unwrap_or_default();
        let ran = moment.call.and_then(|call| self.methods_run_before(class, call));
        let call = moment.call;
        move |write| {
            let method = self.method_around(class, write.target);
            if method.is_some_and(|method| inside.contains(&method)) {
                return false;
            }
            let Some(call) = call else { return true };
            let never_ran =
                ran.as_ref().zip(method).is_some_and(|(ran, method)| !ran.contains(&method));
            !never_ran
                && !self.is_behind(write.target, call)
                && !method.is_some_and(|method| self.runs_on_demand(method, call))
                && !self.is_absent_at(write.target, call)
                && !self.runs_after(write.target, call)
        }
    }

    /// What statements outside the class store in an object that they name: `job.lock = Lock()`.
    fn held_from_outside(&self, object: &Source, moment: &Moment) -> Vec<Held> {
        let Source::Instance { made: Some(made), .. } = object else { return Vec::new() };
        let mut files = vec![made.site.file];
        files.extend(moment.call.map(|call| call.file).filter(|file| *file != made.site.file));
        let stores =
            files.into_iter().flat_map(|file| self.solver.stored_from_outside(object, file));
        let early = stores
            .filter(|(target, _)| moment.call.is_none_or(|call| self.is_before(*target, call)));
        let told = |target: Site| self.file(target.file).text(target.node).to_owned();
        early
            .map(|(target, found)| Held { path: told(target), target, value: None, found })
            .collect()
    }

    /// The cached properties in the body of a class that are known to be read before the object is sent at `moment`.
    fn cached_properties_read(&self, class: Site, moment: &Moment) -> Vec<Held> {
        let Some(call) = moment.call else { return Vec::new() };
        let facts = self.file(class.file);
        let tree = facts.tree();
        let body =
            tree.child(class.node, Field::Body).into_iter().flat_map(|body| tree.children(body));
        let getters = body
            .filter_map(|statement| definition(tree, statement))
            .map(|node| Site { file: class.file, node });
        let cached = getters.filter(|getter| self.has_decorator(*getter, &["cached_property"]));
        let read = cached.filter(|getter| {
            let reads = self.project.attributes_named(facts.definition_name(getter.node)).iter();
            reads
                .filter(|read| self.is_of_class(class, **read))
                .any(|read| self.is_before(*read, call))
        });
        read.filter_map(|getter| {
            let target =
                tree.child(getter.node, Field::Name).map(|node| Site { file: class.file, node })?;
            let returned = self.returns(getter).into_iter();
            let found = returned.flat_map(|value| self.found(value).to_vec()).collect();
            let path = format!("self.{}", facts.definition_name(getter.node));
            Some(Held { path, target, value: None, found })
        })
        .collect()
    }

    /// Whether an attribute is read from an object of the class.
    fn is_of_class(&self, class: Site, attribute: Site) -> bool {
        let object = self.file(attribute.file).tree().child(attribute.node, Field::Object);
        let is_one = |found: &Found| matches!(found.source, Source::Instance { class: of, .. } if self.lineage(of).contains(&class));
        object
            .is_some_and(|node| self.found(Site { file: attribute.file, node }).iter().any(is_one))
    }

    /// The arguments of a call that makes an object, or calls a base's `__init__` on it, that the object keeps.
    pub fn arguments_kept(&self, object: &Source, call: Site) -> Vec<Site> {
        let held = self.attributes_held(object, &Moment::default());
        let found = held.iter().flat_map(|held| &held.found);
        let given: BTreeSet<Site> =
            found.filter_map(|found| self.argument_of(call, found)).collect();
        given.into_iter().collect()
    }

    /// The argument of `call` as which something was handed over.
    pub(in crate::project) fn argument_of(&self, call: Site, found: &Found) -> Option<Site> {
        let tree = self.file(call.file).tree();
        let list = tree.child(call.node, Field::Arguments)?;
        let is_direct = |argument: &Site| {
            argument.file == call.file
                && tree.contains(list, argument.node)
                && tree
                    .ancestors(argument.node)
                    .find(|up| matches!(tree.kind(*up), Kind::ArgumentList | Kind::Call))
                    .is_some_and(|up| up == list)
        };
        found.way.handed_over.iter().copied().find(is_direct)
    }

    /// Everything that is known to keep an object from crossing at `moment`.
    pub fn state_obstacles(
        &self,
        object: &Source,
        inheritance: bool,
        depth: u32,
        moment: &Moment,
    ) -> Vec<Obstacle> {
        let Source::Instance { class, .. } = object else { return Vec::new() };
        let class = *class;
        if let Some(refusal) = self.refusal_to_pickle(class) {
            return vec![refusal];
        }
        if self.controls_its_pickling(class) || (inheritance && self.is_primitive(class)) {
            return Vec::new();
        }
        if self.is_local(class) {
            let name = self.file(class.file).definition_name(class.node);
            let what = format!("an instance of the local class '{name}'");
            return vec![Obstacle::of(&what, Some(class))];
        }
        match self.base_obstacle(class, inheritance) {
            Some(found) => vec![found],
            None => self.attribute_obstacles(object, inheritance, depth, moment),
        }
    }

    /// What keeps the objects of a class from crossing by a base outside the project.
    pub(in crate::project) fn base_obstacle(
        &self,
        class: Site,
        inheritance: bool,
    ) -> Option<Obstacle> {
        // A base that is a Process on one platform and a Thread on another counts as a Process.
        if self.process_class(class).is_some() {
            return None;
        }
        self.external_bases(class).iter().find_map(|(path, _)| {
            match crate::catalogue::last_part(path) {
                "TestCase" | "IsolatedAsyncioTestCase" => {
                    Some(Obstacle::of("a test case (it holds its runner's streams)", Some(class)))
                }
                _ => object_obstacle(path, Some(class), inheritance),
            }
        })
    }

    /// Every attribute of an object that is known to keep it from crossing at `moment`, each told once.
    pub fn attribute_obstacles(
        &self,
        object: &Source,
        inheritance: bool,
        depth: u32,
        moment: &Moment,
    ) -> Vec<Obstacle> {
        let mut found: Vec<Obstacle> = Vec::new();
        for held in self.attributes_held(object, moment) {
            let is_told = |have: &Obstacle| {
                have.path
                    .strip_prefix(&held.path)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            };
            if !found.iter().any(is_told) {
                found.extend(self.obstacle_held(object, &held, inheritance, depth - 1, moment));
            }
        }
        found
    }

    /// What keeps that from crossing which an attribute holds. Where it is not known where the object was made, all that
    /// callers give for a parameter must agree (`None` aside): which of them made the object in question is not known.
    pub fn obstacle_held(
        &self,
        object: &Source,
        held: &Held,
        inheritance: bool,
        depth: u32,
        moment: &Moment,
    ) -> Option<Obstacle> {
        let of = |found: &Found| self.obstacle_of(found, inheritance, depth, moment);
        let is_known = matches!(object, Source::Instance { made: Some(_), .. });
        let is_given = |found: &&Found| {
            !found.way.handed_over.is_empty()
                && !found.source.is_unknown()
                && !self.solver.is_none(&found.source)
        };
        let differ =
            !is_known && held.found.iter().filter(is_given).any(|found| of(found).is_none());
        let candidates = held.found.iter().filter(|found| !differ || !is_given(found));
        let inner = candidates.into_iter().find_map(of)?;
        let below = inner.path.find('.').map_or("", |at| &inner.path[at..]);
        let path = format!("{}{below}", held.path);
        Some(Obstacle { path, site: Some(held.target), ..inner })
    }

    /// Whether an expression is a lambda, or makes an object from one: `Compose([Lambda(lambda image: …)])`.
    pub(in crate::project) fn may_hold_a_lambda(&self, value: Site) -> bool {
        let tree = self.file(value.file).tree();
        let makes = matches!(
            tree.kind(value.node),
            Kind::Call | Kind::List | Kind::Tuple | Kind::Dictionary
        );
        tree.kind(value.node) == Kind::Lambda
            || makes && tree.subtree(value.node).any(|node| tree.kind(node) == Kind::Lambda)
    }
}
