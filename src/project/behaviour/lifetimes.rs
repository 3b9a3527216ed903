//! How long the parent keeps a primitive of multiprocessing that it gives to a Process. The system knows locks and queues by
//! names, which go with the last reference in the parent: the child that has not opened them by then does not find them.

use crate::catalogue::objects;
use crate::facts::FileFacts;
use crate::facts::scopes::{BindingKind, ScopeId};
use crate::project::{Dispatch, Eval, Site, Type, Value};
use crate::syntax::{Field, Kind, NodeId, Tree};

/// Calls that do not wait for a child: after them it has still not taken what it was given.
const QUICK: &[&str] = &[
    "start",
    "put",
    "put_nowait",
    "send",
    "append",
    "add",
    "print",
    "info",
    "debug",
    "warning",
    "error",
    "set",
    "release",
    "close",
    "format",
    "str",
    "len",
    "range",
    "list",
    "dict",
    "time",
    "perf_counter",
    "enumerate",
    "items",
    "Process",
    "Queue",
    "Lock",
    "Event",
    "SimpleQueue",
];

/// How the parent loses a primitive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It is made among the arguments, and `start()` forgets these.
    Forgotten,
    /// It is a local variable of a function that returns.
    Returns,
    /// Its variable is bound anew by the next round of a loop.
    Rebound,
    /// The script ends.
    Exits,
}

/// A primitive that may go before the child has taken it.
#[derive(Debug, Clone)]
pub struct ShortLived {
    /// Where it stands among the arguments of the Process.
    pub given: Site,
    /// The call that makes it.
    pub made: Site,
    /// How the parent loses it.
    pub end: End,
    /// Whether the parent waits for the process where it starts it.
    pub is_awaited: bool,
}

/// Where a process is started.
enum Started {
    Here(NodeId),
    /// By whoever gets the process object back.
    Elsewhere,
}

impl Eval<'_> {
    /// The primitives that a Process is given and that the parent loses before the child has taken them.
    pub fn short_lived(&self, dispatch: &Dispatch) -> Vec<ShortLived> {
        let call = dispatch.call;
        let given: Vec<Site> = [("args", 3), ("kwargs", 4)]
            .into_iter()
            .filter_map(|(name, pos)| self.argument(call, name, pos + dispatch.shift))
            .flat_map(|argument| items(self.file(call.file), argument.node))
            .map(|node| Site { file: call.file, node })
            .collect();
        given.into_iter().filter_map(|given| self.short_life(call, given)).collect()
    }

    fn short_life(&self, call: Site, given: Site) -> Option<ShortLived> {
        let facts = self.file(call.file);
        let tree = facts.tree();
        let function = facts.enclosing_function(call.node);
        let started = started(facts, call.node);
        let is_awaited = match &started {
            Some(Started::Here(start)) => !is_quick_behind(facts, function, *start, None),
            _ => false,
        };
        if tree.kind(given.node) == Kind::Call {
            return self.is_named_primitive(given).then_some(ShortLived {
                given,
                made: given,
                end: End::Forgotten,
                is_awaited,
            });
        }
        let (home, name) = facts.scopes.resolve_name(given.node)?;
        let [binding] = facts.scopes.bindings(home, name) else { return None };
        let BindingKind::Assignment { value: Some(value), path, .. } = &binding.kind else {
            return None;
        };
        let made = Site { file: call.file, node: tree.unparenthesized(*value) };
        let is_candidate = path.is_empty()
            && tree.kind(made.node) == Kind::Call
            && facts.enclosing_function(binding.node) == function
            && self.is_named_primitive(made);
        if !is_candidate {
            return None;
        }
        let end = match (function, started?) {
            (None, Started::Here(start)) => {
                is_quick_behind(facts, None, start, None).then_some(End::Exits)?
            }
            (None, Started::Elsewhere) => return None,
            (Some(function), started) => {
                let keeps = facts.is_generator(function) || facts.is_async(function);
                if keeps || escapes(facts, home, name, function) {
                    return None;
                }
                match started {
                    Started::Elsewhere => End::Returns,
                    Started::Here(start) => {
                        let around = loop_around(facts, binding.node, start);
                        if !is_quick_behind(facts, Some(function), start, around) {
                            return None;
                        }
                        around.map_or(End::Returns, |_| End::Rebound)
                    }
                }
            }
        };
        Some(ShortLived { given, made, end, is_awaited })
    }

    /// Whether a call makes a primitive that the system knows by a name.
    fn is_named_primitive(&self, call: Site) -> bool {
        let without_lock = self
            .keyword_argument(call, "lock")
            .is_some_and(|lock| self.file(lock.file).text(lock.node) == "False");
        !without_lock
            && self.values(call).iter().any(|value| match value {
                Value::Instance(Type::External { path, .. }) => {
                    objects::made_by(path).is_some_and(|object| object.named)
                }
                _ => false,
            })
    }
}

