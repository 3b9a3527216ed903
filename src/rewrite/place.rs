//! Where new module-level code goes, and how a definition is taken out of its suite.

use crate::facts::FileFacts;
use crate::syntax::{Kind, NodeId, Tree};
use crate::text::{Edit, Span, indent};

/// The colon in front of the body of a definition.
pub(in crate::rewrite) fn colon_before(
    tree: &Tree,
    definition: NodeId,
    body: NodeId,
) -> Option<NodeId> {
    let is_colon =
        |child: &NodeId| tree.kind(*child) == Kind::Colon && tree.start(*child) < tree.start(body);
    tree.all_children(definition).filter(is_colon).last()
}

/// One step of indentation as the file writes it.
pub fn indent_unit(facts: &FileFacts) -> String {
    let tree = facts.tree();
    let text = facts.all();
    for block in tree.subtree(Tree::ROOT).filter(|node| tree.kind(*node) == Kind::Block) {
        let Some(owner) = tree.parent(block) else { continue };
        let Some(first) = tree.children(block).next() else { continue };
        if facts.source.lines().line(tree.start(first))
            == facts.source.lines().line(tree.start(owner))
        {
            continue;
        }
        let (outer, inner) = (
            indent::indentation(text, tree.start(owner)),
            indent::indentation(text, tree.start(first)),
        );
        if let Some(step) = inner.strip_prefix(outer)
            && !step.is_empty()
        {
            return step.to_owned();
        }
    }
    "    ".to_owned()
}

/// The insides of strings that span lines: their text must not move.
pub fn protected_zones(facts: &FileFacts, span: Span) -> Vec<Span> {
    let tree = facts.tree();
    tree.subtree(tree.covering(span))
        .filter(|node| tree.kind(*node) == Kind::String && span.contains(tree.span(*node)))
        .filter(|node| facts.text(*node).contains('\n'))
        .map(|node| tree.span(node))
        .collect()
}

/// The start of the comment lines that stand right above `offset` (the start of a statement's line) at the
/// same indentation, or the start of that line.
pub fn with_comments_above(facts: &FileFacts, offset: u32) -> u32 {
    let text = facts.all();
    let indentation = indent::indentation(text, offset);
    let mut start = indent::line_start(text, offset);
    while start > 0 {
        let above = indent::line_start(text, start - 1);
        let line = &text[above as usize..start as usize];
        let is_comment = line.strip_prefix(indentation).is_some_and(|rest| rest.starts_with('#'));
        // A shebang or coding line belongs to the file, a cell mark to what follows it as a whole.
        if !is_comment
            || (above == 0 && line.starts_with("#!"))
            || line.contains("coding:")
            || line.trim_start().starts_with("# %%")
        {
            break;
        }
        start = above;
    }
    start
}

/// An insertion of module-level definitions right above the top-level statement that holds `node`.
pub fn insert_above(facts: &FileFacts, node: NodeId, definition: &str) -> Edit {
    let statement = facts.top_level_statement(node);
    let at = with_comments_above(facts, facts.tree().start(statement));
    insert_at(facts, at, definition)
}

/// An insertion of a module-level definition (without its final newline) before the line that starts at `at`.
pub fn insert_at(facts: &FileFacts, at: u32, definition: &str) -> Edit {
    let newline = facts.source.newline();
    let before = facts.all()[..at as usize].trim_end_matches([' ', '\t']);
    let code_above = !before.trim().is_empty();
    let ended = before.len() - before.trim_end_matches(['\r', '\n']).len();
    let newlines = before[before.len() - ended..].matches('\n').count();
    let lead =
        if code_above { newline.repeat(3_usize.saturating_sub(newlines)) } else { String::new() };
    Edit::insert(at, format!("{lead}{definition}{newline}{newline}{newline}"))
}

/// An insertion of statements of the same suite above `statement`, and above the comments that belong to it.
pub fn lines_above(facts: &FileFacts, statement: NodeId, lines: &[String]) -> Edit {
    let start = facts.tree().start(statement);
    let own = indent::indentation(facts.all(), start);
    let newline = facts.source.newline();
    Edit::insert(
        with_comments_above(facts, start),
        lines.iter().map(|line| format!("{own}{line}{newline}")).collect::<String>(),
    )
}

/// The lines of a statement of a suite: comments right above it, decorators, and comment lines below that
/// are indented deeper than it.
pub fn statement_lines(facts: &FileFacts, statement: NodeId) -> Span {
    let tree = facts.tree();
    let text = facts.all();
    let start = with_comments_above(facts, tree.start(statement));
    let width = indent::indentation(text, tree.start(statement)).len();
    let mut end = indent::line_end(text, tree.end(statement).max(tree.start(statement) + 1) - 1);
    let mut look = end;
    while (look as usize) < text.len() {
        let next = indent::line_end(text, look);
        let line = &text[look as usize..next as usize];
        let content = line.trim_start_matches([' ', '\t']);
        let deeper = line.len() - content.len() > width;
        if content.starts_with('#') && deeper {
            end = next;
        } else if !content.trim().is_empty() {
            break;
        }
        look = next;
    }
    Span::new(start, end)
}

