//! Lambdas that only pass their arguments on: what they call is sent itself.

use crate::facts::FileFacts;
use crate::facts::scopes::BindingKind;
use crate::findings::{Applicability, Fix};
use crate::project::{Eval, FileId, Site, Type, Value};
use crate::rewrite::lifting::arguments;
use crate::rewrite::lifting::captures::{self, CaptureKind};
use crate::rewrite::lifting::timing;
use crate::rewrite::lifting::uses::Use;
use crate::syntax::{Field, Kind, NodeId};
use crate::text::{Edit, Span};

/// The rewrite of `submit(lambda: work(a, b))` as `submit(work, a, b)`, of `map(lambda x: work(x), xs)` as
/// `map(work, xs)`; `None` where the lambda does anything else.
pub fn unwrap(eval: &Eval, file: FileId, lambda: NodeId, uses: &[Use]) -> Option<Fix> {
    let facts = eval.file(file);
    let tree = facts.tree();
    let body = tree.unparenthesized(tree.child(lambda, Field::Body)?);
    if tree.kind(body) != Kind::Call || facts.text(lambda).contains('#') {
        return None;
    }
    let callee = tree.child(body, Field::Function)?;
    let list =
        tree.child(body, Field::Arguments).filter(|list| tree.kind(*list) == Kind::ArgumentList)?;
    let callee = Site { file, node: callee };
    let (worker, is_method) = match importable(eval, callee) {
        Some(worker) => (worker, false),
        None => (bound_method(eval, callee)?, true),
    };
    let edits = match tree.child(lambda, Field::Parameters) {
        Some(parameters) => {
            if is_method {
                let [each] = uses else { return None };
                captures_read_here(eval, file, lambda, each)?;
            }
            let edits = eta(facts, lambda, parameters, list, worker)?;
            let others = other_names(eval, file, parameters, callee);
            if uses.iter().any(|each| passes_by_name(eval, file, each, &others)) {
                return None;
            }
            edits
        }
        None => {
            let [each] = uses else { return None };
            passed_on(eval, file, lambda, list, worker, each)?
        }
    };
    let edits = facts.file_edits(edits);
    Some(Fix {
        title: format!("send '{worker}' itself"),
        applicability: Applicability::Safe,
        edits,
        new_names: Vec::new(),
    })
}

/// The text of a callee that pickles by reference to the same function wherever it is looked up: a function of this
/// module bound once at import time, one imported at module level from the project or the standard library, a builtin.
fn importable<'p>(eval: &Eval<'p>, callee: Site) -> Option<&'p str> {
    let facts = eval.file(callee.file);
    let tree = facts.tree();
    let module = facts.scopes.module();
    let root = match tree.kind(callee.node) {
        Kind::Identifier => callee.node,
        Kind::Attribute => tree
            .child(callee.node, Field::Object)
            .filter(|object| tree.kind(*object) == Kind::Identifier)?,
        _ => return None,
    };
    let (home, name) = facts.scopes.resolve_name(root)?;
    if home != module {
        return None;
    }
    let bindings = facts.scopes.bindings(module, name);
    let at_import = |node: NodeId| {
        tree.parent(node) == Some(crate::syntax::Tree::ROOT)
            || tree.parent(node).is_some_and(|up| {
                tree.kind(up) == Kind::DecoratedDefinition
                    && tree.parent(up) == Some(crate::syntax::Tree::ROOT)
            })
    };
    match bindings {
        [] => {}
        [one] => match &one.kind {
            BindingKind::FunctionDef(node) => {
                let plain = facts.decorators(*node).is_empty();
                (plain && at_import(*node) && tree.kind(callee.node) == Kind::Identifier)
                    .then_some(())?;
            }
            BindingKind::Import { .. } => at_import(one.statement).then_some(())?,
            _ => return None,
        },
        _ => return None,
    }
    let values = eval.values(callee);
    let [value] = &*values else { return None };
    let plain = match value {
        Value::Function(function) => {
            let home = eval.file(function.file);
            home.decorators(function.node).is_empty()
                && home.tree().parent(function.node) == Some(crate::syntax::Tree::ROOT)
                && !home.is_generator(function.node)
        }
        Value::External { path, .. } => path.strip_prefix("builtins.").map_or_else(
            || STDLIB.contains(&path.split('.').next().unwrap_or("")),
            |name| BUILTINS.contains(&name),
        ),
        _ => false,
    };
    plain.then(|| facts.text(callee.node))
}

