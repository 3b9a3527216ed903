//! What each call of the function around a definition does and makes anew: at module level a class body, a decorator and a
//! cache would run once, at import, in every child, and what they hold would be shared by all calls.

use crate::facts::FileFacts;
use crate::facts::scopes::BindingKind;
use crate::findings::{Reason, Refusal};
use crate::project::behaviour::changes;
use crate::project::behaviour::effects::Level;
use crate::project::{Eval, FileId, Site, Type, Value};
use crate::rewrite::lifting::captures;
use crate::rewrite::lifting::class_values;
use crate::syntax::{Field, Kind, NodeId, Tree};

/// Classes whose `__init_subclass__` and metaclass only look at the class.
const QUIET_METACLASSES: &[&str] = &["abc.ABCMeta", "enum.EnumMeta", "enum.EnumType"];

/// Refuses definitions that do more than being there when they are made, or hold what each call makes anew.
pub(in crate::rewrite) fn judge(
    eval: &Eval,
    file: FileId,
    definition: NodeId,
) -> Result<(), Refusal> {
    let facts = eval.file(file);
    let site = Site { file, node: definition };
    match facts.tree().kind(definition) {
        Kind::ClassDefinition => {
            class_body(eval, site)?;
            bases(eval, site)?;
            shared_attributes(eval, site)
        }
        Kind::FunctionDefinition => cached(eval, site),
        _ => Ok(()),
    }
}

/// Whether applying a decorator of the project does more than giving a function or class back: it prints, registers, counts.
pub(in crate::rewrite) fn does_more(eval: &Eval, decorator: Site) -> bool {
    let facts = eval.file(decorator.file);
    let nodes = crate::facts::execution::body_of(facts, decorator.node);
    let changed = changes::made_by(eval, decorator.file, &nodes);
    let binds_global = nodes.iter().any(|node| facts.tree().kind(*node) == Kind::GlobalStatement);
    let tree = facts.tree();
    // What only gives back a wrapper calls `functools.wraps` at most; a registry is told by an item or a method.
    let seen = tree
        .child(decorator.node, Field::Body)
        .is_some_and(|body| eval.effect_of(decorator.file, body).level >= Level::Seen);
    seen || binds_global || !changed.surely.is_empty()
}

/// The body of a class runs when the class is made.
fn class_body(eval: &Eval, class: Site) -> Result<(), Refusal> {
    let facts = eval.file(class.file);
    let tree = facts.tree();
    let Some(body) = tree.child(class.node, Field::Body) else { return Ok(()) };
    for statement in tree.children(body) {
        if matches!(tree.kind(statement), Kind::FunctionDefinition | Kind::ClassDefinition) {
            continue;
        }
        let effect = eval.effect_of(class.file, statement);
        let takes = facts.calls.iter().copied().find(|call| {
            tree.contains(statement, *call)
                && facts.enclosing_function(*call) == facts.enclosing_function(class.node)
                && is_taking(eval, Site { file: class.file, node: *call })
        });
        if effect.level >= Level::Seen || effect.differs || !effect.repeatable || takes.is_some() {
            let line = facts.source.lines().line(tree.start(statement));
            let what = effect.cause.map_or("runs code", |(_, what)| what);
            return Err(at_import(&format!(
                "the body of the class '{}' {what} (line {line})",
                facts.definition_name(class.node)
            )));
        }
    }
    Ok(())
}

/// Whether a call takes something out of an object that others have as well: `next(numbers)`, `jobs.pop()`, `file.read()`.
fn is_taking(eval: &Eval, call: Site) -> bool {
    let facts = eval.file(call.file);
    let tree = facts.tree();
    let Some(callee) = tree.child(call.node, Field::Function) else { return false };
    match tree.kind(callee) {
        Kind::Identifier => facts.text(callee) == "next"
            || eval.values(Site { file: call.file, node: callee }).iter().any(
                |value| matches!(value, Value::Function(function) if does_more(eval, *function)),
            ),
        Kind::Attribute => tree.child(callee, Field::Attribute).is_some_and(|name| {
            matches!(
                facts.text(name),
                "pop"
                    | "popleft"
                    | "popitem"
                    | "append"
                    | "add"
                    | "update"
                    | "get_nowait"
                    | "read"
                    | "readline"
            )
        }),
        _ => false,
    }
}