/// Whether anything but the arguments of processes and calls of its own methods speaks of a variable of a function.
fn escapes(facts: &FileFacts, home: ScopeId, name: &str, function: NodeId) -> bool {
    let tree = facts.tree();
    facts.scopes.references(home, name).iter().any(|read| {
        if facts.enclosing_function(*read) != Some(function) {
            return true;
        }
        if !facts.scopes.is_read(*read) {
            return false;
        }
        let is_receiver = tree.parent(*read).is_some_and(|up| {
            tree.kind(up) == Kind::Attribute
                && tree.field(*read) == Field::Object
                && tree.parent(up).is_some_and(|call| tree.kind(call) == Kind::Call)
                && tree.field(up) == Field::Function
        });
        let process = tree.enclosing(*read, &[Kind::Call]).filter(|call| {
            let callee = tree.child(*call, Field::Function);
            let last = callee.map(|callee| tree.child(callee, Field::Attribute).unwrap_or(callee));
            last.is_some_and(|last| facts.text(last).ends_with("Process"))
        });
        !is_receiver && process.is_none()
    })
}

/// The parts of displays: what a tuple, list or dictionary of arguments is made of.
fn items(facts: &FileFacts, display: NodeId) -> Vec<NodeId> {
    let tree = facts.tree();
    let node = tree.unparenthesized(display);
    match tree.kind(node) {
        Kind::Tuple | Kind::List | Kind::Dictionary => {
            tree.children(node).flat_map(|item| items(facts, item)).collect()
        }
        Kind::Pair => {
            tree.child(node, Field::Value).map(|value| items(facts, value)).unwrap_or_default()
        }
        Kind::Call | Kind::Identifier => vec![node],
        _ => Vec::new(),
    }
}

/// Where the process that `call` makes is started, in its function.
fn started(facts: &FileFacts, call: NodeId) -> Option<Started> {
    let tree = facts.tree();
    let function = facts.enclosing_function(call);
    let up = tree.parent(call)?;
    let named = match tree.kind(up) {
        Kind::Attribute => {
            let is_start =
                tree.child(up, Field::Attribute).is_some_and(|name| facts.text(name) == "start");
            return tree.parent(up).filter(|_| is_start).map(Started::Here);
        }
        Kind::ReturnStatement => return Some(Started::Elsewhere),
        Kind::Assignment => tree.child(up, Field::Left).map(|left| facts.text(left)),
        _ => None,
    };
    let starts = |other: &NodeId| {
        let callee = tree.child(*other, Field::Function);
        let text = callee.map_or("", |callee| facts.text(callee));
        facts.enclosing_function(*other) == function
            && tree.start(*other) > tree.end(call)
            && match named {
                Some(name) => text.strip_suffix(".start") == Some(name),
                None => text.rsplit_once('.').is_some_and(|(_, last)| last == "start"),
            }
    };
    if let Some(start) = facts.calls.iter().copied().find(starts) {
        return Some(Started::Here(start));
    }
    let returned = |node: &NodeId| {
        tree.kind(*node) == Kind::ReturnStatement
            && tree.children(*node).next().is_some_and(|value| Some(facts.text(value)) == named)
    };
    let mut nodes = facts.own_nodes(function?);
    nodes.find(returned).map(|_| Started::Elsewhere)
}

/// The innermost loop around both the binding of a variable and a start.
fn loop_around(facts: &FileFacts, binding: NodeId, start: NodeId) -> Option<NodeId> {
    let tree = facts.tree();
    let mut around = tree.ancestors(start).take_while(|up| {
        !matches!(tree.kind(*up), Kind::FunctionDefinition | Kind::Lambda | Kind::ClassDefinition)
    });
    around.find(|up| {
        matches!(tree.kind(*up), Kind::ForStatement | Kind::WhileStatement)
            && tree.contains(*up, binding)
    })
}

/// Whether what runs behind the start of a process, in its function (or only in the loop `within`), waits for nothing.
fn is_quick_behind(
    facts: &FileFacts,
    function: Option<NodeId>,
    start: NodeId,
    within: Option<NodeId>,
) -> bool {
    let tree = facts.tree();
    let outer_loop = tree.ancestors(start).filter(|up| {
        matches!(tree.kind(*up), Kind::ForStatement | Kind::WhileStatement)
            && facts.enclosing_function(*up) == function
    });
    // What a loop does before the start, it does after it as well.
    let from = match (within, outer_loop.last()) {
        (None, Some(repeated)) => tree.start(repeated),
        _ => tree.end(start),
    };
    let root = within.or(function).unwrap_or(Tree::ROOT);
    let behind = |node: &NodeId| {
        *node != start
            && tree.contains(root, *node)
            && tree.start(*node) >= from
            && facts.enclosing_function(*node) == function
    };
    let is_quick = |call: NodeId| {
        let callee = tree.child(call, Field::Function);
        let last = callee.map(|callee| tree.child(callee, Field::Attribute).unwrap_or(callee));
        last.is_some_and(|last| QUICK.contains(&facts.text(last)))
    };
    let waits = |node: NodeId| {
        matches!(
            tree.kind(node),
            Kind::WhileStatement | Kind::Await | Kind::Yield | Kind::WithStatement
        )
    };
    facts.calls.iter().copied().filter(behind).all(is_quick)
        && !tree.subtree(root).filter(behind).any(waits)
}
