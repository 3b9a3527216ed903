//! The plain data of scopes: what the rest of the crate sees.

use crate::syntax::NodeId;
use std::collections::BTreeMap;

/// A scope of one [`Scopes`](super::Scopes). Outer scopes have smaller ids than inner ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScopeId(pub u32);

/// What opens a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ScopeKind {
    /// The whole file.
    Module,
    /// A class body.
    Class,
    /// A `def`.
    Function,
    /// A lambda.
    Lambda,
    /// A list, set or dict comprehension or a generator expression, without its first iterable.
    Comprehension,
    /// The scope around a generic class, function or type alias that holds its type parameters.
    TypeParameters,
    /// The value of a `type` statement.
    TypeAlias,
    /// The bound of a type parameter.
    TypeVariable,
    /// Annotations that are not evaluated, or only on demand (`from __future__ import annotations`).
    Annotation,
}

impl ScopeKind {
    /// Whether nested functions see the names of this scope: all scopes but modules and classes.
    pub fn is_function_like(self) -> bool {
        !matches!(self, Self::Module | Self::Class)
    }
}

/// One scope.
#[derive(Debug, Clone)]
pub struct Scope {
    /// What opens it.
    pub kind: ScopeKind,
    /// As `symtable` names it: the function's or class's name, `lambda`, `listcomp`, `genexpr`, `top`, …
    pub name: String,
    /// The node that opens it: definition, lambda, comprehension, module, bound of a type parameter.
    pub node: NodeId,
    /// The scope around it.
    pub parent: Option<ScopeId>,
    /// The scopes right inside, in the order in which CPython meets them.
    pub children: Vec<ScopeId>,
    /// 1-based line on which it opens (that of `def` or `class`, not of a decorator); 0 for the module.
    pub line: u32,
    /// Every name that occurs in the scope, also those that it only passes on to inner scopes. Names are
    /// normalised and mangled as Python stores them.
    pub symbols: BTreeMap<String, Symbol>,
}

/// What a name is in one scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Symbol {
    /// `symtable`'s flags.
    pub flags: SymbolFlags,
    /// The scope that holds the variable: the scope itself, an outer one, or the module (for globals, and for
    /// builtins too).
    pub home: ScopeId,
}

/// A set of the properties that `symtable` knows of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SymbolFlags(pub(super) u16);

impl SymbolFlags {
    /// A parameter, also the implicit `.0` of a comprehension.
    pub const PARAMETER: Self = Self(1);
    /// Bound here and read only here, or bound at module level.
    pub const LOCAL: Self = Self(1 << 1);
    /// Lives in an outer function.
    pub const FREE: Self = Self(1 << 2);
    /// Lives here and is read by inner scopes. Set together with `LOCAL`.
    pub const CELL: Self = Self(1 << 3);
    /// A global, declared or not; also what the module itself binds.
    pub const GLOBAL: Self = Self(1 << 4);
    /// Declared with `global`.
    pub const DECLARED_GLOBAL: Self = Self(1 << 5);
    /// Declared with `nonlocal`, or bound by a walrus inside a comprehension.
    pub const NONLOCAL: Self = Self(1 << 6);
    /// Bound by an import.
    pub const IMPORTED: Self = Self(1 << 7);
    /// Bound or deleted by anything but an import or a parameter list.
    pub const ASSIGNED: Self = Self(1 << 8);
    /// Bound with an annotation.
    pub const ANNOTATED: Self = Self(1 << 9);
    /// Read.
    pub const REFERENCED: Self = Self(1 << 10);

    const NAMES: [(Self, &'static str); 11] = [
        (Self::PARAMETER, "parameter"),
        (Self::LOCAL, "local"),
        (Self::FREE, "free"),
        (Self::CELL, "cell"),
        (Self::GLOBAL, "global"),
        (Self::DECLARED_GLOBAL, "declared_global"),
        (Self::NONLOCAL, "nonlocal"),
        (Self::IMPORTED, "imported"),
        (Self::ASSIGNED, "assigned"),
        (Self::ANNOTATED, "annotated"),
        (Self::REFERENCED, "referenced"),
    ];

    /// Whether all flags of `other` are set.
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Adds the flags of `other` if `condition` holds.
    pub(super) fn set(&mut self, other: Self, condition: bool) {
        if condition {
            self.0 |= other.0;
        }
    }

    /// The names of the flags in a fixed order.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMES.into_iter().filter(move |row| self.contains(row.0)).map(|row| row.1)
    }
}

