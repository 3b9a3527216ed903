//! Exceptions that cannot be made again from their `args`.

use crate::project::{Eval, Site, Type, Value};
use crate::syntax::{Field, Kind, NodeId};
use std::collections::BTreeSet;

/// What an exception class needs, and what pickle has to make it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// The `__init__` that asks for too much.
    pub init: Site,
    /// How many arguments it requires.
    pub required: usize,
    /// Whether some of them can be given by keyword only.
    pub keyword_only: bool,
    /// How many `args` holds.
    pub kept: usize,
    /// The parameter that `__init__` looks into, and of which `args` holds something else.
    pub other: Option<String>,
}

/// Builtin exceptions that keep in `args` what their constructor gets.
const PLAIN: &[&str] = &[
    "BaseException",
    "Exception",
    "ArithmeticError",
    "AssertionError",
    "AttributeError",
    "BufferError",
    "EOFError",
    "IndexError",
    "KeyError",
    "LookupError",
    "MemoryError",
    "NameError",
    "NotImplementedError",
    "OverflowError",
    "ReferenceError",
    "RuntimeError",
    "SyntaxError",
    "TypeError",
    "ValueError",
    "Warning",
    "UserWarning",
    "ZeroDivisionError",
];

impl Eval<'_> {
    /// Why objects of an exception class cannot be unpickled; `None` if they can, or if nothing is known.
    pub fn exception_gap(&self, class: Site) -> Option<Gap> {
        let bases = self.external_bases(class);
        let plain = !bases.is_empty()
            && bases.iter().all(|(path, _)| {
                path.strip_prefix("builtins.").is_some_and(|name| PLAIN.contains(&name))
            })
            && !self.has_unknown_base(class);
        if !plain || self.controls_its_pickling(class) || self.method(class, "__new__").is_some() {
            return None;
        }
        let (home, init) = self.method(class, "__init__")?;
        let (required, most, keyword_only) = self.required_arguments(init)?;
        let kept = self.kept_arguments(class, home, init)?;
        let is_short = keyword_only || kept < required || kept > most;
        let other = if is_short { None } else { self.parameter_looked_into(init) };
        (is_short || other.is_some()).then_some(Gap { init, required, keyword_only, kept, other })
    }

    /// A required parameter of an `__init__` whose parts it reads, and for which the base is given something else: made again
    /// from that, the constructor fails.
    fn parameter_looked_into(&self, init: Site) -> Option<String> {
        let facts = self.file(init.file);
        let tree = facts.tree();
        let calls = facts.calls.iter().copied();
        let mut of_base =
            calls.filter(|call| tree.contains(init.node, *call) && is_base_init(facts, *call));
        let call = of_base.next().filter(|_| of_base.next().is_none())?;
        let by_name = facts.text(tree.child(call, Field::Function)?).starts_with("super");
        let given = self.positional_arguments(Site { file: init.file, node: call });
        let given = given.into_iter().skip(usize::from(!by_name));
        let parameters: Vec<NodeId> =
            tree.children(tree.child(init.node, Field::Parameters)?).skip(1).collect();
        parameters.into_iter().zip(given).find_map(|(parameter, given)| {
            let name = match tree.kind(parameter) {
                Kind::Identifier => parameter,
                Kind::TypedParameter => tree.children(parameter).next()?,
                _ => return None,
            };
            let name = facts.text(name);
            let is_part = |node: NodeId| {
                tree.kind(node) == Kind::Identifier
                    && facts.text(node) == name
                    && tree.parent(node).is_some_and(|up| {
                        matches!(
                            (tree.kind(up), tree.field(node)),
                            (Kind::Attribute, Field::Object) | (Kind::Subscript, Field::Value)
                        )
                    })
            };
            let is_tested = facts.text(init.node).contains("isinstance");
            let other = facts.text(given.node) != name && !is_tested;
            (other && tree.subtree(init.node).any(is_part)).then(|| name.to_owned())
        })
    }

    /// The number of required positional parameters, the most that may be given, and whether a keyword-only one is required.
    fn required_arguments(&self, init: Site) -> Option<(usize, usize, bool)> {
        let tree = self.file(init.file).tree();
        let list = tree.child(init.node, Field::Parameters)?;
        let (mut required, mut most, mut keyword_only, mut after_star) = (0, 0, false, false);
        for parameter in tree.children(list).skip(1) {
            let typed = tree
                .children(parameter)
                .next()
                .filter(|_| tree.kind(parameter) == Kind::TypedParameter)
                .unwrap_or(parameter);
            match tree.kind(typed) {
                Kind::ListSplatPattern => {
                    most = usize::MAX;
                    after_star = true;
                }
                Kind::KeywordSeparator => after_star = true,
                Kind::PositionalSeparator | Kind::DictionarySplatPattern => {}
                _ => {
                    let has_default = tree.child(parameter, Field::Value).is_some();
                    match (after_star, has_default) {
                        (true, false) => keyword_only = true,
                        (true, true) => {}
                        (false, _) => {
                            required += usize::from(!has_default);
                            most = usize::saturating_add(most, 1);
                        }
                    }
                }
            }
        }
        Some((required, most, keyword_only))
    }

    /// How many arguments end up in `args`: what the last `super().__init__` hands on. `None` if that is not plain.
    fn kept_arguments(&self, class: Site, home: Site, init: Site) -> Option<usize> {
        let facts = self.file(init.file);
        let tree = facts.tree();
        let calls: Vec<NodeId> = facts
            .calls
            .iter()
            .copied()
            .filter(|call| tree.contains(init.node, *call) && is_base_init(facts, *call))
            .collect();
        // Without such a call `args` holds what the constructor was given by position: all that is required.
        let [call] = calls.as_slice() else { return None };
        let by_name = facts.text(tree.child(*call, Field::Function)?).starts_with("super");
        let call = Site { file: init.file, node: *call };
        let lineage = self.lineage(class);
        let at = lineage.iter().position(|each| *each == home)?;
        let next = lineage
            .iter()
            .skip(at + 1)
            .find_map(|each| self.own_method(*each, "__init__").map(|init| (*each, init)));
        match next {
            // What the base is given, and how, is for the base to know: it decides what goes into `args`.
            Some((base, base_init)) => self.kept_arguments(class, base, base_init),
            None if !self.spreads_own_surplus(init, call)
                || !self.keyword_values(call).is_empty() =>
            {
                None
            }
            None => Some(self.positional_arguments(call).len() - usize::from(!by_name)),
        }
    }

    /// Whether all that a call unpacks are the surplus arguments of the function around it (`*args`, `**kwargs`), which are few.
    fn spreads_own_surplus(&self, function: Site, call: Site) -> bool {
        let facts = self.file(function.file);
        let tree = facts.tree();
        let parameters = tree.child(function.node, Field::Parameters);
        let stars: Vec<&str> = parameters
            .into_iter()
            .flat_map(|list| tree.children(list))
            .map(|parameter| facts.text(parameter))
            .filter(|text| text.starts_with('*'))
            .map(|text| text.split(':').next().unwrap_or(text).trim())
            .collect();
        let arguments = tree.child(call.node, Field::Arguments);
        let mut spread = arguments
            .into_iter()
            .flat_map(|list| tree.children(list))
            .filter(|node| matches!(tree.kind(*node), Kind::ListSplat | Kind::DictionarySplat));
        spread.all(|node| stars.contains(&facts.text(node)))
    }

    /// The exception classes of the project that a worker, or a function that it calls, throws at its caller, with the `raise`
    /// statements.
    pub fn raised_by(&self, worker: Site) -> Vec<(Site, Site)> {
        let is_free = |call: Site| !self.is_caught(call);
        self.reached_over(worker, &is_free)
            .into_iter()
            .flat_map(|function| self.raised(function))
            .collect()
    }

    fn raised(&self, function: Site) -> Vec<(Site, Site)> {
        let facts = self.file(function.file);
        let tree = facts.tree();
        let at = |node| Site { file: function.file, node };
        let raises = facts
            .own_nodes(function.node)
            .filter(|node| tree.kind(*node) == Kind::RaiseStatement && !self.is_caught(at(*node)));
        let mut found = Vec::new();
        for raise in raises {
            let Some(thrown) = tree.children(raise).next() else { continue };
            let classes: BTreeSet<Site> = match tree.kind(thrown) {
                Kind::Call => {
                    let callee = tree
                        .child(thrown, Field::Function)
                        .map(|callee| self.values(at(callee)).to_vec())
                        .unwrap_or_default();
                    let made = self.values(at(thrown)).to_vec();
                    let class = |value: Value| match value {
                        Value::Class(class) | Value::Instance(Type::Class(class)) => Some(class),
                        _ => None,
                    };
                    callee.into_iter().chain(made).filter_map(class).collect()
                }
                // `error = Missing(name)`, `raise error`
                Kind::Identifier | Kind::Attribute => {
                    let instance = |value: &Value| {
                        if let Value::Instance(Type::Class(class)) = value {
                            Some(*class)
                        } else {
                            None
                        }
                    };
                    self.values(at(thrown)).iter().filter_map(instance).collect()
                }
                _ => continue,
            };
            found.extend(classes.into_iter().map(|class| (at(raise), class)));
        }
        found
    }

    /// Whether a `try` of the same function may catch what is thrown at a place.
    fn is_caught(&self, place: Site) -> bool {
        let tree = self.file(place.file).tree();
        let around = tree
            .ancestors(place.node)
            .take_while(|up| !matches!(tree.kind(*up), Kind::FunctionDefinition | Kind::Lambda));
        around.into_iter().any(|up| {
            tree.kind(up) == Kind::TryStatement
                && tree.child(up, Field::Body).is_some_and(|body| tree.contains(body, place.node))
                && tree.child_of_kind(up, Kind::ExceptClause).is_some()
        })
    }
}

/// `super().__init__(…)` or `Base.__init__(self, …)`.
fn is_base_init(facts: &crate::facts::FileFacts, call: NodeId) -> bool {
    let tree = facts.tree();
    tree.child(call, Field::Function)
        .filter(|callee| tree.kind(*callee) == Kind::Attribute)
        .and_then(|callee| tree.child(callee, Field::Attribute))
        .is_some_and(|name| facts.text(name) == "__init__")
}
