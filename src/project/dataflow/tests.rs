//! Where values of small programs come from, as text.

use super::Solver;
use crate::catalogue::Catalogue;
use crate::facts::FileFacts;
use crate::project::names::modules::Modules;
use crate::project::{FileId, Project};
use crate::text::SourceFile;
use std::path::PathBuf;
use std::sync::Arc;

/// The sources of the expression that begins at a line and column of the last file, a line each.
fn sources(files: &[(&str, &str)], line: u32, column: u32) -> String {
    let facts = files.iter().map(|(path, text)| {
        let source = SourceFile::decode(path.as_ref(), text.as_bytes().to_vec())
            .expect("the program is UTF-8");
        Arc::new(FileFacts::new(Arc::new(source)))
    });
    let paths = files.iter().map(|(path, _)| PathBuf::from(path));
    let project = Project::new(Catalogue::new(&[]), facts.collect(), Modules::new(paths));
    let last = FileId(files.len() as u32 - 1);
    Solver::new(&project).describe(last, line, column).expect("an expression begins there")
}

#[track_caller]
fn assert_sources(program: &str, line: u32, column: u32, expected: &[&str]) {
    let found = sources(&[("main.py", program)], line, column);
    let starts = |line: &&str| expected.iter().any(|wanted| line.starts_with(wanted));
    assert!(
        found.lines().count() == expected.len() && found.lines().all(|line| starts(&line)),
        "{found}"
    );
}

const BOXES: &str = "\
class Box:
    def __init__(self, held):
        self.held = held

def use(box, deep=False):
    if deep:
        return None
    return box.held

first = Box(lambda: 1)
second = Box(print)
a = use(first)
b = use(second)
c = use(first, deep=True)
";

#[test]
fn what_one_object_holds_another_does_not() {
    assert_sources(BOXES, 12, 5, &["lambda main.py:10:13 lambda: 1"]);
    assert_sources(BOXES, 13, 5, &["external builtins.print"]);
}

#[test]
fn flags_of_a_call_choose_its_way() {
    assert_sources(BOXES, 14, 5, &["literal main.py:7:16 None"]);
}

#[test]
fn containers_give_what_was_put_into_them() {
    let program = "\
c = {'k': 1}
c.update(j=len)
d = list(zip([0], [print]))
d.append((0, max))
e = c['j']
f = [row for _, row in d]
g = f[0]
";
    assert_sources(program, 5, 5, &["external builtins.len"]);
    assert_sources(program, 7, 5, &["external builtins.max", "external builtins.print"]);
}

#[test]
fn what_is_written_last_is_there() {
    let program = "c = {'k': len}\nc['k'] = print\na = c['k']\n";
    assert_sources(program, 3, 5, &["external builtins.print"]);
}

#[test]
fn callers_are_told_with_what_they_give() {
    let program = "def f(x):\n    return x\nf(1)\nf(print)\n";
    let found = sources(&[("main.py", program)], 2, 12);
    assert_eq!(
        found,
        "external builtins.print   called by main.py:4:1 f(print)   as argument main.py:4:3 print\n\
         literal main.py:3:3 1   called by main.py:3:1 f(1)   as argument main.py:3:3 1\n"
    );
}

#[test]
fn library_functions_call_what_they_are_given() {
    let program = "def f(x):\n    return x\nlist(map(f, [print]))\n";
    assert_sources(program, 2, 12, &["external builtins.print"]);
}

#[test]
fn cycles_come_to_an_end() {
    let program =
        "def f(n):\n    return g(n)\ndef g(n):\n    return f(n - 1) if n else print\na = f(1)\n";
    assert_sources(program, 5, 5, &["external builtins.print"]);
}

#[test]
fn order_of_questions_and_unrelated_lines_change_nothing() {
    let swap = "a, b = print, len\nfor _ in x:\n    a, b = b, a\n";
    let alone = sources(&[("main.py", &format!("{swap}c = a\n"))], 4, 5);
    let behind = sources(&[("main.py", &format!("{swap}d = b\nc = a\n"))], 5, 5);
    assert_eq!(alone, behind);
    assert_eq!(alone.lines().count(), 2, "{alone}");
}

#[test]
fn names_cross_files() {
    let jobs = ("jobs.py", "def make():\n    return work\ndef work():\n    pass\n");
    let main = ("main.py", "from jobs import make as build\na = build()\n");
    assert_eq!(sources(&[jobs, main], 2, 5), "function jobs.py:3:1 def work():\n");
}

#[test]
fn a_module_that_is_not_parsed_is_asked_for() {
    let project = Project::new(
        Catalogue::new(&[]),
        vec![Arc::new(FileFacts::new(Arc::new(
            SourceFile::decode("main.py".as_ref(), b"from jobs import f\nf()\n".to_vec())
                .expect("the program is UTF-8"),
        )))],
        Modules::new(["main.py", "jobs.py"].map(PathBuf::from)),
    );
    let text = Solver::new(&project).describe(FileId(0), 2, 1).expect("a call is there");
    assert!(text.contains("not parsed: jobs.py for f"), "{text}");
}

#[test]
fn recursive_generators_and_calls_come_to_an_end() {
    let program = "\
def walk(node):
    yield 1
    yield from walk(node)
for a in walk(0):
    print(a)
class Node:
    def __iter__(self):
        return Node()
for b in Node():
    print(b)
from functools import partial
c = print
for _ in range(3):
    c = partial(c)
print(c(1))
d = map(map, [1], [2])
print(next(d))
e = {}
for _ in range(3):
    e = e.copy()
    e.update(k=1)
print(e)
";
    assert_sources(program, 5, 11, &["literal main.py:2:11 1"]);
    assert_sources(program, 10, 11, &["unknown"]);
    let called = sources(&[("main.py", program)], 15, 7);
    assert!(called.contains("builtins.print"), "{called}");
    sources(&[("main.py", program)], 17, 7);
    sources(&[("main.py", program)], 22, 7);
}

#[test]
fn a_test_that_negates_itself_and_long_tests_come_to_an_end() {
    let long = vec!["on"; 400].join(" and ");
    let program = format!(
        "\
def run(on):
    for _ in range(3):
        on = not on
        if on:
            a = 1
        else:
            a = 2
    if {long}:
        a = 3
    return a
print(run(True))
"
    );
    let found = sources(&[("main.py", &program)], 10, 12);
    assert!(found.contains("literal"), "{found}");
}
