//! Objects that keep the processes they start. One that has started cannot be pickled any more, and is pickled with the object
//! when the next one is given a method of it.

use crate::project::travel::picklability::Obstacle;
use crate::project::values::writes::AttributeWrite;
use crate::project::{Eval, Site, Type, Value};
use crate::syntax::{Field, Kind, NodeId};

/// How messages name such a process.
const STARTED: &str = "a process that has started";

impl Eval<'_> {
    /// The attributes of a class's objects that hold a started process when the process that `call` makes is started.
    pub fn started_before(&self, class: Site, call: Site) -> Vec<Obstacle> {
        if self.controls_its_pickling(class) {
            return Vec::new();
        }
        let mut found: Vec<Obstacle> = Vec::new();
        for each in self.lineage(class) {
            for (name, write) in self.own_attribute_writes(each).iter() {
                let path = format!("self.{name}");
                if found.iter().all(|have| have.path != path)
                    && (self.collects(write, call) || self.is_started_first(write, call))
                {
                    found.push(Obstacle { path, ..Obstacle::of(STARTED, Some(write.target)) });
                }
            }
        }
        found
    }

    /// The attributes that hold processes which the constructor of a class starts.
    pub fn started_by_constructor(&self, class: Site) -> Vec<Obstacle> {
        let Some(init) = self.own_method(class, "__init__") else { return Vec::new() };
        let facts = self.file(class.file);
        let tree = facts.tree();
        let is_started = |attribute: &str| {
            let inside = facts.calls.iter().filter(|call| tree.contains(init.node, **call));
            inside.copied().any(|call| started_from(facts, call, attribute))
        };
        let mut found = Vec::new();
        for (name, write) in self.own_attribute_writes(class).iter() {
            let Some(value) = write.value.filter(|_| tree.contains(init.node, write.target.node))
            else {
                continue;
            };
            let holds_processes = self.is_process(value)
                || self.items_held(value).into_iter().any(|item| self.is_process(item));
            if holds_processes && is_started(facts.text(write.target.node)) {
                let path = format!("self.{name}");
                found.push(Obstacle { path, ..Obstacle::of(STARTED, Some(write.target)) });
            }
        }
        found
    }

    /// The first attribute of a class's objects that a method sets to a process and that a method starts.
    pub(in crate::project) fn process_kept_by(&self, class: Site) -> Option<Obstacle> {
        if self.controls_its_pickling(class) || self.process_class(class).is_some() {
            return None;
        }
        let lineage = self.lineage(class);
        lineage.iter().find_map(|each| {
            let writes = self.own_attribute_writes(*each);
            let (name, write) = writes.iter().find(|(name, write)| {
                write.value.is_some_and(|value| self.is_process(value))
                    && lineage.iter().any(|class| self.starts_attribute(*class, name))
            })?;
            let path = format!("self.{name}");
            Some(Obstacle { path, ..Obstacle::of(STARTED, Some(write.target)) })
        })
    }

    /// Whether a class calls `self.name.start()`.
    fn starts_attribute(&self, class: Site, name: &str) -> bool {
        let facts = self.file(class.file);
        let tree = facts.tree();
        let started = format!("self.{name}.start");
        let mut calls = facts.calls.iter().filter(|call| tree.contains(class.node, **call));
        calls.any(|call| {
            tree.child(*call, Field::Function).is_some_and(|callee| facts.text(callee) == started)
        })
    }

    /// Whether the attribute is a list into which the process goes that `call` makes, and others do before it.
    fn collects(&self, write: &AttributeWrite, call: Site) -> bool {
        let Some(value) = write.value else { return false };
        let inside = |site: Site| {
            site.file == call.file && self.file(call.file).tree().contains(site.node, call.node)
        };
        let made_here = inside(value) && self.items_held(value).into_iter().any(inside);
        let is_it = |item: Site| inside(item) || self.holds(item, call);
        let put = || self.items_held(write.target).into_iter().any(is_it);
        (made_here || put() && !self.is_kept_behind_the_starts(write.target, call))
            && self.is_repeated(call)
    }

    /// Whether the attribute is set behind the starts of a function that runs once: `for each in jobs: each.start()`, then
    /// `self.jobs = jobs`.
    fn is_kept_behind_the_starts(&self, target: Site, call: Site) -> bool {
        let facts = self.file(call.file);
        let tree = facts.tree();
        let Some(function) = facts.enclosing_function(call.node) else { return false };
        let starts = |other: &NodeId| {
            let callee = tree.child(*other, Field::Function);
            let name = callee.and_then(|callee| tree.child(callee, Field::Attribute));
            name.is_some_and(|name| facts.text(name) == "start")
                && facts.enclosing_function(*other) == Some(function)
        };
        let callers = self.callers(Site { file: call.file, node: function });
        let mut started = facts.calls.iter().copied().filter(starts).peekable();
        started.peek().is_some()
            && self.is_behind(target, call)
            && started.all(|start| self.is_behind(target, Site { file: call.file, node: start }))
            && !callers.iter().any(|caller| in_loop(self.file(caller.file), caller.node))
    }

    /// Whether a name stands for what `call` makes.
    fn holds(&self, item: Site, call: Site) -> bool {
        let facts = self.file(item.file);
        let Some((home, name)) =
            facts.scopes.resolve_name(item.node).filter(|_| item.file == call.file)
        else {
            return false;
        };
        self.is_process(call)
            && facts
                .scopes
                .bindings(home, name)
                .iter()
                .any(|binding| facts.tree().contains(binding.statement, call.node))
    }

    /// Whether a call makes a process.
    fn is_process(&self, call: Site) -> bool {
        self.values(call).iter().any(|value| match value {
            Value::Instance(Type::Class(class)) => self.process_class(*class).is_some(),
            Value::Instance(Type::External { path, .. }) => self.is_process_path(path),
            _ => false,
        })
    }

    /// Whether a call is made several times for one object: in a loop, or in a method that is called in one.
    fn is_repeated(&self, call: Site) -> bool {
        let facts = self.file(call.file);
        if in_loop(facts, call.node) {
            return true;
        }
        let Some(function) = facts.enclosing_function(call.node) else { return false };
        let callers = self.callers(Site { file: call.file, node: function });
        callers.iter().any(|caller| in_loop(self.file(caller.file), caller.node))
    }

    /// Whether the attribute is another process that the same function starts before it starts the one that `call` makes.
    fn is_started_first(&self, write: &AttributeWrite, call: Site) -> bool {
        let Some(value) = write
            .value
            .filter(|value| *value != call && value.file == call.file && self.is_process(*value))
        else {
            return false;
        };
        let facts = self.file(call.file);
        let function = facts.enclosing_function(call.node);
        let same_suite = |start: NodeId| {
            facts.enclosing_function(start) == function
                && facts.tree().parent(facts.statement(start))
                    == facts.tree().parent(facts.statement(call.node))
        };
        let (Some(first), Some(second)) = (start_of(facts, value.node), start_of(facts, call.node))
        else {
            return false;
        };
        function.is_some()
            && facts.enclosing_function(value.node) == function
            && same_suite(first)
            && same_suite(second)
            && first < second
    }
}

