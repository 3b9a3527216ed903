//! Which classes' objects cross with a dispatch: as the callable, its object, an argument, or the process itself.

use crate::facts::scopes::{Binding, BindingKind};
use crate::project::values::reaching;
use crate::project::{
    Argument, Callable, Content, Dispatch, Eval, FileId, Origin, Site, Type, Value, What,
};
use crate::syntax::{Field, Kind, NodeId};
use std::collections::BTreeSet;

/// A class, or an object of it, that crosses.
#[derive(Debug, Clone)]
pub struct Crossing {
    /// The call.
    pub dispatch: Dispatch,
    /// The expression that is handed over.
    pub handover: Site,
    /// The class.
    pub class: Site,
}

/// How deep containers among the arguments are looked into.
const MAX_DEPTH: u32 = 4;
/// How many items of a container are looked at: generated tables are long and uniform.
const MAX_ITEMS: usize = 64;

impl Eval<'_> {
    /// The project classes whose objects (or which themselves) cross in the dispatches of a file.
    pub fn crossings(&self, file: FileId) -> Vec<Crossing> {
        let mut out = Vec::new();
        for (dispatch, _) in self.sending(file) {
            let mut push = |handover: Site, class: Site| {
                out.push(Crossing { dispatch: dispatch.clone(), handover, class });
            };
            for slot in self.slots(&dispatch) {
                let meant =
                    |origin: &Origin| self.is_meant(&dispatch, origin.handover, &origin.callers);
                for origin in self.slot_origins(&slot).into_iter().filter(meant) {
                    match origin.callable {
                        Callable::Class(class) => push(origin.handover, class),
                        Callable::Instance(class) => {
                            self.with_kept(class, origin.leaf)
                                .into_iter()
                                .for_each(|class| push(origin.handover, class));
                        }
                        Callable::Method { receiver: Type::Class(class), object, .. } => {
                            self.with_kept(class, object)
                                .into_iter()
                                .for_each(|class| push(origin.handover, class));
                        }
                        Callable::Function(function) | Callable::Lambda(function) => {
                            if let Some(class) = self.class_around(function) {
                                push(origin.handover, class);
                            }
                        }
                        _ => {}
                    }
                }
            }
            for (given, class) in self.classes_bound_by_partials(&dispatch) {
                push(given, class);
            }
            let api = dispatch.api(self.project);
            if matches!(api.id.as_str(), "mp.Process.start" | "mp.BaseManager.start")
                && let Some(receiver) = dispatch.receiver
            {
                // Other classes' `start()` is their own.
                for class in self
                    .classes_in(receiver)
                    .into_iter()
                    .chain(self.classes_put_on(receiver, dispatch.call))
                    .filter(|class| self.entry_of_class(*class).is_some())
                {
                    push(receiver, class);
                }
            } else {
                // `Process.__init__(self, …)` makes the object, which travels when it is started.
                let made = usize::try_from(dispatch.shift).unwrap_or(0);
                let slots: Vec<Site> = self
                    .slots(&dispatch)
                    .into_iter()
                    .filter(|slot| slot.part.is_none())
                    .map(|slot| slot.expression)
                    .collect();
                for argument in self
                    .all_arguments(dispatch.call)
                    .into_iter()
                    .skip(made)
                    .filter(|argument| !slots.contains(argument))
                {
                    for class in self.classes_given(&dispatch, argument) {
                        push(argument, class);
                    }
                }
            }
        }
        out.extend(self.managers_entered(file));
        out.retain(|crossing| !self.are_in_two_tests(crossing.class, crossing.dispatch.call));
        // Rules will ask what the methods of a class that moves read.
        let classes = out.iter().map(|crossing| crossing.class);
        self.modules_read_by(classes.filter(|class| self.is_local(*class)).collect());
        out
    }

    /// The classes that an object is made one of before a call: `process.__class__ = Timed`.
    fn classes_put_on(&self, object: Site, call: Site) -> Vec<Site> {
        let facts = self.file(object.file);
        let tree = facts.tree();
        let written = self.project.attributes_named("__class__").iter();
        let put = written.filter(|target| target.file == object.file).filter_map(|target| {
            let assignment = tree.parent(target.node)?;
            let is_put = tree.kind(assignment) == Kind::Assignment
                && tree.field(target.node) == Field::Left
                && tree
                    .child(target.node, Field::Object)
                    .is_some_and(|other| facts.text(other) == facts.text(object.node))
                && facts.enclosing_function(target.node) == facts.enclosing_function(call.node)
                && self.is_before(*target, call);
            tree.child(assignment, Field::Right).filter(|_| is_put)
        });
        put.flat_map(|node| {
            self.values(Site { file: object.file, node })
                .iter()
                .filter_map(class_of)
                .collect::<Vec<_>>()
        })
        .collect()
    }

    /// The classes whose objects a `partial` binds for what a dispatch sends, and where.
    fn classes_bound_by_partials(&self, dispatch: &Dispatch) -> Vec<(Site, Site)> {
        let mut found = Vec::new();
        for slot in self.slots(dispatch).into_iter().filter(|slot| slot.part.is_none()) {
            for value in self.values(slot.expression).iter() {
                let Value::Partial(call) = value else { continue };
                for given in self.all_arguments(*call).into_iter().skip(1) {
                    found.extend(
                        self.classes_given(dispatch, given).into_iter().map(|class| (given, class)),
                    );
                }
            }
        }
        found
    }

    /// The classes of what an argument may be or hold, without those whose objects come with another executor.
    fn classes_given(&self, dispatch: &Dispatch, argument: Site) -> BTreeSet<Site> {
        let origins = self.origins(argument);
        let comes = |class: &Site| {
            let is_it = |origin: &&Origin| matches!(origin.callable, Callable::Class(other) | Callable::Instance(other) if other == *class);
            let mut ways = origins.iter().filter(is_it).peekable();
            ways.peek().is_none()
                || ways.any(|way| self.is_meant(dispatch, way.handover, &way.callers))
        };
        self.classes_in(argument)
            .into_iter()
            .chain(self.made_in_main(argument))
            .filter(comes)
            .collect()
    }

    /// `with MyManager() as m`: entering it starts the server process, without a call that says so.
    fn managers_entered(&self, file: FileId) -> Vec<Crossing> {
        let facts = self.file(file);
        let tree = facts.tree();
        let Some(entry) = self.project.catalogue.by_id("mp.BaseManager.start") else {
            return Vec::new();
        };
        let entered = |call: Site| {
            let mut up = tree.parent(call.node);
            while let Some(parent) = up.filter(|parent| {
                matches!(tree.kind(*parent), Kind::AsPattern | Kind::ParenthesizedExpression)
            }) {
                up = tree.parent(parent);
            }
            up.is_some_and(|parent| tree.kind(parent) == Kind::WithItem)
        };
        let calls =
            facts.calls.iter().map(|call| Site { file, node: *call }).filter(|call| entered(*call));
        calls
            .flat_map(|call| self.classes_in(call).into_iter().map(move |class| (call, class)))
            .filter_map(|(call, class)| {
                let (base, start) = self.entry_of_class(class)?;
                let is_manager = matches!(
                    self.project.catalogue.get(base).id.as_str(),
                    "mp.Manager" | "mp.ManagerClass"
                );
                is_manager.then_some(Crossing {
                    dispatch: Dispatch {
                        call,
                        entry,
                        start,
                        receiver: Some(call),
                        made: None,
                        shift: 0,
                    },
                    handover: call,
                    class,
                })
            })
            .collect()
    }

    /// `class`, and the classes that children do not have of the objects that `object`, one of its instances, was given to keep.
    fn with_kept(&self, class: Site, object: Site) -> BTreeSet<Site> {
        std::iter::once(class).chain(self.made_in_main(object)).collect()
    }

    /// The classes that children do not have of the objects that an expression holds, or of what these were given to keep.
    fn made_in_main(&self, expression: Site) -> Vec<Site> {
        let of_instance = |content: Content| {
            if let What::Callable(Callable::Instance(class)) = content.what {
                Some(class)
            } else {
                None
            }
        };
        self.contents(Argument::object(expression), true)
            .into_iter()
            .filter_map(of_instance)
            .collect()
    }

    /// The project's Enum whose member an expression names: `Color.RED`.
    pub(in crate::project) fn enumeration_of(&self, expression: Site) -> Option<Site> {
        let tree = self.file(expression.file).tree();
        let node = tree.unparenthesized(expression.node);
        let object = match tree.kind(node) {
            Kind::Attribute => tree.child(node, Field::Object)?,
            // `Color["RED"]`.
            Kind::Subscript => tree.child(node, Field::Value)?,
            // `list(Color)`.
            Kind::Call
                if matches!(
                    self.file(expression.file).text(tree.child(node, Field::Function)?),
                    "list" | "tuple" | "set" | "iter" | "reversed" | "sorted"
                ) =>
            {
                self.positional_arguments(Site { file: expression.file, node }).first()?.node
            }
            Kind::Identifier => {
                self.loop_over(Site { file: expression.file, node })
                    .filter(|iterable| iterable.file == expression.file)?
                    .node
            }
            _ => return None,
        };
        self.values(Site { file: expression.file, node: object }).iter().find_map(|value| {
            match value {
                Value::Class(class) => self
                    .external_bases(*class)
                    .iter()
                    .any(|(path, _)| path.starts_with("enum."))
                    .then_some(*class),
                _ => None,
            }
        })
    }

    /// What a loop or comprehension runs over whose variable a name is.
    fn loop_over(&self, name: Site) -> Option<Site> {
        let facts = self.file(name.file);
        let (scope, text) = facts.scopes.resolve_name(name.node)?;
        let [binding] = facts.scopes.bindings(scope, text) else { return None };
        match &binding.kind {
            BindingKind::For { iterable, path, .. }
            | BindingKind::ComprehensionFor { iterable, path, .. }
                if path.is_empty() =>
            {
                Some(Site { file: name.file, node: *iterable })
            }
            _ => None,
        }
    }

    /// All argument values of a call, keywords included.
    pub fn all_arguments(&self, call: Site) -> Vec<Site> {
        let tree = self.file(call.file).tree();
        let Some(list) = tree.child(call.node, Field::Arguments) else { return Vec::new() };
        if tree.kind(list) == Kind::GeneratorExpression {
            return vec![Site { file: call.file, node: list }];
        }
        tree.children(list)
            .filter_map(|node| match tree.kind(node) {
                Kind::KeywordArgument => tree.child(node, Field::Value),
                Kind::ListSplat | Kind::DictionarySplat => tree.children(node).next(),
                _ => Some(node),
            })
            .map(|node| Site { file: call.file, node })
            .collect()
    }

    /// The classes made in functions that a captured variable may be, be an object of, or hold objects of.
    pub fn local_classes_held(&self, variable: Site) -> BTreeSet<Site> {
        let all = self.classes_in(variable).into_iter().chain(self.made_in_main(variable));
        all.filter(|class| self.is_local(*class)).collect()
    }

    /// The project classes that an expression may be, be an object of, or hold objects of.
    fn classes_in(&self, expression: Site) -> BTreeSet<Site> {
        let mut found = BTreeSet::new();
        self.add_classes(expression, MAX_DEPTH, &mut found);
        found
    }

    fn add_classes(&self, expression: Site, depth: u32, found: &mut BTreeSet<Site>) {
        if depth == 0 {
            return;
        }
        for value in self.values(expression).iter() {
            match value {
                // The object of a method travels with it.
                Value::Class(class)
                | Value::Instance(Type::Class(class))
                | Value::Method { receiver: Type::Class(class), function: Some(_), .. } => {
                    found.insert(*class);
                }
                Value::Instance(_) | Value::Method { .. } | Value::Result(_) => {
                    found.extend(self.made_classes(value));
                }
                _ => {}
            }
        }
        found.extend(self.enumeration_of(expression));
        for part in self.parts_of(expression) {
            self.add_classes(part, depth - 1, found);
        }
        for item in self.items_held(expression).into_iter().take(MAX_ITEMS) {
            self.add_classes(item, depth - 1, found);
        }
    }

    /// The expressions whose value an expression has, or is made of: what a variable is assigned, either side of a condition.
    fn parts_of(&self, expression: Site) -> Vec<Site> {
        let (facts, node) = (self.file(expression.file), expression.node);
        let tree = facts.tree();
        let parts: Vec<NodeId> = match tree.kind(node) {
            Kind::ConditionalExpression | Kind::BooleanOperator => tree.outcomes(node),
            // `Access.READ | Access.WRITE`.
            Kind::BinaryOperator
                if tree
                    .child(node, Field::Operator)
                    .is_some_and(|operator| facts.text(operator) == "|") =>
            {
                tree.children(node).collect()
            }
            Kind::Identifier => {
                let Some((scope, name)) = facts.scopes.resolve_name(node) else {
                    return Vec::new();
                };
                let assigned = |binding: &&Binding| match &binding.kind {
                    BindingKind::Assignment { value: Some(value), path, .. } if path.is_empty() => {
                        Some(*value)
                    }
                    BindingKind::Walrus { value } => Some(*value),
                    _ => None,
                };
                reaching::bindings(facts, scope, name, node).iter().filter_map(assigned).collect()
            }
            _ => Vec::new(),
        };
        parts.into_iter().map(|node| Site { file: expression.file, node }).collect()
    }
}

fn class_of(value: &Value) -> Option<Site> {
    if let Value::Class(class) = value { Some(*class) } else { None }
}
