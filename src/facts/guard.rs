//! Tests of `__name__` and what else scripts write to keep code from running in child processes.

use super::FileFacts;
use super::scopes::BindingKind;
use crate::syntax::{Field, Kind, NodeId};

/// What a condition says about the process it is evaluated in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// True only in the main process: `__name__ == "__main__"`, also with further conditions joined by `and`.
    Entry {
        /// Whether it is true in every main process: there are no further conditions.
        always: bool,
    },
    /// False only in the main process: `__name__ != "__main__"`.
    Elsewhere,
    /// Looks like a guard and is true in children, too.
    False(Pretence),
    /// Speaks of `__name__` in a way that says nothing certain.
    Unsure,
    /// No guard.
    Other,
}

/// Why a guard does not guard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pretence {
    /// Names `__mp_main__`, the name of the script in children.
    NamesChild,
    /// Asks for the parent process, which is not set yet while a child imports the script.
    ParentProcess,
    /// Asks for the process name, which is `MainProcess` in the server of forkserver, too.
    ProcessName,
}

/// The shape of a condition.
pub fn shape(facts: &FileFacts, condition: NodeId) -> Shape {
    let tree = facts.tree();
    let node = tree.unparenthesized(condition);
    match tree.kind(node) {
        Kind::ComparisonOperator => comparison(facts, node),
        Kind::NotOperator => {
            tree.child(node, Field::Argument).map_or(Shape::Other, |inner| negated(facts, inner))
        }
        Kind::BooleanOperator => {
            let (Some(left), Some(right)) =
                (tree.child(node, Field::Left), tree.child(node, Field::Right))
            else {
                return Shape::Other;
            };
            let is_and = tree.child_of_kind(node, Kind::AndKeyword).is_some();
            joined(shape(facts, left), shape(facts, right), is_and)
        }
        Kind::Call => match returned(facts, node) {
            Some(condition) => shape(facts, condition),
            None => call(facts, node),
        },
        Kind::Identifier => {
            bound_once(facts, node).map_or(Shape::Other, |value| shape(facts, value))
        }
        _ => Shape::Other,
    }
}

/// What the only binding of a name assigns to it, if that stands above: `IS_MAIN = __name__ == "__main__"`.
fn bound_once(facts: &FileFacts, name: NodeId) -> Option<NodeId> {
    let (home, text) = facts.scopes.resolve_name(name)?;
    let [binding] = facts.scopes.bindings(home, text) else { return None };
    match &binding.kind {
        BindingKind::Assignment { value: Some(value), path, .. }
            if path.is_empty() && facts.tree().end(*value) <= facts.tree().start(name) =>
        {
            Some(*value)
        }
        _ => None,
    }
}

/// The condition that a call of a function without parameters, defined above, gives: `def is_main(): return __name__ == …`.
fn returned(facts: &FileFacts, call: NodeId) -> Option<NodeId> {
    let tree = facts.tree();
    let callee = tree.child(call, Field::Function)?;
    let is_bare =
        tree.child(call, Field::Arguments).is_some_and(|list| tree.children(list).next().is_none());
    let (home, text) = facts
        .scopes
        .resolve_name(callee)
        .filter(|_| is_bare && tree.kind(callee) == Kind::Identifier)?;
    let [binding] = facts.scopes.bindings(home, text) else { return None };
    let BindingKind::FunctionDef(function) = binding.kind else { return None };
    let last = tree.children(tree.child(function, Field::Body)?).last()?;
    let is_simple = tree.kind(last) == Kind::ReturnStatement
        && tree.end(function) <= tree.start(call)
        && facts.decorators(function).is_empty()
        && tree.children(tree.child(function, Field::Body)?).count() <= 2;
    tree.children(last).next().filter(|_| is_simple)
}

/// Whether an expression gives the name under which code runs: `__name__`, `function.__module__`, `globals()["__name__"]`.
fn gives_module_name(facts: &FileFacts, node: NodeId) -> bool {
    let tree = facts.tree();
    match tree.kind(node) {
        Kind::Identifier => facts.text(node) == "__name__",
        Kind::Attribute => {
            tree.child(node, Field::Attribute).is_some_and(|name| facts.text(name) == "__module__")
        }
        Kind::Subscript => tree
            .child(node, Field::Subscript)
            .and_then(|key| strings(facts, key))
            .is_some_and(|key| key == ["__name__"]),
        _ => false,
    }
}