/// The text of a callee that is a plain method of a captured object: it pickles as that object and the method's name.
fn bound_method<'p>(eval: &Eval<'p>, callee: Site) -> Option<&'p str> {
    let facts = eval.file(callee.file);
    let tree = facts.tree();
    let object = tree
        .child(callee.node, Field::Object)
        .filter(|object| tree.kind(*object) == Kind::Identifier)?;
    let name = facts.text(tree.child(callee.node, Field::Attribute)?);
    let (home, _) = facts.scopes.resolve_name(object)?;
    // An object of the module is made by every child for itself.
    if home == facts.scopes.module() || name.starts_with("__") {
        return None;
    }
    let values = eval.values(callee);
    let [Value::Method { receiver: Type::Class(class), function: Some(function), .. }] = &*values
    else {
        return None;
    };
    let home = eval.file(function.file);
    let plain = home.decorators(function.node).is_empty()
        && !home.is_generator(function.node)
        && !home.is_async(function.node);
    let known = !eval.is_local(*class)
        && !eval.has_unknown_base(*class)
        && eval.method(*class, "__getattribute__").is_none();
    (plain && known).then(|| facts.text(callee.node))
}

/// The captures of a lambda that is itself the argument of the dispatch, where each may be read in its place.
fn captures_read_here(
    eval: &Eval,
    file: FileId,
    lambda: NodeId,
    each: &Use,
) -> Option<Vec<captures::Capture>> {
    let tree = eval.file(file).tree();
    if each.dispatch.call.file != file
        || !arguments::are_in_call(eval, each)
        || tree.unparenthesized(each.slot.expression.node) != lambda
    {
        return None;
    }
    let captured = captures::of(eval, file, lambda).ok()?;
    if captured.iter().any(|capture| capture.kind != CaptureKind::Value) {
        return None;
    }
    captures::judge(
        eval,
        file,
        lambda,
        &captured,
        &[],
        each.dispatch.carries_primitives(eval.project),
        0,
    )
    .ok()?;
    for capture in &captured {
        timing::bound(eval, file, &capture.variable, lambda, lambda).ok()?;
        timing::kept_until_sent(eval, file, &capture.variable, timing::read_at(lambda, None), each)
            .ok()?;
    }
    Some(captured)
}

/// Builtins that pickle by name and do not look at their caller.
const BUILTINS: &[&str] = &[
    "abs",
    "all",
    "any",
    "ascii",
    "bin",
    "bool",
    "bytes",
    "chr",
    "dict",
    "divmod",
    "exit",
    "float",
    "frozenset",
    "hash",
    "hex",
    "int",
    "len",
    "list",
    "max",
    "min",
    "oct",
    "ord",
    "pow",
    "print",
    "quit",
    "repr",
    "reversed",
    "round",
    "set",
    "sorted",
    "str",
    "sum",
    "tuple",
];

/// Modules of the standard library whose functions are plain functions that pickle by name.
const STDLIB: &[&str] = &[
    "math",
    "os",
    "time",
    "signal",
    "json",
    "zlib",
    "hashlib",
    "shutil",
    "random",
    "statistics",
    "cmath",
    "textwrap",
    "struct",
    "base64",
    "gc",
    "logging",
    "sys",
];

/// `lambda x, y: work(x, y)`: all parameters, in order, and nothing else.
fn eta(
    facts: &FileFacts,
    lambda: NodeId,
    parameters: NodeId,
    list: NodeId,
    worker: &str,
) -> Option<Vec<Edit>> {
    let tree = facts.tree();
    let own: Vec<NodeId> = tree.children(parameters).collect();
    let given: Vec<NodeId> = tree.children(list).collect();
    let same = own.len() == given.len()
        && own.iter().zip(&given).all(|(have, give)| {
            let plain =
                tree.kind(*have) == Kind::Identifier && tree.kind(*give) == Kind::Identifier;
            let starred =
                matches!(tree.kind(*have), Kind::ListSplatPattern | Kind::DictionarySplatPattern)
                    && matches!(tree.kind(*give), Kind::ListSplat | Kind::DictionarySplat);
            (plain || starred) && facts.text(*have) == facts.text(*give)
        });
    same.then(|| vec![Edit::replace(whole(facts, lambda), worker)])
}

