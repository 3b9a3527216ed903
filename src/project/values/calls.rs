//! What calls give, and what functions return.

use crate::facts::scopes::BindingKind;
use crate::project::{Eval, Site, Type, Value};
use crate::syntax::{Field, Kind};

impl Eval<'_> {
    /// What calling `factory` without arguments gives, where `site` stands.
    pub(in crate::project) fn made_by(&self, factory: &Value, site: Site) -> Vec<Value> {
        match factory {
            Value::External { path, start } => vec![Value::Instance(Type::External {
                path: path.clone(),
                start: *start,
                made: Some(site),
            })],
            Value::Class(class) => vec![Value::Instance(Type::Class(*class))],
            Value::Function(function) => self.returned(*function),
            Value::Lambda(lambda) => {
                let body = self.file(lambda.file).tree().child(lambda.node, Field::Body);
                body.map(|body| self.values(Site { file: lambda.file, node: body }).to_vec())
                    .unwrap_or_default()
            }
            _ => vec![Value::Unknown],
        }
    }

    /// The values of the `return` statements of a function.
    pub fn returned(&self, function: Site) -> Vec<Value> {
        self.returns(function).into_iter().flat_map(|value| self.values(value).to_vec()).collect()
    }

    /// What a returned expression is for one call: a parameter that is given back as it came is what this call gives.
    pub(in crate::project) fn returned_by(&self, value: Site, call: Site) -> Vec<Value> {
        let facts = self.file(value.file);
        let given = || {
            let (scope, name) = facts
                .scopes
                .resolve_name(value.node)
                .filter(|_| facts.tree().kind(value.node) == Kind::Identifier)?;
            let [binding] = facts.scopes.bindings(scope, name) else { return None };
            let BindingKind::Parameter { default, star: 0, .. } = &binding.kind else {
                return None;
            };
            let given = self.argument_in(call, value.file, binding)?;
            given.or_else(|| default.map(|node| Site { file: value.file, node }))
        };
        self.values(given().unwrap_or(value)).to_vec()
    }

    /// The expressions that a function returns.
    pub fn returns(&self, function: Site) -> Vec<Site> {
        let facts = self.file(function.file);
        let tree = facts.tree();
        facts
            .own_nodes(function.node)
            .filter(|node| tree.kind(*node) == Kind::ReturnStatement)
            .filter_map(|node| tree.children(node).next())
            .map(|node| Site { file: function.file, node })
            .collect()
    }
}