fn joined(left: Shape, right: Shape, is_and: bool) -> Shape {
    match (left, right, is_and) {
        (Shape::Other, Shape::Other, _) => Shape::Other,
        (Shape::Entry { always: one }, Shape::Entry { always: two }, _) => {
            Shape::Entry { always: one && two }
        }
        (Shape::Entry { .. }, _, true) | (_, Shape::Entry { .. }, true) => {
            Shape::Entry { always: false }
        }
        (Shape::Elsewhere, _, false) | (_, Shape::Elsewhere, false) => Shape::Unsure,
        (Shape::False(why), _, _) | (_, Shape::False(why), _) => Shape::False(why),
        _ => Shape::Unsure,
    }
}

fn negated(facts: &FileFacts, inner: NodeId) -> Shape {
    match shape(facts, inner) {
        Shape::Entry { always: true } => Shape::Elsewhere,
        Shape::Elsewhere => Shape::Entry { always: true },
        Shape::Other => {
            let asks_parent =
                is_call_of(facts, facts.tree().unparenthesized(inner), "parent_process");
            if asks_parent { Shape::False(Pretence::ParentProcess) } else { Shape::Other }
        }
        _ => Shape::Unsure,
    }
}

fn comparison(facts: &FileFacts, node: NodeId) -> Shape {
    let tree = facts.tree();
    let sides: Vec<NodeId> = tree.children(node).map(|side| tree.unparenthesized(side)).collect();
    let [left, right] = sides.as_slice() else { return Shape::Other };
    let operator = tree
        .all_children(node)
        .find(|child| {
            matches!(
                tree.kind(*child),
                Kind::EqualEqual
                    | Kind::NotEqual
                    | Kind::InKeyword
                    | Kind::NotIn
                    | Kind::IsKeyword
                    | Kind::IsNot
            )
        })
        .map(|child| tree.kind(child));
    let Some(operator) = operator else { return Shape::Other };
    let is_name = |side: NodeId| gives_module_name(facts, side);
    let equal = matches!(operator, Kind::EqualEqual | Kind::IsKeyword | Kind::InKeyword);
    if is_name(*left) || is_name(*right) {
        let other = if is_name(*left) { *right } else { *left };
        let named =
            |side: NodeId| bound_once(facts, side).filter(|_| tree.kind(side) == Kind::Identifier);
        let Some(names) = strings(facts, named(other).unwrap_or(other)) else {
            return Shape::Unsure;
        };
        let has = |name: &str| names.contains(&name);
        return match (has("__main__"), has("__mp_main__"), equal) {
            (_, true, true) => Shape::False(Pretence::NamesChild),
            (true, false, true) => Shape::Entry { always: true },
            (true, false, false) => Shape::Elsewhere,
            // The module's own name, as a package's test would ask for it.
            _ => Shape::Unsure,
        };
    }
    let with_none = |call: NodeId, none: NodeId| {
        is_call_of(facts, call, "parent_process") && tree.kind(none) == Kind::None
    };
    // `def run_if_main(name): if name == "__main__": …`, called with `__name__`.
    let with_main = |name: NodeId, text: NodeId| {
        is_parameter(facts, name) && strings(facts, text).is_some_and(|names| names == ["__main__"])
    };
    if operator == Kind::EqualEqual && (with_main(*left, *right) || with_main(*right, *left)) {
        return Shape::Entry { always: true };
    }
    if equal && (with_none(*left, *right) || with_none(*right, *left)) {
        return Shape::False(Pretence::ParentProcess);
    }
    let with_name = |name: NodeId, text: NodeId| {
        tree.kind(name) == Kind::Attribute
            && tree
                .child(name, Field::Attribute)
                .is_some_and(|attribute| facts.text(attribute) == "name")
            && tree
                .child(name, Field::Object)
                .is_some_and(|object| is_call_of(facts, object, "current_process"))
            && strings(facts, text).is_some_and(|names| names == ["MainProcess"])
    };
    if equal && (with_name(*left, *right) || with_name(*right, *left)) {
        return Shape::False(Pretence::ProcessName);
    }
    Shape::Other
}