/// Bases and metaclasses that run code for every class that is made.
fn bases(eval: &Eval, class: Site) -> Result<(), Refusal> {
    let facts = eval.file(class.file);
    let name = facts.definition_name(class.node);
    for each in eval.lineage(class) {
        if each == class {
            continue;
        }
        if let Some(hook) =
            eval.own_method(each, "__init_subclass__").filter(|hook| runs_code(eval, *hook))
        {
            let base = eval.file(each.file).definition_name(each.node);
            let line = eval
                .file(hook.file)
                .source
                .lines()
                .line(eval.file(hook.file).tree().start(hook.node));
            return Err(at_import(&format!(
                "making the class '{name}' runs '__init_subclass__' of its base '{base}' (line {line})"
            )));
        }
    }
    for each in eval.lineage(class) {
        let home = eval.file(each.file);
        let list = home.tree().child(each.node, Field::Superclasses);
        let keywords =
            list.into_iter().flat_map(|list| home.tree().children(list)).filter(|node| {
                home.tree().kind(*node) == Kind::KeywordArgument
                    && home
                        .tree()
                        .child(*node, Field::Name)
                        .is_some_and(|name| home.text(name) == "metaclass")
            });
        for value in keywords.filter_map(|keyword| home.tree().child(keyword, Field::Value)) {
            let values = eval.values(Site { file: each.file, node: value });
            let quiet = !values.is_empty()
                && values.iter().all(|value| match value {
                    Value::External { path, .. } => QUIET_METACLASSES.contains(&&**path),
                    Value::Class(meta) => ["__new__", "__init__", "__prepare__"]
                        .iter()
                        .all(|name| eval.method(*meta, name).is_none()),
                    _ => false,
                });
            if !quiet {
                return Err(at_import(&format!(
                    "the metaclass '{}' runs code when the class '{name}' is made",
                    home.text(value)
                )));
            }
        }
    }
    Ok(())
}

/// Whether a hook does anything but calling that of its base.
fn runs_code(eval: &Eval, hook: Site) -> bool {
    let facts = eval.file(hook.file);
    let tree = facts.tree();
    let Some(body) = tree.child(hook.node, Field::Body) else { return false };
    tree.children(body).any(|statement| {
        let text = facts.text(statement);
        !(tree.kind(statement) == Kind::PassStatement
            || text.starts_with("super().__init_subclass__(")
            || text.starts_with(['"', '\'']))
    })
}

/// Attributes of the class itself that are written or changed: every call of the function around it begins with fresh ones.
fn shared_attributes(eval: &Eval, class: Site) -> Result<(), Refusal> {
    let facts = eval.file(class.file);
    let tree = facts.tree();
    let Some(scope) = facts.scopes.inner(class.node) else { return Ok(()) };
    let written_by_objects: Vec<String> =
        eval.own_attribute_writes(class).iter().map(|(name, _)| name.clone()).collect();
    for node in tree.subtree(Tree::ROOT).filter(|node| tree.kind(*node) == Kind::Attribute) {
        let (Some(object), Some(attribute)) =
            (tree.child(node, Field::Object), tree.child(node, Field::Attribute))
        else {
            continue;
        };
        let (written, changed) =
            (captures::is_written(tree, node), captures::is_change(facts, node));
        if !written && !changed {
            continue;
        }
        let name = facts.text(attribute);
        let of_class = names_class(eval, class, Site { file: class.file, node: object });
        // `self.items.append(x)`, where only the class body makes `items`.
        let by_object = || {
            changed
                && !written
                && !written_by_objects.iter().any(|own| own == name)
                && makes_container(facts, scope, name)
                && eval.values(Site { file: class.file, node: object }).iter().any(
                    |value| matches!(value, Value::Instance(Type::Class(own)) if *own == class),
                )
        };
        if of_class || by_object() {
            return Err(Refusal::new(
                Reason::StateOfCall,
                format!(
                    "the attribute '{name}' of the class '{}' is changed (line {}), and each call of the function around it makes it anew; at module level all calls would share it",
                    facts.definition_name(class.node),
                    facts.source.lines().line(tree.start(node))
                ),
                "keep what changes in the objects, then move the class to module level",
            ));
        }
    }
    Ok(())
}

