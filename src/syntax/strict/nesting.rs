//! What CPython's compiler refuses of a tree that its parser accepts: `return` outside a function, `nonlocal` of nothing,
//! a name that is used above its `global` statement, and their like.

use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{
    self as ast, ExceptHandler, Expr, ExprContext, Parameters, Pattern, PythonVersion, Stmt,
};
use ruff_python_parser::semantic_errors::{
    LazyImportContext, SemanticSyntaxChecker, SemanticSyntaxContext, SemanticSyntaxError,
};
use ruff_text_size::{Ranged, TextRange};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// What opens a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Module,
    Class,
    Function { is_async: bool },
    Lambda,
    Generator,
    Comprehension { is_async: bool },
}

/// One open scope.
#[derive(Debug)]
struct Scope {
    kind: Kind,
    parameters: BTreeSet<String>,
    names: Names,
    /// How many loops are open.
    loops: usize,
}

/// The names of one scope, without those of scopes inside it.
#[derive(Debug, Default)]
struct Names {
    bound: BTreeSet<String>,
    globals: BTreeMap<String, TextRange>,
}

/// Walks a tree with all scopes that are open at a place.
pub(super) struct Nesting<'t> {
    checker: SemanticSyntaxChecker,
    errors: RefCell<Vec<SemanticSyntaxError>>,
    version: PythonVersion,
    text: &'t str,
    scopes: Vec<Scope>,
    tries: usize,
    postponed: bool,
}

impl<'t> Nesting<'t> {
    /// A walk over `suite`, the tree of `text`.
    pub(super) fn new(text: &'t str, suite: &[Stmt], version: PythonVersion) -> Self {
        let postpones = |stmt: &Stmt| {
            let Stmt::ImportFrom(import) = stmt else { return false };
            import.module.as_ref().is_some_and(|module| module.as_str() == "__future__")
                && import.names.iter().any(|alias| alias.name.as_str() == "annotations")
        };
        Self {
            checker: SemanticSyntaxChecker::new(),
            errors: RefCell::default(),
            version,
            text,
            scopes: vec![Scope::new(Kind::Module, None, Names::of(suite))],
            tries: 0,
            postponed: suite.iter().any(postpones),
        }
    }

    /// The first thing that is refused, in the order of the text.
    pub(super) fn first_error(&self) -> Option<SemanticSyntaxError> {
        self.errors.borrow().iter().min_by_key(|error| error.range.start()).cloned()
    }

    fn within(&mut self, scope: Scope, walk: impl FnOnce(&mut Self)) {
        self.scopes.push(scope);
        walk(self);
        self.scopes.pop();
    }

    fn innermost(&self) -> &Scope {
        self.scopes.last().expect("the module's scope is never closed")
    }

    /// What stands in a loop, where `break` leaves it.
    fn in_loop<'a>(&mut self, body: &'a [Stmt])
    where
        Self: Visitor<'a>,
    {
        let scope = self.scopes.len() - 1;
        self.scopes[scope].loops += 1;
        self.visit_body(body);
        self.scopes[scope].loops -= 1;
    }

    /// The parts of a comprehension: the first iterable belongs to the scope around it.
    fn comprehension<'a>(
        &mut self,
        kind: Kind,
        generators: &'a [ast::Comprehension],
        elements: &[&'a Expr],
    ) {
        if let Some(first) = generators.first() {
            self.visit_expr(&first.iter);
        }
        self.within(Scope::new(kind, None, Names::default()), |walk| {
            for (at, generator) in generators.iter().enumerate() {
                if at > 0 {
                    walk.visit_expr(&generator.iter);
                }
                walk.visit_expr(&generator.target);
                generator.ifs.iter().for_each(|test| walk.visit_expr(test));
            }
            elements.iter().for_each(|element| walk.visit_expr(element));
        });
    }
}

impl Scope {
    fn new(kind: Kind, parameters: Option<&Parameters>, names: Names) -> Self {
        let parameters = parameters
            .into_iter()
            .flat_map(|list| list.iter())
            .map(|parameter| parameter.name().to_string())
            .collect();
        Self { kind, parameters, names, loops: 0 }
    }
}

impl Names {
    fn of(body: &[Stmt]) -> Self {
        let mut names = Self::default();
        names.visit_body(body);
        names
    }
}