/// Whether a node is the name of a parameter.
fn is_parameter(facts: &FileFacts, node: NodeId) -> bool {
    facts.tree().kind(node) == Kind::Identifier
        && facts.scopes.resolve_name(node).is_some_and(|(home, name)| {
            let bindings = facts.scopes.bindings(home, name);
            !bindings.is_empty()
                && bindings
                    .iter()
                    .all(|binding| matches!(binding.kind, BindingKind::Parameter { .. }))
        })
}

/// `__name__.startswith("__main__")` and its like.
fn call(facts: &FileFacts, node: NodeId) -> Shape {
    let tree = facts.tree();
    let Some(callee) =
        tree.child(node, Field::Function).filter(|callee| tree.kind(*callee) == Kind::Attribute)
    else {
        return Shape::Other;
    };
    let object_is_name =
        tree.child(callee, Field::Object).is_some_and(|object| facts.text(object) == "__name__");
    if !object_is_name {
        return Shape::Other;
    }
    let argument = tree
        .child(node, Field::Arguments)
        .and_then(|list| tree.children(list).next())
        .and_then(|first| strings(facts, first));
    let method = tree.child(callee, Field::Attribute).map_or("", |name| facts.text(name));
    match (method, argument.as_deref()) {
        ("__eq__" | "startswith" | "endswith", Some(["__main__"])) => Shape::Entry { always: true },
        ("endswith", Some([tail])) if "__mp_main__".ends_with(tail) => {
            Shape::False(Pretence::NamesChild)
        }
        _ => Shape::Unsure,
    }
}

/// Whether `node` is a call of something whose last name is `name`.
fn is_call_of(facts: &FileFacts, node: NodeId, name: &str) -> bool {
    let tree = facts.tree();
    if tree.kind(node) != Kind::Call {
        return false;
    }
    let Some(callee) = tree.child(node, Field::Function) else { return false };
    let last = tree.child(callee, Field::Attribute).unwrap_or(callee);
    facts.text(last) == name
}

/// The texts of a string literal, or of a display of them.
fn strings(facts: &FileFacts, node: NodeId) -> Option<Vec<&str>> {
    let tree = facts.tree();
    match tree.kind(node) {
        Kind::String => {
            let plain = !tree.subtree(node).any(|inner| tree.kind(inner) == Kind::Interpolation);
            let content = tree
                .child_of_kind(node, Kind::StringContent)
                .map_or("", |content| facts.text(content));
            plain.then(|| vec![content])
        }
        Kind::Tuple | Kind::List | Kind::Set => {
            let parts: Option<Vec<Vec<&str>>> =
                tree.children(node).map(|item| strings(facts, item)).collect();
            Some(parts?.concat())
        }
        _ => None,
    }
}

/// Whether an `if` statement's condition is a right guard.
pub fn is_guard(facts: &FileFacts, statement: NodeId) -> bool {
    let condition = facts.tree().child(statement, Field::Condition);
    condition.is_some_and(|condition| matches!(shape(facts, condition), Shape::Entry { .. }))
}

/// Whether `node` itself opens code that only the main process runs (or that may be such code): the suite under a
/// guard, what follows a guard and `and`, the `else` of a test for other names.
pub fn opens_guarded(facts: &FileFacts, node: NodeId) -> bool {
    let tree = facts.tree();
    let Some(up) = tree.parent(node) else { return false };
    let condition = |of: NodeId| {
        tree.child(of, Field::Condition).map_or(Shape::Other, |condition| shape(facts, condition))
    };
    match (tree.kind(up), tree.field(node)) {
        (Kind::IfStatement | Kind::ElifClause, Field::Consequence)
        | (Kind::WhileStatement, Field::Body) => {
            matches!(condition(up), Shape::Entry { .. } | Shape::Unsure)
        }
        (Kind::IfStatement, Field::Alternative) => {
            matches!(condition(up), Shape::Elsewhere | Shape::Unsure)
        }
        // `match __name__: case "__main__": …`
        (Kind::CaseClause, Field::Consequence) => matched(facts, up),
        (Kind::BooleanOperator, Field::Right) => {
            let left = tree.child(up, Field::Left).map_or(Shape::Other, |left| shape(facts, left));
            let is_and = tree.child_of_kind(up, Kind::AndKeyword).is_some();
            match left {
                Shape::Entry { .. } => is_and,
                Shape::Elsewhere => !is_and,
                _ => false,
            }
        }
        (Kind::ConditionalExpression, _) => {
            let parts: Vec<NodeId> = tree.children(up).collect();
            let [body, test, otherwise] = parts.as_slice() else { return false };
            match shape(facts, *test) {
                Shape::Entry { .. } | Shape::Unsure => node == *body,
                Shape::Elsewhere => node == *otherwise,
                _ => false,
            }
        }
        _ => false,
    }
}