/// Whether a place is in the body of a loop, or in a comprehension, of its function.
fn in_loop(facts: &crate::facts::FileFacts, place: NodeId) -> bool {
    let tree = facts.tree();
    let around = tree.ancestors(place).take_while(|up| {
        !matches!(tree.kind(*up), Kind::FunctionDefinition | Kind::Lambda | Kind::ClassDefinition)
    });
    around.into_iter().any(|up| match tree.kind(up) {
        Kind::ForStatement | Kind::WhileStatement => {
            tree.child(up, Field::Body).is_some_and(|body| tree.contains(body, place))
        }
        Kind::ListComprehension
        | Kind::SetComprehension
        | Kind::DictionaryComprehension
        | Kind::GeneratorExpression => true,
        _ => false,
    })
}

/// Whether a call starts what an attribute holds: `self.worker.start()`, `for worker in self.workers: worker.start()`.
fn started_from(facts: &crate::facts::FileFacts, call: NodeId, attribute: &str) -> bool {
    let tree = facts.tree();
    let callee = tree.child(call, Field::Function).filter(|callee| {
        tree.child(*callee, Field::Attribute).is_some_and(|name| facts.text(name) == "start")
    });
    let Some(object) = callee.and_then(|callee| tree.child(callee, Field::Object)) else {
        return false;
    };
    let speaks_of = |node: NodeId, text: &str| {
        tree.subtree(node).any(|inner| {
            matches!(tree.kind(inner), Kind::Identifier | Kind::Attribute)
                && facts.text(inner) == text
        })
    };
    let mut loops = tree.ancestors(call).filter(|up| tree.kind(*up) == Kind::ForStatement);
    facts.text(object) == attribute
        || loops.any(|each| {
            let (left, right) = (tree.child(each, Field::Left), tree.child(each, Field::Right));
            left.is_some_and(|left| speaks_of(left, facts.text(object)))
                && right.is_some_and(|right| speaks_of(right, attribute))
        })
}

/// The first `target.start()` behind the assignment `target = call`, in its function.
fn start_of(facts: &crate::facts::FileFacts, call: NodeId) -> Option<NodeId> {
    let tree = facts.tree();
    let assignment = tree.parent(call).filter(|up| tree.kind(*up) == Kind::Assignment)?;
    let target = format!("{}.start", facts.text(tree.child(assignment, Field::Left)?));
    let function = facts.enclosing_function(call);
    let later = facts.calls.iter().copied().filter(|other| {
        tree.start(*other) > tree.end(call) && facts.enclosing_function(*other) == function
    });
    later.into_iter().find(|other| {
        tree.child(*other, Field::Function).is_some_and(|callee| facts.text(callee) == target)
    })
}
