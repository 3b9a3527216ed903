//! What an executor lets its workers bind when they start: by a new initializer, or by the one that it has.

use crate::facts::FileFacts;
use crate::facts::scopes::{Binding, BindingKind};
use crate::project::{Eval, FileId, Site, Value};
use crate::rewrite::lifting::arguments;
use crate::rewrite::lifting::captures::guard_around;
use crate::rewrite::place;
use crate::rewrite::state::globals::{Placement, placement};
use crate::syntax::{Field, Kind, NodeId};
use crate::text::{Edit, indent};
use std::collections::BTreeSet;

/// A global that workers are to bind when they start.
pub(in crate::rewrite) struct Bound {
    /// What is assigned to: a global, or an attribute of a module.
    pub(in crate::rewrite) target: String,
    /// The parameter of the initializer.
    pub(in crate::rewrite) parameter: String,
    /// The expression of the value, where the executor is made.
    pub(in crate::rewrite) value: String,
}

/// How the call that makes an executor is told what its workers bind first.
pub(in crate::rewrite) struct WorkerStart<'e, 'p> {
    eval: &'e Eval<'p>,
    made: Site,
    initializer: Option<Site>,
    initargs: Option<Site>,
    /// The name of the parameter for the initializer's arguments.
    keyword: String,
}

impl<'e, 'p> WorkerStart<'e, 'p> {
    /// The start of the workers of the executor that `made` makes; `None` if it takes no initializer, or gets arguments
    /// that cannot be seen.
    pub(in crate::rewrite) fn of(eval: &'e Eval<'p>, made: Site) -> Option<Self> {
        let takes_one = |each: &crate::project::Dispatch| {
            each.api(eval.project).callables.first().is_some_and(|slot| slot.name == "initializer")
        };
        let dispatch = eval.dispatches_at(made).into_iter().find(takes_one)?;
        let tuple = dispatch.api(eval.project).arguments.tuple.as_ref()?;
        let position = if tuple.pos < 0 { -1 } else { tuple.pos + dispatch.shift };
        let initargs = eval.argument(made, &tuple.name, position);
        let slots = eval.slots(&dispatch);
        let initializer = match slots.as_slice() {
            [] => None,
            [one]
                if one.part.is_none()
                    && one.expression.file == made.file
                    && is_one_function(eval, one.expression) =>
            {
                Some(one.expression)
            }
            _ => return None,
        };
        let others = eval.arguments(&dispatch).iter().any(|each| Some(each.expression) != initargs);
        let seen =
            !eval.has_splat(made) && !others && (initializer.is_some() || initargs.is_none());
        seen.then(|| Self { eval, made, initializer, initargs, keyword: tuple.name.clone() })
    }

    /// Whether the executor has an initializer already.
    pub(in crate::rewrite) fn has_initializer(&self) -> bool {
        self.initializer.is_some()
    }

    /// The edits by which the executor's own initializer, a function of the same file that serves nothing else, binds more;
    /// `None` where it is another function.
    pub(in crate::rewrite) fn extended(&self, bound: &[Bound]) -> Option<Vec<Edit>> {
        let initializer = self.initializer?;
        let facts = self.eval.file(self.made.file);
        let function = match &*self.eval.values(initializer) {
            [Value::Function(function)] if function.file == self.made.file => *function,
            _ => return None,
        };
        let tree = facts.tree();
        let parameters = tree.child(function.node, Field::Parameters)?;
        let all: Vec<NodeId> = tree.children(parameters).collect();
        let given =
            self.initargs.map_or(Some(0), |initargs| arguments::display_length(facts, initargs))?;
        let names: Vec<&str> =
            bound.iter().flat_map(|each| [each.target.as_str(), each.parameter.as_str()]).collect();
        if !arguments::exactly(facts, function.node, given)
            || !self.serves_nothing_else(function)
            || uses_names(facts, function.node, &names)
        {
            return None;
        }
        let list = |part: fn(&Bound) -> &str| bound.iter().map(part).collect::<Vec<_>>();
        let further = list(|each| &each.parameter).join(", ");
        let mut edits = vec![match all.last() {
            Some(last) => Edit::insert(tree.end(*last), format!(", {further}")),
            None => Edit::insert(tree.end(parameters) - 1, further),
        }];
        edits.extend(binding_first(facts, function.node, bound)?);
        let values = list(|each| &each.value);
        edits.push(match self.initargs {
            Some(display) => arguments::extended(facts, display, &values),
            None => self.new_keyword(facts, initializer, &values),
        });
        Some(edits)
    }

