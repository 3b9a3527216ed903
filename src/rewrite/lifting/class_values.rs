//! A class that reads values of the functions around it: its constructor takes them, and its methods read them as
//! attributes. Here is where that is the same program, and where not.

use crate::facts::FileFacts;
use crate::facts::scopes::{Resolution, ScopeId};
use crate::findings::{Reason, Refusal};
use crate::project::{Eval, Site, Value};
use crate::rewrite::lifting::captures;
use crate::rewrite::lifting::captures::{CaptureKind, Variable};
use crate::rewrite::lifting::hoist::Group;
use crate::rewrite::lifting::started_processes;
use crate::rewrite::lifting::{member, timing};
use crate::syntax::{Field, Kind, NodeId, Tree};
use std::collections::BTreeSet;

/// What objects of `multiprocessing.Process` have already.
const OF_PROCESS: &[&str] = &[
    "_args",
    "_closed",
    "_config",
    "_identity",
    "_kwargs",
    "_name",
    "_parent_name",
    "_parent_pid",
    "_popen",
    "_target",
    "authkey",
    "close",
    "daemon",
    "exitcode",
    "ident",
    "interrupt",
    "is_alive",
    "join",
    "kill",
    "name",
    "pid",
    "run",
    "sentinel",
    "start",
    "terminate",
];

/// Bases outside the project whose objects take any attribute and are pickled with it.
const PLAIN_BASES: &[&str] = &[
    "builtins.object",
    "abc.ABC",
    "typing.Generic",
    "typing.Protocol",
    "torch.utils.data.Dataset",
    "torch.utils.data.IterableDataset",
];

/// Members of a class that decide themselves how objects are made, or what attributes they have.
const SPECIAL: &[&str] =
    &["__new__", "__slots__", "__setattr__", "__getattribute__", "__init_subclass__"];

/// How the name of a class is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::rewrite) enum Role {
    /// `Worker(job)`.
    Made,
    /// What calls it later: `map(Worker, jobs)`, `partial(Worker, job)`.
    Factory,
    /// It is only named: `isinstance(x, Worker)`, an annotation, `Worker.limit`.
    Named,
    /// Anything else: objects may be made anywhere.
    Unknown,
}

/// How the name of a class that stands at `read` is used.
pub(in crate::rewrite) fn role(eval: &Eval, read: Site) -> Role {
    let facts = eval.file(read.file);
    let tree = facts.tree();
    if tree
        .ancestors(read.node)
        .take_while(|up| *up != facts.statement(read.node))
        .chain([read.node])
        .any(|up| matches!(tree.field(up), Field::Type | Field::ReturnType))
    {
        return Role::Named;
    }
    let mut at = read.node;
    while let Some(up) = tree
        .parent(at)
        .filter(|up| matches!(tree.kind(*up), Kind::Tuple | Kind::ParenthesizedExpression))
    {
        at = up;
    }
    let Some(parent) = tree.parent(at) else { return Role::Unknown };
    match tree.kind(parent) {
        Kind::Call if at == read.node && tree.field(at) == Field::Function => Role::Made,
        Kind::Attribute if tree.field(at) == Field::Object => Role::Named,
        Kind::ComparisonOperator => Role::Named,
        Kind::ArgumentList => {
            let callee = tree.parent(parent).and_then(|call| tree.child(call, Field::Function));
            let Some(callee) = callee else { return Role::Unknown };
            let first = tree.children(parent).next() == Some(read.node);
            let values = eval.values(Site { file: read.file, node: callee });
            let is = |wanted: &[&str]| {
                values.iter().any(|value| matches!(value, Value::External { path, .. } if wanted.contains(&&**path)))
            };
            if is(&["builtins.isinstance", "builtins.issubclass"]) {
                Role::Named
            } else if first && is(&["builtins.map", "functools.partial"]) || is_sent(eval, read) {
                Role::Factory
            } else {
                Role::Unknown
            }
        }
        _ => Role::Unknown,
    }
}

