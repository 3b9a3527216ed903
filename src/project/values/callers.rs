//! Who calls a function, and what is given for its parameters: directly, under another name, through `partial`,
//! through `super()` and the constructors of subclasses.

use crate::facts::scopes::{Binding, BindingKind};
use crate::project::{Eval, FileId, Site, Type, Value};
use crate::syntax::{Field, Kind, NodeId};
use std::rc::Rc;

/// More calls of one name than this are not looked at: the parameter stays unknown.
const MAX_CALLERS: usize = 40;
/// As [`MAX_CALLERS`], for calls of a plain name.
const MAX_PLAIN_CALLERS: usize = 200;

/// What is given for a parameter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Given {
    /// The argument, or what is unpacked into the call by `*` or `**`.
    pub expression: Site,
    /// Which part of it; the whole if `None`.
    pub part: Option<Part>,
}

/// A part of what is unpacked into a call.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The item with that number, of `*items`.
    Item(usize),
    /// The value under that key, of `**mapping`.
    Entry(String),
}

/// A call that runs a function, or a `partial` that binds arguments for it.
#[derive(Debug, Clone, Copy)]
pub(in crate::project) struct Caller {
    pub(super) call: Site,
    /// The number of the function's parameter that the first positional argument is for.
    pub(super) first: i32,
    /// Whether it only binds arguments.
    pub(super) binds: bool,
}