/// Whether a `case` is taken only where the `match` is given the name of the main script.
fn matched(facts: &FileFacts, case: NodeId) -> bool {
    let tree = facts.tree();
    let subject = tree
        .enclosing(case, &[Kind::MatchStatement])
        .and_then(|whole| tree.child(whole, Field::Subject));
    let pattern = tree.child_of_kind(case, Kind::CasePattern);
    subject.is_some_and(|subject| gives_module_name(facts, tree.unparenthesized(subject)))
        && pattern
            .and_then(|pattern| tree.children(pattern).next())
            .and_then(|text| strings(facts, text))
            .is_some_and(|names| names == ["__main__"])
}

/// Whether `node` lies in code that only the main process runs.
pub fn is_guarded(facts: &FileFacts, node: NodeId) -> bool {
    opens_guarded(facts, node) || facts.tree().ancestors(node).any(|up| opens_guarded(facts, up))
}

/// The false guard around `node`: the `if` statement and why it does not guard.
pub fn false_guard_around(facts: &FileFacts, node: NodeId) -> Option<(NodeId, Pretence)> {
    let tree = facts.tree();
    let mut below = node;
    for up in tree.ancestors(node) {
        if tree.kind(up) == Kind::IfStatement
            && tree.field(below) == Field::Consequence
            && let Some(condition) = tree.child(up, Field::Condition)
            && let Shape::False(why) = shape(facts, condition)
        {
            return Some((up, why));
        }
        below = up;
    }
    None
}

/// The part of a condition that pretends to be a guard: one side of an `and`, or the whole.
pub fn false_part(facts: &FileFacts, condition: NodeId) -> NodeId {
    let tree = facts.tree();
    let node = tree.unparenthesized(condition);
    let is_and = tree.kind(node) == Kind::BooleanOperator
        && tree.child_of_kind(node, Kind::AndKeyword).is_some();
    let sides = [Field::Left, Field::Right].into_iter().filter_map(|side| tree.child(node, side));
    let pretending = sides.into_iter().find(|side| matches!(shape(facts, *side), Shape::False(_)));
    match pretending {
        Some(side) if is_and => false_part(facts, side),
        _ => node,
    }
}

/// `if __name__ != "__main__": sys.exit()`: an `if` statement that only ends the process under other names.
pub fn leaves_elsewhere(facts: &FileFacts, statement: NodeId) -> bool {
    let tree = facts.tree();
    let (Some(condition), Some(body)) =
        (tree.child(statement, Field::Condition), tree.child(statement, Field::Consequence))
    else {
        return false;
    };
    if tree.kind(statement) != Kind::IfStatement
        || shape(facts, condition) != Shape::Elsewhere
        || tree.child(statement, Field::Alternative).is_some()
    {
        return false;
    }
    let Some(last) = tree.children(body).last() else { return false };
    ends_process(facts, last)
}

/// Whether a statement ends the process: `raise`, `sys.exit()`, `exit()`, `quit()`, `os._exit(…)`.
pub fn ends_process(facts: &FileFacts, statement: NodeId) -> bool {
    let tree = facts.tree();
    match tree.kind(statement) {
        Kind::RaiseStatement => true,
        Kind::ExpressionStatement => tree.children(statement).next().is_some_and(|call| {
            ["exit", "_exit", "quit"].iter().any(|name| is_call_of(facts, call, name))
        }),
        _ => false,
    }
}
