//! The edits that put blocks under guards.

use super::items::{Class, Item, is_false_guard};
use super::layout::{Block, Target, blocks};
use super::main_function;
use super::sorting::Sorting;
use super::text::{indentation_edits, indented};
use crate::facts::FileFacts;
use crate::rewrite::{GuardStyle, place};
use crate::syntax::{Field, Kind, NodeId};
use crate::text::{Edit, Span, indent};
use std::collections::BTreeMap;

/// The line that opens a guard.
pub(super) const GUARD: &str = "if __name__ == \"__main__\":";

/// The test of a guard.
pub(super) const TEST: &str = "__name__ == \"__main__\"";

/// All edits of a sorting. Exits for other names go where the code below them moves.
pub(super) fn edits(
    facts: &FileFacts,
    items: &[Item],
    sorting: &Sorting,
    style: GuardStyle,
) -> Vec<Edit> {
    let blocks = blocks(facts, items, sorting);
    let as_function = style == GuardStyle::Main
        && blocks.len() == 1
        && main_function::fits(facts, items, sorting);
    let mut edits = Vec::new();
    let mut merges: BTreeMap<usize, Merge> = BTreeMap::new();
    let mut gone: Vec<Span> = Vec::new();
    for block in &blocks {
        match block.target {
            Target::Own => {
                let carried = block.runs.iter().rev().skip(1);
                gone.extend(carried.map(|run| span_of(facts, items, *run)));
                edits.extend(own(facts, items, block, as_function));
            }
            Target::Front(guard) => merges.entry(guard).or_default().front.extend(&block.runs),
            Target::End(guard) => merges.entry(guard).or_default().end.extend(&block.runs),
        }
    }
    for (guard, merge) in &merges {
        let runs = merge.front.iter().chain(&merge.end);
        gone.extend(runs.map(|run| span_of(facts, items, *run)));
        edits.extend(merged(facts, items, merge, &items[*guard]));
    }
    let is_replaced =
        |at: usize| items[at].class == Class::Exit && sorting.moved.range(at..).next().is_some();
    gone.extend((0..items.len()).filter(|at| is_replaced(*at)).map(|at| items[at].lines));
    edits.extend(removals(facts, gone));
    edits
}

/// Takes lines out; what stands one below the other goes together, lest both take the blank lines in between.
fn removals(facts: &FileFacts, mut gone: Vec<Span>) -> Vec<Edit> {
    gone.sort_unstable();
    let mut joined: Vec<Span> = Vec::new();
    for span in gone {
        match joined.last_mut() {
            Some(above)
                if facts
                    .slice(Span::new(above.end, span.start.max(above.end)))
                    .trim()
                    .is_empty() =>
            {
                above.end = above.end.max(span.end);
            }
            _ => joined.push(span),
        }
    }
    joined.into_iter().map(|lines| removal(facts, lines)).collect()
}

/// Turns the test of a false guard into a right one.
fn test_edit(facts: &FileFacts, guard: NodeId) -> Vec<Edit> {
    let condition =
        facts.tree().child(guard, Field::Condition).filter(|_| is_false_guard(facts, guard));
    condition
        .map(|condition| Edit::replace(facts.tree().span(condition), TEST))
        .into_iter()
        .collect()
}

/// Runs on their way into a suite: definitions, headings and longer pieces keep a blank line around them.
fn carried(facts: &FileFacts, items: &[Item], runs: &[(usize, usize)], unit: &str) -> String {
    let mut out = String::new();
    for (index, run) in runs.iter().enumerate() {
        if index > 0 && keeps_distance(facts, items, runs[index - 1], *run) {
            out.push_str(facts.source.newline());
        }
        out.push_str(&indented(facts, span_of(facts, items, *run), unit));
    }
    out
}

/// Whether a blank line belongs between two runs that come to stand one below the other.
fn keeps_distance(
    facts: &FileFacts,
    items: &[Item],
    above: (usize, usize),
    below: (usize, usize),
) -> bool {
    let text = |run| facts.slice(span_of(facts, items, run));
    let defines = |at: usize, pick: fn(&[NodeId]) -> Option<&NodeId>| {
        let kind = pick(&items[at].nodes).map(|node| facts.tree().kind(*node));
        matches!(
            kind,
            Some(Kind::FunctionDefinition | Kind::ClassDefinition | Kind::DecoratedDefinition)
        )
    };
    let long = is_long(text(above)) && is_long(text(below));
    text(below).starts_with('#')
        || defines(above.1, <[NodeId]>::last)
        || defines(below.0, <[NodeId]>::first)
        || long
}

