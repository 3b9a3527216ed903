//! Lines that a rewrite made too long, broken where Python's formatters break them; and blank lines where they want them.

use crate::syntax::{self, Kind, NodeId, Tree};
use crate::text::{Edit, EditSet, LineIndex, Span};
use similar::{Algorithm, DiffOp, capture_diff_slices};
use std::collections::BTreeSet;

/// What formatters allow if nobody says something else.
pub const DEFAULT_LENGTH: usize = 88;
/// What is inside of brackets stands so much further to the right.
const STEP: usize = 4;

/// `after` with the lines that differ from `before` laid out as a formatter does it: none longer than `length`, which is the
/// file's own length if it is not told.
pub fn laid_out(before: &str, after: &str, length: Option<usize>) -> String {
    let length = length.unwrap_or_else(|| own_length(before));
    let spaced = spaced(before, after);
    let changed = changed_lines(before, &spaced);
    if !changed.iter().any(|line| line_at(&spaced, *line).chars().count() > length) {
        return spaced;
    }
    let parsed = syntax::parse(&spaced);
    if !parsed.broken.is_empty() {
        return spaced;
    }
    let lines = LineIndex::new(&spaced);
    let newline = if spaced.contains("\r\n") { "\r\n" } else { "\n" };
    let layout = Layout { tree: &parsed.tree, text: &spaced, lines: &lines, length, newline };
    let edits = changed.iter().filter_map(|line| layout.broken_line(*line));
    // Each is within a line of its own.
    EditSet::new(edits).map_or_else(|_| spaced.clone(), |edits| edits.apply(&spaced))
}

/// The longest line that could have been broken; comments and strings say nothing.
fn own_length(text: &str) -> usize {
    let breakable = text.lines().filter(|line| !line.contains(['#', '"', '\'']));
    breakable.map(|line| line.chars().count()).max().unwrap_or(0).max(DEFAULT_LENGTH)
}

fn split(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

fn line_at(text: &str, line: usize) -> &str {
    split(text).get(line).map_or("", |line| line.trim_end_matches(['\r', '\n']))
}

fn operations(before: &str, after: &str) -> Vec<DiffOp> {
    capture_diff_slices(Algorithm::Myers, &split(before), &split(after))
}

/// The lines of `after`, from 0, that are not in `before`.
fn changed_lines(before: &str, after: &str) -> BTreeSet<usize> {
    let differ = operations(before, after);
    let differ = differ.iter().filter(|op| !matches!(op, DiffOp::Equal { .. }));
    differ.flat_map(DiffOp::new_range).collect()
}

/// No blank line where a block starts, and one below the imports of a function, at the places that changed.
fn spaced(before: &str, after: &str) -> String {
    let touched = operations(before, after);
    let touched = touched.iter().filter(|op| !matches!(op, DiffOp::Equal { .. }));
    let touched: BTreeSet<usize> = touched
        .flat_map(|op| {
            let range = op.new_range();
            range.start..range.end.max(range.start + 1)
        })
        .collect();
    let lines = split(after);
    let blank = |line: &str| line.trim().is_empty();
    let crowded = lines_below_imports(&split(before)).next().is_some();
    let wanting: BTreeSet<usize> = lines_below_imports(&lines)
        .filter(|line| !crowded && touched.contains(&(line - 1)))
        .collect();
    let mut out = String::with_capacity(after.len());
    let mut start_of_block = false;
    for (number, line) in lines.iter().enumerate() {
        if blank(line) && start_of_block && touched.contains(&number) {
            continue;
        }
        start_of_block = opens_block(&lines, number);
        if wanting.contains(&number) {
            out.push_str(if line.ends_with("\r\n") { "\r\n" } else { "\n" });
        }
        out.push_str(line);
    }
    out
}

/// Whether a line is the header of a block that goes on below it.
fn opens_block(lines: &[&str], number: usize) -> bool {
    const HEADERS: [&str; 9] =
        ["for ", "while ", "with ", "if ", "elif ", "else:", "try:", "def ", "async "];
    let line = lines[number].trim_end();
    let is_header = HEADERS.iter().any(|word| line.trim_start().starts_with(word));
    let next = lines[number + 1..].iter().find(|line| !line.trim().is_empty());
    is_header && line.ends_with(':') && next.is_some_and(|next| indent_of(next) > indent_of(line))
}

/// The lines right below the imports of a function, where there is no blank one.
fn lines_below_imports<'l>(lines: &'l [&'l str]) -> impl Iterator<Item = usize> + 'l {
    let is_import = |line: &str| {
        let text = line.trim_start();
        indent_of(line) > 0
            && (text.starts_with("import ")
                || (text.starts_with("from ") && text.contains(" import ")))
            && !text.trim_end().ends_with(['(', '\\', ','])
    };
    (1..lines.len()).filter(move |number| {
        let (above, line) = (lines[number - 1], lines[*number]);
        is_import(above)
            && !is_import(line)
            && !line.trim().is_empty()
            && indent_of(line) == indent_of(above)
    })
}

fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start_matches([' ', '\t']).len()
}

struct Layout<'t> {
    tree: &'t Tree,
    text: &'t str,
    lines: &'t LineIndex,
    length: usize,
    newline: &'t str,
}