/// Whether the class is what a dispatch calls in the worker: `pool.map(Point, rows)`.
fn is_sent(eval: &Eval, read: Site) -> bool {
    let tree = eval.file(read.file).tree();
    let call = tree.parent(read.node).and_then(|list| tree.parent(list));
    let dispatches = call.map(|node| eval.dispatches_at(Site { file: read.file, node }));
    let mut slots = dispatches.iter().flatten().flat_map(|dispatch| eval.slots(dispatch));
    slots.any(|slot| slot.part.is_none() && slot.expression == read)
}

/// The method, right in the body of `class`, whose body holds `read`.
pub(in crate::rewrite) fn method_of(
    facts: &FileFacts,
    class: NodeId,
    read: NodeId,
) -> Option<NodeId> {
    let tree = facts.tree();
    let body = tree.child(class, Field::Body)?;
    let mut outermost = None;
    for up in tree.ancestors(read).take_while(|up| *up != class) {
        if tree.kind(up) == Kind::FunctionDefinition {
            outermost = Some(up);
        }
    }
    let method =
        outermost.filter(|method| tree.parent(facts.with_decorators(*method)) == Some(body))?;
    tree.child(method, Field::Body).filter(|inner| tree.contains(*inner, read)).map(|_| method)
}

/// The `__init__` of a class itself.
pub(in crate::rewrite) fn init_of(facts: &FileFacts, class: NodeId) -> Option<NodeId> {
    methods(facts, class).find(|method| facts.definition_name(*method) == "__init__")
}

/// The functions that stand right in the body of a class, in the order of the text.
pub(in crate::rewrite) fn methods(
    facts: &FileFacts,
    class: NodeId,
) -> impl Iterator<Item = NodeId> + '_ {
    let tree = facts.tree();
    let body = tree.child(class, Field::Body);
    body.into_iter()
        .flat_map(|body| tree.children(body))
        .filter_map(|statement| match tree.kind(statement) {
            Kind::DecoratedDefinition => tree.child(statement, Field::Definition),
            _ => Some(statement),
        })
        .filter(|node| tree.kind(*node) == Kind::FunctionDefinition)
}

/// The name of a method's first parameter, where nothing in the method binds it anew.
pub(in crate::rewrite) fn self_name(facts: &FileFacts, method: NodeId) -> Option<&str> {
    let tree = facts.tree();
    let first =
        tree.child(method, Field::Parameters).and_then(|list| tree.children(list).next())?;
    let node = match tree.kind(first) {
        Kind::Identifier => first,
        Kind::TypedParameter => {
            tree.children(first).next().filter(|name| tree.kind(*name) == Kind::Identifier)?
        }
        _ => return None,
    };
    let (home, name) = facts.scopes.resolve_name(node)?;
    (facts.scopes.bindings(home, name).len() == 1).then_some(name)
}

/// What stands for the variable `variable` at `read`, inside the class that member `at` is: the parameter of its
/// constructor, or the attribute. `None` where neither is at hand.
pub(in crate::rewrite) fn value_at(
    group: &Group,
    at: usize,
    variable: &Variable,
    read: NodeId,
) -> Option<String> {
    let facts = group.facts();
    let class = group.members[at].node;
    let name = group.members[at].values.get(variable)?;
    let method = method_of(facts, class, read)?;
    let site = Site { file: group.file, node: method };
    if group.eval.has_decorator(site, &["staticmethod", "classmethod"])
        || matches!(facts.definition_name(method), "__init_subclass__" | "__class_getitem__")
    {
        return None;
    }
    if Some(method) == init_of(facts, class) {
        return Some(name.clone());
    }
    let own = self_name(facts, method)?;
    let inner = facts.scopes.inner(method)?;
    let seen = facts.scopes.resolve(facts.scopes.scope_of(read), own);
    (home_of(seen) == Some(inner)).then(|| format!("{own}.{name}"))
}

