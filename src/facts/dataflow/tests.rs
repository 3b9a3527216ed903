//! Graphs of small programs, as text.

use crate::facts::FileFacts;
use crate::text::SourceFile;
use std::path::Path;
use std::sync::Arc;

/// The graph of a program, a line for each edge and store.
fn graph(text: &str) -> String {
    let source = SourceFile::decode(Path::new("main.py"), text.as_bytes().to_vec())
        .expect("the program is UTF-8");
    let facts = FileFacts::new(Arc::new(source));
    facts.dataflow().describe(facts.tree(), &facts.source)
}

/// Asserts that each of `lines` stands in the graph of a program.
#[track_caller]
fn assert_has(program: &str, lines: &[&str]) {
    let graph = graph(program);
    for line in lines {
        assert!(graph.lines().any(|have| have == *line), "no `{line}` in\n{graph}");
    }
}

#[test]
fn a_use_gets_the_definitions_that_reach_it_under_their_tests() {
    let program = "def pick(flag, first):\n    chosen = first\n    if flag:\n        chosen = 1\n    return chosen\n";
    assert_eq!(
        graph(program),
        "1:5 pick <- 1:1 def pick(flag, first):\n\
         2:5 chosen <- 2:14 first\n\
         2:14 first <- 1:16 first\n\
         3:8 flag <- 1:10 flag\n\
         4:9 chosen <- 4:18 1 if flag\n\
         5:12 chosen <- 2:5 chosen\n\
         5:12 chosen <- 4:9 chosen if flag\n"
    );
}

#[test]
fn what_is_bound_again_is_hidden() {
    let graph = graph("a = 1\na = 2\nprint(a)\n");
    assert!(graph.contains("3:7 a <- 2:1 a\n"), "{graph}");
    assert!(!graph.contains("3:7 a <- 1:1 a"), "{graph}");
}

#[test]
fn a_loop_brings_back_what_stands_below() {
    assert_has(
        "a = 1\nfor _ in x:\n    use(a)\n    a = 2\n",
        &["3:9 a <- 1:1 a", "3:9 a <- 4:5 a"],
    );
}

#[test]
fn a_handler_may_be_entered_before_and_after_each_call() {
    assert_has(
        "a = 1\ntry:\n    a = f()\n    g()\nexcept E:\n    use(a)\n",
        &["6:9 a <- 1:1 a", "6:9 a <- 3:5 a"],
    );
}

#[test]
fn an_early_return_leaves_its_test_behind() {
    assert_has(
        "def f(n):\n    if n:\n        return 1\n    a = g()\n    return a\n",
        &["4:5 a <- 4:9 g() if not n"],
    );
}

#[test]
fn parts_are_taken_and_stored() {
    assert_has(
        "(a, *b), c.d = pair\nc['k'] = a\nfor e in b:\n    with e as f:\n        f[0] = await f.g\n",
        &[
            "1:2 a <- 1:16 pair[0][0]",
            "1:6 b <- 1:16 pair[0][1:-0]",
            "1:10 c.d <- 1:16 pair[1]",
            "2:1 c{k} <- 2:10 a",
            "3:5 e <- 3:10 b.*",
            "4:15 f <- 4:10 e.enter",
            "5:16 await f.g <- 5:22 f.g.await",
            "5:9 f[0] <- 5:16 await f.g",
        ],
    );
}

#[test]
fn patterns_take_parts_of_the_subject() {
    assert_has(
        "match job:\n    case [first, *rest]:\n        pass\n    case {'k': value}:\n        pass\n",
        &["2:11 first <- 1:7 job[0]", "2:19 rest <- 1:7 job[1:-0]", "4:16 value <- 1:7 job{k}"],
    );
}
