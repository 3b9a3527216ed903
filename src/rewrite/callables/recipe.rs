//! Classes whose objects can be made anew from what they keep: the constructor does nothing but fill attributes, itself or
//! by methods of its own, and what it was given is still there.

use crate::facts::FileFacts;
use crate::project::{Eval, Site, Value};
use crate::rewrite::lifting::captures::{is_change, is_written};
use crate::rewrite::state::worker_state;
use crate::syntax::{Field, Kind, NodeId};
use std::collections::BTreeSet;

/// How far calls of own methods are followed from the constructor.
const MAX_DEPTH: u32 = 3;

/// What gives the same when it is given what it gave: `Path(Path(name))`.
const SETTLING: &[&str] = &[
    "builtins.str",
    "builtins.int",
    "builtins.float",
    "builtins.bool",
    "builtins.bytes",
    "builtins.list",
    "builtins.tuple",
    "builtins.dict",
    "builtins.set",
    "builtins.frozenset",
    "pathlib.Path",
    "pathlib.PurePath",
    "os.fspath",
    "os.path.abspath",
    "os.path.realpath",
];

/// What gives something else each time: an object that is made anew would not be the same.
const PASSING: &[&str] = &[
    "time.",
    "random.",
    "uuid.",
    "secrets.",
    "datetime.",
    "numpy.random.",
    "os.getpid",
    "builtins.next",
    "builtins.input",
    "builtins.id",
];

/// What is known about a class whose objects can be made anew from their own attributes.
pub(super) struct Recipe {
    /// The parameters of the constructor, in their order.
    pub(super) parts: Vec<Part>,
}

/// A parameter of the constructor.
pub(super) struct Part {
    /// Its name.
    pub(super) parameter: String,
    /// The attribute that keeps what it was given.
    pub(super) attribute: String,
    /// Whether it can be given by keyword only.
    pub(super) by_keyword: bool,
}

/// Says of a write of an attribute that is in the way whether what it opens is as good when it is opened anew.
pub(super) type IsReopened<'f> = &'f dyn Fn(&str, Site) -> bool;

/// The constructor's parameters with the attributes that keep them; `opened` are the attributes that the worker opens anew,
/// and `inside` the methods that only the worker runs.
pub(super) fn recipe(
    eval: &Eval,
    class: Site,
    opened: &BTreeSet<&str>,
    inside: &BTreeSet<Site>,
    is_reopened: IsReopened,
) -> Option<Recipe> {
    let lineage = eval.lineage(class);
    let constructors: Vec<Site> =
        lineage.iter().filter_map(|each| eval.own_method(*each, "__init__")).collect();
    let [init] = constructors.as_slice() else { return None };
    if !eval
        .external_bases(class)
        .iter()
        .all(|(path, _)| worker_state::PLAIN_BASES.contains(&&**path))
        || eval.has_unknown_base(class)
    {
        return None;
    }
    let mut filling = Filling {
        eval,
        class,
        opened,
        methods: vec![*init],
        kept: Vec::new(),
        filled: BTreeSet::new(),
    };
    filling.method(*init, MAX_DEPTH)?;
    if !filling.stays_filled(&lineage, inside, is_reopened) {
        return None;
    }
    let parts =
        parameters(eval.file(init.file), init.node)?.into_iter().map(|(parameter, by_keyword)| {
            // Outside the class, a private name is another one.
            let is_plain = |attribute: &str| !attribute.starts_with("__");
            let attribute = filling
                .kept
                .iter()
                .find(|(have, attribute)| *have == parameter && is_plain(attribute))
                .map(|row| row.1.clone())?;
            Some(Part { parameter, attribute, by_keyword })
        });
    Some(Recipe { parts: parts.collect::<Option<Vec<_>>>()? })
}

/// One walk through a constructor.
struct Filling<'f, 'p> {
    eval: &'f Eval<'p>,
    class: Site,
    opened: &'f BTreeSet<&'f str>,
    /// The constructor, and the methods that it calls.
    methods: Vec<Site>,
    /// Parameters of the constructor and the attributes that keep them.
    kept: Vec<(String, String)>,
    /// All attributes that are filled.
    filled: BTreeSet<String>,
}

impl Filling<'_, '_> {
    /// `None` if the method may do more than fill attributes.
    fn method(&mut self, method: Site, depth: u32) -> Option<()> {
        let facts = self.eval.file(method.file);
        let body = facts.tree().child(method.node, Field::Body)?;
        facts
            .tree()
            .children(body)
            .try_for_each(|statement| self.statement(method, statement, depth))
    }