/// Whether a text has more than three lines of code.
fn is_long(text: &str) -> bool {
    text.lines().filter(|line| !line.trim().is_empty()).nth(3).is_some()
}

/// What a guard takes in.
#[derive(Debug, Default)]
struct Merge {
    front: Vec<(usize, usize)>,
    end: Vec<(usize, usize)>,
}

/// The lines of a run, with the headings above it: comments that belong to no other statement.
fn span_of(facts: &FileFacts, items: &[Item], run: (usize, usize)) -> Span {
    let first = items[run.0].lines.start;
    let Some(above) = run.0.checked_sub(1).map(|above| items[above].lines.end) else {
        return Span::new(first, items[run.1].lines.end);
    };
    let mut start = first;
    let mut at = below_remarks(facts, &items[run.0 - 1], Span::new(above, first));
    while at < first {
        let end = indent::line_end(facts.all(), at);
        let line = &facts.all()[at as usize..end as usize];
        if line.starts_with("# %%") {
            start = first;
        } else if line.starts_with('#') && start == first {
            start = at;
        }
        at = end;
    }
    Span::new(start, items[run.1].lines.end)
}

/// Where the comments end that stand right below a statement, with a blank line below them: they speak of it, unless
/// they are a heading.
fn below_remarks(facts: &FileFacts, above: &Item, between: Span) -> u32 {
    let kind = above.nodes.last().map(|node| facts.tree().kind(*node));
    if matches!(
        kind,
        Some(Kind::FunctionDefinition | Kind::ClassDefinition | Kind::DecoratedDefinition)
    ) {
        return between.start;
    }
    let text = facts.slice(between);
    let remarks: usize =
        text.split_inclusive('\n').take_while(|line| line.starts_with('#')).map(str::len).sum();
    let is_heading =
        |line: &str| ["%%", "==", "--", "##", "**"].iter().any(|mark| line.contains(mark));
    let ends_blank = text[remarks..].lines().next().is_some_and(|line| line.trim().is_empty());
    if ends_blank && !text[..remarks].lines().any(is_heading) {
        between.start + remarks as u32
    } else {
        between.start
    }
}

/// A guard around the last run, with the earlier ones, which are taken out elsewhere, carried into it.
fn own(facts: &FileFacts, items: &[Item], block: &Block, as_function: bool) -> Vec<Edit> {
    let Some((last, earlier)) = block.runs.split_last() else { return Vec::new() };
    let newline = facts.source.newline();
    let unit = place::indent_unit(facts);
    let span = span_of(facts, items, *last);
    let mut edits = Vec::new();
    let mut carried = carried(facts, items, earlier, &unit);
    let head = if as_function { "def main():" } else { GUARD };
    let text = &facts.all()[span.range()];
    if earlier.last().is_some_and(|above| keeps_distance(facts, items, *above, *last)) {
        carried.push_str(newline);
    }
    // A form feed stays in front of the guard: it resets Python's count of columns.
    let skip = text.len() - text.trim_start_matches('\x0c').len();
    let first = text[skip..].chars().next().map_or(0, char::len_utf8);
    let lead = lead(facts, span.start, if as_function { 2 } else { 1 });
    let start = Span::new(span.start, span.start + (skip + first) as u32);
    edits.push(Edit::replace(
        start,
        format!(
            "{lead}{}{head}{newline}{carried}{unit}{}",
            &text[..skip],
            &text[skip..skip + first]
        ),
    ));
    edits.extend(indentation_edits(facts, span, &unit));
    if as_function {
        let ended = text.ends_with('\n');
        let (before, after) =
            if ended { (String::new(), newline) } else { (newline.to_owned(), "") };
        edits.push(Edit::insert(
            span.end,
            format!("{before}{newline}{newline}{GUARD}{newline}{unit}main(){after}"),
        ));
    }
    let below = &facts.all()[span.end as usize..];
    if !below.is_empty() && !below.starts_with(['\n', '\r', '\x0c']) {
        edits.push(Edit::insert(span.end, newline));
    }
    edits
}

