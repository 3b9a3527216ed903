//! The order in which two places run, as far as calls show it.

use crate::project::{Eval, Site, Type, Value};
use crate::syntax::{Field, Kind};

/// How far calls are followed to order two places.
const MAX_DEPTH: u32 = 4;

impl Eval<'_> {
    /// Whether `early` is evaluated before `late` in some run of the main process, as far as calls show it.
    pub fn is_before(&self, early: Site, late: Site) -> bool {
        self.before(early, late, MAX_DEPTH, false)
    }

    /// As [`is_before`](Self::is_before); a loop around both brings back what stands behind.
    pub fn is_before_again(&self, early: Site, late: Site) -> bool {
        self.before(early, late, MAX_DEPTH, true)
    }

    /// As [`is_before`](Self::is_before), where the function of one of the places calls, through others, that of the other.
    pub(in crate::project) fn is_before_in_one_chain(&self, early: Site, late: Site) -> bool {
        let lifted = |site: Site, depth: u32| {
            let mut level = vec![site];
            let mut all = level.clone();
            for _ in 0..depth {
                let functions = level.iter().filter_map(|each| self.enclosing_function(*each));
                level = functions.flat_map(|function| self.callers(function)).collect();
                all.extend(&level);
            }
            all
        };
        lifted(early, MAX_DEPTH).into_iter().any(|early| self.before(early, late, 0, false))
            || lifted(late, MAX_DEPTH).into_iter().any(|late| self.before(early, late, 0, false))
    }

    /// Whether calls put two places in an order, whichever: they are parts of one run.
    pub fn are_in_one_run(&self, one: Site, other: Site) -> bool {
        self.is_before(one, other) || self.is_before(other, one)
    }

    /// As [`is_before`](Self::is_before); with `again`, a loop around both brings back what stands behind.
    fn before(&self, early: Site, late: Site, depth: u32, again: bool) -> bool {
        let function = |site: Site| self.enclosing_function(site);
        let (outer, inner) = (function(early), function(late));
        if early.file == late.file && outer == inner {
            let tree = self.file(early.file).tree();
            // The arguments of a call run before it.
            let is_argument = early.node != late.node && tree.contains(late.node, early.node);
            let in_order = is_argument
                || tree.start(early.node) < tree.start(late.node)
                    && !tree.contains(early.node, late.node);
            let loops = || {
                tree.ancestors(early.node).filter(|up| {
                    matches!(tree.kind(*up), Kind::ForStatement | Kind::WhileStatement)
                })
            };
            return in_order || again && loops().any(|each| tree.contains(each, late.node));
        }
        if depth == 0 {
            return false;
        }
        let lifted_early = outer.is_some_and(|outer| {
            self.callers(outer).into_iter().any(|call| self.before(call, late, depth - 1, again))
        });
        lifted_early
            || inner.is_some_and(|inner| {
                self.callers(inner)
                    .into_iter()
                    .any(|call| self.before(early, call, depth - 1, again))
            })
    }

    /// Whether `place` is known to run after `call`, in another function than a constructor, and not known to run before it.
    pub(in crate::project) fn runs_after(&self, place: Site, call: Site) -> bool {
        let function = |site: Site| {
            self.file(site.file).enclosing_function(site.node).map(|node| (site.file, node))
        };
        let in_init = function(place)
            .is_some_and(|(file, node)| self.file(file).definition_name(node) == "__init__");
        !in_init
            && function(place) != function(call)
            && self.is_before(call, place)
            && !self.before(place, call, MAX_DEPTH, true)
    }

    /// Whether `place` runs before the processes of a class start: some call of `start()` is known to come later, and none
    /// to have come by then.
    pub fn is_before_every_start(&self, class: Site, place: Site) -> bool {
        let starts = self.starts_of(class);
        starts.iter().any(|start| self.is_before(place, *start))
            && !starts.iter().any(|start| self.is_before(*start, place))
    }

    /// The calls of `start` on the process that the constructor call `made` gives, as far as they can be seen.
    pub fn starts_of_process(&self, made: Site) -> Vec<Site> {
        let class = self.values(made).iter().find_map(|value| {
            if let Value::Instance(Type::Class(class)) = value { Some(*class) } else { None }
        });
        if let Some(class) = class {
            return self.starts_of(class);
        }
        let is_it = |value: &Value| matches!(value, Value::Method { receiver: Type::External { made: Some(other), .. }, .. } if *other == made);
        let calls = self.project.calls_named("start").iter().copied();
        let own = |call: &Site| {
            let callee = self.file(call.file).tree().child(call.node, Field::Function);
            callee.is_some_and(|node| self.values(Site { file: call.file, node }).iter().any(is_it))
        };
        calls.filter(own).collect()
    }

    /// The calls of `start` on objects of a `Process` subclass, its bases and its subclasses.
    fn starts_of(&self, class: Site) -> Vec<Site> {
        let related = |other: Site| {
            self.lineage(other).contains(&class) || self.lineage(class).contains(&other)
        };
        let of_class = |value: &Value| match value {
            Value::Method { receiver: Type::Class(other), .. } => related(*other),
            _ => false,
        };
        let calls = self.project.calls_named("start").iter().copied();
        let own = |call: &Site| {
            let facts = self.file(call.file);
            let callee = facts.tree().child(call.node, Field::Function);
            let by_super = || {
                facts
                    .tree()
                    .enclosing(call.node, &[Kind::ClassDefinition])
                    .is_some_and(|node| related(Site { file: call.file, node }))
            };
            callee.is_some_and(|node| match facts.text(node) {
                "super().start" => by_super(),
                _ => self.values(Site { file: call.file, node }).iter().any(of_class),
            })
        };
        calls.filter(own).collect()
    }
}
