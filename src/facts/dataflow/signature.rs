//! What functions take and give, and what calls give them.

use super::Name;
use crate::syntax::{Field, Kind, NodeId, Tree};

/// One parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: Name,
    /// The identifier that it binds.
    pub node: NodeId,
    /// Its default value.
    pub default: Option<NodeId>,
    /// Its place among those that may be given by position.
    pub position: Option<u32>,
    /// 1 for `*args`, 2 for `**kwargs`, else 0.
    pub star: u8,
}

/// A function's parameters and the places where it gives something back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Signature {
    /// In the order of the text.
    pub parameters: Vec<Parameter>,
    /// The expressions of `return` statements; the body of a lambda.
    pub returns: Vec<NodeId>,
    /// The expressions of `yield`, each with whether it is a `yield from`.
    pub yields: Vec<(NodeId, bool)>,
    /// Whether it has a `yield`.
    pub is_generator: bool,
    /// Whether it is an `async def`.
    pub is_async: bool,
}

impl Signature {
    /// The parameter that binds an identifier.
    pub fn parameter(&self, node: NodeId) -> Option<&Parameter> {
        self.parameters.iter().find(|parameter| parameter.node == node)
    }

    /// The parameter that takes the argument at `position`.
    pub fn at(&self, position: u32) -> Option<&Parameter> {
        let plain = self.parameters.iter().find(|each| each.position == Some(position));
        plain.or_else(|| self.parameters.iter().find(|each| each.star == 1))
    }

    /// The parameter that takes a keyword argument.
    pub fn named(&self, name: Name) -> Option<&Parameter> {
        let plain = self.parameters.iter().find(|each| each.star == 0 && each.name == name);
        plain.or_else(|| self.parameters.iter().find(|each| each.star == 2))
    }

    /// Reads the parameters of a `def` or lambda; its results are added by whoever meets them.
    pub(super) fn read(tree: &Tree, text: &str, function: NodeId) -> Self {
        let mut found = Self {
            is_async: tree
                .all_children(function)
                .next()
                .is_some_and(|first| tree.kind(first) == Kind::AsyncKeyword),
            ..Self::default()
        };
        let Some(list) = tree.child(function, Field::Parameters) else { return found };
        let mut next = Some(0);
        for parameter in tree.children(list) {
            let named = tree.child(parameter, Field::Name).unwrap_or(parameter);
            let mut inner = named;
            let mut star = 0;
            loop {
                match tree.kind(inner) {
                    Kind::ListSplatPattern => star = 1,
                    Kind::DictionarySplatPattern => star = 2,
                    Kind::TypedParameter => {}
                    _ => break,
                }
                let Some(child) = tree.children(inner).next() else { break };
                inner = child;
            }
            match tree.kind(inner) {
                Kind::Identifier => {}
                Kind::KeywordSeparator => {
                    next = None;
                    continue;
                }
                _ => continue,
            }
            if star == 1 {
                next = None;
            }
            let position = next.filter(|_| star == 0);
            found.parameters.push(Parameter {
                name: tree.text(inner, text).into(),
                node: inner,
                default: tree.child(parameter, Field::Value),
                position,
                star,
            });
            if position.is_some() {
                next = next.map(|at| at + 1);
            }
        }
        found
    }
}

/// How an argument is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Given {
    /// At that position; behind a splat, positions are not known.
    Position(Option<u32>),
    /// By that keyword.
    Keyword(Name),
    /// `*items`, from that position on.
    Splat(u32),
    /// `**mapping`.
    Mapping,
}

/// One argument of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Argument {
    /// How it is given.
    pub given: Given,
    /// The expression.
    pub node: NodeId,
}

impl Argument {
    /// The arguments of a call, in the order of the text. They are read from the tree when they are asked for.
    pub fn of(tree: &Tree, text: &str, call: NodeId) -> Vec<Self> {
        let Some(list) = tree.child(call, Field::Arguments) else { return Vec::new() };
        if tree.kind(list) == Kind::GeneratorExpression {
            return vec![Self { given: Given::Position(Some(0)), node: list }];
        }
        let mut next = Some(0);
        let mut found = Vec::new();
        for node in tree.children(list) {
            let first = tree.children(node).next();
            let argument = match (tree.kind(node), first) {
                (Kind::KeywordArgument, _) => {
                    let parts = tree.child(node, Field::Name).zip(tree.child(node, Field::Value));
                    let Some((name, value)) = parts else { continue };
                    Self { given: Given::Keyword(tree.text(name, text).into()), node: value }
                }
                (Kind::DictionarySplat, Some(inner)) => Self { given: Given::Mapping, node: inner },
                (Kind::ListSplat, Some(inner)) => {
                    let given = Given::Splat(next.unwrap_or_default());
                    next = None;
                    Self { given, node: inner }
                }
                _ => {
                    let given = Given::Position(next);
                    next = next.map(|at| at + 1);
                    Self { given, node }
                }
            };
            found.push(argument);
        }
        found
    }
}