/// The function or class whose variable a name is; `None` for a global.
fn home_of(seen: Resolution) -> Option<ScopeId> {
    match seen {
        Resolution::Local(home) | Resolution::Free(home) => Some(home),
        Resolution::Global => None,
    }
}

/// The names that neither a new parameter of the constructor nor the attribute may have.
pub(in crate::rewrite) fn taken_names(
    eval: &Eval,
    class: Site,
    variables: &BTreeSet<Variable>,
) -> BTreeSet<String> {
    let facts = eval.file(class.file);
    let tree = facts.tree();
    let mut taken = BTreeSet::new();
    for scope in tree.subtree(class.node).filter_map(|node| facts.scopes.inner(node)) {
        let others = facts.scopes.get(scope).symbols.iter().filter(|(name, symbol)| {
            !variables.contains(&Variable::new(symbol.home, name.as_str()))
        });
        taken.extend(others.map(|(name, _)| name.clone()));
    }
    for each in eval.lineage(class) {
        let home = eval.file(each.file);
        if let Some(scope) = home.scopes.inner(each.node) {
            taken.extend(
                home.scopes
                    .get(scope)
                    .symbols
                    .keys()
                    .filter(|name| !home.scopes.bindings(scope, name).is_empty())
                    .cloned(),
            );
        }
        taken.extend(eval.own_attribute_writes(each).iter().map(|(name, _)| name.clone()));
    }
    if eval.process_class(class).is_some() {
        taken.extend(OF_PROCESS.iter().map(|name| (*name).to_owned()));
    }
    taken.extend(set_from_outside(facts));
    for call in constructions(facts, class.node) {
        let arguments =
            tree.child(call, Field::Arguments).into_iter().flat_map(|list| tree.children(list));
        let keywords = arguments.filter(|argument| tree.kind(*argument) == Kind::KeywordArgument);
        taken.extend(
            keywords
                .filter_map(|argument| tree.child(argument, Field::Name))
                .map(|name| facts.text(name).to_owned()),
        );
    }
    taken
}

/// The attributes that the file sets on anything but a `self`.
fn set_from_outside(facts: &FileFacts) -> BTreeSet<String> {
    let tree = facts.tree();
    let written = tree
        .subtree(Tree::ROOT)
        .filter(|node| tree.kind(*node) == Kind::Attribute && captures::is_written(tree, *node));
    let other = |node: &NodeId| {
        tree.child(*node, Field::Object).is_some_and(|object| facts.text(object) != "self")
    };
    written
        .filter(other)
        .filter_map(|node| tree.child(node, Field::Attribute))
        .map(|name| facts.text(name).to_owned())
        .collect()
}

/// The calls that make objects of a local class, by its name.
pub(in crate::rewrite) fn constructions(facts: &FileFacts, class: NodeId) -> Vec<NodeId> {
    let tree = facts.tree();
    let named = tree.child(class, Field::Name).and_then(|name| facts.scopes.resolve_name(name));
    let reads =
        named.into_iter().flat_map(|(home, name)| facts.scopes.references(home, name)).copied();
    reads
        .filter_map(|read| {
            tree.parent(read)
                .filter(|up| tree.kind(*up) == Kind::Call && tree.field(read) == Field::Function)
        })
        .collect()
}

