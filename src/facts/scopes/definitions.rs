//! Functions, classes, lambdas, type parameters and annotations.

use super::build::{Builder, Opening, Task};
use super::model::{BindingKind, ScopeKind};
use super::raw::fact;
use super::version::PythonVersion;
use crate::syntax::{Field, Kind, NodeId};

/// The first release with type parameters; decorators come before them in the compiler's walk.
const TYPE_PARAMETERS: PythonVersion = PythonVersion(12);
/// The first release in which unevaluated annotations leave no trace in the symbol table.
const HIDDEN_ANNOTATIONS: PythonVersion = PythonVersion(10);
/// The first release in which annotations have a scope of their own.
const ANNOTATION_SCOPES: PythonVersion = PythonVersion(14);

/// The parts of a parameter.
struct Parameter {
    node: NodeId,
    /// The names it binds (one, but for Python 2's tuples).
    names: Vec<NodeId>,
    default: Option<NodeId>,
    annotation: Option<NodeId>,
    star: u8,
}

/// A parameter list as the compiler sorts it.
#[derive(Default)]
struct Signature {
    positional: Vec<Parameter>,
    keyword_only: Vec<Parameter>,
    /// `*args` and `**kwargs`.
    rest: Vec<Parameter>,
}

impl Builder<'_> {
    pub(super) fn decorated(&mut self, node: NodeId) {
        let tree = self.tree;
        let decorators: Vec<_> =
            tree.children(node).filter(|child| tree.kind(*child) == Kind::Decorator).collect();
        let Some(definition) = tree.child(node, Field::Definition) else {
            return self.visit_children(node);
        };
        match tree.kind(definition) {
            Kind::FunctionDefinition => self.function(definition, &decorators),
            Kind::ClassDefinition => self.class(definition, &decorators),
            _ => self.visit_children(node),
        }
    }

    pub(super) fn function(&mut self, node: NodeId, decorators: &[NodeId]) {
        let tree = self.tree;
        let Some(identifier) = tree.child(node, Field::Name) else {
            return self.visit_children(node);
        };
        self.write(identifier, fact::LOCAL, BindingKind::FunctionDef(node));
        let name = self.plain_name(identifier);
        let parameters = tree.child(node, Field::Parameters);
        let signature = parameters.map(|list| self.signature(list)).unwrap_or_default();
        self.visit_defaults(&signature);
        let type_parameters = tree.child(node, Field::TypeParameters);
        let return_type = tree.child(node, Field::ReturnType);
        if self.version < TYPE_PARAMETERS {
            self.function_annotations(node, &signature, return_type, false);
        }
        for decorator in decorators {
            self.then(Task::Visit(*decorator));
        }
        let in_class = self.kind_here() == ScopeKind::Class;
        if let Some(list) = type_parameters {
            // CPython adds the first whether there are defaults or not.
            let mut implicit = vec![(".defaults", fact::PARAMETER)];
            if signature.keyword_only.iter().any(|parameter| parameter.default.is_some()) {
                implicit.push((".kwdefaults", fact::PARAMETER));
            }
            self.enter_type_parameters(node, name, list, implicit, None);
        }
        if self.version >= TYPE_PARAMETERS {
            self.function_annotations(node, &signature, return_type, in_class);
        }
        self.then(Task::Enter(opening(ScopeKind::Function, name, node)));
        if let Some(parameters) = parameters {
            self.then(Task::Parameters(parameters));
        }
        if let Some(body) = tree.child(node, Field::Body) {
            self.then(Task::Visit(body));
        }
        self.then(Task::Exit);
        if type_parameters.is_some() {
            self.then(Task::Exit);
        }
    }

    pub(super) fn lambda(&mut self, node: NodeId) {
        let tree = self.tree;
        let parameters = tree.child(node, Field::Parameters);
        let signature = parameters.map(|list| self.signature(list)).unwrap_or_default();
        self.visit_defaults(&signature);
        let name = self.raw.names.number("lambda");
        self.then(Task::Enter(opening(ScopeKind::Lambda, name, node)));
        if let Some(parameters) = parameters {
            self.then(Task::Parameters(parameters));
        }
        if let Some(body) = tree.child(node, Field::Body) {
            self.then(Task::Visit(body));
        }
        self.then(Task::Exit);
    }

    pub(super) fn class(&mut self, node: NodeId, decorators: &[NodeId]) {
        let tree = self.tree;
        let Some(identifier) = tree.child(node, Field::Name) else {
            return self.visit_children(node);
        };
        self.write(identifier, fact::LOCAL, BindingKind::ClassDef(node));
        let name = self.plain_name(identifier);
        let bases = tree.child(node, Field::Superclasses);
        let visit_decorators = decorators.iter().map(|decorator| Task::Visit(*decorator));
        let type_parameters = tree.child(node, Field::TypeParameters);
        if self.version >= TYPE_PARAMETERS {
            visit_decorators.clone().for_each(|task| self.then(task));
        }
        if let Some(list) = type_parameters {
            let set_and_used = fact::LOCAL | fact::USE;
            let implicit = vec![(".type_params", set_and_used), (".generic_base", set_and_used)];
            self.enter_type_parameters(node, name, list, implicit, Some(name));
        }
        if let Some(bases) = bases {
            self.then(Task::Visit(bases));
        }
        if self.version < TYPE_PARAMETERS {
            visit_decorators.for_each(|task| self.then(task));
        }
        let mut body_scope = opening(ScopeKind::Class, name, node);
        body_scope.private = Some(name);
        if type_parameters.is_some() {
            body_scope.implicit =
                vec![("__type_params__", fact::LOCAL), (".type_params", fact::USE)];
        }
        self.then(Task::Enter(body_scope));
        if let Some(body) = tree.child(node, Field::Body) {
            self.then(Task::Visit(body));
        }
        self.then(Task::Exit);
        if type_parameters.is_some() {
            self.then(Task::Exit);
        }
    }

    /// Opens the scope of type parameters and visits them; the caller closes it. `class` is the class whose header
    /// it is, if any.
    pub(super) fn enter_type_parameters(
        &mut self,
        node: NodeId,
        name: u32,
        list: NodeId,
        implicit: Vec<(&'static str, u16)>,
        class: Option<u32>,
    ) {
        let tree = self.tree;
        let mut scope = opening(ScopeKind::TypeParameters, name, node);
        scope.private = class;
        scope.implicit = implicit;
        if self.kind_here() == ScopeKind::Class {
            see_class(&mut scope);
        }
        self.then(Task::Enter(scope));
        for parameter in tree.children(list) {
            self.then(Task::TypeParameter(parameter));
        }
    }

    /// Opens the scope of a type alias's value, visits it and closes it.
    pub(super) fn enter_alias_value(
        &mut self,
        node: NodeId,
        name: u32,
        value: NodeId,
        in_class: bool,
    ) {
        let mut scope = opening(ScopeKind::TypeAlias, name, node);
        if in_class {
            see_class(&mut scope);
        }
        self.add_format(&mut scope);
        self.then(Task::Enter(scope));
        self.then(Task::Visit(value));
        self.then(Task::Exit);
    }

    pub(super) fn type_parameter(&mut self, node: NodeId) {
        let tree = self.tree;
        let mut inner = tree.children(node).next().unwrap_or(node);
        let mut bound = None;
        if tree.kind(inner) == Kind::ConstrainedType {
            let mut parts = tree.children(inner);
            let (head, rest) = (parts.next(), parts.next());
            bound = rest;
            inner = head.and_then(|head| tree.children(head).next()).unwrap_or(inner);
        }
        let identifier = match tree.kind(inner) {
            Kind::Identifier => Some(inner),
            _ => tree.child_of_kind(inner, Kind::Identifier),
        };
        let Some(identifier) = identifier else { return };
        let plain = self.plain_name(identifier);
        let scope = self.scope();
        let sees_class = scope.sees_class;
        if let Some(only) = &mut scope.mangled_only {
            only.insert(plain);
        }
        self.write(identifier, fact::LOCAL, BindingKind::TypeParameter);
        let Some(bound) = bound else { return };
        let mut scope = opening(ScopeKind::TypeVariable, plain, bound);
        if sees_class {
            see_class(&mut scope);
        }
        self.add_format(&mut scope);
        self.then(Task::Enter(scope));
        self.then(Task::Visit(bound));
        self.then(Task::Exit);
    }

    /// The parameters as bindings of the current scope.
    pub(super) fn parameters(&mut self, list: NodeId) {
        let Signature { positional, keyword_only, rest } = self.signature(list);
        for parameter in positional.into_iter().chain(keyword_only).chain(rest) {
            let Parameter { node, names, default, annotation, star } = parameter;
            for name in names {
                self.raw.scope_at[node.0 as usize] = self.current;
                self.write(
                    name,
                    fact::PARAMETER,
                    BindingKind::Parameter { node, default, annotation, star },
                );
            }
        }
    }

    fn signature(&self, list: NodeId) -> Signature {
        let tree = self.tree;
        let mut signature = Signature::default();
        let mut after_star = false;
        for node in tree.children(list) {
            let typed = if tree.kind(node) == Kind::TypedParameter {
                tree.children(node).next().unwrap_or(node)
            } else {
                node
            };
            let star = match tree.kind(typed) {
                Kind::ListSplatPattern => 1,
                Kind::DictionarySplatPattern => 2,
                _ => 0,
            };
            after_star |= star == 1 || tree.kind(node) == Kind::KeywordSeparator;
            let named = tree.child(node, Field::Name).unwrap_or(typed);
            let is_name = |inner: &NodeId| tree.kind(*inner) == Kind::Identifier;
            let parameter = Parameter {
                node,
                names: tree.subtree(named).filter(is_name).collect(),
                default: tree.child(node, Field::Value),
                annotation: tree.child(node, Field::Type),
                star,
            };
            match (star, after_star) {
                (0, false) => signature.positional.push(parameter),
                (0, true) => signature.keyword_only.push(parameter),
                _ => signature.rest.push(parameter),
            }
        }
        signature
    }

    fn visit_defaults(&mut self, signature: &Signature) {
        for parameter in signature.positional.iter().chain(&signature.keyword_only) {
            if let Some(default) = parameter.default {
                self.then(Task::Visit(default));
            }
        }
    }

    fn function_annotations(
        &mut self,
        node: NodeId,
        signature: &Signature,
        return_type: Option<NodeId>,
        in_class: bool,
    ) {
        let groups = [&signature.positional, &signature.rest, &signature.keyword_only];
        let annotations: Vec<_> = groups
            .into_iter()
            .flatten()
            .filter_map(|parameter| parameter.annotation)
            .chain(return_type)
            .collect();
        let own_scope = self.version >= ANNOTATION_SCOPES
            || (self.lazy_annotations
                && !annotations.is_empty()
                && self.version >= HIDDEN_ANNOTATIONS);
        if own_scope {
            let scope = self.annotation_scope(node, in_class);
            self.then(Task::Enter(scope));
        }
        for annotation in annotations {
            self.then(Task::Visit(annotation));
        }
        if own_scope {
            self.then(Task::Exit);
        }
    }

    /// The annotation of a variable.
    pub(super) fn variable_annotation(&mut self, annotation: NodeId) {
        let in_class = self.kind_here() == ScopeKind::Class;
        let own_scope = self.version >= ANNOTATION_SCOPES
            || (self.lazy_annotations && self.version >= HIDDEN_ANNOTATIONS);
        if self.version >= ANNOTATION_SCOPES {
            let conditional =
                self.kind_here() == ScopeKind::Module || (in_class && self.scope().in_conditional);
            if conditional {
                let name = self.raw.names.number("__conditional_annotations__");
                self.scope().add(name, fact::USE);
            }
            let scope = self.annotation_scope(annotation, in_class);
            self.then(Task::EnterAnnotations(scope));
        } else if own_scope {
            let scope = self.annotation_scope(annotation, in_class);
            self.then(Task::Enter(scope));
        }
        self.then(Task::Visit(annotation));
        if own_scope {
            self.then(Task::Exit);
        }
    }

    fn annotation_scope(&mut self, node: NodeId, in_class: bool) -> Opening {
        let name = self.raw.names.number("__annotate__");
        let mut scope = opening(ScopeKind::Annotation, name, node);
        self.add_format(&mut scope);
        if in_class && self.version >= ANNOTATION_SCOPES {
            see_class(&mut scope);
        }
        scope.sees_class = in_class;
        scope
    }

    /// From 3.14 on, scopes that are evaluated on demand are functions of a format.
    fn add_format(&self, scope: &mut Opening) {
        if self.version >= ANNOTATION_SCOPES {
            scope.implicit.push((".format", fact::PARAMETER | fact::USE));
        }
    }
}

fn opening(kind: ScopeKind, name: u32, node: NodeId) -> Opening {
    Opening {
        kind,
        name,
        node,
        line_of: node,
        sees_class: false,
        implicit: Vec::new(),
        private: None,
    }
}

/// Lets a scope read the names of the class around it.
fn see_class(scope: &mut Opening) {
    scope.sees_class = true;
    scope.implicit.push(("__classdict__", fact::USE));
}