/// The parameters of a lambda that what it calls knows by another name, or by none that is known.
fn other_names<'p>(
    eval: &Eval<'p>,
    file: FileId,
    parameters: NodeId,
    callee: Site,
) -> Vec<&'p str> {
    let facts = eval.file(file);
    let own = facts.tree().children(parameters).filter(|node| !facts.text(*node).starts_with('*'));
    let (function, skipped) = match &*eval.values(callee) {
        [Value::Function(function)] => (Some(*function), 0),
        [Value::Method { function, .. }] => (*function, 1),
        _ => (None, 0),
    };
    let theirs: Vec<&str> = function
        .map(|function| named_parameters(eval.file(function.file), function.node))
        .unwrap_or_default()
        .into_iter()
        .skip(skipped)
        .collect();
    own.enumerate()
        .map(|(at, node)| (at, facts.text(node)))
        .filter(|(at, name)| theirs.get(*at) != Some(name))
        .map(|(_, name)| name)
        .collect()
}

/// The parameters of a function that take both positions and names, in order, up to the first that does not.
fn named_parameters(facts: &FileFacts, function: NodeId) -> Vec<&str> {
    let tree = facts.tree();
    let list = tree.child(function, Field::Parameters);
    // What stands in front of `/` has no name for callers.
    if list.is_some_and(|list| tree.children(list).any(|node| facts.text(node) == "/")) {
        return Vec::new();
    }
    let signature = facts.dataflow().signature(function);
    let all = signature.map(|signature| &*signature.parameters).unwrap_or_default().iter();
    let named = all.take_while(|each| each.position.is_some());
    named.map(|each| facts.text(each.node)).collect()
}

/// Whether a use may pass any of these parameters by name: as a keyword, or as the key of a dictionary, wherever that stands in the
/// files of the lambda and of the dispatch.
fn passes_by_name(eval: &Eval, file: FileId, each: &Use, names: &[&str]) -> bool {
    let says_one = |file: FileId| {
        let facts = eval.file(file);
        let tree = facts.tree();
        let is_one = |text: &str| names.contains(&text.trim_matches(['"', '\'']));
        tree.subtree(crate::syntax::Tree::ROOT).any(|node| match tree.kind(node) {
            Kind::KeywordArgument => {
                tree.child(node, Field::Name).is_some_and(|name| is_one(facts.text(name)))
            }
            Kind::String => is_one(facts.text(node)),
            _ => false,
        })
    };
    let call = each.dispatch.call;
    let is_splat = |node: &NodeId| eval.file(call.file).tree().kind(*node) == Kind::DictionarySplat;
    let tree = eval.file(call.file).tree();
    let unseen = call.file != file
        && tree
            .child(call.node, Field::Arguments)
            .is_some_and(|list| tree.children(list).any(|node| is_splat(&node)));
    !names.is_empty() && (unseen || says_one(file) || call.file != file && says_one(call.file))
}

/// `lambda: work(a, b)`: the arguments are evaluated where the lambda stands and travel with the dispatch.
fn passed_on(
    eval: &Eval,
    file: FileId,
    lambda: NodeId,
    list: NodeId,
    worker: &str,
    each: &Use,
) -> Option<Vec<Edit>> {
    let facts = eval.file(file);
    let tree = facts.tree();
    let dispatch = &each.dispatch;
    if eval.has_splat(dispatch.call) {
        return None;
    }
    let given: Vec<NodeId> = tree.children(list).collect();
    let captured = captures_read_here(eval, file, lambda, each)?;
    if !given.iter().all(|argument| is_plain_argument(facts, *argument, &captured)) {
        return None;
    }
    let entry = dispatch.api(eval.project);
    if entry.callables.first().is_none_or(|first| first.name != each.slot.name) {
        return None;
    }
    let (positional, keywords): (Vec<NodeId>, Vec<NodeId>) =
        given.iter().partition(|node| tree.kind(**node) != Kind::KeywordArgument);
    let texts = |nodes: &[NodeId]| {
        nodes.iter().map(|node| facts.text(*node).to_owned()).collect::<Vec<_>>()
    };
    let mut edits = vec![Edit::replace(whole(facts, lambda), worker)];
    let shifted = |pos: i32| if pos < 0 { -1 } else { pos + dispatch.shift };
    if let Some(from) = entry.arguments.varargs {
        let passed = eval.positional_arguments(dispatch.call).len().saturating_sub(from as usize);
        // Behind a keyword nothing is passed by position.
        let is_behind_keyword =
            !positional.is_empty() && arguments::has_keywords(facts, dispatch.call);
        if passed > 0 || is_behind_keyword || (!keywords.is_empty() && !entry.arguments.keywords) {
            return None;
        }
        if !given.is_empty() {
            edits.push(arguments::append(facts, dispatch.call.node, &texts(&given).join(", ")));
        }
        return Some(edits);
    }
    let tuple = entry.arguments.tuple.as_ref()?;
    let dict = entry.arguments.dict.as_ref();
    let already = eval.argument(dispatch.call, &tuple.name, shifted(tuple.pos)).is_some()
        || dict.is_some_and(|dict| {
            eval.argument(dispatch.call, &dict.name, shifted(dict.pos)).is_some()
        });
    if already || (!keywords.is_empty() && dict.is_none()) {
        return None;
    }
    let mut more = Vec::new();
    if !positional.is_empty() {
        let items = texts(&positional);
        more.push(format!(
            "{}=({}{})",
            tuple.name,
            items.join(", "),
            if items.len() == 1 { "," } else { "" }
        ));
    }
    if let (false, Some(dict)) = (keywords.is_empty(), dict) {
        let pairs = keywords.iter().filter_map(|keyword| {
            let (name, value) =
                (tree.child(*keyword, Field::Name)?, tree.child(*keyword, Field::Value)?);
            let quote = arguments::quote_inside(facts, dispatch.call.node);
            Some(format!("{quote}{}{quote}: {}", facts.text(name), facts.text(value)))
        });
        more.push(format!("{}={{{}}}", dict.name, pairs.collect::<Vec<_>>().join(", ")));
    }
    if !more.is_empty() {
        edits.push(arguments::added_keyword(
            facts,
            dispatch.call.node,
            each.slot.expression.node,
            &more.join(", "),
        ));
    }
    Some(edits)
}

