//! Each case is a small program in which calls of `start()` and `here()` mark the places asked about, and `x` is the variable.

use super::Flow;
use crate::facts::scopes::Scopes;
use crate::syntax::{Kind, NodeId, Tree, parse};

struct Program {
    text: String,
    tree: Tree,
    scopes: Scopes,
}

impl Program {
    fn new(text: &str) -> Self {
        let parsed = parse(text);
        assert!(
            parsed.broken.is_empty(),
            "the program does not parse: {text}\n{:?}",
            parsed.broken
        );
        let scopes = Scopes::build(&parsed.tree, text);
        Self { text: text.to_owned(), tree: parsed.tree, scopes }
    }

    fn call(&self, name: &str) -> NodeId {
        let wanted = format!("{name}()");
        let is_call = |node: &NodeId| {
            self.tree.kind(*node) == Kind::Call && self.tree.text(*node, &self.text) == wanted
        };
        self.tree
            .subtree(Tree::ROOT)
            .find(is_call)
            .unwrap_or_else(|| panic!("no {wanted} in {}", self.text))
    }

    fn flow(&self) -> Flow<'_> {
        Flow { scopes: &self.scopes, tree: &self.tree, text: &self.text }
    }
}

#[track_caller]
fn check_bound(expected: bool, text: &str) {
    let program = Program::new(text);
    let here = program.call("here");
    let found = program.flow().definitely_bound_before(program.scopes.scope_of(here), "x", here);
    assert_eq!(found, expected, "definitely bound in:\n{text}");
}

#[track_caller]
fn check_between(expected: bool, text: &str) {
    let program = Program::new(text);
    let (start, here) = (program.call("start"), program.call("here"));
    let found = program.flow().may_rebind_between(program.scopes.scope_of(start), "x", start, here);
    assert_eq!(found, expected, "may be rebound between in:\n{text}");
}

#[track_caller]
fn check_after(expected: bool, text: &str) {
    let program = Program::new(text);
    let start = program.call("start");
    let found = program.flow().may_rebind_after(program.scopes.scope_of(start), "x", start);
    assert_eq!(found, expected, "may be rebound after in:\n{text}");
}

#[test]
fn straight_code() {
    check_bound(true, "x = 1\nhere()\n");
    check_bound(false, "here()\nx = 1\n");
    check_bound(false, "x = here()\n");
    check_bound(true, "import x\nhere()\n");
    check_bound(false, "x: int\nhere()\n");
    check_bound(false, "x = 1\ndel x\nhere()\n");
    check_bound(true, "x = 1\ndel x\nx = 2\nhere()\n");
    check_bound(true, "def x(): pass\nhere()\n");
    check_bound(true, "def f(x):\n    here()\n");
    check_bound(true, "def f(*, y=1, **x):\n    here()\n");
    check_bound(true, "(a, [*x]), b = c\nhere()\n");
    check_bound(false, "from m import *\nhere()\n");
    check_bound(false, "assert (x := 1)\nhere()\n");
}

#[test]
fn branches() {
    check_bound(false, "if a:\n    x = 1\nhere()\n");
    check_bound(true, "if a:\n    x = 1\nelse:\n    x = 2\nhere()\n");
    check_bound(false, "if a:\n    x = 1\nelif b:\n    x = 2\nhere()\n");
    check_bound(
        true,
        "def f():\n    if a:\n        x = 1\n    elif b:\n        return\n    else:\n        raise E\n    here()\n",
    );
    check_bound(true, "if (x := a):\n    here()\n");
    check_bound(true, "if (x := a) and b:\n    pass\nhere()\n");
    check_bound(false, "if b and (x := a):\n    pass\nhere()\n");
    check_bound(true, "match a:\n    case 1:\n        x = 1\n    case _:\n        x = 2\nhere()\n");
    check_bound(
        false,
        "match a:\n    case 1:\n        x = 1\n    case b.c:\n        x = 2\nhere()\n",
    );
    check_bound(true, "match a:\n    case [x, *_]:\n        here()\n");
    check_bound(false, "match a:\n    case [x, *_]:\n        pass\nhere()\n");
}

#[test]
fn loops() {
    check_bound(true, "for x in y:\n    here()\n");
    check_bound(false, "for x in y:\n    pass\nhere()\n");
    check_bound(false, "for a in y:\n    here()\n    x = 1\n");
    check_bound(false, "while a:\n    x = 1\nhere()\n");
    check_bound(true, "while True:\n    x = 1\n    if a:\n        break\nhere()\n");
    check_bound(false, "while True:\n    if a:\n        break\n    x = 1\nhere()\n");
    check_bound(
        true,
        "for a in b:\n    if c:\n        x = 1\n        break\nelse:\n    x = 2\nhere()\n",
    );
    check_bound(false, "x = 1\nfor a in b:\n    here()\n    del x\n");
    check_bound(true, "[here() for x in y]\n");
    check_bound(false, "[x for x in here()]\n");
}