impl Eval<'_> {
    /// The calls of a function or method that can be seen. For `__init__`, the constructor calls of its class.
    pub fn callers(&self, function: Site) -> Vec<Site> {
        self.find_callers(function)
            .iter()
            .filter(|caller| !caller.binds)
            .map(|caller| caller.call)
            .collect()
    }

    /// Whether nothing calls a function, and nothing binds arguments for it. Names of which too many are called may hide a call.
    pub fn is_uncalled(&self, function: Site) -> bool {
        let name = self.file(function.file).definition_name(function.node);
        let names = self.project.names_of(name);
        let seen = |name: &String| {
            self.candidates(name).is_some_and(|all| {
                !self.is_method(function) || all.len() == self.project.calls_named(name).len()
            })
        };
        !self.project.are_too_many(&names)
            && names.iter().all(seen)
            && self.find_callers(function).is_empty()
    }

    /// The whole expressions that known callers give for a parameter.
    pub fn arguments_for(&self, file: FileId, binding: &Binding) -> Vec<Site> {
        self.given_for(file, binding, None)
            .into_iter()
            .filter(|given| given.part.is_none())
            .map(|given| given.expression)
            .collect()
    }

    /// What known callers give for a parameter; for `*args` and `**kwargs`, for the `part` of it.
    pub fn given_for(&self, file: FileId, binding: &Binding, part: Option<&Part>) -> Vec<Given> {
        let BindingKind::Parameter { star, .. } = &binding.kind else { return Vec::new() };
        let facts = self.file(file);
        let Some((function, position)) = self.place_of_parameter(file, binding) else {
            return Vec::new();
        };
        let name = facts.text(binding.node);
        let wanted = |caller: &Caller| -> Vec<Given> {
            match (star, part) {
                (0, None) => self.given(caller.call, name, position.map(|at| at - caller.first)),
                (1, Some(Part::Item(item))) => {
                    self.given(caller.call, "", position.map(|at| at + *item as i32 - caller.first))
                }
                (2, Some(Part::Entry(key))) => self.given(caller.call, key, None),
                _ => Vec::new(),
            }
        };
        self.find_callers(function).iter().flat_map(wanted).collect()
    }

    /// Everything beyond the other parameters that known callers give for `*args` (from the item `skip` on) or `**kwargs`.
    pub fn surplus_for(&self, file: FileId, binding: &Binding, skip: usize) -> Vec<Site> {
        let BindingKind::Parameter { star, .. } = &binding.kind else { return Vec::new() };
        let Some((function, position)) = self.place_of_parameter(file, binding) else {
            return Vec::new();
        };
        let named = self.parameter_names(function);
        let mut found = Vec::new();
        for caller in self.find_callers(function).iter() {
            match (star, position) {
                (1, Some(at)) => {
                    let from = usize::try_from(at + skip as i32 - caller.first).unwrap_or(0);
                    found.extend(self.positional_arguments(caller.call).into_iter().skip(from));
                }
                (2, _) => {
                    let others = self
                        .named_arguments(caller.call)
                        .into_iter()
                        .filter(|(name, _)| !named.contains(name));
                    found.extend(others.map(|row| row.1));
                }
                _ => {}
            }
        }
        found
    }

    /// The function of a parameter, and the parameter's number among those that may be given by position.
    fn place_of_parameter(&self, file: FileId, binding: &Binding) -> Option<(Site, Option<i32>)> {
        let tree = self.file(file).tree();
        let parameters = tree.enclosing(binding.node, &[Kind::Parameters])?;
        let function = tree.parent(parameters)?;
        let mut position = Some(0);
        for parameter in tree.children(parameters) {
            let own = tree.contains(parameter, binding.node);
            if own {
                return Some((Site { file, node: function }, position));
            }
            match tree.kind(parameter) {
                Kind::PositionalSeparator => {}
                Kind::KeywordSeparator | Kind::ListSplatPattern => position = None,
                Kind::TypedParameter
                    if tree
                        .children(parameter)
                        .next()
                        .is_some_and(|name| tree.kind(name) == Kind::ListSplatPattern) =>
                {
                    position = None;
                }
                _ => position = position.map(|at| at + 1),
            }
        }
        None
    }

    fn parameter_names(&self, function: Site) -> Vec<String> {
        let facts = self.file(function.file);
        let tree = facts.tree();
        let Some(parameters) = tree.child(function.node, Field::Parameters) else {
            return Vec::new();
        };
        let name_of = |parameter: NodeId| match tree.kind(parameter) {
            Kind::Identifier => Some(parameter),
            _ => tree.child(parameter, Field::Name).or_else(|| {
                tree.children(parameter).next().filter(|name| tree.kind(*name) == Kind::Identifier)
            }),
        };
        tree.children(parameters)
            .filter_map(name_of)
            .map(|name| facts.text(name).to_owned())
            .collect()
    }

    /// The keyword arguments of a call, by name.
    fn named_arguments(&self, call: Site) -> Vec<(String, Site)> {
        let facts = self.file(call.file);
        let tree = facts.tree();
        let Some(list) = tree.child(call.node, Field::Arguments) else { return Vec::new() };
        let keywords = tree.children(list).filter(|node| tree.kind(*node) == Kind::KeywordArgument);
        keywords
            .filter_map(|node| {
                Some((
                    facts.text(tree.child(node, Field::Name)?).to_owned(),
                    Site { file: call.file, node: tree.child(node, Field::Value)? },
                ))
            })
            .collect()
    }

    /// What a call gives for the parameter `name` (empty: it has none) at the 0-based `position` (`None`: keyword only);
    /// several answers where a `*` and a `**` may both give it.
    pub fn given(&self, call: Site, name: &str, position: Option<i32>) -> Vec<Given> {
        let whole = |expression| vec![Given { expression, part: None }];
        let plain = self.positional_arguments(call);
        if let Some(given) =
            position.and_then(|at| usize::try_from(at).ok()).and_then(|at| plain.get(at))
        {
            return whole(*given);
        }
        if let Some(found) = self.keyword_argument(call, name).filter(|_| !name.is_empty()) {
            return whole(found);
        }
        let tree = self.file(call.file).tree();
        let Some(list) = tree.child(call.node, Field::Arguments) else { return Vec::new() };
        let unpacked = |kind: Kind| {
            let splats: Vec<NodeId> =
                tree.children(list).filter(|node| tree.kind(*node) == kind).collect();
            let [one] = splats.as_slice() else { return None };
            tree.children(*one).next().map(|node| Site { file: call.file, node })
        };
        let mut found = Vec::new();
        if let Some(at) = position.and_then(|at| usize::try_from(at).ok()) {
            let items = unpacked(Kind::ListSplat);
            found.extend(
                items.map(|expression| Given {
                    expression,
                    part: Some(Part::Item(at - plain.len())),
                }),
            );
        }
        let mapping = unpacked(Kind::DictionarySplat).filter(|_| !name.is_empty());
        found.extend(
            mapping
                .map(|expression| Given { expression, part: Some(Part::Entry(name.to_owned())) }),
        );
        found
    }

    /// Whether calls of the function pass its first parameter implicitly.
    pub fn is_method(&self, function: Site) -> bool {
        self.is_in_class(function) && !self.has_decorator(function, &["staticmethod"])
    }

    /// Whether a function or lambda stands directly in the body of a class.
    pub fn is_in_class(&self, callable: Site) -> bool {
        self.class_around(callable).is_some()
    }

    /// The class in whose body a function or lambda stands directly.
    pub fn class_around(&self, callable: Site) -> Option<Site> {
        let tree = self.file(callable.file).tree();
        let around = tree.enclosing(
            callable.node,
            &[Kind::ClassDefinition, Kind::FunctionDefinition, Kind::Lambda],
        )?;
        (tree.kind(around) == Kind::ClassDefinition)
            .then_some(Site { file: callable.file, node: around })
    }

    pub(super) fn find_callers(&self, function: Site) -> Rc<[Caller]> {
        if let Some(known) = self.callers_known.borrow().get(&function) {
            return known.clone();
        }
        let cuts = self.cuts.get();
        let found: Rc<[Caller]> = self.search_callers(function).into();
        // What was cut short may be more when it is asked for from elsewhere.
        if cuts == self.cuts.get() {
            self.callers_known.borrow_mut().insert(function, found.clone());
        }
        found
    }

    fn search_callers(&self, function: Site) -> Vec<Caller> {
        let facts = self.file(function.file);
        let name = facts.definition_name(function.node);
        let class = facts
            .tree()
            .enclosing(function.node, &[Kind::ClassDefinition])
            .filter(|_| name == "__init__" && self.is_method(function));
        match class {
            Some(class) => self.constructors(Site { file: function.file, node: class }, function),
            None if name == "submit" && self.is_method(function) => {
                let mut found = self.callers_of(name, &Value::Function(function));
                found.extend(self.given_to_loops(function));
                found
            }
            None => {
                let mut found = self.callers_of(name, &Value::Function(function));
                found.extend(self.called_where_made(function));
                found
            }
        }
    }

    /// `loop.run_in_executor(executor, work, …)`, where the executor is of a project class whose `submit` this is.
    fn given_to_loops(&self, submit: Site) -> Vec<Caller> {
        let calls = self.project.calls_named("run_in_executor").iter().take(MAX_CALLERS).copied();
        let gives = |call: &Site| {
            let executor = self.argument(*call, "executor", 0);
            executor.is_some_and(|executor| {
                let runs_it = |value: &Value| match value {
                    Value::Instance(Type::Class(class)) => {
                        self.method(*class, "submit").is_some_and(|(_, found)| found == submit)
                    }
                    _ => false,
                };
                self.values(executor).iter().any(runs_it)
            })
        };
        calls.filter(gives).map(|call| Caller { call, first: 0, binds: false }).collect()
    }

    /// The calls that make objects by `init`, the `__init__` of `class`: also for subclasses without one, from the
    /// `__init__` of others, and by `cls(…)`.
    fn constructors(&self, class: Site, init: Site) -> Vec<Caller> {
        let mut found = Vec::new();
        for each in std::iter::once(class).chain(self.subclasses(class).iter().copied()) {
            let facts = self.file(each.file);
            let calls = facts.calls.iter().map(|call| Site { file: each.file, node: *call });
            let own = self.own_method(each, "__init__");
            match own.filter(|own| *own != init) {
                None if self.method(each, "__init__").is_some_and(|(_, of)| of == init) => {
                    found.extend(
                        self.callers_of(facts.definition_name(each.node), &Value::Class(each)),
                    );
                    let inside = calls.filter(|call| facts.tree().contains(each.node, call.node));
                    let makes = |call: &Site| {
                        let callee = facts.tree().child(call.node, Field::Function);
                        callee.is_some_and(|callee| facts.text(callee) == "cls")
                    };
                    found.extend(inside.filter(makes).map(|call| Caller {
                        call,
                        first: 1,
                        binds: false,
                    }));
                }
                None => {}
                Some(own) => {
                    for call in calls.filter(|call| facts.tree().contains(own.node, call.node)) {
                        found.extend(self.handed_up(call, init));
                    }
                }
            }
        }
        found
    }

    /// The calls that make objects of a class without an `__init__` of its own.
    pub fn constructor_calls(&self, class: Site) -> Vec<Site> {
        let of = |each: Site| {
            self.callers_of(self.file(each.file).definition_name(each.node), &Value::Class(each))
        };
        let subclasses = self.subclasses(class);
        let all = std::iter::once(class).chain(subclasses.iter().copied()).flat_map(of);
        all.filter(|caller| !caller.binds && caller.first == 1).map(|caller| caller.call).collect()
    }

    /// `super().__init__(…)` and `Base.__init__(self, …)`, where they run `init`.
    fn handed_up(&self, call: Site, init: Site) -> Option<Caller> {
        let facts = self.file(call.file);
        let tree = facts.tree();
        let callee = tree.child(call.node, Field::Function)?;
        tree.child(callee, Field::Attribute).filter(|name| facts.text(*name) == "__init__")?;
        self.values(Site { file: call.file, node: callee }).iter().find_map(|value| match value {
            Value::Method { function: Some(found), .. } if *found == init => {
                Some(Caller { call, first: 1, binds: false })
            }
            Value::Function(found) if *found == init => {
                Some(Caller { call, first: 0, binds: false })
            }
            _ => None,
        })
    }

    /// The project classes that derive from `class`.
    pub fn subclasses(&self, class: Site) -> Rc<[Site]> {
        if let Some(known) = self.subclasses_known.borrow().get(&class) {
            return known.clone();
        }
        let cuts = self.cuts.get();
        let found: Rc<[Site]> = self.find_subclasses(class).into();
        if cuts == self.cuts.get() {
            self.subclasses_known.borrow_mut().insert(class, found.clone());
        }
        found
    }

    fn find_subclasses(&self, class: Site) -> Vec<Site> {
        let mut found: Vec<Site> = Vec::new();
        let mut pending = vec![class];
        while let Some(base) = pending.pop() {
            for name in self.project.names_of(self.file(base.file).definition_name(base.node)) {
                for candidate in self.project.classes_deriving_from(&name) {
                    let derives = || {
                        self.bases(*candidate)
                            .into_iter()
                            .any(|each| self.values(each).contains(&Value::Class(base)))
                    };
                    if *candidate != class
                        && !found.contains(candidate)
                        && found.len() < MAX_CALLERS
                        && derives()
                    {
                        found.push(*candidate);
                        pending.push(*candidate);
                    }
                }
            }
        }
        found
    }

    /// The calls of the function or class `target`, which is defined under `name`, and the partials over it.
    fn callers_of(&self, name: &str, target: &Value) -> Vec<Caller> {
        let names = self.project.names_of(name);
        let mut found = Vec::new();
        for name in &names {
            let Some(candidates) = self.candidates(name) else { continue };
            for (call, callee) in candidates {
                let first = self
                    .values(callee)
                    .iter()
                    .find_map(|value| self.first_parameter_of(value, target));
                found.extend(first.map(|first| Caller { call, first, binds: false }));
            }
        }
        for call in self.project.partials_over(&names) {
            let Some(inner) = self.positional_arguments(*call).first().copied() else { continue };
            let first =
                self.values(inner).iter().find_map(|value| self.first_parameter_of(value, target));
            // The function itself is the first argument of `partial`.
            found.extend(first.map(|first| Caller { call: *call, first: first - 1, binds: true }));
        }
        found
    }

    /// The calls of the name `name` that are worth a look, each with what is called; `None` if they are too many. Among many calls of
    /// methods of that name (`plt.plot`), those of the plain name and of attributes of modules are few and quickly told apart.
    fn candidates(&self, name: &str) -> Option<Vec<(Site, Site)>> {
        let all = self.project.calls_named(name);
        let callees = all.iter().filter_map(|call| {
            let callee = self.file(call.file).tree().child(call.node, Field::Function)?;
            Some((*call, Site { file: call.file, node: callee }))
        });
        let found: Vec<(Site, Site)> = callees
            .filter(|(_, callee)| all.len() <= MAX_CALLERS || self.is_of_module(*callee))
            .collect();
        (found.len() <= MAX_PLAIN_CALLERS).then_some(found)
    }

    /// Whether a callee is a plain name, or an attribute of something that was imported.
    fn is_of_module(&self, callee: Site) -> bool {
        let facts = self.file(callee.file);
        let tree = facts.tree();
        let Some(mut object) = tree.child(callee.node, Field::Object) else {
            return tree.kind(callee.node) == Kind::Identifier;
        };
        while let Some(inner) = tree.child(object, Field::Object) {
            object = inner;
        }
        let variable = facts.scopes.resolve_name(object);
        let bindings = variable.map_or(&[][..], |(home, name)| facts.scopes.bindings(home, name));
        bindings.iter().any(|binding| matches!(binding.kind, BindingKind::Import { .. }))
    }

    /// The number of the parameter that the first positional argument is for when `callee` is called; `None` if that does
    /// not run `target`.
    fn first_parameter_of(&self, callee: &Value, target: &Value) -> Option<i32> {
        match (callee, target) {
            (Value::Class(found), Value::Class(class)) => (found == class).then_some(1),
            (Value::Method { function: Some(found), .. }, Value::Function(function)) => {
                (found == function).then_some(i32::from(self.is_method(*function)))
            }
            (Value::Function(found), Value::Function(function)) => (found == function).then(|| {
                i32::from(
                    self.is_method(*function) && self.has_decorator(*function, &["classmethod"]),
                )
            }),
            (Value::Partial(call), _) => {
                let arguments = self.positional_arguments(*call);
                let inner = arguments.first()?;
                let first = self
                    .values(*inner)
                    .iter()
                    .filter(|value| !matches!(value, Value::Partial(_)))
                    .find_map(|value| self.first_parameter_of(value, target))?;
                Some(first + arguments.len() as i32 - 1)
            }
            _ => None,
        }
    }
}
