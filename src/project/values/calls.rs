//! What calls give, and what functions return.

use crate::catalogue::Start;
use crate::facts::scopes::{Binding, BindingKind};
use crate::project::{Eval, FileId, Site, Type, Value};
use crate::syntax::{Field, Kind, NodeId};

/// Methods that enter the context manager that they are given, and give what that gives.
const ENTERING: &[&str] =
    &["enter_context", "enter_async_context", "enterContext", "enterAsyncContext"];

impl Eval<'_> {
    /// What calling `factory` without arguments gives, where `site` stands.
    pub(in crate::project) fn made_by(&self, factory: &Value, site: Site) -> Vec<Value> {
        match factory {
            // The arguments at `site` are those of another call.
            Value::External { path, start } => vec![Value::Instance(Type::External {
                path: path.clone(),
                start: *start,
                made: Some(site),
            })],
            other => self.called(other, site),
        }
    }

    fn called(&self, callee: &Value, call: Site) -> Vec<Value> {
        match callee {
            // `stack.enter_context(pool)`; a test case enters one, too.
            Value::Method { name, function: None, .. } if ENTERING.contains(&&**name) => {
                let given = self.positional_arguments(call).first().copied();
                given.map_or_else(
                    || vec![Value::Result(call)],
                    |given| self.entered(&self.values(given)),
                )
            }
            Value::External { path, start } => self.external_call(path, *start, call),
            Value::Class(class) => vec![Value::Instance(Type::Class(*class))],
            Value::Function(function) => self.returned_to(*function, call),
            Value::Lambda(lambda) => {
                let body = self.file(lambda.file).tree().child(lambda.node, Field::Body);
                body.map(|body| self.values(Site { file: lambda.file, node: body }).to_vec())
                    .unwrap_or_default()
            }
            Value::Method { function: Some(function), receiver: Type::Class(class), .. }
                if !self.file(function.file).is_generator(function.node) =>
            {
                self.returned_to_object(*function, call, *class)
            }
            Value::Method { function: Some(function), .. } => self.returned_to(*function, call),
            Value::Method {
                receiver: receiver @ Type::External { path, start, .. }, name, ..
            } => match &**name {
                "__enter__" => vec![Value::Instance(Type::External {
                    path: path.clone(),
                    start: *start,
                    made: Some(call),
                })],
                _ => vec![self.proxy_made_by(receiver, name, call).unwrap_or(Value::Result(call))],
            },
            Value::Method { receiver, name, .. } => {
                vec![self.proxy_made_by(receiver, name, call).unwrap_or(Value::Result(call))]
            }
            _ => vec![Value::Result(call)],
        }
    }

    fn external_call(&self, path: &str, start: Start, call: Site) -> Vec<Value> {
        let first = || self.positional_arguments(call).first().copied();
        match path {
            "functools.partial" => return vec![Value::Partial(call)],
            "contextlib.closing" | "contextlib.nullcontext" | "builtins.staticmethod" => {
                return first().map(|inner| self.values(inner).to_vec()).unwrap_or_default();
            }
            "functools.wraps" | "functools.lru_cache" | "functools.cache" => {
                return vec![Value::external(&format!("{path}()"))];
            }
            "builtins.list" | "builtins.tuple" | "builtins.set" | "builtins.sorted"
            | "builtins.reversed" | "builtins.iter" => {
                return first().map_or_else(
                    || vec![Value::Literal(call)],
                    |inner| self.copied_display(inner, call),
                );
            }
            "copy.copy" | "copy.deepcopy" | "typing.cast" => {
                return self
                    .positional_arguments(call)
                    .last()
                    .map(|inner| self.values(*inner).to_vec())
                    .unwrap_or_default();
            }
            _ => {}
        }
        let start = match crate::catalogue::last_part(path) {
            "get_context" => self.start_method_argument(call, start),
            "SpawnProcess" => Start::Spawn,
            "ForkServerProcess" => Start::Forkserver,
            _ => self.context_argument(path, call).unwrap_or(start),
        };
        vec![Value::Instance(Type::External { path: path.into(), start, made: Some(call) })]
    }

    /// A new container of the items of `inner`: its display, if there is one; a generator or view is used up by `call`.
    fn copied_display(&self, inner: Site, call: Site) -> Vec<Value> {
        let is_display = |value: &Value| matches!(value, Value::Literal(site) if self.file(site.file).tree().kind(site.node) != Kind::GeneratorExpression);
        self.values(inner)
            .iter()
            .map(|value| if is_display(value) { value.clone() } else { Value::Literal(call) })
            .collect()
    }

    /// The start method that `get_context("…")` fixes.
    fn start_method_argument(&self, call: Site, otherwise: Start) -> Start {
        let Some(argument) = self.argument(call, "method", 0) else { return otherwise };
        match self.string_literal(argument) {
            Some("fork") => Start::Fork,
            Some("spawn") => Start::Spawn,
            Some("forkserver") => Start::Forkserver,
            None if self.is_fork_where_there_is_one(argument) => Start::Fork,
            _ => otherwise,
        }
    }

    /// The start method that a call's context parameter fixes (`mp_context=get_context("fork")`).
    fn context_argument(&self, path: &str, call: Site) -> Option<Start> {
        let entry = self.project.catalogue.get(self.project.catalogue.by_path(path)?);
        let parameter = entry.context.as_ref()?;
        let argument = self.argument(call, &parameter.name, parameter.pos)?;
        match self.string_literal(argument) {
            Some("fork") => return Some(Start::Fork),
            Some("spawn") => return Some(Start::Spawn),
            Some("forkserver") => return Some(Start::Forkserver),
            _ => {}
        }
        let starts: Vec<Start> = self
            .values(argument)
            .iter()
            .filter_map(|value| match value {
                Value::Instance(Type::External { path, start, .. })
                    if crate::catalogue::last_part(path) == "get_context" =>
                {
                    Some(*start)
                }
                _ => None,
            })
            .collect();
        match starts.as_slice() {
            [one] => Some(*one),
            _ => None,
        }
    }

    /// What a project function gives to the caller: its return values; what it yields, for a context manager.
    fn returned_to(&self, function: Site, call: Site) -> Vec<Value> {
        let facts = self.file(function.file);
        if facts.is_generator(function.node) {
            return if self
                .has_decorator(function, &["contextmanager", "asynccontextmanager", "fixture"])
            {
                self.yielded(function)
            } else {
                vec![Value::Result(call)]
            };
        }
        let found: Vec<Value> = self
            .returns(function)
            .into_iter()
            .flat_map(|value| self.returned_by(value, call))
            .collect();
        if found.is_empty() { vec![Value::Result(call)] } else { found }
    }

    /// What a method gives that is called on an object of `class`: a method of a base that returns `self` returns that object.
    fn returned_to_object(&self, method: Site, call: Site, class: Site) -> Vec<Value> {
        let same =
            |value: Site| self.self_class(value).map(|_| vec![Value::Instance(Type::Class(class))]);
        let found: Vec<Value> = self
            .returns(method)
            .into_iter()
            .flat_map(|value| same(value).unwrap_or_else(|| self.returned_by(value, call)))
            .collect();
        if found.is_empty() { vec![Value::Result(call)] } else { found }
    }

    /// The values of the `return` statements of a function.
    pub fn returned(&self, function: Site) -> Vec<Value> {
        self.returns(function).into_iter().flat_map(|value| self.values(value).to_vec()).collect()
    }

    /// What a returned expression is for one call: a parameter that is given back as it came is what this call gives.
    pub(in crate::project) fn returned_by(&self, value: Site, call: Site) -> Vec<Value> {
        let facts = self.file(value.file);
        let given = || {
            let (scope, name) = facts
                .scopes
                .resolve_name(value.node)
                .filter(|_| facts.tree().kind(value.node) == Kind::Identifier)?;
            let [binding] = facts.scopes.bindings(scope, name) else { return None };
            let BindingKind::Parameter { default, star: 0, .. } = &binding.kind else {
                return None;
            };
            let given = self.argument_in(call, value.file, binding)?;
            given.or_else(|| default.map(|node| Site { file: value.file, node }))
        };
        self.values(given().unwrap_or(value)).to_vec()
    }

    /// The expressions that a function returns.
    pub fn returns(&self, function: Site) -> Vec<Site> {
        let facts = self.file(function.file);
        let tree = facts.tree();
        facts
            .own_nodes(function.node)
            .filter(|node| tree.kind(*node) == Kind::ReturnStatement)
            .filter_map(|node| tree.children(node).next())
            .map(|node| Site { file: function.file, node })
            .collect()
    }

    fn yielded(&self, function: Site) -> Vec<Value> {
        let facts = self.file(function.file);
        let tree = facts.tree();
        let yields: Vec<NodeId> =
            facts.own_nodes(function.node).filter(|node| tree.kind(*node) == Kind::Yield).collect();
        yields
            .into_iter()
            .filter_map(|node| tree.children(node).next())
            .flat_map(|node| self.values(Site { file: function.file, node }).to_vec())
            .collect()
    }

    /// What `with value as …` binds.
    pub(in crate::project) fn entered(&self, values: &[Value]) -> Vec<Value> {
        let mut out = Vec::new();
        for value in values {
            let class =
                if let Value::Instance(Type::Class(class)) = value { Some(*class) } else { None };
            match class.and_then(|class| {
                self.method(class, "__enter__").or_else(|| self.method(class, "__aenter__"))
            }) {
                Some((_, enter)) => {
                    let same = |given: Site| self.self_class(given).map(|_| vec![value.clone()]);
                    out.extend(self.returns(enter).into_iter().flat_map(|given| {
                        same(given).unwrap_or_else(|| self.values(given).to_vec())
                    }));
                }
                None => out.push(value.clone()),
            }
        }
        out
    }

    /// What a parameter may hold; where it is read at `place`, what calls give that do not come there is left out.
    pub(in crate::project) fn parameter_values(
        &self,
        file: FileId,
        binding: &Binding,
        place: Option<Site>,
    ) -> Vec<Value> {
        let BindingKind::Parameter { default, annotation, star, .. } = &binding.kind else {
            return vec![Value::Unknown];
        };
        let facts = self.file(file);
        let tree = facts.tree();
        let at = |node| Site { file, node };
        if *star != 0 {
            return vec![Value::Unknown];
        }
        if let Some(function) = self.method_of_first_parameter(file, binding)
            && let Some(class) = tree.enclosing(
                function,
                &[Kind::ClassDefinition, Kind::FunctionDefinition, Kind::Lambda],
            )
            && tree.kind(class) == Kind::ClassDefinition
            && !self.has_decorator(at(function), &["staticmethod"])
        {
            let of_class = self.has_decorator(at(function), &["classmethod"])
                || facts.definition_name(function) == "__new__";
            return vec![if of_class {
                Value::Class(at(class))
            } else {
                Value::Instance(Type::Class(at(class)))
            }];
        }
        let mut found: Vec<Value> =
            annotation.map(|annotation| self.annotation_values(at(annotation))).unwrap_or_default();
        if let Some(default) = default
            && tree.kind(*default) != Kind::None
        {
            found.extend(self.values(at(*default)).iter().cloned());
        }
        let avoids =
            |argument: Site| place.is_some_and(|place| self.argument_avoids(argument, place));
        for argument in
            self.arguments_for(file, binding).into_iter().filter(|argument| !avoids(*argument))
        {
            found.extend(
                self.values(argument)
                    .iter()
                    .filter(|value| !matches!(value, Value::Unknown))
                    .cloned(),
            );
        }
        if found.is_empty() {
            found.push(Value::Parameter(at(binding.node)));
        }
        found
    }

    /// What a parameter's annotation promises.
    pub fn annotated(&self, file: FileId, binding: &Binding) -> Vec<Value> {
        match &binding.kind {
            BindingKind::Parameter { annotation: Some(annotation), .. } => {
                self.annotation_values(Site { file, node: *annotation })
            }
            _ => Vec::new(),
        }
    }
}