    /// The edits of the call by which it gets the new initializer that `expression` names, with the text of that function,
    /// `name`, which goes into `file`; an initializer that is there is called by the new one.
    pub(in crate::rewrite) fn replaced(
        &self,
        file: FileId,
        name: &str,
        expression: &str,
        bound: &[Bound],
    ) -> Option<(Vec<Edit>, String)> {
        let facts = self.eval.file(self.made.file);
        let mut values: Vec<&str> = bound.iter().map(|each| each.value.as_str()).collect();
        let Some(initializer) = self.initializer else {
            let given = format!(
                "initializer={expression}, {}={}",
                self.keyword,
                arguments::tuple_text(&values)
            );
            return Some((
                vec![arguments::append(facts, self.made.node, &given)],
                self.definition(file, name, bound, None),
            ));
        };
        let text = facts.text(initializer.node);
        let is_named = file == self.made.file && is_importable(facts, initializer.node);
        let (parameters, call) = match (is_named, self.initargs) {
            (true, None) => (None, format!("{text}()")),
            (true, Some(_)) => (Some("*initargs"), format!("{text}(*initargs)")),
            (false, _) => (Some("initializer, *initargs"), "initializer(*initargs)".to_owned()),
        };
        values.extend((!is_named).then_some(text));
        let arguments = match self.initargs {
            Some(given) => arguments::led(facts, given, &values)?,
            None => self.new_keyword(facts, initializer, &values),
        };
        let clash =
            bound.iter().any(|each| matches!(each.parameter.as_str(), "initializer" | "initargs"));
        let edits = vec![
            Edit::replace(facts.tree().span(initializer.node), expression.to_owned()),
            arguments,
        ];
        (!clash).then(|| (edits, self.definition(file, name, bound, Some((parameters, &call)))))
    }

    fn new_keyword(&self, facts: &FileFacts, slot: Site, values: &[&str]) -> Edit {
        arguments::added_keyword(
            facts,
            self.made.node,
            slot.node,
            &format!("{}={}", self.keyword, arguments::tuple_text(values)),
        )
    }

    fn definition(
        &self,
        file: FileId,
        name: &str,
        bound: &[Bound],
        then: Option<(Option<&str>, &str)>,
    ) -> String {
        let facts = self.eval.file(file);
        let (newline, unit) = (facts.source.newline(), place::indent_unit(facts));
        let parameters: Vec<&str> = bound
            .iter()
            .map(|each| each.parameter.as_str())
            .chain(then.and_then(|row| row.0))
            .collect();
        let globals: Vec<&str> = bound
            .iter()
            .map(|each| each.target.as_str())
            .filter(|target| !target.contains('.'))
            .collect();
        let mut lines = Vec::new();
        if !globals.is_empty() {
            lines.push(format!("global {}", globals.join(", ")));
        }
        lines.extend(bound.iter().map(|each| format!("{} = {}", each.target, each.parameter)));
        lines.extend(then.map(|row| row.1.to_owned()));
        let lines: Vec<String> =
            lines.into_iter().map(|line| format!("{newline}{unit}{line}")).collect();
        format!("def {name}({}):{}", parameters.join(", "), lines.concat())
    }

    /// Whether nothing but this executor uses a function.
    fn serves_nothing_else(&self, function: Site) -> bool {
        let eval = self.eval;
        let facts = eval.file(function.file);
        let places: BTreeSet<Site> = self.initializer.into_iter().collect();
        facts.decorators(function.node).is_empty()
            && !facts.is_async(function.node)
            && eval.is_named_only_at(function, &places)
    }
}

/// Whether an expression is one function, class or method, whatever happens.
fn is_one_function(eval: &Eval, expression: Site) -> bool {
    let tree = eval.file(expression.file).tree();
    let known = |value: &Value| {
        matches!(
            value,
            Value::Function(_)
                | Value::Class(_)
                | Value::Method { .. }
                | Value::External { .. }
                | Value::Partial(_)
        )
    };
    let plain =
        matches!(tree.kind(expression.node), Kind::Identifier | Kind::Attribute | Kind::Call);
    plain && matches!(&*eval.values(expression), [one] if known(one))
}

