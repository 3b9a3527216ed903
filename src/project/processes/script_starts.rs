//! Whether running a script starts processes at all.

use crate::project::processes::starts::called_name;
use crate::project::{Eval, FileId, Site};
use crate::syntax::{Field, Kind, NodeId, Tree};

impl Eval<'_> {
    /// Whether any code of the file starts a process when it runs. What a function starts that is only called, each of its
    /// calls tells.
    pub fn starts_processes(&self, file: FileId) -> bool {
        let tree = self.file(file).tree();
        let kinds = [Kind::Call, Kind::ForStatement, Kind::ForInClause, Kind::WithItem];
        let nodes = tree.subtree(Tree::ROOT).filter(|node| kinds.contains(&tree.kind(*node)));
        nodes
            .map(|node| Site { file, node })
            .any(|site| self.start_at(site).is_some() && !self.is_in_called_function(site))
    }

    /// Whether a place is in a function of the module, without decorators, that the file uses for nothing else than calls.
    fn is_in_called_function(&self, place: Site) -> bool {
        let facts = self.file(place.file);
        let tree = facts.tree();
        let is_definition = |up: &NodeId| {
            matches!(tree.kind(*up), Kind::FunctionDefinition | Kind::ClassDefinition)
        };
        let Some(outermost) = tree.ancestors(place.node).filter(is_definition).last() else {
            return false;
        };
        let name = tree
            .child(outermost, Field::Name)
            .filter(|_| tree.kind(outermost) == Kind::FunctionDefinition);
        let Some((home, name)) = name.and_then(|name| facts.scopes.resolve_name(name)) else {
            return false;
        };
        // Each call of a `partial` tells, too.
        let is_called = |read: &NodeId| {
            tree.parent(*read).is_some_and(|up| match tree.kind(up) {
                Kind::Call => tree.child(up, Field::Function) == Some(*read),
                Kind::ArgumentList => tree.parent(up).is_some_and(|call| {
                    called_name(self, Site { file: place.file, node: call }) == "partial"
                }),
                _ => false,
            })
        };
        facts.decorators(outermost).is_empty()
            && facts.scopes.bindings(home, name).len() == 1
            && facts.scopes.references(home, name).iter().all(is_called)
    }
}
