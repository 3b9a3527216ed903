//! Code of other files that is given an executor or a queue: `load(paths, executor)`. Such a file need not hold any of the words
//! that matter, for all it does may be `executor.map(…)`.

use crate::project::{Eval, FileId, Site};
use crate::syntax::{Field, Kind, NodeId};

impl Eval<'_> {
    /// Asks what is called wherever a file hands on what starts processes or sends to them, so that its file is looked into.
    pub fn ask_for_receivers(&self, file: FileId) {
        let facts = self.file(file);
        let tree = facts.tree();
        let whole = |node: NodeId| match tree.kind(node) {
            Kind::KeywordArgument => tree.child(node, Field::Value),
            _ => Some(node),
        };
        let is_given = |node: &NodeId| {
            matches!(tree.kind(*node), Kind::Identifier | Kind::Attribute)
                && self.project.speaks_of_holders(file, *node)
                && self.values(Site { file, node: *node }).iter().any(|value| self.is_known_instance(value))
        };
        for call in &facts.calls {
            let (Some(callee), Some(list)) = (tree.child(*call, Field::Function), tree.child(*call, Field::Arguments)) else { continue };
            if tree.children(list).filter_map(whole).any(|node| is_given(&node)) {
                self.values(Site { file, node: callee });
            }
        }
    }
}
