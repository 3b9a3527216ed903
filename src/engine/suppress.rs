//! Comments that switch findings off: `# spawnsafe: ignore[SP103] reason`, `# noqa: SP103`,
//! `# spawnsafe: ignore-file`.
//!
//! A comment holds for the logical line that it stands in: for what starts in or before its own
//! line, and, in the first line, for all of it. On a line of its own `# spawnsafe: ignore` holds
//! for the logical line below.

mod comment;

pub use comment::{Codes, Directive, Scope};

use super::Options;
use crate::facts::FileFacts;
use crate::findings::{Finding, Location, UnusedIgnore};
use crate::project::Project;
use crate::rules;
use crate::syntax::{Kind, NodeId, Tree};
use crate::text::{Edit, EditSet, SourceFile, Span};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// One comment of a file that switches findings off.
#[derive(Debug, Clone)]
pub struct Suppression {
    /// What it says.
    pub directive: Directive,
    /// The bytes of the comment.
    pub span: Span,
    /// The 1-based line of the comment.
    pub line: u32,
    /// The 1-based line that it holds for; the next code line if the comment stands alone.
    pub target: u32,
}

/// All comments of one file that switch findings off.
#[derive(Debug, Default)]
pub struct Suppressions {
    all: Vec<Suppression>,
    used: BTreeSet<(usize, &'static str)>,
}

/// Whether a comment switches `code` off for what starts at the byte `offset`.
pub fn suppressed(source: &SourceFile, tree: &Tree, offset: u32, code: &'static str) -> bool {
    Suppressions::new(source, tree).covers(source, tree, offset, code)
}

/// Takes out of `findings` what comments switch off; gives the comments that met nothing.
pub(super) fn apply(
    findings: &mut Vec<Finding>,
    project: &Project,
    options: &Options,
) -> Vec<UnusedIgnore> {
    let mut by_path: BTreeMap<&Path, (&FileFacts, Suppressions)> = BTreeMap::new();
    for (_, facts) in project.files() {
        let all = Suppressions::new(&facts.source, facts.tree());
        if !all.all.is_empty() {
            by_path.insert(&facts.source.path, (facts, all));
        }
    }
    findings.retain(|finding| match by_path.get_mut(finding.location.path.as_path()) {
        Some((facts, all)) => {
            !all.covers(&facts.source, facts.tree(), finding.location.span.start, finding.code)
        }
        None => true,
    });
    let unused = by_path.values().flat_map(|(facts, all)| {
        let unused = all.unused(&options.of(&facts.source.path).codes);
        unused
            .into_iter()
            .map(|(one, codes)| UnusedIgnore {
                location: Location::new(&facts.source, one.span),
                codes,
            })
            .collect::<Vec<_>>()
    });
    unused.collect()
}

impl Suppressions {
    /// Reads the comments of a file; cheap where the text has neither word.
    pub fn new(source: &SourceFile, tree: &Tree) -> Self {
        let text = &source.text;
        if !text.contains("spawnsafe:")
            && !text.as_bytes().windows(4).any(|word| word.eq_ignore_ascii_case(b"noqa"))
        {
            return Self::default();
        }
        let comments = tree.subtree(Tree::ROOT).filter(|id| tree.kind(*id) == Kind::Comment);
        let all = comments.flat_map(|id| read(source, tree.span(id))).collect();
        Self { all, used: BTreeSet::new() }
    }

    /// Whether `code` is switched off for what starts at the byte `offset`; remembers which
    /// comment did it.
    pub fn covers(
        &mut self,
        source: &SourceFile,
        tree: &Tree,
        offset: u32,
        code: &'static str,
    ) -> bool {
        if self.all.is_empty() {
            return false;
        }
        let line = source.lines().line(offset);
        let (first, last) = logical_line(source, tree, offset);
        let holds = |one: &Suppression| match one.directive.scope {
            Scope::File => true,
            Scope::Line => one.target == first || (line..=last).contains(&one.target),
        };
        let found = self.all.iter().position(|one| one.directive.codes.matches(code) && holds(one));
        self.used.extend(found.map(|index| (index, code)));
        found.is_some()
    }

