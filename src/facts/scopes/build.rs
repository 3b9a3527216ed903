//! The walk over the tree: a stack of tasks instead of recursion, in the order of CPython's own walk.

use super::model::{BindingKind, ScopeKind};
use super::names::{mangle, normalize};
use super::raw::{Names, RawBinding, RawScope, RawScopes, Use, fact};
use super::targets::Write;
use super::version::PythonVersion;
use crate::syntax::{Kind, NodeId, Tree};
use crate::text::LineIndex;
use std::collections::{BTreeMap, BTreeSet};

/// What is still to be done, in the scope that is current by then.
#[derive(Debug)]
pub(super) enum Task {
    /// An expression that is read, or a statement.
    Visit(NodeId),
    /// An expression that is written.
    Target(NodeId, Write),
    /// A pattern of a `case`.
    Pattern(NodeId),
    /// The parameters of a function or lambda.
    Parameters(NodeId),
    /// One type parameter.
    TypeParameter(NodeId),
    /// Opens a scope.
    Enter(Opening),
    /// Opens the scope of variable annotations of the current scope, which may be open for the second time.
    EnterAnnotations(Opening),
    /// Says whether the current scope is in a statement that may not run to its end.
    Conditional(bool),
    /// Closes the current scope.
    Exit,
}

/// A scope to open.
#[derive(Debug)]
pub(super) struct Opening {
    pub(super) kind: ScopeKind,
    pub(super) name: u32,
    /// The node that opens it.
    pub(super) node: NodeId,
    /// The node whose line is the scope's.
    pub(super) line_of: NodeId,
    /// Whether it reads the names of the class around it.
    pub(super) sees_class: bool,
    /// Names that the compiler adds, with their facts.
    pub(super) implicit: Vec<(&'static str, u16)>,
    /// The class whose name mangles private names inside, if it is not that of the scope around.
    pub(super) private: Option<u32>,
}

pub(super) struct Builder<'t> {
    pub(super) tree: &'t Tree,
    pub(super) text: &'t str,
    pub(super) version: PythonVersion,
    /// `from __future__ import annotations` is in force.
    pub(super) lazy_annotations: bool,
    lines: LineIndex,
    pub(super) raw: RawScopes,
    pub(super) current: u32,
    stack: Vec<Task>,
    pending: Vec<Task>,
}

const UNSEEN: u32 = u32::MAX;

/// Walks the tree of `text` as the compiler of `version` would.
pub(super) fn collect(tree: &Tree, text: &str, version: PythonVersion) -> RawScopes {
    let raw = RawScopes {
        scopes: Vec::new(),
        names: Names::default(),
        uses: Vec::new(),
        bindings: Vec::new(),
        scope_at: vec![UNSEEN; tree.len()],
        opened: BTreeMap::new(),
    };
    let lines = LineIndex::new(text);
    let mut builder = Builder {
        tree,
        text,
        version,
        lazy_annotations: false,
        lines,
        raw,
        current: 0,
        stack: Vec::new(),
        pending: Vec::new(),
    };
    builder.run();
    builder.raw
}