/// A captured name, a constant, a display of such, or `name=` one of them: evaluating it earlier, in the parent,
/// changes nothing.
fn is_plain_argument(facts: &FileFacts, argument: NodeId, captured: &[captures::Capture]) -> bool {
    let tree = facts.tree();
    let value = match tree.kind(argument) {
        Kind::KeywordArgument => tree.child(argument, Field::Value),
        _ => Some(argument),
    };
    let Some(value) = value else { return false };
    let all_plain =
        |node: NodeId| tree.children(node).all(|inner| is_plain_argument(facts, inner, captured));
    match tree.kind(value) {
        Kind::Identifier => {
            captured.iter().any(|capture| capture.reads.contains(&value))
                || is_constant(facts, value)
        }
        Kind::Tuple | Kind::List | Kind::ParenthesizedExpression => all_plain(value),
        Kind::Dictionary => {
            tree.children(value).all(|pair| tree.kind(pair) == Kind::Pair && all_plain(pair))
        }
        Kind::Integer | Kind::Float | Kind::True | Kind::False | Kind::None => true,
        Kind::String => {
            !tree.subtree(value).any(|node| tree.kind(node) == Kind::Interpolation)
                && !facts.text(value).contains('\n')
        }
        Kind::UnaryOperator => tree
            .children(value)
            .all(|inner| matches!(tree.kind(inner), Kind::Integer | Kind::Float)),
        _ => false,
    }
}

/// Whether a name is a global that is bound once, at import time, to a number, a string or the like.
fn is_constant(facts: &FileFacts, name: NodeId) -> bool {
    let tree = facts.tree();
    let Some((home, text)) =
        facts.scopes.resolve_name(name).filter(|(home, _)| *home == facts.scopes.module())
    else {
        return false;
    };
    let [binding] = facts.scopes.bindings(home, text) else { return false };
    let BindingKind::Assignment { value: Some(value), .. } = binding.kind else { return false };
    tree.parent(facts.statement(binding.statement)) == Some(crate::syntax::Tree::ROOT)
        && captures::is_plain_assignment(facts, binding.statement)
        && !matches!(tree.kind(value), Kind::Identifier)
        && is_plain_argument(facts, value, &[])
        && !tree
            .subtree(value)
            .any(|node| matches!(tree.kind(node), Kind::List | Kind::Dictionary | Kind::Identifier))
}

/// The lambda with the parentheses around it.
pub(in crate::rewrite) fn whole(facts: &FileFacts, lambda: NodeId) -> Span {
    let tree = facts.tree();
    let mut at = lambda;
    while let Some(up) =
        tree.parent(at).filter(|up| tree.kind(*up) == Kind::ParenthesizedExpression)
    {
        at = up;
    }
    tree.span(at)
}