#[test]
fn exceptions() {
    check_bound(true, "try:\n    import x\nexcept ImportError:\n    x = None\nhere()\n");
    check_bound(false, "try:\n    import x\nexcept ImportError:\n    pass\nhere()\n");
    check_bound(true, "try:\n    import x\nexcept ImportError:\n    raise\nhere()\n");
    check_bound(true, "try:\n    x = 1\nfinally:\n    done()\nhere()\n");
    check_bound(false, "try:\n    x = 1\nfinally:\n    here()\n");
    check_bound(false, "try:\n    x = 1\nexcept E:\n    here()\n");
    check_bound(true, "try:\n    x = 1\nexcept E:\n    pass\nelse:\n    here()\n");
    check_bound(true, "try:\n    a()\nexcept E as x:\n    here()\n");
    check_bound(false, "x = 1\ntry:\n    a()\nexcept E as x:\n    pass\nhere()\n");
    check_bound(
        false,
        "for a in b:\n    try:\n        x = 1\n    except E:\n        continue\n    finally:\n        pass\nhere()\n",
    );
    check_bound(true, "with open(p) as x:\n    here()\n");
    check_bound(true, "with open(p) as f:\n    x = f.read()\nhere()\n");
    check_bound(false, "with suppress(E):\n    x = f()\nhere()\n");
    check_bound(false, "with suppress(E), open(p) as x:\n    pass\nhere()\n");
}

#[test]
fn nested_functions_are_judged_when_they_are_made() {
    check_bound(true, "def f():\n    x = 1\n    return lambda: here()\n");
    check_bound(false, "def f():\n    g = lambda: here()\n    x = 1\n");
    check_bound(true, "def x():\n    here()\n");
    check_bound(false, "@call\ndef x():\n    here()\n");
    check_bound(false, "x = 1\ndef f():\n    here()\ndel x\n");
    check_bound(true, "class A:\n    x = 1\n    y = here()\n");
    let program = Program::new("def f():\n    here()\n    print(x)\nx = 1\n");
    let here = program.call("here");
    assert!(!program.flow().definitely_bound_before(program.scopes.scope_of(here), "x", here));
}

#[test]
fn writes_between() {
    check_between(false, "x = 1\nstart()\nhere()\n");
    check_between(true, "start()\nx = 1\nhere()\n");
    check_between(false, "start()\nhere()\nx = 1\n");
    check_between(true, "start()\nif a:\n    x = 1\nhere()\n");
    check_between(false, "start()\nif a:\n    x = 1\n    raise E\nhere()\n");
    check_between(true, "start()\ntry:\n    x = 1\n    b()\nexcept E:\n    here()\n");
    check_between(true, "start()\ndel x\nhere()\n");
    check_between(true, "start()\nfrom m import *\nhere()\n");
    check_between(true, "start()\nx += 1\nhere()\n");
    check_between(false, "start()\nx: int\nhere()\n");
    check_between(true, "x = start()\nhere()\n");
}

#[test]
fn writes_between_in_loops() {
    check_between(false, "for x in y:\n    start()\n    here()\n");
    check_between(true, "start()\nfor x in y:\n    here()\n");
    check_between(true, "for x in y:\n    if a:\n        start()\n    here()\n");
    check_between(false, "for x in y:\n    start()\nhere()\n");
    check_between(true, "for x in y:\n    if a:\n        start()\nhere()\n");
    check_between(
        true,
        "while a:\n    start()\n    b = 1\n    while c:\n        here()\n        x = 2\n",
    );
    check_between(false, "[(start(), here()) for x in y]\n");
}

#[test]
fn writes_of_nested_functions_count() {
    let nested = "def f():\n    x = 1\n    def g():\n        nonlocal x\n        x = 2\n    start()\n    here()\n";
    check_between(true, nested);
    let later = "def f():\n    x = 1\n    start()\n    here()\n    def g():\n        nonlocal x\n        x = 2\n";
    check_between(false, later);
    check_between(
        true,
        "def f():\n    global x\n    x = 1\ndef g():\n    print(x)\n    start()\n    here()\n",
    );
    check_between(false, "x = 1\ndef g():\n    print(x)\n    start()\n    here()\nx = 2\n");
    check_between(
        true,
        "x = 1\ndef g():\n    print(x)\n    start()\n    yield\n    here()\nx = 2\n",
    );
}

#[test]
fn writes_after() {
    check_after(false, "x = 1\nstart()\n");
    check_after(true, "start()\nx = 1\n");
    check_after(true, "for x in y:\n    start()\n");
    check_after(false, "for x in y:\n    pass\nstart()\n");
    check_after(false, "def f(x):\n    start()\n");
    check_after(true, "def f(x):\n    start()\n    x = 2\n");
    check_after(true, "def f(x):\n    g = lambda: (x, start())\n    x = 2\n");
    check_after(false, "def f(x):\n    x = 2\n    g = lambda: (x, start())\n");
    check_after(true, "def f(x):\n    start()\n    def g():\n        nonlocal x\n        x = 3\n");
    check_after(
        true,
        "def f():\n    try:\n        a()\n    except E as x:\n        start()\n        return\n",
    );
}

#[test]
fn deep_nesting_of_finally_stays_small() {
    let mut text = String::from("x = 1\n");
    for depth in 0..60 {
        let indent = " ".repeat(depth);
        text.push_str(&format!("{indent}try:\n{indent} pass\n{indent}finally:\n"));
    }
    text.push_str(&format!("{}here()\n", " ".repeat(60)));
    check_bound(true, &text);
}

#[test]
fn many_writes_cost_little() {
    let text = format!("start()\n{}here()\n", "if a:\n    x = 1\n    raise E\n".repeat(4_000));
    let begun = std::time::Instant::now();
    check_between(false, &text);
    check_bound(false, &text);
    assert!(begun.elapsed().as_secs() < 20, "took {:?}", begun.elapsed());
}
