//! What calls give, and what functions return.

use crate::project::{Eval, Site, Value};
use crate::syntax::Kind;

impl Eval<'_> {
    /// The values of the `return` statements of a function.
    pub fn returned(&self, function: Site) -> Vec<Value> {
        self.returns(function).into_iter().flat_map(|value| self.values(value).to_vec()).collect()
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
