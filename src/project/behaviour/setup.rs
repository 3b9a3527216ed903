//! What is set up for a whole process: logging, seeds, filters; which code does it, and which code relies on it.

use crate::catalogue::configurations::Configuration;
use crate::catalogue::last_part;
use crate::project::{Eval, Site, Type, Value};
use crate::syntax::{Field, Kind};

impl Eval<'_> {
    /// The places of the project that set something up, in functions and outside.
    pub fn setups(&self, configuration: &Configuration) -> Vec<Site> {
        let called = configuration
            .sets
            .iter()
            .flat_map(|path| self.project.calls_named(last_part(path)))
            .copied()
            .filter(|call| {
                self.paths_called(*call).iter().any(|path| configuration.sets.contains(path))
            });
        let assigned = configuration
            .assigns
            .iter()
            .flat_map(|path| {
                self.project.attributes_named(last_part(path)).iter().map(move |site| (path, *site))
            })
            .filter(|(path, site)| {
                self.is_assigned(*site) && self.path_of(*site).as_deref() == Some(path.as_str())
            })
            .map(|row| row.1);
        let mut found: Vec<Site> = called.chain(assigned).collect();
        found.sort();
        found.dedup();
        found
    }

    /// The first place in a function that relies on what is set up.
    pub fn relies_on(&self, function: Site, configuration: &Configuration) -> Option<Site> {
        let facts = self.file(function.file);
        let calls =
            facts.own_nodes(function.node).filter(|node| facts.tree().kind(*node) == Kind::Call);
        calls
            .map(|node| Site { file: function.file, node })
            .find(|call| self.paths_called(*call).iter().any(|path| configuration.is_used_by(path)))
    }

    /// The dotted paths of the library functions and methods that a call may run.
    fn paths_called(&self, call: Site) -> Vec<String> {
        let tree = self.file(call.file).tree();
        let Some(callee) = tree.child(call.node, Field::Function) else { return Vec::new() };
        let values = self.values_nearby(Site { file: call.file, node: callee });
        let path = |value: &Value| match value {
            Value::External { path, .. } => Some(path.to_string()),
            Value::Method { receiver: Type::External { path, .. }, name, .. } => {
                Some(format!("{path}().{name}"))
            }
            _ => None,
        };
        let mut found: Vec<String> = values.iter().filter_map(path).collect();
        // Loggers are objects that no table of this tool tells apart: what is called on the result of `getLogger`.
        found.extend(self.path_of(Site { file: call.file, node: callee }));
        found
    }

    /// The dotted path of an attribute of something that a library's function gave: `logging.getLogger().info`.
    fn path_of(&self, attribute: Site) -> Option<String> {
        let facts = self.file(attribute.file);
        let tree = facts.tree();
        let object = tree.child(attribute.node, Field::Object)?;
        let name = facts.text(tree.child(attribute.node, Field::Attribute)?);
        let object = Site { file: attribute.file, node: object };
        let made = |call: Site| {
            let facts = self.file(call.file);
            let callee = facts.tree().child(call.node, Field::Function)?;
            self.values(Site { file: call.file, node: callee }).iter().find_map(|value| match value
            {
                Value::External { path, .. } => Some(format!("{path}().{name}")),
                _ => None,
            })
        };
        self.values(object).iter().find_map(|value| match value {
            Value::Result(call) => made(*call),
            Value::Instance(Type::External { made: Some(call), .. }) => made(*call),
            Value::External { path, .. } => Some(format!("{path}.{name}")),
            _ => None,
        })
    }

    /// Whether an attribute, or an item of it, is assigned to.
    fn is_assigned(&self, attribute: Site) -> bool {
        let tree = self.file(attribute.file).tree();
        let target = tree
            .parent(attribute.node)
            .filter(|up| tree.kind(*up) == Kind::Subscript)
            .unwrap_or(attribute.node);
        tree.parent(target).is_some_and(|up| {
            matches!(tree.kind(up), Kind::Assignment | Kind::AugmentedAssignment)
                && tree.field(target) == Field::Left
        })
    }
}
