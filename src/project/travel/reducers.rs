//! How classes say themselves how they are pickled: by special methods, by a function that is registered for them, or by
//! refusing.

use crate::catalogue::objects::{self, Travels};
use crate::project::travel::picklability::Obstacle;
use crate::project::{Eval, Site, Value};
use crate::syntax::{Field, Kind};

/// Library classes whose objects are pickled without the attributes that subclasses add.
const OWN_PICKLING: &[&str] = &[
    "logging.Logger",
    "requests.Session",
    "requests.sessions.Session",
    "pathlib.Path",
    "pathlib.PurePath",
];

/// The special methods that pickle asks for what an object is made of.
const REDUCERS: &[&str] = &["__reduce_ex__", "__reduce__", "__getstate__"];

/// Functions that register how objects of a class are pickled.
const REGISTERS: &[&str] = &[
    "copyreg.pickle",
    "copy_reg.pickle",
    "multiprocessing.reduction.register",
    "multiprocessing.reduction.ForkingPickler.register",
];

impl Eval<'_> {
    /// Whether the class, or one of its bases, says itself how it is pickled: its attributes need not travel.
    pub fn controls_its_pickling(&self, class: Site) -> bool {
        REDUCERS
            .iter()
            .chain(&["__getnewargs__", "__getnewargs_ex__"])
            .any(|name| self.method(class, name).is_some())
            || self.external_bases(class).iter().any(|(path, _)| {
                // Primitives of multiprocessing pickle what inheritance needs and nothing else.
                OWN_PICKLING.contains(&&**path)
                    || objects::made_by(path)
                        .is_some_and(|object| object.travels == Travels::Inheritance)
            })
            || self.is_registered(|value| matches!(value, Value::Class(site) if *site == class))
    }

    /// What keeps the objects of a class from crossing that refuses to be pickled: its special method does nothing but raise.
    pub fn refusal_to_pickle(&self, class: Site) -> Option<Obstacle> {
        let (name, method) = REDUCERS
            .iter()
            .find_map(|name| Some((name, self.method(class, name)?.1)))
            .filter(|(_, method)| self.only_raises(*method))?;
        let own = self.file(class.file).definition_name(class.node);
        let what = format!("an instance of '{own}', whose {name} raises");
        Some(Obstacle::of(&what, Some(method)))
    }

    /// Whether the first statement of a function, behind its docstring, is a `raise`.
    fn only_raises(&self, function: Site) -> bool {
        let tree = self.file(function.file).tree();
        let Some(body) = tree.child(function.node, Field::Body) else { return false };
        let is_text = |node| {
            tree.kind(node) == Kind::ExpressionStatement
                && tree.children(node).all(|inner| tree.kind(inner) == Kind::String)
        };
        tree.children(body)
            .find(|node| !is_text(*node) && tree.kind(*node) != Kind::Comment)
            .is_some_and(|node| tree.kind(node) == Kind::RaiseStatement)
    }

    /// Whether the project registers how objects of a library's class are pickled.
    pub(in crate::project) fn has_reducer(&self, path: &str) -> bool {
        self.is_registered(
            |value| matches!(value, Value::External { path: own, .. } if &**own == path),
        )
    }

    fn is_registered(&self, is_it: impl Fn(&Value) -> bool) -> bool {
        let calls = ["pickle", "register"].iter().flat_map(|name| self.project.calls_named(name));
        calls.copied().any(|call| {
            let facts = self.file(call.file);
            let Some(callee) = facts.tree().child(call.node, Field::Function) else { return false };
            let [class, _] = self.positional_arguments(call)[..] else { return false };
            let speaks_of_it = || {
                ["copyreg", "copy_reg", "reduction"].iter().any(|name| facts.all().contains(name))
            };
            speaks_of_it()
                && self.registers_reducer(Site { file: call.file, node: callee })
                && self.values(class).iter().any(&is_it)
        })
    }

    fn registers_reducer(&self, callee: Site) -> bool {
        self.values(callee).iter().any(
            |value| matches!(value, Value::External { path, .. } if REGISTERS.contains(&&**path)),
        )
    }
}
