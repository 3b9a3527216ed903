//! Trees of small texts, and what of a text is broken.

use super::{Field, Kind, NodeId, Tree, parse};
use crate::text::Span;

/// The first node of that kind.
fn first(tree: &Tree, kind: Kind) -> NodeId {
    tree.subtree(Tree::ROOT).find(|node| tree.kind(*node) == kind).expect("a node of that kind")
}

#[test]
fn a_tree_knows_parents_children_and_roles() {
    let text = "pool.submit((lambda x: x + 1), 2)  # why\n";
    let tree = parse(text).tree;
    let call = first(&tree, Kind::Call);
    let arguments = tree.child(call, Field::Arguments).expect("arguments");
    let children: Vec<&str> = tree.children(arguments).map(|node| tree.text(node, text)).collect();
    assert_eq!(children, ["(lambda x: x + 1)", "2"], "no brackets and no commas");
    let lambda = first(&tree, Kind::Lambda);
    assert_eq!(tree.enclosing(lambda, &[Kind::Call]), Some(call));
    let wrapped = tree.children(arguments).next().expect("the first argument");
    assert_eq!(tree.unparenthesized(wrapped), lambda);
    assert!(tree.contains(call, lambda) && !tree.contains(lambda, call));
    assert_eq!(tree.ancestors(lambda).last(), Some(Tree::ROOT));
    assert_eq!(tree.find(tree.span(lambda), Kind::Lambda), Some(lambda));
    let operator = text.find('+').expect("there") as u32;
    assert_eq!(tree.kind(tree.covering(Span::new(operator, operator + 1))), Kind::Plus);
}

#[test]
fn the_subtrees_of_children_make_up_a_subtree() {
    let tree = parse("class C:\n    def f(self):\n        return [x for x in self]\n").tree;
    for node in tree.subtree(Tree::ROOT) {
        let below: usize = tree.all_children(node).map(|child| tree.subtree(child).count()).sum();
        assert_eq!(below + 1, tree.subtree(node).count());
        assert!(tree.all_children(node).all(|child| tree.parent(child) == Some(node)));
    }
}

#[test]
fn outcomes_are_what_an_expression_may_be() {
    let outcomes = |text: &str, kind| {
        let tree = parse(text).tree;
        let parts = tree.outcomes(first(&tree, kind));
        parts.into_iter().map(|node| tree.text(node, text).to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(outcomes("a if b else c\n", Kind::ConditionalExpression), ["a", "c"]);
    assert_eq!(outcomes("a or b\n", Kind::BooleanOperator), ["a", "b"]);
    assert_eq!(outcomes("a and b\n", Kind::BooleanOperator), ["b"]);
}

#[test]
fn broken_places_are_listed() {
    for whole in ["", "x = 1\n", "print >> f, x\n", "match x:\n    case 1: pass\n"] {
        assert_eq!(parse(whole).broken, [], "{whole:?}");
    }
    for (text, told) in [
        ("def f(:\n", "invalid syntax"),
        ("print 'x'\n", "written in Python 2"),
        ("exec 'x'\n", "written in Python 2"),
    ] {
        let broken = parse(text).broken;
        assert!(
            broken.first().is_some_and(|one| one.message.contains(told)),
            "{text:?}: {broken:?}"
        );
    }
}

#[test]
fn depth_ends_in_a_message() {
    let brackets = |depth: usize| format!("x = {}1{}\n", "(".repeat(depth), ")".repeat(depth));
    assert_eq!(parse(&brackets(200)).broken, []);
    assert!(parse(&brackets(201)).broken[0].message.contains("nested too deeply"));
    assert!(!parse(&"-".repeat(5_000)).broken.is_empty());
}

#[test]
fn the_root_spans_the_text() {
    let text = "\n\n  # only a comment";
    assert_eq!(parse(text).tree.span(Tree::ROOT), Span::new(0, text.len() as u32));
}