impl<'a> Visitor<'a> for Names {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        match stmt {
            Stmt::FunctionDef(function) => {
                self.bound.insert(function.name.to_string());
            }
            Stmt::ClassDef(class) => {
                self.bound.insert(class.name.to_string());
            }
            Stmt::Global(global) => {
                for name in &global.names {
                    self.globals.entry(name.to_string()).or_insert(global.range());
                }
            }
            // The variable is the one of a function further out.
            Stmt::Nonlocal(nonlocal) => {
                self.bound.extend(nonlocal.names.iter().map(ToString::to_string));
            }
            _ => visitor::walk_stmt(self, stmt),
        }
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Name(name) if name.ctx != ExprContext::Load => {
                self.bound.insert(name.id.to_string());
            }
            Expr::Lambda(_) => {}
            _ => visitor::walk_expr(self, expr),
        }
    }

    fn visit_alias(&mut self, alias: &'a ast::Alias) {
        let name = alias.asname.as_ref().map_or_else(
            || alias.name.split('.').next().unwrap_or_default().to_owned(),
            ToString::to_string,
        );
        self.bound.insert(name);
    }

    fn visit_except_handler(&mut self, handler: &'a ExceptHandler) {
        let ExceptHandler::ExceptHandler(each) = handler;
        self.bound.extend(each.name.as_ref().map(ToString::to_string));
        visitor::walk_except_handler(self, handler);
    }

    fn visit_pattern(&mut self, pattern: &'a Pattern) {
        let name = match pattern {
            Pattern::MatchAs(each) => each.name.as_ref(),
            Pattern::MatchStar(each) => each.name.as_ref(),
            Pattern::MatchMapping(each) => each.rest.as_ref(),
            _ => None,
        };
        self.bound.extend(name.map(ToString::to_string));
        visitor::walk_pattern(self, pattern);
    }
}

impl<'a> Visitor<'a> for Nesting<'_> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        let mut checker = std::mem::take(&mut self.checker);
        checker.visit_stmt(stmt, self);
        self.checker = checker;
        match stmt {
            Stmt::FunctionDef(function) => {
                function.decorator_list.iter().for_each(|each| self.visit_decorator(each));
                function.type_params.iter().for_each(|each| self.visit_type_params(each));
                self.visit_parameters(&function.parameters);
                function.returns.iter().for_each(|each| self.visit_annotation(each));
                let kind = Kind::Function { is_async: function.is_async };
                let names = Names::of(&function.body);
                self.within(Scope::new(kind, Some(&function.parameters), names), |walk| {
                    walk.visit_body(&function.body);
                });
            }
            Stmt::ClassDef(class) => {
                class.decorator_list.iter().for_each(|each| self.visit_decorator(each));
                class.type_params.iter().for_each(|each| self.visit_type_params(each));
                class.arguments.iter().for_each(|each| self.visit_arguments(each));
                self.within(Scope::new(Kind::Class, None, Names::of(&class.body)), |walk| {
                    walk.visit_body(&class.body);
                });
            }
            Stmt::For(each) => {
                self.visit_expr(&each.iter);
                self.visit_expr(&each.target);
                self.in_loop(&each.body);
                self.visit_body(&each.orelse);
            }
            Stmt::While(each) => {
                self.visit_expr(&each.test);
                self.in_loop(&each.body);
                self.visit_body(&each.orelse);
            }
            Stmt::Try(_) => {
                self.tries += 1;
                visitor::walk_stmt(self, stmt);
                self.tries -= 1;
            }
            _ => visitor::walk_stmt(self, stmt),
        }
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        let mut checker = std::mem::take(&mut self.checker);
        checker.visit_expr(expr, self);
        self.checker = checker;
        let is_async =
            |generators: &[ast::Comprehension]| generators.iter().any(|each| each.is_async);
        match expr {
            Expr::Lambda(lambda) => {
                let parameters = lambda.parameters.as_deref();
                parameters.into_iter().for_each(|list| self.visit_parameters(list));
                self.within(Scope::new(Kind::Lambda, parameters, Names::default()), |walk| {
                    walk.visit_expr(&lambda.body);
                });
            }
            Expr::ListComp(ast::ExprListComp { elt, generators, .. })
            | Expr::SetComp(ast::ExprSetComp { elt, generators, .. }) => {
                let kind = Kind::Comprehension { is_async: is_async(generators) };
                self.comprehension(kind, generators, &[elt]);
            }
            Expr::DictComp(ast::ExprDictComp { key, value, generators, .. }) => {
                let kind = Kind::Comprehension { is_async: is_async(generators) };
                let elements: Vec<&Expr> =
                    key.as_deref().into_iter().chain([value.as_ref()]).collect();
                self.comprehension(kind, generators, &elements);
            }
            Expr::Generator(ast::ExprGenerator { elt, generators, .. }) => {
                self.comprehension(Kind::Generator, generators, &[elt]);
            }
            _ => visitor::walk_expr(self, expr),
        }
    }
}