/// Where a name read in a scope lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// In that scope itself, which may be the module.
    Local(ScopeId),
    /// In an outer function, type-parameter scope or (for annotation-like scopes) class.
    Free(ScopeId),
    /// In the module, or, if that does not bind it, in `builtins`.
    Global,
}

/// A step from a value into its parts, as unpacking takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PathStep {
    /// The element with that number.
    Index(usize),
    /// The list of elements that a starred target takes.
    Star {
        /// How many elements targets before it take.
        before: usize,
        /// How many elements targets after it take.
        after: usize,
    },
    /// The element with that number counted from the end (0 is the last): targets after a starred one.
    FromEnd(usize),
}

/// A place that writes (or deletes) a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// The identifier that is written. For an import without `as`: its dotted name; for a star import its `*`.
    pub node: NodeId,
    /// The scope in which the statement runs.
    pub scope: ScopeId,
    /// The nearest enclosing statement or clause (`except`, `case`, `for` of a comprehension, …); for a parameter
    /// the definition or lambda.
    pub statement: NodeId,
    /// How it is written.
    pub kind: BindingKind,
}

/// How a variable is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BindingKind {
    /// `def f(x: annotation = default)`.
    Parameter {
        /// The whole parameter.
        node: NodeId,
        /// The default value.
        default: Option<NodeId>,
        /// The annotation, a node of kind `Type`.
        annotation: Option<NodeId>,
        /// 1 for `*args`, 2 for `**kwargs`, else 0.
        star: u8,
    },
    /// `x = value`, also one target of several, and `x: annotation` without a value (which binds nothing).
    Assignment {
        /// The right side.
        value: Option<NodeId>,
        /// Where in the value; empty for the whole.
        path: Vec<PathStep>,
        /// The annotation, a node of kind `Type`.
        annotation: Option<NodeId>,
    },
    /// `x += value`.
    AugmentedAssignment {
        /// The right side.
        value: NodeId,
    },
    /// `for x in iterable:`.
    For {
        /// What is iterated.
        iterable: NodeId,
        /// Where in an element.
        path: Vec<PathStep>,
        /// `async for`.
        is_async: bool,
    },
    /// `for x in iterable` inside a comprehension.
    ComprehensionFor {
        /// What is iterated.
        iterable: NodeId,
        /// Where in an element.
        path: Vec<PathStep>,
    },
    /// `with value as x:`.
    With {
        /// The context expression.
        value: NodeId,
        /// Where in what it yields.
        path: Vec<PathStep>,
        /// `async with`.
        is_async: bool,
    },
    /// `except class as x:`, which also deletes `x` at its end.
    Except {
        /// The exception classes.
        class: Option<NodeId>,
    },
    /// `import module` or `from module import attribute`.
    Import {
        /// The dotted path of what is bound (`import a.b` binds `a`) or, with `attribute`, of where it comes from;
        /// with its leading dots if it is relative.
        module: String,
        /// The name behind `from … import`.
        attribute: Option<String>,
    },
    /// `from module import *`; found under the name `*` of its scope.
    StarImport {
        /// The dotted path, with leading dots if it is relative.
        module: String,
    },
    /// `def x`; the definition.
    FunctionDef(NodeId),
    /// `class x`; the definition.
    ClassDef(NodeId),
    /// `(x := value)`.
    Walrus {
        /// The value.
        value: NodeId,
    },
    /// A capture in a `case` pattern.
    MatchCapture,
    /// `del x`.
    Delete,
    /// A type parameter.
    TypeParameter,
    /// `type x = value`.
    TypeAlias {
        /// The value, a node of kind `Type`.
        value: NodeId,
    },
}
