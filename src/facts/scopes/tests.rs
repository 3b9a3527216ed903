//! Who binds and who reads a variable. What a name *is* in each scope is compared with Python in `tests/symtable`.

use super::{
    Binding, BindingKind, PathStep, Resolution, ScopeId, ScopeKind, Scopes, mangle, normalize,
};
use crate::syntax::{Kind, NodeId, Tree, parse};

struct File {
    text: String,
    tree: Tree,
    scopes: Scopes,
}

impl File {
    fn new(text: &str) -> Self {
        let parsed = parse(text);
        assert!(parsed.broken.is_empty(), "does not parse: {text}\n{:?}", parsed.broken);
        let scopes = Scopes::build(&parsed.tree, text);
        Self { text: text.to_owned(), tree: parsed.tree, scopes }
    }

    fn text(&self, node: NodeId) -> &str {
        self.tree.text(node, &self.text)
    }

    /// The scope with that name.
    fn scope(&self, name: &str) -> ScopeId {
        self.scopes
            .ids()
            .find(|id| self.scopes.get(*id).name == name)
            .unwrap_or_else(|| panic!("no scope {name} in {}", self.text))
    }

    fn only(&self, scope: &str, name: &str) -> &Binding {
        let [binding] = self.scopes.bindings(self.scope(scope), name) else {
            panic!("not one binding of {name} in {}", self.text)
        };
        binding
    }

    /// The identifiers with that text.
    fn identifiers(&self, text: &str) -> Vec<NodeId> {
        self.tree
            .subtree(Tree::ROOT)
            .filter(|node| self.tree.kind(*node) == Kind::Identifier && self.text(*node) == text)
            .collect()
    }
}

/// One line for a binding: kind, what it takes its value from, path.
fn describe(file: &File, binding: &Binding) -> String {
    let node = |node: &NodeId| file.text(*node).to_owned();
    let steps = |path: &[PathStep]| {
        path.iter().map(|step| format!("{step:?}")).collect::<Vec<_>>().join(".")
    };
    match &binding.kind {
        BindingKind::Parameter { default, annotation, star, .. } => {
            format!(
                "parameter {star} {:?} {:?}",
                default.as_ref().map(node),
                annotation.as_ref().map(node)
            )
        }
        BindingKind::Assignment { value, path, annotation } => {
            format!(
                "assignment {:?} {} {:?}",
                value.as_ref().map(node),
                steps(path),
                annotation.as_ref().map(node)
            )
        }
        BindingKind::AugmentedAssignment { value } => format!("augmented {}", node(value)),
        BindingKind::For { iterable, path, is_async } => {
            format!("for {} {} {is_async}", node(iterable), steps(path))
        }
        BindingKind::ComprehensionFor { iterable, path } => {
            format!("comprehension {} {}", node(iterable), steps(path))
        }
        BindingKind::With { value, path, is_async } => {
            format!("with {} {} {is_async}", node(value), steps(path))
        }
        BindingKind::Except { class } => format!("except {:?}", class.as_ref().map(node)),
        BindingKind::Import { module, attribute } => format!("import {module} {attribute:?}"),
        BindingKind::StarImport { module } => format!("star {module}"),
        BindingKind::FunctionDef(_) => "def".into(),
        BindingKind::ClassDef(_) => "class".into(),
        BindingKind::Walrus { value } => format!("walrus {}", node(value)),
        BindingKind::MatchCapture => "capture".into(),
        BindingKind::Delete => "del".into(),
        BindingKind::TypeParameter => "type parameter".into(),
        BindingKind::TypeAlias { value } => format!("type alias {}", node(value)),
    }
}

#[track_caller]
fn check(text: &str, scope: &str, name: &str, expected: &[&str]) {
    let file = File::new(text);
    let found: Vec<_> = file
        .scopes
        .bindings(file.scope(scope), name)
        .iter()
        .map(|binding| describe(&file, binding))
        .collect();
    assert_eq!(found, expected, "bindings of {name} in:\n{text}");
}

