//! `functools.wraps` for the inner function of a decorator, so that what it returns pickles by the decorated name.

use crate::catalogue::objects::{self, ObjectKind};
use crate::facts::FileFacts;
use crate::findings::{Applicability, Fix, Reason, Refusal, Remedy};
use crate::project::{Eval, Site, Type, Value};
use crate::rewrite::imports;
use crate::rewrite::lifting::judge;
use crate::syntax::{Field, Kind, NodeId};
use crate::text::{Edit, indent};
use std::collections::BTreeSet;

/// A decorator whose result does not carry the decorated function's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unwrapped {
    /// The decorator's line at the definition.
    pub decorator: Site,
    /// What it is.
    pub kind: UnwrappedKind,
}

/// How the decorator replaces the function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnwrappedKind {
    /// Functions inside the decorator that are returned without `wraps`, with the parameter that holds the decorated function.
    Functions(Vec<(Site, String)>),
    /// An instance of a class: it never is the object that its name finds.
    Class(Site),
    /// A lambda: `functools.wraps` cannot name it.
    Lambda(Site),
    /// An object of a library, as the table of objects names it.
    Object(&'static str),
}

/// The first decorator of `definition` that hides its name, as far as the decorators are the project's.
pub fn first_unwrapped(eval: &Eval, definition: Site) -> Option<Unwrapped> {
    let facts = eval.file(definition.file);
    let tree = facts.tree();
    facts.decorators(definition.node).into_iter().find_map(|decorator| {
        let expression = tree.children(decorator).next()?;
        let site = Site { file: definition.file, node: expression };
        let decorator = Site { file: definition.file, node: decorator };
        if let Some(object) = library_object(eval, site, MAX_GROUPS) {
            return Some(Unwrapped { decorator, kind: UnwrappedKind::Object(&object.what) });
        }
        let kind = eval.values(site).iter().find_map(|value| match value {
            Value::Class(class) => Some(UnwrappedKind::Class(*class)),
            Value::Function(function) | Value::Method { function: Some(function), .. } => {
                let inner = unwrapped_functions(eval, *function);
                let lambda = || returned_lambda(eval, *function).map(UnwrappedKind::Lambda);
                if inner.is_empty() { lambda() } else { Some(UnwrappedKind::Functions(inner)) }
            }
            Value::Instance(crate::project::Type::Class(class)) => {
                let (_, call) = eval.method(*class, "__call__")?;
                let inner = unwrapped_functions(eval, call);
                (!inner.is_empty()).then_some(UnwrappedKind::Functions(inner))
            }
            _ => None,
        })?;
        Some(Unwrapped { decorator, kind })
    })
}

/// How deep commands within groups are followed.
const MAX_GROUPS: u32 = 4;

/// The object that a decorator of a library puts in the place of a function: `@click.command()`, `@cli.command()`.
fn library_object(eval: &Eval, expression: Site, depth: u32) -> Option<&'static ObjectKind> {
    let facts = eval.file(expression.file);
    let tree = facts.tree();
    let at = |node| Site { file: expression.file, node };
    let callee = tree
        .child(expression.node, Field::Function)
        .filter(|_| tree.kind(expression.node) == Kind::Call)
        .unwrap_or(expression.node);
    let known = eval.values(at(callee)).iter().find_map(|value| match value {
        Value::External { path, .. } => objects::put_in_place_by(path),
        Value::Method { receiver: Type::External { path, .. }, name, .. } => {
            objects::made_by(path).filter(|object| has_method(object, name))
        }
        _ => None,
    });
    if known.is_some() || depth == 0 {
        return known;
    }
    let object = tree.child(callee, Field::Object)?;
    let method = facts.text(tree.child(callee, Field::Attribute)?);
    eval.values(at(object)).iter().find_map(|value| {
        let Value::Function(group) = value else { return None };
        let facts = eval.file(group.file);
        let mut decorators = facts.decorators(group.node).into_iter();
        decorators.find_map(|decorator| {
            let node = facts.tree().children(decorator).next()?;
            library_object(eval, Site { file: group.file, node }, depth - 1)
                .filter(|object| has_method(object, method))
        })
    })
}

