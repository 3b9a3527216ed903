//! Attributes that are made by whoever needs them first: nothing says that the parent does before it sends the object.

use crate::project::{Eval, Site};
use crate::syntax::{Field, Kind, NodeId};

impl Eval<'_> {
    /// Whether a method is only ever called where the object is asked first (`if not config.loaded: config.load()`), as far
    /// as anything but tests and examples calls it; and never in the function that sends by the call `sender`.
    pub(in crate::project) fn runs_on_demand(&self, method: Site, sender: Site) -> bool {
        let name = self.file(method.file).definition_name(method.node);
        if name.starts_with("__") && name.ends_with("__") {
            return false;
        }
        let calls = self.project.calls_named(name);
        let mut real = calls
            .iter()
            .filter(|call| !self.is_trial(**call) && self.may_run(**call, method))
            .peekable();
        let function = |call: Site| (call.file, self.file(call.file).enclosing_function(call.node));
        let by_sender = |call: Site| function(sender) == function(call);
        real.peek().is_some() && real.all(|call| self.asks_first(*call) && !by_sender(*call))
    }

    /// Whether a place is in a test or an example.
    pub(in crate::project) fn is_trial(&self, place: Site) -> bool {
        let mut parts = self
            .file(place.file)
            .source
            .path
            .components()
            .map(|part| part.as_os_str().to_string_lossy());
        parts.any(|part| ["test", "example", "doc"].iter().any(|folder| part.starts_with(folder)))
    }

    /// Whether a call of a method stands under a test of an attribute of the same object, which is not `self`: what a class
    /// does for itself it may do at any time.
    fn asks_first(&self, call: Site) -> bool {
        let facts = self.file(call.file);
        let tree = facts.tree();
        let callee = tree
            .child(call.node, Field::Function)
            .filter(|callee| tree.kind(*callee) == Kind::Attribute);
        let Some(object) = callee
            .and_then(|callee| tree.child(callee, Field::Object))
            .map(|object| facts.text(object))
            .filter(|object| *object != "self")
        else {
            return false;
        };
        let lacks = |up: &NodeId| {
            let test = tree.child(*up, Field::Condition).map_or("", |test| facts.text(test));
            let asked = test.strip_prefix("not ").or_else(|| test.strip_suffix(" is None"));
            let under = tree
                .child(*up, Field::Consequence)
                .is_some_and(|body| tree.contains(body, call.node));
            tree.kind(*up) == Kind::IfStatement
                && under
                && asked
                    .and_then(|asked| asked.strip_prefix(object))
                    .is_some_and(|rest| rest.starts_with('.'))
        };
        tree.ancestors(call.node).any(|up| lacks(&up))
    }
}
