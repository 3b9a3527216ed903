//! The strict parser on what CPython takes and refuses.

use super::compile;

#[track_caller]
fn refused(text: &str) {
    assert!(compile(text, (3, 8)).is_err(), "CPython refuses this:\n{text}");
}

#[track_caller]
fn accepted(text: &str) {
    if let Err(broken) = compile(text, (3, 8)) {
        panic!("CPython compiles this, but: {}\n{text}", broken.message);
    }
}

#[test]
fn what_cpython_refuses() {
    refused("f(a=1, 2)\n");
    refused("if x:\n    y = 1\n  z = 2\n");
    refused("return 1\n");
    refused("class A:\n    return 1\n");
    refused("yield 1\n");
    refused("break\n");
    refused("for x in y:\n    def f():\n        break\n");
    refused("def f(a, a):\n    pass\n");
    refused("def f():\n    x = 1\n    global x\n");
    refused("def f():\n    nonlocal x\n");
    refused("nonlocal x\n");
    refused("def f(x):\n    global x\n");
    refused("def f():\n    await g()\n");
    refused("def f():\n    from os import *\n");
    refused("import os\nfrom __future__ import annotations\n");
    refused("None = 1\n");
    refused("f() = 1\n");
    refused("x = 'a\0b'\n");
    refused("f(a=1, a=2)\n");
}

#[test]
fn what_cpython_compiles() {
    accepted("for x in y:\n    break\nelse:\n    pass\n");
    accepted(
        "def f():\n    x = 1\n    def g():\n        nonlocal x\n        x = 2\n    return g\n",
    );
    accepted("def f(x):\n    def g():\n        nonlocal x\n        x = 2\n");
    accepted(
        "def f():\n    with a as x:\n        def g():\n            nonlocal x\n            x = 2\n",
    );
    accepted("async def f():\n    return [await g(x) async for x in y if await z]\n");
    accepted("f = lambda: (yield)\n");
    accepted("def f():\n    global x\n    x = 1\n");
    accepted("class A:\n    def f(self):\n        return __class__\n");
    accepted("while x:\n    try:\n        continue\n    finally:\n        pass\n");
    accepted("try:\n    pass\nexcept E as e:\n    raise\n");
    accepted("match x:\n    case [a, *rest]:\n        pass\n");
}

#[test]
fn what_a_version_lacks() {
    let old = compile("x = f\"{a}\"\n", (3, 8)).expect("it compiles");
    let nested = compile("x = f\"{d[\"a\"]}\"\n", (3, 8)).expect("the newest Python compiles it");
    assert!(nested.lacking_beside(&old).is_some(), "3.8 knows no such quotes");
    assert!(nested.lacking_beside(&nested).is_none(), "the file asked for them before");
    let new = compile("x = f\"{d[\"a\"]}\"\n", (3, 12)).expect("it compiles");
    assert!(new.lacking_beside(&old).is_none(), "3.12 does");
}