#[test]
fn every_kind_of_binding() {
    check(
        "def f(a, b: int = 1, *c, d=2, **e): pass\n",
        "f",
        "b",
        &["parameter 0 Some(\"1\") Some(\"int\")"],
    );
    check("def f(a, b: int = 1, *c, d=2, **e): pass\n", "f", "e", &["parameter 2 None None"]);
    check("f = lambda *c: c\n", "lambda", "c", &["parameter 1 None None"]);
    check("x = y = 1\n", "top", "x", &["assignment Some(\"1\")  None"]);
    check("x = y = 1\n", "top", "y", &["assignment Some(\"1\")  None"]);
    check("(x): int = 1\n", "top", "x", &["assignment Some(\"1\")  None"]);
    check(
        "x: int\nx: str = 'a'\n",
        "top",
        "x",
        &["assignment None  Some(\"int\")", "assignment Some(\"'a'\")  Some(\"str\")"],
    );
    check("x += 1\n", "top", "x", &["augmented 1"]);
    check("async def f():\n    async for a, x in y: pass\n", "f", "x", &["for y Index(1) true"]);
    check("[x for a in b for [x] in a]\n", "listcomp", "x", &["comprehension a Index(0)"]);
    check("with a as x, b as (c, y): pass\n", "top", "y", &["with b Index(1) false"]);
    check("with (a as x): pass\n", "top", "x", &["with a  false"]);
    check("with (a as x, b as y,): pass\n", "top", "y", &["with b  false"]);
    check("async def f():\n    async with a as x: pass\n", "f", "x", &["with a  true"]);
    check("try: pass\nexcept A as x: pass\n", "top", "x", &["except Some(\"A\")"]);
    check("try: pass\nexcept* (A, B) as x: pass\n", "top", "x", &["except Some(\"(A, B)\")"]);
    check("import x.y\n", "top", "x", &["import x None"]);
    check("import a.b as x\n", "top", "x", &["import a.b None"]);
    check(
        "from . import x\nfrom ..a . b import c as x\n",
        "top",
        "x",
        &["import . Some(\"x\")", "import ..a.b Some(\"c\")"],
    );
    check(
        "from __future__ import annotations as x\n",
        "top",
        "x",
        &["import __future__ Some(\"annotations\")"],
    );
    check("from a import *\n", "top", "*", &["star a"]);
    check("def x(): pass\nclass x: pass\n", "top", "x", &["def", "class"]);
    check("(x := 1)\n", "top", "x", &["walrus 1"]);
    check(
        "match a:\n    case [x, *_] | {'k': x, **r}: pass\n    case C(x=1): pass\n    case b as x: pass\n",
        "top",
        "x",
        &["capture", "capture", "capture"],
    );
    check("x = 1\ndel x, (x)\n", "top", "x", &["assignment Some(\"1\")  None", "del", "del"]);
    check("def f[x: int](): pass\n", "f", "x", &["type parameter"]);
    check("type x[T] = list[T]\n", "top", "x", &["type alias list[T]"]);
}