    /// Comments that switched nothing off, with the codes to blame. `enabled` are the rules that
    /// ran: a comment for another one may well be needed. A bare `# noqa` is left to other tools.
    pub fn unused(&self, enabled: &BTreeSet<&'static str>) -> Vec<(&Suppression, Vec<String>)> {
        let all_ran = rules::ALL.iter().all(|rule| enabled.contains(rule.code));
        let mut out = Vec::new();
        for (index, one) in self.all.iter().enumerate() {
            let used =
                |code: &str| self.used.iter().any(|(at, have)| *at == index && *have == code);
            match &one.directive.codes {
                Codes::All
                    if !one.directive.foreign
                        && all_ran
                        && !self.used.iter().any(|(at, _)| *at == index) =>
                {
                    out.push((one, Vec::new()));
                }
                Codes::All => {}
                Codes::Listed(codes) => {
                    let idle = |text: &&String| {
                        let named = rules::named(text);
                        match named.as_slice() {
                            [] => !one.directive.foreign,
                            rules => rules
                                .iter()
                                .all(|rule| enabled.contains(rule.code) && !used(rule.code)),
                        }
                    };
                    let codes: Vec<String> = codes.iter().filter(idle).cloned().collect();
                    if !codes.is_empty() {
                        out.push((one, codes));
                    }
                }
            }
        }
        out
    }
}

fn read(source: &SourceFile, span: Span) -> Vec<Suppression> {
    let lines = source.lines();
    let line = lines.line(span.start);
    let before = &source.text[lines.line_start(line) as usize..span.start as usize];
    let alone = before.trim().is_empty();
    let target = if alone { next_code_line(source, line) } else { line };
    comment::directives(source.slice(span))
        .into_iter()
        // On a line of its own a `noqa` says nothing, as in ruff.
        .filter(|directive| !(alone && directive.foreign))
        .map(|directive| Suppression { directive, span, line, target })
        .collect()
}

/// The first line below `line` that is neither blank nor a comment.
fn next_code_line(source: &SourceFile, line: u32) -> u32 {
    let lines = source.lines();
    let text_of = |line: u32| {
        &source.text[lines.line_start(line) as usize
            ..lines.line_start(line + 1).max(lines.line_start(line)) as usize]
    };
    (line + 1..lines.count())
        .find(|line| !matches!(text_of(*line).trim_start().as_bytes().first(), None | Some(b'#')))
        .unwrap_or(lines.count())
}

/// The first and the last line of the logical line around the byte `offset`: a statement, or the
/// header of a compound one.
pub fn logical_line(source: &SourceFile, tree: &Tree, offset: u32) -> (u32, u32) {
    let node = tree.covering(Span::new(offset, offset + 1));
    let statement = std::iter::once(node)
        .chain(tree.ancestors(node))
        .find(|id| starts_logical_line(tree, *id))
        .unwrap_or(node);
    let span = tree.span(statement);
    let body = tree
        .all_children(statement)
        .find(|child| tree.kind(*child) == Kind::Block && tree.start(*child) > offset);
    let header_end = body.map(|body| before(tree, statement, body));
    let lines = source.lines();
    let end = header_end.unwrap_or(span.end).max(offset + 1);
    (lines.line(span.start), lines.line(end - 1))
}

/// The end of the last child before `body` that is no comment: the colon.
fn before(tree: &Tree, statement: NodeId, body: NodeId) -> u32 {
    let head = tree
        .all_children(statement)
        .take_while(|child| *child != body)
        .filter(|child| tree.kind(*child) != Kind::Comment);
    head.last().map_or(tree.start(body), |child| tree.end(child))
}

fn starts_logical_line(tree: &Tree, id: NodeId) -> bool {
    let parent_is_suite = tree
        .parent(id)
        .is_none_or(|parent| matches!(tree.kind(parent), Kind::Block | Kind::Module));
    parent_is_suite
        || matches!(
            tree.kind(id),
            Kind::FunctionDefinition
                | Kind::ClassDefinition
                | Kind::Decorator
                | Kind::ElifClause
                | Kind::ElseClause
                | Kind::ExceptClause
                | Kind::FinallyClause
                | Kind::CaseClause
        )
}

/// The edits that switch `found` (offsets and codes) off by comments, each at the end of a line of
/// its logical line where a comment can stand: not within a string, not after a backslash.
pub fn ignore_edits(
    source: &SourceFile,
    tree: &Tree,
    found: &[(u32, &'static str)],
    reason: &str,
) -> EditSet {
    let mut by_line: BTreeMap<u32, BTreeSet<&'static str>> = BTreeMap::new();
    for (offset, code) in found {
        by_line.entry(open_line(source, tree, *offset)).or_default().insert(code);
    }
    let have = Suppressions::new(source, tree);
    let edits = by_line.into_iter().map(|(line, codes)| {
        let own = have.all.iter().find(|one| {
            one.line == line
                && one.target == line
                && !one.directive.foreign
                && one.directive.list_end.is_some()
        });
        let list = codes.iter().copied().collect::<Vec<_>>().join(", ");
        match own.and_then(|one| one.directive.list_end.map(|end| one.span.start + end)) {
            Some(at) => Edit::insert(at, format!(", {list}")),
            None => {
                let reason = if reason.is_empty() { String::new() } else { format!(" {reason}") };
                Edit::insert(
                    line_end(source, line),
                    format!("  # spawnsafe: ignore[{list}]{reason}"),
                )
            }
        }
    });
    // Lines differ, so that no two edits meet.
    EditSet::new(edits).unwrap_or_default()
}

/// The first line from `offset` on whose end can take a comment.
fn open_line(source: &SourceFile, tree: &Tree, offset: u32) -> u32 {
    let lines = source.lines();
    let (_, last) = logical_line(source, tree, offset);
    let takes_comment = |line: &u32| {
        let end = line_end(source, *line);
        let at = tree.covering(Span::new(end.saturating_sub(1), end));
        let mut around = std::iter::once(at).chain(tree.ancestors(at));
        let in_string = around
            .any(|id| tree.kind(id) == Kind::String && tree.start(id) < end && end < tree.end(id));
        let continued =
            source.text[..end as usize].ends_with('\\') && tree.kind(at) != Kind::Comment;
        !in_string && !continued
    };
    (lines.line(offset)..=last).find(takes_comment).unwrap_or(last)
}

/// The offset of the line's newline, or of the end of the text.
fn line_end(source: &SourceFile, line: u32) -> u32 {
    let lines = source.lines();
    let start = lines.line_start(line);
    let end =
        if line < lines.count() { lines.line_start(line + 1) } else { source.text.len() as u32 };
    let text = &source.text[start as usize..end as usize];
    start + text.trim_end_matches(['\r', '\n']).len() as u32
}
