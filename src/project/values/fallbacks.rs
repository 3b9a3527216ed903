//! What constructors keep where a call leaves a parameter out: `self.key = key or (lambda row: row[0])`.

use crate::facts::FileFacts;
use crate::facts::scopes::BindingKind;
use crate::project::{Eval, Site};
use crate::syntax::{Field, Kind, NodeId, Tree};
use std::collections::BTreeSet;

/// How many bases' constructors are looked into.
const MAX_BASES: u32 = 4;

impl Eval<'_> {
    /// The expressions that a new object of `class` keeps for the parameters that the constructor call leaves `None`.
    pub fn fallbacks_kept(&self, class: Site, call: Site) -> Vec<Site> {
        let Some((home, init)) = self.method(class, "__init__").filter(|_| !self.has_splat(call))
        else {
            return Vec::new();
        };
        self.fallbacks(home, init, call, &BTreeSet::new(), MAX_BASES)
    }

    /// Whether an expression that `class` keeps is a fallback for a parameter, and every constructor call that is seen gives that.
    pub fn is_always_given(&self, class: Site, value: Site) -> bool {
        let facts = self.file(value.file);
        let tree = facts.tree();
        if !matches!(
            tree.kind(tree.unparenthesized(value.node)),
            Kind::BooleanOperator | Kind::ConditionalExpression
        ) {
            return false;
        }
        let Some((_, init)) = self.method(class, "__init__") else { return false };
        let calls = self.callers(init);
        let is_kept = |call: &Site| {
            self.fallbacks_kept(class, *call)
                .iter()
                .any(|kept| kept.file == value.file && tree.contains(value.node, kept.node))
        };
        let of_parameter = tree.subtree(value.node).any(|node| {
            let variable = facts.scopes.resolve_name(node);
            variable.is_some_and(|(home, _)| {
                init.file == value.file && facts.scopes.inner(init.node) == Some(home)
            })
        });
        of_parameter
            && !calls.is_empty()
            && !calls.iter().any(|call| self.has_splat(*call))
            && !calls.iter().any(is_kept)
    }

    /// As [`fallbacks_kept`](Self::fallbacks_kept), for a call of `init`, the `__init__` of `home`; `missing` are variables that
    /// hold `None` at the call.
    fn fallbacks(
        &self,
        home: Site,
        init: Site,
        call: Site,
        missing: &BTreeSet<&str>,
        depth: u32,
    ) -> Vec<Site> {
        let facts = self.file(init.file);
        let tree = facts.tree();
        let Some(list) = tree.child(init.node, Field::Parameters) else { return Vec::new() };
        let caller = self.file(call.file);
        let is_none = |node: NodeId| {
            caller.tree().kind(node) == Kind::None || missing.contains(caller.text(node))
        };
        let may_be_none = |given: Site| {
            let either = caller.tree().kind(given.node) == Kind::ConditionalExpression;
            is_none(given.node)
                || either && caller.tree().outcomes(given.node).into_iter().any(is_none)
        };
        let mut left_out: BTreeSet<&str> = BTreeSet::new();
        for (position, parameter) in tree.children(list).skip(1).enumerate() {
            let named = tree.child(parameter, Field::Name).zip(tree.child(parameter, Field::Value));
            if let Some((name, default)) = named
                && self
                    .argument(call, facts.text(name), position as i32)
                    .map_or(tree.kind(default) == Kind::None, may_be_none)
            {
                left_out.insert(facts.text(name));
            }
        }
        if left_out.is_empty() {
            return Vec::new();
        }
        let mut found = Vec::new();
        let in_init = |site: &Site| {
            site.file == init.file && facts.enclosing_function(site.node) == Some(init.node)
        };
        for value in self
            .own_attribute_writes(home)
            .iter()
            .filter_map(|(_, write)| write.value)
            .filter(in_init)
        {
            let value = tree.unparenthesized(value.node);
            let name = facts.text(value);
            if left_out.contains(name) && tree.kind(value) == Kind::Identifier {
                found.extend(self.bound_instead(init, name));
            } else {
                found.extend(fallback_in(facts, value, &left_out));
            }
        }
        let calls = facts
            .calls
            .iter()
            .filter(|inner| depth > 0 && tree.contains(init.node, **inner))
            .map(|node| Site { file: init.file, node: *node });
        let sites = found.into_iter().map(|node| Site { file: init.file, node });
        let bases = calls.filter_map(|inner| Some((inner, self.base_init(inner)?)));
        let of_bases = bases.flat_map(|(inner, (base, of_base))| {
            self.fallbacks(base, of_base, inner, &left_out, depth - 1)
        });
        sites.chain(of_bases).collect()
    }

    /// What an `__init__` binds a parameter to, where it is `None`: under `if key is None:`, or `key = key or …`.
    fn bound_instead(&self, init: Site, name: &str) -> Vec<NodeId> {
        let facts = self.file(init.file);
        let tree = facts.tree();
        let only = BTreeSet::from([name]);
        let Some(scope) = facts.scopes.inner(init.node) else { return Vec::new() };
        let bound =
            facts.scopes.bindings(scope, name).iter().filter_map(|binding| match &binding.kind {
                BindingKind::Assignment { value: Some(value), path, .. } if path.is_empty() => {
                    Some((binding.statement, tree.unparenthesized(*value)))
                }
                _ => None,
            });
        bound
            .filter_map(|(statement, value)| {
                let test = tree
                    .enclosing(statement, &[Kind::IfStatement, Kind::FunctionDefinition])
                    .filter(|up| tree.kind(*up) == Kind::IfStatement);
                match test {
                    Some(test) => {
                        let runs = tree
                            .child(test, Field::Consequence)
                            .is_some_and(|body| tree.contains(body, statement));
                        let condition = tree.child(test, Field::Condition)?;
                        (runs && truth(facts, condition, &only) == Some(true)).then_some(value)
                    }
                    None => fallback_in(facts, value, &only),
                }
            })
            .collect()
    }
}

