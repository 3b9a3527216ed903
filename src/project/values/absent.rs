//! Attributes that an object does not have when it is sent: not yet, no longer, or not on this way through the code.

use crate::facts::scopes::BindingKind;
use crate::project::{Eval, Site, Type, Value};
use crate::syntax::{Field, Kind, NodeId, Tree};
use std::collections::BTreeSet;

/// The methods that run when an object is made.
const MAKING: &[&str] = &["__new__", "__init__", "__post_init__", "__attrs_post_init__"];

impl Eval<'_> {
    /// Whether what a method writes to an attribute at `target` is not there when `call` sends the object: the call stands in
    /// another branch, or the method takes it back before it ends.
    pub(in crate::project) fn is_absent_at(&self, target: Site, call: Site) -> bool {
        self.is_in_other_branch(target, call)
            || self.is_taken_back(target, call)
            || self.is_given_up_by_then(target, call)
            || self.is_of_another_run(target, call)
    }

    /// Whether one method of an object sets an attribute at `target` and another one sends the object by `call`, both are called,
    /// and no code is seen that does both.
    fn is_of_another_run(&self, target: Site, call: Site) -> bool {
        let facts = self.file(target.file);
        let (Some(setter), Some(sender)) =
            (self.enclosing_function(target), self.enclosing_function(call))
        else {
            return false;
        };
        let of_class = |method: Site| facts.tree().enclosing(method.node, &[Kind::ClassDefinition]);
        setter.file == sender.file
            && setter != sender
            && of_class(setter).is_some()
            && of_class(setter) == of_class(sender)
            && !MAKING.contains(&facts.definition_name(setter.node))
            && [setter, sender].iter().all(|method| !self.callers(*method).is_empty())
            && !self.are_in_one_run(target, call)
    }

    /// Whether an attribute is `None` from the start, one method sets it at `target` and another one, or the same, gives it up
    /// again, and nothing shows that `call` comes in between.
    fn is_given_up_by_then(&self, target: Site, call: Site) -> bool {
        let facts = self.file(target.file);
        let method = |site: Site| self.enclosing_function(site);
        let making = |site: Site| {
            method(site).is_some_and(|method| {
                MAKING.contains(&self.file(method.file).definition_name(method.node))
            })
        };
        let Some(name) = facts.tree().child(target.node, Field::Attribute) else { return false };
        let Some(class) = facts.tree().enclosing(target.node, &[Kind::ClassDefinition]) else {
            return false;
        };
        if making(target) || method(target) == method(call) {
            return false;
        }
        let class = Site { file: target.file, node: class };
        let writes = self.attribute_writes(class, facts.text(name));
        let (born, given_up): (Vec<Site>, Vec<Site>) = writes
            .iter()
            .filter(|write| write.value.is_some_and(|value| self.is_none_literal(value)))
            .map(|write| write.target)
            .partition(|target| making(*target));
        !born.is_empty()
            && !given_up.is_empty()
            && !self.is_before_in_one_chain(target, call)
            && (!self.is_before(target, call)
                || given_up.iter().any(|given_up| self.is_before(*given_up, call)))
    }

    fn is_none_literal(&self, value: Site) -> bool {
        self.file(value.file).tree().kind(value.node) == Kind::None
    }

    /// `self.file = open(path)` with `self.file = None` or `del self.file` behind it in the same suite, and no other method
    /// of the object called, nor the object sent, in between.
    fn is_taken_back(&self, target: Site, call: Site) -> bool {
        let facts = self.file(target.file);
        let tree = facts.tree();
        let statement = facts.statement(target.node);
        let Some(block) = tree.parent(statement) else { return false };
        let object = tree.child(target.node, Field::Object).map_or("", |object| facts.text(object));
        let attribute = facts.text(target.node);
        for behind in tree.children(block).filter(|each| tree.start(*each) > tree.start(statement))
        {
            if is_taken_back_by(facts.text(behind), attribute) {
                return true;
            }
            let speaks = |node: NodeId| {
                tree.kind(node) == Kind::Identifier
                    && facts.text(node) == object
                    && tree.parent(node).is_none_or(|up| {
                        let calls = tree.parent(up).is_some_and(|outer| {
                            tree.kind(outer) == Kind::Call && tree.field(up) == Field::Function
                        });
                        tree.kind(up) != Kind::Attribute || calls
                    })
            };
            let sends = call.file == target.file && tree.contains(behind, call.node);
            if sends || tree.subtree(behind).any(speaks) {
                return false;
            }
        }
        false
    }

    /// The methods that have run on an object of `class` when `call` sends it, where that is a new object that the function
    /// has made for this call alone; `None` if more is done with it.
    pub(in crate::project) fn methods_run_before(
        &self,
        class: Site,
        call: Site,
    ) -> Option<BTreeSet<Site>> {
        let facts = self.file(call.file);
        let tree = facts.tree();
        let list = tree.child(call.node, Field::Arguments)?;
        let is_object = |node: NodeId| {
            self.values(Site { file: call.file, node })
                .contains(&Value::Instance(Type::Class(class)))
        };
        let mut objects = tree
            .subtree(list)
            .filter(|node| {
                matches!(tree.kind(*node), Kind::Identifier | Kind::Call) && is_object(*node)
            })
            .peekable();
        objects.peek()?;
        objects
            .all(|node| self.is_new_for(class, node, call))
            .then(|| self.making_methods(class))
            .flatten()
    }

    /// Whether an expression among the arguments of `call` makes the object, or names one that was made in the same function
    /// and that nothing else speaks of.
    fn is_new_for(&self, class: Site, node: NodeId, call: Site) -> bool {
        let facts = self.file(call.file);
        let tree = facts.tree();
        if tree.kind(node) == Kind::Call {
            return self.constructs(class, Site { file: call.file, node });
        }
        let Some((scope, name)) = facts.scopes.resolve_name(node) else { return false };
        let [binding] = facts.scopes.bindings(scope, name) else { return false };
        let made = match &binding.kind {
            BindingKind::Assignment { value: Some(value), path, .. } if path.is_empty() => *value,
            _ => return false,
        };
        let here = facts.enclosing_function(binding.node) == facts.enclosing_function(call.node);
        let mut loops = tree
            .ancestors(call.node)
            .filter(|up| matches!(tree.kind(*up), Kind::ForStatement | Kind::WhileStatement));
        let each_time = loops.all(|around| tree.contains(around, binding.node));
        let alone =
            facts.scopes.references(scope, name).iter().all(|read| tree.contains(call.node, *read));
        here && each_time && alone && self.constructs(class, Site { file: call.file, node: made })
    }

    fn constructs(&self, class: Site, expression: Site) -> bool {
        let tree = self.file(expression.file).tree();
        let callee = tree
            .child(expression.node, Field::Function)
            .filter(|_| tree.kind(expression.node) == Kind::Call);
        callee.is_some_and(|node| {
            self.values(Site { file: expression.file, node }).contains(&Value::Class(class))
        })
    }

    /// The methods of a class that making an object runs; `None` if they hand the object to others.
    fn making_methods(&self, class: Site) -> Option<BTreeSet<Site>> {
        let lineage = self.lineage(class);
        let mut waiting: Vec<Site> = lineage
            .iter()
            .flat_map(|each| MAKING.iter().filter_map(|name| self.own_method(*each, name)))
            .collect();
        let mut ran = BTreeSet::new();
        while let Some(method) = waiting.pop() {
            if !ran.insert(method) {
                continue;
            }
            let facts = self.file(method.file);
            let tree = facts.tree();
            let own = |node: &NodeId| {
                tree.kind(*node) == Kind::Identifier
                    && self.self_class(Site { file: method.file, node: *node }).is_some()
            };
            for node in tree.subtree(tree.child(method.node, Field::Body)?).filter(own) {
                let up = tree.parent(node)?;
                if tree.kind(up) != Kind::Attribute {
                    if is_argument_of_super(tree, node, |node| facts.text(node)) {
                        continue;
                    }
                    return None;
                }
                let name = facts.text(tree.child(up, Field::Attribute)?);
                waiting.extend(lineage.iter().filter_map(|each| self.own_method(*each, name)));
            }
        }
        Some(ran)
    }
}

/// Whether a statement is `attribute = None` or `del attribute`.
fn is_taken_back_by(statement: &str, attribute: &str) -> bool {
    let set =
        statement.strip_prefix(attribute).and_then(|rest| rest.trim_start().strip_prefix('='));
    let deleted = statement.strip_prefix("del").map(str::trim);
    set.is_some_and(|value| value.trim() == "None") || deleted == Some(attribute)
}

/// `super(Job, self)`
fn is_argument_of_super<'t>(tree: &Tree, node: NodeId, text: impl Fn(NodeId) -> &'t str) -> bool {
    let call = tree
        .parent(node)
        .and_then(|list| tree.parent(list))
        .filter(|call| tree.kind(*call) == Kind::Call);
    call.and_then(|call| tree.child(call, Field::Function))
        .is_some_and(|callee| text(callee) == "super")
}