    fn statement(&mut self, method: Site, statement: NodeId, depth: u32) -> Option<()> {
        let facts = self.eval.file(method.file);
        let tree = facts.tree();
        match tree.kind(statement) {
            Kind::PassStatement => return Some(()),
            Kind::ReturnStatement => {
                return tree
                    .children(statement)
                    .all(|given| tree.kind(given) == Kind::Attribute)
                    .then_some(());
            }
            // `if self._db is None:` before it is opened.
            Kind::IfStatement => {
                let test = facts.text(tree.child(statement, Field::Condition)?);
                let asked = test
                    .strip_suffix(" is None")
                    .or_else(|| test.strip_prefix("not "))?
                    .strip_prefix("self.")?;
                let alone = tree.child(statement, Field::Alternative).is_none()
                    && self.opened.contains(asked);
                let body = tree.child(statement, Field::Consequence).filter(|_| alone)?;
                return tree
                    .children(body)
                    .try_for_each(|inner| self.statement(method, inner, depth));
            }
            Kind::ExpressionStatement => {}
            _ => return None,
        }
        let inner = tree.children(statement).next()?;
        match tree.kind(inner) {
            Kind::String => Some(()),
            Kind::Assignment => self.assignment(method, inner),
            Kind::Call => self.call(Site { file: method.file, node: inner }, depth),
            _ => None,
        }
    }

    fn assignment(&mut self, method: Site, assignment: NodeId) -> Option<()> {
        let facts = self.eval.file(method.file);
        let tree = facts.tree();
        let (left, right) =
            (tree.child(assignment, Field::Left)?, tree.child(assignment, Field::Right)?);
        let object = tree.child(left, Field::Object).filter(|_| {
            tree.kind(left) == Kind::Attribute && tree.kind(right) != Kind::Assignment
        })?;
        let name = facts.text(tree.child(left, Field::Attribute)?);
        if self.eval.self_class(Site { file: method.file, node: object }).is_none() {
            // `self.db.row_factory = sqlite3.Row`
            let of_opened = facts
                .text(object)
                .strip_prefix("self.")
                .is_some_and(|object| self.opened.contains(object));
            return of_opened.then_some(());
        }
        self.filled.insert(name.to_owned());
        if self.opened.contains(name) {
            return Some(());
        }
        let right = Site { file: method.file, node: tree.unparenthesized(right) };
        if let Some(parameter) =
            self.settled(right).filter(|_| self.methods.first() == Some(&method))
        {
            self.kept.push((parameter.to_owned(), name.to_owned()));
        }
        let mut calls = tree.subtree(right.node).filter(|node| tree.kind(*node) == Kind::Call);
        let passes = |call: NodeId| {
            let callee = tree
                .child(call, Field::Function)
                .map(|node| self.eval.values(Site { file: method.file, node }));
            let is_passing = |value: &Value| matches!(value, Value::External { path, .. } if PASSING.iter().any(|passing| path.starts_with(passing)));
            callee.is_none_or(|values| values.iter().any(is_passing))
        };
        (!calls.any(passes)).then_some(())
    }

    /// The variable whose value an attribute keeps, as it is or as something that settles: `path`, `Path(path)`.
    fn settled(&self, value: Site) -> Option<&str> {
        let facts = self.eval.file(value.file);
        let tree = facts.tree();
        if tree.kind(value.node) == Kind::Identifier {
            let (home, name) = facts.scopes.resolve_name(value.node)?;
            return (facts.scopes.bindings(home, name).len() == 1).then(|| facts.text(value.node));
        }
        let callee = tree
            .child(value.node, Field::Function)
            .filter(|_| tree.kind(value.node) == Kind::Call)?;
        let settles = |value: &Value| matches!(value, Value::External { path, .. } if SETTLING.contains(&&**path));
        let callee = self.eval.values(Site { file: value.file, node: callee });
        let arguments: Vec<NodeId> =
            tree.children(tree.child(value.node, Field::Arguments)?).collect();
        let [only] = arguments.as_slice() else { return None };
        let plain = tree.kind(*only) == Kind::Identifier
            && !callee.is_empty()
            && callee.iter().all(settles);
        plain.then(|| facts.text(*only))
    }