/// Says no where a class cannot take its values by its constructor.
pub(in crate::rewrite) fn judge(group: &Group, at: usize) -> Result<(), Refusal> {
    let facts = group.facts();
    let class = Site { file: group.file, node: group.members[at].node };
    if group.parameters(at).is_empty() {
        return match outside_methods(group, at) {
            Some(why) => Err(refused(group, at, Reason::UnsupportedShape, &why)),
            None => Ok(()),
        };
    }
    let calls: Vec<Site> = constructions(facts, class.node)
        .into_iter()
        .map(|node| Site { file: group.file, node })
        .collect();
    for capture in &group.members[at].own {
        started_processes::judge(group.eval, group.file, capture, &calls)?;
    }
    if let Some(why) = odd_class(group.eval, class)
        .or_else(|| outside_methods(group, at))
        .or_else(|| odd_read(group, at))
    {
        return Err(refused(group, at, Reason::UnsupportedShape, &why));
    }
    let Some(variable) = &group.members[at].variable else { return Ok(()) };
    if !member::is_only_binding(facts, variable, class.node) {
        return Err(refused(
            group,
            at,
            Reason::OtherUse,
            &format!("'{}' is bound in several places", variable.name),
        ));
    }
    let reads = || {
        let all = facts.scopes.references(variable.home, &variable.name).iter();
        all.filter(|read| facts.scopes.is_read(**read))
    };
    let is_made = reads().any(|read| {
        let site = Site { file: group.file, node: *read };
        matches!(role(group.eval, site), Role::Made | Role::Factory)
    });
    if !is_made {
        return Err(refused(
            group,
            at,
            Reason::OtherUse,
            "no object of it is made that could be given these values",
        ));
    }
    for read in reads() {
        let line = facts.source.lines().line(facts.tree().start(*read));
        let site = Site { file: group.file, node: *read };
        match role(group.eval, site) {
            Role::Named => continue,
            Role::Unknown => {
                return Err(refused(
                    group,
                    at,
                    Reason::OtherUse,
                    &format!(
                        "the class itself is used on line {line}, so its objects may be made where they cannot be given these values"
                    ),
                ));
            }
            Role::Made if splat_meets_keywords(facts, class.node, *read) => {
                return Err(refused(
                    group,
                    at,
                    Reason::UnsupportedShape,
                    &format!("the call on line {line} passes keywords that cannot be seen"),
                ));
            }
            Role::Made | Role::Factory => {}
        }
        if group.members.iter().any(|other| facts.tree().contains(other.node, *read)) {
            continue;
        }
        for (captured, _) in group.parameters(at) {
            let seen = facts.scopes.resolve(facts.scopes.scope_of(*read), &captured.name);
            if home_of(seen).unwrap_or(facts.scopes.module()) != captured.home {
                return Err(refused(
                    group,
                    at,
                    Reason::UnsupportedShape,
                    &format!(
                        "'{}' means something else on line {line}, where an object is made",
                        captured.name
                    ),
                ));
            }
            timing::bound(group.eval, group.file, &captured, class.node, *read)?;
            if !group.is_changed_above(&captured) {
                timing::settled(facts, &captured, *read)?;
            }
        }
    }
    Ok(())
}

/// `Worker(**options)`, where the constructor, or the one of a base, takes any keyword.
fn splat_meets_keywords(facts: &FileFacts, class: NodeId, read: NodeId) -> bool {
    let tree = facts.tree();
    let list = tree.parent(read).and_then(|call| tree.child(call, Field::Arguments));
    let splat = list.is_some_and(|list| {
        tree.children(list).any(|node| tree.kind(node) == Kind::DictionarySplat)
    });
    splat && init_of(facts, class).is_none_or(|init| member::takes_any_keyword(facts, init))
}