/// Blank lines that are missing above new module-level code at `at`.
fn lead(facts: &FileFacts, at: u32, wanted: usize) -> String {
    let before = &facts.all()[..at as usize];
    if before.trim().is_empty() {
        return String::new();
    }
    let blank = before.lines().rev().take_while(|line| line.trim().is_empty()).count();
    let under_cell_mark = before.lines().last().is_some_and(|line| line.starts_with("# %%"));
    if under_cell_mark {
        String::new()
    } else {
        facts.source.newline().repeat(wanted.saturating_sub(blank))
    }
}

/// The runs put to the front and to the end of a guard that is there.
fn merged(facts: &FileFacts, items: &[Item], merge: &Merge, guard: &Item) -> Vec<Edit> {
    let tree = facts.tree();
    let Some(body) = guard.nodes.first().and_then(|node| tree.child(*node, Field::Consequence))
    else {
        return Vec::new();
    };
    let statements: Vec<NodeId> = tree.children(body).collect();
    let (Some(first), Some(last)) = (statements.first(), statements.last()) else {
        return Vec::new();
    };
    let newline = facts.source.newline();
    let lines = facts.source.lines();
    let colon = tree
        .all_children(guard.nodes[0])
        .find(|child| tree.kind(*child) == Kind::Colon)
        .map_or(tree.start(*first), |colon| tree.end(colon));
    let one_line = lines.line(tree.start(*first)) == lines.line(colon);
    let unit = if one_line {
        place::indent_unit(facts)
    } else {
        indent::indentation(facts.all(), tree.start(*first)).to_owned()
    };
    let text = |runs: &[(usize, usize)]| carried(facts, items, runs, &unit);
    let (mut front, mut end) = (text(&merge.front), text(&merge.end));
    if is_long(&front) {
        front.push_str(newline);
    }
    let ends_block = tree.children(*last).any(|child| tree.kind(child) == Kind::Block);
    if is_long(&end) || (!end.is_empty() && ends_block) {
        end.insert_str(0, newline);
    }
    let mut edits = test_edit(facts, guard.nodes[0]);
    if one_line {
        // `if __name__ == "__main__": main()` becomes a suite on lines of its own, with its comment.
        let below = facts.all()[tree.end(*last) as usize..]
            .find('\n')
            .map_or(facts.all().len() as u32, |length| tree.end(*last) + length as u32);
        let own = Span::new(tree.start(*first), below);
        let body = format!("{front}{unit}{}{newline}{end}", facts.slice(own).trim_end());
        edits.push(Edit::replace(
            Span::new(colon, own.end),
            format!("{newline}{}", body.trim_end_matches(['\r', '\n'])),
        ));
        return edits;
    }
    if !front.is_empty() {
        // Below the guard's own line, above the comments of its first statement.
        edits.push(Edit::insert(indent::line_end(facts.all(), colon), front));
    }
    if !end.is_empty() {
        let at = place::statement_lines(facts, *last).end;
        let lead = if facts.all()[..at as usize].ends_with('\n') { "" } else { newline };
        edits.push(Edit::insert(at, format!("{lead}{end}")));
    }
    edits
}

/// Takes whole lines out, with the smaller of the two runs of blank lines around them.
fn removal(facts: &FileFacts, lines: Span) -> Edit {
    let text = facts.all();
    let mut above = lines.start;
    while above > 0 {
        let start = indent::line_start(text, above - 1);
        if !text[start as usize..above as usize].trim().is_empty() {
            break;
        }
        above = start;
    }
    let mut below = lines.end;
    while (below as usize) < text.len() {
        let end = indent::line_end(text, below);
        if !text[below as usize..end as usize].trim().is_empty() {
            break;
        }
        below = end;
    }
    let at_end = below as usize == text.len();
    let count = |span: Span| text[span.range()].matches('\n').count();
    let fewer_above = count(Span::new(above, lines.start)) < count(Span::new(lines.end, below));
    if at_end || fewer_above {
        Edit::delete(Span::new(above, lines.end))
    } else {
        Edit::delete(Span::new(lines.start, below))
    }
}