    /// A method of its own that is called by the constructor, or a setting of what is opened.
    fn call(&mut self, call: Site, depth: u32) -> Option<()> {
        let facts = self.eval.file(call.file);
        let tree = facts.tree();
        let callee = tree.child(call.node, Field::Function)?;
        if facts.text(callee) == "super().__init__" && self.eval.all_arguments(call).is_empty() {
            return Some(());
        }
        let object = tree.child(callee, Field::Object)?;
        let name = facts.text(tree.child(callee, Field::Attribute)?);
        if self.eval.self_class(Site { file: call.file, node: object }).is_none() {
            let of_opened = facts
                .text(object)
                .strip_prefix("self.")
                .is_some_and(|object| self.opened.contains(object));
            let text = self
                .eval
                .positional_arguments(call)
                .first()
                .and_then(|first| self.eval.string_literal(*first));
            let sets = name == "execute"
                && text.is_some_and(|text| {
                    text.trim_start().to_ascii_lowercase().starts_with("pragma")
                });
            return (of_opened && sets).then_some(());
        }
        let (_, method) = self.eval.method(self.class, name).filter(|_| depth > 0)?;
        if self.methods.contains(&method)
            || !self.eval.file(method.file).decorators(method.node).is_empty()
        {
            return None;
        }
        self.methods.push(method);
        self.method(method, depth - 1)
    }

    /// Whether nothing changes later what was filled, as far as the worker does not do it itself; what is opened may be closed and
    /// opened again.
    fn stays_filled(
        &self,
        lineage: &[Site],
        inside: &BTreeSet<Site>,
        is_reopened: IsReopened,
    ) -> bool {
        let eval = self.eval;
        let is_in = |methods: &[Site], site: Site| {
            methods.iter().any(|method| {
                method.file == site.file
                    && eval.file(site.file).tree().contains(method.node, site.node)
            })
        };
        let again: Vec<Site> = self
            .methods
            .iter()
            .skip(1)
            .copied()
            .filter(|method| self.is_called_later(*method))
            .collect();
        let while_made = |site: Site| is_in(&self.methods, site) && !is_in(&again, site);
        for (name, write) in
            lineage.iter().flat_map(|each| eval.own_attribute_writes(*each).to_vec())
        {
            let is_none = |value: Site| eval.file(value.file).tree().kind(value.node) == Kind::None;
            let harmless = if self.opened.contains(name.as_str()) {
                write.value.is_some_and(is_none) || is_reopened(&name, write.target)
            } else {
                while_made(write.target)
            };
            if !harmless {
                return false;
            }
        }
        let inside: Vec<Site> = inside.iter().copied().collect();
        let changes = |site: &Site| {
            let facts = eval.file(site.file);
            let changed = is_written(facts.tree(), site.node) || is_change(facts, site.node);
            changed
                && !while_made(*site)
                && !is_in(&inside, *site)
                && !worker_state::is_of_another_class(eval, self.class, *site)
        };
        let state = self.filled.iter().filter(|name| !self.opened.contains(name.as_str()));
        !state.into_iter().any(|name| eval.project.attributes_named(name).iter().any(changes))
    }

    /// Whether a method that fills attributes may run again when the object is made.
    fn is_called_later(&self, method: Site) -> bool {
        let name = self.eval.file(method.file).definition_name(method.node);
        let inside = |call: &Site| {
            self.methods.iter().any(|each| {
                each.file == call.file
                    && self.eval.file(call.file).tree().contains(each.node, call.node)
            })
        };
        self.eval
            .project
            .calls_named(name)
            .iter()
            .any(|call| !inside(call) && self.eval.may_run(*call, method))
    }
}

/// The names of a constructor's parameters without `self`, and whether they can be given by keyword only; `None` if it
/// takes any number of them, or some by position only.
fn parameters(facts: &FileFacts, function: NodeId) -> Option<Vec<(String, bool)>> {
    let tree = facts.tree();
    let list = tree.child(function, Field::Parameters)?;
    let mut by_keyword = false;
    let mut found = Vec::new();
    for parameter in tree.children(list).skip(1) {
        let name = match tree.kind(parameter) {
            Kind::KeywordSeparator => {
                by_keyword = true;
                continue;
            }
            Kind::Identifier => parameter,
            Kind::TypedParameter => tree
                .children(parameter)
                .next()
                .filter(|name| tree.kind(*name) == Kind::Identifier)?,
            Kind::DefaultParameter | Kind::TypedDefaultParameter => {
                tree.child(parameter, Field::Name)?
            }
            _ => return None,
        };
        found.push((facts.text(name).to_owned(), by_keyword));
    }
    Some(found)
}
