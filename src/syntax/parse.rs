//! Text to [`Tree`]. Always succeeds; what the grammar could not read is listed.

use super::tree::{Node, Tree};
use super::{Field, Kind};
use crate::text::Span;
use std::cell::RefCell;

/// Trees deeper than this are refused: the analysis keeps paths of this length, and CPython itself
/// refuses far less (200 brackets, 100 indents).
pub const MAX_DEPTH: usize = 3_000;
/// CPython's own limits (Parser/tokenizer: MAXLEVEL, MAXINDENT).
const MAX_BRACKETS: usize = 200;
const MAX_INDENTS: usize = 100;

/// A place that the grammar could not read, or that is nested too deeply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The bytes in question.
    pub span: Span,
    /// What is wrong, in one clause.
    pub message: String,
}

/// A parsed file: the flat tree, tree-sitter's own tree for queries, and what is broken.
#[derive(Debug)]
pub struct Parsed {
    /// The flat tree.
    pub tree: Tree,
    /// The tree that queries run on.
    pub cst: tree_sitter::Tree,
    /// Empty for a file that was read whole.
    pub broken: Vec<Broken>,
}

thread_local! {
    static PARSER: RefCell<tree_sitter::Parser> = RefCell::new({
        let mut parser = tree_sitter::Parser::new();
        parser.set_language(&tree_sitter_python::LANGUAGE.into()).expect("the pinned grammar fits the pinned library");
        parser
    });
}

/// Parses `text`.
pub fn parse(text: &str) -> Parsed {
    let cst = PARSER
        .with_borrow_mut(|parser| parser.parse(text, None))
        .expect("a parser without a time limit always answers");
    let mut tree = Tree { nodes: Vec::with_capacity(text.len() / 3) };
    let mut broken = Vec::new();
    // Open nodes: index in `tree`, and how many brackets and suites lie around.
    let mut open: Vec<(usize, usize, usize)> = Vec::new();
    let mut cursor = cst.walk();
    loop {
        let node = cursor.node();
        let kind = Kind::from_id(node.kind_id());
        let index = tree.nodes.len();
        let (parent, brackets, suites) = open.last().copied().unwrap_or((0, 0, 0));
        let brackets = brackets + usize::from(opens_bracket(kind));
        let suites = suites + usize::from(kind == Kind::Block);
        tree.nodes.push(Node {
            kind,
            field: Field::from_id(cursor.field_id()),
            start: node.start_byte() as u32,
            end: node.end_byte() as u32,
            parent: parent as u32,
            subtree_end: index as u32 + 1,
        });
        broken.extend(unreadable(&node));
        if open.len() >= MAX_DEPTH || brackets > MAX_BRACKETS || suites > MAX_INDENTS {
            let message = format!(
                "nested too deeply (more than {MAX_BRACKETS} brackets, {MAX_INDENTS} indents or {MAX_DEPTH} levels)"
            );
            broken.push(Broken { span: span_of(&node), message });
            break;
        }
        if cursor.goto_first_child() {
            open.push((index, brackets, suites));
            continue;
        }
        let mut done = false;
        while !cursor.goto_next_sibling() {
            let Some((closed, ..)) = open.pop() else {
                done = true;
                break;
            };
            tree.nodes[closed].subtree_end = tree.nodes.len() as u32;
            if !cursor.goto_parent() {
                done = true;
                break;
            }
        }
        if done {
            break;
        }
    }
    drop(cursor);
    let count = tree.nodes.len() as u32;
    for (closed, ..) in open {
        tree.nodes[closed].subtree_end = count;
    }
    // A byte order mark or leading blanks are outside tree-sitter's root; ours spans the whole text.
    if let Some(root) = tree.nodes.first_mut() {
        (root.start, root.end) = (0, text.len() as u32);
    }
    broken.extend(unlisted_error(&cst, &broken));
    Parsed { tree, cst, broken }
}

fn span_of(node: &tree_sitter::Node) -> Span {
    Span::new(node.start_byte() as u32, node.end_byte() as u32)
}

fn unreadable(node: &tree_sitter::Node) -> Option<Broken> {
    if node.is_error() {
        return Some(Broken {
            span: span_of(node),
            message: "invalid syntax, or syntax that spawnsafe's grammar does not know".into(),
        });
    }
    // `print >> stream, x` is an expression in Python 3, too; the grammar reads it as a statement with a chevron.
    let is_python_2 = match node.kind() {
        "print_statement" => node.named_child(0).is_none_or(|first| first.kind() != "chevron"),
        "exec_statement" => true,
        _ => false,
    };
    if is_python_2 {
        return Some(Broken {
            span: span_of(node),
            message: "written in Python 2; spawnsafe reads Python 3".into(),
        });
    }
    node.is_missing().then(|| Broken {
        span: span_of(node),
        message: format!("invalid syntax: missing {}", node.kind()),
    })
}

/// tree-sitter can mark a tree as faulty without an ERROR node that the walk meets.
fn unlisted_error(cst: &tree_sitter::Tree, known: &[Broken]) -> Option<Broken> {
    (known.is_empty() && cst.root_node().has_error())
        .then(|| Broken { span: Span::at(0), message: "invalid syntax".into() })
}

fn opens_bracket(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::ParenthesizedExpression
            | Kind::Tuple
            | Kind::List
            | Kind::Set
            | Kind::Dictionary
            | Kind::ArgumentList
            | Kind::Subscript
            | Kind::ListComprehension
            | Kind::SetComprehension
            | Kind::DictionaryComprehension
            | Kind::GeneratorExpression
    )
}