impl Builder<'_> {
    fn run(&mut self) {
        self.lazy_annotations = self.imports_lazy_annotations();
        let name = self.raw.names.number("top");
        let root = Tree::ROOT;
        self.enter(Opening {
            kind: ScopeKind::Module,
            name,
            node: root,
            line_of: root,
            sees_class: false,
            implicit: Vec::new(),
            private: None,
        });
        self.raw.scope_at[0] = 0;
        self.visit_children(root);
        loop {
            self.stack.extend(self.pending.drain(..).rev());
            let Some(task) = self.stack.pop() else { break };
            self.perform(task);
        }
        for index in 1..self.tree.len() {
            if self.raw.scope_at[index] == UNSEEN {
                let parent = self.tree.parent(NodeId(index as u32)).unwrap_or(root);
                self.raw.scope_at[index] = self.raw.scope_at[parent.0 as usize];
            }
        }
        self.raw.uses.sort_by_key(|used| used.node);
        self.raw.bindings.sort_by_key(|binding| binding.node);
    }

    fn perform(&mut self, task: Task) {
        match task {
            Task::Visit(node) => {
                self.mark(node);
                self.visit(node);
            }
            Task::Target(node, write) => {
                self.mark(node);
                self.target(node, write);
            }
            Task::Pattern(node) => {
                self.mark(node);
                self.pattern(node);
            }
            Task::Parameters(node) => {
                self.mark(node);
                self.parameters(node);
            }
            Task::TypeParameter(node) => {
                self.mark(node);
                self.type_parameter(node);
            }
            Task::Enter(opening) => self.enter(opening),
            Task::EnterAnnotations(opening) => self.enter_annotations(opening),
            Task::Conditional(is_conditional) => self.scope().in_conditional = is_conditional,
            Task::Exit => self.current = self.raw.scopes[self.current as usize].parent.unwrap_or(0),
        }
    }

    fn mark(&mut self, node: NodeId) {
        self.raw.scope_at[node.0 as usize] = self.current;
    }

    /// Adds a task after those that were added since the last one was taken.
    pub(super) fn then(&mut self, task: Task) {
        self.pending.push(task);
    }

    pub(super) fn visit_children(&mut self, node: NodeId) {
        let tree = self.tree;
        self.pending.extend(tree.children(node).map(Task::Visit));
    }

    fn enter(&mut self, opening: Opening) {
        let id = self.raw.scopes.len() as u32;
        let is_root = id == 0;
        let parent = (!is_root).then_some(self.current);
        let outer = parent.map(|parent| &self.raw.scopes[parent as usize]);
        let private = opening.private.or(outer.and_then(|outer| outer.private));
        let mangled_only = match opening.kind {
            ScopeKind::Class => None,
            // The header of a generic class mangles its type parameters, so that the body finds them, and nothing else.
            ScopeKind::TypeParameters if opening.private.is_some() => Some(BTreeSet::new()),
            _ => outer.and_then(|outer| outer.mangled_only.clone()),
        };
        // Unevaluated annotations leave no trace in the symbol table since 3.10.
        let hidden = opening.kind == ScopeKind::Annotation && self.lazy_annotations;
        if let (Some(parent), false) = (parent, hidden) {
            self.raw.scopes[parent as usize].children.push(id);
        }
        let line = if is_root { 0 } else { self.lines.line(self.tree.start(opening.line_of)) };
        self.raw.scopes.push(RawScope {
            kind: opening.kind,
            name: opening.name,
            node: opening.node,
            parent,
            children: Vec::new(),
            line,
            symbols: BTreeMap::new(),
            private,
            mangled_only,
            sees_class: opening.sees_class,
            annotations: None,
            in_conditional: false,
            unevaluated: false,
            hidden,
        });
        self.current = id;
        for (name, facts) in opening.implicit {
            let number = self.raw.names.number(name);
            self.scope().add(number, facts);
        }
        if !matches!(
            opening.kind,
            ScopeKind::TypeParameters | ScopeKind::TypeVariable | ScopeKind::Annotation
        ) {
            self.raw.opened.insert(opening.node, id);
        }
    }

    fn enter_annotations(&mut self, opening: Opening) {
        let outer = self.current;
        match self.raw.scopes[outer as usize].annotations {
            Some(open) => self.current = open,
            None => {
                self.enter(opening);
                self.raw.scopes[outer as usize].annotations = Some(self.current);
                let in_function = matches!(
                    self.raw.scopes[outer as usize].kind,
                    ScopeKind::Function | ScopeKind::Lambda
                );
                self.scope().unevaluated = in_function;
            }
        }
    }

    /// The current scope.
    pub(super) fn scope(&mut self) -> &mut RawScope {
        &mut self.raw.scopes[self.current as usize]
    }

    pub(super) fn kind_here(&self) -> ScopeKind {
        self.raw.scopes[self.current as usize].kind
    }

    /// The name of an identifier as it is written, in normal form but not mangled.
    pub(super) fn plain_name(&mut self, identifier: NodeId) -> u32 {
        let tree = self.tree;
        let text = normalize(tree.text(identifier, self.text));
        self.raw.names.number(&text)
    }

    /// The name under which the current scope knows the identifier.
    pub(super) fn name(&mut self, identifier: NodeId) -> u32 {
        let plain = self.plain_name(identifier);
        let scope = &self.raw.scopes[self.current as usize];
        let Some(class) = scope.private else { return plain };
        if scope.mangled_only.as_ref().is_some_and(|only| !only.contains(&plain)) {
            return plain;
        }
        let mangled = mangle(self.raw.names.text(class), self.raw.names.text(plain)).into_owned();
        self.raw.names.number(&mangled)
    }

    /// Notes a read of the variable that `identifier` names.
    pub(super) fn read(&mut self, identifier: NodeId) {
        let name = self.name(identifier);
        if self.scope().unevaluated {
            return;
        }
        self.scope().add(name, fact::USE);
        self.raw.uses.push(Use { node: identifier, scope: self.current, name, reads: true });
        let in_function = matches!(
            self.kind_here(),
            ScopeKind::Function | ScopeKind::Lambda | ScopeKind::Comprehension
        ) || (self.version >= PythonVersion(14)
            && self.kind_here().is_function_like());
        if in_function && self.raw.names.text(name) == "super" {
            let class = self.raw.names.number("__class__");
            self.scope().add(class, fact::USE);
        }
    }

    /// Notes a write of the variable that `identifier` names: facts, the identifier itself, the binding.
    pub(super) fn write(&mut self, identifier: NodeId, facts: u16, kind: BindingKind) {
        self.write_as(identifier, identifier, facts, kind);
    }

    /// As [`write`](Self::write), with another node standing for the binding.
    pub(super) fn write_as(
        &mut self,
        node: NodeId,
        identifier: NodeId,
        facts: u16,
        kind: BindingKind,
    ) {
        let name = self.name(identifier);
        self.scope().add(name, facts);
        self.raw.uses.push(Use { node: identifier, scope: self.current, name, reads: false });
        self.bind(node, name, kind);
    }

    /// Notes a binding of a name that is known already.
    pub(super) fn bind(&mut self, node: NodeId, name: u32, kind: BindingKind) {
        let statement = statement_of(self.tree, node);
        self.raw.bindings.push(RawBinding { node, scope: self.current, name, statement, kind });
    }

    fn imports_lazy_annotations(&self) -> bool {
        let tree = self.tree;
        tree.children(Tree::ROOT)
            .filter(|statement| tree.kind(*statement) == Kind::FutureImportStatement)
            .any(|statement| {
                tree.subtree(statement).any(|node| {
                    tree.kind(node) == Kind::Identifier
                        && tree.text(node, self.text) == "annotations"
                })
            })
    }
}

/// The nearest statement or clause around `node`, or the definition or lambda whose parameter it is.
fn statement_of(tree: &Tree, node: NodeId) -> NodeId {
    let is_statement = |kind: Kind| {
        matches!(
            kind,
            Kind::ExpressionStatement
                | Kind::ReturnStatement
                | Kind::DeleteStatement
                | Kind::RaiseStatement
                | Kind::AssertStatement
                | Kind::PrintStatement
                | Kind::ExecStatement
                | Kind::ImportStatement
                | Kind::ImportFromStatement
                | Kind::FutureImportStatement
                | Kind::TypeAliasStatement
                | Kind::IfStatement
                | Kind::ElifClause
                | Kind::ForStatement
                | Kind::WhileStatement
                | Kind::TryStatement
                | Kind::ExceptClause
                | Kind::WithStatement
                | Kind::MatchStatement
                | Kind::CaseClause
                | Kind::FunctionDefinition
                | Kind::ClassDefinition
                | Kind::DecoratedDefinition
                | Kind::ForInClause
                | Kind::Lambda
                | Kind::Module
        )
    };
    tree.ancestors(node).find(|up| is_statement(tree.kind(*up))).unwrap_or(Tree::ROOT)
}