#[test]
fn paths_into_values() {
    let file = File::new("a, (b, *c, d), e = v\n");
    let path = |name: &str| match &file.only("top", name).kind {
        BindingKind::Assignment { path, .. } => path.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(path("a"), [PathStep::Index(0)]);
    assert_eq!(path("b"), [PathStep::Index(1), PathStep::Index(0)]);
    assert_eq!(path("c"), [PathStep::Index(1), PathStep::Star { before: 1, after: 1 }]);
    assert_eq!(path("d"), [PathStep::Index(1), PathStep::FromEnd(0)]);
    assert_eq!(path("e"), [PathStep::Index(2)]);
    check("(x) = 1\n", "top", "x", &["assignment Some(\"1\")  None"]);
    check("[x] = y\n", "top", "x", &["assignment Some(\"y\") Index(0) None"]);
    check("(x,) = y\n", "top", "x", &["assignment Some(\"y\") Index(0) None"]);
}

#[test]
fn writes_through_declarations_belong_to_the_outer_variable() {
    let text = "x = 0\ndef f():\n    global x\n    x = 1\n    def g():\n        x = 2\n        def h():\n            nonlocal x\n            x = 3\n";
    check(text, "top", "x", &["assignment Some(\"0\")  None", "assignment Some(\"1\")  None"]);
    check(text, "g", "x", &["assignment Some(\"2\")  None", "assignment Some(\"3\")  None"]);
    check("def f():\n    return [(x := y) for y in z]\n", "f", "x", &["walrus y"]);
    check("[(x := y) for y in z]\n", "top", "x", &["walrus y"]);
    check("def f():\n    [lambda: (x := y) for y in z]\n", "lambda", "x", &["walrus y"]);
}

#[test]
fn reads_in_inner_scopes_count() {
    let file = File::new(
        "def f(x):\n    print(x)\n    return lambda: [x for _ in x.x]\nclass A:\n    def g(self, y=f): return f(x=1)\n",
    );
    let f = file.scope("f");
    assert_eq!(file.scopes.references(f, "x").len(), 3);
    assert_eq!(file.scopes.references(file.scopes.module(), "f").len(), 2);
    assert_eq!(file.scopes.references(file.scopes.module(), "x"), []);
}

#[test]
fn class_bodies_read_globals_before_they_have_their_own() {
    let file = File::new("x = 1\nclass A:\n    x = x\n    def f(self): return x\n");
    let class = file.scope("A");
    assert_eq!(file.scopes.references(class, "x").len(), 1);
    assert_eq!(file.scopes.references(file.scopes.module(), "x").len(), 2);
    assert_eq!(file.scopes.resolve(file.scope("f"), "x"), Resolution::Global);
    assert_eq!(file.scopes.resolve(class, "x"), Resolution::Local(class));
}

#[test]
fn what_is_no_variable() {
    let file =
        File::new("import a.b as c, d.e\na.name(key=1)\nmatch a:\n    case P(attr=b): pass\n");
    for text in ["name", "key", "attr", "e"] {
        for node in file.identifiers(text) {
            assert_eq!(file.scopes.resolve_name(node), None, "{text}");
        }
    }
    let module = file.scopes.module();
    assert_eq!(file.scopes.resolve_name(file.identifiers("d")[0]), Some((module, "d")));
    assert_eq!(file.scopes.resolve_name(file.identifiers("P")[0]), Some((module, "P")));
}

#[test]
fn where_parts_of_a_definition_are_evaluated() {
    let text = "@deco\ndef f(a=default, *, b: note = other) -> note:\n    body\nclass C(base, metaclass=meta):\n    inside\n[elt for t in first for u in second]\nlambda c=value: result\n";
    let file = File::new(text);
    let scope = |text: &str| file.scopes.scope_of(file.identifiers(text)[0]);
    for outside in ["deco", "default", "other", "note", "base", "meta", "first", "value"] {
        assert_eq!(scope(outside), file.scopes.module(), "{outside}");
    }
    for (inside, opener) in [
        ("body", "f"),
        ("inside", "C"),
        ("elt", "listcomp"),
        ("second", "listcomp"),
        ("result", "lambda"),
    ] {
        assert_eq!(scope(inside), file.scope(opener), "{inside}");
    }
    let definition = file.scopes.get(file.scope("f")).node;
    assert_eq!(file.scopes.scope_of(definition), file.scopes.module());
    assert_eq!(file.scopes.inner(definition), Some(file.scope("f")));
}

#[test]
fn annotations_that_are_not_evaluated_keep_their_references() {
    let file =
        File::new("from __future__ import annotations\ndef f(a: T) -> U:\n    pass\nx: T = 1\n");
    assert_eq!(file.scopes.references(file.scopes.module(), "T").len(), 2);
    assert!(file.scopes.ids().any(|id| file.scopes.get(id).kind == ScopeKind::Annotation));
}

#[test]
fn statements_of_bindings() {
    let file = File::new(
        "def f(p):\n    if (w := p):\n        for i in w: pass\n    return [c for c in w]\n",
    );
    let statement = |scope: &str, name: &str| file.tree.kind(file.only(scope, name).statement);
    assert_eq!(statement("f", "p"), Kind::FunctionDefinition);
    assert_eq!(statement("f", "w"), Kind::IfStatement);
    assert_eq!(statement("f", "i"), Kind::ForStatement);
    assert_eq!(statement("listcomp", "c"), Kind::ForInClause);
    assert_eq!(statement("top", "f"), Kind::FunctionDefinition);
}

#[test]
fn names_as_python_stores_them() {
    assert_eq!(mangle("_A", "__x"), "_A__x");
    assert_eq!(mangle("__", "__x"), "__x");
    assert_eq!(mangle("A", "__x__"), "__x__");
    assert_eq!(normalize("ﬁ"), "fi");
    let file =
        File::new("class A:\n    __x = 1\n    def f(self): self.__x; global __y; __y = 2\nﬁ = 1\n");
    assert_eq!(file.scopes.bindings(file.scope("A"), "_A__x").len(), 1);
    assert_eq!(file.scopes.bindings(file.scopes.module(), "_A__y").len(), 1);
    assert_eq!(file.scopes.bindings(file.scopes.module(), "fi").len(), 1);
}

#[test]
fn broken_text_does_no_harm() {
    for text in [
        "def f(",
        "class :\n x",
        "lambda x: (",
        "[x for",
        "with a as",
        "match x:\n case",
        "type = = 1",
        "def f[T = int](): pass",
        "import\nfrom import",
    ] {
        let parsed = parse(text);
        let scopes = Scopes::build(&parsed.tree, text);
        assert_eq!(scopes.get(scopes.module()).kind, ScopeKind::Module);
    }
}

#[test]
fn deep_nesting_needs_no_stack() {
    let text = format!("x = {}1\n", "lambda y: ".repeat(1_400));
    let parsed = parse(&text);
    let on_small_stack = std::thread::Builder::new()
        .stack_size(256 << 10)
        .spawn(move || Scopes::build(&parsed.tree, &text).ids().count());
    assert_eq!(on_small_stack.expect("a thread").join().expect("no overflow"), 1_401);
}