/// What `key or …`, `… if key is None else key` and the like are where the variables `missing` are `None`.
fn fallback_in(facts: &FileFacts, value: NodeId, missing: &BTreeSet<&str>) -> Option<NodeId> {
    let tree = facts.tree();
    let parts: Vec<NodeId> = tree.children(value).collect();
    let chosen = match (tree.kind(value), parts.as_slice()) {
        (Kind::BooleanOperator, [left, right])
            if tree.child_of_kind(value, Kind::OrKeyword).is_some() =>
        {
            is_missing(facts, tree.unparenthesized(*left), missing).then_some(*right)
        }
        (Kind::ConditionalExpression, [then, condition, otherwise]) => {
            truth(facts, *condition, missing).map(|holds| if holds { *then } else { *otherwise })
        }
        _ => None,
    };
    chosen.map(|chosen| tree.unparenthesized(chosen))
}

/// What a test for being there comes to where the variables `missing` are `None`: `key is None`, `not key`, `key`.
fn truth(facts: &FileFacts, condition: NodeId, missing: &BTreeSet<&str>) -> Option<bool> {
    let tree = facts.tree();
    let condition = tree.unparenthesized(condition);
    let parts: Vec<NodeId> = tree.children(condition).collect();
    match (tree.kind(condition), parts.as_slice()) {
        (Kind::Identifier, _) => is_missing(facts, condition, missing).then_some(false),
        (Kind::NotOperator, [inner]) => truth(facts, *inner, missing).map(|holds| !holds),
        (Kind::ComparisonOperator, [left, right])
            if tree.kind(*right) == Kind::None && is_missing(facts, *left, missing) =>
        {
            is_identity(tree, condition)
        }
        _ => None,
    }
}

/// Whether a comparison is by `is` (`Some(true)`) or by `is not` (`Some(false)`).
fn is_identity(tree: &Tree, comparison: NodeId) -> Option<bool> {
    if tree.child_of_kind(comparison, Kind::IsNot).is_some() {
        return Some(false);
    }
    tree.child_of_kind(comparison, Kind::IsKeyword).map(|_| true)
}

fn is_missing(facts: &FileFacts, node: NodeId, missing: &BTreeSet<&str>) -> bool {
    facts.tree().kind(node) == Kind::Identifier && missing.contains(facts.text(node))
}
