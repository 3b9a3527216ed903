//! The parts of rewriting that need one file: names, places, imports.

use super::describe::descriptive_name;
use super::fresh_name::{module_name, stem, variable_name};
use super::imports::import;
use super::place::{indent_unit, insert_above, lines_above, remove_statement};
use crate::facts::FileFacts;
use crate::syntax::{Kind, NodeId, Tree};
use crate::text::{Edit, EditSet, SourceFile};
use std::collections::BTreeSet;
use std::sync::Arc;

fn facts(text: &str) -> FileFacts {
    FileFacts::new(Arc::new(SourceFile::from_text("m.py", text)))
}

/// The first node of that kind with that text.
fn find(facts: &FileFacts, kind: Kind, text: &str) -> NodeId {
    let tree = facts.tree();
    let mut all = tree.subtree(Tree::ROOT);
    all.find(|node| tree.kind(*node) == kind && facts.text(*node).starts_with(text))
        .expect("a node")
}

fn after(facts: &FileFacts, edit: Edit) -> String {
    EditSet::new([edit]).expect("one edit").apply(facts.all())
}

#[test]
fn new_names_meet_no_other() {
    let facts = facts("def f(x):\n    _resize = x\n    return _resize_2\n");
    assert_eq!(module_name(&facts, "resize"), "_resize_3");
    assert_eq!(module_name(&facts, "other"), "_other");
    assert_eq!((stem("__x__").as_str(), stem("2d").as_str()), ("_x", "_worker_2d"));
    let taken = BTreeSet::from(["a".to_owned(), "a_".to_owned()]);
    assert_eq!(
        (variable_name(&taken, "a"), variable_name(&taken, "b")),
        ("a_2".into(), "b".into())
    );
}

#[test]
fn names_say_what_a_lambda_does() {
    for (lambda, name) in [
        ("lambda x: resize(x)", "resize_one"),
        ("lambda: resize(1)", "resize"),
        ("lambda x: x.size", "get_size"),
        ("lambda x: x['unit price']", "get_unitprice"),
        ("lambda a, b: a + b", "add"),
        ("lambda x: list(map(f, x))", "list_map_one"),
        ("lambda x: [x]", "make_list"),
        ("lambda x: (yield)", "worker"),
    ] {
        let facts = facts(&format!("{lambda}\n"));
        assert_eq!(
            descriptive_name(&facts, find(&facts, Kind::Lambda, "lambda")),
            name,
            "{lambda}"
        );
    }
    let table = facts("{'mean': lambda xs: sum(xs) / len(xs), 'key': lambda x: -x}\n");
    assert_eq!(descriptive_name(&table, find(&table, Kind::Lambda, "lambda xs")), "mean");
    assert_eq!(descriptive_name(&table, find(&table, Kind::Lambda, "lambda x:")), "negate");
}

#[test]
fn the_files_own_indentation_is_used() {
    assert_eq!(indent_unit(&facts("if x: y\nwhile x:\n\ty\n")), "\t");
    assert_eq!(indent_unit(&facts("def f():\n  if x:\n    y\n")), "  ");
    assert_eq!(indent_unit(&facts("x = 1\n")), "    ");
}

#[test]
fn definitions_stand_above_the_comments_of_what_they_came_from() {
    let facts = facts("import os\r\n# why\r\nrun(lambda: 1)\r\n");
    let lambda = find(&facts, Kind::Lambda, "lambda");
    assert_eq!(
        after(&facts, insert_above(&facts, lambda, "def _one(): ...")),
        "import os\r\n\r\n\r\ndef _one(): ...\r\n\r\n\r\n# why\r\nrun(lambda: 1)\r\n"
    );
    let inner = facts_of_suite();
    let statement = find(&inner, Kind::ReturnStatement, "return");
    assert_eq!(
        after(&inner, lines_above(&inner, statement, &["x = 1".into(), "y = 2".into()])),
        "def f():\n    a = 1\n\n    x = 1\n    y = 2\n    # done\n    return a\n"
    );
}

fn facts_of_suite() -> FileFacts {
    facts("def f():\n    a = 1\n\n    # done\n    return a\n")
}

#[test]
fn a_suite_that_loses_a_statement_stays_a_suite() {
    for (text, statement, left) in [
        ("def f():\n    def g(): pass\n", "def g", "def f():\n    pass\n"),
        ("def f():\n    def g(): pass\n\n    return 1\n", "def g", "def f():\n    return 1\n"),
        (
            "def f():\n    x = 1\n\n    # of g\n    def g(): pass\n\n\ny = 2\n",
            "def g",
            "def f():\n    x = 1\n\n\ny = 2\n",
        ),
    ] {
        let facts = facts(text);
        let node = find(&facts, Kind::FunctionDefinition, statement);
        assert_eq!(after(&facts, remove_statement(&facts, node)), left, "{text}");
    }
    for (text, left) in [
        ("a = 1; b = 2\n", "b = 2\n"),
        ("b = 2; a = 1\n", "b = 2\n"),
        ("if x: a = 1\n", "if x: pass\n"),
    ] {
        let facts = facts(text);
        let node = find(&facts, Kind::ExpressionStatement, "a = 1");
        assert_eq!(after(&facts, remove_statement(&facts, node)), left, "{text}");
    }
}

#[test]
fn an_import_that_is_there_is_used() {
    let present = facts("import functools as ft\n\nft.partial(f)\n");
    let user = find(&present, Kind::Call, "ft.partial");
    let imported = import(&present, "functools", "partial", &[user]);
    assert_eq!((imported.expression.as_str(), imported.edit), ("ft.partial", None));
    let absent = facts("\"\"\"Doc.\"\"\"\nimport os\n\nrun(f)\n");
    let user = find(&absent, Kind::Call, "run");
    let imported = import(&absent, "functools", "partial", &[user]);
    assert_eq!(imported.expression, "partial");
    assert_eq!(
        EditSet::new(imported.edit).expect("one edit").apply(absent.all()),
        "\"\"\"Doc.\"\"\"\nimport os\nfrom functools import partial\n\nrun(f)\n"
    );
}
