//! Decorators that keep the function they decorate and give it back: `@router.route("/sum")`, `@jobs.add`.

use crate::facts::scopes::BindingKind;
use crate::project::{Eval, FileId, Site, Value};
use crate::syntax::{Field, Kind, NodeId};

impl Eval<'_> {
    /// The function of the project that a decorator hands what it decorates to, if that only keeps it and gives it back.
    pub fn registering(&self, file: FileId, decorator: NodeId) -> Option<Site> {
        let expression = self.file(file).tree().children(decorator).next()?;
        let values = self.values(Site { file, node: expression });
        let [Value::Function(function) | Value::Method { function: Some(function), .. }] = &*values
        else {
            return None;
        };
        self.kept_parameter(*function).map(|_| *function)
    }

    /// The first parameter of a function, if every `return` in it gives that back as it came.
    fn kept_parameter(&self, function: Site) -> Option<NodeId> {
        let facts = self.file(function.file);
        let tree = facts.tree();
        if tree.kind(function.node) != Kind::FunctionDefinition
            || facts.is_generator(function.node)
            || facts.is_async(function.node)
        {
            return None;
        }
        let parameters = tree.child(function.node, Field::Parameters)?;
        let first = tree.children(parameters).nth(usize::from(self.is_method(function)))?;
        let own = tree.subtree(first).find(|node| tree.kind(*node) == Kind::Identifier)?;
        let (home, name) = facts.scopes.resolve_name(own)?;
        let [binding] = facts.scopes.bindings(home, name) else { return None };
        let returns = self.returns(function);
        let given_back = |returned: &Site| {
            tree.kind(returned.node) == Kind::Identifier
                && facts.scopes.resolve_name(returned.node) == Some((home, name))
        };
        let is_plain = matches!(binding.kind, BindingKind::Parameter { star: 0, .. });
        (is_plain && !returns.is_empty() && returns.iter().all(given_back)).then_some(binding.node)
    }

    /// Where a registering function uses what it is given otherwise than to keep it, to give it back and to read attributes
    /// of it.
    pub fn looked_into(&self, registering: Site) -> Option<Site> {
        let facts = self.file(registering.file);
        let own = self.kept_parameter(registering)?;
        let (home, name) = facts.scopes.resolve_name(own)?;
        let reads = facts.scopes.references(home, name).iter().copied();
        reads
            .filter(|read| *read != own)
            .find(|read| !self.is_kept_there(registering.file, *read))
            .map(|node| Site { file: registering.file, node })
    }

    /// Whether a name is returned, put into a container or attribute, or given to a class that only keeps it.
    fn is_kept_there(&self, file: FileId, read: NodeId) -> bool {
        let tree = self.file(file).tree();
        let mut node = read;
        while let Some(up) = tree.parent(node) {
            match tree.kind(up) {
                Kind::Tuple
                | Kind::List
                | Kind::Set
                | Kind::ExpressionList
                | Kind::Dictionary
                | Kind::ParenthesizedExpression
                | Kind::KeywordArgument => {
                    node = up;
                }
                Kind::Pair if tree.field(node) == Field::Value => node = up,
                Kind::Assignment => return tree.field(node) == Field::Right,
                Kind::ReturnStatement | Kind::Attribute => return true,
                Kind::ArgumentList => {
                    let Some(callee) =
                        tree.parent(up).and_then(|call| tree.child(call, Field::Function))
                    else {
                        return false;
                    };
                    let puts = tree.child(callee, Field::Attribute).is_some_and(|method| {
                        matches!(
                            self.file(file).text(method),
                            "append" | "add" | "insert" | "setdefault" | "appendleft"
                        )
                    });
                    let keeps = |value: &Value| match value {
                        Value::Class(class) => ["__init__", "__post_init__", "__new__"]
                            .iter()
                            .all(|name| self.method(*class, name).is_none()),
                        Value::External { path, .. } => {
                            matches!(&**path, "builtins.tuple" | "builtins.list" | "builtins.dict")
                        }
                        _ => false,
                    };
                    if puts {
                        return true;
                    }
                    let values = self.values(Site { file, node: callee });
                    if values.is_empty() || !values.iter().all(keeps) {
                        return false;
                    }
                    node = tree.parent(up).unwrap_or(up);
                }
                _ => return false,
            }
        }
        false
    }
}