fn has_method(object: &ObjectKind, name: &str) -> bool {
    object.decorators.iter().any(|path| path.strip_prefix('.') == Some(name))
}

/// The lambda that `decorator` returns in place of the function that it is given.
fn returned_lambda(eval: &Eval, decorator: Site) -> Option<Site> {
    let facts = eval.file(decorator.file);
    let parameter = decorated_parameter(eval, decorator)?;
    let values =
        eval.returns(decorator).into_iter().flat_map(|returned| eval.values(returned).to_vec());
    let lambdas =
        values.filter_map(|value| if let Value::Lambda(site) = value { Some(site) } else { None });
    lambdas.into_iter().find(|lambda| {
        facts.tree().contains(decorator.node, lambda.node) && reads(facts, lambda.node, &parameter)
    })
}

/// The functions that `decorator` (a function that takes the decorated one) returns without `wraps`.
pub fn unwrapped_functions(eval: &Eval, decorator: Site) -> Vec<(Site, String)> {
    let facts = eval.file(decorator.file);
    let Some(parameter) = decorated_parameter(eval, decorator) else { return Vec::new() };
    let mut found: BTreeSet<(Site, String)> = BTreeSet::new();
    for returned in eval.returns(decorator) {
        for value in eval.values(returned).iter() {
            if let Value::Function(inner) = value
                && inner.file == decorator.file
                && facts.tree().contains(decorator.node, inner.node)
                && !judge::is_wrapped(eval, *inner)
                && reads(facts, inner.node, &parameter)
            {
                found.insert((*inner, parameter.clone()));
            }
        }
    }
    found.into_iter().collect()
}

/// The parameter that gets the decorated function: the first one, after `self` of a method.
fn decorated_parameter(eval: &Eval, decorator: Site) -> Option<String> {
    let facts = eval.file(decorator.file);
    let tree = facts.tree();
    let parameters = tree.child(decorator.node, Field::Parameters)?;
    let node = tree.children(parameters).nth(usize::from(eval.is_method(decorator)))?;
    let name = match tree.kind(node) {
        Kind::Identifier => node,
        _ => tree.subtree(node).find(|inside| tree.kind(*inside) == Kind::Identifier)?,
    };
    (!facts.text(node).starts_with('*')).then(|| facts.text(name).to_owned())
}

fn reads(facts: &FileFacts, function: NodeId, name: &str) -> bool {
    let tree = facts.tree();
    tree.subtree(function).any(|node| {
        tree.kind(node) == Kind::Identifier
            && facts.text(node) == name
            && facts.scopes.is_read(node)
    })
}

/// The remedy for a decorator that hides the name of `functions` inside it.
pub fn remedy(eval: &Eval, functions: &[(Site, String)]) -> Remedy {
    let Some((first, _)) = functions.first() else {
        return Remedy::Refused(Refusal::new(
            Reason::UnknownDecorator,
            "the decorator's result is not known",
            "add functools.wraps to the decorator",
        ));
    };
    let facts = eval.file(first.file);
    let tree = facts.tree();
    let users: Vec<NodeId> = functions.iter().map(|row| row.0.node).collect();
    let wraps = imports::import(facts, "functools", "wraps", &users);
    let newline = facts.source.newline();
    let mut edits: Vec<Edit> = wraps.edit.into_iter().collect();
    for (function, parameter) in functions {
        let start = tree.start(facts.with_decorators(function.node));
        let indentation = indent::indentation(facts.all(), start);
        edits.push(Edit::insert(
            start,
            format!("@{}({parameter}){newline}{indentation}", wraps.expression),
        ));
    }
    Remedy::Fix(Fix {
        title: "add functools.wraps to the decorator".to_owned(),
        applicability: Applicability::Safe,
        edits: facts.file_edits(edits),
        new_names: wraps.new_name.into_iter().collect(),
    })
}
