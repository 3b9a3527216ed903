//! Outcomes of a conditional expression that its own test tells to be plain: `name if isinstance(name, str) else name.title`.

use crate::facts::FileFacts;
use crate::syntax::{Field, Kind, NodeId};

/// Builtin classes whose objects always cross.
const PLAIN: &[&str] = &["str", "bytes", "bytearray", "int", "float", "complex", "bool"];

impl FileFacts {
    /// The parts of an `and`, `or` or conditional expression that may be its value, without a name that is a string or a
    /// number there.
    pub fn outcomes(&self, id: NodeId) -> Vec<NodeId> {
        let tree = self.tree();
        let mut parts = tree.outcomes(id);
        let all: Vec<NodeId> = tree.children(id).collect();
        if let (Kind::ConditionalExpression, [then, test, otherwise]) =
            (tree.kind(id), all.as_slice())
        {
            let test = tree.unparenthesized(*test);
            let denied =
                tree.child(test, Field::Argument).filter(|_| tree.kind(test) == Kind::NotOperator);
            let chosen = if denied.is_some() { *otherwise } else { *then };
            let is_plain = self
                .tested_for_plain(tree.unparenthesized(denied.unwrap_or(test)))
                .is_some_and(|name| name == self.text(chosen));
            parts.retain(|part| *part != chosen || !is_plain);
        }
        parts
    }

    /// The name that a test `isinstance(name, str)` asks for.
    fn tested_for_plain(&self, test: NodeId) -> Option<&str> {
        let tree = self.tree();
        let callee = tree.child(test, Field::Function).filter(|_| tree.kind(test) == Kind::Call)?;
        let arguments: Vec<NodeId> = tree.children(tree.child(test, Field::Arguments)?).collect();
        let [name, classes] = arguments[..] else { return None };
        let is_plain =
            |node: NodeId| tree.kind(node) == Kind::Identifier && PLAIN.contains(&self.text(node));
        let all_plain = if tree.kind(classes) == Kind::Tuple {
            tree.children(classes).all(is_plain)
        } else {
            is_plain(classes)
        };
        (self.text(callee) == "isinstance" && tree.kind(name) == Kind::Identifier && all_plain)
            .then(|| self.text(name))
    }
}