/// Whether an expression is the class itself: its name, `cls` in a class method, `type(self)`, `self.__class__`.
fn names_class(eval: &Eval, class: Site, object: Site) -> bool {
    let facts = eval.file(object.file);
    let tree = facts.tree();
    let values = eval.values(object);
    if values.iter().any(|value| matches!(value, Value::Class(own) if *own == class)) {
        return true;
    }
    let own_self = |node: NodeId| {
        class_values::method_of(facts, class.node, object.node)
            .and_then(|method| class_values::self_name(facts, method))
            .is_some_and(|name| facts.text(node) == name)
    };
    if !tree.contains(class.node, object.node) {
        return false;
    }
    match tree.kind(object.node) {
        Kind::Identifier => {
            let method = class_values::method_of(facts, class.node, object.node);
            own_self(object.node)
                && method.is_some_and(|node| {
                    eval.has_decorator(Site { file: object.file, node }, &["classmethod"])
                })
        }
        Kind::Call => {
            let of_type = tree
                .child(object.node, Field::Function)
                .is_some_and(|callee| facts.text(callee) == "type");
            of_type
                && eval.positional_arguments(object).first().is_some_and(|one| own_self(one.node))
        }
        Kind::Attribute => {
            facts.text(object.node).ends_with(".__class__")
                && tree.child(object.node, Field::Object).is_some_and(own_self)
        }
        _ => false,
    }
}

/// Whether a class body gives the attribute something that can be changed.
fn makes_container(facts: &FileFacts, scope: crate::facts::scopes::ScopeId, name: &str) -> bool {
    facts.scopes.bindings(scope, name).iter().any(|binding| match &binding.kind {
        BindingKind::Assignment { value: Some(value), .. } => matches!(
            facts.tree().kind(*value),
            Kind::List
                | Kind::Dictionary
                | Kind::Set
                | Kind::Call
                | Kind::ListComprehension
                | Kind::DictionaryComprehension
                | Kind::SetComprehension
        ),
        _ => false,
    })
}

/// A cache that each call of the function around begins anew: whoever shares it sees less of what the body does.
fn cached(eval: &Eval, function: Site) -> Result<(), Refusal> {
    let facts = eval.file(function.file);
    let tree = facts.tree();
    if !eval.has_decorator(function, &["lru_cache", "cache"]) {
        return Ok(());
    }
    let Some(body) = tree.child(function.node, Field::Body) else { return Ok(()) };
    let effect = eval.effect_of(function.file, body);
    let changes = changes::made_by(
        eval,
        function.file,
        &crate::facts::execution::body_of(facts, function.node),
    );
    if effect.level < Level::Seen
        && effect.repeatable
        && !effect.differs
        && changes.surely.is_empty()
    {
        return Ok(());
    }
    Err(Refusal::new(
        Reason::StateOfCall,
        format!(
            "each call of the function around '{}' begins with an empty cache, and what the cached function does can be seen; at module level all calls would share one cache",
            facts.definition_name(function.node)
        ),
        "move the function to module level by hand, without the cache or with one for all",
    ))
}

/// The refusal of what would run at import.
pub(in crate::rewrite) fn at_import(what: &str) -> Refusal {
    Refusal::new(
        Reason::RunsAtImport,
        format!(
            "{what}: at module level it would do so at import, in every child, and not with each call"
        ),
        "move the definition to module level by hand, without what it does",
    )
}