impl Layout<'_> {
    /// The edit that breaks a line (from 0), if it is too long and can be broken.
    fn broken_line(&self, line: usize) -> Option<Edit> {
        let number = line as u32 + 1;
        let start = self.lines.line_start(number);
        let text = line_at(self.text, line);
        let indent = indent_of(text);
        if text.chars().count() <= self.length || text[..indent].contains('\t') {
            return None;
        }
        let span = Span::new(start + indent as u32, start + text.len() as u32);
        let cut = |id: NodeId| {
            let own = self.tree.span(id);
            (own.start < span.start && span.start < own.end)
                || (own.start < span.end && span.end < own.end)
        };
        let tokens = [Kind::Comment, Kind::String];
        let hindered = self.tree.subtree(Tree::ROOT).any(|id| {
            let own = self.tree.span(id);
            let inside = span.start <= own.start && own.end <= span.end;
            match self.tree.kind(id) {
                Kind::Comment => inside,
                kind => tokens.contains(&kind) && cut(id),
            }
        });
        if hindered {
            return None;
        }
        let new = self.of_elements(span, indent).or_else(|| {
            let text = self.laid_out(span, indent, 0);
            text.contains('\n').then_some(text)
        })?;
        Some(Edit::replace(span, new))
    }

    /// A line that holds all elements of a bracket that opens above it and closes below it: one line each.
    fn of_elements(&self, span: Span, indent: usize) -> Option<String> {
        let inmost = self.tree.covering(span);
        let around = std::iter::once(inmost).chain(self.tree.ancestors(inmost));
        let bracket = around.into_iter().find(|id| has_elements(self.tree.kind(*id)))?;
        let elements: Vec<NodeId> = self.elements(bracket);
        let (first, last) = (elements.first()?, elements.last()?);
        let all = Span::new(self.tree.start(*first), self.tree.end(*last));
        let outside = self.tree.start(bracket) < span.start && span.end < self.tree.end(bracket);
        let only = all.start == span.start && all.end <= span.end;
        (outside && only && elements.len() > 1).then(|| {
            let lines =
                elements.iter().map(|one| self.laid_out(self.tree.span(*one), indent, 1) + ",");
            lines.collect::<Vec<_>>().join(&self.line_end(indent))
        })
    }

    /// What stands between two brackets, without commas and comments.
    fn elements(&self, bracket: NodeId) -> Vec<NodeId> {
        self.tree.children(bracket).filter(|id| self.tree.kind(*id) != Kind::Comment).collect()
    }

    fn line_end(&self, indent: usize) -> String {
        format!("{}{}", self.newline, " ".repeat(indent))
    }

    /// The text of `span`, which starts at the column `indent` and is followed by `more` characters.
    fn laid_out(&self, span: Span, indent: usize, more: usize) -> String {
        let text = &self.text[span.range()];
        let fits = |text: &str, indent: usize, more: usize| {
            indent + text.chars().count() + more <= self.length
        };
        if fits(text, indent, more) {
            return text.to_owned();
        }
        let Some(bracket) = self.bracket(span, indent) else { return text.to_owned() };
        let own = self.tree.span(bracket);
        let (head, tail) = (Span::new(span.start, own.start + 1), Span::new(own.end - 1, span.end));
        let inside = Span::new(own.start + 1, own.end - 1);
        let inner = indent + STEP;
        let elements = self.elements(bracket);
        let kind = self.tree.kind(bracket);
        let body = &self.text[inside.range()];
        let body = if fits(body, inner, 0) && !body.trim_end().ends_with(',') {
            let alone = kind == Kind::Parameters && elements.len() == 1;
            format!("{body}{}", if alone { "," } else { "" })
        } else if !has_elements(kind) {
            let parts = elements.iter().map(|part| self.laid_out(self.tree.span(*part), inner, 0));
            parts.collect::<Vec<_>>().join(&self.line_end(inner))
        } else if let ([one], false) = (elements.as_slice(), kind == Kind::Tuple) {
            let end = if kind == Kind::Parameters { "," } else { "" };
            self.laid_out(self.tree.span(*one), inner, end.len()) + end
        } else {
            let lines =
                elements.iter().map(|one| self.laid_out(self.tree.span(*one), inner, 1) + ",");
            lines.collect::<Vec<_>>().join(&self.line_end(inner))
        };
        format!(
            "{}{}{body}{}{}",
            &self.text[head.range()],
            self.line_end(inner),
            self.line_end(indent),
            &self.text[tail.range()]
        )
    }

    /// The bracket of `span` that formatters open: the last outermost one that is not empty, if what stands before it fits and
    /// nothing stands behind it that would need brackets of its own.
    fn bracket(&self, span: Span, indent: usize) -> Option<NodeId> {
        let within = |id: NodeId| {
            let own = self.tree.span(id);
            span.start <= own.start && own.end <= span.end
        };
        let is_bracket = |id: NodeId| {
            let kind = self.tree.kind(id);
            let opens = self.text[self.tree.span(id).range()].starts_with(['(', '[', '{']);
            opens && (has_elements(kind) || is_wrapper(kind)) && !self.elements(id).is_empty()
        };
        let all = self.tree.subtree(Tree::ROOT).filter(|id| within(*id) && is_bracket(*id));
        let mut outermost =
            all.filter(|id| !self.tree.ancestors(*id).take_while(|up| within(*up)).any(is_bracket));
        let last = outermost.next_back()?;
        let head = &self.text[span.start as usize..=self.tree.start(last) as usize];
        let tail = &self.text[self.tree.end(last) as usize..span.end as usize];
        let is_definition = self.tree.kind(last) == Kind::Parameters;
        // Formatters put a tuple without brackets, or what stands beside a condition, into brackets of its own.
        let bare = [Kind::ExpressionList, Kind::ConditionalExpression, Kind::BooleanOperator];
        let mut around = self.tree.ancestors(last).take_while(|up| within(*up));
        if around.any(|up| bare.contains(&self.tree.kind(up))) {
            return None;
        }
        let simple = tail.chars().all(|c| c.is_alphanumeric() || "_.():,".contains(c));
        (indent + head.chars().count() <= self.length && (simple || is_definition)).then_some(last)
    }
}