/// Where the text begins of the first line that belongs to a statement, which may be a comment's or a decorator's.
pub fn first_text(facts: &FileFacts, statement: NodeId) -> u32 {
    let above = statement_lines(facts, statement).start;
    let text = facts.all()[above as usize..].trim_start_matches([' ', '\t']);
    (facts.all().len() - text.len()) as u32
}

/// Whether several statements share the line of `statement` (`a = 1; b = 2`).
pub fn shares_its_line(facts: &FileFacts, statement: NodeId) -> bool {
    let tree = facts.tree();
    let text = facts.all();
    let line = Span::new(indent::line_start(text, tree.start(statement)), tree.start(statement));
    let head = facts.slice(line).trim();
    let tail_end = indent::line_end(text, tree.end(statement).max(1) - 1);
    let tail =
        text[tree.end(statement) as usize..tail_end.max(tree.end(statement)) as usize].trim();
    !head.is_empty() || !(tail.is_empty() || tail.starts_with('#'))
}

/// Takes a statement with its lines out of its suite, with the blank lines that would be left over;
/// where nothing else is in the suite, `pass` takes its place.
pub fn remove_statement(facts: &FileFacts, statement: NodeId) -> Edit {
    let tree = facts.tree();
    let text = facts.all();
    if shares_its_line(facts, statement) {
        return remove_from_line(facts, statement);
    }
    let lines = statement_lines(facts, statement);
    let alone = tree
        .parent(statement)
        .is_none_or(|suite| tree.kind(suite) == Kind::Block && tree.children(suite).count() == 1);
    if alone {
        let indentation = indent::indentation(text, tree.start(statement));
        return Edit::replace(lines, format!("{indentation}pass{}", facts.source.newline()));
    }
    let before = blank_lines_before(text, lines.start);
    let mut end = lines.end;
    let opens_suite =
        tree.parent(statement).and_then(|suite| tree.children(suite).next()) == Some(statement);
    let last =
        tree.parent(statement).and_then(|suite| tree.children(suite).last()) == Some(statement);
    if last {
        // The blank lines above go instead: those below separate the next suite.
        return Edit::delete(Span::new(before, lines.end));
    }
    if before < lines.start || opens_suite {
        end = skip_blank_lines(text, end);
    }
    Edit::delete(Span::new(if opens_suite { before } else { lines.start }, end))
}

/// The comments that go with a statement when it is taken out, save those inside `kept`, a part of it: those above that part
/// and those behind it.
pub fn comments_of(
    facts: &FileFacts,
    statement: NodeId,
    kept: NodeId,
) -> (Vec<String>, Vec<String>) {
    if shares_its_line(facts, statement) {
        return (Vec::new(), Vec::new());
    }
    let lines = statement_lines(facts, statement);
    let tree = facts.tree();
    let comment = |line: &str| line.find('#').map(|at| line[at..].trim_end().to_owned());
    let within =
        |start, end| facts.slice(Span::new(start, end)).lines().filter_map(comment).collect();
    (within(lines.start, tree.start(kept)), within(tree.end(kept), lines.end))
}

/// Takes a statement out of a line that others are on, with one of the semicolons beside it; `pass` takes the place of the
/// only one behind a colon.
fn remove_from_line(facts: &FileFacts, statement: NodeId) -> Edit {
    let tree = facts.tree();
    let text = facts.all();
    let span = tree.span(statement);
    let behind = &text[span.end as usize..];
    if let Some(rest) = behind.trim_start_matches([' ', '\t']).strip_prefix(';') {
        let rest = rest.trim_start_matches([' ', '\t']);
        if !rest.starts_with(['\r', '\n', '#']) && !rest.is_empty() {
            return Edit::delete(Span::new(span.start, (text.len() - rest.len()) as u32));
        }
    }
    match text[..span.start as usize].trim_end_matches([' ', '\t']).strip_suffix(';') {
        Some(before) => {
            Edit::delete(Span::new(before.trim_end_matches([' ', '\t']).len() as u32, span.end))
        }
        None => Edit::replace(span, "pass"),
    }
}

fn skip_blank_lines(text: &str, from: u32) -> u32 {
    let mut at = from;
    while (at as usize) < text.len() {
        let end = indent::line_end(text, at);
        if !text[at as usize..end as usize].trim().is_empty() {
            break;
        }
        at = end;
    }
    at
}

/// The start of the run of blank lines right above the line that starts at `at`, or `at`.
fn blank_lines_before(text: &str, at: u32) -> u32 {
    let mut start = at;
    while start > 0 {
        let above = indent::line_start(text, start - 1);
        if !text[above as usize..start as usize].trim().is_empty() {
            break;
        }
        start = above;
    }
    start
}