/// Whether a name, or the dotted name of something in a module, means the same in every child.
fn is_importable(facts: &FileFacts, name: NodeId) -> bool {
    let tree = facts.tree();
    if tree.kind(name) == Kind::Attribute {
        return tree
            .child(name, Field::Object)
            .is_some_and(|object| is_import(facts, object) && is_importable(facts, object));
    }
    let Some((home, name)) =
        facts.scopes.resolve_name(name).filter(|_| tree.kind(name) == Kind::Identifier)
    else {
        return false;
    };
    let bindings = facts.scopes.bindings(home, name);
    let by_children = |binding: &Binding| match binding.kind {
        BindingKind::FunctionDef(node) | BindingKind::ClassDef(node) => {
            binding.scope == home && guard_around(facts, node).is_none()
        }
        _ => placement(facts, binding) == Placement::Import,
    };
    home == facts.scopes.module() && !bindings.is_empty() && bindings.iter().all(by_children)
}

/// Whether a name was imported.
fn is_import(facts: &FileFacts, name: NodeId) -> bool {
    let bindings =
        facts.scopes.resolve_name(name).map(|(home, name)| facts.scopes.bindings(home, name));
    bindings.is_some_and(|bindings| {
        bindings.iter().all(|binding| matches!(binding.kind, BindingKind::Import { .. }))
    })
}

/// Whether a function, or one inside it, has a variable of one of `names`, or says `global` of it.
fn uses_names(facts: &FileFacts, function: NodeId, names: &[&str]) -> bool {
    let tree = facts.tree();
    tree.subtree(function)
        .filter(|node| tree.kind(*node) == Kind::Identifier && names.contains(&facts.text(*node)))
        .any(|node| {
            let declared = tree.parent(node).is_some_and(|up| {
                matches!(tree.kind(up), Kind::GlobalStatement | Kind::NonlocalStatement)
            });
            declared
                || facts
                    .scopes
                    .resolve_name(node)
                    .is_some_and(|(home, _)| home != facts.scopes.module())
        })
}

/// The edits by which a function binds globals to its parameters before it does anything else.
fn binding_first(facts: &FileFacts, function: NodeId, bound: &[Bound]) -> Option<Vec<Edit>> {
    let tree = facts.tree();
    let body = tree.child(function, Field::Body)?;
    let is_docstring = |node: NodeId| {
        tree.children(node).next().is_some_and(|inner| tree.kind(inner) == Kind::String)
    };
    let mut statements = tree.children(body);
    let mut first = statements.next()?;
    let lines = facts.source.lines();
    if lines.line(tree.start(first)) == lines.line(tree.start(function))
        || place::shares_its_line(facts, first)
    {
        return None;
    }
    let newline = facts.source.newline();
    let own = indent::indentation(facts.all(), tree.start(first));
    let names: Vec<&str> = bound.iter().map(|each| each.target.as_str()).collect();
    let declared = std::iter::once(format!("global {}", names.join(", ")));
    let bindings: Vec<String> =
        bound.iter().map(|each| format!("{} = {}", each.target, each.parameter)).collect();
    let below = |lines: &[String]| {
        lines.iter().map(|line| format!("{own}{line}{newline}")).collect::<String>()
    };
    let end_of_line = |statement: NodeId| indent::line_end(facts.all(), tree.end(statement) - 1);
    let ends = |statement: NodeId| facts.all()[..end_of_line(statement) as usize].ends_with('\n');
    if is_docstring(first) {
        match statements.next() {
            Some(second) if place::shares_its_line(facts, second) => return None,
            Some(second) => first = second,
            None => {
                let lines: Vec<String> = declared.chain(bindings).collect();
                return ends(first).then(|| vec![Edit::insert(end_of_line(first), below(&lines))]);
            }
        }
    }
    if tree.kind(first) == Kind::GlobalStatement {
        let further = Edit::insert(tree.end(first), format!(", {}", names.join(", ")));
        return ends(first)
            .then(|| vec![further, Edit::insert(end_of_line(first), below(&bindings))]);
    }
    Some(vec![place::lines_above(facts, first, &declared.chain(bindings).collect::<Vec<_>>())])
}