/// Brackets whose elements are separated by commas, where a last comma means nothing.
fn has_elements(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::ArgumentList
            | Kind::Parameters
            | Kind::List
            | Kind::Set
            | Kind::Dictionary
            | Kind::Tuple
    )
}

/// Brackets around one thing.
fn is_wrapper(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::GeneratorExpression
            | Kind::ListComprehension
            | Kind::SetComprehension
            | Kind::DictionaryComprehension
            | Kind::ParenthesizedExpression
    )
}

#[cfg(test)]
mod tests {
    use super::laid_out;

    /// What becomes of one long line in a file of short ones.
    fn of(line: &str) -> String {
        laid_out("x = 1\n", &format!("x = 1\n{line}\n"), Some(40))
            .strip_prefix("x = 1\n")
            .expect("the first line stays")
            .to_owned()
    }

    #[test]
    fn lines_are_broken_where_formatters_break_them() {
        for (line, expected) in [
            (
                "results = list(pool.map(partial(f, a=a), xs))",
                "results = list(\n    pool.map(partial(f, a=a), xs)\n)\n",
            ),
            (
                "process = Process(target=f, args=(1, 2), kwargs={'a': a})",
                "process = Process(\n    target=f,\n    args=(1, 2),\n    kwargs={'a': a},\n)\n",
            ),
            (
                "value = pool.submit(partial(f, a=a), bbb).result()",
                "value = pool.submit(\n    partial(f, a=a), bbb\n).result()\n",
            ),
            (
                "def work(first, *, second, third, fourth):\n    pass",
                "def work(\n    first, *, second, third, fourth\n):\n    pass\n",
            ),
            (
                "rows = [delayed(partial(f, a=a))(row) for row in rows]",
                "rows = [\n    delayed(partial(f, a=a))(row)\n    for row in rows\n]\n",
            ),
            ("x = 'a string that is longer than any line may be'", ""),
            ("work(first, second, third, fourth)  # a comment", ""),
            ("x = work(first) if condition else other_thing", ""),
        ] {
            let expected =
                if expected.is_empty() { format!("{line}\n") } else { expected.to_owned() };
            assert_eq!(of(line), expected);
        }
    }

    #[test]
    fn elements_on_a_line_of_their_own_get_one_each() {
        let before = "f(\n    a, lambda: b\n)\n";
        let after = "f(\n    target=partial(a, bbbbbbbb=b), args=[2.345]\n)\n";
        let expected = "f(\n    target=partial(a, bbbbbbbb=b),\n    args=[2.345],\n)\n";
        assert_eq!(laid_out(before, after, Some(40)), expected);
    }

    #[test]
    fn other_lines_stay_and_the_own_length_counts() {
        let long = format!("f({})\n", "a, ".repeat(40));
        let after = format!("{long}g({})\n", "a, ".repeat(35));
        assert_eq!(laid_out(&long, &after, None), after, "the file has longer lines");
        assert_eq!(laid_out(&long, &format!("{long}x = 1\n"), Some(40)), format!("{long}x = 1\n"));
    }

    #[test]
    fn blank_lines() {
        let before = "for x in y:\n    def f():\n        pass\n\n    g(f)\n";
        assert_eq!(laid_out(before, "for x in y:\n\n    g(f)\n", None), "for x in y:\n    g(f)\n");
        let function = "def f():\n    import a\n    return a\n";
        assert_eq!(laid_out("", function, None), "def f():\n    import a\n\n    return a\n");
        let own = function.replace('a', "b");
        assert_eq!(laid_out(&own, &format!("{own}{function}"), None), format!("{own}{function}"));
    }
}
