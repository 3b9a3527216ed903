//! What the objects of one class are given through the constructor of a base: what sibling classes hand to the same
//! constructor is none of theirs.

use crate::facts::scopes::{Binding, BindingKind};
use crate::project::{Eval, Site, Value};
use crate::syntax::{Field, Kind};

/// How many constructors are followed upwards.
const MAX_DEPTH: u32 = 4;

impl Eval<'_> {
    /// As [`values`](Self::values), for an expression that the class or a base of it stores in an attribute: of a constructor's
    /// parameter, what is given where objects of `class`, or of a class below it, are made.
    pub(in crate::project) fn values_for(&self, class: Site, expression: Site) -> Vec<Value> {
        self.own_values(class, expression, MAX_DEPTH)
            .unwrap_or_else(|| self.values(expression).to_vec())
    }

    /// `None` where all that callers give is for objects of the class.
    fn own_values(&self, class: Site, expression: Site, depth: u32) -> Option<Vec<Value>> {
        let (init, binding) =
            self.constructor_parameter(class, expression).filter(|_| depth > 0)?;
        let (own, others) = self.arguments_by_class(class, init, binding);
        let followed: Vec<Option<Vec<Value>>> =
            own.iter().map(|given| self.own_values(class, *given, depth - 1)).collect();
        if !others && followed.iter().all(Option::is_none) {
            return None;
        }
        let name = self.file(init.file).text(binding.node);
        let default = self
            .default_of(init, name)
            .map(|default| self.values(default).to_vec())
            .unwrap_or_default();
        let given = own
            .iter()
            .zip(followed)
            .flat_map(|(given, followed)| followed.unwrap_or_else(|| self.values(*given).to_vec()));
        Some(given.chain(default).collect())
    }

    /// The `__init__` of the class or a base whose parameter an expression is, and nothing else.
    fn constructor_parameter(&self, class: Site, expression: Site) -> Option<(Site, &Binding)> {
        let facts = self.file(expression.file);
        let (home, name) = facts
            .scopes
            .resolve_name(expression.node)
            .filter(|_| facts.tree().kind(expression.node) == Kind::Identifier)?;
        let [binding] = facts.scopes.bindings(home, name) else { return None };
        let function = matches!(binding.kind, BindingKind::Parameter { star: 0, .. })
            .then_some(binding.statement)?;
        let init = Site { file: expression.file, node: function };
        let is_own = facts.definition_name(function) == "__init__"
            && self.class_around(init).is_some_and(|of| self.lineage(class).contains(&of));
        is_own.then_some((init, binding))
    }

    /// What calls of `init` give for a parameter where they make objects of `class`, and whether others give something, too.
    fn arguments_by_class(&self, class: Site, init: Site, binding: &Binding) -> (Vec<Site>, bool) {
        let (mut own, mut others) = (Vec::new(), false);
        for call in self.callers(init) {
            let Some(Some(given)) = self.argument_in(call, init.file, binding) else { continue };
            if self.made_by_call(call).is_none_or(|made| {
                self.lineage(class).contains(&made) || self.lineage(made).contains(&class)
            }) {
                own.push(given);
            } else {
                others = true;
            }
        }
        (own, others)
    }

    /// The class whose object a constructor call makes, or whose `__init__` calls that of a base.
    fn made_by_call(&self, call: Site) -> Option<Site> {
        let facts = self.file(call.file);
        let tree = facts.tree();
        let callee = tree.child(call.node, Field::Function)?;
        let around = || {
            tree.enclosing(call.node, &[Kind::ClassDefinition])
                .map(|node| Site { file: call.file, node })
        };
        if facts.text(callee).ends_with(".__init__") || facts.text(callee) == "cls" {
            return around();
        }
        self.values(Site { file: call.file, node: callee })
            .iter()
            .find_map(|value| if let Value::Class(made) = value { Some(*made) } else { None })
    }
}