/// Why a class as such cannot take more by its constructor.
fn odd_class(eval: &Eval, class: Site) -> Option<String> {
    let facts = eval.file(class.file);
    let tree = facts.tree();
    if tree.kind(class.node) != Kind::ClassDefinition {
        return Some("a call makes it".to_owned());
    }
    if let Some(decorator) = facts.decorators(class.node).first() {
        return Some(format!(
            "'{}' decides what its constructor takes",
            facts.text(*decorator).lines().next().unwrap_or_default()
        ));
    }
    let keywords = tree.child(class.node, Field::Superclasses).is_some_and(|list| {
        tree.children(list).any(|node| tree.kind(node) == Kind::KeywordArgument)
    });
    let known = |path: &str| PLAIN_BASES.contains(&path);
    let strange = eval
        .external_bases(class)
        .into_iter()
        .find(|(path, _)| !known(path) && !eval.is_process_path(path));
    if keywords || eval.has_unknown_base(class) || strange.is_some() {
        return Some("what the constructor of its base takes is not known".to_owned());
    }
    for each in eval.lineage(class) {
        let home = eval.file(each.file);
        let special = home.scopes.inner(each.node).and_then(|scope| {
            SPECIAL.iter().find(|name| !home.scopes.bindings(scope, name).is_empty())
        });
        if let Some(name) = special {
            return Some(format!("it has its own '{name}'"));
        }
    }
    let init = init_of(facts, class.node);
    if init
        .is_some_and(|init| !facts.decorators(init).is_empty() || self_name(facts, init).is_none())
    {
        return Some("its constructor is decorated, or takes no plain 'self'".to_owned());
    }
    let text = facts.text(class.node);
    let made_by_type =
        ["__class__", "type(self)", "cls("].into_iter().find(|word| text.contains(word));
    if let Some(word) = made_by_type {
        return Some(format!("it may make objects of itself by '{word}'"));
    }
    ["__dict__", "vars("]
        .into_iter()
        .find(|word| facts.all().contains(word))
        .map(|word| format!("'{word}' would show the new attributes"))
}

/// Why a module that a function around the class imports cannot be imported where the class names it.
fn outside_methods(group: &Group, at: usize) -> Option<String> {
    let facts = group.facts();
    let member = &group.members[at];
    let modules =
        member.own.iter().filter(|capture| matches!(capture.kind, CaptureKind::Module { .. }));
    let odd = modules
        .flat_map(|capture| &capture.reads)
        .find(|read| method_of(facts, member.node, **read).is_none());
    odd.map(|read| {
        format!(
            "its body names a module that the function imports (line {})",
            facts.source.lines().line(facts.tree().start(*read))
        )
    })
}

/// Why a place where the class reads a value cannot read an attribute.
fn odd_read(group: &Group, at: usize) -> Option<String> {
    let facts = group.facts();
    let member = &group.members[at];
    let own = member.own.iter().filter(|capture| member.values.contains_key(&capture.variable));
    let own = own.flat_map(|capture| {
        capture.reads.iter().map(move |read| (capture.variable.clone(), *read))
    });
    let mut needed: Vec<(Variable, NodeId)> = own.collect();
    for (index, used) in group.members.iter().enumerate() {
        let Some(variable) = used.variable.as_ref().filter(|_| !used.values.is_empty()) else {
            continue;
        };
        let reads = facts
            .scopes
            .references(variable.home, &variable.name)
            .iter()
            .filter(|read| facts.tree().contains(member.node, **read));
        let reads = reads.filter(|read| {
            !member::is_class(facts, used.node)
                || role(group.eval, Site { file: group.file, node: **read }) != Role::Named
        });
        needed.extend(reads.flat_map(|read| {
            group.parameters(index).into_iter().map(move |(variable, _)| (variable, *read))
        }));
    }
    let missing =
        needed.into_iter().find(|(variable, read)| value_at(group, at, variable, *read).is_none());
    missing.map(|(_, read)| {
        format!(
            "line {} has no object of it at hand to read them from",
            facts.source.lines().line(facts.tree().start(read))
        )
    })
}

fn refused(group: &Group, at: usize, reason: Reason, why: &str) -> Refusal {
    let class = group.facts().definition_name(group.members[at].node);
    let names: Vec<String> = group
        .parameters(at)
        .into_iter()
        .map(|(variable, _)| format!("'{}'", variable.expression()))
        .collect();
    Refusal::new(
        reason,
        if names.is_empty() {
            format!("the local class '{class}' cannot move: {why}")
        } else {
            format!(
                "the local class '{class}' reads {} of the enclosing function, and {why}",
                names.join(", ")
            )
        },
        "move the class to module level and give it what it reads through its constructor",
    )
}