impl SemanticSyntaxContext for Nesting<'_> {
    fn future_annotations_or_stub(&self) -> bool {
        self.postponed
    }

    fn lazy_import_context(&self) -> Option<LazyImportContext> {
        match self.innermost().kind {
            Kind::Function { .. } => Some(LazyImportContext::Function),
            Kind::Class => Some(LazyImportContext::Class),
            _ => (self.tries > 0).then_some(LazyImportContext::TryExceptBlocks),
        }
    }

    fn python_version(&self) -> PythonVersion {
        self.version
    }

    fn source(&self) -> &str {
        self.text
    }

    fn global(&self, name: &str) -> Option<TextRange> {
        self.innermost().names.globals.get(name).copied()
    }

    fn has_nonlocal_binding(&self, name: &str) -> bool {
        let (_, outer) = self.scopes.split_last().expect("the module's scope is never closed");
        outer.iter().any(|scope| {
            matches!(scope.kind, Kind::Function { .. } | Kind::Lambda)
                && !scope.names.globals.contains_key(name)
                && (scope.parameters.contains(name) || scope.names.bound.contains(name))
        })
    }

    fn in_async_context(&self) -> bool {
        let decides = |scope: &Scope| match scope.kind {
            Kind::Class | Kind::Lambda => Some(false),
            Kind::Function { is_async } => Some(is_async),
            _ => None,
        };
        self.scopes.iter().rev().find_map(decides).unwrap_or(false)
    }

    fn in_await_allowed_context(&self) -> bool {
        let decides = |scope: &Scope| match scope.kind {
            Kind::Class => Some(false),
            Kind::Function { .. } | Kind::Lambda => Some(true),
            _ => None,
        };
        self.scopes.iter().rev().find_map(decides).unwrap_or(false)
    }

    fn in_yield_allowed_context(&self) -> bool {
        let decides = |scope: &Scope| match scope.kind {
            Kind::Class | Kind::Generator | Kind::Comprehension { .. } => Some(false),
            Kind::Function { .. } | Kind::Lambda => Some(true),
            Kind::Module => None,
        };
        self.scopes.iter().rev().find_map(decides).unwrap_or(false)
    }

    fn in_sync_comprehension(&self) -> bool {
        self.scopes.iter().any(|scope| scope.kind == Kind::Comprehension { is_async: false })
    }

    fn in_class_body_comprehension(&self) -> bool {
        let decides = |scope: &Scope| match scope.kind {
            Kind::Generator | Kind::Comprehension { .. } => None,
            kind => Some(kind == Kind::Class),
        };
        self.scopes.iter().rev().find_map(decides).unwrap_or(false)
    }

    fn in_module_scope(&self) -> bool {
        self.innermost().kind == Kind::Module
    }

    fn in_function_scope(&self) -> bool {
        matches!(self.innermost().kind, Kind::Function { .. })
    }

    fn in_generator_context(&self) -> bool {
        self.scopes.iter().any(|scope| scope.kind == Kind::Generator)
    }

    fn in_notebook(&self) -> bool {
        false
    }

    fn report_semantic_error(&self, error: SemanticSyntaxError) {
        self.errors.borrow_mut().push(error);
    }

    fn in_loop_context(&self) -> bool {
        self.innermost().loops > 0
    }

    fn is_bound_parameter(&self, name: &str) -> bool {
        self.innermost().parameters.contains(name)
    }
}
